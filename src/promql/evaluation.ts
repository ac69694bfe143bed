/**
 * What the parts of one evaluation share: options, annotations, how many samples are held, and when to pause. And the
 * values that they hand to each other.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { Annotations } from './annotations.ts';
import { tooManySamples } from './query-error.ts';
import type { SelectRange } from './queryable.ts';
import type { Counting, SampleCounts } from './sample-counts.ts';
import type { Selection, SelectionCache } from './selection.ts';
import type { SeriesBlock } from './series-block.ts';

export type EngineOptions = {
  /** How far an instant selector looks back; default 5 m. */
  readonly lookbackDeltaMs: number;
  /** Samples that one query may hold at a time. */
  readonly samplesMax: number;
  /** Resolution of a subquery that names none; Prometheus takes the evaluation interval. */
  readonly defaultSubqueryStepMs: number;
  /** Metric names are dropped when the query is done, so that label_replace and `by (__name__)` still see them. */
  readonly delayedNameRemoval: boolean;
  /** rate, irate, increase, resets and start_timestamp look at start timestamps. */
  readonly useStartTimestamps: boolean;
  /** rate and increase judge by the label __type__ whether a metric is a counter, not by its name. */
  readonly typeAndUnitLabels: boolean;
  /** What the statistics tell besides the total. */
  readonly counting: Counting;
};

/** The steps startMs, startMs + stepMs … that do not lie behind endMs. */
export type StepRange = { readonly startMs: number; readonly endMs: number; readonly stepMs: number; readonly steps: number };

/** One step: an instant query, or a part of a query that is the same at every step. */
export const isInstant = ({ startMs, endMs }: StepRange): boolean => startMs === endMs;
export const stepTime = ({ startMs, stepMs }: StepRange, step: number): number => startMs + step * stepMs;

export function stepRange(startMs: number, endMs: number, stepMs: number): StepRange {
  return { startMs, endMs, stepMs, steps: endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1 };
}

/** Samples at their own times: a row of a range vector. Points with a histogram have 0 in `values`. */
export type RangeSeries = {
  readonly labels: Labels;
  readonly dropsName: boolean;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Parallel to values, null for floats; null when all are. */
  readonly histograms: readonly (FloatHistogram | null)[] | null;
};

export type Value =
  | { readonly kind: 'scalar'; readonly values: Float64Array }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'vector'; readonly block: SeriesBlock }
  | { readonly kind: 'matrix'; readonly series: RangeSeries[] };

/** An evaluation pauses when it has touched about this many samples since the last pause: a few milliseconds. */
const SAMPLES_PER_SLICE = 250_000;
/** In the tightest loops it is asked only after so many whether it is time to. */
export const SAMPLES_AT_ONCE = 4096;

/**
 * Steps of a subquery, where there is anything to evaluate: what is done with a row is done in one go. A year in steps of ten
 * seconds has three million.
 */
export const STEPS_MAX = 5_000_000;

/** What looking at a label set costs, in samples. */
export const LABELS_WORK = 50;

const CHARACTERS_PER_SAMPLE = 16;
const CHARACTERS_FREE = 256;

/** In samples, what the text of a label that is made takes beyond what labels usually do. */
export const textWeight = (text: string): number => Math.ceil(Math.max(0, text.length - CHARACTERS_FREE) / CHARACTERS_PER_SAMPLE);

/** What it costs to work out the bounds of a histogram's buckets, beside looking at their counts. */
export const BOUNDS_WORK = 10;

/**
 * Cells that may be there per sample that may be held: in a block, absent ones take memory too, as do label sets and the
 * series of a selection.
 */
const CELLS_PER_SAMPLE = 2;
const CELLS_MIN = 20_000_000;
const SELECTED_CELLS = 2;

export class Evaluation {
  readonly options: EngineOptions;
  readonly annotations: Annotations;
  readonly selections: SelectionCache;
  /** Samples held now, and the most at any time; histograms count by their size. */
  #held = 0;
  #peak = 0;
  /** Of the steps under evaluation: a part with steps of its own has its own while it is evaluated. */
  counts: SampleCounts;
  readonly #cellsMax: number;
  #cells = 0;
  #sinceYield = 0;

