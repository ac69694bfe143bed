import { describe, expect, test } from 'vitest';
import { MemoryQueryable } from '../../test/support/memory-queryable.ts';
import { drive, SCRIPT_PARSER_OPTIONS } from '../../test/support/promqltest/run-script.ts';
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
  drive(start(text, store, range, options));

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
    select: (matchers, range) => {
      counts.selects++;
      counts.open++;
      const series = store.select(matchers, range);
      return {
        count: series.count,
        labels: (i) => series.labels(i),
        read: (i, into) => {
          counts.reads++;
          series.read(i, into);
        },
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
