/**
 * rate, increase, delta, irate, idelta: prometheus/promql/functions.go extrapolatedRate, histogramRate, instantValue.
 * Hot path: where a counter was reset is found once per series, so that a step costs as much as it has resets.
 */
import type { FloatHistogram } from '../../model/histogram.ts';
import { isReset } from '../histogram/counter-reset.ts';
import {
  add,
  compact,
  divide,
  draftInSchema,
  draftOf,
  type HistogramDraft,
  multiply,
  sampleWeight,
  subtract,
  usesCustomBuckets,
} from '../histogram/histogram-draft.ts';
import { type RangeKernel, type RowTask, WORK_AT_ONCE } from '../range-kernel.ts';
import type { RangeWindow } from '../range-window.ts';
import { FLOAT } from '../series-block.ts';
import { extendedRate } from './extended-rate.ts';
import { isStartReset, startsOverlap } from './start-timestamps.ts';

export type RateShape = { readonly isCounter: boolean; readonly isRate: boolean };

export class RateKernel implements RangeKernel {
  readonly #shape: RateShape;
  /** Indices of floats before which the counter was reset, ascending; likewise where starts overlap. */
  #resets: number[] = [];
  #overlaps: number[] = [];
  /** The first reset that may still lie in a window. */
  #resetAt = 0;
  #overlapAt = 0;
  readonly #histogramResets = new HistogramResets();

  constructor(shape: RateShape) {
    this.#shape = shape;
  }

