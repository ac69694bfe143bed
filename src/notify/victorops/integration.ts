/** Sends events to VictorOps (alertmanager notify/victorops/victorops.go). Repeating is harmless: the entity is the group. */
import { type HttpPorts, oneRequest, refused } from '../http-integration.ts';
import { type HttpAnswer, jsonObject } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { VictoropsConfig } from './config.ts';
import { victoropsRequest } from './message.ts';

export const victoropsIntegration = (config: VictoropsConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { api_key: config.apiKey },
    make: (input, { api_key }) => victoropsRequest(config, input, api_key),
    rules: { judge },
  });

/** {"result": "failure", "message": "…"} may come with status 200. */
function judge({ text }: HttpAnswer): SendOutcome | null {
  const answer = jsonObject(text);
  return answer?.['result'] === 'failure' ? refused(`VictorOps says failure: ${String(answer['message'])}`) : null;
}
