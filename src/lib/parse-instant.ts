/** An instant as Prometheus' API and tools take it: Unix seconds in any of Go's spellings, or RFC 3339. */
import { parseFloat64 } from './go-strconv.ts';
import { parseTime, RFC3339_NANO } from './go-time.ts';

/** Prometheus' minTime and maxTime: what an absent start and end mean. */
export const EARLIEST_MS = -9_223_309_901_257_974 * 1000;
export const LATEST_MS = -EARLIEST_MS;
/** Clients send these spellings of them back, which RFC 3339 does not have. */
const BOUNDS: ReadonlyMap<string, number> = new Map([
  ['-292273086-05-16T16:47:06Z', EARLIEST_MS],
  ['292277025-08-18T07:12:54.999999999Z', LATEST_MS],
]);

/** Milliseconds since the Unix epoch, or null where the text is neither. */
export function parseInstantMs(text: string): number | null {
  const seconds = parseFloat64(text);
  if (typeof seconds === 'number') return Number.isFinite(seconds) ? roundedMs(seconds) : null;
  const time = parseTime(RFC3339_NANO, text);
  return 'error' in time ? (BOUNDS.get(text) ?? null) : time.seconds * 1000 + Math.floor(time.nanos / 1e6);
}

/** The fraction alone is rounded, halves away from zero: a double has more of it than of the product with 1000. */
function roundedMs(seconds: number): number {
  const whole = Math.trunc(seconds);
  return whole * 1000 + Math.sign(seconds) * Math.round(Math.abs(seconds - whole) * 1000) + 0; // no -0
}
