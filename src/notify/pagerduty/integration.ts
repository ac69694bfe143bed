/** Sends events to PagerDuty (alertmanager notify/pagerduty/pagerduty.go). A repeated event is harmless: its dedup key is the group's. */
import { type HttpPorts, oneRequest, refused } from '../http-integration.ts';
import { type AnswerRules, type HttpAnswer, jsonObject } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { PagerdutyConfig } from './config.ts';
import { acknowledgeRequest, pagerdutyRequest } from './message.ts';

export const pagerdutyIntegration = (config: PagerdutyConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    timeoutMs: config.timeoutMs,
    secrets: { service_key: config.serviceKey, routing_key: config.routingKey },
    make: (input, keys) => pagerdutyRequest(config, input, keys),
    makeAcknowledgement: (input, keys, by) => acknowledgeRequest(config, input, keys, by),
    rules: config.serviceKey === null ? V2 : V1,
  });

/** Of a bad event PagerDuty says which fields are wrong. */
function explain({ status, text }: HttpAnswer): string | null {
  const answer = status === 400 ? jsonObject(text) : null;
  if (answer === null) return null;
  const errors = Array.isArray(answer['errors']) ? answer['errors'] : [];
  return `${String(answer['message'])}: ${errors.join(',')}`;
}

/** 202 with another status than success: nothing was taken. */
function judge({ text }: HttpAnswer): SendOutcome | null {
  const answer = jsonObject(text);
  const status = answer?.['status'];
  return typeof status !== 'string' || status === 'success' ? null : refused(`PagerDuty says ${status}: ${String(answer?.['message'])}`);
}

const V2: AnswerRules = { retriesOn: [408, 429], explain, judge };
/** There 403 is what 429 is elsewhere, and Alertmanager counts no reasons. */
const V1: AnswerRules = { retriesOn: [403], reasonOf: () => 'other', causes: { 403: 'too many requests' }, explain, judge };
