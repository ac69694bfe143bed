import { describe, expect, test } from 'vitest';
import { MemoryQueryable } from '../../test/support/memory-queryable.ts';
import { SCRIPT_PARSER_OPTIONS } from '../../test/support/promqltest/run-script.ts';
import { finish } from '../lib/finish.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels } from '../model/labels.ts';
import { DEFAULT_ENGINE_OPTIONS, type EngineOptions, evaluate, type QueryResult } from './engine.ts';
import { parseExpr } from './parser.ts';
import { QueryError, queryTimedOut } from './query-error.ts';
import type { Queryable } from './queryable.ts';

/** `series` samples of x{i}, one a minute from 0 on, the value its index. */
function storeOf(series: number, samples: number, name = 'x'): MemoryQueryable {
  const store = new MemoryQueryable();
  for (let i = 0; i < series; i++) {
    const labels = Labels.of({ __name__: name, i: String(i) });
    for (let s = 0; s < samples; s++) store.append(labels, s * 60_000, s + i);
  }
  return store;
}

const HISTOGRAM: FloatHistogram = {
  counterResetHint: 'gauge',
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 1,
  sum: 1,
  positiveSpans: [{ offset: 0, length: 1 }],
  negativeSpans: [],
  positiveBuckets: [1],
  negativeBuckets: [],
  customValues: [],
};

