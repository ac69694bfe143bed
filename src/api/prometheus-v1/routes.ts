/**
 * The Prometheus HTTP API v1 (prometheus/web/api/v1/api.go). Handlers only translate: parameters in, an answer of the
 * backend out. A path with another method answers 405, an unknown one 404, always as JSON: Grafana relies on both.
 */
import { type Context, Hono } from 'hono';
import { goQuote } from '../../lib/go-quote.ts';
import { EARLIEST_MS, LATEST_MS } from '../../lib/parse-instant.ts';
import { isUtf8LabelName } from '../../model/labels.ts';
import type { EscapingScheme } from '../../model/name-escaping.ts';
import { formatFirstError } from '../../promql/parse-error.ts';
import { parseMatchers } from '../../promql/parser.ts';
import { searchOf } from '../request-url.ts';
import type { PrometheusBackend, QueryLimits, SeriesRequest } from './backend.ts';
import { headStatusJson } from './head-status-json.ts';
import { labelNameOf } from './label-name.ts';
import {
  all,
  BadParameter,
  countOf,
  endAfterStart,
  exactMs,
  first,
  flag,
  groupLimit,
  invalid,
  limitOf,
  lookbackDeltaMs,
  matcherSetsOf,
  type Params,
  paramsOf,
  selectorsOf,
  stepMs,
  tableLimitOf,
  timeMs,
  timeoutMs,
} from './params.ts';
import { failure, success, wire, withData } from './respond.ts';
import { alertsJson, ruleGroupsJson } from './rules-json.ts';
import { metadataJson, targetsJson, targetsMetadataJson } from './targets-json.ts';

const POINTS_MAX = 11_000;
/** The level of the API that we keep; clients choose their requests by it. */
const PROMETHEUS_LEVEL = '3.5.0';

type Handler = (params: Params, context: Context) => Promise<Response> | Response;

