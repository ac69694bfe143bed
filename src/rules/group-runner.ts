/**
 * One rule group on its clock: evaluated at absolute multiples of its interval plus an offset of its own, its rules in
 * order, each seeing what the earlier ones wrote. An evaluation that would start before the last one is on disk is
 * missed and counted; the grid is kept. Follows prometheus/rules/group.go.
 *
 * Time that was evaluated is not evaluated again: when the wall clock is set back the group waits until it has caught up.
 * Its queries would ask about the past, and the store takes no samples there.
 */
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { AppendStore } from '../model/storage.ts';
import { type DurationMs, durationMs, type UnixMs, unixMs } from '../model/time.ts';
import type { GapWatch } from './gap-watch.ts';
import type { RecordedExprs } from './lookback.ts';
import { groupKeyOf, groupOffsetMs, type RuleGroup } from './rule-group.ts';
import type { RuleEnvironment } from './rule-ports.ts';
import { type RuleChanges, type RuleRunner, runnersOf } from './rule-runner.ts';

export type GroupPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: AppendStore;
  readonly environment: RuleEnvironment;
  readonly gapWatch: GapWatch;
  /** What the recording rules that run write, by name. */
  readonly recorded: () => RecordedExprs;
};

export class GroupRunner {
  readonly group: RuleGroup;
  readonly key: string;
  readonly runners: readonly RuleRunner[];
  readonly #ports: GroupPorts;
  readonly #offsetMs: number;
  #cancelTimer: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #isStopped = false;
  /** The slot that was evaluated or missed last; 0: none. */
  #lastSlot = 0;
  /** What to report with the next evaluation: alerts of rules that a reload took away. */
  #owed: readonly RuleChanges[] = [];
  #jumpedMs: number;
  /** Until when the clock, once set back, has to catch up. */
  #waitsUntil: UnixMs | null = null;
  evaluatedAt: UnixMs | null = null;
  evaluationMs = 0;
  /** Counters: prometheus_rule_group_iterations_total, _iterations_missed_total, prometheus_rule_evaluations_total, _failures_total. */
  readonly stats = { iterations: 0, iterationsMissed: 0, evaluations: 0, evaluationFailures: 0 };

  constructor(group: RuleGroup, ports: GroupPorts) {
    this.group = group;
    this.key = groupKeyOf(group);
    this.#ports = ports;
    this.#jumpedMs = ports.gapWatch.jumpedMs;
    this.#offsetMs = groupOffsetMs(group);
    const { environment, store, recorded } = ports;
    this.runners = runnersOf(group, { environment, store, recorded });
  }

  /** Goes on where the group of the same key stopped. Its rules are handed over one by one (succession.ts). */
  continueFrom(before: GroupRunner): void {
    this.#lastSlot = before.#lastSlot;
    this.#owed = before.takeOwed();
    this.evaluatedAt = before.evaluatedAt;
    this.evaluationMs = before.evaluationMs;
    Object.assign(this.stats, before.stats);
  }

  /** Told with the next evaluation, so that an alert that goes and the one that takes its place come together. */
  owe(changes: RuleChanges): void {
    this.#owed = [...this.#owed, changes];
  }

  start(): void {
    this.#schedule();
  }

  /** Ends the timer; done when an evaluation under way has ended, with the rule that it was at. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#running;
  }

  /** For a group that has stopped and that nobody continues. */
  takeOwed(): readonly RuleChanges[] {
    const owed = this.#owed;
    this.#owed = [];
    return owed;
  }

  async #report(at: UnixMs, all: readonly RuleChanges[]): Promise<void> {
    const reported = [...this.takeOwed(), ...all];
    await this.#ports.environment.report({
      groupKey: this.key,
      at,
      intervalMs: this.group.intervalMs satisfies DurationMs,
      changes: reported.flatMap(({ changes }) => changes),
      stored: reported.flatMap(({ stored }) => stored),
      removed: reported.flatMap(({ removed }) => removed),
    });
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const { clock } = this.#ports;
    const slot = this.#slotAfter(clock.now());
    this.#cancelTimer = clock.after(durationMs(slot - clock.now()), () => {
      // Timers are hints: an early one waits again, a late one runs the newest slot.
      if (clock.now() >= slot) this.#tick(unixMs(this.#slotAfter(clock.now()) - this.group.intervalMs));
      this.#schedule();
    });
  }

  #tick(slot: UnixMs): void {
    this.#ports.gapWatch.beat();
    if (slot < this.#lastSlot) return this.#waitForClock(slot);
    if (slot === this.#lastSlot) return; // set back by less than an interval
    this.#waitsUntil = null;
    const missed = this.#lastSlot === 0 ? 0 : Math.max(0, Math.floor((slot - this.#lastSlot) / this.group.intervalMs) - 1);
    this.stats.iterationsMissed += missed;
    this.stats.iterations += missed + 1;
    this.#lastSlot = slot;
    if (this.#running !== null) {
      this.stats.iterationsMissed++;
      return;
    }
    const { log } = this.#ports;
    this.#running = this.#evaluate(slot)
      .catch((error: unknown) => {
        log.error('a rule group could not be evaluated', { group: this.group.name, file: this.group.file, error: textOf(error) });
      })
      .finally(() => {
        this.#running = null;
      });
  }

  #waitForClock(slot: UnixMs): void {
    this.stats.iterations++;
    this.stats.iterationsMissed++;
    const until = unixMs(this.#lastSlot);
    if (this.#waitsUntil === until) return;
    this.#waitsUntil = until;
    const { group } = this;
    const error = `the clock was set back: not evaluated until it is ${new Date(until).toISOString()} again`;
    for (const runner of this.runners) runner.health = { kind: 'err', error };
    this.#ports.log.warn('rule group waits for the clock', { group: group.name, file: group.file, slot, until });
  }

  /** First slot after an instant. */
  #slotAfter(now: UnixMs): UnixMs {
    const { intervalMs } = this.group;
    return unixMs((Math.floor((now - this.#offsetMs) / intervalMs) + 1) * intervalMs + this.#offsetMs);
  }

  async #evaluate(at: UnixMs): Promise<void> {
    const { clock, log, gapWatch, environment } = this.#ports;
    const began = clock.elapsed();
    this.evaluatedAt = clock.now();
    const slot = { at, queryAt: unixMs(at - this.group.queryOffsetMs), gaps: gapWatch.gaps };
    const jumpedMs = durationMs(gapWatch.jumpedMs - this.#jumpedMs);
    this.#jumpedMs = gapWatch.jumpedMs;
    const changes: RuleChanges[] = [];
    for (const runner of this.runners) {
      if (this.#isStopped) break;
      const pause = environment.pause();
      if (pause !== null) await pause;
      const ruleBegan = clock.elapsed();
      runner.evaluatedAt = clock.now();
      if (jumpedMs > 0) runner.shift(jumpedMs);
      try {
        changes.push(await runner.evaluate(slot));
      } catch (error) {
        // Of this rule nothing has changed; the others go on.
        runner.health = { kind: 'err', error: textOf(error) };
      }
      runner.evaluationMs = clock.elapsed() - ruleBegan;
      this.stats.evaluations++;
      if (runner.health.kind === 'err') {
        this.stats.evaluationFailures++;
        log.warn('rule evaluation failed', {
          group: this.group.name,
          file: this.group.file,
          rule: runner.rule.name,
          error: runner.health.error,
        });
      }
    }
    this.evaluationMs = clock.elapsed() - began;
    await this.#report(at, changes);
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
