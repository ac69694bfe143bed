/**
 * An instant vector at every step of a range: one row per series, one cell per row and step, in columns. A cell is
 * absent, a float or a native histogram. A block belongs to one operation at a time, which may change it in place.
 * Hot path: cells are written straight into the arrays.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import { type Evaluation, LABELS_WORK, STEPS_MAX } from './evaluation.ts';
import { sampleWeight } from './histogram/histogram-draft.ts';
import { duplicateLabelSets, tooManySamples } from './query-error.ts';

export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/** Labels that name a metric rather than a series of it: an operation that makes a new metric drops them. */
const METADATA = new Set([METRIC_NAME, '__type__', '__unit__']);
export function withoutMetadata(labels: Labels): Labels {
  return hasNameOnly(labels) ? Labels.fromSorted(labels.flat.slice(2)) : labels.filter((name) => !METADATA.has(name));
}

/** The usual case: the metric name comes first, and no other label begins with two underscores. */
const hasNameOnly = ({ flat }: Labels): boolean => flat[0] === METRIC_NAME && flat[2]?.startsWith('__') !== true;

export class SeriesBlock {
  readonly steps: number;
  rows = 0;
  /** Per row. */
  readonly labels: Labels[] = [];
  /** Per row: the metric name is to go when the query is done (delayed name removal). */
  readonly dropsName: boolean[] = [];
  /** Row r, step s at r * steps + s, here and in `values` and `histograms`. */
  kinds: Uint8Array;
  values: Float64Array;
  /** Null: no cell holds a histogram. */
  histograms: (FloatHistogram | null)[] | null = null;
  /** False when two rows may have equal labels. */
  hasUniqueLabels = true;
  /** Size of the histograms that were put into cells: what a block that grows holds at most. */
  histogramsHeld = 0;
  /** What the evaluation counts as held for this block. */
  samplesHeld = 0;
  cellsHeld = 0;

  readonly #cellsExpected: number;

