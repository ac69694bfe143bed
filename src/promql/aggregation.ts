/**
 * Aggregations over series: sum, avg, topk … prometheus/promql/engine.go aggregation, aggregationK, rangeEvalAgg.
 * Hot path: rows are added to their group's cells one after the other, so that the inner loop runs along columns.
 */
import { withLength } from '../lib/columns.ts';
import { goFormatF, goFormatG } from '../lib/go-float.ts';
import { goQuote } from '../lib/go-quote.ts';
import { goSort } from '../lib/go-sort.ts';
import { unreachable } from '../lib/never.ts';
import { xxHash64 } from '../lib/xxhash64.ts';
import { isUtf8LabelName, Labels, METRIC_NAME } from '../model/labels.ts';
import type { Annotations } from './annotations.ts';
import type { AggregateOp } from './ast.ts';
import { type Evaluation, isInstant, LABELS_WORK, SAMPLES_AT_ONCE, type StepRange, textWeight } from './evaluation.ts';
import { addToAverage } from './functions/over-time.ts';
import { goMax, goMin } from './go-math.ts';
import { type Grouping, groupKey, groupLabels } from './grouping.ts';
import { compact, draftOf, HistogramSum, sampleWeight } from './histogram/histogram-draft.ts';
import { printHistogram } from './histogram/histogram-text.ts';
import { kahanAdd } from './kahan.ts';
import { quantileOf } from './quantile.ts';
import { executionError } from './query-error.ts';
import type { AggregatePlan } from './query-plan.ts';
import { ABSENT, CELLS_MOVED_MAX, FLOAT, HISTOGRAM, LABELS_CELLS, SeriesBlock } from './series-block.ts';
import { settle } from './vector-function.ts';

type Groups = {
  readonly ofRow: Int32Array;
  readonly labels: readonly Labels[];
};

function* groupRows(evaluation: Evaluation, block: SeriesBlock, grouping: Grouping): Generator<void, Groups> {
  const ofRow = new Int32Array(block.rows);
  const labels: Labels[] = [];
  if (!grouping.isWithout && grouping.names.length === 0) return { ofRow, labels: block.rows > 0 ? [Labels.empty] : [] };
  const known = new Map<string, number>();
  for (let row = 0; row < block.rows; row++) {
    if (evaluation.isSliceOver(LABELS_WORK + grouping.names.length)) yield;
    const rowLabels = block.labels[row] ?? Labels.empty;
    const key = groupKey(rowLabels, grouping);
    let group = known.get(key);
    if (group === undefined) {
      group = labels.length;
      known.set(key, group);
      labels.push(groupLabels(rowLabels, grouping));
    }
    ofRow[row] = group;
  }
  return { ofRow, labels };
}

/** `param` has a value for each step: k, the quantile or the ratio. */
export function* aggregate(
  evaluation: Evaluation,
  plan: AggregatePlan,
  block: SeriesBlock,
  param: Float64Array | null,
  range: StepRange,
): Generator<void, SeriesBlock> {
  const grouping: Grouping = { names: plan.grouping, isWithout: plan.isWithout };
  switch (plan.op) {
    case 'count_values':
      return yield* countValues(evaluation, plan, block, range);
    case 'topk':
    case 'bottomk':
    case 'limitk':
    case 'limit_ratio':
      return yield* selectRows(
        evaluation,
        plan,
        plan.op,
        block,
        yield* groupRows(evaluation, block, grouping),
        param ?? new Float64Array(0),
        range,
      );
    case 'quantile':
      return yield* quantiles(evaluation, plan, block, yield* groupRows(evaluation, block, grouping), param ?? new Float64Array(0));
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
    case 'count':
    case 'group':
    case 'stddev':
    case 'stdvar':
      return yield* fold(evaluation, plan, plan.op, block);
    default:
      return unreachable(plan.op);
  }
}

