/**
 * Native histograms by remote write: what a real Prometheus scrapes and sends here is answered here as it is answered
 * there, and what is written to both is taken, refused and answered alike.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect } from 'vitest';
import { STALE_NAN } from '../../src/model/sample.ts';
import { freePort } from '../support/e2e/ports.ts';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import { until } from '../support/e2e/until.ts';
import { absent, peer } from '../support/peers.ts';
import { encodeWriteRequest, type RemoteHistogram, type RemoteSeries } from '../support/real-prometheus.ts';

const needs = absent('prometheus');
const SCRAPES = 8;

type Series = { readonly metric: Readonly<Record<string, string>>; readonly [sample: string]: unknown };

/** Numbers to nine digits: a sum depends on the order of its parts. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'string' && Number.isFinite(Number(value)) ? Number(value).toPrecision(9) : value;

/** Series in an order of their own. */
async function ask(url: string, query: string, atMs: number): Promise<readonly Series[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query, time: String(atMs / 1000) })}`);
  const { data, error } = JSON.parse(await response.text(), rounded) as {
    readonly data?: { readonly result: readonly Series[] };
    readonly error?: string;
  };
  if (data === undefined) throw new Error(error);
  const key = ({ metric }: Series): string => JSON.stringify(Object.entries(metric).sort());
  return data.result.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

async function startPrometheus(stage: Stage, config: string): Promise<string> {
  const port = await freePort();
  stage.write({ 'prometheus.yml': config.replaceAll('$PORT', String(port)) });
  await stage.server(
    peer('prometheus'),
    [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=prometheus',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--enable-feature=native-histograms',
    ],
    { port, ready: '/-/ready' },
  );
  return `http://127.0.0.1:${port}`;
}

async function startTocsin(stage: Stage): Promise<string> {
  stage.write({ 'tocsin.yml': 'global: {scrape_interval: 1h}\n' });
  const tocsin = await stage.tocsin(['-c', 'tocsin.yml', '--web.enable-remote-write-receiver']);
  await tocsin.start();
  return tocsin.url;
}

/** From 3.9 on the feature flag is without effect and the configuration asks for them. */
function scrapesHistograms(): string {
  const { stdout, stderr } = spawnSync(peer('prometheus'), ['--version'], { encoding: 'utf8' });
  const [, major = '0', minor = '0'] = /version v?(\d+)\.(\d+)/.exec(`${stdout}${stderr}`) ?? [];
  return Number(major) * 1000 + Number(minor) >= 3009 ? 'scrape_native_histograms: true' : '';
}

const REQUESTS = 'prometheus_http_request_duration_seconds';
const SCRAPED_QUERIES = [
  REQUESTS,
  `${REQUESTS}[30s]`,
  `rate(${REQUESTS}[5s])`,
  `increase(${REQUESTS}[5s])`,
  `sum(${REQUESTS})`,
  `avg_over_time(${REQUESTS}[5s])`,
  `count_over_time(${REQUESTS}[20s])`,
  `resets(${REQUESTS}[20s])`,
  `changes(${REQUESTS}[20s])`,
  `histogram_count(${REQUESTS})`,
  `histogram_sum(${REQUESTS})`,
  `histogram_avg(${REQUESTS})`,
  `histogram_stddev(${REQUESTS})`,
  `histogram_fraction(0, 0.01, ${REQUESTS})`,
  `histogram_quantile(0.9, ${REQUESTS})`,
  `histogram_quantile(0.5, sum by (handler) (rate(${REQUESTS}[5s])))`,
];

const startMs = Math.floor(Date.now() / 1000) * 1000 - 600_000;
const at = (i: number): number => startMs + i * 10_000;
const INTEGERS: RemoteHistogram = {
  timestampMs: at(0),
  count: 19,
  sum: 18.4,
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 2,
  spans: [
    [-3, 2],
    [1, 2],
  ],
  deltas: [1, 1, -2, 4],
  negativeSpans: [[0, 2]],
  negativeDeltas: [4, 2],
};
const FLOATS: RemoteHistogram = { ...INTEGERS, count: 9.75, counts: [1.5, 2, 0, 4.25], deltas: [], negativeSpans: [], negativeDeltas: [] };
const CUSTOM: RemoteHistogram = {
  ...INTEGERS,
  count: 7,
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  spans: [[0, 3]],
  deltas: [1, 1, 2],
  negativeSpans: [],
  negativeDeltas: [],
  customValues: [0.5, 2.5],
};
/** Ten of a series, each with more in its first bucket. */
const grown = (first: RemoteHistogram): readonly RemoteHistogram[] =>
  Array.from({ length: 10 }, (_, i) => ({
    ...first,
    timestampMs: at(i),
    count: first.count + i,
    sum: first.sum + i,
    ...(first.counts === undefined
      ? { deltas: [(first.deltas?.[0] ?? 0) + i, (first.deltas?.[1] ?? 0) - i, ...(first.deltas ?? []).slice(2)] }
      : { counts: [(first.counts[0] ?? 0) + i, ...first.counts.slice(1)] }),
  }));
