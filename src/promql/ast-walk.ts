/** Ways through a syntax tree. */
import { unreachable } from '../lib/never.ts';
import type { Matcher } from '../model/matcher.ts';
import type { DurationExpr, Expr } from './ast.ts';

/** The expressions right below this one, in the order of the text; an aggregation's parameter comes last. */
function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return [];
    case 'paren':
    case 'unary':
    case 'subquery':
      return [expr.expr];
    case 'binary':
      return [expr.lhs, expr.rhs];
    case 'aggregate':
      return expr.param === null ? [expr.expr] : [expr.expr, expr.param];
    case 'call':
      return expr.args;
    case 'matrix':
      return [expr.selector];
    default:
      return unreachable(expr);
  }
}

/** Calls `visit` for the expression and all below it, parents first; `path` leads from the root to the parent. */
export function walkExpr(expr: Expr, visit: (expr: Expr, path: readonly Expr[]) => void): void {
  const path: Expr[] = [];
  const walk = (node: Expr): void => {
    visit(node, path);
    path.push(node);
    for (const child of childrenOf(node)) walk(child);
    path.pop();
  };
  walk(expr);
}

/** The matchers of every selector in the expression. */
export function selectorsOf(expr: Expr): readonly (readonly Matcher[])[] {
  const selectors: (readonly Matcher[])[] = [];
  walkExpr(expr, (node) => {
    if (node.kind === 'selector') selectors.push(node.matchers);
  });
  return selectors;
}

/** True when some leaf, durations included, lies more than `max` nodes deep. Does not recurse: a tree may be too deep for that. */
export function exceedsDepth(expr: Expr, max: number): boolean {
  const open: (readonly [node: Expr | DurationExpr, depth: number])[] = [[expr, 1]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, depth] = next;
    if (depth > max) return true;
    for (const child of partsOf(node)) open.push([child, depth + 1]);
  }
  return false;
}

function partsOf(node: Expr | DurationExpr): readonly (Expr | DurationExpr)[] {
  switch (node.kind) {
    case 'duration':
      return [node.lhs, node.rhs].filter((part) => part !== null);
    case 'selector':
      return node.offsetExpr === null ? [] : [node.offsetExpr];
    case 'matrix':
      return [node.selector, node.rangeExpr].filter((part) => part !== null);
    case 'subquery':
      return [node.expr, node.rangeExpr, node.stepExpr, node.offsetExpr].filter((part) => part !== null);
    default:
      return childrenOf(node);
  }
}
