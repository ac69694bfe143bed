/**
 * Remote write 1.0, receiving side: a snappy block of a prometheus.WriteRequest, appended as one batch, native histograms
 * included. Of samples that are refused the first is named; the good ones of the request are kept, as the specification
 * allows (https://prometheus.io/docs/specs/prw/remote_write_spec/) and Prometheus does for remote write 2.0
 * (storage/remote/write_handler.go). Hot path: labels and samples are read straight from the message.
 */
import { ProtobufError, ProtobufReader } from '../lib/protobuf-reader.ts';
import { snappyDecompressInParts } from '../lib/snappy.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { isUtf8LabelName, Labels, METRIC_NAME } from '../model/labels.ts';
import type { Appender, AppendStore, AppendVerdict, SeriesRef } from '../model/storage.ts';
import type { UnixMs } from '../model/time.ts';
import { RemoteHistograms } from './remote-write-histogram.ts';

/** Of a request after decompression. */
const BYTES_MAX = 64 * 1024 * 1024;
/**
 * Samples of a request, which become visible in one turn of the thread. Prometheus sends two thousand at a time, others
 * up to some tens of thousands.
 */
const SAMPLES_MAX = 100_000;
/** Of a label set: it is sorted, hashed and stored in one go. */
const LABELS_MAX = 1000;
const LABELS_BYTES_MAX = 1 << 20;
/** Of a sample and of a histogram, each of which is read in one go; what a histogram can have fits. */
const SAMPLE_BYTES_MAX = 1 << 10;
const HISTOGRAM_BYTES_MAX = 1 << 22;
/** A sample of the far future would put everybody else's out of the head's bounds. */
const AHEAD_MAX_MS = 10 * 60_000;
const AHEAD = 'out of bounds: timestamp is too far in the future';
/** Of a request, read in one go: at most a thousand new series. */
const BYTES_AT_ONCE = 1 << 15;
/** An error names a larger label set by its beginning. */
const NAMED_LENGTH_MAX = 1 << 14;

export type RemoteWriteOutcome =
  | { readonly kind: 'stored'; readonly samples: number }
  | { readonly kind: 'refused'; readonly error: string };

const TIMESERIES = 1;
const LABELS = 1;
const SAMPLES = 2;
const HISTOGRAMS = 4;

/** Pauses while it reads the request; what is in it is stored in one turn, or is not. */
export function* appendRemoteWrite(store: AppendStore, compressed: Uint8Array, nowMs: UnixMs): Generator<void, RemoteWriteOutcome> {
  const body = yield* snappyDecompressInParts(compressed, BYTES_MAX);
  if ('error' in body) return { kind: 'refused', error: `the body is not snappy: ${body.error}` };
  const appender = store.appender();
  const request = new Request(body, appender, nowMs + AHEAD_MAX_MS);
  let isRead = false;
  try {
    while (!request.read()) yield;
    isRead = true;
  } catch (error) {
    if (error instanceof TooMuch) return { kind: 'refused', error: error.message };
    if (error instanceof ProtobufError || error instanceof TypeError)
      return { kind: 'refused', error: `the body is not a prometheus.WriteRequest: ${error.message}` };
    throw error;
  } finally {
    if (!isRead) appender.rollback();
  }
  appender.commit();
  const { firstRefusal, stored } = request;
  return firstRefusal === null ? { kind: 'stored', samples: stored } : { kind: 'refused', error: firstRefusal };
}

/** More than a sender sends at a time. */
class TooMuch extends Error {}

/** A request that is read field by field into a batch; where it pauses, it goes on. */
class Request {
  readonly #reader: ProtobufReader;
  readonly #appender: Appender;
  readonly #latestMs: number;
  readonly #text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #histograms = new RemoteHistograms();
  #samples = 0;
  stored = 0;
  firstRefusal: string | null = null;

  /** Of the series that is read; null outside of one. */
  #outer: number | null = null;
  #pairs: string[] = [];
  #labelBytes = 0;
  /** Undefined: not asked for yet. */
  #labels: Labels | null | undefined;
  #ref: SeriesRef | null = null;

  constructor(body: Uint8Array, appender: Appender, latestMs: number) {
    this.#reader = new ProtobufReader(body);
    this.#appender = appender;
    this.#latestMs = latestMs;
  }

  /** Reads on; true at the end. Hot path. */
  read(): boolean {
    const reader = this.#reader;
    const pauseAt = reader.offset + BYTES_AT_ONCE;
    while (reader.offset < pauseAt) {
      if (this.#outer === null) {
        if (!reader.next()) return true;
        if (reader.field === TIMESERIES) this.#enterSeries();
        else reader.skip();
      } else if (!reader.next()) {
        reader.leave(this.#outer);
        this.#outer = null;
      } else if (reader.field === LABELS) this.#readLabel();
      else if (reader.field === SAMPLES) this.#readSample();
      else if (reader.field === HISTOGRAMS) this.#readHistogram();
      else reader.skip();
    }
    this.#ref = null; // a series of which nothing was taken yet may go meanwhile
    return false;
  }

  #enterSeries(): void {
    this.#outer = this.#reader.enter();
    this.#pairs = [];
    this.#labelBytes = 0;
    this.#labels = undefined;
    this.#ref = null;
  }

