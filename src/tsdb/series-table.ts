/**
 * The series of the head as columns, one row ("slot") per series: labels as symbol numbers, the state of the open chunk,
 * the chain of finished chunks. Slots of dropped series are used again; a SeriesRef names a slot and its generation, so
 * that an old ref is told from the new owner's.
 *
 * Hot path: appending touches one 64-byte row of `states` and `refs[slot]`.
 */
import { withLength } from '../lib/columns.ts';
import { Labels } from '../model/labels.ts';
import type { SeriesRef } from '../model/storage.ts';
import type { SymbolTable } from './symbol-table.ts';
import { startXorChunk, type XorStates } from './xor-chunk.ts';

/** Words of a row of `states`; the first eight are xor-chunk's. */
export const ROW_WORDS = 16;
/** Where the open chunk lies, and how many bytes it may grow to there. */
export const OPEN_ADDRESS = 8;
export const OPEN_CAPACITY = 9;
/** Encoding of the open chunk; 0 when there is none. */
export const OPEN_ENCODING = 10;
/** Index in the batch of the last sample appended and not committed; a hint that the batch verifies. */
export const PENDING = 11;
/** Indexes into `states.floats` from half the row's base on. */
export const OPEN_MIN_TIME = 6;
/** The chunk ends at this time at the latest. */
export const OPEN_CUT_AT = 7;

const ROWS_FIRST = 64;
const SLOT_BITS = 26;
const SLOT_MASK = 2 ** SLOT_BITS - 1;
const GENERATION = 2 ** SLOT_BITS;
const CACHED_LABELS_MAX = 100_000;

export class SeriesTable {
  readonly #symbols: SymbolTable;
  states: XorStates = makeStates(ROWS_FIRST);
  /** The ref of the slot's series; zero or negative when it has none. */
  refs = new Float64Array(ROWS_FIRST);
  /** The series' number in the write-ahead log; 0 until its first commit. */
  walRefs = new Float64Array(ROWS_FIRST);
  firstChunks = new Uint32Array(ROWS_FIRST);
  lastChunks = new Uint32Array(ROWS_FIRST);

  #labelsAt = new Uint32Array(ROWS_FIRST);
  #pairCounts = new Uint16Array(ROWS_FIRST);
  #hashes = new Uint32Array(ROWS_FIRST);
  /** name symbol, value symbol … of all series. */
  #pairs = new Uint32Array(1024);
  #pairsUsed = 0;
  /** Free ranges of #pairs by their number of pairs. */
  readonly #freePairs: number[][] = [];
  /** Open addressing by label hash; holds slots, 0 = empty. */
  #index = new Uint32Array(ROWS_FIRST * 2);
  /** Slot 0 is never used, so that refs are positive. */
  #used = 1;
  readonly #vacant: number[] = [];
  #count = 0;
  #cached: (Labels | undefined)[] = [undefined];
  #cachedCount = 0;
  readonly #scratch: number[] = [];

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  get count(): number {
    return this.#count;
  }

  /** All slots ever used lie below. */
  get slotsEnd(): number {
    return this.#used;
  }

  /** The slot a ref names, whether or not the ref is still its own: compare `refs[slot]`. */
  slotOf(ref: SeriesRef): number {
    return ref & SLOT_MASK;
  }

  isUsed(slot: number): boolean {
    return this.refs[slot]! > 0;
  }

  lastTime(slot: number): number {
    return this.states.floats[(slot * ROW_WORDS) >>> 1]!;
  }

