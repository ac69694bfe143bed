import { expect, test } from 'vitest';
import { finish } from './finish.ts';
import { goSort } from './go-sort.ts';

/** NaN before everything, itself included: a comparison that contradicts itself. */
const nanFirst = (a: number, b: number): boolean => Number.isNaN(a) || a < b;
/** Only even numbers can be compared. */
const evenOnly = (a: number, b: number): boolean => a % 2 === 0 && b % 2 === 0 && a < b;

test.each([
  { items: [3, 1, 2], less: nanFirst, sorted: [1, 2, 3] },
  { items: [3, Number.NaN, 1], less: nanFirst, sorted: [Number.NaN, 1, 3] },
  { items: [4, 1, 2, 0], less: evenOnly, sorted: [4, 1, 0, 2] },
  { items: Array.from({ length: 40 }, (_, i) => (i * 7) % 40), less: nanFirst, sorted: Array.from({ length: 40 }, (_, i) => i) },
])('$items is $sorted', ({ items, less, sorted }) => {
  expect(finish(goSort([...items], less))).toEqual(sorted);
});

test.each([5, 12, 13, 50])('of %i elements, equal ones keep their order', (length) => {
  const items = Array.from({ length }, (_, place) => ({ key: place % 3, place }));
  finish(goSort(items, (a, b) => a.key < b.key));
  expect(items.every(({ key, place }, i) => i === 0 || key > (items[i - 1]?.key ?? 0) || place > (items[i - 1]?.place ?? 0))).toBe(true);
});
