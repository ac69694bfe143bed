import { expect, test } from 'vitest';
import { PLAIN_HTTP, PLAIN_TLS } from '../../model/http.ts';
import type { MailMessage, MailResult, SmtpServer } from '../../model/mail.ts';
import { uuid } from '../../model/random.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimulatedCrash } from './sim-crash.ts';
import type { MailBehaviour } from './sim-mail.ts';
import { SimWorld } from './sim-world.ts';

const START = unixMs(1_700_000_000_000);
const newWorld = (seed = 1): SimWorld => new SimWorld({ seed, start: START });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('after a kill the next boot finds the disk and the slots, and nothing of the old one runs', async () => {
  const world = newWorld();
  const first = world.process();
  const store = first.slot('db', () => ({ rows: ['a'] }));
  first.ports.disk.makeDirectory('/data');
  first.ports.disk.open('/data/wal', 'write').write(bytes('written'), 0);
  let ticks = 0;
  first.ports.clock.after(durationMs(10), () => ticks++);
  world.kill(first);
  expect(() => first.ports.disk.read('/data/wal')).toThrow(SimulatedCrash);
  expect(() => first.ports.http.open(PLAIN_HTTP)).toThrow(SimulatedCrash);
  expect(() => first.life.assertAlive()).toThrow(SimulatedCrash);

  const second = world.process();
  await world.advance(1000);
  expect(ticks).toBe(0);
  expect(second.ports.disk.read('/data/wal')).toEqual(bytes('written'));
  expect(second.slot('db', () => ({ rows: [] as string[] }))).toBe(store);
});

test('one machine runs one process at a time', () => {
  const world = newWorld();
  world.process();
  expect(() => world.process()).toThrow('running on "tocsin" already');
  world.process({ host: 'other' });
});

test('a power loss takes what was not synced', () => {
  const world = newWorld();
  const app = world.process();
  app.ports.disk.makeDirectory('/data');
  app.ports.disk.syncDirectory('/');
  app.ports.disk.replace('/data/kept', bytes('kept'));
  const file = app.ports.disk.open('/data/kept', 'write');
  file.truncate(0);
  world.powerLoss(app);
  const { disk } = world.process().ports;
  expect(disk.stat('/data/kept')).not.toBeNull();
  expect(['', 'k', 'ke', 'kep', 'kept']).toContain(new TextDecoder().decode(disk.read('/data/kept')));
});

test('a planned crash kills at the nth pass of its label, and every pass is counted', () => {
  const world = newWorld();
  const app = world.process();
  app.crashAt('outbox.after-claim', 2);
  const { crash } = app.ports;
  crash.hit('outbox.before-claim');
  crash.hit('outbox.after-claim');
  crash.hit('outbox.before-claim');
  expect(() => crash.hit('outbox.after-claim')).toThrow(SimulatedCrash);
  expect(app.isAlive).toBe(false);
  expect(() => crash.hit('outbox.before-claim')).toThrow(SimulatedCrash);
  const next = world.process();
  next.ports.crash.hit('outbox.after-claim');
  expect([...next.crashHits]).toEqual([
    ['outbox.before-claim', 2],
    ['outbox.after-claim', 3],
  ]);
});

test('a frozen process answers when it thaws', async () => {
  const world = newWorld();
  const app = world.process();
  const { clock, httpServer } = app.ports;
  await httpServer.listen({ host: '0.0.0.0', port: 80 }, () => new Response(String(clock.elapsed())));
  world.freeze(app, 5000);
  expect(await (await world.request('http://tocsin/')).text()).toBe('5000');
});

test('a request takes as much simulated time as its handler needs, a minute at most', async () => {
  const world = newWorld();
  const app = world.process();
  const { clock, httpServer } = app.ports;
  await httpServer.listen({ host: '0.0.0.0', port: 80 }, async (request) => {
    const ms = Number(new URLSearchParams(new URL(request.url).search).get('ms'));
    await new Promise<void>((resolve) => clock.after(durationMs(ms), resolve));
    return new Response('done');
  });
  expect((await world.request('http://tocsin/?ms=30000')).status).toBe(200);
  await expect(world.request('http://tocsin/?ms=90000')).rejects.toThrow('no answer');
  await expect(world.request('http://nowhere/')).rejects.toThrow('nothing listens on nowhere:80');
});

test('the log is kept over boots, with what each line was said with, until the process dies', async () => {
  const world = newWorld();
  const app = world.process({ environment: { HOME: '/root' } });
  const log = app.ports.log.with({ component: 'rules' });
  log.info('evaluated', { group: app.ports.environment('HOME'), missing: app.ports.environment('NONE') });
  await world.advance(5);
  log.with({ n: 1 }).error('failed');
  world.kill(app);
  log.warn('from the grave');
  expect(world.process().logLines).toEqual([
    { at: START, level: 'info', message: 'evaluated', fields: { component: 'rules', group: '/root', missing: undefined } },
    { at: START + 5, level: 'error', message: 'failed', fields: { component: 'rules', n: 1 } },
  ]);
});

