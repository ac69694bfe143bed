import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextWriter } from './text-writer.ts';

const decoder = new TextDecoder();

function written(write: (out: TextWriter) => void): string {
  const out = new TextWriter(1);
  write(out);
  return decoder.decode(out.finish());
}

/** Numbers as they are in metrics, and those that are hard to print: near powers, halves and the ends of the digits. */
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.integer().map((n) => n / 100),
  fc.tuple(fc.integer(), fc.integer({ min: 1, max: 1_000_000 })).map(([a, b]) => a / b),
  fc.tuple(fc.integer({ min: -30, max: 60 }), fc.integer({ min: -3, max: 3 })).map(([e, ulps]) => 2 ** e * (1 + ulps * 2 ** -52)),
  fc.tuple(fc.integer({ min: -8, max: 22 }), fc.integer({ min: -3, max: 3 })).map(([e, ulps]) => Number(`1e${e}`) * (1 + ulps * 2 ** -52)),
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 17n }), fc.integer({ min: -20, max: 3 })).map(([digits, e]) => Number(`${digits}e${e}`)),
  fc
    .tuple(fc.bigInt({ min: 10n ** 14n, max: 10n ** 16n }), fc.integer({ min: -22, max: 0 }))
    .map(([digits, e]) => Number(`${digits}5e${e}`)),
  fc.tuple(fc.integer({ min: -22, max: 49 }), fc.maxSafeInteger()).map(([e, bits]) => 2 ** e * (1 + Math.abs(bits) * 2 ** -53)),
  fc.tuple(fc.nat(0xffff), fc.integer({ min: 0, max: 40 })).map(([n, places]) => n / 2 ** places),
  fc.tuple(fc.nat(), fc.integer({ min: 3, max: 6 })).map(([n, places]) => n / 10 ** places),
  fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 1 }).map((steps) => steps.reduce((sum, step) => sum + step / 100, 50)),
  fc.constantFrom(0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1e-6, 1e15, 1e16, 1e21, 123456.5, 4503599627370495.5),
);

test('numbers are written as String has them', () => {
  fc.assert(
    fc.property(number, (value) => {
      const both = written((out) => {
        out.number(value);
        out.byte(0x2c);
        out.number(-value);
      });
      expect(both).toBe(`${value},${-value}`);
    }),
    { numRuns: 20_000 },
  );
});

test('what was written is repeated, however long it is, to the byte', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.nat(), fc.nat(), fc.string({ unit: 'grapheme-ascii' }), (text, a, b, after) => {
      const [from, to] = [a % (text.length + 1), b % (text.length + 1)].sort((x, y) => x - y) as [number, number];
      const twice = written((out) => {
        out.ascii(text);
        out.repeat(from, to - from);
        out.ascii(after);
      });
      expect(twice).toBe(text + text.slice(from, to) + after);
    }),
  );
});

test('whole numbers are written to the last digit', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 9, 10, 99, 999_999_999, 1e9, 1e9 + 7, 2 ** 53)), (value) => {
      expect(written((out) => out.integer(value))).toBe(String(value));
    }),
  );
});

test.each([
  [0, '0'],
  [1, '0.001'],
  [-20, '-0.020'],
  [300, '0.300'],
  [9_999, '9.999'],
  [-60_000, '-60'],
  [1_700_000_000_000, '1700000000'],
  [1_700_000_000_005, '1700000000.005'],
  [-62_135_596_799_999, '-62135596799.999'],
  [2 ** 53 - 1, '9007199254740.991'],
])('%i thousandths are %s', (value, text) => {
  expect(written((out) => out.thousandths(value))).toBe(text);
});

test('strings are JSON', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom('é', '\u2028', '𝒳', '\0')), (text) => {
      expect(JSON.parse(written((out) => out.string(text)))).toBe(text);
    }),
  );
  expect(written((out) => out.string('a"\\\n\u007fé'))).toBe(JSON.stringify('a"\\\n\u007fé'));
  expect(written((out) => out.string('a\ud800'))).toBe('"a\ufffd"');
});
