/**
 * What one target exposed before, so that a scrape of the same series costs a comparison of bytes and no labels: the
 * raw spelling of each series (and metadata line) with its storage ref, and which series must get a stale marker when
 * they are gone. Labels are not kept; a ref that the store has dropped is resolved again from the body.
 * Series come in the same order scrape after scrape: each entry remembers the one that followed it, which is tried
 * first; the hash table is asked only where the order changed.
 * Hot path: expected, visit and track run once per sample and allocate nothing.
 */
import { hashBytes, sameBytes, viewOf } from '../lib/bytes.ts';
import type { SeriesRef } from '../model/storage.ts';

/** A series that relabelling drops. */
export const DROPPED = 0 as SeriesRef;
const METADATA_LINE = -1;
const NONE = -1;
/** Beyond, an entry goes to the overflow map: a target that chooses colliding names gains nothing. */
const PROBES_MAX = 64;
/** A failing target may fill the cache with this much more than it had when it last succeeded. */
const GROWTH_ALLOWANCE = 1000;

export class ScrapeCache<Line> {
  /** Spellings of all entries, one after the other. */
  keys: DataView;
  keyFrom = new Uint32Array(64);
  /** 0: the entry is free. */
  keyLength = new Uint32Array(64);

  #keyBytes = new Uint8Array(4096);
  #keysUsed = 0;
  #keysDead = 0;
  #hashes = new Int32Array(64);
  /** Storage ref, DROPPED or METADATA_LINE. */
  #refs = new Float64Array(64);
  #seen = new Uint32Array(64);
  #tracked = new Uint32Array(64);
  /** 1: was tracked in the scrape before, too. */
  #wasTracked = new Uint8Array(64);
  #follower = new Int32Array(64);
  readonly #lines: (Line | undefined)[] = [];
  /** Entry + 1 by hash, linear probing; 0 = empty. A power of two, at most half full. */
  #slots = new Int32Array(128);
  readonly #overflow = new Map<string, number>();
  /** Entries ever used; freed ones are in #free. */
  #top = 0;
  readonly #free: number[] = [];

  #scrape = 1;
  #first = NONE;
  #last = NONE;
  #seenCount = 0;
  #trackedBefore = 0;
  #trackedNow = 0;
  #trackedAgain = 0;
  /** Tracked refs whose spellings were forgotten. */
  #orphans: SeriesRef[] = [];
  #sizeAtSuccess = 0;

