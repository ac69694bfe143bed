import { expect, test } from 'vitest';
import { finish } from '../lib/finish.ts';
import { TextWriter } from '../lib/text-writer.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels } from '../model/labels.ts';
import type { QueryValue } from './engine.ts';
import { QueryError } from './query-error.ts';
import { sizeOfQueryData, writeQueryData } from './result-json.ts';

const histogram: FloatHistogram = {
  counterResetHint: 'gauge',
  schema: 0,
  zeroThreshold: 0.25,
  zeroCount: 3,
  count: 42,
  sum: 34593.34,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [{ offset: 1, length: 1 }],
  positiveBuckets: [12, 0, 6],
  negativeBuckets: [21],
  customValues: [],
};

function write(value: QueryValue, stats: string | null = null): string {
  const out = new TextWriter();
  for (const steps = writeQueryData(out, value, stats); steps.next().done !== true; );
  return new TextDecoder().decode(out.finish());
}

const vector = (labels: Labels, value: number): QueryValue => ({
  kind: 'vector',
  atMs: 1_435_781_451_781,
  labels: [labels],
  values: Float64Array.of(value),
  histograms: null,
});

test.each<{ what: string; value: QueryValue; json: string }>([
  { what: 'a scalar', value: { kind: 'scalar', atMs: 1000, value: 1.5 }, json: '{"resultType":"scalar","result":[1,"1.5"]}' },
  {
    what: 'a scalar without an exponent',
    value: { kind: 'scalar', atMs: 1000, value: 1e21 },
    json: '{"resultType":"scalar","result":[1,"1000000000000000000000"]}',
  },
  {
    what: 'a small scalar without an exponent',
    value: { kind: 'scalar', atMs: 1000, value: -1e-7 },
    json: '{"resultType":"scalar","result":[1,"-0.0000001"]}',
  },
  {
    what: 'a string',
    value: { kind: 'string', atMs: -1500, value: 'a"b\n' },
    json: '{"resultType":"string","result":[-1.500,"a\\"b\\n"]}',
  },
  {
    what: 'an instant vector',
    value: vector(Labels.of({ __name__: 'up', job: 'ünï\u{1f600}' }), 1),
    json: '{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"ünï😀"},"value":[1435781451.781,"1"]}]}',
  },
  {
    what: 'a histogram',
    value: { kind: 'vector', atMs: 7, labels: [Labels.empty], values: new Float64Array(1), histograms: [histogram] },
    json:
      '{"resultType":"vector","result":[{"metric":{},"histogram":[0.007,{"count":"42","sum":"34593.34","buckets":[' +
      '[1,"-2","-1","21"],[3,"-0.25","0.25","3"],[0,"0.5","1","12"],[0,"2","4","6"]]}]}]}',
  },
  {
    what: 'a matrix, floats and histograms apart',
    value: {
      kind: 'matrix',
      series: [
        {
          labels: Labels.of({ a: 'b' }),
          dropsName: false,
          timestamps: Float64Array.of(0, 60_000, 120_010),
          values: Float64Array.of(1, 0, -0.25),
          histograms: [
            null,
            { ...histogram, zeroCount: 0, positiveBuckets: [], positiveSpans: [], negativeBuckets: [], negativeSpans: [] },
            null,
          ],
        },
      ],
    },
    json:
      '{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[0,"1"],[120.010,"-0.25"]],' +
      '"histograms":[[60,{"count":"42","sum":"34593.34"}]]}]}',
  },
  { what: 'nothing', value: { kind: 'matrix', series: [] }, json: '{"resultType":"matrix","result":[]}' },
])('writes $what', ({ value, json }) => {
  expect(write(value)).toBe(json);
  JSON.parse(json);
});

