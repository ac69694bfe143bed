/** Instants as flags give them and as API v2 takes them. */
import { compareTimes, type GoTime, parseTime, timeFromUnixNanos, UTC, unixNanos } from '../../lib/go-time.ts';
import { parseDuration } from '../../model/duration.ts';
import { Failure, orFail } from './failure.ts';

/** RFC 3339, as --start and --end want it; throws a Failure. */
export const instant = (text: string): GoTime => orFail(parseTime('2006-01-02T15:04:05Z07:00', text));

/** `start` plus a duration in Prometheus' spelling, which must not be 0; throws a Failure. */
export function endAfter(start: GoTime, duration: string): GoTime {
  const ms = orFail(parseDuration(duration));
  if (ms === 0) throw new Failure('silence duration must be greater than 0');
  return timeFromUnixNanos(unixNanos(start) + BigInt(ms) * 1_000_000n, UTC);
}

export function checkOrder(start: GoTime, end: GoTime): void {
  if (compareTimes(start, end) > 0) throw new Failure('silence cannot start after it ends');
}
