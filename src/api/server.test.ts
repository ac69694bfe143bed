import { describe, expect, test, vi } from 'vitest';
import { TestServer, testPrometheus } from '../../test/support/test-server.ts';
import { silentLog } from '../model/log.ts';

const json = async (response: Response): Promise<unknown> => response.json();

describe.each(['', '/x', '/a/b'])('below the prefix "%s"', (prefix) => {
  const server = new TestServer({ routePrefix: prefix });

  test.each([
    ['/', 200, 'text/html; charset=utf-8'],
    ['/silences/new', 200, 'text/html; charset=utf-8'],
    ['/api/v1/query?query=1', 200, 'application/json'],
    ['/api/v1/status/buildinfo', 200, 'application/json'],
    ['/api/v2/status', 200, 'application/json'],
    ['/api/v2/alerts', 200, 'application/json'],
    ['/api/tocsin/v1/events', 200, 'application/json'],
    ['/federate', 200, 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'],
    ['/-/healthy', 200, 'text/plain; charset=utf-8'],
    ['/metrics', 200, 'text/plain; version=0.0.4; charset=utf-8'],
    // Whatever is not there is told as JSON: a page would be taken for another product.
    ['/api', 404, 'application/json'],
    ['/api/v1/none', 404, 'application/json'],
    ['/api/v2/none', 404, 'application/json'],
    ['/api/v3/alerts', 404, 'application/json'],
    ['/api/tocsin/v1/none', 404, 'application/problem+json'],
    ['/api/tocsin/none', 404, 'application/problem+json'],
    ['/alertmanager/api/v2/status', 404, 'application/json'],
    ['/none', 404, 'application/json'],
  ])('%s answers %i as %s', async (path, status, type) => {
    const response = await server.get(`${prefix}${path}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([status, type]);
  });
});

test.each([
  ['/', 302, '/x/'],
  ['/x', 302, '/x/'],
  ['/api/v2/status', 404, null],
  ['/metrics', 404, null],
  ['/xx/metrics', 404, null],
])('outside the prefix /x, %s answers %i to %s', async (path, status, location) => {
  const response = await new TestServer({ routePrefix: '/x' }).get(path);
  expect([response.status, response.headers.get('location')]).toEqual([status, location]);
});

test.each([
  ['GET', '//api/v2/alerts?filter=a%3Db', 301, '/api/v2/alerts?filter=a%3Db'],
  ['POST', '/api/v2//alerts', 308, '/api/v2/alerts'],
  ['GET', '//evil.example/x', 301, '/evil.example/x'],
])('%s %s is shown the way, and stays what it is', async (method, path, status, location) => {
  const response = await new TestServer().request(path, { method });
  expect([response.status, response.headers.get('location')]).toEqual([status, location]);
});

test.each([
  ['/api/v1/query?query=1', 1],
  ['/api/v1/status/buildinfo', 0],
  ['/api/v2/alerts', 1],
  ['/api/v2/status', 0],
])('for %s the bytes of %i answers are released: those that were written as bytes', async (path, count) => {
  const released: Uint8Array[] = [];
  const response = await new TestServer().handler(new Request(`http://tocsin.test${path}`), {
    remoteAddress: '192.0.2.1',
    release: (bytes) => released.push(bytes),
  });
  expect(response.status).toBe(200);
  expect(released).toHaveLength(count);
});

describe('while the engine is not ready', () => {
  const server = new TestServer();
  server.management.ready = false;

  test.each([
    ['/api/v1/query?query=1', 503],
    ['/api/v1/rules', 503],
    ['/federate', 503],
    ['/-/ready', 503],
    ['/api/v1/status/walreplay', 200],
    ['/api/v1/status/buildinfo', 200],
    ['/api/v2/alerts', 200],
    ['/', 200],
    ['/-/healthy', 200],
  ])('%s answers %i', async (path, status) => expect((await server.get(path)).status).toBe(status));

  test('the refusal is one that Prometheus clients can read', async () => {
    expect(await json(await server.get('/api/v1/query?query=1'))).toMatchObject({ status: 'error', errorType: 'unavailable' });
  });
});

describe('an error inside', () => {
  const fail = (): never => {
    throw new Error('the password is hunter2');
  };

  test.each([
    ['/api/v1/rules', { status: 'error', errorType: 'internal', error: 'internal error; the log says more' }],
    ['/api/v2/alerts', { code: 500, message: 'internal error; the log says more' }],
    ['/', { error: 'internal error; the log says more' }],
  ])('%s tells no details, and logs them once', async (path, body) => {
    const error = vi.fn();
    const server = new TestServer({
      log: { ...silentLog, error },
      prometheus: { ...testPrometheus(), ruleGroups: fail },
      overview: { title: '', overview: fail },
    });
    server.alertmanager.router = fail;
    const response = await server.get(path);
    expect([response.status, await json(response)]).toEqual([500, body]);
    expect(error.mock.calls.map(([, fields]) => fields.error.includes('hunter2'))).toEqual([true]);
  });
});

describe('bodies', () => {
  test.each(['/api/v1/query', '/api/v2/silences', '/silences', '/-/reload'])('POST %s refuses more than it takes', async (path) => {
    const body = 'x'.repeat(10 * 1024 * 1024 + 1);
    const response = await new TestServer().request(path, { method: 'POST', body });
    expect(response.status).toBe(413);
    expect(await response.text()).toContain('the body is larger than 10485760 bytes');
  });

  test('one that does not say its length is counted', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled++;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const response = await new TestServer().request('/api/v2/silences', { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect([response.status, pulled < 20]).toEqual([413, true]);
  });
});

describe('compression', () => {
  const long = `/api/v1/format_query?query=${'x'.repeat(5000)}`;
  test.each([
    { path: long, accepts: 'gzip', encoding: 'gzip' },
    { path: long, accepts: 'deflate, gzip;q=0.5', encoding: 'gzip' },
    { path: long, accepts: 'gzip;q=0', encoding: null },
    { path: long, accepts: 'br', encoding: null },
    { path: '/api/v1/format_query?query=x', accepts: 'gzip', encoding: null },
  ])('an answer to a client that takes "$accepts" has the encoding $encoding', async ({ path, accepts, encoding }) => {
    const response = await new TestServer().get(path, { 'accept-encoding': accepts });
    expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual([encoding, 'Origin, Accept-Encoding']);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const stream = new Response(bytes).body?.pipeThrough(new DecompressionStream('gzip'));
    const text = encoding === null ? new TextDecoder().decode(bytes) : await new Response(stream).text();
    expect(JSON.parse(text)).toMatchObject({ status: 'success' });
  });
});

test.each(['/api/v1/query?query=1', '/api/v2/alerts', '/', '/metrics'])('HEAD %s has the status and no body', async (path) => {
  const response = await new TestServer().request(path, { method: 'HEAD' });
  expect([response.status, await response.text()]).toEqual([200, '']);
});

test.each(['/api/v1/query', '/api/v2/silences', '/'])('OPTIONS %s is answered', async (path) => {
  expect((await new TestServer().request(path, { method: 'OPTIONS' })).status).toBe(204);
});
