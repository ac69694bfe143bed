/**
 * Selectors as values: an instant vector is, at each step, the newest sample of each series within the lookback delta; a
 * range vector on its own is the samples as stored. prometheus/promql/engine.go evalSeries, smoothSeries, matrixSelector.
 * Hot path: the loop over steps runs once per series.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import { isStale, type SampleColumns } from '../model/sample.ts';
import type { Evaluation, RangeSeries, StepRange } from './evaluation.ts';
import { stepTime } from './evaluation.ts';
import { extendFloats, interpolate, interpolateHistograms } from './functions/extended-rate.ts';
import { sampleWeight, usesCustomBuckets, withHint } from './histogram/histogram-draft.ts';
import { executionError } from './query-error.ts';
import type { MatrixPlan, SelectorPlan } from './query-plan.ts';
import { RangeWindow, statsOf } from './range-window.ts';
import { SeriesBlock } from './series-block.ts';
import { readOn } from './series-reading.ts';

/** What a selected sample is asked for: its value, a time of it in seconds, or, of an info metric, its time in ms. */
export type Asked = 'value' | 'timestamp' | 'start_timestamp' | 'info_time';

/** Time that a selector looks at in a step, before its lookback or range. */
export const referenceTime = (selector: { atMs: number | null; offsetMs: number }, atMs: number): number =>
  (selector.atMs ?? atMs) - selector.offsetMs;

export function* evaluateSelector(
  evaluation: Evaluation,
  selector: SelectorPlan,
  range: StepRange,
  asked: Asked = 'value',
): Generator<void, SeriesBlock> {
  const { lookbackDeltaMs } = evaluation.options;
  const firstMs = referenceTime(selector, range.startMs);
  const lastMs = referenceTime(selector, stepTime(range, range.steps - 1));
  const wanted = { fromMs: firstMs - lookbackDeltaMs + 1, toMs: lastMs };
  const selection = yield* evaluation.select(selector.matchers, wanted);
  const block = new SeriesBlock(range.steps, selection.count);
  const { statsOnly } = selector;
  const strideMs = selector.atMs === null ? range.stepMs : 0;
  let samples = 0;
  for (let i = 0; i < selection.count; i++) {
    const labels = selection.labels(i); // they may be gone after a pause
    const columns = selection.read(i);
    if (columns.histograms !== null) yield* readOn(evaluation, selection, i, columns, samples, statsOnly);
    if (evaluation.isSliceOver(columns.length + range.steps)) yield;
    if (columns.length === 0) continue;
    const row = block.addRow(labels, false);
    evaluation.touchCells(block.cells);
    const held = fillRow(evaluation, row, block, columns, { firstMs, strideMs, lookbackDeltaMs, asked, statsOnly, samples });
    if (held === 0) block.removeLastRow();
    else evaluation.counts.addSteps(block, row);
    samples += held;
    evaluation.touch(samples);
  }
  evaluation.done(selection);
  evaluation.adopt(block, samples);
  evaluation.counts.addRows(block.samplesHeld);
  return block;
}

type Reading = {
  readonly firstMs: number;
  readonly strideMs: number;
  readonly lookbackDeltaMs: number;
  readonly asked: Asked;
  readonly statsOnly: boolean;
  /** In the rows before. */
  readonly samples: number;
};

/** Fills the cells of a row; returns how many samples that are, histograms by their size. */
function fillRow(evaluation: Evaluation, row: number, block: SeriesBlock, columns: SampleColumns, reading: Reading): number {
  const { timestamps, values, histograms, length } = columns;
  const { firstMs, strideMs, lookbackDeltaMs, asked } = reading;
  const { steps, kinds } = block;
  let held = 0;
  /** Of the newest sample, where it is a histogram: as it is put into cells, and its size. */
  let shownAt = -1;
  let shown: FloatHistogram | null = null;
  let weight = 0;
  // Index of the newest sample that is not in the future; -1 for none. One step sees the last sample at once.
  let at = steps === 1 ? length - 1 : -1;
  for (let step = 0; step < steps; step++) {
    const refMs = firstMs + step * strideMs;
    while (at + 1 < length && timestamps[at + 1]! <= refMs) at++; // in bounds: at + 1 < length
    if (at < 0) continue;
    const sampleMs = timestamps[at]!;
    if (sampleMs <= refMs - lookbackDeltaMs) continue;
    const value = values[at]!;
    const histogram = histograms === null ? null : (histograms[at] ?? null);
    if (value !== value && isStale(value)) continue;
    if (histogram !== null && isStale(histogram.sum)) continue;
    held++;
    if (asked === 'timestamp') block.setFloat(row + step, sampleMs / 1000);
    else if (asked === 'start_timestamp') block.setFloat(row + step, (columns.startTimestamps?.[at] ?? 0) / 1000);
    else if (asked === 'info_time') {
      const labels = block.labels[block.rows - 1]?.toString() ?? '';
      if (histogram !== null) throw executionError(`this should be an info metric, with float samples: ${labels}`);
      block.setFloat(row + step, sampleMs);
    } else if (histogram === null) {
      kinds[row + step] = 1; // FLOAT, written out: this is the hottest line of an instant query
      block.values[row + step] = value;
    } else {
      if (shown === null || at !== shownAt) {
        shown = reading.statsOnly ? statsOf(histogram, histogramBefore(columns, at)) : histogram;
        weight = sampleWeight(shown);
        shownAt = at;
      }
      block.setHistogram(row + step, shown);
      held += weight - 1;
      evaluation.touch(reading.samples + held);
    }
  }
  return held;
}

