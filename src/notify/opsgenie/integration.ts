/**
 * Opens, updates, acknowledges and closes alerts at Opsgenie (alertmanager notify/opsgenie/opsgenie.go; acknowledgements are
 * ours). Repeating is harmless: the alias is the group's. Opsgenie answers before it has looked at anything; what became of
 * an alert is known by its request id a little later.
 */
import { parseGoUrl } from '../../lib/go-url.ts';
import type { HttpResult } from '../../model/http.ts';
import { Attempt, type HttpPorts, readSecrets, refused, withTemplateErrors } from '../http-integration.ts';
import { type AnswerRules, jsonObject, outcomeOfHttp } from '../http-outcome.ts';
import type { Acknowledgement, Confirmation, Integration, SendInput, SendOutcome } from '../integration.ts';
import type { Made, Outgoing } from '../outgoing.ts';
import type { OpsgenieConfig } from './config.ts';
import { acknowledgeRequest, alertRequest, opsgenieRequests, statusRequest } from './message.ts';

export function opsgenieIntegration(config: OpsgenieConfig, ports: HttpPorts): Integration {
  const client = ports.http.open(config.http);
  const rules = rulesFor(config);

  /** One request, and what it gave; for what is no notification. */
  const ask = async (
    input: SendInput,
    make: (apiKey: string) => Made,
  ): Promise<{ readonly outcome: SendOutcome; readonly result: HttpResult | null }> => {
    const secrets = readSecrets({ api_key: config.apiKey }, ports);
    if ('kind' in secrets) return { outcome: secrets, result: null };
    const message = make(secrets.revealed.api_key);
    if (message.kind === 'refused') return { outcome: refused(message.why), result: null };
    const result = await new Attempt(client, ports.clock, input, ASK_MS).request(message.request);
    return { outcome: outcomeOfHttp(result, rules), result };
  };

  return {
    send: async (input): Promise<SendOutcome> => {
      const secrets = readSecrets({ api_key: config.apiKey }, ports);
      if ('kind' in secrets) return secrets;
      const message = opsgenieRequests(config, input, secrets.revealed.api_key);
      if (message.kind === 'refused') return refused(message.why);
      const outcome = await sendAll(message.request, new Attempt(client, ports.clock, input), rules);
      // Closing what is closed already fails there, and is as good.
      const requestId = input.data.status === 'resolved' ? null : outcome.requestId;
      return withTemplateErrors(withRequestId(outcome.last, requestId), message.templateErrors);
    },

    acknowledge: async (input, by) => (await ask(input, (apiKey) => acknowledgeRequest(config, input, apiKey, by))).outcome,

    acknowledgement: async (input): Promise<Acknowledgement> => {
      const { outcome, result } = await ask(input, (apiKey) => alertRequest(config, input, apiKey));
      if (result?.kind === 'response' && result.status === NOT_THERE) return { kind: 'open' };
      if (outcome.kind !== 'accepted') return { kind: 'unknown', message: outcome.message };
      return acknowledgementIn(dataOf(result));
    },

    confirm: async (input): Promise<Confirmation> => {
      const { requestId } = input.kept;
      if (typeof requestId !== 'string') return { kind: 'pending' };
      const { result } = await ask(input, (apiKey) => statusRequest(config, input, apiKey, requestId));
      const data = result?.kind === 'response' && result.status === 200 ? dataOf(result) : null;
      if (data === null || typeof data['isSuccess'] !== 'boolean') return { kind: 'pending' };
      return { kind: data['isSuccess'] ? 'confirmed' : 'failed', message: `Opsgenie: ${String(data['status'])}` };
    },

    close: () => client.close(),
  };
}

/** Of a question that is no notification. */
const ASK_MS = 10_000;
const NOT_THERE = 404;

/** In order, until one is not accepted. */
async function sendAll(
  requests: readonly Outgoing[],
  attempt: Attempt,
  rules: AnswerRules,
): Promise<{ readonly last: SendOutcome; readonly requestId: string | null }> {
  let last = refused('there is nothing to send');
  let requestId: string | null = null;
  for (const request of requests) {
    const result = await attempt.request(request);
    last = outcomeOfHttp(result, rules);
    if (last.kind !== 'accepted') break;
    requestId ??= requestIdIn(result);
  }
  return { last, requestId };
}

function requestIdIn(result: HttpResult): string | null {
  const id = objectIn(result)?.['requestId'];
  return typeof id === 'string' ? id : null;
}

const withRequestId = (outcome: SendOutcome, requestId: string | null): SendOutcome =>
  outcome.kind === 'accepted' && requestId !== null ? { ...outcome, data: { requestId } } : outcome;

const objectIn = (result: HttpResult | null): Readonly<Record<string, unknown>> | null =>
  result?.kind === 'response' ? jsonObject(new TextDecoder().decode(result.body)) : null;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function dataOf(result: HttpResult | null): Readonly<Record<string, unknown>> | null {
  const data = objectIn(result)?.['data'];
  return isObject(data) ? data : null;
}

/** {"status": "open", "acknowledged": true, "owner": "ana@…", "report": {"acknowledgedBy": "ana@…"}} */
function acknowledgementIn(alert: Readonly<Record<string, unknown>> | null): Acknowledgement {
  if (alert === null) return { kind: 'unknown', message: 'the answer has no alert in it' };
  if (alert['acknowledged'] !== true || alert['status'] === 'closed') return { kind: 'open' };
  const report = isObject(alert['report']) ? alert['report'] : {};
  const by = [report['acknowledgedBy'], alert['owner']].find((name) => typeof name === 'string' && name !== '');
  return { kind: 'acknowledged', by: typeof by === 'string' ? by : 'somebody at Opsgenie' };
}

/** A key works in its own region only: which one was asked is part of the answer. */
function rulesFor({ apiUrl }: OpsgenieConfig): AnswerRules {
  const url = parseGoUrl(apiUrl);
  const host = 'error' in url ? apiUrl : url.host;
  const cause = `${host} refused the key: wrong, revoked, or of another region`;
  return {
    retriesOn: [429],
    causes: { 401: cause, 403: cause },
    explain: ({ text }) => {
      const answer = jsonObject(text);
      if (typeof answer?.['message'] !== 'string') return null;
      return isObject(answer['errors']) ? `${answer['message']}: ${JSON.stringify(answer['errors'])}` : answer['message'];
    },
  };
}
