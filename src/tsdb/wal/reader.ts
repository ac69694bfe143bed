/**
 * Reads the records of one segment, page by page in bounded memory. What is wrong is told, not thrown: the caller
 * decides whether it is a torn tail or damage, and `skipDamage` goes on with the next page that begins a record.
 * Layout: prometheus/tsdb/docs/format/wal.md, code in tsdb/wlog/reader.go.
 *
 * Hot path: every byte of the log at replay.
 */
import { crc32c } from '../../lib/crc32c.ts';
import { snappyDecompress } from '../../lib/snappy.ts';
import type { DiskFile } from '../../model/disk.ts';
import { FIRST, FRAGMENT_HEADER_BYTES, FULL, LAST, MIDDLE, PAGE_BYTES, PAGE_END, SNAPPY_FLAG, TYPE_MASK, ZSTD_FLAG } from './framing.ts';

const WINDOW_BYTES = 32 * PAGE_BYTES;
/** A record is a scrape or a push; this is far above any of them. */
const RECORD_BYTES_MAX = 256 * 1024 * 1024;

const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

type ReadResult = 'record' | 'end' | 'damaged';

export class SegmentReader {
  readonly #file: DiskFile;
  readonly #bytes: number;
  #window = new Uint8Array(0);
  #windowStart = 0;
  /** Where the next fragment is. */
  #position = 0;
  #joined = new Uint8Array(0);
  #hasSkipped = false;
  /** The fragments were sound, only what they hold is not: the next record follows at once. */
  #isFramingSound = false;

  /** The record read last, decompressed; valid until the next read. */
  record: Uint8Array = this.#window;
  /** Where the record, or the damage, begins in the file. */
  recordStart = 0;
  /** Why `next` said 'damaged'. */
  reason = '';
  /** The damage is that the file ends within a record, as after a crash while it was written. */
  isTorn = false;

  /** Reads from `start` on, which is 0 or the end of a record. */
  constructor(file: DiskFile, start = 0) {
    this.#file = file;
    this.#bytes = file.bytes();
    this.#position = start;
  }

  /** Up to where the file was read. */
  get position(): number {
    return this.#position;
  }

  next(): ReadResult {
    let joined = 0;
    let compression = 0;
    let isInside = false;
    for (;;) {
      const pageEnd = Math.min((Math.floor(this.#position / PAGE_BYTES) + 1) * PAGE_BYTES, this.#bytes);
      if (this.#position >= this.#bytes) {
        if (isInside) return this.#damaged('the file ends within a record', true);
        return 'end';
      }
      this.#load(pageEnd);
      const at = this.#position - this.#windowStart;
      const window = this.#window;
      const header = window[at]!;
      const type = header & TYPE_MASK;
      if (!isInside) this.recordStart = this.#position;
      if (type === PAGE_END) {
        for (let i = at; i < pageEnd - this.#windowStart; i++)
          if (window[i] !== 0) return this.#damaged('a byte that is not zero in the padding of a page');
        this.#position = pageEnd;
        continue;
      }
      if (this.#hasSkipped && !isInside && (type === MIDDLE || type === LAST)) {
        // Behind damage: the rest of a record whose beginning is lost.
        const length = (window[at + 1]! << 8) | window[at + 2]!;
        const next = this.#position + FRAGMENT_HEADER_BYTES + length;
        this.#position = next <= pageEnd ? next : pageEnd;
        continue;
      }
      if (pageEnd - this.#position < FRAGMENT_HEADER_BYTES) return this.#damaged('a fragment header is cut off', pageEnd === this.#bytes);
      const length = (window[at + 1]! << 8) | window[at + 2]!;
      const from = at + FRAGMENT_HEADER_BYTES;
      if (this.#position + FRAGMENT_HEADER_BYTES + length > pageEnd) {
        const isTorn = pageEnd === this.#bytes && length <= PAGE_BYTES - FRAGMENT_HEADER_BYTES - (this.#position % PAGE_BYTES);
        return this.#damaged(`a fragment of ${length} bytes is cut off`, isTorn);
      }
      const crc = ((window[at + 3]! << 24) | (window[at + 4]! << 16) | (window[at + 5]! << 8) | window[at + 6]!) >>> 0;
      if (crc32c(window, from, from + length) !== crc) return this.#damaged('a checksum does not fit its fragment');
      const isStart = type === FULL || type === FIRST;
      if (type > LAST || isStart === isInside)
        return this.#damaged(`a fragment of type ${type} where ${isInside ? 'a record goes on' : 'one begins'}`);
      this.#hasSkipped = false;
      if (isStart) compression = header & (SNAPPY_FLAG | ZSTD_FLAG);
      isInside = true;
      this.#position += FRAGMENT_HEADER_BYTES + length;
      const fragment = window.subarray(from, from + length);
      if (type === FULL) return this.#deliver(fragment, compression);
      if (joined + length > RECORD_BYTES_MAX) return this.#damaged(`a record of more than ${RECORD_BYTES_MAX} bytes`);
      if (joined + length > this.#joined.length) {
        const grown = new Uint8Array(Math.max(joined + length, this.#joined.length * 2, 2 * PAGE_BYTES));
        grown.set(this.#joined.subarray(0, joined));
        this.#joined = grown;
      }
      this.#joined.set(fragment, joined);
      joined += length;
      if (type === LAST) return this.#deliver(this.#joined.subarray(0, joined), compression);
    }
  }

  /** After damage: goes on at the page behind it, or with the next record where only the record itself is bad. */
  skipDamage(): void {
    if (this.#isFramingSound) return;
    this.#position = Math.min((Math.floor(this.#position / PAGE_BYTES) + 1) * PAGE_BYTES, this.#bytes);
    this.#hasSkipped = true;
  }

  #deliver(stored: Uint8Array, compression: number): ReadResult {
    if (compression === 0) {
      this.record = stored;
      return 'record';
    }
    if (compression !== SNAPPY_FLAG) {
      // Sound data that no supported Node can be sure to decode must not be taken for damage.
      if (ZSTD_MAGIC.every((byte, i) => stored[i] === byte)) throw new ZstdRecordError(this.#file.path);
      return this.#damaged('a record is marked as zstd and is none', false, true);
    }
    const record = snappyDecompress(stored, RECORD_BYTES_MAX);
    if ('error' in record) return this.#damaged(record.error, false, true);
    this.record = record;
    return 'record';
  }

  #damaged(reason: string, isTorn = false, isFramingSound = false): ReadResult {
    this.#isFramingSound = isFramingSound;
    this.reason = reason;
    this.isTorn = isTorn;
    return 'damaged';
  }

  /** Has the bytes from #position to `end`, which are of one page, in the window. */
  #load(end: number): void {
    if (this.#position >= this.#windowStart && end <= this.#windowStart + this.#window.length) return;
    this.#windowStart = Math.floor(this.#position / PAGE_BYTES) * PAGE_BYTES;
    const window = new Uint8Array(Math.min(WINDOW_BYTES, this.#bytes - this.#windowStart));
    const read = this.#file.read(window, this.#windowStart);
    if (read < window.length)
      throw new Error(`${this.#file.path} ended at ${this.#windowStart + read} of ${this.#bytes} bytes while it was read`);
    this.#window = window;
  }
}

class ZstdRecordError extends Error {
  constructor(path: string) {
    super(
      `${path} holds records compressed with zstd, which cannot be read here: start Prometheus on the directory once with --storage.tsdb.wal-compression-type=snappy and let it run until its next checkpoint, or move wal/ away`,
    );
    this.name = 'ZstdRecordError';
  }
}
