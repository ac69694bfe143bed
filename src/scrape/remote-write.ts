/**
 * Remote write 1.0, receiving side: a snappy block of a prometheus.WriteRequest, appended as one batch, native histograms
 * included. Of samples that are refused the first is named; the good ones of the request are kept, as the specification
 * allows (https://prometheus.io/docs/specs/prw/remote_write_spec/) and Prometheus does for remote write 2.0
 * (storage/remote/write_handler.go). Hot path: samples are read straight from the message, and labels only where their
 * spelling is not known from a request before.
 */
import { viewOf } from '../lib/bytes.ts';
import { ProtobufError, ProtobufReader } from '../lib/protobuf-reader.ts';
import { snappyDecompressInParts } from '../lib/snappy.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { isUtf8LabelName, Labels, METRIC_NAME } from '../model/labels.ts';
import type { Appender, AppendStore, AppendVerdict, SeriesRef } from '../model/storage.ts';
import type { UnixMs } from '../model/time.ts';
import { RemoteHistograms } from './remote-write-histogram.ts';
import { SpellingCache } from './spelling-cache.ts';

/** Of a request after decompression. */
const BYTES_MAX = 64 * 1024 * 1024;
/** What a larger one took in memory is not kept for the next. */
const ROOM_BYTES_MAX = 1 << 20;
const NO_ROOM = new Uint8Array(0);
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
/** A longer spelling of a label set is not looked for among those that are known: that is done in one go as well. */
const SPELLING_BYTES_MAX = 1 << 12;
/** An error names a larger label set by its beginning. */
const NAMED_LENGTH_MAX = 1 << 14;

export type RemoteWriteOutcome =
  | { readonly kind: 'stored'; readonly samples: number }
  | { readonly kind: 'refused'; readonly error: string };

const TIMESERIES = 1;
const LABELS = 1;
const SAMPLES = 2;
const HISTOGRAMS = 4;

/** What begins a field of a series: its number, and that it has a length. */
const LABELS_TAG = 0x0a;
const SAMPLES_TAG = 0x12;
const HISTOGRAMS_TAG = 0x22;
/** And the fields of a sample: eight bytes, and a varint. */
const VALUE_TAG = 0x09;
const TIME_TAG = 0x10;
/** A time of six bytes, as all from 1971 to 2109 are. */
const TIME_BYTES = 6;
const VALUE_BYTES = 8;
/** Tag and length of a sample with both fields, and of one of 0, which senders leave out; low byte first. */
const USUAL_SAMPLE = SAMPLES_TAG | ((1 + VALUE_BYTES + 1 + TIME_BYTES) << 8);
const USUAL_SAMPLE_BYTES = 2 + 1 + VALUE_BYTES + 1 + TIME_BYTES;
const USUAL_ZERO = SAMPLES_TAG | ((1 + TIME_BYTES) << 8);
const USUAL_ZERO_BYTES = 2 + 1 + TIME_BYTES;

/** Receives for one store, request after request, and knows the series of those before. */
export class RemoteWriteReceiver {
  readonly #store: AppendStore;
  readonly #known = new SpellingCache();
  /** For a request's bytes, used again and again; none while one is read there. */
  #room: Uint8Array = NO_ROOM;

  constructor(store: AppendStore) {
    this.#store = store;
  }

  /** Pauses while it reads the request; what is in it is stored in one turn, or is not. */
  *receive(compressed: Uint8Array, nowMs: UnixMs): Generator<void, RemoteWriteOutcome> {
    const room = this.#room;
    this.#room = NO_ROOM;
    const body = yield* snappyDecompressInParts(compressed, BYTES_MAX, { room });
    if ('error' in body) return { kind: 'refused', error: `the body is not snappy: ${body.error}` };
    const appender = this.#store.appender();
    const request = new Request(body, appender, this.#known, nowMs + AHEAD_MAX_MS);
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
      if (body.buffer.byteLength <= ROOM_BYTES_MAX) this.#room = new Uint8Array(body.buffer);
    }
    appender.commit();
    const { firstRefusal, stored } = request;
    return firstRefusal === null ? { kind: 'stored', samples: stored } : { kind: 'refused', error: firstRefusal };
  }
}

