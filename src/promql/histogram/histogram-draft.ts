/**
 * Arithmetic on native histograms: prometheus/model/histogram/float_histogram.go. A draft is a histogram still owned by
 * one calculation and changed in place; once handed out as a FloatHistogram nobody changes it any more.
 */
import { bucketColumn, bucketIndexes, sameSpans, spansOf } from '../../model/bucket-layout.ts';
import { type BucketCounts, type CounterResetHint, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../../model/histogram.ts';
import { kahanAdd } from '../kahan.ts';
import { bucketBound, coarserIndex, exponentialBound, isExponential } from './bucket-bounds.ts';

export type HistogramDraft = {
  counterResetHint: CounterResetHint;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  count: number;
  sum: number;
  positiveSpans: readonly Span[];
  negativeSpans: readonly Span[];
  positiveBuckets: number[] | Float64Array;
  negativeBuckets: number[] | Float64Array;
  customValues: readonly number[];
};

/** What an addition or subtraction has to tell the user; null: exponential and custom buckets do not mix. */
export type Combination = {
  /** One side says that it follows a counter reset, the other that it does not. */
  readonly hintsCollide: boolean;
  /** Custom bounds differed; the result has those that both sides have. */
  readonly boundsReconciled: boolean;
} | null;

const PLAIN = { hintsCollide: false, boundsReconciled: false };
const COLLISION = { hintsCollide: true, boundsReconciled: false };
const RECONCILED = { hintsCollide: false, boundsReconciled: true };
const BOTH = { hintsCollide: true, boundsReconciled: true };
const combination = (hintsCollide: boolean, boundsReconciled: boolean): Combination =>
  hintsCollide ? (boundsReconciled ? BOTH : COLLISION) : boundsReconciled ? RECONCILED : PLAIN;

export const usesCustomBuckets = (h: FloatHistogram): boolean => h.schema === CUSTOM_BUCKETS_SCHEMA;

export function draftOf(h: FloatHistogram): HistogramDraft {
  return {
    counterResetHint: h.counterResetHint,
    schema: h.schema,
    zeroThreshold: h.zeroThreshold,
    zeroCount: h.zeroCount,
    count: h.count,
    sum: h.sum,
    positiveSpans: h.positiveSpans,
    negativeSpans: h.negativeSpans,
    positiveBuckets: h.positiveBuckets.slice(),
    negativeBuckets: h.negativeBuckets.slice(),
    customValues: h.customValues,
  };
}

/** Same layout, everything zero: what Kahan summation could not add yet. */
function compensationFor(h: HistogramDraft): HistogramDraft {
  return {
    ...h,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveBuckets: bucketColumn(h.positiveBuckets.length).fill(0),
    negativeBuckets: bucketColumn(h.negativeBuckets.length).fill(0),
  };
}

export const withHint = (h: FloatHistogram, counterResetHint: CounterResetHint): FloatHistogram =>
  h.counterResetHint === counterResetHint ? h : { ...h, counterResetHint };

/**
 * So many spans are counted as Prometheus counts them, more by what each takes here, which is several times what an empty
 * bucket takes. No instrument comes near.
 */
const SPANS_MAX = 1024;
const SPAN_NUMBERS = 6;

/** Size in units of 16-byte float samples, as the sample limit counts. */
export function sampleWeight(h: FloatHistogram): number {
  const spans = h.positiveSpans.length + h.negativeSpans.length;
  let cells = spans + h.positiveBuckets.length + h.negativeBuckets.length + h.customValues.length;
  if (spans > SPANS_MAX) cells += (SPAN_NUMBERS - 1) * spans;
  return Math.floor((168 + 8 * cells + 8) / 16);
}

/** Of those among histograms[from, to). */
export function histogramsWeight(histograms: readonly (FloatHistogram | null)[], from: number, to: number): number {
  let weight = 0;
  for (let i = from; i < to; i++) {
    const histogram = histograms[i] ?? null;
    if (histogram !== null) weight += sampleWeight(histogram);
  }
  return weight;
}

/** A negative factor makes a gauge. */
export function multiply(h: HistogramDraft, factor: number): HistogramDraft {
  h.zeroCount *= factor;
  h.count *= factor;
  h.sum *= factor;
  scaleAll(h.positiveBuckets, factor);
  scaleAll(h.negativeBuckets, factor);
  if (factor < 0) h.counterResetHint = 'gauge';
  return h;
}

function scaleAll(buckets: number[] | Float64Array, factor: number): void {
  for (let i = 0; i < buckets.length; i++) buckets[i]! *= factor; // in bounds
}

/** Division by zero removes all buckets. */
export function divide(h: HistogramDraft, divisor: number): HistogramDraft {
  h.zeroCount /= divisor;
  h.count /= divisor;
  h.sum /= divisor;
  if (divisor === 0) {
    h.positiveBuckets = [];
    h.negativeBuckets = [];
    h.positiveSpans = [];
    h.negativeSpans = [];
    return h;
  }
  for (const buckets of [h.positiveBuckets, h.negativeBuckets]) {
    for (let i = 0; i < buckets.length; i++) buckets[i]! /= divisor; // in bounds
  }
  if (divisor < 0) h.counterResetHint = 'gauge';
  return h;
}

export const add = (h: HistogramDraft, other: FloatHistogram): Combination => combine(h, other, 1, null);
export const subtract = (h: HistogramDraft, other: FloatHistogram): Combination => combine(h, other, -1, null);

/** A sum of histograms, with what rounding lost kept beside it. */
export class HistogramSum {
  value: HistogramDraft;
  /** Null until something was added. */
  compensation: HistogramDraft | null;

  constructor(value: HistogramDraft, compensation: HistogramDraft | null = null) {
    this.value = value;
    this.compensation = compensation;
  }

  get weight(): number {
    return sampleWeight(this.value) + (this.compensation === null ? 0 : sampleWeight(this.compensation));
  }

  copy(): HistogramSum {
    return new HistogramSum(draftOf(this.value), this.compensation === null ? null : draftOf(this.compensation));
  }

  add(other: FloatHistogram): Combination {
    if (usesCustomBuckets(this.value) !== usesCustomBuckets(other)) return null;
    this.compensation ??= compensationFor(this.value);
    return combine(this.value, other, 1, this.compensation);
  }

  scale(factor: number): void {
    multiply(this.value, factor);
    if (this.compensation !== null) multiply(this.compensation, factor);
  }

  divide(divisor: number): void {
    divide(this.value, divisor);
    if (this.compensation !== null) divide(this.compensation, divisor);
  }

  /** The sum with its compensation added in; the object is spent. */
  total(): HistogramDraft {
    if (this.compensation !== null) add(this.value, this.compensation);
    return this.value;
  }
}

/** h ± other in place. With `compensation` (of h, same layout) by Kahan's algorithm. */
function combine(h: HistogramDraft, other: FloatHistogram, sign: 1 | -1, compensation: HistogramDraft | null): Combination {
  const isCustom = usesCustomBuckets(h);
  if (isCustom !== usesCustomBuckets(other)) return null;
  const hintsCollide = adoptHint(h, other.counterResetHint);
  if (!isCustom) {
    const wider = other.zeroThreshold === h.zeroThreshold ? null : reconcileZeroBuckets(h, other, compensation);
    const { zeroCount } = wider ?? other;
    if (compensation === null) h.zeroCount += sign * zeroCount;
    else {
      kahanField(h, compensation, 'zeroCount', zeroCount);
      if (wider !== null) kahanField(h, compensation, 'zeroCount', wider.lost);
    }
  }
  if (compensation === null) {
    h.count += sign * other.count;
    h.sum += sign * other.sum;
  } else {
    kahanField(h, compensation, 'count', other.count);
    kahanField(h, compensation, 'sum', other.sum);
  }
  if (isCustom && !sameNumbers(h.customValues, other.customValues)) {
    combineMismatchedBounds(h, other, sign, compensation);
    return combination(hintsCollide, true);
  }
  let { positiveSpans, positiveBuckets, negativeSpans, negativeBuckets } = other;
  let positiveLost: BucketCounts | null = null;
  let negativeLost: BucketCounts | null = null;
  if (other.schema < h.schema) {
    for (const side of SIDES) {
      const reduced = reduceResolution(h[side.spans], h[side.buckets], h.schema, other.schema, compensation?.[side.buckets] ?? null);
      h[side.spans] = reduced.spans;
      h[side.buckets] = reduced.buckets;
      if (compensation !== null && reduced.compensation !== null) compensation[side.buckets] = reduced.compensation;
    }
    h.schema = other.schema;
  } else if (other.schema > h.schema) {
    const keepsLost = compensation !== null;
    const positive = reduceResolution(positiveSpans, positiveBuckets, other.schema, h.schema, null, keepsLost);
    const negative = reduceResolution(negativeSpans, negativeBuckets, other.schema, h.schema, null, keepsLost);
    ({ spans: positiveSpans, buckets: positiveBuckets, compensation: positiveLost } = positive);
    ({ spans: negativeSpans, buckets: negativeBuckets, compensation: negativeLost } = negative);
  }
  combineSide(h, POSITIVE, positiveSpans, positiveBuckets, positiveLost, sign, compensation);
  combineSide(h, NEGATIVE, negativeSpans, negativeBuckets, negativeLost, sign, compensation);
  if (compensation !== null) {
    compensation.schema = h.schema;
    compensation.zeroThreshold = h.zeroThreshold;
    compensation.positiveSpans = h.positiveSpans;
    compensation.negativeSpans = h.negativeSpans;
  }
  return combination(hintsCollide, false);
}

type Side = { readonly spans: 'positiveSpans' | 'negativeSpans'; readonly buckets: 'positiveBuckets' | 'negativeBuckets' };
const POSITIVE: Side = { spans: 'positiveSpans', buckets: 'positiveBuckets' };
const NEGATIVE: Side = { spans: 'negativeSpans', buckets: 'negativeBuckets' };
const SIDES = [POSITIVE, NEGATIVE];

function kahanField(h: HistogramDraft, compensation: HistogramDraft, field: 'zeroCount' | 'count' | 'sum', value: number): void {
  const lost = kahanAdd(value, h[field], compensation[field]);
  h[field] += value;
  compensation[field] = lost;
}

/** Gauge wins, unknown wins over the other two; a reset beside none is a collision. */
function adoptHint(h: HistogramDraft, hint: CounterResetHint): boolean {
  if (hint === h.counterResetHint || h.counterResetHint === 'gauge') return false;
  if (hint === 'gauge') {
    h.counterResetHint = 'gauge';
    return false;
  }
  const collides = h.counterResetHint !== 'unknown' && hint !== 'unknown';
  h.counterResetHint = 'unknown';
  return collides;
}

/**
 * Adds one side of a histogram of the same schema. Buckets that lie within h's zero bucket are already counted there.
 * `otherLost`: what rounding has lost of the other side's buckets; only with `compensation`, which is for sums.
 */
function combineSide(
  h: HistogramDraft,
  side: Side,
  otherSpans: readonly Span[],
  otherBuckets: BucketCounts,
  otherLost: BucketCounts | null,
  sign: 1 | -1,
  compensation: HistogramDraft | null,
): void {
  if (otherBuckets.length === 0) return;
  const spans = h[side.spans];
  const buckets = h[side.buckets];
  const lost = compensation === null ? null : compensation[side.buckets];
  const skip = bucketsWithin(otherSpans, h.schema, h.zeroThreshold);
  if (skip === 0 && sameSpans(spans, otherSpans)) {
    if (lost === null)
      for (let i = 0; i < buckets.length; i++) buckets[i]! += sign * otherBuckets[i]!; // in bounds, as below
    else for (let i = 0; i < buckets.length; i++) addAt(buckets, lost, i, sign * otherBuckets[i]!);
    if (otherLost !== null) for (let i = 0; i < buckets.length; i++) if (otherLost[i] !== 0) addAt(buckets, lost, i, otherLost[i]!);
    return;
  }
  const own = bucketIndexes(spans);
  const others = bucketIndexes(otherSpans);
  const length = unionLength(own, others, skip);
  const merged = bucketColumn(length);
  const mergedLost = lost === null ? null : bucketColumn(length);
  const indexes = bucketColumn(length);
  for (let at = 0, a = 0, b = skip; at < length; at++) {
    const index = a < own.length ? own[a]! : Infinity;
    const other = b < others.length ? others[b]! : Infinity;
    const hasOwn = index <= other;
    indexes[at] = hasOwn ? index : other;
    // What is alone on its side stands as it is: adding it to zero would lose the sign of a zero.
    merged[at] = hasOwn ? buckets[a]! : sign * otherBuckets[b]!;
    if (mergedLost !== null) mergedLost[at] = hasOwn ? lost![a]! : (otherLost?.[b] ?? 0); // there when mergedLost is
    if (index === other) {
      addAt(merged, mergedLost, at, sign * otherBuckets[b]!);
      if (otherLost !== null && otherLost[b] !== 0) addAt(merged, mergedLost, at, otherLost[b]!);
    }
    if (hasOwn) a++;
    if (other <= index) b++;
  }
  h[side.spans] = spansOf(indexes);
  h[side.buckets] = merged;
  if (compensation !== null && mergedLost !== null) compensation[side.buckets] = mergedLost;
}

/** How many buckets, from the first on, end within a zero bucket. */
export function bucketsWithin(spans: readonly Span[], schema: number, zeroThreshold: number): number {
  if (!(zeroThreshold > 0) || !isExponential(schema)) return 0;
  let count = 0;
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, count++) if (!(exponentialBound(index, schema) <= zeroThreshold)) return count;
  }
  return count;
}