const named = (name: string, histograms: readonly RemoteHistogram[]): RemoteSeries => ({ labels: { __name__: name }, histograms });

const WRITTEN: readonly RemoteSeries[] = [
  named('integers', grown(INTEGERS)),
  named('floats', grown(FLOATS)),
  named('custom', grown(CUSTOM)),
  named(
    'gauge',
    grown({ ...FLOATS, resetHint: 3 })
      .toReversed()
      .map((one, i) => ({ ...one, timestampMs: at(i) })),
  ),
  named('reset', [...grown(INTEGERS).slice(0, 9), { ...INTEGERS, timestampMs: at(9) }]),
  named('fine', grown({ ...INTEGERS, schema: 8 })),
  named('ended', [
    ...grown(INTEGERS).slice(0, 9),
    {
      ...INTEGERS,
      timestampMs: at(9),
      count: 0,
      zeroCount: 0,
      sum: STALE_NAN,
      spans: [],
      deltas: [],
      negativeSpans: [],
      negativeDeltas: [],
    },
  ]),
  named(
    'wider',
    grown(INTEGERS).map((one, i) =>
      i < 5
        ? one
        : {
            ...one,
            count: one.count + 1,
            spans: [
              [-3, 2],
              [1, 2],
              [4, 1],
            ],
            deltas: [...(one.deltas ?? []), -3],
          },
    ),
  ),
  { labels: { __name__: 'floats_then_histograms' }, samples: [[at(0), 7]], histograms: grown(INTEGERS).slice(1) },
];
const ALL = '{__name__=~"integers|floats|custom|gauge|reset|fine|ended|wider|floats_then_histograms"}';
const WRITTEN_QUERIES = [
  ALL,
  `${ALL}[10m]`,
  ...['integers', 'floats', 'custom', 'reset', 'fine', 'wider', 'ended'].flatMap((name) => [
    `rate(${name}[2m])`,
    `resets(${name}[10m])`,
    `histogram_quantile(0.5, last_over_time(${name}[1m]))`,
    `histogram_fraction(0, 1, last_over_time(${name}[1m]))`,
  ]),
  'delta(gauge[2m])',
  'sum({__name__=~"integers|floats"})',
];

/** Each is refused by both, in the same words where they are about the histogram. */
const REFUSED: readonly (readonly [what: string, histogram: RemoteHistogram])[] = [
  ['a negative bucket', { ...INTEGERS, deltas: [1, 1, -3, 5] }],
  ['a negative bucket on the negative side', { ...INTEGERS, negativeDeltas: [-1, 11] }],
  ['another count than that of its buckets', { ...INTEGERS, count: 20 }],
  ['less than its buckets, with an observed NaN', { ...INTEGERS, count: 18, sum: Number.NaN }],
  ['more buckets than its spans', { ...INTEGERS, spans: [[0, 3]] }],
  ['a span of a thousand million buckets', { ...INTEGERS, spans: [[0, 1_000_000_000]] }],
  [
    'a span before the one before',
    {
      ...INTEGERS,
      spans: [
        [4, 2],
        [-1, 2],
      ],
    },
  ],
  ['a negative float bucket', { ...FLOATS, counts: [-0.5, 2, 0, 4] }],
  ['custom bounds that fall', { ...CUSTOM, customValues: [2.5, 0.5] }],
  ['a custom bound of +Inf', { ...CUSTOM, customValues: [2.5, Number.POSITIVE_INFINITY] }],
  ['too few custom bounds', { ...CUSTOM, customValues: [2.5] }],
  ['custom buckets with a zero bucket', { ...CUSTOM, zeroCount: 1 }],
  ['custom buckets with a negative side', { ...CUSTOM, negativeSpans: [[0, 1]], negativeDeltas: [1] }],
  ['exponential buckets with custom bounds', { ...INTEGERS, customValues: [1] }],
];

