/** The real client against a mail server on a real port that misbehaves at every stage. */
import { createServer, type Server } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { TEST_AUTHORITY, TEST_SERVER, TEST_STRANGER } from '../../../test/support/certificates.ts';
import { type FakeSmtpOptions, FakeSmtpServer, type SmtpBehaviour, type SmtpStage } from '../../../test/support/fake-smtp-server.ts';
import { PLAIN_TLS, type TlsClientConfig } from '../../model/http.ts';
import type { MailMessage, MailResult, SmtpServer } from '../../model/mail.ts';
import { Secret } from '../../model/secret.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { nodeDisk } from '../../platform/real/node-disk.ts';
import { tlsOptions } from '../../platform/real/tls-material.ts';
import { SecretReader } from '../../platform/secret-reader.ts';
import { refusalOf } from './refusal.ts';
import { smtpTransport } from './sender.ts';

const transport = smtpTransport(tlsOptions(new SecretReader(nodeDisk, () => undefined)));

const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function start(options: FakeSmtpOptions = {}, behaviour?: FakeSmtpServer['behaviour']): Promise<FakeSmtpServer> {
  const server = await FakeSmtpServer.start(options);
  closing.push(() => server.close());
  if (behaviour !== undefined) server.behaviour = behaviour;
  return server;
}

const message: MailMessage = {
  from: 'Tocsin <tocsin@example.org>',
  to: ['Ana <ana@example.org>', 'bo@example.org'],
  subject: '[FIRING:1] Größe',
  text: 'text ü',
  html: '<p>html <img src="cid:chart.1@example.org"></p>',
  images: [],
  date: unixMs(1_767_225_600_000),
  messageId: '<n.1@example.org>',
  headers: [['List-Id', '<team.tocsin.example.org>']],
};
const trusting: TlsClientConfig = { ...PLAIN_TLS, ca: { kind: 'inline', pem: TEST_AUTHORITY } };
const serverAt = (port: number, changes: Partial<SmtpServer> = {}): SmtpServer => ({
  host: '127.0.0.1',
  port,
  security: 'never',
  hello: 'tocsin.example.org',
  tls: trusting,
  auth: null,
  timeoutMs: durationMs(5000),
  ...changes,
});
const send = (
  { port }: { readonly port: number },
  changes: Partial<SmtpServer> = {},
  mail: Partial<MailMessage> = {},
): Promise<MailResult> => transport.send(serverAt(port, changes), { ...message, ...mail });

describe.concurrent('what arrives', () => {
  test('is the message with its picture beside the HTML that shows it, under the identity and date that it was given', async () => {
    const server = await start();
    const picture = { contentId: 'chart.1@example.org', filename: 'chart.png', bytes: new TextEncoder().encode('a picture') };
    expect(await send(server, {}, { images: [picture] })).toMatchObject({ kind: 'accepted', refused: [] });
    const [mail] = server.received;
    expect(mail).toMatchObject({ from: 'tocsin@example.org', to: ['ana@example.org', 'bo@example.org'] });
    expect(mail?.headers.get('message-id')).toBe('<n.1@example.org>');
    expect(mail?.headers.get('date')).toBe('Thu, 01 Jan 2026 00:00:00 +0000');
    expect(mail?.headers.get('list-id')).toBe('<team.tocsin.example.org>');
    expect(mail?.parts.map(({ text, ...part }) => ({ ...part, text: text.trim() }))).toEqual([
      { type: 'text/plain', within: 'multipart/alternative', contentId: null, text: 'text ü' },
      { type: 'text/html', within: 'multipart/related', contentId: null, text: message.html },
      { type: 'image/png', within: 'multipart/related', contentId: 'chart.1@example.org', text: 'a picture' },
    ]);
  });

  test('goes to the recipients, whatever the headers say', async () => {
    const server = await start();
    await send(
      server,
      {},
      {
        to: ['bo@example.org'],
        headers: [
          ['To', 'all@example.org'],
          ['Cc', 'c@example.org'],
        ],
      },
    );
    expect(server.received[0]?.to).toEqual(['bo@example.org']);
    expect(server.received[0]?.headers.get('to')).toBe('all@example.org');
    expect(server.received[0]?.headers.get('cc')).toBe('c@example.org');
  });
});

