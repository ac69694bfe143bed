/**
 * Aggregation over time, *_over_time: prometheus/promql/functions.go. Sums are Kahan sums; an average goes on from mean to
 * mean once the sum would overflow.
 * Hot path: one pass over the window per step, no allocation for floats.
 */
import type { FloatHistogram } from '../../model/histogram.ts';
import { draftOf, HistogramSum, hasOverflow, mayOverflow, sampleWeight } from '../histogram/histogram-draft.ts';
import { kahanAdd } from '../kahan.ts';
import { quantileOf } from '../quantile.ts';
import { type RangeKernel, WORK_AT_ONCE } from '../range-kernel.ts';
import type { RangeWindow } from '../range-window.ts';

/** Leaves a float as the result. */
function result(w: RangeWindow, value: number): boolean {
  w.value = value;
  w.histogram = null;
  return true;
}

/** Functions of floats only: a window without any has no result, histograms beside them are ignored with an info. */
function floatsOnly(compute: (w: RangeWindow) => number): RangeKernel {
  return {
    compute: (w) => {
      if (w.floatLength === 0) return false;
      if (w.histogramLength > 0) w.annotations.histogramIgnoredInMixedRange(w.metricName, w.span);
      return result(w, compute(w));
    },
  };
}

/** Functions of floats or of histograms, but not of both at once. */
function floatsOrHistograms(
  floats: (w: RangeWindow) => number,
  histograms: (w: RangeWindow) => Generator<number, FloatHistogram | null>,
): RangeKernel {
  function* computeHistograms(w: RangeWindow): Generator<number, boolean> {
    const histogram = yield* histograms(w);
    if (histogram === null) {
      w.annotations.mixedExponentialCustom(w.metricName, w.span);
      return false;
    }
    w.histogram = histogram;
    return true;
  }
  return {
    compute: (w) => {
      if (w.floatLength === 0) return computeHistograms(w);
      if (w.histogramLength === 0) return result(w, floats(w));
      w.annotations.mixedFloatsHistograms(w.metricName, w.span);
      return false;
    },
  };
}

/** Adds up histograms window[from, to); null where exponential and custom buckets meet. */
function* sumHistograms(w: RangeWindow): Generator<number, FloatHistogram | null> {
  const notes = new HistogramNotes();
  const first = w.histograms[w.histogramFrom]!;
  const sum = new HistogramSum(draftOf(first));
  notes.see(first);
  let work = 0;
  for (let i = w.histogramFrom + 1; i < w.histogramTo; i++) {
    const h = w.histograms[i]!;
    notes.see(h);
    const combination = sum.add(h);
    if (combination === null) return null;
    if (combination.boundsReconciled) notes.boundsReconciled = true;
    work += sampleWeight(h);
    if (work < WORK_AT_ONCE) continue;
    yield work;
    work = 0;
  }
  notes.report(w);
  return sum.total();
}

function* averageHistograms(w: RangeWindow): Generator<number, FloatHistogram | null> {
  const notes = new HistogramNotes();
  const first = w.histograms[w.histogramFrom]!;
  let sum = new HistogramSum(draftOf(first));
  notes.see(first);
  let isMean = false;
  let count = 1;
  let work = 0;
  for (let i = w.histogramFrom + 1; i < w.histogramTo; i++) {
    const h = w.histograms[i]!;
    notes.see(h);
    count++;
    const next = addToAverage(sum, h, count, isMean);
    if (next === null) return null;
    sum = next.sum;
    isMean = next.isMean;
    if (next.boundsReconciled) notes.boundsReconciled = true;
    work += sampleWeight(h);
    if (work < WORK_AT_ONCE) continue;
    yield work;
    work = 0;
  }
  notes.report(w);
  if (!isMean) sum.divide(count);
  return sum.total();
}

type Average = { readonly sum: HistogramSum; readonly isMean: boolean; readonly boundsReconciled: boolean };

