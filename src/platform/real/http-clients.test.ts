/** What only sockets show: TLS, proxies, Unix sockets, kept connections. The rest is in ../http-exchange.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import {
  TEST_AUTHORITY,
  TEST_CLIENT,
  TEST_RENEWED,
  TEST_SERVER,
  TEST_STRANGER,
  type TestCertificate,
} from '../../../test/support/certificates.ts';
import {
  type HttpClient,
  type HttpClientConfig,
  type HttpProxy,
  type HttpResult,
  PLAIN_HTTP,
  PLAIN_TLS,
  type TlsClientConfig,
} from '../../model/http.ts';
import { silentLog } from '../../model/log.ts';
import { Secret } from '../../model/secret.ts';
import type { ServerTls } from '../../model/server-tls.ts';
import { durationMs } from '../../model/time.ts';
import type { ListeningServer, RequestHandler } from '../http-server.ts';
import { networkHttpClients } from './http-clients.ts';
import { nodeDisk } from './node-disk.ts';
import { NodeHttpServer } from './node-http-server.ts';
import { SystemClock } from './system-clock.ts';

const clock = new SystemClock();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function open(config: Partial<HttpClientConfig> = {}, environment: Readonly<Record<string, string>> = {}): HttpClient {
  const client = networkHttpClients({ clock, disk: nodeDisk, environment: (name) => environment[name], userAgent: 'test' }).open({
    ...PLAIN_HTTP,
    ...config,
  });
  cleanups.push(() => client.close());
  return client;
}
const request = (client: HttpClient, url: string, method: 'GET' | 'POST' = 'GET'): Promise<HttpResult> =>
  client.request({ method, url, headers: {}, timeoutMs: durationMs(10_000), bodyBytesMax: 10_000 });
const text = (result: HttpResult): string =>
  result.kind === 'response'
    ? new TextDecoder().decode(result.body)
    : `${result.reason}${result.maybeSent ? ' sent' : ''}: ${result.message}`;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function directory(): string {
  const path = mkdtempSync(`${tmpdir()}/tocsin-client-`);
  cleanups.push(() => rmSync(path, { recursive: true }));
  return path;
}

async function listen(handler: RequestHandler, tls?: ServerTls | (() => ServerTls)): Promise<ListeningServer> {
  const server = await new NodeHttpServer(clock, silentLog).listen(
    { host: '127.0.0.1', port: 0, ...(tls === undefined ? {} : { tls: typeof tls === 'function' ? tls : () => tls }) },
    handler,
  );
  cleanups.push(() => server.close({ graceMs: durationMs(0) }));
  return server;
}

/** A server below HTTP; its port. */
async function listenRaw(server: net.Server | http.Server, path?: string): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => (path === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(path, resolve)));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path === undefined ? (server.address() as AddressInfo).port : 0;
}

const inlineKey = (certificate: TestCertificate) =>
  ({ cert: { kind: 'inline', pem: certificate.cert }, key: { kind: 'inline', secret: new Secret(certificate.key) } }) as const;
const serverTls = (certificate: TestCertificate, more: Partial<ServerTls> = {}): ServerTls => ({
  ...certificate,
  clientCa: null,
  clientCertificate: 'none',
  clientAllowedSans: null,
  minVersion: 'TLS12',
  maxVersion: null,
  ciphers: [],
  curves: [],
  ...more,
});
const authority = { kind: 'inline', pem: TEST_AUTHORITY } as const;

