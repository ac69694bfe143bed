/**
 * What start timestamps tell about two neighbouring samples of a counter: prometheus/promql/functions.go
 * isStartTimestampReset, checkStartTimeOverlap. 0 is an unknown start.
 */

/** True when the counter started anew between the two samples. */
export function isStartReset(previousStartMs: number, previousMs: number, startMs: number, atMs: number): boolean {
  if (startMs === 0 || startMs >= atMs || startMs < previousMs) return false;
  if (startMs > previousMs) return true;
  // The start is the previous sample's time: a delta, unless that sample's own start is unknown or impossible.
  return previousStartMs <= previousMs && previousStartMs !== 0 && previousStartMs !== previousMs;
}

/** True when the sample claims to cover time that the previous one covered already. */
export const startsOverlap = (previousStartMs: number, previousMs: number, startMs: number): boolean =>
  startMs !== 0 && startMs < previousMs && startMs !== previousStartMs;
