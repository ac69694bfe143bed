/** Posts notifications to a URL (notify/webhook/webhook.go). The Idempotency-Key is the notification's, at every attempt. */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { Integration } from '../integration.ts';
import type { WebhookConfig } from './config.ts';
import { webhookRequest } from './message.ts';

export const webhookIntegration = (config: WebhookConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    timeoutMs: config.timeoutMs,
    secrets: { url: config.url },
    make: (input, { url }) => webhookRequest(config, input, url),
  });
