/**
 * Durations and the arithmetic on them, where PromQL wants a length: in brackets and after `offset`. Literals count in
 * seconds. Follows the rules duration_expr and offset_duration_expr of prometheus/promql/parser/generated_parser.y.
 */
import type { DurationExpr, NumberLiteral, Span } from './ast.ts';
import { negated, parseLiteral, startingAt } from './literal.ts';
import type { Token, TokenKind } from './token.ts';
import type { TokenReader } from './token-reader.ts';

export type Length = NumberLiteral | DurationExpr;

type BinaryOp = '+' | '-' | '*' | '/' | '%' | '^';
const PRECEDENCE: Partial<Record<TokenKind, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 };
const LOWEST = 1;
/** A sign binds as `*` does: -2^2 is -(2^2). */
const ABOVE_SIGN = 3;

export class DurationParser {
  readonly #reader: TokenReader;
  readonly #isArithmeticEnabled: boolean;

  constructor(reader: TokenReader, options: { readonly durationExpressions: boolean }) {
    this.#reader = reader;
    this.#isArithmeticEnabled = options.durationExpressions;
  }

  /** A length in brackets. */
  parsePositive(): Length {
    const length = this.#binary(LOWEST);
    if (length.kind !== 'number' || length.value > 0) return length;
    this.#reader.report(length.span, 'duration must be greater than 0');
    return ZERO;
  }

  /**
   * A length after `offset`. Binary operators after it belong to the expression around it, unless the length starts
   * with a parenthesis or with two signs: `foo offset 5m - 8` is a difference, `foo offset (5m) - 8` an offset.
   */
  parseOffset(): Length {
    const reader = this.#reader;
    const token = reader.peek();
    if (token.kind === '(') return this.#binary(LOWEST);
    if (token.kind !== '+' && token.kind !== '-') return this.#operand();
    reader.advance();
    switch (reader.peek().kind) {
      case '+':
      case '-': {
        const operand = this.#signed(token, this.#binary(ABOVE_SIGN));
        return this.#binaryAfter(operand, LOWEST);
      }
      case 'number':
      case 'duration': {
        const literal = parseLiteral(reader);
        return this.#inRange(startingAt(token.start, token.kind === '-' ? negated(literal) : literal), token);
      }
      case '(': {
        reader.advance();
        const inner = this.#binary(LOWEST);
        reader.expect(')');
        return this.#signed(token, parenthesized(inner, inner.span));
      }
      case 'step':
      case 'range':
      case 'min_of':
      case 'max_of': {
        const rhs = this.#function();
        // Prometheus takes the last argument's end for the end of the function here.
        const end = extentOf(rhs).end;
        const operand = rhs.rhs === null ? rhs : { ...rhs, span: { start: rhs.span.start, end } };
        const span = { start: token.start, end };
        this.#requireArithmetic(span);
        return { kind: 'duration', op: token.kind, lhs: null, rhs: operand, isWrapped: false, span };
      }
      default:
        return reader.unexpected();
    }
  }

