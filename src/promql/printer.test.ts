import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryExpr, withoutSpans } from '../../test/support/arbitrary-expr.ts';
import type { Expr } from './ast.ts';
import { formatParseError } from './parse-error.ts';
import { type ParserOptions, parseExpr } from './parser.ts';
import { prettyExpr } from './prettier.ts';
import { printExpr } from './printer.ts';

const ALL: ParserOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  binopFillModifiers: true,
};

function parsed(text: string): Expr {
  const result = parseExpr(text, ALL);
  if ('expr' in result) return result.expr;
  throw new Error(result.errors.map((error) => `${text}\n${formatParseError(text, error)}`).join('\n'));
}

test('what is printed parses to the same tree', () => {
  fc.assert(
    fc.property(arbitraryExpr, (expr) => {
      expect(withoutSpans(parsed(printExpr(expr)))).toEqual(withoutSpans(expr));
    }),
    { numRuns: 500 },
  );
});

test('what is laid out over lines parses to the same tree', () => {
  fc.assert(
    fc.property(arbitraryExpr, fc.integer({ min: 0, max: 120 }), (expr, width) => {
      expect(withoutSpans(parsed(prettyExpr(expr, width)))).toEqual(withoutSpans(expr));
    }),
    { numRuns: 300 },
  );
});
