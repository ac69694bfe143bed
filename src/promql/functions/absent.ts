/** Labels of what is absent: those that a selector asks for by equality, each once. promql/functions.go createLabelsForAbsentFunction. */
import { Labels, METRIC_NAME } from '../../model/labels.ts';
import type { Plan } from '../query-plan.ts';

export function labelsOfAbsent(plan: Plan | undefined): Labels {
  const selector = plan?.kind === 'matrix' ? plan.selector : plan;
  if (selector?.kind !== 'selector') return Labels.empty;
  const values = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    // Two matchers of one label leave no single value to tell.
    if (op === '=' && !seen.has(name)) {
      values.set(name, value);
      seen.add(name);
    } else values.delete(name);
  }
  return Labels.fromPairs(values);
}
