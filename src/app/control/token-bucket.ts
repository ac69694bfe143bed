/** How often something may happen: a bucket that fills steadily up to `burst`, and a least time between two. Pure. */
import type { RateLimit } from '../../notify/rate-limit.ts';

export class TokenBucket {
  readonly #limit: RateLimit;
  #tokens: number;
  #filledAt: number;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** `elapsed`: monotonic milliseconds, here and below. */
  constructor(limit: RateLimit, elapsed: number) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#filledAt = elapsed;
  }

  /** When it may happen next: `elapsed` for now. `isExempt`: though the bucket is empty, but not closer than the least time. */
  readyAt(elapsed: number, isExempt: boolean): number {
    this.#fill(elapsed);
    const spacedAt = this.#lastAt + this.#limit.spacingMs;
    const filledAt = this.#tokens >= 1 || isExempt ? elapsed : elapsed + Math.ceil(((1 - this.#tokens) / this.#limit.perMinute) * 60_000);
    return Math.max(elapsed, spacedAt, filledAt);
  }

  /** It happens. What was exempt empties the bucket, and no more than that. */
  take(elapsed: number): void {
    this.#fill(elapsed);
    this.#tokens = Math.max(0, this.#tokens - 1);
    this.#lastAt = elapsed;
  }

  #fill(elapsed: number): void {
    const { perMinute, burst } = this.#limit;
    // A thousandth of a token makes up for what adding fractions loses.
    this.#tokens = Math.min(burst, this.#tokens + ((elapsed - this.#filledAt) * perMinute) / 60_000 + 1e-9);
    this.#filledAt = elapsed;
  }
}
