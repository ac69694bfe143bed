/**
 * One batch of samples on its way into the head: collected in columns, written to the log, then made visible in one
 * turn of the thread. What a sample is refused for is decided when it is appended, against the head and the batch so far
 * (prometheus/tsdb/head_append.go). Two open batches that write the same series race: at commit the later one's samples
 * that are no longer in order are left out and counted.
 *
 * Hot path: append and commit.
 */
import { ByteWriter } from '../lib/byte-writer.ts';
import { HIGH_WORD, highWordOf, LOW_WORD, lowWordOf } from '../lib/float-bits.ts';
import { sameSpans } from '../model/bucket-layout.ts';
import { type BucketCounts, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { Appender, AppendVerdict, SeriesRef } from '../model/storage.ts';
import { FLOAT_HISTOGRAM } from './chunk-encoding.ts';
import type { Head } from './head.ts';
import { OPEN_ENCODING, PENDING, ROW_WORDS } from './series-table.ts';
import { addHistogram, addSample, addSeries, startHistograms, startSamples, startSeries } from './wal/records.ts';
import { xorLastValueHigh, xorLastValueLow } from './xor-chunk.ts';

/** Timestamps beyond cannot be encoded; some 140 000 years from 1970. */
export const TIMESTAMP_MAX = 2 ** 52;
/** A record is ended at this size, so that replay needs little memory. A scrape is far below and stays whole. */
const RECORD_BYTES = 4 * 1024 * 1024;

/** Columns of a larger batch are not kept for later ones. */
const COLUMNS_KEPT_LENGTH = 1 << 17;

export type AppendStats = {
  outOfOrder: number;
  outOfBounds: number;
  duplicates: number;
  /** Accepted, and refused at commit because another batch came first. */
  overtaken: number;
  commits: number;
  commitsFailed: number;
  rollbacks: number;
};

/** What a batch needs of the store that made it. */
export interface BatchStore {
  readonly head: Head;
  readonly appendStats: AppendStats;
  /** Samples before this are refused. */
  appendableFromMs(): number;
  /** The number for a series that enters the log. */
  nextWalRef(): number;
  stage(record: Uint8Array): void;
  /** Writes what was staged, with the time range of its samples; throws when it is not in the log. */
  write(minTime: number, maxTime: number): void;
  discard(): void;
  /** A batch with samples is stored, or was lost. */
  settled(writer: object, isStored: boolean): void;
  /** The batch has its first sample, or is done. */
  opened(batch: HeadAppender): void;
  closed(batch: HeadAppender): void;
}

/** Columns of a batch, used again by later ones. */
export class BatchColumns {
  slots = new Int32Array(256);
  timestamps = new Float64Array(256);
  /** Seen as floats and as words. */
  values = new Float64Array(256);
  words = new Uint32Array(this.values.buffer);
  histograms: (FloatHistogram | null)[] | null = null;
  readonly record = new ByteWriter(4096);

  /** Without the objects of the last batch, and not larger than scrapes need. */
  released(): BatchColumns {
    this.histograms = null;
    return this.slots.length > COLUMNS_KEPT_LENGTH ? new BatchColumns() : this;
  }

  grow(): void {
    const length = this.slots.length * 2;
    this.slots = copyInto(new Int32Array(length), this.slots);
    this.timestamps = copyInto(new Float64Array(length), this.timestamps);
    // By words: a NaN keeps its bits whatever the copy does with floats.
    const words = copyInto(new Uint32Array(length * 2), this.words);
    this.values = new Float64Array(words.buffer);
    this.words = words;
  }
}

export class HeadAppender implements Appender {
  readonly #store: BatchStore;
  readonly #head: Head;
  readonly #columns: BatchColumns;
  readonly #writer: object;
  readonly #fromMs: number;
  #count = 0;
  /** Where a new part begins: within a part all samples of a series go to one record, so that replay keeps their order. */
  #parts: number[] = [];
  #isDone = false;
  /** Another batch had samples while this one was open. */
  wasOverlapped = false;
  /** Slots of the first so many samples; made when it is asked for. */
  #slotSet: ReadonlySet<number> = new Set();
  #slotsSeen = 0;

  constructor(store: BatchStore, columns: BatchColumns, writer: object) {
    this.#store = store;
    this.#writer = writer;
    this.#head = store.head;
    this.#columns = columns;
    this.#fromMs = store.appendableFromMs();
  }

  /** It has samples of the series. */
  holds(slot: number): boolean {
    const { slots } = this.#columns;
    const pending = this.#head.series.states.words[slot * ROW_WORDS + PENDING]!;
    if (pending < this.#count && slots[pending] === slot) return true;
    if (!this.wasOverlapped) return false;
    // Another batch may have left its mark over this one's.
    if (this.#slotsSeen !== this.#count) {
      this.#slotSet = new Set(slots.subarray(0, this.#count));
      this.#slotsSeen = this.#count;
    }
    return this.#slotSet.has(slot);
  }

  get columns(): BatchColumns {
    return this.#columns;
  }

  series(labels: Labels): SeriesRef {
    const slot = this.#head.seriesOf(labels); // may replace the columns by longer ones
    return this.#head.series.refs[slot]! as SeriesRef;
  }

  append(ref: SeriesRef, timestampMs: number, value: number): AppendVerdict {
    const { series } = this.#head;
    const slot = series.slotOf(ref);
    if (series.refs[slot] !== ref) return 'unknown_ref';
    if (!this.#isInBounds(timestampMs)) return this.#outOfBounds();
    const { words } = series.states;
    const base = slot * ROW_WORDS;
    const columns = this.#columns;
    const pending = words[base + PENDING]!;
    if (pending < this.#count && columns.slots[pending] === slot) {
      const last = columns.timestamps[pending]!;
      if (timestampMs <= last) {
        if (timestampMs < last) return this.#outOfOrder();
        const isSame =
          columns.histograms?.[pending] == null &&
          columns.words[pending * 2 + HIGH_WORD] === highWordOf(value) &&
          columns.words[pending * 2 + LOW_WORD] === lowWordOf(value);
        return isSame ? 'ok' : this.#duplicate();
      }
      if (columns.histograms?.[pending] != null) this.#parts.push(this.#count);
    } else {
      const last = series.lastTime(slot);
      if (timestampMs <= last) {
        if (timestampMs < last) return this.#outOfOrder();
        const isSame =
          words[base + OPEN_ENCODING] !== FLOAT_HISTOGRAM &&
          xorLastValueHigh(series.states, base) === highWordOf(value) &&
          xorLastValueLow(series.states, base) === lowWordOf(value);
        return isSame ? 'ok' : this.#duplicate();
      }
    }
    this.#push(slot, base, timestampMs);
    columns.values[this.#count] = value;
    if (columns.histograms !== null) columns.histograms[this.#count] = null;
    this.#count++;
    return 'ok';
  }

  appendHistogram(ref: SeriesRef, timestampMs: number, histogram: FloatHistogram): AppendVerdict {
    const { series } = this.#head;
    const slot = series.slotOf(ref);
    if (series.refs[slot] !== ref) return 'unknown_ref';
    if (!this.#isInBounds(timestampMs)) return this.#outOfBounds();
    const columns = this.#columns;
    const base = slot * ROW_WORDS;
    const pending = series.states.words[base + PENDING]!;
    if (pending < this.#count && columns.slots[pending] === slot) {
      const last = columns.timestamps[pending]!;
      const previous = columns.histograms?.[pending] ?? null;
      if (timestampMs < last) return this.#outOfOrder();
      if (timestampMs === last) return previous !== null && sameHistogram(previous, histogram) ? 'ok' : this.#duplicate();
      if (previous === null || hasCustomBuckets(previous) !== hasCustomBuckets(histogram)) this.#parts.push(this.#count);
    } else {
      const last = series.lastTime(slot);
      if (timestampMs < last) return this.#outOfOrder();
      if (timestampMs === last) {
        const previous = this.#head.lastHistogram(slot);
        return previous !== undefined && sameHistogram(previous, histogram) ? 'ok' : this.#duplicate();
      }
    }
    this.#push(slot, base, timestampMs);
    columns.values[this.#count] = 0;
    columns.histograms ??= new Array<FloatHistogram | null>(this.#count).fill(null);
    columns.histograms[this.#count] = histogram;
    this.#count++;
    return 'ok';
  }

  /** Not kept: the chunk encodings that hold start timestamps are experimental and older Prometheus cannot read them. */
  startTimestamp(): void {}

  commit(): void {
    this.#finish();
    const store = this.#store;
    if (this.#count === 0) {
      store.appendStats.commits++;
      store.closed(this);
      return;
    }
    const { series } = this.#head;
    const { slots } = this.#columns;
    const entering: number[] = [];
    try {
      for (let i = 0; i < this.#count; i++) {
        const slot = slots[i]!;
        if (series.walRefs[slot] !== 0) continue;
        series.walRefs[slot] = store.nextWalRef();
        entering.push(slot);
      }
      this.#log(entering);
    } catch (error) {
      // Not in the log: the series enter it with the next batch that succeeds.
      for (const slot of entering) series.walRefs[slot] = 0;
      store.discard();
      store.appendStats.commitsFailed++;
      store.closed(this);
      store.settled(this.#writer, false);
      throw error;
    }
    this.#apply();
    store.appendStats.commits++;
    store.closed(this);
    store.settled(this.#writer, true);
  }

  rollback(): void {
    this.#finish();
    this.#store.appendStats.rollbacks++;
    this.#store.closed(this);
  }

  #finish(): void {
    if (this.#isDone) throw new Error('BUG: the batch was committed or rolled back before');
    this.#isDone = true;
  }

  #isInBounds(timestampMs: number): boolean {
    return timestampMs >= this.#fromMs && timestampMs >= -TIMESTAMP_MAX && timestampMs <= TIMESTAMP_MAX && Number.isInteger(timestampMs);
  }

  #push(slot: number, base: number, timestampMs: number): void {
    if (this.#isDone) throw new Error('BUG: the batch was committed or rolled back before');
    const at = this.#count;
    if (at === 0) this.#store.opened(this);
    const columns = this.#columns;
    if (at === columns.slots.length) columns.grow();
    columns.slots[at] = slot;
    columns.timestamps[at] = timestampMs;
    this.#head.series.states.words[base + PENDING] = at;
  }

  #outOfBounds(): AppendVerdict {
    this.#store.appendStats.outOfBounds++;
    return 'out_of_bounds';
  }

  #outOfOrder(): AppendVerdict {
    this.#store.appendStats.outOfOrder++;
    return 'out_of_order';
  }

  #duplicate(): AppendVerdict {
    this.#store.appendStats.duplicates++;
    return 'duplicate';
  }

  /** Series, then floats and histograms of each part: what replay meets first is what it needs first. */
  #log(entering: readonly number[]): void {
    const store = this.#store;
    const { series } = this.#head;
    const { record } = this.#columns;
    if (entering.length > 0) {
      record.clear();
      startSeries(record);
      for (const slot of entering) {
        addSeries(record, series.walRefs[slot]!, series.labels(slot));
        if (record.length < RECORD_BYTES) continue;
        store.stage(record.view());
        record.clear();
        startSeries(record);
      }
      if (record.length > 1) store.stage(record.view());
    }
    const { histograms } = this.#columns;
    // Where another batch left its marks over this one's, a change of kind may have been missed.
    const parts = histograms !== null && this.wasOverlapped ? partsOf(this.#columns.slots, histograms, this.#count) : this.#parts;
    let from = 0;
    for (const to of [...parts, this.#count]) {
      this.#logFloats(from, to);
      if (histograms !== null) {
        this.#logHistograms(from, to, false);
        this.#logHistograms(from, to, true);
      }
      from = to;
    }
    let minTime = Number.POSITIVE_INFINITY;
    let maxTime = Number.NEGATIVE_INFINITY;
    const { timestamps } = this.#columns;
    for (let i = 0; i < this.#count; i++) {
      const timestamp = timestamps[i]!;
      if (timestamp < minTime) minTime = timestamp;
      if (timestamp > maxTime) maxTime = timestamp;
    }
    store.write(minTime, maxTime);
  }

  #logFloats(from: number, to: number): void {
    const { slots, timestamps, words, histograms, record } = this.#columns;
    const { walRefs } = this.#head.series;
    record.clear();
    let baseRef = 0;
    let baseTime = 0;
    for (let i = from; i < to; i++) {
      if (histograms !== null && histograms[i] !== null) continue;
      const ref = walRefs[slots[i]!]!;
      const timestamp = timestamps[i]!;
      if (record.length === 0) {
        baseRef = ref;
        baseTime = timestamp;
        startSamples(record, ref, timestamp);
      }
      addSample(record, baseRef, baseTime, ref, timestamp, words[i * 2 + HIGH_WORD]!, words[i * 2 + LOW_WORD]!);
      if (record.length >= RECORD_BYTES) {
        this.#store.stage(record.view());
        record.clear();
      }
    }
    if (record.length > 0) this.#store.stage(record.view());
  }

  #logHistograms(from: number, to: number, isCustom: boolean): void {
    const { slots, timestamps, histograms, record } = this.#columns;
    const { walRefs } = this.#head.series;
    record.clear();
    let baseRef = 0;
    let baseTime = 0;
    for (let i = from; i < to; i++) {
      const histogram = histograms?.[i];
      if (histogram == null || hasCustomBuckets(histogram) !== isCustom) continue;
      const ref = walRefs[slots[i]!]!;
      const timestamp = timestamps[i]!;
      if (record.length === 0) {
        baseRef = ref;
        baseTime = timestamp;
        startHistograms(record, ref, timestamp, isCustom);
      }
      addHistogram(record, baseRef, baseTime, ref, timestamp, histogram);
      if (record.length >= RECORD_BYTES) {
        this.#store.stage(record.view());
        record.clear();
      }
    }
    if (record.length > 0) this.#store.stage(record.view());
  }

  #apply(): void {
    const head = this.#head;
    const { series } = head;
    const { slots, timestamps, words, histograms } = this.#columns;
    for (let i = 0; i < this.#count; i++) {
      const slot = slots[i]!;
      const timestamp = timestamps[i]!;
      if (timestamp <= series.lastTime(slot)) {
        this.#store.appendStats.overtaken++;
        continue;
      }
      const histogram = histograms === null ? null : histograms[i]!;
      if (histogram === null) head.appendFloat(slot, timestamp, words[i * 2 + HIGH_WORD]!, words[i * 2 + LOW_WORD]!);
      else head.appendHistogram(slot, timestamp, histogram);
    }
  }
}

/** Where parts have to begin so that within each a series has samples of one kind only. */
function partsOf(slots: Int32Array, histograms: readonly (FloatHistogram | null)[], count: number): number[] {
  const parts: number[] = [];
  const kinds = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const histogram = histograms[i]!; // in bounds, as the slot
    const kind = histogram === null ? 0 : hasCustomBuckets(histogram) ? 1 : 2;
    if ((kinds.get(slots[i]!) ?? kind) !== kind) {
      parts.push(i);
      kinds.clear();
    }
    kinds.set(slots[i]!, kind);
  }
  return parts;
}

const hasCustomBuckets = (histogram: FloatHistogram): boolean => histogram.schema === CUSTOM_BUCKETS_SCHEMA;

/** Equal in every field but the hint; NaN equals NaN. */
function sameHistogram(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a === b ||
    (a.schema === b.schema &&
      a.zeroThreshold === b.zeroThreshold &&
      Object.is(a.zeroCount, b.zeroCount) &&
      Object.is(a.count, b.count) &&
      highWordOf(a.sum) === highWordOf(b.sum) &&
      lowWordOf(a.sum) === lowWordOf(b.sum) &&
      sameSpans(a.positiveSpans, b.positiveSpans) &&
      sameSpans(a.negativeSpans, b.negativeSpans) &&
      sameNumbers(a.positiveBuckets, b.positiveBuckets) &&
      sameNumbers(a.negativeBuckets, b.negativeBuckets) &&
      sameNumbers(a.customValues, b.customValues))
  );
}

function sameNumbers(a: BucketCounts, b: BucketCounts): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function copyInto<A extends { set(from: A): void }>(to: A, from: A): A {
  to.set(from);
  return to;
}
