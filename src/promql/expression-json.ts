/** The syntax tree as GET /api/v1/parse_query gives it (prometheus/web/api/v1/translate_ast.go). */
import { goFormatF } from '../lib/go-float.ts';
import { unreachable } from '../lib/never.ts';
import type { Matcher } from '../model/matcher.ts';
import type { AtModifier, BinaryExpr, DurationExpr, Expr, NumberLiteral, SubqueryExpr, VectorMatching, VectorSelector } from './ast.ts';

export function expressionJson(expr: Expr): unknown {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: goFormatF(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'paren':
      return { type: 'parenExpr', expr: expressionJson(expr.expr) };
    case 'unary':
      return { type: 'unaryExpr', op: expr.op, expr: expressionJson(expr.expr) };
    case 'binary':
      return binaryJson(expr);
    case 'aggregate':
      return {
        type: 'aggregation',
        op: expr.op,
        expr: expressionJson(expr.expr),
        param: expr.param === null ? null : expressionJson(expr.param),
        grouping: expr.grouping,
        without: expr.isWithout,
      };
    case 'call': {
      const { name, args, variadic, returns } = expr.func;
      return { type: 'call', func: { name, argTypes: args, variadic, returnType: returns }, args: expr.args.map(expressionJson) };
    }
    case 'selector':
      return { type: 'vectorSelector', ...selectorFields(expr) };
    case 'matrix':
      return {
        type: 'matrixSelector',
        ...selectorFields(expr.selector),
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
      };
    case 'subquery':
      return {
        type: 'subquery',
        expr: expressionJson(expr.expr),
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
        offset: expr.offsetMs,
        offsetExpr: durationJson(expr.offsetExpr),
        step: expr.stepMs,
        stepExpr: durationJson(expr.stepExpr),
        ...atFields(expr),
      };
    default:
      return unreachable(expr);
  }
}

const binaryJson = ({ op, lhs, rhs, matching, returnsBool }: BinaryExpr): unknown => ({
  type: 'binaryExpr',
  op,
  lhs: expressionJson(lhs),
  rhs: expressionJson(rhs),
  matching: matching === null ? null : matchingJson(matching),
  bool: returnsBool,
});

const matchingJson = ({ card, labels, isOn, include, fillLeft, fillRight }: VectorMatching): unknown => ({
  card,
  labels,
  on: isOn,
  include,
  fillValues: { lhs: fillLeft, rhs: fillRight },
});

const selectorFields = (selector: VectorSelector): Record<string, unknown> => ({
  name: selector.name,
  offset: selector.offsetMs,
  offsetExpr: durationJson(selector.offsetExpr),
  matchers: selector.matchers.map(matcherJson),
  ...atFields(selector),
  anchored: selector.isAnchored,
  smoothed: selector.isSmoothed,
});

/** Arithmetic on durations; null where the length is a plain one. */
function durationJson(length: DurationExpr | NumberLiteral | null): unknown {
  if (length === null) return null;
  if (length.kind === 'number') return { type: 'numberLiteral', val: goFormatF(length.value), duration: length.isDuration };
  const { op, lhs, rhs, isWrapped } = length;
  return { type: 'durationExpr', op, lhs: durationJson(lhs), rhs: durationJson(rhs), wrapped: isWrapped };
}

const matcherJson = ({ name, op, value }: Matcher): unknown => ({ name, value, type: op });

const atFields = ({ at }: { readonly at: AtModifier | null } | SubqueryExpr): Record<string, unknown> => ({
  timestamp: at?.kind === 'time' ? at.ms : null,
  startOrEnd: at === null || at.kind === 'time' ? null : at.kind,
});
