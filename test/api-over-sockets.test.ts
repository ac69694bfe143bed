/** The server on real sockets: bodies as they come over the wire, compression, TLS and users from a web configuration on disk. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { hashSync } from 'bcryptjs';
import { afterEach, expect, test } from 'vitest';
import { WebConfigFile } from '../src/api/web-config-file.ts';
import { silentLog } from '../src/model/log.ts';
import { durationMs } from '../src/model/time.ts';
import { nodeDisk } from '../src/platform/real/node-disk.ts';
import { NodeHttpServer } from '../src/platform/real/node-http-server.ts';
import { SystemClock } from '../src/platform/real/system-clock.ts';
import { TEST_AUTHORITY, TEST_RENEWED, TEST_SERVER } from './support/certificates.ts';
import { anyOrigin, TestServer } from './support/test-server.ts';

const clock = new SystemClock();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Sent = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer /** Of the server's certificate. */;
  readonly serial: string;
};

function send(options: RequestOptions & { readonly ca?: string }, chunks: readonly (string | Buffer)[] = []): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const open = options.ca === undefined ? plainRequest : tlsRequest;
    let serial = '';
    const request = open({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      if (response.socket instanceof TLSSocket) serial = response.socket.getPeerCertificate().serialNumber;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts), serial }),
      );
    });
    request.on('error', reject);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

async function listen(webConfig: WebConfigFile | null = null): Promise<number> {
  const server = new TestServer({ guard: { corsOrigin: anyOrigin, externalOrigin: null, webConfig, clock } });
  const tls = webConfig?.tls();
  const listening = await new NodeHttpServer(clock, silentLog).listen(
    { host: '127.0.0.1', port: 0, ...(tls ? { tls: () => webConfig?.tls() ?? tls } : {}) },
    server.handler,
  );
  cleanups.push(() => listening.close({ graceMs: durationMs(0) }));
  return listening.port;
}

const JSON_TYPE = { 'content-type': 'application/json' };

test('a body in chunks is read whole', async () => {
  const port = await listen();
  const chunks = ['[{"labels":{"alert', 'name":"ü"', '}}]'];
  expect((await send({ port, method: 'POST', path: '/api/v2/alerts', headers: JSON_TYPE }, chunks)).status).toBe(200);
  expect(JSON.parse((await send({ port, path: '/api/v2/alerts' })).body.toString())).toMatchObject([{ labels: { alertname: 'ü' } }]);
});

test('a body in chunks that grows too large is refused', async () => {
  const port = await listen();
  const chunks = Array.from({ length: 11 }, () => Buffer.alloc(1024 * 1024, ' '));
  const answer = await send({ port, method: 'POST', path: '/api/v2/silences', headers: JSON_TYPE }, chunks);
  expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
    413,
    { code: 413, message: 'the body is larger than 10485760 bytes' },
  ]);
});

test('an empty post is told what is missing', async () => {
  const port = await listen();
  expect((await send({ port, method: 'POST', path: '/api/v2/alerts', headers: { 'content-length': '0' } })).status).toBe(422);
});

test('long answers are compressed for those who ask', async () => {
  const port = await listen();
  const path = `/api/v1/format_query?query=${'x'.repeat(3000)}`;
  const plain = await send({ port, path });
  const packed = await send({ port, path, headers: { 'accept-encoding': 'gzip' } });
  expect([packed.headers['content-encoding'], packed.headers['content-length']]).toEqual(['gzip', `${packed.body.length}`]);
  expect(gunzipSync(packed.body)).toEqual(plain.body);
});

test('TLS and users come from the file, and changes of both are seen by the next connection', async () => {
  const directory = mkdtempSync(`${tmpdir()}/tocsin-web-`);
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const write = ({ cert, key }: typeof TEST_SERVER, password: string): void => {
    writeFileSync(`${directory}/cert.pem`, cert);
    writeFileSync(`${directory}/key.pem`, key);
    const users = `basic_auth_users: {ana: '${hashSync(password, 4)}'}`;
    writeFileSync(`${directory}/web.yml`, `tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n${users} # ${password}\n`);
  };
  write(TEST_SERVER, 'first');
  const port = await listen(new WebConfigFile(`${directory}/web.yml`, { disk: nodeDisk, log: silentLog }));
  const get = async (password: string): Promise<readonly [status: number, serial: string]> => {
    const { status, serial } = await send({ port, path: '/-/healthy', auth: `ana:${password}`, ca: TEST_AUTHORITY });
    return [status, serial];
  };
  const serialOf = ({ cert }: typeof TEST_SERVER): string => new X509Certificate(cert).serialNumber;
  expect([await get('first'), await get('second')]).toEqual([
    [200, serialOf(TEST_SERVER)],
    [401, serialOf(TEST_SERVER)],
  ]);
  write(TEST_RENEWED, 'second');
  // The other size of the file keeps the two versions apart should the clock of the disk be coarse.
  expect([await get('first'), await get('second')]).toEqual([
    [401, serialOf(TEST_RENEWED)],
    [200, serialOf(TEST_RENEWED)],
  ]);
});
