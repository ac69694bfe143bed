/** All rule groups: started, replaced at a reload with what they remember, stopped; and how they stand, for the API. */
import { Labels } from '../model/labels.ts';
import { unixMs } from '../model/time.ts';
import { printExpr } from '../promql/printer.ts';
import type { RuleAlertRow } from './alert-state.ts';
import { type GroupPorts, GroupRunner } from './group-runner.ts';
import { groupKeyOf, type RuleGroup } from './rule-group.ts';
import type { RuleRunner } from './rule-runner.ts';

export type AlertStatus = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly activeAt: number;
  readonly keepFiringSince: number | null;
  readonly value: number;
};

export type RuleStatus = {
  readonly kind: 'alerting' | 'recording';
  readonly name: string;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: 'unknown' | 'ok' | 'err';
  readonly lastError: string;
  readonly evaluatedAt: number | null;
  readonly evaluationMs: number;
  /** Alerting rules only, as all below. */
  readonly state: 'unknown' | 'inactive' | 'pending' | 'firing';
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly alerts: readonly AlertStatus[];
};

export type RuleGroupStatus = {
  readonly name: string;
  readonly file: string;
  readonly intervalMs: number;
  readonly limit: number;
  readonly evaluatedAt: number | null;
  readonly evaluationMs: number;
  readonly rules: readonly RuleStatus[];
};

export class RuleManager {
  readonly #ports: GroupPorts;
  #groups: readonly GroupRunner[] = [];
  /** Groups that started from rows on disk once; a later reload must not bring the rows back. */
  #isRestored = false;

  constructor(ports: GroupPorts) {
    this.#ports = ports;
  }

  get groups(): readonly GroupRunner[] {
    return this.#groups;
  }

  /**
   * Makes `groups` the ones that run. A group that did not change goes on untouched; one that changed takes over its
   * alerts and series by rule name; one that is gone ends them. `restored` counts at the first call only.
   */
  async apply(groups: readonly RuleGroup[], restored: readonly RuleAlertRow[]): Promise<void> {
    const before = new Map(this.#groups.map((runner) => [runner.key, runner]));
    const next: GroupRunner[] = [];
    const fresh: GroupRunner[] = [];
    for (const group of groups) {
      const old = before.get(groupKeyOf(group));
      if (old !== undefined && isSameGroup(old.group, group)) {
        before.delete(old.key);
        next.push(old);
        continue;
      }
      const runner = new GroupRunner(group, this.#ports);
      if (old !== undefined) {
        before.delete(old.key);
        await old.stop();
        runner.adopt(old);
      }
      next.push(runner);
      fresh.push(runner);
    }
    const over: RuleAlertRow[] = [];
    if (!this.#isRestored) {
      const keys = new Set(next.map(({ key }) => key));
      over.push(...restored.filter((row) => !keys.has(row.groupKey)));
      for (const runner of next) over.push(...runner.restore(restored.filter((row) => row.groupKey === runner.key)));
      this.#isRestored = true;
    }
    this.#groups = next;
    for (const gone of before.values()) {
      await gone.stop();
      await gone.retire();
    }
    await this.#end(over);
    for (const runner of fresh) runner.start();
  }

  /** What alerts are called outside has changed: the next evaluations tell of all that fire. Call before `apply`. */
  announceAgain(): void {
    for (const { runners } of this.#groups) for (const runner of runners) runner.announceAgain();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#groups.map((runner) => runner.stop()));
  }

  /** Alerts on disk whose rule went away while the process was down. */
  async #end(rows: readonly RuleAlertRow[]): Promise<void> {
    const at = this.#ports.clock.now();
    for (const key of new Set(rows.map(({ groupKey }) => groupKey))) {
      const own = rows.filter((row) => row.groupKey === key);
      await this.#ports.environment.report({
        groupKey: key,
        at,
        intervalMs: 0,
        stored: [],
        removed: own.map(({ id }) => id),
        changes: own.flatMap((row) => {
          const labels = row.firedAt === null ? null : this.#ports.environment.outgoing(Labels.fromSorted(row.labels));
          if (labels === null || row.firedAt === null) return [];
          return [
            {
              kind: 'resolved' as const,
              id: row.id,
              labels: labels.flat,
              annotations: row.annotations,
              generatorUrl: '',
              startsAt: unixMs(row.firedAt),
              endsAt: at,
              reason: 'rule_removed' as const,
            },
          ];
        }),
      });
    }
  }

  status(): readonly RuleGroupStatus[] {
    return this.#groups.map(({ group, evaluatedAt, evaluationMs, runners }) => ({
      name: group.name,
      file: group.file,
      intervalMs: group.intervalMs,
      limit: group.limit,
      evaluatedAt,
      evaluationMs,
      rules: runners.map(ruleStatus),
    }));
  }
}

function ruleStatus(runner: RuleRunner): RuleStatus {
  const { rule, health } = runner;
  const isAlerting = rule.kind === 'alerting';
  const alerts = [...runner.active.values()];
  return {
    kind: rule.kind,
    name: rule.name,
    query: printExpr(rule.expr),
    labels: rule.labels,
    health: health.kind,
    lastError: health.kind === 'err' ? health.error : '',
    evaluatedAt: runner.evaluatedAt,
    evaluationMs: runner.evaluationMs,
    state:
      runner.evaluatedAt === null
        ? 'unknown'
        : alerts.some(({ state }) => state === 'firing')
          ? 'firing'
          : alerts.length > 0
            ? 'pending'
            : 'inactive',
    forMs: isAlerting ? rule.forMs : 0,
    keepFiringForMs: isAlerting ? rule.keepFiringForMs : 0,
    annotations: isAlerting ? rule.annotations : {},
    alerts: alerts.map(({ labels, annotations, state, activeAt, keepFiringSince, value }) => ({
      labels: labels.toRecord(),
      annotations: annotations.toRecord(),
      state,
      activeAt,
      keepFiringSince,
      value,
    })),
  };
}

/** Equal in all that evaluation depends on; expressions by their print. */
function isSameGroup(a: RuleGroup, b: RuleGroup): boolean {
  const text = (group: RuleGroup): string =>
    JSON.stringify({ ...group, rules: group.rules.map((rule) => ({ ...rule, expr: printExpr(rule.expr) })) });
  return text(a) === text(b);
}
