/**
 * A mail server on a real port that keeps what it accepts and misbehaves as told at any stage of the dialogue
 * (over smtp-server). Its messages are read by a MIME reader as small as our own messages need.
 */
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import type { TestCertificate } from './certificates.ts';

/** `data_begin`: before the first byte of the message is read; `data`: after its final dot. */
export type SmtpStage = 'connect' | 'auth' | 'mail_from' | 'rcpt_to' | 'data_begin' | 'data';
export type SmtpBehaviour =
  | { readonly kind: 'accept' }
  /** Refuses with a reply: 4xx for now, 5xx for good. At `data` the whole message was read before. */
  | { readonly kind: 'refuse'; readonly stage: SmtpStage; readonly code: number; readonly message: string }
  /** Says nothing more. At `connect` not even the greeting. */
  | { readonly kind: 'hang'; readonly stage: SmtpStage }
  /** Closes the connection without a reply; at `data` after the final dot, when the message may be `kept` all the same. */
  | { readonly kind: 'disconnect'; readonly stage: SmtpStage; readonly kept: boolean };

export type ReceivedMail = {
  readonly from: string;
  readonly to: readonly string[];
  /** Names are lower-case; values unfolded, with encoded words decoded. */
  readonly headers: ReadonlyMap<string, string>;
  /** The leaves of the MIME tree, decoded: `text/plain`, `text/html`. `within`: the type of what they lie in, '' at the top. */
  readonly parts: readonly { readonly type: string; readonly text: string; readonly within: string; readonly contentId: string | null }[];
  readonly raw: string;
  readonly isSecure: boolean;
  readonly username: string | null;
  /** How its sender logged in; null: not at all. */
  readonly authMethod: string | null;
};

export type FakeSmtpOptions = {
  readonly security?: 'never' | 'starttls' | 'implicit';
  readonly certificate?: TestCertificate;
  readonly login?: { readonly username: string; readonly password: string };
  /** As announced, in this order. */
  readonly authMethods?: readonly string[];
  readonly sizeMax?: number;
  /** The limit is kept, but not announced. */
  readonly hidesSize?: boolean;
};

export class FakeSmtpServer {
  readonly received: ReceivedMail[] = [];
  /** `recipient`: at `rcpt_to`, else ''. */
  behaviour: (stage: SmtpStage, mailFrom: string, recipient: string) => SmtpBehaviour = () => ({ kind: 'accept' });
  /** Connections that were opened. */
  connections = 0;
  readonly #server: SMTPServer;
  #port = 0;

  static async start(options: FakeSmtpOptions = {}): Promise<FakeSmtpServer> {
    const fake = new FakeSmtpServer(options);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', () => resolve()));
    fake.#port = (fake.#server.server.address() as AddressInfo).port;
    return fake;
  }

