/**
 * Binary operators on vectors: with a scalar, joined by labels, and the set operators. prometheus/promql/engine.go
 * VectorscalarBinop, VectorBinop, VectorAnd, VectorOr, VectorUnless.
 * Hot path: series are matched once, by the key of their labels, and then computed column by column. Only where several
 * series share a key is it looked at step by step which of them is there.
 */
import { Labels } from '../model/labels.ts';
import type { VectorMatching } from './ast.ts';
import {
  computeHistograms,
  type FloatOperation,
  floatOperation,
  incompatible,
  isComparison,
  LastNotes,
  makesNewMetric,
  type ValueOp,
} from './binary-operation.ts';
import { BOUNDS_WORK, type Evaluation, LABELS_WORK, type StepRange } from './evaluation.ts';
import { keyOf, keyWithout } from './grouping.ts';
import { sampleWeight } from './histogram/histogram-draft.ts';
import { executionError } from './query-error.ts';
import type { BinaryPlan } from './query-plan.ts';
import { ABSENT, dropNames, FLOAT, HISTOGRAM, hasOneMetric, SeriesBlock, withoutMetadata } from './series-block.ts';
import { settle } from './vector-function.ts';

/** Cell of a block as an operand. */
const operand = (block: SeriesBlock, cell: number) => (block.kinds[cell] === HISTOGRAM ? block.histogramAt(cell) : block.values[cell]!);

/** What an operator has to do with it, in samples. */
const workOf = (value: ReturnType<typeof operand>): number => (typeof value === 'number' ? 1 : sampleWeight(value));

/** In place. `isSwapped`: the scalar stands on the left. */
export function* withScalar(
  evaluation: Evaluation,
  plan: BinaryPlan,
  op: ValueOp,
  block: SeriesBlock,
  scalar: Float64Array,
  isSwapped: boolean,
  range: StepRange,
): Generator<void, SeriesBlock> {
  const { steps } = block;
  const { returnsBool } = plan;
  const isTrim = op === '</' || op === '>/';
  const work = isTrim ? BOUNDS_WORK : 1;
  const computeRow = isComparison(op) && !returnsBool ? keepFloats : replaceFloats;
  const compute = floatOperation(op);
  const notes = new LastNotes();
  let growth = 0; // of what the histograms weigh, which are held as they were
  for (let row = 0; row < block.rows; row++) {
    if (!isTrim) computeRow(block, row * steps, scalar, compute, isSwapped);
    if (isTrim || block.histograms !== null) {
      for (let step = 0, cell = row * steps; step < steps; step++, cell++) {
        const kind = block.kinds[cell];
        if (kind !== HISTOGRAM && !(isTrim && kind === FLOAT)) continue;
        const weight = kind === HISTOGRAM ? sampleWeight(block.histogramAt(cell)) : 0;
        if (evaluation.isSliceOver(kind === HISTOGRAM ? weight * work : 1)) yield;
        const heldBefore = block.histogramsHeld;
        applyToHistogram(notes, step, op, block, cell, scalar[step]!, isSwapped); // in bounds
        if (block.kinds[cell] !== HISTOGRAM) continue;
        growth += block.histogramsHeld - heldBefore - weight;
        evaluation.touch(growth);
      }
    }
    if (evaluation.isSliceOver(steps)) yield;
  }
  notes.report(evaluation.annotations, op, plan.span);
  if (makesNewMetric(op) || returnsBool) yield* dropNames(evaluation, block);
  return yield* settle(evaluation, range, block);
}

/*
 * Rows cell by cell stand in functions of their own, here and below: V8 optimizes a small loop soon and cheaply, and a
 * generator around it late and dearly.
 */

function replaceFloats(
  { kinds, values }: SeriesBlock,
  from: number,
  scalar: Float64Array,
  compute: FloatOperation,
  isSwapped: boolean,
): void {
  for (let step = 0, cell = from; step < scalar.length; step++, cell++) {
    if (kinds[cell] !== FLOAT) continue;
    values[cell] = isSwapped ? compute(scalar[step]!, values[cell]!) : compute(values[cell]!, scalar[step]!); // in bounds
  }
}