test('chance is drawn from the seed, anew for each boot', () => {
  const drawn = [1, 1, 2].map((seed) => {
    const world = newWorld(seed);
    return [0, 1].map(() => {
      const app = world.process();
      world.kill(app);
      return uuid(app.ports.random);
    });
  });
  expect(drawn[0]).toEqual(drawn[1]);
  expect(new Set(drawn.flat()).size).toBe(4);
});

const server: SmtpServer = {
  host: 'smtp',
  port: 25,
  security: 'never',
  hello: 'tocsin',
  tls: PLAIN_TLS,
  auth: null,
  timeoutMs: durationMs(10_000),
};
const message: MailMessage = {
  from: 'tocsin@example.com',
  to: ['ana@example.com', 'bo@example.com'],
  subject: 'page',
  text: 'text',
  html: '',
  images: [],
  date: START,
  messageId: '<1@tocsin>',
  headers: [],
};

test.each<{ behaviour: MailBehaviour; result: string; mails: number }>([
  { behaviour: { kind: 'accept' }, result: 'accepted', mails: 1 },
  { behaviour: { kind: 'reject', retry: false, cause: 'recipient', message: '550' }, result: 'rejected recipient', mails: 0 },
  { behaviour: { kind: 'greylist', forMs: 60_000 }, result: 'rejected recipient retry', mails: 0 },
  { behaviour: { kind: 'break', delivered: true }, result: 'unknown', mails: 1 },
  { behaviour: { kind: 'break', delivered: false }, result: 'unknown', mails: 0 },
  { behaviour: { kind: 'hang' }, result: 'rejected connect retry', mails: 0 },
  { behaviour: { kind: 'hang', delivered: true }, result: 'unknown', mails: 1 },
])('a mail server told to $behaviour.kind makes a send $result', async ({ behaviour, result, mails }) => {
  const world = newWorld();
  world.mail.behaviour = () => behaviour;
  world.mail.delayMs = 50;
  let seen: MailResult | null = null;
  void world
    .process()
    .ports.mail.send(server, message)
    .then((value) => (seen = value));
  await world.advance(20_000);
  const { kind, ...rest } = seen as unknown as MailResult;
  expect(
    [kind, 'cause' in rest ? rest.cause : '', 'retry' in rest && rest.retry ? 'retry' : ''].filter((word) => word !== '').join(' '),
  ).toBe(result);
  expect(world.mail.mailbox('ana@example.com').length).toBe(mails);
  expect(world.mail.mailbox('bo@example.com').length).toBe(mails);
});

test('a greylisted message gets through when it comes again after the time', async () => {
  const world = newWorld();
  world.mail.behaviour = () => ({ kind: 'greylist', forMs: 60_000 });
  const { mail } = world.process().ports;
  void mail.send(server, message);
  await world.advance(60_000);
  const second = mail.send(server, message);
  await world.advance(0);
  expect(await second).toMatchObject({ kind: 'accepted' });
  expect(world.mail.mailbox('ana@example.com')).toMatchObject([{ at: START + 60_000, server: 'smtp' }]);
  expect(world.mail.attempts).toBe(2);
});

test('mail that a process handed over before it died is delivered, and the dead are told nothing', async () => {
  const world = newWorld();
  world.mail.delayMs = 100;
  const app = world.process();
  let told = false;
  void app.ports.mail.send(server, message).then(() => (told = true));
  world.kill(app);
  await world.advance(1000);
  expect(told).toBe(false);
  expect(world.mail.mailbox('ana@example.com').length).toBe(1);
  expect(() => app.ports.mail.send(server, message)).toThrow(SimulatedCrash);
});

test('an hour of a busy process is simulated in well under a second of work', async () => {
  const world = newWorld();
  world.network.serve('target:9100', () => new Response('up 1\n'));
  const app = world.process();
  const client = app.ports.http.open(PLAIN_HTTP);
  let answers = 0;
  const scrape = async (): Promise<void> => {
    app.ports.clock.after(durationMs(15_000), () => void scrape());
    const result = await client.request({
      method: 'GET',
      url: 'http://target:9100/',
      headers: {},
      timeoutMs: durationMs(10_000),
      bodyBytesMax: 1000,
    });
    if (result.kind === 'response') answers++;
  };
  void scrape();
  await world.advance(3_600_000);
  expect(answers).toBe(241);
});
