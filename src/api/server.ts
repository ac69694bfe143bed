/**
 * Everything that the process answers over HTTP, below one route prefix: the API of Prometheus (/api/v1), that of
 * Alertmanager (/api/v2), our own (/api/tocsin/v1), the page, the ways back from a notification (/act, /twilio), and the
 * management endpoints. One request passes the guard, then its handler; every answer leaves with the guard's headers,
 * compressed where the client takes it. What goes wrong inside is logged once and answered without details.
 */
import { type ErrorHandler, Hono } from 'hono';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import type { Log } from '../model/log.ts';
import type { ActionPageBackend, TelephoneBackend } from './actions/backend.ts';
import { actionPageRoutes } from './actions/page-routes.ts';
import { telephoneRoutes } from './actions/telephone-routes.ts';
import type { AlertmanagerBackend } from './alertmanager-v2/backend.ts';
import { alertmanagerRoutes } from './alertmanager-v2/routes.ts';
import { bodyLimit } from './body-limit.ts';
import type { Caller } from './caller.ts';
import { compressed, compressedParts } from './compression.ts';
import { type Admission, Guard, type GuardOptions } from './guard.ts';
import { managementRoutes } from './management.ts';
import type { ManagementBackend } from './management-backend.ts';
import { pageRoutes } from './page/routes.ts';
import type { PrometheusBackend } from './prometheus-v1/backend.ts';
import { federate, prometheusRoutes } from './prometheus-v1/routes.ts';
import { isBelow, refusal } from './refusal.ts';
import { pathnameOf } from './request-url.ts';
import type { OverviewBackend, PageRenderer, TocsinBackend } from './tocsin-v1/backend.ts';
import { partsOf, type ResponseParts, withHeaders } from './whole-response.ts';

export type ServerOptions = {
  readonly prometheus: PrometheusBackend;
  readonly alertmanager: AlertmanagerBackend;
  readonly tocsin: TocsinBackend;
  readonly overview: OverviewBackend;
  readonly management: ManagementBackend;
  readonly actionPage: ActionPageBackend;
  readonly telephone: TelephoneBackend;
  readonly render: PageRenderer;
  readonly guard: Omit<GuardOptions, 'log'>;
  readonly log: Log;
  /** '' or '/x', without a slash at the end. */
  readonly routePrefix: string;
  /** The same as browsers see it: the path of --web.external-url, which a proxy in front may take off. */
  readonly linkPrefix: string;
  /** GETs of API v2 at a time (--web.get-concurrency). */
  readonly getConcurrencyMax: number;
};

/** What the platform's HTTP server hands over beside the request. */
export type RequestInfo = Pick<Caller, 'remoteAddress' | 'cut' | 'release'>;

export function createServer(options: ServerOptions): (request: Request, info: RequestInfo) => Promise<Response> {
  const { log, routePrefix, linkPrefix } = options;
  const guard = new Guard({ ...options.guard, log });
  const appOf = routes(options);

  const answer = (request: Request, path: string | null, info: RequestInfo, admission: Admission): Response | Promise<Response> => {
    if (admission.kind === 'refused') {
      const response = refusal(path ?? '', admission.status, admission.message);
      for (const [name, value] of Object.entries(admission.headers)) response.headers.set(name, value);
      return response;
    }
    if (request.method === 'OPTIONS') return new Response(null, { status: 204 });
    if (path !== null && asksEngine(path) && !options.management.isReady()) {
      return refusal(path, 503, 'not ready yet: the metrics are being read from disk');
    }
    if (path !== null) return appOf(path).fetch(request, { ...info, user: admission.user, path });
    const pathname = pathnameOf(request.url);
    if (pathname === '/' || pathname === routePrefix) return new Response(null, { status: 302, headers: { location: `${linkPrefix}/` } });
    return refusal('', 404, `there is no ${pathname} here: everything is below ${routePrefix}/`);
  };

  return async (request, info) => {
    const pathname = pathnameOf(request.url);
    // A base URL that ends with a slash, put together with a path that begins with one.
    if (pathname.includes('//')) return moved(`${pathname.replaceAll(/\/{2,}/g, '/')}${new URL(request.url).search}`, request.method);
    // Without the route prefix; null: outside of it.
    const path = pathname.startsWith(`${routePrefix}/`) ? pathname.slice(routePrefix.length) : null;
    const admission = guard.admit(request, path ?? '');
    const response = await answer(request, path, info, admission instanceof Promise ? await admission : admission);
    return finished(response, request, guard.headersFor(request, path ?? ''), info);
  };
}

