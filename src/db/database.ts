/**
 * Opens state.db: SQLite in WAL mode with synchronous=FULL (a commit survives power loss), migrated to this program's
 * schema. A database of a newer program is refused: what it means is not known here.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';
import { type CrashPoints, noCrashPoints } from '../model/crash-point.ts';

export type Database = {
  readonly orm: BetterSQLite3Database;
  /** The connection: for transactions, and for pragmas that drizzle has no words for. */
  readonly connection: Sqlite.Database;
  close(): void;
};

/** The file cannot be used; the message says why and what to do. */
export class DatabaseError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseError';
  }
}

export type DatabaseOptions = {
  /** Opens the file; a simulated disk has its own way. */
  readonly connect?: (path: string) => Sqlite.Database;
  readonly crash?: CrashPoints;
};

/** `path` may be ':memory:'. `migrationsDir` holds drizzle-kit's output. */
export function openDatabase(path: string, migrationsDir: string, options: DatabaseOptions = {}): Database {
  const { connect = (file) => new Sqlite(file), crash = noCrashPoints } = options;
  let connection: Sqlite.Database;
  try {
    connection = connect(path);
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    connection.pragma('foreign_keys = ON');
    connection.pragma('busy_timeout = 5000');
    // Pages that many commits touch are copied into the file once: 16 MiB of log, and what a storm touches in memory.
    connection.pragma('wal_autocheckpoint = 4000');
    connection.pragma('cache_size = -8000');
  } catch (error) {
    throw new DatabaseError(
      `cannot open the state database ${path}: ${reasonOf(error)}; check that the data directory exists, is writable and that the file is a SQLite database`,
      error,
    );
  }
  crash.hit('migrate.begin');
  const database = migrated(connection, path, migrationsDir);
  crash.hit('migrate.done');
  return database;
}

/** Brings the schema up to date. */
function migrated(connection: Sqlite.Database, path: string, migrationsDir: string): Database {
  const known = knownMigrations(migrationsDir);
  const applied = appliedMigrations(connection);
  const foreign = applied.filter((hash) => !known.includes(hash));
  if (foreign.length > 0) {
    connection.close();
    throw new DatabaseError(
      `the state database ${path} was written by a newer version (${applied.length} schema steps, this version knows ${known.length}); start that version, or restore a backup from before the upgrade`,
    );
  }
  const orm = drizzle(connection);
  try {
    migrate(orm, { migrationsFolder: migrationsDir });
  } catch (error) {
    connection.close();
    throw new DatabaseError(`cannot bring the state database ${path} up to date: ${reasonOf(error)}`, error);
  }
  return { orm, connection, close: () => connection.close() };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Hashes of the steps this program has, as drizzle's migrator computes them. */
function knownMigrations(dir: string): readonly string[] {
  const journal = JSON.parse(readFileSync(`${dir}/meta/_journal.json`, 'utf8')) as {
    readonly entries: readonly { readonly tag: string }[];
  };
  return journal.entries.map(({ tag }) =>
    createHash('sha256')
      .update(readFileSync(`${dir}/${tag}.sql`, 'utf8'))
      .digest('hex'),
  );
}

function appliedMigrations(connection: Sqlite.Database): readonly string[] {
  const hasTable =
    connection.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '__drizzle_migrations'").get() !== undefined;
  if (!hasTable) return [];
  return (connection.prepare('SELECT hash FROM __drizzle_migrations ORDER BY id').all() as { readonly hash: string }[]).map(
    ({ hash }) => hash,
  );
}