  constructor(options: EngineOptions, annotations: Annotations, selections: SelectionCache, counts: SampleCounts) {
    this.options = options;
    this.annotations = annotations;
    this.selections = selections;
    this.counts = counts;
    this.#cellsMax = Math.max(CELLS_MIN, CELLS_PER_SAMPLE * options.samplesMax);
  }

  get peakSamples(): number {
    return this.#peak;
  }

  /** Counts samples that are held from now on; throws when they are too many. */
  hold(samples: number): void {
    this.#held += samples;
    if (this.#held > this.#peak) this.#peak = this.#held;
    if (this.#held > this.options.samplesMax) throw tooManySamples();
  }

  /** The same for a value at each step, before it is made. */
  holdScalar(steps: number): void {
    if (steps > STEPS_MAX) throw tooManySamples();
    this.hold(steps);
  }

  release(samples: number): void {
    this.#held -= samples;
  }

  /** Would throw if `samples` more were held for a moment. */
  touch(samples: number): void {
    this.hold(samples);
    this.release(samples);
  }

  /**
   * Throws if so many samples more are too many: the histograms of the series in work, which are no part of the peak, as
   * Prometheus reads a window at a time.
   */
  readHistograms(samples: number): void {
    if (this.#held + samples > this.options.samplesMax) throw tooManySamples();
  }

  /** Would throw if so many cells more were taken for a moment. */
  touchCells(cells: number): void {
    if (this.#cells + cells > this.#cellsMax) throw tooManySamples();
  }

  /** The series that match; `done` is to be called with them. */
  *select(matchers: readonly Matcher[], range: SelectRange): Generator<void, Selection> {
    const known = this.selections.find(matchers, range);
    if (known !== null) return known;
    const selection = yield* this.paced(this.selections.select(matchers, range));
    this.touchCells(selection.count * SELECTED_CELLS);
    this.#cells += selection.count * SELECTED_CELLS;
    return selection;
  }

  done(selection: Selection): void {
    if (selection.isShared) return; // somebody may still ask for it
    this.selections.forget(selection);
    this.#cells -= selection.count * SELECTED_CELLS;
  }

  /** Counts a finished block, until `drop`. `samples`: how many it holds, where that is known. */
  adopt(block: SeriesBlock, samples?: number): SeriesBlock {
    block.samplesHeld = samples ?? block.weight();
    this.hold(block.samplesHeld);
    block.cellsHeld = block.cells;
    this.touchCells(block.cellsHeld);
    this.#cells += block.cellsHeld;
    return block;
  }

  drop(block: SeriesBlock): void {
    this.release(block.samplesHeld);
    this.#cells -= block.cellsHeld;
    block.samplesHeld = 0;
    block.cellsHeld = 0;
  }

  /** An operation is done: its result is held, which may be one of its operands changed in place, and they are not. */
  replace(operands: readonly SeriesBlock[], result: SeriesBlock): SeriesBlock {
    if (operands.includes(result)) this.drop(result);
    this.adopt(result);
    for (const operand of operands) if (operand !== result) this.drop(operand);
    return result;
  }

  /** Runs work that says in between how much it did, in samples or in what takes as long as so many `samples`. */
  *paced<T>(work: Generator<number, T>, samples = 1): Generator<void, T> {
    for (;;) {
      const step = work.next();
      if (step.done === true) return step.value;
      if (this.isSliceOver(step.value * samples)) yield;
    }
  }

  /** Notes work done; true when it is time to yield. */
  isSliceOver(samples: number): boolean {
    this.#sinceYield += samples;
    if (this.#sinceYield < SAMPLES_PER_SLICE) return false;
    this.#sinceYield = 0;
    return true;
  }
}

export const vectorOf = (block: SeriesBlock): Value => ({ kind: 'vector', block });

export function asVector(value: Value | undefined): SeriesBlock {
  if (value?.kind !== 'vector') throw new Error(`BUG: a vector was expected, not ${value?.kind}`);
  return value.block;
}

export function asScalar(value: Value | undefined): Float64Array {
  if (value?.kind !== 'scalar') throw new Error(`BUG: a scalar was expected, not ${value?.kind}`);
  return value.values;
}
