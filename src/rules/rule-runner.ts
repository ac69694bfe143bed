/**
 * One rule with what it remembers between evaluations: its active alerts, the series it wrote, its health. A recording
 * rule writes its result; an alerting rule moves its alerts and writes ALERTS and ALERTS_FOR_STATE. Follows
 * prometheus/rules/{alerting,recording,group}.go.
 *
 * What an alert does never waits for the store: a disk that is full fails the rule, but the alert is told.
 */
import { unreachable } from '../lib/never.ts';
import type { ResolveReason } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { fingerprintOf } from '../model/fingerprint.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import type { AppendStore } from '../model/storage.ts';
import { type DurationMs, type UnixMs, unixMs } from '../model/time.ts';
import { printExpr } from '../promql/printer.ts';
import { type AlertTemplate, alertTemplate } from '../template/alert-template.ts';
import type { AlertChange, RuleAlertRow } from './alert-state.ts';
import {
  type ActiveAlert,
  type ActiveAlerts,
  type AlertTimes,
  type AlertTransition,
  alertLabels,
  byFingerprint,
  DUPLICATE_ALERTS,
  evaluateAlerts,
  type Fate,
  missingAlerts,
  type Raised,
  shiftedAlerts,
} from './alerting.ts';
import type { Gap } from './gap-watch.ts';
import { isDisturbed, type Lookback, lookbackOf, type RecordedExprs } from './lookback.ts';
import { type AlertingRule, groupKeyOf, type RecordingRule, type Rule, type RuleGroup } from './rule-group.ts';
import type { Element, Expander, RuleEnvironment } from './rule-ports.ts';
import { type RuleSample, type RuleSeries, ruleSeries, SeriesWriter } from './rule-series.ts';
import { MissingReasons, type Unfiltered, unfiltered } from './unfiltered.ts';

export type RuleHealth = { readonly kind: 'unknown' } | { readonly kind: 'ok' } | { readonly kind: 'err'; readonly error: string };

/** What one evaluation of a rule changed, for the group's report. */
export type RuleChanges = {
  readonly changes: readonly AlertChange[];
  readonly stored: readonly RuleAlertRow[];
  readonly removed: readonly string[];
};
const OK: RuleHealth = { kind: 'ok' };
const NO_CHANGES: RuleChanges = { changes: [], stored: [], removed: [] };

/** When a group evaluates, and what it knows of the time before. */
export type Slot = {
  /** Alert times. */
  readonly at: UnixMs;
  /** `at` less the query offset: what is asked for, and when samples are written. */
  readonly queryAt: UnixMs;
  readonly gaps: readonly Gap[];
};

export type RunnerOptions = {
  readonly rule: Rule;
  readonly ordinal: number;
  readonly groupKey: string;
  readonly limit: number;
  readonly environment: RuleEnvironment;
  readonly store: AppendStore;
  /** What the recording rules that run write, by name. */
  readonly recorded: () => RecordedExprs;
};

/** What an element was made into, kept as long as it comes again. */
type Known = { value: number; histogram: FloatHistogram | null; raised: Raised; seenIn: number };
type Templates = readonly (readonly [name: string, template: AlertTemplate])[];
type AlertSeries = { readonly pending: RuleSeries; readonly firing: RuleSeries; readonly forState: RuleSeries };

export class RuleRunner {
  readonly rule: Rule;
  /** Number of the rule among those of its name in the group. */
  readonly ordinal: number;
  readonly groupKey: string;
  readonly #limit: number;
  readonly #environment: RuleEnvironment;
  readonly #recorded: () => RecordedExprs;
  readonly #times: AlertTimes;
  readonly #ruleLabels: readonly (readonly [name: string, text: string])[];
  /** Elements give the same texts again as long as they are the same: no template asks for anything else. */
  readonly #isRepeatable: boolean;
  readonly #writer: SeriesWriter;
  #active: ActiveAlerts = new Map();
  /** Rows on disk, to write only what changed. */
  #rows = new Map<string, RuleAlertRow>();
  /** Parsed when the first alert is raised. */
  #templates: { readonly labels: Templates; readonly annotations: Templates } | null = null;
  /** By the key of the element. */
  readonly #known = new Map<string, Known>();
  #round = 0;
  readonly #alertSeries = new Map<Fingerprint, AlertSeries>();
  #recordedSeries = new Map<string, RuleSeries>();
  /** By the labels that no rule of this name sets: when alerts began whose rule got other labels. */
  #begins: { readonly hidden: ReadonlySet<string>; readonly activeAt: ReadonlyMap<string, UnixMs> } | null = null;
  #query: string | null = null;
  #lookback: { readonly recorded: RecordedExprs; readonly lookback: Lookback } | null = null;
  health: RuleHealth = { kind: 'unknown' };
  evaluatedAt: UnixMs | null = null;
  evaluationMs = 0;

