import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { unixMs } from '../../model/time.ts';
import type { SendInput } from '../integration.ts';
import { afterNoAction, askTwiml, CALL_START, callScript, mailboxTwiml, meaningOfKey, oneWayTwiml, spokenName } from './message.ts';
import { messageTwiml, voiceTwiml } from './twiml.ts';

const GLOBAL = `twilio_account_sid: AC${'0'.repeat(32)}\ntwilio_auth_token: t\ntwilio_from: "+15005550006"`;
const TO = 'to: "+4915112345678"';
const LINKS = { page: 'https://alerts.example.org/act/p', callback: 'https://alerts.example.org/twilio/c' };

const input = (more: Partial<SendInput> = {}, wanted: Parameters<typeof notificationInput>[0] = {}): SendInput => ({
  ...notificationInput({ labels: { severity: 'critical' }, ...wanted }),
  ...more,
});
const CONFIG = { message: '{{ template "phone.default.message" . }}', language: 'en-US', voice: '' };
const says = (twiml: string): readonly string[] => [...twiml.matchAll(/<Say[^>]*>([^<]*)<\/Say>/g)].map(([, text = '']) => text);

test.each([
  { yaml: 'ring: 30s', error: 'no number' },
  { yaml: `${TO}\nring: 1s`, error: '"ring" must be from 5s to 10m' },
  { yaml: `${TO}\nlanguage: english!`, error: '"english!" is not a language' },
  { yaml: `${TO}\nfrom: Tocsin`, error: '"Tocsin" is not a telephone number' },
])('$yaml is refused', ({ yaml, error }) => {
  expect(configError('phone', yaml, GLOBAL)).toContain(error);
});

describe('what is said', () => {
  test.each([
    { given: 'one alert', wanted: {}, text: 'Critical alert: Down. it is down. Firing for 10 minutes.' },
    { given: 'several', wanted: { firing: 3 }, text: 'Critical alert: Down. it is down. 3 alerts, firing for 10 minutes.' },
    { given: 'it is over', wanted: { firing: 0, resolved: 1 }, text: 'Resolved: Down. it is down.' },
    { given: 'no severity', wanted: { labels: {} }, text: 'Alert: Down. it is down. Firing for 10 minutes.' },
  ])('$given', ({ wanted, text }) => {
    expect(callScript(CONFIG, [input({}, wanted)]).text).toBe(text);
  });

  test('of several notifications the first, and how many there are', () => {
    expect(callScript(CONFIG, [input(), input(), input()]).text).toBe(
      '3 incidents. First: Critical alert: Down. it is down. Firing for 10 minutes.',
    );
  });

  test('with 300 KB of labels is still short enough for a call that fetches nothing', () => {
    const script = callScript({ ...CONFIG, message: '{{ range .Alerts }}{{ .Labels }}{{ end }}' }, [
      input({}, { labels: { huge: '<&"> '.repeat(60_000) } }),
    ]);
    expect(script.text.length).toBeGreaterThan(500);
    expect(oneWayTwiml(script).length).toBeLessThan(4000);
  });

  test('a template that fails gives the built-in words, and its error', () => {
    expect(callScript({ ...CONFIG, message: '{{ .Nothing }}' }, [input()])).toMatchObject({
      text: 'FIRING:1, Down',
      templateErrors: [expect.stringContaining('Nothing') as string],
    });
  });

  test('labels cannot become commands to the voice', () => {
    const twiml = voiceTwiml([{ kind: 'say', text: '</Say><Dial>+1900</Dial> & \u0001\ud800 "x"' }], { language: 'en"US', voice: 'x' });
    expect(twiml).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en&quot;US" voice="x">&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt; &amp;  &quot;x&quot;</Say></Response>',
    );
    expect(messageTwiml('a < b')).toContain('<Message>a &lt; b</Message>');
  });
});

