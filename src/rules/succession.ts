/**
 * Who goes on with what a rule left behind when a reload changed, moved or took it away, or when it comes from disk: its
 * alerts must neither end nor begin again because a file was edited. A rule may take over from another of its name whose
 * alerts could be its own, that is, whose labels are those that it sets; the one most like it is chosen.
 */
import type { Labels } from '../model/labels.ts';
import type { RuleAlertRow } from './alert-state.ts';
import { alertOfRow, type RuleRunner } from './rule-runner.ts';

/** What is left of a rule. */
export type Estate = {
  readonly groupKey: string;
  readonly ruleName: string;
  readonly ruleOrdinal: number;
  /** Labels of its alerts. */
  readonly alerts: readonly Labels[];
  /** The rule itself, where it ran in this process. */
  readonly runner: RuleRunner | null;
  /** Rows on disk, where it did not. */
  readonly rows: readonly RuleAlertRow[];
};

export const estateOfRunner = (runner: RuleRunner): Estate => ({
  groupKey: runner.groupKey,
  ruleName: runner.rule.name,
  ruleOrdinal: runner.ordinal,
  alerts: Array.from(runner.active.values(), ({ labels }) => labels),
  runner,
  rows: [],
});

/** One estate for each rule that rows belong to. */
export function estatesOfRows(rows: readonly RuleAlertRow[]): readonly Estate[] {
  const byRule = new Map<string, RuleAlertRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.groupKey, row.ruleName, row.ruleOrdinal]);
    const known = byRule.get(key);
    if (known === undefined) byRule.set(key, [row]);
    else known.push(row);
  }
  return Array.from(byRule.values(), (own) => {
    const [{ groupKey, ruleName, ruleOrdinal }] = own as [RuleAlertRow];
    return { groupKey, ruleName, ruleOrdinal, alerts: own.map((row) => alertOfRow(row).labels), runner: null, rows: own };
  });
}

/** The rules that may inherit, by name. */
export class Heirs {
  readonly #byName = new Map<string, RuleRunner[]>();

  constructor(runners: Iterable<RuleRunner>) {
    for (const runner of runners) {
      const known = this.#byName.get(runner.rule.name);
      if (known === undefined) this.#byName.set(runner.rule.name, [runner]);
      else known.push(runner);
    }
  }

  /** The heir of all; null where there is none. */
  of(estate: Estate): RuleRunner | null {
    let best: { readonly runner: RuleRunner; readonly likeness: number } | null = null;
    for (const runner of this.#byName.get(estate.ruleName) ?? []) {
      const likeness = likenessOf(runner, estate);
      if (likeness > 0 && likeness > (best?.likeness ?? 0)) best = { runner, likeness };
    }
    return best?.runner ?? null;
  }

  /** A rule of the name in the same group, whatever its labels: the alerts that it will raise began when these did. */
  renamed(estate: Estate): RuleRunner | null {
    const all = (this.#byName.get(estate.ruleName) ?? []).filter((runner) => runner.groupKey === estate.groupKey);
    return all.find((runner) => runner.ordinal === estate.ruleOrdinal) ?? all[0] ?? null;
  }
}

/** 0: it cannot inherit. Same group counts most, then the expression, then the labels, then the place among its namesakes. */
function likenessOf(runner: RuleRunner, estate: Estate): number {
  const { rule } = runner;
  const old = estate.runner;
  if (old !== null && old.rule.kind !== rule.kind) return 0;
  if (old === null && rule.kind !== 'alerting') return 0;
  const hasGroup = runner.groupKey === estate.groupKey;
  const hasQuery = old !== null && old.query === runner.query;
  // A rule that moved is known by its expression; on disk there is none.
  if (!hasGroup && old !== null && !hasQuery) return 0;
  const hasLabels = old !== null && sameRecord(old.rule.labels, rule.labels);
  if (rule.kind === 'alerting' && !hasLabels) {
    const lacksLabel = old !== null && Object.keys(old.rule.labels).some((name) => !(name in rule.labels));
    if (lacksLabel || !estate.alerts.every((labels) => couldRaise(rule.labels, labels))) return 0;
  }
  return 1 + (hasGroup ? 8 : 0) + (hasQuery ? 4 : 0) + (hasLabels ? 2 : 0) + (runner.ordinal === estate.ruleOrdinal ? 1 : 0);
}

/** The labels that the rule sets to plain texts are those of the alert. */
const couldRaise = (ruleLabels: Readonly<Record<string, string>>, alert: Labels): boolean =>
  Object.entries(ruleLabels).every(([name, text]) => text.includes('{{') || name === 'alertname' || alert.get(name) === text);

const sameRecord = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
};
