import { expect, test } from 'vitest';
import { parseExpr } from '../promql/parser.ts';
import { printExpr } from '../promql/printer.ts';
import { plotted } from './plotted.ts';

const ALL = { experimentalFunctions: true, durationExpressions: true, extendedRangeSelectors: true, binopFillModifiers: true };

function shown(text: string): string {
  const parsed = parseExpr(text, ALL);
  if ('errors' in parsed) throw new Error(`does not parse: ${text}`);
  const { value, threshold } = plotted(parsed.expr);
  return threshold === null ? printExpr(value) : `${printExpr(value)} with ${threshold.op} ${printExpr(threshold.other)}`;
}

test.each([
  ['rate(x[5m]) > 0.5', 'rate(x[5m]) with > 0.5'],
  ['0.5 < rate(x[5m])', 'rate(x[5m]) with > 0.5'],
  ['(up == 0)', 'up with == 0'],
  ['-1 >= x', 'x with <= -1'],
  ['x > 2 * scalar(y)', 'x with > 2 * scalar(y)'],
  ['x > on (job) y', 'x with > y'],
  ['x > 3 and y < 2', 'x with > 3'],
  ['(x > 3) unless on (job) y', 'x with > 3'],
  ['(x > 3) < 9', 'x with < 9'],
  ['x > 3 or y > 4', 'x > 3 or y > 4'],
  ['x > bool 3', 'x > bool 3'],
  ['absent(up)', 'absent(up)'],
  ['count(up == 0) > 3', 'count(up == 0) with > 3'],
  ['x', 'x'],
  ['(x + y)', '(x + y)'],
])('of %s is drawn %s', (text, drawn) => {
  expect(shown(text)).toBe(drawn);
});
