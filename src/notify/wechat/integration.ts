/** Sends through WeCom's API with an access token, which is kept for two hours (alertmanager notify/wechat/wechat.go). */
import { Attempt, asked, type HttpPorts, readSecrets, refused, withTemplateErrors } from '../http-integration.ts';
import { type AnswerRules, type HttpAnswer, jsonObject, outcomeOfHttp } from '../http-outcome.ts';
import type { Integration, SendInput, SendOutcome } from '../integration.ts';
import type { WechatConfig } from './config.ts';
import { wechatRequest, wechatTokenRequest } from './message.ts';

const TOKEN_MS = 2 * 3_600_000;
const TOKEN_EXPIRED = 42_001;

export function wechatIntegration(config: WechatConfig, ports: HttpPorts): Integration {
  const client = ports.http.open(config.http);
  let token: { readonly text: string; readonly since: number } | null = null;

  /** The token, fetched where there is none, or why there is none. */
  const tokenOf = async (input: SendInput, attempt: Attempt): Promise<string | SendOutcome> => {
    if (token !== null && ports.clock.elapsed() - token.since <= TOKEN_MS) return token.text;
    const secrets = readSecrets({ api_secret: config.apiSecret }, ports);
    if ('kind' in secrets) return secrets;
    const message = wechatTokenRequest(config, input, secrets.revealed.api_secret);
    if (message.kind === 'refused') return refused(message.why);
    const answer = await asked(attempt, message.request, {});
    if ('kind' in answer) return answer;
    const text = accessToken(answer.text);
    if (text === null) return refused(`invalid APISecret for CorpID: ${config.corpId}`);
    token = { text, since: ports.clock.elapsed() };
    return text;
  };

  return {
    send: async (input): Promise<SendOutcome> => {
      const attempt = new Attempt(client, ports.clock, input);
      const known = await tokenOf(input, attempt);
      if (typeof known !== 'string') return known;
      const message = wechatRequest(config, input, known);
      if (message.kind === 'refused') return refused(message.why);
      const outcome = outcomeOfHttp(await attempt.request(message.request), RULES);
      if (outcome.kind === 'rejected') token = null; // it may be what was wrong
      return withTemplateErrors(outcome, message.templateErrors);
    },
    close: () => client.close(),
  };
}

function accessToken(answer: string): string | null {
  const text = jsonObject(answer)?.['access_token'];
  return typeof text === 'string' && text !== '' ? text : null;
}

/** Refusals have status 200. */
function judge({ text }: HttpAnswer): SendOutcome | null {
  const answer = jsonObject(text);
  if (answer === null) return { kind: 'rejected', retry: true, reason: 'other', message: `the answer is not JSON: ${text}` };
  const { errcode, errmsg } = answer;
  if (errcode === undefined || errcode === 0) return null;
  return { kind: 'rejected', retry: errcode === TOKEN_EXPIRED, reason: 'other', message: String(errmsg) };
}

const RULES: AnswerRules = { retriesOn: 'any', judge };