function keepFloats({ kinds, values }: SeriesBlock, from: number, scalar: Float64Array, compute: FloatOperation, isSwapped: boolean): void {
  for (let step = 0, cell = from; step < scalar.length; step++, cell++) {
    if (kinds[cell] !== FLOAT) continue;
    const keeps = isSwapped ? compute(scalar[step]!, values[cell]!) : compute(values[cell]!, scalar[step]!); // in bounds
    if (keeps === 0) kinds[cell] = ABSENT;
  }
}

function applyToHistogram(
  notes: LastNotes,
  step: number,
  op: ValueOp,
  block: SeriesBlock,
  cell: number,
  scalar: number,
  isSwapped: boolean,
): void {
  const value = operand(block, cell);
  if (typeof value === 'number') notes.set(step, incompatible(value, scalar));
  const result =
    typeof value === 'number' ? null : computeHistograms(op, isSwapped ? scalar : value, isSwapped ? value : scalar, notes, step);
  if (result === null || typeof result === 'boolean') block.kinds[cell] = ABSENT;
  else block.setHistogram(cell, result);
}

/** Join keys of both sides as small numbers. */
type Keys = { readonly left: Int32Array; readonly right: Int32Array; readonly count: number };

function* joinKeys(evaluation: Evaluation, lhs: SeriesBlock, rhs: SeriesBlock, matching: VectorMatching): Generator<void, Keys> {
  const known = new Map<string, number>();
  function* keysOf(block: SeriesBlock): Generator<void, Int32Array> {
    const keys = new Int32Array(block.rows);
    for (let row = 0; row < block.rows; row++) {
      if (evaluation.isSliceOver(LABELS_WORK + matching.labels.length)) yield;
      const labels = block.labels[row] ?? Labels.empty;
      const key = matching.isOn ? keyOf(labels, matching.labels) : keyWithout(labels, matching.labels);
      let number = known.get(key);
      if (number === undefined) {
        number = known.size;
        known.set(key, number);
      }
      keys[row] = number;
    }
    return keys;
  }
  const left = yield* keysOf(lhs);
  const right = yield* keysOf(rhs);
  return { left, right, count: known.size };
}

export function* setOperation(
  evaluation: Evaluation,
  op: 'and' | 'or' | 'unless',
  lhs: SeriesBlock,
  rhs: SeriesBlock,
  matching: VectorMatching,
  range: StepRange,
): Generator<void, SeriesBlock> {
  const keys = yield* joinKeys(evaluation, lhs, rhs, matching);
  const { steps } = lhs;
  // Per key and step: is there a sample on the side that decides?
  const decider = op === 'or' ? lhs : rhs;
  const deciderKeys = op === 'or' ? keys.left : keys.right;
  const present = new Uint8Array(keys.count * steps);
  for (let row = 0; row < decider.rows; row++) {
    notePresent(present, (deciderKeys[row] ?? 0) * steps, decider, row);
    if (evaluation.isSliceOver(steps)) yield;
  }
  const filtered = op === 'or' ? rhs : lhs;
  const filteredKeys = op === 'or' ? keys.right : keys.left;
  const keepsWhere = op === 'and' ? 1 : 0;
  for (let row = 0; row < filtered.rows; row++) {
    keepWhere(keepsWhere, present, (filteredKeys[row] ?? 0) * steps, filtered, row);
    if (evaluation.isSliceOver(steps)) yield;
  }
  if (op !== 'or') return yield* settle(evaluation, range, lhs);
  const union = new SeriesBlock(steps, lhs.rows + rhs.rows);
  for (const block of [lhs, rhs]) {
    for (let row = 0; row < block.rows; row++) {
      if (block.isRowEmpty(row)) continue;
      const to = union.addRow(block.labels[row] ?? Labels.empty, block.dropsName[row] ?? false);
      for (let step = 0; step < steps; step++) union.copyCell(to + step, block, row * steps + step);
      evaluation.touchCells(union.cells);
      if (evaluation.isSliceOver(steps)) yield;
    }
  }
  union.hasUniqueLabels = false;
  return yield* settle(evaluation, range, union);
}

function notePresent(present: Uint8Array, at: number, { kinds, steps }: SeriesBlock, row: number): void {
  const from = row * steps;
  for (let step = 0; step < steps; step++) if (kinds[from + step] !== ABSENT) present[at + step] = 1;
}

