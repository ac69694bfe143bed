/**
 * The newest samples, in memory: series by labels, postings by label value, samples in compressed chunks. Follows
 * prometheus/tsdb/head.go; chunks are cut where Prometheus cuts them, so that blocks made of them are the same.
 * It knows nothing of files: the write-ahead log is written before `appendFloat`, and replay calls the same methods.
 * Out-of-order samples are not taken.
 *
 * Hot path: appendFloat (per sample), read (per series and selector). No object per sample or chunk.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { type SampleColumns, STALE_NAN, STALE_NAN_HIGH, STALE_NAN_LOW } from '../model/sample.ts';
import { ChunkArena } from './chunk-arena.ts';
import { corruptChunk, FLOAT_HISTOGRAM, readChunk, XOR } from './chunk-encoding.ts';
import { ChunkTable } from './chunk-table.ts';
import { DecodedChunks } from './decoded-chunks.ts';
import { type CounterResetHeader, FloatHistogramAppender, staleHistogram } from './histogram-chunk.ts';
import { Postings } from './postings.ts';
import { OPEN_ADDRESS, OPEN_CAPACITY, OPEN_CUT_AT, OPEN_ENCODING, OPEN_MIN_TIME, ROW_WORDS, SeriesTable } from './series-table.ts';
import { SymbolTable } from './symbol-table.ts';
import { appendXor, startXorChunk, XOR_SAMPLE_BYTES_MAX, xorChunkBytes, xorChunkCount } from './xor-chunk.ts';

/** tsdb.DefaultSamplesPerChunk; a chunk is cut at twice that whatever was foreseen. */
const SAMPLES_PER_CHUNK = 120;
const XOR_CHUNK_BYTES_MAX = 1024;
/** The first two samples fit here, whatever they are. */
const XOR_CHUNK_BYTES_FIRST = 64;
const HISTOGRAM_CHUNK_BYTES = 1024;
const HISTOGRAM_CHUNK_SAMPLES_MIN = 10;
/** Buckets in the histograms that are decoded before a reading stops: some milliseconds' work. */
const BUCKETS_READ_MAX = 200_000;
/** Series looked at per slice of `drop`. */
const DROP_SLICE = 20_000;

export type HeadStats = {
  seriesCreated: number;
  seriesRemoved: number;
  chunksCreated: number;
  chunksRemoved: number;
  floatsAppended: number;
  histogramsAppended: number;
};

/** Samples deleted by request, both ends inclusive; they go with their chunks. */
type Interval = { readonly fromMs: number; readonly toMs: number };

type OpenHistogram = { readonly appender: FloatHistogramAppender; last: FloatHistogram; hasForeseenEnd: boolean };

export class Head {
  readonly symbols = new SymbolTable();
  readonly series = new SeriesTable(this.symbols);
  readonly postings = new Postings();
  readonly stats: HeadStats = {
    seriesCreated: 0,
    seriesRemoved: 0,
    chunksCreated: 0,
    chunksRemoved: 0,
    floatsAppended: 0,
    histogramsAppended: 0,
  };
  readonly chunkRangeMs: number;
  readonly #arena = new ChunkArena();
  readonly #chunks = new ChunkTable();
  /** Keys are chunk ids, and of open chunks the series' slot, negated. */
  readonly #decoded = new DecodedChunks();
  readonly #histograms = new Map<number, OpenHistogram>();
  readonly #deleted = new Map<number, Interval[]>();
  #openChunks = 0;
  #minTime = Number.POSITIVE_INFINITY;
  #maxTime = Number.NEGATIVE_INFINITY;

  constructor(chunkRangeMs: number) {
    this.chunkRangeMs = chunkRangeMs;
  }

  /** Oldest sample; +Infinity when empty. */
  get minTime(): number {
    return this.#minTime;
  }

  /** Newest sample; -Infinity when empty. */
  get maxTime(): number {
    return this.#maxTime;
  }

  get chunkCount(): number {
    return this.#chunks.count + this.#openChunks;
  }

