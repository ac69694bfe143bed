import { createRequire } from 'node:module';
import { describe, expect, test, vi } from 'vitest';
import { TOKEN } from '../../../test/support/test-actions.ts';
import { anyOrigin, TestServer } from '../../../test/support/test-server.ts';
import { silentLog } from '../../model/log.ts';
import type { WebConfigFile } from '../web-config-file.ts';
import { isSigned } from './signature.ts';

/** The provider's own signing: not ours. */
const { getExpectedTwilioSignature } = createRequire(import.meta.url)('twilio/lib/webhooks/webhooks.js') as {
  getExpectedTwilioSignature(token: string, url: string, params: Readonly<Record<string, string>>): string;
};

const BASE = 'https://alerts.example.org';
const CALL = { AccountSid: 'AC1', CallSid: 'CA1', From: '+15005550006', To: '+4915112345678' };

function rig(options: ConstructorParameters<typeof TestServer>[0] = {}) {
  const server = new TestServer(options);
  type Asked = { readonly token?: string; readonly base?: string; readonly signature?: string };
  const post = (
    path: string,
    params: Readonly<Record<string, string>>,
    { token = 'the-token', base = BASE, signature }: Asked = {},
  ): Promise<Response> =>
    server.request(`${options.routePrefix ?? ''}${path}`, {
      method: 'POST',
      body: new URLSearchParams(params),
      headers: { 'x-twilio-signature': signature ?? getExpectedTwilioSignature(token, `${base}${path}`, params) },
    });
  return { server, telephone: server.telephone, post };
}

describe('a signature', () => {
  // From Twilio's documents, and as its SDK computes it.
  const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';
  const params = new URLSearchParams({
    CallSid: 'CA1234567890ABCDE',
    Caller: '+12349013030',
    Digits: '1234',
    From: '+12349013030',
    To: '+18005551212',
  });
  const signature = '0/KCTR6DLpKmkAf8muzZqo1nDgQ=';

  test.each([
    { given: 'the right one', changes: {}, isRight: true },
    { given: 'of the second token', changes: { tokens: ['new', '12345'] }, isRight: true },
    { given: 'none', changes: { signature: null }, isRight: false },
    { given: 'an empty one', changes: { signature: '' }, isRight: false },
    { given: 'of another token', changes: { tokens: ['54321'] }, isRight: false },
    { given: 'where no token is configured', changes: { tokens: [] }, isRight: false },
    { given: 'of another scheme', changes: { url: url.replace('https', 'http') }, isRight: false },
    { given: 'of another path', changes: { url: url.replace('myapp', 'other') }, isRight: false },
    { given: 'of another query', changes: { url: url.replace('foo=1', 'foo=2') }, isRight: false },
    { given: 'of the address with its port', changes: { url: url.replace('.com', '.com:8443') }, isRight: true },
    { given: 'with a parameter more', changes: { params: new URLSearchParams([...params, ['More', '1']]) }, isRight: false },
  ])('$given: $isRight', ({ changes, isRight }) => {
    expect(isSigned({ signature, url, params, tokens: ['12345'], ...changes })).toBe(isRight);
  });
});

