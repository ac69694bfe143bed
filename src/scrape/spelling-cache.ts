/**
 * Label sets as senders spell them, byte for byte, with the refs of their series: one that is known needs no decoding, no
 * sorting and no look for its series by its labels. A series with two spellings has two entries. Whether the store still has
 * a series is not known here; it says so when the ref is used.
 *
 * Bounded: entries go into a table until that is full; then it becomes the former one, whose former one is forgotten. What
 * is found there moves to the new one, so that a table forgets only what was not used for as long as it took to fill one.
 * Hot path: get, once per series of a request, allocates nothing for what is used often.
 */
import { hashBytes, sameBytes, viewOf } from '../lib/bytes.ts';
import { withLength } from '../lib/columns.ts';
import type { SeriesRef } from '../model/storage.ts';

/** Of a table: together, series of some hundred bytes each. */
const ENTRIES_MAX = 1 << 17;
const BYTES_MAX = 1 << 24;
/** Beyond, a spelling is not kept: who chooses colliding ones gains nothing. */
const PROBES_MAX = 64;

export class SpellingCache {
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  #table = new Table();
  #former = new Table();

  constructor({ entriesMax = ENTRIES_MAX, bytesMax = BYTES_MAX }: { readonly entriesMax?: number; readonly bytesMax?: number } = {}) {
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
  }

  /** The ref that bytes[from, to) was set to, if it is kept. */
  get(bytes: DataView, from: number, to: number): SeriesRef | null {
    const hash = hashBytes(bytes, from, to);
    const entry = this.#table.find(hash, bytes, from, to);
    if (entry >= 0) return this.#table.refs[entry] as SeriesRef;
    const formerEntry = this.#former.find(hash, bytes, from, to);
    if (formerEntry < 0) return null;
    const ref = this.#former.refs[formerEntry] as SeriesRef;
    this.#add(hash, bytes, from, to, ref);
    return ref;
  }

  set(bytes: DataView, from: number, to: number, ref: SeriesRef): void {
    const hash = hashBytes(bytes, from, to);
    const entry = this.#table.find(hash, bytes, from, to);
    if (entry >= 0) this.#table.refs[entry] = ref;
    else this.#add(hash, bytes, from, to, ref);
  }

  #add(hash: number, bytes: DataView, from: number, to: number, ref: SeriesRef): void {
    if (this.#table.count >= this.#entriesMax || this.#table.bytes + to - from > this.#bytesMax) {
      this.#former = this.#table;
      this.#table = new Table();
    }
    this.#table.add(hash, bytes, from, to, ref);
  }
}

class Table {
  count = 0;
  refs = new Float64Array(64);
  /** Where each entry's spelling begins in #keys; the next one's beginning is its end. */
  #keyFrom = new Uint32Array(65);
  #hashes = new Int32Array(64);
  #keys = viewOf(new Uint8Array(4096));
  /** Entry + 1 by hash, linear probing; 0 = empty. A power of two, at most half full. */
  #slots = new Int32Array(128);

  /** Of all spellings. */
  get bytes(): number {
    return this.#keyFrom[this.count] as number;
  }

  /** The entry of bytes[from, to), or -1. */
  find(hash: number, bytes: DataView, from: number, to: number): number {
    const length = to - from;
    const mask = this.#slots.length - 1;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const entry = (this.#slots[(hash + probe) & mask] as number) - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] !== hash) continue;
      const keyFrom = this.#keyFrom[entry] as number;
      if ((this.#keyFrom[entry + 1] as number) - keyFrom === length && sameBytes(this.#keys, keyFrom, bytes, from, length)) return entry;
    }
    return -1;
  }

  add(hash: number, bytes: DataView, from: number, to: number, ref: SeriesRef): void {
    if (!this.#place(hash, this.count)) return;
    const entry = this.count++;
    this.refs = withLength(this.refs, this.count);
    this.#hashes = withLength(this.#hashes, this.count);
    this.#keyFrom = withLength(this.#keyFrom, this.count + 1);
    const keyFrom = this.#keyFrom[entry] as number;
    const keyTo = keyFrom + to - from;
    const keys = withLength(new Uint8Array(this.#keys.buffer), keyTo);
    if (keys.buffer !== this.#keys.buffer) this.#keys = viewOf(keys);
    keys.set(new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from), keyFrom);
    this.#keyFrom[entry + 1] = keyTo;
    this.#hashes[entry] = hash;
    this.refs[entry] = ref;
    if (this.count * 2 > this.#slots.length) this.#rehash();
  }

  /** False where all that it may lie at are taken. */
  #place(hash: number, entry: number): boolean {
    const mask = this.#slots.length - 1;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const slot = (hash + probe) & mask;
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = entry + 1;
      return true;
    }
    return false;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let entry = 0; entry < this.count; entry++) this.#place(this.#hashes[entry] as number, entry);
  }
}