describe.concurrent('TLS', () => {
  const starttls: FakeSmtpOptions = { security: 'starttls', certificate: TEST_SERVER };
  test.each<{ given: string; server: FakeSmtpOptions; client: Partial<SmtpServer>; isSecure: boolean }>([
    {
      given: 'from the first byte',
      server: { security: 'implicit', certificate: TEST_SERVER },
      client: { security: 'implicit' },
      isSecure: true,
    },
    { given: 'by STARTTLS', server: starttls, client: { security: 'required' }, isSecure: true },
    {
      given: 'by STARTTLS under another name',
      server: starttls,
      client: { security: 'required', tls: { ...trusting, serverName: 'target.test' } },
      isSecure: true,
    },
    {
      given: 'by STARTTLS, unchecked',
      server: { security: 'starttls', certificate: TEST_STRANGER },
      client: { security: 'required', tls: { ...PLAIN_TLS, insecureSkipVerify: true } },
      isSecure: true,
    },
    { given: 'not, though it is offered', server: starttls, client: { security: 'never' }, isSecure: false },
  ])('$given', async ({ server: options, client, isSecure }) => {
    const server = await start(options);
    expect(await send(server, client)).toMatchObject({ kind: 'accepted' });
    expect(server.received[0]?.isSecure).toBe(isSecure);
  });

  test.each<{ given: string; server: FakeSmtpOptions; client: Partial<SmtpServer>; message: RegExp; cause?: 'certificate' }>([
    {
      given: 'STARTTLS was taken away',
      server: {},
      client: { security: 'required' },
      message: /"require_tls" is true.*127\.0\.0\.1:\d+ does not offer STARTTLS.*nothing was sent/,
    },
    {
      given: 'a certificate that nobody vouches for',
      server: { security: 'starttls', certificate: TEST_STRANGER },
      client: { security: 'required' },
      message: /nobody whom this machine trusts has signed the certificate of 127\.0\.0\.1:\d+.*ca_file/,
      cause: 'certificate',
    },
    {
      given: 'the same from the first byte',
      server: { security: 'implicit', certificate: TEST_STRANGER },
      client: { security: 'implicit' },
      message: /nobody whom this machine trusts/,
      cause: 'certificate',
    },
    {
      given: 'an authority that is not ours',
      server: starttls,
      client: { security: 'required', tls: PLAIN_TLS },
      message: /nobody whom this machine trusts/,
      cause: 'certificate',
    },
    {
      given: 'a certificate for another name',
      server: starttls,
      client: { security: 'required', tls: { ...trusting, serverName: 'other.test' } },
      message: /is for another name .*server_name/,
      cause: 'certificate',
    },
    {
      given: 'a file that is not there',
      server: starttls,
      client: { security: 'required', tls: { ...trusting, ca: { kind: 'file', path: '/no/such/ca.pem' } } },
      message: /tls_config: .*\/no\/such\/ca\.pem/,
    },
    { given: 'a server without TLS', server: {}, client: { security: 'implicit' }, message: /TLS with 127\.0\.0\.1:\d+ failed/ },
  ])('$given: refused, named, tried again later', async ({ server: options, client, message: words, cause = 'tls' }) => {
    const server = await start(options);
    const result = await send(server, client);
    expect(result).toMatchObject({ kind: 'rejected', retry: true, cause });
    expect('message' in result && result.message).toMatch(words);
    expect(server.received).toEqual([]);
  });
});

