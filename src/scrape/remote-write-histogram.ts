/**
 * The native histograms of a remote-write 1.0 request: a prometheus.Histogram message, with integer or float counts,
 * becomes what the store keeps, or a reason why it is refused (prometheus/prompb/codec.go, types.proto).
 * What a request can make this allocate is bounded, however its messages are packed: a bucket that takes one byte there
 * takes eight here.
 */
import { FIXED64, type ProtobufReader, VARINT } from '../lib/protobuf-reader.ts';
import { absoluteCounts, bucketCounts, inKnownResolution } from '../model/bucket-layout.ts';
import type { CounterResetHint, FloatHistogram, Span } from '../model/histogram.ts';
import { histogramFault } from '../model/histogram-validation.ts';

/** Of each list of a histogram; a scraped one has some hundred buckets. */
const LENGTH_MAX = 1 << 16;
/**
 * Numbers in all histograms of a request, as they too become visible in one turn: 10 000, which is what senders are
 * usually raised to, of 160 buckets each, which is what instrumentation keeps to, however far apart they lie.
 */
const NUMBERS_MAX = 1 << 22;
/** A histogram's fields besides its lists, and a span, counted as so many numbers. */
const HISTOGRAM_NUMBERS = 32;
const SPAN_NUMBERS = 4;

const COUNT_INT = 1;
const COUNT_FLOAT = 2;
const SUM = 3;
const SCHEMA = 4;
const ZERO_THRESHOLD = 5;
const ZERO_COUNT_INT = 6;
const ZERO_COUNT_FLOAT = 7;
const NEGATIVE_SPANS = 8;
const NEGATIVE_DELTAS = 9;
const NEGATIVE_COUNTS = 10;
const POSITIVE_SPANS = 11;
const POSITIVE_DELTAS = 12;
const POSITIVE_COUNTS = 13;
const RESET_HINT = 14;
const TIMESTAMP = 15;
const CUSTOM_VALUES = 16;

/** By their numbers in the message. */
const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

export type RemoteHistogram =
  | { readonly kind: 'histogram'; readonly timestamp: number; readonly histogram: FloatHistogram }
  | { readonly kind: 'refused'; readonly timestamp: number; readonly why: string };

/** Reads the histograms of one request. */
export class RemoteHistograms {
  readonly #numbersMax: number;
  #numbersLeft: number;

  constructor(numbersMax = NUMBERS_MAX) {
    this.#numbersMax = numbersMax;
    this.#numbersLeft = numbersMax;
  }

  /** Reads the histogram whose fields come next, to its end. */
  read(reader: ProtobufReader): RemoteHistogram {
    if (this.#numbersLeft <= 0) {
      const why = `the histograms of the request have more than ${this.#numbersMax} buckets: send fewer at a time`;
      return { kind: 'refused', timestamp: timestampOf(reader), why };
    }
    const message = readMessage(reader);
    const { timestamp, isFloat } = message;
    this.#numbersLeft -= numbersIn(message);
    if (!message.isWhole) {
      const why = `histogram has a list of more than ${LENGTH_MAX} spans, buckets or custom bounds`;
      return { kind: 'refused', timestamp, why };
    }
    const histogram: FloatHistogram = {
      counterResetHint: HINTS[message.hint] ?? 'unknown',
      schema: message.schema,
      zeroThreshold: message.zeroThreshold,
      zeroCount: message.isFloatZero === isFloat ? message.zeroCount : 0,
      count: message.count,
      sum: message.sum,
      positiveSpans: message.positiveSpans,
      negativeSpans: message.negativeSpans,
      positiveBuckets: isFloat ? bucketCounts(message.positiveCounts) : absoluteCounts(message.positiveDeltas),
      negativeBuckets: isFloat ? bucketCounts(message.negativeCounts) : absoluteCounts(message.negativeDeltas),
      customValues: message.customValues,
    };
    const why = histogramFault(histogram, !isFloat);
    return why === null ? { kind: 'histogram', timestamp, histogram: inKnownResolution(histogram) } : { kind: 'refused', timestamp, why };
  }
}

