import { describe, expect, test } from 'vitest';
import { WebhookCollector } from '../../../test/support/webhook-collector.ts';
import { type HttpRequest, type HttpResult, PLAIN_HTTP } from '../../model/http.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { type Disturbance } from './sim-network.ts';
import { SimWorld } from './sim-world.ts';

const URL_OF_TARGET = 'http://target:80/hook';

function prepare(seed = 1) {
  const world = new SimWorld({ seed, start: unixMs(0) });
  const collector = new WebhookCollector(world.clock);
  const stop = world.network.serve('target:80', collector.handler);
  const app = world.process();
  const client = app.ports.http.open(PLAIN_HTTP);
  const send = (url = URL_OF_TARGET): Promise<HttpResult> => {
    const request: HttpRequest = {
      method: 'POST',
      url,
      headers: {},
      body: new Uint8Array([97]),
      timeoutMs: durationMs(10_000),
      bodyBytesMax: 1000,
    };
    return client.request(request);
  };
  return { world, collector, stop, app, send };
}
const brief = (result: HttpResult): string =>
  result.kind === 'response' ? String(result.status) : `${result.reason}${result.maybeSent ? ' sent' : ''}`;

describe('a disturbance', () => {
  test.each<{ given: string; disturbance: Disturbance; result: string; afterMs: number; received: number }>([
    { given: 'none', disturbance: {}, result: '200', afterMs: 0, received: 1 },
    { given: 'a delay', disturbance: { delayMs: [40, 40] }, result: '200', afterMs: 80, received: 1 },
    { given: 'a black hole', disturbance: { blackhole: 1 }, result: 'timeout', afterMs: 10_000, received: 0 },
    { given: 'a refusal', disturbance: { refuse: { chance: 1, reason: 'dns' } }, result: 'dns', afterMs: 0, received: 0 },
    { given: 'a lost request', disturbance: { loseRequest: 1 }, result: 'timeout sent', afterMs: 10_000, received: 0 },
    { given: 'a lost response', disturbance: { loseResponse: 1 }, result: 'timeout sent', afterMs: 10_000, received: 1 },
    { given: 'a reset', disturbance: { resetResponse: 1, delayMs: [1, 1] }, result: 'reset sent', afterMs: 2, received: 1 },
    {
      given: 'a cut in the request',
      disturbance: { cutRequest: { chance: 1, after: 0.5 }, delayMs: [1, 1] },
      result: 'reset sent',
      afterMs: 2,
      received: 0,
    },
    {
      given: 'a cut in the response',
      disturbance: { cutResponse: { chance: 1, after: 0.5 }, delayMs: [1, 1] },
      result: 'reset sent',
      afterMs: 2,
      received: 1,
    },
    { given: 'a duplicate', disturbance: { duplicate: 1 }, result: '200', afterMs: 0, received: 2 },
    { given: 'one on another link', disturbance: { to: 'elsewhere', blackhole: 1 }, result: '200', afterMs: 0, received: 1 },
  ])('$given ends as $result', async ({ disturbance, result, afterMs, received }) => {
    const { world, collector, send } = prepare();
    world.network.disturb(disturbance);
    let seen = 'pending';
    void send().then((value) => (seen = brief(value)));
    if (afterMs > 0) await world.advance(afterMs - 1);
    expect(seen).toBe(afterMs > 0 ? 'pending' : seen);
    await world.advance(1);
    expect(seen).toBe(result);
    expect(collector.received.length).toBe(received);
    expect(world.network.journal.filter(({ outcome }) => outcome.kind === 'answered').length).toBe(received);
  });

  test('cuts at the share of the bytes that it says', async () => {
    const { world, app } = prepare();
    const got: number[] = [];
    world.network.serve('reader:80', async (request) => {
      try {
        for await (const chunk of request.body ?? []) got.push(chunk.length);
      } catch {
        got.push(-1); // it broke off
      }
      return new Response('x'.repeat(100));
    });
    world.network.disturb({ cutRequest: { chance: 1, after: 0.3 } });
    void app.ports.http.open(PLAIN_HTTP).request({
      method: 'POST',
      url: 'http://reader/',
      headers: {},
      body: new Uint8Array(10),
      timeoutMs: durationMs(1000),
      bodyBytesMax: 1000,
    });
    await world.advance(10);
    expect(got).toEqual([3, -1]);
    expect(world.network.journal.map(({ body }) => body.length)).toEqual([3]);
  });

  test('heals: what is sent afterwards arrives', async () => {
    const { world, send, collector } = prepare();
    const heal = world.network.partition('tocsin', 'target');
    const lost = send();
    await world.advance(5000);
    heal();
    const arrived = send();
    await world.advance(5000);
    expect([brief(await lost), brief(await arrived)]).toEqual(['timeout', '200']);
    expect(collector.received.length).toBe(1);
  });

  test('by chance is the same for the same seed', async () => {
    const histories: string[] = [];
    for (const seed of [5, 5, 6]) {
      const { world, send } = prepare(seed);
      world.network.disturb({ loseRequest: 0.3, loseResponse: 0.3, delayMs: [0, 500] });
      const results = Promise.all(Array.from({ length: 30 }, () => send()));
      await world.advance(20_000);
      histories.push(`${(await results).map(brief).join()} ${world.network.journal.map(({ at }) => at).join()}`);
    }
    expect(histories[0]).toBe(histories[1]);
    expect(histories[0]).not.toBe(histories[2]);
  });
});

