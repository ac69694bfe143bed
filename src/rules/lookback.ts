/**
 * How far back an expression looks, and whether it has enough to look at. After a gap in the samples (gap-watch.ts) a
 * selector may find nothing, a rate too little, a sum only those series that came back first: such a result is no reason
 * to end an alert. It is one again when the gap takes up no more than a fifth of every window that the expression reads.
 *
 * Series that recording rules write look back as far as those rules do.
 */
import { METRIC_NAME } from '../model/labels.ts';
import type { Expr } from '../promql/ast.ts';
import { childrenOfPlan, type Plan, planQuery } from '../promql/query-plan.ts';
import type { Gap } from './gap-watch.ts';

/** Measured back from the evaluation: it begins `fromMs` before and ends `toMs` before. */
type Window = { readonly fromMs: number; readonly toMs: number };

export type Lookback = {
  readonly windows: readonly Window[];
  /** Each element of the result is made of one newest sample of each side: where it is seen, it is seen right. */
  readonly isElementwise: boolean;
};

/** Expressions of the recording rules by the name of what they write. */
export type RecordedExprs = ReadonlyMap<string, readonly Expr[]>;

export function lookbackOf(expr: Expr, lookbackDeltaMs: number, recorded: RecordedExprs): Lookback {
  const windows: Window[] = [];
  let isElementwise = true;
  const open = new Set<string>();
  const visitExpr = (from: Expr, sinceMs: number): void => visit(planQuery(from, { startMs: 0, endMs: 0, stepMs: 0 }), sinceMs, 0);
  /** The node is evaluated at times from `sinceMs + rangeMs` to `sinceMs` before. */
  const visit = (plan: Plan, sinceMs: number, rangeMs: number): void => {
    switch (plan.kind) {
      case 'selector': {
        if (plan.atMs !== null) return; // its time does not move, so no gap comes or goes
        const endMs = sinceMs + plan.offsetMs;
        windows.push({ fromMs: endMs + (rangeMs === 0 ? lookbackDeltaMs : rangeMs), toMs: endMs });
        const name = plan.matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=')?.value;
        if (name === undefined || open.has(name)) return;
        open.add(name);
        for (const source of recorded.get(name) ?? []) visitExpr(source, endMs);
        open.delete(name);
        return;
      }
      case 'matrix':
        isElementwise = false;
        visit(plan.selector, sinceMs, rangeMs + plan.rangeMs);
        return;
      case 'subquery':
        isElementwise = false;
        if (plan.atMs === null) visit(plan.expr, sinceMs + plan.offsetMs, rangeMs + plan.rangeMs);
        return;
      case 'aggregate':
        isElementwise = false;
        break;
      default:
    }
    for (const child of childrenOfPlan(plan)) visit(child, sinceMs, rangeMs);
  };
  visitExpr(expr, 0);
  return { windows, isElementwise };
}

const GAP_SHARE_MAX = 0.2;

/** `gaps`: in any order; they may overlap. */
export function isDisturbed({ windows }: Lookback, gaps: readonly Gap[], at: number): boolean {
  const inOrder = gaps.toSorted((a, b) => a.fromMs - b.fromMs);
  return windows.some((window) => {
    const from = at - window.fromMs;
    const to = at - window.toMs;
    let missing = 0;
    let counted = from;
    for (const gap of inOrder) {
      missing += Math.max(0, Math.min(to, gap.toMs) - Math.max(counted, gap.fromMs));
      counted = Math.max(counted, gap.toMs);
    }
    return missing > GAP_SHARE_MAX * (to - from);
  });
}
