/**
 * The operators </ and >/: a histogram without what was observed above, or below, a value. A bucket that the value cuts
 * is divided by interpolation; count and sum are then estimated from the buckets left. float_histogram.go TrimBuckets.
 */
import { bucketIndexes } from '../../model/bucket-layout.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import { bucketBound } from './bucket-bounds.ts';
import { fractionBelow } from './histogram-buckets.ts';
import { compact, draftOf, usesCustomBuckets } from './histogram-draft.ts';

type Keep = 'below' | 'above';
type Part = { readonly count: number; readonly middle: number };

export function trimHistogram(h: FloatHistogram, at: number, keep: Keep): FloatHistogram {
  const draft = draftOf(h);
  const isCustom = usesCustomBuckets(h);
  let count = 0;
  let sum = 0;
  let isTrimmed = false;
  const populated = { positive: false, negative: false };
  for (const side of ['positive', 'negative'] as const) {
    const isPositive = side === 'positive';
    const counts = isPositive ? draft.positiveBuckets : draft.negativeBuckets;
    bucketIndexes(isPositive ? h.positiveSpans : h.negativeSpans).forEach((index, i) => {
      const inBucket = counts[i] ?? 0;
      if (inBucket === 0) return;
      populated[side] = true;
      const near = bucketBound(index - 1, h.schema, h.customValues);
      const far = bucketBound(index, h.schema, h.customValues);
      const lower = isPositive ? near : -far;
      const upper = isPositive ? far : -near;
      let part: Part = { count: 0, middle: 0 };
      if (keep === 'below' ? upper <= at : lower >= at) part = { count: inBucket, middle: middleOf(lower, upper, isPositive, isCustom) };
      else if (keep === 'below' ? lower < at : upper > at) part = cut(lower, upper, inBucket, at, keep, isPositive, isCustom);
      count += part.count;
      sum += part.middle * part.count;
      if (part.count !== inBucket) {
        counts[i] = part.count;
        isTrimmed = true;
      }
    });
  }
  if (h.zeroCount > 0) {
    const lower = populated.positive && !populated.negative ? 0 : -h.zeroThreshold;
    const upper = populated.negative && !populated.positive ? 0 : h.zeroThreshold;
    const part = cutZeroBucket(lower, upper, h.zeroCount, at, keep);
    if (part.count !== h.zeroCount) {
      draft.zeroCount = part.count;
      isTrimmed = true;
    }
    count += part.count;
    sum += part.middle * part.count;
  }
  if (!isTrimmed) return h;
  draft.count = count;
  draft.sum = sum;
  return compact(draft);
}

function cut(lower: number, upper: number, inBucket: number, at: number, keep: Keep, isPositive: boolean, isLinear: boolean): Part {
  if (lower === -Infinity || upper === Infinity) return cutInfinite(lower, upper, inBucket, at, keep);
  const below = at <= lower ? 0 : at >= upper ? inBucket : inBucket * fractionBelow(lower, upper, at, isLinear);
  return keep === 'below'
    ? { count: below, middle: middleOf(lower, at, isPositive, isLinear) }
    : { count: inBucket - below, middle: middleOf(at, upper, isPositive, isLinear) };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

/** How observations lie in an infinitely wide bucket is unknown; it goes as a whole unless a finite edge helps. */
function cutInfinite(lower: number, upper: number, inBucket: number, at: number, keep: Keep): Part {
  if (lower === -Infinity) {
    if (keep === 'below') {
      if (at >= upper) return { count: inBucket, middle: 0 };
      // Custom buckets of positive values start at 0 in fact.
      if (at > 0 && upper > 0 && upper !== Infinity) return { count: (inBucket * at) / upper, middle: at / 2 };
      if (upper <= 0) return { count: inBucket, middle: at };
      return { count: 0, middle: finite(upper) };
    }
    if (at <= lower) return { count: inBucket, middle: 0 };
    if (at >= 0 && upper > at && upper !== Infinity) return { count: inBucket * (1 - at / upper), middle: (at + upper) / 2 };
    return { count: 0, middle: finite(upper) };
  }
  if (keep === 'above' && at >= lower) return { count: inBucket, middle: at };
  return { count: 0, middle: finite(lower) };
}

function cutZeroBucket(lower: number, upper: number, inBucket: number, at: number, keep: Keep): Part {
  const whole = { count: inBucket, middle: (lower + upper) / 2 };
  const none = { count: 0, middle: 0 };
  if (at <= lower) return keep === 'below' ? none : whole;
  if (at >= upper) return keep === 'below' ? whole : none;
  return keep === 'below'
    ? { count: (inBucket * (at - lower)) / (upper - lower), middle: (lower + at) / 2 }
    : { count: (inBucket * (upper - at)) / (upper - lower), middle: (at + upper) / 2 };
}

/** Arithmetic middle of linear buckets, geometric middle of exponential ones; the finite edge where one is infinite. */
function middleOf(lower: number, upper: number, isPositive: boolean, isLinear: boolean): number {
  const lowerFinite = Number.isFinite(lower);
  const upperFinite = Number.isFinite(upper);
  if (!lowerFinite) return upperFinite ? (upper > 0 ? upper / 2 : upper) : 0;
  if (!upperFinite) return lower;
  if (isLinear) return (lower + upper) / 2;
  return Math.sqrt(Math.abs(lower * upper)) * (isPositive ? 1 : -1);
}
