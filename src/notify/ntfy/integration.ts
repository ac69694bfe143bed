/** Publishes to ntfy. The token is part of the client's configuration. */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import { type HttpAnswer, jsonObject } from '../http-outcome.ts';
import type { Integration } from '../integration.ts';
import type { NtfyConfig } from './config.ts';
import { ntfyRequest } from './message.ts';

export const ntfyIntegration = (config: NtfyConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { topic: config.topic },
    make: (input, { topic }) => ntfyRequest(config, input, topic),
    rules: { retriesOn: [408, 429], explain },
  });

/** {"code": 40301, "http": 403, "error": "forbidden", "link": …} */
function explain({ text }: HttpAnswer): string | null {
  const error = jsonObject(text)?.['error'];
  return typeof error === 'string' ? error : null;
}
