/** Reading of the Prometheus API's parameters, with its messages (web/api/v1/api.go). */
import { goQuote } from '../../lib/go-quote.ts';
import { parseFloat64 } from '../../lib/go-strconv.ts';
import { parseInstantMs } from '../../lib/parse-instant.ts';
import { parseDuration } from '../../model/duration.ts';
import { type Matcher, matchesValue } from '../../model/matcher.ts';
import { formatFirstError } from '../../promql/parse-error.ts';
import { parseMatchers } from '../../promql/parser.ts';
import type { ApiError, ApiErrorType } from './backend.ts';

/** Parameters of the URL and of a form body together; a key may come several times. */
export type Params = ReadonlyMap<string, readonly string[]>;

/** Thrown by the readers below, answered as what it is. */
export class BadParameter extends Error {
  readonly error: ApiError;
  constructor(message: string, type: ApiErrorType = 'bad_data') {
    super(message);
    this.error = { type, message };
  }
}

export const invalid = (name: string, why: string): BadParameter => new BadParameter(`invalid parameter "${name}": ${why}`);

export function paramsOf(...sources: readonly URLSearchParams[]): Params {
  const params = new Map<string, string[]>();
  for (const source of sources) {
    for (const [name, value] of source) {
      const values = params.get(name);
      if (values === undefined) params.set(name, [value]);
      else values.push(value);
    }
  }
  return params;
}

export const first = (params: Params, name: string): string => params.get(name)?.[0] ?? '';
export const all = (params: Params, name: string): readonly string[] => params.get(name) ?? [];

/** Unix seconds with fractions, or RFC 3339. `fallback` where it is absent; without one it is required. */
export function timeMs(params: Params, name: string, fallback?: number): number {
  const text = first(params, name);
  if (text === '' && fallback !== undefined) return fallback;
  const parsed = parseInstantMs(text);
  if (parsed !== null) return parsed;
  throw noTime(name, text, fallback);
}

const noTime = (name: string, text: string, fallback?: number): BadParameter => {
  const which = fallback === undefined ? '' : `invalid time value for '${name}': `;
  return invalid(name, `${which}cannot parse ${goQuote(text)} to a valid timestamp`);
};

/** The time that was read, if it can be evaluated at and printed: exact to the millisecond. Prometheus' overflow there. */
export function exactMs(params: Params, name: string, ms: number, fallback?: number): number {
  if (Math.abs(ms) > Number.MAX_SAFE_INTEGER) throw noTime(name, first(params, name), fallback);
  return ms;
}

/** Seconds with fractions, cut to nanoseconds, or Prometheus' spelling, as milliseconds. What is no number is less than any. */
function parseLengthMs(text: string): number | { readonly error: string } {
  const error = `cannot parse ${goQuote(text)} to a valid duration`;
  const seconds = parseFloat64(text);
  if (typeof seconds === 'number') {
    if (Number.isNaN(seconds)) return -NANOS_MAX / 1e6;
    const nanos = Math.trunc(seconds * 1e9);
    return Math.abs(nanos) <= NANOS_MAX ? nanos / 1e6 : { error: `${error}. It overflows int64` };
  }
  const parsed = parseDuration(text);
  return typeof parsed === 'number' ? parsed : { error };
}

const NANOS_MAX = 2 ** 63;

/** Zero and less: over before it began. */
export function timeoutMs(params: Params): number | null {
  const text = first(params, 'timeout');
  if (text === '') return null;
  const parsed = parseLengthMs(text);
  if (typeof parsed !== 'number') throw invalid('timeout', parsed.error);
  return parsed;
}

/** Null: the server's, for which 0 and less stand too. */
export function lookbackDeltaMs(params: Params): number | null {
  const text = first(params, 'lookback_delta');
  if (text === '') return null;
  const parsed = parseLengthMs(text);
  if (typeof parsed !== 'number') throw new BadParameter(`error parsing lookback delta duration: ${parsed.error}`);
  return parsed > 0 ? parsed : null;
}

