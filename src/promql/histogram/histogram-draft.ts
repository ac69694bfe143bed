/**
 * Arithmetic on native histograms: prometheus/model/histogram/float_histogram.go. A draft is a histogram still owned by
 * one calculation and changed in place; once handed out as a FloatHistogram nobody changes it any more.
 */
import { type CounterResetHint, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../../model/histogram.ts';
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
  positiveBuckets: number[];
  negativeBuckets: number[];
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
    positiveBuckets: new Array<number>(h.positiveBuckets.length).fill(0),
    negativeBuckets: new Array<number>(h.negativeBuckets.length).fill(0),
  };
}

export const withHint = (h: FloatHistogram, counterResetHint: CounterResetHint): FloatHistogram =>
  h.counterResetHint === counterResetHint ? h : { ...h, counterResetHint };

/** Size in units of 16-byte float samples, as the sample limit counts. */
export function sampleWeight(h: FloatHistogram): number {
  const cells =
    h.positiveSpans.length + h.negativeSpans.length + h.positiveBuckets.length + h.negativeBuckets.length + h.customValues.length;
  return Math.floor((168 + 8 * cells + 8) / 16);
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

function scaleAll(buckets: number[], factor: number): void {
  for (let i = 0; i < buckets.length; i++) buckets[i] = (buckets[i] ?? 0) * factor;
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
    for (let i = 0; i < buckets.length; i++) buckets[i] = (buckets[i] ?? 0) / divisor;
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
    const zeroCount = reconcileZeroBuckets(h, other, compensation);
    if (compensation === null) h.zeroCount += sign * zeroCount;
    else kahanField(h, compensation, 'zeroCount', zeroCount);
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
  if (other.schema < h.schema) {
    for (const side of SIDES) {
      const reduced = reduceResolution(h[side.spans], h[side.buckets], h.schema, other.schema, compensation?.[side.buckets] ?? null);
      h[side.spans] = reduced.spans;
      h[side.buckets] = reduced.buckets;
      if (compensation !== null) compensation[side.buckets] = reduced.compensation;
    }
    h.schema = other.schema;
  } else if (other.schema > h.schema) {
    const positive = reduceResolution(positiveSpans, positiveBuckets, other.schema, h.schema, null);
    const negative = reduceResolution(negativeSpans, negativeBuckets, other.schema, h.schema, null);
    ({ spans: positiveSpans, buckets: positiveBuckets } = positive);
    ({ spans: negativeSpans, buckets: negativeBuckets } = negative);
  }
  combineSide(h, POSITIVE, positiveSpans, positiveBuckets, sign, compensation);
  combineSide(h, NEGATIVE, negativeSpans, negativeBuckets, sign, compensation);
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

/** Adds one side of a histogram of the same schema. Buckets that lie within h's zero bucket are already counted there. */
function combineSide(
  h: HistogramDraft,
  side: Side,
  otherSpans: readonly Span[],
  otherBuckets: readonly number[],
  sign: 1 | -1,
  compensation: HistogramDraft | null,
): void {
  if (otherBuckets.length === 0) return;
  const spans = h[side.spans];
  const buckets = h[side.buckets];
  const lost = compensation === null ? null : compensation[side.buckets];
  let skip = 0;
  const indices = bucketIndices(otherSpans);
  if (h.zeroThreshold > 0 && isExponential(h.schema)) {
    while (skip < indices.length && exponentialBound(indices[skip] ?? 0, h.schema) <= h.zeroThreshold) skip++;
  }
  if (skip === 0 && sameSpans(spans, otherSpans)) {
    for (let i = 0; i < buckets.length; i++) addAt(buckets, lost, i, sign * (otherBuckets[i] ?? 0));
    return;
  }
  const own = bucketIndices(spans);
  const mergedIndices: number[] = [];
  const merged: number[] = [];
  const mergedLost: number[] = [];
  let a = 0;
  let b = skip;
  while (a < own.length || b < indices.length) {
    const indexA = own[a] ?? Infinity;
    const indexB = indices[b] ?? Infinity;
    mergedIndices.push(Math.min(indexA, indexB));
    if (indexA <= indexB) {
      merged.push(buckets[a] ?? 0);
      mergedLost.push(lost?.[a] ?? 0);
      a++;
      if (indexA === indexB) addAt(merged, lost === null ? null : mergedLost, merged.length - 1, sign * (otherBuckets[b++] ?? 0));
    } else {
      merged.push(sign * (otherBuckets[b++] ?? 0));
      mergedLost.push(0);
    }
  }
  h[side.spans] = spansOf(mergedIndices);
  h[side.buckets] = merged;
  if (compensation !== null) compensation[side.buckets] = mergedLost;
}

function addAt(buckets: number[], lost: number[] | null, i: number, value: number): void {
  const before = buckets[i] ?? 0;
  if (lost !== null) lost[i] = kahanAdd(value, before, lost[i] ?? 0);
  buckets[i] = before + value;
}

/** Index of each bucket, in order. */
export function bucketIndices(spans: readonly Span[]): number[] {
  const indices: number[] = [];
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) indices.push(index++);
  }
  return indices;
}

