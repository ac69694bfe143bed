import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BitReader, BitWriter } from './varbit.ts';

const EDGES = [3, 6, 9, 12, 18, 25, 53].flatMap((width) => [-1, 0, 1, 2].map((off) => 2 ** (width - 1) + off));
const signed = fc.oneof(fc.constantFrom(0, ...EDGES, ...EDGES.map((n) => -n)), fc.integer(), fc.maxSafeInteger());
const unsigned = fc.oneof(fc.constantFrom(0, ...EDGES, ...EDGES.map((n) => n * 2)), fc.nat(), fc.maxSafeNat());

test('integers of all widths are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(signed, unsigned), { maxLength: 30 }), (pairs) => {
      const writer = new BitWriter(1);
      for (const [int, uint] of pairs) {
        writer.varbitInt(int);
        writer.varbitUint(uint);
      }
      const reader = new BitReader(writer.bytes, 0, writer.length);
      for (const [int, uint] of pairs) expect([reader.varbitInt(), reader.varbitUint()]).toEqual([int, uint]);
      expect(reader.failed).toBe(false);
    }),
    { numRuns: 500 },
  );
});

// Prefix and width by the table of docs/format/chunks.md.
test.each([
  { value: 0, bits: 1 },
  { value: 4, bits: 5 },
  { value: -3, bits: 5 },
  { value: -4, bits: 9 },
  { value: 32, bits: 9 },
  { value: 256, bits: 13 },
  { value: 2048, bits: 17 },
  { value: 131_072, bits: 24 },
  { value: 131_073, bits: 32 },
  { value: 16_777_217, bits: 64 },
])('$value takes $bits bits', ({ value, bits }) => {
  const writer = new BitWriter(16);
  writer.varbitInt(value);
  expect(writer.position).toBe(bits);
});
