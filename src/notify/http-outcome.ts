/** What an HTTP answer means for a notification; the reasons are those of Alertmanager's notify.GetFailureReasonFromStatusCode. */
import type { HttpResult } from '../model/http.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import type { FailureReason, SendOutcome } from './integration.ts';

const SHOWN_CHARS_MAX = 200;

/** `retriesOn`: the statuses that this provider means for a while only. */
export function outcomeOfHttp(result: HttpResult, { retriesOn }: { readonly retriesOn: (status: number) => boolean }): SendOutcome {
  if (result.kind === 'failed') {
    const reason: FailureReason =
      result.reason === 'timeout' ? 'contextDeadlineExceeded' : result.reason === 'canceled' ? 'contextCanceled' : 'other';
    return result.maybeSent
      ? { kind: 'unknown', message: result.message }
      : { kind: 'rejected', retry: true, reason, message: result.message };
  }
  const { status } = result;
  if (status >= 200 && status < 300) return { kind: 'accepted', answer: `HTTP ${status}` };
  const text = new TextDecoder().decode(result.body.subarray(0, SHOWN_CHARS_MAX * 4)).slice(0, SHOWN_CHARS_MAX);
  const retryAfterMs = retryAfter(result.headers.get('retry-after'));
  return {
    kind: 'rejected',
    retry: retriesOn(status),
    reason: reasonOfStatus(status),
    message: `unexpected status code ${status}${text === '' ? '' : `: ${text}`}`,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  };
}

function reasonOfStatus(status: number): FailureReason {
  if (status === 401 || status === 403) return 'authError';
  if (status === 429) return 'rateLimited';
  if (status >= 500) return 'serverError';
  return status >= 400 ? 'clientError' : 'other';
}

/** Seconds only: a date would need a clock, and providers send seconds. */
function retryAfter(header: string | undefined): DurationMs | null {
  return header !== undefined && /^\d{1,6}$/.test(header) ? durationMs(Number(header) * 1000) : null;
}
