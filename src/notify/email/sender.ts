/**
 * The machine's mail transport, over nodemailer's SMTP client. Says of every send whether the server took it, refused it,
 * or may have taken it: once the whole message was handed over, a connection that breaks or an answer that never comes is
 * 'unknown'; before that nothing was sent. One connection a mail, one time limit for all of it. The outbox owns retries.
 * STARTTLS and the choice of how to log in are Alertmanager's (notify/email/email.go); RFC 5321, 1870 (SIZE), 4954 (AUTH).
 */
import { Readable } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { NodemailerError } from 'nodemailer';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection, { type SMTPConnectionCustomAuthHandler } from 'nodemailer/lib/smtp-connection';
import { isLoopback } from '../../lib/loopback.ts';
import type { TlsClientConfig } from '../../model/http.ts';
import type { MailMessage, MailResult, MailTransport, RefusedRecipient, SmtpServer } from '../../model/mail.ts';

const CONNECT_MS = 10_000;
const DNS_MS = 5000;
const CHUNK_BYTES = 64 * 1024;

/** `tlsOf`: what a tls_config says, files read; throws where one cannot be read. */
export const smtpTransport = (tlsOf: (config: TlsClientConfig) => ConnectionOptions): MailTransport => ({
  send: async (server, message) => {
    let tls: ConnectionOptions;
    try {
      tls = tlsOf(server.tls);
    } catch (error) {
      return { kind: 'rejected', retry: true, cause: 'tls', message: `tls_config: ${textOf(error)}` };
    }
    const session = new SmtpSession(server, tls);
    try {
      return await session.send(message);
    } catch (error) {
      return session.resultOf(error as NodemailerError);
    } finally {
      session.end();
    }
  },
});

class SmtpSession {
  readonly #server: SmtpServer;
  readonly #connection: SMTPConnection;
  /** Rejects once the connection has failed, whatever is waited for. */
  readonly #failure: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  /** The message up to its last byte is with the connection: from here on the server may have it. */
  #isHandedOver = false;
  /** Of the SIZE extension; null where the server names none. */
  #bytesMax: number | null = null;

