/**
 * Functions of histograms. Count, sum and the like exist for native ones only; histogram_quantile, histogram_quantiles
 * and histogram_fraction also take classic ones, whose buckets are series that differ in `le`.
 * Hot path: buckets are gathered once per group and step.
 */
import { goFormatG } from '../../lib/go-float.ts';
import { parseGoFloat } from '../../lib/parse-float.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import { Labels, METRIC_NAME } from '../../model/labels.ts';
import { ClassicBuckets } from '../classic-histogram.ts';
import { asScalar, asVector, BOUNDS_WORK, LABELS_WORK, SAMPLES_AT_ONCE, stepTime, type Value, vectorOf } from '../evaluation.ts';
import { sampleWeight } from '../histogram/histogram-draft.ts';
import { lastNaNEffect, nativeFraction, nativeQuantile, nativeVariance } from '../histogram/histogram-quantile.ts';
import { ABSENT, dropNames, FLOAT, HISTOGRAM, SeriesBlock, withoutMetadata } from '../series-block.ts';
import { type CallSite, settle, settleNameless, type VectorFunction } from '../vector-function.ts';
import { textOf } from './vector.ts';

/** Replaces each histogram by a number; floats drop out. `bucketWork`: what that costs per bucket. */
const mapHistograms = (f: (h: FloatHistogram) => number, bucketWork = 0): VectorFunction =>
  function* ({ evaluation, range, args }) {
    const block = asVector(args[0]);
    const { steps } = block;
    for (let row = 0; row < block.rows; row++) {
      for (let cell = row * steps; cell < (row + 1) * steps; cell++) {
        if (block.kinds[cell] === HISTOGRAM) {
          const histogram = block.histogramAt(cell);
          if (bucketWork > 0 && evaluation.isSliceOver(sampleWeight(histogram) * bucketWork)) yield;
          block.setFloat(cell, f(histogram));
        } else block.kinds[cell] = ABSENT;
      }
      if (evaluation.isSliceOver(steps)) yield;
    }
    if (evaluation.options.delayedNameRemoval) yield* dropNames(evaluation, block);
    else {
      // Only the name goes here, type and unit stay: as Prometheus has it.
      block.hasUniqueLabels = false;
      for (let row = 0; row < block.rows; row++) {
        block.labels[row] = (block.labels[row] ?? Labels.empty).without([METRIC_NAME]);
        if (evaluation.isSliceOver(LABELS_WORK)) yield;
      }
    }
    return vectorOf(yield* settle(evaluation, range, block));
  };

/** Rows of one classic histogram, by ascending `le`. */
type ClassicGroup = { readonly labels: Labels; readonly rows: { readonly row: number; readonly bound: number }[] };

/** What a quantile or fraction is taken of: classic groups, native rows, and which of them get in each other's way. */
type Histograms = {
  readonly block: SeriesBlock;
  readonly classic: readonly ClassicGroup[];
  readonly nativeRows: readonly number[];
  /** Per native row the classic group with the same labels. */
  readonly rivals: ReadonlyMap<number, ClassicGroup>;
};

function* sortHistograms(site: CallSite, block: SeriesBlock, argument: number): Generator<void, Histograms> {
  const { annotations, options } = site.evaluation;
  const span = (site.call.args[argument] ?? site.call).span;
  const groups = new Map<string, ClassicGroup>();
  const nativeRows: number[] = [];
  for (let row = 0; row < block.rows; row++) {
    if (site.evaluation.isSliceOver(block.steps + LABELS_WORK)) yield;
    const labels = block.labels[row] ?? Labels.empty;
    if (rowHas(block, row, HISTOGRAM)) nativeRows.push(row);
    if (!rowHas(block, row, FLOAT)) continue;
    const bound = parseGoFloat(labels.get('le'));
    if (typeof bound !== 'number') {
      annotations.badBucketLabel(options.delayedNameRemoval ? labels.get(METRIC_NAME) : '', labels.get('le'), span);
      continue;
    }
    const groupLabels = labels.without(['le']);
    const key = groupLabels.key();
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { labels: groupLabels, rows: [] }));
    group.rows.push({ row, bound });
  }
  const classic = [...groups.values()];
  for (const group of classic) group.rows.sort((a, b) => a.bound - b.bound);
  const rivals = new Map<number, ClassicGroup>();
  if (groups.size > 0) {
    for (const row of nativeRows) {
      const rival = groups.get((block.labels[row] ?? Labels.empty).key());
      if (rival !== undefined) rivals.set(row, rival);
    }
  }
  return { block, classic, nativeRows, rivals };
}

