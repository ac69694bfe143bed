/**
 * Knows when nobody was watching: the process was down, stopped or busy, or the wall clock jumped ahead. No samples came
 * in then, so what a rule looks at is missing or too little for a while, and that must not end an alert (lookback.ts).
 * Whoever acts on a timer beats; a long pause between two beats is a gap. So is the time in which samples came in and
 * could not be stored (write-watch.ts).
 */
import type { Clock } from '../model/clock.ts';
import { type DurationMs, durationMs, type UnixMs } from '../model/time.ts';

/** Wall time without samples. */
export type Gap = { readonly fromMs: number; readonly toMs: number };

const BEAT_MS = durationMs(5000);
const GAP_MS_MIN = 15_000;
/** Slewing and the grain of clocks stay far below. */
const STEP_MS_MIN = 1000;
const GAPS_KEPT = 16;
/** Who scrapes more seldom than staleness allows cannot be waited for. */
const SAMPLES_EVERY_MS_MAX = 120_000;

export class GapWatch {
  readonly #clock: Clock;
  readonly #losses: () => readonly Gap[];
  #gaps: readonly Gap[];
  #now: UnixMs;
  #elapsed: number;
  #jumpedMs = 0;
  #samplesEveryMs = 0;
  #cancelTimer: (() => void) | null = null;

  /**
   * `samplesUntil`: time of the newest sample there is; null without any. `earlier`: gaps before it, of other runs.
   * `losses`: when samples could not be stored, as far as it is known when it is asked for.
   */
  constructor(clock: Clock, samplesUntil: UnixMs | null, earlier: readonly Gap[] = [], losses: () => readonly Gap[] = () => []) {
    this.#clock = clock;
    this.#losses = losses;
    this.#now = clock.now();
    this.#elapsed = clock.elapsed();
    const known = earlier.filter(({ fromMs, toMs }) => toMs - fromMs > GAP_MS_MIN).slice(1 - GAPS_KEPT);
    this.#gaps = [...known, { fromMs: samplesUntil ?? Number.NEGATIVE_INFINITY, toMs: this.#now }];
  }

  /** In no order; they may overlap. A gap reaches to where the first samples after it are to be expected. */
  get gaps(): readonly Gap[] {
    const waited = this.#gaps.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + this.#samplesEveryMs }));
    return [...waited, ...this.#losses()];
  }

  /** How far apart samples of one series are. */
  set samplesEveryMs(intervalMs: number) {
    this.#samplesEveryMs = Math.min(intervalMs, SAMPLES_EVERY_MS_MAX);
  }

  /** How far the wall clock has jumped ahead since the start, all jumps together. */
  get jumpedMs(): DurationMs {
    return durationMs(this.#jumpedMs);
  }

  start(): void {
    this.#cancelTimer ??= this.#clock.after(BEAT_MS, () => {
      this.#cancelTimer = null;
      this.beat();
      this.start();
    });
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  beat(): void {
    const now = this.#clock.now();
    const elapsed = this.#clock.elapsed();
    const jumpedMs = now - this.#now - (elapsed - this.#elapsed);
    if (jumpedMs > STEP_MS_MIN) this.#jumpedMs += Math.floor(jumpedMs);
    if (now - this.#now > GAP_MS_MIN) this.#gaps = [...this.#gaps.slice(1 - GAPS_KEPT), { fromMs: this.#now, toMs: now }];
    this.#now = now;
    this.#elapsed = elapsed;
  }
}
