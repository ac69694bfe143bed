/** Between vectors and scalars, and the order of a vector: vector, scalar, absent, sort … */
import { goSort } from '../../lib/go-sort.ts';
import { naturalLess } from '../../lib/natural-order.ts';
import { Labels } from '../../model/labels.ts';
import { asScalar, asVector, isInstant, LABELS_WORK, type Value, vectorOf } from '../evaluation.ts';
import type { Plan } from '../query-plan.ts';
import { ABSENT, FLOAT, HISTOGRAM, SeriesBlock } from '../series-block.ts';
import { type CallSite, settle, type VectorFunction } from '../vector-function.ts';
import { labelsOfAbsent, selectorMatchers } from './absent.ts';

function vector({ args, range }: CallSite): Value {
  const values = asScalar(args[0]);
  const block = new SeriesBlock(range.steps, 1);
  const row = block.addRow(Labels.empty, false);
  for (let step = 0; step < range.steps; step++) block.setFloat(row + step, values[step] ?? Number.NaN);
  return vectorOf(block);
}

/** The one float of a step; NaN where there is none or more than one. */
function* scalar({ evaluation, args, range }: CallSite): Generator<void, Value> {
  const block = asVector(args[0]);
  const values = new Float64Array(range.steps).fill(Number.NaN);
  const found = new Uint8Array(range.steps);
  for (let row = 0; row < block.rows; row++) {
    for (let step = 0, cell = row * block.steps; step < block.steps; step++, cell++) {
      if (block.kinds[cell] !== FLOAT) continue;
      values[step] = found[step] === 0 ? (block.values[cell] ?? 0) : Number.NaN;
      found[step] = 1;
    }
    if (evaluation.isSliceOver(block.steps)) yield;
  }
  return { kind: 'scalar', values };
}

function* absent({ evaluation, args, call, range }: CallSite): Generator<void, Value> {
  const block = asVector(args[0]);
  const result = new SeriesBlock(range.steps, 1);
  const to = result.addRow(labelsOfAbsent(selectorMatchers(call.args[0])), false);
  const present = new Uint8Array(range.steps);
  for (let row = 0, cell = 0; row < block.rows; row++) {
    for (let step = 0; step < block.steps; step++, cell++) if (block.kinds[cell] !== ABSENT) present[step] = 1;
    if (evaluation.isSliceOver(block.steps)) yield;
  }
  for (let step = 0; step < range.steps; step++) if (present[step] === 0) result.setFloat(to + step, 1);
  return vectorOf(result);
}

/** NaN comes last either way. */
const sortByValue =
  (direction: 1 | -1): VectorFunction =>
  (site) => {
    const block = asVector(site.args[0]);
    const { kinds, values } = block;
    for (let cell = 0; cell < block.rows * block.steps; cell++) if (kinds[cell] === HISTOGRAM) kinds[cell] = ABSENT;
    return reorder(site, block, (a, b) => {
      const x = values[a] ?? 0;
      const y = values[b] ?? 0;
      return Number.isNaN(y) || (direction === 1 ? x < y : x > y);
    });
  };

const sortByLabel =
  (direction: 1 | -1): VectorFunction =>
  (site) => {
    const block = asVector(site.args[0]);
    const names = site.call.args.slice(1).map(textOf);
    return reorder(site, block, (a, b) => {
      const x = block.labels[a] ?? Labels.empty;
      const y = block.labels[b] ?? Labels.empty;
      for (const name of names) {
        const valueX = x.get(name);
        const valueY = y.get(name);
        if (valueX !== valueY) return naturalLess(valueX, valueY) === (direction === 1);
      }
      return x.compare(y) * direction < 0;
    });
  };

/** Only an instant query has an order; with one step per row, cells are numbered as rows. */
function* reorder(
  { evaluation, call, range }: CallSite,
  block: SeriesBlock,
  less: (rowA: number, rowB: number) => boolean,
): Generator<void, Value> {
  if (!isInstant(range)) {
    evaluation.annotations.sortInRangeQuery(call.span);
    return vectorOf(yield* settle(evaluation, range, block));
  }
  const order = Array.from({ length: block.rows }, (_, row) => row);
  yield* evaluation.paced(goSort(order, less), LABELS_WORK);
  const sorted = new SeriesBlock(block.steps, block.rows);
  sorted.hasUniqueLabels = block.hasUniqueLabels;
  for (const row of order) {
    if (block.kinds[row] === ABSENT) continue;
    sorted.copyCell(sorted.addRow(block.labels[row] ?? Labels.empty, block.dropsName[row] ?? false), block, row);
    if (evaluation.isSliceOver(LABELS_WORK)) yield;
  }
  return vectorOf(yield* settle(evaluation, range, sorted));
}

export function textOf(plan: Plan | undefined): string {
  if (plan?.kind !== 'string') throw new Error('BUG: a string literal was expected');
  return plan.value;
}

export const VECTOR: Readonly<Record<string, VectorFunction>> = {
  vector,
  scalar,
  absent,
  sort: sortByValue(1),
  sort_desc: sortByValue(-1),
  sort_by_label: sortByLabel(1),
  sort_by_label_desc: sortByLabel(-1),
};