describe('TLS', () => {
  test.each<{ given: string; tls: Partial<TlsClientConfig>; host?: string; answer: RegExp }>([
    { given: 'the authority is trusted', tls: { ca: authority }, answer: /^secure$/ },
    {
      given: 'it is not',
      tls: {},
      answer: /^tls: no TLS connection to 127\.0\.0\.1:\d+: its certificate is not of an authority known here: unable to verify/,
    },
    { given: 'nobody looks', tls: { insecureSkipVerify: true }, answer: /^secure$/ },
    { given: 'server_name is one of its names', tls: { ca: authority, serverName: 'target.test' }, answer: /^secure$/ },
    {
      given: 'server_name is not',
      tls: { ca: authority, serverName: 'other.test' },
      answer: /^tls: .*its certificate does not match: .*other\.test/,
    },
    { given: 'the versions do not meet', tls: { ca: authority, maxVersion: 'TLS12' }, answer: /^tls: / },
    {
      given: 'the authority is no certificate',
      tls: { ca: { kind: 'inline', pem: 'nonsense' }, insecureSkipVerify: false },
      answer: /^tls: /,
    },
    { given: 'the key is no key', tls: { ...inlineKey({ ...TEST_CLIENT, key: 'nonsense' }) }, answer: /^tls: / },
  ])('when $given', async ({ tls, answer }) => {
    const server = await listen(() => new Response('secure'), serverTls(TEST_SERVER, { minVersion: 'TLS13' }));
    expect(text(await request(open({ tls: { ...PLAIN_TLS, ...tls } }), `https://127.0.0.1:${server.port}/`, 'POST'))).toMatch(answer);
  });

  test.each<{ demand: ServerTls['clientCertificate']; given: TestCertificate | null; served: boolean }>([
    { demand: 'none', given: null, served: true },
    { demand: 'request', given: TEST_STRANGER, served: true },
    { demand: 'require_any', given: TEST_STRANGER, served: true },
    { demand: 'require_any', given: null, served: false },
    { demand: 'verify_if_given', given: null, served: true },
    { demand: 'verify_if_given', given: TEST_CLIENT, served: true },
    { demand: 'verify_if_given', given: TEST_STRANGER, served: false },
    { demand: 'require_and_verify', given: TEST_CLIENT, served: true },
    { demand: 'require_and_verify', given: TEST_STRANGER, served: false },
    { demand: 'require_and_verify', given: null, served: false },
  ])('a server that demands "$demand" serves the certificate: $served', async ({ demand, given, served }) => {
    const server = await listen(() => new Response('ok'), serverTls(TEST_SERVER, { clientCa: TEST_AUTHORITY, clientCertificate: demand }));
    const client = open({ tls: { ...PLAIN_TLS, ca: authority, ...(given === null ? {} : inlineKey(given)) } });
    expect((await request(client, `https://127.0.0.1:${server.port}/`)).kind).toBe(served ? 'response' : 'failed');
  });

  test.each([
    { allowed: ['client.test'], given: TEST_SERVER, served: false },
    { allowed: ['other.test', 'target.test'], given: TEST_SERVER, served: true },
    { allowed: ['127.0.0.1'], given: TEST_SERVER, served: true },
    { allowed: ['target'], given: TEST_SERVER, served: false },
    { allowed: ['target.test'], given: null, served: false },
  ])('a server that allows $allowed serves the certificate: $served', async ({ allowed, given, served }) => {
    const clients = { clientCa: TEST_AUTHORITY, clientCertificate: 'verify_if_given', clientAllowedSans: allowed } as const;
    const server = await listen(() => new Response('ok'), serverTls(TEST_SERVER, clients));
    const client = open({ tls: { ...PLAIN_TLS, ca: authority, ...(given === null ? {} : inlineKey(given)) } });
    expect((await request(client, `https://127.0.0.1:${server.port}/`)).kind).toBe(served ? 'response' : 'failed');
  });

  test('files are read again: a rotated client certificate is used for the next request', async () => {
    const path = directory();
    const server = await listen(
      () => new Response('ok'),
      serverTls(TEST_SERVER, { clientCa: TEST_AUTHORITY, clientCertificate: 'require_and_verify' }),
    );
    const write = (certificate: TestCertificate): void => {
      writeFileSync(`${path}/cert`, certificate.cert);
      writeFileSync(`${path}/key`, certificate.key);
    };
    const client = open({
      tls: { ...PLAIN_TLS, ca: authority, cert: { kind: 'file', path: `${path}/cert` }, key: { kind: 'file', path: `${path}/key` } },
    });
    const kinds: string[] = [];
    for (const certificate of [TEST_CLIENT, TEST_STRANGER, TEST_CLIENT]) {
      write(certificate);
      kinds.push((await request(client, `https://127.0.0.1:${server.port}/`)).kind);
    }
    expect(kinds).toEqual(['response', 'failed', 'response']);
    rmSync(`${path}/cert`);
    expect(text(await request(client, `https://127.0.0.1:${server.port}/`))).toBe(`tls: read "${path}/cert": no such file or directory`);
  });

  test('a server renews its certificate without closing', async () => {
    let tls = serverTls(TEST_STRANGER);
    const server = await listen(
      () => new Response('ok'),
      () => tls,
    );
    const client = open({ tls: { ...PLAIN_TLS, ca: authority } });
    expect((await request(client, `https://localhost:${server.port}/`)).kind).toBe('failed');
    tls = serverTls(TEST_RENEWED);
    expect((await request(client, `https://localhost:${server.port}/`)).kind).toBe('response');
  });
});

