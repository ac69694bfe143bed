/**
 * The two bodies that API v2 takes, checked against its schema (openapi.yaml) with the codes and, where the schema speaks,
 * the words of go-openapi's validation. What the schema cannot decide (label names, times, matchers) is the router's to
 * say. null stands for an absent field, as in Go; unknown fields are ignored.
 */
import type { Incoming } from '../../alerts/ingest.ts';
import { opOfApiMatcher } from '../../alerts/matcher-text.ts';
import type { MatcherRow, SilenceId } from '../../alerts/router-state.ts';
import type { PostedSilence } from '../../alerts/silences.ts';
import { parseGoUrl } from '../../lib/go-url.ts';
import type { UnixMs } from '../../model/time.ts';
import { parseDateTime, ZERO_TIME_MS } from './date-time.ts';
import type { SchemaError } from './respond.ts';

const INVALID_TYPE = 601;
const REQUIRED = 602;
const MIN_ITEMS = 612;

export type Read<T> = { readonly kind: 'read'; readonly value: T } | { readonly kind: 'refused'; readonly error: SchemaError };

/** What POST /alerts takes. */
export const readAlerts = (text: string, contentType: string): Read<readonly Incoming[]> =>
  readBody('alerts', text, contentType, (body, json) => {
    if (json === null) return [];
    if (!Array.isArray(json)) throw body.unreadable(`the body is ${kindOf(json)}, not an array`);
    return json.map((item: unknown, index) => alertOf(body, item, `${index}`));
  });

/** What POST /silences takes. Its matchers are one set. */
export const readSilence = (text: string, contentType: string): Read<PostedSilence> =>
  readBody('silence', text, contentType, (body, json) => {
    const fields = body.object(json ?? {}, 'the body');
    const id = body.string(fields['id'], 'id') ?? '';
    const annotations = body.strings(fields['annotations'], 'annotations') ?? {};
    const comment = body.string(fields['comment'], 'comment') ?? body.missing('comment', '');
    const createdBy = body.string(fields['createdBy'], 'createdBy') ?? body.missing('createdBy', '');
    const endsAt = body.time(fields['endsAt'], 'endsAt') ?? body.missing('endsAt', ZERO_TIME_MS);
    const matchers = matchersOf(body, fields['matchers']);
    const startsAt = body.time(fields['startsAt'], 'startsAt') ?? body.missing('startsAt', ZERO_TIME_MS);
    return {
      id: id === '' ? null : (id as SilenceId),
      matcherSets: [matchers],
      startsAt: givenTime(startsAt),
      endsAt: givenTime(endsAt),
      createdBy,
      comment,
      annotations,
    };
  });

function alertOf(body: Body, item: unknown, at: string): Incoming {
  const fields = body.object(item, at);
  const annotations = body.strings(fields['annotations'], `${at}.annotations`) ?? {};
  const endsAt = body.time(fields['endsAt'], `${at}.endsAt`);
  const startsAt = body.time(fields['startsAt'], `${at}.startsAt`);
  const generatorUrl = body.string(fields['generatorURL'], `${at}.generatorURL`) ?? '';
  if (generatorUrl !== '' && !isRequestUri(generatorUrl)) {
    body.violates({ code: INVALID_TYPE, message: `${at}.generatorURL in body must be of type uri: ${JSON.stringify(generatorUrl)}` });
  }
  const labels = body.strings(fields['labels'], `${at}.labels`) ?? body.missing(`${at}.labels`, {});
  return { labels, annotations, startsAt: givenTime(startsAt), endsAt: givenTime(endsAt), generatorUrl };
}

function matchersOf(body: Body, json: unknown): readonly MatcherRow[] {
  if (json === null || json === undefined) return body.missing('matchers', []);
  if (!Array.isArray(json)) throw body.unreadable(`matchers is ${kindOf(json)}, not an array`);
  if (json.length === 0) body.violates({ code: MIN_ITEMS, message: 'matchers in body should have at least 1 items' });
  return json.map((item: unknown, index): MatcherRow => {
    const at = `matchers.${index}`;
    const fields = body.object(item, at);
    const isEqual = body.boolean(fields['isEqual'], `${at}.isEqual`) ?? true;
    const isRegex = body.boolean(fields['isRegex'], `${at}.isRegex`) ?? body.missing(`${at}.isRegex`, false);
    const name = body.string(fields['name'], `${at}.name`) ?? body.missing(`${at}.name`, '');
    const value = body.string(fields['value'], `${at}.value`) ?? body.missing(`${at}.value`, '');
    return { name, op: opOfApiMatcher({ name, value, isRegex, isEqual }), value };
  });
}

