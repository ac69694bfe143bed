/** The type that an expression evaluates to; known from its shape alone. */
import { unreachable } from '../lib/never.ts';
import type { Expr, ValueType } from './ast.ts';

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'paren':
    case 'unary':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.lhs) === 'scalar' && typeOf(expr.rhs) === 'scalar' ? 'scalar' : 'vector';
    case 'aggregate':
    case 'selector':
      return 'vector';
    case 'call':
      return expr.func.returns;
    case 'matrix':
    case 'subquery':
      return 'matrix';
    default:
      return unreachable(expr);
  }
}

/** The type's name in the documentation and in error texts. */
export function documentedType(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}
