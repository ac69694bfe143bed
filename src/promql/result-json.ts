/**
 * A query's value as the `data` object of Prometheus' HTTP API, written straight into bytes (web/api/v1/json_codec.go,
 * util/jsonutil). A generator, as an answer may have millions of points; it pauses every so many bytes.
 * Hot path: once per point, no intermediate objects.
 */

import { goFormatE, goFormatF } from '../lib/go-float.ts';
import { unreachable } from '../lib/never.ts';
import { TextWriter } from '../lib/text-writer.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { QueryValue, VectorValue } from './engine.ts';
import type { RangeSeries } from './evaluation.ts';
import { HistogramBuckets } from './histogram/histogram-buckets.ts';

const BYTES_PER_SLICE = 1 << 18;

/** About how many bytes the value takes: an answer that has to be moved while it is written costs as much again. */
export function sizeOfQueryData(value: QueryValue): number {
  switch (value.kind) {
    case 'scalar':
    case 'string':
      return 1024;
    case 'vector':
      return 1024 + value.labels.length * (BYTES_PER_LABELS + BYTES_PER_POINT);
    case 'matrix': {
      let points = 0;
      for (const { timestamps } of value.series) points += timestamps.length;
      return 1024 + value.series.length * BYTES_PER_LABELS + points * BYTES_PER_POINT;
    }
    default:
      return unreachable(value);
  }
}

const BYTES_PER_LABELS = 160;
const BYTES_PER_POINT = 40;

/** Appends to `out`. `stats`, where given, is JSON that becomes the member of that name. */
export function* writeQueryData(out: TextWriter, value: QueryValue, stats: string | null = null): Generator<void, void> {
  out.ascii(`{"resultType":"${value.kind}","result":`);
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
      yield* writeArray(out, value.labels.length, (i) => writeSample(out, value, i));
      break;
    case 'matrix':
      yield* writeMatrix(out, value.series);
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

function* writeArray(out: TextWriter, length: number, write: (index: number) => void): Generator<void, void> {
  let pauseAt = out.length + BYTES_PER_SLICE;
  out.byte(0x5b);
  for (let i = 0; i < length; i++) {
    if (i > 0) out.byte(0x2c);
    write(i);
    if (out.length >= pauseAt) {
      pauseAt = out.length + BYTES_PER_SLICE;
      yield;
    }
  }
  out.byte(0x5d);
}

function writeSample(out: TextWriter, { atMs, labels, values, histograms }: VectorValue, index: number): void {
  writeMetric(out, labels[index]!); // in bounds, as below
  const histogram = histograms?.[index] ?? null;
  if (histogram === null) {
    out.ascii(',"value":');
    writePoint(out, atMs, values[index]!);
  } else {
    out.ascii(',"histogram":');
    writeHistogramPoint(out, atMs, histogram);
  }
  out.byte(0x7d);
}

function* writeMatrix(out: TextWriter, series: readonly RangeSeries[]): Generator<void, void> {
  const times = new TimesBetween();
  yield* writeArray(out, series.length, (i) => writeSeries(out, series[i]!, times)); // in bounds
}

/** Floats and histograms of a series are two lists. */
function writeSeries(out: TextWriter, series: RangeSeries, times: TimesBetween): void {
  const { labels, timestamps, histograms } = series;
  writeMetric(out, labels);
  writeFloats(out, series, times);
  if (histograms !== null) {
    let isFirst = true;
    for (let i = 0; i < timestamps.length; i++) {
      const histogram = histograms[i] ?? null;
      if (histogram === null) continue;
      out.ascii(isFirst ? ',"histograms":[' : ',');
      isFirst = false;
      writeHistogramPoint(out, timestamps[i]!, histogram);
    }
    if (!isFirst) out.byte(0x5d);
  }
  out.byte(0x7d);
}

/** A value that is as the one before, like that of one sample in several steps, is copied from there. */
function writeFloats(out: TextWriter, { timestamps, values, histograms }: RangeSeries, times: TimesBetween): void {
  let isFirst = true;
  let previous = Number.NaN;
  let from = 0;
  let length = 0;
  for (let i = 0; i < timestamps.length; i++) {
    if (histograms !== null && histograms[i] !== null) continue;
    const atMs = timestamps[i]!; // in bounds, as the value
    if (isFirst) {
      isFirst = false;
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
  if (!isFirst) out.ascii('"]]');
}

/** Leaves the object open. */
function writeMetric(out: TextWriter, labels: Labels): void {
  out.ascii('{"metric":{');
  const { flat } = labels;
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

const buckets = new HistogramBuckets();

/** [time, {count, sum, buckets: [[boundary rule, lower, upper, count]]}], empty buckets left out. */
function writeHistogramPoint(out: TextWriter, atMs: number, h: FloatHistogram): void {
  out.byte(0x5b);
  out.thousandths(atMs);
  out.ascii(',{"count":');
  writeFloat(out, h.count);
  out.ascii(',"sum":');
  writeFloat(out, h.sum);
  buckets.fill(h);
  let isFirst = true;
  for (let i = 0; i < buckets.length; i++) {
    if (buckets.count(i) === 0) continue;
    out.ascii(isFirst ? ',"buckets":[[' : ',[');
    isFirst = false;
    out.integer(boundaryRule(buckets.isLowerInclusive(i), buckets.isUpperInclusive(i)));
    for (const value of [buckets.lower(i), buckets.upper(i), buckets.count(i)]) {
      out.byte(0x2c);
      writeFloat(out, value);
    }
    out.byte(0x5d);
  }
  out.ascii(isFirst ? '}]' : ']}]');
}

/** 0: upper end included, 1: lower end, 2: neither, 3: both. */
function boundaryRule(lowerInclusive: boolean, upperInclusive: boolean): number {
  if (lowerInclusive) return upperInclusive ? 3 : 1;
  return upperInclusive ? 0 : 2;
}