describe.concurrent('logging in', () => {
  const auth = { username: 'ana', password: new Secret('right'), secret: new Secret(''), identity: '' };
  const login = { username: 'ana', password: 'right' };
  test.each([
    { offered: ['PLAIN', 'LOGIN'], has: {}, uses: 'PLAIN' },
    { offered: ['LOGIN', 'PLAIN'], has: {}, uses: 'LOGIN' },
    { offered: ['CRAM-MD5', 'PLAIN'], has: {}, uses: 'PLAIN' },
    { offered: ['CRAM-MD5', 'PLAIN'], has: { secret: new Secret('right') }, uses: 'CRAM-MD5' },
    { offered: ['CRAM-MD5'], has: { secret: new Secret('right'), password: new Secret('') }, uses: 'CRAM-MD5' },
    { offered: ['PLAIN'], has: { identity: 'boss' }, uses: 'PLAIN' },
  ])('with $offered offered, uses $uses', async ({ offered, has, uses }) => {
    const server = await start({ login, authMethods: offered });
    expect(await send(server, { auth: { ...auth, ...has } })).toMatchObject({ kind: 'accepted' });
    expect(server.received[0]).toMatchObject({ username: 'ana', authMethod: uses });
  });

  test.each([
    { given: 'a wrong password', offered: ['PLAIN'], has: { password: new Secret('wrong') }, words: /535/ },
    { given: 'a wrong secret', offered: ['CRAM-MD5'], has: { secret: new Secret('wrong') }, words: /535/ },
    {
      given: 'a wrong password and an identity',
      offered: ['PLAIN'],
      has: { password: new Secret('wrong'), identity: 'boss' },
      words: /535/,
    },
    {
      given: 'no secret for the only way there is',
      offered: ['CRAM-MD5'],
      has: {},
      words: /offers CRAM-MD5 to log in, and none can be used; set auth_secret/,
    },
  ])('$given: refused for good, without the secret in the words', async ({ offered, has, words }) => {
    const server = await start({ login, authMethods: offered });
    const result = await send(server, { auth: { ...auth, ...has } });
    expect(result).toMatchObject({ kind: 'rejected', retry: false, cause: 'auth' });
    expect('message' in result && result.message).toMatch(words);
    expect(JSON.stringify(result)).not.toContain('wrong');
  });

  test('a server that is out of order for now is tried again', async () => {
    const server = await start({ login }, () => ({ kind: 'refuse', stage: 'auth', code: 454, message: '4.7.0 later' }));
    expect(await send(server, { auth })).toMatchObject({ kind: 'rejected', retry: true, cause: 'auth' });
  });

  test('a server that lets nobody log in gets the mail as it is', async () => {
    const server = await start();
    expect(await send(server, { auth })).toMatchObject({ kind: 'accepted' });
    expect(server.received[0]?.username).toBeNull();
  });

  test('an identity stands before the name (RFC 4616)', async () => {
    const server = await scripted(['220 hi', '250-me\r\n250 AUTH PLAIN', '535 no']);
    await send(server, { auth: { ...auth, identity: 'boss' } });
    expect(Buffer.from(server.lines[1]?.split(' ')[2] ?? '', 'base64').toString()).toBe('boss\0ana\0right');
  });

  test('no password goes over an open wire to another machine', async () => {
    const server = await scripted(['220 hi', '250-me\r\n250 AUTH PLAIN']);
    // A name of this machine that does not look like one.
    const result = await transport.send(serverAt(server.port, { host: '0.0.0.0', auth }), message);
    expect(result).toMatchObject({ kind: 'rejected', retry: false, cause: 'auth' });
    expect('message' in result && result.message).toMatch(/not sent to 0\.0\.0\.0:\d+ unencrypted; set require_tls: true/);
    expect(server.lines).toEqual(['EHLO tocsin.example.org']);
  });
});

