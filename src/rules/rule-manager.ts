/** All rule groups: started, replaced at a reload with what they remember, stopped; and how they stand, for the API. */
import type { Fingerprint } from '../model/fingerprint.ts';
import { durationMs, type UnixMs } from '../model/time.ts';
import type { Expr } from '../promql/ast.ts';
import { printExpr } from '../promql/printer.ts';
import type { RuleAlertRow } from './alert-state.ts';
import { type Gap, GapWatch } from './gap-watch.ts';
import { type GroupPorts, GroupRunner } from './group-runner.ts';
import type { RecordedExprs } from './lookback.ts';
import { groupKeyOf, type Rule, type RuleGroup } from './rule-group.ts';
import { type RuleChanges, RuleRunner } from './rule-runner.ts';
import { type Estate, estateOfRunner, estatesOfRows, Heirs } from './succession.ts';

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

export type ManagerPorts = Omit<GroupPorts, 'gapWatch' | 'recorded'>;

export class RuleManager {
  readonly #ports: GroupPorts;
  #groups: readonly GroupRunner[] = [];
  #recorded: RecordedExprs = new Map();
  /** A later reload must not bring back the rows that the first groups started from. */
  #isRestored = false;
  readonly #cancelEnds = new Set<() => void>();

  /**
   * `samplesUntil`: time of the newest sample that the store has; null without any. `gaps`: stretches before it without
   * samples. `losses`: those since, in which samples could not be stored.
   */
  constructor(ports: ManagerPorts, samplesUntil: UnixMs | null, gaps: readonly Gap[] = [], losses?: () => readonly Gap[]) {
    this.#ports = { ...ports, gapWatch: new GapWatch(ports.clock, samplesUntil, gaps, losses), recorded: () => this.#recorded };
  }

  get groups(): readonly GroupRunner[] {
    return this.#groups;
  }

  /**
   * Makes `groups` the ones that run. A group that did not change goes on untouched. Of all others the rules are matched
   * (succession.ts), so that alerts go on; those of rules that nobody succeeds end. `restored` counts at the first call only.
   * `samplesEveryMs`: the longest scrape interval there is.
   */
  async apply(groups: readonly RuleGroup[], restored: readonly RuleAlertRow[], samplesEveryMs: number): Promise<void> {
    this.#ports.gapWatch.samplesEveryMs = samplesEveryMs;
    this.#ports.gapWatch.start();
    const before = new Map(this.#groups.map((runner) => [runner.key, runner]));
    const next = groups.map((group) => {
      const old = before.get(groupKeyOf(group));
      if (old === undefined || !isSameGroup(old.group, group)) return new GroupRunner(group, this.#ports);
      before.delete(old.key);
      return old;
    });
    const running = new Set(this.#groups);
    const fresh = next.filter((runner) => !running.has(runner));
    await Promise.all(Array.from(before.values(), (old) => old.stop()));
    for (const runner of fresh) {
      const old = before.get(runner.key);
      if (old !== undefined) runner.continueFrom(old);
    }
    this.#groups = next;
    this.#recorded = recordedExprs(groups);

    const estates = [...before.values()].flatMap(({ runners }) => runners.map(estateOfRunner));
    const rows = this.#isRestored ? [] : restored;
    this.#isRestored = true;
    const owed = new Map<string, RuleChanges[]>();
    for (const old of before.values()) owed.set(old.key, [...old.takeOwed()]);
    this.#succeed([...estates, ...estatesOfRows(rows)], fresh, owed);
    for (const [groupKey, changes] of owed) await this.#report(groupKey, changes);
    for (const runner of fresh) runner.start();
  }

  /** Gives what is left of rules to those that go on with it; the rest ends, which is `owed` where its group is gone. */
  #succeed(estates: readonly Estate[], fresh: readonly GroupRunner[], owed: Map<string, RuleChanges[]>): void {
    const heirs = new Heirs(fresh.flatMap(({ runners }) => runners));
    const left: Estate[] = [];
    for (const estate of estates) {
      const heir = heirs.of(estate);
      if (heir === null) left.push(estate);
      else if (estate.runner !== null) heir.inherit(estate.runner);
      else heir.restore(estate.rows);
    }
    const now = this.#ports.clock.now();
    const firing = new Set<Fingerprint>();
    for (const { runners } of this.#groups)
      for (const runner of runners) for (const alert of runner.active.values()) if (alert.state === 'firing') firing.add(alert.fingerprint);
    const groupByKey = new Map(fresh.map((group) => [group.key, group]));
    for (const estate of left) {
      const runner = estate.runner ?? this.#runnerOfRows(estate);
      heirs.renamed(estate)?.rememberBegins(runner.active.values(), Object.keys(runner.rule.labels));
      const changes = runner.retire(now, ({ fingerprint }) => firing.has(fingerprint));
      this.#endSeriesLater(runner, now);
      const group = groupByKey.get(estate.groupKey);
      if (group !== undefined) group.owe(changes);
      else owed.set(estate.groupKey, [...(owed.get(estate.groupKey) ?? []), changes]);
    }
  }

  async #report(groupKey: string, all: readonly RuleChanges[]): Promise<void> {
    if (all.every(({ removed }) => removed.length === 0)) return;
    await this.#ports.environment.report({
      groupKey,
      at: this.#ports.clock.now(),
      intervalMs: 0,
      changes: all.flatMap(({ changes }) => changes),
      stored: [],
      removed: all.flatMap(({ removed }) => removed),
    });
  }

