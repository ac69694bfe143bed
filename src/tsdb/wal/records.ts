/**
 * The records inside the write-ahead log: series, samples, tombstones, metadata and native histograms are read in every
 * version that Prometheus 3 writes; series, samples (version 1, which every Prometheus reads), float histograms,
 * tombstones and metadata are written. Exemplars and markers of out-of-order chunks are skipped.
 * Layout: prometheus/tsdb/docs/format/wal.md; code: tsdb/record/record.go.
 *
 * Hot path: encodeSamples and the samples of decodeRecord.
 */
import { ByteReader } from '../../lib/byte-reader.ts';
import type { ByteWriter } from '../../lib/byte-writer.ts';
import { absoluteCounts, bucketCount, bucketCounts, inKnownResolution, isKnownSchema } from '../../model/bucket-layout.ts';
import { type CounterResetHint, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../../model/histogram.ts';
import { Labels } from '../../model/labels.ts';

const SERIES = 1;
const SAMPLES = 2;
const TOMBSTONES = 3;
const METADATA = 6;
const HISTOGRAMS = 7;
const FLOAT_HISTOGRAMS = 8;
const CUSTOM_BUCKET_HISTOGRAMS = 9;
const CUSTOM_BUCKET_FLOAT_HISTOGRAMS = 10;
const SAMPLES_V2 = 11;
const HISTOGRAMS_V2 = 12;
const FLOAT_HISTOGRAMS_V2 = 13;

const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];
/** dref and dt of a sample as varints of up to ten bytes each, and its value. */
const SAMPLE_BYTES_MAX = 28;
/** What follows a version 2 start-timestamp marker. */
const EXPLICIT_START = 2;

export type SeriesMetadata = { readonly type: number; readonly unit: string; readonly help: string };

/** What a record says, in its order. `ref` is the series' number in the log. */
export interface RecordSink {
  series(ref: number, labels: Labels): void;
  /** Hot path: the value as two halves, so that no NaN loses its bits. */
  sample(ref: number, timestamp: number, valueHigh: number, valueLow: number): void;
  histogram(ref: number, timestamp: number, histogram: FloatHistogram): void;
  tombstone(ref: number, fromMs: number, toMs: number): void;
  metadata(ref: number, metadata: SeriesMetadata): void;
}

/** Begins a series record, to which `addSeries` adds. */
export function startSeries(writer: ByteWriter): void {
  writer.u8(SERIES);
}

export function addSeries(writer: ByteWriter, ref: number, labels: Labels): void {
  writer.i64(ref);
  writer.uvarint(labels.size);
  for (const text of labels.flat) writer.text(text);
}

/** Begins a samples record whose times are near `timestamp` and whose refs are near `ref`. */
export function startSamples(writer: ByteWriter, ref: number, timestamp: number): void {
  writer.u8(SAMPLES);
  writer.i64(ref);
  writer.i64(timestamp);
}

/** One sample of a record begun with `baseRef` and `baseTime`. */
export function addSample(
  writer: ByteWriter,
  baseRef: number,
  baseTime: number,
  ref: number,
  timestamp: number,
  valueHigh: number,
  valueLow: number,
): void {
  if (writer.length + SAMPLE_BYTES_MAX > writer.bytes.length) writer.reserve(SAMPLE_BYTES_MAX);
  const { bytes } = writer;
  let at = putVarint(bytes, writer.length, ref - baseRef);
  at = putVarint(bytes, at, timestamp - baseTime);
  bytes[at] = valueHigh >>> 24;
  bytes[at + 1] = valueHigh >>> 16;
  bytes[at + 2] = valueHigh >>> 8;
  bytes[at + 3] = valueHigh;
  bytes[at + 4] = valueLow >>> 24;
  bytes[at + 5] = valueLow >>> 16;
  bytes[at + 6] = valueLow >>> 8;
  bytes[at + 7] = valueLow;
  writer.length = at + 8;
}

function putVarint(bytes: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  while (rest >= 0x8000_0000) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  let small = rest | 0;
  while (small >= 0x80) {
    bytes[at++] = (small & 0x7f) | 0x80;
    small >>>= 7;
  }
  bytes[at++] = small;
  return at;
}

/** Begins a record of float histograms; those with custom buckets have a record of their own. */
export function startHistograms(writer: ByteWriter, ref: number, timestamp: number, hasCustomBuckets: boolean): void {
  writer.u8(hasCustomBuckets ? CUSTOM_BUCKET_FLOAT_HISTOGRAMS : FLOAT_HISTOGRAMS);
  writer.i64(ref);
  writer.i64(timestamp);
}

