/** Rules of one file that give the same series: same name, same labels (promtool check rules, lint duplicate-rules). */
import { Labels } from '../model/labels.ts';
import type { RuleGroup } from './rule-group.ts';

/** The labels are those that the rule and its group set. */
export type DuplicateRule = { readonly name: string; readonly labels: Labels };

/** Each once, sorted by name and labels. */
export function duplicateRules(groups: readonly RuleGroup[]): readonly DuplicateRule[] {
  const seen = new Set<string>();
  const duplicates = new Map<string, DuplicateRule>();
  for (const { rules } of groups) {
    for (const rule of rules) {
      const labels = Labels.of(rule.labels);
      const key = JSON.stringify([rule.name, labels.flat]);
      if (seen.has(key)) duplicates.set(key, { name: rule.name, labels });
      seen.add(key);
    }
  }
  return [...duplicates.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.labels.compare(b.labels)));
}
