/**
 * SQLite on the disk of a simulated machine: the real library on real files, which survive a death as a disk would have
 * them. At the instant of death the files are copied as they are, also in the middle of a transaction, and the next boot
 * opens the copy. After a power loss the copy keeps what SQLite had synced: with synchronous=FULL the log up to its last
 * commit, with NORMAL no more than the last checkpoint is sure; behind that some bytes, torn. Errors come by plan.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { ProcessLife } from '../../src/platform/sim/sim-crash.ts';
import { between, type SimRandom } from '../../src/platform/sim/sim-random.ts';

/** An error to come at the statements whose text matches, after `skip` of them, `times` times (for ever when left out). */
export type SqliteFault = {
  readonly code: 'SQLITE_FULL' | 'SQLITE_IOERR_WRITE' | 'SQLITE_BUSY';
  /** Of statements and of BEGIN and COMMIT; reading goes on in a full disk. */
  readonly statement: RegExp;
  readonly skip?: number;
  readonly times?: number;
};

type Planned = { readonly fault: SqliteFault; skip: number; times: number };

/** A directory in memory where there is one; those of processes that have ended are removed. */
const DIR = ((): string => {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  for (const name of readdirSync(parent)) {
    const pid = /^tocsin-sim-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const own = join(parent, `tocsin-sim-${process.pid}`);
  mkdirSync(own, { recursive: true });
  return own;
})();

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const READS_KEPT = 50;

const WRITES = /^\s*(INSERT|UPDATE|DELETE|CREATE|COMMIT)/i;
/** What a full disk refuses: everything that writes. */
export const DISK_FULL: SqliteFault = { code: 'SQLITE_FULL', statement: WRITES };

/** The database files of one machine. */
export class SimSqlite {
  readonly #random: SimRandom;
  readonly #root = mkdtempSync(join(DIR, 'machine-'));
  #boots = 0;
  #file: string | null = null;
  #connection: Sqlite.Database | null = null;
  #planned: Planned[] = [];
  #reads = new Map<string, Sqlite.Statement>();
  #left: Sqlite.Database | null = null;
  /** Statements run so far that write. */
  writes = 0;
  /** Called before each statement that writes, with how many there were: the place for a death in mid-transaction. */
  onWrite: ((writes: number) => void) | null = null;

  constructor(random: SimRandom) {
    this.#random = random;
  }

  /** For a process: the files as the last one left them. */
  connect(life: ProcessLife): Sqlite.Database {
    const before = this.#file;
    const dir = join(this.#root, String(++this.#boots));
    mkdirSync(dir);
    const file = join(dir, 'state.db');
    if (before !== null) {
      copyIfThere(before, file);
      copyIfThere(`${before}-wal`, `${file}-wal`);
      rmSync(join(before, '..'), { recursive: true, force: true });
    }
    this.#file = file;
    const connection = new Sqlite(file);
    this.#forgetReads();
    this.#connection = connection;
    life.onDeath((death) => {
      if (this.#connection !== connection) return;
      const isSynced = connection.open && connection.pragma('synchronous', { simple: true }) !== 1;
      this.#leave(connection);
      if (death === 'power') this.#losePower(isSynced);
    });
    return new MortalConnection(connection, life, this) as unknown as Sqlite.Database;
  }

  /** Plans an error; the returned function takes it back. */
  inject(fault: SqliteFault): () => void {
    const planned = { fault, skip: fault.skip ?? 0, times: fault.times ?? Number.POSITIVE_INFINITY };
    this.#planned.push(planned);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== planned);
    };
  }

  /** For reading by a test, past the application: as far as it is committed. */
  read(sql: string, ...values: readonly (string | number)[]): readonly Readonly<Record<string, unknown>>[] {
    let statement = this.#reads.get(sql);
    if (statement === undefined) {
      const connection = this.#connection ?? this.#openLeft();
      if (connection === null) return [];
      if (this.#reads.size >= READS_KEPT) this.#reads.clear();
      this.#reads.set(sql, (statement = connection.prepare(sql)));
    }
    return statement.all(...values) as Readonly<Record<string, unknown>>[];
  }

  /** What a dead process left, as a copy: to open it is to recover it, and that is for the next process to do. */
  #openLeft(): Sqlite.Database | null {
    if (this.#left === null && this.#file !== null && existsSync(this.#file)) {
      const copy = `${this.#file}.read`;
      copyIfThere(this.#file, copy);
      copyIfThere(`${this.#file}-wal`, `${copy}-wal`);
      this.#left = new Sqlite(copy);
    }
    return this.#left;
  }

  dispose(): void {
    this.#forgetReads();
    this.#connection?.close();
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** For the connection: throws the error planned for a statement. */
  check(statement: string): void {
    if (WRITES.test(statement)) this.onWrite?.(++this.writes);
    for (const planned of this.#planned) {
      if (planned.times <= 0 || !planned.fault.statement.test(statement)) continue;
      if (planned.skip > 0) {
        planned.skip--;
        continue;
      }
      planned.times--;
      throw new Sqlite.SqliteError(`${planned.fault.code} (injected)`, planned.fault.code);
    }
  }

  #forgetReads(): void {
    this.#reads = new Map();
    this.#left?.close();
    this.#left = null;
  }

  /** The files as they are now, under another name: what the dying connection still does to its own is not seen. */
  #leave(connection: Sqlite.Database): void {
    const file = this.#file as string;
    const left = `${file}.left`;
    copyIfThere(file, left);
    copyIfThere(`${file}-wal`, `${left}-wal`);
    this.#file = left;
    this.#forgetReads();
    this.#connection = null;
    setImmediate(() => connection.close()); // not from within its own statement
  }

  #losePower(isSynced: boolean): void {
    const log = `${this.#file as string}-wal`;
    if (!existsSync(log)) return;
    const bytes = readFileSync(log);
    const commits = commitEnds(bytes);
    // Unsynced, any number of the last commits may be gone.
    const kept = isSynced ? (commits.at(-1) ?? 0) : (commits[between(this.#random, 0, commits.length) - 1] ?? 0);
    const length = between(this.#random, kept, statSync(log).size);
    for (let at = kept; at < length; at += 512) {
      const end = Math.min(at + 512, length);
      if (this.#random.next() < 0.5) bytes.set(this.#random.bytes(end - at), at);
    }
    writeFileSync(log, bytes);
    truncateSync(log, length);
  }
}

function copyIfThere(from: string, to: string): void {
  if (existsSync(from)) copyFileSync(from, to);
}

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Where each committed transaction in a write-ahead log ends: its last frame names the size of the database (sqlite.org/fileformat2, §4.2). */
function commitEnds(log: Buffer): readonly number[] {
  if (log.length < LOG_HEADER_BYTES) return [];
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  const salt = log.subarray(16, 24);
  const ends: number[] = [];
  for (let at = LOG_HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    if (!log.subarray(at + 8, at + 16).equals(salt)) break; // of an earlier round of the log
    if (log.readUInt32BE(at + 4) !== 0) ends.push(at + frameBytes);
  }
  return ends;
}

/** A connection that ends with its process: what a dead one's promises still do must not reach the disk. */
class MortalConnection {
  readonly #inner: Sqlite.Database;
  readonly #life: ProcessLife;
  readonly #files: SimSqlite;

  constructor(inner: Sqlite.Database, life: ProcessLife, files: SimSqlite) {
    this.#inner = inner;
    this.#life = life;
    this.#files = files;
  }

  prepare(sql: string): MortalStatement {
    this.#life.assertAlive();
    return new MortalStatement(this.#inner.prepare(sql), () => {
      this.#life.assertAlive();
      this.#files.check(sql);
      this.#life.assertAlive();
    });
  }

  exec(sql: string): void {
    this.#life.assertAlive();
    this.#files.check(sql);
    this.#inner.exec(sql);
  }

  pragma(sql: string, options?: Sqlite.PragmaOptions): unknown {
    this.#life.assertAlive();
    return this.#inner.pragma(sql, options);
  }

  /** What fails at COMMIT fails before it: either way SQLite rolls back. */
  transaction(work: (...args: unknown[]) => unknown): unknown {
    const guarded = this.#inner.transaction((...args: unknown[]) => {
      const result = work(...args);
      this.#life.assertAlive();
      this.#files.check('COMMIT');
      return result;
    });
    const begin =
      (run: (...args: unknown[]) => unknown) =>
      (...args: unknown[]) => {
        this.#life.assertAlive();
        this.#files.check('BEGIN');
        return run(...args);
      };
    return Object.assign(begin(guarded), {
      deferred: begin(guarded.deferred),
      immediate: begin(guarded.immediate),
      exclusive: begin(guarded.exclusive),
    });
  }

  close(): void {
    this.#life.assertAlive();
    this.#inner.close();
  }
}

class MortalStatement {
  readonly #inner: Sqlite.Statement;
  readonly #check: () => void;

  constructor(inner: Sqlite.Statement, check: () => void) {
    this.#inner = inner;
    this.#check = check;
  }

  run(...args: unknown[]): Sqlite.RunResult {
    this.#check();
    return this.#inner.run(...args);
  }
  get(...args: unknown[]): unknown {
    this.#check();
    return this.#inner.get(...args);
  }
  all(...args: unknown[]): unknown[] {
    this.#check();
    return this.#inner.all(...args);
  }
  raw(): this {
    this.#inner.raw();
    return this;
  }
}
