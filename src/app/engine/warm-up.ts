/**
 * Queries over a few made-up series, run in slices right after the start. V8 interprets code until it has run often:
 * the first dashboard after a restart would pay ten times what a query costs for getting the evaluator compiled, and the
 * rules wait behind it on the same thread. What is warmed is the way from compressed chunks to JSON; nothing is kept.
 */
import { TextWriter } from '../../lib/text-writer.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { Labels } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { SimDisk } from '../../platform/sim/sim-disk.ts';
import { DEFAULT_ENGINE_OPTIONS, evaluate } from '../../promql/engine.ts';
import { parseExpr } from '../../promql/parser.ts';
import { sizeOfQueryData, writeQueryData } from '../../promql/result-json.ts';
import { openTsdb, type Tsdb } from '../../tsdb/tsdb.ts';

const INSTANCES = 12;
const BOUNDS = ['0.1', '0.5', '1', '+Inf'];
const INTERVAL_MS = 15_000;
const SAMPLES = 480;
/** Somewhere in time; it must only be far from zero, as real times are. */
const END_MS = 1_700_000_000_000;
const ROUNDS = 3;

/** One of each kind of work that dashboards and rules ask for. */
const QUERIES: readonly string[] = [
  'warm_gauge',
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

/** Yields often; what is left undone when it is broken off does no harm. */
export function* warmUp(): Generator<void, void> {
  const tsdb = openEmpty();
  yield* fill(tsdb);
  for (let round = 0; round < ROUNDS; round++) {
    for (const text of QUERIES) {
      yield* answer(tsdb, text, { startMs: END_MS - 3_600_000, stepMs: 30_000 });
      yield* answer(tsdb, text, { startMs: END_MS, stepMs: 0 });
    }
    for (const text of INSTANT_ONLY) yield* answer(tsdb, text, { startMs: END_MS, stepMs: 0 });
  }
}

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

function* answer(tsdb: Tsdb, text: string, { startMs, stepMs }: { startMs: number; stepMs: number }): Generator<void, void> {
  const parsed = parseExpr(text, {
    experimentalFunctions: false,
    durationExpressions: false,
    extendedRangeSelectors: false,
    binopFillModifiers: false,
  });
  if (!('expr' in parsed)) throw new Error(`BUG: ${text}`);
  const { value } = yield* evaluate({ expr: parsed.expr, text, startMs, endMs: END_MS, stepMs }, tsdb, DEFAULT_ENGINE_OPTIONS);
  const out = new TextWriter(sizeOfQueryData(value));
  yield* writeQueryData(out, value);
  out.finish();
  yield;
}