  constructor() {
    this.keys = viewOf(this.#keyBytes);
  }

  get size(): number {
    return this.#top - this.#free.length;
  }

  begin(): void {
    this.#scrape++;
    this.#last = NONE;
    this.#seenCount = 0;
    this.#trackedNow = 0;
    this.#trackedAgain = 0;
  }

  /** The entry of the series that came next last time; -1 when unknown or a metadata line. */
  expected(): number {
    const entry = this.#last === NONE ? this.#first : (this.#follower[this.#last] as number);
    return entry !== NONE && this.keyLength[entry] !== 0 && (this.#refs[entry] as number) >= 0 ? entry : NONE;
  }

  /** The entry spelled bytes[from, to), or -1. */
  find(bytes: DataView, from: number, to: number): number {
    const expected = this.#last === NONE ? this.#first : (this.#follower[this.#last] as number);
    if (expected !== NONE && this.#isSpelled(expected, bytes, from, to)) return expected;
    const hash = hashBytes(bytes, from, to);
    const mask = this.#slots.length - 1;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const entry = (this.#slots[(hash + probe) & mask] as number) - 1;
      if (entry === NONE) return NONE;
      if (this.#hashes[entry] === hash && this.#isSpelled(entry, bytes, from, to)) return entry;
    }
    return this.#overflow.get(overflowKey(bytes, from, to)) ?? NONE;
  }

  /** A new entry, visited at once. */
  add(bytes: DataView, from: number, to: number, ref: SeriesRef): number {
    return this.#insert(bytes, from, to, ref, undefined);
  }

  addLine(bytes: DataView, from: number, to: number, line: Line): void {
    this.#insert(bytes, from, to, METADATA_LINE, line);
  }

  /** Marks an entry as exposed now; false when it has been so in this scrape already. */
  visit(entry: number): boolean {
    if (this.#last === NONE) this.#first = entry;
    else this.#follower[this.#last] = entry;
    this.#last = entry;
    if (this.#seen[entry] === this.#scrape) return false;
    this.#seen[entry] = this.#scrape;
    this.#seenCount++;
    return true;
  }

  /** Of a series' entry. */
  ref(entry: number): SeriesRef {
    return this.#refs[entry] as SeriesRef;
  }

  setRef(entry: number, ref: SeriesRef): void {
    this.#refs[entry] = ref;
  }

  /** What was kept with a metadata line. */
  line(entry: number): Line | undefined {
    return this.#lines[entry];
  }

  /** The series got a sample now and is to end with a stale marker. */
  track(entry: number): void {
    const before = this.#tracked[entry] as number;
    if (before === this.#scrape) return;
    const again = before === this.#scrape - 1 ? 1 : 0;
    this.#wasTracked[entry] = again;
    this.#trackedAgain += again;
    this.#trackedNow++;
    this.#tracked[entry] = this.#scrape;
  }

  /** The series tracked before and not now. Two spellings of one series count as one. */
  gone(): readonly SeriesRef[] {
    if (this.#trackedAgain === this.#trackedBefore && this.#orphans.length === 0) return [];
    const refs = new Set(this.#orphans);
    for (let entry = 0; entry < this.#top; entry++) if (this.#tracked[entry] === this.#scrape - 1) refs.add(this.ref(entry));
    for (let entry = 0; entry < this.#top; entry++) if (this.#tracked[entry] === this.#scrape) refs.delete(this.ref(entry));
    return [...refs];
  }

  /** All series tracked before this scrape, which was not stored. */
  allBefore(): readonly SeriesRef[] {
    const refs = new Set(this.#orphans);
    for (let entry = 0; entry < this.#top; entry++) {
      const at = this.#tracked[entry] as number;
      if (at === this.#scrape - 1 || (at === this.#scrape && this.#wasTracked[entry] === 1)) refs.add(this.ref(entry));
    }
    return [...refs];
  }

  /** Ends a scrape that was stored, with markers for those gone: forgets what it did not expose. */
  succeed(): void {
    this.#trackedBefore = this.#trackedNow;
    this.#orphans = [];
    if (this.#seenCount < this.size) this.#evictUnseen();
    this.#sizeAtSuccess = this.size;
  }

  /** Ends a scrape that was not stored, with markers for all before it. True: the cache had grown too big and was cut. */
  fail(): boolean {
    for (let entry = 0; entry < this.#top; entry++) if (this.#tracked[entry] === this.#scrape) this.#tracked[entry] = 0;
    this.#trackedBefore = 0;
    this.#orphans = [];
    const isTooBig = this.size > this.#sizeAtSuccess * 2 + GROWTH_ALLOWANCE;
    if (isTooBig) this.#evictUnseen();
    return isTooBig;
  }

  /** Ends a scrape of which nothing was stored, not even markers: the next one owes them. */
  abandon(): void {
    const owed = this.allBefore();
    this.fail();
    this.#orphans = [...owed];
  }

  /** Between scrapes: all spellings lose their meaning (rules or format changed); their series still end with a marker. */
  forget(): void {
    for (let entry = 0; entry < this.#top; entry++) if (this.#tracked[entry] === this.#scrape) this.#orphans.push(this.ref(entry));
    this.#top = 0;
    this.#free.length = 0;
    this.#lines.length = 0;
    this.#overflow.clear();
    this.#slots.fill(0);
    this.#keysUsed = 0;
    this.#keysDead = 0;
    this.#first = NONE;
    this.#trackedBefore = 0;
    this.#sizeAtSuccess = 0;
  }

  #insert(bytes: DataView, from: number, to: number, ref: number, line: Line | undefined): number {
    const entry = this.#free.pop() ?? this.#top++;
    if (entry === this.#refs.length) this.#growEntries();
    const length = to - from;
    if (this.#keysUsed + length > this.#keyBytes.length) {
      const keys = new Uint8Array(Math.max(this.#keyBytes.length * 2, this.#keysUsed + length));
      keys.set(this.#keyBytes.subarray(0, this.#keysUsed));
      this.#setKeys(keys);
    }
    this.#keyBytes.set(bytesOf(bytes, from, to), this.#keysUsed);
    this.keyFrom[entry] = this.#keysUsed;
    this.keyLength[entry] = length;
    this.#keysUsed += length;
    this.#hashes[entry] = hashBytes(bytes, from, to);
    this.#refs[entry] = ref;
    this.#seen[entry] = 0;
    this.#tracked[entry] = 0;
    this.#follower[entry] = NONE;
    this.#lines[entry] = line;
    if (this.size * 2 > this.#slots.length) this.#rebuildSlots();
    else this.#place(entry);
    this.visit(entry);
    return entry;
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    const hash = this.#hashes[entry] as number;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const slot = (hash + probe) & mask;
      if (this.#slots[slot] === 0) {
        this.#slots[slot] = entry + 1;
        return;
      }
    }
    const from = this.keyFrom[entry] as number;
    this.#overflow.set(overflowKey(this.keys, from, from + (this.keyLength[entry] as number)), entry);
  }

  #rebuildSlots(): void {
    let length = 128;
    while (length < this.size * 3) length *= 2;
    this.#slots = new Int32Array(length);
    this.#overflow.clear();
    for (let entry = 0; entry < this.#top; entry++) if (this.keyLength[entry] !== 0) this.#place(entry);
  }

  #evictUnseen(): void {
    for (let entry = 0; entry < this.#top; entry++) {
      const length = this.keyLength[entry] as number;
      if (length === 0 || this.#seen[entry] === this.#scrape) continue;
      this.#keysDead += length;
      this.keyLength[entry] = 0;
      this.#tracked[entry] = 0;
      this.#lines[entry] = undefined;
      this.#free.push(entry);
    }
    if (this.#keysDead * 2 > this.#keysUsed) this.#compactKeys();
    this.#rebuildSlots();
  }

  #compactKeys(): void {
    const keys = new Uint8Array(Math.max(4096, (this.#keysUsed - this.#keysDead) * 2));
    let used = 0;
    for (let entry = 0; entry < this.#top; entry++) {
      const from = this.keyFrom[entry] as number;
      const length = this.keyLength[entry] as number;
      keys.set(this.#keyBytes.subarray(from, from + length), used);
      this.keyFrom[entry] = used;
      used += length;
    }
    this.#setKeys(keys);
    this.#keysUsed = used;
    this.#keysDead = 0;
  }

  #setKeys(bytes: Uint8Array<ArrayBuffer>): void {
    this.#keyBytes = bytes;
    this.keys = viewOf(bytes);
  }

  #growEntries(): void {
    const size = this.#refs.length * 2;
    this.keyFrom = grown(new Uint32Array(size), this.keyFrom);
    this.keyLength = grown(new Uint32Array(size), this.keyLength);
    this.#hashes = grown(new Int32Array(size), this.#hashes);
    this.#refs = grown(new Float64Array(size), this.#refs);
    this.#seen = grown(new Uint32Array(size), this.#seen);
    this.#tracked = grown(new Uint32Array(size), this.#tracked);
    this.#wasTracked = grown(new Uint8Array(size), this.#wasTracked);
    this.#follower = grown(new Int32Array(size), this.#follower);
  }

  #isSpelled(entry: number, bytes: DataView, from: number, to: number): boolean {
    const length = to - from;
    return this.keyLength[entry] === length && sameBytes(this.keys, this.keyFrom[entry] as number, bytes, from, length);
  }
}

const latin1 = new TextDecoder('latin1');
const overflowKey = (bytes: DataView, from: number, to: number): string => latin1.decode(bytesOf(bytes, from, to));

const bytesOf = (view: DataView, from: number, to: number): Uint8Array => new Uint8Array(view.buffer, view.byteOffset + from, to - from);

function grown<T extends Uint32Array | Int32Array | Uint8Array | Float64Array>(to: T, from: T): T {
  to.set(from);
  return to;
}
