import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDateTime, ZERO_TIME_MS } from './date-time.ts';

test.each([
  ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00.000Z'],
  ['2026-11-21T10:00:00.5Z', '2026-11-21T10:00:00.500Z'],
  ['2026-11-21T10:00:00.123456789Z', '2026-11-21T10:00:00.123Z'],
  ['2026-11-21T10:00:00.123+02:00', '2026-11-21T08:00:00.123Z'],
  ['2026-11-21T10:00:00.123456-0330', '2026-11-21T13:30:00.123Z'],
  ['2026-11-21T10:00:00', '2026-11-21T10:00:00.000Z'],
  ['2026-11-21T10:00', '2026-11-21T10:00:00.000Z'],
  ['2026-11-21T10:00Z', '2026-11-21T10:00:00.000Z'],
  ['2026-11-21 10:00:00', '2026-11-21T10:00:00.000Z'],
  ['2026-11-21', '2026-11-21T00:00:00.000Z'],
  ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
  ['', '1970-01-01T00:00:00.000Z'],
])('"%s" is %s', (text, iso) => {
  const parsed = parseDateTime(text);
  expect(typeof parsed === 'number' ? new Date(parsed).toISOString() : parsed).toBe(iso);
});

test("Go's zero time is known as such", () => expect(parseDateTime('0001-01-01T00:00:00Z')).toBe(ZERO_TIME_MS));

test.each([
  'noon',
  '2026-11-31T10:00:00Z',
  '2026-02-29T10:00:00Z',
  '2026-13-01T10:00:00Z',
  '2026-00-01T10:00:00Z',
  '2026-11-21T24:00:00Z',
  '2026-11-21T10:60:00Z',
  '2026-11-21t10:00:00z',
  '1700000000',
  '2026-11-21T10:00:00Z ',
])('"%s" is no time', (text) => expect(parseDateTime(text)).toHaveProperty('error'));

test('what is printed is read back', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0100-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
      expect(parseDateTime(date.toISOString())).toBe(date.getTime());
    }),
  );
});
