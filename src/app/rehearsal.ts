/**
 * Requests right after the start, over made-up series, from the connection to the last byte and through both threads. V8
 * interprets code until it has run often: the first dashboards after a restart would pay several times what their queries
 * cost for getting everything compiled that answers them, and rules and alerts wait behind it on the same threads.
 */
import { STAGE_END_MS } from './engine/rehearsal-stage.ts';

const ROUNDS_OF_ALL = 4;
/** What costs little is mostly the way there and back, which takes that often. */
const ROUNDS_OF_SMALL = 40;
const END_S = STAGE_END_MS / 1000;

/** One of each kind of work that dashboards and rules ask for. */
const QUERIES: readonly string[] = [
  'stage_gauge',
  'stage_odd',
  'stage_gauge{instance="host-3:9100",zone="z1"}',
  'stage_gauge{instance="host-3:9100",zone="z1"} > 0',
  'stage_gauge{instance=~"host-[0-6].*",zone!~"z[23]"}',
  'rate(stage_requests_total[5m])',
  'sum by (code) (rate(stage_requests_total[5m]))',
  'sum without (instance) (irate(stage_requests_total[2m]))',
  'sum(increase(stage_requests_total{code!="404"}[1h]))',
  'histogram_quantile(0.9, sum by (le, instance) (rate(stage_seconds_bucket[5m])))',
  'topk(3, sum by (instance) (rate(stage_requests_total[1m])))',
  'quantile(0.9, stage_gauge)',
  'stddev by (zone) (stage_gauge)',
  'avg by (zone) (stage_gauge) > max by (zone) (stage_gauge) / 2',
  'count_values("v", floor(stage_gauge / 10))',
  'sum by (code) (rate(stage_requests_total{code="500"}[5m])) / on (code) sum by (code) (rate(stage_requests_total[5m]))',
  'sum(stage_requests_total{code="500"} / ignoring (code) stage_requests_total{code="200"})',
  'sum by (version) (stage_gauge * on (instance) group_left (version) stage_info)',
  'count((stage_gauge > 80) and (stage_gauge < 95) or (stage_gauge < 5) unless on (instance) stage_info)',
  'clamp_max(round(ln(stage_gauge + 1) * 100) / 3 ^ 2, 60)',
  'max_over_time(sum(rate(stage_requests_total[1m]))[30m:1m])',
  'avg_over_time(max by (zone) (avg_over_time(stage_gauge[5m]))[20m:2m])',
  'absent(stage_nothing{job="x"})',
  'absent_over_time(stage_gauge{zone="none"}[10m])',
  'quantile_over_time(0.9, stage_gauge[10m]) + max_over_time(stage_gauge[10m]) - min_over_time(stage_gauge[10m])',
  'changes(stage_gauge[1h]) + deriv(stage_gauge[15m]) + predict_linear(stage_gauge[30m], 3600)',
  'label_replace(rate(stage_requests_total{code="200"}[5m]), "h", "$1", "instance", "host-(.).*")',
  'sum(stage_gauge) - sum(stage_gauge offset 10m) + sum(stage_gauge @ end())',
];
const INSTANT_ONLY: readonly string[] = ['stage_gauge[30m]', 'sort_desc(stage_gauge)', 'count({__name__=~"stage.+"})', '1 + 1'];

const params = (given: Readonly<Record<string, string | number>>): string =>
  new URLSearchParams(Object.entries(given).map(([name, value]): [string, string] => [name, String(value)])).toString();
const rangePath = (query: string): string => `/api/v1/query_range?${params({ query, start: END_S - 3600, end: END_S, step: 30 })}`;
const instantPath = (query: string): string => `/api/v1/query?${params({ query, time: END_S })}`;
const within = { start: END_S - 3600, end: END_S };

/** `again`: what a query is written with so that it is not known yet. */
const small = (again: string): readonly string[] => [
  rangePath(`stage_gauge{instance="host-3:9100",zone="z1"}${again}`),
  rangePath(`absent(stage_nothing{job="x"})${again}`),
  rangePath(`absent_over_time(stage_gauge{instance="host-3:9100",zone="z1"}[10m])${again}`),
  instantPath(`stage_gauge{instance="host-3:9100",zone="z1"} > 0${again}`),
  instantPath(`sum by (zone) (stage_gauge)${again}`),
  `/api/v1/labels?${params(within)}`,
  `/api/v1/label/instance/values?${params(within)}`,
  `/api/v1/label/instance/values?${params({ ...within, 'match[]': 'stage_gauge{zone="z1"}' })}`,
  `/api/v1/series?${params({ ...within, 'match[]': 'stage_gauge{zone="z1"}' })}`,
];

type Headers = Readonly<Record<string, string>>;
/** One after the other; every few requests somebody else connects. */
const CLIENTS: readonly Headers[] = [
  {},
  { accept: '*/*' },
  {},
  { 'user-agent': 'rehearsal', 'accept-encoding': 'gzip' },
  {},
  { connection: 'close' },
];

/** Ended with the first request that `get` rejects. `get`: a path of the Prometheus API, asked by GET. */
export async function rehearse(get: (path: string, headers: Headers) => Promise<unknown>): Promise<void> {
  let asked = 0;
  const ask = (path: string): Promise<unknown> => get(path, CLIENTS[asked++ % CLIENTS.length] ?? {});
  for (let round = 0; round < ROUNDS_OF_ALL; round++) {
    const [again, onceMore] = [' '.repeat(2 * round), ' '.repeat(2 * round + 1)];
    for (const query of QUERIES) await ask(rangePath(query + again));
    for (const query of [...QUERIES, ...INSTANT_ONLY]) await ask(instantPath(query + onceMore));
    for (const path of small(again)) await ask(path);
  }
  // As dashboards do: every other time it is the same again.
  for (let round = ROUNDS_OF_ALL; round < ROUNDS_OF_SMALL; round++) {
    for (const path of small(round % 2 === 0 ? ' '.repeat(2 * round) : '')) await ask(path);
  }
}
