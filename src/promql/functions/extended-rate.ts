/**
 * rate, increase and delta of `anchored` and `smoothed` ranges: no extrapolation; the value at an edge of the range is the
 * last one before it, or is interpolated between its neighbours. prometheus/promql/functions.go extendedRate,
 * extendedHistogramRate, engine.go extendFloats.
 */
import type { FloatHistogram } from '../../model/histogram.ts';
import type { Annotations } from '../annotations.ts';
import type { Span } from '../ast.ts';
import { isReset } from '../histogram/counter-reset.ts';
import {
  add,
  compact,
  divide,
  draftOf,
  type HistogramDraft,
  multiply,
  sampleWeight,
  subtract,
  usesCustomBuckets,
} from '../histogram/histogram-draft.ts';
import { WORK_AT_ONCE } from '../range-kernel.ts';
import type { RangeWindow } from '../range-window.ts';

type Shape = { readonly isCounter: boolean; readonly isRate: boolean };

export function extendedRate(w: RangeWindow, shape: Shape): boolean | Generator<number, boolean> {
  if (w.histogramLength > 0) return histogramRate(w, shape);
  return w.floatLength > 0 && floatRate(w, shape);
}

/** A counter that fell was at 0 just after the first sample. */
export function interpolate(fromMs: number, from: number, toMs: number, to: number, atMs: number, isCounter: boolean): number {
  const start = isCounter && to < from ? 0 : from;
  return start + ((to - start) * (atMs - fromMs)) / (toMs - fromMs);
}

/** Index of the last sample at or before `ms`, but at least `from`; the last of the window counts as after it. */
function lastAtOrBefore(times: Float64Array, from: number, to: number, ms: number): number {
  let at = from;
  while (at < to - 1 && times[at]! <= ms) at++; // in bounds: from <= at < to
  return Math.max(from, at - 1);
}

/** Index of the first sample at or after `ms`, or the last of the window. */
function firstAtOrAfter(times: Float64Array, from: number, to: number, ms: number): number {
  let at = from;
  while (at < to - 1 && times[at]! < ms) at++;
  return at;
}

type Edges = { readonly first: number; readonly last: number };

/** The samples that decide the values at both edges; null when the range holds nothing to measure. */
function edgesOf(w: RangeWindow, times: Float64Array, from: number, to: number): Edges | null {
  const first = lastAtOrBefore(times, from, to, w.startMs);
  const last = w.isSmoothed ? firstAtOrAfter(times, from, to, w.endMs) : to - 1;
  return times[last]! <= w.startMs ? null : { first, last };
}

function floatEdges(w: RangeWindow, { first, last }: Edges, isCounter: boolean): { left: number; right: number } {
  const { floats, floatTimes } = w;
  const between = (i: number, ms: number): number =>
    interpolate(floatTimes[i]!, floats[i]!, floatTimes[i + 1]!, floats[i + 1]!, ms, isCounter);
  return {
    left: w.isSmoothed && floatTimes[first]! < w.startMs ? between(first, w.startMs) : floats[first]!,
    right: w.isSmoothed && last > w.floatFrom && floatTimes[last]! > w.endMs ? between(last - 1, w.endMs) : floats[last]!,
  };
}

function floatRate(w: RangeWindow, { isCounter, isRate }: Shape): boolean {
  const { floats, floatTimes } = w;
  const edges = edgesOf(w, floatTimes, w.floatFrom, w.floatTo);
  if (edges === null || (w.isSmoothed && floatTimes[edges.first]! > w.endMs)) return false;
  const { left, right } = floatEdges(w, edges, isCounter);
  let result = right - left;
  if (isCounter) {
    const from = floatTimes[edges.first]! <= w.startMs ? edges.first + 1 : edges.first;
    const to = floatTimes[edges.last]! >= w.endMs ? edges.last : edges.last + 1;
    let previous = left;
    let correction = 0;
    for (let i = from; i < to; i++) {
      if (floats[i]! < previous) correction += previous;
      previous = floats[i]!;
    }
    if (right < previous) correction += previous;
    result += correction;
  }
  w.value = isRate ? result / (w.rangeMs / 1000) : result;
  w.histogram = null;
  return true;
}

/** The samples of the range with one exactly at each edge; null when there are none. */
export function extendFloats(
  w: RangeWindow,
  startMs: number,
  endMs: number,
): { readonly timestamps: Float64Array; readonly values: Float64Array } | null {
  if (w.floatLength === 0) return null;
  const { floats, floatTimes } = w;
  w.startMs = startMs;
  w.endMs = endMs;
  const edges = edgesOf(w, floatTimes, w.floatFrom, w.floatTo);
  if (edges === null) return null;
  const { left, right } = floatEdges(w, edges, false);
  const from = floatTimes[edges.first]! <= startMs ? edges.first + 1 : edges.first;
  const to = Math.max(from, floatTimes[edges.last]! >= endMs ? edges.last : edges.last + 1);
  return {
    timestamps: Float64Array.from([startMs, ...floatTimes.subarray(from, to), endMs]),
    values: Float64Array.from([left, ...floats.subarray(from, to), right]),
  };
}

