/** The machine's files. Everything but `flush` is synchronous: model/disk.ts says why. */
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type Disk, type DiskEntry, DiskError, type DiskErrorCode, type DiskFile, type DiskStat } from '../../model/disk.ts';
import type { UnixMs } from '../../model/time.ts';

export const nodeDisk: Disk = {
  open: (path, mode) => attempt('open', path, () => new NodeFile(path, mode)),
  read: (path) =>
    attempt('read', path, () => {
      const bytes = readFileSync(path);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    }),
  replace: (path, bytes) =>
    attempt('write', path, () => {
      const beside = `${path}.tmp`;
      const fd = openSync(beside, 'w');
      try {
        writeAll(fd, bytes, 0);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(beside, path);
      syncDirectory(dirname(path));
    }),
  list: (path) =>
    attempt('list', path, () =>
      readdirSync(path, { withFileTypes: true })
        .map((entry): DiskEntry => {
          const isDirectory = entry.isSymbolicLink() ? (statIfThere(`${path}/${entry.name}`)?.isDirectory() ?? false) : entry.isDirectory();
          return { name: entry.name, kind: isDirectory ? 'directory' : 'file' };
        })
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    ),
  stat: (path) =>
    attempt('look at', path, (): DiskStat | null => {
      const stats = statIfThere(path);
      if (stats === null) return null;
      return { kind: stats.isDirectory() ? 'directory' : 'file', bytes: stats.size, modifiedAt: Math.floor(stats.mtimeMs) as UnixMs };
    }),
  makeDirectory: (path) => attempt('make directory', path, () => makeDirectory(path)),
  rename: (from, to) => attempt('rename', from, () => renameSync(from, to)),
  remove: (path) => attempt('remove', path, () => rmSync(path, { recursive: true, force: true })),
  syncDirectory: (path) => attempt('sync', path, () => syncDirectory(path)),
  freeBytes: (path) =>
    attempt('look at', path, () => {
      const { bavail, bsize } = statfsSync(path);
      return bavail * bsize;
    }),
};

/** With what lies above it. Not by `recursive`, which never returns where a file system has no place for new directories (/proc). */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statIfThere(path)?.isDirectory() === true) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || statIfThere(above) !== null) throw error;
    makeDirectory(above);
    mkdirSync(path);
  }
}

class NodeFile implements DiskFile {
  readonly path: string;
  readonly #fd: number;
  #flushes = 0;
  #closed = false;

  constructor(path: string, mode: 'read' | 'write') {
    this.path = path;
    // No mode string of Node creates a file without emptying it or appending to it.
    this.#fd = openSync(path, mode === 'read' ? constants.O_RDONLY : constants.O_RDWR | constants.O_CREAT);
    if (fstatSync(this.#fd).isDirectory()) {
      closeSync(this.#fd);
      throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    }
  }

  bytes(): number {
    return attempt('look at', this.path, () => fstatSync(this.#fd).size);
  }

  read(into: Uint8Array, position: number): number {
    return attempt('read', this.path, () => {
      let done = 0;
      while (done < into.length) {
        const count = readSync(this.#fd, into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  write(bytes: Uint8Array, position: number): void {
    attempt('write', this.path, () => writeAll(this.#fd, bytes, position));
  }

  truncate(bytes: number): void {
    attempt('truncate', this.path, () => ftruncateSync(this.#fd, bytes));
  }

  sync(): void {
    attempt('sync', this.path, () => fsyncSync(this.#fd));
  }

  flush(): Promise<void> {
    this.#flushes++;
    return new Promise((resolve, reject) => {
      fsync(this.#fd, (error) => {
        if (--this.#flushes === 0 && this.#closed) closeSync(this.#fd);
        if (error === null) resolve();
        else reject(asDiskError('sync', this.path, error));
      });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A descriptor closed under a running fsync may already belong to another file when it gets there.
    if (this.#flushes === 0) attempt('close', this.path, () => closeSync(this.#fd));
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Follows links; null also when a part of the path is a file. */
function statIfThere(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return null;
    throw error;
  }
}

function attempt<T>(operation: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw asDiskError(operation, path, error);
  }
}

const CODES: Readonly<Record<string, DiskErrorCode>> = {
  ENOENT: 'ENOENT',
  EACCES: 'EACCES',
  EPERM: 'EACCES',
  ENOSPC: 'ENOSPC',
  EDQUOT: 'ENOSPC',
  EFBIG: 'ENOSPC',
  EEXIST: 'EEXIST',
  ENOTEMPTY: 'EEXIST',
  EIO: 'EIO',
  EISDIR: 'EISDIR',
  ENOTDIR: 'ENOTDIR',
  EMFILE: 'EMFILE',
  ENFILE: 'EMFILE',
  EROFS: 'EROFS',
};
const WORDS: Readonly<Record<DiskErrorCode, string | null>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied; the user that runs this needs the right to it',
  ENOSPC: 'no space left on the disk, or a quota is spent; free some space',
  EEXIST: 'something else is there already',
  EIO: 'the disk reports an input/output error; look at the kernel log',
  EISDIR: 'is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EMFILE: 'too many open files; raise the limit (ulimit -n)',
  EROFS: 'the file system is read-only',
  OTHER: null,
};

function asDiskError(operation: string, path: string, error: unknown): DiskError {
  const cause = error as NodeJS.ErrnoException;
  const code = CODES[cause.code ?? ''] ?? 'OTHER';
  return new DiskError(code, path, `${operation} "${path}": ${WORDS[code] ?? cause.message}`, error);
}
