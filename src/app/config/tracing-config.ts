/** Reads the `tracing` section, which Prometheus and Alertmanager share. */
import { type Decoder, object } from '../../config/decode.ts';
import { tlsConfig } from '../../config/http-config.ts';
import { bool, duration, enumeration, float, string } from '../../config/scalars.ts';
import type { TlsClientConfig } from '../../model/http.ts';
import type { DurationMs } from '../../model/time.ts';
import { type HeaderValues, tracingHeaders } from './request-headers.ts';

export type TracingConfig = {
  readonly clientType: 'http' | 'grpc';
  readonly endpoint: string;
  readonly samplingFraction: number;
  readonly isInsecure: boolean;
  readonly tls: TlsClientConfig;
  readonly headers: Readonly<Record<string, HeaderValues>>;
  readonly compression: 'gzip' | null;
  readonly timeoutMs: DurationMs;
};

const clientType = enumeration(['http', 'grpc'], {
  goType: 'config.TracingClientType',
  upstream: (text) => `expected tracing client type to be to be http or grpc, but got ${text}`,
});
const compression = enumeration(['gzip'], { upstream: (text) => `invalid compression type ${text} provided, valid options: gzip` });

export const tracingConfig: Decoder<TracingConfig> = object('config.plain', (fields) => ({
  clientType: fields.get('client_type', clientType, 'grpc'),
  endpoint: fields.required('endpoint', string, 'tracing endpoint must be set'),
  samplingFraction: fields.get('sampling_fraction', float),
  isInsecure: fields.get('insecure', bool),
  tls: fields.get('tls_config', tlsConfig),
  headers: fields.get('headers', tracingHeaders),
  compression: fields.optional('compression', compression),
  timeoutMs: fields.get('timeout', duration),
}));
