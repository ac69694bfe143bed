/** Equality of results as promqltest has it: floats within a relative 1e-6, histograms after compaction. */
import { bucketIndexes } from '../../../src/model/bucket-layout.ts';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '../../../src/model/histogram.ts';
import { isStale } from '../../../src/model/sample.ts';
import { compact, draftOf, sameNumbers } from '../../../src/promql/histogram/histogram-draft.ts';

const EPSILON = 1e-6;
const SMALLEST_NORMAL = 2 ** -1022;

export function almostEqual(a: number, b: number): boolean {
  if (isStale(a) || isStale(b)) return isStale(a) && isStale(b);
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < SMALLEST_NORMAL) return difference < EPSILON * SMALLEST_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < EPSILON;
}

export function almostEqualHistograms(expected: FloatHistogram, actual: FloatHistogram, comparesHint: boolean): boolean {
  const a = compact(draftOf(expected));
  const b = compact(draftOf(actual));
  const sameBuckets = (side: 'positive' | 'negative'): boolean =>
    sameNumbers(bucketIndexes(a[`${side}Spans`]), bucketIndexes(b[`${side}Spans`])) &&
    a[`${side}Buckets`].every((count, i) => almostEqual(count, b[`${side}Buckets`][i] ?? Number.NaN));
  return (
    a.schema === b.schema &&
    almostEqual(a.count, b.count) &&
    almostEqual(a.sum, b.sum) &&
    (a.schema !== CUSTOM_BUCKETS_SCHEMA || sameNumbers(a.customValues, b.customValues)) &&
    a.zeroThreshold === b.zeroThreshold &&
    almostEqual(a.zeroCount, b.zeroCount) &&
    sameBuckets('negative') &&
    sameBuckets('positive') &&
    (!comparesHint || a.counterResetHint === b.counterResetHint)
  );
}
