/**
 * A query's value as the `data` object of Prometheus' HTTP API, written straight into bytes (web/api/v1/json_codec.go,
 * util/jsonutil). A generator, as an answer may have millions of points; it pauses every so many bytes, and ends with an
 * error where there would be too many.
 * Hot path: once per point, no intermediate objects.
 */

import { goFormatE, goFormatF } from '../lib/go-float.ts';
import { unreachable } from '../lib/never.ts';
import { TextWriter } from '../lib/text-writer.ts';
import type { BucketCounts, FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { QueryValue, VectorValue } from './engine.ts';
import type { RangeSeries } from './evaluation.ts';
import { HistogramBuckets } from './histogram/histogram-buckets.ts';
import { executionError, type QueryError } from './query-error.ts';

const BYTES_PER_SLICE = 1 << 18;
/** Of an answer: what the limit of samples lets through in floats. Histograms take several times as much text as memory. */
const BYTES_MAX = 2 ** 31;

/**
 * About how many bytes the value takes: an answer that has to be moved while it is written costs as much again. Throws
 * QueryError where it is far too many.
 */
export function sizeOfQueryData(value: QueryValue): number {
  const bytes = sizeOf(value);
  if (bytes > BYTES_MAX * 1.25) throw tooLarge(BYTES_MAX);
  return Math.min(bytes, BYTES_MAX + 2 * BYTES_PER_SLICE);
}

function sizeOf(value: QueryValue): number {
  switch (value.kind) {
    case 'scalar':
      return 1024;
    case 'string':
      return 1024 + value.value.length;
    case 'vector': {
      const { labels, histograms } = value;
      let bytes = 1024 + labels.length * (BYTES_PER_LABELS + BYTES_PER_POINT);
      if (histograms !== null) for (let i = 0; i < labels.length; i++) bytes += sizeOfHistogram(histograms[i] ?? null);
      return bytes;
    }
    case 'matrix': {
      let bytes = 1024 + value.series.length * BYTES_PER_LABELS;
      for (const { timestamps, histograms } of value.series) {
        bytes += timestamps.length * BYTES_PER_POINT;
        if (histograms !== null) for (let i = 0; i < timestamps.length; i++) bytes += sizeOfHistogram(histograms[i] ?? null);
      }
      return bytes;
    }
    default:
      return unreachable(value);
  }
}

const sizeOfHistogram = (h: FloatHistogram | null): number =>
  h === null ? 0 : 64 + (usedBuckets(h.positiveBuckets) + usedBuckets(h.negativeBuckets)) * BYTES_PER_BUCKET;

/** Empty ones are not written. Of many, so many are looked at. */
function usedBuckets(counts: BucketCounts): number {
  const { length } = counts;
  if (length <= BUCKETS_LOOKED_AT) return length;
  let used = 0;
  for (let i = 0; i < BUCKETS_LOOKED_AT; i++) if (counts[Math.floor((i * length) / BUCKETS_LOOKED_AT)] !== 0) used++;
  return Math.ceil((used * length) / BUCKETS_LOOKED_AT);
}

const BUCKETS_LOOKED_AT = 500;

const BYTES_PER_LABELS = 160;
const BYTES_PER_POINT = 40;
const BYTES_PER_BUCKET = 66;

/**
 * Appends to `out`. `stats`, where given, is JSON that becomes the member of that name. Throws QueryError when it becomes
 * too much.
 */
export function* writeQueryData(
  out: TextWriter,
  value: QueryValue,
  stats: string | null = null,
  bytesMax = BYTES_MAX,
): Generator<void, void> {
  out.ascii(`{"resultType":"${value.kind}","result":`);
  const pace = new Pace(out, bytesMax);
  switch (value.kind) {
    case 'scalar':
      // Never with an exponent, other than the values of series.
      out.byte(0x5b);
      out.thousandths(value.atMs);
      out.ascii(`,"${goFormatF(value.value)}"]`);
      break;
    case 'string':
      out.byte(0x5b);
      out.thousandths(value.atMs);
      out.byte(0x2c);
      out.string(value.value);
      out.byte(0x5d);
      break;
    case 'vector':
      yield* writeVector(out, value, pace);
      break;
    case 'matrix':
      yield* writeMatrix(out, value.series, pace);
      break;
    default:
      unreachable(value);
  }
  if (stats !== null) {
    out.ascii(',"stats":');
    out.utf8(stats);
  }
  out.byte(0x7d);
}

const tooLarge = (bytesMax: number): QueryError =>
  executionError(`the answer would be larger than ${bytesMax} bytes: ask for fewer series or steps`);

/** When the next pause is. */
class Pace {
  readonly #out: TextWriter;
  readonly #bytesMax: number;
  /** A pause is due when so much is written. */
  pauseAt: number;

  constructor(out: TextWriter, bytesMax: number) {
    this.#out = out;
    this.#bytesMax = bytesMax;
    this.pauseAt = out.length + BYTES_PER_SLICE;
  }

  get isDue(): boolean {
    return this.#out.length >= this.pauseAt;
  }

  *pause(): Generator<void, void> {
    const { length } = this.#out;
    if (length > this.#bytesMax) throw tooLarge(this.#bytesMax);
    this.pauseAt = length + BYTES_PER_SLICE;
    yield;
  }
}

function* writeVector(out: TextWriter, { atMs, labels, values, histograms }: VectorValue, pace: Pace): Generator<void, void> {
  const writer = histograms === null ? null : new HistogramWriter();
  out.byte(0x5b);
  for (let i = 0; i < labels.length; i++) {
    if (i > 0) out.byte(0x2c);
    writeMetric(out, labels[i]!); // in bounds, as below
    const histogram = histograms?.[i] ?? null;
    if (histogram === null || writer === null) {
      out.ascii(',"value":');
      writePoint(out, atMs, values[i]!);
    } else {
      out.ascii(',"histogram":');
      yield* writer.write(out, atMs, histogram, pace);
    }
    out.byte(0x7d);
    if (pace.isDue) yield* pace.pause();
  }
  out.byte(0x5d);
}

function* writeMatrix(out: TextWriter, all: readonly RangeSeries[], pace: Pace): Generator<void, void> {
  const times = new TimesBetween();
  let writer: HistogramWriter | null = null;
  out.byte(0x5b);
  for (let i = 0; i < all.length; i++) {
    const series = all[i]!; // in bounds
    const { length } = series.timestamps;
    if (i > 0) out.byte(0x2c);
    writeMetric(out, series.labels);
    // Floats and histograms of a series are two lists.
    const firstFloat = firstOf(series, false);
    if (firstFloat < length) {
      for (let from = firstFloat; from < length; ) {
        from = writeFloats(out, series, from, firstFloat, times, pace.pauseAt);
        if (pace.isDue) yield* pace.pause();
      }
      out.ascii('"]]');
    }
    const firstHistogram = firstOf(series, true);
    if (firstHistogram < length) {
      writer ??= new HistogramWriter();
      for (let at = firstHistogram; at < length; at++) {
        const histogram = series.histograms?.[at] ?? null;
        if (histogram === null) continue;
        out.ascii(at === firstHistogram ? ',"histograms":[' : ',');
        yield* writer.write(out, series.timestamps[at]!, histogram, pace);
      }
      out.byte(0x5d);
    }
    out.byte(0x7d);
    if (pace.isDue) yield* pace.pause();
  }
  out.byte(0x5d);
}

/** Index of the first float, or of the first histogram; the length where there is none. */
function firstOf({ timestamps, histograms }: RangeSeries, isHistogram: boolean): number {
  if (histograms === null) return isHistogram ? timestamps.length : 0;
  let at = 0;
  while (at < timestamps.length && (histograms[at] !== null) !== isHistogram) at++;
  return at;
}

/**
 * Floats from index `begin` on, until so much is written that it is time for a pause; returns where to go on. A value that is
 * as the one before, like that of one sample in several steps, is copied from there.
 */
function writeFloats(
  out: TextWriter,
  { timestamps, values, histograms }: RangeSeries,
  begin: number,
  first: number,
  times: TimesBetween,
  pauseAt: number,
): number {
  let previous = Number.NaN;
  let from = 0;
  let length = 0;
  for (let i = begin; i < timestamps.length; i++) {
    if (histograms !== null && histograms[i] !== null) continue;
    if (i % POINTS_AT_ONCE === 0 && out.length >= pauseAt) return i;
    const atMs = timestamps[i]!; // in bounds, as the value
    if (i === first) {
      out.ascii(',"values":[[');
      out.thousandths(atMs);
      out.ascii(',"');
    } else times.write(out, atMs);
    const value = values[i]!;
    // -0 is equal to 0.
    if (value !== previous || value === 0) {
      previous = value;
      from = out.length;
      writeDigits(out, value);
      length = out.length - from;
    } else out.repeat(from, length);
  }
  return timestamps.length;
}

const POINTS_AT_ONCE = 256;

/** Leaves the object open. */
function writeMetric(out: TextWriter, labels: Labels): void {
  out.ascii('{"metric":');
  writeLabels(out, labels);
}

/** As an object. */
export function writeLabels(out: TextWriter, { flat }: Labels): void {
  out.byte(0x7b);
  for (let i = 0; i < flat.length; i += 2) {
    if (i > 0) out.byte(0x2c);
    out.string(flat[i] ?? '');
    out.byte(0x3a);
    out.string(flat[i + 1] ?? '');
  }
  out.byte(0x7d);
}

/**
 * `"],[time,"` between the values of a series. The series of a matrix have the same times: what was written for one of
 * them stands in the answer, and is copied from there for the others.
 */
class TimesBetween {
  readonly #times = new Float64Array(TIMES_KEPT).fill(Number.NaN);
  readonly #places = new Uint32Array(TIMES_KEPT);
  readonly #lengths = new Uint8Array(TIMES_KEPT);

  write(out: TextWriter, atMs: number): void {
    const at = Math.imul((atMs * 0.001) | 0, 0x9e3779b1) >>> (32 - TIMES_KEPT_BITS);
    if (this.#times[at] === atMs) {
      out.repeat(this.#places[at]!, this.#lengths[at]!);
      return;
    }
    const from = out.length;
    out.ascii('"],[');
    out.thousandths(atMs);
    out.ascii(',"');
    this.#times[at] = atMs;
    this.#places[at] = from;
    this.#lengths[at] = out.length - from;
  }
}

const TIMES_KEPT_BITS = 10;
const TIMES_KEPT = 1 << TIMES_KEPT_BITS;

function writePoint(out: TextWriter, atMs: number, value: number): void {
  out.byte(0x5b);
  out.thousandths(atMs);
  out.byte(0x2c);
  writeFloat(out, value);
  out.byte(0x5d);
}

/** A string, as JSON has neither NaN nor infinities. */
function writeFloat(out: TextWriter, value: number): void {
  out.byte(0x22);
  writeDigits(out, value);
  out.byte(0x22);
}

/** With an exponent only where Go's JSON has one. */
function writeDigits(out: TextWriter, value: number): void {
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-6 && magnitude < 1e21) out.number(value);
  else if (value === 0) out.ascii(Object.is(value, -0) ? '-0' : '0');
  else out.ascii(goFormatE(value)); // also NaN and the infinities
}

class HistogramWriter {
  readonly #buckets = new HistogramBuckets();
  #beginnings: BucketBeginnings | null = null;

  /** [time, {count, sum, buckets: [[boundary rule, lower, upper, count]]}], empty buckets left out. */
  *write(out: TextWriter, atMs: number, h: FloatHistogram, pace: Pace): Generator<void, void> {
    out.byte(0x5b);
    out.thousandths(atMs);
    out.ascii(',{"count":');
    writeFloat(out, h.count);
    out.ascii(',"sum":');
    writeFloat(out, h.sum);
    const { length } = this.#buckets.fill(h);
    let from = this.#nextUsed(0);
    const hasBuckets = from < length;
    if (hasBuckets) out.ascii(',"buckets":[[');
    this.#beginnings ??= new BucketBeginnings(length);
    this.#beginnings.start(h);
    while (from < length) {
      from = this.#writeSome(out, from, this.#beginnings, pace.pauseAt);
      if (pace.isDue) yield* pace.pause();
    }
    out.ascii(hasBuckets ? ']}]' : '}]');
  }

  #nextUsed(from: number): number {
    const buckets = this.#buckets;
    let at = from;
    while (at < buckets.length && buckets.count(at) === 0) at++;
    return at;
  }

  /** Buckets from `from` on, which is one that is used, until it is time for a pause; returns where to go on. */
  #writeSome(out: TextWriter, from: number, beginnings: BucketBeginnings, pauseAt: number): number {
    const buckets = this.#buckets;
    for (let at = from; ; ) {
      beginnings.write(out, buckets, at);
      writeDigits(out, buckets.count(at));
      out.ascii('"]');
      at = this.#nextUsed(at + 1);
      if (at === buckets.length) return at;
      out.ascii(',[');
      if (out.length >= pauseAt) return at;
    }
  }
}

