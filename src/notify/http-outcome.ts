/** What an HTTP answer means for a notification; the reasons are those of Alertmanager's notify.GetFailureReasonFromStatusCode. */
import type { HttpResult } from '../model/http.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import type { FailureReason, SendOutcome } from './integration.ts';

const SHOWN_CHARS_MAX = 200;

export type HttpAnswer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
};

export type AnswerRules = {
  /** Statuses that this provider means for a while only, besides 5xx. */
  readonly retriesOn?: readonly number[] | 'any';
  /** Where it is not GetFailureReasonFromStatusCode's. */
  readonly reasonOf?: (status: number) => FailureReason;
  /** What the provider says is wrong; null: its answer as it is. */
  readonly explain?: (answer: HttpAnswer) => string | null;
  /** Where the answer asks for a pause otherwise than in Retry-After. */
  readonly retryAfter?: (answer: HttpAnswer) => DurationMs | null;
  /** For providers that refuse with a status of success: null takes the status for what it is. */
  readonly judge?: (answer: HttpAnswer) => SendOutcome | null;
};

export function outcomeOfHttp(result: HttpResult, rules: AnswerRules = {}): SendOutcome {
  if (result.kind === 'failed') {
    const reason: FailureReason =
      result.reason === 'timeout' ? 'contextDeadlineExceeded' : result.reason === 'canceled' ? 'contextCanceled' : 'other';
    return result.maybeSent
      ? { kind: 'unknown', message: result.message }
      : { kind: 'rejected', retry: true, reason, message: result.message };
  }
  const { status, headers } = result;
  const answer = { status, headers, text: new TextDecoder().decode(result.body) };
  if (status >= 200 && status < 300) return rules.judge?.(answer) ?? { kind: 'accepted', answer: `HTTP ${status}` };
  const said = (rules.explain?.(answer) ?? answer.text).slice(0, SHOWN_CHARS_MAX);
  const { retriesOn = [], reasonOf = reasonOfStatus } = rules;
  const retryAfterMs = rules.retryAfter?.(answer) ?? retryAfter(headers.get('retry-after'));
  return {
    kind: 'rejected',
    retry: retriesOn === 'any' || (status >= 500 && status < 600) || retriesOn.includes(status),
    reason: reasonOf(status),
    message: `unexpected status code ${status}${said === '' ? '' : `: ${said}`}`,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  };
}

function reasonOfStatus(status: number): FailureReason {
  if (status === 401 || status === 403) return 'authError';
  if (status === 429) return 'rateLimited';
  if (status >= 500 && status < 600) return 'serverError';
  return status >= 400 && status < 500 ? 'clientError' : 'other';
}

/** The object that an answer is as JSON; null where it is none. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // not JSON: the caller has a word for it
  }
}

/** Seconds only: a date would need a clock, and providers send seconds. */
function retryAfter(header: string | undefined): DurationMs | null {
  return header !== undefined && /^\d{1,6}$/.test(header) ? durationMs(Number(header) * 1000) : null;
}
