/**
 * When the next scrape is due: at fixed points of the wall clock (offset + n · interval), whatever happened before, so
 * that restarts and reloads do not move them. Timers are hints: each wake-up asks again.
 */
import { type DurationMs, durationMs, type UnixMs, unixMs } from '../model/time.ts';

/** A scrape this little late gets the timestamp of its grid point; even steps compress to almost nothing. */
const TOLERANCE_MS = 2;

export class ScrapeSchedule {
  readonly #intervalMs: DurationMs;
  #offsetMs: DurationMs;
  #nextAt: UnixMs;

  constructor({ intervalMs, offsetMs, now }: { readonly intervalMs: DurationMs; readonly offsetMs: DurationMs; readonly now: UnixMs }) {
    this.#intervalMs = intervalMs;
    this.#offsetMs = offsetMs;
    this.#nextAt = this.#gridPointFrom(now);
  }

  get nextAt(): UnixMs {
    return this.#nextAt;
  }

  /** Other points of the wall clock from now on; false when they are the same. */
  moveTo(offsetMs: DurationMs, now: UnixMs): boolean {
    if (offsetMs === this.#offsetMs) return false;
    this.#offsetMs = offsetMs;
    this.#nextAt = this.#gridPointFrom(now);
    return true;
  }

  waitMs(now: UnixMs): DurationMs {
    return durationMs(Math.max(0, this.#nextAt - now));
  }

  /**
   * The timestamp of the scrape that is due at `now`, or null when none is. Of several that were missed only the last is
   * made up for. A wall clock that stepped back does not stop scraping until it has caught up.
   */
  due(now: UnixMs): UnixMs | null {
    if (now < this.#nextAt) {
      if (this.#nextAt - now > this.#intervalMs) this.#nextAt = this.#gridPointFrom(now);
      return null;
    }
    const lateMs = (now - this.#nextAt) % this.#intervalMs;
    const point = unixMs(now - lateMs);
    this.#nextAt = unixMs(point + this.#intervalMs);
    return lateMs <= Math.min(TOLERANCE_MS, this.#intervalMs / 100) ? point : now;
  }

  /** The first point at or after `now`. */
  #gridPointFrom(now: UnixMs): UnixMs {
    const phase = (((this.#offsetMs - now) % this.#intervalMs) + this.#intervalMs) % this.#intervalMs;
    return unixMs(now + phase);
  }
}