describe.concurrent('a server that', () => {
  const rejected = (cause: string, retry: boolean): Partial<MailResult> => ({ kind: 'rejected', retry, cause }) as Partial<MailResult>;
  test.each<{ behaviour: SmtpBehaviour; becomes: Partial<MailResult>; kept: number }>([
    { behaviour: { kind: 'refuse', stage: 'connect', code: 421, message: 'busy' }, becomes: rejected('connect', true), kept: 0 },
    { behaviour: { kind: 'refuse', stage: 'connect', code: 554, message: 'never' }, becomes: rejected('connect', false), kept: 0 },
    { behaviour: { kind: 'refuse', stage: 'mail_from', code: 451, message: 'later' }, becomes: rejected('sender', true), kept: 0 },
    { behaviour: { kind: 'refuse', stage: 'mail_from', code: 550, message: 'never' }, becomes: rejected('sender', false), kept: 0 },
    { behaviour: { kind: 'refuse', stage: 'rcpt_to', code: 451, message: 'greylisted' }, becomes: rejected('recipient', true), kept: 0 },
    { behaviour: { kind: 'refuse', stage: 'rcpt_to', code: 550, message: 'never' }, becomes: rejected('recipient', false), kept: 0 },
    { behaviour: { kind: 'refuse', stage: 'data', code: 451, message: 'later' }, becomes: rejected('content', true), kept: 0 },
    { behaviour: { kind: 'refuse', stage: 'data', code: 554, message: 'spam' }, becomes: rejected('content', false), kept: 0 },
    {
      behaviour: { kind: 'refuse', stage: 'data', code: 552, message: '5.2.2 mailbox full' },
      becomes: rejected('content', false),
      kept: 0,
    },
    { behaviour: { kind: 'hang', stage: 'connect' }, becomes: rejected('connect', true), kept: 0 },
    { behaviour: { kind: 'hang', stage: 'mail_from' }, becomes: rejected('connect', true), kept: 0 },
    { behaviour: { kind: 'hang', stage: 'rcpt_to' }, becomes: rejected('connect', true), kept: 0 },
    { behaviour: { kind: 'hang', stage: 'data' }, becomes: { kind: 'unknown' }, kept: 0 },
    { behaviour: { kind: 'disconnect', stage: 'connect', kept: false }, becomes: rejected('connect', true), kept: 0 },
    { behaviour: { kind: 'disconnect', stage: 'mail_from', kept: false }, becomes: rejected('connect', true), kept: 0 },
    { behaviour: { kind: 'disconnect', stage: 'rcpt_to', kept: false }, becomes: rejected('connect', true), kept: 0 },
    { behaviour: { kind: 'disconnect', stage: 'data', kept: false }, becomes: { kind: 'unknown' }, kept: 0 },
    { behaviour: { kind: 'disconnect', stage: 'data', kept: true }, becomes: { kind: 'unknown' }, kept: 1 },
  ])('does $behaviour: $becomes', async ({ behaviour, becomes, kept }) => {
    const server = await start({}, () => behaviour);
    expect(await send(server, { timeoutMs: durationMs(behaviour.kind === 'hang' ? 1000 : 5000) })).toMatchObject(becomes);
    expect(server.received.length).toBe(kept);
  });

  test.each<{ stage: SmtpStage; code: number; message: string; name: string }>([
    { stage: 'connect', code: 421, message: 'busy', name: 'server_busy' },
    { stage: 'connect', code: 554, message: 'no', name: 'client_refused' },
    { stage: 'auth', code: 535, message: '5.7.8 no', name: 'authentication_failed' },
    { stage: 'auth', code: 454, message: '4.7.0 later', name: 'authentication_unavailable' },
    { stage: 'mail_from', code: 530, message: '5.7.0 Authentication required', name: 'authentication_required' },
    { stage: 'mail_from', code: 550, message: '5.7.1 no', name: 'sender_refused' },
    { stage: 'rcpt_to', code: 451, message: '4.7.1 Greylisted', name: 'greylisted' },
    { stage: 'rcpt_to', code: 550, message: '5.1.1 unknown user', name: 'unknown_recipient' },
    { stage: 'data', code: 552, message: '5.2.2 over quota', name: 'mailbox_full' },
    { stage: 'data', code: 554, message: '5.7.1 spam', name: 'message_refused' },
  ])('refuses at $stage with $code $message: $name', async ({ name, ...refusal }) => {
    const login = { username: 'ana', password: 'right' };
    const server = await start({ login }, (stage) => (stage === refusal.stage ? { kind: 'refuse', ...refusal } : { kind: 'accept' }));
    const auth = { username: 'ana', password: new Secret('right'), secret: new Secret(''), identity: '' };
    const result = await send(server, { auth });
    expect(result.kind === 'rejected' && refusalOf(result.cause, result.message).name).toBe(name);
  });

  test('breaks off in the midst of a message has not got it', async () => {
    const server = await start({}, () => ({ kind: 'disconnect', stage: 'data_begin', kept: false }));
    const bytes = new Uint8Array(16 * 1024 * 1024);
    const result = await send(server, {}, { images: [{ contentId: 'chart.1@example.org', filename: 'chart.png', bytes }] });
    expect(result).toMatchObject({ kind: 'rejected', retry: true, cause: 'connect' });
  });

  test('is not there: connection refused, tried again', async () => {
    const server = await start();
    await server.close();
    expect(await send(server)).toMatchObject({ kind: 'rejected', retry: true, cause: 'connect' });
  });

  test('drips its answers is given up when the time is over', async () => {
    const server = await scripted(['220 hi', '250-one\r\n'], { drips: '250-more\r\n' });
    expect(await send(server, { timeoutMs: durationMs(200) })).toMatchObject({
      kind: 'rejected',
      retry: true,
      message: 'no answer within 0.2 s',
    });
  });

  test('closes before its last answer, with a reply, has refused', async () => {
    const server = await scripted(['220 hi', '250 me', '250 from', '250 to', '250 to', '354 go', '421 going down']);
    expect(await send(server)).toMatchObject({ kind: 'rejected', retry: true });
  });

  test('refuses one of two keeps the mail of the other', async () => {
    const server = await start({}, (stage, _, recipient) =>
      stage === 'rcpt_to' && recipient === 'bo@example.org'
        ? { kind: 'refuse', stage, code: 550, message: 'unknown user' }
        : { kind: 'accept' },
    );
    expect(await send(server)).toMatchObject({
      kind: 'accepted',
      refused: [{ address: 'bo@example.org', retry: false, message: expect.stringMatching(/^550 .*unknown user/) }],
    });
    expect(server.received[0]?.to).toEqual(['ana@example.org']);
  });

  test.each([
    { given: 'says how much it takes', options: { sizeMax: 300 }, bytesMax: 300 },
    { given: 'does not say it', options: { sizeMax: 300, hidesSize: true }, bytesMax: null },
  ])('takes no message so large and $given', async ({ options, bytesMax }) => {
    const server = await start(options);
    expect(await send(server)).toMatchObject({ kind: 'too_big', bytesMax });
  });

  test('a message of 300 kB of one line passes', async () => {
    const server = await start();
    const long = 'ü'.repeat(150_000);
    expect(await send(server, {}, { text: long, subject: long.slice(0, 500) })).toMatchObject({ kind: 'accepted' });
    expect(server.received[0]?.parts[0]?.text.trim()).toBe(long);
  });
});

/** Answers each line with the next of its answers, whatever was said; at the end of a message too. */
async function scripted(answers: readonly string[], { drips = null }: { readonly drips?: string | null } = {}) {
  const lines: string[] = [];
  const server: Server = createServer((socket) => {
    const left = [...answers];
    let isData = false;
    const answer = (): void => {
      const next = left.shift();
      if (next === undefined) return;
      isData = next.startsWith('354');
      socket.write(next.endsWith('\n') ? next : `${next}\r\n`);
      if (drips !== null && left.length === 0) {
        const timer = setInterval(() => socket.write(drips), 20);
        socket.on('close', () => clearInterval(timer));
      }
    };
    socket.on('error', () => {}); // the client goes when it likes
    let buffer = '';
    socket.on('data', (chunk) => {
      buffer += chunk.toString();
      for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (isData && line !== '.') continue;
        lines.push(line);
        answer();
      }
    });
    answer();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { lines, port: (server.address() as { port: number }).port };
}
