import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';
import { durationMs } from './time.ts';

test.each([
  ['0', 0],
  ['0s', 0],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1y2w3d4h5m6s7ms', 33_019_506_007],
  ['292y', 9_208_512_000_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['', 'empty duration string'],
  ['5', 'not a valid duration string: "5"'],
  ['m', 'not a valid duration string: "m"'],
  ['1m1h', 'not a valid duration string: "1m1h"'],
  ['1s1s', 'not a valid duration string: "1s1s"'],
  ['-1s', 'not a valid duration string: "-1s"'],
  ['1.5h', 'unknown unit "." in duration "1.5h"'],
  ['5y1hs', 'unknown unit "hs" in duration "5y1hs"'],
  ['293y', 'duration out of range'],
  ['99999999999999999999999ms', 'not a valid duration string: "99999999999999999999999ms"'],
])('%j is refused: %s', (text, error) => {
  expect(parseDuration(text)).toEqual({ error });
});

test.each([
  [0, '0s'],
  [90_000_000, '1d1h'],
  [90 * 86_400_000, '90d'],
  [14 * 86_400_000, '2w'],
  [366 * 86_400_000, '366d'],
  [730 * 86_400_000, '2y'],
])('%d ms is printed %s', (ms, text) => {
  expect(formatDuration(durationMs(ms))).toBe(text);
});

test('what is printed reads back', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 9e12 }), (ms) => parseDuration(formatDuration(durationMs(ms))) === ms));
});
