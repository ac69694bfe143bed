/**
 * Quantiles and fractions of classic histograms, series of cumulative counts by `le`: prometheus/promql/quantile.go
 * BucketQuantile, BucketFraction. Hot path: histogram_quantile calls it once per group and step; no allocation.
 */

/** Counts that differ by less than this share are taken to be equal: floating point noise, not a decrease. */
const SMALL_DELTA = 1e-12;

export class ClassicBuckets {
  length = 0;
  #bounds = new Float64Array(32);
  #counts = new Float64Array(32);
  /** Set by `quantile`: some count was lower than the one before it. */
  wasForced = false;
  minForced = Infinity;
  maxForced = -Infinity;
  maxDiff = 0;

  clear(): void {
    this.length = 0;
  }

  /** Bounds must come in ascending order; counts of one bound add up. */
  push(bound: number, count: number): void {
    const last = this.length - 1;
    if (last >= 0 && this.#bounds[last] === bound) {
      this.#counts[last] = (this.#counts[last] ?? 0) + count;
      return;
    }
    if (this.length === this.#bounds.length) {
      this.#bounds = doubled(this.#bounds);
      this.#counts = doubled(this.#counts);
    }
    this.#bounds[this.length] = bound;
    this.#counts[this.length] = count;
    this.length++;
  }

  quantile(q: number): number {
    this.wasForced = false;
    if (Number.isNaN(q)) return Number.NaN;
    if (q < 0) return -Infinity;
    if (q > 1) return Infinity;
    const bounds = this.#bounds;
    const counts = this.#counts;
    const last = this.length - 1;
    if (bounds[last] !== Infinity) return Number.NaN;
    this.#forceMonotonic();
    if (this.length < 2) return Number.NaN;
    const observations = counts[last]!; // in bounds, as are all indices below
    if (observations === 0) return Number.NaN;
    let rank = q * observations;
    // First bucket that reaches the rank; counts rise, so a binary search.
    let at = 0;
    for (let to = last; at < to; ) {
      const middle = (at + to) >>> 1;
      if (counts[middle]! >= rank) to = middle;
      else at = middle + 1;
    }
    if (at === last) return bounds[last - 1]!;
    if (at === 0 && bounds[0]! <= 0) return bounds[0]!;
    let start = 0;
    let count = counts[at]!;
    if (at > 0) {
      start = bounds[at - 1]!;
      count -= counts[at - 1]!;
      rank -= counts[at - 1]!;
    }
    return start + (bounds[at]! - start) * (rank / count);
  }

  fraction(from: number, to: number): number {
    const bounds = this.#bounds;
    const counts = this.#counts;
    const last = this.length - 1;
    if (bounds[last] !== Infinity) return Number.NaN;
    const total = counts[last]!;
    if (total === 0 || Number.isNaN(from) || Number.isNaN(to)) return Number.NaN;
    if (from >= to) return 0;
    const fromRank = this.#rankOf(from, total);
    const toRank = this.#rankOf(to, total);
    return (toRank - fromRank) / total;
  }

  /** Observations below a value, linear inside a bucket. */
  #rankOf(value: number, total: number): number {
    const bounds = this.#bounds;
    let rank = 0;
    let lower = bounds[0]! <= 0 ? -Infinity : 0;
    for (let i = 0; i < this.length; i++) {
      const upper = bounds[i]!;
      const count = this.#counts[i]!;
      if (lower >= value) return Math.min(rank, total);
      if (upper > value) {
        // Nothing is known of how observations lie in an infinitely wide bucket.
        const inside = lower === -Infinity ? count : rank + ((count - rank) * (value - lower)) / (upper - lower);
        return inside > total ? total : inside;
      }
      rank = count;
      lower = upper;
    }
    return total;
  }

  /** Raises counts that are lower than one before them. */
  #forceMonotonic(): void {
    this.minForced = Infinity;
    this.maxForced = -Infinity;
    this.maxDiff = 0;
    const counts = this.#counts;
    let previous = counts[0]!;
    for (let i = 1; i < this.length; i++) {
      const current = counts[i]!;
      if (current === previous) continue;
      if (isAlmostEqual(previous, current)) {
        counts[i] = previous;
        continue;
      }
      if (current < previous) {
        counts[i] = previous;
        this.wasForced = true;
        this.minForced = Math.min(this.minForced, this.#bounds[i]!);
        this.maxForced = Math.max(this.maxForced, this.#bounds[i]!);
        this.maxDiff = Math.max(this.maxDiff, previous - current);
        continue;
      }
      previous = current;
    }
  }
}

function doubled(from: Float64Array): Float64Array<ArrayBuffer> {
  const to = new Float64Array(from.length * 2);
  to.set(from);
  return to;
}

const SMALLEST_NORMAL = 2 ** -1022;

function isAlmostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < SMALLEST_NORMAL) return difference < SMALL_DELTA * SMALLEST_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < SMALL_DELTA;
}
