/**
 * Queries over a few made-up series, answered in slices right after the start. V8 interprets code until it has run often:
 * the first dashboard after a restart would pay ten times what a query costs for getting the evaluator compiled, and the
 * rules wait behind it on the same thread. What is warmed is the way from a call to its bytes; nothing is kept, and no
 * counter that anybody sees counts it.
 */
import type { QueryLimits } from '../../api/prometheus-v1/backend.ts';
import type { Clock } from '../../model/clock.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { Labels } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { SimDisk } from '../../platform/sim/sim-disk.ts';
import { openTsdb, type Tsdb } from '../../tsdb/tsdb.ts';
import { parserOptions } from '../config/engine-config.ts';
import { instantAnswer, labelNamesAnswer, labelValuesAnswer, rangeAnswer, seriesAnswer } from './answers.ts';
import { QueryService } from './query-service.ts';
import { yieldNow } from './slicing.ts';

const INSTANCES = 12;
const BOUNDS = ['0.1', '0.5', '1', '+Inf'];
const INTERVAL_MS = 15_000;
const SAMPLES = 480;
/** Somewhere in time; it must only be far from zero, as real times are. */
const END_MS = 1_700_000_000_000;
const ROUNDS = 6;
/** Numbers of all the kinds that are written in ways of their own. */
const ODD = [0, -1.5, 1 / 3, 0.1, 123_456_789.25, 1e-7, 5e15, 1e22, 2 ** -7, Number.NaN, Number.POSITIVE_INFINITY, -1e10 / 7];

/** One of each kind of work that dashboards and rules ask for. */
const QUERIES: readonly string[] = [
  'warm_gauge',
  'warm_odd',
  'warm_gauge{instance="host-3:9100",zone="z1"}',
  'warm_gauge{instance="host-3:9100",zone="z1"} > 10',
  'warm_gauge{instance=~"host-[0-6].*",zone!~"z[23]"}',
  'rate(warm_requests_total[5m])',
  'sum by (code) (rate(warm_requests_total[5m]))',
  'sum without (instance) (irate(warm_requests_total[2m]))',
  'sum(increase(warm_requests_total{code!="404"}[1h]))',
  'histogram_quantile(0.9, sum by (le, instance) (rate(warm_seconds_bucket[5m])))',
  'topk(3, sum by (instance) (rate(warm_requests_total[1m])))',
  'quantile(0.9, warm_gauge)',
  'stddev by (zone) (warm_gauge)',
  'avg by (zone) (warm_gauge) > max by (zone) (warm_gauge) / 2',
  'count_values("v", floor(warm_gauge / 10))',
  'sum by (code) (rate(warm_requests_total{code="500"}[5m])) / on (code) sum by (code) (rate(warm_requests_total[5m]))',
  'sum(warm_requests_total{code="500"} / ignoring (code) warm_requests_total{code="200"})',
  'sum by (version) (warm_gauge * on (instance) group_left (version) warm_info)',
  'count((warm_gauge > 80) and (warm_gauge < 95) or (warm_gauge < 5) unless on (instance) warm_info)',
  'clamp_max(round(ln(warm_gauge + 1) * 100) / 3 ^ 2, 60)',
  'max_over_time(sum(rate(warm_requests_total[1m]))[30m:1m])',
  'avg_over_time(max by (zone) (avg_over_time(warm_gauge[5m]))[20m:2m])',
  'absent(warm_nothing{job="x"})',
  'absent_over_time(warm_gauge{zone="none"}[10m])',
  'quantile_over_time(0.9, warm_gauge[10m]) + max_over_time(warm_gauge[10m]) - min_over_time(warm_gauge[10m])',
  'changes(warm_gauge[1h]) + deriv(warm_gauge[15m]) + predict_linear(warm_gauge[30m], 3600)',
  'label_replace(rate(warm_requests_total{code="200"}[5m]), "h", "$1", "instance", "host-(.).*")',
  'sum(warm_gauge) - sum(warm_gauge offset 10m) + sum(warm_gauge @ end())',
];
const INSTANT_ONLY: readonly string[] = ['warm_gauge[30m]', 'sort_desc(warm_gauge)', 'count({__name__=~"warm.+"})', '1 + 1'];

/** What is left undone when it is broken off does no harm. */
export async function warmUp(clock: Clock): Promise<void> {
  const tsdb = openEmpty();
  for (const _ of fill(tsdb)) await yieldNow(clock);
  const queries = new QueryService({
    clock,
    queryable: tsdb,
    limits: { lookbackDeltaMs: 300_000, timeoutMs: 60_000, concurrencyMax: 1, samplesMax: 50_000_000 },
    features: [],
    parser: parserOptions([]),
    subqueryStepMs: 60_000,
  });
  const nobody = { isCanceled: false };
  for (let round = 0; round < ROUNDS; round++) {
    for (const query of QUERIES) {
      await rangeAnswer(queries, { ...LIMITS, query, fromMs: END_MS - 3_600_000, toMs: END_MS, stepMs: 30_000 }, nobody);
      await yieldNow(clock);
    }
    for (const query of [...QUERIES, ...INSTANT_ONLY]) {
      await instantAnswer(queries, { ...LIMITS, query, atMs: END_MS }, nobody);
      await yieldNow(clock);
    }
    for (const selectors of [[], ['warm_gauge{zone="z1"}']]) {
      const request = { selectors, fromMs: END_MS - 3_600_000, toMs: END_MS, limit: 0 };
      labelNamesAnswer(tsdb, request);
      labelValuesAnswer(tsdb, { ...request, name: 'instance' });
      if (selectors.length > 0) seriesAnswer(tsdb, request);
      await yieldNow(clock);
    }
  }
}

const LIMITS: QueryLimits = { timeoutMs: null, lookbackDeltaMs: null, limit: 0, stats: 'none' };

function openEmpty(): Tsdb {
  const opening = openTsdb({ disk: new SimDisk(), dir: 'warm-up', crashPoints: noCrashPoints, log: silentLog });
  for (;;) {
    const step = opening.next();
    if (step.done === true) return step.value.tsdb;
  }
}

function* fill(tsdb: Tsdb): Generator<void, void> {
  const series: { readonly labels: Labels; readonly valueAt: (i: number) => number }[] = [];
  for (let host = 0; host < INSTANCES; host++) {
    const add = (name: string, labels: Readonly<Record<string, string>>, valueAt: (i: number) => number): void => {
      series.push({ labels: Labels.of({ ...labels, __name__: name, job: 'warm', instance: `host-${host}:9100` }), valueAt });
    };
    for (const [c, code] of ['200', '404', '500'].entries()) {
      add('warm_requests_total', { code }, (i) => (i % 200) * (7 + host + c) + (i % (c + 3)));
    }
    for (const [b, le] of BOUNDS.entries()) add('warm_seconds_bucket', { le }, (i) => i * (b + 1) * 3);
    for (const zone of ['z1', 'z2', 'z3']) add('warm_gauge', { zone }, (i) => 50 + 49 * Math.sin(i * 0.7 + host));
    add('warm_odd', {}, (i) => ODD[i % ODD.length] ?? 0);
    add('warm_info', { version: `1.${host % 4}` }, () => 1);
  }
  for (let from = 0; from < SAMPLES; from += 20) {
    const appender = tsdb.appender();
    for (const { labels, valueAt } of series) {
      const ref = appender.series(labels);
      for (let i = from; i < from + 20; i++) appender.append(ref, END_MS - (SAMPLES - 1 - i) * INTERVAL_MS, valueAt(i));
    }
    appender.commit();
    yield;
  }
}
