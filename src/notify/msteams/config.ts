/** Reads `msteams_configs`: Microsoft Teams' old connectors (alertmanager notify/msteams/config.go). */
import type { Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { secretApiUrl } from '../url-field.ts';

export type MsteamsConfig = {
  readonly kind: 'msteams';
  readonly http: HttpClientConfig;
  readonly webhookUrl: SecretSource;
  /** Templates. */
  readonly title: string;
  readonly summary: string;
  readonly text: string;
};

export const readMsteams = (fields: Fields, globalHttp: HttpClientConfig): MsteamsConfig => ({
  kind: 'msteams',
  http: fields.optional('http_config', httpConfig) ?? globalHttp,
  webhookUrl: requiredSecret(
    fields,
    'webhook_url',
    'one of webhook_url or webhook_url_file must be configured',
    secretField(fields, 'webhook_url', secretApiUrl),
  ),
  title: fields.get('title', string, '{{ template "msteams.default.title" . }}'),
  summary: fields.get('summary', string, '{{ template "msteams.default.summary" . }}'),
  text: fields.get('text', string, '{{ template "msteams.default.text" . }}'),
});
