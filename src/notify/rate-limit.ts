/**
 * How often an integration may be called upon: `tocsin: {rate_limit: {per_minute: 6, burst: 3, spacing: 10s}}`. A bucket of
 * `burst` that fills with `per_minute`; a group's first notification goes out though it is empty, but for `spacing`, which
 * nothing undercuts: two calls at once on one telephone are one call that nobody hears.
 */
import { object } from '../config/decode.ts';
import { duration, float } from '../config/scalars.ts';
import { type DurationMs, durationMs } from '../model/time.ts';

export type RateLimit = {
  readonly perMinute: number;
  readonly burst: number;
  /** The least time between two. */
  readonly spacingMs: DurationMs;
};

/** Where somebody pays for each and is woken by it. By kind; the others have no limit. */
export const DEFAULT_RATE_LIMITS: Readonly<Record<string, RateLimit>> = {
  phone: { perMinute: 7 / 60, burst: 3, spacingMs: durationMs(60_000) },
  sms: { perMinute: 11 / 60, burst: 5, spacingMs: durationMs(60_000) },
};

export const rateLimit = object('tocsin', (fields): RateLimit => {
  const perMinute = fields.get('per_minute', float);
  const burst = fields.get('burst', float, 1);
  const spacingMs = fields.get('spacing', duration, durationMs(0));
  if (!(perMinute > 0) && fields.isSound('per_minute'))
    fields.problem('per_minute', { code: 'bad_value', message: 'per_minute must be a number above 0', hint: 'write per_minute: 6' });
  if (!(burst >= 1) && fields.isSound('burst'))
    fields.problem('burst', { code: 'bad_value', message: 'burst must be 1 or more', hint: 'write burst: 1, or leave it out' });
  return { perMinute, burst, spacingMs };
});
