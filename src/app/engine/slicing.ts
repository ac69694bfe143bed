/**
 * Long computations as generators, run a slice at a time so that scrapes, rule evaluations and calls get their turn in
 * between: none waits for more than one slice. Who calls decides about time and cancellation at each slice's end.
 */
import type { Clock } from '../../model/clock.ts';
import { durationMs } from '../../model/time.ts';

/** How long one computation may hold the thread. */
const SLICE_MS = 10;

export type Interrupt = {
  /** Asked between slices: the error to end with, or null to go on. */
  readonly check: () => Error | null;
};
const never: Interrupt = { check: () => null };

/** Runs to the end; throws what the computation throws, or what `interrupt` says. */
export async function runSliced<T>(computation: Generator<unknown, T>, clock: Clock, interrupt: Interrupt = never): Promise<T> {
  let sliceEnd = clock.elapsed() + SLICE_MS;
  for (;;) {
    const step = computation.next();
    if (step.done === true) return step.value;
    if (clock.elapsed() < sliceEnd) continue;
    const error = interrupt.check();
    if (error !== null) {
      computation.throw(error); // closes what it opened, and throws it again
      throw error;
    }
    await yieldNow(clock);
    sliceEnd = clock.elapsed() + SLICE_MS;
  }
}

/** For work that is no generator: asks between its pieces, and waits when they have held the thread for a slice together. */
export class Pacer {
  readonly #clock: Clock;
  #sliceEnd: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sliceEnd = clock.elapsed() + SLICE_MS;
  }

  pause(): Promise<void> | null {
    if (this.#clock.elapsed() < this.#sliceEnd) return null;
    return yieldNow(this.#clock).then(() => {
      this.#sliceEnd = this.#clock.elapsed() + SLICE_MS;
    });
  }
}

/** Lets what is due run first. */
export const yieldNow = (clock: Clock): Promise<void> => new Promise((resolve) => clock.after(durationMs(0), resolve));

/** Lets at most `limit` through at once, the others in order of arrival. */
export class Turnstile {
  readonly #limit: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inside++;
    try {
      return await work();
    } finally {
      this.#inside--;
      this.#waiting.shift()?.();
    }
  }
}