  /** The slot with these labels; a new row, of which `added` hears, when there is none. */
  findOrAdd(labels: Labels, added: (slot: number) => void): number {
    const { flat } = labels;
    const pairs = this.#scratch;
    pairs.length = flat.length;
    let isKnown = true;
    for (let i = 0; i < flat.length; i++) {
      const symbol = this.#symbols.find(flat[i]!);
      pairs[i] = symbol;
      isKnown &&= symbol >= 0;
    }
    if (isKnown) {
      const hash = hashOf(pairs);
      const mask = this.#index.length - 1;
      for (let at = hash & mask; ; at = (at + 1) & mask) {
        const slot = this.#index[at]!;
        if (slot === 0) break;
        if (this.#hashes[slot] === hash && this.#hasPairs(slot, pairs)) return slot;
      }
    }
    for (let i = 0; i < flat.length; i++) {
      if (pairs[i]! >= 0) this.#symbols.takeAgain(pairs[i]!);
      else pairs[i] = this.#symbols.take(flat[i]!);
    }
    const slot = this.#add(pairs);
    added(slot);
    return slot;
  }

  #add(pairs: readonly number[]): number {
    const slot = this.#vacant.pop() ?? this.#used++;
    if (slot > SLOT_MASK) throw new Error(`the head holds ${SLOT_MASK} series and can take no more`);
    this.#grow(slot + 1);
    const former = this.refs[slot] ?? 0;
    this.refs[slot] = former === 0 ? slot : GENERATION - former;
    this.walRefs[slot] = 0;
    this.firstChunks[slot] = 0;
    this.lastChunks[slot] = 0;
    this.#pairCounts[slot] = pairs.length / 2;
    this.#labelsAt[slot] = this.#placePairs(pairs);
    const hash = hashOf(pairs);
    this.#hashes[slot] = hash;
    const base = slot * ROW_WORDS;
    this.states.words.fill(0, base, base + ROW_WORDS);
    startXorChunk(this.states, base);
    this.states.floats[base >>> 1] = Number.NEGATIVE_INFINITY;
    this.#count++;
    if (this.#count * 2 > this.#index.length) this.#rehash(this.#index.length * 2);
    else this.#insert(slot, hash);
    return slot;
  }

  /** Gives up the row and its use of symbols. */
  remove(slot: number): void {
    const from = this.#labelsAt[slot]!;
    const count = this.#pairCounts[slot]!;
    for (let i = from; i < from + count * 2; i++) this.#symbols.release(this.#pairs[i]!);
    (this.#freePairs[count] ??= []).push(from);
    this.#unindex(slot);
    if (this.#cached[slot] !== undefined) {
      this.#cached[slot] = undefined;
      this.#cachedCount--;
    }
    this.refs[slot] = -this.refs[slot]!;
    this.#vacant.push(slot);
    this.#count--;
  }

  pairCount(slot: number): number {
    return this.#pairCounts[slot]!;
  }

  nameSymbol(slot: number, pair: number): number {
    return this.#pairs[this.#labelsAt[slot]! + pair * 2]!;
  }

  valueSymbol(slot: number, pair: number): number {
    return this.#pairs[this.#labelsAt[slot]! + pair * 2 + 1]!;
  }

  /** Symbol of the value that the series has for a name, -1 when it has none. */
  valueOf(slot: number, nameSymbol: number): number {
    const pairs = this.#pairs;
    const from = this.#labelsAt[slot]!;
    const to = from + this.#pairCounts[slot]! * 2;
    for (let i = from; i < to; i += 2) if (pairs[i] === nameSymbol) return pairs[i + 1]!;
    return -1;
  }

  /** Labels of the series, made anew. */
  labels(slot: number): Labels {
    const from = this.#labelsAt[slot]!;
    const to = from + this.#pairCounts[slot]! * 2;
    const flat = new Array<string>(to - from);
    for (let i = from; i < to; i++) flat[i - from] = this.#symbols.text(this.#pairs[i]!);
    return Labels.fromSorted(flat);
  }

  /** The same for queries, which come back to the same series: a bounded number of them is kept. */
  labelsForQuery(slot: number): Labels {
    const cached = this.#cached[slot];
    if (cached !== undefined) return cached;
    const labels = this.labels(slot);
    if (this.#cachedCount === CACHED_LABELS_MAX) {
      this.#cached = [undefined];
      this.#cachedCount = 0;
    }
    while (this.#cached.length <= slot) this.#cached.push(undefined);
    this.#cached[slot] = labels;
    this.#cachedCount++;
    return labels;
  }

  #hasPairs(slot: number, pairs: readonly number[]): boolean {
    if (this.#pairCounts[slot]! * 2 !== pairs.length) return false;
    const from = this.#labelsAt[slot]!;
    for (let i = 0; i < pairs.length; i++) if (this.#pairs[from + i] !== pairs[i]) return false;
    return true;
  }

  #placePairs(pairs: readonly number[]): number {
    let at = this.#freePairs[pairs.length / 2]?.pop();
    if (at === undefined) {
      at = this.#pairsUsed;
      this.#pairsUsed += pairs.length;
      this.#pairs = withLength(this.#pairs, this.#pairsUsed);
    }
    this.#pairs.set(pairs, at);
    return at;
  }

  #insert(slot: number, hash: number): void {
    const mask = this.#index.length - 1;
    let at = hash & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = slot;
  }

  /** Closes the gap by moving later entries of the probe chain up, so that no markers of deletion pile up. */
  #unindex(slot: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let gap = this.#hashes[slot]! & mask;
    while (index[gap] !== slot) gap = (gap + 1) & mask;
    for (let at = (gap + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashes[index[at]!]! & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      index[gap] = index[at]!;
      gap = at;
    }
    index[gap] = 0;
  }

  #rehash(length: number): void {
    this.#index = new Uint32Array(length);
    for (let slot = 1; slot < this.#used; slot++) if (this.isUsed(slot)) this.#insert(slot, this.#hashes[slot]!);
  }

  #grow(length: number): void {
    if (length <= this.refs.length) return;
    this.refs = withLength(this.refs, length);
    const rows = this.refs.length;
    this.walRefs = withLength(this.walRefs, rows);
    this.firstChunks = withLength(this.firstChunks, rows);
    this.lastChunks = withLength(this.lastChunks, rows);
    this.#labelsAt = withLength(this.#labelsAt, rows);
    this.#pairCounts = withLength(this.#pairCounts, rows);
    this.#hashes = withLength(this.#hashes, rows);
    const states = makeStates(rows);
    states.words.set(this.states.words);
    this.states = states;
  }
}

function makeStates(rows: number): XorStates {
  const words = new Uint32Array(rows * ROW_WORDS);
  return { words, floats: new Float64Array(words.buffer) };
}

/** murmur3's mixing over the symbol numbers. */
function hashOf(pairs: readonly number[]): number {
  let hash = 0;
  for (let i = 0; i < pairs.length; i++) {
    let k = Math.imul(pairs[i]!, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    hash ^= Math.imul(k, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}
