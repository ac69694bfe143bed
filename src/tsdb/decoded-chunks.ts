/**
 * Float chunks that were read before, as plain columns: a dashboard asks for the same hour again and again, a rule for
 * the same five minutes, and copying numbers is an order of magnitude cheaper than decoding bits. A bounded number of
 * chunks is kept; one comes in when it is read for the second time, so that a scan of everything pushes nothing out.
 * A chunk that is still open is followed: what was appended since is decoded from where the last reading ended.
 *
 * Hot path: once per chunk and selector. Columns in pages; no object per chunk.
 */
import { withLength } from '../lib/columns.ts';
import { SampleColumns } from '../model/sample.ts';
import { beginXorCursor, readXorChunk, type XorCursor, xorStoredCount } from './xor-chunk.ts';

/** Chunks are cut to even lengths of about 120 samples; longer ones than this are rare, and not kept. */
const CHUNK_SAMPLES_MAX = 160;
/** A page takes 960 KiB: 12 bytes per sample. */
const PAGE_CHUNKS = 512;
const PAGES_MAX = 64;
/** Keys of chunks read once, by hash; a later one takes the place of an earlier one. */
const SEEN = 1 << 16;

type Page = {
  readonly values: Float64Array;
  /** Milliseconds since the chunk's first sample. */
  readonly offsets: Uint32Array;
};

/** What says where a reading ended, of each chunk. */
const CURSOR_WORDS = 5;

export class DecodedChunks {
  readonly #pages: Page[] = [];
  readonly #seen = new Int32Array(SEEN);
  readonly #slotOf = new Map<number, number>();
  /** Per slot, grown page by page. */
  #keys = new Int32Array(0);
  #lengths = new Uint8Array(0);
  #bases = new Float64Array(0);
  #deltas = new Float64Array(0);
  #cursors = new Int32Array(0);
  #used = 0;
  readonly #vacant: number[] = [];
  #random = 0x2545f491;
  readonly #scratch = new SampleColumns(CHUNK_SAMPLES_MAX);
  readonly #cursor: XorCursor = beginXorCursor();

  constructor() {
    this.#addPage();
  }

  get count(): number {
    return this.#slotOf.size;
  }