/** With fractions of a millisecond. */
export function stepMs(params: Params): number {
  const parsed = parseLengthMs(first(params, 'step'));
  if (typeof parsed !== 'number') throw invalid('step', parsed.error);
  if (parsed <= 0) throw invalid('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  return parsed;
}

/** match[]: selectors, each with a matcher that does not take what is not there. `name`: put in front of an error. */
export function matcherSetsOf(params: Params, name = ''): readonly (readonly Matcher[])[] {
  const refuse = (why: string): BadParameter => (name === '' ? new BadParameter(why) : invalid(name, why));
  const sets = all(params, 'match[]').map((text) => {
    const selector = parseMatchers(text);
    if ('errors' in selector) throw refuse(formatFirstError(text, selector.errors));
    return selector.matchers;
  });
  if (sets.some((matchers) => matchers.every((matcher) => matchesValue(matcher, ''))))
    throw refuse('match[] must contain at least one non-empty matcher');
  return sets;
}

/** The same as they are written. */
export function selectorsOf(params: Params, name = ''): readonly string[] {
  matcherSetsOf(params, name);
  return all(params, 'match[]');
}

/** As Go's strconv.ParseBool, but in any case; absent is false. */
export function flag(params: Params, name: string): boolean {
  const text = first(params, name).toLowerCase();
  if (['1', 't', 'true'].includes(text)) return true;
  if (['', '0', 'f', 'false'].includes(text)) return false;
  throw invalid(name, `error converting ${name}: strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`);
}

/** Groups on a page; 0: all. */
export function groupLimit(params: Params): number {
  const text = first(params, 'group_limit');
  if (text === '') return 0;
  const limit = integer(text, 32);
  if (typeof limit === 'string')
    throw invalid('group_limit', `group_limit needs to be a valid number: strconv.ParseInt: parsing ${goQuote(text)}: ${limit}`);
  if (limit <= 0) throw invalid('group_limit', 'group_limit needs to be greater than 0');
  return limit;
}

/** How many of a list; 0, which is all, where it is absent. */
export function limitOf(params: Params, name = 'limit'): number {
  const text = first(params, name);
  if (text === '') return 0;
  const limit = integer(text, 64);
  if (typeof limit === 'string') throw invalid(name, `strconv.Atoi: parsing ${goQuote(text)}: ${limit}`);
  if (limit < 0) throw invalid(name, 'limit must be non-negative');
  return limit;
}

/** How many entries; -1, which is all, where it is absent. */
export function countOf(params: Params, name: string): number {
  const text = first(params, name);
  const count = text === '' ? -1 : integer(text, 64);
  if (typeof count === 'string') throw new BadParameter(`${name} must be a number`);
  return count;
}

/** How many rows of each table of the head's statistics. */
export function tableLimitOf(params: Params): number {
  const text = first(params, 'limit');
  const limit = text === '' ? TABLE_LIMIT : integer(text, 64);
  if (typeof limit === 'string' || limit < 1) throw new BadParameter('limit must be a positive number');
  if (limit > TABLE_LIMIT_MAX) throw new BadParameter(`limit must not exceed ${TABLE_LIMIT_MAX}`);
  return limit;
}

const TABLE_LIMIT = 10;
const TABLE_LIMIT_MAX = 10_000;

/** Go's strconv.ParseInt with base 10: the number, or what is wrong with it. */
function integer(text: string, bits: 32 | 64): number | 'invalid syntax' | 'value out of range' {
  if (!/^[+-]?\d+$/.test(text)) return 'invalid syntax';
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length > 19) return 'value out of range'; // and BigInt would be slow on a very long one
  const value = BigInt(`${text.startsWith('-') ? '-' : ''}${digits || '0'}`);
  return BigInt.asIntN(bits, value) === value ? Number(value) : 'value out of range';
}

export function endAfterStart(fromMs: number, toMs: number): void {
  if (toMs < fromMs) throw invalid('end', 'end timestamp must not be before start time');
}
