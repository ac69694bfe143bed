import { describe, expect, test } from 'vitest';
import { CALLER, NOON } from '../../../test/support/test-alertmanager.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import type { StoredEvent } from '../../db/event-repository.ts';

const event = (id: number, changes: Partial<StoredEvent> = {}): StoredEvent => ({
  id,
  at: NOON,
  fingerprint: 'a',
  groupKey: null,
  stage: 'ingest',
  verdict: 'stored',
  reason: 'new',
  detail: null,
  configHash: 'abc',
  ...changes,
});

type Message = { readonly event: string; readonly id: string; readonly data: string };

/** A client that takes what comes, as far as the clock has moved. */
class Client {
  readonly server: TestServer;
  readonly status: number;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #text = '';
  isOver = false;

  static async open(
    server: TestServer,
    { query = '', lastId, takes = true }: { query?: string; lastId?: number; takes?: boolean } = {},
  ): Promise<Client> {
    const response = await server.get(
      `/api/tocsin/v1/events/stream${query}`,
      lastId === undefined ? {} : { 'last-event-id': String(lastId) },
    );
    const client = new Client(server, response);
    if (takes) void client.#take();
    await server.eventStream.clock.advance(0);
    return client;
  }

  constructor(server: TestServer, response: Response) {
    this.server = server;
    this.status = response.status;
    this.#reader = response.body?.getReader();
  }

  async #take(): Promise<void> {
    for (let part = await this.#reader?.read(); part !== undefined && !part.done; part = await this.#reader?.read())
      this.#text += new TextDecoder().decode(part.value);
    this.isOver = true;
  }

