import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { SeriesTable } from './series-table.ts';
import { SymbolTable } from './symbol-table.ts';

const labelsOf = (n: number): Labels =>
  Labels.fromPairs(Array.from({ length: 1 + (n % 3) }, (_, i) => [`n${i}`, `value-${(n * 7 + i) % 40}`]));

test('series are found by their labels, as a map would find them, and leave nothing behind', () => {
  const step = fc.record({ n: fc.nat(60), removes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const symbols = new SymbolTable();
      const table = new SeriesTable(symbols);
      const slots = new Map<string, number>();
      const refs = new Map<string, number>();
      const formerRefs = new Set<number>();
      for (const { n, removes } of steps) {
        const labels = labelsOf(n);
        const key = labels.key();
        const known = slots.get(key);
        if (known !== undefined && removes) {
          formerRefs.add(table.refs[known]!);
          table.remove(known);
          slots.delete(key);
          refs.delete(key);
        } else {
          let added = 0;
          const slot = table.findOrAdd(labels, (fresh) => {
            added = fresh;
          });
          expect(known === undefined ? added : known).toBe(slot);
          expect(added === 0).toBe(known !== undefined);
          expect(formerRefs.has(table.refs[slot]!)).toBe(false);
          slots.set(key, slot);
          refs.set(key, table.refs[slot]!);
        }
        for (const [other, slot] of slots) {
          expect(table.labels(slot).key()).toBe(other);
          expect(table.refs[slot]).toBe(refs.get(other));
        }
      }
      expect(table.count).toBe(slots.size);
      for (const slot of slots.values()) table.remove(slot);
      expect(symbols.count).toBe(0);
    }),
    { numRuns: 60 },
  );
});