  /**
   * Appends the samples with fromMs <= t <= toMs to `into`. `key` is the chunk's own, not 0, until `forget`. False when
   * the chunk is corrupt.
   */
  read(
    key: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    minTime: number,
    fromMs: number,
    toMs: number,
    into: SampleColumns,
  ): boolean {
    let slot = this.#slotOf.get(key);
    const count = xorStoredCount(bytes, start);
    if (slot === undefined) {
      if (!this.#admits(key, count)) return readXorChunk(bytes, start, end, fromMs, toMs, into);
      slot = this.#takeSlot(key);
    } else if (this.#bases[slot] !== minTime || this.#lengths[slot]! > count) this.#lengths[slot] = 0;
    if (this.#lengths[slot]! < count && !this.#follow(slot, bytes, start, end, minTime, count)) {
      this.forget(key);
      return readXorChunk(bytes, start, end, fromMs, toMs, into);
    }
    this.#copy(slot, fromMs, toMs, into);
    return true;
  }

  /** The key will be given to another chunk. */
  forget(key: number): void {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return;
    this.#slotOf.delete(key);
    this.#keys[slot] = 0;
    this.#vacant.push(slot);
  }

  #admits(key: number, count: number): boolean {
    if (count > CHUNK_SAMPLES_MAX) return false;
    const at = Math.imul(key, 0x9e3779b1) >>> 16;
    if (this.#seen[at] === key) return true;
    this.#seen[at] = key;
    return false;
  }

  #takeSlot(key: number): number {
    let slot = this.#vacant.pop();
    if (slot === undefined && this.#used === PAGES_MAX * PAGE_CHUNKS) {
      // Any may go: the order of use would keep nothing of a round that is longer than what fits.
      this.#random ^= this.#random << 13;
      this.#random ^= this.#random >>> 17;
      this.#random ^= this.#random << 5;
      // Of 31 bits: to V8 the rest of one of 32 is a float, and so would be every index and length made of it.
      slot = (this.#random >>> 1) % this.#used;
      this.#slotOf.delete(this.#keys[slot]!);
    }
    if (slot === undefined) {
      slot = this.#used++;
      if (slot === this.#pages.length * PAGE_CHUNKS) this.#addPage();
    }
    this.#slotOf.set(key, slot);
    this.#keys[slot] = key;
    this.#lengths[slot] = 0;
    return slot;
  }

  #addPage(): void {
    const samples = PAGE_CHUNKS * CHUNK_SAMPLES_MAX;
    this.#pages.push({ values: new Float64Array(samples), offsets: new Uint32Array(samples) });
    const slots = this.#pages.length * PAGE_CHUNKS;
    this.#keys = withLength(this.#keys, slots);
    this.#lengths = withLength(this.#lengths, slots);
    this.#bases = withLength(this.#bases, slots);
    this.#deltas = withLength(this.#deltas, slots);
    this.#cursors = withLength(this.#cursors, slots * CURSOR_WORDS);
  }

  /** Decodes what the slot does not have yet; false when it cannot be kept. */
  #follow(slot: number, bytes: Uint8Array, start: number, end: number, minTime: number, count: number): boolean {
    const { offsets, values } = this.#pages[Math.floor(slot / PAGE_CHUNKS)]!;
    const first = (slot % PAGE_CHUNKS) * CHUNK_SAMPLES_MAX;
    const had = this.#lengths[slot]!;
    if (count > CHUNK_SAMPLES_MAX) return false;
    const cursor = this.#cursor;
    const words = slot * CURSOR_WORDS;
    cursor.index = had;
    if (had > 0) {
      cursor.bits = this.#cursors[words]!;
      cursor.high = this.#cursors[words + 1]!;
      cursor.low = this.#cursors[words + 2]!;
      cursor.trailing = this.#cursors[words + 3]!;
      cursor.significant = this.#cursors[words + 4]!;
      cursor.delta = this.#deltas[slot]!;
      cursor.timestamp = minTime + offsets[first + had - 1]!;
    }
    const scratch = this.#scratch;
    scratch.clear();
    if (!readXorChunk(bytes, start, end, -Infinity, Infinity, scratch, cursor) || scratch.length !== count - had) return false;
    for (let i = 0; i < scratch.length; i++) {
      const offset = scratch.timestamps[i]! - minTime;
      if (!(offset >= 0 && offset <= 0xffff_ffff)) return false;
      offsets[first + had + i] = offset;
      values[first + had + i] = scratch.values[i]!;
    }
    this.#cursors[words] = cursor.bits;
    this.#cursors[words + 1] = cursor.high;
    this.#cursors[words + 2] = cursor.low;
    this.#cursors[words + 3] = cursor.trailing;
    this.#cursors[words + 4] = cursor.significant;
    this.#deltas[slot] = cursor.delta;
    this.#bases[slot] = minTime;
    this.#lengths[slot] = count;
    return true;
  }

  #copy(slot: number, fromMs: number, toMs: number, into: SampleColumns): void {
    const { offsets, values } = this.#pages[Math.floor(slot / PAGE_CHUNKS)]!;
    const base = this.#bases[slot]!;
    const first = (slot % PAGE_CHUNKS) * CHUNK_SAMPLES_MAX;
    const last = first + this.#lengths[slot]!;
    const from = fromMs <= base ? first : lowerBound(offsets, first, last, fromMs - base);
    const to = base + offsets[last - 1]! <= toMs ? last : lowerBound(offsets, from, last, toMs - base + 1);
    const had = into.length;
    const length = had + to - from;
    into.reserve(length);
    const { timestamps, values: floats } = into;
    for (let i = from, at = had; i < to; i++, at++) {
      timestamps[at] = base + offsets[i]!; // in bounds: reserved above
      floats[at] = values[i]!;
    }
    if (into.histograms !== null) for (let i = had; i < length; i++) into.histograms[i] = null;
    into.length = length;
  }
}

/** First index in [from, to) whose offset is not below `offset`. */
function lowerBound(offsets: Uint32Array, from: number, to: number, offset: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsets[middle]! < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
