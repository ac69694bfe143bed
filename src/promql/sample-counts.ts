/**
 * How many samples the steps of an evaluation looked at, and how many of them no step before had looked at: what the API
 * calls queryable samples and samples read (prometheus/util/stats/query_stats.go). A histogram counts by its size.
 * Step by step is counted only where somebody asked, row by row in passes of its own over what has been found: the loops
 * of the evaluation do not know of it.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import { type StepRange, stepTime } from './evaluation.ts';
import { sampleWeight } from './histogram/histogram-draft.ts';
import { tooManySamples } from './query-error.ts';
import type { SubqueryPlan } from './query-plan.ts';
import type { RangeWindow } from './range-window.ts';
import { ABSENT, CELLS_MAX, HISTOGRAM, type SeriesBlock } from './series-block.ts';

/** Each includes what the one before it gives. */
export type Counting = 'total' | 'read' | 'per_step';

/** The ranges that a call looks at: after fromMs up to toMs at the first step, from step to step strideMs further on. */
export type Windows = { readonly fromMs: number; readonly toMs: number; readonly strideMs: number };

export class SampleCounts {
  readonly #steps: number;
  readonly #counting: Counting;
  readonly #isReadPerStep: boolean;
  #totalPerStep: Float64Array | null = null;
  #readPerStep: Float64Array | null = null;
  #total = 0;
  #read = 0;

  constructor(steps: number, counting: Counting, isReadPerStep = counting === 'per_step') {
    this.#steps = steps;
    this.#counting = counting;
    this.#isReadPerStep = isReadPerStep;
  }

  /** Samples that the steps looked at: one that several of them looked at counts for each. */
  get total(): number {
    return this.#total;
  }

  /** Samples, each counted at the first step that looked at it; null where it is not asked for. */
  get read(): number | null {
    return this.#counting === 'total' ? null : this.#read;
  }

