import { EventEmitter, once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FakeTarget } from '../../../test/support/fake-target.ts';
import { silentLog } from '../../model/log.ts';
import { durationMs } from '../../model/time.ts';
import { ListenError, type ListeningServer, type RequestHandler } from '../http-server.ts';
import { type InnerWay, NodeHttpServer } from './node-http-server.ts';
import { SystemClock } from './system-clock.ts';

const clock = new SystemClock();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function listen(handler: RequestHandler, options: { readonly connectionsMax?: number } = {}): Promise<ListeningServer> {
  const server = await new NodeHttpServer(clock, silentLog).listen({ host: '127.0.0.1', port: 0, ...options }, handler);
  cleanups.push(() => server.close({ graceMs: durationMs(0) }));
  return server;
}

/** Speaks to a server below HTTP; resolves with all it said when it closes the connection. */
function speak(port: number, text: string): { readonly socket: net.Socket; readonly answer: Promise<string> } {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
  cleanups.push(() => socket.destroy());
  let said = '';
  socket.on('data', (bytes) => (said += bytes.toString()));
  socket.on('error', () => {});
  return { socket, answer: new Promise((resolve) => socket.on('close', () => resolve(said))) };
}

test('released bytes arrive whole, and are gone when the response has left', async () => {
  const sent: Uint8Array[] = [];
  const server = await listen((_request, { release }) => {
    const bytes = new Uint8Array(8_000_000).fill(0x61);
    sent.push(bytes);
    release?.(bytes);
    return new Response(bytes);
  });
  const body = await (await fetch(`http://${server.address}/`)).text();
  expect(body).toBe('a'.repeat(8_000_000));
  await vi.waitFor(() => expect(sent.map(({ byteLength }) => byteLength)).toEqual([0]));
});

test('a handler gets the request whole and its peer’s address', async () => {
  const server = await listen(async (request, { remoteAddress }) => {
    const body = await request.text();
    return Response.json({ method: request.method, path: new URL(request.url).pathname, body, remoteAddress }, { status: 201 });
  });
  const response = await fetch(`http://${server.address}/a/b?c`, { method: 'PUT', body: 'hello' });
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({ method: 'PUT', path: '/a/b', body: 'hello', remoteAddress: '127.0.0.1' });
});

test('a response is streamed as it is made', async () => {
  const { readable, writable } = new TransformStream<string, string>();
  const writer = writable.getWriter();
  const server = await listen(
    () => new Response(readable.pipeThrough(new TextEncoderStream()), { headers: { 'content-type': 'text/event-stream' } }),
  );
  void writer.write('first');
  const reader = (await fetch(`http://${server.address}/`)).body?.getReader();
  const read = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value);
  expect(await read()).toBe('first');
  void writer.write('second');
  expect(await read()).toBe('second');
  void writer.close();
  expect((await reader?.read())?.done).toBe(true);
});

test('a client that goes away aborts its request', async () => {
  const target = new FakeTarget(clock);
  target.behaviour = 'hang';
  const arrivals = new EventEmitter();
  const server = await listen((incoming, info) => {
    arrivals.emit('request', incoming);
    return target.handler(incoming, info);
  });
  const arrived = once(arrivals, 'request');
  const { socket } = speak(server.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [{ signal }] = (await arrived) as [Request];
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
  socket.destroy();
  await aborted;
  expect(target.abandoned).toBe(1);
});

test('a handler that fails is an internal error without details, and is logged with them', async () => {
  const error = vi.fn();
  const server = await new NodeHttpServer(clock, { ...silentLog, error }).listen({ host: '127.0.0.1', port: 0 }, () => {
    throw new Error('the password is hunter2');
  });
  cleanups.push(() => server.close({ graceMs: durationMs(0) }));
  const response = await fetch(`http://${server.address}/`);
  expect([response.status, await response.text()]).toEqual([500, 'internal error\n']);
  expect(error.mock.calls[0]?.[1].error).toContain('hunter2');
});

test('close waits for requests under way, then cuts what is left', async () => {
  const finish: (() => void)[] = [];
  const server = await listen((request) => {
    if (request.url.endsWith('/never')) return new Promise(() => {});
    return new Promise((resolve) => finish.push(() => resolve(new Response('finished'))));
  });
  const finished = fetch(`http://${server.address}/`);
  const never = speak(server.port, 'GET /never HTTP/1.1\r\nhost: x\r\n\r\n');
  await vi.waitFor(() => expect(finish.length).toBe(1));
  const closed = server.close({ graceMs: durationMs(50) });
  finish[0]?.();
  expect(await (await finished).text()).toBe('finished');
  await closed;
  expect(await never.answer).toBe('');
  await expect(fetch(`http://${server.address}/`)).rejects.toThrow('fetch failed');
});

test('requests that are no HTTP, or whose headers are too large, are refused', async () => {
  const server = await listen(() => new Response('ok'));
  expect(await speak(server.port, 'nonsense\r\n\r\n').answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(await speak(server.port, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(200_000)}\r\n\r\n`).answer).toMatch(/^HTTP\/1\.1 431 /);
  const long = await fetch(`http://${server.address}/?query=${'y'.repeat(60_000)}`);
  expect(long.status).toBe(200);
});

test('connections above the limit are closed', async () => {
  const server = await listen(() => new Promise(() => {}), { connectionsMax: 1 });
  speak(server.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await speak(server.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n').answer).toBe('');
});

test('an address in use is named, with what to do', async () => {
  const holder = net.createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => holder.close());
  const { port } = holder.address() as AddressInfo;
  const refused = new NodeHttpServer(clock, silentLog).listen({ host: '127.0.0.1', port }, () => new Response());
  await expect(refused).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the address is in use; stop the process that holds it, or choose another address`,
  );
  await expect(refused).rejects.toBeInstanceOf(ListenError);
});

test.each([
  { host: '192.0.2.1', message: 'cannot listen on 192.0.2.1:0: this machine has no such address' },
  { host: 'no-such-host.invalid', message: 'cannot listen on no-such-host.invalid:0: the name has no address' },
])('an address that cannot be had ($host) is named', async ({ host, message }) => {
  await expect(new NodeHttpServer(clock, silentLog).listen({ host, port: 0 }, () => new Response())).rejects.toThrow(message);
});

describe('the way inside the process', () => {
  async function open(handler: RequestHandler): Promise<InnerWay> {
    const way = await new NodeHttpServer(clock, silentLog).openInside(handler);
    cleanups.push(() => way.close());
    return way;
  }

  test('asks one request after the other, over connections that may end', async () => {
    const seen: string[] = [];
    const way = await open((request) => {
      seen.push(new URL(request.url).pathname);
      return new Response('x'.repeat(200_000), { status: seen.length === 2 ? 404 : 200 });
    });
    const statuses: number[] = [];
    for (const path of ['/a', '/b', '/c', '/d']) {
      statuses.push(await way.send({ method: 'GET', path, headers: path === '/b' ? { connection: 'close' } : {}, body: null }));
    }
    expect({ seen, statuses }).toEqual({ seen: ['/a', '/b', '/c', '/d'], statuses: [200, 404, 200, 200] });
  });

  test('is nobody else’s', async () => {
    let url = '';
    let calls = 0;
    const way = await open((request) => {
      calls++;
      url = request.url;
      return new Response('for the inside');
    });
    await way.send({ method: 'POST', path: '/', headers: {}, body: 'x' });
    const response = await fetch(url);
    expect([response.status, await response.text(), calls]).toEqual([403, '', 1]);
  });
});