export function addHistogram(
  writer: ByteWriter,
  baseRef: number,
  baseTime: number,
  ref: number,
  timestamp: number,
  histogram: FloatHistogram,
): void {
  writer.varint(ref - baseRef);
  writer.varint(timestamp - baseTime);
  writer.u8(HINTS.indexOf(histogram.counterResetHint));
  writer.varint(histogram.schema);
  writer.f64(histogram.zeroThreshold);
  writer.f64(histogram.zeroCount);
  writer.f64(histogram.count);
  writer.f64(histogram.sum);
  for (const spans of [histogram.positiveSpans, histogram.negativeSpans]) {
    writer.uvarint(spans.length);
    for (const span of spans) {
      writer.varint(span.offset);
      writer.uvarint(span.length);
    }
  }
  for (const buckets of [histogram.positiveBuckets, histogram.negativeBuckets]) {
    writer.uvarint(buckets.length);
    writer.f64s(buckets);
  }
  if (histogram.schema !== CUSTOM_BUCKETS_SCHEMA) return;
  writer.uvarint(histogram.customValues.length);
  writer.f64s(histogram.customValues);
}

export function encodeTombstone(writer: ByteWriter, ref: number, fromMs: number, toMs: number): void {
  writer.u8(TOMBSTONES);
  writer.i64(ref);
  writer.varint(fromMs);
  writer.varint(toMs);
}

export function encodeMetadata(writer: ByteWriter, ref: number, metadata: SeriesMetadata): void {
  writer.u8(METADATA);
  writer.uvarint(ref);
  writer.u8(metadata.type);
  writer.uvarint(2);
  writer.text('UNIT');
  writer.text(metadata.unit);
  writer.text('HELP');
  writer.text(metadata.help);
}

/** Tells `sink` what a record says; false when it is malformed (`sink` has then heard what came before). Types that are not known are passed over. */
export function decodeRecord(record: Uint8Array, sink: RecordSink): boolean {
  if (record.length === 0) return true;
  const reader = new ByteReader(record, 1);
  switch (record[0]) {
    case SERIES:
      decodeSeries(reader, sink);
      break;
    case SAMPLES:
      return decodeSamples(record, sink);
    case SAMPLES_V2:
      decodeV2(reader, (ref, timestamp) => {
        const high = reader.u32();
        const low = reader.u32();
        if (!reader.failed) sink.sample(ref, timestamp, high, low);
      });
      break;
    case TOMBSTONES:
      while (reader.hasMore) {
        const ref = reader.i64();
        const fromMs = reader.varint();
        const toMs = reader.varint();
        if (!reader.failed) sink.tombstone(ref, fromMs, toMs);
      }
      break;
    case METADATA:
      decodeMetadata(reader, sink);
      break;
    case HISTOGRAMS:
    case CUSTOM_BUCKET_HISTOGRAMS:
      return decodeHistograms(reader, sink, readHistogram);
    case FLOAT_HISTOGRAMS:
    case CUSTOM_BUCKET_FLOAT_HISTOGRAMS:
      return decodeHistograms(reader, sink, readFloatHistogram);
    case HISTOGRAMS_V2:
      return decodeHistogramsV2(reader, sink, readHistogram);
    case FLOAT_HISTOGRAMS_V2:
      return decodeHistogramsV2(reader, sink, readFloatHistogram);
    default:
      return true;
  }
  return !reader.failed;
}

/** Prometheus takes a malformed record for damage of the whole log. */
export const isWellFormed = (record: Uint8Array): boolean => decodeRecord(record, NOWHERE);

const NOWHERE: RecordSink = { series() {}, sample() {}, histogram() {}, tombstone() {}, metadata() {} };

function decodeSeries(reader: ByteReader, sink: RecordSink): void {
  while (reader.hasMore) {
    const ref = reader.i64();
    const pairs = reader.uvarint();
    const flat: string[] = [];
    for (let i = 0; i < pairs && !reader.failed; i++) {
      const name = reader.text();
      const value = reader.text();
      if (value !== '') flat.push(name, value);
    }
    if (!reader.failed) sink.series(ref, isSortedByName(flat) ? Labels.fromSorted(flat) : Labels.fromPairs(pairsOf(flat)));
  }
}

/** Prometheus writes them sorted; ascending UTF-16 order is enough to see it for all but names beyond U+D7FF. */
function isSortedByName(flat: readonly string[]): boolean {
  for (let i = 2; i < flat.length; i += 2) if (flat[i - 2]! >= flat[i]!) return false;
  return true;
}

function* pairsOf(flat: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!];
}

function decodeSamples(record: Uint8Array, sink: RecordSink): boolean {
  if (record.length === 1) return true;
  const reader = new ByteReader(record, 1);
  const baseRef = reader.i64();
  const baseTime = reader.i64();
  if (reader.failed) return false;
  const end = record.length;
  while (reader.position < end) {
    const ref = baseRef + reader.varint();
    const timestamp = baseTime + reader.varint();
    const at = reader.position;
    if (reader.failed || at + 8 > end) return false;
    const high = (record[at]! << 24) | (record[at + 1]! << 16) | (record[at + 2]! << 8) | record[at + 3]!;
    const low = (record[at + 4]! << 24) | (record[at + 5]! << 16) | (record[at + 6]! << 8) | record[at + 7]!;
    reader.position = at + 8;
    sink.sample(ref, timestamp, high, low);
  }
  return true;
}

