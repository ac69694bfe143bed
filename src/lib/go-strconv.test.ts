import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canBackquote, type FloatVerb, formatFloat, formatFloatBinary, parseFloat64, parseInteger } from './go-strconv.ts';

test.each([
  { value: 0, verb: 'g', precision: -1, text: '0' },
  { value: -0, verb: 'g', precision: -1, text: '-0' },
  { value: 123_456, verb: 'g', precision: -1, text: '123456' },
  { value: 1_234_567, verb: 'g', precision: -1, text: '1.234567e+06' },
  { value: 0.0001, verb: 'g', precision: -1, text: '0.0001' },
  { value: 0.00001, verb: 'g', precision: -1, text: '1e-05' },
  { value: 5e-324, verb: 'g', precision: -1, text: '5e-324' },
  { value: 1000, verb: 'g', precision: 4, text: '1000' },
  { value: 123.45, verb: 'g', precision: 4, text: '123.5' },
  { value: 99999, verb: 'g', precision: 4, text: '1e+05' },
  // Exact ties go to the even digit, where JavaScript's toFixed rounds up.
  { value: 0.5, verb: 'f', precision: 0, text: '0' },
  { value: 1.5, verb: 'f', precision: 0, text: '2' },
  { value: 2.5, verb: 'f', precision: 0, text: '2' },
  { value: 0.125, verb: 'f', precision: 2, text: '0.12' },
  { value: 0.05, verb: 'f', precision: 0, text: '0' },
  { value: 9.99, verb: 'f', precision: 1, text: '10.0' },
  { value: 1e23, verb: 'f', precision: -1, text: '100000000000000000000000' },
  { value: 1.25, verb: 'e', precision: 1, text: '1.2e+00' },
  { value: 0, verb: 'e', precision: 3, text: '0.000e+00' },
  { value: 1e100, verb: 'E', precision: 0, text: '1E+100' },
  { value: 1, verb: 'x', precision: -1, text: '0x1p+00' },
  { value: 1.96875, verb: 'x', precision: 1, text: '0x1.0p+01' },
  { value: 5e-324, verb: 'X', precision: -1, text: '0X1P-1074' },
  { value: Number.POSITIVE_INFINITY, verb: 'f', precision: 2, text: '+Inf' },
  { value: Number.NaN, verb: 'e', precision: 2, text: 'NaN' },
] as const)('$value as $verb with precision $precision is $text', ({ value, verb, precision, text }) => {
  expect(formatFloat(value, verb, precision)).toBe(text);
});

test('%b is the mantissa and the power of two', () => {
  expect(formatFloatBinary(1)).toBe('4503599627370496p-52');
  expect(formatFloatBinary(-(2 ** 60))).toBe('-4503599627370496p+8');
});

test('every float reads back from its shortest text, in every form', () => {
  const verbs: readonly FloatVerb[] = ['e', 'f', 'g', 'x'];
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.constantFrom(...verbs), (value, verb) => {
      expect(parseFloat64(formatFloat(value, verb, -1))).toBe(value);
    }),
  );
});

test.each([
  { text: '+1.5e3', value: 1500 },
  { text: '.5', value: 0.5 },
  { text: '5.', value: 5 },
  { text: '-infinity', value: Number.NEGATIVE_INFINITY },
  { text: '1_000.5', value: 1000.5 },
  { text: '0x1.8p1', value: 3 },
  { text: '0x_1p-1074', value: 5e-324 },
  {
    text: '0x1.fffffffffffff8p1023',
    value: Number.POSITIVE_INFINITY,
    error: 'strconv.ParseFloat: parsing "0x1.fffffffffffff8p1023": value out of range',
  },
  { text: '1e400', error: 'strconv.ParseFloat: parsing "1e400": value out of range' },
  { text: '', error: 'strconv.ParseFloat: parsing "": invalid syntax' },
  { text: '1_', error: 'strconv.ParseFloat: parsing "1_": invalid syntax' },
  { text: '0x1', error: 'strconv.ParseFloat: parsing "0x1": invalid syntax' },
  { text: '1 ', error: 'strconv.ParseFloat: parsing "1 ": invalid syntax' },
])('"$text" is read as in Go', ({ text, value, error }) => {
  expect(parseFloat64(text)).toEqual(error === undefined ? value : { error });
});

test.each(['1'.repeat(1 << 20), `1.${'1'.repeat(1 << 20)}`, '1_'.repeat(1 << 20), `0x${'1'.repeat(1 << 20)}`])(
  'what is long and no number in the end is refused promptly',
  (digits) => {
    expect(parseFloat64(`${digits}x`)).toHaveProperty('error');
  },
);

test.each([
  { text: '0', value: 0n },
  { text: '-12', value: -12n },
  { text: '0x_ff', value: 255n },
  { text: '0b101', value: 5n },
  { text: '0o17', value: 15n },
  { text: '017', value: 15n },
  { text: '1_000', value: 1000n },
  { text: '1__0', value: null },
  { text: '09', value: null },
  { text: 'x', value: null },
])('the integer $text is $value', ({ text, value }) => {
  expect(parseInteger(text)).toBe(value);
});

test('a raw literal holds neither a backquote nor control characters other than a tab', () => {
  expect(['a\tb', 'a`b', 'a\nb', 'a\udcffb', '🙂'].map(canBackquote)).toEqual([true, false, false, false, true]);
});