/** With the headers that every answer has, and compressed where the client takes it. */
function finished(
  response: Response,
  request: Request,
  added: Readonly<Record<string, string>>,
  info: RequestInfo,
): Response | Promise<Response> {
  const parts = partsOf(response);
  if (parts !== null) {
    if (parts.body instanceof Uint8Array) info.release?.(parts.body);
    const whole = compressedParts({ ...parts, headers: withHeaders(parts.headers, added) }, request);
    return whole instanceof Promise ? whole.then(responseOf) : responseOf(whole);
  }
  for (const [name, value] of Object.entries(added)) {
    if (name === 'vary') response.headers.append(name, value);
    else response.headers.set(name, value);
  }
  return compressed(response, request);
}

const responseOf = ({ body, status, headers }: ResponseParts): Response => new Response(body, { status, headers });

/** As Go's servers answer; but a request that changes something comes again as what it was. */
const moved = (location: string, method: string): Response =>
  new Response(null, { status: method === 'GET' || method === 'HEAD' ? 301 : 308, headers: { location } });

/** While the engine reads its data nothing can be asked of it; how far it is can. */
const asksEngine = (path: string): boolean => (isBelow(path, '/api/v1') && !path.startsWith('/api/v1/status/')) || path === '/federate';

/** What the handlers get, and the path without the route prefix. */
type RoutedEnv = { readonly Bindings: Caller & { readonly path: string } };

/** What a request without a body does not pass costs it nothing. */
const METHODS_WITH_BODY = ['POST', 'PUT', 'PATCH', 'DELETE'];

/** All routes, which do not know of the prefix: of each path, the application that has them. */
function routes(options: ServerOptions): (path: string) => Hono<RoutedEnv> {
  const { prometheus, alertmanager, tocsin, overview, management, render, log, linkPrefix, getConcurrencyMax } = options;
  const { actionPage, telephone } = options;

  const failed: ErrorHandler = (error, { req: { raw, method, path } }) => {
    // Nobody waits for the answer any more, and whatever was under way broke because of that.
    if (raw.signal.aborted) return refusal(path, 499, 'the client went away');
    log.error('a request failed', { method, path, error: error.stack ?? error.message });
    return refusal(path, 500, 'internal error; the log says more');
  };
  const newApp = (router: Partial<Pick<Hono<RoutedEnv>, 'router'>> = {}): Hono<RoutedEnv> => {
    const app = new Hono<RoutedEnv>({ ...router, getPath: (_request, given) => given?.env?.path ?? '' });
    app.onError(failed);
    app.notFound(({ req: { path } }) => refusal(path, 404, `there is no ${path} here`));
    return app;
  };

  // What programs ask all day. This router takes no path that another one of the same method could be taken for.
  const apis = newApp({ router: new RegExpRouter() });
  apis.on(METHODS_WITH_BODY, '*', bodyLimit);
  apis.route('/api/v1', prometheusRoutes(prometheus));
  apis.route('/api/v2', alertmanagerRoutes(alertmanager, { getConcurrencyMax }));
  apis.router.match('GET', '/'); // makes its tables now, which the first request would

  const rest = newApp();
  rest.on(METHODS_WITH_BODY, '*', bodyLimit);
  // Its schemas take as long to set up as a tenth of the start: they wait for whoever asks for them.
  let own: Promise<Hono<RoutedEnv>> | null = null;
  const ownApi = async (): Promise<Hono<RoutedEnv>> => {
    const { tocsinRoutes } = await import('./tocsin-v1/routes.ts');
    const api = newApp();
    api.route('/api/tocsin/v1', tocsinRoutes(tocsin, `${linkPrefix}/api/tocsin/v1`));
    return api;
  };
  rest.all('/api/tocsin/v1/*', async ({ req: { raw }, env }) => (await (own ??= ownApi())).fetch(raw, env));
  rest.all('/federate', federate(prometheus));
  rest.route('/act', actionPageRoutes(actionPage, render, log));
  rest.route('/twilio', telephoneRoutes(telephone, log));
  rest.route('/', managementRoutes(management));
  rest.route('/', pageRoutes({ overview, alertmanager, history: tocsin.history, render, log, prefix: linkPrefix }));
  return (path) => (isBelow(path, '/api/v1') || isBelow(path, '/api/v2') ? apis : rest);
}
