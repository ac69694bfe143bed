/** What scraping must know of the rules to place its scrapes before their evaluations: clocks, and what they select. */
import { selectorsOf } from '../../promql/ast-walk.ts';
import { groupOffsetMs, type RuleGroup } from '../../rules/rule-group.ts';
import type { RuleSlots } from '../../scrape/scrape-phase.ts';

/** Series that no target exposes. */
const OWN_SERIES = ['ALERTS', 'ALERTS_FOR_STATE'];

export function ruleSlots(groups: readonly RuleGroup[]): readonly RuleSlots[] {
  const written = new Set(OWN_SERIES);
  for (const { rules } of groups) for (const rule of rules) if (rule.kind === 'recording') written.add(rule.name);
  return groups.map((group) => {
    const alerts = group.rules.filter(({ kind }) => kind === 'alerting');
    return {
      intervalMs: group.intervalMs,
      // A query about the past sees at the slot what was scraped so much earlier.
      offsetMs: groupOffsetMs(group) - group.queryOffsetMs,
      alerts: alerts.length,
      selectors: alerts
        .flatMap(({ expr }) => selectorsOf(expr))
        .filter((matchers) => !matchers.some(({ name, op, value }) => name === '__name__' && op === '=' && written.has(value))),
    };
  });
}
