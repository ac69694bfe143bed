/**
 * Histogram (encoding 2) and float histogram (3) chunks: the layout once, then per sample the delta of delta of the
 * time and each field against the sample before. Integer histograms are read only, and read as floats: the head keeps
 * every native histogram as a float histogram.
 * Layout: prometheus/tsdb/docs/format/chunks.md, "Histogram chunk data" and "Float histogram chunk data".
 */
import { floatOfWords, highWordOf, lowWordOf } from '../lib/float-bits.ts';
import {
  absoluteCounts,
  bucketCount,
  bucketCounts,
  bucketIndexes,
  inKnownResolution,
  isKnownSchema,
  mergeIndexes,
  sameSpans,
  spansOf,
  spreadBuckets,
} from '../model/bucket-layout.ts';
import { type BucketCounts, type CounterResetHint, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../model/histogram.ts';
import { isStale, SampleColumns } from '../model/sample.ts';
import { BitReader, BitWriter } from './varbit.ts';
import { XorFields } from './xor-fields.ts';

/** The top two bits of a chunk's flags: what happened to the counter before its first sample. */
export type CounterResetHeader = 'unknown' | 'not_reset' | 'reset' | 'gauge';
const HEADER_BITS: Readonly<Record<CounterResetHeader, number>> = { unknown: 0x00, not_reset: 0x40, reset: 0x80, gauge: 0xc0 };
const HEADERS: readonly CounterResetHeader[] = ['unknown', 'not_reset', 'reset', 'gauge'];

const HEADER_BYTES = 3;
/** Sanity bound of what a chunk may declare; a chunk is some kilobytes. */
const BUCKETS_MAX = 1_000_000;
/** Numbers that recoding a chunk may come to, so that no series of histograms makes it cost without limit. */
const RECODED_MAX = 200_000;
const COUNT = 0;
const ZERO_COUNT = 1;
const SUM = 2;
const BUCKETS = 3;

type Layout = Pick<FloatHistogram, 'schema' | 'zeroThreshold' | 'positiveSpans' | 'negativeSpans' | 'customValues'>;
const EMPTY_LAYOUT: Layout = { schema: 0, zeroThreshold: 0, positiveSpans: [], negativeSpans: [], customValues: [] };

/** How the next histogram gets into a series' open chunk. */
type Fit =
  | { readonly kind: 'as_is' }
  /** Chunk and histogram are first brought to this layout, which holds the buckets of both. */
  | { readonly kind: 'widen'; readonly positive: BucketCounts; readonly negative: BucketCounts }
  | { readonly kind: 'new_chunk'; readonly header: CounterResetHeader };

/** An open float histogram chunk. */
export class FloatHistogramAppender {
  readonly #header: CounterResetHeader;
  #writer = new BitWriter(256);
  #layout: Layout = EMPTY_LAYOUT;
  #fields = new XorFields(BUCKETS);
  #count = 0;
  #timestamp = 0;
  #delta = 0;

  constructor(header: CounterResetHeader) {
    this.#header = header;
    this.#writer.bits(0, 16);
    this.#writer.bits(HEADER_BITS[header], 8);
  }

  /** The chunk's data are bytes[0, length); valid until the next append. */
  get bytes(): Uint8Array {
    return this.#writer.bytes;
  }

  get length(): number {
    return this.#writer.length;
  }

  get count(): number {
    return this.#count;
  }

  /** Appends and answers null, or the header of the new chunk that the histogram must begin. */
  append(timestamp: number, histogram: FloatHistogram): CounterResetHeader | null {
    const fit = this.#count === 0 ? AS_IS : this.#fit(histogram);
    switch (fit.kind) {
      case 'new_chunk':
        return fit.header;
      case 'as_is':
        this.#write(timestamp, histogram);
        return null;
      case 'widen': {
        const positiveSpans = spansOf(fit.positive);
        const negativeSpans = spansOf(fit.negative);
        const widen = (from: FloatHistogram): FloatHistogram => ({
          ...from,
          positiveSpans,
          negativeSpans,
          positiveBuckets: spreadBuckets(from.positiveBuckets, bucketIndexes(from.positiveSpans), fit.positive),
          negativeBuckets: spreadBuckets(from.negativeBuckets, bucketIndexes(from.negativeSpans), fit.negative),
        });
        if (!sameSpans(positiveSpans, this.#layout.positiveSpans) || !sameSpans(negativeSpans, this.#layout.negativeSpans))
          this.#recode(widen);
        this.#write(timestamp, widen(histogram));
        return null;
      }
    }
  }

  /** What a new chunk begun by `histogram` says of the counter, seen from this chunk, which is its predecessor. */
  headerAfter(histogram: FloatHistogram): CounterResetHeader {
    if (histogram.counterResetHint === 'gauge') return 'gauge';
    const fit = this.#fit(histogram);
    return fit.kind === 'new_chunk' ? fit.header : 'not_reset';
  }

  #fit(histogram: FloatHistogram): Fit {
    const isGauge = histogram.counterResetHint === 'gauge';
    if (isGauge !== (this.#header === 'gauge')) return newChunk(isGauge ? 'gauge' : 'unknown');
    if (histogram.counterResetHint === 'reset') return newChunk('reset');
    if (isStale(histogram.sum)) return AS_IS;
    // After a stale marker only stale markers fit: the chunk's fields no longer hold the last counts.
    if (isStale(this.#fields.values[SUM]!)) return newChunk(isGauge ? 'gauge' : 'unknown');
    const { values } = this.#fields;
    if (!isGauge && histogram.count < values[COUNT]!) return newChunk('reset');
    if (histogram.schema !== this.#layout.schema || histogram.zeroThreshold !== this.#layout.zeroThreshold) {
      return newChunk(isGauge ? 'gauge' : 'unknown');
    }
    if (!sameNumbers(histogram.customValues, this.#layout.customValues)) return newChunk(isGauge ? 'gauge' : 'reset');
    if (!isGauge && histogram.zeroCount < values[ZERO_COUNT]!) return newChunk('reset');

    const { positiveSpans, negativeSpans } = this.#layout;
    if (sameSpans(positiveSpans, histogram.positiveSpans) && sameSpans(negativeSpans, histogram.negativeSpans)) {
      if (isGauge) return AS_IS;
      const { positiveBuckets, negativeBuckets } = histogram;
      for (let i = 0; i < positiveBuckets.length; i++) if (positiveBuckets[i]! < values[BUCKETS + i]!) return newChunk('reset');
      const negative = BUCKETS + positiveBuckets.length;
      for (let i = 0; i < negativeBuckets.length; i++) if (negativeBuckets[i]! < values[negative + i]!) return newChunk('reset');
      return AS_IS;
    }
    const positive = this.#union(positiveSpans, histogram.positiveSpans, histogram.positiveBuckets, BUCKETS, isGauge);
    const negative = this.#union(
      negativeSpans,
      histogram.negativeSpans,
      histogram.negativeBuckets,
      BUCKETS + bucketCount(positiveSpans),
      isGauge,
    );
    if (positive === null || negative === null) return newChunk('reset');
    // Every sample of the chunk would get every bucket of the union.
    if ((this.#count + 1) * (positive.length + negative.length) > RECODED_MAX) return newChunk(isGauge ? 'gauge' : 'not_reset');
    return { kind: 'widen', positive, negative };
  }

  /** The buckets of chunk and histogram together; null when one of the chunk's fell or went missing while in use. */
  #union(spans: readonly Span[], others: readonly Span[], counts: BucketCounts, first: number, isGauge: boolean): BucketCounts | null {
    const mine = bucketIndexes(spans);
    const theirs = bucketIndexes(others);
    const union = mergeIndexes(mine, theirs);
    if (isGauge) return union;
    const { values } = this.#fields;
    let j = 0;
    for (let i = 0; i < mine.length; i++) {
      while (j < theirs.length && theirs[j]! < mine[i]!) j++;
      const count = theirs[j] === mine[i] ? counts[j]! : 0;
      if (count < values[first + i]!) return null;
    }
    return union;
  }

  #recode(widen: (histogram: FloatHistogram) => FloatHistogram): void {
    const samples = new SampleColumns(this.#count);
    const end = this.length;
    this.#writer.bits(0, 32); // the reader looks ahead
    readFloatHistogramChunk(this.bytes, 0, end, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, samples);
    this.#writer = new BitWriter(this.bytes.length * 2);
    this.#writer.bits(0, 16);
    this.#writer.bits(HEADER_BITS[this.#header], 8);
    this.#count = 0;
    for (let i = 0; i < samples.length; i++) {
      const histogram = samples.histograms?.[i];
      if (histogram) this.#write(samples.timestamps[i]!, isStale(histogram.sum) ? histogram : widen(histogram));
    }
  }

  #write(timestamp: number, given: FloatHistogram): void {
    // A stale marker has no buckets, and as the first sample no layout either.
    const histogram = isStale(given.sum) ? { ...EMPTY_LAYOUT, sum: given.sum, count: 0, zeroCount: 0, ...NO_BUCKETS } : given;
    const writer = this.#writer;
    const { positiveBuckets, negativeBuckets } = histogram;
    if (this.#count === 0) {
      this.#layout = histogram;
      this.#fields = new XorFields(BUCKETS + positiveBuckets.length + negativeBuckets.length);
      writeLayout(writer, histogram);
      writer.varbitInt(timestamp);
      this.#delta = 0;
      const fields = this.#fields;
      fields.writeFirst(writer, COUNT, histogram.count);
      fields.writeFirst(writer, ZERO_COUNT, histogram.zeroCount);
      fields.writeFirst(writer, SUM, histogram.sum);
      let field = BUCKETS;
      for (let i = 0; i < positiveBuckets.length; i++) fields.writeFirst(writer, field++, positiveBuckets[i]!); // in bounds
      for (let i = 0; i < negativeBuckets.length; i++) fields.writeFirst(writer, field++, negativeBuckets[i]!);
    } else {
      const delta = timestamp - this.#timestamp;
      writer.varbitInt(delta - this.#delta);
      this.#delta = delta;
      const fields = this.#fields;
      fields.write(writer, COUNT, histogram.count);
      fields.write(writer, ZERO_COUNT, histogram.zeroCount);
      fields.write(writer, SUM, histogram.sum);
      let field = BUCKETS;
      for (let i = 0; i < positiveBuckets.length; i++) fields.write(writer, field++, positiveBuckets[i]!); // in bounds
      for (let i = 0; i < negativeBuckets.length; i++) fields.write(writer, field++, negativeBuckets[i]!);
    }
    this.#timestamp = timestamp;
    this.#count++;
    writer.bytes[0] = this.#count >>> 8;
    writer.bytes[1] = this.#count;
  }
}

const AS_IS: Fit = { kind: 'as_is' };
const NO_BUCKETS = { positiveBuckets: [], negativeBuckets: [] };
const newChunk = (header: CounterResetHeader): Fit => ({ kind: 'new_chunk', header });
const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((value, i) => value === b[i]);

/** A stale marker in the place of a histogram. */
export const staleHistogram = (sum: number): FloatHistogram => ({
  ...EMPTY_LAYOUT,
  ...NO_BUCKETS,
  counterResetHint: 'unknown',
  zeroCount: 0,
  count: 0,
  sum,
});

/** Appends the samples of a float histogram chunk; the arguments and the result are readXorChunk's. */
export function readFloatHistogramChunk(
  bytes: Uint8Array,
  start: number,
  end: number,
  fromMs: number,
  toMs: number,
  into: SampleColumns,
): boolean {
  const chunk = openChunk(bytes, start, end);
  if (chunk === null) return false;
  const { reader, header, layout, total } = chunk;
  const positives = bucketCount(layout.positiveSpans);
  const fieldCount = BUCKETS + positives + bucketCount(layout.negativeSpans);
  const fields = new XorFields(fieldCount);
  let timestamp = 0;
  let delta = 0;
  for (let i = 0; i < total && timestamp <= toMs; i++) {
    if (i === 0) {
      timestamp = reader.varbitInt();
      for (let field = 0; field < fieldCount; field++) fields.readFirst(reader, field);
    } else {
      delta += reader.varbitInt();
      timestamp += delta;
      for (let field = 0; field < fieldCount; field++) {
        if (!fields.read(reader, field)) return false;
        if (field === SUM && isStale(fields.values[SUM]!)) break;
      }
    }
    if (reader.failed) return false;
    if (timestamp < fromMs || timestamp > toMs) continue;
    const { values } = fields;
    const sum = values[SUM]!;
    into.pushHistogram(
      timestamp,
      isStale(sum)
        ? staleHistogram(sum)
        : inKnownResolution({
            ...layout,
            counterResetHint: hintAt(header, i),
            count: values[COUNT]!,
            zeroCount: values[ZERO_COUNT]!,
            sum,
            positiveBuckets: bucketCounts(values, BUCKETS, BUCKETS + positives),
            negativeBuckets: bucketCounts(values, BUCKETS + positives),
          }),
    );
  }
  return true;
}

/** Appends the samples of an integer histogram chunk as float histograms. */
export function readHistogramChunk(
  bytes: Uint8Array,
  start: number,
  end: number,
  fromMs: number,
  toMs: number,
  into: SampleColumns,
): boolean {
  const chunk = openChunk(bytes, start, end);
  if (chunk === null) return false;
  const { reader, header, layout, total } = chunk;
  const positives = bucketCount(layout.positiveSpans);
  const negatives = bucketCount(layout.negativeSpans);
  // Buckets are stored as differences to their left neighbour: `steps`, and how these change from sample to sample.
  const steps = new Float64Array(positives + negatives);
  const changes = new Float64Array(positives + negatives);
  const sum = new XorFields(1);
  let timestamp = 0;
  let delta = 0;
  let count = 0;
  let countDelta = 0;
  let zeroCount = 0;
  let zeroCountDelta = 0;
  for (let i = 0; i < total && timestamp <= toMs; i++) {
    if (i === 0) {
      timestamp = reader.varbitInt();
      count = reader.varbitUint();
      zeroCount = reader.varbitUint();
      sum.readFirst(reader, 0);
      for (let k = 0; k < steps.length; k++) steps[k] = reader.varbitInt();
    } else {
      delta += reader.varbitInt();
      timestamp += delta;
      countDelta += reader.varbitInt();
      count += countDelta;
      zeroCountDelta += reader.varbitInt();
      zeroCount += zeroCountDelta;
      if (!sum.read(reader, 0)) return false;
      if (!isStale(sum.values[0]!)) {
        for (let k = 0; k < steps.length; k++) {
          changes[k]! += reader.varbitInt();
          steps[k]! += changes[k]!;
        }
      }
    }
    if (reader.failed) return false;
    if (timestamp < fromMs || timestamp > toMs) continue;
    const total = sum.values[0]!;
    into.pushHistogram(
      timestamp,
      isStale(total)
        ? staleHistogram(total)
        : inKnownResolution({
            ...layout,
            counterResetHint: hintAt(header, i),
            count,
            zeroCount,
            sum: total,
            positiveBuckets: absoluteCounts(steps.subarray(0, positives)),
            negativeBuckets: absoluteCounts(steps.subarray(positives)),
          }),
    );
  }
  return true;
}

/** Whether a reset lies before the first sample is not certain: the chunk before may be gone. */
function hintAt(header: CounterResetHeader, index: number): CounterResetHint {
  if (header === 'gauge') return 'gauge';
  return index > 0 ? 'not_reset' : 'unknown';
}

type OpenChunk = {
  readonly reader: BitReader;
  readonly header: CounterResetHeader;
  readonly layout: Layout;
  readonly total: number;
};

function openChunk(bytes: Uint8Array, start: number, end: number): OpenChunk | null {
  if (end - start < HEADER_BYTES) return null;
  const total = (bytes[start]! << 8) | bytes[start + 1]!;
  const header = HEADERS[bytes[start + 2]! >>> 6]!;
  const reader = new BitReader(bytes, start + HEADER_BYTES, end);
  const layout = total === 0 ? EMPTY_LAYOUT : readLayout(reader);
  return layout === null ? null : { reader, header, layout, total };
}

function writeLayout(writer: BitWriter, layout: Layout): void {
  writeZeroThreshold(writer, layout.zeroThreshold);
  writer.varbitInt(layout.schema);
  for (const spans of [layout.positiveSpans, layout.negativeSpans]) {
    writer.varbitUint(spans.length);
    for (const span of spans) {
      writer.varbitUint(span.length);
      writer.varbitInt(span.offset);
    }
  }
  if (layout.schema !== CUSTOM_BUCKETS_SCHEMA) return;
  writer.varbitUint(layout.customValues.length);
  for (const bound of layout.customValues) writeCustomBound(writer, bound);
}

function readLayout(reader: BitReader): Layout | null {
  const zeroThreshold = readZeroThreshold(reader);
  const schema = reader.varbitInt();
  if (!isKnownSchema(schema)) return null;
  const positiveSpans = readSpans(reader);
  const negativeSpans = readSpans(reader);
  if (positiveSpans === null || negativeSpans === null) return null;
  const customValues: number[] = [];
  if (schema === CUSTOM_BUCKETS_SCHEMA) {
    const count = reader.varbitUint();
    for (let i = 0; i < count && !reader.failed; i++) customValues.push(readCustomBound(reader));
  }
  return reader.failed ? null : { schema, zeroThreshold, positiveSpans, negativeSpans, customValues };
}

function readSpans(reader: BitReader): Span[] | null {
  const count = reader.varbitUint();
  const spans: Span[] = [];
  let buckets = 0;
  for (let i = 0; i < count; i++) {
    const length = reader.varbitUint();
    const offset = reader.varbitInt();
    buckets += length;
    if (reader.failed || buckets > BUCKETS_MAX) return null;
    spans.push({ offset, length });
  }
  return spans;
}

/** Powers of two from 2^-243 to 2^10 take a byte: their exponent in the form 0.5·2^e, plus 243. */
function writeZeroThreshold(writer: BitWriter, threshold: number): void {
  const high = highWordOf(threshold);
  const low = lowWordOf(threshold);
  const exponent = ((high >>> 20) & 0x7ff) - 1022;
  if (threshold === 0) writer.bits(0, 8);
  else if (threshold > 0 && low === 0 && (high & 0xfffff) === 0 && exponent >= -242 && exponent <= 11) writer.bits(exponent + 243, 8);
  else {
    writer.bits(255, 8);
    writer.bits(high, 32);
    writer.bits(low, 32);
  }
}

function readZeroThreshold(reader: BitReader): number {
  const byte = reader.bits(8);
  if (byte === 0) return 0;
  if (byte < 255) return 2 ** (byte - 244);
  const high = reader.bits(32);
  return floatOfWords(high, reader.bits(32));
}

/** Multiples of 0.001 up to 33554.430 are whole numbers once multiplied; all others take a zero bit and the float. */
function writeCustomBound(writer: BitWriter, bound: number): void {
  const thousandths = Math.round(bound * 1000);
  if (bound * 1000 >= 0 && bound * 1000 <= 33_554_430 && thousandths / 1000 === bound) writer.varbitUint(thousandths + 1);
  else {
    writer.bits(0, 1);
    writer.bits(highWordOf(bound), 32);
    writer.bits(lowWordOf(bound), 32);
  }
}

function readCustomBound(reader: BitReader): number {
  const thousandths = reader.varbitUint();
  if (thousandths > 0) return (thousandths - 1) / 1000;
  const high = reader.bits(32);
  return floatOfWords(high, reader.bits(32));
}
