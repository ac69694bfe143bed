/**
 * The PromQL evaluator (behaviour of Prometheus 3.14, promql/engine.go). An expression is evaluated for all steps of a
 * range at once, node by node, each to a block of columns: one row per series, one cell per step. An instant query is a
 * range of one step. The evaluation is a generator that pauses after a bounded amount of work; whoever drives it decides
 * when it goes on, and ends it by `return()`, or by throwing a timeout into it.
 */
import { unreachable } from '../lib/never.ts';
import { slicedSort } from '../lib/sliced-sort.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels } from '../model/labels.ts';
import { aggregate, Folding, foldOpOf, valueLabelOf } from './aggregation.ts';
import { Annotations } from './annotations.ts';
import type { Expr, ValueType } from './ast.ts';
import { selectorsOf } from './ast-walk.ts';
import { joinVectors, setOperation, withScalar } from './binary-evaluation.ts';
import { floatOperation } from './binary-operation.ts';
import {
  asScalar,
  asVector,
  type EngineOptions,
  Evaluation,
  LABELS_WORK,
  type RangeSeries,
  SAMPLES_AT_ONCE,
  type StepRange,
  stepRange,
  stepTime,
  type Value,
  vectorOf,
} from './evaluation.ts';
import { HISTOGRAMS } from './functions/histogram.ts';
import { evaluateInfo } from './functions/info.ts';
import { LABEL_CHANGES, relabel } from './functions/label.ts';
import { MATH } from './functions/math.ts';
import { TIME } from './functions/time.ts';
import { VECTOR } from './functions/vector.ts';
import { draftOf, multiply, sampleWeight } from './histogram/histogram-draft.ts';
import { badQuery, duplicateLabelSets } from './query-error.ts';
import {
  type AggregatePlan,
  type BinaryPlan,
  type CallPlan,
  dependsOnRange,
  type Plan,
  planQuery,
  type SelectorPlan,
  type SubqueryPlan,
} from './query-plan.ts';
import type { Queryable } from './queryable.ts';
import { evaluateRangeCall, type RangeSource, type RowSink, type SubqueryResult } from './range-evaluation.ts';
import { SampleCounts } from './sample-counts.ts';
import { matchersKey, SelectionCache } from './selection.ts';
import { type Asked, evaluateMatrix, evaluateSelector, evaluateSmoothedSelector, referenceTime } from './selector-evaluation.ts';
import { ABSENT, dropNames, FLOAT, HISTOGRAM, hasOneMetric, mergeEqualRows, SeriesBlock, withoutMetadata } from './series-block.ts';
import { documentedType, typeOf } from './value-type.ts';
import { settle, type VectorFunction } from './vector-function.ts';

export type { EngineOptions } from './evaluation.ts';

export type Query = {
  readonly expr: Expr;
  /** What `expr` was parsed from: annotations tell where in it they apply. */
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0: an instant query at startMs, which is endMs. */
  readonly stepMs: number;
};

export type QueryValue =
  | { readonly kind: 'scalar'; readonly atMs: number; readonly value: number }
  | { readonly kind: 'string'; readonly atMs: number; readonly value: string }
  | VectorValue
  /** Sorted by labels. */
  | { readonly kind: 'matrix'; readonly series: readonly RangeSeries[] };
/** One sample per series, in the order that the query asked for; in columns. */
export type VectorValue = {
  readonly kind: 'vector';
  readonly atMs: number;
  readonly labels: readonly Labels[];
  /** 0 where the sample is a histogram. */
  readonly values: Float64Array;
  /** Parallel to values, null for floats; null when all are. */
  readonly histograms: readonly (FloatHistogram | null)[] | null;
};

export type QueryStats = {
  /** Samples that the steps looked at, counted anew at each step. */
  readonly samplesTotal: number;
  /** Most samples held at a time. */
  readonly samplesPeak: number;
  /** Samples that the steps looked at, each counted at the first of them. Null: not asked for. */
  readonly samplesRead: number | null;
  /** Null: not asked for. */
  readonly perStep: { readonly startMs: number; readonly stepMs: number; readonly total: Float64Array; readonly read: Float64Array } | null;
};

