/** Reads `incidentio_configs` (alertmanager notify/incidentio/config.go). */
import type { Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { goDuration, uint } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import type { DurationMs } from '../../model/time.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { secretApiUrl } from '../url-field.ts';

export type IncidentioConfig = {
  readonly kind: 'incidentio';
  /** With the alert source's token, where one is configured. */
  readonly http: HttpClientConfig;
  readonly url: SecretSource;
  /** 0: all. */
  readonly maxAlerts: number;
  /** 0: the flush's own limit. */
  readonly timeoutMs: DurationMs;
};

export function readIncidentio(fields: Fields, globalHttp: HttpClientConfig): IncidentioConfig {
  const own = fields.optional('http_config', httpConfig);
  const url = secretField(fields, 'url', secretApiUrl);
  const token = secretField(fields, 'alert_source_token');
  const hasAuthorization = own?.auth.kind === 'authorization';
  if (hasAuthorization && token !== null)
    fields.problem('http_config', {
      code: 'conflict',
      message: 'cannot specify alert_source_token or alert_source_token_file when using http_config.authorization',
    });
  if (own !== null && !hasAuthorization && token === null)
    fields.problem('http_config', {
      code: 'missing_field',
      message: 'at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured',
    });
  const http = own ?? globalHttp;
  return {
    kind: 'incidentio',
    http: token === null ? http : { ...http, auth: { kind: 'authorization', type: 'Bearer', credentials: token } },
    url: requiredSecret(fields, 'url', 'one of url or url_file must be configured', url),
    maxAlerts: fields.get('max_alerts', uint),
    timeoutMs: fields.get('timeout', goDuration),
  };
}
