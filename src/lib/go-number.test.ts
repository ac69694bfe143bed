import { expect, test } from 'vitest';
import { parseGoNumber } from './go-number.ts';

test.each([
  ['1', 1],
  ['.5', 0.5],
  ['5.', 5],
  ['5e-3', 0.005],
  ['0xc', 12],
  ['0X_1F', 31],
  ['0755', 493],
  ['08', 8],
  ['0_7', 7],
  ['1_000', 1000],
  ['1_0.2_5e+0_1', 102.5],
  ['9223372036854775807', 2 ** 63],
  ['9223372036854775808', 2 ** 63],
  ['0777777777777777777777', 2 ** 63],
  ['07777777777777777777777', Number('7777777777777777777777')],
  ['000000000000000000000000000000017', 15],
  ['Inf', Infinity],
  ['+inf', Infinity],
  ['-Infinity', -Infinity],
  ['NaN', Number.NaN],
  ['-0', 0],
  ['-0x8000000000000000', -(2 ** 63)],
])('%s is %d', (text, value) => {
  expect(parseGoNumber(text)).toBe(value);
});

test.each([
  ['1__0', 'invalid syntax'],
  ['1_', 'invalid syntax'],
  ['0x', 'invalid syntax'],
  ['0x1e+5', 'invalid syntax'],
  ['0x10000000000000000', 'invalid syntax'],
  ['', 'invalid syntax'],
  ['1e999', 'value out of range'],
  ['1e9_99', 'value out of range'],
])('%s has the error of ParseFloat: %s', (text, problem) => {
  expect(parseGoNumber(text)).toEqual({ error: `strconv.ParseFloat: parsing "${text}": ${problem}` });
});

test('a very long number is no slower to refuse than to read', () => {
  expect(parseGoNumber('9'.repeat(1_000_000))).toMatchObject({ error: expect.stringContaining('value out of range') });
  expect(parseGoNumber(`0x${'f'.repeat(1_000_000)}`)).toMatchObject({ error: expect.stringContaining('invalid syntax') });
});
