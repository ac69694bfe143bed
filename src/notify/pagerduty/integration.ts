/** Sends events to PagerDuty (alertmanager notify/pagerduty/pagerduty.go). A repeated event is harmless: its dedup key is the group's. */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import { type AnswerRules, type HttpAnswer, jsonObject } from '../http-outcome.ts';
import type { Integration } from '../integration.ts';
import type { PagerdutyConfig } from './config.ts';
import { pagerdutyRequest } from './message.ts';

export const pagerdutyIntegration = (config: PagerdutyConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    timeoutMs: config.timeoutMs,
    secrets: { service_key: config.serviceKey, routing_key: config.routingKey },
    make: (input, keys) => pagerdutyRequest(config, input, keys),
    rules: config.serviceKey === null ? V2 : V1,
  });

/** Of a bad event PagerDuty says which fields are wrong. */
function explain({ status, text }: HttpAnswer): string | null {
  const answer = status === 400 ? jsonObject(text) : null;
  if (answer === null) return null;
  const errors = Array.isArray(answer['errors']) ? answer['errors'] : [];
  return `${String(answer['message'])}: ${errors.join(',')}`;
}

const V2: AnswerRules = { retriesOn: [429], explain };
/** There 403 is what 429 is elsewhere, and Alertmanager counts no reasons. */
const V1: AnswerRules = { retriesOn: [403], reasonOf: () => 'other', explain };