/** `sum` of count - 1 histograms, or their mean, with one more; null where buckets do not go together. It is spent. */
export function addToAverage(sum: HistogramSum, h: FloatHistogram, count: number, isMean: boolean): Average | null {
  let mean = sum;
  let boundsReconciled = false;
  if (!isMean && !mayOverflow(sum.value) && !mayOverflow(h)) {
    const combination = sum.add(h);
    return combination === null ? null : { sum, isMean: false, boundsReconciled: combination.boundsReconciled };
  }
  if (!isMean) {
    const tried = sum.copy();
    const combination = tried.add(h);
    if (combination === null) return null;
    boundsReconciled = combination.boundsReconciled;
    if (!hasOverflow(tried.value)) return { sum: tried, isMean: false, boundsReconciled };
    mean = sum.copy();
    mean.divide(count - 1);
  }
  mean.scale((count - 1) / count);
  const part = new HistogramSum(draftOf(h));
  part.divide(count);
  const combination = mean.add(part.value);
  return combination === null ? null : { sum: mean, isMean: true, boundsReconciled: boundsReconciled || combination.boundsReconciled };
}

/** What adding up histograms has to tell, once for all of them. */
class HistogramNotes {
  #resets = false;
  #nonResets = false;
  boundsReconciled = false;

  see(h: FloatHistogram): void {
    if (h.counterResetHint === 'reset') this.#resets = true;
    else if (h.counterResetHint === 'not_reset') this.#nonResets = true;
  }

