/** A function over range vectors, as the loop over series and steps in range-evaluation.ts calls it. */
import type { RangeWindow } from './range-window.ts';

export interface RangeKernel {
  /** Called when the window holds a new series, before its first step. */
  startSeries?(window: RangeWindow): void;
  /** Leaves the result in `window.value` or `window.histogram`; false: no result at this step. Hot path. */
  compute(window: RangeWindow): boolean;
}
