/**
 * Sends notifications by mail: message.ts makes the mail, the transport delivers it. Recipients whom the server refuses
 * keep nothing from the others: those refused for good are named in the outcome, those refused for now are tried again
 * without the others. A mail that is too large for the server is made smaller, once.
 */
import type { MailMessage, MailResult, MailTransport, RefusedRecipient, SmtpServer } from '../../model/mail.ts';
import { Secret, type SecretSource } from '../../model/secret.ts';
import { durationMs } from '../../model/time.ts';
import type { ChartImage, Charts } from '../chart/charts.ts';
import type { Integration, SendInput, SendOutcome } from '../integration.ts';
import { bareAddress } from './addresses.ts';
import { type EmailConfig, hasBuiltInHtml } from './config.ts';
import { emailMessage } from './message.ts';
import { refusalOf } from './refusal.ts';
import { smallerMessage } from './smaller.ts';
import { threadData } from './thread.ts';

/** One mail: connecting, TLS, login, data. */
const SEND_MS = 30_000;
const IMPLICIT_TLS_PORT = '465';
/** So long before the deadline the last attempt is made, at the slowest (retry.ts). */
const LAST_ATTEMPT_MS = 120_000;
/** Notifications whose recipients so far are remembered. */
const REMEMBERED_MAX = 1000;

export type EmailPorts = {
  readonly mail: MailTransport;
  readonly charts: Charts;
  /** The secret, or why it cannot be read now. */
  readonly readSecret: (source: SecretSource) => Secret | { readonly error: string };
};

export const emailIntegration = (config: EmailConfig, ports: EmailPorts): Integration => new EmailIntegration(config, ports);

class EmailIntegration implements Integration {
  readonly #config: EmailConfig;
  readonly #ports: EmailPorts;
  /** Who has it already, by notification; forgotten at a restart, after which they get the same mail once more. */
  readonly #reached = new Map<string, ReadonlySet<string>>();

  constructor(config: EmailConfig, ports: EmailPorts) {
    this.#config = config;
    this.#ports = ports;
  }

  async send(input: SendInput): Promise<SendOutcome> {
    const server = smtpServer(this.#config, this.#ports);
    if ('error' in server) return { kind: 'rejected', retry: true, reason: 'other', message: server.error };
    const chart = await this.#chartFor(input);
    const made = emailMessage(this.#config, input, { chart, alertsMax: null, textBytesMax: null });
    if (made.kind === 'refused') return { kind: 'rejected', retry: false, reason: 'clientError', message: made.why };
    const reached = this.#reached.get(input.id) ?? new Set<string>();
    let message = withoutRecipients(made.message, reached);
    let result = await this.#ports.mail.send(server, message);
    if (result.kind === 'too_big') {
      const smaller = smallerMessage(this.#config, input, made.message, result.bytesMax);
      if (smaller.kind === 'message') {
        message = withoutRecipients(smaller.message, reached);
        result = await this.#ports.mail.send(server, message);
      }
    }
    const outcome = this.#outcomeOf(result, { input, message, reached });
    if (outcome.kind === 'accepted' || (outcome.kind === 'rejected' && !outcome.retry)) this.#reached.delete(input.id);
    return outcome;
  }

  close(): void {
    this.#reached.clear();
  }

  #chartFor(input: SendInput): Promise<ChartImage | null> {
    const { hasChart, html } = this.#config;
    const isWanted = hasChart && (hasBuiltInHtml(this.#config) || html.includes('cid:chart'));
    return isWanted ? this.#ports.charts.chartOf(input.data.alerts, input.createdAt) : Promise.resolve(null);
  }

  #outcomeOf(result: MailResult, sent: Sent): SendOutcome {
    const { input, message, reached } = sent;
    switch (result.kind) {
      case 'accepted':
        return this.#accepted(result.response, result.refused, sent);
      case 'unknown':
        return { kind: 'unknown', message: result.message };
      case 'too_big':
        return { kind: 'rejected', retry: false, reason: 'clientError', message: `message_too_large: ${result.message}` };
      case 'rejected': {
        const { message: why, reason } = refusalOf(result.cause, result.message);
        // The others have it: that these cannot get it must not bring it to them again and again.
        if (result.cause === 'recipient' && reached.size > 0 && (!result.retry || isLastAttempt(input)))
          return {
            kind: 'accepted',
            answer: `taken before for ${[...reached].join(', ')}; refused for ${message.to.join(', ')}: ${why}`,
            data: threadData(input, message.messageId),
          };
        return { kind: 'rejected', retry: result.retry, reason, message: why };
      }
    }
  }

  #accepted(response: string, refused: readonly RefusedRecipient[], { input, message, reached }: Sent): SendOutcome {
    const names = refused.map(({ address, message: said }) => `${address} (${refusalOf('recipient', said).name}: ${said})`).join(', ');
    if (refused.some(({ retry }) => retry) && !isLastAttempt(input)) {
      const gone = new Set(refused.filter(({ retry }) => retry).map(({ address }) => address));
      this.#remember(input.id, new Set([...reached, ...message.to.map(bareAddress).filter((address) => !gone.has(address))]));
      return { kind: 'rejected', retry: true, reason: 'other', message: `taken, but not for everybody: refused ${names}` };
    }
    const answer = refused.length === 0 ? response : `${response}; refused ${names}`;
    return { kind: 'accepted', answer, data: threadData(input, message.messageId) };
  }

  #remember(id: string, addresses: ReadonlySet<string>): void {
    this.#reached.delete(id);
    this.#reached.set(id, addresses);
    for (const oldest of this.#reached.keys()) {
      if (this.#reached.size <= REMEMBERED_MAX) return;
      this.#reached.delete(oldest);
    }
  }
}

type Sent = { readonly input: SendInput; readonly message: MailMessage; readonly reached: ReadonlySet<string> };

const isLastAttempt = ({ now, createdAt, deadline }: SendInput): boolean =>
  deadline - now <= Math.min(LAST_ATTEMPT_MS, (deadline - createdAt) / 2);

/** For those who are left; all are still shown. */
function withoutRecipients(message: MailMessage, reached: ReadonlySet<string>): MailMessage {
  const to = message.to.filter((address) => !reached.has(bareAddress(address)));
  if (to.length === message.to.length || to.length === 0) return message;
  const isShown = message.headers.some(([name]) => name === 'To');
  return { ...message, to, headers: isShown ? message.headers : [...message.headers, ['To', message.to.join(', ')]] };
}

function smtpServer(config: EmailConfig, { readSecret }: EmailPorts): SmtpServer | { readonly error: string } {
  const { smarthost, authUsername } = config;
  const isImplicit = config.forceImplicitTls ?? smarthost.port === IMPLICIT_TLS_PORT;
  const server: SmtpServer = {
    host: smarthost.host,
    port: Number(smarthost.port),
    security: isImplicit ? 'implicit' : config.requireTls ? 'required' : 'never',
    hello: config.hello,
    tls: config.tls,
    auth: null,
    timeoutMs: durationMs(SEND_MS),
  };
  if (authUsername === '') return server;
  const password = config.authPassword === null ? new Secret('') : readSecret(config.authPassword);
  if ('error' in password) return { error: `cannot read auth_password: ${password.error}` };
  const secret = config.authSecret === null ? new Secret('') : readSecret(config.authSecret);
  if ('error' in secret) return { error: `cannot read auth_secret: ${secret.error}` };
  return { ...server, auth: { username: authUsername, password, secret, identity: config.authIdentity } };
}
