/** The fake mail server itself, spoken to by the client that production uses. */
import nodemailer from 'nodemailer';
import { afterEach, expect, test } from 'vitest';
import { TEST_AUTHORITY, TEST_SERVER } from './certificates.ts';
import { type FakeSmtpOptions, FakeSmtpServer, type SmtpBehaviour } from './fake-smtp-server.ts';

const servers: FakeSmtpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: FakeSmtpOptions = {}): Promise<FakeSmtpServer> {
  const server = await FakeSmtpServer.start(options);
  servers.push(server);
  return server;
}

/** The outcome of one send: 'accepted', or how the client saw it fail. */
async function send(server: FakeSmtpServer, options: { readonly secure?: boolean; readonly password?: string } = {}): Promise<string> {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port: server.port,
    secure: options.secure ?? false,
    tls: { ca: TEST_AUTHORITY },
    greetingTimeout: 400,
    socketTimeout: 400,
    ...(options.password === undefined ? {} : { auth: { user: 'ana', pass: options.password } }),
  });
  try {
    await transport.sendMail({
      from: 'tocsin@example.com',
      to: ['ana@example.com', 'bo@example.com'],
      subject: 'Größe über 100 % – [FIRING:1] a subject long enough to be folded onto a second line',
      text: 'plain ü = ok\n',
      html: '<p>ü</p>',
    });
    return 'accepted';
  } catch (error) {
    const { code, responseCode } = error as { code?: string; responseCode?: number };
    return [code, responseCode].filter((part) => part !== undefined).join(' ');
  }
}

test('an accepted message is kept, and can be read', async () => {
  const server = await start();
  expect(await send(server)).toBe('accepted');
  expect(server.received).toMatchObject([
    { from: 'tocsin@example.com', to: ['ana@example.com', 'bo@example.com'], isSecure: false, username: null },
  ]);
  const [mail] = server.received;
  expect(mail?.headers.get('subject')).toBe('Größe über 100 % – [FIRING:1] a subject long enough to be folded onto a second line');
  expect(mail?.parts.map(({ type, text }) => [type, text.trimEnd()])).toEqual([
    ['text/plain', 'plain ü = ok'],
    ['text/html', '<p>ü</p>'],
  ]);
});

test.each<{ behaviour: SmtpBehaviour; result: RegExp; kept: number }>([
  { behaviour: { kind: 'refuse', stage: 'connect', code: 554, message: 'no' }, result: /^EPROTOCOL 554$|^ECONNECTION 554$/, kept: 0 },
  { behaviour: { kind: 'refuse', stage: 'mail_from', code: 550, message: 'no' }, result: /^EENVELOPE 550$/, kept: 0 },
  { behaviour: { kind: 'refuse', stage: 'rcpt_to', code: 450, message: 'greylisted' }, result: /^EENVELOPE 450$/, kept: 0 },
  { behaviour: { kind: 'refuse', stage: 'data', code: 451, message: 'later' }, result: /^EMESSAGE 451$/, kept: 0 },
  { behaviour: { kind: 'hang', stage: 'connect' }, result: /^ETIMEDOUT$/, kept: 0 },
  { behaviour: { kind: 'hang', stage: 'data' }, result: /^ETIMEDOUT$/, kept: 0 },
  { behaviour: { kind: 'disconnect', stage: 'rcpt_to', kept: false }, result: /^E/, kept: 0 },
  { behaviour: { kind: 'disconnect', stage: 'data', kept: true }, result: /^E/, kept: 1 },
])('told to $behaviour.kind at $behaviour.stage, $kept messages are kept', async ({ behaviour, result, kept }) => {
  const server = await start();
  server.behaviour = () => behaviour;
  expect(await send(server)).toMatch(result);
  expect(server.received.length).toBe(kept);
});

test.each<{ options: FakeSmtpOptions; secure: boolean; password?: string; result: string; isSecure?: boolean }>([
  { options: { security: 'implicit', certificate: TEST_SERVER }, secure: true, result: 'accepted', isSecure: true },
  { options: { security: 'starttls', certificate: TEST_SERVER }, secure: false, result: 'accepted', isSecure: true },
  { options: { login: { username: 'ana', password: 'right' } }, secure: false, password: 'right', result: 'accepted' },
  { options: { login: { username: 'ana', password: 'right' } }, secure: false, password: 'wrong', result: 'EAUTH 535' },
  { options: { sizeMax: 100 }, secure: false, result: 'EMESSAGE 552' },
])('with $options a send is $result', async ({ options, secure, password, result, isSecure = false }) => {
  const server = await start(options);
  expect(await send(server, { secure, ...(password === undefined ? {} : { password }) })).toBe(result);
  if (result === 'accepted') expect(server.received[0]?.isSecure).toBe(isSecure);
});
