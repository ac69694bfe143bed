/**
 * The buckets of a native histogram from the lowest to the highest: negative, zero, positive. One object is filled again
 * and again; bounds are worked out only for the buckets asked about, since each costs a power of two.
 * Hot path: histogram_quantile over native histograms fills it once per sample.
 */
import { type BucketCounts, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../../model/histogram.ts';
import { goLog2 } from '../go-math.ts';
import { bucketBound } from './bucket-bounds.ts';

export class HistogramBuckets {
  length = 0;
  #counts = new Float64Array(64);
  #indices = new Int32Array(64);
  /** Entries before this one are negative buckets. */
  #negativeEnd = 0;
  /** 1 when an entry at #negativeEnd is the zero bucket. */
  #zeroBuckets = 0;
  #schema = 0;
  #zeroThreshold = 0;
  /** Where the other buckets end that reach into the zero bucket; 0: nowhere. */
  #clipsAt = 0;
  #customValues: readonly number[] = [];

  /** `asPrinted`: a zero bucket of any count but 0, and bounds as they are. */
  fill(h: FloatHistogram, asPrinted = false): this {
    const most = h.negativeBuckets.length + h.positiveBuckets.length + 1;
    if (most > this.#counts.length) {
      this.#counts = new Float64Array(most * 2);
      this.#indices = new Int32Array(most * 2);
    }
    this.#schema = h.schema;
    this.#zeroThreshold = h.zeroThreshold;
    this.#clipsAt = asPrinted ? 0 : h.zeroThreshold;
    this.#customValues = h.customValues;
    const negative = this.#put(h.negativeSpans, h.negativeBuckets, 0);
    this.#counts.subarray(0, negative).reverse();
    this.#indices.subarray(0, negative).reverse();
    this.#negativeEnd = negative;
    const hasZeroBucket = asPrinted ? h.zeroCount !== 0 : h.zeroCount > 0;
    this.#zeroBuckets = hasZeroBucket && h.schema !== CUSTOM_BUCKETS_SCHEMA ? 1 : 0;
    if (this.#zeroBuckets === 1) this.#counts[negative] = h.zeroCount;
    this.length = this.#put(h.positiveSpans, h.positiveBuckets, negative + this.#zeroBuckets);
    return this;
  }

  #put(spans: readonly Span[], buckets: BucketCounts, from: number): number {
    let index = 0;
    let at = from;
    let bucket = 0;
    for (const { offset, length } of spans) {
      index += offset;
      for (let i = 0; i < length && bucket < buckets.length; i++) {
        this.#counts[at] = buckets[bucket++] ?? 0;
        this.#indices[at++] = index++;
      }
    }
    return at;
  }

  count(i: number): number {
    return this.#counts[i] ?? 0;
  }

  isZeroBucket(i: number): boolean {
    return this.#zeroBuckets === 1 && i === this.#negativeEnd;
  }

  /** Different for buckets of different bounds, in histograms of one layout. */
  key(i: number): number {
    if (this.isZeroBucket(i)) return Number.NEGATIVE_INFINITY;
    return (this.#indices[i] ?? 0) * 2 + (i < this.#negativeEnd ? 1 : 0);
  }

  /** A bucket that overlaps the zero bucket starts (or, negative, ends) at the zero threshold. */
  lower(i: number): number {
    if (this.isZeroBucket(i)) return -this.#zeroThreshold;
    if (i < this.#negativeEnd) return -this.#bound(i, 0);
    const bound = this.#bound(i, -1);
    return bound > 0 && bound < this.#clipsAt ? this.#clipsAt : bound;
  }

  upper(i: number): number {
    if (this.isZeroBucket(i)) return this.#zeroThreshold;
    if (i >= this.#negativeEnd) return this.#bound(i, 0);
    const bound = -this.#bound(i, -1);
    return bound < 0 && bound > -this.#clipsAt ? -this.#clipsAt : bound;
  }

  isLowerInclusive(i: number): boolean {
    if (this.isZeroBucket(i)) return true;
    return this.#schema === CUSTOM_BUCKETS_SCHEMA ? this.#indices[i] === 0 : i < this.#negativeEnd;
  }

  isUpperInclusive(i: number): boolean {
    return this.#schema === CUSTOM_BUCKETS_SCHEMA || i >= this.#negativeEnd;
  }

  #bound(i: number, offset: number): number {
    return bucketBound((this.#indices[i] ?? 0) + offset, this.#schema, this.#customValues);
  }
}

/** Share of a bucket's width below `value`, which lies inside finite bounds; on a logarithmic scale unless `isLinear`. */
export function fractionBelow(lower: number, upper: number, value: number, isLinear: boolean): number {
  if (isLinear) return (value - lower) / (upper - lower);
  const logLower = goLog2(Math.abs(lower));
  const logUpper = goLog2(Math.abs(upper));
  const logValue = goLog2(Math.abs(value));
  return value > 0 ? (logValue - logLower) / (logUpper - logLower) : 1 - (logValue - logUpper) / (logLower - logUpper);
}
