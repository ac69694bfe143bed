import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseReply } from './reply.ts';

const HOUR = 3_600_000;
const ack = (code: number | null) => ({ kind: 'act', code, action: { kind: 'acknowledge' } });
const escalate = (code: number | null) => ({ kind: 'act', code, action: { kind: 'escalate' } });
const silence = (code: number | null, durationMs = HOUR) => ({ kind: 'act', code, action: { kind: 'silence', durationMs } });

test.each([
  ['a 12', ack(12)],
  ['A12', ack(12)],
  ['12a', ack(12)],
  ['  12   A ', ack(12)],
  ['ack 12', ack(12)],
  ['Acknowledge: 12.', ack(12)],
  ['a', ack(null)],
  ['a all', ack(null)],
  ['e 12', escalate(12)],
  ['12 esc', escalate(12)],
  ['s 12 2h', silence(12, 2 * HOUR)],
  ['s 12', silence(12)],
  ['2h s 12', silence(12, 2 * HOUR)],
  ['s12 1h30m', silence(12, 1.5 * HOUR)],
  ['12s1h', silence(12)],
  ['s30m', silence(null, HOUR / 2)],
  ['silence 12 24h', silence(12, 24 * HOUR)],
  ['12s', silence(12)],
  ['STOP', { kind: 'stop' }],
  ['unsubscribe', { kind: 'stop' }],
  ['Start', { kind: 'start' }],
  ['help!', { kind: 'help' }],
] as const)('%j', (body, meaning) => {
  expect(parseReply(body)).toEqual(meaning);
});

test.each([
  '',
  '12',
  'what is this?',
  'a 12 13',
  'a e 12',
  'a 12 please',
  'a 12 1h',
  's 12 25h',
  's 12 1h 2h',
  's 12 0s',
  'do not a 12',
  'constructor 12',
  '__proto__',
  `a ${'1'.repeat(200)}`,
])('%j is not understood, and does nothing', (body) => {
  expect(parseReply(body)).toEqual({ kind: 'not_understood' });
});

test('any text is read or not understood', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (body) => {
      expect(['act', 'stop', 'start', 'help', 'not_understood']).toContain(parseReply(body).kind);
    }),
  );
});
