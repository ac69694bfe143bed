/** Posts to a Microsoft Teams connector (alertmanager notify/msteams/msteams.go). */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { HttpAnswer } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { MsteamsConfig } from './config.ts';
import { msteamsRequest } from './message.ts';

export const msteamsIntegration = (config: MsteamsConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { webhook_url: config.webhookUrl },
    make: (input, { webhook_url }) => msteamsRequest(config, input, webhook_url),
    rules: { judge },
  });

/** A connector that could not deliver says so with status 200: "… failed with error: Microsoft Teams endpoint returned HTTP error 429 …". */
function judge({ text }: HttpAnswer): SendOutcome | null {
  if (!/^webhook message delivery failed/i.test(text.trim())) return null;
  const status = Number(/HTTP error (\d{3})/.exec(text)?.[1] ?? 0);
  return {
    kind: 'rejected',
    retry: status === 429 || status >= 500,
    reason: status === 429 ? 'rateLimited' : status >= 500 ? 'serverError' : 'clientError',
    message: `the connector says: ${text.trim().slice(0, 200)}`,
  };
}
