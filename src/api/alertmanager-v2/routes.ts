/**
 * Alertmanager's API v2 (alertmanager/api/v2/openapi.yaml, as of 0.33), for amtool, Prometheus, Grafana and karma.
 * Handlers only translate. Paths with another method answer 405 and unknown ones 404 as JSON: Grafana relies on both.
 */
import { type Context, Hono } from 'hono';
import type { SilenceId } from '../../alerts/router-state.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { matchesLabels } from '../../model/matcher.ts';
import { isUuid } from '../../model/random.ts';
import { type CallerEnv, callerName } from '../caller.ts';
import { searchOf } from '../request-url.ts';
import { labelsJson, writeAlerts, writeGroups } from './alert-json.ts';
import type { AlertmanagerBackend } from './backend.ts';
import { alertQuery, receiverMatchersOf, silenceQuery } from './query.ts';
import { type Read, readAlerts, readSilence } from './request-body.ts';
import { empty, json, refused, schemaError, tagged } from './respond.ts';
import { silenceJson } from './silence-json.ts';
import { statusJson } from './status-json.ts';

export type AlertmanagerApiOptions = {
  /** GETs at a time; more are answered 503. */
  readonly getConcurrencyMax: number;
};

type Handler = (context: Context<CallerEnv>, params: URLSearchParams) => Promise<Response> | Response;
type Method = 'DELETE' | 'GET' | 'POST';

export function alertmanagerRoutes(backend: AlertmanagerBackend, { getConcurrencyMax }: AlertmanagerApiOptions): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  let getting = 0;

  const on = (path: string, handlers: Readonly<Partial<Record<Method, Handler>>>): void => {
    // With a slash at the end too: Alertmanager takes it, so that somebody relies on it.
    app.on('ALL', [path, `${path}/`], async (context) => {
      const method = context.req.method === 'HEAD' ? 'GET' : context.req.method;
      const handle = handlers[method as Method];
      if (handle === undefined) return notAllowed(method, Object.keys(handlers));
      const params = new URLSearchParams(searchOf(context.req.url));
      if (method !== 'GET') return handle(context, params);
      if (getting >= getConcurrencyMax) return tooMany(getConcurrencyMax);
      getting++;
      try {
        return await handle(context, params);
      } finally {
        getting--;
      }
    });
  };

  on('/status', { GET: () => json(statusJson(backend)) });

  on('/receivers', {
    GET: (_context, params) => {
      const matchers = receiverMatchersOf(params, backend.matcherMode);
      if ('error' in matchers) return refused(matchers.error);
      const receivers = backend
        .receivers()
        .map(({ name, labels }) => ({ name, labels: labels.with([['name', name]]) }))
        .filter(({ labels }) => matchesLabels(matchers, labels));
      return json(`[${receivers.map(({ name, labels }) => `{"labels":${labelsJson(labels)},"name":${JSON.stringify(name)}}`).join(',')}]`);
    },
  });

  on('/alerts', {
    GET: async (context, params) => {
      const query = alertQuery(params, backend.matcherMode);
      if ('error' in query) return refused(query.error);
      await backend.prepare();
      return tagged(context.req.header('if-none-match'), backend.viewTag('alerts'), (out) =>
        writeAlerts(out, backend.router().alerts(query, backend.now()), (alert) => backend.endsAtOf(alert)),
      );
    },
    POST: async (context) => {
      const read = await readWith(readAlerts, context);
      if (read.kind === 'refused') return schemaError(read.error);
      const { errors } = await backend.receive(read.value);
      return errors.length === 0 ? empty() : refused(errors.map(({ error }) => error).join('\n'));
    },
  });

  on('/alerts/groups', {
    GET: async (context, params) => {
      const query = alertQuery(params, backend.matcherMode);
      if ('error' in query) return refused(query.error);
      await backend.prepare();
      return tagged(context.req.header('if-none-match'), backend.viewTag('groups'), (out) =>
        writeGroups(
          out,
          backend.router().groups(query, backend.now()),
          (alert) => backend.endsAtOf(alert),
          (group) => backend.routeLabels(group),
        ),
      );
    },
  });

  on('/silences', {
    GET: (context, params) => {
      const query = silenceQuery(params, backend.matcherMode);
      if ('error' in query) return refused(query.error);
      return tagged(context.req.header('if-none-match'), backend.viewTag('silences'), (out) => {
        const now = backend.now();
        const silences = backend.router().silences(query, now);
        out.text('[');
        silences.forEach((silence, i) => out.text(`${i > 0 ? ',' : ''}${silenceJson(silence, now)}`));
        out.text(']');
      });
    },
    POST: async (context) => {
      const read = await readWith(readSilence, context);
      if (read.kind === 'refused') return schemaError(read.error);
      const { startsAt, endsAt } = read.value;
      const now = backend.now();
      if (endsAt === null || (startsAt !== null && startsAt >= endsAt))
        return refused('Failed to create silence: start time must be before end time');
      if (endsAt < now) return refused("Failed to create silence: end time can't be in the past");
      const put = await backend.putSilence(read.value);
      if (put.kind === 'refused') return refused(put.message, put.reason === 'not_found' ? 404 : 400);
      return json(`{"silenceID":${JSON.stringify(put.row.id)}}`);
    },
  });

  on('/silence/:id', {
    GET: (context) => {
      const id = context.req.param('id') ?? '';
      if (!isUuid(id)) return notUuid(id);
      const silence = backend.router().silence(id as SilenceId);
      return silence === null ? empty(404) : json(silenceJson(silence, backend.now()));
    },
    DELETE: async (context) => {
      const id = context.req.param('id') ?? '';
      if (!isUuid(id)) return notUuid(id);
      return (await backend.expireSilence(id as SilenceId, callerName(context.env))) ? empty() : empty(404);
    },
  });

  app.all('*', (context) => schemaError({ code: 404, message: `path ${context.req.path} was not found` }));
  return app;
}

async function readWith<T>(read: (text: string, contentType: string) => Read<T>, context: Context): Promise<Read<T>> {
  return read(await context.req.text(), context.req.header('content-type') ?? '');
}

function notAllowed(method: string, allowed: readonly string[]): Response {
  const response = schemaError({ code: 405, message: `method ${method} is not allowed, but [${allowed.join(',')}] are` });
  response.headers.set('allow', allowed.join(','));
  return response;
}

const tooMany = (max: number): Response =>
  new Response(`Limit of concurrent GET requests reached (${max}), try again later.\n\n`, {
    status: 503,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });

const notUuid = (id: string): Response => schemaError({ code: 601, message: `silenceID in path must be of type uuid: ${goQuote(id)}` });
