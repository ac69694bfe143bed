import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench, readIntegration } from '../../../test/support/receiver-bench.ts';
import { unixMs } from '../../model/time.ts';
import type { SendInput } from '../integration.ts';
import type { SmsConfig } from './config.ts';
import { smsText } from './message.ts';
import { segmentCount } from './segments.ts';

const GLOBAL = `twilio_account_sid: AC${'0'.repeat(32)}\ntwilio_auth_token: t\ntwilio_from: "+15005550006"`;
const TO = 'to: "+4915112345678"';
const LINKS = {
  page: 'https://alerts.example.org/act/tttttttttttttttttttttttttttttttttttttttttttt',
  callback: 'https://alerts.example.org/twilio/c',
};

const input = (more: Partial<SendInput> = {}, wanted: Parameters<typeof notificationInput>[0] = {}): SendInput => ({
  ...notificationInput({ labels: { severity: 'critical' }, ...wanted }),
  ...more,
});

async function body(yaml: string, given: SendInput): Promise<string> {
  const bench = new ReceiverBench('sms', `${TO}\n${yaml}`, { global: GLOBAL });
  await bench.send(given);
  return bench.telephony.texts[0]?.body ?? '';
}

test.each([
  { yaml: 'max_segments: 1', error: 'no number' },
  { yaml: 'to: "0151 12345678"', error: '"0151 12345678" is not a telephone number' },
  { yaml: `${TO}\nfrom: "+12"`, error: '"+12" is not a telephone number' },
  { yaml: `${TO}\nmax_segments: 0`, error: '"max_segments" must be from 1 to 10' },
  { yaml: `${TO}\nvalidity: 1s`, error: '"validity" must be from 10s to 10h' },
  { yaml: `${TO}\naccount_sid: AC12`, error: '"AC12" is not the SID of an account' },
  { yaml: `${TO}\naccount_sid: AC${'1'.repeat(32)}`, error: 'no secret to log in to Twilio as the account that is given here' },
])('$yaml is refused', ({ yaml, error }) => {
  expect(configError('sms', yaml, GLOBAL)).toContain(error);
});

test.each(['Tocsin', `MG${'0'.repeat(32)}`, '+15005550006'])('a text can come from %s', (from) => {
  expect(configError('sms', `${TO}\nfrom: "${from}"`, GLOBAL)).toBeNull();
});

test('without an account below global the error says where one goes', () => {
  expect(configError('sms', TO)).toMatch(/no Twilio account[^]*no secret to log in to Twilio[^]*no number that this comes from/);
});

describe('the text', () => {
  test.each([
    { given: 'nobody can reach us', more: {}, wanted: {}, text: 'FIRING Down critical: it is down (since 23:50 UTC)' },
    {
      given: 'replies come in',
      more: { links: LINKS, replyCode: 12 },
      wanted: { firing: 3 },
      text: 'FIRING 3 Down critical: it is down (since 23:50 UTC)\nReply a 12 ack, e 12 escalate, s 12 1h silence',
    },
    {
      given: 'only the page can be opened',
      more: { links: LINKS },
      wanted: {},
      text: `FIRING Down critical: it is down (since 23:50 UTC)\n${LINKS.page}`,
    },
    {
      given: 'it is over',
      more: { links: LINKS, replyCode: 12 },
      wanted: { firing: 0, resolved: 2 },
      text: `RESOLVED Down critical: it is down\n${LINKS.page}`,
    },
  ])('where $given', async ({ more, wanted, text }) => {
    expect(await body('', input(more, wanted))).toBe(text);
  });

  test('offers no reply where none would arrive', async () => {
    const given = input({ links: LINKS, replyCode: 12 });
    expect(await body('from: Tocsin', given)).not.toContain('Reply');
    const indian = new ReceiverBench('sms', 'to: "+919876543210"', { global: GLOBAL });
    await indian.send(given);
    expect(indian.telephony.texts[0]?.body).not.toContain('Reply');
  });

  test('of alerts with 300 KB of labels takes three segments, and keeps its reply codes', async () => {
    const text = await body(
      'message: "{{ range .Alerts }}{{ .Labels }}{{ end }}"',
      input({ links: LINKS, replyCode: 12 }, { labels: { huge: 'x '.repeat(150_000) } }),
    );
    expect(segmentCount(text)).toBe(3);
    expect(text).toMatch(/\.\.\.\nReply a 12 ack, e 12 escalate, s 12 1h silence$/);
  });

  test('stays the same at every attempt', async () => {
    const first = input();
    expect(await body('', { ...first, now: unixMs(first.now + 300_000), attempt: 3 })).toBe(await body('', first));
  });

  test('goes out in plain words where its template fails, and the error is kept', async () => {
    const bench = new ReceiverBench('sms', `${TO}\nmessage: "{{ .Nothing }}"`, { global: GLOBAL });
    expect(await bench.send()).toMatchObject({
      kind: 'accepted',
      answer: expect.stringMatching(/queued as X1; with built-in text, because a template failed: .*Nothing/),
    });
    expect(bench.telephony.texts[0]?.body).toBe('[FIRING:1] Down');
  });
});

