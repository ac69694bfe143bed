import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../test/support/e2e/ports.ts';
import { FakeTwilio } from '../../../test/support/fake-twilio.ts';
import { silentLog } from '../../model/log.ts';
import { Secret } from '../../model/secret.ts';
import type { CallOrder, TelephonyAccount, TextOrder } from '../../model/telephony.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import type { ListeningServer } from '../../platform/http-server.ts';
import { NodeHttpServer } from '../../platform/real/node-http-server.ts';
import { SystemClock } from '../../platform/real/system-clock.ts';
import { twilioTelephony } from './sender.ts';

const clock = new SystemClock();
const twilio = new FakeTwilio(clock, 100);
let server: ListeningServer;
let account: TelephonyAccount;

beforeAll(async () => {
  server = await new NodeHttpServer(clock, silentLog).listen({ host: '127.0.0.1', port: 0 }, twilio.handler);
  const { accountSid, authToken } = twilio.provider;
  account = {
    ...{ accountSid, username: accountSid, password: new Secret(authToken), region: '', edge: '' },
    apiUrl: `http://127.0.0.1:${server.port}`,
    timeoutMs: durationMs(10_000),
  };
});
afterAll(() => server.close({ graceMs: durationMs(0) }));

const CALL: CallOrder = {
  from: '+15005550006',
  to: '+4915112345678',
  script: { kind: 'inline', twiml: '<Response/>' },
  statusCallback: null,
  ringSeconds: 40,
  detectMachine: false,
};
const TEXT: TextOrder = { from: '+15005550006', to: '+4915112345678', body: 'ä & b', statusCallback: null, validitySeconds: 300 };
const lastForm = (): Readonly<Record<string, string[]>> => {
  const form = twilio.received.at(-1)?.form ?? new URLSearchParams();
  return Object.fromEntries([...form.keys()].map((name) => [name, form.getAll(name)]));
};

describe('what goes over the wire', () => {
  test('of a call that speaks by itself', async () => {
    expect(await twilioTelephony.placeCall(account, CALL)).toEqual({
      kind: 'accepted',
      sid: expect.stringMatching(/^CA\d{32}$/) as string,
      status: 'queued',
    });
    expect(lastForm()).toEqual({ From: ['+15005550006'], To: ['+4915112345678'], Twiml: ['<Response/>'], Timeout: ['40'] });
  });

  test('of a call that fetches what it says', async () => {
    const url = `http://127.0.0.1:${await freePort()}/nowhere`;
    await twilioTelephony.placeCall(account, { ...CALL, script: { kind: 'fetched', url }, statusCallback: url, detectMachine: true });
    expect(lastForm()).toEqual({
      From: ['+15005550006'],
      To: ['+4915112345678'],
      Url: [url],
      Method: ['POST'],
      StatusCallback: [url],
      StatusCallbackMethod: ['POST'],
      StatusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
      Timeout: ['40'],
      MachineDetection: ['Enable'],
    });
  });

  test.each([
    { from: '+15005550006', sender: { From: ['+15005550006'] } },
    { from: `MG${'0'.repeat(32)}`, sender: { MessagingServiceSid: [`MG${'0'.repeat(32)}`] } },
  ])('of a text from $from', async ({ from, sender }) => {
    expect(await twilioTelephony.sendText(account, { ...TEXT, from })).toMatchObject({ kind: 'accepted', status: 'queued' });
    expect(lastForm()).toEqual({ ...sender, To: ['+4915112345678'], Body: ['ä & b'], ValidityPeriod: ['300'] });
  });
});

describe('what the provider says', () => {
  test('of wrong credentials', async () => {
    expect(await twilioTelephony.sendText({ ...account, password: new Secret('wrong') }, TEXT)).toEqual({
      kind: 'refused',
      httpStatus: 401,
      code: 20003,
      message: expect.stringContaining('Authenticate') as string,
    });
  });

  test.each([
    { httpStatus: 400, code: 21610, message: 'Attempt to send to unsubscribed recipient' },
    { httpStatus: 429, code: 20429, message: 'Too Many Requests' },
    { httpStatus: 500, code: 20500, message: 'Internal Server Error' },
  ])('$httpStatus with $code comes back as it is, after one request', async (refusal) => {
    twilio.provider.behaviour = () => ({ kind: 'refused', ...refusal });
    const before = twilio.provider.requests;
    expect(await twilioTelephony.sendText(account, TEXT)).toMatchObject({
      kind: 'refused',
      httpStatus: refusal.httpStatus,
      code: refusal.code,
    });
    expect(twilio.provider.requests).toBe(before + 1);
    twilio.provider.behaviour = () => ({ kind: 'accept' });
  });

  test('nothing: it may have been sent', async () => {
    twilio.provider.behaviour = () => ({ kind: 'hang', taken: true });
    expect(await twilioTelephony.sendText({ ...account, timeoutMs: durationMs(200) }, TEXT)).toMatchObject({
      kind: 'failed',
      maybeSent: true,
    });
    twilio.provider.behaviour = () => ({ kind: 'accept' });
  });

  test('nothing, because nobody is there: surely not sent', async () => {
    const apiUrl = `http://127.0.0.1:${await freePort()}`;
    expect(await twilioTelephony.placeCall({ ...account, apiUrl }, CALL)).toMatchObject({ kind: 'failed', maybeSent: false });
  });
});

describe('what was sent before', () => {
  test('is found by number and time, newest first', async () => {
    const to = '+4930999999';
    const since = unixMs(clock.now());
    for (const body of ['one', 'two']) await twilioTelephony.sendText(account, { ...TEXT, to, body });
    const recent = async (from: number) => {
      const found = await twilioTelephony.recent(account, { medium: 'text', to, since: unixMs(from) });
      return found.kind === 'found' ? found.records.map(({ body }) => body) : found;
    };
    expect(await recent(since)).toEqual(['two', 'one']);
    expect(await recent(since + 3_600_000)).toEqual([]);
    const call = await twilioTelephony.placeCall(account, { ...CALL, to });
    const calls = await twilioTelephony.recent(account, { medium: 'call', to, since });
    expect(calls).toMatchObject({ kind: 'found', records: [{ sid: call.kind === 'accepted' ? call.sid : '' }] });
  });

  test('tells its state', async () => {
    const placed = await twilioTelephony.sendText(account, { ...TEXT, to: '+4930888888' });
    const sid = placed.kind === 'accepted' ? placed.sid : '';
    expect(await twilioTelephony.status(account, 'text', sid)).toMatchObject({
      kind: 'found',
      record: { sid, errorCode: null, body: 'ä & b' },
    });
    expect(await twilioTelephony.status(account, 'call', `CA${'9'.repeat(32)}`)).toMatchObject({
      kind: 'refused',
      httpStatus: 404,
      code: 20404,
    });
  });
});
