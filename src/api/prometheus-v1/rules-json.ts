/** Rule groups and their alerts in the API's JSON (web/api/v1/api.go, rules and alerts). */
import { Fnv1a64 } from '../../lib/fnv1a.ts';
import { goFormatE } from '../../lib/go-float.ts';
import { compareUtf8 } from '../../lib/utf8-order.ts';
import { Labels } from '../../model/labels.ts';
import { type Matcher, matchesLabels } from '../../model/matcher.ts';
import type { AlertStatus, RuleGroupStatus, RuleStatus } from '../../rules/rule-manager.ts';

export type RulesFilter = {
  readonly type: '' | 'alert' | 'record';
  readonly ruleNames: readonly string[];
  readonly groupNames: readonly string[];
  readonly files: readonly string[];
  readonly matcherSets: readonly (readonly Matcher[])[];
  readonly withAlerts: boolean;
  /** 0: all groups. */
  readonly groupLimit: number;
  readonly nextToken: string;
};

const NEVER = '0001-01-01T00:00:00Z';

export function ruleGroupsJson(
  groups: readonly RuleGroupStatus[],
  filter: RulesFilter,
): { readonly groups: readonly unknown[]; readonly groupNextToken?: string } | { readonly error: string } {
  if (filter.nextToken !== '' && filter.groupLimit === 0)
    return { error: 'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups' };
  const { matcherSets } = filter;
  const wanted = (rule: RuleStatus): boolean => {
    if (filter.type === 'alert' && rule.kind !== 'alerting') return false;
    if (filter.type === 'record' && rule.kind !== 'recording') return false;
    if (filter.ruleNames.length > 0 && !filter.ruleNames.includes(rule.name)) return false;
    const labels = Labels.of(rule.labels);
    return matcherSets.length === 0 || matcherSets.some((matchers) => matchesLabels(matchers, labels));
  };
  const shown: unknown[] = [];
  let isBefore = filter.nextToken !== '';
  for (const group of groups.toSorted((a, b) => compareUtf8(a.file, b.file) || compareUtf8(a.name, b.name))) {
    if (isBefore && tokenOf(group) !== filter.nextToken) continue;
    isBefore = false;
    if (filter.groupNames.length > 0 && !filter.groupNames.includes(group.name)) continue;
    if (filter.files.length > 0 && !filter.files.includes(group.file)) continue;
    const rules = group.rules.filter(wanted);
    if (rules.length === 0) continue;
    if (filter.groupLimit > 0 && shown.length === filter.groupLimit) return { groups: shown, groupNextToken: tokenOf(group) };
    shown.push({
      name: group.name,
      file: group.file,
      rules: rules.map((rule) => ruleJson(rule, filter.withAlerts)),
      interval: group.intervalMs / 1000,
      limit: group.limit,
      evaluationTime: group.evaluationMs / 1000,
      lastEvaluation: instant(group.evaluatedAt),
    });
  }
  if (isBefore)
    return { error: `invalid parameter "group_next_token": invalid group_next_token '${filter.nextToken}'. were rule groups changed?` };
  return { groups: shown };
}

export const alertsJson = (groups: readonly RuleGroupStatus[]): readonly unknown[] =>
  groups.flatMap((group) => group.rules.flatMap((rule) => rule.alerts.map(alertJson)));

/** Names the first group of the next page. */
const tokenOf = (group: RuleGroupStatus): string => new Fnv1a64().text(`${group.file};${group.name}`).hex();

function ruleJson(rule: RuleStatus, withAlerts: boolean): unknown {
  const common = {
    name: rule.name,
    query: rule.query,
    labels: rule.labels,
    health: rule.health,
    ...(rule.lastError === '' ? {} : { lastError: rule.lastError }),
    evaluationTime: rule.evaluationMs / 1000,
    lastEvaluation: instant(rule.evaluatedAt),
  };
  if (rule.kind === 'recording') return { ...common, type: 'recording' };
  return {
    state: rule.state,
    ...common,
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    annotations: rule.annotations,
    alerts: withAlerts ? rule.alerts.map(alertJson) : [],
    type: 'alerting',
  };
}

const alertJson = (alert: AlertStatus): unknown => ({
  labels: alert.labels,
  annotations: alert.annotations,
  state: alert.state,
  activeAt: instant(alert.activeAt),
  ...(alert.keepFiringSince === null ? {} : { keepFiringSince: instant(alert.keepFiringSince) }),
  value: goFormatE(alert.value),
});

const instant = (ms: number | null): string => (ms === null ? NEVER : new Date(ms).toISOString());
