import { expect, test } from 'vitest';
import { naturalLess } from './natural-order.ts';

test.each([
  ['node2', 'node10'],
  ['a', 'b'],
  ['4m5', '4m600'],
  ['4m600', '4m1000'],
  ['a', 'a1'],
  ['', 'a'],
  ['1', 'a'],
])('%j comes before %j', (a, b) => {
  expect([naturalLess(a, b), naturalLess(b, a)]).toEqual([true, false]);
});
