/**
 * Our own API: what was sent and what happened, from the database, and why. Unlike the two APIs that we keep for others, it refuses
 * parameters that it does not know: a filter with a typing error would quietly show everything.
 */
import { Hono } from 'hono';
import { parseAlertSelector } from '../../alerts/matcher-text.ts';
import type { EventFilter } from '../../db/event-repository.ts';
import type { HistoryPlace } from '../../db/outbox-repository.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { Labels } from '../../model/labels.ts';
import { type UnixMs, unixMs } from '../../model/time.ts';
import { parseDateTime } from '../alertmanager-v2/date-time.ts';
import type { CallerEnv } from '../caller.ts';
import type { ExplainBackend, ExplainSubject, HistoryBackend } from './backend.ts';
import { eventJson, notificationJson, placeText } from './history-json.ts';
import { problem } from './problem.ts';

const NOTIFICATIONS = { usual: 50, max: 500 };
const EVENTS = { usual: 100, max: 1000 };

export function historyRoutes(backend: HistoryBackend, explainer: ExplainBackend): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();

  const on = (path: string, known: readonly string[], handle: (params: Params) => Promise<unknown>): void => {
    app.all(path, async (context) => {
      if (context.req.method !== 'GET' && context.req.method !== 'HEAD') return notAllowed(context.req.method);
      try {
        const body = await handle(new Params(new URL(context.req.url).searchParams, known));
        return new Response(`${JSON.stringify(body)}\n`, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
      } catch (error) {
        if (error instanceof BadParameter) return problem(400, error.message);
        throw error;
      }
    });
  };

  /** `next`, given as `before`, asks for the page after this one. */
  on('/notifications', ['receiver', 'before', 'limit'], async (params) => {
    const limit = params.limit(NOTIFICATIONS);
    const filter = { receiver: params.text('receiver'), before: params.place('before'), limit: limit + 1 };
    const found = await backend.notifications(filter);
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const next = found.length > limit && last !== undefined ? placeText({ at: last.createdAt, id: last.id }) : null;
    return { notifications: shown.map(notificationJson), next };
  });

  /** Oldest first. When `isCut`, `from` with the time of the last one goes on; that one comes again. */
  on('/events', ['fingerprint', 'group', 'from', 'to', 'limit'], async (params) => {
    const limit = params.limit(EVENTS);
    const [fingerprint, groupKey] = [params.text('fingerprint'), params.text('group')];
    const [from, to] = [params.time('from'), params.time('to')];
    const filter: EventFilter = {
      ...(fingerprint !== null && { fingerprint }),
      ...(groupKey !== null && { groupKey }),
      ...(from !== null && { from }),
      ...(to !== null && { to }),
      limit: limit + 1,
    };
    const found = await backend.events(filter);
    return { events: found.slice(0, limit).map(eventJson), isCut: found.length > limit };
  });

  /** One tree; without `at`, of this moment. */
  on('/explain', ['labels', 'query', 'at'], (params) => explainer.explain(subjectOf(params), params.time('at')));

  app.all('*', (context) => problem(404, `there is no ${context.req.path} in this API`));
  return app;
}

function subjectOf(params: Params): ExplainSubject {
  const [labels, query] = [params.text('labels'), params.text('query')];
  if (labels !== null && query === null) return { kind: 'labels', labels: labelsIn(labels) };
  if (query === null || labels !== null)
    throw new BadParameter('give either labels, a JSON object of a whole label set, or query, such as HighLatency{svc="x"}');
  const matchers = parseAlertSelector(query);
  if ('error' in matchers) throw new BadParameter(`query ${goQuote(query)} cannot be read: ${matchers.error}`);
  return { kind: 'matchers', matchers };
}

function labelsIn(text: string): Labels {
  const wrong = new BadParameter(`labels must be a JSON object of texts such as {"alertname": "HighLatency"}, not ${goQuote(text)}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong;
    throw error;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong;
  const pairs = Object.entries(json).map(([name, value]): readonly [string, string] => {
    if (typeof value !== 'string') throw wrong;
    return [name, value];
  });
  const labels = Labels.fromPairs(pairs);
  if (labels.size === 0) throw wrong;
  return labels;
}

function notAllowed(method: string): Response {
  const response = problem(405, `method ${method} is not allowed here: use GET`);
  response.headers.set('allow', 'GET');
  return response;
}

class BadParameter extends Error {}

/** The parameters of a request, of which each may be given once; empty ones count as absent. */
class Params {
  readonly #params: URLSearchParams;

  constructor(params: URLSearchParams, known: readonly string[]) {
    this.#params = params;
    for (const name of params.keys()) {
      if (!known.includes(name)) throw new BadParameter(`unknown parameter ${goQuote(name)}: there are ${known.join(', ')}`);
      if (params.getAll(name).length > 1) throw new BadParameter(`${name} is given more than once`);
    }
  }

  text(name: string): string | null {
    const text = this.#params.get(name) ?? '';
    return text === '' ? null : text;
  }

  time(name: string): UnixMs | null {
    const text = this.text(name);
    return text === null ? null : timeOf(name, text);
  }

  place(name: string): HistoryPlace | null {
    const text = this.text(name);
    if (text === null) return null;
    const [time = '', ...id] = text.split('_');
    return { at: timeOf(name, time), id: id.length === 0 ? null : id.join('_') };
  }

  limit({ usual, max }: { readonly usual: number; readonly max: number }): number {
    const text = this.text('limit');
    if (text === null) return usual;
    const limit = Number(text);
    if (!/^\d+$/.test(text) || limit < 1 || limit > max)
      throw new BadParameter(`limit must be a number from 1 to ${max}, not ${goQuote(text)}`);
    return limit;
  }
}

function timeOf(name: string, text: string): UnixMs {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null;
  const parsed = seconds === null ? parseDateTime(text) : unixMs(Math.round(seconds * 1000));
  if (typeof parsed === 'number' && parsed <= TIME_MS_MAX) return parsed;
  throw new BadParameter(`${name} must be a time such as 2026-11-21T10:00:00Z, or seconds since 1970, not ${goQuote(text)}`);
}

/** The last instant of the year 9999. */
const TIME_MS_MAX = 253_402_300_799_999;
