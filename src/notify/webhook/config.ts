/** Reads `webhook_configs` (alertmanager config/notifiers.go WebhookConfig). */
import { type Decoder, type Fields, rawNode, refine } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { goDuration, uint } from '../../config/scalars.ts';
import { secret as secretText } from '../../config/secret-fields.ts';
import { isNull } from '../../config/yaml-document.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { parseGoUrl } from '../../lib/go-url.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { Secret, SecretSource } from '../../model/secret.ts';
import type { DurationMs } from '../../model/time.ts';
import { type PlainValue, plainValueOf } from '../../template/deep-render.ts';
import type { NotificationTemplates } from '../../template/notification-templates.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { httpUrlProblem } from '../url-field.ts';

export type WebhookConfig = {
  readonly kind: 'webhook';
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

export function readWebhook(fields: Fields, globalHttp: HttpClientConfig, templates: Pick<NotificationTemplates, 'check'>): WebhookConfig {
  const payload = fields.node('payload');
  fields.optional('payload', rawNode);
  return {
    kind: 'webhook',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    url: requiredSecret(fields, 'url', 'one of url or url_file must be configured', secretField(fields, 'url', templatedUrl(templates))),
    maxAlerts: fields.get('max_alerts', uint),
    timeoutMs: fields.get('timeout', goDuration),
    payload: payload === null || isNull(payload) ? null : plainValueOf(payload),
  };
}

/** A URL with a template in it can only be checked as a template. */
function templatedUrl(templates: Pick<NotificationTemplates, 'check'>): Decoder<Secret> {
  return refine(secretText, secretText.zero, (hidden, fail) => {
    const wrong = urlProblem(hidden.reveal(), templates);
    return wrong === null ? hidden : fail({ code: 'bad_url', message: wrong });
  });
}

function urlProblem(url: string, templates: Pick<NotificationTemplates, 'check'>): string | null {
  if (url === '' || url === '<secret>') return null;
  if (url.includes('{{')) {
    const error = templates.check(url);
    return error === null ? null : `invalid template syntax: ${error}`;
  }
  const parsed = parseGoUrl(url);
  // Without the address, which may hold a token.
  if ('error' in parsed) return `invalid URL: ${parsed.error.replace(goQuote(url), () => '"<secret>"')}`;
  const problem = httpUrlProblem(parsed);
  return problem === null ? null : `invalid URL: ${problem}`;
}
