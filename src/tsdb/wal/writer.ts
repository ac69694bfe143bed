/**
 * Appends records to the segments of a write-ahead log. A batch of records goes to the operating system in one write;
 * when that fails the log is cut back to where the batch began, so that it always ends at a record. `flush` makes what
 * was written durable without blocking the thread. A sync that fails is final for its file, because the kernel may have
 * dropped the pages and report success next time: what the file took since its last good sync is written again, to a
 * new segment. Layout: prometheus/tsdb/docs/format/wal.md.
 *
 * Hot path: every committed sample passes here once. Buffers are reused; nothing is allocated per record.
 */
import { crc32c } from '../../lib/crc32c.ts';
import { snappyBytesMax, snappyCompress } from '../../lib/snappy.ts';
import type { CrashPoints } from '../../model/crash-point.ts';
import { type Disk, DiskError, type DiskFile } from '../../model/disk.ts';
import { FIRST, FRAGMENT_HEADER_BYTES, FULL, LAST, MIDDLE, PAGE_BYTES, SNAPPY_FLAG, segmentName } from './framing.ts';
import { SegmentReader } from './reader.ts';

export type WalWriterStats = {
  bytesWritten: number;
  recordsWritten: number;
  writesFailed: number;
  segmentsCreated: number;
  syncs: number;
  syncsFailed: number;
};

type WalWriterOptions = {
  readonly disk: Disk;
  readonly dir: string;
  /** Number of the first segment to write; those below exist already. */
  readonly firstSegment: number;
  readonly segmentBytes: number;
  readonly crashPoints: CrashPoints;
};

type RetiredSegment = {
  readonly file: DiskFile;
  readonly syncedBytes: number;
  /** A sync failed: what is behind syncedBytes must be written again. */
  isDoubtful: boolean;
};

export class WalWriter {
  readonly stats: WalWriterStats = { bytesWritten: 0, recordsWritten: 0, writesFailed: 0, segmentsCreated: 0, syncs: 0, syncsFailed: 0 };
  readonly #options: WalWriterOptions;
  /** Null until the first write and after a cut: a segment is created when there is something to put into it. */
  #file: DiskFile | null = null;
  #nextSegment: number;
  #offset = 0;
  /** The last write failed and its bytes may still be behind #offset. */
  #isTailDirty = false;
  /** Bytes of the current segment that the last good sync covered. */
  #syncedBytes = 0;
  /** Finished segments whose last bytes are not durable yet. */
  #retired: RetiredSegment[] = [];
  #flushing: Promise<void> | null = null;

  /** The batch: records as stored, one after another, with the end and the flag of each. */
  #staged = new Uint8Array(8192);
  #stagedBytes = 0;
  #ends: number[] = [];
  #flags: number[] = [];
  #framed = new Uint8Array(8192);

  constructor(options: WalWriterOptions) {
    this.#options = options;
    this.#nextSegment = options.firstSegment;
  }

  /** The segment that the next batch goes to, if it fits. */
  get segment(): number {
    return this.#file === null ? this.#nextSegment : this.#nextSegment - 1;
  }

  /** Bytes in the current segment. */
  get segmentBytes(): number {
    return this.#offset;
  }

