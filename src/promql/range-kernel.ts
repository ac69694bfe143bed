/** A function over range vectors, as the loop over series and steps in range-evaluation.ts calls it. */
import type { RangeWindow } from './range-window.ts';

/** Samples, histograms by their size, that a kernel goes through before it says so: most windows have fewer. */
export const WORK_AT_ONCE = 20_000;

/** When the steps are, and where their results go: one row of a block. */
export type RowTask = {
  /** End of the first step's window, and from there to the next. */
  readonly firstMs: number;
  readonly strideMs: number;
  readonly steps: number;
  /** Arrays of the block, and where in them the row begins. */
  kinds: Uint8Array;
  values: Float64Array;
  cell: number;
  /** What the kernel found: results, samples in all windows together, in the fullest, and in the last. */
  found: number;
  looked: number;
  most: number;
  last: number;
};

export interface RangeKernel {
  /** Called when the window holds a new series, before its first step. */
  startSeries?(window: RangeWindow): void;
  /**
   * Leaves the result in `window.value` or `window.histogram`; false: no result at this step. Of large histograms a window
   * may take long: it is then gone through in pieces, each of which says how many samples it took. Hot path.
   */
  compute(window: RangeWindow): boolean | Generator<number, boolean>;
  /**
   * All steps of a series at once, instead of `compute` at each: for floats only, without start timestamps, in ranges
   * that are neither anchored nor smoothed. Hot path.
   */
  computeRow?(window: RangeWindow, task: RowTask): void;
}
