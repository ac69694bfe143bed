/**
 * One rule with what it remembers between evaluations: its active alerts, the series it wrote, its health. A recording
 * rule writes its result; an alerting rule moves its alerts and writes ALERTS and ALERTS_FOR_STATE. Follows
 * prometheus/rules/{alerting,recording,group}.go.
 */
import { unreachable } from '../lib/never.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { fingerprintOf } from '../model/fingerprint.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import { STALE_NAN } from '../model/sample.ts';
import type { AppendStore } from '../model/storage.ts';
import { type UnixMs, unixMs } from '../model/time.ts';
import type { AlertChange, RuleAlertRow } from './alert-state.ts';
import {
  type ActiveAlert,
  type ActiveAlerts,
  type AlertTransition,
  alertLabels,
  evaluateAlerts,
  type Raised,
  resolveReasonOf,
} from './alerting.ts';
import type { AlertingRule, RecordingRule, Rule } from './rule-group.ts';
import type { Element, RuleEnvironment } from './rule-ports.ts';
import { unfilteredExpr } from './unfiltered.ts';

export type RuleHealth = { readonly kind: 'unknown' } | { readonly kind: 'ok' } | { readonly kind: 'err'; readonly error: string };

/** What one evaluation of a rule changed, for the group's report. */
export type RuleChanges = {
  readonly changes: readonly AlertChange[];
  readonly stored: readonly RuleAlertRow[];
  readonly removed: readonly string[];
};
const NO_CHANGES: RuleChanges = { changes: [], stored: [], removed: [] };

type Output = { readonly labels: Labels; readonly value: number; readonly histogram: FloatHistogram | null };

export class RuleRunner {
  readonly rule: Rule;
  /** Number of the rule among those of its name in the group: with it, rows on disk find their rule again. */
  readonly ordinal: number;
  readonly #groupKey: string;
  readonly #limit: number;
  readonly #environment: RuleEnvironment;
  readonly #store: AppendStore;
  #active: ActiveAlerts = new Map();
  /** Rows on disk, to write only what changed. */
  #rows = new Map<string, RuleAlertRow>();
  /** Series written by the last evaluation; those that the next one does not write end with a stale marker. */
  #written = new Map<string, Labels>();
  health: RuleHealth = { kind: 'unknown' };
  evaluatedAt: UnixMs | null = null;
  evaluationMs = 0;
  /** Samples that the store refused, by nobody's fault but their time. */
  samplesDropped = 0;

  constructor(options: {
    readonly rule: Rule;
    readonly ordinal: number;
    readonly groupKey: string;
    readonly limit: number;
    readonly environment: RuleEnvironment;
    readonly store: AppendStore;
  }) {
    this.rule = options.rule;
    this.ordinal = options.ordinal;
    this.#groupKey = options.groupKey;
    this.#limit = options.limit;
    this.#environment = options.environment;
    this.#store = options.store;
  }

  get active(): ActiveAlerts {
    return this.#active;
  }

  /** Takes over alerts kept on disk. */
  restore(rows: readonly RuleAlertRow[]): void {
    const active = new Map<Fingerprint, ActiveAlert>();
    for (const row of rows) {
      const labels = Labels.fromSorted(row.labels);
      const fingerprint = fingerprintOf(labels);
      active.set(fingerprint, {
        fingerprint,
        labels,
        annotations: Labels.fromSorted(row.annotations),
        value: row.value,
        state: row.state,
        activeAt: unixMs(row.activeAt),
        firedAt: row.firedAt === null ? null : unixMs(row.firedAt),
        keepFiringSince: row.keepFiringSince === null ? null : unixMs(row.keepFiringSince),
      });
      this.#rows.set(row.id, row);
    }
    this.#active = active;
  }

  /** Takes over alerts and series of the runner that this one replaces at a reload. */
  adopt(before: RuleRunner): void {
    this.#active = before.#active;
    this.#rows = before.#rows;
    this.#written = before.#written;
    this.health = before.health;
    this.evaluatedAt = before.evaluatedAt;
    this.evaluationMs = before.evaluationMs;
    this.#announcesAll = before.#announcesAll;
  }

  /** What alerts are called outside has changed: the next evaluation tells of all that fire. */
  announceAgain(): void {
    this.#announcesAll = true;
  }
  #announcesAll = false;

