/** A token bucket: one request per interval, and up to `burst` of them saved up (rate_limit of web.config.file). */
import type { Clock } from '../model/clock.ts';
import type { DurationMs } from '../model/time.ts';

export type RateLimitConfig = { readonly intervalMs: DurationMs; readonly burst: number };

export class RateLimit {
  readonly #clock: Pick<Clock, 'elapsed'>;
  #tokens = Number.POSITIVE_INFINITY;
  #at = 0;

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** Takes a token, if there is one; null: no limit. */
  allows(config: RateLimitConfig | null): boolean {
    if (config === null) return true;
    const now = this.#clock.elapsed();
    // The first request finds the bucket full, and so does the first one after a limit was raised from none.
    this.#tokens = Math.min(config.burst, this.#tokens + (now - this.#at) / config.intervalMs);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
