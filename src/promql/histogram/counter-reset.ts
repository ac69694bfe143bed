/**
 * Was a native histogram reset between two samples? A hint stored with the sample decides; else any population that
 * shrank does: a count, a bucket, or a layout that a running histogram cannot change to (finer schema, narrower zero
 * bucket). float_histogram.go DetectReset.
 */
import { bucketIndexes, sameSpans } from '../../model/bucket-layout.ts';
import { type BucketCounts, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../../model/histogram.ts';
import { bucketBound, coarserIndex, exponentialBound } from './bucket-bounds.ts';
import { bucketsWithin, forEachInBounds, sameNumbers, sharedBounds } from './histogram-draft.ts';

export function isReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterResetHint === 'reset') return true;
  if (current.counterResetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  const isCustom = current.schema === CUSTOM_BUCKETS_SCHEMA;
  if (isCustom) {
    if (previous.schema !== CUSTOM_BUCKETS_SCHEMA) return true;
    if (!sameNumbers(current.customValues, previous.customValues)) return sharedBoundShrank(current, previous);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const zeroCount = zeroCountAt(previous, current.zeroThreshold);
  if (zeroCount === null || current.zeroCount < zeroCount) return true;
  return (
    sideShrank(
      current,
      current.positiveSpans,
      current.positiveBuckets,
      previous.positiveSpans,
      previous.positiveBuckets,
      previous.schema,
    ) ||
    sideShrank(current, current.negativeSpans, current.negativeBuckets, previous.negativeSpans, previous.negativeBuckets, previous.schema)
  );
}

/** Observations of h within a wider zero bucket; null when its edge would cut a populated bucket. */
function zeroCountAt(h: FloatHistogram, threshold: number): number | null {
  let zeroCount = h.zeroCount;
  if (threshold === h.zeroThreshold) return zeroCount;
  for (const [spans, buckets] of [
    [h.positiveSpans, h.positiveBuckets],
    [h.negativeSpans, h.negativeBuckets],
  ] as const) {
    const indices = bucketIndexes(spans);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      if (bucketBound(index - 1, h.schema, h.customValues) >= threshold) break;
      if (bucketBound(index, h.schema, h.customValues) > threshold) {
        if (buckets[i] !== 0) return null;
        break;
      }
      zeroCount += buckets[i] ?? 0;
    }
  }
  return zeroCount;
}

/** Compares bucket by bucket outside the zero bucket, the previous side in the current, possibly coarser, schema. */
function sideShrank(
  current: FloatHistogram,
  spans: readonly Span[],
  buckets: BucketCounts,
  previousSpans: readonly Span[],
  previousBuckets: BucketCounts,
  previousSchema: number,
): boolean {
  if (previousBuckets.length === 0) return false;
  const { schema, zeroThreshold } = current;
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA;
  const clips = !isCustom && zeroThreshold > 0;
  if (previousSchema === schema && sameSpans(spans, previousSpans)) {
    const from = isCustom ? 0 : bucketsWithin(spans, schema, zeroThreshold);
    for (let i = from; i < buckets.length; i++) if (buckets[i]! < previousBuckets[i]!) return true; // in bounds
    return false;
  }
  const indexes = bucketIndexes(spans);
  const previousIndexes = bucketIndexes(previousSpans);
  if (!isCustom)
    for (let i = 0; i < previousIndexes.length; i++) previousIndexes[i] = coarserIndex(previousIndexes[i]!, previousSchema, schema);
  let at = 0;
  for (let i = 0; i < previousIndexes.length; ) {
    const index = previousIndexes[i]!;
    let before = 0;
    for (; i < previousIndexes.length && previousIndexes[i] === index; i++) before += previousBuckets[i] ?? 0;
    if (clips && exponentialBound(index, schema) <= zeroThreshold) continue;
    while (at < indexes.length && indexes[at]! < index) at++;
    if (at < indexes.length && indexes[at] === index ? (buckets[at] ?? 0) < before : before !== 0) return true;
  }
  return false;
}

/** Custom buckets with different bounds: compares what lies between neighbouring shared bounds. */
function sharedBoundShrank(current: FloatHistogram, previous: FloatHistogram): boolean {
  const shared = sharedBounds(current.customValues, previous.customValues);
  const now = countsBetween(current, shared);
  const before = countsBetween(previous, shared);
  return now.some((count, i) => count < (before[i] ?? 0));
}

function countsBetween(h: FloatHistogram, bounds: readonly number[]): number[] {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  forEachInBounds(h, bounds, (to, i) => {
    counts[to]! += h.positiveBuckets[i] ?? 0; // in bounds
  });
  return counts;
}
