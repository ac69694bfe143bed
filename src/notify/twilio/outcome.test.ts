import { describe, expect, test } from 'vitest';
import { finalState, isUnreachableNow, outcomeOfTelephony, progressOf } from './outcome.ts';

describe('a refusal', () => {
  test.each([
    { httpStatus: 401, code: 20003, name: 'bad_credentials', retry: false, reason: 'authError' },
    { httpStatus: 401, code: null, name: 'bad_credentials', retry: false, reason: 'authError' },
    { httpStatus: 404, code: 20404, name: 'no_such_resource', retry: false, reason: 'clientError' },
    { httpStatus: 429, code: 20429, name: 'too_many_requests', retry: true, reason: 'rateLimited' },
    { httpStatus: 500, code: 20500, name: 'provider_trouble', retry: true, reason: 'serverError' },
    { httpStatus: 503, code: null, name: 'provider_trouble', retry: true, reason: 'serverError' },
    { httpStatus: 400, code: 21211, name: 'invalid_number', retry: false, reason: 'clientError' },
    { httpStatus: 400, code: 21219, name: 'unverified_number', retry: false, reason: 'clientError' },
    { httpStatus: 400, code: 21608, name: 'unverified_number', retry: false, reason: 'clientError' },
    { httpStatus: 400, code: 21215, name: 'geo_permission', retry: false, reason: 'clientError' },
    { httpStatus: 400, code: 21610, name: 'opted_out', retry: false, reason: 'clientError' },
    { httpStatus: 400, code: 21606, name: 'bad_sender', retry: false, reason: 'clientError' },
    { httpStatus: 400, code: 21612, name: 'unreachable_from_sender', retry: false, reason: 'clientError' },
    { httpStatus: 400, code: 21614, name: 'not_a_mobile', retry: false, reason: 'clientError' },
    { httpStatus: 400, code: 30001, name: 'queue_overflow', retry: true, reason: 'rateLimited' },
    { httpStatus: 400, code: 99999, name: 'refused', retry: false, reason: 'clientError' },
    // The status decides, whatever a code has come to mean.
    { httpStatus: 429, code: 21610, name: 'too_many_requests', retry: true, reason: 'rateLimited' },
    { httpStatus: 502, code: 20003, name: 'provider_trouble', retry: true, reason: 'serverError' },
  ])('HTTP $httpStatus with $code is $name', ({ httpStatus, code, name, retry, reason }) => {
    const outcome = outcomeOfTelephony({ kind: 'refused', httpStatus, code, message: 'words '.repeat(200) });
    expect(outcome).toMatchObject({ kind: 'rejected', retry, reason });
    const message = outcome.kind === 'rejected' ? outcome.message : '';
    expect(message).toMatch(new RegExp(`^${name}: .*\\(HTTP ${httpStatus}${code === null ? '' : `, code ${code}`}: words`));
    expect(message.length).toBeLessThan(450);
  });

  test.each([
    { maybeSent: true, kind: 'unknown' },
    { maybeSent: false, kind: 'rejected' },
  ])('a failure on the way is $kind where it may have been sent: $maybeSent', ({ maybeSent, kind }) => {
    expect(outcomeOfTelephony({ kind: 'failed', message: 'reset', maybeSent })).toMatchObject({
      kind,
      message: expect.stringContaining('reset') as string,
    });
  });
});

describe('a last state', () => {
  test.each([
    { status: 'delivered', errorCode: null, state: { kind: 'arrived' } },
    { status: 'completed', errorCode: null, state: { kind: 'answered' } },
    { status: 'no-answer', errorCode: null, state: { kind: 'failed', again: true } },
    { status: 'busy', errorCode: null, state: { kind: 'failed', again: true } },
    { status: 'canceled', errorCode: null, state: { kind: 'failed', again: false } },
    { status: 'failed', errorCode: null, state: { kind: 'failed', again: false } },
    { status: 'undelivered', errorCode: 30003, state: { kind: 'failed', again: true } },
    { status: 'undelivered', errorCode: 30008, state: { kind: 'failed', again: true } },
    { status: 'failed', errorCode: 30001, state: { kind: 'failed', again: true } },
    { status: 'undelivered', errorCode: 30004, state: { kind: 'failed', again: false } },
    { status: 'failed', errorCode: 30036, state: { kind: 'failed', again: false } },
  ])('$status with $errorCode', ({ status, errorCode, state }) => {
    expect(finalState(status, errorCode)).toMatchObject(state);
  });

  test.each(['queued', 'sending', 'sent', 'ringing', 'in-progress', 'of tomorrow'])('%s may still change', (status) => {
    expect(finalState(status, null)).toBeNull();
  });

  test('a callee that is away just now is not a broken call', () => {
    expect([isUnreachableNow('failed', '480'), isUnreachableNow('failed', '404'), isUnreachableNow('completed', '480')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

test.each([
  ['queued', 'initiated', 'ringing', 'in-progress', 'completed'],
  ['accepted', 'queued', 'sending', 'sent', 'delivered', 'read'],
])('a call or a text moves forward: %s …', (...statuses) => {
  const progress = statuses.map(progressOf);
  expect([...new Set(progress)].sort((a, b) => a - b)).toEqual(progress);
});
