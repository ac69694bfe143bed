/**
 * Was a native histogram reset between two samples? A hint stored with the sample decides; else any population that
 * shrank does: a count, a bucket, or a layout that a running histogram cannot change to (finer schema, narrower zero
 * bucket). float_histogram.go DetectReset.
 */
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../../model/histogram.ts';
import { bucketBound, coarserIndex, exponentialBound } from './bucket-bounds.ts';
import { bucketIndices, sameNumbers } from './histogram-draft.ts';

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
    const indices = bucketIndices(spans);
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
  buckets: readonly number[],
  previousSpans: readonly Span[],
  previousBuckets: readonly number[],
  previousSchema: number,
): boolean {
  if (previousBuckets.length === 0) return false;
  const { schema, zeroThreshold } = current;
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA;
  const indices = bucketIndices(spans);
  const previousIndices = bucketIndices(previousSpans).map((index) => (isCustom ? index : coarserIndex(index, previousSchema, schema)));
  let at = 0;
  for (let i = 0; i < previousIndices.length; ) {
    const index = previousIndices[i] ?? 0;
    let before = 0;
    for (; previousIndices[i] === index; i++) before += previousBuckets[i] ?? 0;
    if (!isCustom && zeroThreshold > 0 && exponentialBound(index, schema) <= zeroThreshold) continue;
    while (at < indices.length && (indices[at] ?? 0) < index) at++;
    if (indices[at] === index ? (buckets[at] ?? 0) < before : before !== 0) return true;
  }
  return false;
}

/** Custom buckets with different bounds: compares what lies between neighbouring shared bounds. */
function sharedBoundShrank(current: FloatHistogram, previous: FloatHistogram): boolean {
  const shared = current.customValues.filter((bound) => previous.customValues.includes(bound));
  const now = countsBetween(current, shared);
  const before = countsBetween(previous, shared);
  return now.some((count, i) => count < (before[i] ?? 0));
}

function countsBetween(h: FloatHistogram, bounds: readonly number[]): number[] {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  bucketIndices(h.positiveSpans).forEach((index, i) => {
    const bound = bucketBound(index, CUSTOM_BUCKETS_SCHEMA, h.customValues);
    const at = bounds.findIndex((shared) => shared >= bound);
    const to = at === -1 ? bounds.length : at;
    counts[to] = (counts[to] ?? 0) + (h.positiveBuckets[i] ?? 0);
  });
  return counts;
}
