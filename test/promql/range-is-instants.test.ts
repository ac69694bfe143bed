/**
 * Properties of the evaluator, over random expressions and random data: a range query is its instant queries, step by
 * step, also in how many samples it looks at, and neither the order in which a store gives series nor that it gives them in
 * parts changes anything. Left out is what reads the range itself (start(), step()) and what chooses by order or among
 * equals (limitk, ties); sums of floats may differ in their last bits.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish } from '../../src/lib/finish.ts';
import type { FloatHistogram } from '../../src/model/histogram.ts';
import { Labels } from '../../src/model/labels.ts';
import { SampleColumns, STALE_NAN } from '../../src/model/sample.ts';
import { DEFAULT_ENGINE_OPTIONS, type EngineOptions, evaluate, type QueryResult, type QueryStats } from '../../src/promql/engine.ts';
import { parseExpr } from '../../src/promql/parser.ts';
import { QueryError } from '../../src/promql/query-error.ts';
import type { Queryable } from '../../src/promql/queryable.ts';
import { MemoryQueryable } from '../support/memory-queryable.ts';
import { SCRIPT_PARSER_OPTIONS } from '../support/promqltest/run-script.ts';

const HISTOGRAM = {
  counterResetHint: 'unknown',
  schema: 1,
  zeroThreshold: 0.001,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
} as const;

const histogram = (n: number): FloatHistogram => ({
  ...HISTOGRAM,
  zeroCount: n,
  count: n * 7,
  sum: n * 5.5,
  positiveBuckets: [n, 2 * n, 3 * n],
});

/** Gauges g and h, counters c that reset and pause, classic buckets b, native histograms n; some series stale, some late. */
function storeOf(next: () => number): MemoryQueryable {
  const store = new MemoryQueryable();
  for (const name of ['g', 'h', 'c', 'n']) {
    for (const job of ['x', 'y']) {
      for (const i of ['0', '1', '2']) {
        const labels = Labels.of({ __name__: name, job, i });
        let value = 0;
        for (let t = Math.floor(next() * 60_000); t < 1_800_000; t += 15_000 + Math.floor(next() * 30_000)) {
          if (next() < 0.05) t += 400_000;
          if (next() < 0.03) store.append(labels, t, STALE_NAN);
          else if (name === 'n') store.append(labels, t, histogram((value = next() < 0.05 ? 1 : value + Math.ceil(next() * 9))));
          else if (name === 'c') store.append(labels, t, (value = next() < 0.05 ? next() : value + next() * 10));
          else store.append(labels, t, next() * 100 - 50);
        }
      }
    }
  }
  for (const [le, factor] of Object.entries({ '0.1': 1, '1': 2.5, '+Inf': 3 }))
    for (const job of ['x', 'y'])
      for (let t = 0; t < 1_800_000; t += 30_000) store.append(Labels.of({ __name__: 'b', job, le }), t, (t / 30_000) * factor);
  return store;
}

