/**
 * Calls of functions over range vectors: series by series, the window moves from step to step over the columns.
 * prometheus/promql/engine.go eval, case Call. Hot path: nothing is allocated per step of floats.
 */
import type { Labels } from '../model/labels.ts';
import type { SampleColumns } from '../model/sample.ts';
import type { Span } from './ast.ts';
import { type Evaluation, SAMPLES_AT_ONCE, type StepRange, stepTime } from './evaluation.ts';
import { labelsOfAbsent, selectorMatchers } from './functions/absent.ts';
import { CHANGES } from './functions/changes.ts';
import { OVER_TIME } from './functions/over-time.ts';
import { InstantRateKernel, RateKernel } from './functions/rate.ts';
import { TREND } from './functions/trend.ts';
import { executionError } from './query-error.ts';
import type { CallPlan, MatrixPlan, SubqueryPlan } from './query-plan.ts';
import type { RangeKernel, RowTask } from './range-kernel.ts';
import { RangeWindow } from './range-window.ts';
import type { SampleCounts, Windows } from './sample-counts.ts';
import type { Selection } from './selection.ts';
import { referenceTime } from './selector-evaluation.ts';
import { ABSENT, assertUniqueLabels, assertUniqueRows, FLOAT, isSameMetric, SeriesBlock, withoutMetadata } from './series-block.ts';
import { readOn } from './series-reading.ts';

/** A subquery that has been evaluated, when its steps are, and what they looked at. */
export type SubqueryResult = { readonly block: SeriesBlock; readonly range: StepRange; readonly counts: SampleCounts };

export type RangeSource =
  | { readonly kind: 'stored'; readonly plan: MatrixPlan }
  | { readonly kind: 'subquery'; readonly plan: SubqueryPlan; readonly result: SubqueryResult };

const ANCHORED_FUNCTIONS = ['changes', 'delta', 'increase', 'rate', 'resets'];
const SMOOTHED_FUNCTIONS = ['delta', 'increase', 'rate'];
const START_TIMESTAMP_FUNCTIONS = new Set(['rate', 'irate', 'increase', 'resets']);
const NO_KINDS = new Uint8Array(0);
const NO_VALUES = new Float64Array(0);
/** Where annotations about a subquery's samples point: Prometheus puts its result in the argument's place, which has no place in the text. */
const QUERY_START: Span = { start: 0, end: 0 };
const COUNTER_SUFFIX = /_(?:total|sum|count|bucket)$/;

/** A kernel keeps state from step to step, so each call has its own where it does. */
function kernelOf(name: string): RangeKernel {
  switch (name) {
    case 'rate':
      return new RateKernel({ isCounter: true, isRate: true });
    case 'increase':
      return new RateKernel({ isCounter: true, isRate: false });
    case 'delta':
      return new RateKernel({ isCounter: false, isRate: false });
    case 'irate':
      return new InstantRateKernel(true);
    case 'idelta':
      return new InstantRateKernel(false);
    default: {
      const kernel = OVER_TIME[name] ?? CHANGES[name]?.() ?? TREND[name];
      if (kernel === undefined) throw new Error(`BUG: no range function ${name}`);
      return kernel;
    }
  }
}

/** Takes the rows of a call as they are found; what it is given belongs to it for that long. */
export interface RowSink {
  /** Null: it is done with the row. */
  add(block: SeriesBlock, row: number): Generator<void, void> | null;
}

/**
 * `params` are the scalar arguments in order, one value per step each. With a sink, which gets all rows, the block that
 * is returned is empty.
 */
