/** The production HTTP clients on the machine's network and on the simulated one: both must behave alike. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FakeTarget, type TargetBehaviour } from '../../test/support/fake-target.ts';
import { WebhookCollector } from '../../test/support/webhook-collector.ts';
import { noCrashPoints } from '../model/crash-point.ts';
import type { Disk } from '../model/disk.ts';
import { type HttpClient, type HttpClientConfig, type HttpRequest, type HttpResult, PLAIN_HTTP } from '../model/http.ts';
import { silentLog } from '../model/log.ts';
import { Secret } from '../model/secret.ts';
import { durationMs, unixMs } from '../model/time.ts';
import type { RequestHandler } from './http-server.ts';
import { networkHttpClients } from './real/http-clients.ts';
import { nodeDisk } from './real/node-disk.ts';
import { NodeHttpServer } from './real/node-http-server.ts';
import { SystemClock } from './real/system-clock.ts';
import { SimClock } from './sim/sim-clock.ts';
import { ProcessLife } from './sim/sim-crash.ts';
import { SimDisk } from './sim/sim-disk.ts';
import { simHttpClients } from './sim/sim-http.ts';
import { SimNetwork } from './sim/sim-network.ts';
import { SimRandom } from './sim/sim-random.ts';

/** Where a test runs. The clients' clock is simulated in both places, so that a time limit costs no time. */
type Place = {
  readonly clock: SimClock;
  readonly disk: Disk;
  readonly directory: string;
  /** Starts a server; its base URL, under one of the two host names 'a' and 'b'. */
  serve(handler: RequestHandler, host?: 'a' | 'b'): Promise<string>;
  open(config: HttpClientConfig): HttpClient;
  /** The result of what needs no time to pass. */
  result<T>(promise: Promise<T>): Promise<T>;
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
const environment = (name: string): string | undefined => (name === 'TOKEN' ? 'from-environment' : undefined);

function realPlace(): Place {
  const clock = new SimClock({ start: unixMs(0) });
  const directory = mkdtempSync(`${tmpdir()}/tocsin-http-`);
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const clients = networkHttpClients({ clock, disk: nodeDisk, environment, userAgent: 'Tocsin/test' });
  return {
    clock,
    disk: nodeDisk,
    directory,
    serve: async (handler, host = 'a') => {
      const server = await new NodeHttpServer(new SystemClock(), silentLog).listen({ host: '127.0.0.1', port: 0 }, handler);
      cleanups.push(() => server.close({ graceMs: durationMs(0) }));
      return `http://${host === 'a' ? '127.0.0.1' : 'localhost'}:${server.port}`;
    },
    open: (config) => {
      const client = clients.open(config);
      cleanups.unshift(() => client.close());
      return client;
    },
    result: (promise) => promise,
  };
}

function simPlace(): Place {
  const clock = new SimClock({ start: unixMs(0) });
  const disk = new SimDisk();
  disk.makeDirectory('/etc');
  const network = new SimNetwork(clock, new SimRandom(1));
  const life = new ProcessLife('app');
  const clients = simHttpClients({ clock: clock.forProcess(life), disk, environment, network, host: 'app', life, crash: noCrashPoints });
  let port = 8000;
  return {
    clock,
    disk,
    directory: '/etc',
    serve: async (handler, host = 'a') => {
      const address = `${host}.test:${port++}`;
      network.serve(address, handler);
      return `http://${address}`;
    },
    open: (config) => clients.open(config),
    result: async (promise) => {
      await clock.advance(0);
      return promise;
    },
  };
}

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  headers: {},
  timeoutMs: durationMs(10_000),
  bodyBytesMax: 1_000_000,
  ...more,
});
const inline = (secret: string) => ({ kind: 'inline', secret: new Secret(secret) }) as const;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (result: HttpResult): string =>
  result.kind === 'response' ? new TextDecoder().decode(result.body) : `${result.reason}: ${result.message}`;
const brief = (result: HttpResult): string =>
  result.kind === 'response' ? String(result.status) : `${result.reason}${result.maybeSent ? ' sent' : ''}`;