/** The last histogram before a sample, for what a selector without buckets must know about counter resets. */
function histogramBefore({ histograms }: SampleColumns, index: number): FloatHistogram | null {
  for (let i = index - 1; i >= 0; i--) {
    const histogram = histograms?.[i] ?? null;
    if (histogram !== null && !isStale(histogram.sum)) return histogram;
  }
  return null;
}

/** Between two samples the value is interpolated; after the last one it is kept for the lookback delta. */
export function* evaluateSmoothedSelector(evaluation: Evaluation, selector: SelectorPlan, range: StepRange): Generator<void, SeriesBlock> {
  const { lookbackDeltaMs } = evaluation.options;
  const firstMs = referenceTime(selector, range.startMs);
  const lastMs = referenceTime(selector, stepTime(range, range.steps - 1));
  const wanted = { fromMs: firstMs - lookbackDeltaMs + 1, toMs: lastMs + lookbackDeltaMs };
  const selection = yield* evaluation.select(selector.matchers, wanted);
  const block = new SeriesBlock(range.steps, selection.count);
  const window = new RangeWindow(evaluation.annotations, selector.span, { rangeMs: 0, isAnchored: false, isSmoothed: true });
  for (let i = 0; i < selection.count; i++) {
    const labels = selection.labels(i);
    const columns = selection.read(i);
    if (columns.histograms !== null) yield* readOn(evaluation, selection, i, columns, block.histogramsHeld, selector.statsOnly);
    window.load(labels, columns, selector.statsOnly);
    if (evaluation.isSliceOver(window.floatCount + range.steps)) yield;
    const row = block.addRow(window.labels, false);
    evaluation.touchCells(block.cells);
    for (let step = 0; step < range.steps; step++) {
      const refMs = referenceTime(selector, stepTime(range, step));
      window.moveTo(refMs - lookbackDeltaMs, refMs + lookbackDeltaMs);
      const heldBefore = block.histogramsHeld;
      smoothCell(block, row + step, window, refMs);
      if (block.histogramsHeld === heldBefore) continue;
      evaluation.touch(block.histogramsHeld);
      if (evaluation.isSliceOver(block.histogramsHeld - heldBefore)) yield;
    }
    if (block.isRowEmpty(block.rows - 1)) block.removeLastRow();
  }
  evaluation.done(selection);
  return evaluation.adopt(block);
}

function smoothCell(block: SeriesBlock, cell: number, window: RangeWindow, refMs: number): void {
  const { annotations, span, floatTimes, floats, floatFrom, floatTo, histogramTimes, histograms, histogramFrom, histogramTo } = window;
  if (floatTo > floatFrom && histogramTo > histogramFrom) {
    annotations.mixedFloatsHistograms(window.metricName, span);
  } else if (floatTo > floatFrom) {
    const next = firstAtOrAfter(floatTimes, floatFrom, floatTo, refMs);
    if (next < floatTo && floatTimes[next] === refMs) block.setFloat(cell, floats[next] ?? 0);
    else if (next > floatFrom && next < floatTo) {
      block.setFloat(
        cell,
        interpolate(floatTimes[next - 1] ?? 0, floats[next - 1] ?? 0, floatTimes[next] ?? 0, floats[next] ?? 0, refMs, false),
      );
    } else if (next > floatFrom) block.setFloat(cell, floats[next - 1] ?? 0);
  } else if (histogramTo > histogramFrom) {
    const next = firstAtOrAfter(histogramTimes, histogramFrom, histogramTo, refMs);
    const before = next > histogramFrom ? histograms[next - 1] : undefined;
    const after = next < histogramTo ? histograms[next] : undefined;
    if (after !== undefined && histogramTimes[next] === refMs) block.setHistogram(cell, after);
    else if (before === undefined) return;
    else if (after === undefined) block.setHistogram(cell, withHint(before, 'unknown'));
    else {
      const between = interpolatedHistogram(window, next, before, after, refMs);
      if (between !== null) block.setHistogram(cell, between);
    }
  }
}

