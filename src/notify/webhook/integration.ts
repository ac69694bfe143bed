/** Posts notifications to a URL (notify/webhook/webhook.go). The Idempotency-Key is the notification's, at every attempt. */
import type { HttpClient } from '../../model/http.ts';
import type { Secret, SecretSource } from '../../model/secret.ts';
import { durationMs } from '../../model/time.ts';
import { outcomeOfHttp } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { WebhookConfig } from './config.ts';
import { webhookBody } from './message.ts';

export type WebhookPorts = {
  readonly client: HttpClient;
  readonly readSecret: (source: SecretSource) => Secret | { readonly error: string };
};

/** Of an answer, which is not read but for its first words. */
const ANSWER_BYTES_MAX = 1024 * 1024;

export function webhookIntegration(config: WebhookConfig, { client, readSecret }: WebhookPorts): Integration {
  return {
    send: async (input): Promise<SendOutcome> => {
      const source = readSecret(config.url);
      if ('error' in source) return { kind: 'rejected', retry: true, reason: 'other', message: `cannot read the URL: ${source.error}` };
      const rendered = input.templates.renderer(input.data, input.now).text(source.reveal().trim());
      if ('error' in rendered)
        return { kind: 'rejected', retry: false, reason: 'clientError', message: `the template of the URL failed: ${rendered.error}` };
      if (rendered.text === '')
        return { kind: 'rejected', retry: false, reason: 'clientError', message: 'the URL is empty after templating' };
      const leftMs = Math.max(1000, input.deadline - input.now);
      const result = await client.request({
        method: 'POST',
        url: rendered.text,
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': input.id },
        body: new TextEncoder().encode(webhookBody(config, input).body),
        timeoutMs: durationMs(config.timeoutMs === 0 ? leftMs : Math.min(config.timeoutMs, leftMs)),
        bodyBytesMax: ANSWER_BYTES_MAX,
      });
      return outcomeOfHttp(result, { retriesOn: (status) => status >= 500 });
    },
    close: () => client.close(),
  };
}
