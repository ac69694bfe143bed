/** What an HTTP answer means for a notification; the reasons are those of Alertmanager's notify.GetFailureReasonFromStatusCode. */
import { parseGoUrl } from '../lib/go-url.ts';
import type { HttpResult } from '../model/http.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import type { FailureReason, SendOutcome } from './integration.ts';

const SHOWN_CHARS_MAX = 200;
const PAGE_CHARS_MAX = 10_000;

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
  /** What a status means with this provider, where it is not what it means with all. */
  readonly causes?: Readonly<Record<number, string>>;
  /** For providers that refuse with a status of success: null takes the status for what it is. */
  readonly judge?: (answer: HttpAnswer) => SendOutcome | null;
};

export function outcomeOfHttp(result: HttpResult, rules: AnswerRules = {}): SendOutcome {
  if (result.kind === 'response') {
    const { status, headers } = result;
    const answer = { status, headers, text: new TextDecoder().decode(result.body) };
    if (isSuccess(status)) return rules.judge?.(answer) ?? { kind: 'accepted', answer: `HTTP ${status}` };
    return refusal(answer, rules);
  }
  const { status, message, maybeSent } = result;
  // The head of an answer that broke off, or never ended, says enough where the body would say no more.
  if (status !== undefined && !isSuccess(status)) return refusal({ status, headers: new Map(), text: '' }, rules);
  if (status !== undefined && rules.judge === undefined)
    return { kind: 'accepted', answer: `HTTP ${status}; the rest of the answer is not known: ${message}` };
  return maybeSent ? { kind: 'unknown', message } : { kind: 'rejected', retry: true, reason: reasonOfFailure(result), message };
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

function reasonOfFailure({ reason }: Extract<HttpResult, { readonly kind: 'failed' }>): FailureReason {
  return reason === 'timeout' ? 'contextDeadlineExceeded' : reason === 'canceled' ? 'contextCanceled' : 'other';
}

function refusal(answer: HttpAnswer, rules: AnswerRules): SendOutcome {
  const { status, headers } = answer;
  const said = shown(rules.explain?.(answer) ?? answer.text);
  const cause = rules.causes?.[status] ?? causeOf(answer);
  const { retriesOn = [], reasonOf = reasonOfStatus } = rules;
  const retryAfterMs = rules.retryAfter?.(answer) ?? retryAfter(headers);
  return {
    kind: 'rejected',
    retry: retriesOn === 'any' || (status >= 500 && status < 600) || retriesOn.includes(status),
    reason: reasonOf(status),
    message: `unexpected status code ${status}${cause === undefined ? '' : ` (${cause})`}${said === '' ? '' : `: ${said}`}`,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  };
}

/** The beginning; of a page for browsers its words. */
function shown(text: string): string {
  const words = /^\s*<(?:!doctype|html)/i.test(text)
    ? text
        .slice(0, PAGE_CHARS_MAX)
        .replace(/<(style|script)\b[^]*?<\/\1>|<[^>]*>/gi, ' ')
        .replace(/\s+/g, ' ')
        .trim()
    : text;
  return words.slice(0, SHOWN_CHARS_MAX);
}

/** What a status means for somebody who has to put it right; the provider's own words follow. */
const CAUSES: Readonly<Record<number, string>> = {
  401: 'credentials refused: wrong, expired or revoked',
  403: 'not allowed: credentials revoked, or without this right',
  404: 'nothing at this address: wrong, or deleted',
  405: 'the address does not take this',
  407: 'the proxy asks for credentials',
  408: 'the request came too slowly',
  409: 'conflicts with what is there',
  410: 'the address was deleted for good',
  413: 'too large',
  429: 'too many requests',
  500: 'failed at the provider',
  502: 'the provider is not available',
  503: 'the provider is not available',
  504: 'the provider is not available',
};

function causeOf({ status, headers }: HttpAnswer): string | undefined {
  if (status < 300 || status >= 400) return CAUSES[status];
  // Where to may hold a token; the host is enough.
  const url = parseGoUrl(headers.get('location') ?? '');
  const host = 'error' in url || url.host === '' ? '' : ` to ${url.host}`;
  return `redirected${host}, and not followed`;
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

const RETRY_AFTER_SECONDS_MAX = 999_999;
/** As every server must write dates (RFC 9110 §5.6.7). */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** In seconds, or a date: that is counted from the answer's own, so that the clocks need not agree. Null: it says nothing. */
function retryAfter(headers: ReadonlyMap<string, string>): DurationMs | null {
  const header = headers.get('retry-after') ?? '';
  if (/^\d{1,6}$/.test(header)) return durationMs(Number(header) * 1000);
  const seconds = (instant(header) - instant(headers.get('date') ?? '')) / 1000;
  return Number.isNaN(seconds) ? null : durationMs(Math.min(Math.max(0, seconds), RETRY_AFTER_SECONDS_MAX) * 1000);
}

const instant = (date: string): number => (HTTP_DATE.test(date) ? Date.parse(date) : Number.NaN);
