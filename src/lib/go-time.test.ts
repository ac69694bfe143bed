import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  civilTime,
  durationString,
  fixedZone,
  formatTime,
  type GoTime,
  loadZone,
  parseTime,
  RFC3339_NANO,
  timeFromUnixMs,
  timeOfCivil,
  timeString,
  UTC,
  ZERO_TIME,
} from './go-time.ts';

const time = timeOfCivil([2009, 2, 4, 21, 0, 57], 12_345_600, fixedZone('PST', -8 * 3600));

test.each([
  { layout: 'Mon Jan _2 15:04:05 MST 2006', text: 'Wed Feb  4 21:00:57 PST 2009' },
  { layout: '02 Jan 06 15:04 -0700', text: '04 Feb 09 21:00 -0800' },
  { layout: 'Monday, 2 January 2006 at 3:4:5pm', text: 'Wednesday, 4 February 2009 at 9:0:57pm' },
  { layout: '2006-01-02T15:04:05.999999999Z07:00', text: '2009-02-04T21:00:57.0123456-08:00' },
  { layout: '15:04:05.000 15:04:05,00 .99', text: '21:00:57.012 21:00:57,01 .01' },
  { layout: '002 __2 01/02 1/2 _2006', text: '035  35 02/04 2/4 _2009' },
  { layout: '-07 -070000 -07:00:00 Z0700', text: '-08 -080000 -08:00:00 -0800' },
  { layout: 'Month Janet text', text: 'Month Janet text' },
])('$layout formats as $text', ({ layout, text }) => {
  expect(formatTime(time, layout)).toBe(text);
});

test('UTC prints Z where the layout allows it', () => {
  expect(formatTime(timeFromUnixMs(0), RFC3339_NANO)).toBe('1970-01-01T00:00:00Z');
  expect(timeString(ZERO_TIME)).toBe('0001-01-01 00:00:00 +0000 UTC');
});

test.each([
  { zone: 'Europe/Berlin', seconds: 1_704_164_645, text: '2024-01-02 04:04:05 +0100 CET' },
  { zone: 'Europe/Berlin', seconds: 1_720_000_000, text: '2024-07-03 11:46:40 +0200 CEST' },
  { zone: 'America/New_York', seconds: 1_720_000_000, text: '2024-07-03 05:46:40 -0400 EDT' },
  { zone: 'Asia/Kolkata', seconds: 1_720_000_000, text: '2024-07-03 15:16:40 +0530 IST' },
  { zone: 'America/Sao_Paulo', seconds: 1_720_000_000, text: '2024-07-03 06:46:40 -0300 -03' },
  { zone: '', seconds: 0, text: '1970-01-01 00:00:00 +0000 UTC' },
])('in zone "$zone" a time reads $text', ({ zone, seconds, text }) => {
  expect(timeString({ seconds, nanos: 0, zone: loadZone(zone) ?? UTC })).toBe(text);
});

test('what is no zone is refused', () => {
  const names = ['Nowhere/Town', '+01:00', '../etc', ' ', 'Europe/', 'europe/berlin', 'utc'];
  expect(names.map(loadZone)).toEqual(names.map(() => null));
});

test.each([
  { layout: '2006-01-02', value: '2024-02-29', text: '2024-02-29 00:00:00 +0000 UTC' },
  { layout: RFC3339_NANO, value: '2024-01-02T03:04:05.5+01:00', text: '2024-01-02 03:04:05.5 +0100 +0100' },
  { layout: 'Jan 2 2006 3PM', value: 'Mar 15 2024 12AM', text: '2024-03-15 00:00:00 +0000 UTC' },
  { layout: '2006 002', value: '2024 060', text: '2024-02-29 00:00:00 +0000 UTC' },
  { layout: '15:04:05 MST', value: '10:00:00 CET', text: '0000-01-01 10:00:00 +0000 CET' },
])('$value as $layout is $text', ({ layout, value, text }) => {
  const parsed = parseTime(layout, value);
  expect('error' in parsed ? parsed.error : timeString(parsed)).toBe(text);
});

test.each([
  { layout: '2006-01-02', value: 'not-a-date', error: 'parsing time "not-a-date" as "2006-01-02": cannot parse "not-a-date" as "2006"' },
  { layout: '2006-01-02', value: '2024-13-01', error: 'parsing time "2024-13-01": month out of range' },
  { layout: '2006-01-02', value: '2023-02-29', error: 'parsing time "2023-02-29": day out of range' },
  { layout: '2006', value: '2024x', error: 'parsing time "2024x": extra text: "x"' },
])('$value is no $layout', ({ layout, value, error }) => {
  expect(parseTime(layout, value)).toEqual({ error });
});

test('a time reads back from its text', () => {
  const years = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 });
  fc.assert(
    fc.property(years, fc.integer({ min: 0, max: 999_999_999 }), (seconds, nanos) => {
      const given: GoTime = { seconds, nanos, zone: UTC };
      expect(parseTime(RFC3339_NANO, formatTime(given, RFC3339_NANO))).toEqual(given);
      const { year, month, day, hour, minute, second } = civilTime(given);
      expect(timeOfCivil([year, month, day, hour, minute, second], nanos, UTC)).toEqual(given);
    }),
  );
});

test.each([
  { nanos: 0n, text: '0s' },
  { nanos: 1n, text: '1ns' },
  { nanos: 1500n, text: '1.5µs' },
  { nanos: 2_000_000n, text: '2ms' },
  { nanos: 61_500_000_000n, text: '1m1.5s' },
  { nanos: -5_400_000_000_000n, text: '-1h30m0s' },
  { nanos: -(1n << 63n), text: '-2562047h47m16.854775808s' },
])('$nanos ns is $text', ({ nanos, text }) => {
  expect(durationString(nanos)).toBe(text);
});
