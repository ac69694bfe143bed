/** Labels of what is absent: those that a selector asks for by equality, each once. promql/functions.go createLabelsForAbsentFunction. */
import { Labels, METRIC_NAME } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { Plan } from '../query-plan.ts';

/** `matchers`: of the selector that is asked for; null: it is something else. */
export function labelsOfAbsent(matchers: readonly Matcher[] | null): Labels {
  if (matchers === null) return Labels.empty;
  const values = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, op, value } of matchers) {
    if (name === METRIC_NAME) continue;
    // Two matchers of one label leave no single value to tell.
    if (op === '=' && !seen.has(name)) {
      values.set(name, value);
      seen.add(name);
    } else values.delete(name);
  }
  return Labels.fromPairs(values);
}

export function selectorMatchers(plan: Plan | undefined): readonly Matcher[] | null {
  const selector = plan?.kind === 'matrix' ? plan.selector : plan;
  return selector?.kind === 'selector' ? selector.matchers : null;
}