function rowHas(block: SeriesBlock, row: number, kind: number): boolean {
  for (let cell = row * block.steps; cell < (row + 1) * block.steps; cell++) if (block.kinds[cell] === kind) return true;
  return false;
}

/**
 * One result row per histogram: `native`, which costs `nativeWork` per bucket, and `classic` compute a step's value. `label`
 * adds a label to each.
 */
function* evaluateHistograms(
  site: CallSite,
  histograms: Histograms,
  argument: number,
  native: (h: FloatHistogram, step: number, metricName: string) => number,
  nativeWork: number,
  classic: (buckets: ClassicBuckets, step: number, metricName: string) => number,
  result: SeriesBlock,
  label: (labels: Labels) => Labels,
): Generator<void, void> {
  const { block, nativeRows, rivals } = histograms;
  const { annotations, options } = site.evaluation;
  const span = (site.call.args[argument] ?? site.call).span;
  const { steps } = block;
  const buckets = new ClassicBuckets();
  const nameOf = (labels: Labels): string => (options.delayedNameRemoval ? labels.get(METRIC_NAME) : '');
  /** Steps at which a classic group is not evaluated: a native histogram has the same labels. */
  const blocked = new Map<ClassicGroup, Uint8Array>();
  for (const row of nativeRows) {
    const labels = block.labels[row] ?? Labels.empty;
    const rival = rivals.get(row);
    const to = result.addRow(label(labels), true);
    for (let step = 0; step < steps; step++) {
      const cell = row * steps + step;
      if (block.kinds[cell] !== HISTOGRAM) continue;
      if (rival?.rows.some((bucket) => block.kinds[bucket.row * steps + step] === FLOAT) === true) {
        annotations.mixedClassicNativeHistograms(nameOf(labels), span);
        let marks = blocked.get(rival);
        if (marks === undefined) blocked.set(rival, (marks = new Uint8Array(steps)));
        marks[step] = 1;
        continue;
      }
      const histogram = block.histogramAt(cell);
      if (site.evaluation.isSliceOver(sampleWeight(histogram) * nativeWork)) yield;
      result.setFloat(to + step, native(histogram, step, nameOf(labels)));
    }
    if (site.evaluation.isSliceOver(steps)) yield;
  }
  for (const group of histograms.classic) {
    const marks = blocked.get(group);
    const to = result.addRow(label(group.labels), true);
    const { rows } = group;
    let work = 0;
    for (let step = 0; step < steps; step++) {
      if (marks?.[step] === 1) continue;
      buckets.clear();
      for (let i = 0; i < rows.length; i++) {
        const { row, bound } = rows[i]!; // in bounds
        const cell = row * steps + step;
        if (block.kinds[cell] === FLOAT) buckets.push(bound, block.values[cell]!);
      }
      if (buckets.length > 0) result.setFloat(to + step, classic(buckets, step, nameOf(group.labels)));
      work += rows.length;
      if (work >= SAMPLES_AT_ONCE) {
        if (site.evaluation.isSliceOver(work)) yield;
        work = 0;
      }
    }
    if (site.evaluation.isSliceOver(work)) yield;
  }
  if (nativeRows.length > 0 && histograms.classic.length > 0) result.hasUniqueLabels = false;
}

/** The value of a quantile at each step, and the annotations that go with it. */
function quantileAt(site: CallSite, argument: number, quantiles: Float64Array) {
  const { annotations } = site.evaluation;
  const span = (site.call.args[argument] ?? site.call).span;
  return {
    native: (h: FloatHistogram, step: number, metricName: string): number => {
      const value = nativeQuantile(quantiles[step] ?? Number.NaN, h);
      const effect = lastNaNEffect();
      if (effect === 'result_is_nan') annotations.quantileIsNaN(metricName, span);
      else if (effect === 'skewed') annotations.quantileIsSkewed(metricName, span);
      return value;
    },
    classic: (buckets: ClassicBuckets, step: number, metricName: string): number => {
      const value = buckets.quantile(quantiles[step] ?? Number.NaN);
      if (buckets.wasForced) {
        const { minForced: minBucket, maxForced: maxBucket, maxDiff } = buckets;
        annotations.forcedMonotonicity(metricName, span, stepTime(site.range, step), { minBucket, maxBucket, maxDiff });
      }
      return value;
    },
  };
}