  /** Reads on inside a message that a series has many of. */
  #enter(what: string, bytesMax: number): number {
    const outer = this.#reader.enter();
    if (this.#reader.left > bytesMax) throw new TooMuch(`a ${what} of the request takes more than ${bytesMax} bytes`);
    return outer;
  }

  #readLabel(): void {
    const reader = this.#reader;
    const outer = reader.enter();
    this.#labelBytes += reader.left;
    if (this.#labelBytes > LABELS_BYTES_MAX) throw new TooMuch(`a label set of the request takes more than ${LABELS_BYTES_MAX} bytes`);
    if (this.#pairs.length <= LABELS_MAX * 2) {
      let name = '';
      let value = '';
      while (reader.next()) {
        if (reader.field === 1) name = this.#text.decode(reader.bytes());
        else if (reader.field === 2) value = this.#text.decode(reader.bytes());
        else reader.skip();
      }
      this.#pairs.push(name, value);
    }
    reader.leave(outer);
  }

  #readSample(): void {
    const reader = this.#reader;
    const outer = this.#enter('sample', SAMPLE_BYTES_MAX);
    let value = 0;
    let timestamp = 0;
    while (reader.next()) {
      if (reader.field === 1) value = reader.double();
      else if (reader.field === 2) timestamp = reader.int();
      else reader.skip();
    }
    reader.leave(outer);
    const labels = this.#seriesLabels();
    if (labels === null) return;
    if (timestamp > this.#latestMs) {
      this.firstRefusal ??= refusal(AHEAD, labels, timestamp);
      return;
    }
    this.#ref ??= this.#appender.series(labels);
    this.#note(this.#appender.append(this.#ref, timestamp, value), labels, timestamp);
  }

  #readHistogram(): void {
    const reader = this.#reader;
    const outer = this.#enter('histogram', HISTOGRAM_BYTES_MAX);
    const found = this.#histograms.read(reader);
    reader.leave(outer);
    const labels = this.#seriesLabels();
    if (labels === null) return;
    if (found.kind === 'refused' || found.timestamp > this.#latestMs) {
      this.firstRefusal ??= refusal(found.kind === 'refused' ? found.why : AHEAD, labels, found.timestamp);
      return;
    }
    this.#ref ??= this.#appender.series(labels);
    this.#note(this.#appender.appendHistogram(this.#ref, found.timestamp, found.histogram), labels, found.timestamp);
  }

  /** Those of the series that a sample is of; null where it can have none. */
  #seriesLabels(): Labels | null {
    if (++this.#samples > SAMPLES_MAX) throw new TooMuch(`the request has more than ${SAMPLES_MAX} samples: send fewer at a time`);
    if (this.#labels === undefined) this.#labels = labelsOf(this.#pairs);
    if (this.#labels === null) this.firstRefusal ??= unusable(this.#pairs);
    return this.#labels;
  }

  #note(verdict: AppendVerdict, labels: Labels, timestamp: number): void {
    if (verdict === 'ok') this.stored++;
    else this.firstRefusal ??= refusal(REFUSALS[verdict], labels, timestamp);
  }
}

const REFUSALS: Readonly<Record<Exclude<AppendVerdict, 'ok'>, string>> = {
  out_of_order: 'out of order sample',
  duplicate: 'duplicate sample for timestamp',
  out_of_bounds: 'out of bounds',
  unknown_ref: 'unknown series reference',
};

const refusal = (why: string, labels: Labels, timestamp: number): string =>
  `${why} (series ${isLarge(labels.flat) ? `of labels ${beginningOf(labels.flat)}` : labels.toString()}, timestamp ${timestamp})`;

const unusable = (pairs: readonly string[]): string =>
  pairs.length > LABELS_MAX * 2
    ? `label set ${beginningOf(pairs)} has more than ${LABELS_MAX} labels`
    : `label set ${isLarge(pairs) ? beginningOf(pairs) : JSON.stringify(pairs)} has a repeated, empty or invalid label name, or no metric name`;

const isLarge = (pairs: readonly string[]): boolean => pairs.reduce((sum, text) => sum + text.length, 0) > NAMED_LENGTH_MAX;
const beginningOf = (pairs: readonly string[]): string => `${JSON.stringify(pairs.slice(0, 6).map((text) => text.slice(0, 100)))} …`;

/** Null where the set is not one that a series can have. Senders sort; who does not is sorted here. */
function labelsOf(pairs: readonly string[]): Labels | null {
  if (pairs.length > LABELS_MAX * 2) return null;
  let isSorted = true;
  let hasName = false;
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? '';
    if (!isUtf8LabelName(name)) return null;
    if (name === METRIC_NAME) hasName = true;
    const order = i === 0 ? 1 : compareUtf8(name, pairs[i - 2] ?? '');
    if (order <= 0 || pairs[i + 1] === '') isSorted = false;
  }
  if (!hasName) return null;
  if (isSorted) return Labels.fromSorted(pairs);
  const byName = new Map<string, string>();
  for (let i = 0; i < pairs.length; i += 2) {
    if (byName.has(pairs[i] ?? '')) return null;
    byName.set(pairs[i] ?? '', pairs[i + 1] ?? '');
  }
  return Labels.fromPairs(byName);
}
