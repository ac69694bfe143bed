/** From an exporter that stops to a telephone that rings: keys, replies, callbacks of every bad kind, kills in between. */
import { describe, expect, test } from 'vitest';
import type { OutboxId } from '../../src/alerts/router-state.ts';
import { appServer } from '../../src/app/http/app-server.ts';
import { unixMs } from '../../src/model/time.ts';
import type { SimTelephony } from '../../src/platform/sim/sim-telephony.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { bootApp, simOptions, sqliteOf, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const MINUTE = 60_000;
const ANA = '+4915112345678';
const US = '+15005550006';
const TEXTS_URL = 'http://tocsin:9099/twilio/texts';

const config = (integrations: string, token = 'the-token'): string => `
global:
  scrape_interval: 10s
  evaluation_interval: 10s
  twilio_account_sid: AC${'1'.repeat(32)}
  twilio_auth_token: ${token}
  twilio_from: "${US}"
scrape_configs:
  - job_name: api
    static_configs: [{targets: ['api:80']}]
rule_files: [/etc/rules/*.yml]
route:
  receiver: team
  group_by: [alertname]
  group_wait: 30s
  group_interval: 1m
  repeat_interval: 10m
receivers:
  - name: team
${integrations}
`;
const PHONE = `    phone_configs: [{to: "${ANA}"}]`;
const SMS = `    sms_configs: [{to: "${ANA}"}]`;
const RULES = `
groups:
  - name: api
    rules:
      - alert: ApiDown
        expr: up{job="api"} == 0
        for: 30s
        labels: {severity: critical}
        annotations: {summary: '{{ $labels.instance }} is down'}
`;

/** `isPublic`: the server has an address that the provider can call. */
async function world(integrations: string, { isPublic = true, token = 'the-token' } = {}) {
  const sim = new SimWorld({ seed: 1, start: START });
  const target = new FakeTarget(sim.clock);
  sim.network.serve('api:80', target.handler);
  writeFiles(sim, { '/etc/tocsin.yml': config(integrations, token), '/etc/rules/api.yml': RULES });
  const options = simOptions(isPublic ? { 'web.externalUrl': 'http://tocsin:9099' } : {});
  const boot = async () => {
    const booted = await bootApp(sim, { options });
    await booted.process.ports.httpServer.listen({ host: '', port: 9099 }, appServer(booted.app, () => {}).handler);
    return booted;
  };
  const first = await boot();
  const states = async (): Promise<readonly string[]> => {
    const rows = await first.app.outbox.history({ limit: 50 });
    return rows.map(({ integration, state, answer }) => `${integration} ${state}: ${answer}`).toReversed();
  };
  const down = async (): Promise<void> => {
    target.behaviour = 'error';
    await sim.advance(2 * MINUTE);
  };
  /** Somebody sends a text; what comes back. */
  const text = async (body: string, from = ANA): Promise<string | null> => {
    const answer = sim.telephony.reply(TEXTS_URL, { from, to: US, body });
    await sim.advance(1000);
    return answer;
  };
  return { sim, target, boot, states, down, text, phone: sim.telephony, ...first };
}