  #binary(minPrecedence: number): Length {
    this.#reader.enter();
    const length = this.#binaryAfter(this.#unary(), minPrecedence);
    this.#reader.leave();
    return length;
  }

  /** What follows the left operand. */
  #binaryAfter(first: Length, minPrecedence: number): Length {
    let lhs = first;
    for (;;) {
      const token = this.#reader.peek();
      const precedence = PRECEDENCE[token.kind];
      if (precedence === undefined || precedence < minPrecedence) return lhs;
      this.#reader.advance();
      const rhs = this.#binary(token.kind === '^' ? precedence : precedence + 1);
      lhs = this.#combined(lhs, token, rhs);
    }
  }

  #combined(lhs: Length, token: Token, rhs: Length): Length {
    this.#requireArithmetic(extentOf(lhs));
    const isZero = rhs.kind === 'number' && rhs.value === 0;
    if (isZero && (token.kind === '/' || token.kind === '%')) {
      this.#reader.report(token, token.kind === '/' ? 'division by zero' : 'modulo by zero');
      return ZERO;
    }
    const span = { start: extentOf(lhs).start, end: extentOf(rhs).end };
    return { kind: 'duration', op: token.kind as BinaryOp, lhs, rhs, isWrapped: false, span };
  }

  #unary(): Length {
    const token = this.#reader.accept('-') ?? this.#reader.accept('+');
    return token === null ? this.#operand() : this.#signed(token, this.#binary(ABOVE_SIGN));
  }

  #signed(sign: Token, operand: Length): Length {
    if (operand.kind === 'number') {
      return startingAt(sign.start, sign.kind === '-' ? negated(operand) : operand);
    }
    if (sign.kind !== '-') return operand;
    const span = { start: sign.start, end: extentOf(operand).end };
    return { kind: 'duration', op: '-', lhs: null, rhs: operand, isWrapped: false, span };
  }

  #operand(): Length {
    const reader = this.#reader;
    const token = reader.peek();
    switch (token.kind) {
      case 'number':
      case 'duration': {
        const literal = parseLiteral(reader);
        return this.#inRange(literal, literal.span);
      }
      case '(': {
        reader.advance();
        const inner = this.#binary(LOWEST);
        const close = reader.expect(')');
        this.#requireArithmetic(extentOf(inner));
        return parenthesized(inner, { start: token.start, end: close.end });
      }
      case 'step':
      case 'range':
      case 'min_of':
      case 'max_of': {
        const call = this.#function();
        this.#requireArithmetic(extentOf(call));
        return call;
      }
      default:
        return reader.unexpected();
    }
  }

  /** step(), range(), min_of(a, b) or max_of(a, b). */
  #function(): DurationExpr {
    const reader = this.#reader;
    const { kind, start } = reader.advance();
    reader.expect('(');
    switch (kind) {
      case 'step':
      case 'range':
        return { kind: 'duration', op: kind, lhs: null, rhs: null, isWrapped: false, span: { start, end: reader.expect(')').end } };
      case 'min_of':
      case 'max_of': {
        const lhs = this.#binary(LOWEST);
        reader.expect(',');
        const rhs = this.#binary(LOWEST);
        return { kind: 'duration', op: kind, lhs, rhs, isWrapped: false, span: { start, end: reader.expect(')').end } };
      }
      default:
        throw new Error(`BUG: ${kind} is no duration function`);
    }
  }

  #inRange(literal: NumberLiteral, at: Span): NumberLiteral {
    if (Math.abs(literal.value) <= SECONDS_MAX) return literal;
    this.#reader.report(at, 'duration out of range');
    return ZERO;
  }

  #requireArithmetic(span: Span): void {
    if (!this.#isArithmeticEnabled) this.#reader.report(span, 'experimental duration expression is not enabled');
  }
}

/** Go's time.Duration holds this many seconds. A NaN is as little a length as too large a number is. */
const SECONDS_MAX = 2 ** 63 / 1e9;

/** Stands for a length that was reported as wrong; it lies nowhere. */
const ZERO: NumberLiteral = { kind: 'number', value: 0, isDuration: false, span: { start: 0, end: 0 } };

/** Parentheses are kept: as a flag of the expression, or as a + before a literal, which has no such flag. */
function parenthesized(inner: Length, span: Span): DurationExpr {
  if (inner.kind === 'duration') return { ...inner, isWrapped: true };
  return { kind: 'duration', op: '+', lhs: null, rhs: inner, isWrapped: true, span };
}

/**
 * Where Prometheus says that a length lies: min_of and max_of from their first argument to their last. The spans of
 * binary operations are made of extents already, so this follows nesting only, never a chain.
 */
function extentOf(length: Length): Span {
  if (length.kind === 'number' || length.rhs === null) return length.span;
  const { op, lhs, rhs, span } = length;
  if (lhs === null) return { start: span.start, end: extentOf(rhs).end };
  return op === 'min_of' || op === 'max_of' ? { start: extentOf(lhs).start, end: extentOf(rhs).end } : span;
}

/**
 * Whole milliseconds. A number of seconds is rounded to nanoseconds and then cut, as Go's durations are; a literal of
 * units is exact, also where nanoseconds no longer fit a double (from 104 days on) and Prometheus loses one.
 */
export function millisecondsOf({ value, isDuration }: NumberLiteral): number {
  if (isDuration) return Math.round(value * 1000) + 0; // no -0
  return Number(BigInt(Math.round(value * 1e9)) / 1_000_000n);
}