/** A token endpoint that takes credentials in one place, and a resource that wants its token. */
async function oauth(here: Place, options: { takes: 'header' | 'form'; expiresIn?: number | string }) {
  const asked: string[] = [];
  let issued = 0;
  const tokens = await here.serve(async (request) => {
    const form = new URLSearchParams(await request.text());
    const inHeader = request.headers.get('authorization') === `Basic ${Buffer.from('client%3A1:s+ecret').toString('base64')}`;
    const inForm = form.get('client_id') === 'client:1' && form.get('client_secret') === 's ecret';
    asked.push(`${form.get('grant_type')} ${form.get('scope')} ${form.get('audience')} ${inForm ? 'form' : 'header'}`);
    const ok = options.takes === 'header' ? inHeader : inForm;
    if (!ok) return Response.json({ error: 'invalid_client' }, { status: 401 });
    return Response.json({ access_token: `t${++issued}`, token_type: 'bearer', expires_in: options.expiresIn });
  });
  const collector = new WebhookCollector(here.clock);
  const base = await here.serve(collector.handler);
  const client = here.open({
    ...PLAIN_HTTP,
    auth: {
      kind: 'oauth2',
      clientId: 'client:1',
      clientSecret: { kind: 'inline', secret: new Secret('s ecret') },
      tokenUrl: `${tokens}/token`,
      scopes: ['read', 'write'],
      endpointParams: { audience: 'x' },
      tls: PLAIN_HTTP.tls,
    },
  });
  const seen = (): (string | undefined)[] => collector.received.map(({ headers }) => headers.get('authorization'));
  const start = (): Promise<HttpResult> => client.request(get(base));
  return { asked, collector, seen, start, ask: () => here.result(start()) };
}

