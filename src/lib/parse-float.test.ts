import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FloatReader, parseGoFloat } from './parse-float.ts';

describe('reader', () => {
  const reader = new FloatReader();
  const read = (text: string): { end: number; value: number } => ({ end: reader.read(Buffer.from(`${text} `), 0), value: reader.value });

  test.each([
    '0',
    '-0',
    '1',
    '+1',
    '17',
    '1.',
    '.5',
    '-2.5',
    '1e3',
    '1E+3',
    '1e-3',
    '9007199254740991',
    '0.00007424100000000001',
    '1e22',
    '123456.789e-10',
  ])('reads %s', (text) => {
    expect(read(text)).toEqual({ end: text.length, value: Number(text) });
  });
  test.each([
    '',
    '.',
    '-',
    'e1',
    '1e',
    '1e+',
    '9007199254740992',
    '9007199254740993',
    '1e23',
    '1e-23',
    '1e400',
    'NaN',
    '+Inf',
    '99999999999999999999',
  ])('leaves %s to others', (text) => {
    expect(read(text).end).toBe(-1);
  });
  test('what it reads is what Number() says', () => {
    const decimal = fc.tuple(fc.integer(), fc.nat(), fc.integer({ min: -40, max: 40 })).map(([a, b, e]) => `${a}.${b}e${e}`);
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }).map(String), decimal), (text) => {
        const { end, value } = read(text);
        if (end >= 0) expect({ end, value }).toEqual({ end: text.length, value: Number(text) });
      }),
    );
  });
});

describe('parseGoFloat', () => {
  test.each([
    ['1', 1],
    ['1.', 1],
    ['.5e1', 5],
    ['9007199254740993', 9007199254740992],
    ['infinity', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
    ['nan', Number.NaN],
  ])('%s', (text, value) => {
    expect(parseGoFloat(text)).toBe(value);
  });
  test.each(['', ' 1', '0x10', '1e', '+nan', 'true', '1_0', 'Infinity1', '0b1', '.'])('%j is no number', (text) => {
    expect(parseGoFloat(text)).toEqual({ error: `strconv.ParseFloat: parsing "${text}": invalid syntax` });
  });
  test('what a double cannot hold is an error', () => {
    expect(parseGoFloat('1e400')).toEqual({ error: 'strconv.ParseFloat: parsing "1e400": value out of range' });
  });
  test('a megabyte of digits with a bad end is refused in no time', () => {
    expect(parseGoFloat(`${'1'.repeat(1_000_000)}x`)).toHaveProperty('error');
  });
});