/** How many different ones there are in two ascending lists, the second from `from` on. */
function unionLength(a: BucketCounts, b: BucketCounts, from: number): number {
  let length = 0;
  let i = 0;
  let j = from;
  for (; i < a.length && j < b.length; length++) {
    const x = a[i]!; // in bounds
    const y = b[j]!;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return length + (a.length - i) + (b.length - j);
}

function addAt(buckets: number[] | Float64Array, lost: number[] | Float64Array | null, i: number, value: number): void {
  const before = buckets[i]!; // in bounds
  if (lost !== null) lost[i] = kahanAdd(value, before, lost[i]!);
  buckets[i] = before + value;
}

export function sameNumbers(a: BucketCounts, b: BucketCounts): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

type Reduced = {
  readonly spans: readonly Span[];
  readonly buckets: number[] | Float64Array;
  readonly compensation: number[] | Float64Array | null;
};

/**
 * Merges neighbouring buckets into those of a coarser schema; `compensation` is that of the buckets. What rounding loses
 * then is kept if `keepsLost`.
 */
function reduceResolution(
  spans: readonly Span[],
  buckets: BucketCounts,
  from: number,
  to: number,
  compensation: BucketCounts | null,
  keepsLost = compensation !== null,
): Reduced {
  const indexes = bucketIndexes(spans);
  let length = 0;
  for (let i = 0; i < indexes.length; i++) {
    indexes[i] = coarserIndex(indexes[i]!, from, to); // in bounds, as below
    if (i === 0 || indexes[i] !== indexes[i - 1]) length++;
  }
  const reduced = bucketColumn(length);
  const lost = keepsLost ? bucketColumn(length) : null;
  for (let i = 0, at = -1; i < indexes.length; i++) {
    if (i > 0 && indexes[at] === indexes[i]) {
      addAt(reduced, lost, at, buckets[i]!);
      if (compensation !== null) addAt(reduced, lost, at, compensation[i]!);
    } else {
      indexes[++at] = indexes[i]!;
      reduced[at] = buckets[i]!;
      if (lost !== null) lost[at] = compensation === null ? 0 : compensation[i]!;
    }
  }
  return { spans: spansOf(indexes, length), buckets: reduced, compensation: lost };
}

/** A draft of h in a schema that is no finer than its own. */
export function draftInSchema(h: FloatHistogram, schema: number): HistogramDraft {
  const draft = draftOf(h);
  if (schema === h.schema) return draft;
  const positive = reduceResolution(h.positiveSpans, h.positiveBuckets, h.schema, schema, null);
  const negative = reduceResolution(h.negativeSpans, h.negativeBuckets, h.schema, schema, null);
  draft.counterResetHint = 'unknown';
  draft.schema = schema;
  draft.positiveSpans = positive.spans;
  draft.positiveBuckets = positive.buckets;
  draft.negativeSpans = negative.spans;
  draft.negativeBuckets = negative.buckets;
  return draft;
}

/** Removes empty buckets. What is left may weigh more than before: it can lie in far more spans. */
export function compact(h: HistogramDraft): HistogramDraft {
  for (const side of SIDES) {
    const kept = compactSide(h[side.spans], h[side.buckets], null);
    h[side.spans] = kept.spans;
    h[side.buckets] = kept.buckets;
  }
  return h;
}

function compactSide(
  spans: readonly Span[],
  buckets: number[] | Float64Array,
  lost: number[] | Float64Array | null,
): { readonly spans: readonly Span[]; readonly buckets: number[] | Float64Array; readonly lost: number[] | Float64Array | null } {
  let length = 0;
  for (let i = 0; i < buckets.length; i++) if (isUsed(buckets, lost, i)) length++;
  if (length === buckets.length && spans.every((span, i) => span.length > 0 && (i === 0 || span.offset > 0)))
    return { spans, buckets, lost };
  const indexes = bucketIndexes(spans);
  const kept = bucketColumn(length);
  const keptLost = lost === null ? null : bucketColumn(length);
  for (let i = 0, at = 0; i < buckets.length; i++) {
    if (!isUsed(buckets, lost, i)) continue;
    indexes[at] = indexes[i]!; // in bounds, as below
    kept[at] = buckets[i]!;
    if (keptLost !== null) keptLost[at] = lost![i]!; // there when keptLost is
    at++;
  }
  return { spans: spansOf(indexes, length), buckets: kept, lost: keptLost };
}

const isUsed = (buckets: BucketCounts, lost: BucketCounts | null, i: number): boolean =>
  buckets[i] !== 0 || (lost !== null && lost[i] !== 0);

type ZeroBucket = {
  readonly zeroCount: number;
  readonly threshold: number;
  /** What rounding has lost of the count. */
  readonly lost: number;
};

/** The zero bucket of `h` were it wider; a threshold inside a populated bucket moves up to that bucket's end. */
function widerZeroBucket(h: FloatHistogram, wanted: number, compensation: FloatHistogram | null): ZeroBucket {
  let zeroCount = h.zeroCount;
  let lost = compensation?.zeroCount ?? 0;
  let threshold = wanted;
  if (wanted === h.zeroThreshold) return { zeroCount, threshold, lost };
  const take = (count: number): void => {
    lost = kahanAdd(count, zeroCount, lost);
    zeroCount += count;
  };
  /** Takes the buckets of one side that begin below the threshold; false: it had to move up. */
  const takeSide = (indexes: BucketCounts, buckets: BucketCounts, bucketsLost: BucketCounts | null): boolean => {
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i]!; // in bounds, as below
      if (bucketBound(index - 1, h.schema, h.customValues) >= threshold) break;
      take(buckets[i]!);
      if (bucketsLost !== null) take(bucketsLost[i]!);
      const upper = bucketBound(index, h.schema, h.customValues);
      if (upper <= threshold) continue;
      if (buckets[i] === 0) break;
      threshold = upper;
      return false;
    }
    return true;
  };
  const positive = bucketIndexes(h.positiveSpans);
  const negative = bucketIndexes(h.negativeSpans);
  for (;;) {
    zeroCount = h.zeroCount; // but not what was lost: Prometheus goes on with that
    takeSide(positive, h.positiveBuckets, compensation?.positiveBuckets ?? null);
    // A threshold that moves up on the negative side may take in more of the positive side: count again.
    if (takeSide(negative, h.negativeBuckets, compensation?.negativeBuckets ?? null)) return { zeroCount, threshold, lost };
  }
}