describe('a telephone', () => {
  test('rings once, says what fires, and is quiet after key 1 until it is over', async () => {
    const { sim, target, phone, down, states } = await world(PHONE);
    phone.telephone = () => ({ picksUp: 'human', keys: ['1'] });
    await down();
    expect(phone.rings).toMatchObject([{ to: ANA, from: US, status: 'completed', pressed: ['1'] }]);
    expect(phone.rings[0]?.heard).toEqual([
      'Critical alert: Api Down. api:80 is down. Firing for 30 seconds.',
      'Press 1 to acknowledge, 2 to escalate, 3 to silence for one hour, 9 to hear it again.',
      'Acknowledged.',
      'Goodbye.',
    ]);
    await sim.advance(25 * MINUTE);
    expect(phone.rings).toHaveLength(1);
    expect(await states()).toEqual([`phone confirmed: a key was pressed at ${ANA}`]);
    target.behaviour = 'ok';
    await sim.advance(5 * MINUTE);
    target.behaviour = 'error';
    await sim.advance(2 * MINUTE);
    expect(phone.rings).toHaveLength(2);
  });

  test.each([
    { given: 'configured alike, rings once for all', other: '', rings: 1 },
    { given: 'configured otherwise, rings after a minute', other: ', language: de-DE', rings: 2 },
  ])('that is in two integrations, $given', async ({ other, rings }) => {
    const { sim, phone, down, states } = await world(`    phone_configs: [{to: "${ANA}"}, {to: "${ANA}"${other}}]`);
    await down();
    expect(phone.rings).toHaveLength(1);
    await sim.advance(90_000);
    expect(phone.rings).toHaveLength(rings);
    expect((await states()).filter((state) => state.startsWith('phone accepted'))).toHaveLength(2);
  });

  test('a mailbox that answers, or somebody who presses nothing, has acknowledged nothing', async () => {
    const { sim, phone, down, states } = await world(PHONE);
    await down();
    expect(phone.rings).toMatchObject([{ status: 'completed', pressed: [] }]);
    expect(phone.rings[0]?.heard.filter((text) => text.startsWith('Press'))).toHaveLength(3);
    expect(await states()).toEqual([`phone accepted: Twilio: queued as ${phone.rings[0]?.sid}`]);
    await sim.advance(9 * MINUTE);
    expect(phone.rings).toHaveLength(1);
    await sim.advance(3 * MINUTE);
    expect(phone.rings).toHaveLength(2);
  });

  test.each<{ given: string; callbacks: (typeof SimWorld)['prototype']['telephony']['callbacks']; redialsBy: number }>([
    { given: 'callbacks in time', callbacks: () => [0], redialsBy: 2 },
    { given: 'each callback three times', callbacks: () => [0, 10, 5000], redialsBy: 2 },
    { given: 'callbacks in the wrong order', callbacks: ({ status }) => [status === 'no-answer' ? 0 : 70_000], redialsBy: 2 },
    { given: 'no callback at all', callbacks: () => [], redialsBy: 3 },
  ])(
    '$given: a telephone that nobody answers rings once more after a minute, then the call has failed',
    async ({ callbacks, redialsBy }) => {
      const { sim, phone, down, states } = await world(PHONE);
      phone.telephone = () => ({ picksUp: 'nobody' });
      phone.callbacks = callbacks;
      await down();
      expect(phone.rings).toHaveLength(1);
      await sim.advance(redialsBy * MINUTE);
      const [first, second, ...more] = phone.rings.map(({ at }) => at);
      expect(more).toEqual([]);
      expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(100_000);
      await sim.advance(3 * MINUTE);
      expect((await states())[0]).toBe(`phone failed: no_answer: nobody answered the telephone; ${ANA}`);
      // Not lost: the group's next flush tells it anew.
      await sim.advance(3 * MINUTE);
      expect(phone.rings.length).toBeGreaterThan(2);
    },
  );

  test('nobody is called again once it is over', async () => {
    const { sim, target, phone, down } = await world(PHONE);
    phone.telephone = () => ({ picksUp: 'busy' });
    await down();
    target.behaviour = 'ok';
    await sim.advance(10 * MINUTE);
    expect(phone.rings).toHaveLength(1);
  });

  test('without an address that can be called back it speaks twice and takes no keys', async () => {
    const { phone, down } = await world(PHONE, { isPublic: false });
    phone.telephone = () => ({ picksUp: 'human', keys: ['1'] });
    await down();
    const text = 'Critical alert: Api Down. api:80 is down. Firing for 30 seconds.';
    expect(phone.rings).toMatchObject([{ heard: [text, `Once more: ${text}`, 'This call takes no keys. Goodbye.'], pressed: [] }]);
  });

  test('a kill before the answer was noted rings nobody twice; a key pressed after the restart counts', async () => {
    const { sim, boot, phone, process, target } = await world(PHONE);
    phone.telephone = () => ({ picksUp: 'human', keys: ['', '1'] });
    target.behaviour = 'error';
    process.crashAt('send.after-response');
    while (process.life.isAlive) await sim.advance(1000);
    expect(phone.rings).toHaveLength(1);
    await boot();
    await sim.advance(2 * MINUTE);
    expect(phone.rings).toMatchObject([{ pressed: ['1'], status: 'completed' }]);
    await sim.advance(30 * MINUTE);
    expect(phone.rings).toHaveLength(1);
  });

  test('a kill while it rings, and callbacks that nobody took: the restart asks, and calls again', async () => {
    const { sim, boot, phone, process, target } = await world(PHONE);
    phone.telephone = () => ({ picksUp: 'nobody' });
    target.behaviour = 'error';
    while (phone.rings.length === 0) await sim.advance(1000);
    await sim.advance(5000);
    sim.kill(process);
    await sim.advance(MINUTE);
    phone.telephone = () => ({ picksUp: 'human', keys: ['1'] });
    await boot();
    await sim.advance(3 * MINUTE);
    expect(phone.rings).toMatchObject([{ status: 'no-answer' }, { pressed: ['1'] }]);
    await sim.advance(30 * MINUTE);
    expect(phone.rings).toHaveLength(2);
  });

  test('credentials that Twilio does not know are named on the notification', async () => {
    const { phone, down, states } = await world(PHONE, { token: 'revoked' });
    await down();
    expect(phone.rings).toEqual([]);
    expect((await states())[0]).toMatch(/^phone failed: bad_credentials: .*check account_sid and auth_token.*HTTP 401, code 20003/);
  });
});