export function* evaluateRangeCall(
  evaluation: Evaluation,
  call: CallPlan,
  source: RangeSource,
  params: readonly Float64Array[],
  range: StepRange,
  sink: RowSink | null = null,
): Generator<void, SeriesBlock> {
  const { counts } = evaluation;
  const { lookbackDeltaMs, delayedNameRemoval, useStartTimestamps } = evaluation.options;
  const isStored = source.kind === 'stored';
  const selector = isStored ? source.plan.selector : null;
  const isAnchored = selector?.isAnchored ?? false;
  const isSmoothed = selector?.isSmoothed ?? false;
  if (isAnchored) checkModifier('anchored', ANCHORED_FUNCTIONS, call.name);
  if (isSmoothed) checkModifier('smoothed', SMOOTHED_FUNCTIONS, call.name);
  const { rangeMs } = source.plan;
  const before = isAnchored || isSmoothed ? lookbackDeltaMs : 0;
  const after = isSmoothed ? lookbackDeltaMs : 0;
  const reference = selector ?? (source.plan as SubqueryPlan);
  const firstMs = referenceTime(reference, range.startMs);
  const strideMs = reference.atMs === null ? range.stepMs : 0;

  const windows: Windows = { fromMs: firstMs - rangeMs - before, toMs: firstMs + after, strideMs };
  const kernel = kernelOf(call.name);
  const span = source.plan === call.args[0] && source.kind === 'subquery' ? QUERY_START : (call.args[0] ?? call).span;
  const window = new RangeWindow(evaluation.annotations, span, { rangeMs, isAnchored, isSmoothed });
  const series = yield* seriesOf(evaluation, source, {
    fromMs: windows.fromMs + 1,
    toMs: windows.toMs + (range.steps - 1) * strideMs,
  });
  const usesStarts = useStartTimestamps && START_TIMESTAMP_FUNCTIONS.has(call.name);
  const dropsName = call.name !== 'last_over_time' && call.name !== 'first_over_time';
  const isCounterFunction = call.name === 'rate' || call.name === 'increase';
  const block = new SeriesBlock(range.steps, sink === null ? series.count : 1);
  const sunk: Labels[] = [];
  const task: RowTask = {
    firstMs,
    strideMs,
    steps: range.steps,
    kinds: NO_KINDS,
    values: NO_VALUES,
    cell: 0,
    found: 0,
    looked: 0,
    most: 0,
    last: 0,
  };
  const takesRows = kernel.computeRow !== undefined && !isAnchored && !isSmoothed;
  const windowing: Windowing = { kernel, params, range, rangeMs, before, after };
  let firstLabels: Labels | null = null;
  let isOneMetric = true;
  let results = 0;

  for (let i = 0; i < series.count; i++) {
    const reading = series.load(i, window, results);
    if (reading !== null) yield* reading;
    const samples = window.floatCount + window.histograms.length;
    if (evaluation.isSliceOver(samples + range.steps)) yield;
    if (samples === 0) continue;
    if (!usesStarts) {
      window.floatStarts = null;
      window.histogramStarts = null;
    }
    kernel.startSeries?.(window);
    firstLabels ??= window.labels;
    isOneMetric &&= isSameMetric(window.labels, firstLabels);
    const rowDropsName = dropsName || series.dropsName(i);
    const row = block.addRow(rowDropsName && !delayedNameRemoval ? withoutMetadata(window.labels) : window.labels, rowDropsName);
    evaluation.touchCells(block.cells);
    let rowResults = 0;
    task.found = 0;
    task.looked = 0;
    task.most = 0;
    task.last = 0;
    if (takesRows && window.histograms.length === 0 && window.floatStarts === null) {
      task.kinds = block.kinds;
      task.values = block.values;
      task.cell = row;
      kernel.computeRow?.(window, task);
      rowResults = task.found;
    } else rowResults = yield* computeSteps(evaluation, windowing, window, task, block, row, results);
    counts.addWindows(window, windows, task.looked, isStored);
    evaluation.touch(results + task.most);
    results += rowResults;
    evaluation.touch(results + task.last);
    if (isCounterFunction && hasFloat(block, row)) annotateCounter(evaluation, window);
    if (task.found === 0) block.removeLastRow();
    else if (sink !== null) {
      const adding = sink.add(block, 0);
      if (adding !== null) yield* adding;
      sunk.push(block.labels[0] ?? window.labels);
      block.removeLastRow();
    }
  }
  series.done();
  if (call.name === 'absent_over_time') return evaluation.adopt(absentRow(block, call, delayedNameRemoval));
  if (!delayedNameRemoval) {
    block.hasUniqueLabels = isOneMetric && (isStored || source.result.block.hasUniqueLabels);
    if (sink === null) yield* assertUniqueRows(evaluation, block);
    else if (!block.hasUniqueLabels) yield* assertUniqueLabels(evaluation, sunk);
  }
  return evaluation.adopt(block, sink === null ? results : 0);
}

type Windowing = {
  readonly kernel: RangeKernel;
  readonly params: readonly Float64Array[];
  readonly range: StepRange;
  readonly rangeMs: number;
  /** How far the windows reach out of the range. */
  readonly before: number;
  readonly after: number;
};

