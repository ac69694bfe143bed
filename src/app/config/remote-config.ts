/** Reads remote_write and remote_read (prometheus/config RemoteWriteConfig, RemoteReadConfig). */
import { type Decoder, type Fields, list, object, record } from '../../config/decode.ts';
import { httpClientFields } from '../../config/http-config.ts';
import { bool, duration, enumeration, int, labelName, path, string, uint64, url } from '../../config/scalars.ts';
import { secret } from '../../config/secret-fields.ts';
import { sigv4Config } from '../../config/sigv4-config.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import { relabelConfigs } from '../../scrape/relabel-reader.ts';
import type { NameScheme, RelabelConfig } from '../../scrape/scrape-config.ts';
import { requestHeaders } from './request-headers.ts';

const MESSAGES = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'] as const;

export type RemoteWriteConfig = {
  /** '' where none is given; else unique. */
  readonly name: string;
  readonly url: string;
  readonly remoteTimeoutMs: DurationMs;
  readonly headers: Readonly<Record<string, string>>;
  readonly writeRelabelConfigs: readonly RelabelConfig[];
  readonly sendExemplars: boolean;
  readonly sendNativeHistograms: boolean;
  readonly protobufMessage: (typeof MESSAGES)[number];
  readonly failedRequestLogging: boolean;
  readonly http: HttpClientConfig;
  readonly queue: RemoteWriteQueue;
  readonly metadata: { readonly send: boolean; readonly sendIntervalMs: DurationMs; readonly samplesPerSendMax: number };
};

type RemoteWriteQueue = {
  readonly capacity: number;
  readonly shardsMax: number;
  readonly shardsMin: number;
  readonly samplesPerSendMax: number;
  readonly batchSendDeadlineMs: DurationMs;
  readonly backoffMinMs: DurationMs;
  readonly backoffMaxMs: DurationMs;
  readonly retryOnHttp429: boolean;
  /** 0: samples of any age are sent. */
  readonly sampleAgeLimitMs: DurationMs;
};

export type RemoteReadConfig = {
  readonly name: string;
  readonly url: string;
  readonly remoteTimeoutMs: DurationMs;
  readonly chunkedReadLimitBytes: bigint;
  readonly headers: Readonly<Record<string, string>>;
  readonly readRecent: boolean;
  readonly http: HttpClientConfig;
  readonly requiredMatchers: Readonly<Record<string, string>>;
  readonly filterExternalLabels: boolean;
};

const MINUTE = durationMs(60_000);

const protobufMessage = enumeration(MESSAGES, {
  upstream: (text) =>
    `invalid protobuf_message value: unknown type for remote write protobuf message ${text}, supported: ${MESSAGES.join(', ')}`,
});

export function remoteWriteConfigs(scheme: NameScheme): Decoder<readonly RemoteWriteConfig[]> {
  const emptyRule = 'empty or null relabeling rule in remote write config';
  const remoteWrite = object('config.plain', (fields): RemoteWriteConfig => {
    const config = {
      name: fields.get('name', string),
      url: fields.required('url', url({ goType: 'config.URL' }), 'url for remote_write is empty'),
      remoteTimeoutMs: fields.get('remote_timeout', duration, durationMs(30_000)),
      headers: fields.get('headers', requestHeaders),
      writeRelabelConfigs: fields.get('write_relabel_configs', relabelConfigs(scheme, emptyRule)),
      sendExemplars: fields.get('send_exemplars', bool),
      sendNativeHistograms: fields.get('send_native_histograms', bool),
      protobufMessage: fields.get('protobuf_message', protobufMessage, MESSAGES[0]),
      failedRequestLogging: fields.get('failed_request_logging', bool),
      http: httpClientFields(fields, { enableHttp2: false }),
      queue: fields.get('queue_config', queueConfig),
      metadata: fields.get('metadata_config', metadataConfig),
    };
    fields.unsupported('round_robin_dns', bool);
    fields.unsupported('sigv4', sigv4Config);
    fields.unsupported('azuread', azureAd);
    fields.unsupported('google_iam', googleIam);
    checkOneAuth(fields);
    return config;
  });
  return list(remoteWrite, 'empty or null remote write config section');
}

function checkOneAuth(fields: Fields): void {
  const written = ['basic_auth', 'authorization', 'oauth2', 'sigv4', 'azuread', 'google_iam'].filter((name) => fields.has(name));
  fields.exclude(
    written,
    `at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: [${written.join(' ')}]`,
  );
}

