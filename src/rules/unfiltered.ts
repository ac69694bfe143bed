/**
 * The expression behind a condition: `rate(x[5m]) > 3` without `> 3`. When a firing alert's element is missing from the
 * condition's result, this tells a condition that became false (the element is still here) from data that went away.
 */
import type { BinaryExpr, BinaryOp, Expr } from '../promql/ast.ts';

const COMPARISONS: readonly BinaryOp[] = ['==', '!=', '<', '<=', '>', '>='];

/** The expression without its outer comparisons, or null where there is none to take away. */
export function unfilteredExpr(expr: Expr): Expr | null {
  switch (expr.kind) {
    case 'paren': {
      const inner = unfilteredExpr(expr.expr);
      return inner === null ? null : { ...expr, expr: inner };
    }
    case 'binary':
      return unfilteredBinary(expr);
    default:
      return null;
  }
}

function unfilteredBinary(expr: BinaryExpr): Expr | null {
  // A filter keeps the elements of its vector side; between two vectors, of the left one.
  if (COMPARISONS.includes(expr.op) && !expr.returnsBool) return isScalar(expr.lhs) ? expr.rhs : (unfilteredExpr(expr.lhs) ?? expr.lhs);
  // `a and b`, `a unless b`: the elements are a's, whatever b says.
  if (expr.op === 'and' || expr.op === 'unless') return unfilteredExpr(expr.lhs) ?? expr.lhs;
  if (expr.op === 'or') {
    const lhs = unfilteredExpr(expr.lhs);
    const rhs = unfilteredExpr(expr.rhs);
    return lhs === null && rhs === null ? null : { ...expr, lhs: lhs ?? expr.lhs, rhs: rhs ?? expr.rhs };
  }
  return null;
}

const isScalar = (expr: Expr): boolean => {
  switch (expr.kind) {
    case 'number':
      return true;
    case 'paren':
    case 'unary':
      return isScalar(expr.expr);
    case 'binary':
      return isScalar(expr.lhs) && isScalar(expr.rhs);
    case 'call':
      return expr.func.returns === 'scalar';
    default:
      return false;
  }
};
