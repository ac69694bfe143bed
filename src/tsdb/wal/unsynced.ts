/**
 * Finished segments that a start has read and could not make durable: they are shown, so they must last. A sync that
 * failed is final for its file (writer.ts), therefore each is written anew beside and put in its place, which keeps the
 * order of the log. That is tried at every flush, or where it fails again at every second, fourth … up to every 64th.
 */
import { type Disk, DiskError } from '../../model/disk.ts';
import type { Log } from '../../model/log.ts';

const FLUSHES_MAX = 64;

export class UnsyncedSegments {
  readonly #disk: Disk;
  readonly #log: Log;
  #paths: readonly string[];
  /** Flushes from one attempt to the next, and those that are left of them. */
  #every = 1;
  #left = 1;

  constructor(paths: readonly string[], { disk, log }: { readonly disk: Disk; readonly log: Log }) {
    this.#paths = paths;
    this.#disk = disk;
    this.#log = log;
  }

  /** At a flush. */
  retry(): void {
    if (this.#paths.length === 0 || --this.#left > 0) return;
    this.#paths = this.#paths.filter((path) => !this.#rewrite(path));
    if (this.#paths.length > 0) this.#every = Math.min(2 * this.#every, FLUSHES_MAX);
    this.#left = this.#every;
  }

  /** True when it lasts now, or is gone because a checkpoint holds what mattered of it. */
  #rewrite(path: string): boolean {
    try {
      if (this.#disk.stat(path) === null) return true;
      this.#disk.replace(path, this.#disk.read(path));
      this.#log.info('a segment of the write-ahead log is durable now', { file: path });
      return true;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#log.warn('a segment of the write-ahead log may still not outlast a loss of power', { file: path, error: error.message });
      return false;
    }
  }
}