  constructor(server: SmtpServer, tls: ConnectionOptions) {
    this.#server = server;
    const { auth } = server;
    this.#connection = new SMTPConnection({
      host: server.host,
      port: server.port,
      secure: server.security === 'implicit',
      requireTLS: server.security === 'required',
      ignoreTLS: server.security === 'never',
      name: server.hello,
      tls,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      dnsTimeout: DNS_MS,
      socketTimeout: server.timeoutMs,
      ...(auth === null || auth.identity === '' ? {} : { customAuth: { PLAIN: plainWithIdentity(auth.identity) } }),
    });
    let fail: (error: Error) => void = () => {};
    this.#failure = new Promise((_, reject) => {
      fail = reject;
    });
    this.#failure.catch(() => {}); // heard where something is waited for
    this.#connection.on('error', fail);
    this.#connection.on('end', () => fail(Object.assign(new Error('the server closed the connection'), { code: 'ECONNECTION' })));
    this.#timer = setTimeout(
      () => fail(Object.assign(new Error(`no answer within ${server.timeoutMs / 1000} s`), { code: 'ETIMEDOUT' })),
      server.timeoutMs,
    );
  }

  async send(message: MailMessage): Promise<MailResult> {
    const composed = composerOf(message).compile();
    const bytes = await composed.build();
    await this.#step((done) => this.#connection.connect(done));
    const capabilities = String(this.#connection.lastServerResponse);
    this.#bytesMax = sizeIn(capabilities);
    if (this.#bytesMax !== null && bytes.length > this.#bytesMax)
      return {
        kind: 'too_big',
        bytesMax: this.#bytesMax,
        message: `the mail has ${bytes.length} bytes, the server takes ${this.#bytesMax}`,
      };
    const login = this.#loginFor(capabilities);
    if ('refused' in login) return { kind: 'rejected', retry: false, cause: 'auth', message: login.refused };
    const { credentials } = login;
    if (credentials !== null) await this.#step((done) => this.#connection.login(credentials, done));
    const { from, to } = composed.getEnvelope();
    const info = await this.#step<Sent>((done) =>
      this.#connection.send({ from, to, size: bytes.length }, this.#streamOf(bytes), (error, sent) => done(error, sent)),
    );
    this.#connection.quit();
    return { kind: 'accepted', response: info.response, refused: (info.rejectedErrors ?? []).map(refusedRecipient) };
  }

  /** What an error means, as far as the session had come. */
  resultOf(error: NodemailerError): MailResult {
    const { code, responseCode, message, permanent, command } = error;
    if (this.#isHandedOver && responseCode === undefined) return { kind: 'unknown', message: `after the message was sent: ${message}` };
    const retry = permanent !== true;
    if (responseCode === 552 && TOO_BIG.test(message)) return { kind: 'too_big', bytesMax: this.#bytesMax, message };
    const tls = this.#tlsTrouble(error);
    if (tls !== null) return { kind: 'rejected', retry: true, ...tls };
    switch (code) {
      case 'EAUTH':
        return { kind: 'rejected', retry, cause: 'auth', message };
      case 'EENVELOPE':
        return {
          kind: 'rejected',
          retry,
          cause: command === 'DATA' ? 'content' : command === 'MAIL FROM' ? 'sender' : 'recipient',
          message,
        };
      case 'EMESSAGE':
        return { kind: 'rejected', retry, cause: 'content', message };
      case 'ESOCKET':
      case 'EDNS':
      case 'EPROTOCOL':
      case 'ETIMEDOUT':
      case 'ECONNECTION':
        return { kind: 'rejected', retry, cause: 'connect', message };
      default:
        return { kind: 'rejected', retry, cause: 'server', message };
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    // After QUIT the server is to close first.
    if (!this.#isHandedOver) this.#connection.close();
    else setTimeout(() => this.#connection.close(), GOODBYE_MS).unref();
  }

  #step<T>(begin: (done: (error?: Error | null, result?: T) => void) => void): Promise<T> {
    const step = new Promise<T>((resolve, reject) =>
      begin((error, result) => (error === undefined || error === null ? resolve(result as T) : reject(error))),
    );
    step.catch(() => {}); // where the failure came first
    return Promise.race([step, this.#failure]);
  }

  #streamOf(bytes: Buffer): Readable {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES));
    const stream = Readable.from(chunks);
    stream.once('end', () => {
      this.#isHandedOver = true;
    });
    return stream;
  }

  /** The first mechanism of the server's list that there is something for decides, as in Alertmanager. */
  #loginFor(capabilities: string): { readonly credentials: Credentials | null } | { readonly refused: string } {
    const { auth } = this.#server;
    const offered = mechanismsIn(capabilities);
    if (auth === null || offered === null) return { credentials: null };
    const user = auth.username;
    const password = auth.password.reveal();
    const secret = auth.secret.reveal();
    for (const method of offered) {
      if (method === 'CRAM-MD5' && secret !== '') return { credentials: { user, pass: secret, method } };
      if (method === 'LOGIN' && password !== '') return { credentials: { user, pass: password, method } };
      if (method !== 'PLAIN' || password === '') continue;
      if (this.#connection.secure || isLoopback(this.#server.host)) return { credentials: { user, pass: password, method } };
      return { refused: `auth_password is not sent to ${this.#name} unencrypted; set require_tls: true, or leave auth_username out` };
    }
    const missing = offered.includes('CRAM-MD5') ? 'auth_secret for CRAM-MD5, or auth_password for PLAIN and LOGIN' : 'auth_password';
    return { refused: `${this.#name} offers ${offered.join(', ')} to log in, and none can be used; set ${missing}` };
  }

  get #name(): string {
    return `${this.#server.host}:${this.#server.port}`;
  }

  #tlsTrouble({ code, originalCode, message, response }: NodemailerError): TlsTrouble | null {
    const certificate = (words: string): TlsTrouble => ({ cause: 'certificate', message: words });
    const tls = (words: string): TlsTrouble => ({ cause: 'tls', message: words });
    if (code === 'ETLS' && response !== undefined)
      return tls(
        `"require_tls" is true, which is its default, but ${this.#name} does not offer STARTTLS (${response}); nothing was sent. Use its port with TLS, or set require_tls: false where the way there is safe`,
      );
    const about = `the certificate of ${this.#name}`;
    switch (originalCode) {
      case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      case 'SELF_SIGNED_CERT_IN_CHAIN':
      case 'UNABLE_TO_GET_ISSUER_CERT':
      case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
        return certificate(
          `nobody whom this machine trusts has signed ${about} (${message}); name its authority with tls_config: {ca_file: FILE}`,
        );
      case 'ERR_TLS_CERT_ALTNAME_INVALID':
        return certificate(`${about} is for another name (${message}); name it with tls_config: {server_name: NAME}`);
      case 'CERT_HAS_EXPIRED':
        return certificate(`${about} has expired; the server needs a new one`);
      case 'CERT_NOT_YET_VALID':
        return certificate(`${about} is not valid yet; look at the clocks of both machines`);
      default:
        return code === 'ETLS' || (originalCode !== undefined && /^(ERR_(SSL|TLS)_|EPROTO$|CERT_)/.test(originalCode))
          ? tls(`TLS with ${this.#name} failed: ${message}`)
          : null;
    }
  }
}

const GOODBYE_MS = 1000;
/** Mailboxes that are full answer 552 too. */
const TOO_BIG = /\b5\.3\.4\b|size|too (big|large|long)/i;

type TlsTrouble = { readonly cause: 'tls' | 'certificate'; readonly message: string };
type Credentials = { readonly user: string; readonly pass: string; readonly method: string };
type Sent = { readonly response: string; readonly rejectedErrors?: readonly NodemailerError[] | undefined };

const refusedRecipient = (error: NodemailerError): RefusedRecipient => ({
  address: error.recipient ?? '',
  retry: error.permanent !== true,
  message: error.response ?? error.message,
});

/** SASL PLAIN on behalf of somebody else; the client's own leaves that out (RFC 4616). */
const plainWithIdentity =
  (identity: string): SMTPConnectionCustomAuthHandler =>
  async ({ auth, sendCommand }) => {
    const { user, pass } = auth.credentials;
    const reply = await sendCommand(`AUTH PLAIN ${Buffer.from(`${identity}\0${user}\0${pass}`).toString('base64')}`);
    if (reply.status !== 235) throw new Error('Invalid login');
  };

/** Null: the server lets nobody log in. */
function mechanismsIn(capabilities: string): readonly string[] | null {
  const lines = [...capabilities.matchAll(/^250[- ]AUTH[ =](.*)$/gim)];
  if (lines.length === 0) return null;
  return [...new Set(lines.flatMap(([, list = '']) => list.trim().toUpperCase().split(/\s+/)))];
}

function sizeIn(capabilities: string): number | null {
  const bytes = Number(/^250[- ]SIZE +(\d+)/im.exec(capabilities)?.[1] ?? 0);
  return bytes === 0 ? null : bytes; // 0: no fixed limit
}

/** A `To` among the headers is what readers see; the recipients are the message's own. */
const composerOf = (message: MailMessage): MailComposer =>
  new MailComposer({
    envelope: { from: message.from, to: [...message.to] },
    from: message.from,
    to: message.headers.find(([name]) => name === 'To')?.[1] ?? [...message.to],
    subject: message.subject,
    ...(message.text === '' ? {} : { text: message.text }),
    ...(message.html === '' ? {} : { html: message.html }),
    attachments: message.images.map(({ contentId, filename, bytes }) => ({
      cid: contentId,
      filename,
      contentType: 'image/png',
      contentDisposition: 'inline',
      content: Buffer.from(bytes),
    })),
    date: new Date(message.date),
    messageId: message.messageId,
    headers: message.headers.filter(([name]) => name !== 'To').map(([key, value]) => ({ key, value })),
    disableFileAccess: true,
    disableUrlAccess: true,
  });

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
