/**
 * How parameters and values of our own API are read and described: one zod schema each, which both validates and becomes
 * the OpenAPI document. Every message says what was given and what is taken instead. An empty parameter counts as absent.
 */
import { z } from '@hono/zod-openapi';
import { goQuote } from '../../lib/go-quote.ts';
import { Labels } from '../../model/labels.ts';
import { type UnixMs, unixMs } from '../../model/time.ts';
import { parseDateTime } from '../alertmanager-v2/date-time.ts';
import { type Place, placeOf } from './cursor.ts';

type Wrong = { readonly error: string };
type Described = { readonly description: string; readonly example?: unknown } & Readonly<Record<string, unknown>>;

/** Examples and errors show an instant as this. */
const INSTANT = '2026-11-21T10:00:00.000Z';

/** A parameter of the URL, read by `read`. */
function parameter<T>(description: Described, read: (text: string) => T | Wrong) {
  return z
    .string({ error: 'is given more than once' })
    .optional()
    .transform((text, context): T | undefined => {
      if (text === undefined || text === '') return undefined;
      const value = read(text);
      if (!isWrong(value)) return value;
      context.addIssue({ code: 'custom', message: value.error });
      return z.NEVER;
    })
    .openapi({ type: 'string', ...description });
}

const isWrong = (value: unknown): value is Wrong => typeof value === 'object' && value !== null && 'error' in value;

export const textParameter = (description: string, example?: string) => parameter<string>(described(description, example), (text) => text);

export const choiceParameter = <const T extends string>(choices: readonly T[], description: string) =>
  parameter<T>({ description, enum: choices }, (text) =>
    (choices as readonly string[]).includes(text) ? (text as T) : { error: `must be one of ${choices.join(', ')}, not ${goQuote(text)}` },
  );

export const timeParameter = (description: string) =>
  parameter<UnixMs>({ description: `${description} RFC 3339, or seconds since 1970.`, example: INSTANT }, readTime);

export const limitParameter = ({ usual, max }: { readonly usual: number; readonly max: number }) =>
  parameter<number>({ type: 'integer', minimum: 1, maximum: max, default: usual, description: 'How many at most.' }, (text) => {
    const limit = Number(text);
    return /^\d+$/.test(text) && limit >= 1 && limit <= max ? limit : { error: `must be a number from 1 to ${max}, not ${goQuote(text)}` };
  }).transform((limit) => limit ?? usual);

/** `list`: as `cursorOf` has it. */
export const cursorParameter = (list: string) =>
  parameter<Place<string>>(
    { description: 'Where to go on: `next` of the page before. The other parameters stay as they were.' },
    (text) => placeOf(list, text) ?? { error: `is no cursor of this list: give "next" of the page before, as it is, not ${goQuote(text)}` },
  );

/** A whole label set as a parameter: a JSON object. */
export const labelsParameter = (description: string) =>
  parameter<Labels>({ description: `${description} A JSON object of texts.`, example: '{"alertname":"HighLatency","svc":"x"}' }, (text) => {
    const labels = labelsIn(jsonIn(text));
    return labels ?? { error: `must be a JSON object of texts such as {"alertname": "HighLatency"}, not ${goQuote(text)}` };
  });

/** A whole label set in a body. Not z.record, which passes over a label called __proto__. */
export const labelSet = (description: string) =>
  z
    .unknown()
    .transform((json, context): Labels => {
      const labels = labelsIn(json);
      if (labels !== null) return labels;
      context.addIssue({
        code: 'custom',
        message: 'must be an object of texts such as {"alertname": "HighLatency"}, with at least one label',
      });
      return z.NEVER;
    })
    .openapi({ type: 'object', additionalProperties: { type: 'string' }, description, example: { alertname: 'HighLatency', svc: 'x' } });

/** An instant in a body. */
export const instant = (description: string) =>
  z
    .string({ error: `must be a text such as ${INSTANT}` })
    .transform((text, context): UnixMs => {
      const at = readTime(text);
      if (typeof at === 'number') return at;
      context.addIssue({ code: 'custom', message: at.error });
      return z.NEVER;
    })
    .openapi({ type: 'string', format: 'date-time', description, example: INSTANT });

function readTime(text: string): UnixMs | Wrong {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null;
  const parsed = seconds === null ? parseDateTime(text) : unixMs(Math.round(seconds * 1000));
  if (typeof parsed === 'number' && parsed <= TIME_MS_MAX) return parsed;
  return { error: `must be a time such as 2026-11-21T10:00:00Z, or seconds since 1970, not ${goQuote(text)}` };
}

/** The last instant of the year 9999. */
const TIME_MS_MAX = 253_402_300_799_999;

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Null: no object of texts, or an empty one. */
function labelsIn(json: unknown): Labels | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
  const pairs = Object.entries(json);
  if (!pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')) return null;
  const labels = Labels.fromPairs(pairs);
  return labels.size === 0 ? null : labels;
}

const described = (description: string, example: string | undefined): Described =>
  example === undefined ? { description } : { description, example };

// ---- what answers are made of

export const labelRecord = z
  .record(z.string(), z.string())
  .openapi({ description: 'Labels by name.', example: { alertname: 'HighLatency' } });
export const time = z.string().openapi({ format: 'date-time', example: INSTANT });
export const next = z.string().nullable().openapi({
  description: 'Give it as `cursor` for the page after this one; null: this is the last page. Opaque: its content may change.',
});

export const iso = (at: number): string => new Date(at).toISOString();
export const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));
