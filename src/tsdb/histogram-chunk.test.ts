import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highWordOf, lowWordOf } from '../lib/float-bits.ts';
import { bucketCount, bucketIndexes, spansOf } from '../model/bucket-layout.ts';
import type { BucketCounts, CounterResetHint, FloatHistogram, Span } from '../model/histogram.ts';
import { isStale, SampleColumns, STALE_NAN } from '../model/sample.ts';
import { readChunk } from './chunk-encoding.ts';
import { type CounterResetHeader, FloatHistogramAppender, readFloatHistogramChunk, readHistogramChunk } from './histogram-chunk.ts';
import { BitWriter } from './varbit.ts';
import { XorFields } from './xor-fields.ts';

const indexes = fc.uniqueArray(fc.integer({ min: -20, max: 20 }), { maxLength: 8 }).map((list) => list.sort((a, b) => a - b));
const count = fc.oneof(fc.nat(1000), fc.double({ min: 0, max: 1e9, noNaN: true }));
const side = indexes.chain((at) =>
  fc.array(count, { minLength: at.length, maxLength: at.length }).map((buckets) => ({ spans: spansOf(at), buckets })),
);
const histogram = fc
  .record({
    hint: fc.constantFrom('unknown' as const, 'unknown' as const, 'not_reset' as const, 'gauge' as const, 'reset' as const),
    custom: fc.constantFrom<readonly number[] | null>(null, null, [0.5, 1, 10.125], [1 / 3, -4, 1e9]),
    schema: fc.constantFrom(0, 0, 0, 3),
    zeroThreshold: fc.constantFrom(0, 0, 2 ** -128, 0.001, 2 ** 10, 2 ** -243, 2 ** 11, 2 ** -244),
    zeroCount: count,
    count,
    sum: fc.oneof(fc.double(), fc.constantFrom(STALE_NAN)),
    positive: side,
    negative: side,
  })
  .map(
    (h): FloatHistogram => ({
      counterResetHint: h.hint,
      schema: h.custom === null ? h.schema : -53,
      zeroThreshold: h.zeroThreshold,
      zeroCount: h.zeroCount,
      count: h.count,
      sum: h.sum,
      positiveSpans: h.positive.spans,
      negativeSpans: h.negative.spans,
      positiveBuckets: h.positive.buckets,
      negativeBuckets: h.negative.buckets,
      customValues: h.custom ?? [],
    }),
  );

/** What must survive, whatever layout the chunk has by then: bits of the sums, and the buckets that are not empty. */
const essence = (h: FloatHistogram): unknown =>
  isStale(h.sum)
    ? 'stale'
    : {
        schema: h.schema,
        zeroThreshold: h.zeroThreshold,
        zeroCount: h.zeroCount,
        count: h.count,
        sum: `${highWordOf(h.sum)}:${lowWordOf(h.sum)}`,
        positive: used(h.positiveSpans, h.positiveBuckets),
        negative: used(h.negativeSpans, h.negativeBuckets),
        customValues: h.customValues,
      };
const used = (spans: readonly Span[], buckets: BucketCounts): unknown =>
  Array.from(bucketIndexes(spans)).flatMap((index, i) => (buckets[i] === 0 ? [] : [[index, buckets[i]]]));

function read(appender: FloatHistogramAppender): SampleColumns {
  const columns = new SampleColumns();
  expect(readFloatHistogramChunk(appender.bytes, 0, appender.length, -Infinity, Infinity, columns)).toBe(true);
  return columns;
}

