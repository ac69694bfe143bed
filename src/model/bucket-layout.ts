/**
 * Which buckets a native histogram has: spans as wire formats write them, and the bucket indexes they stand for.
 * Widening a layout is needed where samples of one chunk have different buckets (prometheus/tsdb/chunkenc, "recode").
 */
import { type BucketCounts, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from './histogram.ts';

const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;
/** Finer resolutions that newer versions may write; they are read as SCHEMA_MAX. */
const SCHEMA_MAX_RESERVED = 52;

/** What histograms mostly have: as an array it is made faster than a typed one. */
const LENGTH_IN_HEAP_MAX = 512;

/** Room for a number per bucket; every place is to be written before it is read. */
export const bucketColumn = (length: number): number[] | Float64Array =>
  length > LENGTH_IN_HEAP_MAX ? new Float64Array(length) : new Array<number>(length);

/** values[from, to) as counts of their own. */
export function bucketCounts(values: ArrayLike<number>, from = 0, to = values.length): BucketCounts {
  const counts = bucketColumn(to - from);
  for (let i = from; i < to; i++) counts[i - from] = values[i]!; // in bounds
  return counts;
}

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
function coarser(spans: readonly Span[], buckets: BucketCounts, shift: number): { readonly spans: Span[]; readonly buckets: BucketCounts } {
  const indexes = bucketIndexes(spans);
  const targets: number[] = [];
  const sums: number[] = [];
  for (let i = 0; i < indexes.length; i++) {
    const target = Math.ceil(indexes[i]! / 2 ** shift) + 0; // of a fraction below zero -0 is made, and spans are to have none
    const last = targets.length - 1;
    if (targets[last] === target) sums[last]! += buckets[i] ?? 0;
    else {
      targets.push(target);
      sums.push(buckets[i] ?? 0);
    }
  }
  return { spans: spansOf(targets), buckets: bucketCounts(sums) };
}

export function bucketCount(spans: readonly Span[]): number {
  let count = 0;
  for (const span of spans) count += span.length;
  return count;
}

/** The index of each bucket, ascending: a span's offset counts from the end of the span before. */
export function bucketIndexes(spans: readonly Span[]): number[] | Float64Array {
  const indexes = bucketColumn(bucketCount(spans));
  let at = 0;
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let i = 0; i < length; i++) indexes[at++] = next++;
  }
  return indexes;
}

/** The fewest spans that cover ascending indexes; of the first `length` of them. */
export function spansOf(indexes: ArrayLike<number>, length = indexes.length): Span[] {
  const spans: Span[] = [];
  let next = 0; // one past the last index covered
  for (let i = 0; i < length; ) {
    const first = indexes[i]!; // in bounds
    let run = 1;
    while (i + run < length && indexes[i + run] === first + run) run++;
    spans.push({ offset: first - next, length: run });
    next = first + run;
    i += run;
  }
  return spans;
}

export function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i]!.offset !== b[i]!.offset || a[i]!.length !== b[i]!.length) return false; // in bounds
  return true;
}

/** Ascending union of two ascending lists. */
export function mergeIndexes(a: ArrayLike<number>, b: ArrayLike<number>): BucketCounts {
  const merged = bucketColumn(a.length + b.length);
  let length = 0;
  let j = 0;
  for (let i = 0; i < a.length; i++) {
    const index = a[i]!; // in bounds, as below
    while (j < b.length && b[j]! < index) merged[length++] = b[j++]!;
    if (b[j] === index) j++;
    merged[length++] = index;
  }
  while (j < b.length) merged[length++] = b[j++]!;
  return bucketCounts(merged, 0, length);
}

/** The values of buckets `from` laid out over the buckets `to`, which hold all of `from`; 0 where `from` has none. */
export function spreadBuckets(values: BucketCounts, from: ArrayLike<number>, to: ArrayLike<number>): BucketCounts {
  const spread = bucketColumn(to.length);
  let next = 0;
  for (let i = 0; i < to.length; i++) spread[i] = from[next] === to[i] ? (values[next++] ?? 0) : 0;
  return spread;
}

/** Counts from the differences to the left neighbour that integer histograms keep. */
export function absoluteCounts(steps: ArrayLike<number>): BucketCounts {
  const counts = bucketColumn(steps.length);
  let count = 0;
  for (let i = 0; i < steps.length; i++) counts[i] = count += steps[i]!; // in bounds
  return counts;
}