describe('several notifications in one text', () => {
  const { configured } = readIntegration('sms', TO, GLOBAL);
  const config = configured?.config as SmsConfig;
  const one = (alertname: string, replyCode: number, severity = 'critical'): SendInput => {
    const given = input({ replyCode, links: LINKS }, { labels: { alertname, severity } });
    return { ...given, data: { ...given.data, groupLabels: given.data.commonLabels } };
  };
  const textOf = (inputs: readonly SendInput[]): string => smsText(config, '+4915112345678', inputs).body;

  test('two are listed by their codes', () => {
    expect(textOf([one('DiskFull', 12), one('Down', 13)])).toBe(
      '2 incidents\n12: FIRING DiskFull critical: it is down (since 23:50 UTC)\n13: FIRING Down critical: it is down (since 23:50 UTC)\nReply a all ack, e all escalate, s all 1h silence',
    );
  });

  test('four are counted', () => {
    const many = [one('A', 12), one('B', 13), one('C', 14, 'warning'), one('D', 15)];
    expect(textOf(many)).toBe(
      '4 incidents: 3 critical, 1 warning, first: FIRING A critical: it is down (since 23:50 UTC)\nReply a all ack, e all escalate, s all 1h silence',
    );
  });

  test('however long each is, all are named', () => {
    const long = 'x'.repeat(400);
    const text = textOf([one(long, 12), one(long, 13), one(long, 14)]);
    for (const code of [12, 13, 14]) expect(text).toContain(`${code}: FIRING xxx`);
    expect(segmentCount(text)).toBeLessThanOrEqual(3);
  });
});

