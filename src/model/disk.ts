/**
 * The only way to files. Synchronous, because the engine thread owns its disk and a scrape becomes visible only after
 * its bytes are with the operating system; only `flush` leaves the thread. Paths are absolute or relative to the
 * working directory, with '/'. Failures throw DiskError.
 */
import { directoryOf } from '../lib/file-path.ts';
import type { UnixMs } from './time.ts';

export type DiskEntry = { readonly name: string; readonly kind: 'file' | 'directory' };
export type DiskStat = { readonly kind: 'file' | 'directory'; readonly bytes: number; readonly modifiedAt: UnixMs };

export interface DiskFile {
  readonly path: string;
  bytes(): number;
  /** Fills `into` from `position` on; returns how many bytes there were. */
  read(into: Uint8Array, position: number): number;
  /** Writes all of `bytes` at `position`; with the operating system on return, not yet on the platter. */
  write(bytes: Uint8Array, position: number): void;
  truncate(bytes: number): void;
  /** Durable on return. */
  sync(): void;
  /** As sync, without blocking the thread. */
  flush(): Promise<void>;
  close(): void;
}

export interface Disk {
  /** 'read': must exist. 'write': created when missing, kept when there. */
  open(path: string, mode: 'read' | 'write'): DiskFile;
  read(path: string): Uint8Array;
  /** Writes beside, syncs, renames over: a reader sees the old or the new, never a half. */
  replace(path: string, bytes: Uint8Array): void;
  /** Sorted by name; throws ENOENT for a missing directory. */
  list(path: string): readonly DiskEntry[];
  /** null when there is nothing. */
  stat(path: string): DiskStat | null;
  /** With its parents; no error when it is there. */
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  /** A file, or a directory with all in it; no error when missing. */
  remove(path: string): void;
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): void;
  freeBytes(path: string): number;
}

/** Makes the directory, and its name durable with those of the parents that it needed: syncing a file does not sync its path. */
export function makeDurableDirectory(disk: Disk, path: string): void {
  const parents: string[] = [];
  for (let at = path; disk.stat(at) === null; at = directoryOf(at)) parents.push(directoryOf(at));
  disk.makeDirectory(path);
  for (const parent of parents) disk.syncDirectory(parent);
}

export type DiskErrorCode = 'ENOENT' | 'EACCES' | 'ENOSPC' | 'EEXIST' | 'EIO' | 'EISDIR' | 'ENOTDIR' | 'EMFILE' | 'EROFS' | 'OTHER';

export class DiskError extends Error {
  readonly code: DiskErrorCode;
  readonly path: string;
  constructor(code: DiskErrorCode, path: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DiskError';
    this.code = code;
    this.path = path;
  }
}