test('the journal tells what each delivery came to', async () => {
  const { world, send, collector } = prepare();
  const answers = [new Response('', { status: 503 }), 'hang', new Response('')] as const;
  collector.answer = () => answers[collector.received.length - 1] ?? 'hang';
  for (let i = 0; i < 3; i++) {
    void send();
    await world.advance(20);
  }
  expect(
    world.network.journal.map(({ at, from, to, outcome }) => [at, from, to, outcome.kind === 'answered' ? outcome.status : outcome.kind]),
  ).toEqual([
    [0, 'tocsin', 'target:80', 503],
    [20, 'tocsin', 'target:80', 'pending'],
    [40, 'tocsin', 'target:80', 200],
  ]);
});

test('a server that goes away refuses; a name never heard of has no address', async () => {
  const { world, send, stop } = prepare();
  stop();
  const results = Promise.all([send(), send('http://nowhere/')]);
  await world.advance(0);
  expect((await results).map(brief)).toEqual(['refused', 'dns']);
});

test('localhost is the asking host; a server bound to it is reached by nobody else', async () => {
  const { world, app, send } = prepare();
  const server = await app.ports.httpServer.listen(
    { host: '127.0.0.1', port: 9099 },
    (_, { remoteAddress }) => new Response(remoteAddress),
  );
  expect(server.address).toBe('127.0.0.1:9099');
  const other = world.process({ host: 'other' });
  const request = { method: 'GET', headers: {}, timeoutMs: durationMs(1000), bodyBytesMax: 100 } as const;
  const results = Promise.all([
    send('http://localhost:9099/'),
    other.ports.http.open(PLAIN_HTTP).request({ ...request, url: 'http://tocsin:9099/' }),
  ]);
  await world.advance(0);
  expect((await results).map(brief)).toEqual(['200', 'refused']);
  expect(await (await world.request('http://tocsin:9099/')).text()).toMatch(/^10\.0\.0\.\d+$/);
});

test('two servers cannot have one address, and one that is closed gives it back', async () => {
  const { app } = prepare();
  const listen = () => app.ports.httpServer.listen({ host: '0.0.0.0', port: 9099 }, () => new Response());
  const server = await listen();
  await expect(listen()).rejects.toThrow('cannot listen on 0.0.0.0:9099: the address is in use');
  await server.close({ graceMs: durationMs(0) });
  await listen();
});

test('when the server dies, its clients see the connection break; when the client dies, its server sees it go', async () => {
  const { world, app, collector } = prepare();
  const aborted: string[] = [];
  await app.ports.httpServer.listen({ host: '0.0.0.0', port: 9099 }, (request) => {
    request.signal.addEventListener('abort', () => aborted.push('client gone'));
    return new Promise(() => {});
  });
  const peer = world.process({ host: 'peer' });
  const ask = (): Promise<HttpResult> =>
    peer.ports.http
      .open(PLAIN_HTTP)
      .request({ method: 'GET', url: 'http://tocsin:9099/', headers: {}, timeoutMs: durationMs(60_000), bodyBytesMax: 1 });
  const first = ask();
  await world.advance(10);
  world.kill(app);
  await world.advance(10);
  expect(brief(await first)).toBe('reset sent');
  expect(collector.received).toEqual([]);

  const again = world.process();
  await again.ports.httpServer.listen({ host: '0.0.0.0', port: 9099 }, (request) => {
    request.signal.addEventListener('abort', () => aborted.push('client gone'));
    return new Promise(() => {});
  });
  let settled = false;
  void ask().then(() => (settled = true));
  await world.advance(10);
  world.kill(peer);
  await world.advance(60_000);
  expect({ aborted, settled }).toEqual({ aborted: ['client gone'], settled: false });
});
