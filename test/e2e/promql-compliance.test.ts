/**
 * The queries of the PromQL compliance tester, asked of a real Prometheus and of this program over the same samples,
 * which both were sent by remote write: the same series, times and values to nine digits, from as many samples at each
 * step, or refused by both.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type ComplianceQuery, complianceQueries, demoSeries } from '../support/compliance-queries.ts';
import { freePort } from '../support/e2e/ports.ts';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import { absent, peer } from '../support/peers.ts';
import { encodeWriteRequest, type RemoteSeries } from '../support/real-prometheus.ts';

const DATA = join(process.env['CONFORMANCE_DIR'] ?? '../shared/conformance', 'prometheus/promql-compliance');
const needs = absent('prometheus') || (existsSync(DATA) ? '' : ` (skipped: no ${DATA}; CONFORMANCE_DIR says where it is)`);

const SCRAPE_MS = 5000;
const STORED_MS = 6_000_000;
const WRITE_SAMPLES = 60;
const TOLERANCE = 1e-9;
/** Prometheus 3 takes any UTF-8 label name; the tester is older. */
const UTF8_NAMES = [
  'label_replace(demo_num_cpus, "~invalid", "", "src", "(.*)")',
  'label_join(demo_num_cpus, "~invalid", "-", "instance")',
];

type Series = { readonly metric: Readonly<Record<string, string>>; readonly values: readonly (readonly [number, string])[] };
type Samples = {
  readonly totalQueryableSamples: number;
  readonly totalQueryableSamplesPerStep: readonly (readonly [seconds: number, samples: number])[];
};
type Answer = {
  readonly status: string;
  readonly data?: { readonly result: readonly Series[]; readonly stats: { readonly samples: Samples } };
  readonly error?: string;
};

describe.skipIf(needs !== '')(`compliance queries${needs}`, () => {
  test('are answered as Prometheus answers them', { timeout: 60_000 }, async ({ stage }) => {
    const endMs = Math.floor(Date.now() / 60_000) * 60_000;
    const [reference, own] = await Promise.all([startPrometheus(stage), startTocsin(stage)]);
    await Promise.all([load(reference, endMs), load(own, endMs)]);
    const queries = complianceQueries(DATA);
    const different: string[] = [];
    const waiting = [...queries];
    const ask = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const [theirs, ours] = await Promise.all([rangeQuery(reference, next, endMs), rangeQuery(own, next, endMs)]);
        const difference = differenceOf(next, theirs, ours);
        if (difference !== null) different.push(`${next.query}: ${difference}`);
      }
    };
    await Promise.all(Array.from({ length: 6 }, ask));
    expect(queries.length).toBeGreaterThan(500);
    expect(different).toEqual([]);
  });
});

async function startPrometheus(stage: Stage): Promise<string> {
  const port = await freePort();
  stage.write({ 'prometheus.yml': 'global: {}\n' });
  await stage.server(
    peer('prometheus'),
    [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=reference',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--enable-feature=promql-experimental-functions,promql-per-step-stats',
    ],
    { port, ready: '/-/ready' },
  );
  return `http://127.0.0.1:${port}`;
}

async function startTocsin(stage: Stage): Promise<string> {
  stage.write({ 'tocsin.yml': 'global: {scrape_interval: 1h}\n' });
  const tocsin = await stage.tocsin([
    '-c',
    'tocsin.yml',
    '--web.enable-remote-write-receiver',
    '--enable-feature=promql-experimental-functions,promql-per-step-stats',
  ]);
  await tocsin.start();
  return tocsin.url;
}

/** Oldest first, as a server would have sent them. */
async function load(url: string, endMs: number): Promise<void> {
  const startMs = endMs - STORED_MS;
  const all = demoSeries(startMs / 1000);
  for (let from = 0; from <= STORED_MS; from += SCRAPE_MS * WRITE_SAMPLES) {
    const series = all.map(({ labels, at }): RemoteSeries => {
      const samples: (readonly [number, number])[] = [];
      for (let ms = from; ms < from + SCRAPE_MS * WRITE_SAMPLES && ms <= STORED_MS; ms += SCRAPE_MS) {
        const value = at(ms / 1000);
        if (value !== null) samples.push([startMs + ms, value]);
      }
      return { labels, samples };
    });
    const response = await fetch(`${url}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' },
      body: new Uint8Array(encodeWriteRequest(series)),
    });
    if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
  }
}

async function rangeQuery(url: string, { query }: ComplianceQuery, endMs: number): Promise<Answer> {
  const end = endMs / 1000 - 120;
  const params = new URLSearchParams({ query, start: String(end - 600), end: String(end), step: '10', stats: 'all' });
  return (await (await fetch(`${url}/api/v1/query_range?${params}`)).json()) as Answer;
}

function differenceOf({ query, fails }: ComplianceQuery, theirs: Answer, ours: Answer): string | null {
  if (theirs.data === undefined || ours.data === undefined) {
    if (ours.error !== theirs.error) return `${ours.error ?? 'an answer'}, not ${theirs.error ?? 'an answer'}`;
    return fails ? null : `fails: ${ours.error}`;
  }
  if (fails && !UTF8_NAMES.includes(query)) return 'should fail';
  const expected = byLabels(theirs.data.result);
  const got = byLabels(ours.data.result);
  for (const [labels, { values }] of expected) {
    const own = got.get(labels)?.values;
    if (own === undefined) return `no ${labels}`;
    if (own.length !== values.length) return `${labels} has ${own.length} points, not ${values.length}`;
    const at = values.findIndex(([ms, value], i) => ms !== own[i]?.[0] || !isSame(value, own[i]?.[1] ?? ''));
    if (at >= 0) return `${labels}: ${own[at]?.join(' ')}, not ${values[at]?.join(' ')}`;
  }
  for (const labels of got.keys()) if (!expected.has(labels)) return `has ${labels}`;
  return statsDifferenceOf(theirs.data.stats.samples, ours.data.stats.samples);
}

function statsDifferenceOf(theirs: Samples, ours: Samples): string | null {
  const [expected, got] = [theirs.totalQueryableSamplesPerStep, ours.totalQueryableSamplesPerStep];
  const at = expected.findIndex((step, i) => step.join() !== got[i]?.join());
  if (at >= 0) return `looked at ${got[at]?.join(': ')} samples, not ${expected[at]?.join(': ')}`;
  return theirs.totalQueryableSamples === ours.totalQueryableSamples ? null : `looked at ${ours.totalQueryableSamples} samples`;
}

const byLabels = (series: readonly Series[]): ReadonlyMap<string, Series> =>
  new Map(series.map((one) => [JSON.stringify(Object.entries(one.metric).sort()), one]));

function isSame(a: string, b: string): boolean {
  if (a === b) return true;
  const difference = Math.abs(Number(a) - Number(b));
  return difference <= TOLERANCE * Math.max(Math.abs(Number(a)), Math.abs(Number(b)));
}
