import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../lib/byte-writer.ts';
import { highWordOf, lowWordOf } from '../../lib/float-bits.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import { Labels } from '../../model/labels.ts';
import {
  addHistogram,
  addSample,
  addSeries,
  decodeRecord,
  encodeMetadata,
  encodeTombstone,
  type RecordSink,
  startHistograms,
  startSamples,
  startSeries,
} from './records.ts';

/** What a record says, as a list. */
function decode(record: Uint8Array): unknown[] | 'malformed' {
  const heard: unknown[] = [];
  const sink: RecordSink = {
    series: (ref, labels) => heard.push(['series', ref, labels.toString()]),
    sample: (ref, timestamp, high, low) => heard.push(['sample', ref, timestamp, high >>> 0, low >>> 0]),
    histogram: (ref, timestamp, { count, schema, positiveBuckets }) =>
      heard.push(['histogram', ref, timestamp, count, schema, positiveBuckets]),
    tombstone: (ref, fromMs, toMs) => heard.push(['tombstone', ref, fromMs, toMs]),
    metadata: (ref, { type, unit, help }) => heard.push(['metadata', ref, type, unit, help]),
  };
  return decodeRecord(record, sink) ? heard : 'malformed';
}

function encode(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.view().slice();
}

const ref = fc.integer({ min: 1, max: 2 ** 40 });
const timestamp = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });

test('samples are decoded as they were encoded, whatever their distance to the first', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(ref, timestamp, fc.double()), { minLength: 1, maxLength: 30 }), (samples) => {
      const [firstRef, firstTime] = samples[0]!;
      const record = encode((writer) => {
        startSamples(writer, firstRef, firstTime);
        for (const [r, t, v] of samples) addSample(writer, firstRef, firstTime, r, t, highWordOf(v), lowWordOf(v));
      });
      expect(decode(record)).toEqual(samples.map(([r, t, v]) => ['sample', r, t, highWordOf(v), lowWordOf(v)]));
    }),
  );
});

test('series, tombstones and metadata are decoded as they were encoded', () => {
  const labels = Labels.of({ __name__: 'up', job: 'ünïcode ☃' });
  expect(
    decode(
      encode((writer) => {
        startSeries(writer);
        addSeries(writer, 7, labels);
        addSeries(writer, 2 ** 40, Labels.empty);
      }),
    ),
  ).toEqual([
    ['series', 7, labels.toString()],
    ['series', 2 ** 40, '{}'],
  ]);
  expect(decode(encode((writer) => encodeTombstone(writer, 7, -5, 2 ** 42)))).toEqual([['tombstone', 7, -5, 2 ** 42]]);
  expect(decode(encode((writer) => encodeMetadata(writer, 7, { type: 2, unit: 'seconds', help: 'how long' })))).toEqual([
    ['metadata', 7, 2, 'seconds', 'how long'],
  ]);
});

const base: FloatHistogram = {
  counterResetHint: 'gauge',
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 1,
  count: 10,
  sum: 3.5,
  positiveSpans: [
    { offset: -2, length: 1 },
    { offset: 1, length: 2 },
  ],
  negativeSpans: [],
  positiveBuckets: [2, 3, 4],
  negativeBuckets: [],
  customValues: [],
};
const histogramRecord = (histogram: FloatHistogram): Uint8Array =>
  encode((writer) => {
    startHistograms(writer, 7, 1000, histogram.schema === -53);
    addHistogram(writer, 7, 1000, 9, 2000, histogram);
  });

test('float histograms are decoded as they were encoded', () => {
  expect(decode(histogramRecord(base))).toEqual([['histogram', 9, 2000, 10, 3, [2, 3, 4]]]);
  const custom = { ...base, schema: -53, customValues: [0.5, 1] };
  expect(decode(histogramRecord(custom))).toEqual([['histogram', 9, 2000, 10, -53, [2, 3, 4]]]);
});

test.each([
  { given: 'a schema that is not known', histogram: { ...base, schema: 60 }, heard: [] },
  { given: 'more buckets than spans', histogram: { ...base, positiveBuckets: [1, 2, 3, 4] }, heard: [] },
  // Buckets -2, 0 and 1 of schema 9 are -1, 0 and 1 of schema 8.
  { given: 'a resolution that is too fine', histogram: { ...base, schema: 9 }, heard: [['histogram', 9, 2000, 10, 8, [2, 3, 4]]] },
  {
    given: 'one finer still',
    histogram: { ...base, schema: 10, positiveSpans: [{ offset: 1, length: 3 }] },
    heard: [['histogram', 9, 2000, 10, 8, [9]]],
  },
])('a histogram with $given is left out or made coarser', ({ histogram, heard }) => {
  expect(decode(histogramRecord(histogram))).toEqual(heard);
});

// As tsdb/record/record.go writes them: type, hint, schema, zero threshold, counts, sum, spans, bucket deltas.
test('an integer histogram becomes a float histogram', () => {
  const record = encode((writer) => {
    writer.u8(7);
    writer.i64(7);
    writer.i64(1000);
    writer.varint(2);
    writer.varint(500);
    writer.u8(0);
    writer.varint(1);
    writer.f64(0);
    writer.uvarint(0);
    writer.uvarint(6);
    writer.f64(9);
    writer.uvarint(1);
    writer.varint(0);
    writer.uvarint(3);
    writer.uvarint(0);
    writer.uvarint(3);
    for (const delta of [1, 1, 1]) writer.varint(delta);
    writer.uvarint(0);
  });
  expect(decode(record)).toEqual([['histogram', 9, 1500, 6, 1, [1, 2, 3]]]);
});

test('samples of version 2 are read without their start timestamps', () => {
  const record = encode((writer) => {
    writer.u8(11);
    for (const [reference, time, start] of [
      [7, 1000, ['first', 900]],
      [1, 0, [0]],
      [-2, 10, [1]],
      [5, 20, [2, -3]],
    ] as const) {
      // prettier-ignore
      writer.varint(reference);
      writer.varint(time);
      if (start[0] === 'first') writer.varint(start[1]);
      else {
        writer.u8(start[0]);
        if (start[0] === 2) writer.varint(start[1]);
      }
      writer.f64(1);
    }
  });
  const one = [0x3ff00000, 0];
  expect(decode(record)).toEqual([
    ['sample', 7, 1000, ...one],
    ['sample', 8, 1000, ...one],
    ['sample', 6, 1010, ...one],
    ['sample', 11, 1020, ...one],
  ]);
});

test.each([4, 5, 14, 200, 255])('a record of type %i is passed over', (type) => {
  expect(decode(Uint8Array.of(type, 1, 2, 3))).toEqual([]);
});

test('no bytes throw, and a record that is cut off is malformed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 14 }),
      fc.uint8Array({ maxLength: 80 }),
      (type, bytes) => void decode(Uint8Array.of(type, ...bytes)),
    ),
    { numRuns: 1000 },
  );
  const record = histogramRecord(base);
  for (let length = 18; length < record.length; length++) expect(decode(record.slice(0, length))).toBe('malformed');
});