function keepWhere(wanted: number, present: Uint8Array, at: number, { kinds, steps }: SeriesBlock, row: number): void {
  const from = row * steps;
  for (let step = 0; step < steps; step++) if (present[at + step] !== wanted) kinds[from + step] = ABSENT;
}

/** Rows of a block by their join key: a chain per key, in the order of the rows. */
class RowsByKey {
  readonly #first: Int32Array;
  readonly #next: Int32Array;

  constructor(keys: Int32Array, count: number) {
    this.#first = new Int32Array(count).fill(-1);
    this.#next = new Int32Array(keys.length).fill(-1);
    for (let row = keys.length - 1; row >= 0; row--) {
      const key = keys[row] ?? 0;
      this.#next[row] = this.#first[key] ?? -1;
      this.#first[key] = row;
    }
  }

  /** The first row of a key, -1 for none. */
  first(key: number): number {
    return this.#first[key] ?? -1;
  }

  next(row: number): number {
    return this.#next[row] ?? -1;
  }

  isSingle(key: number): boolean {
    const row = this.first(key);
    return row !== -1 && this.next(row) === -1;
  }
}

/** 1 at each step where any row has a sample. */
function* presentSteps(evaluation: Evaluation, block: SeriesBlock): Generator<void, Uint8Array> {
  const present = new Uint8Array(block.steps);
  for (let row = 0; row < block.rows; row++) {
    notePresent(present, 0, block, row);
    if (evaluation.isSliceOver(block.steps)) yield;
  }
  return present;
}

/** Arithmetic and comparison of two vectors. */
export function* joinVectors(
  evaluation: Evaluation,
  plan: BinaryPlan,
  op: ValueOp,
  lhs: SeriesBlock,
  rhs: SeriesBlock,
  matching: VectorMatching,
  range: StepRange,
): Generator<void, SeriesBlock> {
  // Below, "one" is the side on which a key must be unique, "many" the other.
  const isSwapped = matching.card === 'one-to-many';
  const many = isSwapped ? rhs : lhs;
  const one = isSwapped ? lhs : rhs;
  const keys = yield* joinKeys(evaluation, many, one, matching);
  const join = new Join(evaluation, plan, op, matching, many, one, keys);
  yield* join.run();
  return yield* settle(evaluation, range, join.result);
}

class Join {
  readonly result: SeriesBlock;
  readonly #evaluation: Evaluation;
  readonly #plan: BinaryPlan;
  readonly #op: ValueOp;
  readonly #matching: VectorMatching;
  readonly #many: SeriesBlock;
  readonly #one: SeriesBlock;
  readonly #isSwapped: boolean;
  readonly #manyKeys: Int32Array;
  readonly #oneKeys: Int32Array;
  readonly #rowsOfMany: RowsByKey;
  readonly #rowsOfOne: RowsByKey;
  /** Different rows of the many side give different series, whatever they are joined with. */
  readonly #isInjective: boolean;
  /** Per key that several rows of the one side have: which of them has a sample, at each step; -1 for none. */
  readonly #holders = new Map<number, Int32Array>();
  /** Per key: which steps have been matched. Kept where that is asked for. */
  readonly #matched = new Map<number, Uint8Array>();
  /** Result rows by key and labels: several pairs of rows may make one series. */
  readonly #resultRows = new Map<string, number>();
  /** Result cells that were computed but not kept, by a comparison whose results may fall together. */
  readonly #notKept = new Set<number>();
  readonly #notes = new LastNotes();
  /** Why there is no result, found at the earliest step so far: Prometheus goes step by step and reports the first. */
  #failure: { readonly step: number; readonly message: string } | null = null;

