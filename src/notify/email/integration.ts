/** Sends notifications by mail: message.ts makes the mail, the transport delivers it. */
import type { MailTransport, SmtpServer } from '../../model/mail.ts';
import { Secret, type SecretSource } from '../../model/secret.ts';
import { durationMs } from '../../model/time.ts';
import type { FailureReason, Integration, SendOutcome } from '../integration.ts';
import type { EmailConfig } from './config.ts';
import { emailMessage } from './message.ts';

/** One mail: connecting, TLS, login, data. */
const SEND_MS = 30_000;
const IMPLICIT_TLS_PORT = '465';

export type EmailPorts = {
  readonly mail: MailTransport /** The secret, or why it cannot be read now. */;
  readonly readSecret: (source: SecretSource) => Secret | { readonly error: string };
};

export function emailIntegration(config: EmailConfig, ports: EmailPorts): Integration {
  return {
    send: async (input): Promise<SendOutcome> => {
      const made = emailMessage(config, input);
      if (made.kind === 'refused') return { kind: 'rejected', retry: false, reason: 'clientError', message: made.why };
      const server = smtpServer(config, ports);
      if ('error' in server) return { kind: 'rejected', retry: true, reason: 'other', message: server.error };
      const result = await ports.mail.send(server, made.message);
      switch (result.kind) {
        case 'accepted':
          return { kind: 'accepted', answer: result.response };
        case 'unknown':
          return { kind: 'unknown', message: result.message };
        case 'rejected':
          return { kind: 'rejected', retry: result.retry, reason: REASONS[result.cause], message: result.message };
      }
    },
    close: () => {},
  };
}

const REASONS: Readonly<Record<'address' | 'auth' | 'tls' | 'connect' | 'content' | 'server', FailureReason>> = {
  address: 'clientError',
  auth: 'authError',
  tls: 'other',
  connect: 'other',
  content: 'clientError',
  server: 'serverError',
};

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