  constructor(steps: number, rowsExpected: number) {
    this.steps = steps;
    this.#cellsExpected = rowsExpected * steps;
    const cells = Math.max(1, Math.min(this.#cellsExpected, CELLS_AT_ONCE_MAX));
    this.kinds = new Uint8Array(cells);
    this.values = new Float64Array(cells);
  }

  /** Those of its rows, and what takes as much memory as cells: their label sets. */
  get cells(): number {
    return this.rows * (this.steps + LABELS_CELLS);
  }

  /** A new row of absent cells; returns the index of its first. */
  addRow(labels: Labels, dropsName: boolean): number {
    if (this.steps > STEPS_MAX) throw tooManySamples();
    const from = this.rows * this.steps;
    const to = from + this.steps;
    if (to > this.kinds.length) this.#grow(to);
    this.labels.push(labels);
    this.dropsName.push(dropsName);
    this.rows++;
    return from;
  }

  /** Takes the last row away again. */
  removeLastRow(): void {
    this.rows--;
    this.labels.pop();
    this.dropsName.pop();
    const from = this.rows * this.steps;
    this.kinds.fill(ABSENT, from, from + this.steps);
    if (this.rows === 0) this.histograms = null;
  }

  setFloat(cell: number, value: number): void {
    this.kinds[cell] = FLOAT;
    this.values[cell] = value;
  }

  setHistogram(cell: number, histogram: FloatHistogram): void {
    this.histograms ??= new Array<FloatHistogram | null>(this.kinds.length).fill(null);
    this.kinds[cell] = HISTOGRAM;
    this.histograms[cell] = histogram;
    this.histogramsHeld += sampleWeight(histogram);
  }

  histogramAt(cell: number): FloatHistogram {
    const histogram = this.histograms?.[cell] ?? null;
    if (histogram === null) throw new Error('BUG: no histogram in this cell');
    return histogram;
  }

  /** Copies a cell of another block (or of this one). */
  copyCell(to: number, from: SeriesBlock, cell: number): void {
    if (from.kinds[cell] === HISTOGRAM) this.setHistogram(to, from.histogramAt(cell));
    else if (from.kinds[cell] === FLOAT) this.setFloat(to, from.values[cell] ?? 0);
  }

  isRowEmpty(row: number): boolean {
    const end = (row + 1) * this.steps;
    for (let cell = row * this.steps; cell < end; cell++) if (this.kinds[cell] !== ABSENT) return false;
    return true;
  }

  copy(): SeriesBlock {
    const copy = new SeriesBlock(this.steps, 0);
    copy.rows = this.rows;
    copy.labels.push(...this.labels);
    copy.dropsName.push(...this.dropsName);
    copy.kinds = this.kinds.slice(0, this.rows * this.steps);
    copy.values = this.values.slice(0, this.rows * this.steps);
    copy.histograms = this.histograms?.slice(0, this.rows * this.steps) ?? null;
    copy.hasUniqueLabels = this.hasUniqueLabels;
    return copy;
  }

  /** How many samples the block holds, histograms by their size, as the sample limit counts. Those of absent cells go. */
  weight(): number {
    const { kinds, histograms } = this;
    const cells = this.rows * this.steps;
    let weight = 0;
    for (let cell = 0; cell < cells; cell++) if (kinds[cell] !== ABSENT) weight++;
    if (histograms === null) return weight;
    for (let cell = 0; cell < cells; cell++) {
      if (kinds[cell] === HISTOGRAM) weight += sampleWeight(this.histogramAt(cell)) - 1;
      else histograms[cell] = null;
    }
    return weight;
  }

  #grow(cells: number): void {
    if (cells > CELLS_MAX) throw tooManySamples();
    const wanted = cells > CELLS_MOVED_MAX ? Math.max(this.#cellsExpected, this.kinds.length * 8) : this.kinds.length * 2;
    const size = Math.min(CELLS_MAX, Math.max(cells, wanted));
    const kinds = new Uint8Array(size);
    kinds.set(this.kinds);
    this.kinds = kinds;
    const values = new Float64Array(size);
    values.set(this.values);
    this.values = values;
    if (this.histograms !== null) {
      const before = this.histograms.length;
      this.histograms.length = size;
      this.histograms.fill(null, before);
    }
  }
}

export const LABELS_CELLS = 20;

/** A block takes 9 bytes per cell, there or absent: this bounds it to 900 MB, whatever the limit on samples is. */
export const CELLS_MAX = 100_000_000;
/** More is taken only once it is needed: most series of a long range may turn out to be empty. */
const CELLS_AT_ONCE_MAX = 1 << 20;
/** So many are moved to a longer array; then it is as long as it may become, of which the machine gives what is written to. */
export const CELLS_MOVED_MAX = 1 << 23;

/**
 * Rows with equal labels become one, in the place of the first. Two samples at one step cannot be told apart then:
 * an error, as Prometheus has it.
 */
export function* mergeEqualRows(evaluation: Evaluation, block: SeriesBlock): Generator<void, SeriesBlock> {
  if (block.hasUniqueLabels) return block;
  const rowOf = new Map<string, number>();
  const target = new Int32Array(block.rows);
  for (let row = 0; row < block.rows; row++) {
    if (evaluation.isSliceOver(LABELS_WORK)) yield;
    const key = (block.labels[row] ?? Labels.empty).key();
    const known = rowOf.get(key);
    target[row] = known ?? rowOf.size;
    if (known === undefined) rowOf.set(key, rowOf.size);
  }
  block.hasUniqueLabels = true;
  if (rowOf.size === block.rows) return block;
  const { steps } = block;
  const merged = new SeriesBlock(steps, rowOf.size);
  for (let row = 0; row < block.rows; row++) {
    if (evaluation.isSliceOver(steps)) yield;
    const to = target[row] ?? 0;
    if (to === merged.rows) merged.addRow(block.labels[row] ?? Labels.empty, block.dropsName[row] ?? false);
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (block.kinds[from] === ABSENT) continue;
      if (merged.kinds[to * steps + step] !== ABSENT) throw duplicateLabelSets();
      merged.copyCell(to * steps + step, block, from);
    }
  }
  return merged;
}

/** Rows without samples do not count. */
export function* assertUniqueRows(evaluation: Evaluation, block: SeriesBlock): Generator<void, void> {
  if (block.hasUniqueLabels) return;
  const labels = block.labels.filter((_, row) => !block.isRowEmpty(row));
  yield* assertUniqueLabels(evaluation, labels);
}

export function* assertUniqueLabels(evaluation: Evaluation, all: readonly Labels[]): Generator<void, void> {
  const keys = new Set<string>();
  for (const labels of all) {
    keys.add(labels.key());
    if (evaluation.isSliceOver(LABELS_WORK)) yield;
  }
  if (keys.size < all.length) throw duplicateLabelSets();
}

/** True when all rows are of one metric, so that taking the name away leaves different labels different. */
export function hasOneMetric(block: SeriesBlock): boolean {
  const first = block.labels[0];
  return first === undefined || block.labels.every((labels) => isSameMetric(labels, first));
}

export function isSameMetric(a: Labels, b: Labels): boolean {
  if (hasNameOnly(a) && hasNameOnly(b)) return a.flat[1] === b.flat[1];
  for (const name of METADATA) if (a.get(name) !== b.get(name)) return false;
  return true;
}

/**
 * What an operation that makes a new metric does to the names of its rows: away at once, or when the query is done.
 */
export function* dropNames(evaluation: Evaluation, block: SeriesBlock): Generator<void, void> {
  if (evaluation.options.delayedNameRemoval) {
    block.dropsName.fill(true);
    return;
  }
  if (!hasOneMetric(block)) block.hasUniqueLabels = false;
  for (let row = 0; row < block.rows; row++) {
    block.labels[row] = withoutMetadata(block.labels[row] ?? Labels.empty);
    if (evaluation.isSliceOver(LABELS_WORK)) yield;
  }
}