  constructor(
    evaluation: Evaluation,
    plan: BinaryPlan,
    op: ValueOp,
    matching: VectorMatching,
    many: SeriesBlock,
    one: SeriesBlock,
    keys: Keys,
  ) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#op = op;
    this.#matching = matching;
    this.#many = many;
    this.#one = one;
    this.#isSwapped = matching.card === 'one-to-many';
    this.result = new SeriesBlock(many.steps, many.rows);
    this.#manyKeys = keys.left;
    this.#oneKeys = keys.right;
    this.#rowsOfMany = new RowsByKey(keys.left, keys.count);
    this.#rowsOfOne = new RowsByKey(keys.right, keys.count);
    const { include, card } = matching;
    const keepsDistinct = many.hasUniqueLabels && (!this.#dropsName || hasOneMetric(many));
    this.#isInjective = card !== 'one-to-one' && keepsDistinct && many.labels.every((labels) => !include.some((name) => labels.has(name)));
    // One to one, results differ by their key, unless the key has type and unit labels that the result has not.
    // A filled row has the labels of its key, which may be those of another row.
    this.result.hasUniqueLabels =
      !this.#fills && (this.#isInjective || (card === 'one-to-one' && (matching.isOn || keepsDistinct) && include.length === 0));
  }

  /** What comes after a failure does not count any more. */
  get #end(): number {
    return this.#failure?.step ?? this.#many.steps;
  }

  get #dropsName(): boolean {
    return makesNewMetric(this.#op) || (this.#plan.returnsBool && !this.#evaluation.options.delayedNameRemoval);
  }

  get #fills(): boolean {
    return this.#matching.fillLeft !== null || this.#matching.fillRight !== null;
  }

  *run(): Generator<void, void> {
    this.#failure = yield* this.#duplicates();
    if (this.#failure?.step === 0) throw executionError(this.#failure.message);
    const { fillLeft, fillRight } = this.#matching;
    // With group_right too, Prometheus fills the missing one side by fill_right and the many side by fill_left.
    const areFloats = this.#many.histograms === null && this.#one.histograms === null && this.#op !== '</' && this.#op !== '>/';
    for (let row = 0; row < this.#many.rows; row++) {
      const partner = this.#solePartner(row);
      if (partner === null) yield* this.#joinRow(row, fillRight);
      else if (areFloats) this.#joinColumns(row, partner);
      else yield* this.#joinCells(row, partner);
      if (this.#evaluation.isSliceOver(this.#many.steps)) yield;
    }
    if (fillLeft !== null) {
      for (let row = 0; row < this.#one.rows; row++) {
        yield* this.#fillRow(row, fillLeft);
        if (this.#evaluation.isSliceOver(this.#many.steps)) yield;
      }
    }
    if (this.#failure !== null) throw executionError(this.#failure.message);
    this.#notes.report(this.#evaluation.annotations, this.#op, this.#plan.span);
  }

  /** The usual case: the one row of the other side that a row of the many side is joined with at all steps. */
  #solePartner(row: number): number | null {
    const key = this.#manyKeys[row] ?? 0;
    const isSole = !this.#fills && this.#rowsOfOne.isSingle(key) && (this.#isInjective || this.#rowsOfMany.isSingle(key));
    return isSole ? this.#rowsOfOne.first(key) : null;
  }

  /** All steps of one row of the many side. */
  *#joinRow(row: number, fillOne: number | null): Generator<void, void> {
    const many = this.#many;
    const one = this.#one;
    const { steps } = many;
    const key = this.#manyKeys[row] ?? 0;
    if (this.#rowsOfOne.first(key) === -1 && fillOne === null) return;
    let currentPartner = -2;
    let to = -1;
    for (let step = 0; step < this.#end; step++) {
      const cell = row * steps + step;
      if (many.kinds[cell] === ABSENT) continue;
      const other = this.#partnerAt(key, step);
      if (other === -1 && fillOne === null) continue;
      if (other !== currentPartner) {
        const labels = other === -1 ? this.#keyLabels(many.labels[row]) : (one.labels[other] ?? Labels.empty);
        to = this.#resultRow(key, many.labels[row] ?? Labels.empty, labels);
        currentPartner = other;
      }
      const value = operand(many, cell);
      const otherValue = other === -1 ? (fillOne ?? 0) : operand(one, other * steps + step);
      if (this.#evaluation.isSliceOver(workOf(value) + workOf(otherValue))) yield;
      this.#computeCell(to + step, key, value, otherValue, step);
    }
    this.#dropIfEmpty();
  }

  #joinedRow(row: number, partner: number): number {
    return this.#addRow(this.#labels(this.#many.labels[row] ?? Labels.empty, this.#one.labels[partner] ?? Labels.empty));
  }

  #addRow(labels: Labels): number {
    const from = this.result.addRow(labels, this.#plan.returnsBool);
    this.#evaluation.touchCells(this.result.cells);
    return from;
  }

  /** One row against one row, cell by cell. */
  *#joinCells(row: number, partner: number): Generator<void, void> {
    const many = this.#many;
    const one = this.#one;
    const { steps } = many;
    const to = this.#joinedRow(row, partner);
    for (let step = 0; step < steps; step++) {
      const a = row * steps + step;
      const b = partner * steps + step;
      if (many.kinds[a] === ABSENT || one.kinds[b] === ABSENT) continue;
      const x = operand(many, a);
      const y = operand(one, b);
      if (this.#evaluation.isSliceOver(workOf(x) + workOf(y))) yield;
      this.#compute(to + step, x, y, step);
    }
    this.#dropIfEmpty();
  }

  /** One row of floats against another: straight along the columns. */
  #joinColumns(row: number, partner: number): void {
    const many = this.#many;
    const one = this.#one;
    const { steps } = many;
    const compares = isComparison(this.#op);
    const { returnsBool } = this.#plan;
    const to = this.#joinedRow(row, partner);
    const compute = floatOperation(this.#op);
    for (let step = 0; step < steps; step++) {
      const a = row * steps + step;
      const b = partner * steps + step;
      if (many.kinds[a] === ABSENT || one.kinds[b] === ABSENT) continue;
      const x = this.#isSwapped ? one.values[b]! : many.values[a]!; // in bounds
      const y = this.#isSwapped ? many.values[a]! : one.values[b]!;
      const value = compute(x, y);
      if (!compares || returnsBool) this.result.setFloat(to + step, value);
      else if (value === 1) this.result.setFloat(to + step, x);
    }
    this.#dropIfEmpty();
  }

  #dropIfEmpty(): void {
    const { result } = this;
    if (result.rows > 0 && this.#resultRows.size === 0 && result.isRowEmpty(result.rows - 1)) result.removeLastRow();
  }

  /** Samples of the one side that nothing matched, against the fill value. */
  *#fillRow(row: number, fill: number): Generator<void, void> {
    const one = this.#one;
    const { steps } = one;
    const key = this.#oneKeys[row] ?? 0;
    const labels = one.labels[row] ?? Labels.empty;
    let to = -1;
    for (let step = 0; step < this.#end; step++) {
      const cell = row * steps + step;
      if (one.kinds[cell] === ABSENT || this.#matched.get(key)?.[step] === 1) continue;
      if (to === -1) to = this.#resultRow(key, this.#keyLabels(labels), labels);
      const value = operand(one, cell);
      if (this.#evaluation.isSliceOver(workOf(value))) yield;
      this.#computeCell(to + step, key, fill, value, step);
    }
  }

  /** Computes a cell, and sees to it that no two results of a key are for the same series. */
  #computeCell(cell: number, key: number, many: ReturnType<typeof operand>, one: ReturnType<typeof operand>, step: number): void {
    let matched = this.#matched.get(key);
    if (matched === undefined) this.#matched.set(key, (matched = new Uint8Array(this.#many.steps)));
    const isOneToOne = this.#matching.card === 'one-to-one';
    const isTaken = isOneToOne ? matched[step] === 1 : this.result.kinds[cell] !== ABSENT || this.#notKept.has(cell);
    if (!this.#compute(cell, many, one, step)) return;
    if (isTaken) {
      if (step >= (this.#failure?.step ?? Infinity)) return;
      const how = isOneToOne
        ? 'many-to-one matching must be explicit (group_left/group_right)'
        : 'grouping labels must ensure unique matches';
      this.#failure = { step, message: `multiple matches for labels: ${how}` };
    }
    matched[step] = 1;
    if (!isOneToOne && this.result.kinds[cell] === ABSENT) this.#notKept.add(cell);
  }

  /** False when the two cannot be computed at all. */
  #compute(cell: number, many: ReturnType<typeof operand>, one: ReturnType<typeof operand>, step: number): boolean {
    const x = this.#isSwapped ? one : many;
    const y = this.#isSwapped ? many : one;
    const op = this.#op;
    const { returnsBool } = this.#plan;
    let keeps: boolean;
    if (typeof x === 'number' && typeof y === 'number') {
      if (op === '</' || op === '>/') {
        this.#notes.set(step, incompatible(x, y));
        return false;
      }
      const value = floatOperation(op)(x, y);
      if (!isComparison(op)) {
        this.result.setFloat(cell, value);
        return true;
      }
      keeps = value === 1;
    } else {
      const value = computeHistograms(op, x, y, this.#notes, step);
      if (value === null) return false;
      if (typeof value !== 'boolean') {
        this.result.setHistogram(cell, value);
        this.#evaluation.touch(this.result.histogramsHeld);
        return true;
      }
      keeps = value;
    }
    if (returnsBool) this.result.setFloat(cell, keeps ? 1 : 0);
    else if (keeps && typeof x === 'number') this.result.setFloat(cell, x);
    else if (keeps && typeof x !== 'number') this.result.setHistogram(cell, x);
    return true;
  }

  /** The row of the one side that has a sample at this step, which is before the one that the join fails at. */
  #partnerAt(key: number, step: number): number {
    const holder = this.#holders.get(key);
    if (holder !== undefined) return holder[step]!; // one entry per step
    const row = this.#rowsOfOne.first(key);
    return row !== -1 && this.#one.kinds[row * this.#one.steps + step] !== ABSENT ? row : -1;
  }

  /** First cell of the result row for these operands. */
  #resultRow(key: number, many: Labels, one: Labels): number {
    const labels = this.#labels(many, one);
    const text = `${key} ${labels.key()}`;
    const known = this.#resultRows.get(text);
    if (known !== undefined) return known * this.result.steps;
    this.#resultRows.set(text, this.result.rows);
    return this.#addRow(labels);
  }

  #keyLabels(labels: Labels = Labels.empty): Labels {
    const { isOn, labels: names } = this.#matching;
    return isOn ? labels.only(names) : labels.filter((name) => name !== '__name__' && !names.includes(name));
  }

  #labels(many: Labels, one: Labels): Labels {
    const { card, isOn, labels: names, include } = this.#matching;
    let labels = this.#dropsName ? withoutMetadata(many) : many;
    if (card === 'one-to-one') labels = isOn ? labels.only(names) : labels.without(names);
    if (include.length > 0) labels = labels.with(include.map((name) => [name, one.get(name)] as const));
    return labels;
  }

  /** A key that two series of the one side have at one step, where the other side has any sample at all. Fills the holders. */
  *#duplicates(): Generator<void, { readonly step: number; readonly message: string } | null> {
    const one = this.#one;
    const { steps } = one;
    let firstStep = steps;
    let pair: readonly [number, number] | null = null;
    /** Steps at which the other side has samples; looked at only when it matters. */
    let manyPresent: Uint8Array | null = null;
    for (let row = 0; row < one.rows; row++) {
      const key = this.#oneKeys[row] ?? 0;
      if (this.#rowsOfOne.isSingle(key)) continue;
      if (this.#evaluation.isSliceOver(firstStep)) yield;
      let holder = this.#holders.get(key);
      if (holder === undefined) this.#holders.set(key, (holder = new Int32Array(steps).fill(-1)));
      for (let step = 0; step < firstStep; step++) {
        if (one.kinds[row * steps + step] === ABSENT) continue;
        const other = holder[step] ?? -1;
        holder[step] = row;
        if (other === -1) continue;
        manyPresent ??= yield* presentSteps(this.#evaluation, this.#many);
        if (!this.#fills && manyPresent[step] === 0) continue;
        firstStep = step;
        pair = [other, row];
      }
    }
    if (pair === null) return null;
    const a = one.labels[pair[0]] ?? Labels.empty;
    const b = one.labels[pair[1]] ?? Labels.empty;
    const [x, y] = [a.toString(), b.toString()].sort();
    const side = this.#isSwapped ? 'left' : 'right';
    const message =
      `found duplicate series for the match group ${this.#keyLabels(b).toString()} on the ${side} hand-side of the operation: [${x}, ${y}]` +
      ';many-to-many matching not allowed: matching labels must be unique on one side';
    return { step: firstStep, message };
  }
}