/** Gives h a zero bucket that covers both; returns the one that `other` would then have. */
function reconcileZeroBuckets(h: HistogramDraft, other: FloatHistogram, compensation: HistogramDraft | null): ZeroBucket {
  let zeroBucket: ZeroBucket = { zeroCount: other.zeroCount, threshold: other.zeroThreshold, lost: 0 };
  while (zeroBucket.threshold !== h.zeroThreshold) {
    if (h.zeroThreshold > zeroBucket.threshold) zeroBucket = widerZeroBucket(other, h.zeroThreshold, null);
    if (zeroBucket.threshold > h.zeroThreshold) {
      const wider = widerZeroBucket(h, zeroBucket.threshold, compensation);
      h.zeroCount = wider.zeroCount;
      h.zeroThreshold = wider.threshold;
      if (compensation !== null) compensation.zeroCount = wider.lost;
      dropBucketsInZeroBucket(h, compensation);
    }
  }
  return zeroBucket;
}

function dropBucketsInZeroBucket(h: HistogramDraft, compensation: HistogramDraft | null): void {
  for (const side of SIDES) {
    const lost = compensation === null ? null : compensation[side.buckets];
    const indices = bucketIndexes(h[side.spans]);
    for (let i = 0; i < indices.length; i++) {
      if (bucketBound((indices[i] ?? 0) - 1, h.schema, h.customValues) >= h.zeroThreshold) break;
      h[side.buckets][i] = 0;
      if (lost !== null) lost[i] = 0;
    }
    const kept = compactSide(h[side.spans], h[side.buckets], lost);
    h[side.spans] = kept.spans;
    h[side.buckets] = kept.buckets;
    if (compensation !== null) {
      compensation[side.spans] = kept.spans;
      compensation[side.buckets] = kept.lost ?? [];
    }
  }
}