/** More than a sender sends at a time. */
class TooMuch extends Error {}

/** A request that is read field by field into a batch; where it pauses, it goes on. */
class Request {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #reader: ProtobufReader;
  readonly #appender: Appender;
  readonly #known: SpellingCache;
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
  /** Where its labels are spelled, if all of them are there; else up to 0. */
  #spellingFrom = 0;
  #spellingTo = 0;
  /** The spelling was known and its labels were passed over. */
  #isPassedOver = false;
  /** Null: not asked for yet. */
  #ref: SeriesRef | null = null;

  constructor(body: Uint8Array, appender: Appender, known: SpellingCache, latestMs: number) {
    this.#bytes = body;
    this.#view = viewOf(body);
    this.#reader = new ProtobufReader(body);
    this.#appender = appender;
    this.#known = known;
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
        continue;
      }
      this.#readUsualSamples(pauseAt);
      if (!reader.next()) {
        reader.leave(this.#outer);
        this.#outer = null;
      } else if (reader.field === LABELS) {
        if (this.#isPassedOver) this.#seriesLabels(); // those before the samples; what comes after them is only checked
        this.#readLabel(reader);
      } else if (reader.field === SAMPLES) this.#readSample();
      else if (reader.field === HISTOGRAMS) this.#readHistogram();
      else reader.skip();
    }
    return false;
  }

  #enterSeries(): void {
    const reader = this.#reader;
    this.#outer = reader.enter();
    this.#pairs = [];
    this.#labelBytes = 0;
    this.#labels = undefined;
    this.#spellingFrom = reader.offset;
    this.#spellingTo = this.#spellingEnd();
    this.#ref = this.#spellingTo === 0 ? null : this.#known.get(this.#view, this.#spellingFrom, this.#spellingTo);
    this.#isPassedOver = this.#ref !== null;
    if (this.#isPassedOver) reader.goTo(this.#spellingTo);
  }