type FoldOp = 'sum' | 'avg' | 'min' | 'max' | 'count' | 'group' | 'stddev' | 'stdvar';

/** Cells of a block that take as much memory as those of a cell here. */
const STATE_CELLS = 2;

/** Accumulators of all groups and steps, in columns like the block itself. */
class FoldState {
  count: Float64Array;
  value: Float64Array;
  /** Kahan compensation, or the running mean of a variance. */
  second: Float64Array;
  /** Cells whose average is carried on from mean to mean, as their sum left the range of doubles. */
  isMean: Uint8Array | null = null;
  /** Sums of histograms by cell; null once they turned out not to go together. */
  readonly histograms = new Map<number, HistogramCell | null>();
  /** Their size. */
  histogramsHeld = 0;

  constructor(cells: number) {
    this.count = new Float64Array(cells);
    this.value = new Float64Array(cells);
    this.second = new Float64Array(cells);
  }

  reserve(cells: number): void {
    if (cells <= this.count.length) return;
    const length = cells > CELLS_MOVED_MAX / 4 ? cells * 8 : cells;
    this.count = withLength(this.count, length);
    this.value = withLength(this.value, length);
    this.second = withLength(this.second, length);
    if (this.isMean !== null) this.isMean = withLength(this.isMean, length);
  }
}

type HistogramCell = {
  sum: HistogramSum;
  count: number;
  isMean: boolean;
  resets: boolean;
  nonResets: boolean;
  /** Came after a float: there will be no result, and nothing is added up. */
  readonly isVoid: boolean;
};

function* fold(evaluation: Evaluation, plan: AggregatePlan, op: FoldOp, block: SeriesBlock): Generator<void, SeriesBlock> {
  const folding = new Folding(evaluation, plan, op, block.steps);
  for (let row = 0; row < block.rows; row++) {
    const adding = folding.add(block, row);
    if (adding !== null) yield* adding;
    if (evaluation.isSliceOver(block.steps + LABELS_WORK + plan.grouping.length)) yield;
  }
  return yield* folding.finish();
}

/**
 * An aggregation of rows that come one after the other: those of a block, or of a range function that need not be kept
 * in a block for this.
 */
export class Folding {
  readonly #evaluation: Evaluation;
  readonly #plan: AggregatePlan;
  readonly #op: FoldOp;
  readonly #steps: number;
  readonly #grouping: Grouping;
  readonly #groups = new Map<string, number>();
  readonly #labels: Labels[] = [];
  readonly #dropsName: boolean[] = [];
  readonly #state = new FoldState(0);