describe('how a call goes', () => {
  const script = callScript(CONFIG, [input()]);
  const action = ({ step, tries }: { step: number; tries: number }): string => `https://x/keys/${step}/${tries}?a=1&b=2`;

  test('it waits a moment, speaks, and asks for a key', () => {
    const twiml = askTwiml(script, CALL_START, action);
    expect(twiml).toContain(
      '<Response><Pause length="1"/><Gather input="dtmf" numDigits="1" finishOnKey="" timeout="8" action="https://x/keys/1/0?a=1&amp;b=2" method="POST" actionOnEmptyResult="true">',
    );
    expect(says(twiml)).toEqual([
      script.text,
      'Press 1 to acknowledge, 2 to escalate, 3 to silence for one hour, 9 to hear it again.',
      'Goodbye.',
    ]);
  });

  test.each([
    { digits: '1', meaning: { kind: 'act', action: { kind: 'acknowledge' } } },
    { digits: '2', meaning: { kind: 'act', action: { kind: 'escalate' } } },
    { digits: '3', meaning: { kind: 'act', action: { kind: 'silence', durationMs: 3_600_000 } } },
    { digits: '9', meaning: { kind: 'repeat' } },
    { digits: '', meaning: { kind: 'none' } },
    { digits: '7', meaning: { kind: 'unknown' } },
    { digits: '11', meaning: { kind: 'unknown' } },
  ])('key "$digits"', ({ digits, meaning }) => {
    expect(meaningOfKey(digits)).toEqual(meaning);
  });

  test.each([
    { given: 'nothing pressed once', meaning: 'none', place: { step: 1, tries: 0 }, next: '/keys/2/1' },
    { given: 'nothing pressed three times', meaning: 'none', place: { step: 3, tries: 2 }, next: null },
    { given: 'key 9', meaning: 'repeat', place: { step: 3, tries: 2 }, next: '/keys/4/2' },
    { given: 'key 9 again and again', meaning: 'repeat', place: { step: 8, tries: 0 }, next: null },
    { given: 'another key', meaning: 'unknown', place: { step: 1, tries: 0 }, next: '/keys/2/1' },
  ] as const)('after $given: $next', ({ meaning, place, next }) => {
    const twiml = afterNoAction(script, meaning, place, action);
    if (next !== null) expect(twiml).toContain(next);
    else expect(twiml).not.toContain('Gather');
    expect(says(twiml)[0]).toBe(
      next === null ? 'No key was pressed. Nothing is acknowledged.' : meaning === 'unknown' ? 'This key has no meaning.' : script.text,
    );
  });

  test('a mailbox is asked for no key', () => {
    expect(mailboxTwiml(script)).not.toContain('Gather');
  });

  test('a number is named by its end', () => {
    expect([spokenName('+4915112345678'), spokenName('Ana'), spokenName('')]).toEqual([
      'the number that ends in 5 6 7 8',
      'Ana',
      'somebody',
    ]);
  });
});

describe('calling', () => {
  test('a call that can be answered fetches what it says, and tells how it goes', async () => {
    const bench = new ReceiverBench('phone', `${TO}\nring: 25s\ndetect_machine: true`, { global: GLOBAL });
    expect(await bench.send(input({ links: LINKS }))).toEqual({ kind: 'accepted', answer: 'Twilio: queued as X1' });
    expect(bench.telephony.calls).toEqual([
      {
        from: '+15005550006',
        to: '+4915112345678',
        script: { kind: 'fetched', url: `${LINKS.callback}/voice` },
        statusCallback: `${LINKS.callback}/call`,
        ringSeconds: 25,
        detectMachine: true,
      },
    ]);
    expect(bench.book.placings).toMatchObject([{ medium: 'call', sid: 'X1', number: '+4915112345678', ids: ['0b5c'] }]);
  });

  test.each([
    { given: 'no address', links: null, global: GLOBAL },
    {
      given: 'no token to check signatures with',
      links: LINKS,
      global: `twilio_account_sid: AC${'0'.repeat(32)}\ntwilio_from: "+15005550006"\ntwilio_api_key_sid: SK${'0'.repeat(32)}\ntwilio_api_key_secret: s`,
    },
  ])('with $given the call speaks by itself', async ({ links, global }) => {
    const bench = new ReceiverBench('phone', TO, { global });
    await bench.send(input({ links }));
    expect(bench.telephony.calls[0]).toMatchObject({ script: { kind: 'inline' }, statusCallback: null });
  });

  test('an address that Twilio refuses makes the call one-way, in the same attempt', async () => {
    const bench = new ReceiverBench('phone', TO, { global: GLOBAL });
    bench.telephony.answer = ({ statusCallback }) =>
      statusCallback === null
        ? { kind: 'accepted', sid: 'X2', status: 'queued' }
        : { kind: 'refused', httpStatus: 400, code: 21205, message: 'Url is not a valid URL' };
    expect(await bench.send(input({ links: LINKS }))).toMatchObject({ kind: 'accepted' });
    expect(bench.telephony.calls.map(({ script }) => script.kind)).toEqual(['fetched', 'inline']);
  });

  test('after an attempt of which no answer came, a call that is there since is taken for it, and another one is not', async () => {
    const bench = new ReceiverBench('phone', TO, { global: GLOBAL });
    const record = { sid: 'CA9', status: 'ringing', errorCode: null, createdAt: unixMs(input().createdAt + 100), body: '' };
    bench.telephony.records = [record];
    expect(await bench.reconcile(input())).toEqual({ kind: 'accepted', answer: 'Twilio had taken it: ringing as CA9' });
    bench.book.others = ['CA9'];
    expect(await bench.reconcile(input())).toEqual({ kind: 'absent' });
  });
});

test('what is due at once is one call, whose key acts on all of it', async () => {
  const bench = new ReceiverBench('phone', TO, { global: GLOBAL });
  const inputs = [input({ id: 'n-1', links: LINKS }), input({ id: 'n-2', links: { ...LINKS, callback: 'https://other' } })];
  expect(await bench.integration.bundle?.(inputs)).toMatchObject({ kind: 'accepted' });
  expect(bench.telephony.calls.map(({ script }) => script)).toEqual([{ kind: 'fetched', url: `${LINKS.callback}/voice` }]);
  expect(bench.book.placings.map(({ ids }) => ids)).toEqual([['n-1', 'n-2']]);
});
