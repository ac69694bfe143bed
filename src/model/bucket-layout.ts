/**
 * Which buckets a native histogram has: spans as wire formats write them, and the bucket indexes they stand for.
 * Widening a layout is needed where samples of one chunk have different buckets (prometheus/tsdb/chunkenc, "recode").
 */
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from './histogram.ts';

const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;
/** Finer resolutions that newer versions may write; they are read as SCHEMA_MAX. */
const SCHEMA_MAX_RESERVED = 52;

export const isKnownSchema = (schema: number): boolean =>
  schema === CUSTOM_BUCKETS_SCHEMA || (schema >= SCHEMA_MIN && schema <= SCHEMA_MAX_RESERVED);

/** The histogram in a resolution that is computed with here: buckets of a finer one are added up. */
export function inKnownResolution(histogram: FloatHistogram): FloatHistogram {
  const shift = histogram.schema - SCHEMA_MAX;
  if (shift <= 0) return histogram;
  const positive = coarser(histogram.positiveSpans, histogram.positiveBuckets, shift);
  const negative = coarser(histogram.negativeSpans, histogram.negativeBuckets, shift);
  return {
    ...histogram,
    schema: SCHEMA_MAX,
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
  };
}

/** Bucket i of one schema lies in bucket ceil(i / 2) of the next coarser one. */
function coarser(
  spans: readonly Span[],
  buckets: readonly number[],
  shift: number,
): { readonly spans: Span[]; readonly buckets: number[] } {
  const sums = new Map<number, number>();
  bucketIndexes(spans).forEach((index, i) => {
    const target = Math.ceil(index / 2 ** shift);
    sums.set(target, (sums.get(target) ?? 0) + (buckets[i] ?? 0));
  });
  return { spans: spansOf([...sums.keys()]), buckets: [...sums.values()] };
}

export function bucketCount(spans: readonly Span[]): number {
  let count = 0;
  for (const span of spans) count += span.length;
  return count;
}

/** The index of each bucket, ascending: a span's offset counts from the end of the span before. */
export function bucketIndexes(spans: readonly Span[]): number[] {
  const indexes: number[] = [];
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let i = 0; i < length; i++) indexes.push(next++);
  }
  return indexes;
}

export function spansOf(indexes: readonly number[]): Span[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

export function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((span, i) => span.offset === b[i]!.offset && span.length === b[i]!.length);
}

/** Ascending union of two ascending lists. */
export function mergeIndexes(a: readonly number[], b: readonly number[]): number[] {
  const merged: number[] = [];
  let j = 0;
  for (const index of a) {
    while (j < b.length && b[j]! < index) merged.push(b[j++]!);
    if (b[j] === index) j++;
    merged.push(index);
  }
  while (j < b.length) merged.push(b[j++]!);
  return merged;
}

/** The values of buckets `from` laid out over the buckets `to`, which hold all of `from`; 0 where `from` has none. */
export function spreadBuckets(values: readonly number[], from: readonly number[], to: readonly number[]): number[] {
  let i = 0;
  return to.map((index) => (from[i] === index ? (values[i++] ?? 0) : 0));
}

/** Counts from the differences to the left neighbour that integer histograms keep. */
export function absoluteCounts(steps: ArrayLike<number>): number[] {
  const counts: number[] = [];
  let count = 0;
  for (let i = 0; i < steps.length; i++) counts.push((count += steps[i]!));
  return counts;
}