export function prometheusRoutes(backend: PrometheusBackend): Hono {
  const app = new Hono();

  const on = (methods: readonly string[], path: string, handle: Handler): void => {
    app.all(path, async (context) => {
      const method = context.req.method === 'HEAD' ? 'GET' : context.req.method;
      if (!methods.includes(method)) return notAllowed(method, methods);
      try {
        return await handle(await readParams(context), context);
      } catch (error) {
        if (error instanceof BadParameter) return failure(error.error);
        throw error;
      }
    });
  };
  const GET = ['GET'];
  const BOTH = ['GET', 'POST'];

  // Of several wrong parameters the first in Prometheus' order is told.
  on(BOTH, '/query', async (params, context) => {
    const query = first(params, 'query');
    const limit = limitOf(params);
    const now = backend.nowMs();
    const atMs = exactMs(params, 'time', timeMs(params, 'time', now), now);
    return wire(await backend.instantQuery({ query, atMs, limit, ...choicesOf(params) }, context.req.raw));
  });
  on(BOTH, '/query_range', async (params, context) => {
    const limit = limitOf(params);
    const fromMs = timeMs(params, 'start');
    const toMs = timeMs(params, 'end');
    endAfterStart(fromMs, toMs);
    const step = stepMs(params);
    // Before a step below a millisecond becomes one.
    if (Math.trunc((toMs - fromMs) / step) > POINTS_MAX)
      throw new BadParameter('exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)');
    exactMs(params, 'start', fromMs);
    exactMs(params, 'end', toMs);
    return wire(
      await backend.rangeQuery(
        { query: first(params, 'query'), fromMs, toMs, stepMs: Math.max(1, Math.trunc(step)), limit, ...choicesOf(params) },
        context.req.raw,
      ),
    );
  });
  on(BOTH, '/format_query', async (params) => wire(await backend.formatQuery(first(params, 'query'))));
  on(BOTH, '/parse_query', async (params) => wire(await backend.parseQuery(first(params, 'query'))));
  on(BOTH, '/series', async (params, context) => {
    if (all(params, 'match[]').length === 0) throw new BadParameter('no match[] parameter provided');
    const request = seriesRequest(params, 'match[]');
    return wire(await backend.series(request, context.req.raw));
  });
  on(BOTH, '/labels', async (params, context) => wire(await backend.labelNames(seriesRequest(params), context.req.raw)));
  on(GET, '/label/:name/values', async (params, context) => {
    const name = labelNameIn(context);
    return wire(await backend.labelValues({ ...seriesRequest(params), name }, context.req.raw));
  });
  on(BOTH, '/query_exemplars', async (params) => {
    const [fromMs, toMs] = [timeMs(params, 'start', EARLIEST_MS), timeMs(params, 'end', LATEST_MS)];
    if (toMs < fromMs) throw new BadParameter('end timestamp must not be before start timestamp');
    const parsed = await backend.parseQuery(first(params, 'query'));
    // No exemplars are kept; a query that is none is told all the same.
    if (parsed.kind === 'refused')
      throw new BadParameter(parsed.error.message.replace('invalid parameter "query": ', ''), parsed.error.type);
    return success([]);
  });
  on(GET, '/targets', async (params) =>
    withData(await backend.targets(), (targets) => success(targetsJson(targets, first(params, 'state'), first(params, 'scrapePool')))),
  );
  on(GET, '/scrape_pools', async () => withData(await backend.targets(), ({ pools }) => success({ scrapePools: pools })));
  on(GET, '/metadata', async (params) => {
    const limits = {
      limit: countOf(params, 'limit'),
      perMetric: countOf(params, 'limit_per_metric'),
      metric: first(params, 'metric'),
    };
    return withData(await backend.metadata(), (metadata) => success(metadataJson(metadata, limits)));
  });
  on(GET, '/targets/metadata', async (params) => {
    const wanted = { matchTarget: first(params, 'match_target'), metric: first(params, 'metric'), limit: countOf(params, 'limit') };
    return withData(await backend.metadata(), (metadata) => {
      const rows = targetsMetadataJson(metadata, wanted);
      return 'error' in rows ? failure({ type: 'bad_data', message: rows.error }) : success(rows.rows);
    });
  });
  on(GET, '/rules', async (params) => {
    const matcherSets = matcherSetsOf(params);
    const type = first(params, 'type').toLowerCase();
    if (type !== '' && type !== 'alert' && type !== 'record') throw invalid('type', `not supported value ${goQuote(type)}`);
    const [withAlerts, limit] = [!flag(params, 'exclude_alerts'), groupLimit(params)];
    return withData(await backend.ruleGroups(), (groups) => {
      const json = ruleGroupsJson(groups, {
        type,
        ruleNames: all(params, 'rule_name[]'),
        groupNames: all(params, 'rule_group[]'),
        files: all(params, 'file[]'),
        matcherSets,
        withAlerts,
        groupLimit: limit,
        nextToken: first(params, 'group_next_token'),
      });
      return 'error' in json ? failure({ type: 'bad_data', message: json.error }) : success(json);
    });
  });
  on(GET, '/alerts', async () => withData(await backend.ruleGroups(), (groups) => success({ alerts: alertsJson(groups) })));
  // Own alerts reach the router in this process; no other Alertmanager is used.
  on(GET, '/alertmanagers', () => success({ activeAlertmanagers: [], droppedAlertmanagers: [] }));

  on(GET, '/status/config', () => success({ yaml: backend.configYaml() }));
  on(GET, '/status/flags', () => success(backend.flags));
  on(GET, '/status/buildinfo', () =>
    success({
      version: PROMETHEUS_LEVEL,
      revision: 'tocsin',
      branch: 'main',
      buildUser: '',
      buildDate: '',
      goVersion: '',
      tocsinVersion: backend.version,
    }),
  );
  on(GET, '/status/runtimeinfo', () => {
    const runtime = backend.runtime();
    return success({
      startTime: new Date(runtime.startedAtMs).toISOString(),
      CWD: runtime.workingDirectory,
      hostname: '',
      serverTime: new Date(backend.nowMs()).toISOString(),
      reloadConfigSuccess: runtime.reloadSucceeded,
      lastConfigTime: new Date(runtime.lastConfigAtMs).toISOString(),
      corruptionCount: 0,
      goroutineCount: 0,
      GOMAXPROCS: 2,
      GOMEMLIMIT: 0,
      GOGC: '',
      GODEBUG: '',
      storageRetention: runtime.retention,
    });
  });
  on(GET, '/status/tsdb', async (params) => {
    const limit = tableLimitOf(params);
    return withData(await backend.headStatus(limit), (status) => success(headStatusJson(status)));
  });
  on(GET, '/status/walreplay', () => {
    const { min, max, current } = backend.replay();
    return success({ min, max, current });
  });
  // Nothing to tell: what an operator should know is on the page and in the metrics.
  on(GET, '/notifications', () => success([]));
  for (const name of ['delete_series', 'clean_tombstones', 'snapshot'])
    on(['POST', 'PUT'], `/admin/tsdb/${name}`, () => failure({ type: 'unavailable', message: 'admin APIs disabled' }, 500));
  on(['POST'], '/write', async (_params, context) => {
    if (!backend.remoteWriteEnabled)
      return new Response('remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n', { status: 404 });
    const type = (context.req.header('content-type') ?? '').toLowerCase();
    if (!type.startsWith('application/x-protobuf') || type.includes('io.prometheus.write.v2'))
      return new Response(`content type "${type}" is not supported: send application/x-protobuf (remote write 1.0)\n`, { status: 415 });
    const answer = await backend.write(new Uint8Array(await context.req.arrayBuffer()));
    if (answer.kind === 'gave') return new Response(null, { status: 204 });
    return new Response(`${answer.error.message}\n`, { status: answer.error.type === 'bad_data' ? 400 : 500 });
  });
  app.all('*', (context) => failure({ type: 'not_found', message: `there is no ${context.req.path} in this API` }, 404));
  return app;
}