/** Both sides are mapped to the bounds that they share; what lies between goes to the next shared bound. */
function combineMismatchedBounds(h: HistogramDraft, other: FloatHistogram, sign: 1 | -1, compensation: HistogramDraft | null): void {
  const bounds = sharedBounds(h.customValues, other.customValues);
  const target = bucketColumn(bounds.length + 1).fill(0);
  const lost = bucketColumn(bounds.length + 1).fill(0);
  const map = (source: FloatHistogram, factor: 1 | -1, sourceLost: BucketCounts | null): void => {
    forEachInBounds(source, bounds, (to, i) => {
      addAt(target, lost, to, factor * source.positiveBuckets[i]!); // in bounds, as below
      if (sourceLost !== null) addAt(target, lost, to, sourceLost[i]!);
    });
  };
  map(h, 1, compensation?.positiveBuckets ?? null);
  map(other, sign, null);
  const kept = compactSide([{ offset: 0, length: target.length }], target, lost);
  h.customValues = bounds;
  h.positiveSpans = kept.spans;
  h.positiveBuckets = kept.buckets;
  if (compensation !== null) {
    compensation.customValues = bounds;
    compensation.positiveSpans = kept.spans;
    compensation.positiveBuckets = kept.lost ?? [];
  }
}

/** Bounds ascend. */
export function sharedBounds(a: readonly number[], b: readonly number[]): number[] {
  const shared: number[] = [];
  let j = 0;
  for (const bound of a) {
    while (j < b.length && b[j]! < bound) j++; // in bounds
    if (b[j] === bound) shared.push(bound);
  }
  return shared;
}