  /** Of `total`; null where it is not asked for. */
  get totalPerStep(): Float64Array | null {
    if (this.#counting !== 'per_step') return null;
    return (this.#totalPerStep ??= column(this.#steps));
  }

  /** Of `read`; null where it is not asked for. */
  get readPerStep(): Float64Array | null {
    if (!this.#isReadPerStep) return null;
    return (this.#readPerStep ??= column(this.#steps));
  }

  /** For a part of the expression that is evaluated at one step only. */
  ofOnce(): SampleCounts {
    return new SampleCounts(1, this.#counting === 'total' ? 'total' : 'read');
  }

  /**
   * For the steps of a subquery. What each of them reads matters where not all is seen at one step of `range`. At a fixed
   * time it is, at the first; Prometheus goes on with it as far as the range is long, and counts what that reads.
   */
  ofSubquery(steps: number, { rangeMs, atMs }: SubqueryPlan, range: StepRange): SampleCounts {
    if (this.#counting === 'total') return new SampleCounts(steps, 'total');
    const leavesGaps = range.stepMs > rangeMs;
    const isSeenAtOnce = range.steps === 1 || atMs !== null;
    return new SampleCounts(steps, 'read', !isSeenAtOnce && (this.#isReadPerStep || leavesGaps));
  }

  /** At the first step. */
  add(looked: number, read: number): void {
    this.#total += looked;
    this.#read += read;
    if (looked > 0) addAt(this.totalPerStep, 0, looked);
    if (read > 0) addAt(this.readPerStep, 0, read);
  }

  /** A part that was evaluated once counts as if each step had looked at its samples itself; they were read once. */
  addOnce(once: SampleCounts): void {
    this.#total += once.#total * this.#steps;
    const { totalPerStep } = this;
    if (totalPerStep !== null) for (let step = 0; step < this.#steps; step++) addAt(totalPerStep, step, once.#total);
    this.add(0, once.#read);
  }

  /** A subquery alone. */
  addSubquery(subquery: SampleCounts): void {
    this.add(subquery.#total, subquery.#read);
  }

  /**
   * A subquery as the argument of a call. Its result is what is looked at, and counts there. What its steps read counts at
   * the first step that looks at their result, and not at all where none does: where the windows leave gaps.
   */
  addSubqueryRead(subquery: SampleCounts, steps: StepRange, { rangeMs, offsetMs }: SubqueryPlan, range: StepRange): void {
    const from = subquery.#readPerStep;
    if (from === null) {
      this.add(0, subquery.#read);
      return;
    }
    const to = this.readPerStep;
    for (let i = 0; i < steps.steps; i++) {
      const read = from[i]!; // in bounds: from has steps.steps
      if (read === 0) continue;
      const seenMs = stepTime(steps, i) + offsetMs;
      const step = Math.max(0, Math.ceil((seenMs - range.startMs) / range.stepMs));
      if (seenMs <= stepTime(range, step) - rangeMs) continue;
      this.#read += read;
      addAt(to, step, read);
    }
  }

  /** All rows that a selector filled. */
  addRows(samples: number): void {
    this.#total += samples;
    this.#read += samples;
  }

  /** The steps of one of these rows, whose first cell is `cell`. */
  addSteps(block: SeriesBlock, cell: number): void {
    if (!this.#isReadPerStep) return;
    const { totalPerStep, readPerStep } = this;
    if (totalPerStep !== null) countCells(block, cell, totalPerStep);
    if (readPerStep !== null) countCells(block, cell, readPerStep);
  }

  /** A series that a call looked at, and at how many samples. What it reads of a subquery's result is counted apart. */
  addWindows(series: RangeWindow, windows: Windows, looked: number, isStored: boolean): void {
    this.#total += looked;
    if (this.#counting === 'total') return;
    const leavesGaps = windows.strideMs > windows.toMs - windows.fromMs;
    if (isStored) this.#read += leavesGaps ? looked : weightOf(series);
    const { totalPerStep } = this;
    const readPerStep = isStored ? this.readPerStep : null;
    if (totalPerStep === null && readPerStep === null) return;
    countWindows(series.floatTimes, series.floatCount, null, windows, totalPerStep, readPerStep);
    const { histogramTimes, histograms } = series;
    if (histograms.length > 0) countWindows(histogramTimes, histograms.length, histograms, windows, totalPerStep, readPerStep);
  }
}

/** Made only once there is something to count: a subquery may have more steps than there is memory for. */
function column(steps: number): Float64Array {
  if (steps > CELLS_MAX) throw tooManySamples();
  return new Float64Array(steps);
}

function addAt(perStep: Float64Array | null, step: number, samples: number): void {
  if (perStep !== null) perStep[step] = perStep[step]! + samples; // in bounds: a column has all steps
}

function countCells(block: SeriesBlock, from: number, perStep: Float64Array): void {
  const { kinds, histograms } = block;
  for (let step = 0; step < perStep.length; step++) {
    const kind = kinds[from + step]!; // in bounds, as below: a row has a cell for each step
    if (kind === ABSENT) continue;
    perStep[step] = perStep[step]! + (histograms !== null && kind === HISTOGRAM ? sampleWeight(block.histogramAt(from + step)) : 1);
  }
}

/** Samples in each window, and those of them that no window before had. */
function countWindows(
  times: Float64Array,
  count: number,
  histograms: readonly FloatHistogram[] | null,
  { fromMs, toMs, strideMs }: Windows,
  looked: Float64Array | null,
  read: Float64Array | null,
): void {
  const steps = (looked ?? read)?.length ?? 0;
  let from = 0;
  let to = 0;
  let inWindow = 0;
  for (let step = 0; step < steps; step++) {
    const startMs = fromMs + step * strideMs;
    const endMs = toMs + step * strideMs;
    for (; from < count && times[from]! <= startMs; from++) if (from < to) inWindow -= weightAt(histograms, from); // in bounds: from < count
    if (to < from) to = from;
    let added = 0;
    for (; to < count && times[to]! <= endMs; to++) added += weightAt(histograms, to);
    inWindow += added;
    if (looked !== null) looked[step] = looked[step]! + inWindow;
    if (read !== null) read[step] = read[step]! + added;
  }
}

const weightAt = (histograms: readonly FloatHistogram[] | null, index: number): number => {
  const histogram = histograms?.[index];
  return histogram === undefined ? 1 : sampleWeight(histogram);
};

function weightOf({ floatCount, histograms }: RangeWindow): number {
  let weight = floatCount;
  for (const histogram of histograms) weight += sampleWeight(histogram);
  return weight;
}