/** GET /federate: text exposition of the newest sample of each selected series. Its errors are plain text. */
export const federate =
  (backend: PrometheusBackend) =>
  async (context: Context): Promise<Response> => {
    const { method } = context.req;
    if (method !== 'GET' && method !== 'HEAD')
      return new Response(`method ${method} is not allowed here: use GET\n`, {
        status: 405,
        headers: { 'content-type': PLAIN, allow: 'GET' },
      });
    const selectors = all(paramsOf(new URLSearchParams(searchOf(context.req.url))), 'match[]');
    for (const text of selectors) {
      const parsed = parseMatchers(text);
      if (!('errors' in parsed)) continue;
      return new Response(`${formatFirstError(text, parsed.errors)}\n`, { status: 400, headers: { 'content-type': PLAIN } });
    }
    const escaping = escapingFor(context.req.header('accept') ?? '');
    const headers = { 'content-type': `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}` };
    return wire(await backend.federate({ selectors, atMs: backend.nowMs(), escaping }, context.req.raw), headers);
  };

/** Who does not say how names are told may know only the old ones: of a single other name it would refuse the whole answer. */
const escapingFor = (accept: string): EscapingScheme =>
  (/;\s*escaping=(allow-utf-8|underscores|dots|values)\s*(?:[;,]|$)/.exec(accept)?.[1] as EscapingScheme | undefined) ?? 'underscores';

const PLAIN = 'text/plain; charset=utf-8';

function notAllowed(method: string, methods: readonly string[]): Response {
  const response = failure({ type: 'bad_data', message: `method ${method} is not allowed here: use ${methods.join(' or ')}` }, 405);
  response.headers.set('allow', methods.join(', '));
  return response;
}

async function readParams(context: Context): Promise<Params> {
  const inUrl = new URLSearchParams(searchOf(context.req.url));
  if (context.req.method !== 'POST') return paramsOf(inUrl);
  const [mediaType = ''] = (context.req.header('content-type') ?? '').toLowerCase().split(';', 1);
  switch (mediaType.trim()) {
    case 'application/x-www-form-urlencoded':
      return paramsOf(new URLSearchParams(await context.req.text()), inUrl);
    case 'multipart/form-data':
      return paramsOf(await multipartFields(context), inUrl);
    default:
      return paramsOf(inUrl);
  }
}

async function multipartFields(context: Context): Promise<URLSearchParams> {
  let form: FormData;
  try {
    form = await context.req.raw.formData();
  } catch (error) {
    throw new BadParameter(`the body is no form: ${error instanceof Error ? error.message : String(error)}`);
  }
  const fields = new URLSearchParams();
  for (const [name, value] of form) if (typeof value === 'string') fields.append(name, value);
  return fields;
}

function choicesOf(params: Params): Omit<QueryLimits, 'limit'> {
  const stats = first(params, 'stats');
  const isKnown = stats === '' || stats === 'true' || stats === 'all';
  return {
    timeoutMs: timeoutMs(params),
    lookbackDeltaMs: lookbackDeltaMs(params),
    stats: stats === 'all' ? 'all' : stats === '' ? 'none' : 'basic',
    warnings: isKnown
      ? []
      : [`value ${goQuote(stats)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`],
  };
}

/** Where `start` is after `end` there is simply nothing. `name`: put in front of an error of match[]. */
function seriesRequest(params: Params, name = ''): SeriesRequest {
  const limit = limitOf(params);
  const fromMs = timeMs(params, 'start', EARLIEST_MS);
  const toMs = timeMs(params, 'end', LATEST_MS);
  return { selectors: selectorsOf(params, name), fromMs, toMs, limit };
}

function labelNameIn(context: Context): string {
  const [, written = ''] = /\/label\/([^/]*)\/values$/.exec(context.req.path) ?? [];
  const name = labelNameOf(written);
  if (name === null || !isUtf8LabelName(name)) throw new BadParameter(`invalid label name: ${goQuote(name ?? written)}`);
  return name;
}
