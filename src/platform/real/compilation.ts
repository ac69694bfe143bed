/** When V8 compiles, and what it may take for granted then. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 looks at a function each time it has run for `turnBytes` of its bytecode, and optimizes it after `turns` such turns and
 * one more for each `allowance` bytes of its length. One of at most `smallBytesMax` is optimized at its first turn in which it
 * met nothing new.
 */
type Pace = { readonly turnBytes: number; readonly turns: number; readonly allowance: number; readonly smallBytesMax: number };

/** While what will stay hot is rehearsed: with V8's own 67,584 bytes that would take eight times as many rounds. */
const REHEARSED: Pace = { turnBytes: 8_000, turns: 3, allowance: 150, smallBytesMax: 81 };

/** And while it is the way there and back alone: most functions there run once for each request. */
const REHEARSED_WAY: Pace = { turnBytes: 2_000, turns: 3, allowance: 150, smallBytesMax: 81 };

/**
 * Else. A burst of alerts runs a thousand functions for a second or two, and optimizing them all costs more than it saves: a
 * fifth of the processor time from ten thousand alerts to their notifications. In many turns, so that the ones begun in the
 * rehearsal do not end in a compilation just when the first dashboards ask.
 */
const EARNED: Pace = { turnBytes: 60_000, turns: 10, allowance: 15, smallBytesMax: 0 };

/** Of all threads, from now on. */
export const optimizeWhatIsRehearsed = (): void => optimizeAt(REHEARSED);

/** Of all threads, from now on. */
export const optimizeTheWay = (): void => optimizeAt(REHEARSED_WAY);

/** Of all threads, from now on. */
export const optimizeWhatStaysHot = (): void => optimizeAt(EARNED);

/** V8 12, of Node 22, has a cheaper compiler between, and counts otherwise. */
function optimizeAt({ turnBytes, turns, allowance, smallBytesMax }: Pace): void {
  if (!process.versions.v8.startsWith('11.')) return;
  setFlagsFromString(`--interrupt-budget=${turnBytes}`);
  setFlagsFromString(`--ticks-before-optimization=${turns}`);
  setFlagsFromString(`--bytecode-size-allowance-per-tick=${allowance}`);
  setFlagsFromString(`--max-bytecode-size-for-early-opt=${smallBytesMax}`);
}

/**
 * As long as a thread has never given an ArrayBuffer away, its code leaves
 * out the question whether one is still there; the first transfer throws all code away that touches a typed array, which
 * is most of what a query runs. Threads that will transfer give one away before anything is compiled.
 */
export function expectTransfers(): void {
  const buffer = new ArrayBuffer(1);
  structuredClone(buffer, { transfer: [buffer] });
}