/** Refs of version 2 count from the sample before; a marker says whether a start timestamp follows, which is not kept. */
function decodeV2(reader: ByteReader, read: (ref: number, timestamp: number) => void): void {
  if (!reader.hasMore) return;
  let ref = reader.varint();
  const firstTime = reader.varint();
  reader.varint(); // start timestamp of the first sample
  read(ref, firstTime);
  while (reader.hasMore) {
    ref += reader.varint();
    const timestamp = firstTime + reader.varint();
    if (reader.u8() >= EXPLICIT_START) reader.varint();
    read(ref, timestamp);
  }
}

function decodeMetadata(reader: ByteReader, sink: RecordSink): void {
  while (reader.hasMore) {
    const ref = reader.uvarint();
    const type = reader.u8();
    const fields = reader.uvarint();
    let unit = '';
    let help = '';
    for (let i = 0; i < fields && !reader.failed; i++) {
      const key = reader.text();
      const value = reader.text();
      if (key === 'UNIT') unit = value;
      else if (key === 'HELP') help = value;
    }
    if (!reader.failed) sink.metadata(ref, { type, unit, help });
  }
}

type ReadHistogram = (reader: ByteReader) => FloatHistogram | null;

function decodeHistograms(reader: ByteReader, sink: RecordSink, read: ReadHistogram): boolean {
  if (!reader.hasMore) return true;
  const baseRef = reader.i64();
  const baseTime = reader.i64();
  while (reader.hasMore) {
    const ref = baseRef + reader.varint();
    const timestamp = baseTime + reader.varint();
    const histogram = read(reader);
    if (histogram !== null && !reader.failed) sink.histogram(ref, timestamp, histogram);
  }
  return !reader.failed;
}

function decodeHistogramsV2(reader: ByteReader, sink: RecordSink, read: ReadHistogram): boolean {
  decodeV2(reader, (ref, timestamp) => {
    const histogram = read(reader);
    if (histogram !== null && !reader.failed) sink.histogram(ref, timestamp, histogram);
  });
  return !reader.failed;
}

function readHistogram(reader: ByteReader): FloatHistogram | null {
  const hint = HINTS[reader.u8()] ?? 'unknown';
  const schema = reader.varint();
  const zeroThreshold = reader.f64();
  const zeroCount = reader.uvarint();
  const count = reader.uvarint();
  const sum = reader.f64();
  const positiveSpans = readSpans(reader);
  const negativeSpans = readSpans(reader);
  const positiveBuckets = absoluteCounts(readMany(reader, () => reader.varint()));
  const negativeBuckets = absoluteCounts(readMany(reader, () => reader.varint()));
  const customValues = schema === CUSTOM_BUCKETS_SCHEMA ? readMany(reader, () => reader.f64()) : [];
  return valid({
    counterResetHint: hint,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    negativeSpans,
    positiveBuckets,
    negativeBuckets,
    customValues,
  });
}

function readFloatHistogram(reader: ByteReader): FloatHistogram | null {
  const hint = HINTS[reader.u8()] ?? 'unknown';
  const schema = reader.varint();
  const zeroThreshold = reader.f64();
  const zeroCount = reader.f64();
  const count = reader.f64();
  const sum = reader.f64();
  const positiveSpans = readSpans(reader);
  const negativeSpans = readSpans(reader);
  const positiveBuckets = bucketCounts(readMany(reader, () => reader.f64()));
  const negativeBuckets = bucketCounts(readMany(reader, () => reader.f64()));
  const customValues = schema === CUSTOM_BUCKETS_SCHEMA ? readMany(reader, () => reader.f64()) : [];
  return valid({
    counterResetHint: hint,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    negativeSpans,
    positiveBuckets,
    negativeBuckets,
    customValues,
  });
}

/** A histogram of a schema that is not known, or whose spans and buckets disagree, is left out. */
function valid(histogram: FloatHistogram): FloatHistogram | null {
  const { schema, positiveSpans, negativeSpans, positiveBuckets, negativeBuckets } = histogram;
  if (!isKnownSchema(schema)) return null;
  if (bucketCount(positiveSpans) !== positiveBuckets.length || bucketCount(negativeSpans) !== negativeBuckets.length) return null;
  return inKnownResolution(histogram);
}

const readSpans = (reader: ByteReader): Span[] => readMany(reader, () => ({ offset: reader.varint(), length: reader.uvarint() }));

/** A count, then that many items; stops where the record ends, whatever the count says. */
function readMany<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.uvarint();
  const items: T[] = [];
  for (let i = 0; i < count && !reader.failed; i++) items.push(read());
  return items;
}
