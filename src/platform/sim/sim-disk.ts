/**
 * A disk in memory that forgets as real ones do. What is written lies in the page cache, where a killed process leaves
 * it (`crash`); only what was synced is sure to be there after a power loss: of the rest each 512-byte sector may be
 * old or new, a file may have any length between, and names made, moved or removed since their directory's last sync
 * may be undone, the latest first. Syncing a file does not sync its name, as POSIX has it.
 *
 * A sync that fails drops the dirty pages without writing them, as Linux does: a later sync that succeeds says nothing
 * about them.
 */
import type { Clock } from '../../model/clock.ts';
import { type Disk, type DiskEntry, DiskError, type DiskErrorCode, type DiskFile, type DiskStat } from '../../model/disk.ts';
import type { Random } from '../../model/random.ts';
import type { DurationMs, UnixMs } from '../../model/time.ts';
import type { ProcessLife } from './sim-crash.ts';
import { between } from './sim-random.ts';

const SECTOR_BYTES = 512;

export type DiskOperation = 'open' | 'read' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'list' | 'stat' | 'makeDirectory';

/** An error to come: the operations that match, after `skip` of them, `times` times (for ever when left out). */
export type DiskFault = {
  readonly operation: DiskOperation;
  readonly path?: RegExp;
  readonly code: DiskErrorCode;
  readonly skip?: number;
  readonly times?: number;
};

type Planned = { readonly fault: DiskFault; skip: number; times: number };
type Node = FileNode | DirectoryNode;
type DirectoryNode = {
  readonly kind: 'directory';
  entries: Map<string, Node>;
  durable: Map<string, Node>;
  pending: NameChange[];
  modifiedAt: UnixMs;
};
/** One creation, removal or rename; a rename between two directories is in the `pending` of both. */
type NameChange = { readonly sequence: number; readonly steps: readonly NameStep[] };
type NameStep = { readonly directory: DirectoryNode; readonly name: string; readonly node: Node | null };

export class SimDisk implements Disk {
  readonly #root: DirectoryNode;
  readonly #clock: Clock | null;
  readonly #flushMs: number;
  #sequence = 0;
  #generation = 0;
  #planned: Planned[] = [];
  #unsynced = new Set<DirectoryNode>();
  #usedBytes = 0;
  /** Writes that need more than this fail with ENOSPC, after filling what is left. */
  capacityBytes: number;

  /** With a clock, files carry its time and `flush` takes `flushMs` of it. */
  constructor(options: { readonly clock?: Clock; readonly flushMs?: number; readonly capacityBytes?: number } = {}) {
    this.#clock = options.clock ?? null;
    this.#flushMs = options.flushMs ?? 0;
    this.capacityBytes = options.capacityBytes ?? 2 ** 40;
    this.#root = newDirectory(this.#now());
  }

