import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { PLAIN_TLS } from '../../model/http.ts';
import type { MailMessage, MailResult, SmtpServer } from '../../model/mail.ts';
import { Secret } from '../../model/secret.ts';
import { unixMs } from '../../model/time.ts';
import type { ChartImage } from '../chart/charts.ts';
import type { SendInput } from '../integration.ts';
import type { EmailConfig } from './config.ts';
import { emailIntegration } from './integration.ts';

const config: EmailConfig = {
  kind: 'email',
  to: 'ana@example.org, Bo <bo@example.org>',
  from: 'tocsin@example.org',
  hello: 'localhost',
  smarthost: { host: 'mail', port: '587' },
  authUsername: '',
  authPassword: null,
  authSecret: null,
  authIdentity: '',
  headers: { Subject: '{{ .Status }}', To: 'ana@example.org, Bo <bo@example.org>', From: 'tocsin@example.org' },
  html: '{{ template "email.default.html" . }}',
  text: '',
  requireTls: true,
  forceImplicitTls: null,
  tls: PLAIN_TLS,
  threading: null,
  hasChart: true,
  hasLinks: true,
};
const chart: ChartImage = { caption: 'x: now 1', png: new Uint8Array(50_000), widthPx: 480, heightPx: 240, link: 'http://t/graph' };
const OK: MailResult = { kind: 'accepted', response: '250 ok', refused: [] };
const refusing = (retry: boolean, address = 'bo@example.org'): MailResult => ({
  kind: 'accepted',
  response: '250 ok',
  refused: [{ address, retry, message: retry ? '451 later' : '550 unknown' }],
});

/** An integration over a server that gives these results in turn, the last for ever. */
function bench(results: readonly MailResult[], changes: Partial<EmailConfig> = {}) {
  const sent: MailMessage[] = [];
  const servers: SmtpServer[] = [];
  let charts = 0;
  const integration = emailIntegration(
    { ...config, ...changes },
    {
      mail: {
        send: async (server, message) => {
          servers.push(server);
          sent.push(message);
          return results[Math.min(sent.length, results.length) - 1] ?? OK;
        },
      },
      charts: {
        chartOf: async () => {
          charts++;
          return chart;
        },
      },
      readSecret: (source) => (source.kind === 'inline' ? source.secret : { error: 'no such file' }),
    },
  );
  return { sent, servers, send: (input: SendInput = notificationInput()) => integration.send(input), charts: () => charts };
}

test.each<{ result: MailResult; outcome: object }>([
  {
    result: OK,
    outcome: { kind: 'accepted', answer: '250 ok', data: { threadRoot: '<n.0b5c@example.org>', threadLast: '<n.0b5c@example.org>' } },
  },
  { result: { kind: 'unknown', message: 'broke' }, outcome: { kind: 'unknown', message: 'broke' } },
  {
    result: { kind: 'rejected', retry: true, cause: 'tls', message: 'expired' },
    outcome: { kind: 'rejected', retry: true, reason: 'other', message: 'tls_failed: no safe connection with the server (expired)' },
  },
  {
    result: { kind: 'rejected', retry: false, cause: 'auth', message: 'Invalid login: 535 5.7.8 no' },
    outcome: {
      kind: 'rejected',
      retry: false,
      reason: 'authError',
      message: 'authentication_failed: the server does not let this user log in (Invalid login: 535 5.7.8 no)',
    },
  },
  {
    result: { kind: 'too_big', bytesMax: 100, message: 'too big' },
    outcome: { kind: 'rejected', retry: false, reason: 'clientError', message: 'message_too_large: too big' },
  },
])('what the server makes of it, $result.kind, is the outcome', async ({ result, outcome }) => {
  expect(await bench([result]).send()).toEqual(outcome);
});

test('the next mail of the group belongs to the first', async () => {
  const { send, sent } = bench([OK]);
  const kept = { threadRoot: '<n.first@x>', threadLast: '<n.first@x>' };
  expect(await send(notificationInput({ kept }))).toMatchObject({
    data: { threadRoot: '<n.first@x>', threadLast: '<n.0b5c@example.org>' },
  });
  expect(sent[0]?.headers).toContainEqual(['References', '<n.first@x>']);
});

