/**
 * From what a rule group says after an evaluation to what the router is told. The router knows an alert by the labels it
 * was announced with; when external labels or relabelling give it others, the old one ends and the new one begins.
 */
import type { RuleAlertChange } from '../../alerts/ingest.ts';
import type { StoredRuleAlert } from '../../db/state-rows.ts';
import type { AlertChange, RuleAlertRow } from '../../rules/alert-state.ts';

export type RuleAlertStep = {
  readonly changes: readonly RuleAlertChange[];
  readonly stored: readonly StoredRuleAlert[];
  readonly removed: readonly string[];
};

/** `known`: the rows on disk. */
export function ruleAlertStep(
  known: ReadonlyMap<string, StoredRuleAlert>,
  evaluation: {
    readonly at: number;
    readonly changes: readonly AlertChange[];
    readonly stored: readonly RuleAlertRow[];
    readonly removed: readonly string[];
  },
): RuleAlertStep {
  const announced = new Map<string, readonly string[]>();
  const changes: RuleAlertChange[] = [];
  for (const { id, ...change } of evaluation.changes) {
    const before = announced.get(id) ?? known.get(id)?.announced ?? null;
    if (change.kind === 'resolved') {
      // Under the name it was told by, whatever it would be called now. One that was never told ends in silence.
      if (before !== null) changes.push({ ...change, labels: before });
      continue;
    }
    if (before !== null && !isSame(before, change.labels))
      changes.push({ ...change, kind: 'resolved', labels: before, endsAt: evaluation.at, reason: 'rule_removed' });
    changes.push(change);
    announced.set(id, change.labels);
  }
  const stored = evaluation.stored.map(
    (row): StoredRuleAlert => ({ row, announced: announced.get(row.id) ?? known.get(row.id)?.announced ?? null }),
  );
  const written = new Set(stored.map(({ row }) => row.id));
  for (const [id, labels] of announced) {
    const row = known.get(id)?.row;
    if (row !== undefined && !written.has(id)) stored.push({ row, announced: labels });
  }
  return { changes, stored, removed: evaluation.removed };
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((text, i) => text === b[i]);
