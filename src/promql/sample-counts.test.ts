/** What a query counts, step by step. Two series x and one of histograms h (of size 12) have a sample each minute. */
import { describe, expect, test } from 'vitest';
import { MemoryQueryable } from '../../test/support/memory-queryable.ts';
import { SCRIPT_PARSER_OPTIONS } from '../../test/support/promqltest/run-script.ts';
import { finish } from '../lib/finish.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels } from '../model/labels.ts';
import { STALE_NAN } from '../model/sample.ts';
import { DEFAULT_ENGINE_OPTIONS, evaluate, type QueryStats } from './engine.ts';
import { parseExpr } from './parser.ts';
import type { Counting } from './sample-counts.ts';

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

const store = new MemoryQueryable();
const label = (name: string, i: string): Labels => Labels.of({ __name__: name, i });
for (let ms = 0; ms < 1_200_000; ms += 60_000) {
  store.append(label('x', '0'), ms, ms);
  store.append(label('x', '1'), ms, 1);
  store.append(label('h', '0'), ms, HISTOGRAM);
  store.append(label('stale', '0'), ms, ms === 660_000 ? STALE_NAN : 1);
  store.append(label('mixed', '0'), ms, ms < 600_000 ? 1 : HISTOGRAM);
}

type Range = { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
const EACH_MINUTE: Range = { startMs: 600_000, endMs: 780_000, stepMs: 60_000 };
const EACH_FIVE: Range = { startMs: 300_000, endMs: 959_999, stepMs: 300_000 };
const INSTANT: Range = { startMs: 600_000, endMs: 600_000, stepMs: 0 };

function statsOf(text: string, range: Range, counting: Counting): QueryStats {
  const parsed = parseExpr(text, SCRIPT_PARSER_OPTIONS);
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  return finish(evaluate({ expr: parsed.expr, text, ...range }, store, { ...DEFAULT_ENGINE_OPTIONS, counting })).stats;
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

describe.each([
  {
    where: 'each minute from 10 on',
    range: EACH_MINUTE,
    rows: [
      ['1', [0, 0, 0, 0], [0, 0, 0, 0]],
      ['x', [2, 2, 2, 2], [2, 2, 2, 2]],
      ['x offset 3m', [2, 2, 2, 2], [2, 2, 2, 2]],
      ['h', [12, 12, 12, 12], [12, 12, 12, 12]],
      // Without their buckets they are smaller.
      ['histogram_count(h)', [11, 11, 11, 11], [11, 11, 11, 11]],
      ['timestamp(h)', [1, 1, 1, 1], [1, 1, 1, 1]],
      ['start_timestamp(x)', [2, 2, 2, 2], [2, 2, 2, 2]],
      ['stale', [1, 0, 1, 1], [1, 0, 1, 1]],
      ['none', [0, 0, 0, 0], [0, 0, 0, 0]],
      ['x > 1000 or x * on(i) x', [6, 6, 6, 6], [6, 6, 6, 6]],
      ['count_values("n", x)', [2, 2, 2, 2], [2, 2, 2, 2]],
      ['topk(scalar(sum(x)), x)', [4, 4, 4, 4], [4, 4, 4, 4]],
      // Prometheus does not count what it interpolates.
      ['x smoothed', [0, 0, 0, 0], [0, 0, 0, 0]],
      // What is the same at every step is read once.
      ['x @ 60', [2, 2, 2, 2], [2, 0, 0, 0]],
      ['timestamp(x @ 60)', [2, 2, 2, 2], [2, 0, 0, 0]],
      ['x + x @ end()', [4, 4, 4, 4], [4, 2, 2, 2]],
      ['rate(x[3m] @ 600)', [6, 6, 6, 6], [6, 0, 0, 0]],
      // A window reads what the one before had not.
      ['count_over_time(x[3m])', [6, 6, 6, 6], [6, 2, 2, 2]],
      ['rate(x[3m] offset 2m)', [6, 6, 6, 6], [6, 2, 2, 2]],
      ['sum(rate(x[3m]))', [6, 6, 6, 6], [6, 2, 2, 2]],
      ['max by (i) (last_over_time(x[3m]))', [6, 6, 6, 6], [6, 2, 2, 2]],
      ['absent_over_time(x[3m])', [6, 6, 6, 6], [6, 2, 2, 2]],
      ['count_over_time(h[3m])', [36, 36, 36, 36], [36, 12, 12, 12]],
      ['sum(rate(h[3m]))', [36, 36, 36, 36], [36, 12, 12, 12]],
      ['count_over_time(mixed[3m])', [14, 25, 36, 36], [14, 12, 12, 12]],
      ['count_over_time(stale[3m])', [3, 2, 2, 2], [3, 0, 1, 1]],
      ['count_over_time(x[30s])', [2, 2, 2, 2], [2, 2, 2, 2]],
      ['count_over_time(x[30s] offset 15s)', [0, 0, 0, 0], [0, 0, 0, 0]],
      ['increase(x[3m] anchored)', [16, 16, 16, 16], [16, 2, 2, 2]],
      ['increase(x[3m] smoothed)', [26, 26, 26, 26], [26, 2, 2, 2]],
      // A window that stays where it is, in a call that does not.
      ['predict_linear(x[3m] @ 600, 60)', [6, 6, 6, 6], [6, 0, 0, 0]],
      ['quantile_over_time(scalar(sum(x)), x[3m] @ 600)', [8, 8, 8, 8], [8, 2, 2, 2]],
      // Of a subquery the steps look at the result; read is what that came from.
      ['count_over_time(x[3m:30s])', [12, 12, 12, 12], [12, 4, 4, 4]],
      ['count_over_time(x[3m:30s] offset 1m)', [12, 12, 12, 12], [12, 4, 4, 4]],
      ['count_over_time(h[3m:30s])', [72, 72, 72, 72], [72, 24, 24, 24]],
      ['count_over_time(sum(x)[3m:30s])', [6, 6, 6, 6], [12, 4, 4, 4]],
      ['count_over_time((x @ 60)[3m:30s])', [12, 12, 12, 12], [2, 0, 0, 0]],
      ['count_over_time(x[3m:30s] @ 600)', [12, 12, 12, 12], [12, 0, 0, 0]],
      ['predict_linear(x[3m:30s] @ 240, 60)', [12, 12, 12, 12], [12, 0, 0, 0]],
      ['max_over_time(count_over_time(x[2m])[3m:1m])', [6, 6, 6, 6], [8, 2, 2, 2]],
      ['max_over_time(max_over_time(count_over_time(x[2m])[3m:1m])[2m:1m])', [4, 4, 4, 4], [10, 2, 2, 2]],
    ],
  },
  {
    where: 'each five minutes from 5 on',
    range: EACH_FIVE,
    rows: [
      ['x', [2, 2, 2], [2, 2, 2]],
      ['count_over_time(x[2m])', [4, 4, 4], [4, 4, 4]],
      ['count_over_time(x[6m])', [12, 12, 12], [12, 10, 10]],
      // What no window sees is not read for one.
      ['count_over_time(x[2m:30s])', [8, 8, 8], [8, 8, 8]],
      ['count_over_time(x[2m:30s] offset 1m)', [8, 8, 8], [8, 8, 8]],
      ['count_over_time(x[6m:2m])', [6, 6, 6], [6, 6, 4]],
      ['max_over_time(count_over_time(x[2m])[2m:1m])', [4, 4, 4], [6, 4, 4]],
    ],
  },
  {
    where: 'at minute 10',
    range: INSTANT,
    rows: [
      ['"text"', [0], [0]],
      ['x', [2], [2]],
      ['sum(rate(x[3m]))', [6], [6]],
      ['x[3m]', [6], [6]],
      ['h[3m]', [36], [36]],
      ['x[3m:30s]', [12], [12]],
      ['sum(count_over_time(x[2m]))[3m:1m]', [12], [8]],
      ['max_over_time(sum(count_over_time(x[2m]))[3m:1m])', [3], [8]],
    ],
  },
] as const)('$where', ({ range, rows }) => {
  test.each(rows.map(([query, looked, read]) => ({ query, looked, read })))(
    '$query looks at $looked, reads $read',
    ({ query, looked, read }) => {
      const { perStep, ...totals } = statsOf(query, range, 'per_step');
      expect({ looked: [...(perStep?.total ?? [])], read: [...(perStep?.read ?? [])] }).toEqual({ looked, read });
      expect(totals).toMatchObject({ samplesTotal: sumOf(looked), samplesRead: sumOf(read) });
      expect(statsOf(query, range, 'read')).toEqual({ ...totals, perStep: null });
      expect(statsOf(query, range, 'total')).toEqual({ ...totals, samplesRead: null, perStep: null });
    },
  );
});

test('steps are where the query has them', () => {
  expect(statsOf('x', EACH_FIVE, 'per_step').perStep).toMatchObject({ startMs: 300_000, stepMs: 300_000 });
  expect(statsOf('x', INSTANT, 'per_step').perStep).toMatchObject({ startMs: 600_000 });
});

/** A hundred billion steps: memory is taken only where there is something to count. */
test.each((['total', 'read', 'per_step'] as const).flatMap((counting) => [INSTANT, EACH_MINUTE].map((range) => ({ counting, range }))))(
  'a subquery of any number of steps costs what it finds ($counting, each $range.stepMs ms)',
  ({ counting, range }) => {
    for (const query of [
      'count_over_time(none[5y:1ms])',
      'count_over_time((none @ 60)[5y:1ms])',
      'count_over_time(count_over_time(none[1m:10s])[5y:1ms])',
    ])
      expect(statsOf(query, range, counting).samplesTotal, query).toBe(0);
    for (const query of [
      'count_over_time(x[5y:1ms])',
      'count_over_time((x @ 60)[5y:1ms])',
      'count_over_time(count_over_time(x[5y:1d])[5y:1ms])',
    ])
      expect(() => statsOf(query, range, counting), query).toThrow('query processing would load too many samples into memory');
  },
);
