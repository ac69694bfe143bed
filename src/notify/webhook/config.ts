/** Reads `webhook_configs` (alertmanager config/notifiers.go WebhookConfig). */
import { type Decoder, object, rawNode } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, goDuration, int, string } from '../../config/scalars.ts';
import { secret } from '../../config/secret-fields.ts';
import { parseGoUrl } from '../../lib/go-url.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import { Secret, type SecretSource } from '../../model/secret.ts';
import type { DurationMs } from '../../model/time.ts';
import { type PlainValue, plainValueOf } from '../../template/deep-render.ts';
import type { NotificationTemplates } from '../../template/notification-templates.ts';

export type WebhookConfig = {
  readonly kind: 'webhook';
  readonly sendResolved: boolean;
  readonly http: HttpClientConfig;
  /** A template; a secret, for such URLs often hold a token. */
  readonly url: SecretSource;
  /** 0: all. */
  readonly maxAlerts: number;
  /** 0: the flush's own limit. */
  readonly timeoutMs: DurationMs;
  /** In place of Alertmanager's body: texts in it are templates. */
  readonly payload: PlainValue | null;
};

export const webhookConfig = (globalHttp: HttpClientConfig, templates: Pick<NotificationTemplates, 'check'>): Decoder<WebhookConfig> =>
  object('config.WebhookConfig', (fields): WebhookConfig => {
    const sendResolved = fields.get('send_resolved', bool, true);
    const http = fields.optional('http_config', httpConfig) ?? globalHttp;
    const url = fields.get('url', secret);
    const file = fields.get('url_file', string);
    const env = fields.get('url_env', string);
    fields.atMostOne(['url', 'url_file', 'url_env'], 'at most one of url & url_file must be configured');
    if (url.reveal() === '' && file === '' && env === '')
      fields.problem('url', { code: 'missing_field', message: 'one of url or url_file must be configured' });
    const wrong = urlProblem(url.reveal(), templates);
    if (wrong !== null) fields.problem('url', { code: 'bad_url', message: wrong });
    const payload = fields.node('payload');
    fields.optional('payload', rawNode);
    return {
      kind: 'webhook',
      sendResolved,
      http,
      url:
        file !== ''
          ? { kind: 'file', path: file }
          : env !== ''
            ? { kind: 'env', name: env }
            : { kind: 'inline', secret: new Secret(url.reveal()) },
      maxAlerts: fields.get('max_alerts', int),
      timeoutMs: fields.get('timeout', goDuration),
      payload: payload === null ? null : plainValueOf(payload),
    };
  });

/** A URL with a template in it can only be checked as a template. */
function urlProblem(url: string, templates: Pick<NotificationTemplates, 'check'>): string | null {
  if (url === '') return null;
  if (url.includes('{{')) {
    const error = templates.check(url);
    return error === null ? null : `invalid template syntax in the URL: ${error}`;
  }
  const parsed = parseGoUrl(url);
  if ('error' in parsed) return parsed.error;
  if (parsed.scheme !== 'http' && parsed.scheme !== 'https')
    return `unsupported scheme "${parsed.scheme}" for URL: write http:// or https://`;
  return parsed.host === '' ? 'missing host for URL' : null;
}