describe('a call', () => {
  test('hears the text and is asked for a key', async () => {
    const { post } = rig();
    const response = await post(`/twilio/${TOKEN}/voice`, CALL);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/xml; charset=utf-8']);
    const twiml = await response.text();
    expect(twiml).toContain('Critical alert: Down.');
    expect(twiml).toContain(`action="${BASE}/twilio/${TOKEN}/keys/1/0"`);
  });

  test('that a machine answered is asked for nothing', async () => {
    const { post } = rig();
    expect(await (await post(`/twilio/${TOKEN}/voice`, { ...CALL, AnsweredBy: 'machine_start' })).text()).not.toContain('Gather');
  });

  test.each([
    { digits: '1', action: { kind: 'acknowledge' }, says: 'Acknowledged.' },
    { digits: '2', action: { kind: 'escalate' }, says: 'Escalated.' },
    { digits: '3', action: { kind: 'silence', durationMs: 3_600_000 }, says: 'Silenced for one hour.' },
  ])('with key $digits acts in the name of the number that was called', async ({ digits, action, says }) => {
    const { post, telephone } = rig();
    const twiml = await (await post(`/twilio/${TOKEN}/keys/1/0`, { ...CALL, Digits: digits })).text();
    expect(telephone.acts).toEqual([[['n-1'], action, '+4915112345678']]);
    expect(telephone.heardFrom).toEqual(['+4915112345678']);
    expect(twiml).toContain(`>${says}<`);
    expect(twiml).toContain('<Hangup/>');
  });

  test.each([
    { digits: '', heard: 0 },
    { digits: '9', heard: 1 },
    { digits: '7', heard: 1 },
  ])('with key "$digits" does nothing, and is asked again', async ({ digits, heard }) => {
    const { post, telephone } = rig();
    const twiml = await (await post(`/twilio/${TOKEN}/keys/1/0`, { ...CALL, Digits: digits })).text();
    expect([telephone.acts, telephone.heardFrom.length]).toEqual([[], heard]);
    expect(twiml).toContain('Gather');
  });

  test.each([
    { result: { kind: 'already', by: '+4915112345678', at: 0 }, says: 'Acknowledged.' },
    {
      result: { kind: 'already', by: '+4930123456', at: 1_700_000_000_000 - 300_000 },
      says: /Already acknowledged by the number that ends in 3 4 5 6, \d+ minutes ago\./,
    },
    { result: { kind: 'over' }, says: 'nothing of it fires any more' },
    { result: { kind: 'nobody' }, says: 'nobody to escalate to' },
    { result: { kind: 'unknown' }, says: 'too old' },
    { result: new Error('disk full'), says: 'Nothing was done, because of an error' },
  ] as const)('$# is told what has become of its key', async ({ result, says }) => {
    const { post, telephone } = rig();
    telephone.result = result as typeof telephone.result;
    const twiml = await (await post(`/twilio/${TOKEN}/keys/1/0`, { ...CALL, Digits: '1' })).text();
    if (typeof says === 'string') expect(twiml).toContain(says);
    else expect(twiml).toMatch(says);
  });
});

describe('how a call or a text went on', () => {
  test('is taken without a word', async () => {
    const { post, telephone } = rig();
    const called = await post(`/twilio/${TOKEN}/call`, { ...CALL, CallStatus: 'failed', SequenceNumber: '3', SipResponseCode: '480' });
    const texted = await post(`/twilio/${TOKEN}/text`, {
      AccountSid: 'AC1',
      MessageSid: 'SM1',
      MessageStatus: 'undelivered',
      To: '+49',
      ErrorCode: '30003',
    });
    expect([called.status, await called.text(), texted.status]).toEqual([204, '', 204]);
    expect(telephone.statuses).toEqual([
      ['n-1', { medium: 'call', sid: 'CA1', status: 'failed', number: '+4915112345678', errorCode: null, sipCode: '480' }],
      ['n-1', { medium: 'text', sid: 'SM1', status: 'undelivered', number: '+49', errorCode: 30003, sipCode: '' }],
    ]);
  });

  test('is refused where it says nothing of use', async () => {
    const { post, telephone } = rig();
    for (const params of [{ AccountSid: 'AC1' }, { AccountSid: 'AC1', MessageSid: 'x'.repeat(65), MessageStatus: 'sent' }])
      expect((await post(`/twilio/${TOKEN}/text`, params)).status).toBe(400);
    expect([telephone.statuses, telephone.refusals]).toEqual([[], ['bad_request', 'bad_request']]);
  });
});

describe('a text that somebody sends', () => {
  const text = { AccountSid: 'AC1', From: '+4915112345678', To: '+15005550006', Body: 'a 12 & <b>', MessageSid: 'SM1' };

  test.each([
    { answer: 'Acknowledged <12>.', xml: '<Response><Message>Acknowledged &lt;12&gt;.</Message></Response>' },
    { answer: null, xml: '<Response></Response>' },
  ])('is answered with $answer', async ({ answer, xml }) => {
    const { post, telephone } = rig();
    telephone.answer = answer;
    const response = await post('/twilio/texts', text);
    expect(telephone.received).toEqual([['+4915112345678', 'a 12 & <b>']]);
    expect(response.headers.get('content-type')).toBe('text/xml; charset=utf-8');
    expect(await response.text()).toContain(xml);
  });
});

