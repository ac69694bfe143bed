import { expect, test } from 'vitest';
import { expressionJson } from './expression-json.ts';
import { parseExpr } from './parser.ts';

function jsonOf(text: string): unknown {
  const options = { experimentalFunctions: true, durationExpressions: true, extendedRangeSelectors: true, binopFillModifiers: true };
  const parsed = parseExpr(text, options);
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  return expressionJson(parsed.expr);
}

test.each([
  { query: 'x', fields: { type: 'vectorSelector', offset: 0, offsetExpr: null } },
  {
    query: 'x offset (step() - 1m)',
    fields: {
      offset: 0,
      offsetExpr: {
        type: 'durationExpr',
        op: '-',
        lhs: { type: 'durationExpr', op: 'step', lhs: null, rhs: null, wrapped: false },
        rhs: { type: 'numberLiteral', val: '60', duration: true },
        wrapped: true,
      },
    },
  },
  { query: 'x[5m]', fields: { type: 'matrixSelector', range: 300_000, rangeExpr: null, offsetExpr: null } },
  {
    query: 'x[5m * 2]',
    fields: {
      range: 0,
      rangeExpr: {
        op: '*',
        lhs: { val: '300', duration: true },
        rhs: { val: '2', duration: false },
      },
    },
  },
  {
    query: 'x[max_of(range(), 1m):step()]',
    fields: { type: 'subquery', rangeExpr: { op: 'max_of', lhs: { op: 'range' } }, stepExpr: { op: 'step' }, offsetExpr: null },
  },
])('$query has its arithmetic on durations', ({ query, fields }) => {
  expect(jsonOf(query)).toMatchObject(fields);
});
