import { expect, test } from 'vitest';
import { decode } from '../../config/decode.ts';
import { isError, upstreamText } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { sourceFile } from '../../config/source.ts';
import { emptyMap, parseYaml } from '../../config/yaml-document.ts';
import { eventRecorder } from './event-recorder-config.ts';

function errorsOf(yaml: string): readonly string[] {
  const { root, source } = parseYaml(sourceFile('a.yml', yaml));
  const sink = new DiagnosticSink();
  decode(root ?? emptyMap(source), eventRecorder, sink);
  return sink.diagnostics().filter(isError).map(upstreamText);
}

const unfit = (text: string): string => `yaml: unmarshal errors:\n  line 1: ${text}`;
const kafka = (more: string): string => `kafka_outputs: [{brokers: [b:9092], topic: t${more}}]`;

test.each<[string, string | null]>([
  ['{}', null],
  ['stdout_outputs: [{}]', null],
  ['stdout_outputs: [{path: x}]', unfit('field path not found in type eventrecorder.StdoutOutputConfig')],
  ['file_outputs: [{path: /var/log/events}]', null],
  ['file_outputs: [{}]', 'event_recorder file output requires a path'],
  ['webhook_outputs: [{url: "http://h/", batch: true, batch_max_events: 5, http_config: {}}]', null],
  ['webhook_outputs: [{}]', 'event_recorder webhook output requires a url'],
  ['webhook_outputs: [{url: h}]', 'unsupported scheme "" for URL'],
  ['webhook_outputs: [{url: "http://h/", batch_max_bytes: 1}]', 'event_recorder webhook batch settings require batch: true'],
  ['webhook_outputs: [{url: "http://h/", batch: true, batch_max_events: -1}]', 'event_recorder webhook batch settings cannot be negative'],
  [kafka(''), null],
  [kafka(', acks: all, format: protobuf, compression: zstd, tls_config: {}'), null],
  [kafka(', acks: some'), 'event_recorder kafka: unknown acks "some", must be "none", "leader", or "all"'],
  [kafka(', format: yaml'), 'event_recorder kafka: unknown format "yaml", must be "json" or "protobuf"'],
  [kafka(', compression: rar'), 'event_recorder kafka: unknown compression "rar"'],
  ['kafka_outputs: [{topic: t}]', 'event_recorder kafka: at least one broker is required'],
  ["kafka_outputs: [{topic: t, brokers: ['']}]", 'event_recorder kafka: broker entries must be non-empty'],
  ['kafka_outputs: [{brokers: [b:9092]}]', 'event_recorder kafka output requires a topic'],
  ['bogus: 1', unfit('field bogus not found in type eventrecorder.Config')],
])('%s', (yaml, error) => {
  expect(errorsOf(yaml)).toEqual(error === null ? [] : [error]);
});
