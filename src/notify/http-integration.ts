/**
 * What integrations over HTTP share: secrets read at each attempt, requests within the notification's deadline, and what
 * answers mean. Those that make one request for a notification are made by `oneRequest`; the others use Attempt.
 */
import { parseGoUrl } from '../lib/go-url.ts';
import type { Clock } from '../model/clock.ts';
import type { HttpClient, HttpClientConfig, HttpClients, HttpResult } from '../model/http.ts';
import type { Secret, SecretSource } from '../model/secret.ts';
import { durationMs } from '../model/time.ts';
import { type AnswerRules, outcomeOfHttp } from './http-outcome.ts';
import type { Integration, SendInput, SendOutcome } from './integration.ts';
import type { Made, Outgoing } from './outgoing.ts';
import { httpUrlProblem } from './url-field.ts';

export type HttpPorts = {
  readonly http: HttpClients;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly readSecret: (source: SecretSource) => Secret | { readonly error: string };
};

type SecretSources = Readonly<Record<string, SecretSource | null>>;
export type SecretTexts<S extends SecretSources> = { readonly [K in keyof S]: string };

type OneRequest<S extends SecretSources> = {
  readonly http: HttpClientConfig;
  /** 0: until the deadline. */
  readonly timeoutMs?: number;
  /** By the names of their fields; null is read as ''. */
  readonly secrets: S;
  readonly make: (input: SendInput, secrets: SecretTexts<S>) => Made;
  /** For providers that take an acknowledgement. */
  readonly makeAcknowledgement?: (input: SendInput, secrets: SecretTexts<S>, by: string) => Made;
  readonly rules?: AnswerRules;
};

export function oneRequest<S extends SecretSources>(
  ports: HttpPorts,
  { http, timeoutMs, secrets, make, makeAcknowledgement, rules }: OneRequest<S>,
): Integration {
  const client = ports.http.open(http);
  const send = async (input: SendInput, makeIt: (secrets: SecretTexts<S>) => Made): Promise<SendOutcome> => {
    const texts = readSecrets(secrets, ports);
    if ('kind' in texts) return texts;
    const message = makeIt(texts.revealed);
    if (message.kind === 'refused') return refused(message.why);
    const result = await new Attempt(client, ports.clock, input, timeoutMs).request(message.request);
    return withTemplateErrors(outcomeOfHttp(result, rules), message.templateErrors);
  };
  return {
    send: (input) => send(input, (texts) => make(input, texts)),
    ...(makeAcknowledgement === undefined
      ? {}
      : { acknowledge: (input, by) => send(input, (texts) => makeAcknowledgement(input, texts, by)) }),
    close: () => client.close(),
  };
}

/** All secrets of one attempt, or why it cannot be made now. */
export function readSecrets<S extends SecretSources>(
  sources: S,
  { readSecret }: Pick<HttpPorts, 'readSecret'>,
): { readonly revealed: SecretTexts<S> } | Extract<SendOutcome, { readonly kind: 'rejected' }> {
  const revealed: Record<string, string> = {};
  for (const [name, source] of Object.entries(sources)) {
    const secret = source === null ? null : readSecret(source);
    if (secret !== null && 'error' in secret)
      return { kind: 'rejected', retry: true, reason: 'other', message: `cannot read ${name}: ${secret.error}` };
    revealed[name] = secret?.reveal().trim() ?? '';
  }
  return { revealed: revealed as SecretTexts<S> };
}

/** The notification cannot be sent as it is configured. */
export const refused = (message: string): SendOutcome => ({ kind: 'rejected', retry: false, reason: 'clientError', message });

/** The errors go into the history, with what was accepted in spite of them. */
export function withTemplateErrors(outcome: SendOutcome, errors: readonly string[]): SendOutcome {
  if (outcome.kind !== 'accepted' || errors.length === 0) return outcome;
  return { ...outcome, answer: `${outcome.answer}; with built-in text, because a template failed: ${errors.join('; ')}` };
}

/** Of an answer: they are short, and a long one is not read. */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** The least that a request is given, however near the deadline is. */
const REQUEST_MS_MIN = 1000;

/** The requests of one attempt, which share the time that is left. */
export class Attempt {
  readonly #client: HttpClient;
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #endsAt: number;

  constructor(client: HttpClient, clock: Pick<Clock, 'elapsed'>, { deadline, now }: Pick<SendInput, 'deadline' | 'now'>, timeoutMs = 0) {
    this.#client = client;
    this.#clock = clock;
    const leftMs = deadline - now;
    this.#endsAt = clock.elapsed() + (timeoutMs <= 0 ? leftMs : Math.min(timeoutMs, leftMs));
  }

  async request(outgoing: Outgoing): Promise<HttpResult> {
    // Addresses come out of files and templates, and hold tokens: the text must not get into a message.
    const url = parseGoUrl(outgoing.url);
    if ('error' in url || httpUrlProblem(url) !== null)
      return {
        kind: 'failed',
        reason: 'other',
        message: 'what is configured as the address is not a URL of http or https',
        maybeSent: false,
      };
    const timeoutMs = durationMs(Math.max(REQUEST_MS_MIN, Math.round(this.#endsAt - this.#clock.elapsed())));
    return this.#client.request({ ...outgoing, timeoutMs, bodyBytesMax: ANSWER_BYTES_MAX });
  }
}

/** The answer to a question, which changes nothing there: a lost one can be asked again. */
export async function asked(attempt: Attempt, request: Outgoing, rules: AnswerRules): Promise<{ readonly text: string } | SendOutcome> {
  const result = await attempt.request(request);
  const outcome = outcomeOfHttp(result, rules);
  if (result.kind === 'failed' && outcome.kind !== 'rejected')
    return { kind: 'rejected', retry: true, reason: 'other', message: result.message };
  return outcome.kind === 'accepted' && result.kind === 'response' ? { text: new TextDecoder().decode(result.body) } : outcome;
}