describe.each([
  { name: 'real', place: realPlace },
  { name: 'simulated', place: simPlace },
])('$name network', ({ place }) => {
  test('a request arrives as it was made, and its response comes back', async () => {
    const here = place();
    const collector = new WebhookCollector(here.clock);
    collector.answer = () => new Response('thanks', { status: 202, headers: { 'X-Answer': '42' } });
    const base = await here.serve(collector.handler);
    const client = here.open(PLAIN_HTTP);
    const request = get(`${base}/hook?q=%20x`, {
      method: 'POST',
      body: bytes('{"a":1}'),
      headers: { 'Content-Type': 'application/json', 'X-Own': 'yes' },
    });
    const result = await here.result(client.request(request));
    expect(result).toMatchObject({ kind: 'response', status: 202 });
    expect(text(result)).toBe('thanks');
    expect(result.kind === 'response' && result.headers.get('x-answer')).toBe('42');
    expect(collector.received).toMatchObject([{ method: 'POST', path: '/hook?q=%20x', body: '{"a":1}' }]);
    expect(collector.received[0]?.headers.get('content-type')).toBe('application/json');
    expect(collector.received[0]?.headers.get('x-own')).toBe('yes');
    expect(collector.received[0]?.headers.get('user-agent')).toMatch(/^Tocsin\//);
  });

  test.each<{ behaviour: TargetBehaviour; brief: string; text?: string }>([
    { behaviour: 'ok', brief: '200', text: '# TYPE up_and_running gauge\nup_and_running 1\n' },
    { behaviour: 'gzip', brief: '200', text: '# TYPE up_and_running gauge\nup_and_running 1\n' },
    { behaviour: 'error', brief: '500', text: 'no database\n' },
    { behaviour: 'infinite', brief: 'body_too_large sent', text: 'body_too_large: the body is larger than 1000000 bytes' },
    { behaviour: 'huge', brief: 'body_too_large sent' },
    { behaviour: 'gzip_bomb', brief: 'body_too_large sent' },
    { behaviour: 'bad_gzip', brief: 'bad_encoding sent', text: 'bad_encoding: the body is not valid gzip: unexpected end of file' },
    { behaviour: 'redirect_loop', brief: 'redirect sent', text: 'redirect: stopped after 10 redirects' },
    { behaviour: 'close_early', brief: 'reset sent' },
  ])('a target that answers "$behaviour" ends as $brief', async (row) => {
    const here = place();
    vi.spyOn(console, 'error').mockImplementation(() => {}); // the server's adapter prints a stream that breaks
    const target = new FakeTarget(new SystemClock());
    target.behaviour = row.behaviour;
    const base = await here.serve(target.handler);
    const result = await here.result(here.open(PLAIN_HTTP).request(get(`${base}/metrics`)));
    expect(brief(result)).toBe(row.brief);
    if (row.text !== undefined) expect(text(result)).toBe(row.text);
  });

  test('a target that hangs ends with the time limit, and sees its client go', async () => {
    const here = place();
    const target = new FakeTarget(here.clock);
    target.behaviour = 'hang';
    const arrived = new Promise<Request>((resolve) => {
      const { handler } = target;
      void here
        .serve((request, info) => (resolve(request), handler(request, info)))
        .then((base) => {
          pending = here.open(PLAIN_HTTP).request(get(`${base}/metrics`));
        });
    });
    let pending: Promise<HttpResult> | undefined;
    await new Promise((resolve) => setImmediate(resolve));
    await here.clock.advance(5000);
    const { signal } = await arrived;
    await here.clock.advance(5000);
    const result = await pending;
    expect(result).toEqual({ kind: 'failed', reason: 'timeout', message: 'no complete answer within 10s', maybeSent: true });
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    expect(target.abandoned).toBe(1);
  });

  test('closing the client cancels what is under way and refuses what comes after', async () => {
    const here = place();
    const collector = new WebhookCollector(here.clock);
    collector.answer = () => 'hang';
    const base = await here.serve(collector.handler);
    const client = here.open(PLAIN_HTTP);
    const pending = client.request(get(base));
    await here.clock.advance(0);
    await collector.untilReceived(1);
    client.close();
    expect(brief(await pending)).toBe('canceled sent');
    expect(brief(await client.request(get(base)))).toBe('canceled');
  });

  test.each([
    { given: 'nobody listens', url: 'http://127.0.0.1:1/', brief: 'refused' },
    { given: 'the name does not exist', url: 'http://no-such-host.invalid/', brief: 'dns' },
    { given: 'the URL is none', url: 'not a url', brief: 'other' },
    { given: 'the scheme is not HTTP', url: 'file:///etc/passwd', brief: 'other' },
  ])('when $given the request was surely not sent', async (row) => {
    const here = place();
    expect(brief(await here.result(here.open(PLAIN_HTTP).request(get(row.url))))).toBe(row.brief);
  });

  test.each([
    { given: 'deflate with a header', encoding: 'deflate', body: deflateSync('hello') },
    { given: 'deflate without', encoding: 'deflate', body: deflateRawSync('hello') },
    { given: 'gzip by its old name', encoding: 'x-gzip', body: gzipSync('hello') },
    { given: 'no encoding by name', encoding: 'identity', body: Buffer.from('hello') },
    { given: 'gzip of two members', encoding: 'gzip', body: Buffer.concat([gzipSync('hel'), gzipSync('lo')]) },
  ])('$given is decoded', async ({ encoding, body }) => {
    const here = place();
    const base = await here.serve(() => new Response(body, { headers: { 'content-encoding': encoding } }));
    const result = await here.result(here.open(PLAIN_HTTP).request(get(base)));
    expect(text(result)).toBe('hello');
    expect(result.kind === 'response' && result.headers.has('content-encoding')).toBe(false);
  });

  test.each(['br', 'gzip, gzip', 'zstd'])('content-encoding "%s" is refused by name', async (encoding) => {
    const here = place();
    const base = await here.serve(() => new Response('x', { headers: { 'content-encoding': encoding } }));
    const result = await here.result(here.open(PLAIN_HTTP).request(get(base)));
    expect(text(result)).toBe(`bad_encoding: content-encoding "${encoding}" is not one of gzip, deflate, identity`);
  });

  describe('credentials', () => {
    test.each<{ given: string; config: Partial<HttpClientConfig>; authorization: string }>([
      {
        given: 'basic',
        config: { auth: { kind: 'basic', username: 'ana', usernameFile: null, password: inline('pä:ss') } },
        authorization: `Basic ${Buffer.from('ana:pä:ss').toString('base64')}`,
      },
      {
        given: 'a token from the environment',
        config: { auth: { kind: 'authorization', type: 'Bearer', credentials: { kind: 'env', name: 'TOKEN' } } },
        authorization: 'Bearer from-environment',
      },
      { given: 'a scheme alone', config: { auth: { kind: 'authorization', type: 'Custom', credentials: null } }, authorization: 'Custom' },
      {
        given: 'own headers',
        config: { headers: [{ name: 'Authorization', values: [new Secret('own')], files: [] }] },
        authorization: 'own',
      },
    ])('$given are sent', async ({ config, authorization }) => {
      const here = place();
      const collector = new WebhookCollector(here.clock);
      const base = await here.serve(collector.handler);
      await here.result(here.open({ ...PLAIN_HTTP, ...config }).request(get(base)));
      expect(collector.received[0]?.headers.get('authorization')?.trim()).toBe(authorization);
    });

    test('those in the URL are sent as basic, and no user is in the request line', async () => {
      const here = place();
      const collector = new WebhookCollector(here.clock);
      const base = await here.serve(collector.handler);
      await here.result(here.open(PLAIN_HTTP).request(get(base.replace('//', '//us%40er:pa%3Ass@'))));
      expect(collector.received[0]?.headers.get('authorization')).toBe(`Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`);
    });

    test('a header that the caller set is left alone', async () => {
      const here = place();
      const collector = new WebhookCollector(here.clock);
      const base = await here.serve(collector.handler);
      const client = here.open({ ...PLAIN_HTTP, auth: { kind: 'authorization', type: 'Bearer', credentials: inline('x') } });
      await here.result(client.request(get(base, { headers: { authorization: 'mine' } })));
      expect(collector.received[0]?.headers.get('authorization')).toBe('mine');
    });

    test('files are read at each request: rotation is seen, a missing file is named and nothing is sent', async () => {
      const here = place();
      const collector = new WebhookCollector(here.clock);
      const base = await here.serve(collector.handler);
      const path = `${here.directory}/token`;
      const client = here.open({
        ...PLAIN_HTTP,
        auth: { kind: 'authorization', type: 'Bearer', credentials: { kind: 'file', path } },
        headers: [{ name: 'X-Also', values: ['plain'], files: [path] }],
      });
      for (const token of ['one\n', ' two ']) {
        here.disk.replace(path, bytes(token));
        await here.result(client.request(get(base)));
      }
      expect(collector.received.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer one', 'Bearer two']);
      expect(collector.received.map(({ headers }) => headers.get('x-also'))).toEqual(['plain, one', 'plain, two']);
      here.disk.remove(path);
      const result = await here.result(client.request(get(base)));
      expect(brief(result)).toBe('credentials');
      expect(text(result)).toContain(path);
      expect(collector.received.length).toBe(2);
    });

    test('an environment variable that is not set is named', async () => {
      const here = place();
      const client = here.open({
        ...PLAIN_HTTP,
        auth: { kind: 'authorization', type: 'Bearer', credentials: { kind: 'env', name: 'NONE' } },
      });
      expect(text(await here.result(client.request(get('http://127.0.0.1:1/'))))).toBe(
        'credentials: environment variable "NONE" is not set',
      );
    });
  });

  describe('redirects', () => {
    test.each([
      { status: 301, method: 'POST', becomes: 'GET ' },
      { status: 302, method: 'POST', becomes: 'GET ' },
      { status: 303, method: 'PUT', becomes: 'GET ' },
      { status: 307, method: 'POST', becomes: 'POST body' },
      { status: 308, method: 'PUT', becomes: 'PUT body' },
    ] as const)('$status turns $method into $becomes', async ({ status, method, becomes }) => {
      const here = place();
      const collector = new WebhookCollector(here.clock);
      collector.answer = ({ path }) =>
        path === '/end' ? new Response('end') : new Response('moved', { status, headers: { location: '/end' } });
      const base = await here.serve(collector.handler);
      const headers = { 'content-type': 'text/plain', authorization: 'kept' };
      const result = await here.result(here.open(PLAIN_HTTP).request(get(base, { method, body: bytes('body'), headers })));
      expect(text(result)).toBe('end');
      const last = collector.received.at(-1);
      expect(`${last?.method} ${last?.body}`).toBe(becomes);
      expect(last?.headers.get('content-type')).toBe(becomes.endsWith('body') ? 'text/plain' : undefined);
      expect(last?.headers.get('authorization')).toBe('kept');
    });

    test('are the answer when they are not followed, or lead nowhere', async () => {
      const here = place();
      const base = await here.serve(
        (request) => new Response('x', { status: 302, headers: request.url.endsWith('/a') ? { location: '/b' } : {} }),
      );
      expect(brief(await here.result(here.open({ ...PLAIN_HTTP, followRedirects: false }).request(get(`${base}/a`))))).toBe('302');
      expect(brief(await here.result(here.open(PLAIN_HTTP).request(get(`${base}/b`))))).toBe('302');
    });

    test('to another scheme are refused', async () => {
      const here = place();
      const base = await here.serve(() => new Response(null, { status: 302, headers: { location: 'file:///etc/passwd' } }));
      expect(brief(await here.result(here.open(PLAIN_HTTP).request(get(base))))).toBe('redirect sent');
    });

    test('to another host leave every secret behind, also after coming back', async () => {
      const here = place();
      const seen: string[] = [];
      const note = (name: string, request: Request): void => {
        const { headers } = request;
        seen.push(
          `${name} ${headers.get('authorization')} ${headers.get('x-secret')} ${headers.get('x-file')} ${headers.get('cookie')} ${headers.get('x-plain')}`,
        );
      };
      let other = '';
      const base = await here.serve((request) => {
        note('a', request);
        return request.url.endsWith('/back') ? new Response('back') : new Response(null, { status: 307, headers: { location: other } });
      });
      other = await here.serve((request) => {
        note('b', request);
        return new Response(null, { status: 307, headers: { location: `${base}/back` } });
      }, 'b');
      here.disk.replace(`${here.directory}/f`, bytes('file'));
      const client = here.open({
        ...PLAIN_HTTP,
        auth: { kind: 'authorization', type: 'Bearer', credentials: { kind: 'inline', secret: new Secret('t') } },
        headers: [
          { name: 'X-Secret', values: [new Secret('s')], files: [] },
          { name: 'X-File', values: [], files: [`${here.directory}/f`] },
          { name: 'X-Plain', values: ['p'], files: [] },
        ],
      });
      expect(text(await here.result(client.request(get(base, { headers: { cookie: 'c' } }))))).toBe('back');
      expect(seen).toEqual(['a Bearer t s file c p', 'b null null null null p', 'a null null null null p']);
    });
  });

  describe('OAuth 2', () => {
    test.each([
      { takes: 'header', asked: ['client_credentials read write x header'] },
      { takes: 'form', asked: ['client_credentials read write x header', 'client_credentials read write x form'] },
    ] as const)('a token is asked for with the client in the $takes, once, and used until it ends', async ({ takes, asked }) => {
      const here = place();
      const { ask, start, seen, asked: actual } = await oauth(here, { takes, expiresIn: '60' });
      await here.result(Promise.all([start(), start()]));
      expect(actual).toEqual(asked);
      await here.clock.advance(50_000);
      await ask();
      expect(seen()).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
      expect(actual.length).toBe(asked.length + 1);
    });

    test('a token that the server refuses is not used again', async () => {
      const here = place();
      const { ask, seen, collector } = await oauth(here, { takes: 'header' });
      collector.answer = ({ headers }) => new Response('', { status: headers.get('authorization') === 'Bearer t1' ? 401 : 200 });
      expect(brief(await ask())).toBe('401');
      expect(brief(await ask())).toBe('200');
      expect(seen()).toEqual(['Bearer t1', 'Bearer t2']);
    });

    test('a refusal names the endpoint and its reason, and nothing is sent to the target', async () => {
      const here = place();
      const { ask, collector } = await oauth(here, { takes: 'header' });
      const refused = await here.serve(() => Response.json({ error: 'invalid_client', error_description: 'unknown' }, { status: 400 }));
      const client = here.open({
        ...PLAIN_HTTP,
        auth: { kind: 'oauth2', clientId: 'x', clientSecret: null, tokenUrl: refused, scopes: [], endpointParams: {}, tls: PLAIN_HTTP.tls },
      });
      const result = await here.result(client.request(get('http://127.0.0.1:1/')));
      expect(brief(result)).toBe('credentials');
      expect(text(result)).toBe(`credentials: the token endpoint ${refused} answered 400: invalid_client: unknown`);
      expect(collector.received).toEqual([]);
      await ask();
    });
  });
});
