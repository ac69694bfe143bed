/** From a notification to a webhook's request: Alertmanager's version 4 payload, or the configured one (notify/webhook/webhook.go). */
import { truncatedData } from '../../template/alertmanager-data.ts';
import { renderDeep } from '../../template/deep-render.ts';
import { alertsBody } from '../alerts-body.ts';
import type { SendInput } from '../integration.ts';
import { jsonBytes, type Made } from '../outgoing.ts';
import type { WebhookConfig } from './config.ts';

/** `url` is a template. */
export function webhookRequest(config: Pick<WebhookConfig, 'maxAlerts' | 'payload'>, input: SendInput, url: string): Made {
  const rendered = input.templates.renderer(input.data, input.now).text(url);
  if ('error' in rendered) return { kind: 'refused', why: `the template of the URL failed: ${rendered.error}` };
  if (rendered.text === '') return { kind: 'refused', why: 'the URL is empty after templating' };
  const { body, templateErrors } = webhookBody(config, input);
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': input.id };
  return { kind: 'made', request: { method: 'POST', url: rendered.text, headers, body }, templateErrors };
}

/** Where the configured payload fails, the standard one stands in, and names the error. */
function webhookBody(
  config: Pick<WebhookConfig, 'maxAlerts' | 'payload'>,
  input: SendInput,
): { readonly body: Uint8Array; readonly templateErrors: readonly string[] } {
  const left = config.maxAlerts === 0 ? 0 : Math.max(0, input.data.alerts.length - config.maxAlerts);
  const data = left === 0 ? input.data : truncatedData(input.data, config.maxAlerts);
  const standard = { version: '4', groupKey: input.groupKey, truncatedAlerts: left };
  if (config.payload === null) return { body: alertsBody(data, standard), templateErrors: [] };
  const render = input.templates.renderer(data, input.now);
  const payload = renderDeep(config.payload, (text) => render.text(text));
  if ('value' in payload) return { body: jsonBytes(payload.value), templateErrors: [] };
  return { body: alertsBody(data, standard, payload.error), templateErrors: [payload.error] };
}