const queueConfig = object('config.QueueConfig', (fields): RemoteWriteQueue => {
  const queue = {
    capacity: fields.get('capacity', int, 10_000),
    shardsMax: fields.get('max_shards', int, 50),
    shardsMin: fields.get('min_shards', int, 1),
    samplesPerSendMax: fields.get('max_samples_per_send', int, 2000),
    batchSendDeadlineMs: fields.get('batch_send_deadline', duration, durationMs(5000)),
    backoffMinMs: fields.get('min_backoff', duration, durationMs(30)),
    backoffMaxMs: fields.get('max_backoff', duration, durationMs(5000)),
    retryOnHttp429: fields.get('retry_on_http_429', bool),
    sampleAgeLimitMs: fields.get('sample_age_limit', duration),
  };
  const positive = {
    max_shards: queue.shardsMax,
    min_shards: queue.shardsMin,
    max_samples_per_send: queue.samplesPerSendMax,
    capacity: queue.capacity,
  };
  for (const [name, value] of Object.entries(positive)) {
    if (value <= 0) fields.problem(name, { code: 'bad_value', message: `remote write queue ${name} must be positive` });
  }
  if (queue.shardsMin > queue.shardsMax && fields.isSound('max_shards')) {
    fields.problem('min_shards', { code: 'conflict', message: 'remote write queue min_shards must not be greater than max_shards' });
  }
  if (queue.backoffMaxMs < queue.backoffMinMs && fields.isSound('min_backoff')) {
    fields.problem('max_backoff', { code: 'conflict', message: 'remote write queue max_backoff must not be less than min_backoff' });
  }
  return queue;
});

const metadataConfig = object('config.MetadataConfig', (fields) => ({
  send: fields.get('send', bool, true),
  sendIntervalMs: fields.get('send_interval', duration, MINUTE),
  samplesPerSendMax: fields.get('max_samples_per_send', int, 2000),
}));

const READ_LIMIT_BYTES = 50_000_000n;

const remoteRead = object(
  'config.plain',
  (fields): RemoteReadConfig => ({
    name: fields.get('name', string),
    url: fields.required('url', url({ goType: 'config.URL' }), 'url for remote_read is empty'),
    remoteTimeoutMs: fields.get('remote_timeout', duration, MINUTE),
    chunkedReadLimitBytes: fields.get('chunked_read_limit', uint64, READ_LIMIT_BYTES),
    headers: fields.get('headers', requestHeaders),
    readRecent: fields.get('read_recent', bool),
    http: httpClientFields(fields),
    requiredMatchers: fields.get('required_matchers', record(string, labelName('utf8'))),
    filterExternalLabels: fields.get('filter_external_labels', bool, true),
  }),
);

export const remoteReadConfigs: Decoder<readonly RemoteReadConfig[]> = list(remoteRead, 'empty or null remote read config section');

const CLOUDS = ['AzurePublic', 'AzureChina', 'AzureGovernment'] as const;
const azureCloud = enumeration(CLOUDS, { upstream: () => 'must provide a cloud in the Azure AD config' });

const azureAd: Decoder<null> = object('azuread.plain', (fields) => {
  const methods = ['managed_identity', 'workload_identity', 'oauth', 'sdk', 'certificate'];
  fields.optional('managed_identity', azureMethod('ManagedIdentityConfig', 'client_id'));
  fields.optional('workload_identity', azureMethod('WorkloadIdentityConfig', 'client_id tenant_id token_file_path'));
  fields.optional('oauth', azureMethod('OAuthConfig', 'client_id tenant_id', 'client_secret'));
  fields.optional('sdk', azureMethod('SDKConfig', 'tenant_id'));
  fields.optional(
    'certificate',
    azureMethod('CertificateConfig', 'client_id tenant_id certificate_path certificate_key_path', 'certificate_password'),
  );
  fields.get('cloud', azureCloud);
  fields.get('scope', string);
  const written = methods.filter((name) => fields.has(name));
  fields.exclude(written, 'cannot provide multiple authentication methods in the Azure AD config');
  if (written.length === 0) {
    const upstream =
      'must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure Certificate or Azure SDK in the Azure AD config';
    fields.problem('managed_identity', { code: 'missing_field', message: `one of ${methods.join(', ')} is missing`, upstream });
  }
  return null;
});

function azureMethod(goType: string, texts: string, secretField?: string): Decoder<null> {
  return object(`azuread.${goType}`, (fields) => {
    for (const name of texts.split(' ')) fields.get(name, string);
    if (secretField !== undefined) fields.get(secretField, secret);
    if (goType === 'CertificateConfig') fields.get('send_certificate_chain', bool);
    return null;
  });
}

const googleIam: Decoder<null> = object('googleiam.Config', (fields) => {
  fields.get('credentials_file', path);
  return null;
});
