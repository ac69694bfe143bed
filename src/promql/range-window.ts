/**
 * What a function over a range vector sees of one series at one step: floats and native histograms apart, each as an
 * index range of columns. One window object serves a whole call; only its index ranges move.
 * Hot path: kernels read the columns directly.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import { isStale, type SampleColumns } from '../model/sample.ts';
import type { Annotations } from './annotations.ts';
import type { Span } from './ast.ts';
import { isReset } from './histogram/counter-reset.ts';
import { sampleWeight, withHint } from './histogram/histogram-draft.ts';
import { FLOAT, HISTOGRAM, type SeriesBlock } from './series-block.ts';

const NONE: Float64Array = new Float64Array(0);

export class RangeWindow {
  readonly annotations: Annotations;
  /** Of the call's first argument, which annotations are about. */
  readonly span: Span;
  readonly rangeMs: number;
  readonly isAnchored: boolean;
  readonly isSmoothed: boolean;

  labels = Labels.empty;
  floatTimes: Float64Array = NONE;
  floats: Float64Array = NONE;
  /** 0: unknown. Null: not asked for, or none stored. */
  floatStarts: Float64Array | null = null;
  histogramTimes: Float64Array = NONE;
  histograms: FloatHistogram[] = [];
  histogramStarts: Float64Array | null = null;
  #floatCount = 0;
  #histogramCount = 0;
  /** Of those in the window. */
  #histogramWeight = 0;

  /** The step's time, and the range it looks at: after startMs, up to endMs. */
  atMs = 0;
  startMs = 0;
  endMs = 0;
  /** Samples in the window: [floatFrom, floatTo) and [histogramFrom, histogramTo). Anchored and smoothed ones reach out of the range. */
  floatFrom = 0;
  floatTo = 0;
  histogramFrom = 0;
  histogramTo = 0;
  /** Scalar arguments of the call at this step, in order. */
  readonly params = new Float64Array(4);

  /** Where a kernel leaves its result; `histogram` is null for a float. */
  value = 0;
  histogram: FloatHistogram | null = null;

  constructor(annotations: Annotations, span: Span, shape: { rangeMs: number; isAnchored: boolean; isSmoothed: boolean }) {
    this.annotations = annotations;
    this.span = span;
    this.rangeMs = shape.rangeMs;
    this.isAnchored = shape.isAnchored;
    this.isSmoothed = shape.isSmoothed;
  }

  get metricName(): string {
    return this.labels.get(METRIC_NAME);
  }

  get floatLength(): number {
    return this.floatTo - this.floatFrom;
  }

  get histogramLength(): number {
    return this.histogramTo - this.histogramFrom;
  }

  /** How many samples are in the window, histograms by their size, as the sample limit counts. */
  get weight(): number {
    return this.floatTo - this.floatFrom + this.#histogramWeight;
  }

  /** Takes a series over from columns, which are changed: stale markers go. */
  load(labels: Labels, columns: SampleColumns, statsOnly: boolean): void {
    this.labels = labels;
    this.#rewind();
    const { timestamps, values, startTimestamps, length } = columns;
    if (columns.histograms === null) {
      let kept = 0;
      for (let i = 0; i < length; i++) {
        const value = values[i]!; // in bounds, as below
        if (value !== value && isStale(value)) continue;
        if (kept !== i) {
          timestamps[kept] = timestamps[i]!;
          values[kept] = value;
          if (startTimestamps !== null) startTimestamps[kept] = startTimestamps[i]!;
        }
        kept++;
      }
      this.floatTimes = timestamps;
      this.floats = values;
      this.floatStarts = startTimestamps;
      this.#floatCount = kept;
      this.histograms.length = 0;
      this.histogramStarts = null;
      this.#histogramCount = 0;
      return;
    }
    this.#reserveOwn(length);
    const starts = startTimestamps === null ? null : new Float64Array(length);
    const histogramStarts = startTimestamps === null ? null : new Float64Array(length);
    this.histograms.length = 0;
    let floats = 0;
    let previous: FloatHistogram | null = null;
    for (let i = 0; i < length; i++) {
      const histogram = columns.histograms[i] ?? null;
      const value = values[i]!;
      if (isStale(histogram === null ? value : histogram.sum)) continue;
      if (histogram === null) {
        this.floatTimes[floats] = timestamps[i]!;
        this.floats[floats] = value;
        if (starts !== null) starts[floats] = startTimestamps?.[i] ?? 0;
        floats++;
      } else {
        const at = this.histograms.length;
        this.histogramTimes[at] = timestamps[i]!;
        if (histogramStarts !== null) histogramStarts[at] = startTimestamps?.[i] ?? 0;
        this.histograms.push(statsOnly ? statsOf(histogram, previous) : histogram);
        previous = histogram;
      }
    }
    this.floatStarts = starts;
    this.histogramStarts = histogramStarts;
    this.#floatCount = floats;
    this.#histogramCount = this.histograms.length;
  }

  /**
   * Takes over the row of a subquery's result; step s lies at firstMs + s * stepMs. Hints about counter resets are
   * forgotten: between two of these samples there may be others, and one may come twice.
   */
  loadRow(block: SeriesBlock, row: number, firstMs: number, stepMs: number): void {
    this.labels = block.labels[row] ?? Labels.empty;
    this.#rewind();
    this.#reserveOwn(block.steps);
    this.floatStarts = null;
    this.histogramStarts = null;
    this.histograms.length = 0;
    let floats = 0;
    for (let step = 0, cell = row * block.steps; step < block.steps; step++, cell++) {
      const kind = block.kinds[cell];
      if (kind === FLOAT) {
        this.floatTimes[floats] = firstMs + step * stepMs;
        this.floats[floats++] = block.values[cell] ?? 0;
      } else if (kind === HISTOGRAM) {
        this.histogramTimes[this.histograms.length] = firstMs + step * stepMs;
        const histogram = block.histogramAt(cell);
        this.histograms.push(histogram.counterResetHint === 'gauge' ? histogram : withHint(histogram, 'unknown'));
      }
    }
    this.#floatCount = floats;
    this.#histogramCount = this.histograms.length;
  }

  /** Moves on to the samples after `fromMs` up to `toMs`; neither may lie before those of the last call. */
  moveTo(fromMs: number, toMs: number): void {
    let from = this.floatFrom;
    let to = this.floatTo;
    while (from < this.#floatCount && this.floatTimes[from]! <= fromMs) from++;
    if (to < from) to = from;
    while (to < this.#floatCount && this.floatTimes[to]! <= toMs) to++;
    this.floatFrom = from;
    this.floatTo = to;
    if (this.#histogramCount === 0) return;
    from = this.histogramFrom;
    to = this.histogramTo;
    for (; from < this.#histogramCount && this.histogramTimes[from]! <= fromMs; from++)
      if (from < to) this.#histogramWeight -= sampleWeight(this.histograms[from]!);
    if (to < from) to = from;
    for (; to < this.#histogramCount && this.histogramTimes[to]! <= toMs; to++) this.#histogramWeight += sampleWeight(this.histograms[to]!);
    this.histogramFrom = from;
    this.histogramTo = to;
  }

  /** All samples of the series, whatever the window. */
  get floatCount(): number {
    return this.#floatCount;
  }

  #rewind(): void {
    this.floatFrom = 0;
    this.floatTo = 0;
    this.histogramFrom = 0;
    this.histogramTo = 0;
    this.#histogramWeight = 0;
  }

  /** Columns of our own: those of a reader are only borrowed. */
  readonly #own = { floatTimes: NONE, floats: NONE, histogramTimes: NONE };

  #reserveOwn(length: number): void {
    if (this.#own.floats.length < length) {
      this.#own.floatTimes = new Float64Array(length * 2);
      this.#own.floats = new Float64Array(length * 2);
      this.#own.histogramTimes = new Float64Array(length * 2);
    }
    this.floatTimes = this.#own.floatTimes;
    this.floats = this.#own.floats;
    this.histogramTimes = this.#own.histogramTimes;
  }
}

/**
 * A histogram without buckets, for functions that ask only for count and sum. Resets are found while the buckets are
 * still there. promql/histogram_stats_iterator.go.
 */
export function statsOf(h: FloatHistogram, previous: FloatHistogram | null): FloatHistogram {
  const isKnown = h.counterResetHint !== 'unknown' || previous === null;
  return {
    counterResetHint: isKnown ? h.counterResetHint : isReset(h, previous) ? 'reset' : 'not_reset',
    schema: h.schema,
    zeroThreshold: 0,
    zeroCount: 0,
    count: h.count,
    sum: h.sum,
    positiveSpans: [],
    negativeSpans: [],
    positiveBuckets: [],
    negativeBuckets: [],
    customValues: [],
  };
}
