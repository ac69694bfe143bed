import { expect, test } from 'vitest';
import { goLog2, goLog10, goMax, goMin, goPow } from './go-math.ts';

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