/** The fewest spans that cover ascending indices. */
export function spansOf(indices: readonly number[]): Span[] {
  const spans: Span[] = [];
  let end = 0; // one past the last index covered
  for (let i = 0; i < indices.length; ) {
    const first = indices[i] ?? 0;
    let length = 1;
    while (indices[i + length] === first + length) length++;
    spans.push({ offset: first - end, length });
    end = first + length;
    i += length;
  }
  return spans;
}

function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i]?.offset !== b[i]?.offset || a[i]?.length !== b[i]?.length) return false;
  return true;
}

export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Merges neighbouring buckets into those of a coarser schema; `compensation` is that of the buckets. */
function reduceResolution(
  spans: readonly Span[],
  buckets: readonly number[],
  from: number,
  to: number,
  compensation: readonly number[] | null,
): { readonly spans: readonly Span[]; readonly buckets: number[]; readonly compensation: number[] } {
  const indices: number[] = [];
  const reduced: number[] = [];
  const lost: number[] = [];
  bucketIndices(spans).forEach((fine, i) => {
    const index = coarserIndex(fine, from, to);
    if (indices.at(-1) === index) {
      addAt(reduced, compensation === null ? null : lost, reduced.length - 1, buckets[i] ?? 0);
      if (compensation !== null) addAt(reduced, lost, reduced.length - 1, compensation[i] ?? 0);
    } else {
      indices.push(index);
      reduced.push(buckets[i] ?? 0);
      lost.push(compensation?.[i] ?? 0);
    }
  });
  return { spans: spansOf(indices), buckets: reduced, compensation: lost };
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

/** Removes empty buckets. */
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
  buckets: number[],
  lost: number[] | null,
): { readonly spans: readonly Span[]; readonly buckets: number[]; readonly lost: number[] | null } {
  const nothingToDo = !buckets.includes(0) && spans.every((span, i) => span.length > 0 && (i === 0 || span.offset > 0));
  if (nothingToDo) return { spans, buckets, lost };
  const indices: number[] = [];
  const kept: number[] = [];
  const keptLost: number[] = [];
  bucketIndices(spans).forEach((index, i) => {
    if (buckets[i] === 0 && (lost?.[i] ?? 0) === 0) return;
    indices.push(index);
    kept.push(buckets[i] ?? 0);
    keptLost.push(lost?.[i] ?? 0);
  });
  return { spans: spansOf(indices), buckets: kept, lost: lost === null ? null : keptLost };
}

