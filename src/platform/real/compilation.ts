/** When V8 compiles, and what it may take for granted then. */
import { setFlagsFromString } from 'node:v8';

/**
 * How much a function runs before it is worth optimizing, in bytes of bytecode; V8 takes a tenth of that. A burst of alerts
 * runs a thousand functions for a second or two, and optimizing them all costs more than it saves: a fifth of the
 * processor time from ten thousand alerts to their notifications.
 */
const OPTIMIZED_AFTER_BYTES = 600_000;

/** While what will stay hot is rehearsed: V8's own figure, 67,584, would take eight times as many rounds. */
const REHEARSED_AFTER_BYTES = 8_000;

/**
 * And while it is the way there and back alone: most functions there run once for each request. A small one waits for the
 * third of such turns, and would else be compiled when the first dashboards ask.
 */
const REHEARSED_WAY_AFTER_BYTES = 2_000;

/** Of all threads, from now on. */
export const optimizeWhatIsRehearsed = (): void => optimizeAfter(REHEARSED_AFTER_BYTES);

/** Of all threads, from now on. */
export const optimizeTheWay = (): void => optimizeAfter(REHEARSED_WAY_AFTER_BYTES);

/** Of all threads, from now on. */
export const optimizeWhatStaysHot = (): void => optimizeAfter(OPTIMIZED_AFTER_BYTES);

/** V8 12, of Node 22, has a cheaper compiler between, and counts otherwise. */
function optimizeAfter(bytes: number): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString(`--interrupt-budget=${bytes}`);
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
