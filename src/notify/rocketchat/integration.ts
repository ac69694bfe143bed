/** Posts to Rocket.Chat (alertmanager notify/rocketchat/rocketchat.go), which may refuse with status 200. */
import { type HttpPorts, oneRequest, refused } from '../http-integration.ts';
import { type HttpAnswer, jsonObject } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { RocketchatConfig } from './config.ts';
import { rocketchatRequest } from './message.ts';

export const rocketchatIntegration = (config: RocketchatConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { token: config.token, token_id: config.tokenId },
    make: (input, tokens) => rocketchatRequest(config, input, tokens),
    rules: { judge },
  });

function judge({ text }: HttpAnswer): SendOutcome | null {
  const answer = jsonObject(text);
  if (answer === null)
    return { kind: 'rejected', retry: true, reason: 'clientError', message: `could not unmarshal JSON response: ${text}` };
  return answer['success'] === true ? null : refused(`error response from Rocketchat: ${String(answer['error'])}`);
}