test('one recipient refused for good: the others have it, the outcome says so, nobody gets it twice', async () => {
  const { send, sent } = bench([refusing(false)]);
  expect(await send()).toMatchObject({ kind: 'accepted', answer: '250 ok; refused bo@example.org (recipient_refused: 550 unknown)' });
  expect(sent).toHaveLength(1);
});

test('one recipient refused for now is tried again alone, as the same mail', async () => {
  const { send, sent } = bench([refusing(true), OK]);
  expect(await send()).toMatchObject({
    kind: 'rejected',
    retry: true,
    message: expect.stringContaining('bo@example.org (recipient_deferred: 451 later)'),
  });
  expect(await send()).toMatchObject({ kind: 'accepted', answer: '250 ok' });
  expect(sent.map(({ to }) => to)).toEqual([['ana@example.org', 'Bo <bo@example.org>'], ['Bo <bo@example.org>']]);
  expect(sent[1]?.messageId).toBe(sent[0]?.messageId);
  expect(sent[1]?.headers).toContainEqual(['To', 'ana@example.org, Bo <bo@example.org>']);
});

test('one who is refused for now until the deadline does not bring the others the mail again and again', async () => {
  const { send } = bench([refusing(true), { kind: 'rejected', retry: true, cause: 'recipient', message: '451 later' }]);
  await send();
  expect(await send()).toMatchObject({ kind: 'rejected', retry: true });
  const late = { ...notificationInput(), now: unixMs(notificationInput().deadline - 100_000) };
  expect(await send(late)).toMatchObject({
    kind: 'accepted',
    answer:
      'taken before for ana@example.org; refused for Bo <bo@example.org>: recipient_deferred: the server does not take it for this recipient for now (451 later)',
  });
});

test('a mail too large for the server goes once more, without the chart', async () => {
  const { send, sent } = bench([{ kind: 'too_big', bytesMax: 60_000, message: 'too big' }, OK]);
  expect(await send()).toMatchObject({ kind: 'accepted' });
  expect(sent.map(({ images }) => images.length)).toEqual([1, 0]);
  expect(sent[1]?.html).toContain('web-1');
  expect(sent[1]?.messageId).toBe(sent[0]?.messageId);
});

test.each<{ given: string; changes: Partial<EmailConfig>; charts: number }>([
  { given: 'the built-in mail', changes: {}, charts: 1 },
  { given: 'a mail without charts', changes: { hasChart: false }, charts: 0 },
  { given: "a user's HTML that asks for it", changes: { html: '<img src="cid:chart">' }, charts: 1 },
  { given: "a user's HTML that does not", changes: { html: '<b>x</b>' }, charts: 0 },
])('for $given $charts charts are made', async ({ changes, charts }) => {
  const made = bench([OK], changes);
  await made.send();
  expect(made.charts()).toBe(charts);
});

test.each<{ changes: Partial<EmailConfig>; server: Partial<SmtpServer> }>([
  { changes: {}, server: { security: 'required', port: 587, auth: null } },
  { changes: { requireTls: false }, server: { security: 'never' } },
  { changes: { smarthost: { host: 'mail', port: '465' } }, server: { security: 'implicit', port: 465 } },
  { changes: { smarthost: { host: 'mail', port: '465' }, forceImplicitTls: false }, server: { security: 'required' } },
  { changes: { forceImplicitTls: true }, server: { security: 'implicit' } },
])('$changes is $server', async ({ changes, server }) => {
  const { send, servers } = bench([OK], changes);
  await send();
  expect(servers[0]).toMatchObject(server);
});

test('a password that cannot be read now is read at the next attempt', async () => {
  const { send, sent } = bench([OK], { authUsername: 'ana', authPassword: { kind: 'file', path: '/gone' } });
  expect(await send()).toEqual({ kind: 'rejected', retry: true, reason: 'other', message: 'cannot read auth_password: no such file' });
  expect(sent).toEqual([]);
});

test('with a user name the password and the secret go to the server', async () => {
  const { send, servers } = bench([OK], {
    authUsername: 'ana',
    authPassword: { kind: 'inline', secret: new Secret('p') },
    authSecret: { kind: 'inline', secret: new Secret('s') },
    authIdentity: 'boss',
  });
  await send();
  const auth = servers[0]?.auth;
  expect([auth?.username, auth?.password.reveal(), auth?.secret.reveal(), auth?.identity]).toEqual(['ana', 'p', 's', 'boss']);
});