  /** One piece, of a client that takes nothing by itself. */
  async takeOne(): Promise<string> {
    return new TextDecoder().decode((await this.#reader?.read())?.value);
  }

  leave(): Promise<void> | undefined {
    return this.#reader?.cancel();
  }

  async messages(afterMs = 0): Promise<readonly Message[]> {
    await this.server.eventStream.clock.advance(afterMs);
    const blocks = this.#text.split('\n\n').slice(0, -1);
    const field = (block: string, name: string): string =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2) ?? '';
    return blocks
      .map((block) => ({ event: field(block, 'event'), id: field(block, 'id'), data: field(block, 'data') }))
      .filter(({ data }) => data !== '');
  }

  async ids(afterMs = 0): Promise<readonly string[]> {
    return (await this.messages(afterMs)).map(({ id }) => id);
  }

  get text(): string {
    return this.#text;
  }
}

describe('a stream', () => {
  test('begins now, and tells of an event at once', async () => {
    const server = new TestServer();
    server.eventStream.add(event(1));
    const client = await Client.open(server);
    expect(client.text).toBe('retry: 2000\nid: 1\n\n');
    server.eventStream.add(event(2));
    const [message] = await client.messages();
    expect(message).toMatchObject({ event: '', id: '2' });
    expect(JSON.parse(message?.data ?? '')).toMatchObject({ id: 2, stage: 'ingest', text: 'the alert fires' });
  });

  test('goes on behind the last event that the client has, without gap or repeat', async () => {
    const server = new TestServer();
    server.eventStream.add(...[1, 2, 3, 4].map((id) => event(id)));
    const client = await Client.open(server, { lastId: 2 });
    expect(await client.ids()).toEqual(['3', '4']);
    server.eventStream.add(event(5));
    expect(await client.ids(1000)).toEqual(['3', '4', '5']);
  });

  test('gives a long past in batches, all of it', async () => {
    const server = new TestServer();
    const all = Array.from({ length: 1001 }, (_, i) => event(i + 1));
    server.eventStream.add(...all);
    const client = await Client.open(server, { lastId: 1 });
    expect(await client.ids(1000)).toEqual(all.slice(1).map(({ id }) => String(id)));
  });

  test('of one alert and one stage passes over others, but not over their place', async () => {
    const server = new TestServer();
    const client = await Client.open(server, { query: '?fingerprint=a&stage=ingest' });
    server.eventStream.add(event(1), event(2, { fingerprint: 'b' }), event(3, { stage: 'group' }));
    expect(await client.ids(1000)).toEqual(['1']);
    await client.messages(20_000);
    expect(client.text.endsWith(': still here\nid: 3\n\n')).toBe(true);
  });

  test.each([
    { given: 'forgotten', lastId: 2, goesOnWith: ['9', '10', '11'] },
    { given: 'of a log that is younger', lastId: 500, goesOnWith: ['10', '11'] },
  ])('says so where what the client has is $given', async ({ lastId, goesOnWith }) => {
    const server = new TestServer();
    server.eventStream.add(event(10));
    const client = await Client.open(server, { lastId });
    server.eventStream.add(event(11));
    const messages = await client.messages(1000);
    expect(messages[0]).toMatchObject({ event: 'gap', data: expect.stringContaining(`event ${lastId} is not in the log any more`) });
    expect(messages.map(({ id }) => id)).toEqual(goesOnWith);
  });

  test('reads a burst of commits a few times, not once for each', async () => {
    const server = new TestServer();
    const client = await Client.open(server);
    const before = server.eventStream.reads;
    for (let id = 1; id <= 300; id++) {
      server.eventStream.add(event(id));
      await server.eventStream.clock.advance(1);
    }
    expect((await client.ids(1000)).length).toBe(300);
    expect(server.eventStream.reads - before).toBeLessThan(8);
  });

  test('shows that it is alive while nothing happens, and reads nothing for that', async () => {
    const server = new TestServer();
    const client = await Client.open(server);
    await server.eventStream.clock.advance(1000);
    const { reads } = server.eventStream;
    await server.eventStream.clock.advance(60_000);
    expect(client.text.match(/: still here/g)).toHaveLength(4);
    expect(server.eventStream.reads).toBe(reads);
  });

  test('ends with a word when the server stops', async () => {
    const server = new TestServer();
    server.eventStream.add(event(7));
    const client = await Client.open(server);
    server.eventStream.close();
    expect(await client.messages()).toEqual([{ event: 'closing', id: '7', data: expect.stringContaining('come back') }]);
    expect(client.isOver).toBe(true);
  });

  test('of a client that takes nothing holds one batch, then says why and is cut off', async () => {
    let cuts = 0;
    const server = new TestServer();
    const path = '/api/tocsin/v1/events/stream';
    const response = await server.handler(new Request(`http://tocsin.test${path}`), { ...CALLER, cut: () => cuts++ });
    const client = new Client(server, response);
    await client.takeOne();
    server.eventStream.add(event(1));
    await server.eventStream.clock.advance(29_000);
    for (let id = 2; id < 100; id++) server.eventStream.add(event(id));
    const { reads } = server.eventStream;
    await server.eventStream.clock.advance(5000);
    expect(server.eventStream.reads).toBe(reads);
    expect(await client.takeOne()).toMatch(/^event: lagging\ndata: /);
    expect(cuts).toBe(0);
    await server.eventStream.clock.advance(5000);
    expect(cuts).toBe(1);
  });

  test('is refused where there are too many, until one leaves', async () => {
    const server = new TestServer();
    const clients = [];
    for (let i = 0; i < 100; i++) clients.push(await Client.open(server));
    expect((await Client.open(server, { takes: false })).status).toBe(503);
    await clients[0]?.leave();
    expect((await Client.open(server)).status).toBe(200);
  });

  test.each(['x', '-1', '1.5'])('Last-Event-ID %s is refused', async (id) => {
    const response = await new TestServer().get('/api/tocsin/v1/events/stream', { 'last-event-id': id });
    expect([response.status, await response.json()]).toMatchObject([400, { detail: 'last-event-id must be the id of an event' }]);
  });

  test('is not compressed, and a HEAD begins none', async () => {
    const server = new TestServer();
    const response = await server.get('/api/tocsin/v1/events/stream', { 'accept-encoding': 'gzip' });
    expect([response.headers.get('content-type'), response.headers.get('content-encoding')]).toEqual(['text/event-stream', null]);
    for (let i = 0; i < 200; i++) await server.request('/api/tocsin/v1/events/stream', { method: 'HEAD' });
    expect((await Client.open(server)).status).toBe(200);
  });
});
