import { expect, test } from 'vitest';
import { printMatcher } from '../model/matcher.ts';
import type { Expr } from './ast.ts';
import { exceedsDepth, selectorsOf, walkExpr } from './ast-walk.ts';
import { parseExpr } from './parser.ts';
import { printExpr } from './printer.ts';

function parsed(text: string): Expr {
  const result = parseExpr(text, {
    experimentalFunctions: true,
    durationExpressions: true,
    extendedRangeSelectors: true,
    binopFillModifiers: true,
  });
  if ('expr' in result) return result.expr;
  throw new Error(result.errors[0]?.message);
}

test('a walk visits parents first and knows the way from the root', () => {
  const seen: string[] = [];
  walkExpr(parsed('-(topk(2, a) + rate(b[1m]))'), (node, path) => {
    seen.push([...path, node].map(({ kind }) => kind).join(' '));
  });
  expect(seen).toEqual([
    'unary',
    'unary paren',
    'unary paren binary',
    'unary paren binary aggregate',
    'unary paren binary aggregate selector',
    'unary paren binary aggregate number',
    'unary paren binary call',
    'unary paren binary call matrix',
    'unary paren binary call matrix selector',
  ]);
});

test('the selectors of an expression are those of all its parts', () => {
  const selectors = selectorsOf(parsed('sum(a{x="1"}) / on (y) rate({"b.c"}[5m]) > vector(scalar(d))'));
  expect(selectors.map((matchers) => matchers.map(printMatcher))).toEqual([
    ['x="1"', '__name__="a"'],
    ['__name__="b.c"'],
    ['__name__="d"'],
  ]);
});

test.each([
  ['a', 1],
  ['-(a + b)', 4],
  ['a[1m + 2m]', 3],
  ['a[5m:(1m + 2m) * 2] offset (1m)', 4],
])('%s is %d levels deep', (text, depth) => {
  const expr = parsed(text);
  expect([exceedsDepth(expr, depth - 1), exceedsDepth(expr, depth)]).toEqual([true, false]);
  expect(printExpr(expr)).toBe(text);
});