const givenTime = (time: UnixMs | null): UnixMs | null => (time === ZERO_TIME_MS ? null : time);

/** As Go's url.ParseRequestURI: a URL with a scheme, or a path from the root. */
function isRequestUri(text: string): boolean {
  const parsed = parseGoUrl(text);
  return !('error' in parsed) && (parsed.scheme !== '' || text.startsWith('/'));
}

/** Stops the reading; never leaves this file. */
class Refusal extends Error {
  readonly error: SchemaError;
  constructor(error: SchemaError) {
    super(error.message);
    this.error = error;
  }
}

function readBody<T>(name: string, text: string, contentType: string, read: (body: Body, json: unknown) => T): Read<T> {
  const body = new Body(name);
  try {
    if (text !== '') checkContentType(contentType);
    if (text.trim() === '') throw new Refusal({ code: REQUIRED, message: `${name} in body is required` });
    const value = read(body, parse(body, text));
    return body.violation === null ? { kind: 'read', value } : { kind: 'refused', error: body.violation };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', error: error.error };
    throw error;
  }
}

function checkContentType(contentType: string): void {
  const mediaType = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (mediaType === 'application/json') return;
  const got = mediaType === '' ? 'application/octet-stream' : mediaType;
  throw new Refusal({ code: 415, message: `unsupported media type ${JSON.stringify(got)}, only [application/json] are allowed` });
}

function parse(body: Body, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw body.unreadable(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Reads the values of one body. A value of the wrong type ends the reading; a rule of the schema that is broken is noted
 * (the first one counts) and reading goes on, because a wrong type further on takes precedence, as in Go.
 */
class Body {
  readonly #name: string;
  violation: SchemaError | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  unreadable(why: string): Refusal {
    return new Refusal({ code: 400, message: `parsing ${this.#name} body from "" failed, because ${why}` });
  }

  violates(error: SchemaError): void {
    this.violation ??= error;
  }

  /** Notes that a field is missing; `instead` lets the reading go on. */
  missing<T>(at: string, instead: T): T {
    this.violates({ code: REQUIRED, message: `${at} in body is required` });
    return instead;
  }

  object(value: unknown, at: string): Readonly<Record<string, unknown>> {
    if (value === null) return this.missing(at, {});
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.unreadable(`${at} is ${kindOf(value)}, not an object`);
  }

  string(value: unknown, at: string): string | null {
    if (typeof value === 'string') return value;
    if (value === null || value === undefined) return null;
    throw this.unreadable(`${at} is ${kindOf(value)}, not a string`);
  }

  boolean(value: unknown, at: string): boolean | null {
    if (typeof value === 'boolean') return value;
    if (value === null || value === undefined) return null;
    throw this.unreadable(`${at} is ${kindOf(value)}, not a boolean`);
  }

  /** The record itself where all its values are strings, which is always but for a null. */
  strings(value: unknown, at: string): Readonly<Record<string, string>> | null {
    if (value === null || value === undefined) return null;
    const record = this.object(value, at);
    let hasNull = false;
    for (const name in record) {
      const text = record[name];
      if (text === null) hasNull = true;
      else if (typeof text !== 'string') throw this.unreadable(`${at}.${name} is ${kindOf(text)}, not a string`);
    }
    if (!hasNull) return record as Readonly<Record<string, string>>;
    const copy: Record<string, string> = Object.create(null);
    for (const name in record) copy[name] = (record[name] as string | null) ?? '';
    return copy;
  }

  time(value: unknown, at: string): UnixMs | null {
    const text = this.string(value, at);
    if (text === null) return null;
    const parsed = parseDateTime(text);
    if (typeof parsed === 'number') return parsed;
    throw this.unreadable(`${at}: ${parsed.error}`);
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
