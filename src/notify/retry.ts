/** When a failed attempt is made again: 0.5 s, half as much more each time, ±50 % jitter, at most 60 s (cenkalti/backoff as Alertmanager sets it). */
import type { Random } from '../model/random.ts';
import { type DurationMs, durationMs } from '../model/time.ts';

const FIRST_MS = 500;
const FACTOR = 1.5;
const JITTER = 0.5;
const MAX_MS = 60_000;

/** `attempts`: how many were made so far, at least 1. */
export function retryDelayMs(attempts: number, random: Random): DurationMs {
  const base = Math.min(MAX_MS, FIRST_MS * FACTOR ** (attempts - 1));
  return durationMs(Math.round(base * (1 - JITTER + random.next() * 2 * JITTER)));
}