test('all histograms of a series come back, in as many chunks as it takes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(histogram, fc.integer({ min: 1, max: 100_000 })), { minLength: 1, maxLength: 25 }), (steps) => {
      const chunks: FloatHistogramAppender[] = [];
      let timestamp = -5;
      const expected: unknown[] = [];
      for (const [one, delta] of steps) {
        timestamp += delta;
        expected.push([timestamp, essence(one)]);
        const header = chunks.at(-1)?.append(timestamp, one);
        if (header === null) continue;
        const next = new FloatHistogramAppender(header ?? 'unknown');
        expect(next.append(timestamp, one)).toBe(null);
        chunks.push(next);
      }
      const got = chunks.flatMap((chunk) => {
        const columns = read(chunk);
        return Array.from({ length: columns.length }, (_, i) => [columns.timestamps[i], essence(columns.histograms![i]!)]);
      });
      expect(got).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

const base: FloatHistogram = {
  counterResetHint: 'unknown',
  schema: 0,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 12,
  sum: 5,
  positiveSpans: [{ offset: 0, length: 2 }],
  negativeSpans: [],
  positiveBuckets: [4, 6],
  negativeBuckets: [],
  customValues: [],
};

test.each<{ given: string; next: Partial<FloatHistogram>; answer: CounterResetHeader | null }>([
  { given: 'more of everything', next: { count: 14, positiveBuckets: [5, 7] }, answer: null },
  { given: 'a new bucket', next: { count: 14, positiveSpans: [{ offset: -1, length: 3 }], positiveBuckets: [2, 4, 6] }, answer: null },
  { given: 'a smaller count', next: { count: 11 }, answer: 'reset' },
  { given: 'a smaller bucket', next: { count: 14, positiveBuckets: [3, 9] }, answer: 'reset' },
  { given: 'a bucket gone that was in use', next: { positiveSpans: [{ offset: 0, length: 1 }], positiveBuckets: [12] }, answer: 'reset' },
  { given: 'a smaller zero bucket', next: { zeroCount: 1 }, answer: 'reset' },
  { given: 'another zero threshold', next: { zeroThreshold: 0.01 }, answer: 'unknown' },
  { given: 'another schema', next: { schema: 1 }, answer: 'unknown' },
  { given: 'a reset by its own word', next: { counterResetHint: 'reset' }, answer: 'reset' },
  { given: 'a gauge', next: { counterResetHint: 'gauge' }, answer: 'gauge' },
  { given: 'a stale marker', next: { sum: STALE_NAN }, answer: null },
])('after a histogram, $given: $answer', ({ next, answer }) => {
  const appender = new FloatHistogramAppender('unknown');
  expect(appender.append(1000, base)).toBe(null);
  expect(appender.append(2000, { ...base, ...next })).toBe(answer);
});

test.each<{ given: string; hint: CounterResetHint; samples: number; buckets: number; answer: CounterResetHeader | null }>([
  { given: 'a thousand buckets more, after 100 samples', hint: 'unknown', samples: 100, buckets: 1000, answer: null },
  { given: 'a thousand buckets more, after 1000 samples', hint: 'unknown', samples: 1000, buckets: 1000, answer: 'not_reset' },
  { given: 'the same of a gauge', hint: 'gauge', samples: 1000, buckets: 1000, answer: 'gauge' },
])('a chunk is recoded only as long as that is little: $given', ({ hint, samples, buckets, answer }) => {
  const appender = new FloatHistogramAppender(hint === 'gauge' ? 'gauge' : 'unknown');
  for (let i = 0; i < samples; i++) appender.append(i, { ...base, counterResetHint: hint });
  const wide = { positiveSpans: [{ offset: 0, length: buckets }], positiveBuckets: new Array<number>(buckets).fill(10) };
  expect(appender.append(samples, { ...base, counterResetHint: hint, ...wide })).toBe(answer);
  expect(read(appender).length).toBe(samples + (answer === null ? 1 : 0));
});

test('after a stale marker only stale markers are taken', () => {
  const appender = new FloatHistogramAppender('unknown');
  appender.append(1000, base);
  appender.append(2000, { ...base, sum: STALE_NAN });
  expect(appender.append(3000, { ...base, sum: STALE_NAN })).toBe(null);
  expect(appender.append(4000, base)).toBe('unknown');
  expect(read(appender).histograms!.map((h) => isStale(h!.sum))).toEqual([false, true, true]);
});

test('the hint of a sample says what is sure', () => {
  for (const [header, hints] of [
    ['reset', ['unknown', 'not_reset']],
    ['gauge', ['gauge', 'gauge']],
  ] as const) {
    const appender = new FloatHistogramAppender(header);
    const one = { ...base, counterResetHint: header === 'gauge' ? 'gauge' : 'unknown' } as const;
    appender.append(1000, one);
    appender.append(2000, one);
    expect(read(appender).histograms!.map((h) => h!.counterResetHint)).toEqual(hints);
  }
});

/** An integer histogram chunk, which only Prometheus writes. */
function encodeIntegers(
  samples: readonly { t: number; count: number; zeroCount: number; sum: number; steps: readonly number[] }[],
  positive: readonly Span[],
  negative: readonly Span[],
): Uint8Array {
  const writer = new BitWriter(64);
  writer.bits(samples.length, 16);
  writer.bits(0x80, 8);
  writer.bits(0, 8);
  writer.varbitInt(2);
  for (const spans of [positive, negative]) {
    writer.varbitUint(spans.length);
    for (const span of spans) {
      writer.varbitUint(span.length);
      writer.varbitInt(span.offset);
    }
  }
  const sums = new XorFields(1);
  let before: number[] = [];
  let deltas: number[] = [];
  for (const [i, { t, count, zeroCount, sum, steps }] of samples.entries()) {
    const fields = [t, count, zeroCount, ...steps];
    const now = fields.map((value, k) => value - (before[k] ?? 0));
    const put = (k: number): void => {
      if (i > 0) writer.varbitInt(now[k]! - (i === 1 ? 0 : deltas[k]!));
      else if (k === 1 || k === 2) writer.varbitUint(fields[k]!);
      else writer.varbitInt(fields[k]!);
    };
    for (let k = 0; k < 3; k++) put(k);
    if (i === 0) sums.writeFirst(writer, 0, sum);
    else sums.write(writer, 0, sum);
    if (i === 0 || !isStale(sum)) for (let k = 3; k < fields.length; k++) put(k);
    deltas = now;
    before = fields;
  }
  return writer.bytes.slice(0, writer.length);
}

test('integer chunks are read as floats', () => {
  const layout = fc.tuple(indexes, indexes).map(([p, n]) => [spansOf(p), spansOf(n)] as const);
  fc.assert(
    fc.property(
      layout,
      fc.array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.nat(), fc.double(), fc.infiniteStream(fc.integer({ min: 0, max: 1e6 }))), {
        minLength: 1,
        maxLength: 20,
      }),
      ([positive, negative], rows) => {
        let t = 1_700_000_000_000;
        const absolute: number[][] = [];
        const positives = bucketCount(positive);
        const samples = rows.map(([delta, count, sum, stream]) => {
          const counts = Array.from({ length: positives + bucketCount(negative) }, () => stream.next().value as number);
          absolute.push(counts);
          const steps = counts.map((value, k) => value - (k === 0 || k === positives ? 0 : counts[k - 1]!));
          return { t: (t += delta), count, zeroCount: count % 7, sum, steps };
        });
        const bytes = encodeIntegers(samples, positive, negative);
        const columns = new SampleColumns();
        expect(readHistogramChunk(bytes, 0, bytes.length, -Infinity, Infinity, columns)).toBe(true);
        expect(
          columns.histograms!.map((h, i) => [
            columns.timestamps[i],
            h!.count,
            h!.zeroCount,
            h!.sum,
            [...h!.positiveBuckets, ...h!.negativeBuckets],
          ]),
        ).toEqual(samples.map((sample, i) => [sample.t, sample.count, sample.zeroCount, sample.sum, absolute[i]]));
      },
    ),
  );
});

test('a damaged chunk is told or misread, and never throws or hangs', () => {
  fc.assert(
    fc.property(fc.array(histogram, { minLength: 1, maxLength: 6 }), fc.nat(), fc.nat(255), (list, at, byte) => {
      const appender = new FloatHistogramAppender('unknown');
      list.forEach((one, i) => appender.append(1000 * (i + 1), one));
      const bytes = appender.bytes.slice(0, appender.length);
      bytes[at % bytes.length] = byte;
      readFloatHistogramChunk(bytes, 0, bytes.length, -Infinity, Infinity, new SampleColumns());
      readHistogramChunk(bytes, 0, bytes.length, -Infinity, Infinity, new SampleColumns());
    }),
    { numRuns: 500 },
  );
});

test('encodings that are not known are refused by name', () => {
  expect(() => readChunk(4, new Uint8Array(10), 0, 10, 0, 1, new SampleColumns())).toThrow('chunk encoding 4 (XOR2) cannot be read');
});