function interpolatedHistogram(
  window: RangeWindow,
  next: number,
  before: FloatHistogram,
  after: FloatHistogram,
  refMs: number,
): FloatHistogram | null {
  const { annotations, span, metricName, histogramTimes } = window;
  if (usesCustomBuckets(before) !== usesCustomBuckets(after)) {
    annotations.mixedExponentialCustom(metricName, span);
    return null;
  }
  const isCounter = before.counterResetHint !== 'gauge' || after.counterResetHint !== 'gauge';
  const result = interpolateHistograms(
    before,
    histogramTimes[next - 1] ?? 0,
    after,
    histogramTimes[next] ?? 0,
    refMs,
    isCounter,
    annotations,
    span,
  );
  if (result === null) annotations.mixedExponentialCustom(metricName, span);
  return result;
}

/** First index in [from, to) whose time is not before `ms`, or `to`. */
function firstAtOrAfter(times: Float64Array, from: number, to: number, ms: number): number {
  let at = from;
  while (at < to && (times[at] ?? 0) < ms) at++;
  return at;
}

/** A range vector as the result of an instant query. */
export function* evaluateMatrix(evaluation: Evaluation, matrix: MatrixPlan, range: StepRange): Generator<void, RangeSeries[]> {
  const { lookbackDeltaMs } = evaluation.options;
  const { selector, rangeMs } = matrix;
  const endMs = referenceTime(selector, range.startMs);
  const startMs = endMs - rangeMs;
  const isExtended = selector.isAnchored || selector.isSmoothed;
  const fromMs = isExtended ? startMs - lookbackDeltaMs : startMs;
  const toMs = selector.isSmoothed ? endMs + lookbackDeltaMs : endMs;
  const selection = yield* evaluation.select(selector.matchers, { fromMs: fromMs + 1, toMs });
  const window = new RangeWindow(evaluation.annotations, matrix.span, { rangeMs, ...selector });
  const result: RangeSeries[] = [];
  for (let i = 0; i < selection.count; i++) {
    const labels = selection.labels(i);
    const columns = selection.read(i);
    if (columns.histograms !== null) yield* readOn(evaluation, selection, i, columns, 0, false);
    if (evaluation.isSliceOver(columns.length)) yield;
    let series = isExtended ? null : asStored(labels, columns);
    if (series === null) {
      window.load(labels, columns, false);
      window.moveTo(fromMs, toMs);
      if (window.histogramLength > 0) {
        throw executionError(`${selector.isAnchored ? 'anchored' : 'smoothed'} modifier is not supported with histograms`);
      }
      const extended = extendFloats(window, startMs, endMs);
      if (extended !== null) series = { labels, dropsName: false, ...extended, histograms: null };
    }
    if (series === null || series.timestamps.length === 0) continue;
    result.push(series);
    const { length } = series.timestamps;
    let added = length;
    for (let at = 0; at < length; at++) {
      const histogram = series.histograms?.[at] ?? null;
      if (histogram !== null) added += sampleWeight(histogram) - 1;
    }
    evaluation.counts.add(added, added);
    evaluation.hold(added);
  }
  evaluation.done(selection);
  return result;
}

function asStored(labels: RangeSeries['labels'], { length, timestamps, values, histograms }: SampleColumns): RangeSeries {
  const times = timestamps.slice(0, length);
  const floats = values.slice(0, length);
  const kept: (FloatHistogram | null)[] | null = histograms === null ? null : [];
  let hasHistograms = false;
  let to = 0;
  for (let i = 0; i < length; i++) {
    const histogram = histograms?.[i] ?? null;
    const value = floats[i]!; // in bounds, as below
    if (isStale(histogram === null ? value : histogram.sum)) continue;
    times[to] = times[i]!;
    floats[to++] = histogram === null ? value : 0;
    kept?.push(histogram);
    if (histogram !== null) hasHistograms = true;
  }
  return {
    labels,
    dropsName: false,
    timestamps: times.subarray(0, to),
    values: floats.subarray(0, to),
    histograms: hasHistograms ? kept : null,
  };
}