  startSeries(w: RangeWindow): void {
    this.#resets.length = 0;
    this.#overlaps.length = 0;
    this.#resetAt = 0;
    this.#overlapAt = 0;
    this.#histogramResets.start(w.histograms.length);
    if (!this.#shape.isCounter) return;
    const { floats, floatTimes, floatStarts, floatCount } = w;
    for (let i = 1; i < floatCount; i++) {
      if (floats[i]! < floats[i - 1]!) this.#resets.push(i);
      else if (floatStarts !== null && isStartReset(floatStarts[i - 1]!, floatTimes[i - 1]!, floatStarts[i]!, floatTimes[i]!))
        this.#resets.push(i);
      if (floatStarts !== null && startsOverlap(floatStarts[i - 1]!, floatTimes[i - 1]!, floatStarts[i]!)) this.#overlaps.push(i);
    }
  }

  compute(w: RangeWindow): boolean | Generator<number, boolean> {
    if (w.floatLength > 0 && w.histogramLength > 0) {
      w.annotations.mixedFloatsHistograms(w.metricName, w.span);
      return false;
    }
    if (w.isAnchored || w.isSmoothed) return extendedRate(w, this.#shape);
    return w.histogramLength > 0 ? this.#histograms(w) : this.#floats(w);
  }

  /** The arithmetic of `#floats`, operation by operation. */
  computeRow({ floats, floatTimes, floatCount, rangeMs }: RangeWindow, task: RowTask): void {
    const { firstMs: firstEndMs, strideMs, steps, kinds, values, cell } = task;
    const { isCounter, isRate } = this.#shape;
    const rangeSeconds = rangeMs / 1000;
    const resets = this.#resets;
    let resetAt = 0;
    let from = 0;
    let to = 0;
    let found = 0;
    let looked = 0;
    let most = 0;
    // Samples and steps are mostly regular: what does not depend on values is kept while it is the same.
    let knownHead = Number.NaN;
    let knownTail = Number.NaN;
    let knownLength = 0;
    let sampled = 0;
    let toStart = 0;
    let toEnd = 0;
    let factor = 0;
    for (let step = 0; step < steps; step++) {
      const endMs = firstEndMs + step * strideMs;
      const startMs = endMs - rangeMs;
      while (from < floatCount && floatTimes[from]! <= startMs) from++;
      if (to < from) to = from;
      while (to < floatCount && floatTimes[to]! <= endMs) to++;
      const length = to - from;
      looked += length;
      if (length > most) most = length;
      if (length < 2) continue;
      const last = to - 1;
      const firstValue = floats[from]!;
      let result = floats[last]! - firstValue;
      if (resetAt < resets.length) {
        while (resetAt < resets.length && resets[resetAt]! <= from) resetAt++;
        for (let i = resetAt; i < resets.length && resets[i]! <= last; i++) result += floats[resets[i]! - 1]!;
      }
      const head = floatTimes[from]! - startMs;
      const tail = endMs - floatTimes[last]!;
      if (head !== knownHead || tail !== knownTail || length !== knownLength) {
        knownHead = head;
        knownTail = tail;
        knownLength = length;
        sampled = (floatTimes[last]! - floatTimes[from]!) / 1000;
        const gap = sampled / (length - 1);
        toStart = head / 1000;
        if (toStart >= gap * 1.1) toStart = gap / 2;
        toEnd = tail / 1000;
        if (toEnd >= gap * 1.1) toEnd = gap / 2;
        const stretch = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
        factor = isRate ? stretch / rangeSeconds : stretch;
      }
      kinds[cell + step] = FLOAT;
      if (!isCounter || !(result > 0) || !(firstValue >= 0) || isFarFromZero(firstValue, result, sampled, toStart)) {
        values[cell + step] = result * factor;
      } else {
        const toZero = Math.min(toStart, sampled * (firstValue / result));
        const stretch = sampled === 0 ? 1 : (sampled + toZero + toEnd) / sampled;
        values[cell + step] = result * (isRate ? stretch / rangeSeconds : stretch);
      }
      found++;
    }
    task.found = found;
    task.looked = looked;
    task.most = most;
    task.last = to - from;
  }

  #floats(w: RangeWindow): boolean {
    const { floats, floatTimes, floatFrom: first } = w;
    const last = w.floatTo - 1;
    const firstValue = floats[first]!;
    let result = floats[last]! - firstValue;
    if (this.#shape.isCounter) {
      const resets = this.#resets;
      while (this.#resetAt < resets.length && resets[this.#resetAt]! <= first) this.#resetAt++;
      for (let i = this.#resetAt; i < resets.length && resets[i]! <= last; i++) result += floats[resets[i]! - 1]!;
      const overlaps = this.#overlaps;
      while (this.#overlapAt < overlaps.length && overlaps[this.#overlapAt]! <= first) this.#overlapAt++;
      if (this.#overlapAt < overlaps.length && overlaps[this.#overlapAt]! <= last) w.annotations.startTimeOverlap(w.metricName, w.span);
    }
    const firstMs = floatTimes[first]!;
    const lastMs = floatTimes[last]!;
    const startMs = w.floatStarts?.[first] ?? 0;
    if (this.#shape.isCounter && startMs !== 0 && startMs > w.startMs && startMs < firstMs) {
      // The counter began inside the range: it was zero then, and nothing is extrapolated to the left.
      result += firstValue;
      w.value = result * this.#factor(w, 0, (lastMs - startMs) / 1000, lastMs, averageGap(firstMs, lastMs, last - first));
      w.histogram = null;
      return true;
    }
    if (last === first) return false;
    const sampled = (lastMs - firstMs) / 1000;
    const gap = averageGap(firstMs, lastMs, last - first);
    let toStart = (firstMs - w.startMs) / 1000;
    if (toStart >= gap * 1.1) toStart = gap / 2;
    // A counter is not extrapolated to below zero.
    if (this.#shape.isCounter && result > 0 && firstValue >= 0) toStart = Math.min(toStart, sampled * (firstValue / result));
    w.value = result * this.#factor(w, toStart, sampled, lastMs, gap);
    w.histogram = null;
    return true;
  }

  *#histograms(w: RangeWindow): Generator<number, boolean> {
    const { histograms, histogramTimes, histogramFrom: first } = w;
    const last = w.histogramTo - 1;
    const { isCounter } = this.#shape;
    let result: HistogramDraft | null = null;
    if (last > first) {
      result = yield* histogramDifference(w, isCounter, this.#histogramResets);
      if (result === null) return false;
    }
    const firstHistogram = histograms[first]!;
    const firstMs = histogramTimes[first]!;
    const lastMs = histogramTimes[last]!;
    const startMs = w.histogramStarts?.[first] ?? 0;
    const gap = averageGap(firstMs, lastMs, last - first);
    let toStart = 0;
    let sampled = (lastMs - firstMs) / 1000;
    if (isCounter && startMs !== 0 && startMs > w.startMs && startMs < firstMs) {
      sampled = (lastMs - startMs) / 1000;
      if (result === null) result = draftOf(firstHistogram);
      else {
        const combination = add(result, firstHistogram);
        if (combination === null) {
          w.annotations.mixedExponentialCustom(w.metricName, w.span);
          return false;
        }
        if (combination.boundsReconciled) w.annotations.boundsReconciled('addition', w.span);
      }
    } else {
      if (result === null) return false;
      toStart = (firstMs - w.startMs) / 1000;
      if (toStart >= gap * 1.1) toStart = gap / 2;
      if (isCounter && result.count > 0 && firstHistogram.count >= 0) {
        toStart = Math.min(toStart, sampled * (firstHistogram.count / result.count));
      }
    }
    w.histogram = multiply(result, this.#factor(w, toStart, sampled, lastMs, gap));
    return true;
  }

  /** How far what was sampled is stretched to the range, per second for a rate. */
  #factor(w: RangeWindow, toStart: number, sampled: number, lastMs: number, gap: number): number {
    let toEnd = (w.endMs - lastMs) / 1000;
    if (toEnd >= gap * 1.1) toEnd = gap / 2;
    const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
    return this.#shape.isRate ? factor / (w.rangeMs / 1000) : factor;
  }
}

/** Certain that sampled * (firstValue / result) > toStart, which saves the division; numbers at the ends of the range are not. */
const isFarFromZero = (firstValue: number, result: number, sampled: number, toStart: number): boolean =>
  firstValue > 1e-290 && firstValue < 1e290 && firstValue * sampled > toStart * result * 1.000001;

/** Seconds between samples; 0 for a single one. */
const averageGap = (firstMs: number, lastMs: number, gaps: number): number => (gaps > 0 ? (lastMs - firstMs) / 1000 / gaps : 0);

/** Which histograms of a series lie behind a counter reset; windows overlap, and each pair is looked at once. */
class HistogramResets {
  /** 0: not looked at yet. */
  #states = new Uint8Array(0);

  start(length: number): void {
    if (this.#states.length < length) this.#states = new Uint8Array(length * 2);
    else this.#states.fill(0, 0, length);
  }

  isKnown(index: number): boolean {
    return this.#states[index] !== 0;
  }

  isBefore(index: number, histograms: readonly FloatHistogram[]): boolean {
    if (this.#states[index] === 0) this.#states[index] = isReset(histograms[index]!, histograms[index - 1]!) ? 2 : 1; // in bounds
    return this.#states[index] === 2;
  }
}

/** Last minus first histogram of the window, counter resets made up for; null where they do not go together. */
function* histogramDifference(w: RangeWindow, isCounter: boolean, resets: HistogramResets): Generator<number, HistogramDraft | null> {
  const { annotations, span, histograms, histogramTimes, histogramStarts, histogramFrom, histogramTo } = w;
  const isStartResetAt = (i: number): boolean =>
    histogramStarts !== null && isStartReset(histogramStarts[i - 1]!, histogramTimes[i - 1]!, histogramStarts[i]!, histogramTimes[i]!);
  const incompatible = (): null => {
    annotations.mixedExponentialCustom(w.metricName, span);
    return null;
  };
  const last = histograms[histogramTo - 1]!;
  let previous: FloatHistogram = histograms[histogramFrom]!;
  let isCustom = usesCustomBuckets(previous);
  let isFirstLeftOut = false;
  let hasGauge = isCounter && (previous.counterResetHint === 'gauge' || last.counterResetHint === 'gauge');
  if (isCounter) {
    // A first sample that a reset follows is not needed, whatever its layout.
    const second = histograms[histogramFrom + 1]!;
    if (isStartResetAt(histogramFrom + 1) || resets.isBefore(histogramFrom + 1, histograms)) {
      previous = emptyLike(second);
      isFirstLeftOut = true;
      isCustom = usesCustomBuckets(second);
    }
  }
  if (usesCustomBuckets(last) !== isCustom) {
    if (hasGauge) annotations.notCounter(w.metricName, span);
    return incompatible();
  }
  let schema = Math.min(last.schema, previous.schema);
  if (isCounter) {
    for (let i = histogramFrom + 1; i < histogramTo - 1; i++) {
      const current = histograms[i]!;
      if (current.counterResetHint === 'gauge') hasGauge = true;
      schema = Math.min(schema, current.schema);
      if (usesCustomBuckets(current) !== isCustom) return incompatible();
    }
  }
  const result = draftInSchema(last, schema);
  const difference = subtract(result, previous);
  if (difference === null) return incompatible();
  if (hasGauge) annotations.notCounter(w.metricName, span);
  if (difference.boundsReconciled) annotations.boundsReconciled('subtraction', span);
  if (isCounter) {
    let overlaps = false;
    let work = 0;
    for (let i = histogramFrom + 1; i < histogramTo; i++) {
      const current = histograms[i]!;
      if (!overlaps && histogramStarts !== null && startsOverlap(histogramStarts[i - 1]!, histogramTimes[i - 1]!, histogramStarts[i]!)) {
        annotations.startTimeOverlap(w.metricName, span);
        overlaps = true;
      }
      if (!resets.isKnown(i)) work += sampleWeight(current);
      const hasReset = isFirstLeftOut && i === histogramFrom + 1 ? isReset(current, previous) : resets.isBefore(i, histograms);
      if (isStartResetAt(i) || hasReset) {
        work += sampleWeight(previous);
        const combination = add(result, previous);
        if (combination === null) return incompatible();
        if (combination.boundsReconciled) annotations.boundsReconciled('addition', span);
      }
      previous = current;
      if (work < WORK_AT_ONCE) continue;
      yield work;
      work = 0;
    }
  } else if (histograms[histogramFrom]!.counterResetHint !== 'gauge' || last.counterResetHint !== 'gauge') {
    annotations.notGauge(w.metricName, span);
  }
  result.counterResetHint = 'gauge';
  return compact(result);
}

const emptyLike = ({ schema, customValues }: FloatHistogram): FloatHistogram => ({
  counterResetHint: 'unknown',
  schema,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: [],
  negativeBuckets: [],
  customValues,
});

/** irate and idelta: the last two samples only, whichever kind they are. */
export class InstantRateKernel implements RangeKernel {
  readonly #isRate: boolean;

  constructor(isRate: boolean) {
    this.#isRate = isRate;
  }

  compute(w: RangeWindow): boolean {
    if (w.floatLength + w.histogramLength < 2) return false;
    // Walk back from the newest; at equal times the histogram comes second.
    let f = w.floatTo - 1;
    let h = w.histogramTo - 1;
    const newest = this.#takesHistogram(w, f, h) ? h-- : ~f--;
    const before = this.#takesHistogram(w, f, h) ? h : ~f;
    const isHistogram = newest >= 0;
    if (isHistogram !== before >= 0) {
      w.annotations.mixedFloatsHistograms(w.metricName, w.span);
      return false;
    }
    return isHistogram ? this.#histograms(w, before, newest) : this.#floats(w, ~before, ~newest);
  }

  computeRow({ floats, floatTimes, floatCount, rangeMs }: RangeWindow, task: RowTask): void {
    const { firstMs, strideMs, steps, kinds, values, cell } = task;
    const isRate = this.#isRate;
    let from = 0;
    let to = 0;
    let found = 0;
    let looked = 0;
    let most = 0;
    for (let step = 0; step < steps; step++) {
      const endMs = firstMs + step * strideMs;
      while (from < floatCount && floatTimes[from]! <= endMs - rangeMs) from++;
      if (to < from) to = from;
      while (to < floatCount && floatTimes[to]! <= endMs) to++;
      const length = to - from;
      looked += length;
      if (length > most) most = length;
      if (length < 2) continue;
      const newest = floats[to - 1]!;
      const before = floats[to - 2]!;
      const difference = isRate && newest < before ? newest : newest - before;
      kinds[cell + step] = FLOAT;
      values[cell + step] = isRate ? difference / ((floatTimes[to - 1]! - floatTimes[to - 2]!) / 1000) : difference;
      found++;
    }
    task.found = found;
    task.looked = looked;
    task.most = most;
    task.last = to - from;
  }

  #takesHistogram(w: RangeWindow, f: number, h: number): boolean {
    if (h < w.histogramFrom) return false;
    if (f < w.floatFrom) return true;
    return w.histogramTimes[h]! > w.floatTimes[f]!;
  }

  #floats(w: RangeWindow, before: number, newest: number): boolean {
    const { floats, floatTimes, floatStarts } = w;
    const elapsedMs = floatTimes[newest]! - floatTimes[before]!;
    if (elapsedMs === 0) return false;
    const start = floatStarts?.[newest] ?? 0;
    const wasReset =
      this.#isRate &&
      (floats[newest]! < floats[before]! || isStartReset(floatStarts?.[before] ?? 0, floatTimes[before]!, start, floatTimes[newest]!));
    const difference = wasReset ? floats[newest]! : floats[newest]! - floats[before]!;
    w.value = this.#isRate ? difference / (elapsedMs / 1000) : difference;
    w.histogram = null;
    return true;
  }

  #histograms(w: RangeWindow, beforeIndex: number, newestIndex: number): boolean {
    const { histograms, histogramTimes, histogramStarts, annotations, span } = w;
    const newest = histograms[newestIndex]!;
    const before = histograms[beforeIndex]!;
    const elapsedMs = histogramTimes[newestIndex]! - histogramTimes[beforeIndex]!;
    if (elapsedMs === 0) return false;
    const gauges = Number(newest.counterResetHint === 'gauge') + Number(before.counterResetHint === 'gauge');
    if (this.#isRate && gauges > 0) annotations.notCounter(w.metricName, span);
    if (!this.#isRate && gauges < 2) annotations.notGauge(w.metricName, span);
    const result = draftOf(newest);
    const startReset = isStartReset(
      histogramStarts?.[beforeIndex] ?? 0,
      histogramTimes[beforeIndex]!,
      histogramStarts?.[newestIndex] ?? 0,
      histogramTimes[newestIndex]!,
    );
    if (!this.#isRate || (!startReset && !isReset(newest, before))) {
      const difference = subtract(result, before);
      if (difference === null) {
        annotations.mixedExponentialCustom(w.metricName, span);
        return false;
      }
      if (difference.boundsReconciled) annotations.boundsReconciled('subtraction', span);
    }
    result.counterResetHint = 'gauge';
    compact(result);
    w.histogram = this.#isRate ? divide(result, elapsedMs / 1000) : result;
    return true;
  }
}
