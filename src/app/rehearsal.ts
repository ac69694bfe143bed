/**
 * Requests right after the start, over made-up series, from the connection to the last byte and through both threads. V8
 * interprets code until it has run often: the first dashboards after a restart would pay several times what their queries
 * cost for getting everything compiled that answers them, and rules and alerts wait behind it on the same threads.
 */
import type { Clock } from '../model/clock.ts';
import { durationMs } from '../model/time.ts';
import { STAGE_END_MS } from './engine/rehearsal-stage.ts';
import type { EngineLink } from './engine-link.ts';

const ROUNDS_OF_ALL = 3;
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
  'last_over_time(stage_odd[5m])',
  'avg_over_time(max by (zone) (avg_over_time(stage_gauge[5m]))[20m:2m])',
  'absent(stage_nothing{job="x"})',
  'absent_over_time(stage_gauge{zone="none"}[10m])',
  'quantile_over_time(0.9, stage_gauge[10m]) + max_over_time(stage_gauge[10m]) - min_over_time(stage_gauge[10m])',
  'changes(stage_gauge[1h]) + deriv(stage_gauge[15m]) + predict_linear(stage_gauge[30m], 3600)',
  'label_replace(rate(stage_requests_total{code="200"}[5m]), "h", "$1", "instance", "host-(.).*")',
  'sum(stage_gauge) - sum(stage_gauge offset 10m) + sum(stage_gauge @ end())',
];
const INSTANT_ONLY: readonly string[] = ['stage_gauge[30m]', 'sort_desc(stage_gauge)', 'count({__name__=~"stage.+"})', '1 + 1'];

export type RehearsedRequest = {
  readonly method: 'GET' | 'POST';
  /** Of the Prometheus API. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
};

const params = (given: Readonly<Record<string, string | number>>): string =>
  new URLSearchParams(Object.entries(given).map(([name, value]): [string, string] => [name, String(value)])).toString();
const get = (name: string, given: Readonly<Record<string, string | number>>): RehearsedRequest => ({
  method: 'GET',
  path: `/api/v1/${name}?${params(given)}`,
  headers: {},
  body: null,
});
/** As Grafana sends queries. */
const post = (name: string, given: Readonly<Record<string, string | number>>): RehearsedRequest => ({
  method: 'POST',
  path: `/api/v1/${name}`,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: params(given),
});
const write = (body: Uint8Array<ArrayBuffer>): RehearsedRequest => ({
  method: 'POST',
  path: '/api/v1/write',
  headers: { 'content-type': 'application/x-protobuf' },
  body,
});

const within = { start: END_S - 3600, end: END_S };
const inRange = (query: string) => ({ query, ...within, step: 30 });
const atEnd = (query: string) => ({ query, time: END_S });
/** A write of nothing, as snappy has it, and one that is refused. */
const WRITES = [write(new Uint8Array([0])), write(new Uint8Array(100_000))];

/** `again`: what a query is written with so that it is not known yet. */
const small = (again: string): readonly RehearsedRequest[] => [
  get('query_range', inRange(`stage_gauge{instance="host-3:9100",zone="z1"}${again}`)),
  post('query_range', inRange(`stage_gauge{instance="host-3:9100",zone="z1"}${again}`)),
  get('query_range', inRange(`absent(stage_nothing{job="x"})${again}`)),
  get('query_range', inRange(`absent_over_time(stage_gauge{instance="host-3:9100",zone="z1"}[10m])${again}`)),
  get('query', atEnd(`stage_gauge{instance="host-3:9100",zone="z1"} > 0${again}`)),
  post('query', atEnd(`sum by (zone) (stage_gauge)${again}`)),
  get('query', atEnd('sum by')),
  // Also as nobody has asked yet.
  get('labels', { ...within, limit: 1000 + again.length }),
  get('label/instance/values', { ...within, limit: 1000 + again.length }),
  get('label/instance/values', { ...within, 'match[]': 'stage_gauge{zone="z1"}' }),
  get('series', { ...within, 'match[]': 'stage_gauge{zone="z1"}' }),
  ...WRITES,
];

/** One after the other; every few requests somebody else connects. */
const CLIENTS: readonly Readonly<Record<string, string>>[] = [
  {},
  { accept: '*/*' },
  {},
  { 'user-agent': 'rehearsal', 'accept-encoding': 'gzip' },
  {},
  { connection: 'close' },
];

/** Nobody has asked for so long: between the requests of who is at it there is less. */
const QUIET_MS = durationMs(100);
/** Somebody always asks, it seems; so long is given way, altogether. */
const GIVEN_WAY_MS_MAX = 30_000;

/**
 * Who comes before all is rehearsed goes first. To be asked before each request: null where the engine is free for it, else
 * what resolves when it is.
 */
export function givingWay(engine: Pick<EngineLink, 'freeSince'>, clock: Clock): () => Promise<void> | null {
  let leftMs = GIVEN_WAY_MS_MAX;
  const isFree = (): boolean => leftMs <= 0 || (engine.freeSince !== null && clock.elapsed() - engine.freeSince >= QUIET_MS);
  const wait = async (): Promise<void> => {
    while (!isFree()) {
      await new Promise<void>((resolve) => clock.after(QUIET_MS, resolve));
      leftMs -= QUIET_MS;
    }
  };
  return () => (isFree() ? null : wait());
}

export type Stages = {
  /** From now on there are small ones only. */
  readonly onTheWay: () => void;
  /** Now everything comes once more: what is to be compiled is so when it is used the next time. */
  readonly onTheEnd: () => void;
};
const NOTHING: Stages = { onTheWay: () => {}, onTheEnd: () => {} };

/** Ended with the first request that `send` rejects. */
export async function rehearse(send: (request: RehearsedRequest) => Promise<unknown>, stages: Stages = NOTHING): Promise<void> {
  let sent = 0;
  const ask = (request: RehearsedRequest): Promise<unknown> =>
    send({ ...request, headers: { ...request.headers, ...CLIENTS[sent++ % CLIENTS.length] } });
  const askAll = async (round: number): Promise<void> => {
    const [again, onceMore] = [' '.repeat(2 * round), ' '.repeat(2 * round + 1)];
    for (const query of QUERIES) await ask(get('query_range', inRange(query + again)));
    for (const query of [...QUERIES, ...INSTANT_ONLY]) await ask(get('query', atEnd(query + onceMore)));
    for (const request of small(again)) await ask(request);
  };
  for (let round = 0; round < ROUNDS_OF_ALL; round++) await askAll(round);
  stages.onTheWay();
  // As dashboards do: every other time it is the same again.
  for (let round = ROUNDS_OF_ALL; round < ROUNDS_OF_SMALL; round++) {
    for (const request of small(round % 2 === 0 ? ' '.repeat(2 * round) : '')) await ask(request);
  }
  stages.onTheEnd();
  await askAll(ROUNDS_OF_ALL);
}
