import { describe, expect, test, vi } from 'vitest';
import { anyOrigin, pattern, TestServer } from '../../test/support/test-server.ts';
import { silentLog } from '../model/log.ts';

const clock = { elapsed: () => 0 };

describe('what a page of another site asks for', () => {
  test.each<{ given: string; headers: Record<string, string>; passes: boolean }>([
    { given: 'neither header (amtool, curl)', headers: {}, passes: true },
    { given: 'our own page', headers: { 'sec-fetch-site': 'same-origin', origin: 'http://tocsin.test:9099' }, passes: true },
    { given: 'the address bar', headers: { 'sec-fetch-site': 'none' }, passes: true },
    { given: 'another site', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, passes: false },
    { given: 'another port of our host', headers: { 'sec-fetch-site': 'same-site', origin: 'http://tocsin.test:3000' }, passes: false },
    { given: 'another site without an origin', headers: { 'sec-fetch-site': 'cross-site' }, passes: false },
    { given: 'a sandboxed page', headers: { 'sec-fetch-site': 'cross-site', origin: 'null' }, passes: false },
    // Browsers leave Sec-Fetch-Site out where the connection is not one they trust: http to another machine.
    { given: 'our origin alone', headers: { origin: 'http://tocsin.test:9099' }, passes: true },
    { given: 'our host behind a proxy with TLS', headers: { origin: 'https://tocsin.test:9099' }, passes: true },
    { given: 'the external origin', headers: { origin: 'https://alerts.example.org' }, passes: true },
    { given: 'another origin alone', headers: { origin: 'http://evil.example' }, passes: false },
    { given: 'an origin that only begins like ours', headers: { origin: 'http://tocsin.test:9099.evil.example' }, passes: false },
    { given: 'no origin', headers: { origin: 'null' }, passes: false },
    { given: 'nonsense as an origin', headers: { origin: 'tocsin.test:9099' }, passes: false },
  ])('$given: a change passes: $passes', async ({ headers, passes }) => {
    const server = new TestServer({
      guard: { corsOrigin: anyOrigin, externalOrigin: 'https://alerts.example.org', webConfig: null, clock },
    });
    for (const [method, path] of [
      ['POST', '/-/reload'],
      ['POST', '/api/v2/silences'],
      ['DELETE', '/api/v2/silence/x'],
      ['POST', '/silences'],
      ['POST', '/api/v1/write'],
    ] as const) {
      const response = await server.request(path, { method, headers });
      expect([path, response.status !== 403]).toEqual([path, passes]);
    }
    for (const path of ['/', '/api/v2/alerts', '/silences/new']) expect((await server.get(path, headers)).status).toBe(200);
  });

  test('the default port is the same with and without', async () => {
    const response = await new TestServer().request('/-/reload', {
      host: 'tocsin.test',
      method: 'POST',
      headers: { origin: 'http://tocsin.test:80' },
    });
    expect(response.status).toBe(200);
  });

  test('queries by POST change nothing, and pass', async () => {
    const headers = {
      origin: 'https://grafana.example',
      'sec-fetch-site': 'cross-site',
      'content-type': 'application/x-www-form-urlencoded',
    };
    const response = await new TestServer().request('/api/v1/query', { method: 'POST', headers, body: 'query=1' });
    expect(response.status).toBe(200);
  });

  test('a refusal is logged, and told in the form of each API', async () => {
    const warn = vi.fn();
    const server = new TestServer({ log: { ...silentLog, warn } });
    const headers = { origin: 'https://evil.example' };
    const refuse = async (path: string): Promise<unknown> => (await server.request(path, { method: 'POST', headers })).json();
    const message = 'a page of another site may not change anything here';
    expect(await refuse('/api/v1/write')).toEqual({ status: 'error', errorType: 'bad_data', error: message });
    expect(await refuse('/api/v2/alerts')).toEqual({ code: 403, message });
    expect(await refuse('/-/reload')).toEqual({ error: message });
    expect(warn.mock.calls[0]?.[1]).toEqual({ path: '/api/v1/write', origin: 'https://evil.example', site: '' });
  });
});

describe('--web.cors.origin', () => {
  test.each([
    { allowed: '.*', origin: 'https://a.example', answer: '*' },
    { allowed: 'https://(a|b)\\.example', origin: 'https://b.example', answer: 'https://b.example' },
    { allowed: 'https://(a|b)\\.example', origin: 'https://b.example.evil', answer: null },
    { allowed: '.*', origin: null, answer: null },
  ])('$allowed lets $origin read: $answer', async ({ allowed, origin, answer }) => {
    const server = new TestServer({ guard: { corsOrigin: pattern(allowed), externalOrigin: null, webConfig: null, clock } });
    const headers: Record<string, string> = origin === null ? {} : { origin };
    for (const path of ['/api/v1/query?query=1', '/api/v2/alerts', '/api/v1/none']) {
      const response = await server.get(path, headers);
      expect([response.headers.get('access-control-allow-origin'), response.headers.get('vary')?.includes('Origin')]).toEqual([
        answer,
        true,
      ]);
      expect(response.headers.get('access-control-allow-methods')).toBe(origin === null ? null : 'GET, POST, OPTIONS');
    }
  });

  test('a preflight is answered', async () => {
    const response = await new TestServer().request('/api/v1/query', { method: 'OPTIONS', headers: { origin: 'https://a.example' } });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  });

  test.each(['/', '/api/tocsin/v1/events', '/metrics'])('%s is for nobody else to read', async (path) => {
    const response = await new TestServer().get(path, { origin: 'https://a.example' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

test.each(['/', '/api/v1/query?query=1', '/api/v2/alerts', '/metrics', '/none'])(
  '%s tells browsers not to guess, frame or refer',
  async (path) => {
    const { headers } = await new TestServer().get(path);
    expect([headers.get('x-content-type-options'), headers.get('x-frame-options'), headers.get('referrer-policy')]).toEqual([
      'nosniff',
      'deny',
      'same-origin',
    ]);
  },
);
