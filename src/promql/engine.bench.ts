/** Costs of whole queries over samples that are already decoded: what the evaluator itself spends. */
import { bench, describe } from 'vitest';
import { TextWriter } from '../lib/text-writer.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { matchesLabels } from '../model/matcher.ts';
import { DEFAULT_ENGINE_OPTIONS, evaluate } from './engine.ts';
import { parseExpr } from './parser.ts';
import type { Queryable, SelectedSeries, SelectRange } from './queryable.ts';
import { sizeOfQueryData, writeQueryData } from './result-json.ts';

const INTERVAL_MS = 15_000;
const HOUR_MS = 3_600_000;
const END_MS = 1_700_000_000_000;

/** Series with one sample every 15 s, the same columns for all: only the labels differ. */
class Fixture implements Queryable {
  readonly #labels: readonly Labels[];
  readonly #timestamps: Float64Array;
  readonly #values: Float64Array;

  constructor(labels: readonly Labels[], hours: number) {
    this.#labels = [...labels].sort((a, b) => a.compare(b));
    const count = (hours * HOUR_MS) / INTERVAL_MS;
    this.#timestamps = Float64Array.from({ length: count }, (_, i) => END_MS - (count - 1 - i) * INTERVAL_MS);
    this.#values = Float64Array.from({ length: count }, (_, i) => i * 7 + (i % 5));
  }

  // oxlint-disable-next-line require-yield -- it has nothing to pause for
  *select(matchers: readonly Matcher[], { fromMs, toMs }: SelectRange): Generator<number, SelectedSeries> {
    const selected = this.#labels.filter((labels) => matchesLabels(matchers, labels));
    const from = this.#timestamps.findIndex((ms) => ms >= fromMs);
    const to = this.#timestamps.findLastIndex((ms) => ms <= toMs) + 1;
    return {
      count: selected.length,
      labels: (index) => selected[index] ?? Labels.empty,
      read: (_, into) => {
        into.clear();
        into.reserve(to - from);
        into.timestamps.set(this.#timestamps.subarray(from, to));
        into.values.set(this.#values.subarray(from, to));
        into.length = to - from;
        return true;
      },
      readOn: () => true,
      close: () => {},
    };
  }
}

/** Native histograms of a hundred buckets, counters that grow; all series have the same ones. */
class NativeFixture implements Queryable {
  readonly #labels: readonly Labels[];
  readonly #samples = Array.from({ length: HOUR_MS / INTERVAL_MS }, (_, i): FloatHistogram => {
    const counts = Array.from({ length: 100 }, (_, bucket) => (bucket + 1) * i + (bucket % 7));
    const count = counts.reduce((sum, one) => sum + one, 0);
    return {
      counterResetHint: i % 12 === 0 ? 'unknown' : 'not_reset',
      schema: 3,
      zeroThreshold: 2 ** -128,
      zeroCount: 0,
      count,
      sum: count * 1.5,
      positiveSpans: [
        { offset: -40, length: 60 },
        { offset: 3, length: 40 },
      ],
      negativeSpans: [],
      positiveBuckets: counts,
      negativeBuckets: [],
      customValues: [],
    };
  });

  constructor(labels: readonly Labels[]) {
    this.#labels = [...labels].sort((a, b) => a.compare(b));
  }

  // oxlint-disable-next-line require-yield -- it has nothing to pause for
  *select(matchers: readonly Matcher[], { fromMs, toMs }: SelectRange): Generator<number, SelectedSeries> {
    const selected = this.#labels.filter((labels) => matchesLabels(matchers, labels));
    return {
      count: selected.length,
      labels: (index) => selected[index] ?? Labels.empty,
      read: (_, into) => {
        into.clear();
        this.#samples.forEach((histogram, i) => {
          const ms = END_MS - (this.#samples.length - 1 - i) * INTERVAL_MS;
          if (ms >= fromMs && ms <= toMs) into.pushHistogram(ms, histogram);
        });
        return true;
      },
      readOn: () => true,
      close: () => {},
    };
  }
}

function series(name: string, count: number, extra: Readonly<Record<string, string>> = {}): Labels[] {
  return Array.from({ length: count }, (_, i) =>
    Labels.of({ __name__: name, instance: `host-${i}:9100`, job: `job-${i % 20}`, zone: `zone-${i % 3}`, ...extra }),
  );
}

const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
const buckets = BOUNDS.flatMap((le) => series('latency_bucket', 200, { le }));

function query(store: Queryable, text: string, range: { hours: number; stepMs: number } | null): () => void {
  const parsed = parseExpr(text, {
    experimentalFunctions: true,
    durationExpressions: true,
    extendedRangeSelectors: true,
    binopFillModifiers: true,
  });
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  const startMs = range === null ? END_MS : END_MS - range.hours * HOUR_MS;
  return () => {
    const steps = evaluate({ expr: parsed.expr, text, startMs, endMs: END_MS, stepMs: range?.stepMs ?? 0 }, store, DEFAULT_ENGINE_OPTIONS);
    for (let next = steps.next(); ; next = steps.next()) {
      if (next.done !== true) continue;
      const { value } = next.value;
      const out = new TextWriter(sizeOfQueryData(value));
      for (const writing = writeQueryData(out, value); writing.next().done !== true; );
      out.finish();
      return;
    }
  };
}

const small = new Fixture(series('requests_total', 1000), 4);
const large = new Fixture([...series('a', 10_000), ...series('b', 10_000)], 0.25);
const classic = new Fixture(buckets, 2);

describe('range queries, 1000 series, 3 h in steps of 60 s', () => {
  const range = { hours: 3, stepMs: 60_000 };
  bench('requests_total', query(small, 'requests_total', range));
  bench('rate(requests_total[5m])', query(small, 'rate(requests_total[5m])', range));
  bench('sum by (job) (rate(requests_total[5m]))', query(small, 'sum by (job) (rate(requests_total[5m]))', range));
  bench('max_over_time(requests_total[10m])', query(small, 'max_over_time(requests_total[10m])', range));
  bench(
    'histogram_quantile, 200 × 12 buckets, 1 h',
    query(classic, 'histogram_quantile(0.99, sum by (le, job) (rate(latency_bucket[5m])))', { hours: 1, stepMs: 60_000 }),
  );
});

describe('instant queries', () => {
  bench('a, 10 000 series', query(large, 'a', null));
  bench('sum by (job) (a)', query(large, 'sum by (job) (a)', null));
  bench('a > 5', query(large, 'a > 5', null));
  bench('a / on (instance, job) b, 10 000 × 10 000', query(large, 'a / on (instance, job) b', null));
  bench('a / ignoring () b', query(large, 'a / b', null));
  bench('topk(10, a)', query(large, 'topk(10, a)', null));
});

describe('native histograms of 100 buckets, 50 series, 1 h in steps of 60 s', () => {
  const native = new NativeFixture(series('h', 50));
  const range = { hours: 1, stepMs: 60_000 };
  for (const text of [
    'h',
    'rate(h[5m])',
    'histogram_quantile(0.9, sum by (job) (rate(h[5m])))',
    'histogram_quantile(0.9, h)',
    'histogram_count(rate(h[5m]))',
    'sum_over_time(h[5m])',
    'avg_over_time(h[5m])',
    'h + h',
  ])
    bench(text, query(native, text, range));
});
