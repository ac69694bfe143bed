import { expect, test } from 'vitest';
import { goExp2, goLdexp, goLog, goLog2, goLog10, goMax, goMin, goPow } from './go-math.ts';

test.each([
  [1, 0],
  [Math.E, 1],
  [1.4780679713003337, 0.3907358101697352],
  [5e-324, -744.4400719213812],
  [Number.MAX_VALUE, 709.782712893384],
  [0, -Infinity],
  [Infinity, Infinity],
  [-1, Number.NaN],
])('ln(%d) is %d', (x, y) => {
  expect(goLog(x)).toBe(y);
});

test.each([
  [3, 8],
  [0.852, 1.8050014549248599],
  [-1074, 5e-324],
  [1023.75, 1.511673712831934e308],
  [1024, Infinity],
  [-1075, 0],
  [Number.NaN, Number.NaN],
])('2^%d is %d', (x, y) => {
  expect(goExp2(x)).toBe(y);
});

test('a number keeps its digits on the way to the subnormal ones', () => {
  expect([goLdexp(0.75, 1024), goLdexp(2 ** -53 + 0.5, -1021), goLdexp(1, -1100)]).toEqual([1.5 * 2 ** 1023, 2 ** -1074 + 2 ** -1022, 0]);
});

test.each([
  [8, 3],
  [2 ** -1074, -1074],
  [2 ** 1023, 1023],
  [3, 1.5849625007211563],
  [0.1, -3.321928094887362],
  [0, -Infinity],
  [Infinity, Infinity],
  [-1, Number.NaN],
  [Number.NaN, Number.NaN],
])('log2(%d) is %d', (x, y) => {
  expect(goLog2(x)).toBe(y);
});

test.each([
  [1000, 3],
  [0.5, -0.3010299956639812],
  [2, 0.3010299956639812],
  [1, 0],
  [0, -Infinity],
])('log10(%d) is %d', (x, y) => {
  expect(goLog10(x)).toBe(y);
});

test.each([
  ['max', goMax(Number.NaN, Infinity), Infinity],
  ['max', goMax(Number.NaN, 1), Number.NaN],
  ['min', goMin(-Infinity, Number.NaN), -Infinity],
  ['pow', goPow(1, Number.NaN), 1],
  ['pow', goPow(-1, Infinity), 1],
])('%s: %d is %d', (_, got, expected) => {
  expect(got).toBe(expected);
});