/** Of several quantiles, step by step: an annotation stands at the place where it was seen last. */
function warnOfQuantiles(site: CallSite, firstArgument: number, all: readonly Float64Array[]): void {
  for (let step = 0; step < site.range.steps; step++) {
    for (const [i, quantiles] of all.entries()) {
      const q = quantiles[step]!; // one value per step
      if (!(q >= 0 && q <= 1)) site.evaluation.annotations.invalidQuantile(q, (site.call.args[firstArgument + i] ?? site.call).span);
    }
  }
}

const unchanged = (labels: Labels): Labels => labels;

function* histogramQuantile(site: CallSite): Generator<void, Value> {
  const quantiles = asScalar(site.args[0]);
  warnOfQuantiles(site, 0, [quantiles]);
  const block = asVector(site.args[1]);
  const histograms = yield* sortHistograms(site, block, 1);
  const result = new SeriesBlock(block.steps, histograms.nativeRows.length + histograms.classic.length);
  const { native, classic } = quantileAt(site, 1, quantiles);
  yield* evaluateHistograms(site, histograms, 1, native, 1, classic, result, unchanged);
  return yield* settleNameless(site, result);
}

function* histogramQuantiles(site: CallSite): Generator<void, Value> {
  const block = asVector(site.args[0]);
  const name = textOf(site.call.args[1]);
  const keepsNames = site.evaluation.options.delayedNameRemoval;
  const all = site.args.slice(2).map(asScalar);
  warnOfQuantiles(site, 2, all);
  const histograms = yield* sortHistograms(site, block, 0);
  const result = new SeriesBlock(block.steps, (histograms.nativeRows.length + histograms.classic.length) * all.length);
  for (const quantiles of all) {
    const { native, classic } = quantileAt(site, 0, quantiles);
    // The label tells the quantile, so each of its values over the steps has rows of its own.
    for (const q of new Set(quantiles)) {
      const only = (step: number): boolean => quantiles[step] === q || (Number.isNaN(q) && Number.isNaN(quantiles[step]));
      // The label may be the name of a new metric, so that the old one goes before.
      const label = (labels: Labels): Labels => (keepsNames ? labels : withoutMetadata(labels)).with([[name, openMetricsFloat(q)]]);
      const part = new SeriesBlock(block.steps, histograms.nativeRows.length + histograms.classic.length);
      yield* evaluateHistograms(site, histograms, 0, native, 1, classic, part, label);
      for (let row = 0; row < part.rows; row++) {
        const to = result.addRow(part.labels[row] ?? Labels.empty, true);
        for (let step = 0; step < block.steps; step++) if (only(step)) result.copyCell(to + step, part, row * block.steps + step);
        site.evaluation.touchCells(result.cells);
        if (site.evaluation.isSliceOver(block.steps)) yield;
      }
    }
  }
  result.hasUniqueLabels = false;
  return vectorOf(yield* settle(site.evaluation, site.range, result));
}

/** labels.FormatOpenMetricsFloat: whole numbers have a fraction. */
function openMetricsFloat(value: number): string {
  const text = goFormatG(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function* histogramFraction(site: CallSite): Generator<void, Value> {
  const lower = asScalar(site.args[0]);
  const upper = asScalar(site.args[1]);
  const block = asVector(site.args[2]);
  const span = (site.call.args[2] ?? site.call).span;
  const histograms = yield* sortHistograms(site, block, 2);
  const result = new SeriesBlock(block.steps, histograms.nativeRows.length + histograms.classic.length);
  yield* evaluateHistograms(
    site,
    histograms,
    2,
    (h, step, metricName) => {
      const fraction = nativeFraction(lower[step] ?? Number.NaN, upper[step] ?? Number.NaN, h);
      if (lastNaNEffect() === 'excluded') site.evaluation.annotations.fractionExcludesNaN(metricName, span);
      return fraction;
    },
    BOUNDS_WORK,
    (buckets, step) => buckets.fraction(lower[step] ?? Number.NaN, upper[step] ?? Number.NaN),
    result,
    unchanged,
  );
  return yield* settleNameless(site, result);
}

export const HISTOGRAMS: Readonly<Record<string, VectorFunction>> = {
  histogram_count: mapHistograms((h) => h.count),
  histogram_sum: mapHistograms((h) => h.sum),
  histogram_avg: mapHistograms((h) => h.sum / h.count),
  histogram_stdvar: mapHistograms(nativeVariance, BOUNDS_WORK),
  histogram_stddev: mapHistograms((h) => Math.sqrt(nativeVariance(h)), BOUNDS_WORK),
  histogram_quantile: histogramQuantile,
  histogram_quantiles: histogramQuantiles,
  histogram_fraction: histogramFraction,
};
