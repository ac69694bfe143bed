/**
 * Knows when samples were lost because the store could not write them: a full or failing disk. To a rule that is a gap
 * like that of a process that was down (gap-watch.ts): from the last good batch of a writer before one that failed to its
 * next good one. Each writer (a scrape loop, a rule) has its own, for a disk may take small batches and refuse large ones.
 */
import type { Clock } from '../model/clock.ts';
import type { Gap } from './gap-watch.ts';

/** A writer whose last batch was lost. */
type Losing = { readonly fromMs: number; readonly triedAt: number; readonly everyMs: number };

/** Without a batch before, what is taken for the time between two batches of a writer. */
const EVERY_MS = 60_000;
const GAPS_KEPT = 64;

export class WriteWatch {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #storedAt = new WeakMap<object, number>();
  readonly #losing = new Map<object, Losing>();
  #over: readonly Gap[] = [];

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** What became of a batch. */
  noteBatch(writer: object, isStored: boolean): void {
    const now = this.#clock.now();
    const losing = this.#losing.get(writer);
    if (isStored) {
      this.#storedAt.set(writer, now);
      if (losing !== undefined) this.#end(writer, { fromMs: losing.fromMs, toMs: now });
      return;
    }
    const before = losing?.triedAt ?? this.#storedAt.get(writer);
    const everyMs = Math.max(before === undefined ? EVERY_MS : now - before, losing?.everyMs ?? 0);
    // The clock may have been set back meanwhile.
    this.#losing.set(writer, { fromMs: Math.min(losing?.fromMs ?? before ?? now, now), triedAt: now, everyMs });
  }

  /** Of all writers together; one that has not ended reaches until now, and is the last. */
  get gaps(): readonly Gap[] {
    const now = this.#clock.now();
    let fromMs = Number.POSITIVE_INFINITY;
    for (const [writer, losing] of this.#losing) {
      // A target that went away, or a rule that has nothing to write, never comes to its next good batch.
      if (now - losing.triedAt > 2 * losing.everyMs + EVERY_MS) this.#end(writer, { fromMs: losing.fromMs, toMs: losing.triedAt });
      else fromMs = Math.min(fromMs, losing.fromMs);
    }
    return fromMs < now ? joined(this.#over, { fromMs, toMs: now }) : this.#over;
  }

  #end(writer: object, gap: Gap): void {
    this.#losing.delete(writer);
    this.#over = joined(this.#over, gap).slice(-GAPS_KEPT);
  }
}

/** With one more, which is made one with those that it touches. */
function joined(gaps: readonly Gap[], gap: Gap): readonly Gap[] {
  const apart = gaps.filter(({ fromMs, toMs }) => toMs < gap.fromMs || fromMs > gap.toMs);
  const touching = gaps.filter((other) => !apart.includes(other));
  const fromMs = Math.min(gap.fromMs, ...touching.map((other) => other.fromMs));
  const toMs = Math.max(gap.toMs, ...touching.map((other) => other.toMs));
  return [...apart, { fromMs, toMs }];
}
