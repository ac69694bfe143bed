/** Reads `msteamsv2_configs`: Microsoft Teams through Power Automate workflows (alertmanager notify/msteamsv2/config.go). */
import type { Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { secretApiUrl } from '../url-field.ts';

export type Msteamsv2Config = {
  readonly kind: 'msteamsv2';
  readonly http: HttpClientConfig;
  readonly webhookUrl: SecretSource;
  /** Templates. */
  readonly title: string;
  readonly text: string;
};

export const readMsteamsv2 = (fields: Fields, globalHttp: HttpClientConfig): Msteamsv2Config => ({
  kind: 'msteamsv2',
  http: clientOf(fields.optional('http_config', httpConfig), globalHttp),
  webhookUrl: requiredSecret(
    fields,
    'webhook_url',
    'one of webhook_url or webhook_url_file must be configured',
    secretField(fields, 'webhook_url', secretApiUrl),
  ),
  title: fields.get('title', string, '{{ template "msteamsv2.default.title" . }}'),
  text: fields.get('text', string, '{{ template "msteamsv2.default.text" . }}'),
});

/** As in Alertmanager, and here alone: an own http_config without a proxy keeps the global one's. */
function clientOf(own: HttpClientConfig | null, globalHttp: HttpClientConfig): HttpClientConfig {
  if (own === null) return globalHttp;
  return own.proxy.kind === 'none' && globalHttp.proxy.kind === 'url' ? { ...own, proxy: globalHttp.proxy } : own;
}
