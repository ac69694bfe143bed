import { expect, test } from 'vitest';
import { lookbackDeltaMs, paramsOf } from './params.ts';

test.each([
  ['', null],
  ['lookback_delta=1m', 60_000],
  ['lookback_delta=0.5', 500],
  ['lookback_delta=0', null],
  ['lookback_delta=-60', null],
])('%s looks back %d ms', (query, ms) => {
  expect(lookbackDeltaMs(paramsOf(new URLSearchParams(query)))).toBe(ms);
});
