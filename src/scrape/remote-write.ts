/**
 * Remote write 1.0, receiving side: a snappy block of a prometheus.WriteRequest, appended as one batch, native histograms
 * included. Of samples that are refused the first is named; the good ones of the request are kept, as the specification
 * allows (https://prometheus.io/docs/specs/prw/remote_write_spec/) and Prometheus does for remote write 2.0
 * (storage/remote/write_handler.go). Hot path: labels and samples are read straight from the message.
 */
import { ProtobufError, ProtobufReader } from '../lib/protobuf-reader.ts';
import { snappyDecompress } from '../lib/snappy.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { isUtf8LabelName, Labels, METRIC_NAME } from '../model/labels.ts';
import type { AppendStore, AppendVerdict } from '../model/storage.ts';
import type { UnixMs } from '../model/time.ts';
import { RemoteHistograms } from './remote-write-histogram.ts';

/** Of a request after decompression. */
const BYTES_MAX = 128 * 1024 * 1024;
/** A sample of the far future would put everybody else's out of the head's bounds. */
const AHEAD_MAX_MS = 10 * 60_000;
const AHEAD = 'out of bounds: timestamp is too far in the future';

export type RemoteWriteOutcome =
  | { readonly kind: 'stored'; readonly samples: number }
  | { readonly kind: 'refused'; readonly error: string };

const TIMESERIES = 1;
const LABELS = 1;
const SAMPLES = 2;
const HISTOGRAMS = 4;

export function appendRemoteWrite(store: AppendStore, compressed: Uint8Array, nowMs: UnixMs): RemoteWriteOutcome {
  const body = snappyDecompress(compressed, BYTES_MAX);
  if ('error' in body) return { kind: 'refused', error: `the body is not snappy: ${body.error}` };
  const appender = store.appender();
  const reader = new ProtobufReader(body);
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const histograms = new RemoteHistograms();
  const latestMs = nowMs + AHEAD_MAX_MS;
  let stored = 0;
  let firstRefusal: string | null = null;
  try {
    while (reader.next()) {
      if (reader.field !== TIMESERIES) {
        reader.skip();
        continue;
      }
      const message = reader.enter();
      const pairs: string[] = [];
      let labels: Labels | null = null;
      let ref: ReturnType<typeof appender.series> | null = null;
      while (reader.next()) {
        if (reader.field === LABELS) readLabel(reader, text, pairs);
        else if (reader.field === SAMPLES) {
          labels ??= labelsOf(pairs);
          const outer = reader.enter();
          let value = 0;
          let timestamp = 0;
          while (reader.next()) {
            if (reader.field === 1) value = reader.double();
            else if (reader.field === 2) timestamp = reader.int();
            else reader.skip();
          }
          reader.leave(outer);
          if (labels === null) {
            firstRefusal ??= unusable(pairs);
            continue;
          }
          if (timestamp > latestMs) {
            firstRefusal ??= refusal(AHEAD, labels, timestamp);
            continue;
          }
          ref ??= appender.series(labels);
          const verdict = appender.append(ref, timestamp, value);
          if (verdict === 'ok') stored++;
          else firstRefusal ??= refusal(REFUSALS[verdict], labels, timestamp);
        } else if (reader.field === HISTOGRAMS) {
          labels ??= labelsOf(pairs);
          const outer = reader.enter();
          const found = histograms.read(reader);
          reader.leave(outer);
          if (labels === null) {
            firstRefusal ??= unusable(pairs);
            continue;
          }
          if (found.kind === 'refused' || found.timestamp > latestMs) {
            firstRefusal ??= refusal(found.kind === 'refused' ? found.why : AHEAD, labels, found.timestamp);
            continue;
          }
          ref ??= appender.series(labels);
          const verdict = appender.appendHistogram(ref, found.timestamp, found.histogram);
          if (verdict === 'ok') stored++;
          else firstRefusal ??= refusal(REFUSALS[verdict], labels, found.timestamp);
        } else reader.skip();
      }
      reader.leave(message);
    }
  } catch (error) {
    appender.rollback();
    if (error instanceof ProtobufError || error instanceof TypeError)
      return { kind: 'refused', error: `the body is not a prometheus.WriteRequest: ${error.message}` };
    throw error;
  }
  appender.commit();
  return firstRefusal === null ? { kind: 'stored', samples: stored } : { kind: 'refused', error: firstRefusal };
}

const REFUSALS: Readonly<Record<Exclude<AppendVerdict, 'ok'>, string>> = {
  out_of_order: 'out of order sample',
  duplicate: 'duplicate sample for timestamp',
  out_of_bounds: 'out of bounds',
  unknown_ref: 'unknown series reference',
};

const refusal = (why: string, labels: Labels, timestamp: number): string => `${why} (series ${labels.toString()}, timestamp ${timestamp})`;

const unusable = (pairs: readonly string[]): string =>
  `label set ${JSON.stringify(pairs)} has a repeated, empty or invalid label name, or no metric name`;

function readLabel(reader: ProtobufReader, text: InstanceType<typeof TextDecoder>, pairs: string[]): void {
  const outer = reader.enter();
  let name = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) name = text.decode(reader.bytes());
    else if (reader.field === 2) value = text.decode(reader.bytes());
    else reader.skip();
  }
  reader.leave(outer);
  pairs.push(name, value);
}

/** Null where the set is not one that a series can have. Senders sort; who does not is sorted here. */
function labelsOf(pairs: readonly string[]): Labels | null {
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