const one = <T extends string>(...words: readonly T[]) => fc.constantFrom(...words);
const joined = (...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((texts) => texts.join(''));

const selector = joined(
  one('g{', 'h{', 'c{', 'n{', 'b{', '{__name__=~"g|h",', 'none{'),
  one('}', 'job="x"}', 'i=~"0|1"}', 'i!="2", job!~"y.*"}'),
);
const shift = one('', '', '', ' offset 1m', ' offset -90s', ' @ 900');
const range = joined(selector, one('[1m]', '[5m]', '[17m]', '[90s]'), shift);
const RANGE_CALLS =
  'rate increase delta irate idelta deriv changes resets sum_over_time avg_over_time min_over_time max_over_time count_over_time last_over_time stddev_over_time present_over_time absent_over_time first_over_time'.split(
    ' ',
  );
const CALLS = 'abs ceil floor exp sgn round timestamp absent histogram_count histogram_sum histogram_avg sort'.split(' ');
const { vector } = fc.letrec<{ vector: string; matrix: string }>((tie) => ({
  matrix: fc.oneof(
    { weight: 3, arbitrary: range },
    { weight: 1, arbitrary: joined('(', tie('vector'), ')', one('[5m:1m]', '[10m:97s]', '[3m:]')) },
  ),
  vector: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    joined(selector, shift),
    joined(one(...RANGE_CALLS), '(', tie('matrix'), ')'),
    joined('quantile_over_time(0.7, ', tie('matrix'), ')'),
    joined('predict_linear(', tie('matrix'), ', 60)'),
    joined(one(...CALLS), '(', tie('vector'), ')'),
    joined('clamp(', tie('vector'), ', -5, 5)'),
    joined('histogram_quantile(0.9, ', tie('vector'), ')'),
    joined('label_replace(', tie('vector'), ', "k", "$1", "i", "(.*)")'),
    joined(one('sum', 'avg', 'min', 'max', 'count', 'group', 'stddev'), one('', ' by (job)', ' without (i)'), ' (', tie('vector'), ')'),
    joined('quantile by (job) (0.3, ', tie('vector'), ')'),
    joined('count_values("v", round(', tie('vector'), '))'),
    joined('topk by (job) (2, rate(', one('c', 'c{job="x"}'), '[7m]))'),
    joined(
      '(',
      tie('vector'),
      one(' + ', ' - ', ' * ', ' / ', ' % ', ' > ', ' < ', ' >= bool ', ' and ', ' or ', ' unless '),
      tie('vector'),
      ')',
    ),
    joined('(', tie('vector'), one(' + on(job, i) ', ' / ignoring(le) group_left () ', ' > on(job) group_right () '), tie('vector'), ')'),
    joined('(', tie('vector'), one(' + ', ' > ', ' ^ ', ' == bool '), one('2', 'scalar(sum(g))', 'time()', '-0.5'), ')'),
    joined('vector(', one('1', 'time()', 'scalar(h{job="x", i="0"})'), ')'),
  ),
}));

type Point = number | readonly (number | string)[];
/** By series, by time. Series and times without a sample are absent. */
type Points = Map<string, Map<number, Point>>;
type Answer = { readonly points: Points; readonly stats: QueryStats };

function pointsOf({ value }: QueryResult): Points {
  const answer: Points = new Map();
  const put = (labels: Labels, atMs: number, number: number | undefined, h: FloatHistogram | null | undefined): void => {
    const key = labels.toString();
    if (!answer.has(key)) answer.set(key, new Map());
    answer
      .get(key)
      ?.set(atMs, h === null || h === undefined ? (number ?? Number.NaN) : [h.schema, h.count, h.sum, h.zeroCount, ...h.positiveBuckets]);
  };
  if (value.kind === 'vector') value.labels.forEach((labels, i) => put(labels, value.atMs, value.values[i], value.histograms?.[i]));
  else if (value.kind === 'matrix')
    for (const { labels, timestamps, values, histograms } of value.series)
      timestamps.forEach((at, i) => put(labels, at, values[i], histograms?.[i]));
  else throw new Error(`a ${value.kind} is no vector`);
  return answer;
}

const OPTIONS: EngineOptions = { ...DEFAULT_ENGINE_OPTIONS, counting: 'per_step' };

/** The answer, or the error's text without the place and the series that it names. */
function ask(text: string, store: Queryable, startMs: number, endMs: number, stepMs: number): Answer | string {
  const parsed = parseExpr(text, SCRIPT_PARSER_OPTIONS);
  if ('errors' in parsed) throw new Error(`${text}: ${parsed.errors[0]?.message}`);
  try {
    const result = finish(evaluate({ expr: parsed.expr, text, startMs, endMs, stepMs }, store, OPTIONS));
    return { points: pointsOf(result), stats: result.stats };
  } catch (error) {
    if (error instanceof QueryError) return 'error';
    throw error;
  }
}

const near = (a: number, b: number): boolean =>
  Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1);
const same = (a: Point | undefined, b: Point | undefined): boolean => {
  if (typeof a === 'number' && typeof b === 'number') return near(a, b);
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((part, i) => near(part as number, b[i] as number));
};

