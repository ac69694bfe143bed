/** A number in any of its spellings, or a duration in its place, which counts in seconds. */
import { parseGoNumber } from '../lib/go-number.ts';
import { parseDuration } from '../model/duration.ts';
import type { NumberLiteral } from './ast.ts';
import type { TokenReader } from './token-reader.ts';

/** The next token, which must be a number or a duration, as a literal. */
export function parseLiteral(reader: TokenReader): NumberLiteral {
  const token = reader.peek();
  if (token.kind !== 'number' && token.kind !== 'duration') return reader.unexpected();
  reader.advance();
  const span = { start: token.start, end: token.end };
  if (token.kind === 'number') {
    const value = parseGoNumber(token.text);
    if (typeof value === 'number') return { kind: 'number', value, isDuration: false, span };
    reader.report(span, `error parsing number: ${value.error}`);
    return { kind: 'number', value: 0, isDuration: false, span };
  }
  const ms = parseDuration(token.text);
  if (typeof ms === 'number') return { kind: 'number', value: ms / 1000, isDuration: true, span };
  reader.report(span, ms.error);
  return { kind: 'number', value: 0, isDuration: true, span };
}

/** A literal with a sign before it. */
export function negated(literal: NumberLiteral): NumberLiteral {
  return { ...literal, value: -literal.value };
}

export const startingAt = (start: number, literal: NumberLiteral): NumberLiteral => ({
  ...literal,
  span: { start, end: literal.span.end },
});