  #now(): UnixMs {
    return this.#clock?.now() ?? (0 as UnixMs);
  }

  // ---- what the world does to it ----

  /** The process is killed: what it wrote stays, its open files are gone. */
  crash(): void {
    this.#generation++;
  }

  /** The power fails: what was not synced is lost, in whole or in part. */
  powerLoss(random: Random): void {
    this.#generation++;
    const changes = new Map<number, NameChange>();
    const keep = new Map<DirectoryNode, number>();
    for (const directory of this.#unsynced) {
      keep.set(directory, between(random, 0, directory.pending.length));
      for (const change of directory.pending) changes.set(change.sequence, change);
    }
    for (const change of [...changes.values()].sort((a, b) => a.sequence - b.sequence)) {
      const survives = change.steps.every(({ directory }) => (keep.get(directory) ?? 0) > 0);
      for (const { directory } of change.steps) {
        if (survives) directory.pending = directory.pending.filter((other) => other !== change);
        keep.set(directory, survives ? (keep.get(directory) ?? 0) - 1 : 0);
      }
      if (survives) applyDurably(change);
    }
    this.#unsynced = new Set();
    this.#usedBytes = 0;
    this.#settle(this.#root, random, new Set());
  }

  /** After a power loss the durable names are the names, and each file settles on one content. */
  #settle(directory: DirectoryNode, random: Random, seen: Set<Node>): void {
    directory.pending = [];
    directory.entries = new Map(directory.durable);
    for (const node of directory.entries.values()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (node.kind === 'directory') this.#settle(node, random, seen);
      else {
        node.losePower(random);
        this.#usedBytes += node.size;
      }
    }
  }

  /** Plans an error; the returned function takes it back. */
  inject(fault: DiskFault): () => void {
    const planned = { fault, skip: fault.skip ?? 0, times: fault.times ?? Number.POSITIVE_INFINITY };
    this.#planned.push(planned);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== planned);
    };
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The disk as one process sees it: everything fails once the process is dead. */
  forProcess(life: ProcessLife): Disk {
    return new ProcessDisk(this, life);
  }

  // ---- the port ----

  open(path: string, mode: 'read' | 'write'): DiskFile {
    this.#check('open', path);
    const { directory, name } = this.#parent(path);
    let node = directory.entries.get(name);
    if (node === undefined) {
      if (mode === 'read') throw new DiskError('ENOENT', path, `open "${path}": no such file`);
      node = new FileNode(this.#now());
      this.#change([{ directory, name, node }]);
    }
    if (node.kind === 'directory') throw new DiskError('EISDIR', path, `open "${path}": is a directory`);
    return new OpenFile(this, node, path, this.#generation);
  }

  read(path: string): Uint8Array {
    this.#check('read', path);
    const node = this.#find(path);
    if (node === null) throw new DiskError('ENOENT', path, `read "${path}": no such file`);
    if (node.kind === 'directory') throw new DiskError('EISDIR', path, `read "${path}": is a directory`);
    return node.data.slice(0, node.size);
  }

  replace(path: string, bytes: Uint8Array): void {
    const beside = `${path}.tmp`;
    const file = this.open(beside, 'write');
    try {
      file.truncate(0);
      file.write(bytes, 0);
      file.sync();
    } finally {
      file.close();
    }
    this.rename(beside, path);
    this.syncDirectory(parentPath(path));
  }

  list(path: string): readonly DiskEntry[] {
    this.#check('list', path);
    const node = this.#directory(path);
    return [...node.entries].map(([name, { kind }]): DiskEntry => ({ name, kind })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  stat(path: string): DiskStat | null {
    this.#check('stat', path);
    const node = this.#find(path);
    if (node === null) return null;
    return { kind: node.kind, bytes: node.kind === 'file' ? node.size : 0, modifiedAt: node.modifiedAt };
  }

  makeDirectory(path: string): void {
    this.#check('makeDirectory', path);
    let directory = this.#root;
    for (const name of segments(path)) {
      let node = directory.entries.get(name);
      if (node === undefined) {
        node = newDirectory(this.#now());
        this.#change([{ directory, name, node }]);
      }
      if (node.kind === 'file') throw new DiskError('ENOTDIR', path, `make directory "${path}": "${name}" is a file`);
      directory = node;
    }
  }

  rename(from: string, to: string): void {
    this.#check('rename', from);
    const source = this.#parent(from);
    const target = this.#parent(to);
    const node = source.directory.entries.get(source.name);
    if (node === undefined) throw new DiskError('ENOENT', from, `rename "${from}": no such file`);
    const replaced = target.directory.entries.get(target.name);
    if (replaced === node) return;
    if (replaced?.kind === 'directory') {
      if (node.kind === 'file') throw new DiskError('EISDIR', to, `rename to "${to}": is a directory`);
      if (replaced.entries.size > 0) throw new DiskError('EEXIST', to, `rename to "${to}": the directory is not empty`);
    } else if (replaced !== undefined) {
      if (node.kind === 'directory') throw new DiskError('ENOTDIR', to, `rename to "${to}": is a file`);
      this.#usedBytes -= replaced.size;
    }
    this.#change([
      { directory: source.directory, name: source.name, node: null },
      { directory: target.directory, name: target.name, node },
    ]);
  }

  remove(path: string): void {
    this.#check('remove', path);
    const { directory, name } = this.#parentIfThere(path) ?? {};
    const node = name === undefined ? undefined : directory?.entries.get(name);
    if (directory === undefined || name === undefined || node === undefined) return;
    this.#usedBytes -= bytesOf(node);
    this.#change([{ directory, name, node: null }]);
  }

  syncDirectory(path: string): void {
    this.#check('sync', path);
    const directory = this.#directory(path);
    this.#commit(directory, Number.POSITIVE_INFINITY);
  }

  freeBytes(path: string): number {
    this.#check('stat', path);
    return Math.max(0, this.capacityBytes - this.#usedBytes);
  }

  // ---- for open files ----

  #check(operation: DiskOperation, path: string): void {
    for (const planned of this.#planned) {
      const { fault } = planned;
      if (fault.operation !== operation || fault.path?.test(path) === false || planned.times <= 0) continue;
      if (planned.skip > 0) {
        planned.skip--;
        continue;
      }
      planned.times--;
      throw new DiskError(fault.code, path, `${operation} "${path}": ${FAULT_WORDS[fault.code] ?? fault.code} (injected)`);
    }
  }

  /** For OpenFile: throws when the process that opened it is dead. */
  checkGeneration(operation: DiskOperation, path: string, generation: number): void {
    if (generation !== this.#generation)
      throw new DiskError('EIO', path, `${operation} "${path}": the file was open in a process that is dead`);
  }

  /** For OpenFile: throws the error planned for this operation. */
  checkFault(operation: DiskOperation, path: string): void {
    this.#check(operation, path);
  }

  /** For OpenFile: how many of `bytes` more fit; they count as used from now on. */
  reserve(bytes: number): number {
    const granted = Math.min(bytes, Math.max(0, this.capacityBytes - this.#usedBytes));
    this.#usedBytes += granted;
    return granted;
  }

  /** For OpenFile: stamps and runs a flush `flushMs` later. */
  get clock(): Clock | null {
    return this.#clock;
  }
  get flushMs(): number {
    return this.#flushMs;
  }

  // ---- names ----

  #change(steps: readonly NameStep[]): void {
    const change: NameChange = { sequence: this.#sequence++, steps };
    for (const { directory, name, node } of steps) {
      if (node === null) directory.entries.delete(name);
      else directory.entries.set(name, node);
      directory.modifiedAt = this.#now();
      if (directory.pending.at(-1) !== change) directory.pending.push(change);
      this.#unsynced.add(directory);
    }
  }

  /** Makes the changes of a directory durable up to one, and those of other directories that a rename ties to them. */
  #commit(directory: DirectoryNode, upTo: number): void {
    while ((directory.pending[0]?.sequence ?? Number.POSITIVE_INFINITY) <= upTo) {
      const change = directory.pending.shift();
      if (change === undefined) break;
      for (const { directory: other } of change.steps) {
        if (other === directory) continue;
        this.#commit(other, change.sequence - 1);
        other.pending = other.pending.filter((pending) => pending !== change);
      }
      applyDurably(change);
    }
    if (directory.pending.length === 0) this.#unsynced.delete(directory);
  }

  #find(path: string): Node | null {
    let node: Node = this.#root;
    for (const name of segments(path)) {
      const next: Node | undefined = node.kind === 'directory' ? node.entries.get(name) : undefined;
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  #directory(path: string): DirectoryNode {
    const node = this.#find(path);
    if (node === null) throw new DiskError('ENOENT', path, `"${path}": no such directory`);
    if (node.kind === 'file') throw new DiskError('ENOTDIR', path, `"${path}": is not a directory`);
    return node;
  }

  #parentIfThere(path: string): { readonly directory: DirectoryNode; readonly name: string } | null {
    const names = segments(path);
    const name = names.pop();
    if (name === undefined) return null;
    const directory = this.#find(names.join('/'));
    return directory?.kind === 'directory' ? { directory, name } : null;
  }

  #parent(path: string): { readonly directory: DirectoryNode; readonly name: string } {
    const parent = this.#parentIfThere(path);
    if (parent === null) throw new DiskError('ENOENT', path, `"${path}": no such directory`);
    return parent;
  }
}

/** A file's content: what the page cache holds, and what is on the platter. */
class FileNode {
  readonly kind = 'file';
  data = new Uint8Array(0);
  size = 0;
  modifiedAt: UnixMs;
  /** Sectors written since the last sync, by number, each with the number of its last write: one written during a sync stays dirty. */
  dirty = new Map<number, number>();
  #writes = 0;
  #durable = new Uint8Array(0);
  #durableSize = 0;

  constructor(now: UnixMs) {
    this.modifiedAt = now;
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    this.data = grown(this.data, end);
    this.data.set(bytes, position);
    if (position > this.size) this.#soil(this.size, position); // the hole before the bytes reads as zeros
    this.size = Math.max(this.size, end);
    this.#soil(position, end);
  }

  truncate(bytes: number): void {
    this.data = grown(this.data, bytes);
    this.data.fill(0, bytes);
    if (bytes > this.size) this.#soil(this.size, bytes);
    this.size = bytes;
    for (const sector of this.dirty.keys()) if (sector * SECTOR_BYTES >= bytes) this.dirty.delete(sector);
  }

  #soil(from: number, to: number): void {
    this.#writes++;
    for (let sector = Math.floor(from / SECTOR_BYTES); sector * SECTOR_BYTES < to; sector++) this.dirty.set(sector, this.#writes);
  }

  sync(sectors: ReadonlyMap<number, number>, size: number): void {
    this.#durable = grown(this.#durable, size);
    this.#durable.fill(0, size);
    for (const sector of sectors.keys()) {
      const from = sector * SECTOR_BYTES;
      if (from < size) this.#durable.set(this.data.subarray(from, Math.min(from + SECTOR_BYTES, size)), from);
    }
    this.forget(sectors);
    this.#durableSize = size;
  }

  /** Sectors that are clean from now on, unless they were written since. */
  forget(sectors: ReadonlyMap<number, number>): void {
    for (const [sector, write] of sectors) if (this.dirty.get(sector) === write) this.dirty.delete(sector);
  }

  losePower(random: Random): void {
    const sizes = [
      this.#durableSize,
      this.size,
      between(random, Math.min(this.#durableSize, this.size), Math.max(this.#durableSize, this.size)),
    ];
    const size = sizes[between(random, 0, 2)] ?? this.#durableSize;
    const left = new Uint8Array(size);
    left.set(this.#durable.subarray(0, Math.min(size, this.#durableSize)));
    for (const sector of this.dirty.keys()) {
      const from = sector * SECTOR_BYTES;
      if (random.next() < 0.5 || from >= size) continue;
      left.set(this.data.subarray(from, Math.min(from + SECTOR_BYTES, size, this.size)), from);
    }
    this.data = left;
    this.#durable = left.slice();
    this.size = size;
    this.#durableSize = size;
    this.dirty.clear();
  }
}

class OpenFile implements DiskFile {
  readonly path: string;
  readonly #disk: SimDisk;
  readonly #node: FileNode;
  readonly #generation: number;
  #closed = false;

  constructor(disk: SimDisk, node: FileNode, path: string, generation: number) {
    this.#disk = disk;
    this.#node = node;
    this.path = path;
    this.#generation = generation;
  }

  #check(operation: DiskOperation): void {
    if (this.#closed) throw new Error(`BUG: ${operation} on "${this.path}" after close`);
    this.#disk.checkGeneration(operation, this.path, this.#generation);
    this.#disk.checkFault(operation, this.path);
  }

  bytes(): number {
    this.#check('stat');
    return this.#node.size;
  }

  read(into: Uint8Array, position: number): number {
    this.#check('read');
    const bytes = this.#node.data.subarray(position, Math.min(position + into.length, this.#node.size));
    into.set(bytes);
    return bytes.length;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#check('write');
    const more = Math.max(0, position + bytes.length - this.#node.size);
    const granted = this.#disk.reserve(more);
    const fits = bytes.length - (more - granted);
    if (fits > 0) this.#node.write(bytes.subarray(0, fits), position);
    this.#stamp();
    if (granted < more) throw new DiskError('ENOSPC', this.path, `write "${this.path}": no space left on the disk`);
  }

  truncate(bytes: number): void {
    this.#check('truncate');
    this.#disk.reserve(bytes - this.#node.size);
    this.#node.truncate(bytes);
    this.#stamp();
  }

  #stamp(): void {
    this.#node.modifiedAt = this.#disk.clock?.now() ?? this.#node.modifiedAt;
  }

  sync(): void {
    this.#syncNow(new Map(this.#node.dirty), this.#node.size);
  }

  #syncNow(sectors: ReadonlyMap<number, number>, size: number): void {
    this.#disk.checkGeneration('sync', this.path, this.#generation);
    try {
      this.#disk.checkFault('sync', this.path);
    } catch (error) {
      this.#node.forget(sectors); // the pages are clean now, and lost
      throw error;
    }
    this.#node.sync(sectors, size);
  }

  flush(): Promise<void> {
    const { clock, flushMs } = this.#disk;
    const sectors = new Map(this.#node.dirty);
    const size = this.#node.size;
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        try {
          this.#syncNow(sectors, Math.min(size, this.#node.size));
          resolve();
        } catch (error) {
          reject(error as Error);
        }
      };
      if (clock === null || flushMs === 0) queueMicrotask(finish);
      else clock.after(flushMs as DurationMs, finish);
    });
  }

  close(): void {
    this.#closed = true;
  }
}

/** A process' way to the disk: each call first asks whether the process lives. */
class ProcessDisk implements Disk {
  readonly #disk: SimDisk;
  readonly #life: ProcessLife;

  constructor(disk: SimDisk, life: ProcessLife) {
    this.#disk = disk;
    this.#life = life;
  }

  get #alive(): SimDisk {
    this.#life.assertAlive();
    return this.#disk;
  }

  open(path: string, mode: 'read' | 'write'): DiskFile {
    const file = this.#alive.open(path, mode);
    const alive = (): DiskFile => {
      this.#life.assertAlive();
      return file;
    };
    return {
      path: file.path,
      bytes: () => alive().bytes(),
      read: (into, position) => alive().read(into, position),
      write: (bytes, position) => alive().write(bytes, position),
      truncate: (bytes) => alive().truncate(bytes),
      sync: () => alive().sync(),
      flush: () => untilDeath(this.#life, alive().flush()),
      close: () => file.close(),
    };
  }

  read(path: string): Uint8Array {
    return this.#alive.read(path);
  }
  replace(path: string, bytes: Uint8Array): void {
    this.#alive.replace(path, bytes);
  }
  list(path: string): readonly DiskEntry[] {
    return this.#alive.list(path);
  }
  stat(path: string): DiskStat | null {
    return this.#alive.stat(path);
  }
  makeDirectory(path: string): void {
    this.#alive.makeDirectory(path);
  }
  rename(from: string, to: string): void {
    this.#alive.rename(from, to);
  }
  remove(path: string): void {
    this.#alive.remove(path);
  }
  syncDirectory(path: string): void {
    this.#alive.syncDirectory(path);
  }
  freeBytes(path: string): number {
    return this.#alive.freeBytes(path);
  }
}

/** Settles as `work` does, or never, if the process dies before. */
const untilDeath = <T>(life: ProcessLife, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    work.then(
      (value) => life.isAlive && resolve(value),
      (error: Error) => life.isAlive && reject(error),
    );
  });

const FAULT_WORDS: Readonly<Partial<Record<DiskErrorCode, string>>> = {
  ENOSPC: 'no space left on the disk',
  EIO: 'input/output error',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
};

const newDirectory = (now: UnixMs): DirectoryNode => ({
  kind: 'directory',
  entries: new Map(),
  durable: new Map(),
  pending: [],
  modifiedAt: now,
});

function applyDurably(change: NameChange): void {
  for (const { directory, name, node } of change.steps) {
    if (node === null) directory.durable.delete(name);
    else directory.durable.set(name, node);
  }
}

const bytesOf = (node: Node): number =>
  node.kind === 'file' ? node.size : [...node.entries.values()].reduce((sum, child) => sum + bytesOf(child), 0);

/** The names on the way from the root; relative paths start at the root too. */
function segments(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..') names.pop();
    else names.push(name);
  }
  return names;
}

const parentPath = (path: string): string => `/${segments(path).slice(0, -1).join('/')}`;

function grown(data: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  if (bytes <= data.length) return data;
  const larger = new Uint8Array(Math.max(bytes, 2 * data.length, SECTOR_BYTES));
  larger.set(data);
  return larger;
}
