/** changes and resets: how often a series took another value, or a counter started anew. */
import type { FloatHistogram } from '../../model/histogram.ts';
import { isReset } from '../histogram/counter-reset.ts';
import { equalHistograms } from '../histogram/histogram-draft.ts';
import type { RangeKernel } from '../range-kernel.ts';
import type { RangeWindow } from '../range-window.ts';
import { isStartReset } from './start-timestamps.ts';

/** Counts neighbours of which `counts` is true. Floats and histograms are walked through in the order of their times. */
class NeighbourKernel implements RangeKernel {
  readonly #countsFloats: (w: RangeWindow, before: number, now: number) => boolean;
  readonly #countsHistograms: (w: RangeWindow, before: number, now: number) => boolean;

  constructor(
    countsFloats: (w: RangeWindow, before: number, now: number) => boolean,
    countsHistograms: (w: RangeWindow, before: number, now: number) => boolean,
  ) {
    this.#countsFloats = countsFloats;
    this.#countsHistograms = countsHistograms;
  }

  compute(w: RangeWindow): boolean {
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
    while (f < w.floatTo || h < w.histogramTo) {
      const isFloat = h >= w.histogramTo || (f < w.floatTo && w.floatTimes[f]! < w.histogramTimes[h]!);
      const now = isFloat ? f++ : h++;
      if (before !== -1) {
        if (isFloat !== beforeIsFloat) count++;
        else if (isFloat ? this.#countsFloats(w, before, now) : this.#countsHistograms(w, before, now)) count++;
      }
      before = now;
      beforeIsFloat = isFloat;
    }
    w.value = count;
    w.histogram = null;
    return true;
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

export const CHANGES: Readonly<Record<string, RangeKernel>> = {
  changes: new NeighbourKernel(floatChanged, (w, before, now) => !equalHistograms(at(w, now), at(w, before))),
  resets: new NeighbourKernel(floatWasReset, histogramWasReset),
};