test.each([
  [Number.NaN, 'NaN'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [0, '0'],
  [-0, '-0'],
  [123_456_789_012, '123456789012'],
  [-9_007_199_254_740_991, '-9007199254740991'],
  [1e20, '100000000000000000000'],
  [1e21, '1e+21'],
  [0.000001, '0.000001'],
  [1e-7, '1e-07'],
  [0.1 + 0.2, '0.30000000000000004'],
])('prints %d as Prometheus does: %s', (value, text) => {
  expect(write(vector(Labels.empty, value))).toContain(`,"${text}"]`);
});

test('statistics stand beside the result', () => {
  const value: QueryValue = { kind: 'scalar', atMs: 0, value: 1 };
  expect(write(value, '{"samples":{}}')).toBe('{"resultType":"scalar","result":[0,"1"],"stats":{"samples":{}}}');
});

test('a large answer is written in slices', () => {
  const labels = Array.from({ length: 20_000 }, (_, i) => Labels.of({ i: String(i) }));
  const steps = writeQueryData(new TextWriter(), { kind: 'vector', atMs: 0, labels, values: new Float64Array(20_000), histograms: null });
  let pauses = 0;
  while (steps.next().done !== true) pauses++;
  expect(pauses).toBeGreaterThan(1);
});

const large = (buckets: number): FloatHistogram => ({
  ...histogram,
  positiveSpans: [{ offset: 0, length: buckets }],
  positiveBuckets: Float64Array.from({ length: buckets }, (_, i) => i + 1),
});
const ofLarge = (samples: number, buckets: number): QueryValue => ({
  kind: 'matrix',
  series: [
    {
      labels: Labels.empty,
      dropsName: false,
      timestamps: Float64Array.from({ length: samples }, (_, i) => i * 1000),
      values: new Float64Array(samples),
      histograms: Array.from({ length: samples }, () => large(buckets)),
    },
  ],
});

test.each([
  { what: 'one large histogram', value: ofLarge(1, 60_000), least: 5 },
  { what: 'many histograms of a series', value: ofLarge(500, 100), least: 5 },
])('$what is written in slices', ({ value, least }) => {
  const out = new TextWriter(sizeOfQueryData(value));
  const steps = writeQueryData(out, value);
  let pauses = 0;
  while (steps.next().done !== true) pauses++;
  expect(pauses).toBeGreaterThan(least);
  const read = JSON.parse(new TextDecoder().decode(out.finish())) as { result: { histograms: [number, { buckets: string[][] }][] }[] };
  const all = read.result[0]?.histograms ?? [];
  expect(new Set(all.map(([, { buckets }]) => JSON.stringify(buckets))).size).toBe(1);
  // The zero bucket and the one below are there as well.
  const counts = all[0]?.[1].buckets.slice(2).map((bucket) => Number(bucket[3])) ?? [];
  expect(counts).toEqual(Array.from({ length: counts.length }, (_, i) => i + 1));
});

test('an answer that becomes too large ends with an error', () => {
  const value = ofLarge(10, 10_000);
  const steps = writeQueryData(new TextWriter(), value, null, 1 << 20);
  expect(() => finish(steps)).toThrow(
    new QueryError('execution', 'the answer would be larger than 1048576 bytes: ask for fewer series or steps'),
  );
});

test('one that is far too large is not begun', () => {
  const value = ofLarge(1, 10_000_000);
  if (value.kind !== 'matrix' || value.series[0] === undefined) throw new Error('BUG: a matrix');
  const [series] = value.series;
  const many = {
    ...series,
    timestamps: new Float64Array(10),
    histograms: new Array<FloatHistogram | null>(10).fill(series.histograms?.[0] ?? null),
  };
  expect(() => sizeOfQueryData({ kind: 'matrix', series: [many] })).toThrow('the answer would be larger than 2147483648 bytes');
});

test('series with the same times, with other times and with times within one second each keep their own', () => {
  const one = (times: readonly number[]) => ({
    labels: Labels.empty,
    dropsName: false,
    timestamps: Float64Array.from(times),
    values: Float64Array.from(times, (ms) => ms / 8),
    histograms: null,
  });
  const times = [
    [1_700_000_000_000, 1_700_000_000_500, 1_700_000_015_000],
    [1_700_000_000_500, 1_700_000_000_750, 1_700_000_015_000],
    [-1500, 0, 1_700_000_000_000],
    Array.from({ length: 3000 }, (_, i) => i * 15_000),
  ];
  const answer = write({ kind: 'matrix', series: times.map(one) });
  const read = (JSON.parse(answer) as { result: readonly { values: readonly [number, string][] }[] }).result;
  expect(read.map(({ values }) => values.map(([seconds, value]) => [seconds * 1000, Number(value) * 8]))).toEqual(
    times.map((list) => list.map((ms) => [ms, ms])),
  );
});

test('values that stay, change their sign at 0 or are not numbers are written as each is', () => {
  const values = [1.5, 1.5, 1e-9, 1e-9, 0, -0, -0, 0, Number.NaN, Number.NaN, Infinity, Infinity, 1.5, 1.5];
  const series = {
    labels: Labels.empty,
    dropsName: false,
    timestamps: Float64Array.from(values, (_, i) => i * 60_000),
    values: Float64Array.from(values),
    histograms: values.map((_, i) => (i === 1 ? histogram : null)),
  };
  const { result } = JSON.parse(write({ kind: 'matrix', series: [series] })) as {
    result: readonly { values: readonly [number, string][] }[];
  };
  expect(result[0]?.values.map(([seconds, text]) => `${seconds / 60} ${text}`)).toEqual([
    '0 1.5',
    '2 1e-09',
    '3 1e-09',
    '4 0',
    '5 -0',
    '6 -0',
    '7 0',
    '8 NaN',
    '9 NaN',
    '10 +Inf',
    '11 +Inf',
    '12 1.5',
    '13 1.5',
  ]);
});