/** Null: exponential and custom buckets do not mix. */
export function interpolateHistograms(
  from: FloatHistogram,
  fromMs: number,
  to: FloatHistogram,
  toMs: number,
  atMs: number,
  isCounter: boolean,
  annotations: Annotations,
  span: Span,
): HistogramDraft | null {
  if (atMs === fromMs) return draftOf(from);
  if (atMs === toMs) return draftOf(to);
  const fraction = (atMs - fromMs) / (toMs - fromMs);
  const result = draftOf(to);
  if (isCounter && isReset(to, from)) return multiply(result, fraction);
  const difference = subtract(result, from);
  if (difference === null) return null;
  if (difference.boundsReconciled) annotations.boundsReconciled('subtraction', span);
  const sum = add(multiply(result, fraction), from);
  if (sum === null) return null;
  if (sum.boundsReconciled) annotations.boundsReconciled('addition', span);
  return result;
}

function* histogramRate(w: RangeWindow, { isCounter, isRate }: Shape): Generator<number, boolean> {
  const { histograms, histogramTimes, annotations, span } = w;
  const edges = edgesOf(w, histogramTimes, w.histogramFrom, w.histogramTo);
  if (edges === null || (w.isSmoothed && histogramTimes[edges.first]! > w.endMs)) return false;
  const { first, last } = edges;
  const isCustom = usesCustomBuckets(histograms[first]!);
  for (let i = first; i <= last; i++) {
    if (usesCustomBuckets(histograms[i]!) !== isCustom) {
      annotations.mixedExponentialCustom(w.metricName, span);
      return false;
    }
    if (isCounter && histograms[i]!.counterResetHint === 'gauge') annotations.notCounter(w.metricName, span);
  }
  const between = (i: number, ms: number): HistogramDraft | null =>
    interpolateHistograms(histograms[i]!, histogramTimes[i]!, histograms[i + 1]!, histogramTimes[i + 1]!, ms, isCounter, annotations, span);
  const left = w.isSmoothed && histogramTimes[first]! < w.startMs ? between(first, w.startMs) : histograms[first]!;
  const right = w.isSmoothed && last > w.histogramFrom && histogramTimes[last]! > w.endMs ? between(last - 1, w.endMs) : histograms[last]!;
  if (left === null || right === null) {
    annotations.mixedExponentialCustom(w.metricName, span);
    return false;
  }
  if (!isCounter && (left.counterResetHint !== 'gauge' || right.counterResetHint !== 'gauge')) annotations.notGauge(w.metricName, span);
  const result = draftOf(right);
  const difference = subtract(result, left);
  if (difference === null) {
    annotations.mixedExponentialCustom(w.metricName, span);
    return false;
  }
  if (difference.boundsReconciled) annotations.boundsReconciled('subtraction', span);
  if (isCounter && !(yield* makeUpForResets(w, edges, left, right, result))) return false;
  if (isRate) divide(result, w.rangeMs / 1000);
  result.counterResetHint = 'gauge';
  w.histogram = compact(result);
  return true;
}

/** Adds what each reset between the edges lost. The last sample is represented by `right`, which has its hint. */
function* makeUpForResets(
  w: RangeWindow,
  { first, last }: Edges,
  left: FloatHistogram,
  right: FloatHistogram,
  result: HistogramDraft,
): Generator<number, boolean> {
  const { histograms, histogramTimes, annotations, span } = w;
  let previous = left;
  let from = first + 1;
  if (w.isSmoothed && histogramTimes[first]! < w.startMs && isReset(histograms[first + 1]!, histograms[first]!)) {
    // The interpolation at the left edge has taken this reset into account.
    previous = histograms[first + 1]!;
    from++;
  }
  if (from > last) return true;
  let correction: HistogramDraft | null = null;
  const addTo = (sum: HistogramDraft, h: FloatHistogram): boolean => {
    const combination = add(sum, h);
    if (combination === null) annotations.mixedExponentialCustom(w.metricName, span);
    else if (combination.boundsReconciled) annotations.boundsReconciled('addition', span);
    return combination !== null;
  };
  let work = 0;
  for (let i = from; i <= last; i++) {
    const current = i === last ? right : histograms[i]!;
    work += sampleWeight(current);
    if (work >= WORK_AT_ONCE) {
      yield work;
      work = 0;
    }
    if (isReset(current, previous)) {
      if (correction === null) correction = draftOf(previous);
      else if (!addTo(correction, previous)) return false;
    }
    previous = current;
  }
  return correction === null || addTo(result, correction);
}
