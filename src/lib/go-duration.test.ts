import { expect, test } from 'vitest';
import { parseGoDuration } from './go-duration.ts';

test.each([
  ['0', 0],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['-10ms', -10],
  ['100us', 0.1],
  ['1d', { error: 'time: unknown unit "d" in duration "1d"' }],
  ['5', { error: 'time: missing unit in duration "5"' }],
  ['', { error: 'time: invalid duration ""' }],
  ['s', { error: 'time: invalid duration "s"' }],
])('%s is %s', (text, expected) => {
  expect(parseGoDuration(text)).toEqual(expected);
});
