/**
 * Checks `event_recorder` as Alertmanager does (eventrecorder/config.go and its outputs, kafka/kafka.go Validate), so that
 * a file that it refuses is refused here. Nothing is made of the section: the event log has every event.
 */
import { type Decoder, list, object } from '../../config/decode.ts';
import { httpConfig, tlsConfig } from '../../config/http-config.ts';
import { bool, duration, enumeration, int, string } from '../../config/scalars.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { secretApiUrl } from '../../notify/url-field.ts';

const fileOutput = object('eventrecorder.plain', (fields) => fields.required('path', string, 'event_recorder file output requires a path'));

const webhookOutput = object('eventrecorder.plain', (fields) => {
  fields.optional('url', secretApiUrl);
  if (!fields.has('url')) fields.problem('url', { code: 'missing_field', message: 'event_recorder webhook output requires a url' });
  fields.optional('http_config', httpConfig);
  fields.get('timeout', duration);
  for (const name of ['workers', 'max_retries']) fields.get(name, int);
  fields.get('retry_backoff', duration);
  const isBatched = fields.get('batch', bool);
  const settings: Readonly<Record<string, number>> = {
    batch_max_events: fields.get('batch_max_events', int),
    batch_max_bytes: fields.get('batch_max_bytes', int),
    batch_flush_interval: fields.get('batch_flush_interval', duration),
  };
  const say = (name: string, message: string): void => fields.problem(name, { code: 'bad_value', message });
  for (const [name, value] of Object.entries(settings)) {
    if (value < 0) say(name, 'event_recorder webhook batch settings cannot be negative');
    else if (!isBatched && value !== 0) say(name, 'event_recorder webhook batch settings require batch: true');
  }
  return null;
});

const FORMATS = ['json', 'protobuf'] as const;
const format = enumeration(FORMATS, {
  goType: 'kafka.Format',
  upstream: (text) => `event_recorder kafka: unknown format ${goQuote(text)}, must be "json" or "protobuf"`,
});
const acks = enumeration(['none', 'leader', 'all'], {
  goType: 'kafka.Acks',
  upstream: (text) => `event_recorder kafka: unknown acks ${goQuote(text)}, must be "none", "leader", or "all"`,
});
const compression = enumeration(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
  goType: 'kafka.Compression',
  upstream: (text) => `event_recorder kafka: unknown compression ${goQuote(text)}`,
});

const kafkaOutput = object('eventrecorder.plain', (fields) => {
  const brokers = fields.get('brokers', list(string));
  const say = (name: string, message: string): void => fields.problem(name, { code: 'missing_field', message });
  if (brokers.length === 0) say('brokers', 'event_recorder kafka: at least one broker is required');
  else if (brokers.includes('')) say('brokers', 'event_recorder kafka: broker entries must be non-empty');
  fields.required('topic', string, 'event_recorder kafka output requires a topic');
  fields.get('client_id', string);
  fields.get('format', format);
  fields.get('acks', acks);
  fields.get('compression', compression);
  fields.get('buffer_size', int);
  fields.optional('tls_config', tlsConfig);
  return null;
});

const stdoutOutput = object('eventrecorder.StdoutOutputConfig', () => null);

/** Whether there is anything in it. */
export const eventRecorder: Decoder<boolean> = object('eventrecorder.Config', (fields) =>
  [
    fields.get('file_outputs', list(fileOutput)),
    fields.get('webhook_outputs', list(webhookOutput)),
    fields.get('kafka_outputs', list(kafkaOutput)),
    fields.get('stdout_outputs', list(stdoutOutput)),
  ].some((outputs) => outputs.length > 0),
);