/** Zero count of `h` were its zero bucket wider; a threshold inside a populated bucket moves up to that bucket's end. */
function zeroCountForThreshold(
  h: FloatHistogram,
  wanted: number,
  compensation: FloatHistogram | null,
): { readonly zeroCount: number; readonly threshold: number; readonly lost: number } {
  if (wanted === h.zeroThreshold) return { zeroCount: h.zeroCount, threshold: wanted, lost: compensation?.zeroCount ?? 0 };
  const positive = bucketIndices(h.positiveSpans);
  const negative = bucketIndices(h.negativeSpans);
  let threshold = wanted;
  for (;;) {
    let zeroCount = h.zeroCount;
    let lost = compensation?.zeroCount ?? 0;
    const take = (count: number): void => {
      lost = kahanAdd(count, zeroCount, lost);
      zeroCount += count;
    };
    let grown = threshold;
    for (const [indices, buckets, buckLost] of [
      [positive, h.positiveBuckets, compensation?.positiveBuckets],
      [negative, h.negativeBuckets, compensation?.negativeBuckets],
    ] as const) {
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i] ?? 0;
        if (bucketBound(index - 1, h.schema, h.customValues) >= grown) break;
        take(buckets[i] ?? 0);
        if (buckLost !== undefined) take(buckLost[i] ?? 0);
        const upper = bucketBound(index, h.schema, h.customValues);
        if (upper > grown) {
          if (buckets[i] !== 0) grown = upper;
          break;
        }
      }
    }
    // A wider threshold found on the negative side may take in more of the positive side: count again.
    if (grown === threshold) return { zeroCount, threshold, lost };
    threshold = grown;
  }
}

/** Gives h a zero bucket that covers both; returns the zero count that `other` would then have. */
function reconcileZeroBuckets(h: HistogramDraft, other: FloatHistogram, compensation: HistogramDraft | null): number {
  let { zeroCount, zeroThreshold } = other;
  while (zeroThreshold !== h.zeroThreshold) {
    if (h.zeroThreshold > zeroThreshold) {
      const wider = zeroCountForThreshold(other, h.zeroThreshold, null);
      zeroCount = wider.zeroCount;
      zeroThreshold = wider.threshold;
    }
    if (zeroThreshold > h.zeroThreshold) {
      const wider = zeroCountForThreshold(h, zeroThreshold, compensation);
      h.zeroCount = wider.zeroCount;
      h.zeroThreshold = wider.threshold;
      if (compensation !== null) compensation.zeroCount = wider.lost;
      dropBucketsInZeroBucket(h, compensation);
    }
  }
  return zeroCount;
}

function dropBucketsInZeroBucket(h: HistogramDraft, compensation: HistogramDraft | null): void {
  for (const side of SIDES) {
    const lost = compensation === null ? null : compensation[side.buckets];
    const indices = bucketIndices(h[side.spans]);
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
  const bounds = h.customValues.filter((bound) => other.customValues.includes(bound));
  const target = new Array<number>(bounds.length + 1).fill(0);
  const lost = new Array<number>(bounds.length + 1).fill(0);
  const map = (source: FloatHistogram, factor: 1 | -1, sourceLost: readonly number[] | null): void => {
    bucketIndices(source.positiveSpans).forEach((index, i) => {
      const bound = bucketBound(index, CUSTOM_BUCKETS_SCHEMA, source.customValues);
      let to = bounds.findIndex((shared) => shared >= bound);
      if (to === -1) to = bounds.length;
      addAt(target, lost, to, factor * (source.positiveBuckets[i] ?? 0));
      if (sourceLost !== null) addAt(target, lost, to, sourceLost[i] ?? 0);
    });
  };
  map(h, 1, compensation?.positiveBuckets ?? null);
  map(other, sign, null);
  const kept = compactSide(spansOf(target.map((_, i) => i)), target, lost);
  h.customValues = bounds;
  h.positiveSpans = kept.spans;
  h.positiveBuckets = kept.buckets;
  if (compensation !== null) {
    compensation.customValues = bounds;
    compensation.positiveSpans = kept.spans;
    compensation.positiveBuckets = kept.lost ?? [];
  }
}

const isInfinite = (value: number): boolean => value === Infinity || value === -Infinity;

/** True when a value left the range of doubles. */
export function hasOverflow(h: FloatHistogram): boolean {
  return (
    isInfinite(h.zeroCount) ||
    isInfinite(h.count) ||
    isInfinite(h.sum) ||
    h.positiveBuckets.some(isInfinite) ||
    h.negativeBuckets.some(isInfinite) ||
    h.customValues.some(isInfinite)
  );
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

function sameBuckets(spansA: readonly Span[], a: readonly number[], spansB: readonly Span[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  if (sameSpans(spansA, spansB)) return true;
  const indicesA = bucketIndices(spansA);
  const indicesB = bucketIndices(spansB);
  return sameNumbers(indicesA, indicesB);
}