describe('connections', () => {
  test.each(['GET', 'POST'] as const)('%s keeps its connection for the next', async (method) => {
    let connections = 0;
    const server = http.createServer((_, response) => response.end('ok'));
    server.on('connection', () => connections++);
    const url = `http://127.0.0.1:${await listenRaw(server)}/`;
    const client = open();
    for (let i = 0; i < 3; i++) {
      await request(client, url, method);
      await turn(); // a connection is free again when the turn that brought its answer is over
    }
    expect(connections).toBe(1);
  });

  test('clients share connections for what acts, and one that closes leaves them to the others', async () => {
    let connections = 0;
    const server = http.createServer((_, response) => response.end('ok'));
    server.on('connection', () => connections++);
    const url = `http://127.0.0.1:${await listenRaw(server)}/`;
    const clients = networkHttpClients({ clock, disk: nodeDisk, environment: () => undefined, userAgent: 'test' });
    for (let i = 0; i < 3; i++) {
      const client = clients.open(PLAIN_HTTP);
      expect(text(await request(client, url, 'POST'))).toBe('ok');
      client.close();
      await turn();
    }
    expect(connections).toBe(1);
  });

  test('a POST on a kept connection that the server had closed is not sent again, and may have been taken', async () => {
    let requests = 0;
    const server = net.createServer((socket) => {
      socket.on('data', () => {
        if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        else socket.destroy();
      });
    });
    const url = `http://127.0.0.1:${await listenRaw(server)}/`;
    const client = open();
    expect(text(await request(client, url, 'POST'))).toBe('ok');
    await turn();
    expect(text(await request(client, url, 'POST'))).toMatch(/^reset sent: /);
    expect(requests).toBe(2);
  });

  test('a GET on a kept connection that the server had closed is sent again', async () => {
    let requests = 0;
    const server = net.createServer((socket) => {
      let isFirst = true;
      socket.on('data', () => {
        requests++;
        if (isFirst) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        else socket.destroy();
        isFirst = false;
      });
    });
    const url = `http://127.0.0.1:${await listenRaw(server)}/`;
    const client = open();
    expect(text(await request(client, url))).toBe('ok');
    await turn();
    expect(text(await request(client, url))).toBe('ok');
    expect(requests).toBe(3);
  });

  test.each([
    {
      given: 'closes before it answers',
      answer: '',
      result: /^reset sent: 127\.0\.0\.1:\d+ closed the connection before the answer was complete$/,
    },
    { given: 'closes within the body', answer: 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok', result: /^reset sent: / },
    { given: 'does not speak HTTP', answer: '220 mail.example.com ESMTP\r\n', result: /^other sent: the answer of .* is not HTTP/ },
    {
      given: 'sends a megabyte of headers',
      answer: `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`,
      result: /^other sent: the headers/,
    },
    {
      given: 'sends interim answers first',
      answer: 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      result: /^ok$/,
    },
  ])('a server that $given', async ({ answer, result }) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer));
    });
    expect(text(await request(open(), `http://127.0.0.1:${await listenRaw(server)}/`, 'POST'))).toMatch(result);
  });

  test('a Unix socket is reached by its path, as Docker listens', async () => {
    const path = `${directory()}/docker.sock`;
    await listenRaw(
      http.createServer((incoming, response) => response.end(`${incoming.url}`)),
      path,
    );
    const base = `http+unix://${encodeURIComponent(path)}`;
    expect(text(await request(open(), `${base}/containers/json?all=1`))).toBe('/containers/json?all=1');
    expect(text(await request(open(), `${base}.none/`))).toBe(`refused: nothing listens on ${path}.none`);
  });
});