describe('sending', () => {
  test('the request has the number, the time it is of use, and where its state is told', async () => {
    const bench = new ReceiverBench('sms', `${TO}\nvalidity: 2m`, { global: GLOBAL });
    await bench.send(input({ links: LINKS, replyCode: 12 }));
    expect(bench.telephony.texts[0]).toMatchObject({
      from: '+15005550006',
      to: '+4915112345678',
      statusCallback: `${LINKS.callback}/text`,
      validitySeconds: 120,
    });
    expect(bench.telephony.accounts[0]).toMatchObject({
      accountSid: `AC${'0'.repeat(32)}`,
      username: `AC${'0'.repeat(32)}`,
      timeoutMs: 10_000,
    });
    expect(bench.book.textings).toEqual([['+4915112345678', [{ id: '0b5c', replyCode: 12 }], input().now]]);
    expect(bench.book.placings).toEqual([
      { kind: 'accepted', medium: 'text', sid: 'X1', status: 'queued', number: '+4915112345678', ids: ['0b5c'], at: input().now },
    ]);
  });

  test('with an API key alone nothing that comes back could be believed: the text is one-way', async () => {
    const bench = new ReceiverBench('sms', TO, {
      global: `twilio_account_sid: AC${'0'.repeat(32)}\ntwilio_from: "+15005550006"\ntwilio_api_key_sid: SK${'0'.repeat(32)}\ntwilio_api_key_secret: s`,
    });
    await bench.send(input({ links: LINKS, replyCode: 12 }));
    expect(bench.telephony.accounts[0]?.username).toBe(`SK${'0'.repeat(32)}`);
    expect(bench.telephony.texts[0]).toMatchObject({ statusCallback: null, body: expect.not.stringContaining('Reply') as string });
  });

  test('where Twilio refuses the address to call back, the text goes without', async () => {
    const bench = new ReceiverBench('sms', TO, { global: GLOBAL });
    bench.telephony.answer = (order) =>
      order.statusCallback === null
        ? { kind: 'accepted', sid: 'X1', status: 'queued' }
        : { kind: 'refused', httpStatus: 400, code: 21609, message: 'bad callback' };
    expect(await bench.send(input({ links: LINKS }))).toMatchObject({ kind: 'accepted' });
  });

  test('a number that a template gives is checked when it is there', async () => {
    const bench = new ReceiverBench('sms', 'to: "{{ .CommonLabels.phone }}"', { global: GLOBAL });
    expect(await bench.send(input({}, { labels: { phone: '0049 151 12345678' } }))).toEqual({
      kind: 'rejected',
      retry: false,
      reason: 'clientError',
      message: 'invalid_number: "0049 151 12345678" is not a telephone number; write it with a plus sign: "+4915112345678"',
    });
    expect(await bench.send(input({}, { labels: { phone: '+4915112345678' } }))).toMatchObject({ kind: 'accepted' });
  });

  test('a secret that cannot be read now is tried again', async () => {
    const bench = new ReceiverBench('sms', `${TO}\nauth_token_file: /gone`, { global: GLOBAL.replace('twilio_auth_token: t\n', '') });
    expect(await bench.send()).toMatchObject({ kind: 'rejected', retry: true, message: 'cannot read auth_token: there is none' });
  });
});

describe('after an attempt of which no answer came', () => {
  const sentText = { sid: 'SM9', status: 'delivered', errorCode: null, createdAt: unixMs(input().createdAt + 500) };
  test.each([
    {
      given: 'the same text lies there',
      records: [{ ...sentText, body: 'FIRING Down critical: it is down (since 23:50 UTC)' }],
      others: [],
      found: 'accepted',
    },
    { given: 'another text lies there', records: [{ ...sentText, body: 'something else' }], others: [], found: 'absent' },
    {
      given: 'the text is of another notification',
      records: [{ ...sentText, body: 'FIRING Down critical: it is down (since 23:50 UTC)' }],
      others: ['SM9'],
      found: 'absent',
    },
    { given: 'nothing is there', records: [], others: [], found: 'absent' },
    {
      given: 'Twilio cannot be asked',
      records: { kind: 'failed' as const, message: 'reset', maybeSent: true },
      others: [],
      found: 'unknown',
    },
  ])('$given: $found', async ({ records, others, found }) => {
    const bench = new ReceiverBench('sms', TO, { global: GLOBAL });
    bench.telephony.records = records;
    bench.book.others = others;
    expect(await bench.reconcile(input())).toMatchObject({ kind: found });
    expect(bench.book.placings.map(({ sid }) => sid)).toEqual(found === 'accepted' ? ['SM9'] : []);
  });
});

test('what is due at once goes out as one text, and each can be answered', async () => {
  const bench = new ReceiverBench('sms', TO, { global: GLOBAL });
  const inputs = [input({ id: 'n-1', replyCode: 12, links: LINKS }), input({ id: 'n-2', replyCode: 13, links: LINKS })];
  expect(await bench.integration.bundle?.(inputs)).toMatchObject({ kind: 'accepted' });
  expect(bench.telephony.texts.map(({ body }) => body)).toEqual([expect.stringMatching(/^2 incidents\n12: .*\n13: /) as string]);
  expect(bench.book.textings[0]?.[1]).toEqual([
    { id: 'n-1', replyCode: 12 },
    { id: 'n-2', replyCode: 13 },
  ]);
  expect(bench.book.placings.map(({ ids }) => ids)).toEqual([['n-1', 'n-2']]);
});

test('where labels give the number every notification goes by itself', () => {
  const bench = new ReceiverBench('sms', 'to: "{{ .CommonLabels.phone }}"', { global: GLOBAL });
  expect(bench.integration.bundle).toBeUndefined();
});
