/**
 * Sends messages through Telegram's Bot API (alertmanager notify/telegram/telegram.go). As there, every error is tried
 * again; but a message that Telegram cannot parse is sent as plain text, in the same attempt.
 */
import { durationMs } from '../../model/time.ts';
import { Attempt, type HttpPorts, readSecrets, refused, withTemplateErrors } from '../http-integration.ts';
import { type AnswerRules, type HttpAnswer, jsonObject, outcomeOfHttp } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { TelegramConfig } from './config.ts';
import { telegramRequest } from './message.ts';

export function telegramIntegration(config: TelegramConfig, ports: HttpPorts): Integration {
  const client = ports.http.open(config.http);
  const chatIdFile = config.chatIdFile === '' ? null : ({ kind: 'file', path: config.chatIdFile } as const);
  return {
    send: async (input): Promise<SendOutcome> => {
      const secrets = readSecrets({ bot_token: config.botToken, chat_id_file: chatIdFile }, ports);
      if ('kind' in secrets) return secrets;
      const { bot_token, chat_id_file } = secrets.revealed;
      const target = { botToken: bot_token, chatId: chatIdFile === null ? String(config.chatId) : chat_id_file };
      const attempt = new Attempt(client, ports.clock, input);
      const message = telegramRequest(config, input, target);
      if (message.kind === 'refused') return refused(message.why);
      const result = await attempt.request(message.request);
      const outcome = outcomeOfHttp(result, RULES);
      if (outcome.kind === 'rejected' && outcome.message.includes("can't parse entities")) {
        const inPlain = telegramRequest(config, input, target, { isPlain: true });
        if (inPlain.kind === 'made')
          return withTemplateErrors(outcomeOfHttp(await attempt.request(inPlain.request), RULES), [outcome.message]);
      }
      return withTemplateErrors(outcome, message.templateErrors);
    },
    close: () => client.close(),
  };
}

function judge(answer: HttpAnswer): SendOutcome | null {
  const said = jsonObject(answer.text);
  if (said === null || said['ok'] === true) return null;
  return { kind: 'rejected', retry: true, reason: 'other', message: describe(answer) };
}

const describe = ({ text }: HttpAnswer): string => String(jsonObject(text)?.['description'] ?? text);

const RULES: AnswerRules = {
  retriesOn: 'any',
  judge,
  explain: describe,
  // Flood control: {"parameters": {"retry_after": 35}}.
  retryAfter: ({ text }) => {
    const parameters = jsonObject(text)?.['parameters'];
    const seconds =
      typeof parameters === 'object' && parameters !== null ? (parameters as { readonly retry_after?: unknown }).retry_after : null;
    return typeof seconds === 'number' && seconds > 0 ? durationMs(seconds * 1000) : null;
  },
};
