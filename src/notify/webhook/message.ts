/** From a notification to the body of a webhook: Alertmanager's version 4 payload, or the configured one (notify/webhook/webhook.go). */
import { type NotificationData, notificationJson, truncatedData } from '../../template/alertmanager-data.ts';
import { renderDeep } from '../../template/deep-render.ts';
import { jsonString } from '../../template/go-json.ts';
import type { SendInput } from '../integration.ts';
import type { WebhookConfig } from './config.ts';

/** `templateError`: the configured payload failed, and the standard one stands in. */
export type WebhookBody = { readonly body: string; readonly templateError: string | null };

export function webhookBody(config: Pick<WebhookConfig, 'maxAlerts' | 'payload'>, input: SendInput): WebhookBody {
  const truncated = config.maxAlerts === 0 ? 0 : Math.max(0, input.data.alerts.length - config.maxAlerts);
  const data = truncated === 0 ? input.data : truncatedData(input.data, config.maxAlerts);
  if (config.payload === null) return { body: standardBody(data, input.groupKey, truncated, null), templateError: null };
  const render = input.templates.renderer(data, input.now);
  const rendered = renderDeep(config.payload, (text) => render.text(text));
  if ('value' in rendered) return { body: JSON.stringify(rendered.value), templateError: null };
  return { body: standardBody(data, input.groupKey, truncated, rendered.error), templateError: rendered.error };
}

function standardBody(data: NotificationData, groupKey: string, truncated: number, templateError: string | null): string {
  const error = templateError === null ? '' : `,"templateError":${jsonString(templateError)}`;
  return `${notificationJson(data).slice(0, -1)},"version":"4","groupKey":${jsonString(groupKey)},"truncatedAlerts":${truncated}${error}}`;
}
