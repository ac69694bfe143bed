/** changes and resets: how often a series took another value, or a counter started anew. */
import type { FloatHistogram } from '../../model/histogram.ts';
import { isReset } from '../histogram/counter-reset.ts';
import { equalHistograms, sampleWeight } from '../histogram/histogram-draft.ts';
import { type RangeKernel, type RowTask, WORK_AT_ONCE } from '../range-kernel.ts';
import type { RangeWindow } from '../range-window.ts';
import { FLOAT } from '../series-block.ts';
import { isStartReset } from './start-timestamps.ts';

/** Counts neighbours of which `counts` is true. Floats and histograms are walked through in the order of their times. */
class NeighbourKernel implements RangeKernel {
  readonly #countsFloats: (w: RangeWindow, before: number, now: number) => boolean;
  readonly #countsHistograms: (w: RangeWindow, before: number, now: number) => boolean;
  readonly #counted: number[] = [];
  /** Per histogram of the series, whether it and the one before count: 1 no, 2 yes, 0 not looked at yet. */
  #histogramStates = new Uint8Array(0);

  constructor(
    countsFloats: (w: RangeWindow, before: number, now: number) => boolean,
    countsHistograms: (w: RangeWindow, before: number, now: number) => boolean,
  ) {
    this.#countsFloats = countsFloats;
    this.#countsHistograms = countsHistograms;
  }

  startSeries({ histograms: { length } }: RangeWindow): void {
    if (this.#histogramStates.length < length) this.#histogramStates = new Uint8Array(length * 2);
    else this.#histogramStates.fill(0, 0, length);
  }

  *compute(w: RangeWindow): Generator<number, boolean> {
    let f = w.floatFrom;
    let h = w.histogramFrom;
    if (w.isAnchored) {
      // The newest sample at or before the start is the anchor; what lies before it does not count.
      while (f < w.floatTo && w.floatTimes[f]! <= w.startMs) f++;
      while (h < w.histogramTo && w.histogramTimes[h]! <= w.startMs) h++;
      if (f === w.floatTo && h === w.histogramTo) return false;
      const anchorFloat = f > w.floatFrom ? w.floatTimes[f - 1]! : -Infinity;
      const anchorHistogram = h > w.histogramFrom ? w.histogramTimes[h - 1]! : -Infinity;
      if (anchorFloat !== -Infinity && anchorFloat >= anchorHistogram) f--;
      else if (anchorHistogram !== -Infinity) h--;
    }
    let count = 0;
    let before = -1; // index into the columns of its kind; -1 at the start
    let beforeIsFloat = true;
    let work = 0;
    while (f < w.floatTo || h < w.histogramTo) {
      const isFloat = h >= w.histogramTo || (f < w.floatTo && w.floatTimes[f]! < w.histogramTimes[h]!);
      const now = isFloat ? f++ : h++;
      if (before !== -1) {
        if (isFloat !== beforeIsFloat) count++;
        else if (isFloat) count += this.#countsFloats(w, before, now) ? 1 : 0;
        else {
          if (this.#histogramStates[now] === 0) {
            this.#histogramStates[now] = this.#countsHistograms(w, before, now) ? 2 : 1;
            work += sampleWeight(at(w, now));
          }
          if (this.#histogramStates[now] === 2) count++;
        }
      }
      before = now;
      beforeIsFloat = isFloat;
      if (work < WORK_AT_ONCE) continue;
      yield work;
      work = 0;
    }
    w.value = count;
    w.histogram = null;
    return true;
  }

  /** Each pair of neighbours is looked at once; a window then has as many as lie between its ends. */
  computeRow(w: RangeWindow, task: RowTask): void {
    const { floatTimes, floatCount, rangeMs } = w;
    const { firstMs, strideMs, steps, kinds, values, cell } = task;
    const counted = this.#counted;
    counted.length = 0;
    for (let i = 1; i < floatCount; i++) if (this.#countsFloats(w, i - 1, i)) counted.push(i);
    let from = 0;
    let to = 0;
    let found = 0;
    let looked = 0;
    let most = 0;
    /** How many of `counted` are at or before `from`, and before `to`. */
    let before = 0;
    let within = 0;
    for (let step = 0; step < steps; step++) {
      const endMs = firstMs + step * strideMs;
      while (from < floatCount && floatTimes[from]! <= endMs - rangeMs) from++;
      if (to < from) to = from;
      while (to < floatCount && floatTimes[to]! <= endMs) to++;
      const length = to - from;
      if (length === 0) continue;
      looked += length;
      if (length > most) most = length;
      while (before < counted.length && counted[before]! <= from) before++;
      if (within < before) within = before;
      while (within < counted.length && counted[within]! < to) within++;
      kinds[cell + step] = FLOAT;
      values[cell + step] = within - before;
      found++;
    }
    task.found = found;
    task.looked = looked;
    task.most = most;
    task.last = to - from;
  }
}

const at = (w: RangeWindow, i: number): FloatHistogram => w.histograms[i]!;

function floatChanged({ floats }: RangeWindow, before: number, now: number): boolean {
  const a = floats[before]!;
  const b = floats[now]!;
  return a !== b && !(Number.isNaN(a) && Number.isNaN(b));
}

function floatWasReset({ floats, floatTimes, floatStarts }: RangeWindow, before: number, now: number): boolean {
  if (floats[now]! < floats[before]!) return true;
  return floatStarts !== null && isStartReset(floatStarts[before]!, floatTimes[before]!, floatStarts[now]!, floatTimes[now]!);
}

function histogramWasReset(w: RangeWindow, before: number, now: number): boolean {
  const { histogramTimes: times, histogramStarts: starts } = w;
  if (starts !== null && isStartReset(starts[before]!, times[before]!, starts[now]!, times[now]!)) return true;
  return isReset(at(w, now), at(w, before));
}

/** They keep what they found of a series: each call has its own. */
export const CHANGES: Readonly<Record<string, () => RangeKernel>> = {
  changes: () => new NeighbourKernel(floatChanged, (w, before, now) => !equalHistograms(at(w, now), at(w, before))),
  resets: () => new NeighbourKernel(floatWasReset, histogramWasReset),
};