  get chunkBytes(): { readonly used: number; readonly reserved: number } {
    return { used: this.#arena.usedBytes, reserved: this.#arena.reservedBytes };
  }

  /** The slot of the series with these labels, made when there is none. */
  seriesOf(labels: Labels): number {
    return this.series.findOrAdd(labels, this.#added);
  }

  readonly #added = (slot: number): void => {
    const { series, postings } = this;
    for (let pair = 0; pair < series.pairCount(slot); pair++) {
      postings.add(slot, series.nameSymbol(slot, pair), series.valueSymbol(slot, pair));
    }
    postings.all.push(slot);
    this.stats.seriesCreated++;
  };

  /** Time of the oldest sample that the series still has. */
  firstTime(slot: number): number {
    const first = this.series.firstChunks[slot]!;
    if (first !== 0) return this.#chunks.minTime(first);
    const base = slot * ROW_WORDS;
    const { words, floats } = this.series.states;
    return words[base + OPEN_ENCODING] === 0 ? Number.POSITIVE_INFINITY : floats[(base >>> 1) + OPEN_MIN_TIME]!;
  }

  /** The series' last sample is a native histogram; then this is it. */
  lastHistogram(slot: number): FloatHistogram | undefined {
    return this.#histograms.get(slot)?.last;
  }

  /** Adds a sample that is after the series' last one, its value given as two halves. */
  appendFloat(slot: number, timestamp: number, valueHigh: number, valueLow: number): void {
    const { states } = this.series;
    const { words, floats } = states;
    const base = slot * ROW_WORDS;
    const time = base >>> 1;
    const encoding = words[base + OPEN_ENCODING]!;
    if (encoding === XOR) {
      const bytes = xorChunkBytes(states, base);
      const count = xorChunkCount(states, base);
      // At a quarter of the chunk, foresee an end that divides the rest of the range evenly.
      if (count === SAMPLES_PER_CHUNK / 4) {
        floats[time + OPEN_CUT_AT] = chunkEnd(floats[time + OPEN_MIN_TIME]!, floats[time]!, floats[time + OPEN_CUT_AT]!, 4);
      }
      if (
        timestamp >= floats[time + OPEN_CUT_AT]! ||
        count >= SAMPLES_PER_CHUNK * 2 ||
        bytes > XOR_CHUNK_BYTES_MAX - XOR_SAMPLE_BYTES_MAX
      ) {
        this.#closeChunk(slot);
        this.#openXor(slot, timestamp);
      } else if (bytes + XOR_SAMPLE_BYTES_MAX > words[base + OPEN_CAPACITY]!) this.#growOpen(base, bytes);
    } else {
      if (encoding === FLOAT_HISTOGRAM) {
        // A target that vanished is marked with a float, whatever its series held.
        if (valueHigh >>> 0 === STALE_NAN_HIGH && valueLow >>> 0 === STALE_NAN_LOW) {
          this.appendHistogram(slot, timestamp, staleHistogram(STALE_NAN));
          return;
        }
        this.#closeChunk(slot);
      }
      this.#openXor(slot, timestamp);
    }
    const address = words[base + OPEN_ADDRESS]!;
    appendXor(this.#arena.slab(address), this.#arena.start(address), states, base, timestamp, valueHigh, valueLow);
    this.stats.floatsAppended++;
    if (timestamp > this.#maxTime) this.#maxTime = timestamp;
    if (timestamp < this.#minTime) this.#minTime = timestamp;
  }

  /** Adds a native histogram that is after the series' last sample. */
  appendHistogram(slot: number, timestamp: number, histogram: FloatHistogram): void {
    const { words, floats } = this.series.states;
    const base = slot * ROW_WORDS;
    const time = base >>> 1;
    let open = this.#histograms.get(slot);
    let header: CounterResetHeader | null = null;
    if (words[base + OPEN_ENCODING] === FLOAT_HISTOGRAM && open !== undefined) {
      if (this.#isHistogramChunkFull(slot, open, timestamp)) header = open.appender.headerAfter(histogram);
      else header = open.appender.append(timestamp, histogram);
    } else header = initialHeader(histogram);
    if (header !== null || open === undefined) {
      this.#closeChunk(slot);
      open = { appender: new FloatHistogramAppender(header ?? 'unknown'), last: histogram, hasForeseenEnd: false };
      this.#histograms.set(slot, open);
      this.#open(base, FLOAT_HISTOGRAM, timestamp);
      open.appender.append(timestamp, histogram);
    }
    open.last = histogram;
    floats[time] = timestamp;
    this.stats.histogramsAppended++;
    if (timestamp > this.#maxTime) this.#maxTime = timestamp;
    if (timestamp < this.#minTime) this.#minTime = timestamp;
  }

  /**
   * Appends the series' samples with fromMs <= t <= toMs to `into`, or the first of them where histograms are large: the
   * next are to be asked for from the time on that is returned, which is Infinity at the end.
   */
  read(slot: number, fromMs: number, toMs: number, into: SampleColumns): number {
    const nextMs = this.#readChunks(slot, fromMs, toMs, into);
    const deleted = this.#deleted.get(slot);
    if (deleted !== undefined) removeIntervals(deleted, into);
    return nextMs;
  }

  #readChunks(slot: number, fromMs: number, toMs: number, into: SampleColumns): number {
    const chunks = this.#chunks;
    const arena = this.#arena;
    let buckets = 0;
    for (let id = this.series.firstChunks[slot]!; id !== 0; id = chunks.next(id)) {
      if (chunks.maxTime(id) < fromMs) continue;
      if (chunks.minTime(id) > toMs) break;
      const address = chunks.address(id);
      const start = arena.start(address);
      const end = start + chunks.bytes(id);
      const encoding = chunks.encoding(id);
      if (encoding !== XOR) {
        if (buckets > BUCKETS_READ_MAX) return chunks.minTime(id);
        const had = into.length;
        readChunk(encoding, arena.slab(address), start, end, fromMs, toMs, into);
        buckets += bucketsFrom(had, into);
      } else if (!this.#decoded.read(id, arena.slab(address), start, end, chunks.minTime(id), fromMs, toMs, into))
        throw corruptChunk(XOR, end - start);
    }
    const { states } = this.series;
    const base = slot * ROW_WORDS;
    const encoding = states.words[base + OPEN_ENCODING]!;
    if (encoding !== 0 && states.floats[(base >>> 1) + OPEN_MIN_TIME]! <= toMs && states.floats[base >>> 1]! >= fromMs) {
      if (encoding === XOR) {
        const address = states.words[base + OPEN_ADDRESS]!;
        const start = arena.start(address);
        const end = start + xorChunkBytes(states, base);
        const minTime = states.floats[(base >>> 1) + OPEN_MIN_TIME]!;
        if (!this.#decoded.read(-slot, arena.slab(address), start, end, minTime, fromMs, toMs, into)) throw corruptChunk(XOR, end - start);
      } else {
        if (buckets > BUCKETS_READ_MAX) return states.floats[(base >>> 1) + OPEN_MIN_TIME]!;
        const { appender } = this.#histograms.get(slot)!;
        readChunk(FLOAT_HISTOGRAM, appender.bytes, 0, appender.length, fromMs, toMs, into);
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Slots with deleted intervals. */
  deletions(): Iterable<readonly [slot: number, intervals: readonly Interval[]]> {
    return this.#deleted;
  }

  /** Hides the samples of an interval from now on. */
  delete(slot: number, interval: Interval): void {
    const intervals = this.#deleted.get(slot);
    if (intervals === undefined) this.#deleted.set(slot, [interval]);
    else intervals.push(interval);
  }

  /**
   * Drops the chunks that end before `beforeMs` and the series that have none left, except those that `isPinned`.
   * Yields the slots of dropped series after each slice; between slices everything is consistent.
   */
  *drop(beforeMs: number, isPinned: (slot: number) => boolean): Generator<readonly number[], void> {
    const { series } = this;
    let minTime = Number.POSITIVE_INFINITY;
    for (let from = 1; from < series.slotsEnd; from += DROP_SLICE) {
      const dead: number[] = [];
      const to = Math.min(from + DROP_SLICE, series.slotsEnd);
      for (let slot = from; slot < to; slot++) {
        if (!series.isUsed(slot)) continue;
        this.#dropChunks(slot, beforeMs);
        const firstTime = this.firstTime(slot);
        if (firstTime < minTime) minTime = firstTime;
        else if (firstTime === Number.POSITIVE_INFINITY && !isPinned(slot)) dead.push(slot);
      }
      this.#removeSeries(dead);
      yield dead;
    }
    for (const [slot, intervals] of this.#deleted) {
      const kept = intervals.filter((interval) => interval.toMs >= beforeMs);
      if (kept.length === 0) this.#deleted.delete(slot);
      else if (kept.length < intervals.length) this.#deleted.set(slot, kept);
    }
    // Samples that came while this ran are newer than what it kept.
    this.#minTime = Math.min(minTime, this.#maxTime);
    if (minTime === Number.POSITIVE_INFINITY && this.chunkCount === 0) this.#minTime = Number.POSITIVE_INFINITY;
  }

  #dropChunks(slot: number, beforeMs: number): void {
    const { series } = this;
    const chunks = this.#chunks;
    let id = series.firstChunks[slot]!;
    while (id !== 0 && chunks.maxTime(id) < beforeMs) {
      const next = chunks.next(id);
      this.#arena.free(chunks.address(id));
      this.#decoded.forget(id);
      chunks.remove(id);
      this.stats.chunksRemoved++;
      id = next;
    }
    series.firstChunks[slot] = id;
    if (id !== 0) return;
    series.lastChunks[slot] = 0;
    const base = slot * ROW_WORDS;
    const { words, floats } = series.states;
    const encoding = words[base + OPEN_ENCODING]!;
    if (encoding === 0 || floats[base >>> 1]! >= beforeMs) return;
    // The whole open chunk is old: the series has been quiet, and goes unless it is pinned.
    if (encoding === XOR) this.#arena.free(words[base + OPEN_ADDRESS]!);
    words[base + OPEN_ENCODING] = 0;
    this.#histograms.delete(slot);
    this.#deleted.delete(slot);
    this.#openChunks--;
    this.stats.chunksRemoved++;
  }

  #removeSeries(dead: readonly number[]): void {
    if (dead.length === 0) return;
    const { series, postings } = this;
    const gone = new Set(dead);
    const keeps = (slot: number): boolean => !gone.has(slot);
    const pruned = new Set<number>();
    for (const slot of dead) {
      for (let pair = 0; pair < series.pairCount(slot); pair++) {
        // One pass over a list removes all of its dead series.
        const key = series.nameSymbol(slot, pair) * 2 ** 26 + series.valueSymbol(slot, pair);
        if (pruned.has(key)) continue;
        pruned.add(key);
        postings.prune(series.nameSymbol(slot, pair), series.valueSymbol(slot, pair), keeps);
      }
    }
    postings.all.prune(keeps);
    for (const slot of dead) {
      this.#deleted.delete(slot);
      this.#decoded.forget(-slot);
      series.remove(slot);
    }
    this.stats.seriesRemoved += dead.length;
  }

  #openXor(slot: number, timestamp: number): void {
    const base = slot * ROW_WORDS;
    const { states } = this.series;
    const address = this.#arena.allocate(XOR_CHUNK_BYTES_FIRST);
    startXorChunk(states, base);
    states.words[base + OPEN_ADDRESS] = address;
    states.words[base + OPEN_CAPACITY] = this.#arena.capacity(address);
    this.#open(base, XOR, timestamp);
  }

  #open(base: number, encoding: number, timestamp: number): void {
    const { words, floats } = this.series.states;
    words[base + OPEN_ENCODING] = encoding;
    floats[(base >>> 1) + OPEN_MIN_TIME] = timestamp;
    floats[(base >>> 1) + OPEN_CUT_AT] = (Math.floor(timestamp / this.chunkRangeMs) + 1) * this.chunkRangeMs;
    this.#openChunks++;
    this.stats.chunksCreated++;
  }

  #growOpen(base: number, bytes: number): void {
    const { words } = this.series.states;
    const arena = this.#arena;
    const from = words[base + OPEN_ADDRESS]!;
    const to = arena.allocate(Math.min(Math.ceil((bytes + XOR_SAMPLE_BYTES_MAX) * 1.5), XOR_CHUNK_BYTES_MAX));
    copyChunk(arena, from, to, bytes);
    arena.free(from);
    words[base + OPEN_ADDRESS] = to;
    words[base + OPEN_CAPACITY] = arena.capacity(to);
  }

  /** Moves the open chunk, if there is one, to the end of the finished ones. */
  #closeChunk(slot: number): void {
    const { series } = this;
    const arena = this.#arena;
    const base = slot * ROW_WORDS;
    const { words, floats } = series.states;
    const encoding = words[base + OPEN_ENCODING]!;
    if (encoding === 0) return;
    let address: number;
    let bytes: number;
    if (encoding === XOR) {
      bytes = xorChunkBytes(series.states, base);
      address = words[base + OPEN_ADDRESS]!;
      const fitted = arena.allocate(bytes);
      if (arena.capacity(fitted) < arena.capacity(address)) {
        copyChunk(arena, address, fitted, bytes);
        arena.free(address);
        address = fitted;
      } else arena.free(fitted);
    } else {
      const { appender } = this.#histograms.get(slot)!;
      bytes = appender.length;
      address = arena.allocate(bytes);
      arena.slab(address).set(appender.bytes.subarray(0, bytes), arena.start(address));
      this.#histograms.delete(slot);
    }
    const id = this.#chunks.add(address, bytes, encoding, floats[(base >>> 1) + OPEN_MIN_TIME]!, floats[base >>> 1]!);
    const last = series.lastChunks[slot]!;
    if (last === 0) series.firstChunks[slot] = id;
    else this.#chunks.link(last, id);
    series.lastChunks[slot] = id;
    words[base + OPEN_ENCODING] = 0;
    this.#openChunks--;
  }

  /** Histogram chunks are cut by size, foreseen from a quarter of it on, but hold ten samples unless their range ends. */
  #isHistogramChunkFull(slot: number, open: OpenHistogram, timestamp: number): boolean {
    const { floats } = this.series.states;
    const time = (slot * ROW_WORDS) >>> 1;
    const bytes = open.appender.length;
    const start = floats[time + OPEN_MIN_TIME]!;
    const rangeEnd = (Math.floor(start / this.chunkRangeMs) + 1) * this.chunkRangeMs;
    if (!open.hasForeseenEnd && bytes >= HISTOGRAM_CHUNK_BYTES / 4) {
      floats[time + OPEN_CUT_AT] = chunkEnd(start, floats[time]!, floats[time + OPEN_CUT_AT]!, HISTOGRAM_CHUNK_BYTES / bytes);
      open.hasForeseenEnd = true;
    }
    if (timestamp < floats[time + OPEN_CUT_AT]! && bytes < HISTOGRAM_CHUNK_BYTES * 2) return false;
    return open.appender.count >= HISTOGRAM_CHUNK_SAMPLES_MIN || timestamp >= rangeEnd;
  }
}

function initialHeader(histogram: FloatHistogram): CounterResetHeader {
  switch (histogram.counterResetHint) {
    case 'gauge':
      return 'gauge';
    case 'reset':
      return 'reset';
    default:
      return 'unknown';
  }
}

/** tsdb/head_append.go computeChunkEndTime: chunks of even length from here to the end of the range. */
function chunkEnd(start: number, current: number, end: number, ratioToFull: number): number {
  const chunks = (end - start) / ((current - start + 1) * ratioToFull);
  return chunks <= 1 ? end : Math.trunc(start + (end - start) / Math.floor(chunks));
}

function copyChunk(arena: ChunkArena, from: number, to: number, bytes: number): void {
  const source = arena.slab(from);
  const target = arena.slab(to);
  const read = arena.start(from);
  const write = arena.start(to);
  for (let i = 0; i < bytes; i++) target[write + i] = source[read + i]!;
}

/** Buckets of the histograms from index `from` on. */
function bucketsFrom(from: number, { histograms, length }: SampleColumns): number {
  let buckets = 0;
  for (let i = from; i < length; i++) {
    const histogram = histograms?.[i] ?? null;
    if (histogram !== null) buckets += histogram.positiveBuckets.length + histogram.negativeBuckets.length;
  }
  return buckets;
}

/** Keeps the samples outside all intervals. */
function removeIntervals(intervals: readonly Interval[], into: SampleColumns): void {
  let kept = 0;
  for (let i = 0; i < into.length; i++) {
    const timestamp = into.timestamps[i]!;
    if (intervals.some(({ fromMs, toMs }) => timestamp >= fromMs && timestamp <= toMs)) continue;
    into.timestamps[kept] = timestamp;
    into.values[kept] = into.values[i]!;
    if (into.histograms !== null) into.histograms[kept] = into.histograms[i]!;
    kept++;
  }
  into.length = kept;
}