  constructor(options: RunnerOptions) {
    const { rule, environment } = options;
    this.rule = rule;
    this.ordinal = options.ordinal;
    this.groupKey = options.groupKey;
    this.#limit = options.limit;
    this.#environment = environment;
    this.#recorded = options.recorded;
    this.#writer = new SeriesWriter(options.store);
    this.#ruleLabels = Object.entries(rule.labels);
    const annotations = rule.kind === 'alerting' ? Object.values(rule.annotations) : [];
    this.#isRepeatable = [...Object.values(rule.labels), ...annotations].every(isRepeatable);
    const { forMs, keepFiringForMs } = rule.kind === 'alerting' ? rule : { forMs: 0 as DurationMs, keepFiringForMs: 0 as DurationMs };
    this.#times = { forMs, keepFiringForMs, retellMs: environment.resendDelayMs };
  }

  get active(): ActiveAlerts {
    return this.#active;
  }

  /** The expression as it is printed. */
  get query(): string {
    this.#query ??= printExpr(this.rule.expr);
    return this.#query;
  }

  /** Takes over alerts kept on disk. Those that it has already are dropped: their rows are over. */
  restore(rows: readonly RuleAlertRow[]): void {
    this.#take(
      rows,
      rows.map((row) => alertOfRow(row)),
    );
  }

  /** Takes over alerts and series of a runner that ends, whose place this one takes. */
  inherit(from: RuleRunner): void {
    this.#writer.inherit(from.#writer);
    this.#take([...from.#rows.values()], [...from.#active.values()]);
    if (this.evaluatedAt === null) {
      this.health = from.health;
      this.evaluatedAt = from.evaluatedAt;
      this.evaluationMs = from.evaluationMs;
    }
    if (this.#begins === null) this.#begins = from.#begins;
  }

  #take(rows: Iterable<RuleAlertRow>, alerts: Iterable<ActiveAlert>): void {
    const active = new Map(this.#active);
    for (const row of rows) this.#rows.set(row.id, row);
    for (const alert of alerts) if (!active.has(alert.fingerprint)) active.set(alert.fingerprint, alert);
    this.#active = active;
  }

  /** Alerts that look like these but for the labels of the rule began when these did: the rule got other labels. */
  rememberBegins(alerts: Iterable<Pick<ActiveAlert, 'labels' | 'activeAt'>>, oldRuleLabels: readonly string[]): void {
    const hidden = new Set([...oldRuleLabels, ...Object.keys(this.rule.labels), 'alertname']);
    const activeAt = new Map<string, UnixMs>();
    for (const alert of alerts) activeAt.set(withoutLabels(alert.labels, hidden), alert.activeAt);
    this.#begins = { hidden, activeAt };
  }

  /** What alerts are called outside, or what templates see, has changed: the next evaluation tells of all that fire. */
  announceAgain(): void {
    this.#known.clear();
    this.#active = new Map(Array.from(this.#active, ([fingerprint, alert]) => [fingerprint, { ...alert, told: null }]));
  }

  /** The wall clock jumped ahead. */
  shift(by: DurationMs): void {
    if (this.#active.size > 0) this.#active = shiftedAlerts(this.#active, by);
  }

  async evaluate(slot: Slot): Promise<RuleChanges> {
    const outcome = await this.#environment.query(this.rule.expr, slot.queryAt);
    if (outcome.kind === 'failed') return this.#failed(outcome.error);
    switch (this.rule.kind) {
      case 'recording':
        return this.#record(this.rule, outcome.elements, slot);
      case 'alerting':
        if (outcome.elements.length === 0 && this.#isIdle()) {
          this.health = OK;
          return NO_CHANGES;
        }
        return this.#alert(this.rule, outcome.elements, slot);
      default:
        return unreachable(this.rule);
    }
  }

  /** The rule is gone: what fires ends, unless another rule has it now. The series it wrote are left to `endSeries`. */
  retire(at: UnixMs, hasHeir: (alert: ActiveAlert) => boolean): RuleChanges {
    const changes = [...this.#active.values()].flatMap((alert) =>
      hasHeir(alert) ? [] : this.#change({ kind: 'resolved', alert, at, reason: 'rule_removed' }),
    );
    const removed = [...this.#rows.keys()];
    this.#active = new Map();
    this.#rows.clear();
    return { changes, stored: [], removed };
  }

  endSeries(at: UnixMs): void {
    this.#writer.end(at);
  }

  async #record(rule: RecordingRule, elements: readonly Element[], { queryAt }: Slot): Promise<RuleChanges> {
    const samples: RuleSample[] = [];
    const recorded = new Map<string, RuleSeries>();
    let isNew = false;
    for (const { labels, value, histogram } of elements) {
      const pause = this.#environment.pause();
      if (pause !== null) await pause;
      const key = labels.key();
      let series = this.#recordedSeries.get(key);
      if (series === undefined) {
        series = ruleSeries(labels.with([[METRIC_NAME, rule.name], ...this.#ruleLabels]));
        isNew = true;
      }
      recorded.set(key, series);
      samples.push({ series, value, histogram });
    }
    // Labels that the rule sets may make two elements one. Those that were distinct before are so still.
    if (isNew && new Set(samples.map(({ series }) => series.labels.key())).size < samples.length)
      return this.#failed('vector contains metrics with the same labelset after applying rule labels');
    if (this.#limit > 0 && samples.length > this.#limit)
      return this.#failed(`exceeded limit of ${this.#limit} with ${samples.length} series`);
    this.#recordedSeries = recorded;
    this.#write(samples, queryAt);
    return NO_CHANGES;
  }

  async #alert(rule: AlertingRule, elements: readonly Element[], slot: Slot): Promise<RuleChanges> {
    const { at, queryAt } = slot;
    const all: Raised[] = [];
    const round = ++this.#round;
    for (const element of elements) {
      const pause = this.#environment.pause();
      if (pause !== null) await pause;
      all.push(this.#raise(rule, element, at, round));
    }
    if (this.#known.size > elements.length) for (const [key, { seenIn }] of this.#known) if (seenIn !== round) this.#known.delete(key);
    const raised = byFingerprint(all);
    if (raised === null) return this.#failed(DUPLICATE_ALERTS);
    const missing = missingAlerts(this.#active, raised, this.#times, at);
    // A pending alert may go without a reason, unless a gap hides its element.
    const asked = missing.filter((alert) => alert.state === 'firing' || slot.gaps.some((gap) => gap.toMs > alert.activeAt));
    const fates = asked.length === 0 ? null : await this.#fatesOf(asked, slot);
    const outcome = evaluateAlerts(this.#active, raised, {
      times: this.#times,
      limit: this.#limit,
      at,
      begin: (one) => this.#begin(one, at),
      fate: (alert) => fates?.get(alert.fingerprint) ?? { kind: 'ends', reason: 'condition_false' },
    });
    if (outcome.kind === 'refused') return this.#failed(outcome.error);
    this.#begins = null;
    this.#active = outcome.active;
    const changes: RuleChanges = {
      changes: outcome.transitions.flatMap((transition) => this.#change(transition)),
      ...this.#rowChanges(),
    };
    this.#write(this.#samplesOf(outcome.active), queryAt);
    return changes;
  }

  #raise(rule: AlertingRule, element: Element, at: UnixMs, round: number): Raised {
    const { labels, value, histogram } = element;
    const key = labels.key();
    const known = this.#known.get(key);
    if (known !== undefined && this.#isRepeatable && Object.is(known.value, value) && known.histogram === histogram) {
      known.seenIn = round;
      return known.raised;
    }
    this.#templates ??= {
      labels: templatesOf(rule.name, rule.labels),
      annotations: templatesOf(rule.name, rule.annotations),
    };
    const expand = this.#environment.expander(element, at);
    const alert = alertLabels(labels, expanded(this.#templates.labels, expand), rule.name);
    // Most alerts differ from before in their value alone.
    const old = known !== undefined && known.raised.labels.equals(alert) ? known.raised : null;
    const raised: Raised = {
      fingerprint: old?.fingerprint ?? fingerprintOf(alert),
      labels: old?.labels ?? alert,
      annotations: Labels.fromPairs(expanded(this.#templates.annotations, expand)),
      value,
    };
    this.#known.set(key, { value, histogram, raised, seenIn: round });
    return raised;
  }

  #begin({ fingerprint, labels }: Raised, at: UnixMs): { readonly id: string; readonly activeAt: UnixMs } {
    const id = `${this.groupKey};${this.rule.name};${this.ordinal};${fingerprint};${at}`;
    const activeAt = this.#begins?.activeAt.get(withoutLabels(labels, this.#begins.hidden)) ?? at;
    return { id, activeAt };
  }

  /**
   * Why alerts are missing, and whether that ends them. A rule that asks to keep its alerts while data is missing would be
   * heard here.
   */
  async #fatesOf(missing: readonly ActiveAlert[], { queryAt, gaps }: Slot): Promise<ReadonlyMap<Fingerprint, Fate>> {
    const fates = new Map<Fingerprint, Fate>();
    const source = unfiltered(this.rule.expr);
    const reasons = new MissingReasons(source, await this.#present(source, queryAt), Object.keys(this.rule.labels));
    for (const alert of missing) {
      const reason = reasons.reasonOf(alert.labels);
      const stays = this.#isResultDoubtful(alert, reason, queryAt, gaps);
      fates.set(alert.fingerprint, stays ? { kind: 'stays' } : { kind: 'ends', reason });
    }
    return fates;
  }

  /** After a gap that the alert was active before: is there too little data for the result to mean anything? */
  #isResultDoubtful(alert: ActiveAlert, reason: ResolveReason, queryAt: UnixMs, all: readonly Gap[]): boolean {
    const begin = alert.firedAt ?? alert.activeAt;
    const gaps = all.filter((gap) => gap.toMs > begin);
    if (gaps.length === 0) return false;
    const recorded = this.#recorded();
    if (this.#lookback?.recorded !== recorded)
      this.#lookback = { recorded, lookback: lookbackOf(this.rule.expr, this.#environment.lookbackDeltaMs, recorded) };
    const { lookback } = this.#lookback;
    if (lookback.isElementwise && reason === 'condition_false') return false;
    return isDisturbed(lookback, gaps, queryAt);
  }

  /** Labels of the elements whose data is there; null where it cannot be told. */
  async #present({ expr }: Unfiltered, queryAt: UnixMs): Promise<readonly Labels[] | null> {
    if (expr === null) return null;
    const outcome = await this.#environment.query(expr, queryAt);
    return outcome.kind === 'vector' ? outcome.elements.map(({ labels }) => labels) : null;
  }

  #change(transition: AlertTransition): AlertChange[] {
    const { alert } = transition;
    if (alert.firedAt === null) return []; // pending alerts are nobody's business yet
    const labels = this.#environment.outgoing(alert.labels);
    if (labels === null) return [];
    const isResolved = transition.kind === 'resolved';
    return [
      {
        kind: isResolved ? 'resolved' : 'firing',
        id: alert.id,
        labels: labels.flat,
        annotations: alert.annotations.flat,
        generatorUrl: this.#environment.generatorUrl(this.rule.expr),
        startsAt: alert.firedAt,
        endsAt: isResolved ? transition.at : null,
        reason: isResolved ? transition.reason : null,
      },
    ];
  }

  /** Compares the alerts with the rows on disk. A value that changed is not worth a write, nor are words not told. */
  #rowChanges(): { readonly stored: readonly RuleAlertRow[]; readonly removed: readonly string[] } {
    const stored: RuleAlertRow[] = [];
    for (const alert of this.#active.values()) {
      const old = this.#rows.get(alert.id);
      if (old !== undefined && this.#isStored(alert, old)) continue;
      const row = this.#rowOf(alert);
      this.#rows.set(row.id, row);
      stored.push(row);
    }
    if (this.#rows.size === this.#active.size) return { stored, removed: [] };
    const ids = new Set(Array.from(this.#active.values(), ({ id }) => id));
    const removed = [...this.#rows.keys()].filter((id) => !ids.has(id));
    for (const id of removed) this.#rows.delete(id);
    return { stored, removed };
  }

  #isStored(alert: ActiveAlert, row: RuleAlertRow): boolean {
    return (
      row.state === alert.state &&
      row.activeAt === alert.activeAt &&
      row.firedAt === alert.firedAt &&
      row.keepFiringSince === alert.keepFiringSince &&
      row.groupKey === this.groupKey &&
      row.ruleOrdinal === this.ordinal &&
      (alert.told === null ||
        row.annotations === alert.told.annotations.flat ||
        alert.told.annotations.equals(Labels.fromSorted(row.annotations)))
    );
  }

  #rowOf(alert: ActiveAlert): RuleAlertRow {
    const { id, labels, annotations, told, state, activeAt, firedAt, keepFiringSince, value } = alert;
    return {
      id,
      groupKey: this.groupKey,
      ruleName: this.rule.name,
      ruleOrdinal: this.ordinal,
      labels: labels.flat,
      annotations: (told?.annotations ?? annotations).flat,
      state,
      activeAt,
      firedAt,
      keepFiringSince,
      value,
    };
  }

  /** The evaluation failed: alerts stay, series neither go on nor end. */
  #failed(error: string): RuleChanges {
    this.health = { kind: 'err', error };
    return NO_CHANGES;
  }

  /** Nothing is there that an empty result could change. Then nothing is kept for alerts either. */
  #isIdle(): boolean {
    if (this.#active.size > 0 || this.#rows.size > 0 || !this.#writer.isIdle) return false;
    this.#known.clear();
    this.#templates = null;
    return true;
  }

  #write(samples: readonly RuleSample[], at: UnixMs): void {
    let error: string | null;
    try {
      error = this.#writer.write(samples, at);
    } catch (failure) {
      error = failure instanceof Error ? failure.message : String(failure);
    }
    this.health = error === null ? OK : { kind: 'err', error };
  }

  /** ALERTS 1 and ALERTS_FOR_STATE (unix seconds of activeAt) of every pending and firing alert. */
  #samplesOf(active: ActiveAlerts): readonly RuleSample[] {
    const samples: RuleSample[] = [];
    for (const { fingerprint, labels, state, activeAt } of active.values()) {
      let series = this.#alertSeries.get(fingerprint);
      if (series === undefined) {
        series = seriesOfAlert(labels);
        this.#alertSeries.set(fingerprint, series);
      }
      samples.push({ series: state === 'firing' ? series.firing : series.pending, value: 1, histogram: null });
      samples.push({ series: series.forState, value: Math.floor(activeAt / 1000), histogram: null });
    }
    if (this.#alertSeries.size > active.size)
      for (const fingerprint of this.#alertSeries.keys()) if (!active.has(fingerprint)) this.#alertSeries.delete(fingerprint);
    return samples;
  }
}

/** A runner for each rule of a group, in order. */
export function runnersOf(group: RuleGroup, ports: Pick<RunnerOptions, 'environment' | 'store' | 'recorded'>): readonly RuleRunner[] {
  const ordinals = new Map<string, number>();
  return group.rules.map((rule) => {
    const ordinal = ordinals.get(rule.name) ?? 0;
    ordinals.set(rule.name, ordinal + 1);
    return new RuleRunner({ rule, ordinal, groupKey: groupKeyOf(group), limit: group.limit, ...ports });
  });
}

const seriesOfAlert = (labels: Labels): AlertSeries => {
  const inState = (state: string): RuleSeries =>
    ruleSeries(
      labels.with([
        [METRIC_NAME, 'ALERTS'],
        ['alertstate', state],
      ]),
    );
  return { pending: inState('pending'), firing: inState('firing'), forState: ruleSeries(labels.with([[METRIC_NAME, 'ALERTS_FOR_STATE']])) };
};

/** A row as the alert that it keeps. The router knows of it what the row says. */
export function alertOfRow(row: RuleAlertRow): ActiveAlert {
  const labels = Labels.fromSorted(row.labels);
  const annotations = Labels.fromSorted(row.annotations);
  return {
    id: row.id,
    fingerprint: fingerprintOf(labels),
    labels,
    annotations,
    value: row.value,
    state: row.state,
    activeAt: unixMs(row.activeAt),
    firedAt: row.firedAt === null ? null : unixMs(row.firedAt),
    keepFiringSince: row.keepFiringSince === null ? null : unixMs(row.keepFiringSince),
    told: row.firedAt === null ? null : { at: unixMs(row.firedAt), annotations },
  };
}

const withoutLabels = (labels: Labels, names: ReadonlySet<string>): string => labels.filter((name) => !names.has(name)).key();

const templatesOf = (alertname: string, texts: Readonly<Record<string, string>>): Templates =>
  Object.entries(texts).map(([name, text]) => [name, alertTemplate(alertname, text)]);

const expanded = (templates: Templates, expand: Expander): readonly (readonly [name: string, text: string])[] =>
  templates.map(([name, template]) => {
    const expansion = expand(template);
    return [name, 'text' in expansion ? expansion.text : `<error expanding template: ${expansion.error}>`];
  });

/** Functions of templates that look at more than the element. */
const isRepeatable = (template: string): boolean => !template.includes('{{') || !/query|now/i.test(template);
