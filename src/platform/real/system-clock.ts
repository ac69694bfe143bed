/**
 * The machine's clocks and Node's timers. Node runs a timer of more than 2^31 - 1 ms at once; longer delays are armed
 * again until they are over. A delay of 0 runs in this turn of the event loop, after I/O: that is how long work yields.
 */
import type { Clock } from '../../model/clock.ts';
import type { DurationMs, UnixMs } from '../../model/time.ts';

const TIMER_MS_MAX = 2 ** 31 - 1;
const STEP_CHECK_MS = 1000;

export class SystemClock implements Clock {
  readonly #timers = new Set<NodeJS.Timeout>();
  #keepsProcessAlive = true;

  now(): UnixMs {
    return Date.now() as UnixMs;
  }

  elapsed(): number {
    return performance.now();
  }

  after(delay: DurationMs, run: () => void): () => void {
    if (!(delay > 0)) {
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    const dueAt = performance.now() + delay;
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timer = setTimeout(
        () => {
          this.#timers.delete(timer);
          const stillMs = dueAt - performance.now();
          if (leftMs > TIMER_MS_MAX && stillMs > 0) arm(stillMs);
          else run();
        },
        Math.min(leftMs, TIMER_MS_MAX),
      );
      if (!this.#keepsProcessAlive) timer.unref();
      this.#timers.add(timer);
    };
    arm(delay);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** At shutdown: from now on no timer, old or new, keeps the process from ending. */
  letProcessEnd(): void {
    this.#keepsProcessAlive = false;
    for (const timer of this.#timers) timer.unref();
  }
}

/** The wall clock moved by `byMs` (forward when positive) while monotonic time did not. */
export type WallStep = { readonly byMs: number; readonly at: UnixMs };

/**
 * Compares the two clocks once a second and reports each step of the wall clock of more than `toleranceMs`. A machine
 * that slept is such a step too: monotonic time stands still while it sleeps. Slow drift (NTP slewing) is none.
 */
export function watchWallSteps(clock: Clock, onStep: (step: WallStep) => void, toleranceMs = 2000): () => void {
  let offset = clock.now() - clock.elapsed();
  const check = (): void => {
    const at = clock.now();
    const current = at - clock.elapsed();
    const byMs = Math.round(current - offset);
    offset = current;
    if (Math.abs(byMs) > toleranceMs) onStep({ byMs, at });
    cancel = clock.after(STEP_CHECK_MS as DurationMs, check);
  };
  let cancel = clock.after(STEP_CHECK_MS as DurationMs, check);
  return () => cancel();
}