/** Calls with each bucket, by its place, and the index of the first of `bounds` that it does not reach beyond. */
export function forEachInBounds(h: FloatHistogram, bounds: readonly number[], visit: (to: number, bucket: number) => void): void {
  const indexes = bucketIndexes(h.positiveSpans);
  let to = 0;
  for (let i = 0; i < indexes.length; i++) {
    const bound = bucketBound(indexes[i]!, CUSTOM_BUCKETS_SCHEMA, h.customValues);
    while (to < bounds.length && bounds[to]! < bound) to++;
    visit(to, i);
  }
}

const isInfinite = (value: number): boolean => value === Infinity || value === -Infinity;

/** Below this, the sum of one histogram's buckets and another's stays in range, however many of them fall together. */
const SAFE_MAX = 2 ** 1000;

/** False when nothing in it can leave the range of doubles once it is added to another that does not say so either. */
export function mayOverflow(h: FloatHistogram): boolean {
  return !(
    Math.abs(h.zeroCount) < SAFE_MAX &&
    Math.abs(h.count) < SAFE_MAX &&
    Math.abs(h.sum) < SAFE_MAX &&
    isSafe(h.positiveBuckets) &&
    isSafe(h.negativeBuckets) &&
    isSafe(h.customValues)
  );
}

function isSafe(values: BucketCounts): boolean {
  for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i]!) < SAFE_MAX)) return false; // in bounds
  return true;
}