  constructor(evaluation: Evaluation, plan: AggregatePlan, op: FoldOp, steps: number) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#op = op;
    this.#steps = steps;
    this.#grouping = { names: plan.grouping, isWithout: plan.isWithout };
  }

  /** The row is not needed any more afterwards; null: it is done with it. */
  add(block: SeriesBlock, row: number): Generator<void, void> | null {
    const labels = block.labels[row] ?? Labels.empty;
    const key = groupKey(labels, this.#grouping);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = this.#labels.length;
      this.#groups.set(key, group);
      this.#labels.push(groupLabels(labels, this.#grouping));
      this.#dropsName.push(false);
      this.#evaluation.touchCells((group + 1) * (this.#steps * STATE_CELLS + LABELS_CELLS));
      this.#state.reserve((group + 1) * this.#steps);
    }
    if (block.dropsName[row] === true) this.#dropsName[group] = true;
    foldRow(this.#op, block, row * block.steps, this.#state, group * this.#steps);
    if (block.histograms === null) return null;
    return foldHistograms(this.#evaluation, this.#plan, this.#op, block, row, this.#state, group * this.#steps);
  }

  *finish(): Generator<void, SeriesBlock> {
    const evaluation = this.#evaluation;
    const result = new SeriesBlock(this.#steps, this.#labels.length);
    for (let group = 0; group < this.#labels.length; group++) {
      const to = result.addRow(this.#labels[group] ?? Labels.empty, this.#dropsName[group] ?? false);
      if (this.#state.histograms.size > 0)
        yield* finishHistograms(evaluation, this.#plan, this.#op, this.#state, group * this.#steps, result, to);
      finish(this.#op, this.#state, group * this.#steps, result, to);
      if (result.isRowEmpty(result.rows - 1)) result.removeLastRow();
      if (evaluation.isSliceOver(this.#steps)) yield;
    }
    return result;
  }
}

/** The operation, if it takes rows one by one. */
export function foldOpOf(op: AggregateOp): FoldOp | null {
  switch (op) {
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
    case 'count':
    case 'group':
    case 'stddev':
    case 'stdvar':
      return op;
    case 'topk':
    case 'bottomk':
    case 'limitk':
    case 'limit_ratio':
    case 'quantile':
    case 'count_values':
      return null;
    default:
      return unreachable(op);
  }
}

function foldRow(op: FoldOp, block: SeriesBlock, from: number, state: FoldState, into: number): void {
  if (op === 'sum' && block.histograms === null) {
    addRow(block, from, state, into);
    return;
  }
  const { kinds, values, steps } = block;
  const { count, value, second } = state;
  for (let step = 0; step < steps; step++) {
    const kind = kinds[from + step];
    if (kind === ABSENT || (kind === HISTOGRAM && op !== 'count' && op !== 'group')) continue;
    const f = values[from + step]!; // in bounds, as is every cell below
    const cell = into + step;
    const n = ++count[cell]!;
    switch (op) {
      case 'count':
      case 'group':
        break;
      case 'sum':
        if (n === 1) value[cell] = f;
        else {
          second[cell] = kahanAdd(f, value[cell]!, second[cell]!);
          value[cell]! += f;
        }
        break;
      case 'avg':
        foldAverage(state, cell, f, n);
        break;
      case 'min':
        if (n === 1 || value[cell]! > f || value[cell] !== value[cell]) value[cell] = f;
        break;
      case 'max':
        if (n === 1 || value[cell]! < f || value[cell] !== value[cell]) value[cell] = f;
        break;
      case 'stddev':
      case 'stdvar': {
        if (n === 1) {
          second[cell] = f;
          value[cell] = Number.isFinite(f) ? 0 : Number.NaN;
          break;
        }
        const delta = f - second[cell]!;
        second[cell]! += delta / n;
        value[cell]! += delta * (f - second[cell]!);
        break;
      }
      default:
        unreachable(op);
    }
  }
}

/** foldRow of a sum of floats. */
function addRow({ kinds, values, steps }: SeriesBlock, from: number, { count, value, second }: FoldState, into: number): void {
  for (let step = 0; step < steps; step++) {
    if (kinds[from + step] === ABSENT) continue;
    const f = values[from + step]!; // in bounds, as is every cell below
    const cell = into + step;
    if (count[cell]!++ === 0) {
      value[cell] = f;
      continue;
    }
    // kahanAdd without a branch: what is lost is the same number, to the bit, while the sum is finite.
    const before = value[cell]!;
    const total = before + f;
    const part = total - before;
    const lost = before - (total - part) + (f - part);
    second[cell] = total - total === 0 ? second[cell]! + lost : kahanAdd(f, before, second[cell]!);
    value[cell] = total;
  }
}

function foldAverage(state: FoldState, cell: number, f: number, n: number): void {
  const { value, second } = state;
  if (n === 1) {
    value[cell] = f;
    return;
  }
  if (state.isMean === null || state.isMean[cell] === 0) {
    const total = value[cell]! + f;
    if (total !== Infinity && total !== -Infinity) {
      second[cell] = kahanAdd(f, value[cell]!, second[cell]!);
      value[cell] = total;
      return;
    }
    state.isMean ??= new Uint8Array(value.length);
    state.isMean[cell] = 1;
    value[cell]! /= n - 1;
    second[cell]! /= n - 1;
  }
  const share = (n - 1) / n;
  const kept = share * value[cell]!;
  second[cell] = kahanAdd(f / n, kept, share * second[cell]!);
  value[cell] = kept + f / n;
}

function* foldHistograms(
  evaluation: Evaluation,
  plan: AggregatePlan,
  op: FoldOp,
  block: SeriesBlock,
  row: number,
  state: FoldState,
  into: number,
): Generator<void, void> {
  if (op === 'count' || op === 'group') return;
  const { annotations } = evaluation;
  for (let step = 0; step < block.steps; step++) {
    const from = row * block.steps + step;
    if (block.kinds[from] !== HISTOGRAM) continue;
    if (op !== 'sum' && op !== 'avg') {
      annotations.histogramIgnoredInAggregation(op, plan.expr.span);
      continue;
    }
    const h = block.histogramAt(from);
    const cell = into + step;
    const known = state.histograms.get(cell);
    if (known === null || known?.isVoid === true) continue;
    const weight = sampleWeight(h);
    if (evaluation.isSliceOver(weight)) yield;
    if (known === undefined) {
      state.histogramsHeld += weight;
      evaluation.touch(state.histogramsHeld);
      state.histograms.set(cell, {
        sum: new HistogramSum(draftOf(h)),
        count: 1,
        isMean: false,
        resets: h.counterResetHint === 'reset',
        nonResets: h.counterResetHint === 'not_reset',
        isVoid: (state.count[cell] ?? 0) > 0,
      });
      continue;
    }
    if (h.counterResetHint === 'reset') known.resets = true;
    else if (h.counterResetHint === 'not_reset') known.nonResets = true;
    known.count++;
    const heldBefore = known.sum.weight;
    let boundsReconciled: boolean;
    if (op === 'sum') {
      const combination = known.sum.add(h);
      boundsReconciled = combination?.boundsReconciled ?? false;
      if (combination === null) refuse(annotations, plan, state, cell);
    } else {
      const next = addToAverage(known.sum, h, known.count, known.isMean);
      boundsReconciled = next?.boundsReconciled ?? false;
      if (next === null) refuse(annotations, plan, state, cell);
      else {
        known.sum = next.sum;
        known.isMean = next.isMean;
      }
    }
    if (boundsReconciled) annotations.boundsReconciled('aggregation', plan.expr.span);
    if (state.histograms.get(cell) === null) {
      state.histogramsHeld -= heldBefore;
      annotations.mixedExponentialCustom((block.labels[row] ?? Labels.empty).get(METRIC_NAME), plan.expr.span);
    } else {
      state.histogramsHeld += known.sum.weight - heldBefore;
      evaluation.touch(state.histogramsHeld);
    }
  }
}

/** Exponential and custom buckets met: the cell has no result, whatever else comes. Floats that came before are told of. */
function refuse(annotations: Annotations, plan: AggregatePlan, state: FoldState, cell: number): void {
  if ((state.count[cell] ?? 0) > 0) annotations.mixedFloatsHistogramsInAggregation(plan.expr.span);
  state.histograms.set(cell, null);
}

/** Cells with a histogram have no result of floats: what there is of these is taken away. */
function* finishHistograms(
  evaluation: Evaluation,
  plan: AggregatePlan,
  op: FoldOp,
  state: FoldState,
  from: number,
  result: SeriesBlock,
  to: number,
): Generator<void, void> {
  const { annotations } = evaluation;
  const { count } = state;
  for (let step = 0; step < result.steps; step++) {
    const cell = from + step;
    const histogram = state.histograms.get(cell);
    if (histogram === undefined) continue;
    const n = count[cell]!; // in bounds
    count[cell] = 0;
    if (histogram === null) continue;
    const weight = histogram.sum.weight;
    state.histograms.delete(cell); // and with it what was kept beside the sum
    state.histogramsHeld -= weight;
    if (n > 0) {
      annotations.mixedFloatsHistogramsInAggregation(plan.expr.span);
      continue;
    }
    if (evaluation.isSliceOver(weight)) yield;
    if (histogram.resets && histogram.nonResets) annotations.counterResetCollision('aggregation', plan.expr.span);
    if (op === 'avg' && !histogram.isMean) histogram.sum.divide(histogram.count);
    result.setHistogram(to + step, compact(histogram.sum.total()));
    evaluation.touch(state.histogramsHeld + result.histogramsHeld);
  }
}

function finish(op: FoldOp, state: FoldState, from: number, result: SeriesBlock, to: number): void {
  const { count, value, second } = state;
  for (let step = 0; step < result.steps; step++) {
    const cell = from + step;
    const n = count[cell]!; // in bounds
    if (n === 0) continue;
    switch (op) {
      case 'count':
        result.setFloat(to + step, n);
        break;
      case 'group':
        result.setFloat(to + step, 1);
        break;
      case 'sum':
        result.setFloat(to + step, value[cell]! + second[cell]!);
        break;
      case 'avg':
        result.setFloat(to + step, state.isMean?.[cell] === 1 ? value[cell]! + second[cell]! : value[cell]! / n + second[cell]! / n);
        break;
      case 'min':
      case 'max':
        result.setFloat(to + step, value[cell]!);
        break;
      case 'stdvar':
        result.setFloat(to + step, value[cell]! / n);
        break;
      case 'stddev':
        result.setFloat(to + step, Math.sqrt(value[cell]! / n));
        break;
      default:
        unreachable(op);
    }
  }
}

/** Rows of each group, in order. */
function rowsOf(groups: Groups): number[][] {
  const rows: number[][] = groups.labels.map(() => []);
  groups.ofRow.forEach((group, row) => rows[group]?.push(row));
  return rows;
}

function* quantiles(
  evaluation: Evaluation,
  plan: AggregatePlan,
  block: SeriesBlock,
  groups: Groups,
  param: Float64Array,
): Generator<void, SeriesBlock> {
  const { annotations } = evaluation;
  const span = (plan.param ?? plan).span;
  const { max, min, hasNaN } = extremes(param);
  if (hasNaN) annotations.invalidQuantile(Number.NaN, span);
  if (max > 1) annotations.invalidQuantile(max, span);
  if (min < 0) annotations.invalidQuantile(min, span);
  const { steps } = block;
  const result = new SeriesBlock(steps, groups.labels.length);
  const scratch = new Float64Array(block.rows);
  for (const [group, rows] of rowsOf(groups).entries()) {
    let dropsName = false;
    const to = result.addRow(groups.labels[group] ?? Labels.empty, false);
    for (let step = 0; step < steps; step++) {
      let length = 0;
      for (const row of rows) {
        const cell = row * steps + step;
        if (block.kinds[cell] === HISTOGRAM) annotations.histogramIgnoredInAggregation('quantile', plan.expr.span);
        if (block.kinds[cell] !== FLOAT) continue;
        scratch[length++] = block.values[cell]!; // in bounds
        dropsName ||= block.dropsName[row] === true;
      }
      if (length > 0) result.setFloat(to + step, quantileOf(param[step] ?? Number.NaN, scratch, length));
      if (evaluation.isSliceOver(rows.length + GROUP_WORK)) yield;
    }
    result.dropsName[result.rows - 1] = dropsName;
    if (result.isRowEmpty(result.rows - 1)) result.removeLastRow();
  }
  return result;
}

/** The largest and the smallest value, by which parameters are judged; both are NaN where one is, but for infinities. */
function extremes(param: Float64Array): { readonly max: number; readonly min: number; readonly hasNaN: boolean } {
  let max = -Number.MAX_VALUE;
  let min = Number.MAX_VALUE;
  let hasNaN = false;
  for (const value of param) {
    if (Number.isNaN(value)) hasNaN = true;
    max = goMax(max, value);
    min = goMin(min, value);
  }
  return { max, min, hasNaN };
}

const INT64_MIN = -9_223_372_036_854_775_808;
const INT64_MAX = 9_223_372_036_854_774_784;

/** topk, bottomk, limitk, limit_ratio: whole samples of their input, per group and step. */
function* selectRows(
  evaluation: Evaluation,
  plan: AggregatePlan,
  op: Extract<AggregateOp, 'topk' | 'bottomk' | 'limitk' | 'limit_ratio'>,
  block: SeriesBlock,
  groups: Groups,
  param: Float64Array,
  range: StepRange,
): Generator<void, SeriesBlock> {
  const { steps } = block;
  const none = new SeriesBlock(steps, 0);
  const { max, min, hasNaN } = extremes(param);
  if (op === 'limit_ratio') {
    if (max === 0 && min === 0) return none;
    if (hasNaN) throw executionError('Ratio value is NaN');
    const span = (plan.param ?? plan).span;
    if (max > 1) evaluation.annotations.invalidRatio(max, 1, span);
    if (min < -1) evaluation.annotations.invalidRatio(min, -1, span);
  } else {
    if (max < 1) return none;
    if (hasNaN) throw executionError('Parameter value is NaN');
    if (min <= INT64_MIN) throw executionError(`Scalar value ${goFormatG(min)} underflows int64`);
    if (max >= INT64_MAX) throw executionError(`Scalar value ${goFormatG(max)} overflows int64`);
  }
  const rows = rowsOf(groups);
  const offsets: number[] = [];
  if (op === 'limit_ratio') {
    for (const labels of block.labels) {
      offsets.push(sampleOffset(labels));
      if (evaluation.isSliceOver(HASH_WORK)) yield;
    }
  }
  function* select(step: number, group: readonly number[]): Generator<void, readonly number[]> {
    const value = param[step] ?? 0;
    const present = (): readonly number[] => group.filter((row) => block.kinds[row * steps + step] !== ABSENT);
    if (op === 'limit_ratio') {
      const ratio = Math.max(-1, Math.min(1, value));
      return heaped(
        block,
        step,
        present().filter((row) => isSampled(ratio, offsets[row] ?? 0)),
      );
    }
    const k = Math.min(Math.trunc(value), block.rows);
    if (k < 1) return [];
    if (op === 'limitk') return heaped(block, step, present().slice(0, k));
    if (group.some((row) => block.kinds[row * steps + step] === HISTOGRAM)) {
      evaluation.annotations.histogramIgnoredInAggregation(op, plan.span);
    }
    return yield* best(evaluation, block, step, group, k, op === 'topk' ? 1 : -1);
  }
  if (isInstant(range)) {
    const result = new SeriesBlock(1, block.rows);
    result.hasUniqueLabels = block.hasUniqueLabels;
    for (const group of rows) {
      for (const row of yield* select(0, group)) {
        result.copyCell(result.addRow(block.labels[row] ?? Labels.empty, block.dropsName[row] ?? false), block, row);
      }
      if (evaluation.isSliceOver(group.length + GROUP_WORK)) yield;
    }
    return result;
  }
  // Over a range the order is gone anyway: cells that were not selected are cleared in place.
  const kept = new Uint8Array(block.rows * steps);
  for (const group of rows) {
    for (let step = 0; step < steps; step++) {
      for (const row of yield* select(step, group)) kept[row * steps + step] = 1;
      if (evaluation.isSliceOver(group.length + GROUP_WORK)) yield;
    }
  }
  for (let row = 0, cell = 0; row < block.rows; row++) {
    for (let step = 0; step < steps; step++, cell++) if (kept[cell] === 0) block.kinds[cell] = ABSENT;
    if (evaluation.isSliceOver(steps)) yield;
  }
  return yield* settle(evaluation, range, block);
}

/** The rows in the order of a heap of their floats, least on top, which is how Prometheus collects and lists samples. */
function heaped({ steps, values }: SeriesBlock, step: number, rows: readonly number[]): readonly number[] {
  const at = (row: number): number => values[row * steps + step]!; // in bounds; 0 for a histogram
  const heap: number[] = [];
  for (const row of rows) {
    heap.push(row);
    siftUp(heap, (a, b) => Number.isNaN(at(a)) || at(a) < at(b));
  }
  return heap;
}

/** The k largest floats, or with sign -1 the smallest, best first; NaN is worst. */
function* best(
  evaluation: Evaluation,
  block: SeriesBlock,
  step: number,
  rows: readonly number[],
  k: number,
  sign: 1 | -1,
): Generator<void, readonly number[]> {
  const { steps, values } = block;
  const at = (row: number): number => values[row * steps + step]!; // in bounds
  const isWorse = (a: number, b: number): boolean => {
    const x = at(a);
    const y = at(b);
    return x !== x || x * sign < y * sign;
  };
  // A heap with the worst of the best on top.
  const heap: number[] = [];
  for (let from = 0; from < rows.length; from += SAMPLES_AT_ONCE) {
    const to = Math.min(from + SAMPLES_AT_ONCE, rows.length);
    keepBest(block, step, rows, from, to, heap, k, sign, isWorse);
    if (to < rows.length && evaluation.isSliceOver(SAMPLES_AT_ONCE * HEAP_WORK)) yield;
  }
  return yield* evaluation.paced(
    goSort(heap, (a, b) => isWorse(b, a)),
    HEAP_WORK,
  );
}

/** Puts those of rows[from, to) into the heap that are among the best so far. */
function keepBest(
  { kinds, values, steps }: SeriesBlock,
  step: number,
  rows: readonly number[],
  from: number,
  to: number,
  heap: number[],
  k: number,
  sign: 1 | -1,
  isWorse: (a: number, b: number) => boolean,
): void {
  const at = (row: number): number => values[row * steps + step]!; // in bounds
  for (let i = from; i < to; i++) {
    const row = rows[i]!; // in bounds
    if (kinds[row * steps + step] !== FLOAT) continue;
    if (heap.length < k) {
      heap.push(row);
      siftUp(heap, isWorse);
    } else {
      const worst = heap[0] ?? row;
      const x = at(worst);
      const y = at(row);
      if (x * sign < y * sign || (x !== x && y === y)) {
        heap[0] = row;
        siftDown(heap, isWorse);
      }
    }
  }
}

function siftUp(heap: number[], isWorse: (a: number, b: number) => boolean): void {
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >> 1;
    if (!isWorse(heap[at] ?? 0, heap[parent] ?? 0)) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function siftDown(heap: number[], isWorse: (a: number, b: number) => boolean): void {
  for (let at = 0; ; ) {
    let child = 2 * at + 1;
    if (child >= heap.length) return;
    if (child + 1 < heap.length && isWorse(heap[child + 1] ?? 0, heap[child] ?? 0)) child++;
    if (!isWorse(heap[child] ?? 0, heap[at] ?? 0)) return;
    swap(heap, at, child);
    at = child;
  }
}

function swap(heap: number[], a: number, b: number): void {
  const kept = heap[a] ?? 0;
  heap[a] = heap[b] ?? 0;
  heap[b] = kept;
}

/** What a group costs at a step, however small it is. */
const GROUP_WORK = 10;

/** What it costs to move an item in a heap or a sort, and to hash a label set. */
const HEAP_WORK = 10;
const HASH_WORK = 500;

const encoder = new TextEncoder();
const HASH_MAX = 2 ** 64;

/** Where in [0, 1] a series lies for limit_ratio: the hash of its labels, each length-prefixed as Prometheus keeps them. */
function sampleOffset(labels: Labels): number {
  const bytes: number[] = [];
  for (const text of labels.flat) {
    const encoded = encoder.encode(text);
    const { length } = encoded;
    if (length < 255) bytes.push(length);
    else bytes.push(255, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff);
    for (const byte of encoded) bytes.push(byte);
  }
  return Number(xxHash64(Uint8Array.from(bytes))) / HASH_MAX;
}

/** A negative ratio takes what its complement leaves. */
const isSampled = (ratio: number, offset: number): boolean => (ratio >= 0 ? offset < ratio : offset >= 1 + ratio);

/** The first cell, up to `end`, that is not as the one at `from`: absent as well, or the same float. */
function endOfRun({ kinds, values }: SeriesBlock, from: number, end: number): number {
  const kind = kinds[from];
  if (kind === HISTOGRAM) return from + 1;
  const value = values[from];
  let to = from + 1;
  while (to < end && kinds[to] === kind && (kind === ABSENT || Object.is(values[to], value))) to++;
  return to;
}

/** The label that count_values writes values into. */
export function valueLabelOf(plan: AggregatePlan): string {
  if (plan.param?.kind !== 'string') throw new Error('BUG: count_values needs a string literal');
  const label = plan.param.value;
  if (!isUtf8LabelName(label)) throw executionError(`invalid label name ${goQuote(label)}`);
  return label;
}

/** What it costs to write a histogram's bucket. */
const PRINT_WORK = 50;

/** One series per group and distinct value: how many samples have it. */
function* countValues(evaluation: Evaluation, plan: AggregatePlan, block: SeriesBlock, range: StepRange): Generator<void, SeriesBlock> {
  const label = valueLabelOf(plan);
  const grouping: Grouping = { names: plan.isWithout ? plan.grouping : [...plan.grouping, label], isWithout: plan.isWithout };
  const { steps } = block;
  const result = new SeriesBlock(steps, block.rows);
  const rowOf = new Map<string, number>();
  // By the group that a series would be in without the new label, and then by that label's value: putting a label into a
  // set takes long, and few pairs of them are new.
  const rowsOfGroup = new Map<string, Map<string, number>>();
  let textHeld = 0;
  const newRow = (labels: Labels, text: string): number => {
    const own = labels.with([[label, text]]);
    const key = groupKey(own, grouping);
    let known = rowOf.get(key);
    if (known === undefined) {
      rowOf.set(key, (known = result.addRow(groupLabels(own, grouping), false) / steps));
      evaluation.touchCells(result.cells);
      textHeld += textWeight(text);
      evaluation.touch(Math.floor(textHeld));
    }
    return known;
  };
  for (let row = 0; row < block.rows; row++) {
    const labels = block.labels[row] ?? Labels.empty;
    const group = groupKey(labels, grouping);
    let rowOfText = rowsOfGroup.get(group);
    if (rowOfText === undefined) rowsOfGroup.set(group, (rowOfText = new Map()));
    const end = (row + 1) * steps;
    for (let from = row * steps, to = 0; from < end; from = to) {
      to = endOfRun(block, from, end);
      if (block.kinds[from] === ABSENT) continue;
      const isFloat = block.kinds[from] === FLOAT;
      if (evaluation.isSliceOver(isFloat ? to - from : sampleWeight(block.histogramAt(from)) * PRINT_WORK)) yield;
      const text = isFloat ? goFormatF(block.values[from] ?? 0) : printHistogram(block.histogramAt(from));
      let known = rowOfText.get(text);
      if (known === undefined) {
        if (evaluation.isSliceOver(LABELS_WORK)) yield;
        rowOfText.set(text, (known = newRow(labels, text)));
      }
      const shift = (known - row) * steps;
      for (let cell = from; cell < to; cell++) result.setFloat(cell + shift, (result.values[cell + shift] ?? 0) + 1);
    }
  }
  // Two groups differ in their labels, but a label of the input may be named like the one added.
  result.hasUniqueLabels = false;
  return yield* settle(evaluation, range, result);
}