describe('what is not from the provider', () => {
  const paths = ['/twilio/texts', ...['voice', 'call', 'text', 'keys/1/0'].map((what) => `/twilio/${TOKEN}/${what}`)];
  const params = { ...CALL, CallStatus: 'completed', MessageSid: 'SM1', MessageStatus: 'delivered', Digits: '1', Body: 'a 12' };

  test.each<{
    given: string;
    asked: { token?: string; base?: string; signature?: string };
    change?: (server: TestServer) => void;
    account?: string;
  }>([
    { given: 'a signature of another token', asked: { token: 'guessed' } },
    { given: 'a signature of another address', asked: { base: 'https://evil.example' } },
    { given: 'no signature', asked: { signature: '' } },
    { given: 'an account that is not configured', asked: {}, account: 'AC2' },
    { given: 'a server without a token to check with', asked: {}, change: ({ telephone }) => Object.assign(telephone, { tokens: [] }) },
    { given: 'a server that gave no address', asked: {}, change: ({ telephone }) => Object.assign(telephone, { base: null }) },
  ])('$given is refused without a body, counted and logged', async ({ asked, change, account = 'AC1' }) => {
    const warn = vi.fn();
    const { server, post, telephone } = rig({ log: { ...silentLog, warn } });
    change?.(server);
    for (const path of paths) {
      const response = await post(path, { ...params, AccountSid: account }, asked);
      expect([path, response.status, await response.text()]).toEqual([path, 403, '']);
    }
    expect([telephone.acts, telephone.statuses, telephone.received]).toEqual([[], [], []]);
    expect(telephone.refusals).toEqual(paths.map(() => 'bad_signature'));
    expect(warn).toHaveBeenCalledTimes(paths.length);
    expect(JSON.stringify(warn.mock.calls)).not.toContain(TOKEN);
  });

  test('a request that is right for one notification does nothing for another', async () => {
    const { server, post, telephone } = rig();
    const other = 'u'.repeat(43);
    const signature = getExpectedTwilioSignature('the-token', `${BASE}/twilio/${TOKEN}/keys/1/0`, { ...CALL, Digits: '1' });
    expect((await post(`/twilio/${other}/keys/1/0`, { ...CALL, Digits: '1' }, { signature })).status).toBe(403);
    // Signed, of a token that was never made here.
    expect((await post(`/twilio/${other}/keys/1/0`, { ...CALL, Digits: '1' })).status).toBe(404);
    expect([telephone.acts, telephone.refusals]).toEqual([[], ['bad_signature', 'unknown_token']]);
    expect((await server.get(`/twilio/${TOKEN}/voice`)).status).toBe(404);
  });

  test('a body larger than a telephone sends is not read', async () => {
    const { post } = rig();
    expect((await post('/twilio/texts', { Body: 'x'.repeat(70_000) })).status).toBe(413);
  });
});

test('a signature holds for the address that was given out, behind a prefix and whatever host the proxy asks', async () => {
  const { post, telephone } = rig({ routePrefix: '/tocsin' });
  telephone.base = `${BASE}/outside`;
  expect((await post(`/twilio/${TOKEN}/call`, { ...CALL, CallStatus: 'ringing' }, { base: `${BASE}/outside` })).status).toBe(204);
});

test('where everybody else must log in the provider and the link need not, and nothing beside them is open', async () => {
  const webConfig = {
    current: () => ({ tls: null, headers: [], users: new Map([['ana', `$2y$10$${'x'.repeat(53)}`]]), rateLimit: null }),
  } as unknown as WebConfigFile;
  const { server, post } = rig({ guard: { corsOrigin: anyOrigin, externalOrigin: null, webConfig, clock: { elapsed: () => 0 } } });
  expect((await post(`/twilio/${TOKEN}/call`, { ...CALL, CallStatus: 'ringing' })).status).toBe(204);
  expect((await post('/twilio/texts', { AccountSid: 'AC1', From: '+49', Body: 'a' })).status).toBe(200);
  expect((await server.get(`/act/${TOKEN}`)).status).toBe(200);
  for (const path of [
    '/',
    '/act',
    '/act/short',
    `/act/${TOKEN}/more`,
    '/twilio',
    `/twilio/${TOKEN}`,
    `/twilio/${TOKEN}/other`,
    '/api/v2/alerts',
  ])
    expect([path, (await server.get(path)).status]).toEqual([path, 401]);
});