  report(w: RangeWindow): void {
    if (this.#resets && this.#nonResets) w.annotations.counterResetCollision('aggregation', w.span);
    if (this.boundsReconciled) w.annotations.boundsReconciled('aggregation', w.span);
  }
}

function sumFloats(w: RangeWindow): number {
  const { floats, floatFrom, floatTo } = w;
  let sum = 0;
  let lost = 0;
  for (let i = floatFrom; i < floatTo; i++) {
    const value = floats[i]!; // in bounds: the window lies inside the columns
    lost = kahanAdd(value, sum, lost);
    sum += value;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

function averageFloats(w: RangeWindow): number {
  const { floats, floatFrom, floatTo } = w;
  let sum = floats[floatFrom]!;
  let lost = 0;
  let at = floatFrom + 1;
  for (; at < floatTo; at++) {
    const total = sum + floats[at]!;
    if (total === Infinity || total === -Infinity) break;
    lost = kahanAdd(floats[at]!, sum, lost);
    sum = total;
  }
  const count = at - floatFrom;
  if (at === floatTo) return sum / count + lost / count;
  let mean = sum / count;
  lost /= count;
  for (; at < floatTo; at++) {
    const n = at - floatFrom + 1;
    const share = (n - 1) / n;
    const part = floats[at]! / n;
    const kept = share * mean;
    lost = kahanAdd(part, kept, share * lost);
    mean = kept + part;
  }
  return mean + lost;
}

/** Index of the extreme value; a NaN only where there is nothing else. The first of equals, or the last. */
function extreme(w: RangeWindow, sign: 1 | -1, takesLast: boolean): number {
  const { floats, floatFrom, floatTo } = w;
  let best = floatFrom;
  let bestValue = floats[floatFrom]! * sign;
  for (let i = floatFrom; i < floatTo; i++) {
    const value = floats[i]! * sign;
    if (value > bestValue || (takesLast && value === bestValue) || bestValue !== bestValue) {
      best = i;
      bestValue = value;
    }
  }
  return best;
}

function variance(w: RangeWindow): number {
  const { floats, floatFrom, floatTo } = w;
  let count = 0;
  let mean = 0;
  let meanLost = 0;
  let squares = 0;
  let squaresLost = 0;
  for (let i = floatFrom; i < floatTo; i++) {
    count++;
    const delta = floats[i]! - (mean + meanLost);
    const part = delta / count;
    meanLost = kahanAdd(part, mean, meanLost);
    mean += part;
    const square = delta * (floats[i]! - (mean + meanLost));
    squaresLost = kahanAdd(square, squares, squaresLost);
    squares += square;
  }
  return (squares + squaresLost) / count;
}

/** Values to sort, reused from step to step. */
let scratch = new Float64Array(256);

function copyToScratch(w: RangeWindow): Float64Array {
  if (scratch.length < w.floatLength) scratch = new Float64Array(w.floatLength * 2);
  for (let i = w.floatFrom; i < w.floatTo; i++) scratch[i - w.floatFrom] = w.floats[i]!;
  return scratch;
}

/** Median distance from the median. */
function medianDeviation(w: RangeWindow): number {
  const values = copyToScratch(w);
  const length = w.floatLength;
  for (let i = 0; i < length; i++) if (values[i] !== values[i]) return Number.NaN;
  const median = quantileOf(0.5, values, length);
  for (let i = 0; i < length; i++) values[i] = Math.abs(values[i]! - median);
  return quantileOf(0.5, values, length);
}

function quantile(w: RangeWindow): boolean {
  if (w.floatLength === 0) return false;
  const q = w.params[0]!;
  if (!(q >= 0 && q <= 1)) w.annotations.invalidQuantile(q, w.span);
  if (w.histogramLength > 0) w.annotations.histogramIgnoredInMixedRange(w.metricName, w.span);
  return result(w, quantileOf(q, copyToScratch(w), w.floatLength));
}

/** True when the sample at the near end of the window is a float. */
const firstIsFloat = (w: RangeWindow): boolean =>
  w.histogramLength === 0 || (w.floatLength > 0 && w.floatTimes[w.floatFrom]! < w.histogramTimes[w.histogramFrom]!);
const lastIsFloat = (w: RangeWindow): boolean =>
  w.histogramLength === 0 || (w.floatLength > 0 && w.histogramTimes[w.histogramTo - 1]! < w.floatTimes[w.floatTo - 1]!);

function first(w: RangeWindow): boolean {
  if (firstIsFloat(w)) return result(w, w.floats[w.floatFrom]!);
  w.histogram = w.histograms[w.histogramFrom]!;
  return true;
}

function last(w: RangeWindow): boolean {
  if (lastIsFloat(w)) return result(w, w.floats[w.floatTo - 1]!);
  w.histogram = w.histograms[w.histogramTo - 1]!;
  return true;
}

export const OVER_TIME: Readonly<Record<string, RangeKernel>> = {
  sum_over_time: floatsOrHistograms(sumFloats, sumHistograms),
  avg_over_time: floatsOrHistograms(averageFloats, averageHistograms),
  count_over_time: { compute: (w) => result(w, w.floatLength + w.histogramLength) },
  min_over_time: floatsOnly((w) => w.floats[extreme(w, -1, false)]!),
  max_over_time: floatsOnly((w) => w.floats[extreme(w, 1, false)]!),
  stddev_over_time: floatsOnly((w) => Math.sqrt(variance(w))),
  stdvar_over_time: floatsOnly(variance),
  mad_over_time: floatsOnly(medianDeviation),
  quantile_over_time: { compute: quantile },
  present_over_time: { compute: (w) => result(w, 1) },
  /** Once per series and step that has samples; what is absent is worked out from that. */
  absent_over_time: { compute: (w) => result(w, 1) },
  first_over_time: { compute: first },
  last_over_time: { compute: last },
  ts_of_first_over_time: {
    compute: (w) => result(w, (firstIsFloat(w) ? w.floatTimes[w.floatFrom]! : w.histogramTimes[w.histogramFrom]!) / 1000),
  },
  ts_of_last_over_time: {
    compute: (w) => result(w, (lastIsFloat(w) ? w.floatTimes[w.floatTo - 1]! : w.histogramTimes[w.histogramTo - 1]!) / 1000),
  },
  ts_of_min_over_time: floatsOnly((w) => w.floatTimes[extreme(w, -1, true)]! / 1000),
  ts_of_max_over_time: floatsOnly((w) => w.floatTimes[extreme(w, 1, true)]! / 1000),
};