/** True when a value left the range of doubles. */
export function hasOverflow(h: FloatHistogram): boolean {
  return (
    isInfinite(h.zeroCount) ||
    isInfinite(h.count) ||
    isInfinite(h.sum) ||
    hasInfinity(h.positiveBuckets) ||
    hasInfinity(h.negativeBuckets) ||
    hasInfinity(h.customValues)
  );
}

function hasInfinity(values: BucketCounts): boolean {
  for (let i = 0; i < values.length; i++) if (isInfinite(values[i]!)) return true; // in bounds
  return false;
}

/** Equality of data, bit by bit (NaN equals NaN); empty spans do not count, empty buckets do. */
export function equalHistograms(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    (a.schema !== CUSTOM_BUCKETS_SCHEMA || sameNumbers(a.customValues, b.customValues)) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameBuckets(a.positiveSpans, a.positiveBuckets, b.positiveSpans, b.positiveBuckets) &&
    sameBuckets(a.negativeSpans, a.negativeBuckets, b.negativeSpans, b.negativeBuckets)
  );
}

function sameBuckets(spansA: readonly Span[], a: BucketCounts, spansB: readonly Span[], b: BucketCounts): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return sameSpans(spansA, spansB) || sameNumbers(bucketIndexes(spansA), bucketIndexes(spansB));
}
