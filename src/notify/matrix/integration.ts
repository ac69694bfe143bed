/** Sends to a room of Matrix; an alias is resolved once, and again when its room is gone. The token is part of the client's configuration. */
import type { HttpResult } from '../../model/http.ts';
import { durationMs } from '../../model/time.ts';
import { Attempt, asked, type HttpPorts, refused, withTemplateErrors } from '../http-integration.ts';
import { type AnswerRules, type HttpAnswer, jsonObject, outcomeOfHttp } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { MatrixConfig } from './config.ts';
import { matrixRequest, roomRequest } from './message.ts';

export function matrixIntegration(config: MatrixConfig, ports: HttpPorts): Integration {
  const client = ports.http.open(config.http);
  let known: string | null = config.room.startsWith('!') ? config.room : null;

  /** The room's id, or why there is none. */
  const roomOf = async (attempt: Attempt): Promise<string | SendOutcome> => {
    if (known !== null) return known;
    const answer = await asked(attempt, roomRequest(config, config.room), RULES);
    if ('kind' in answer) return answer;
    const id = jsonObject(answer.text)?.['room_id'];
    if (typeof id !== 'string') return refused(`the homeserver gave no room for ${config.room}`);
    known = id;
    return id;
  };

  return {
    send: async (input): Promise<SendOutcome> => {
      const attempt = new Attempt(client, ports.clock, input, ATTEMPT_MS);
      const room = await roomOf(attempt);
      if (typeof room !== 'string') return room;
      const message = matrixRequest(config, input, room);
      if (message.kind === 'refused') return refused(message.why);
      const result = await attempt.request(message.request);
      const outcome = outcomeOfHttp(result, RULES);
      // Members move to another room at times, and the alias with them.
      if (outcome.kind === 'rejected' && !config.room.startsWith('!')) known = null;
      if (outcome.kind !== 'accepted') return outcome;
      const first = input.kept['firstEventId'] ?? eventId(result);
      return withTemplateErrors(first === null ? outcome : { ...outcome, data: { firstEventId: first } }, message.templateErrors);
    },
    close: () => client.close(),
  };
}

/** So that an attempt without an answer is made again as what it was, and the server knows it. */
const ATTEMPT_MS = 30_000;

function eventId(result: HttpResult): string | null {
  const id = result.kind === 'response' ? jsonObject(new TextDecoder().decode(result.body))?.['event_id'] : null;
  return typeof id === 'string' ? id : null;
}

/** {"errcode": "M_FORBIDDEN", "error": "…"}; with M_LIMIT_EXCEEDED also "retry_after_ms". */
const RULES: AnswerRules = {
  retriesOn: [408, 429],
  explain: ({ text }: HttpAnswer) => {
    const answer = jsonObject(text);
    const parts = [answer?.['errcode'], answer?.['error']].filter((part) => typeof part === 'string');
    return parts.length === 0 ? null : parts.join(': ');
  },
  retryAfter: ({ text }) => {
    const ms = jsonObject(text)?.['retry_after_ms'];
    return typeof ms === 'number' && ms > 0 ? durationMs(Math.ceil(ms)) : null;
  },
};
