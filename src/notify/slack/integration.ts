/**
 * Posts to Slack, through a webhook or as an app; with update_message the group's message is edited (alertmanager
 * notify/slack/slack.go). A message that is gone cannot be edited: then a new one is posted, in the same attempt.
 */
import { Attempt, type HttpPorts, readSecrets, refused, withTemplateErrors } from '../http-integration.ts';
import { type AnswerRules, type HttpAnswer, jsonObject, outcomeOfHttp } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { SlackConfig } from './config.ts';
import { postedBefore, slackRequest } from './message.ts';

export function slackIntegration(config: SlackConfig, ports: HttpPorts): Integration {
  const client = ports.http.open(config.http);
  return {
    send: async (input): Promise<SendOutcome> => {
      const secrets = readSecrets({ api_url: config.apiUrl }, ports);
      if ('kind' in secrets) return secrets;
      const url = secrets.revealed.api_url;
      const attempt = new Attempt(client, ports.clock, input, config.timeoutMs);
      for (let posted = postedBefore(config, input.kept, url); ; posted = null) {
        const message = slackRequest(config, input, url, posted);
        if (message.kind === 'refused') return refused(message.why);
        const outcome = outcomeOfHttp(await attempt.request(message.request), config.updateMessage ? KEEPING : PLAIN);
        const isGone = posted !== null && outcome.kind === 'rejected' && GONE.some((error) => outcome.message.endsWith(error));
        if (!isGone) return withTemplateErrors(outcome, message.templateErrors);
      }
    },
    close: () => client.close(),
  };
}

/** What chat.update answers where there is no message that could be edited. */
const GONE = ['message_not_found', 'cant_update_message', 'edit_window_closed', 'channel_not_found'];

/** Webhooks answer `ok` as text, the API in JSON; both refuse with status 200. */
function judge({ headers, text, status }: HttpAnswer, keeps: boolean): SendOutcome {
  const accepted = { kind: 'accepted', answer: `HTTP ${status}` } as const;
  if (headers.get('content-type')?.startsWith('application/json') !== true)
    return text === 'ok' ? accepted : refused(`received an error response from Slack: ${text}`);
  const answer = jsonObject(text);
  if (answer === null)
    return { kind: 'rejected', retry: true, reason: 'clientError', message: `could not unmarshal JSON response: ${text}` };
  if (answer['ok'] !== true) return refused(`error response from Slack: ${String(answer['error'])}`);
  const { ts, channel } = answer;
  const isKnown = typeof ts === 'string' && ts !== '' && typeof channel === 'string' && channel !== '';
  return keeps && isKnown ? { ...accepted, data: { threadTs: ts, channelId: channel } } : accepted;
}

const PLAIN: AnswerRules = { judge: (answer) => judge(answer, false) };
const KEEPING: AnswerRules = { judge: (answer) => judge(answer, true) };
