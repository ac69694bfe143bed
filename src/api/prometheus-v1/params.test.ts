import { expect, test } from 'vitest';
import { limitOf, lookbackDeltaMs, paramsOf, stepMs } from './params.ts';

test.each([
  ['', null],
  ['lookback_delta=1m', 60_000],
  ['lookback_delta=0.5', 500],
  ['lookback_delta=0', null],
  ['lookback_delta=-60', null],
])('%s looks back %d ms', (query, ms) => {
  expect(lookbackDeltaMs(paramsOf(new URLSearchParams(query)))).toBe(ms);
});

test.each([
  ['1.5', 1500],
  ['1_0', 10_000],
  ['0x10p0', 16_000],
  ['1e-9', 1e-6],
  ['0.0015', 1.5],
])('step=%s is %d ms', (text, ms) => {
  expect(stepMs(new Map([['step', [text]]]))).toBe(ms);
});

test.each([
  ['', 0],
  ['+01', 1],
  ['-0', 0],
  ['0'.repeat(100), 0],
  ['9223372036854775807', 2 ** 63],
])('limit=%s is %d', (text, limit) => {
  expect(limitOf(new Map([['limit', [text]]]))).toBe(limit);
});
