/**
 * Quantiles and fractions of native histograms: prometheus/promql/quantile.go HistogramQuantile and HistogramFraction.
 * Inside a bucket, observations are taken to lie evenly: on a logarithmic scale for exponential buckets, linearly for
 * custom ones and the zero bucket.
 */
import type { FloatHistogram } from '../../model/histogram.ts';
import { goExp2, goLog2 } from '../go-math.ts';
import { fractionBelow, HistogramBuckets } from './histogram-buckets.ts';
import { usesCustomBuckets } from './histogram-draft.ts';

/** Observations of NaN are in the count but in no bucket; what that means for the result. */
export type NaNEffect = 'result_is_nan' | 'skewed' | 'excluded' | null;

const buckets = new HistogramBuckets();
/** The effect on the value returned last. */
let effect: NaNEffect = null;
export const lastNaNEffect = (): NaNEffect => effect;

export function nativeQuantile(q: number, h: FloatHistogram): number {
  effect = null;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (h.count === 0 || Number.isNaN(q)) return Number.NaN;
  buckets.fill(h);
  const isCustom = usesCustomBuckets(h);
  const hasNaN = Number.isNaN(h.sum);
  // From the nearer end, which keeps rounding small; NaN observations count as the highest, so then from below.
  const fromBelow = hasNaN || q < 0.5;
  let rank = (fromBelow ? q : 1 - q) * h.count;
  let count = 0;
  let at = -1; // the last bucket looked at
  let next = fromBelow ? 0 : buckets.length - 1;
  const step = fromBelow ? 1 : -1;
  for (; next >= 0 && next < buckets.length; next += step) {
    at = next;
    if (buckets.count(at) === 0) continue;
    count += buckets.count(at);
    if (count >= rank) break;
  }
  let lower = at < 0 ? 0 : buckets.lower(at);
  let upper = at < 0 ? 0 : buckets.upper(at);
  let inBucket = at < 0 ? 0 : buckets.count(at);
  if (!isCustom && lower < 0 && upper > 0) {
    if (h.negativeBuckets.length === 0 && h.positiveBuckets.length > 0) lower = 0;
    else if (h.positiveBuckets.length === 0 && h.negativeBuckets.length > 0) upper = 0;
  } else if (isCustom) {
    if (lower === -Infinity) {
      if (upper <= 0) return upper;
      lower = 0;
    } else if (upper === Infinity) {
      return lower;
    }
  }
  if (count > h.count) count = h.count;
  if (count < rank) {
    if (!hasNaN) return upper;
    effect = 'result_is_nan';
    return Number.NaN;
  }
  rank = fromBelow ? rank - (count - inBucket) : count - rank;
  if (hasNaN) {
    // A sum of NaN also comes from -Inf and +Inf together; then the buckets hold every observation.
    for (let i = next + 1; i < buckets.length; i++) count += buckets.count(i);
    if (count < h.count) effect = 'skewed';
    if (next + 1 < buckets.length) {
      // Prometheus goes on with the highest bucket here, and so do we: same numbers, however odd.
      const last = buckets.length - 1;
      lower = buckets.lower(last);
      upper = buckets.upper(last);
      inBucket = buckets.count(last);
    }
  }
  const fraction = rank / inBucket;
  if (isCustom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = goLog2(Math.abs(lower));
  const logUpper = goLog2(Math.abs(upper));
  if (lower > 0) return goExp2(logLower + (logUpper - logLower) * fraction);
  return -goExp2(logUpper + (logLower - logUpper) * (1 - fraction));
}

export function nativeFraction(from: number, to: number, h: FloatHistogram): number {
  effect = null;
  if (h.count === 0 || Number.isNaN(from) || Number.isNaN(to)) return Number.NaN;
  if (from >= to) return 0;
  buckets.fill(h);
  const isCustom = usesCustomBuckets(h);
  let count = 0;
  let rank = 0;
  let fromRank: number | null = null;
  let toRank: number | null = null;
  let i = 0;
  for (; i < buckets.length; i++) {
    const inBucket = buckets.count(i);
    count += inBucket;
    let lower = buckets.lower(i);
    let upper = buckets.upper(i);
    let isLinear = isCustom;
    if (lower <= 0 && upper >= 0) {
      isLinear = true;
      if (h.negativeBuckets.length === 0 && h.positiveBuckets.length > 0) lower = 0;
      else if (h.positiveBuckets.length === 0 && h.negativeBuckets.length > 0) upper = 0;
    }
    if (lower >= from) fromRank ??= rank;
    if (lower >= to) toRank ??= rank;
    if (fromRank !== null && toRank !== null) break;
    if (fromRank === null && lower < from && upper > from) fromRank = rankInside(rank, inBucket, lower, upper, from, isLinear);
    if (toRank === null && lower < to && upper > to) toRank = rankInside(rank, inBucket, lower, upper, to, isLinear);
    if (fromRank !== null && toRank !== null) break;
    rank += inBucket;
  }
  if (Number.isNaN(h.sum)) {
    for (i++; i < buckets.length; i++) count += buckets.count(i);
    if (count < h.count) effect = 'excluded';
  } else {
    count = h.count;
  }
  if (fromRank === null || fromRank > count) fromRank = count;
  if (toRank === null || toRank > count) toRank = count;
  return (toRank - fromRank) / h.count;
}

/** Nothing can be said inside an infinitely wide bucket: below +Inf none of it counts, above -Inf all of it. */
function rankInside(rank: number, inBucket: number, lower: number, upper: number, value: number, isLinear: boolean): number {
  if (isLinear && lower === -Infinity) return inBucket;
  return rank + inBucket * fractionBelow(lower, upper, value, isLinear);
}

/** Mean square distance from the mean; each bucket stands for its middle. */
export function nativeVariance(h: FloatHistogram): number {
  buckets.fill(h);
  const isCustom = usesCustomBuckets(h);
  const mean = h.sum / h.count;
  let variance = 0;
  let lost = 0;
  for (let i = 0; i < buckets.length; i++) {
    const inBucket = buckets.count(i);
    if (inBucket === 0) continue;
    const lower = buckets.lower(i);
    const upper = buckets.upper(i);
    let middle = 0;
    if (isCustom) middle = (upper + lower) / 2;
    else if (lower > 0 || upper < 0) middle = Math.sqrt(upper * lower) * (upper < 0 ? -1 : 1);
    const part = inBucket * (middle - mean) * (middle - mean);
    const total = variance + part;
    if (total === Infinity || total === -Infinity) lost = 0;
    else lost += Math.abs(variance) >= Math.abs(part) ? variance - total + part : part - total + variance;
    variance = total;
  }
  return (variance + lost) / h.count;
}