/**
 * `rule,"lower","upper","` of buckets. Histograms of one layout have the same bounds, which are worked out and written for
 * the first of them, and copied for the others as the times of points are.
 */
class BucketBeginnings {
  readonly #mask: number;
  readonly #keys: Float64Array;
  readonly #layouts: Uint32Array;
  readonly #places: Uint32Array;
  readonly #lengths: Uint8Array;
  /** What bounds depend on besides a bucket's index; numbered. */
  #layout = 0;
  #schema = Number.NaN;
  #zeroThreshold = 0;
  #customValues: readonly number[] = [];

  constructor(buckets: number) {
    let size = BUCKET_BEGINNINGS_MIN;
    while (size < buckets && size < BUCKET_BEGINNINGS_MAX) size *= 2;
    this.#mask = size - 1;
    this.#keys = new Float64Array(size);
    this.#layouts = new Uint32Array(size);
    this.#places = new Uint32Array(size);
    this.#lengths = new Uint8Array(size);
  }

  start({ schema, zeroThreshold, customValues }: FloatHistogram): void {
    if (schema === this.#schema && zeroThreshold === this.#zeroThreshold && customValues === this.#customValues) return;
    this.#layout++;
    this.#schema = schema;
    this.#zeroThreshold = zeroThreshold;
    this.#customValues = customValues;
  }

  write(out: TextWriter, buckets: HistogramBuckets, i: number): void {
    const key = buckets.key(i);
    const at = key & this.#mask;
    if (this.#keys[at] === key && this.#layouts[at] === this.#layout) {
      out.repeat(this.#places[at]!, this.#lengths[at]!);
      return;
    }
    const from = out.length;
    out.integer(boundaryRule(buckets.isLowerInclusive(i), buckets.isUpperInclusive(i)));
    out.byte(0x2c);
    writeFloat(out, buckets.lower(i));
    out.byte(0x2c);
    writeFloat(out, buckets.upper(i));
    out.ascii(',"');
    this.#keys[at] = key;
    this.#layouts[at] = this.#layout;
    this.#places[at] = from;
    this.#lengths[at] = out.length - from;
  }
}

const BUCKET_BEGINNINGS_MIN = 1 << 10;
const BUCKET_BEGINNINGS_MAX = 1 << 17;

/** 0: upper end included, 1: lower end, 2: neither, 3: both. */
function boundaryRule(lowerInclusive: boolean, upperInclusive: boolean): number {
  if (lowerInclusive) return upperInclusive ? 3 : 1;
  return upperInclusive ? 0 : 2;
}
