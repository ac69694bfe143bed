/** Posts alert events to incident.io (alertmanager notify/incidentio/incidentio.go). The token is part of the client's configuration. */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import { type HttpAnswer, jsonObject } from '../http-outcome.ts';
import type { Integration } from '../integration.ts';
import type { IncidentioConfig } from './config.ts';
import { incidentioRequest } from './message.ts';

export const incidentioIntegration = (config: IncidentioConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    timeoutMs: config.timeoutMs,
    secrets: { url: config.url },
    make: (input, { url }) => incidentioRequest(config, input, url),
    rules: { retriesOn: [429], explain },
  });

function explain({ text }: HttpAnswer): string | null {
  const answer = jsonObject(text);
  if (answer === null) return null;
  const { message, error, errors } = answer;
  const parts = [message, error, Array.isArray(errors) ? errors.join(', ') : ''];
  return parts.filter((part) => typeof part === 'string' && part !== '').join(': ');
}