type Range = { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
const at = (startMs: number): Range => ({ startMs, endMs: startMs, stepMs: 0 });

function start(text: string, store: Queryable, range: Range, options: Partial<EngineOptions> = {}): Generator<void, QueryResult> {
  const parsed = parseExpr(text, SCRIPT_PARSER_OPTIONS);
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  return evaluate({ expr: parsed.expr, text, ...range }, store, { ...DEFAULT_ENGINE_OPTIONS, ...options });
}

const run = (text: string, store: Queryable, range: Range, options: Partial<EngineOptions> = {}): QueryResult =>
  finish(start(text, store, range, options));

/** Series as text → values. */
function print({ value }: QueryResult): unknown {
  switch (value.kind) {
    case 'vector':
      return Object.fromEntries(value.labels.map((labels, i) => [labels.toString(), value.values[i]]));
    case 'matrix':
      return Object.fromEntries(value.series.map(({ labels, values }) => [labels.toString(), [...values]]));
    default:
      return value.value;
  }
}

/** Counts what is read from a store, and whether its selections are closed. */
function watched(store: Queryable) {
  const counts = { selects: 0, reads: 0, open: 0 };
  const queryable: Queryable = {
    *select(matchers, range) {
      counts.selects++;
      counts.open++;
      const series = yield* store.select(matchers, range);
      return {
        count: series.count,
        labels: (i) => series.labels(i),
        read: (i, into) => {
          counts.reads++;
          return series.read(i, into);
        },
        readOn: (i, into) => series.readOn(i, into),
        close: () => {
          counts.open--;
          series.close();
        },
      };
    },
  };
  return { counts, queryable };
}

describe('names', () => {
  const store = storeOf(1, 3);

  test.each([
    { query: 'x + 1', result: { '{i="0"}': 3 } },
    { query: 'x > 1', result: { '{__name__="x", i="0"}': 2 } },
    { query: 'x > bool 1', result: { '{i="0"}': 1 } },
    { query: 'last_over_time(x[2m])', result: { '{__name__="x", i="0"}': 2 } },
    { query: 'label_replace(x + 1, "was", "$1", "__name__", "(.*)")', result: { '{i="0"}': 3 } },
    { query: 'sum by (__name__) (-x)', result: { '{}': -2 } },
  ])('are dropped by the operation itself: $query', ({ query, result }) => {
    expect(print(run(query, store, at(120_000)))).toEqual(result);
  });

  test.each([
    { query: 'label_replace(x + 1, "was", "$1", "__name__", "(.*)")', result: { '{i="0", was="x"}': 3 } },
    { query: 'sum by (__name__) (-x)', result: { '{}': -2 } },
  ])('are there until the end with delayed removal: $query', ({ query, result }) => {
    expect(print(run(query, store, at(120_000), { delayedNameRemoval: true }))).toEqual(result);
  });

  test.each(['{__name__=~"x|y"} + 1', 'rate({__name__=~"x|y"}[5m])', '-{__name__=~"x|y"}'])(
    'without them, %s has one label set twice',
    (query) => {
      const two = storeOf(1, 3);
      for (let s = 0; s < 3; s++) two.append(Labels.of({ __name__: 'y', i: '0' }), s * 60_000, s);
      for (const delayedNameRemoval of [false, true]) {
        for (const range of [at(120_000), { startMs: 0, endMs: 120_000, stepMs: 60_000 }]) {
          expect(() => run(query, two, range, { delayedNameRemoval })).toThrow('vector cannot contain metrics with the same labelset');
        }
      }
    },
  );

  test('two series that take turns are one without them', () => {
    const two = new MemoryQueryable();
    two.append(Labels.of({ __name__: 'x' }), 0, 1);
    two.append(Labels.of({ __name__: 'y' }), 600_000, 2);
    const range = { startMs: 0, endMs: 600_000, stepMs: 300_000 };
    expect(print(run('-{__name__=~"x|y"}', two, range))).toEqual({ '{}': [-1, -2] });
  });
});

describe('limits', () => {
  test.each(['x', 'sum(x)', 'rate(x[10m])', 'x + x', 'avg_over_time(x[10m:1m])'])('a query that would hold too much fails: %s', (query) => {
    const range = { startMs: 0, endMs: 600_000, stepMs: 60_000 };
    expect(() => run(query, storeOf(10, 10), range, { samplesMax: 50 })).toThrow(
      'query processing would load too many samples into memory in query execution',
    );
  });

  test('a range query wants a vector or scalar', () => {
    expect(() => run('x[5m]', storeOf(1, 1), { startMs: 0, endMs: 60_000, stepMs: 60_000 })).toThrow(
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    );
  });

  test('what is wrong with durations is known before anything is selected', () => {
    const { counts, queryable } = watched(storeOf(1, 1));
    expect(() => run('x[5m - 10m]', queryable, at(0))).toThrow(new QueryError('bad_data', '2:10: duration must be greater than 0'));
    expect(counts.selects).toBe(0);
  });
});

/** `series` of h{i}, one sample a minute from 0 on: counters of `buckets` buckets. */
function histogramsOf(series: number, samples: number, buckets: number): MemoryQueryable {
  const store = new MemoryQueryable();
  for (let i = 0; i < series; i++) {
    for (let s = 0; s < samples; s++) {
      store.append(Labels.of({ __name__: 'h', i: String(i) }), s * 60_000, {
        ...HISTOGRAM,
        counterResetHint: 'unknown',
        count: buckets * (s + 1),
        positiveSpans: [{ offset: 0, length: buckets }],
        positiveBuckets: new Array<number>(buckets).fill(s + 1),
      });
    }
  }
  return store;
}

describe('what is held in histograms', () => {
  // (168 + 8 for a span + 8 for each of 1000 buckets + 8 for the time) / 16
  const WEIGHT = 511;
  const store = histogramsOf(2, 10, 1000);
  const range = { startMs: 0, endMs: 540_000, stepMs: 60_000 };
  const ROW = 10 * WEIGHT;

  test.each<{ query: string; peak: number; least?: number }>([
    { query: 'h', peak: 2 * ROW },
    { query: 'h @ 60', peak: 2 * ROW },
    // What is read of a series counts against the limit, and is no part of the peak.
    { query: 'histogram_count(h)', peak: 2 * 10 * 11, least: 10 * 11 + ROW },
    { query: 'last_over_time(h[2m])', peak: 2 * ROW + 2 * WEIGHT },
    { query: 'count_over_time(h[5m])', peak: 20 + 5 * WEIGHT, least: 10 + ROW },
    { query: 'rate(h[2m])', peak: 2 * 9 * WEIGHT + 2 * WEIGHT },
    { query: 'h * 2', peak: 2 * ROW + 10 },
    { query: '-h', peak: 2 * ROW },
    { query: 'h + h', peak: 6 * ROW },
    { query: 'h and h', peak: 4 * ROW },
    { query: 'h or h', peak: 6 * ROW },
    // The sums, and what rounding them has lost, beside what they are made of.
    { query: 'sum(h)', peak: 2 * ROW + 2 * ROW },
    { query: 'sum(rate(h[2m]))', peak: 2 * 9 * WEIGHT + 2 * WEIGHT },
    { query: 'sum_over_time(h[5m:1m])', peak: 2 * ROW + 2 * ROW + 5 * WEIGHT },
  ])('$query: at most $peak samples at a time', ({ query, peak, least = peak }) => {
    expect(run(query, store, range).stats.samplesPeak).toBe(peak);
    expect(run(query, store, range, { samplesMax: least }).stats.samplesPeak).toBe(peak);
    expect(() => run(query, store, range, { samplesMax: least - 1 })).toThrow(
      'query processing would load too many samples into memory in query execution',
    );
  });

  // As Prometheus counts them (promql/engine_test.go TestQueryStatistics): a histogram of four buckets takes 13 samples.
  test.each([
    { query: 'm', atMs: 21_000, peak: 13 },
    // Prometheus has the sample beside its time, and counts 2.
    { query: 'timestamp(m)', atMs: 21_000, peak: 1 },
    { query: 'm[60s]', atMs: 201_000, peak: 78 },
    { query: 'm[60s] @ 30', atMs: 201_000, peak: 52 },
    { query: 'max_over_time(m[60s])[20s:5s]', atMs: 201_000, peak: 78 },
  ])('$query at $atMs holds $peak samples', ({ query, atMs, peak }) => {
    const metric = new MemoryQueryable();
    for (let s = 0; s <= 100; s++)
      metric.append(Labels.of({ __name__: 'm' }), s * 10_000, {
        ...HISTOGRAM,
        positiveSpans: [{ offset: 0, length: 4 }],
        positiveBuckets: [1, 2, 3, 4],
      });
    expect(run(query, metric, at(atMs)).stats.samplesPeak).toBe(peak);
  });

  test('what is the same at every step is held once for each of them', () => {
    const steps = { startMs: 201_000, endMs: 216_000, stepMs: 5_000 };
    expect(run('max_over_time(x[60s] @ 30)', storeOf(3, 4), steps).stats.samplesPeak).toBe(12);
    expect(() => run('max_over_time(x[60s] @ 30)', storeOf(3, 4), steps, { samplesMax: 11 })).toThrow('too many samples');
  });

  test.each([
    { spans: 1024, weight: (168 + 8 * 2 * 1024 + 8) / 16 },
    { spans: 1025, weight: Math.floor((168 + 8 * 7 * 1025 + 8) / 16) },
  ])('spans count as Prometheus counts them while they are fewer than anybody has: $spans', ({ spans, weight }) => {
    const many = new MemoryQueryable();
    many.append(Labels.of({ __name__: 'm' }), 0, {
      ...HISTOGRAM,
      positiveSpans: Array.from({ length: spans }, () => ({ offset: 1, length: 1 })),
      positiveBuckets: new Array<number>(spans).fill(1),
    });
    expect(run('m', many, at(0)).stats.samplesPeak).toBe(weight);
  });
});

describe('histograms that lie in many spans once their empty buckets are gone', () => {
  const SPANS = 2000;
  const whole = (counts: readonly [even: number, odd: number]): FloatHistogram => ({
    ...HISTOGRAM,
    positiveSpans: [{ offset: 0, length: 2 * SPANS }],
    positiveBuckets: Array.from({ length: 2 * SPANS }, (_, i) => counts[i % 2]!), // one of two
  });
  const sparse: FloatHistogram = {
    ...HISTOGRAM,
    positiveSpans: Array.from({ length: SPANS }, (_, i) => ({ offset: i === 0 ? 0 : 1, length: 1 })),
    positiveBuckets: new Array<number>(SPANS).fill(3),
  };
  const store = new MemoryQueryable();
  for (let s = 0; s < 10; s++) {
    store.append(Labels.of({ __name__: 'minuend', a: 'b' }), s * 60_000, { ...whole([5, 3]), count: 4 });
    store.append(Labels.of({ __name__: 'subtrahend', a: 'b' }), s * 60_000, { ...whole([2, 3]), count: 3, sum: 0 });
    store.append(Labels.of({ __name__: 'sparse', a: 'b' }), s * 60_000, sparse);
    store.append(Labels.of({ __name__: 'empty_half', a: 'b' }), s * 60_000, whole([3, 0]));
  }
  const range = { startMs: 0, endMs: 540_000, stepMs: 60_000 };

  test.each([
    'minuend - subtrahend',
    'empty_half * 1',
    'empty_half / 1',
    'sum by (a) (empty_half)',
    'sum by (a) ({__name__=~"empty.*|sparse"}) / 2',
  ])('%s equals one that never had them', (query) => {
    const { value } = run(`${query} == sparse`, store, at(0));
    expect(value.kind === 'vector' && value.labels.length).toBe(1);
  });

  const WHOLE = Math.floor((168 + 8 * (1 + 2 * SPANS) + 8) / 16);
  const SPARSE = (168 + 8 * 7 * SPANS + 8) / 16;
  test.each([
    { query: 'empty_half * 1', peak: 10 * SPARSE + 10 },
    { query: 'sum(empty_half)', peak: 10 * WHOLE + 10 * SPARSE },
    { query: 'minuend - subtrahend', peak: 20 * WHOLE + 10 * SPARSE },
  ])('$query: what they weigh then is counted before all of them are made', ({ query, peak }) => {
    expect(run(query, store, range, { samplesMax: peak }).stats.samplesPeak).toBe(peak);
    expect(() => run(query, store, range, { samplesMax: peak - 1 })).toThrow('would load too many samples');
  });
});

describe('what takes memory without being a sample', () => {
  const day = { startMs: 0, endMs: 540_000, stepMs: 60_000 };

  test('absent steps do, and are bounded as well', () => {
    const options = { samplesMax: 1_000_000, lookbackDeltaMs: 1000 };
    const steps = 'count_over_time(x[4000s:1ms])';
    expect(() => run(steps, storeOf(4, 1), at(4_000_000), options)).not.toThrow();
    expect(() => run(steps, storeOf(6, 1), at(4_000_000), options)).toThrow('would load too many samples');
  });

  test.each(['count_over_time(vector(1)[100y:1ms])', 'sum_over_time(vector(time())[6000s:1ms])', 'x[200y:1s]'])(
    'more steps than are worked through at once are refused at once: %s',
    (query) => {
      expect(() => run(query, storeOf(1, 1), at(0))).toThrow('would load too many samples');
    },
  );

  test('scalars count for as long as they are held', () => {
    expect(run('time() + (time() + (time() + time()))', storeOf(0, 0), day).stats.samplesPeak).toBe(40);
    expect(() => run('time() + (time() + (time() + time()))', storeOf(0, 0), day, { samplesMax: 39 })).toThrow('too many samples');
    expect(run('x + 1 + 1 + 1', storeOf(1, 10), day).stats.samplesPeak).toBe(20);
  });

  test.each([
    { name: 'label_replace', call: (inner: string) => `label_replace(${inner}, "a", "$1$1", "a", "(.*)")` },
    { name: 'label_join', call: (inner: string) => `label_join(${inner}, "a", "", "a", "a")` },
  ])('a label that doubles with each $name is stopped in time', ({ name, call }) => {
    let query = 'label_replace(x, "a", "word", "", "")';
    for (let i = 0; i < 40; i++) query = call(query);
    expect(() => run(query, storeOf(1, 1), at(0))).toThrow(`value of label a in ${name}() is longer than 1048576 characters`);
  });
});

describe('slices', () => {
  const store = storeOf(300, 100);
  const range = { startMs: 0, endMs: 6_000_000, stepMs: 5_000 };

  test('a long evaluation pauses, and gives what a short one gives', () => {
    const steps = start('sum(rate(x[5m])) / count(x)', store, range);
    let pauses = 0;
    let next = steps.next();
    for (; next.done !== true; next = steps.next()) pauses++;
    expect(pauses).toBeGreaterThan(3);
    const { value } = next.value;
    expect(value.kind === 'matrix' && value.series[0]?.values.at(-1)).toBeCloseTo(1 / 60, 10);
  });

  test('small windows of many series add up', () => {
    const steps = start('quantile_over_time(0.9, x[40m])', store, { ...range, stepMs: 66_000 });
    let pauses = 0;
    while (steps.next().done !== true) pauses++;
    expect(pauses).toBeGreaterThan(2);
  });

  test.each([
    'sum_over_time(h[1h])',
    'avg_over_time(h[1h])',
    'rate(h[1h])',
    'resets(h[1h])',
    'changes(h[1h])',
    'delta(h[1h])',
    'increase((h)[1h:1m])',
  ])('a window of large histograms is gone through in pieces: %s', (query) => {
    const steps = start(query, histogramsOf(1, 60, 20_000), at(3_540_000));
    let pauses = 0;
    while (steps.next().done !== true) pauses++;
    expect(pauses).toBeGreaterThan(1);
  });

  test.each([
    'h + h',
    'h * 2',
    'h == h',
    '-h',
    'h </ 2',
    'sum(h)',
    'avg(h)',
    'sum(rate(h[5m]))',
    'histogram_quantile(0.9, h)',
    'histogram_fraction(0, 1, h)',
    'histogram_stddev(h)',
    'count_values("v", h)',
  ])('the steps of a series of large histograms are gone through in pieces: %s', (query) => {
    const hour = { startMs: 0, endMs: 3_540_000, stepMs: 60_000 };
    const steps = start(query, histogramsOf(1, 60, 40_000), hour);
    let pauses = 0;
    while (steps.next().done !== true) pauses++;
    expect(pauses).toBeGreaterThan(3);
  });

  test.each(['return', 'throw'] as const)('nothing stays open after %s', (how) => {
    const { counts, queryable } = watched(store);
    const steps = start('sum(rate(x[5m]))', queryable, range);
    steps.next();
    expect(counts.open).toBe(1);
    if (how === 'return') steps.return(undefined as never);
    else expect(() => steps.throw(queryTimedOut())).toThrow('query timed out in expression evaluation');
    expect(counts.open).toBe(0);
  });
});

describe('selectors', () => {
  test('that are alike are selected and read once', () => {
    const { counts, queryable } = watched(storeOf(5, 10));
    expect(print(run('sum(max_over_time(x[5m]) - min_over_time(x[5m]))', queryable, at(540_000)))).toEqual({ '{}': 20 });
    expect(counts).toEqual({ selects: 1, reads: 5, open: 0 });
  });

  test('look back to the delta, without its end', () => {
    const store = storeOf(1, 1);
    expect(print(run('x', store, at(299_999)))).toEqual({ '{__name__="x", i="0"}': 0 });
    expect(print(run('x', store, at(300_000)))).toEqual({});
    expect(print(run('count_over_time(x[5m])', store, at(300_000)))).toEqual({});
  });
});

test('statistics tell what was looked at and what was held', () => {
  const { stats } = run('sum(x)', storeOf(10, 10), { startMs: 0, endMs: 540_000, stepMs: 60_000 });
  expect(stats).toMatchObject({ samplesTotal: 100, samplesPeak: 110 });
});

test.each([
  { query: 'x', samplesTotal: 2 },
  { query: 'count_over_time(x[3m])', samplesTotal: 6 },
  // Of a subquery, the samples of its result; of it alone, those it was made from.
  { query: 'count_over_time(x[3m:30s])', samplesTotal: 12 },
  { query: 'x[3m:30s]', samplesTotal: 12 },
  // A histogram counts by its size: 3 of them, each 192 bytes with its time.
  { query: 'h', samplesTotal: 12 },
  { query: 'count_over_time(h[3m])', samplesTotal: 36 },
  { query: 'h[3m]', samplesTotal: 36 },
  { query: 'count_values("n", x)', samplesTotal: 2 },
])('$query looks at $samplesTotal samples', ({ query, samplesTotal }) => {
  const store = storeOf(2, 10);
  for (let i = 0; i < 10; i++) store.append(Labels.of({ __name__: 'h' }), i * 60_000, HISTOGRAM);
  expect(run(query, store, at(300_000)).stats.samplesTotal).toBe(samplesTotal);
});

test.each([
  { what: 'overlap', range: '3m', stepMs: 60_000, histograms: 1 + 2 + 8 * 3 },
  { what: 'touch', range: '2m', stepMs: 120_000, histograms: 1 + 4 * 2 },
  { what: 'leave samples out', range: '1m', stepMs: 180_000, histograms: 4 },
])('histograms in windows that $what count once for each window', ({ range, stepMs, histograms }) => {
  const store = storeOf(0, 0);
  for (let i = 0; i < 10; i++) store.append(Labels.of({ __name__: 'h' }), i * 60_000, HISTOGRAM);
  const { stats } = run(`count_over_time(h[${range}])`, store, { startMs: 0, endMs: 540_000, stepMs });
  expect(stats.samplesTotal).toBe(12 * histograms);
});

test('what is the same at every step counts at every step', () => {
  const { stats } = run('x @ 60', storeOf(2, 10), { startMs: 0, endMs: 540_000, stepMs: 60_000 });
  expect(stats.samplesTotal).toBe(20);
});