  /** Where the labels end that the series begins with, when they are short and a sample or histogram follows; else 0. */
  #spellingEnd(): number {
    const bytes = this.#bytes;
    const reader = this.#reader;
    const end = Math.min(reader.offset + reader.left - 1, reader.offset + SPELLING_BYTES_MAX);
    let at = reader.offset;
    while (at < end && bytes[at] === LABELS_TAG) {
      const length = bytes[at + 1]!; // in bounds: before `end`, which is before the last byte
      if (length < 0x80) at += 2 + length;
      else {
        const more = bytes[at + 2] ?? 0x80;
        if (more >= 0x80) return 0;
        at += 3 + (length & 0x7f) + more * 0x80;
      }
    }
    return at < end && at > reader.offset && (bytes[at] === SAMPLES_TAG || bytes[at] === HISTOGRAMS_TAG) ? at : 0;
  }

  /** Samples as nearly all are written, as long as they come. */
  #readUsualSamples(pauseAt: number): void {
    const bytes = this.#bytes;
    const view = this.#view;
    const reader = this.#reader;
    let at = reader.offset;
    const end = at + reader.left;
    while (at < pauseAt && at + USUAL_ZERO_BYTES <= end) {
      const head = view.getUint16(at, true);
      let value = 0;
      let timeAt = at + 3;
      if (head === USUAL_SAMPLE && at + USUAL_SAMPLE_BYTES <= end && bytes[at + 2] === VALUE_TAG) {
        value = view.getFloat64(at + 3, true);
        timeAt = at + 4 + VALUE_BYTES;
      } else if (head !== USUAL_ZERO) break;
      // Seven bits of each byte; all but the last say that more follow.
      const low = view.getInt32(timeAt, true);
      const high = view.getUint16(timeAt + 4, true);
      if (bytes[timeAt - 1] !== TIME_TAG || (low & 0x80808080) !== (0x80808080 | 0) || (high & 0x8080) !== 0x80) break;
      const low28 = (low & 0x7f) | ((low >>> 1) & 0x3f80) | ((low >>> 2) & 0x1fc000) | ((low >>> 3) & 0xfe00000);
      at = timeAt + TIME_BYTES;
      this.#takeSample(((high & 0x7f) | ((high >>> 1) & 0x3f80)) * 2 ** 28 + low28, value);
    }
    reader.goTo(at);
  }

  /** Reads on inside a message that a series has many of. */
  #enter(what: string, bytesMax: number): number {
    const outer = this.#reader.enter();
    if (this.#reader.left > bytesMax) throw new TooMuch(`a ${what} of the request takes more than ${bytesMax} bytes`);
    return outer;
  }

  #readLabel(reader: ProtobufReader): void {
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
      if (this.#labels === undefined) this.#pairs.push(name, value);
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
    this.#takeSample(timestamp, value);
  }

  #takeSample(timestamp: number, value: number): void {
    if (!this.#takes(timestamp)) return;
    let verdict = this.#appender.append(this.#ref ?? this.#askForSeries(), timestamp, value);
    if (verdict === 'unknown_ref') verdict = this.#appender.append(this.#askForSeries(), timestamp, value);
    this.#note(verdict, timestamp);
  }

  #readHistogram(): void {
    const reader = this.#reader;
    const outer = this.#enter('histogram', HISTOGRAM_BYTES_MAX);
    const found = this.#histograms.read(reader);
    reader.leave(outer);
    const { timestamp } = found;
    if (!this.#takes(timestamp, found.kind === 'refused' ? found.why : null) || found.kind === 'refused') return;
    let verdict = this.#appender.appendHistogram(this.#ref ?? this.#askForSeries(), timestamp, found.histogram);
    if (verdict === 'unknown_ref') verdict = this.#appender.appendHistogram(this.#askForSeries(), timestamp, found.histogram);
    this.#note(verdict, timestamp);
  }

  /** A sample of the series comes, which may have a `fault`; false where the store need not be asked to take it. */
  #takes(timestamp: number, fault: string | null = null): boolean {
    if (++this.#samples > SAMPLES_MAX) throw new TooMuch(`the request has more than ${SAMPLES_MAX} samples: send fewer at a time`);
    if (this.#ref === null && this.#seriesLabels() === null) {
      this.firstRefusal ??= unusable(this.#pairs);
      return false;
    }
    const why = fault ?? (timestamp > this.#latestMs ? AHEAD : null);
    if (why === null) return true;
    this.#refuse(why, timestamp);
    return false;
  }

  /** The ref of a series that is new, or of one that went since its ref became known. */
  #askForSeries(): SeriesRef {
    const ref = this.#appender.series(this.#usableLabels());
    if (this.#spellingTo > 0) this.#known.set(this.#view, this.#spellingFrom, this.#spellingTo, ref);
    this.#ref = ref;
    return ref;
  }

  /** Those of the series; null where it can have none. */
  #seriesLabels(): Labels | null {
    if (this.#isPassedOver) {
      this.#isPassedOver = false;
      for (const reader = new ProtobufReader(this.#bytes.subarray(this.#spellingFrom, this.#spellingTo)); reader.next(); )
        this.#readLabel(reader);
    }
    if (this.#labels === undefined) this.#labels = labelsOf(this.#pairs);
    return this.#labels;
  }

  #usableLabels(): Labels {
    const labels = this.#seriesLabels();
    if (labels === null) throw new Error('BUG: a sample was taken of a series without usable labels');
    return labels;
  }

  #note(verdict: AppendVerdict, timestamp: number): void {
    if (verdict === 'ok') this.stored++;
    else this.#refuse(REFUSALS[verdict], timestamp);
  }

  #refuse(why: string, timestamp: number): void {
    this.firstRefusal ??= refusal(why, this.#usableLabels(), timestamp);
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
