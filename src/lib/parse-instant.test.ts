import { expect, test } from 'vitest';
import { parseInstantMs } from './parse-instant.ts';

test.each([
  ['0', 0],
  ['1609459200', 1_609_459_200_000],
  ['1.5', 1500],
  ['-2e3', -2_000_000],
  ['2024-01-01T00:00:00Z', 1_704_067_200_000],
  ['2024-01-01T01:00:00.5+01:00', 1_704_067_200_500],
  ['', null],
  ['now', null],
  ['2024-01-01', null],
  ['2024-13-01T00:00:00Z', null],
])('%s is %s', (text, expected) => {
  expect(parseInstantMs(text)).toBe(expected);
});
