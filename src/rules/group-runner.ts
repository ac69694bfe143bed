/**
 * One rule group on its clock: evaluated at absolute multiples of its interval plus an offset of its own, its rules in
 * order, each seeing what the earlier ones wrote. An evaluation that would start before the last one is on disk is
 * missed and counted; the grid is kept. Follows prometheus/rules/group.go.
 */
import { xxHash64 } from '../lib/xxhash64.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { AppendStore } from '../model/storage.ts';
import { type DurationMs, durationMs, type UnixMs, unixMs } from '../model/time.ts';
import type { RuleAlertRow } from './alert-state.ts';
import { groupKeyOf, type RuleGroup } from './rule-group.ts';
import type { RuleEnvironment } from './rule-ports.ts';
import { type RuleChanges, RuleRunner } from './rule-runner.ts';

export type GroupPorts = { readonly clock: Clock; readonly log: Log; readonly store: AppendStore; readonly environment: RuleEnvironment };

export class GroupRunner {
  readonly group: RuleGroup;
  readonly key: string;
  readonly runners: readonly RuleRunner[];
  readonly #ports: GroupPorts;
  readonly #offsetMs: number;
  #cancelTimer: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #isStopped = false;
  #lastSlot = 0;
  evaluatedAt: UnixMs | null = null;
  evaluationMs = 0;
  /** Counters: prometheus_rule_group_iterations_total, _iterations_missed_total, prometheus_rule_evaluations_total, _failures_total. */
  readonly stats = { iterations: 0, iterationsMissed: 0, evaluations: 0, evaluationFailures: 0 };

  constructor(group: RuleGroup, ports: GroupPorts) {
    this.group = group;
    this.key = groupKeyOf(group);
    this.#ports = ports;
    this.#offsetMs = Number(xxHash64(new TextEncoder().encode(this.key)) % BigInt(group.intervalMs));
    const ordinals = new Map<string, number>();
    this.runners = group.rules.map((rule) => {
      const ordinal = ordinals.get(rule.name) ?? 0;
      ordinals.set(rule.name, ordinal + 1);
      return new RuleRunner({ rule, ordinal, groupKey: this.key, limit: group.limit, environment: ports.environment, store: ports.store });
    });
  }

  /** Rows of alerts whose rule the group no longer has are returned: their alerts are over. */
  restore(rows: readonly RuleAlertRow[]): readonly RuleAlertRow[] {
    const left = new Set(rows);
    for (const runner of this.runners) {
      const own = rows.filter((row) => row.ruleName === runner.rule.name && row.ruleOrdinal === runner.ordinal);
      for (const row of own) left.delete(row);
      if (runner.rule.kind === 'alerting' && own.length > 0) runner.restore(own);
    }
    return [...left];
  }

  /** Takes over from the group of the same key before a reload; what has no rule any more is retired by the first evaluation. */
  adopt(before: GroupRunner): void {
    const unclaimed = new Set(before.runners);
    for (const runner of this.runners) {
      const same = before.runners.find(
        (old) =>
          unclaimed.has(old) && old.rule.kind === runner.rule.kind && old.rule.name === runner.rule.name && old.ordinal === runner.ordinal,
      );
      if (same === undefined) continue;
      unclaimed.delete(same);
      runner.adopt(same);
    }
    this.#orphans = [...unclaimed, ...before.#orphans];
    this.#lastSlot = before.#lastSlot;
    this.evaluatedAt = before.evaluatedAt;
    this.evaluationMs = before.evaluationMs;
    Object.assign(this.stats, before.stats);
  }
  #orphans: readonly RuleRunner[] = [];

  start(): void {
    this.#schedule();
  }

  /** Ends the timer; done when an evaluation under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#running;
  }

  /** The group is gone from the configuration: ends all that it raised and wrote. Call after `stop`. */
  async retire(): Promise<void> {
    const at = this.#ports.clock.now();
    const changes = [...this.runners, ...this.#orphans].map((runner) => runner.retire(at));
    await this.#report(at, changes);
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const { clock } = this.#ports;
    const slot = this.#slotAfter(clock.now());
    this.#cancelTimer = clock.after(durationMs(slot - clock.now()), () => {
      const now = clock.now();
      // Timers are hints: an early one waits again, a late one runs the newest slot.
      if (now < slot) return this.#schedule();
      const newest = unixMs(this.#slotAfter(now) - this.group.intervalMs);
      if (this.#lastSlot > 0 && newest > this.#lastSlot)
        this.stats.iterationsMissed += Math.max(0, (newest - this.#lastSlot) / this.group.intervalMs - 1);
      if (this.#running !== null) {
        this.stats.iterationsMissed++;
        this.stats.iterations++;
      } else if (newest !== this.#lastSlot) {
        this.#running = this.#evaluate(newest).finally(() => {
          this.#running = null;
        });
      }
      this.#lastSlot = newest;
      this.#schedule();
    });
  }

  /** First slot after an instant. */
  #slotAfter(now: UnixMs): UnixMs {
    const { intervalMs } = this.group;
    return unixMs((Math.floor((now - this.#offsetMs) / intervalMs) + 1) * intervalMs + this.#offsetMs);
  }

  async #evaluate(at: UnixMs): Promise<void> {
    const { clock, log } = this.#ports;
    const began = clock.elapsed();
    const queryAt = unixMs(at - this.group.queryOffsetMs);
    const changes: RuleChanges[] = this.#orphans.map((runner) => runner.retire(queryAt));
    this.#orphans = [];
    for (const runner of this.runners) {
      const ruleBegan = clock.elapsed();
      try {
        changes.push(await runner.evaluate(at, queryAt));
      } catch (error) {
        // A store that cannot write (disk full) fails this rule now; the next slot tries again.
        runner.health = { kind: 'err', error: error instanceof Error ? error.message : String(error) };
      }
      runner.evaluatedAt = at;
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
    this.evaluatedAt = at;
    this.evaluationMs = clock.elapsed() - began;
    this.stats.iterations++;
    await this.#report(at, changes);
  }

  async #report(at: UnixMs, all: readonly RuleChanges[]): Promise<void> {
    await this.#ports.environment.report({
      groupKey: this.key,
      at,
      intervalMs: this.group.intervalMs satisfies DurationMs,
      changes: all.flatMap(({ changes }) => changes),
      stored: all.flatMap(({ stored }) => stored),
      removed: all.flatMap(({ removed }) => removed),
    });
  }
}