/** Fills a row step by step, each from its window. Returns how much more is held, `results` being held before. */
function* computeSteps(
  evaluation: Evaluation,
  { kernel, params, range, rangeMs, before, after }: Windowing,
  window: RangeWindow,
  task: RowTask,
  block: SeriesBlock,
  row: number,
  results: number,
): Generator<void, number> {
  let rowResults = 0;
  let work = 0;
  for (let step = 0; step < range.steps; step++) {
    const endMs = task.firstMs + step * task.strideMs;
    window.moveTo(endMs - rangeMs - before, endMs + after);
    const inWindow = window.weight;
    task.last = inWindow;
    if (inWindow === 0) continue;
    task.looked += inWindow;
    if (inWindow > task.most) task.most = inWindow;
    window.atMs = stepTime(range, step);
    window.startMs = endMs - rangeMs;
    window.endMs = endMs;
    for (let p = 0; p < params.length; p++) window.params[p] = params[p]![step]!; // one value per step
    work += inWindow;
    if (work >= SAMPLES_AT_ONCE) {
      if (evaluation.isSliceOver(work)) yield;
      work = 0;
    }
    let hasResult = kernel.compute(window);
    if (typeof hasResult !== 'boolean') hasResult = yield* evaluation.paced(hasResult);
    if (!hasResult) continue;
    task.found++;
    if (window.histogram === null) {
      block.setFloat(row + step, window.value);
      rowResults++;
    } else {
      const heldBefore = block.histogramsHeld;
      block.setHistogram(row + step, window.histogram);
      rowResults += block.histogramsHeld - heldBefore;
      evaluation.touch(results + rowResults);
    }
  }
  if (evaluation.isSliceOver(work)) yield;
  return rowResults;
}

function hasFloat({ kinds, steps }: SeriesBlock, row: number): boolean {
  for (let cell = row; cell < row + steps; cell++) if (kinds[cell] === FLOAT) return true;
  return false;
}

function checkModifier(modifier: string, functions: readonly string[], name: string): void {
  if (!functions.includes(name))
    throw executionError(`${modifier} modifier can only be used with: ${functions.join(', ')} - not with ${name}`);
}

interface SeriesSource {
  readonly count: number;
  /** Null: it is done. `found`: samples of results that are not held yet. */
  load(index: number, window: RangeWindow, found: number): Generator<void, void> | null;
  dropsName(index: number): boolean;
  done(): void;
}

function* seriesOf(evaluation: Evaluation, source: RangeSource, range: { fromMs: number; toMs: number }): Generator<void, SeriesSource> {
  if (source.kind === 'subquery') {
    const { block, range: steps } = source.result;
    return {
      count: block.rows,
      load: (index, window) => {
        window.loadRow(block, index, steps.startMs, steps.stepMs);
        return null;
      },
      dropsName: (index) => block.dropsName[index] ?? false,
      done: () => {},
    };
  }
  const { selector } = source.plan;
  const selection: Selection = yield* evaluation.select(selector.matchers, range);
  const { statsOnly } = selector;
  function* loadParts(index: number, columns: SampleColumns, window: RangeWindow, found: number): Generator<void, void> {
    const labels = selection.labels(index); // they may be gone after a pause
    yield* readOn(evaluation, selection, index, columns, found, statsOnly);
    window.load(labels, columns, statsOnly);
  }
  return {
    count: selection.count,
    load: (index, window, found) => {
      const columns = selection.read(index);
      if (columns.histograms !== null) return loadParts(index, columns, window, found);
      window.load(selection.labels(index), columns, statsOnly);
      return null;
    },
    dropsName: () => false,
    done: () => evaluation.done(selection),
  };
}

/** The name, or the type label, of what rate and increase are applied to tells of a mistake. */
function annotateCounter({ annotations, options }: Evaluation, window: RangeWindow): void {
  const name = window.metricName;
  if (name === '') return;
  if (options.typeAndUnitLabels) {
    const type = window.labels.get('__type__');
    if (type !== 'counter' && type !== 'histogram') annotations.possibleNonCounterType(name, type, window.span);
  } else if (!COUNTER_SUFFIX.test(name)) {
    annotations.possibleNonCounter(name, window.span);
  }
}

/** 1 at each step where no series had a sample; no series at all when there is no such step. */
function absentRow(present: SeriesBlock, call: CallPlan, delayedNameRemoval: boolean): SeriesBlock {
  const { steps } = present;
  const block = new SeriesBlock(steps, 1);
  const row = block.addRow(labelsOfAbsent(selectorMatchers(call.args[0])), delayedNameRemoval);
  let absent = 0;
  for (let step = 0; step < steps; step++) {
    let isPresent = false;
    for (let cell = step; cell < present.rows * steps && !isPresent; cell += steps) isPresent = present.kinds[cell] !== ABSENT;
    if (isPresent) continue;
    block.setFloat(row + step, 1);
    absent++;
  }
  if (absent === 0) block.removeLastRow();
  return block;
}