function difference(a: Points, b: Points): string | null {
  for (const key of new Set([...a.keys(), ...b.keys()]))
    for (const at of new Set([...(a.get(key)?.keys() ?? []), ...(b.get(key)?.keys() ?? [])])) {
      const [left, right] = [a.get(key)?.get(at), b.get(key)?.get(at)];
      if (!same(left, right)) return `${key} at ${at}: ${String(left)} is not ${String(right)}`;
    }
  return null;
}

const sumOf = (numbers: Iterable<number>): number => [...numbers].reduce((sum, number) => sum + number, 0);

/** Each step looks at what an instant query there looks at; the first reads all of it, later ones only what is new. */
function expectStats(text: string, { samplesTotal, samplesRead, perStep }: QueryStats, instants: readonly QueryStats[]): void {
  if (perStep === null || samplesRead === null) throw new Error('no statistics');
  expect({ text, looked: [...perStep.total] }).toEqual({ text, looked: instants.map((instant) => instant.samplesTotal) });
  expect({ text, read: perStep.read[0] }).toEqual({ text, read: instants[0]?.samplesRead });
  expect({ text, looked: sumOf(perStep.total), read: sumOf(perStep.read) }).toEqual({ text, looked: samplesTotal, read: samplesRead });
  expect(samplesRead, text).toBeLessThanOrEqual(sumOf(instants.map((instant) => instant.samplesRead ?? 0)));
  // What is read for a subquery is not what its steps give.
  if (!/\[.*:.*\]/.test(text)) for (const instant of instants) expect(instant.samplesRead, text).toBe(instant.samplesTotal);
}

/** Series in another order than a store gives them, those of histograms a few samples at a time. */
const otherwise = (store: Queryable): Queryable => ({
  *select(matchers, wanted) {
    const series = yield* store.select(matchers, wanted);
    const whole = new SampleColumns();
    const readOn = (_: number, into: SampleColumns): boolean => {
      const to = whole.histograms === null ? whole.length : Math.min(whole.length, into.length + 3);
      for (let i = into.length; i < to; i++) {
        const histogram = whole.histograms?.[i] ?? null;
        if (histogram === null) into.pushFloat(whole.timestamps[i] ?? 0, whole.values[i] ?? 0);
        else into.pushHistogram(whole.timestamps[i] ?? 0, histogram);
      }
      return to === whole.length;
    };
    return {
      count: series.count,
      labels: (i) => series.labels(series.count - 1 - i),
      read: (i, into) => {
        series.read(series.count - 1 - i, whole);
        into.clear();
        return readOn(i, into);
      },
      readOn,
      close: () => series.close(),
    };
  },
});

const [START, STEP, STEPS] = [600_000, 70_000, 15];
const END = START + STEP * STEPS;
const seeded = (seed: number) => {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

test('a range query is its instant queries, and neither order nor parts change anything', () => {
  let answered = 0;
  fc.assert(
    fc.property(vector, fc.nat(), (text, seed) => {
      const store = storeOf(seeded(seed));
      const whole = ask(text, store, START, END, STEP);
      const instants: Points = new Map();
      const stats: QueryStats[] = [];
      let fails = false;
      for (let at = START; at <= END; at += STEP) {
        const instant = ask(text, store, at, at, 0);
        if (typeof instant === 'string') fails = true;
        else {
          for (const [key, points] of instant.points) instants.set(key, new Map([...(instants.get(key) ?? []), ...points]));
          stats.push(instant.stats);
        }
      }
      if (typeof whole === 'string' || fails) expect({ text, fails: typeof whole === 'string' }).toEqual({ text, fails });
      else {
        expect({ text, difference: difference(whole.points, instants) }).toEqual({ text, difference: null });
        expectStats(text, whole.stats, stats);
        if (whole.points.size > 0) answered++;
      }
      const mirrored = ask(text, otherwise(store), START, END, STEP);
      if (typeof whole === 'string' || typeof mirrored === 'string')
        expect({ text, mirrored: typeof mirrored }).toEqual({ text, mirrored: typeof whole });
      else expect({ text, difference: difference(whole.points, mirrored.points) }).toEqual({ text, difference: null });
    }),
    { numRuns: 150 },
  );
  expect(answered).toBeGreaterThan(50);
});
