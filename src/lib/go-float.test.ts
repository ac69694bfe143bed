import { expect, test } from 'vitest';
import { goFormatE, goFormatF, goFormatG } from './go-float.ts';

test.each([
  { value: 0, f: '0', e: '0e+00', g: '0' },
  { value: -0, f: '-0', e: '-0e+00', g: '-0' },
  { value: 1.5, f: '1.5', e: '1.5e+00', g: '1.5' },
  { value: -123456, f: '-123456', e: '-1.23456e+05', g: '-123456' },
  { value: 1_000_000, f: '1000000', e: '1e+06', g: '1e+06' },
  { value: 1353755652, f: '1353755652', e: '1.353755652e+09', g: '1.353755652e+09' },
  { value: 1e22, f: '10000000000000000000000', e: '1e+22', g: '1e+22' },
  { value: 1.25e-9, f: '0.00000000125', e: '1.25e-09', g: '1.25e-09' },
  { value: 0.0001, f: '0.0001', e: '1e-04', g: '0.0001' },
  { value: 1e100, f: `1${'0'.repeat(100)}`, e: '1e+100', g: '1e+100' },
  { value: Number.NaN, f: 'NaN', e: 'NaN', g: 'NaN' },
  { value: Infinity, f: '+Inf', e: '+Inf', g: '+Inf' },
  { value: -Infinity, f: '-Inf', e: '-Inf', g: '-Inf' },
])('$value is $f, $e or $g', ({ value, f, e, g }) => {
  expect([goFormatF(value), goFormatE(value), goFormatG(value)]).toEqual([f, e, g]);
});
