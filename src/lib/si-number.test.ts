import { expect, test } from 'vitest';
import { siNumber } from './si-number.ts';

test.each([
  [0, '0'],
  [-0, '0'],
  [1, '1'],
  [0.5, '0.5'],
  [0.30000000000000004, '0.3'],
  [-12.3456, '-12.35'],
  [0.0012, '0.0012'],
  [0.00012, '120µ'],
  [4e-8, '40n'],
  [1e-12, '1e-12'],
  [999.94, '999.9'],
  [999.96, '1k'],
  [1000, '1k'],
  [12_500, '12.5k'],
  [999_999, '1M'],
  [3.2e9, '3.2G'],
  [-5e15, '-5P'],
  [1e18, '1e+18'],
  [1.234e21, '1.23e+21'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
])('%d is %s', (value, text) => {
  expect(siNumber(value)).toBe(text);
});
