import { expect, test } from 'vitest';
import { outcomeOfHttp } from './http-outcome.ts';

const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT';

test.each([
  { after: '7', date: undefined, retryAfterMs: 7000 },
  { after: '0', date: DATE, retryAfterMs: 0 },
  { after: 'Thu, 01 Jan 2026 00:02:00 GMT', date: DATE, retryAfterMs: 120_000 },
  { after: 'Wed, 31 Dec 2025 23:00:00 GMT', date: DATE, retryAfterMs: 0 },
  { after: 'Fri, 01 Jan 2100 00:00:00 GMT', date: DATE, retryAfterMs: 999_999_000 },
  // Nothing that it could be counted from.
  { after: 'Thu, 01 Jan 2026 00:02:00 GMT', date: undefined, retryAfterMs: undefined },
  { after: '1234567', date: DATE, retryAfterMs: undefined },
  { after: 'Thu, 41 Jan 2026 00:02:00 GMT', date: DATE, retryAfterMs: undefined },
  { after: '2026-01-01T00:02:00Z', date: DATE, retryAfterMs: undefined },
  { after: '-5', date: DATE, retryAfterMs: undefined },
  { after: 'soon', date: DATE, retryAfterMs: undefined },
])('Retry-After: $after in an answer of $date asks for $retryAfterMs ms', ({ after, date, retryAfterMs }) => {
  const headers = new Map([['retry-after', after], ...(date === undefined ? [] : [['date', date] as const])]);
  for (const status of [429, 503]) {
    const outcome = outcomeOfHttp({ kind: 'response', status, headers, body: new Uint8Array() });
    expect(outcome.kind === 'rejected' && outcome.retryAfterMs).toBe(retryAfterMs);
  }
});