const proxy = (url: string, more: Partial<Extract<HttpProxy, { kind: 'url' }>> = {}): HttpProxy => ({
  kind: 'url',
  url: new Secret(url),
  noProxy: '',
  connectHeaders: {},
  ...more,
});

/** A proxy that tells what it was asked, and refuses CONNECT with `refusal` if that is set. */
async function startProxy(refusal?: number) {
  const asked: string[] = [];
  const server = http.createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url} ${incoming.headers.host} ${incoming.headers['proxy-authorization']}`);
    response.end('by proxy');
  });
  server.on('connect', (incoming, socket: net.Socket, head) => {
    asked.push(`CONNECT ${incoming.url} ${incoming.headers['proxy-authorization']} ${incoming.headers['x-tenant']}`);
    socket.on('error', () => {});
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const onward = net.connect(Number(incoming.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
  });
  return { asked, port: await listenRaw(server) };
}

describe('proxies', () => {
  test('a plain request is handed to the proxy whole', async () => {
    const { asked, port } = await startProxy();
    const client = open({ proxy: proxy(`http://us%40er:pass@127.0.0.1:${port}`) });
    expect(text(await request(client, 'http://target.test:9100/metrics?a=b'))).toBe('by proxy');
    const login = Buffer.from('us@er:pass').toString('base64');
    expect(asked).toEqual([`GET http://target.test:9100/metrics?a=b target.test:9100 Basic ${login}`]);
  });

  test('an https request goes through a tunnel, whose headers the target does not see', async () => {
    const { asked, port } = await startProxy();
    const server = await listen((incoming) => new Response(`${incoming.headers.get('x-tenant')}`), serverTls(TEST_SERVER));
    const client = open({
      tls: { ...PLAIN_TLS, ca: authority },
      proxy: proxy(`http://127.0.0.1:${port}`, { connectHeaders: { 'X-Tenant': [new Secret('t')] } }),
    });
    for (let i = 0; i < 2; i++) {
      expect(text(await request(client, `https://localhost:${server.port}/`))).toBe('null');
      await turn();
    }
    expect(asked).toEqual([`CONNECT localhost:${server.port} undefined t`]);
  });

  test('a proxy that refuses the tunnel got nothing of the request', async () => {
    const { port } = await startProxy(407);
    const client = open({ proxy: proxy(`http://127.0.0.1:${port}`) });
    const result = text(await request(client, 'https://target.test/', 'POST'));
    expect(result).toBe(`other: the proxy 127.0.0.1:${port}: answered CONNECT with 407`);
  });

  test('the environment names the proxy', async () => {
    const { asked, port } = await startProxy();
    const client = open({ proxy: { kind: 'environment' } }, { http_proxy: `127.0.0.1:${port}`, NO_PROXY: 'direct.invalid' });
    expect(text(await request(client, 'http://target.test/'))).toBe('by proxy');
    expect(text(await request(client, 'http://direct.invalid/'))).toMatch(/^dns: /);
    expect(asked.length).toBe(1);
  });

  test('SOCKS 5 carries http', async () => {
    const server = await listen(() => new Response('through socks'));
    const socks = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0]));
        socket.once('data', (asked) => {
          const port = asked.readUInt16BE(asked.length - 2);
          const onward = net.connect(port, '127.0.0.1', () => {
            socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
            socket.pipe(onward).pipe(socket);
          });
          onward.on('error', () => socket.destroy());
        });
      });
    });
    const client = open({ proxy: proxy(`socks5://127.0.0.1:${await listenRaw(socks)}`) });
    expect(text(await request(client, `http://target.test:${server.port}/`))).toBe('through socks');
  });

  test.each([
    { url: 'ftp://127.0.0.1:1', result: 'other: proxy scheme "ftp" is not one of http, https, socks5' },
    { url: 'http://127.0.0.1:1', result: 'refused: connection to the proxy 127.0.0.1:1 refused' },
  ])('through "$url" nothing is sent', async ({ url, result }) => {
    expect(text(await request(open({ proxy: proxy(url) }), 'http://target.test/', 'POST'))).toBe(result);
  });
});