/** A message as it came: integers and floats may both be there, and the kind of the count says which are meant. */
type Message = {
  isFloat: boolean;
  count: number;
  isFloatZero: boolean;
  zeroCount: number;
  sum: number;
  schema: number;
  zeroThreshold: number;
  hint: number;
  timestamp: number;
  positiveSpans: Span[];
  negativeSpans: Span[];
  positiveDeltas: number[];
  negativeDeltas: number[];
  positiveCounts: number[];
  negativeCounts: number[];
  customValues: number[];
  /** False when a list was cut at its limit. */
  isWhole: boolean;
};

function readMessage(reader: ProtobufReader): Message {
  const message: Message = {
    isFloat: false,
    count: 0,
    isFloatZero: false,
    zeroCount: 0,
    sum: 0,
    schema: 0,
    zeroThreshold: 0,
    hint: 0,
    timestamp: 0,
    positiveSpans: [],
    negativeSpans: [],
    positiveDeltas: [],
    negativeDeltas: [],
    positiveCounts: [],
    negativeCounts: [],
    customValues: [],
    isWhole: true,
  };
  while (reader.next()) readField(reader, message);
  return message;
}

function readField(reader: ProtobufReader, message: Message): void {
  switch (reader.field) {
    case COUNT_INT:
      reader.expect(VARINT);
      message.isFloat = false;
      message.count = reader.uint();
      return;
    case COUNT_FLOAT:
      reader.expect(FIXED64);
      message.isFloat = true;
      message.count = reader.double();
      return;
    case SUM:
      reader.expect(FIXED64);
      message.sum = reader.double();
      return;
    case SCHEMA:
      reader.expect(VARINT);
      message.schema = reader.sint();
      return;
    case ZERO_THRESHOLD:
      reader.expect(FIXED64);
      message.zeroThreshold = reader.double();
      return;
    case ZERO_COUNT_INT:
      reader.expect(VARINT);
      message.isFloatZero = false;
      message.zeroCount = reader.uint();
      return;
    case ZERO_COUNT_FLOAT:
      reader.expect(FIXED64);
      message.isFloatZero = true;
      message.zeroCount = reader.double();
      return;
    case RESET_HINT:
      reader.expect(VARINT);
      message.hint = reader.uint();
      return;
    case TIMESTAMP:
      reader.expect(VARINT);
      message.timestamp = reader.int();
      return;
    default:
      if (!readList(reader, message)) message.isWhole = false;
  }
}

/** False when the list would become too long. */
function readList(reader: ProtobufReader, message: Message): boolean {
  switch (reader.field) {
    case NEGATIVE_SPANS:
      return readSpan(reader, message.negativeSpans);
    case POSITIVE_SPANS:
      return readSpan(reader, message.positiveSpans);
    case NEGATIVE_DELTAS:
      return reader.sints(message.negativeDeltas, LENGTH_MAX);
    case POSITIVE_DELTAS:
      return reader.sints(message.positiveDeltas, LENGTH_MAX);
    case NEGATIVE_COUNTS:
      return reader.doubles(message.negativeCounts, LENGTH_MAX);
    case POSITIVE_COUNTS:
      return reader.doubles(message.positiveCounts, LENGTH_MAX);
    case CUSTOM_VALUES:
      return reader.doubles(message.customValues, LENGTH_MAX);
    default:
      reader.skip();
      return true;
  }
}

function readSpan(reader: ProtobufReader, into: Span[]): boolean {
  const outer = reader.enter();
  let offset = 0;
  let length = 0;
  while (reader.next()) {
    if (reader.field === 1) {
      reader.expect(VARINT);
      offset = reader.sint();
    } else if (reader.field === 2) {
      reader.expect(VARINT);
      length = reader.uint();
    } else reader.skip();
  }
  reader.leave(outer);
  if (into.length >= LENGTH_MAX) return false;
  into.push({ offset, length });
  return true;
}

/** The histogram is passed over but for what its refusal names. */
function timestampOf(reader: ProtobufReader): number {
  let timestamp = 0;
  while (reader.next()) {
    if (reader.field === TIMESTAMP) timestamp = reader.int();
    else reader.skip();
  }
  return timestamp;
}

const numbersIn = (message: Message): number =>
  HISTOGRAM_NUMBERS +
  SPAN_NUMBERS * (message.positiveSpans.length + message.negativeSpans.length) +
  message.positiveDeltas.length +
  message.negativeDeltas.length +
  message.positiveCounts.length +
  message.negativeCounts.length +
  message.customValues.length;
