import { expect, test } from 'vitest';
import { unixMs } from '../model/time.ts';
import { parseTimeInterval, type TimeInterval, type TimeIntervalFields, TimeIntervals } from './time-interval.ts';

function parsed(fields: TimeIntervalFields, localZone = 'UTC'): TimeInterval {
  const interval = parseTimeInterval(fields, localZone);
  if ('error' in interval) throw new Error(interval.error);
  return interval;
}

const contains = (interval: TimeInterval, time: string): boolean =>
  new TimeIntervals(new Map()).contains(interval, unixMs(Date.parse(time)));

test.each([
  ['2026-03-29T00:59:00Z', true], // 01:59 in Berlin; at 02:00 clocks go on to 03:00
  ['2026-03-29T01:00:00Z', false],
  ['2026-10-25T00:30:00Z', true], // 02:30, for the first time
  ['2026-10-25T01:30:00Z', true], // 02:30, for the second
  ['2026-10-25T02:00:00Z', false],
])('01:30 to 03:00 in Berlin around the change of clocks: %s %s', (time, isIn) => {
  expect(contains(parsed({ times: [{ startTime: '01:30', endTime: '03:00' }], location: 'Europe/Berlin' }), time)).toBe(isIn);
});

test('one instant is asked of several zones, and another minute after it', () => {
  const morning = (location: string): TimeInterval => parsed({ times: [{ startTime: '08:00', endTime: '09:00' }], location });
  const intervals = new TimeIntervals(
    new Map([
      ['utc', [morning('UTC')]],
      ['berlin', [morning('Europe/Berlin')]],
    ]),
  );
  const at = (time: string) => intervals.containing(['utc', 'berlin', 'unknown'], unixMs(Date.parse(time)));
  expect([at('2026-01-05T07:59:59.999Z'), at('2026-01-05T08:00:00Z'), at('2026-01-05T07:00:00Z'), at('2026-01-05T06:59:00Z')]).toEqual([
    ['berlin'],
    ['utc'],
    ['berlin'],
    [],
  ]);
});

test('an active interval is asked before a mute interval', () => {
  const always = [parsed({})];
  const never = [parsed({ years: ['1999'] })];
  const intervals = new TimeIntervals(
    new Map([
      ['always', always],
      ['never', never],
    ]),
  );
  const muting = (active: readonly string[], mute: readonly string[]) =>
    intervals.muting({ activeTimeIntervals: active, muteTimeIntervals: mute }, unixMs(Date.UTC(2026, 0, 5)))?.reason ?? null;
  expect([muting(['never'], ['always']), muting(['always'], ['always']), muting(['always', 'never'], ['never']), muting([], [])]).toEqual([
    'outside_active_time_interval',
    'mute_time_interval',
    null,
    null,
  ]);
});

test.each([
  ['Mars/Olympus', true],
  ['+01:00', true],
  ['europe/berlin', true], // Go finds files, whose names have a case
  ['America/Argentina/Buenos_Aires', false],
  ['US/Eastern', false],
])('location %s is unknown: %s', (location, isUnknown) => {
  expect('error' in parseTimeInterval({ location }, 'UTC')).toBe(isUnknown);
});

test.each(['../x', '/etc/localtime', 'Europe/..'])('location %s is no name', (location) => {
  expect(parseTimeInterval({ location }, 'UTC')).toEqual({ error: 'time: invalid location name' });
});

test('Local is the zone of the machine', () => {
  expect(parsed({ location: 'Local' }, 'Asia/Tokyo').zone).toBe('Asia/Tokyo');
});

test('an empty list never matches, a field left out always does', () => {
  expect([contains(parsed({ weekdays: [] }), '2026-01-05T00:00:00Z'), contains(parsed({}), '2026-01-05T00:00:00Z')]).toEqual([false, true]);
});
