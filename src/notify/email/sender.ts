/**
 * The machine's mail transport, over nodemailer. Says of every send whether the server took it, refused it, or may have
 * taken it: a connection that breaks after the message was handed over is 'unknown'. The outbox owns retries.
 */

import { readFileSync } from 'node:fs';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import type { TlsClientConfig } from '../../model/http.ts';
import type { MailMessage, MailResult, MailTransport, SmtpServer } from '../../model/mail.ts';

const CONNECT_MS = 10_000;
const DNS_MS = 5000;

export const smtpTransport: MailTransport = {
  send: async (server, message) => {
    const transport = nodemailer.createTransport(transportOptions(server));
    try {
      const info = await transport.sendMail(mailOptions(message));
      const refused = info.rejected ?? [];
      if (refused.length > 0)
        return {
          kind: 'rejected',
          retry: false,
          cause: 'address',
          message: `the server refused ${refused.join(', ')} and took the others: ${info.response}`,
        };
      return { kind: 'accepted', response: info.response };
    } catch (error) {
      return refusalOf(error as SmtpError);
    } finally {
      transport.close();
    }
  },
};

function transportOptions(server: SmtpServer): Record<string, unknown> {
  const { auth } = server;
  return {
    host: server.host,
    port: server.port,
    secure: server.security === 'implicit',
    requireTLS: server.security === 'required',
    ignoreTLS: server.security === 'never',
    name: server.hello,
    tls: tlsOptions(server.tls, server.host),
    ...(auth === null
      ? {}
      : auth.secret.reveal() !== '' && auth.password.reveal() === ''
        ? { auth: { user: auth.username, pass: auth.secret.reveal() }, authMethod: 'CRAM-MD5' }
        : { auth: { user: auth.username, pass: auth.password.reveal() } }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: DNS_MS,
    socketTimeout: server.timeoutMs,
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function tlsOptions(tls: TlsClientConfig, host: string): Record<string, unknown> {
  const pem = (source: TlsClientConfig['ca']): string | undefined =>
    source === null ? undefined : source.kind === 'inline' ? source.pem : readFileSync(source.path, 'utf8');
  const key =
    tls.key === null
      ? undefined
      : tls.key.kind === 'inline'
        ? tls.key.secret.reveal()
        : tls.key.kind === 'file'
          ? readFileSync(tls.key.path, 'utf8')
          : process.env[tls.key.name];
  return {
    servername: tls.serverName === '' ? host : tls.serverName,
    rejectUnauthorized: !tls.insecureSkipVerify,
    ca: pem(tls.ca),
    cert: pem(tls.cert),
    key,
    ...(tls.minVersion === null ? {} : { minVersion: `TLSv1.${tls.minVersion.slice(-1)}` }),
  };
}

function mailOptions(message: MailMessage): SendMailOptions {
  return {
    from: message.from,
    to: [...message.to],
    subject: message.subject,
    ...(message.text === '' ? {} : { text: message.text }),
    ...(message.html === '' ? {} : { html: message.html }),
    date: new Date(message.date),
    messageId: message.messageId,
    headers: message.headers.map(([key, value]) => ({ key, value })),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

type SmtpError = Error & {
  readonly code?: string;
  readonly responseCode?: number;
  readonly permanent?: boolean;
  readonly command?: string;
};

function refusalOf(error: SmtpError): MailResult {
  const { message } = error;
  const retry = error.permanent !== true;
  switch (error.code) {
    case 'EAUTH':
    case 'ENOAUTH':
      return { kind: 'rejected', retry, cause: 'auth', message };
    case 'ETLS':
      return { kind: 'rejected', retry: true, cause: 'tls', message };
    case 'EENVELOPE':
      return { kind: 'rejected', retry, cause: 'address', message };
    case 'EMESSAGE':
      return { kind: 'rejected', retry, cause: 'content', message };
    case 'ESOCKET':
    case 'EDNS':
    case 'EPROTOCOL':
    case 'ETIMEDOUT':
    case 'ECONNECTION':
      // No reply code, and the message was already being handed over: it may be delivered.
      if (error.responseCode === undefined && (error.command === 'DATA' || (error.code === 'ECONNECTION' && error.command === 'CONN')))
        return { kind: 'unknown', message };
      return { kind: 'rejected', retry, cause: 'connect', message };
    default:
      return { kind: 'rejected', retry, cause: 'server', message };
  }
}