export type QueryResult = {
  readonly value: QueryValue;
  /** Each ends with its position in the query, ` (line:column)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
};

export const DEFAULT_ENGINE_OPTIONS: EngineOptions = {
  lookbackDeltaMs: 300_000,
  samplesMax: 50_000_000,
  defaultSubqueryStepMs: 60_000,
  delayedNameRemoval: false,
  useStartTimestamps: false,
  typeAndUnitLabels: false,
  counting: 'total',
};

/** Throws QueryError where the query fails; the text of the error is Prometheus'. */
export function* evaluate(query: Query, queryable: Queryable, options: EngineOptions): Generator<void, QueryResult> {
  const { startMs, endMs, stepMs } = query;
  const isInstantQuery = stepMs === 0;
  const prepared = prepare(query.expr);
  const { type } = prepared;
  if (!isInstantQuery && type !== 'vector' && type !== 'scalar') {
    throw badQuery(`invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`);
  }
  const plan = prepared.plan ?? planQuery(query.expr, { startMs, endMs, stepMs });
  const annotations = new Annotations();
  const selections = new SelectionCache(queryable, prepared.uses);
  const range = stepRange(startMs, endMs, isInstantQuery ? 1 : stepMs);
  const counts = new SampleCounts(range.steps, options.counting);
  const evaluation = new Evaluation(options, annotations, selections, counts);
  try {
    const value = yield* evaluatePlan(evaluation, plan, range);
    const result = isInstantQuery ? yield* instantValue(evaluation, value, startMs) : yield* rangeValue(evaluation, value, range);
    return {
      value: result,
      warnings: annotations.print('warning', query.text),
      infos: annotations.print('info', query.text),
      stats: queryStats(counts, evaluation.peakSamples, range),
    };
  } finally {
    selections.close();
  }
}

function queryStats(counts: SampleCounts, samplesPeak: number, { startMs, stepMs }: StepRange): QueryStats {
  const { total, read, totalPerStep, readPerStep } = counts;
  const perStep = totalPerStep === null || readPerStep === null ? null : { startMs, stepMs, total: totalPerStep, read: readPerStep };
  return { samplesTotal: total, samplesPeak, samplesRead: read, perStep };
}

/** What is the same at every evaluation of an expression; a rule evaluates its own for as long as it lives. */
type Prepared = {
  readonly type: ValueType;
  /** Null: it depends on the range of the query. */
  readonly plan: Plan | null;
  /** How often each set of matchers is selected; null where there is one selector or none. */
  readonly uses: ReadonlyMap<string, number> | null;
};
const preparations = new WeakMap<Expr, Prepared>();

function prepare(expr: Expr): Prepared {
  let prepared = preparations.get(expr);
  if (prepared === undefined) {
    const selectors = selectorsOf(expr);
    let uses: Map<string, number> | null = null;
    if (selectors.length > 1) {
      uses = new Map();
      for (const matchers of selectors) uses.set(matchersKey(matchers), (uses.get(matchersKey(matchers)) ?? 0) + 1);
    }
    const plan = dependsOnRange(expr) ? null : planQuery(expr, { startMs: 0, endMs: 0, stepMs: 0 });
    prepared = { type: typeOf(expr), plan, uses };
    preparations.set(expr, prepared);
  }
  return prepared;
}

function* evaluatePlan(evaluation: Evaluation, plan: Plan, range: StepRange): Generator<void, Value> {
  switch (plan.kind) {
    case 'number':
      evaluation.holdScalar(range.steps);
      return { kind: 'scalar', values: new Float64Array(range.steps).fill(plan.value) };
    case 'string':
      return { kind: 'string', value: plan.value };
    case 'unary': {
      const value = yield* evaluatePlan(evaluation, plan.expr, range);
      return plan.op === '-' ? yield* negate(evaluation, value) : value;
    }
    case 'invariant':
      return yield* evaluateOnce(evaluation, plan.expr, range);
    case 'binary':
      return yield* evaluateBinary(evaluation, plan, range);
    case 'aggregate':
      return yield* evaluateAggregation(evaluation, plan, range);
    case 'call':
      return yield* evaluateCall(evaluation, plan, range);
    case 'selector':
      if (range.steps === 0) return vectorOf(new SeriesBlock(0, 0));
      return vectorOf(
        plan.isSmoothed ? yield* evaluateSmoothedSelector(evaluation, plan, range) : yield* evaluateSelector(evaluation, plan, range),
      );
    case 'matrix':
      if (range.steps !== 1) throw new Error('BUG: a range vector has one step');
      return { kind: 'matrix', series: yield* evaluateMatrix(evaluation, plan, range) };
    case 'subquery': {
      const { block, range: steps, counts } = yield* evaluateSubquery(evaluation, plan, range);
      evaluation.counts.addSubquery(counts);
      return { kind: 'matrix', series: yield* rangeSeriesOf(evaluation, block, steps) };
    }
    default:
      return unreachable(plan);
  }
}

/** Evaluates at the first step and repeats the result at the others. */
function* evaluateOnce(evaluation: Evaluation, plan: Plan, range: StepRange): Generator<void, Value> {
  const once: StepRange = { startMs: range.startMs, endMs: range.startMs, stepMs: range.stepMs, steps: Math.min(1, range.steps) };
  const { steps } = range;
  const { counts } = evaluation;
  const countsOnce = counts.ofOnce();
  evaluation.counts = countsOnce;
  const value = yield* evaluatePlan(evaluation, plan, once);
  evaluation.counts = counts;
  counts.addOnce(countsOnce);
  if (steps <= 1 || value.kind === 'matrix' || value.kind === 'string') return value;
  if (value.kind === 'scalar') {
    evaluation.release(value.values.length);
    evaluation.holdScalar(steps);
    return { kind: 'scalar', values: new Float64Array(steps).fill(value.values[0] ?? Number.NaN) };
  }
  const { block } = value;
  evaluation.drop(block); // what it holds becomes the first step
  const repeated = new SeriesBlock(steps, block.rows);
  repeated.hasUniqueLabels = block.hasUniqueLabels;
  for (let row = 0; row < block.rows; row++) {
    const from = repeated.addRow(block.labels[row] ?? Labels.empty, block.dropsName[row] ?? false);
    evaluation.touchCells(repeated.cells);
    if (block.kinds[row] === ABSENT) continue;
    const weight = block.kinds[row] === HISTOGRAM ? sampleWeight(block.histogramAt(row)) : 0;
    evaluation.touch(repeated.histogramsHeld + weight * steps);
    for (let step = 0; step < steps; step++) repeated.copyCell(from + step, block, row);
    if (evaluation.isSliceOver(steps)) yield;
  }
  return vectorOf(evaluation.adopt(repeated));
}

function* negate(evaluation: Evaluation, value: Value): Generator<void, Value> {
  if (value.kind === 'scalar') return { kind: 'scalar', values: value.values.map((x) => -x) };
  const block = asVector(value);
  const { kinds, values, steps } = block;
  for (let row = 0; row < block.rows; row++) {
    for (let cell = row * steps; cell < (row + 1) * steps; cell++) {
      if (kinds[cell] === FLOAT) values[cell] = -(values[cell] ?? 0);
      else if (kinds[cell] === HISTOGRAM) {
        const histogram = block.histogramAt(cell);
        if (evaluation.isSliceOver(sampleWeight(histogram))) yield;
        block.setHistogram(cell, multiply(draftOf(histogram), -1));
      }
    }
    if (evaluation.isSliceOver(steps)) yield;
  }
  yield* dropNames(evaluation, block);
  return vectorOf(evaluation.options.delayedNameRemoval ? block : yield* mergeEqualRows(evaluation, block));
}

function* evaluateBinary(evaluation: Evaluation, plan: BinaryPlan, range: StepRange): Generator<void, Value> {
  const { op } = plan;
  const lhs = yield* evaluatePlan(evaluation, plan.lhs, range);
  const rhs = yield* evaluatePlan(evaluation, plan.rhs, range);
  if (op === 'and' || op === 'or' || op === 'unless') {
    if (plan.matching === null) throw new Error('BUG: a set operator without matching');
    const result = yield* setOperation(evaluation, op, asVector(lhs), asVector(rhs), plan.matching, range);
    return replaced(evaluation, [lhs, rhs], result);
  }
  if (lhs.kind === 'scalar' && rhs.kind === 'scalar') {
    const compute = floatOperation(op);
    const values = lhs.values.map((x, step) => compute(x, rhs.values[step] ?? Number.NaN));
    evaluation.release(rhs.values.length);
    return { kind: 'scalar', values };
  }
  if (rhs.kind === 'scalar') {
    return replaced(evaluation, [lhs, rhs], yield* withScalar(evaluation, plan, op, asVector(lhs), rhs.values, false, range));
  }
  if (lhs.kind === 'scalar') {
    return replaced(evaluation, [lhs, rhs], yield* withScalar(evaluation, plan, op, asVector(rhs), lhs.values, true, range));
  }
  if (plan.matching === null) throw new Error('BUG: two vectors without matching');
  return replaced(evaluation, [lhs, rhs], yield* joinVectors(evaluation, plan, op, asVector(lhs), asVector(rhs), plan.matching, range));
}

function replaced(evaluation: Evaluation, operands: readonly Value[], result: SeriesBlock): Value {
  evaluation.replace(blocksOf(operands), result);
  releaseScalars(evaluation, operands);
  return vectorOf(result);
}

const blocksOf = (values: readonly Value[]): SeriesBlock[] => values.flatMap((value) => (value.kind === 'vector' ? [value.block] : []));

function releaseScalars(evaluation: Evaluation, values: readonly Value[]): void {
  for (const value of values) if (value.kind === 'scalar') evaluation.release(value.values.length);
}

function* evaluateAggregation(evaluation: Evaluation, plan: AggregatePlan, range: StepRange): Generator<void, Value> {
  const { param } = plan;
  const op = foldOpOf(plan.op);
  if (plan.op === 'count_values') valueLabelOf(plan); // what is wrong with it is found before the vector is looked at
  if (op !== null && plan.expr.kind === 'call' && range.steps > 0) {
    const source = plan.expr.args.find((arg) => arg.kind === 'matrix');
    // absent_over_time looks across all rows.
    if (source !== undefined && plan.expr.name !== 'absent_over_time') {
      const folding = new Folding(evaluation, plan, op, range.steps);
      yield* evaluateRangeFunction(evaluation, plan.expr, source, range, folding);
      return vectorOf(evaluation.adopt(yield* folding.finish()));
    }
  }
  const params = param === null || param.kind === 'string' ? null : yield* evaluatePlan(evaluation, param, range);
  const value = yield* evaluatePlan(evaluation, plan.expr, range);
  const result = yield* aggregate(evaluation, plan, asVector(value), params === null ? null : asScalar(params), range);
  return replaced(evaluation, params === null ? [value] : [value, params], result);
}

const VECTOR_FUNCTIONS: Readonly<Record<string, VectorFunction>> = { ...MATH, ...TIME, ...VECTOR, ...HISTOGRAMS };

function* evaluateCall(evaluation: Evaluation, call: CallPlan, range: StepRange): Generator<void, Value> {
  const [first] = call.args;
  if (first?.kind === 'selector' && (call.name === 'timestamp' || call.name === 'start_timestamp')) {
    return yield* evaluateTimestamps(evaluation, first, call.name, range);
  }
  if (call.name === 'info' && first !== undefined) {
    const base = yield* evaluatePlan(evaluation, first, range);
    return replaced(evaluation, [base], yield* evaluateInfo(evaluation, call, asVector(base), range));
  }
  const changeOf = LABEL_CHANGES[call.name];
  if (changeOf !== undefined && first !== undefined) {
    const change = changeOf(call);
    const value = yield* evaluatePlan(evaluation, first, range);
    return replaced(evaluation, [value], yield* relabel(evaluation, asVector(value), change));
  }
  const source = call.args.find((arg) => arg.kind === 'matrix' || arg.kind === 'subquery');
  if (source !== undefined) return yield* evaluateRangeFunction(evaluation, call, source, range);
  const args: Value[] = [];
  for (const arg of call.args) args.push(yield* evaluatePlan(evaluation, arg, range));
  const compute = VECTOR_FUNCTIONS[call.name];
  if (compute === undefined) throw new Error(`BUG: no function ${call.name}`);
  if (call.returns === 'scalar') evaluation.holdScalar(range.steps);
  const outcome = compute({ evaluation, call, range, args });
  const value = 'kind' in outcome ? outcome : yield* outcome;
  if (value.kind === 'vector') evaluation.replace(blocksOf(args), value.block);
  else for (const block of blocksOf(args)) evaluation.drop(block);
  releaseScalars(evaluation, args);
  return value;
}

/** Of a selector, timestamp() tells when the samples are from. */
function* evaluateTimestamps(evaluation: Evaluation, selector: SelectorPlan, asked: Asked, range: StepRange): Generator<void, Value> {
  const { useStartTimestamps } = evaluation.options;
  if (range.steps === 0) return vectorOf(new SeriesBlock(0, 0));
  const block = yield* evaluateSelector(evaluation, selector, range, asked);
  // The samples count all the same.
  if (asked === 'start_timestamp' && !useStartTimestamps) return replaced(evaluation, [vectorOf(block)], new SeriesBlock(range.steps, 0));
  yield* dropNames(evaluation, block);
  return replaced(evaluation, [vectorOf(block)], yield* settle(evaluation, range, block));
}

function* evaluateRangeFunction(
  evaluation: Evaluation,
  call: CallPlan,
  plan: Plan,
  range: StepRange,
  sink: RowSink | null = null,
): Generator<void, Value> {
  if (range.steps === 0) return vectorOf(new SeriesBlock(0, 0));
  let source: RangeSource;
  if (plan.kind === 'matrix') source = { kind: 'stored', plan };
  else if (plan.kind === 'subquery') {
    const result = yield* evaluateSubquery(evaluation, plan, range);
    // What counts as looked at is the subquery's result, not what that came from; what was read is what it came from.
    evaluation.counts.addSubqueryRead(result.counts, result.range, plan, range);
    source = { kind: 'subquery', plan, result };
  } else throw new Error('BUG: not a range vector');
  const params: Value[] = [];
  for (const arg of call.args) if (arg !== plan) params.push(yield* evaluatePlan(evaluation, arg, range));
  const block = yield* evaluateRangeCall(evaluation, call, source, params.map(asScalar), range, sink);
  if (source.kind === 'subquery') evaluation.drop(source.result.block);
  releaseScalars(evaluation, params);
  return vectorOf(block);
}

/** Steps of a subquery are multiples of its resolution, so that they do not move with the query. */
function* evaluateSubquery(evaluation: Evaluation, plan: SubqueryPlan, range: StepRange): Generator<void, SubqueryResult> {
  const stepMs = plan.stepMs !== 0 ? plan.stepMs : evaluation.options.defaultSubqueryStepMs;
  const firstMs = referenceTime(plan, range.startMs) - plan.rangeMs;
  const lastMs = referenceTime(plan, stepTime(range, Math.max(0, range.steps - 1)));
  const steps = stepRange((Math.floor(firstMs / stepMs) + 1) * stepMs, lastMs, stepMs);
  const { counts } = evaluation;
  const countsInside = counts.ofSubquery(steps.steps, plan, range);
  // Not even looked at: what is wrong with an expression shows only when there is a step to evaluate it at.
  if (steps.steps === 0) return { block: new SeriesBlock(0, 0), range: steps, counts: countsInside };
  evaluation.counts = countsInside;
  const value = yield* evaluatePlan(evaluation, plan.expr, steps);
  evaluation.counts = counts;
  if (value.kind !== 'scalar') return { block: asVector(value), range: steps, counts: countsInside };
  const block = evaluation.adopt(scalarRow(value.values));
  evaluation.release(value.values.length);
  return { block, range: steps, counts: countsInside };
}

/** A scalar as a series without labels. */
function scalarRow(values: Float64Array): SeriesBlock {
  const block = new SeriesBlock(values.length, 1);
  const row = block.addRow(Labels.empty, false);
  values.forEach((value, step) => block.setFloat(row + step, value));
  return block;
}

/** The samples of each row at their times; rows without any are left out. */
function* rangeSeriesOf(evaluation: Evaluation, block: SeriesBlock, range: StepRange): Generator<void, RangeSeries[]> {
  const result: RangeSeries[] = [];
  const { steps, kinds } = block;
  /** Rows without a gap have the same. */
  let allTimes: Float64Array | null = null;
  for (let row = 0; row < block.rows; row++) {
    if (evaluation.isSliceOver(steps)) yield;
    let length = 0;
    let hasHistograms = false;
    for (let cell = row * steps; cell < (row + 1) * steps; cell++) {
      if (kinds[cell] !== ABSENT) length++;
      if (kinds[cell] === HISTOGRAM) hasHistograms = true;
    }
    if (length === 0) continue;
    const from = row * steps;
    const [labels, dropsName] = [block.labels[row] ?? Labels.empty, block.dropsName[row] ?? false];
    if (length === steps && !hasHistograms) {
      allTimes ??= timesOf(range);
      // The block is nobody's any more.
      result.push({ labels, dropsName, timestamps: allTimes, values: block.values.subarray(from, from + steps), histograms: null });
      continue;
    }
    const timestamps = new Float64Array(length);
    const values = new Float64Array(length);
    const histograms = hasHistograms ? new Array<FloatHistogram | null>(length).fill(null) : null;
    let at = 0;
    for (let step = 0, cell = from; step < steps; step++, cell++) {
      if (kinds[cell] === ABSENT) continue;
      timestamps[at] = stepTime(range, step);
      if (kinds[cell] === FLOAT) values[at] = block.values[cell] ?? 0;
      else if (histograms !== null) histograms[at] = block.histogramAt(cell);
      at++;
    }
    result.push({ labels, dropsName, timestamps, values, histograms });
  }
  return result;
}

function timesOf(range: StepRange): Float64Array {
  const times = new Float64Array(range.steps);
  for (let step = 0; step < range.steps; step++) times[step] = stepTime(range, step);
  return times;
}

/** Names whose removal was delayed go now. */
function* cleanNames(evaluation: Evaluation, block: SeriesBlock): Generator<void, SeriesBlock> {
  if (!block.dropsName.includes(true)) return yield* mergeEqualRows(evaluation, block);
  const staysUnique = block.hasUniqueLabels && !block.dropsName.includes(false) && hasOneMetric(block);
  for (let row = 0; row < block.rows; row++) {
    if (block.dropsName[row] === true) block.labels[row] = withoutMetadata(block.labels[row] ?? Labels.empty);
    if (evaluation.isSliceOver(LABELS_WORK)) yield;
  }
  block.hasUniqueLabels = staysUnique;
  return yield* mergeEqualRows(evaluation, block);
}

function* instantValue(evaluation: Evaluation, value: Value, atMs: number): Generator<void, QueryValue> {
  const { delayedNameRemoval } = evaluation.options;
  switch (value.kind) {
    case 'string':
      return { kind: 'string', atMs, value: value.value };
    case 'scalar':
      return { kind: 'scalar', atMs, value: value.values[0] ?? Number.NaN };
    case 'matrix':
      return { kind: 'matrix', series: yield* sortSeries(evaluation, delayedNameRemoval ? cleanSeries(value.series) : value.series) };
    case 'vector':
      return yield* vectorValue(evaluation, delayedNameRemoval ? yield* cleanNames(evaluation, value.block) : value.block, atMs);
    default:
      return unreachable(value);
  }
}

/** Of a block of one step. */
function* vectorValue(evaluation: Evaluation, block: SeriesBlock, atMs: number): Generator<void, VectorValue> {
  const labels: Labels[] = [];
  const values = new Float64Array(block.rows);
  let histograms: (FloatHistogram | null)[] | null = null;
  for (let row = 0; row < block.rows; row++) {
    if (block.kinds[row] === ABSENT) continue;
    if (block.kinds[row] === FLOAT) {
      values[labels.length] = block.values[row] ?? 0;
      histograms?.push(null);
    } else {
      histograms ??= new Array<FloatHistogram | null>(labels.length).fill(null);
      histograms.push(block.histogramAt(row));
    }
    labels.push(block.labels[row] ?? Labels.empty);
    if (row % SAMPLES_AT_ONCE === 0 && evaluation.isSliceOver(SAMPLES_AT_ONCE)) yield;
  }
  return { kind: 'vector', atMs, labels, values: values.subarray(0, labels.length), histograms };
}

function* rangeValue(evaluation: Evaluation, value: Value, range: StepRange): Generator<void, QueryValue> {
  switch (value.kind) {
    case 'scalar':
      return { kind: 'matrix', series: yield* rangeSeriesOf(evaluation, scalarRow(value.values), range) };
    case 'vector': {
      const block = evaluation.options.delayedNameRemoval ? yield* cleanNames(evaluation, value.block) : value.block;
      return { kind: 'matrix', series: yield* sortSeries(evaluation, yield* rangeSeriesOf(evaluation, block, range)) };
    }
    case 'string':
    case 'matrix':
      throw new Error(`BUG: a range query of a ${value.kind}`);
    default:
      return unreachable(value);
  }
}

const sortSeries = (evaluation: Evaluation, series: RangeSeries[]): Generator<void, RangeSeries[]> =>
  evaluation.paced(
    slicedSort(series, (a, b) => a.labels.compare(b.labels)),
    LABELS_WORK,
  );

/** As cleanNames, for series that have times of their own. */
function cleanSeries(series: readonly RangeSeries[]): RangeSeries[] {
  const byLabels = new Map<string, RangeSeries>();
  for (const one of series) {
    const labels = one.dropsName ? withoutMetadata(one.labels) : one.labels;
    const known = byLabels.get(labels.key());
    byLabels.set(labels.key(), known === undefined ? { ...one, labels } : mergeSeries(known, one));
  }
  return [...byLabels.values()];
}

function mergeSeries(a: RangeSeries, b: RangeSeries): RangeSeries {
  const points = [a, b].flatMap((series) =>
    Array.from(series.timestamps, (ms, i) => ({ ms, value: series.values[i] ?? 0, histogram: series.histograms?.[i] ?? null })),
  );
  points.sort((x, y) => x.ms - y.ms);
  if (points.some((point, i) => i > 0 && point.ms === points[i - 1]?.ms)) throw duplicateLabelSets();
  return {
    ...a,
    timestamps: Float64Array.from(points, ({ ms }) => ms),
    values: Float64Array.from(points, ({ value }) => value),
    histograms: points.some(({ histogram }) => histogram !== null) ? points.map(({ histogram }) => histogram) : null,
  };
}
