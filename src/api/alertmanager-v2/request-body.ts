/**
 * The two bodies that API v2 takes, checked against its schema (openapi.yaml) with the codes and, where the schema speaks,
 * the words of go-openapi's validation. What the schema cannot decide (label names, times, matchers) is the router's to
 * say. null stands for an absent field, as in Go; unknown fields are ignored. Field names in other letters (`Labels`, as a
 * Go program writes them that says nothing of JSON) are taken where a field that must be there is missing: looking for them
 * in every alert would cost more than reading it.
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
    return json.map((item: unknown, index) => alertOf(body, item, index));
  });

/** What POST /silences takes. Its matchers are one set. */
export const readSilence = (text: string, contentType: string): Read<PostedSilence> =>
  readBody('silence', text, contentType, (body, json) => {
    const fields = named('matchers', body.object(json ?? {}, 'the body'));
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

function alertOf(body: Body, item: unknown, index: number): Incoming {
  const at = `${index}`;
  const fields = named('labels', body.object(item, at));
  const annotations = body.strings(fields['annotations'], 'annotations', at) ?? {};
  const endsAt = body.time(fields['endsAt'], 'endsAt', at);
  const startsAt = body.time(fields['startsAt'], 'startsAt', at);
  const generatorUrl = body.string(fields['generatorURL'], 'generatorURL', at) ?? '';
  if (generatorUrl !== '' && !isRequestUri(generatorUrl)) {
    body.violates({ code: INVALID_TYPE, message: `${at}.generatorURL in body must be of type uri: ${JSON.stringify(generatorUrl)}` });
  }
  const labels = body.strings(fields['labels'], 'labels', at) ?? body.missing('labels', {}, at);
  return { labels, annotations, startsAt: givenTime(startsAt), endsAt: givenTime(endsAt), generatorUrl };
}

function matchersOf(body: Body, json: unknown): readonly MatcherRow[] {
  if (json === null || json === undefined) return body.missing('matchers', []);
  if (!Array.isArray(json)) throw body.unreadable(`matchers is ${kindOf(json)}, not an array`);
  if (json.length === 0) body.violates({ code: MIN_ITEMS, message: 'matchers in body should have at least 1 items' });
  return json.map((item: unknown, index): MatcherRow => {
    const at = `matchers.${index}`;
    const fields = named('name', body.object(item, at));
    const isEqual = body.boolean(fields['isEqual'], 'isEqual', at) ?? true;
    const isRegex = body.boolean(fields['isRegex'], 'isRegex', at) ?? body.missing('isRegex', false, at);
    const name = body.string(fields['name'], 'name', at) ?? body.missing('name', '', at);
    const value = body.string(fields['value'], 'value', at) ?? body.missing('value', '', at);
    return { name, op: opOfApiMatcher({ name, value, isRegex, isEqual }), value };
  });
}

const givenTime = (time: UnixMs | null): UnixMs | null => (time === ZERO_TIME_MS ? null : time);

type JsonObject = Readonly<Record<string, unknown>>;

/** The object, by the schema's names of its fields. `needed`: one that is always there. */
function named(needed: string, given: JsonObject): JsonObject {
  if (given[needed] !== undefined) return given;
  const fields: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(given)) {
    const folded = name.toLowerCase();
    fields[FIELDS.find((field) => field.toLowerCase() === folded) ?? name] = value;
  }
  return fields;
}

/** Of alerts, silences and matchers. */
const FIELDS = [
  'labels',
  'annotations',
  'startsAt',
  'endsAt',
  'generatorURL',
  'id',
  'matchers',
  'createdBy',
  'comment',
  'name',
  'value',
  'isRegex',
  'isEqual',
] as const;

/** As Go's url.ParseRequestURI: a URL with a scheme, or a path from the root. */
function isRequestUri(text: string): boolean {
  if (USUAL_URL.test(text)) return true;
  const parsed = parseGoUrl(text);
  return !('error' in parsed) && (parsed.scheme !== '' || text.startsWith('/'));
}

/** What nearly every sender writes, told in a tenth of the time. */
const USUAL_URL = /^https?:\/\/[a-zA-Z0-9.-]+(?::\d+)?(?:\/[\w/.~-]*)?(?:\?[\x21-\x7e]*)?$/;

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
  /** Times that were read: the alerts of one body mostly begin or end together. */
  readonly #times = new Map<string, UnixMs>();
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
  missing<T>(name: string, instead: T, at = ''): T {
    this.violates({ code: REQUIRED, message: `${placed(name, at)} in body is required` });
    return instead;
  }

  object(value: unknown, name: string, at = ''): Readonly<Record<string, unknown>> {
    if (value === null) return this.missing(name, {}, at);
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.#wrong(value, 'an object', name, at);
  }

  string(value: unknown, name: string, at = ''): string | null {
    if (typeof value === 'string') return value;
    if (value === null || value === undefined) return null;
    throw this.#wrong(value, 'a string', name, at);
  }

  boolean(value: unknown, name: string, at = ''): boolean | null {
    if (typeof value === 'boolean') return value;
    if (value === null || value === undefined) return null;
    throw this.#wrong(value, 'a boolean', name, at);
  }

  /** The record itself where all its values are strings, which is always but for a null. */
  strings(value: unknown, name: string, at = ''): Readonly<Record<string, string>> | null {
    if (value === null || value === undefined) return null;
    const record = this.object(value, name, at);
    let hasNull = false;
    for (const key in record) {
      const text = record[key];
      if (text === null) hasNull = true;
      else if (typeof text !== 'string') throw this.#wrong(text, 'a string', key, placed(name, at));
    }
    if (!hasNull) return record as Readonly<Record<string, string>>;
    const copy: Record<string, string> = Object.create(null);
    for (const key in record) copy[key] = (record[key] as string | null) ?? '';
    return copy;
  }

  time(value: unknown, name: string, at = ''): UnixMs | null {
    const text = this.string(value, name, at);
    if (text === null) return null;
    const known = this.#times.get(text);
    if (known !== undefined) return known;
    const parsed = parseDateTime(text);
    if (typeof parsed !== 'number') throw this.unreadable(`${placed(name, at)}: ${parsed.error}`);
    this.#times.set(text, parsed);
    return parsed;
  }

  #wrong(value: unknown, wanted: string, name: string, at: string): Refusal {
    return this.unreadable(`${placed(name, at)} is ${kindOf(value)}, not ${wanted}`);
  }
}

/** `name` below `at`; put together only where it is told. */
const placed = (name: string, at: string): string => (at === '' ? name : `${at}.${name}`);

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
