/** Reads `pushover_configs` (alertmanager notify/pushover/config.go). */
import type { Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, goDurationText, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import { requiredSecret, secretField } from '../secret-field.ts';

export type PushoverConfig = {
  readonly kind: 'pushover';
  readonly http: HttpClientConfig;
  /** Templates, as all texts below. */
  readonly userKey: SecretSource;
  readonly token: SecretSource;
  readonly title: string;
  readonly message: string;
  readonly url: string;
  readonly urlTitle: string;
  readonly device: string;
  readonly sound: string;
  readonly priority: string;
  readonly retryMs: DurationMs;
  readonly expireMs: DurationMs;
  /** 0: the message stays. */
  readonly ttlMs: DurationMs;
  readonly html: boolean;
  readonly monospace: boolean;
};

/** An emergency while something fires: repeated until somebody takes it. */
const PRIORITY = '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}';

export function readPushover(fields: Fields, globalHttp: HttpClientConfig): PushoverConfig {
  const secret = (name: string): SecretSource =>
    requiredSecret(fields, name, `one of ${name} or ${name}_file must be configured`, secretField(fields, name));
  const html = fields.get('html', bool);
  const monospace = fields.get('monospace', bool);
  if (html && monospace) fields.exclude(['html', 'monospace'], 'at most one of monospace & html must be configured');
  return {
    kind: 'pushover',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    userKey: secret('user_key'),
    token: secret('token'),
    title: fields.get('title', string, '{{ template "pushover.default.title" . }}'),
    message: fields.get('message', string, '{{ template "pushover.default.message" . }}'),
    url: fields.get('url', string, '{{ template "pushover.default.url" . }}'),
    urlTitle: fields.get('url_title', string),
    device: fields.get('device', string),
    sound: fields.get('sound', string),
    priority: fields.get('priority', string, PRIORITY),
    retryMs: fields.get('retry', goDurationText, durationMs(60_000)),
    expireMs: fields.get('expire', goDurationText, durationMs(3_600_000)),
    ttlMs: fields.get('ttl', goDurationText),
    html,
    monospace,
  };
}