  /** Adds a record to the batch, compressed where that makes it smaller. `record` may be reused at once. */
  stage(record: Uint8Array): void {
    this.#reserve(Math.max(snappyBytesMax(record.length), record.length));
    const compressed = snappyCompress(record, this.#staged.subarray(this.#stagedBytes));
    if (compressed < record.length) {
      this.#stagedBytes += compressed;
      this.#flags.push(SNAPPY_FLAG);
    } else {
      this.#staged.set(record, this.#stagedBytes);
      this.#stagedBytes += record.length;
      this.#flags.push(0);
    }
    this.#ends.push(this.#stagedBytes);
  }

  /** Drops the staged records. */
  discard(): void {
    this.#stagedBytes = 0;
    this.#ends.length = 0;
    this.#flags.length = 0;
  }

  /** Hands the batch to the operating system and returns the segment it is in; when it throws, nothing of the batch is in the log. */
  write(): number {
    try {
      const fragmentsMax = this.#ends.length * 2 + Math.ceil(this.#stagedBytes / (PAGE_BYTES - FRAGMENT_HEADER_BYTES)) + 1;
      const bytesMax = this.#stagedBytes + fragmentsMax * FRAGMENT_HEADER_BYTES * 2;
      this.#restoreTail();
      if (this.#offset > 0 && this.#offset + bytesMax > this.#options.segmentBytes) this.cut();
      const file = this.#file ?? this.#createSegment();
      const bytes = this.#frame(bytesMax);
      this.#options.crashPoints.hit('wal.append');
      this.#isTailDirty = true;
      file.write(bytes, this.#offset);
      this.#isTailDirty = false;
      this.#options.crashPoints.hit('wal.appended');
      this.#offset += bytes.length;
      this.stats.bytesWritten += bytes.length;
      this.stats.recordsWritten += this.#ends.length;
      return this.segment;
    } catch (error) {
      this.stats.writesFailed++;
      this.#tryRestoreTail();
      // Space comes back; a file that cannot be written for another reason is not tried again.
      if (error instanceof DiskError && error.code !== 'ENOSPC' && !this.#isTailDirty) this.cut();
      throw error;
    } finally {
      this.discard();
    }
  }

  /** Ends the current segment; the next batch begins a new one. */
  cut(): void {
    if (this.#file === null) return;
    this.#retired.push({ file: this.#file, syncedBytes: this.#syncedBytes, isDoubtful: false });
    this.#file = null;
    this.#offset = 0;
    this.#syncedBytes = 0;
  }

  /** Makes all that was written before the call durable. Rejects when that failed; the next flush takes care of the same again. */
  flush(): Promise<void> {
    // A flush under way may have begun before the last write, so this one comes after it.
    const once = (): Promise<void> => this.#flushOnce();
    const mine = this.#flushing === null ? once() : this.#flushing.then(once, once);
    this.#flushing = mine;
    const settle = (): void => {
      if (this.#flushing === mine) this.#flushing = null;
    };
    mine.then(settle, settle);
    return mine;
  }

  /** Makes all that was written durable now; for files that nobody waits for in between. */
  sync(): void {
    if (this.#syncedBytes < this.#offset) this.#file?.sync();
    this.#syncedBytes = this.#offset;
  }

  /** Makes everything durable and closes the files; no `flush` may be under way. */
  close(): void {
    this.cut();
    const retired = this.#retired;
    this.#retired = [];
    let failure: unknown = null;
    for (const { file } of retired) {
      try {
        file.sync();
      } catch (error) {
        failure ??= error;
      }
      file.close();
    }
    if (failure !== null) throw failure;
  }

  async #flushOnce(): Promise<void> {
    const retired = this.#retired;
    this.#retired = [];
    const current = this.#syncedBytes < this.#offset ? this.#file : null;
    const offset = this.#offset;
    if (retired.length === 0 && current === null) return;
    this.#options.crashPoints.hit('wal.before-sync');
    let failure: unknown = null;
    for (const segment of retired) {
      if (!segment.isDoubtful) {
        try {
          await segment.file.flush();
          this.stats.syncs++;
        } catch (error) {
          if (!(error instanceof DiskError)) throw error;
          failure ??= error;
          this.stats.syncsFailed++;
          segment.isDoubtful = true;
        }
      }
      this.#settle(segment);
    }
    if (current !== null) {
      try {
        await current.flush();
        this.stats.syncs++;
        if (this.#file === current) this.#syncedBytes = offset;
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        failure ??= error;
        this.stats.syncsFailed++;
        // Unless a write ended it meanwhile, this ends the segment; either way it is among the retired now.
        if (this.#file === current) this.cut();
        const segment = this.#retired.find(({ file }) => file === current);
        if (segment !== undefined) {
          this.#retired = this.#retired.filter((other) => other !== segment);
          segment.isDoubtful = true;
          this.#settle(segment);
        }
      }
    }
    if (failure !== null) throw failure;
    this.#options.crashPoints.hit('wal.after-sync');
  }

  /** Closes a finished segment, after writing again what is doubtful of it; where that fails, the next flush tries. */
  #settle(segment: RetiredSegment): void {
    if (segment.isDoubtful) {
      try {
        const reader = new SegmentReader(segment.file, segment.syncedBytes);
        for (let result = reader.next(); result === 'record'; result = reader.next()) this.stage(reader.record);
        if (this.#ends.length > 0) this.write();
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        this.discard();
        this.#retired.push(segment);
        return;
      }
    }
    segment.file.close();
  }

  #createSegment(): DiskFile {
    const { disk, dir } = this.#options;
    const file = disk.open(`${dir}/${segmentName(this.#nextSegment)}`, 'write');
    this.#options.crashPoints.hit('wal.segment');
    // What a failed attempt left behind.
    try {
      if (file.bytes() > 0) file.truncate(0);
      disk.syncDirectory(dir);
    } catch (error) {
      file.close();
      throw error;
    }
    this.#nextSegment++;
    this.#file = file;
    this.#offset = 0;
    this.#syncedBytes = 0;
    this.stats.segmentsCreated++;
    return file;
  }

  /** Removes what a failed write left; a segment that does not let itself be cut is left as it is, and a new one begun. */
  #restoreTail(): void {
    if (!this.#isTailDirty) return;
    this.#tryRestoreTail();
    if (!this.#isTailDirty) return;
    this.#isTailDirty = false;
    this.cut();
  }

  #tryRestoreTail(): void {
    if (!this.#isTailDirty || this.#file === null) return;
    try {
      this.#file.truncate(this.#offset);
      this.#isTailDirty = false;
    } catch (error) {
      // Tried again before the next write.
      if (!(error instanceof DiskError)) throw error;
    }
  }

  /** The staged records as fragments for the place where the segment ends now. */
  #frame(bytesMax: number): Uint8Array {
    if (this.#framed.length < bytesMax + PAGE_BYTES) this.#framed = new Uint8Array(bytesMax + PAGE_BYTES);
    const out = this.#framed;
    let to = 0;
    let inPage = this.#offset % PAGE_BYTES;
    let from = 0;
    for (let i = 0; i < this.#ends.length; i++) {
      const end = this.#ends[i]!;
      const flag = this.#flags[i]!;
      let isFirst = true;
      do {
        if (PAGE_BYTES - inPage < FRAGMENT_HEADER_BYTES) {
          out.fill(0, to, to + PAGE_BYTES - inPage);
          to += PAGE_BYTES - inPage;
          inPage = 0;
        }
        const length = Math.min(end - from, PAGE_BYTES - inPage - FRAGMENT_HEADER_BYTES);
        const isLast = from + length === end;
        out[to] = (isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE) | flag;
        out[to + 1] = length >>> 8;
        out[to + 2] = length;
        const crc = crc32c(this.#staged, from, from + length);
        out[to + 3] = crc >>> 24;
        out[to + 4] = crc >>> 16;
        out[to + 5] = crc >>> 8;
        out[to + 6] = crc;
        to += FRAGMENT_HEADER_BYTES;
        out.set(this.#staged.subarray(from, from + length), to);
        to += length;
        inPage += FRAGMENT_HEADER_BYTES + length;
        from += length;
        isFirst = false;
      } while (from < end);
      if (inPage >= PAGE_BYTES) inPage -= PAGE_BYTES;
    }
    return out.subarray(0, to);
  }

  #reserve(more: number): void {
    const needed = this.#stagedBytes + more;
    if (needed <= this.#staged.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#staged.length * 2));
    grown.set(this.#staged.subarray(0, this.#stagedBytes));
    this.#staged = grown;
  }
}