  private constructor({
    security = 'never',
    certificate,
    login,
    authMethods = ['PLAIN', 'LOGIN'],
    sizeMax,
    hidesSize = false,
  }: FakeSmtpOptions) {
    this.#server = new SMTPServer({
      secure: security === 'implicit',
      ...certificate,
      ...(sizeMax === undefined ? {} : { size: sizeMax }),
      hideSize: hidesSize,
      disabledCommands: [...(security === 'starttls' ? [] : ['STARTTLS']), ...(login === undefined ? ['AUTH'] : [])],
      allowInsecureAuth: true,
      disableReverseLookup: true,
      closeTimeout: 1,
      authMethods: [...authMethods],
      onConnect: (session, done) => {
        this.connections++;
        this.#act('connect', session, done);
      },
      onAuth: (auth, session, done) => {
        const isRight =
          auth.username === login?.username &&
          (auth.method === 'CRAM-MD5' ? auth.validatePassword(login?.password ?? '') : auth.password === login?.password);
        this.#act('auth', session, (error) => {
          if (error) done(error);
          else if (isRight) done(null, { user: `${auth.username} ${auth.method}` });
          else done(reply(535, '5.7.8 authentication failed'));
        });
      },
      onMailFrom: (_, session, done) => this.#act('mail_from', session, done),
      onRcptTo: ({ address }, session, done) => this.#act('rcpt_to', session, done, { recipient: address }),
      onData: (stream, session, done) => {
        this.#act('data_begin', session, (error) => {
          if (error) throw error; // a refusal comes after the final dot
        });
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (stream.sizeExceeded) done(reply(552, '5.3.4 message too big'));
          else this.#act('data', session, done, { message: Buffer.concat(chunks).toString('utf8') });
        });
      },
    });
    this.#server.on('error', () => {}); // connections that break are part of the game
  }

  get port(): number {
    return this.#port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #act(
    stage: SmtpStage,
    session: SMTPServerSession,
    done: (error?: Error | null) => void,
    { recipient = '', message }: { readonly recipient?: string; readonly message?: string } = {},
  ): void {
    const mailFrom = session.envelope?.mailFrom;
    const decided = this.behaviour(stage, mailFrom ? mailFrom.address : '', recipient);
    const behaviour: SmtpBehaviour = decided.kind !== 'accept' && decided.stage !== stage ? { kind: 'accept' } : decided;
    if (message !== undefined && (behaviour.kind === 'accept' || (behaviour.kind === 'disconnect' && behaviour.kept))) {
      this.received.push(readMail(message, session));
    }
    switch (behaviour.kind) {
      case 'accept':
        done();
        return;
      case 'refuse':
        done(reply(behaviour.code, behaviour.message));
        return;
      case 'hang':
        return;
      case 'disconnect':
        for (const connection of this.#server.connections as ReadonlySet<{ readonly id: string; readonly _socket: { destroy(): void } }>) {
          if (connection.id === session.id) connection._socket.destroy();
        }
    }
  }
}

const reply = (responseCode: number, message: string): Error => Object.assign(new Error(message), { responseCode });

function readMail(raw: string, session: SMTPServerSession): ReceivedMail {
  const { headers } = readPart(raw);
  const { mailFrom, rcptTo } = session.envelope;
  const [username = null, authMethod = null] = typeof session.user === 'string' ? session.user.split(' ') : [];
  return {
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map(({ address }) => address),
    headers,
    parts: leaves(raw),
    raw,
    isSecure: session.secure,
    username,
    authMethod,
  };
}

function readPart(raw: string): { readonly headers: ReadonlyMap<string, string>; readonly body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const head = end < 0 ? raw : raw.slice(0, end);
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim()));
  }
  return { headers, body: end < 0 ? '' : raw.slice(end + 4) };
}

function leaves(raw: string, within = ''): ReceivedMail['parts'] {
  const { headers, body } = readPart(raw);
  const type = headers.get('content-type') ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary === undefined) {
    const contentId = headers.get('content-id')?.replace(/^<|>$/g, '') ?? null;
    return [{ type: bareType(type), text: decodeBody(body, headers.get('content-transfer-encoding') ?? ''), within, contentId }];
  }
  return body
    .split(`--${boundary}`)
    .slice(1, -1)
    .flatMap((part) => leaves(part.replace(/^\r\n/, '').replace(/\r\n$/, ''), bareType(type)));
}

const bareType = (type: string): string => type.split(';')[0]?.trim().toLowerCase() ?? '';

function decodeBody(body: string, encoding: string): string {
  switch (encoding.toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64').toString('utf8');
    case 'quoted-printable':
      return fromQuoted(body.replace(/=\r\n/g, ''));
    default:
      return body;
  }
}

/** RFC 2047 encoded words, of UTF-8; white space between two of them is none. */
const decodeWords = (text: string): string =>
  text
    .replace(/(\?=)\s+(=\?)/g, '$1$2')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b' ? Buffer.from(word, 'base64').toString('utf8') : fromQuoted(word.replaceAll('_', ' ')),
    );

const fromQuoted = (text: string): string =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
