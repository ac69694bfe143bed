/**
 * Types and all else that a correct syntax may still have wrong, in the words and the order of checkAST in
 * prometheus/promql/parser/parse.go.
 */

import { goQuote } from '../lib/go-quote.ts';
import { unreachable } from '../lib/never.ts';
import { METRIC_NAME } from '../model/labels.ts';
import { matchesValue } from '../model/matcher.ts';
import type { AggregateExpr, BinaryExpr, BinaryOp, Call, Expr, Span, ValueType, VectorSelector } from './ast.ts';
import type { ParseError } from './parse-error.ts';
import { documentedType, typeOf } from './value-type.ts';

const COMPARISONS: ReadonlySet<BinaryOp> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const SET_OPS: ReadonlySet<BinaryOp> = new Set(['and', 'or', 'unless']);
const isInstant = (type: ValueType): boolean => type === 'scalar' || type === 'vector';

/**
 * What is wrong with a tree fresh from the parser. It also settles the tree's vector matching: none unless both sides
 * are vectors, many-to-many for the set operators.
 */
export function checkTypes(expr: Expr, bytes: Uint8Array): readonly ParseError[] {
  const checker = new Checker(bytes);
  checker.check(expr);
  return checker.errors;
}

class Checker {
  readonly errors: ParseError[] = [];
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case 'number':
        return 'scalar';
      case 'string':
        return 'string';
      case 'paren':
        return this.check(expr.expr);
      case 'unary': {
        const type = this.check(expr.expr);
        if (!isInstant(type)) {
          const got = goQuote(documentedType(type));
          this.#report(expr.span, `unary expression only allowed on expressions of type scalar or instant vector, got ${got}`);
        }
        return type;
      }
      case 'binary':
        return this.#binary(expr);
      case 'aggregate':
        return this.#aggregate(expr);
      case 'call':
        return this.#call(expr);
      case 'selector':
        return this.#selector(expr, { mayMatchAll: false });
      case 'matrix':
        this.check(expr.selector);
        return 'matrix';
      case 'subquery': {
        const type = this.check(expr.expr);
        if (type !== 'vector') this.#report(expr.span, `subquery is only allowed on instant vector, got ${type} instead`);
        return 'matrix';
      }
      default:
        return unreachable(expr);
    }
  }

  #aggregate(expr: AggregateExpr): ValueType {
    this.#expect('vector', expr.expr, 'aggregation expression');
    if (expr.param !== null) this.#expect(expr.op === 'count_values' ? 'string' : 'scalar', expr.param, 'aggregation parameter');
    return 'vector';
  }

  #expect(wanted: ValueType, expr: Expr, context: string): void {
    const type = this.check(expr);
    if (type !== wanted) {
      this.#report(expr.span, `expected type ${documentedType(wanted)} in ${context}, got ${documentedType(type)}`);
    }
  }

  #binary(expr: BinaryExpr): ValueType {
    const left = this.check(expr.lhs);
    const right = this.check(expr.rhs);
    const { op, matching } = expr;
    const isComparison = COMPARISONS.has(op);
    const isSetOp = SET_OPS.has(op);
    if (expr.returnsBool && !isComparison) {
      this.#report(this.#operatorSpan(expr), 'bool modifier can only be used on comparison operators');
    }
    if (isComparison && !expr.returnsBool && left === 'scalar' && right === 'scalar') {
      this.#report(this.#operatorSpan(expr), 'comparisons between scalars must use BOOL modifier');
    }
    if (matching?.isOn === true) {
      const included = new Set(matching.include);
      for (const label of matching.labels) {
        if (!included.has(label)) continue;
        this.#report(this.#operatorSpan(expr), `label ${goQuote(label)} must not occur in ON and GROUP clause at once`);
      }
    }
    for (const side of [expr.lhs, expr.rhs]) {
      if (!isInstant(side === expr.lhs ? left : right)) {
        this.#report(side.span, 'binary expression must contain only scalar and instant vector types');
      }
    }
    const isBetweenVectors = left === 'vector' && right === 'vector';
    if (matching !== null) this.#matching(expr, matching, { isBetweenVectors, isSetOp });
    if ((left === 'scalar' || right === 'scalar') && isSetOp) {
      this.#report(expr.span, `set operator ${goQuote(op)} not allowed in binary scalar expression`);
    }
    return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
  }

  #matching(
    expr: BinaryExpr,
    matching: NonNullable<BinaryExpr['matching']>,
    { isBetweenVectors, isSetOp }: { readonly isBetweenVectors: boolean; readonly isSetOp: boolean },
  ): void {
    const hasFill = matching.fillLeft !== null || matching.fillRight !== null;
    if (!isBetweenVectors) {
      if (matching.labels.length > 0) this.#report(expr.span, 'vector matching only allowed between instant vectors');
      if (hasFill) this.#report(expr.span, 'filling in missing series only allowed between instant vectors');
      settle(expr, null);
    } else if (isSetOp) {
      if (matching.card !== 'one-to-one') {
        this.#report(expr.span, `no grouping allowed for ${goQuote(expr.op)} operation`);
        this.#report(expr.span, 'set operations must always be many-to-many');
      }
      if (hasFill) this.#report(expr.span, 'filling in missing series not allowed for set operators');
      settle(expr, { ...matching, card: 'many-to-many' });
    }
  }

  /** From the operator to what precedes the right side. Prometheus' end lies one short. */
  #operatorSpan({ lhs, rhs }: BinaryExpr): Span {
    let start = lhs.span.end;
    while (isSpace(this.#bytes[start])) start++;
    let end = rhs.span.start - 1;
    while (isSpace(this.#bytes[end])) end--;
    return { start, end };
  }

  #call(expr: Call): ValueType {
    const { func, args } = expr;
    const name = goQuote(func.name);
    const least = func.args.length - 1;
    const most = least + func.variadic;
    if (func.variadic === 0) {
      if (args.length !== func.args.length) {
        this.#report(expr.span, `expected ${func.args.length} argument(s) in call to ${name}, got ${args.length}`);
      }
    } else if (args.length < least) {
      this.#report(expr.span, `expected at least ${least} argument(s) in call to ${name}, got ${args.length}`);
    } else if (func.variadic > 0 && args.length > most) {
      this.#report(expr.span, `expected at most ${most} argument(s) in call to ${name}, got ${args.length}`);
    }
    if (func.name === 'info') this.#infoSelector(expr);
    for (const [i, arg] of args.entries()) {
      const wanted = func.args[i] ?? (func.variadic === 0 ? undefined : func.args.at(-1));
      if (wanted === undefined) break;
      const isInfoSelector = func.name === 'info' && i === 1 && arg.kind === 'selector';
      const type = isInfoSelector ? this.#selector(arg, { mayMatchAll: arg.name === '' }) : this.check(arg);
      if (type !== wanted) {
        this.#report(arg.span, `expected type ${documentedType(wanted)} in call to function ${name}, got ${documentedType(type)}`);
      }
    }
    return func.returns;
  }

  /** The second argument of info(): label matchers in the guise of a selector. */
  #infoSelector(expr: Call): void {
    const selector = expr.args[1];
    if (selector === undefined) return;
    const type = typeOf(selector);
    if (type !== 'vector') {
      this.#report(expr.span, `expected type instant vector in call to function "info", got ${documentedType(type)}`);
    }
    if (selector.kind !== 'selector') this.#report(selector.span, 'expected label selectors only');
    else if (selector.name !== '') this.#report(selector.span, 'expected label selectors only, got vector selector instead');
  }

  #selector(expr: VectorSelector, { mayMatchAll }: { readonly mayMatchAll: boolean }): ValueType {
    if (expr.name !== '') {
      for (const matcher of expr.matchers.slice(0, -1)) {
        if (matcher.name !== METRIC_NAME) continue;
        this.#report(expr.span, `metric name must not be set twice: ${goQuote(expr.name)} or ${goQuote(matcher.value)}`);
      }
    } else if (!mayMatchAll && expr.matchers.every((matcher) => matchesValue(matcher, ''))) {
      this.#report(expr.span, 'vector selector must contain at least one non-empty matcher');
    }
    return 'vector';
  }

  #report(span: Span, message: string): void {
    this.errors.push({ message, span });
  }
}

/** The tree is not yet handed out: until then it may change. */
function settle(expr: BinaryExpr, matching: BinaryExpr['matching']): void {
  (expr as { -readonly [K in keyof BinaryExpr]: BinaryExpr[K] }).matching = matching;
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
