import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_HISTOGRAM, EXPONENTIAL_HISTOGRAM } from '../../test/support/histograms.ts';
import { finish } from '../lib/finish.ts';
import { ProtobufReader } from '../lib/protobuf-reader.ts';
import { snappyBytesMax, snappyCompress } from '../lib/snappy.ts';
import { bucketCount, bucketIndexes } from '../model/bucket-layout.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { isStale, STALE_NAN } from '../model/sample.ts';
import type { Appender, AppendStore, AppendVerdict, SeriesRef } from '../model/storage.ts';
import { unixMs } from '../model/time.ts';
import { RemoteWriteReceiver } from './remote-write.ts';
import { RemoteHistograms } from './remote-write-histogram.ts';

/** A store that keeps what was committed; refuses timestamps below `oldest`. */
function store(oldest = Number.NEGATIVE_INFINITY) {
  const committed: string[] = [];
  const histograms: FloatHistogram[] = [];
  /** By ref; null where it has gone. */
  const series: (Labels | null)[] = [];
  let asked = 0;
  return {
    committed,
    histograms,
    /** How often somebody gave labels for a ref. */
    asked: () => asked,
    dropAll: () => void series.fill(null),
    appender(): Appender {
      const pending: string[] = [];
      return {
        series: (labels) => {
          asked++;
          const ref = series.findIndex((one) => one?.toString() === labels.toString()) + 1;
          return (ref > 0 ? ref : series.push(labels)) as SeriesRef;
        },
        append: (ref, timestamp, value): AppendVerdict => {
          if (series[ref - 1] === null) return 'unknown_ref';
          if (timestamp < oldest) return 'out_of_order';
          pending.push(`${series[ref - 1]?.toString()} ${value} @${timestamp}`);
          return 'ok';
        },
        appendHistogram: (ref, timestamp, histogram): AppendVerdict => {
          if (series[ref - 1] === null) return 'unknown_ref';
          if (timestamp < oldest) return 'out_of_order';
          pending.push(`${series[ref - 1]?.toString()} histogram of ${histogram.count} @${timestamp}`);
          histograms.push(histogram);
          return 'ok';
        },
        startTimestamp: () => {},
        commit: () => committed.push(...pending),
        rollback: () => {},
      };
    },
  };
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}
const zigzag = (value: number): number[] => varint(value < 0 ? -value * 2 - 1 : value * 2);
const double = (value: number): number[] => [...new Uint8Array(Float64Array.of(value).buffer)];
const bytesField = (field: number, bytes: readonly number[]): number[] => [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
const varintField = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const zigzagField = (field: number, value: number): number[] => [...varint(field * 8), ...zigzag(value)];
const doubleField = (field: number, value: number): number[] => [...varint(field * 8 + 1), ...double(value)];
const textField = (field: number, text: string): number[] => bytesField(field, [...new TextEncoder().encode(text)]);
const label = (name: string, value: string): number[] => bytesField(1, [...textField(1, name), ...textField(2, value)]);
const sample = (value: number, timestamp: number): number[] => bytesField(2, [...doubleField(1, value), ...varintField(2, timestamp)]);

const NOW = unixMs(60_000);
const write = (into: AppendStore, body: Uint8Array) => finish(new RemoteWriteReceiver(into).receive(body, NOW));

/** A histogram as a sender says it: integers in deltas, floats in counts. */
type Sent = {
  readonly at?: number;
  readonly countInt?: number;
  readonly countFloat?: number;
  readonly sum?: number;
  readonly schema?: number;
  readonly zeroThreshold?: number;
  readonly zeroCountInt?: number;
  readonly zeroCountFloat?: number;
  readonly spans?: readonly (readonly [offset: number, length: number])[];
  readonly negativeSpans?: readonly (readonly [offset: number, length: number])[];
  readonly deltas?: readonly number[];
  readonly negativeDeltas?: readonly number[];
  readonly counts?: readonly number[];
  readonly negativeCounts?: readonly number[];
  readonly hint?: number;
  readonly customValues?: readonly number[];
};
const given = <T>(value: T | undefined, field: (value: T) => number[]): number[] => (value === undefined ? [] : field(value));
const span = ([offset, length]: readonly [number, number]): number[] => [...zigzagField(1, offset), ...varintField(2, length)];
const fieldsOf = (sent: Sent): number[] => [
  ...given(sent.countInt, (count) => varintField(1, count)),
  ...given(sent.countFloat, (count) => doubleField(2, count)),
  ...given(sent.sum, (sum) => doubleField(3, sum)),
  ...given(sent.schema, (schema) => zigzagField(4, schema)),
  ...given(sent.zeroThreshold, (threshold) => doubleField(5, threshold)),
  ...given(sent.zeroCountInt, (count) => varintField(6, count)),
  ...given(sent.zeroCountFloat, (count) => doubleField(7, count)),
  ...given(sent.negativeSpans, (spans) => spans.flatMap((one) => bytesField(8, span(one)))),
  ...given(sent.negativeDeltas, (deltas) => bytesField(9, deltas.flatMap(zigzag))),
  ...given(sent.negativeCounts, (counts) => bytesField(10, counts.flatMap(double))),
  ...given(sent.spans, (spans) => spans.flatMap((one) => bytesField(11, span(one)))),
  ...given(sent.deltas, (deltas) => bytesField(12, deltas.flatMap(zigzag))),
  ...given(sent.counts, (counts) => bytesField(13, counts.flatMap(double))),
  ...given(sent.hint, (hint) => varintField(14, hint)),
  ...varintField(15, sent.at ?? 0),
  ...given(sent.customValues, (values) => bytesField(16, values.flatMap(double))),
];
const histogram = (sent: Sent): number[] => bytesField(4, fieldsOf(sent));

function request(...series: readonly (readonly number[])[]): Uint8Array {
  const raw = Uint8Array.from(series.flatMap((one) => bytesField(1, one)));
  const out = new Uint8Array(snappyBytesMax(raw.length));
  return out.slice(0, snappyCompress(raw, out));
}

test('series and samples of a request are stored, unsorted labels included', () => {
  const into = store();
  const body = request(
    [...label('job', 'a'), ...label('__name__', 'up'), ...sample(1, 10), ...sample(0, 20)],
    [...label('__name__', 'x'), ...sample(7, 5)],
  );
  expect(write(into, body)).toEqual({ kind: 'stored', samples: 3 });
  expect(into.committed).toEqual(['{__name__="up", job="a"} 1 @10', '{__name__="up", job="a"} 0 @20', '{__name__="x"} 7 @5']);
});

test('a refused sample is named and does not take the good ones with it', () => {
  const into = store(15);
  const body = request([...label('__name__', 'up'), ...sample(1, 10), ...sample(0, 20)]);
  expect(write(into, body)).toEqual({ kind: 'refused', error: 'out of order sample (series {__name__="up"}, timestamp 10)' });
  expect(into.committed).toEqual(['{__name__="up"} 0 @20']);
});

test.each([
  ['no metric name', request([...label('job', 'a'), ...sample(1, 10)]), /no metric name/],
  ['a repeated label', request([...label('__name__', 'up'), ...label('a', '1'), ...label('a', '2'), ...sample(1, 10)]), /repeated/],
  ['what is not snappy', new Uint8Array([255, 255, 255, 255, 255, 255]), /not snappy/],
  ['what is not protobuf', request([0x0a, 0x7f, 0x01]), /not a prometheus\.WriteRequest/],
])('a request with %s is refused and nothing of it is stored', (_name, body, error) => {
  const into = store();
  const outcome = write(into, body);
  expect(outcome.kind === 'refused' ? outcome.error : 'stored').toMatch(error);
  expect(into.committed).toEqual([]);
});

const INTEGER: Sent = {
  countInt: 19,
  sum: 18.4,
  schema: 1,
  zeroThreshold: 0.001,
  zeroCountInt: 2,
  spans: [
    [-3, 2],
    [1, 2],
  ],
  negativeSpans: [[0, 2]],
  deltas: [1, 1, -2, 4],
  negativeDeltas: [4, 2],
};
const FLOAT: Sent = {
  countFloat: 19.5,
  sum: 18.4,
  schema: 1,
  zeroThreshold: 0.001,
  zeroCountFloat: 2.5,
  spans: [
    [-3, 2],
    [1, 2],
  ],
  counts: [1, 2, 0.5, 4],
};
const CUSTOM: Sent = { countInt: 7, sum: 3, schema: -53, spans: [[0, 3]], deltas: [1, 1, 2], customValues: [-1, 0.5] };

test.each<{ what: string; sent: readonly number[]; stored: Partial<FloatHistogram> }>([
  { what: 'integers', sent: histogram(INTEGER), stored: EXPONENTIAL_HISTOGRAM },
  {
    what: 'floats',
    sent: histogram(FLOAT),
    stored: { count: 19.5, zeroCount: 2.5, positiveBuckets: [1, 2, 0.5, 4], negativeSpans: [], negativeBuckets: [] },
  },
  {
    what: 'floats of negative observations',
    sent: histogram({ countFloat: 3, negativeSpans: [[4, 1]], negativeCounts: [3] }),
    stored: { negativeBuckets: [3] },
  },
  { what: 'custom buckets', sent: histogram(CUSTOM), stored: { schema: -53, positiveBuckets: [1, 2, 4], customValues: [-1, 0.5] } },
  { what: 'no fields', sent: bytesField(4, []), stored: EMPTY_HISTOGRAM },
  { what: 'no word about resets', sent: histogram({ ...INTEGER, hint: 0 }), stored: { counterResetHint: 'unknown' } },
  { what: 'a reset', sent: histogram({ ...INTEGER, hint: 1 }), stored: { counterResetHint: 'reset' } },
  { what: 'no reset', sent: histogram({ ...INTEGER, hint: 2 }), stored: { counterResetHint: 'not_reset' } },
  { what: 'a gauge', sent: histogram({ ...INTEGER, hint: 3 }), stored: { counterResetHint: 'gauge' } },
  { what: 'a hint of the future', sent: histogram({ ...INTEGER, hint: 4 }), stored: { counterResetHint: 'unknown' } },
  {
    what: 'a finer resolution',
    sent: histogram({ countInt: 6, schema: 9, spans: [[1, 3]], deltas: [1, 1, 1] }),
    stored: { schema: 8, positiveSpans: [{ offset: 1, length: 2 }], positiveBuckets: [3, 3] },
  },
  {
    what: 'buckets that are not packed, and a field nobody knows',
    sent: bytesField(4, [
      ...varintField(1, 3),
      ...bytesField(11, span([0, 2])),
      ...zigzagField(12, 1),
      ...textField(99, 'x'),
      ...zigzagField(12, 1),
    ]),
    stored: { count: 3, positiveBuckets: [1, 2] },
  },
  {
    what: 'floats although integers are there too: the last count says which',
    sent: histogram({ ...INTEGER, ...FLOAT, negativeSpans: [] }),
    stored: { count: 19.5, zeroCount: 2.5, positiveBuckets: [1, 2, 0.5, 4], negativeBuckets: [] },
  },
  {
    what: 'a zero bucket of the other kind, which does not count',
    sent: histogram({ countFloat: 1, zeroCountInt: 1 }),
    stored: { zeroCount: 0 },
  },
  { what: 'a count of ten bytes', sent: histogram({ countInt: 2 ** 63 }), stored: { count: 2 ** 63 } },
])('a histogram is stored: $what', ({ sent, stored }) => {
  const into = store();
  expect(write(into, request([...label('__name__', 'h'), ...sent]))).toEqual({ kind: 'stored', samples: 1 });
  expect(into.histograms).toMatchObject([stored]);
});

test('samples and histograms more than ten minutes ahead are refused', () => {
  const into = store();
  const sent = [660_000, 660_001].flatMap((at) => [...sample(1, at), ...histogram({ ...INTEGER, at })]);
  expect(write(into, request([...label('__name__', 'h'), ...sent]))).toEqual({
    kind: 'refused',
    error: 'out of bounds: timestamp is too far in the future (series {__name__="h"}, timestamp 660001)',
  });
  expect(into.committed).toEqual(['{__name__="h"} 1 @660000', '{__name__="h"} histogram of 19 @660000']);
});

test('a stale marker is one still', () => {
  const into = store();
  write(into, request([...label('__name__', 'h'), ...histogram({ sum: STALE_NAN, at: 10 })]));
  expect(into.histograms.map(({ sum }) => isStale(sum))).toEqual([true]);
});

test('samples and histograms of a series are stored in their order, refused ones named', () => {
  const into = store(15);
  const body = request(
    [...label('__name__', 'h'), ...sample(1, 20), ...histogram({ ...INTEGER, at: 10 }), ...histogram({ ...INTEGER, at: 30 })],
    [...label('__name__', 'g'), ...histogram({ ...FLOAT, at: 20 })],
  );
  expect(write(into, body)).toEqual({ kind: 'refused', error: 'out of order sample (series {__name__="h"}, timestamp 10)' });
  expect(into.committed).toEqual(['{__name__="h"} 1 @20', '{__name__="h"} histogram of 19 @30', '{__name__="g"} histogram of 19.5 @20']);
});

const many = (count: number): number[] => new Array<number>(count).fill(0);
test.each<{ what: string; sent: readonly number[]; error: string }>([
  {
    what: 'a negative bucket',
    sent: histogram({ ...INTEGER, at: 7, deltas: [1, 1, -3, 5] }),
    error:
      'positive side: bucket number 3 has observation count of -1: histogram has a bucket whose observation count is negative (series {__name__="h"}, timestamp 7)',
  },
  {
    what: 'a count that is not that of its buckets',
    sent: histogram({ ...INTEGER, countInt: 18 }),
    error: '19 observations found in buckets, but the Count field is 18',
  },
  { what: 'a negative float count', sent: histogram({ ...FLOAT, countFloat: -1 }), error: "histogram's observation count is negative" },
  {
    what: 'integers where floats are announced',
    sent: histogram({ countFloat: 7, spans: [[0, 2]], deltas: [3, 1] }),
    error: 'positive side: spans need 2 buckets, have 0 buckets',
  },
  { what: 'an unknown schema', sent: histogram({ ...INTEGER, schema: -6 }), error: 'histogram has an invalid schema' },
  { what: 'a schema beyond all numbers', sent: histogram({ ...INTEGER, schema: 2 ** 60 }), error: 'histogram has an invalid schema' },
  { what: 'bounds that fall', sent: histogram({ ...CUSTOM, customValues: [0.5, -1] }), error: 'must be in strictly increasing order' },
  {
    what: 'a span as long as can be said',
    sent: histogram({ spans: [[0, 2 ** 32 - 1]] }),
    error: 'positive side: span number 1 with offset 0: bucket indexes take 32 bits',
  },
  {
    what: 'a span longer than can be said',
    sent: histogram({ spans: [[0, 2 ** 69]] }),
    error: 'positive side: span number 1 with offset 0: bucket indexes take 32 bits',
  },
  {
    what: 'a span of more buckets than are there',
    sent: histogram({ ...INTEGER, spans: [[0, 1_000_000_000]] }),
    error: 'positive side: spans need 1000000000 buckets, have 4 buckets',
  },
  {
    what: 'too many buckets',
    sent: histogram({ spans: [[0, 70_000]], deltas: many(70_000) }),
    error: 'histogram has a list of more than 65536 spans, buckets or custom bounds',
  },
  {
    what: 'too many float buckets',
    sent: histogram({ countFloat: 0, spans: [[0, 70_000]], counts: many(70_000) }),
    error: 'histogram has a list of more than 65536 spans, buckets or custom bounds',
  },
  {
    what: 'too many spans',
    sent: histogram({ spans: many(70_000).map(() => [0, 0] as const) }),
    error: 'histogram has a list of more than 65536 spans, buckets or custom bounds',
  },
  {
    what: 'too many bounds',
    sent: histogram({ schema: -53, customValues: many(70_000) }),
    error: 'histogram has a list of more than 65536 spans, buckets or custom bounds',
  },
  {
    what: 'a time beyond all numbers',
    sent: histogram({ ...INTEGER, at: 2 ** 62, spans: [] }),
    error: `(series {__name__="h"}, timestamp ${2 ** 62})`,
  },
])('a histogram with $what is refused, and the rest of the request is stored', ({ sent, error }) => {
  const into = store();
  const body = request(
    [...label('__name__', 'h'), ...sent, ...histogram({ ...INTEGER, at: 20 })],
    [...label('__name__', 'up'), ...sample(1, 10)],
  );
  const outcome = write(into, body);
  expect(outcome.kind === 'refused' ? outcome.error : 'stored').toContain(error);
  expect(into.committed).toEqual(['{__name__="h"} histogram of 19 @20', '{__name__="up"} 1 @10']);
});

describe('more than a sender sends at a time', () => {
  const known = [...label('__name__', 'up'), ...sample(1, 10)];

  test.each([
    {
      what: 'samples',
      series: [...label('__name__', 'x'), ...Array.from({ length: 100_001 }, (_, i) => sample(i, i)).flat()],
      error: 'the request has more than 100000 samples: send fewer at a time',
    },
    {
      what: 'empty samples',
      series: [...label('__name__', 'x'), ...Array.from({ length: 100_001 }, () => [0x12, 0]).flat()],
      error: 'the request has more than 100000 samples: send fewer at a time',
    },
    {
      what: 'bytes in the labels of a series',
      series: [...label('__name__', 'x'), ...label('a', 'y'.repeat(1 << 19)), ...label('b', 'y'.repeat(1 << 19)), ...sample(1, 10)],
      error: 'a label set of the request takes more than 1048576 bytes',
    },
    {
      what: 'bytes in a sample',
      series: [...label('__name__', 'x'), ...bytesField(2, new Array<number>(1100).fill(0x18))],
      error: 'a sample of the request takes more than 1024 bytes',
    },
    {
      what: 'bytes in a histogram',
      series: [...label('__name__', 'x'), ...bytesField(4, new Array<number>((1 << 22) + 2).fill(0x60))],
      error: 'a histogram of the request takes more than 4194304 bytes',
    },
  ])('$what: nothing of the request is stored', ({ series, error }) => {
    const into = store();
    expect(write(into, request(known, series))).toEqual({ kind: 'refused', error });
    expect(into.committed).toEqual([]);
  });

  test.each([
    { what: 'labels', labels: Array.from({ length: 1001 }, (_, i) => label(`l${i}`, 'v')).flat() },
    // Each takes two bytes there, and took many here.
    { what: 'empty labels', labels: Array.from({ length: 300_000 }, () => [0x0a, 0]).flat() },
  ])('$what: the series has none that can be stored', ({ labels }) => {
    const into = store();
    const outcome = write(into, request(known, [...labels, ...sample(1, 20)]));
    expect(outcome.kind === 'refused' ? outcome.error : 'stored').toMatch(/^label set \[.{0,100}\] … has more than 1000 labels$/);
    expect(into.committed).toEqual(['{__name__="up"} 1 @10']);
  });

  test('of what is usual, a thousand labels and tens of thousands of samples are stored', () => {
    const into = store();
    const many = Array.from({ length: 50_000 }, (_, i) => sample(i, i)).flat();
    const labels = Array.from({ length: 999 }, (_, i) => label(`l${i}`, 'v')).flat();
    const body = request([...label('__name__', 'x'), ...many], [...label('__name__', 'y'), ...labels, ...sample(1, 10)], known);
    expect(write(into, body)).toEqual({ kind: 'stored', samples: 50_002 });
  });

  test('ten thousand native histograms of 160 buckets are taken, however far these lie apart', () => {
    const histograms = new RemoteHistograms();
    const one = Uint8Array.from(
      fieldsOf({
        countFloat: 160,
        spans: Array.from({ length: 54 }, (_, i) => [3, i === 0 ? 1 : 3] as const),
        counts: new Array(160).fill(1),
      }),
    );
    for (let i = 0; i < 10_000; i++) expect(histograms.read(new ProtobufReader(one)).kind).toBe('histogram');
  });

  test.each([
    {
      what: 'refused',
      name: '__name__',
      at: 1e12,
      error: /^out of bounds: .{1,99} \(series of labels \["__name__","x","a",.{100,1000} …, /,
    },
    { what: 'unusable', name: 'b', at: 10, error: /^label set \["b","x","a",.{100,1000} … has a repeated, empty or invalid label name/ },
  ])('a large label set that is $what is named by its beginning', ({ name, at, error }) => {
    const into = store();
    const outcome = write(into, request([...label(name, 'x'), ...label('a', '\u0001'.repeat(500_000)), ...sample(1, at)], known));
    expect(outcome.kind === 'refused' ? outcome.error : 'stored').toMatch(error);
    expect(into.committed).toEqual(['{__name__="up"} 1 @10']);
  });
});

test('a large request is read in pieces and stored in one turn', () => {
  const into = store();
  const body = request(...Array.from({ length: 5000 }, (_, i) => [...label('__name__', `m${i}`), ...sample(i, 10)]));
  const steps = new RemoteWriteReceiver(into).receive(body, NOW);
  let pauses = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) {
    pauses++;
    expect(into.committed).toEqual([]);
  }
  expect(pauses).toBeGreaterThan(3);
  expect(step.value).toEqual({ kind: 'stored', samples: 5000 });
  expect(into.committed).toHaveLength(5000);
});

test('after a pause a series is asked for again, as it may have gone', () => {
  let round = 1;
  let stored = 0;
  const into: AppendStore = {
    appender: () => ({
      series: () => round as SeriesRef,
      append: (ref) => {
        if (ref !== round) return 'unknown_ref';
        stored++;
        return 'ok';
      },
      appendHistogram: () => 'ok',
      startTimestamp: () => {},
      commit: () => {},
      rollback: () => {},
    }),
  };
  const steps = new RemoteWriteReceiver(into).receive(
    request([...label('__name__', 'up'), ...Array.from({ length: 10_000 }, (_, i) => sample(i, i)).flat()]),
    NOW,
  );
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) round++;
  expect(round).toBeGreaterThan(3);
  expect(step.value).toEqual({ kind: 'stored', samples: 10_000 });
  expect(stored).toBe(10_000);
});

describe('a series of a request before', () => {
  const up = [...label('__name__', 'up'), ...label('job', 'a')];
  const receiving = (into: AppendStore) => {
    const receiver = new RemoteWriteReceiver(into);
    return (body: Uint8Array) => finish(receiver.receive(body, NOW));
  };

  test('is known by the spelling of its labels', () => {
    const into = store();
    const receive = receiving(into);
    for (const at of [10, 20, 30]) expect(receive(request([...up, ...sample(1, at)]))).toEqual({ kind: 'stored', samples: 1 });
    expect(receive(request([...up, ...histogram({ ...INTEGER, at: 40 })]))).toEqual({ kind: 'stored', samples: 1 });
    expect(into.asked()).toBe(1);
    expect(into.committed).toEqual([
      ...[10, 20, 30].map((at) => `{__name__="up", job="a"} 1 @${at}`),
      '{__name__="up", job="a"} histogram of 19 @40',
    ]);
  });

  test('is asked for again when it has gone meanwhile', () => {
    const into = store();
    const receive = receiving(into);
    for (const [i, body] of [sample(1, 10), sample(1, 20), sample(1, 30), histogram({ ...INTEGER, at: 40 })].entries()) {
      expect(receive(request([...up, ...body], [...label('__name__', 'x'), ...body]))).toEqual({ kind: 'stored', samples: 2 });
      expect(into.asked()).toBe((i + 1) * 2);
      into.dropAll();
    }
    expect(into.committed.slice(-2)).toEqual(['{__name__="up", job="a"} histogram of 19 @40', '{__name__="x"} histogram of 19 @40']);
  });

  test.each([
    { spelling: 'another order', labels: [...label('job', 'a'), ...label('__name__', 'up')] },
    { spelling: 'an empty label', labels: [...label('__name__', 'up'), ...label('b', ''), ...label('job', 'a')] },
    {
      spelling: 'a field of the future in a label',
      labels: [...up.slice(0, -10), ...bytesField(1, [...up.slice(-8), ...varintField(3, 1)])],
    },
    {
      spelling: 'a label value before its name',
      labels: [...label('__name__', 'up'), ...bytesField(1, [...textField(2, 'a'), ...textField(1, 'job')])],
    },
    { spelling: 'a field between its labels', labels: [...label('__name__', 'up'), ...varintField(9, 1), ...label('job', 'a')] },
  ])('has another spelling with $spelling, and is the same', ({ labels }) => {
    const into = store();
    const receive = receiving(into);
    receive(request([...up, ...sample(1, 10)]));
    for (const at of [20, 30]) receive(request([...labels, ...sample(1, at)]));
    expect(into.committed).toEqual([10, 20, 30].map((at) => `{__name__="up", job="a"} 1 @${at}`));
  });

  test.each([
    { what: 'a repeated label', labels: [...up, ...label('job', 'a')] },
    { what: 'no name', labels: label('job', 'a') },
  ])('with $what is refused as before', ({ labels }) => {
    const into = store();
    const receive = receiving(into);
    const body = request([...labels, ...sample(1, 10)]);
    const first = receive(body);
    expect(first.kind).toBe('refused');
    expect(receive(body)).toEqual(first);
    expect(into.committed).toEqual([]);
  });

  test('is named when its sample is refused', () => {
    const receive = receiving(store(15));
    receive(request([...up, ...sample(1, 20)]));
    const error = (why: string, at: number) => ({ kind: 'refused', error: `${why} (series {__name__="up", job="a"}, timestamp ${at})` });
    expect(receive(request([...up, ...sample(1, 10)]))).toEqual(error('out of order sample', 10));
    expect(receive(request([...up, ...sample(1, 1e9)]))).toEqual(error('out of bounds: timestamp is too far in the future', 1e9));
  });

  test('may have more labels behind its samples, which are only checked', () => {
    const into = store(15);
    const receive = receiving(into);
    receive(request([...up, ...sample(1, 20)]));
    expect(receive(request([...up, ...sample(1, 30), ...label('b', '1'), ...sample(1, 10)]))).toEqual({
      kind: 'refused',
      error: 'out of order sample (series {__name__="up", job="a"}, timestamp 10)',
    });
    expect(into.committed.at(-1)).toBe('{__name__="up", job="a"} 1 @30');
    const spoilt = receive(request([...up, ...sample(1, 40), ...bytesField(1, bytesField(1, [0xff]))]));
    expect(spoilt.kind === 'refused' ? spoilt.error : 'stored').toMatch(/not a prometheus\.WriteRequest/);
    const large = receive(request([...up, ...sample(1, 50), ...label('b', 'y'.repeat((1 << 20) - 20))]));
    expect(large).toEqual({ kind: 'refused', error: 'a label set of the request takes more than 1048576 bytes' });
  });

  test('is received as if it were new, whatever its bytes are', () => {
    const anyLabel = fc.tuple(fc.constantFrom('__name__', 'a', 'b', ''), fc.constantFrom('', 'x', 'é', 'y'.repeat(200)));
    const anyField = fc.oneof(
      { weight: 3, arbitrary: anyLabel.map(([name, value]) => label(name, value)) },
      fc.tuple(fc.constantFrom(0, 1, Number.NaN), fc.constantFrom(5, 50, 1e12)).map(([value, at]) => sample(value, at)),
      fc.constantFrom(5, 50).map((at) => bytesField(2, varintField(2, at))),
      fc.constant(histogram({ ...INTEGER, at: 60 })),
      fc.constant(varintField(9, 7)),
    );
    const anySeries = fc
      .tuple(fc.constantFrom([], label('__name__', 'x')), fc.array(anyField, { maxLength: 6 }))
      .map(([name, fields]) => [...name, ...fields.flat()]);
    const change = fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 2 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), change), { maxLength: 12 }),
        fc.array(anySeries, { minLength: 4, maxLength: 4 }),
        (sent, series) => {
          const [into, intoNew] = [store(10), store(10)];
          const receive = receiving(into);
          for (const [which, change] of sent) {
            const bytes = [...(series[which] ?? [])];
            if (change !== null) bytes[change[0] % bytes.length] = change[1];
            expect(receive(request(bytes))).toEqual(write(intoNew, request(bytes)));
          }
          expect(into.committed).toEqual(intoNew.committed);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test('samples are stored as they were sent, however they are written', () => {
  const later = unixMs(2 ** 50);
  const anyTime = fc.oneof(fc.integer({ min: 0, max: 2 ** 45 }), fc.constantFrom(2 ** 35 - 1, 2 ** 35, 2 ** 42 - 1, 2 ** 42, 1.7e12));
  const anySample = fc.tuple(
    fc.oneof(fc.constantFrom(0, 1, STALE_NAN), fc.double()),
    anyTime,
    fc.constantFrom('whole', 'without zeros', 'turned'),
  );
  fc.assert(
    fc.property(fc.array(anySample, { maxLength: 20 }), (samples) => {
      const into = store();
      const written = samples.flatMap(([value, at, how]) => {
        if (how === 'whole') return sample(value, at);
        if (how === 'turned') return bytesField(2, [...varintField(2, at), ...doubleField(1, value)]);
        return bytesField(2, [...(value === 0 ? [] : doubleField(1, value)), ...varintField(2, at)]);
      });
      const outcome = finish(new RemoteWriteReceiver(into).receive(request([...label('__name__', 'x'), ...written]), later));
      expect(outcome).toEqual({ kind: 'stored', samples: samples.length });
      expect(into.committed).toEqual(samples.map(([value, at]) => `{__name__="x"} ${value} @${at}`));
    }),
  );
});

test('two requests that are read at the same time do not mix', () => {
  const into = store();
  const receiver = new RemoteWriteReceiver(into);
  const of = (name: string) =>
    receiver.receive(request([...label('__name__', name), ...Array.from({ length: 5000 }, (_, i) => sample(i, i)).flat()]), NOW);
  finish(of('x'));
  const both = [of('y'), of('z')];
  for (let open = 2; open > 0; ) open = both.filter((steps) => !steps.next().done).length;
  for (const name of 'xyz') expect(into.committed.filter((line) => line.startsWith(`{__name__="${name}"}`))).toHaveLength(5000);
});

test('the histograms of a request have a limit together', () => {
  const histograms = new RemoteHistograms(100);
  const read = (at: number) => histograms.read(new ProtobufReader(Uint8Array.from(fieldsOf({ ...INTEGER, at }))));
  expect([read(1).kind, read(2).kind]).toEqual(['histogram', 'histogram']);
  expect(read(3)).toEqual({
    kind: 'refused',
    timestamp: 3,
    why: 'the histograms of the request have more than 100 buckets: send fewer at a time',
  });
});

test.each<{ what: string; sent: readonly number[] }>([
  { what: 'a count of text', sent: bytesField(4, textField(1, '19')) },
  { what: 'a sum of a varint', sent: bytesField(4, varintField(3, 1)) },
  { what: 'a schema of eight bytes', sent: bytesField(4, doubleField(4, 1)) },
  { what: 'a span that is a number', sent: bytesField(4, varintField(11, 1)) },
  { what: 'a span whose offset is a double', sent: bytesField(4, bytesField(11, doubleField(1, 1))) },
  { what: 'half a bucket', sent: bytesField(4, bytesField(13, [0, 0, 0, 0])) },
  { what: 'buckets beyond its end', sent: bytesField(4, [...varint(12 * 8 + 2), 100, 0]) },
])('a histogram with $what is no message: nothing of the request is stored', ({ sent }) => {
  const into = store();
  const outcome = write(into, request([...label('__name__', 'up'), ...sample(1, 10)], [...label('__name__', 'h'), ...sent]));
  expect(outcome.kind === 'refused' ? outcome.error : 'stored').toMatch(/not a prometheus\.WriteRequest/);
  expect(into.committed).toEqual([]);
});

const spans = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.nat(4)), { maxLength: 3 });
const deltas = fc.array(fc.integer({ min: -2, max: 4 }), { maxLength: 6 });
const floats = fc.array(fc.double(), { maxLength: 6 });
const field: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({ countInt: fc.nat(20) }),
  fc.record({ countFloat: fc.double() }),
  fc.record({ sum: fc.double() }),
  fc.record({ schema: fc.constantFrom(-53, -5, -4, 0, 8, 9, 52, 53) }),
  fc.record({ zeroCountInt: fc.nat(2) }),
  fc.record({ zeroCountFloat: fc.double() }),
  fc.record({ spans }),
  fc.record({ negativeSpans: spans }),
  fc.record({ deltas }),
  fc.record({ negativeDeltas: deltas }),
  fc.record({ counts: floats }),
  fc.record({ negativeCounts: floats }),
  fc.record({ hint: fc.nat(5) }),
  fc.record({ customValues: floats }),
);
/** One that is whole, with up to three fields replaced. */
const anyHistogram = fc
  .tuple(fc.constantFrom(INTEGER, FLOAT, CUSTOM), fc.array(field, { maxLength: 3 }))
  .map(([whole, fields]): Sent => Object.assign({}, whole, ...fields));

test('whatever a histogram says, and whatever becomes of its bytes, it is whole when it is stored', () => {
  let stored = 0;
  fc.assert(
    fc.property(anyHistogram, fc.option(fc.tuple(fc.nat(200), fc.nat(255))), (sent, change) => {
      const bytes = fieldsOf(sent);
      if (change !== null) bytes[change[0] % bytes.length] = change[1];
      const into = store();
      write(into, request([...label('__name__', 'h'), ...bytesField(4, bytes)]));
      for (const { schema, positiveSpans, positiveBuckets, negativeSpans, negativeBuckets, customValues } of into.histograms) {
        expect(schema === -53 || (schema >= -4 && schema <= 8)).toBe(true);
        expect([bucketCount(positiveSpans), bucketCount(negativeSpans)]).toEqual([positiveBuckets.length, negativeBuckets.length]);
        expect([...positiveBuckets, ...negativeBuckets].filter((count) => count < 0)).toEqual([]);
        if (schema === -53) expect(bucketIndexes(positiveSpans).at(-1) ?? 0).toBeLessThanOrEqual(customValues.length);
        stored++;
      }
    }),
    { numRuns: 2000 },
  );
  expect(stored).toBeGreaterThan(100);
});
