/**
 * A clock that moves only when told to. `advance` runs the timers that fall due, in order, and after each one waits until
 * nothing that it set off is still running, so that an hour with nothing to do costs one step. Wall and monotonic time
 * are apart: `stepWall` moves the one and leaves the other.
 *
 * Promise chains need no help: setImmediate runs when the microtasks are spent. Work that leaves the thread (scrypt,
 * zlib, a real socket) must be announced by `hold`, or time would move on without it.
 */
import { MinHeap } from '../../lib/heap.ts';
import type { Clock } from '../../model/clock.ts';
import type { Random } from '../../model/random.ts';
import type { DurationMs, UnixMs } from '../../model/time.ts';
import { type ProcessLife, SimulatedCrash } from './sim-crash.ts';

type Timer = { at: number; readonly tie: number; readonly sequence: number; readonly life: ProcessLife | null; run: (() => void) | null };

const TIMERS_PER_INSTANT_MAX = 1_000_000;
/** A turn without activity must repeat before all is taken as quiet: web streams hop through nextTick and back. */
const QUIET_TURNS = 2;

export class SimClock implements Clock {
  readonly #timers = new MinHeap<Timer>((a, b) => {
    if (a.at !== b.at) return a.at < b.at;
    return a.tie === b.tie ? a.sequence < b.sequence : a.tie < b.tie;
  });
  readonly #random: Random | null;
  #wallAtZero: number;
  #elapsed = 0;
  #sequence = 0;
  #activity = 0;
  #held = 0;
  #advancing = false;
  readonly #frozen = new Map<ProcessLife, number>();

  /** Timers due at the same instant run in the order set; with `random` in an order drawn from it. */
  constructor({ start, random = null }: { readonly start: UnixMs; readonly random?: Random | null }) {
    this.#wallAtZero = start;
    this.#random = random;
  }

  now(): UnixMs {
    return Math.floor(this.#wallAtZero + this.#elapsed) as UnixMs;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  after(delay: DurationMs, run: () => void): () => void {
    return this.#schedule(delay, run, null);
  }

  /** The clock as one process sees it: its timers end with it. */
  forProcess(life: ProcessLife): Clock {
    return {
      now: () => this.now(),
      elapsed: () => this.elapsed(),
      after: (delay, run) => (life.isAlive ? this.#schedule(delay, run, life) : () => {}),
    };
  }

  #schedule(delay: number, run: () => void, life: ProcessLife | null, tie = this.#random?.next() ?? 0): () => void {
    this.#activity++;
    const at = this.#elapsed + Math.max(0, Number.isNaN(delay) ? 0 : delay);
    const timer: Timer = { at, tie, sequence: this.#sequence++, life, run };
    if (at !== Number.POSITIVE_INFINITY) this.#timers.push(timer);
    return () => {
      this.#activity++;
      timer.run = null;
    };
  }

  /** Moves wall time alone: an operator, NTP or a resumed machine set it. */
  stepWall(byMs: number): void {
    this.#wallAtZero += byMs;
  }

  /** As SIGSTOP: timers of the process that fall due in the next `byMs` run when they are over. */
  freeze(life: ProcessLife, byMs: number): void {
    this.#frozen.set(life, Math.max(this.#frozen.get(life) ?? 0, this.#elapsed + byMs));
  }

  /** Runs at once, or when the process thaws: what waited for that runs in the order it came. */
  whenThawed(life: ProcessLife, run: () => void): void {
    const thawsAt = this.#frozen.get(life) ?? 0;
    if (thawsAt > this.#elapsed) this.#schedule(thawsAt - this.#elapsed, run, life, -1);
    else if (life.isAlive) run();
  }

  /** Tells the clock that something happened, so that it looks once more whether all is quiet. */
  touch(): void {
    this.#activity++;
  }

  /** Time stands still until `work`, which runs outside this thread, is done. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work;
    } finally {
      this.#held--;
      this.#activity++;
    }
  }

  /** Runs everything due in the next `byMs`, then stands at their end. One caller at a time. */
  async advance(byMs: number): Promise<void> {
    if (this.#advancing) throw new Error('BUG: the simulated clock is already advancing');
    this.#advancing = true;
    try {
      const end = this.#elapsed + byMs;
      await this.settle();
      let atThisInstant = 0;
      for (;;) {
        const timer = this.#due(end);
        if (timer === null) break;
        if (timer.at > this.#elapsed) {
          this.#elapsed = timer.at;
          atThisInstant = 0;
        } else if (++atThisInstant > TIMERS_PER_INSTANT_MAX) {
          throw new Error(`BUG: more than ${TIMERS_PER_INSTANT_MAX} timers ran at one instant; something re-arms itself with no delay`);
        }
        runTimer(timer);
        await this.settle();
      }
      this.#elapsed = end;
    } finally {
      this.#advancing = false;
    }
  }

  /** The next timer due by `end`, taken off the queue; those of the dead and the canceled are dropped on the way. */
  #due(end: number): Timer | null {
    for (;;) {
      const timer = this.#timers.peek();
      if (timer === undefined || timer.at > end) return null;
      this.#timers.pop();
      if (timer.run === null || timer.life?.isAlive === false) continue;
      const thawsAt = timer.life === null ? undefined : this.#frozen.get(timer.life);
      if (thawsAt !== undefined && thawsAt > timer.at) {
        timer.at = thawsAt;
        this.#timers.push(timer);
        continue;
      }
      return timer;
    }
  }

  /** When the next timer is due, in monotonic milliseconds; null when none is set. */
  nextTimerAt(): number | null {
    for (;;) {
      const timer = this.#timers.peek();
      if (timer === undefined) return null;
      if (timer.run !== null && timer.life?.isAlive !== false) return timer.at;
      this.#timers.pop();
    }
  }

  /** Waits until nothing runs any more; time does not move. */
  async settle(): Promise<void> {
    let quiet = 0;
    while (quiet < QUIET_TURNS) {
      const before = this.#activity;
      await turn();
      quiet = this.#activity === before && this.#held === 0 ? quiet + 1 : 0;
    }
  }
}

/** Nobody awaits a timer; a process that dies in one ends there. */
function runTimer(timer: Timer): void {
  const run = timer.run;
  timer.run = null;
  try {
    run?.();
  } catch (error) {
    if (!(error instanceof SimulatedCrash)) throw error;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