  /** Alerts on disk whose rule went away while the process was down, as a rule that can only end. */
  #runnerOfRows({ groupKey, ruleName, ruleOrdinal, rows }: Estate): RuleRunner {
    const zero = durationMs(0);
    const rule: Rule = { kind: 'alerting', name: ruleName, expr: NOTHING, forMs: zero, keepFiringForMs: zero, labels: {}, annotations: {} };
    const { environment, store, recorded } = this.#ports;
    const runner = new RuleRunner({ rule, ordinal: ruleOrdinal, groupKey, limit: 0, environment, store, recorded });
    runner.restore(rows);
    return runner;
  }

  /** Series of rules that are gone end a while later, as of now: whoever writes them from now on goes on with them. */
  #endSeriesLater(runner: RuleRunner, at: UnixMs): void {
    const { clock, log } = this.#ports;
    const cancel = clock.after(SERIES_END_AFTER_MS, () => {
      this.#cancelEnds.delete(cancel);
      try {
        runner.endSeries(at);
      } catch (error) {
        const { name } = runner.rule;
        log.warn('series of a rule that is gone were not ended', {
          rule: name,
          error: error instanceof Error ? error.message : String(error),
        });
      }
    });
    this.#cancelEnds.add(cancel);
  }

  /** What alerts are called outside has changed: the next evaluations tell of all that fire. Call before `apply`. */
  announceAgain(): void {
    for (const { runners } of this.#groups) for (const runner of runners) runner.announceAgain();
  }

  /** Without stale markers: the series go on after a restart. */
  async stop(): Promise<void> {
    this.#ports.gapWatch.stop();
    for (const cancel of this.#cancelEnds) cancel();
    this.#cancelEnds.clear();
    await Promise.all(this.#groups.map((runner) => runner.stop()));
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
    query: runner.query,
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

const SERIES_END_AFTER_MS = durationMs(120_000);
const NOTHING: Expr = { kind: 'number', value: 0, isDuration: false, span: { start: 0, end: 0 } };

function recordedExprs(groups: readonly RuleGroup[]): RecordedExprs {
  const all = new Map<string, Expr[]>();
  for (const { rules } of groups) {
    for (const rule of rules) {
      if (rule.kind !== 'recording') continue;
      const known = all.get(rule.name);
      if (known === undefined) all.set(rule.name, [rule.expr]);
      else known.push(rule.expr);
    }
  }
  return all;
}

/** Equal in all that evaluation depends on; expressions by their print. */
function isSameGroup(a: RuleGroup, b: RuleGroup): boolean {
  const text = (group: RuleGroup): string =>
    JSON.stringify({ ...group, rules: group.rules.map((rule) => ({ ...rule, expr: printExpr(rule.expr) })) });
  return text(a) === text(b);
}