  /** Evaluates at `queryAt`, which is `at` less the query offset; samples are written at `queryAt`, alert times are `at`. */
  async evaluate(at: UnixMs, queryAt: UnixMs): Promise<RuleChanges> {
    const outcome = await this.#environment.query(this.rule.expr, queryAt);
    if (outcome.kind === 'failed') return this.#failed(outcome.error, queryAt);
    switch (this.rule.kind) {
      case 'recording':
        return this.#record(this.rule, outcome.elements, queryAt);
      case 'alerting':
        return this.#alert(this.rule, outcome.elements, at, queryAt);
      default:
        return unreachable(this.rule);
    }
  }

  /** The rule is gone: what fires ends, what it wrote ends. */
  retire(at: UnixMs): RuleChanges {
    const changes = [...this.#active.values()].flatMap((alert) => this.#change({ kind: 'resolved', alert, at }, 'rule_removed'));
    const removed = [...this.#rows.keys()];
    this.#active = new Map();
    this.#rows.clear();
    this.#write([], at);
    return { changes, stored: [], removed };
  }

  #record(rule: RecordingRule, elements: readonly Element[], queryAt: UnixMs): RuleChanges {
    const outputs: Output[] = [];
    const seen = new Set<string>();
    for (const { labels, value, histogram } of elements) {
      const written = labels.with([[METRIC_NAME, rule.name], ...Object.entries(rule.labels)]);
      const key = written.key();
      if (seen.has(key)) return this.#failed('vector contains metrics with the same labelset after applying rule labels', queryAt);
      seen.add(key);
      outputs.push({ labels: written, value, histogram });
    }
    if (this.#limit > 0 && outputs.length > this.#limit)
      return this.#failed(`exceeded limit of ${this.#limit} with ${outputs.length} series`, queryAt);
    this.#write(outputs, queryAt);
    this.health = { kind: 'ok' };
    return NO_CHANGES;
  }

  async #alert(rule: AlertingRule, elements: readonly Element[], at: UnixMs, queryAt: UnixMs): Promise<RuleChanges> {
    const raised = elements.map((element) => this.#raise(rule, element, at));
    const outcome = evaluateAlerts(
      { forMs: rule.forMs, keepFiringForMs: rule.keepFiringForMs, limit: this.#limit },
      this.#active,
      raised,
      at,
    );
    if (outcome.kind === 'refused') return this.#failed(outcome.error, queryAt);
    this.#active = outcome.active;
    this.health = { kind: 'ok' };
    this.#write(alertSeries(outcome.active), queryAt);
    const changes: AlertChange[] = [];
    const resolved = outcome.transitions.some((transition) => transition.kind === 'resolved');
    const unfiltered = resolved ? await this.#unfilteredLabels(rule, queryAt) : null;
    for (const transition of outcome.transitions) {
      const reason = transition.kind === 'resolved' ? resolveReasonOf(transition.alert.labels, unfiltered, Object.keys(rule.labels)) : null;
      changes.push(...this.#change(transition, reason));
    }
    if (this.#announcesAll) {
      const told = new Set(outcome.transitions.map(({ alert }) => alert.fingerprint));
      for (const alert of outcome.active.values())
        if (!told.has(alert.fingerprint)) changes.push(...this.#change({ kind: 'updated', alert }, null));
      this.#announcesAll = false;
    }
    return { changes, ...this.#rowChanges() };
  }

  #raise(rule: AlertingRule, { labels, value }: Element, at: UnixMs): Raised {
    const expand = (template: string): string => {
      const expansion = this.#environment.expand(template, { alertname: rule.name, labels, value, at });
      return 'text' in expansion ? expansion.text : `<error expanding template: ${expansion.error}>`;
    };
    const ruleLabels = Object.entries(rule.labels).map(([name, template]) => [name, expand(template)] as const);
    const annotations = Object.entries(rule.annotations).map(([name, template]) => [name, expand(template)] as const);
    return { labels: alertLabels(labels, ruleLabels, rule.name), annotations: Labels.fromPairs(annotations), value };
  }

  /** Labels of the expression's elements without its comparison; null where there is none, or where it cannot be told. */
  async #unfilteredLabels(rule: AlertingRule, queryAt: UnixMs): Promise<readonly Labels[] | null> {
    const expr = unfilteredExpr(rule.expr);
    if (expr === null) return null;
    const outcome = await this.#environment.query(expr, queryAt);
    return outcome.kind === 'vector' ? outcome.elements.map(({ labels }) => labels) : null;
  }

  #change(transition: AlertTransition, reason: AlertChange['reason']): AlertChange[] {
    const { alert } = transition;
    if (alert.firedAt === null) return []; // pending alerts are nobody's business yet
    const labels = this.#environment.outgoing(alert.labels);
    if (labels === null) return [];
    const isResolved = transition.kind === 'resolved';
    return [
      {
        kind: isResolved ? 'resolved' : 'firing',
        id: this.#idOf(alert),
        labels: labels.flat,
        annotations: alert.annotations.flat,
        generatorUrl: this.#environment.generatorUrl(this.rule.expr),
        startsAt: alert.firedAt,
        endsAt: isResolved ? transition.at : null,
        reason,
      },
    ];
  }

  #idOf(alert: ActiveAlert): string {
    return `${this.#groupKey};${this.rule.name};${this.ordinal};${alert.fingerprint}`;
  }

  /** Compares the alerts with the rows on disk. A value alone that changed is not worth a write. */
  #rowChanges(): { stored: RuleAlertRow[]; removed: string[] } {
    const rows = new Map<string, RuleAlertRow>();
    const stored: RuleAlertRow[] = [];
    for (const alert of this.#active.values()) {
      const id = this.#idOf(alert);
      const old = this.#rows.get(id);
      const { state, activeAt, firedAt, keepFiringSince, value } = alert;
      const isSame =
        old?.state === state && old.activeAt === activeAt && old.firedAt === firedAt && old.keepFiringSince === keepFiringSince;
      if (isSame && Labels.fromSorted(old.annotations).equals(alert.annotations)) rows.set(id, old);
      else {
        const { groupKey, ruleName, ruleOrdinal } = { groupKey: this.#groupKey, ruleName: this.rule.name, ruleOrdinal: this.ordinal };
        const row: RuleAlertRow = {
          id,
          groupKey,
          ruleName,
          ruleOrdinal,
          labels: alert.labels.flat,
          annotations: alert.annotations.flat,
          state,
          activeAt,
          firedAt,
          keepFiringSince,
          value,
        };
        rows.set(id, row);
        stored.push(row);
      }
    }
    const removed = [...this.#rows.keys()].filter((id) => !rows.has(id));
    this.#rows = rows;
    return { stored, removed };
  }

  #failed(error: string, queryAt: UnixMs): RuleChanges {
    this.health = { kind: 'err', error };
    // Recorded series end with a failed evaluation, as upstream's do; alerts stay as they are.
    if (this.rule.kind === 'recording') this.#write([], queryAt);
    return NO_CHANGES;
  }

  /** Appends the outputs in one batch, and stale markers for what the last batch had and this one has not. */
  #write(outputs: readonly Output[], at: UnixMs): void {
    const appender = this.#store.appender();
    const written = new Map<string, Labels>();
    for (const { labels, value, histogram } of outputs) {
      const ref = appender.series(labels);
      const verdict = histogram === null ? appender.append(ref, at, value) : appender.appendHistogram(ref, at, histogram);
      if (verdict !== 'ok') this.samplesDropped++;
      written.set(labels.key(), labels);
    }
    for (const [key, labels] of this.#written) if (!written.has(key)) appender.append(appender.series(labels), at, STALE_NAN);
    appender.commit();
    this.#written = written;
  }
}

/** ALERTS 1 and ALERTS_FOR_STATE (unix seconds of activeAt) of every pending and firing alert. */
function alertSeries(active: ActiveAlerts): Output[] {
  const outputs: Output[] = [];
  for (const { labels, state, activeAt } of active.values()) {
    outputs.push({
      labels: labels.with([
        [METRIC_NAME, 'ALERTS'],
        ['alertstate', state],
      ]),
      value: 1,
      histogram: null,
    });
    outputs.push({ labels: labels.with([[METRIC_NAME, 'ALERTS_FOR_STATE']]), value: Math.floor(activeAt / 1000), histogram: null });
  }
  return outputs;
}
