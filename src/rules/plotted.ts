/**
 * What of an alert's expression is worth drawing: the value, and what it is compared with. `rate(x[5m])` and `> 3` of
 * `rate(x[5m]) > 3`; of `a > 3 and b`, of `a > 3 unless b` the same of their left side, whose values the alerts have.
 * Without a comparison, and with one that gives 0 or 1 (`bool`), the whole.
 */
import type { BinaryOp, Expr } from '../promql/ast.ts';
import { isScalar } from './unfiltered.ts';

export type Comparison = {
  readonly value: Expr;
  /** As it reads with the value on the left. */
  readonly op: '==' | '!=' | '<' | '<=' | '>' | '>=';
  readonly other: Expr;
};

export type Plotted = { readonly value: Expr; readonly threshold: Omit<Comparison, 'value'> | null };

export function plotted(expr: Expr): Plotted {
  const comparison = comparisonOf(expr);
  if (comparison !== null) {
    const { value, ...threshold } = comparison;
    return { value: plotted(value).value, threshold };
  }
  if (expr.kind === 'binary' && (expr.op === 'and' || expr.op === 'unless')) return plotted(expr.lhs);
  if (expr.kind !== 'paren') return { value: expr, threshold: null };
  const inner = plotted(expr.expr);
  return inner.threshold === null ? { value: expr, threshold: null } : inner;
}

/** The comparison that an expression is, parentheses or not; null where it is none that filters. */
export function comparisonOf(expr: Expr): Comparison | null {
  if (expr.kind === 'paren') return comparisonOf(expr.expr);
  if (expr.kind !== 'binary' || expr.returnsBool) return null;
  const ops = OPS.get(expr.op);
  if (ops === undefined) return null;
  return isScalar(expr.lhs)
    ? { value: expr.rhs, op: ops.mirrored, other: expr.lhs }
    : { value: expr.lhs, op: ops.straight, other: expr.rhs };
}

/** Comparisons, as they read from either side. */
const OPS: ReadonlyMap<BinaryOp, { readonly straight: Comparison['op']; readonly mirrored: Comparison['op'] }> = new Map([
  ['==', { straight: '==', mirrored: '==' }],
  ['!=', { straight: '!=', mirrored: '!=' }],
  ['<', { straight: '<', mirrored: '>' }],
  ['<=', { straight: '<=', mirrored: '>=' }],
  ['>', { straight: '>', mirrored: '<' }],
  ['>=', { straight: '>=', mirrored: '<=' }],
]);