async function write(url: string, series: readonly RemoteSeries[]): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' },
    body: new Uint8Array(encodeWriteRequest(series)),
  });
  return { status: response.status, text: (await response.text()).trim() };
}

describe.skipIf(needs !== '')(`native histograms by remote write${needs}`, { concurrent: true }, () => {
  test('are answered as by the Prometheus that scraped and sent them', async ({ stage }) => {
    const tocsin = await startTocsin(stage);
    // One shard: samples come in their order.
    const prometheus = await startPrometheus(
      stage,
      `global: {scrape_interval: 1s, ${scrapesHistograms()}}
scrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:$PORT']}]}]
remote_write:
  - url: ${tocsin}/api/v1/write
    send_native_histograms: true
    queue_config: {min_shards: 1, max_shards: 1, batch_send_deadline: 1s}
`,
    );
    const arrivedMs = await until('some scrapes to arrive', async () => {
      await ask(prometheus, 'up', Date.now()); // is itself observed
      const now = Date.now();
      const [count] = await ask(tocsin, `count(${REQUESTS}) and on () count_over_time(up[30s]) >= ${SCRAPES}`, now);
      if (count === undefined) return null;
      const [newest] = (await ask(tocsin, 'timestamp(up)', now)) as readonly (Series & { readonly value: readonly [number, string] })[];
      return Number(newest?.value[1]) * 1000;
    });
    // What the newest sample came with may still be on its way.
    for (const query of SCRAPED_QUERIES) {
      await until(`${query} to be answered alike`, async () => {
        const theirs = await ask(prometheus, query, arrivedMs - 100);
        expect(theirs).not.toEqual([]);
        expect(await ask(tocsin, query, arrivedMs - 100)).toEqual(theirs);
        return true;
      });
    }
  });

  test('are taken, refused and answered as Prometheus does', async ({ stage }) => {
    const [tocsin, prometheus] = await Promise.all([startTocsin(stage), startPrometheus(stage, 'global: {}\n')]);
    for (const url of [tocsin, prometheus]) expect(await write(url, WRITTEN)).toEqual({ status: 204, text: '' });
    for (const [what, histogram] of REFUSED) {
      const series = [named('refused', [histogram])];
      const [ours, theirs] = await Promise.all([write(tocsin, series), write(prometheus, series)]);
      // Older ones answer 500, and then get them again.
      expect({ what, status: ours.status, isRefused: theirs.status >= 400 }).toEqual({ what, status: 400, isRefused: true });
      expect(ours.text, what).toContain(theirs.text);
    }
    const endMs = at(9);
    for (const query of WRITTEN_QUERIES) {
      const theirs = await ask(prometheus, query, endMs);
      expect(theirs, query).not.toEqual([]);
      expect({ query, answer: await ask(tocsin, query, endMs) }).toEqual({ query, answer: theirs });
    }
    expect(await ask(tocsin, 'refused[1h]', endMs)).toEqual([]);
  });
});

test('histograms that are refused do not take the good ones of their request with them', async ({ stage }) => {
  const tocsin = await startTocsin(stage);
  const series = [
    named('good', [INTEGERS, { ...INTEGERS, timestampMs: at(1), deltas: [1, 1, -3, 5] }, { ...INTEGERS, timestampMs: at(2) }]),
  ];
  const refused = 'positive side: bucket number 3 has observation count of -1: histogram has a bucket whose observation count is negative';
  expect(await write(tocsin, series)).toEqual({ status: 400, text: `${refused} (series {__name__="good"}, timestamp ${at(1)})` });
  expect(await write(tocsin, [named('good', [{ ...INTEGERS, timestampMs: at(2) }])])).toEqual({ status: 204, text: '' });
  for (const [why, other] of [
    ['out of order sample', { ...INTEGERS, timestampMs: at(1) }],
    ['duplicate sample for timestamp', { ...INTEGERS, timestampMs: at(2), count: 20, deltas: [2, 0, -2, 4] }],
  ] as const) {
    const answer = await write(tocsin, [named('good', [other])]);
    expect(answer).toEqual({ status: 400, text: `${why} (series {__name__="good"}, timestamp ${other.timestampMs})` });
  }
  const [stored] = (await ask(tocsin, 'count_over_time(good[1h])', at(9))) as readonly { readonly value?: readonly unknown[] }[];
  expect(Number(stored?.value?.[1])).toBe(2);
});
