/**
 * Which native histograms may be stored, and in Prometheus' words why another one may not: model/histogram Validate of
 * Histogram and FloatHistogram, and its generic.go. Histograms that come from outside pass here before anything computes
 * with their spans.
 */
import { goFormatF, goFormatG } from '../lib/go-float.ts';
import { isKnownSchema } from './bucket-layout.ts';
import { type BucketCounts, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from './histogram.ts';

/** Of bucket indexes: what a span's offset can say on the wire. */
const INDEX_MIN = -(2 ** 31);
const INDEX_MAX = 2 ** 31 - 1;

const NEGATIVE_BUCKET = 'histogram has a bucket whose observation count is negative';
const NEGATIVE_OFFSET = 'histogram has a span whose offset is negative';
const MISMATCH = 'histogram spans specify different number of buckets than provided';

/** Null for a histogram that may be stored. `isInteger`: its counts were integers, which must add up. */
export function histogramFault(histogram: FloatHistogram, isInteger: boolean): string | null {
  const { schema, count, zeroCount, positiveSpans, negativeSpans, positiveBuckets, negativeBuckets, customValues } = histogram;
  if (schema === CUSTOM_BUCKETS_SCHEMA) {
    const fault = boundsFault(customValues, positiveSpans, positiveBuckets.length);
    if (fault !== null) return `custom buckets: ${fault}`;
    if (zeroCount !== 0) return 'custom buckets: must have zero count of 0';
    if (histogram.zeroThreshold !== 0) return 'custom buckets: must have zero threshold of 0';
    if (negativeSpans.length > 0) return 'custom buckets: must not have negative spans';
    if (negativeBuckets.length > 0) return 'custom buckets: must not have negative buckets';
  } else if (isKnownSchema(schema)) {
    const positive = spansFault(positiveSpans, positiveBuckets.length);
    if (positive !== null) return `positive side: ${positive}`;
    const negative = spansFault(negativeSpans, negativeBuckets.length) ?? bucketsFault(negativeBuckets);
    if (negative !== null) return `negative side: ${negative}`;
    if (zeroCount < 0) return `zero bucket has observation count of ${goFormatG(zeroCount)}: ${NEGATIVE_BUCKET}`;
    if (customValues.length > 0) return 'histogram with exponential schema must not have custom bounds';
  } else {
    return `histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema ${schema}`;
  }
  if (count < 0) return `observation count is ${goFormatG(count)}: histogram's observation count is negative`;
  const positive = bucketsFault(positiveBuckets);
  if (positive !== null) return `positive side: ${positive}`;
  return isInteger ? countFault(histogram) : null;
}

/** An observation of NaN is in the count and in no bucket. */
function countFault({ sum, count, zeroCount, positiveBuckets, negativeBuckets }: FloatHistogram): string | null {
  // Beyond, what is added up here is rounded, and proves nothing.
  if (count > Number.MAX_SAFE_INTEGER) return null;
  const observed = total(negativeBuckets) + total(positiveBuckets) + zeroCount;
  if (Number.isNaN(sum) ? observed <= count : observed === count) return null;
  const found = `${observed} observations found in buckets, but the Count field is ${count}`;
  return Number.isNaN(sum)
    ? `${found}: histogram's observation count should be at least the number of observations found in the buckets`
    : `${found}: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)`;
}

function total(counts: BucketCounts): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i]!; // in bounds
  return sum;
}

function bucketsFault(buckets: BucketCounts): string | null {
  const at = buckets.findIndex((count) => count < 0);
  return at < 0 ? null : `bucket number ${at + 1} has observation count of ${goFormatG(buckets[at] ?? 0)}: ${NEGATIVE_BUCKET}`;
}

function spansFault(spans: readonly Span[], buckets: number): string | null {
  let needed = 0;
  let next = 0;
  for (const [i, { offset, length }] of spans.entries()) {
    if (i > 0 && offset < 0) return negativeOffset(i, offset);
    next += offset;
    if (next < INDEX_MIN || next + length > INDEX_MAX) return `span number ${i + 1} with offset ${offset}: bucket indexes take 32 bits`;
    next += length;
    needed += length;
  }
  return needed === buckets ? null : mismatch(needed, buckets);
}

function boundsFault(bounds: readonly number[], spans: readonly Span[], buckets: number): string | null {
  for (const [i, bound] of bounds.entries()) {
    if (Number.isNaN(bound)) return 'histogram custom bounds must not be NaN';
    const previous = bounds[i - 1] ?? Number.NEGATIVE_INFINITY;
    if (i > 0 && bound <= previous)
      return `previous bound is ${fixed(previous)} and current is ${fixed(bound)}: histogram custom bounds must be in strictly increasing order`;
  }
  if (bounds.at(-1) === Number.POSITIVE_INFINITY)
    return 'last +Inf bound must not be explicitly defined: histogram custom bounds must be finite';
  let needed = 0;
  let end = 0;
  for (const [i, { offset, length }] of spans.entries()) {
    if (offset < 0) return negativeOffset(i, offset);
    needed += length;
    end += offset + length;
  }
  if (needed !== buckets) return mismatch(needed, buckets);
  if (end <= bounds.length + 1) return null;
  return `only ${bounds.length} custom bounds defined which is insufficient to cover total span length of ${end}: histogram custom bounds are too few`;
}

const negativeOffset = (i: number, offset: number): string => `span number ${i + 1} with offset ${offset}: ${NEGATIVE_OFFSET}`;
const mismatch = (needed: number, buckets: number): string => `spans need ${needed} buckets, have ${buckets} buckets: ${MISMATCH}`;

/** As %f. */
const fixed = (bound: number): string => (Number.isFinite(bound) ? bound.toFixed(6) : goFormatF(bound));
