import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slicedSort } from './sliced-sort.ts';

function sorted<T>(items: T[], compare: (a: T, b: T) => number): { readonly items: T[]; readonly pieces: number[] } {
  const pieces: number[] = [];
  const steps = slicedSort(items, compare);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { items: step.value, pieces };
    pieces.push(step.value);
  }
}

test.each([0, 1, 4096, 4097, 8192, 8193, 50_000])('%i items are sorted, equal ones in the order they came', (length) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), (keys) => {
      const given = Array.from({ length }, (_, i) => ({ key: Math.imul(i, 0x9e3779b1) % keys, i }));
      const expected = [...given].sort((a, b) => a.key - b.key);
      const result = sorted(given, (a, b) => a.key - b.key);
      expect(result.items).toBe(given);
      expect(result.items).toEqual(expected);
      expect(Math.max(0, ...result.pieces)).toBeLessThanOrEqual(4096);
      expect(result.pieces.length > 0).toBe(length > 4096);
    }),
    { numRuns: 3 },
  );
});