describe('a text', () => {
  test('tells, and its reply code acknowledges', async () => {
    const { sim, phone, down, states, text } = await world(SMS);
    await down();
    expect(phone.texts.map(({ body }) => body)).toEqual([
      'FIRING ApiDown critical: api:80 is down (since 00:00 UTC)\nReply a 11 ack, e 11 escalate, s 11 1h silence',
    ]);
    expect(await states()).toEqual([`sms confirmed: delivered to ${ANA}`]);
    expect(await text('A11 ')).toBe('Acknowledged 11.');
    await sim.advance(25 * MINUTE);
    expect(phone.texts).toHaveLength(1);
    expect(await text('a')).toBe('Already acknowledged 11, 25 min ago.');
  });

  test('can be silenced by a reply, and by its page; opening the page changes nothing', async () => {
    const { sim, phone, down, text, app } = await world(SMS);
    await down();
    expect(await text('s 30m')).toBe('Silenced 11 for 30m.');
    await sim.advance(25 * MINUTE);
    expect(phone.texts).toHaveLength(1);
    await sim.advance(10 * MINUTE);
    expect(phone.texts).toHaveLength(2);
    const [row] = await app.outbox.history({ limit: 1 });
    const page = app.ways.links(row?.id as OutboxId)?.page ?? '';
    for (let i = 0; i < 2; i++) {
      const shown = await (await sim.request(page)).text();
      expect([shown.includes('api:80 is down'), shown.includes('Acknowledged by')]).toEqual([true, false]);
    }
    const posted = await sim.request(page, { method: 'POST', body: new URLSearchParams({ action: 'acknowledge', name: 'Ana' }) });
    expect(await posted.text()).toContain('Acknowledged.');
    expect(await (await sim.request(page)).text()).toContain('Acknowledged by <b>Ana</b>');
    await sim.advance(30 * MINUTE);
    expect(phone.texts).toHaveLength(2);
  });

  test('strangers hear nothing; nonsense is answered five times, until something is understood', async () => {
    const { down, text } = await world(SMS);
    await down();
    expect(await text('a 11', '+4930123456')).toBeNull();
    for (let i = 0; i < 5; i++) expect(await text('what?')).toMatch(/^Not understood/);
    expect(await text('what?')).toBeNull();
    expect(await text('a 99')).toBeNull();
    expect(await text('e 11')).toBe('There is nobody to escalate 11 to.');
    expect(await text('what?')).toMatch(/^Not understood/);
  });

  test('STOP, START and HELP are left to the provider; who has stopped can still act, and hears nothing', async () => {
    const { sim, phone, down, text } = await world(SMS);
    await down();
    for (const word of ['HELP', 'Stop', 'a 11']) expect(await text(word)).toBeNull();
    await sim.advance(30 * MINUTE);
    expect(phone.texts).toHaveLength(1);
    expect(await text('START')).toBeNull();
    expect(await text('a 11')).toMatch(/^Already acknowledged/);
  });

  test.each([
    { errorCode: 30005, tries: 1, state: /^sms failed: unknown_number: .*code 30005/ },
    { errorCode: 30003, tries: 2, state: /^sms failed: handset_unreachable: .*code 30003/ },
  ])('that does not arrive ($errorCode) is sent $tries times, and has failed', async ({ errorCode, tries, state }) => {
    const { sim, phone, down, states } = await world(SMS);
    const first = START;
    phone.network = () => ({ status: 'undelivered', errorCode });
    await down();
    while ((await states())[0]?.startsWith('sms failed') !== true && sim.clock.now() < first + 10 * MINUTE) await sim.advance(1000);
    expect((await states())[0]).toMatch(state);
    expect(phone.texts).toHaveLength(tries);
  });

  test.each([30003, 30005])('that told an end and did not arrive (%i) is told again until it does', async (errorCode) => {
    const { sim, phone, target, down } = await world(SMS);
    await down();
    phone.network = () => ({ status: 'undelivered', errorCode });
    target.behaviour = 'ok';
    await sim.advance(6 * MINUTE);
    phone.network = () => ({ status: 'delivered' });
    await sim.advance(30 * MINUTE);
    const ends = phone.texts.slice(1);
    expect(ends.every(({ body }) => /resolved/i.test(body))).toBe(true);
    expect(ends.map(({ status }) => status).filter((status) => status === 'delivered')).toHaveLength(1);
    expect(ends.at(-1)?.status).toBe('delivered');
  });

  test.each([
    { httpStatus: 400, code: 21608, state: /^sms failed: unverified_number: / },
    { httpStatus: 400, code: 21610, state: /^sms failed: opted_out: .*START/ },
    { httpStatus: 400, code: 21408, state: /^sms failed: geo_permission: / },
    { httpStatus: 400, code: 21211, state: /^sms failed: invalid_number: / },
  ])('that Twilio refuses with $code says so', async ({ httpStatus, code, state }) => {
    const { phone, down, states } = await world(SMS);
    phone.behaviour = () => ({ kind: 'refused', httpStatus, code, message: 'no' });
    await down();
    expect((await states())[0]).toMatch(state);
    expect(phone.texts).toEqual([]);
  });

  test.each([
    ['at once', (phone: SimTelephony) => (phone.behaviour = () => ({ kind: 'refused', httpStatus: 400, code: 21610, message: 'no' }))],
    ['later', (phone: SimTelephony) => (phone.network = () => ({ status: 'undelivered', errorCode: 21610 }))],
  ])('that Twilio refuses %s because of an earlier STOP is as one: nothing is answered until START', async (_, refuse) => {
    const { sim, phone, down, states, text, process } = await world(SMS);
    refuse(phone);
    await down();
    await sim.advance(10_000); // also with what the second flush has sent
    expect((await states())[0]).toMatch(/^sms failed: opted_out: /);
    const optedOut = () => sqliteOf(process).read('SELECT opted_out_at_ms IS NOT NULL AS yes FROM telephone WHERE number = ?', ANA);
    expect(optedOut()).toEqual([{ yes: 1 }]);
    expect(await text('what?')).toBeNull();
    phone.behaviour = () => ({ kind: 'accept' });
    phone.network = () => ({ status: 'delivered' });
    expect(await text('START')).toBeNull();
    expect(optedOut()).toEqual([{ yes: 0 }]);
    expect(await text('what?')).toMatch(/^Not understood/);
  });

  test('that Twilio has no time for is sent once when it has', async () => {
    const { sim, phone, down, states } = await world(SMS);
    phone.behaviour = () =>
      phone.requests < 4 ? { kind: 'refused', httpStatus: 429, code: 20429, message: 'Too Many Requests' } : { kind: 'accept' };
    await down();
    expect(phone.texts).toEqual([]);
    await sim.advance(5 * MINUTE);
    expect([phone.requests, phone.texts.length]).toEqual([4, 1]);
    expect((await states()).at(-1)).toBe(`sms confirmed: delivered to ${ANA}`);
  });

  test('that was taken though no answer came is found again, and not sent twice', async () => {
    const { sim, phone, target, states } = await world(SMS);
    let isFirst = true;
    phone.behaviour = () => {
      const kind = isFirst ? 'break' : 'accept';
      isFirst = false;
      return { kind, taken: true };
    };
    target.behaviour = 'error';
    await sim.advance(5 * MINUTE);
    expect(phone.texts).toHaveLength(1);
    expect(await states()).toEqual([`sms confirmed: delivered to ${ANA}`]);
  });
});

describe('what pretends to be the provider', () => {
  test('is refused without a word, counted, and acknowledges nothing', async () => {
    const { sim, phone, down, app } = await world(SMS);
    await down();
    const [row] = await app.outbox.history({ limit: 1 });
    const { callback = '' } = app.ways.links(row?.id as OutboxId) ?? {};
    const post = async (url: string, headers: Readonly<Record<string, string>>): Promise<string> => {
      const body = new URLSearchParams({ AccountSid: phone.accountSid, From: ANA, To: ANA, Body: 'a 11', CallSid: 'CA1', Digits: '1' });
      const response = await sim.request(url, { method: 'POST', body, headers });
      return `${response.status} ${await response.text()}`;
    };
    for (const headers of [{}, { 'x-twilio-signature': 'bm90IHRoaXM=' }])
      for (const url of [TEXTS_URL, `${callback}/keys/1/0`, `${callback}/text`, `${callback}/call`])
        expect(await post(url, headers)).toBe('403 ');
    expect(app.stats.callbacksRefused).toEqual(new Map([['bad_signature', 8]]));
    await sim.advance(12 * MINUTE);
    expect(phone.texts).toHaveLength(2);
  });
});
