import { hashSync } from 'bcryptjs';
import { describe, expect, test, vi } from 'vitest';
import { TEST_AUTHORITY, TEST_CLIENT, TEST_RENEWED, TEST_SERVER } from '../../test/support/certificates.ts';
import { anyOrigin, TestServer } from '../../test/support/test-server.ts';
import { type Disk, DiskError } from '../model/disk.ts';
import { silentLog } from '../model/log.ts';
import { type UnixMs, unixMs } from '../model/time.ts';
import { WebConfigError, WebConfigFile } from './web-config-file.ts';

const HASH = hashSync('secret', 4);

/** Files by path; writing moves the time of the change on. */
class Files implements Pick<Disk, 'read' | 'stat'> {
  readonly #texts = new Map<string, { readonly bytes: Uint8Array; readonly at: UnixMs }>();
  #now = 0;
  reads = 0;

  write(path: string, text: string): void {
    this.#texts.set(path, { bytes: new TextEncoder().encode(text), at: unixMs(++this.#now) });
  }
  read(path: string): Uint8Array {
    this.reads++;
    const file = this.#texts.get(path);
    if (file === undefined) throw new DiskError('ENOENT', path, `read "${path}": no such file or directory`);
    return file.bytes;
  }
  stat(path: string): ReturnType<Disk['stat']> {
    const file = this.#texts.get(path);
    return file === undefined ? null : { kind: 'file', bytes: file.bytes.length, modifiedAt: file.at };
  }
}

function open(text: string) {
  const disk = new Files();
  disk.write('/etc/tocsin/web.yml', text);
  disk.write('/etc/tocsin/cert.pem', TEST_SERVER.cert);
  disk.write('/etc/tocsin/key.pem', TEST_SERVER.key);
  disk.write('/etc/tocsin/ca.pem', TEST_AUTHORITY);
  disk.write('/etc/tocsin/other-key.pem', TEST_CLIENT.key);
  const error = vi.fn();
  const warn = vi.fn();
  const log = { ...silentLog, error, warn };
  return { disk, error, warn, file: new WebConfigFile('/etc/tocsin/web.yml', { disk, log }) };
}

const TLS = 'tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n';

describe('what is wrong is told at its place', () => {
  test.each([
    {
      given: 'no such section',
      text: 'tls_config: {}\n',
      message: /web\.yml:1:1: error: unknown field "tls_config"\n[^]*the fields here are .*tls_server_config/,
    },
    { given: 'no certificate', text: 'tls_server_config: {key_file: key.pem}\n', message: 'missing one of cert or cert_file' },
    { given: 'no key', text: 'tls_server_config: {cert_file: cert.pem}\n', message: 'missing one of key or key_file' },
    {
      given: 'a file that is not there',
      text: 'tls_server_config: {cert_file: none.pem, key_file: key.pem}\n',
      message: 'read "/etc/tocsin/none.pem": no such file or directory',
    },
    {
      given: 'a key of another certificate',
      text: 'tls_server_config: {cert_file: cert.pem, key_file: other-key.pem}\n',
      message: /failed to load X509KeyPair: .*must be PEM and belong together/,
    },
    {
      given: 'an authority without a policy',
      text: `${TLS}  client_ca_file: ca.pem\n`,
      message: "client CA's have been configured without a Client Auth Policy",
    },
    { given: 'an unknown policy', text: `${TLS}  client_auth_type: Ask\n`, message: 'invalid ClientAuth: Ask' },
    {
      given: 'an unknown cipher',
      text: `${TLS}  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n`,
      message: 'unknown cipher: "TLS_RSA_WITH_RC4_128_SHA"',
    },
    { given: 'an unknown curve', text: `${TLS}  curve_preferences: [CurveP42]\n`, message: 'unknown curve: "CurveP42"' },
    { given: 'an unknown version', text: `${TLS}  min_version: TLS111\n`, message: '"TLS111" is not one of TLS10, TLS11, TLS12, TLS13' },
    {
      given: 'another header',
      text: 'http_server_config: {headers: {Server: x}}\n',
      message: 'HTTP header "Server" can not be configured',
    },
    {
      given: 'a header that cannot be so',
      text: 'http_server_config: {headers: {X-Frame-Options: allow}}\n',
      message: 'invalid value for X-Frame-Options. Expected one of: ["deny" "sameorigin"], but got: "allow"',
    },
    {
      given: 'a password as it is',
      text: 'basic_auth_users: {ana: secret}\n',
      message: 'crypto/bcrypt: hashedSecret too short to be a bcrypted password',
    },
    {
      given: 'another hash',
      text: `basic_auth_users: {ana: '$6$${'x'.repeat(70)}'}\n`,
      message: "bcrypt algorithm version '6' requested is newer than current version '2'",
    },
    { given: 'no interval', text: 'rate_limit: {interval: soon, burst: 1}\n', message: 'expected a duration, got "soon"' },
  ])('$given', ({ text, message }) => {
    const refused = (): unknown => open(text);
    expect(refused).toThrow(WebConfigError);
    expect(refused).toThrow(message);
  });

  test('a hash is not shown', () => {
    try {
      open(`basic_auth_users:\n  ana: "$2b$99$${'x'.repeat(53)}"\n`);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).toContain('cost 99 is outside allowed inclusive range 4..31');
    }
  });
});

test.each([
  { given: 'an empty file', text: '' },
  { given: 'empty sections', text: 'tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n' },
])('$given configures nothing', ({ text }) => {
  const { file } = open(text);
  expect(file.current()).toEqual({ tls: null, headers: [], users: new Map(), rateLimit: null });
  expect([file.tls(), file.asksWhoCalls()]).toEqual([null, false]);
});

test('what has no effect is warned of', () => {
  const { warn } = open('http_server_config: {http2: true}\n');
  expect(warn.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('"http2" is not supported and has no effect')]);
});

test('TLS is handed over as texts and OpenSSL names', () => {
  const { file } = open(`${TLS}  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [client.test]
  min_version: TLS12
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  curve_preferences: [CurveP256, X25519]
`);
  expect(file.tls()).toEqual({
    ...TEST_SERVER,
    clientCa: TEST_AUTHORITY,
    clientCertificate: 'require_and_verify',
    clientAllowedSans: ['client.test'],
    minVersion: 'TLS12',
    maxVersion: 'TLS13',
    ciphers: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    curves: ['P-256', 'X25519'],
  });
  expect(file.asksWhoCalls()).toBe(true);
});

test('texts in place are taken as they are', () => {
  const indented = (pem: string): string => pem.replaceAll(/^/gm, '    ');
  const { file } = open(`tls_server_config:\n  cert: |\n${indented(TEST_SERVER.cert)}\n  key: |\n${indented(TEST_SERVER.key)}\n`);
  expect(file.tls()?.cert.trim()).toBe(TEST_SERVER.cert.trim());
});

describe('a change on disk', () => {
  test('is seen, and files that did not change are not read', () => {
    const { disk, file } = open(TLS);
    const before = file.tls();
    const { reads } = disk;
    expect([file.tls() === before, disk.reads - reads]).toEqual([true, 0]);
    disk.write('/etc/tocsin/web.yml', `${TLS}basic_auth_users: {ana: '${HASH}'}\n`);
    expect([...file.current().users.keys()]).toEqual(['ana']);
    expect(file.tls()).toBe(before);
    disk.write('/etc/tocsin/cert.pem', TEST_RENEWED.cert);
    disk.write('/etc/tocsin/key.pem', TEST_RENEWED.key);
    expect(file.tls()).toMatchObject(TEST_RENEWED);
  });

  test('that is wrong is not used, told once, and mended by the next', () => {
    const { disk, file, error } = open(`basic_auth_users: {ana: '${HASH}'}\n`);
    disk.write('/etc/tocsin/web.yml', 'basic_auth_users: {ana: secret}\n');
    for (let i = 0; i < 3; i++) expect(file.current().users.get('ana')).toBe(HASH);
    expect(error).toHaveBeenCalledTimes(1);
    disk.write('/etc/tocsin/web.yml', `basic_auth_users: {ben: '${HASH}'}\n`);
    expect([...file.current().users.keys()]).toEqual(['ben']);
  });

  test('of a certificate without its key waits for the key', () => {
    const { disk, file } = open(TLS);
    const before = file.tls();
    disk.write('/etc/tocsin/cert.pem', TEST_CLIENT.cert);
    expect(file.tls()).toBe(before);
    disk.write('/etc/tocsin/key.pem', TEST_CLIENT.key);
    expect(file.tls()).toMatchObject(TEST_CLIENT);
  });

  test('cannot switch TLS off', () => {
    const { disk, file, error } = open(TLS);
    disk.write('/etc/tocsin/web.yml', '');
    expect(file.tls()).not.toBeNull();
    expect(error.mock.calls[0]?.[1].error).toBe('TLS can be switched on or off at a start only');
  });
});

describe('users', () => {
  const basic = (user: string, password: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  });
  const serverOf = (text: string) => {
    const { disk, file } = open(text);
    let now = 0;
    const server = new TestServer({
      guard: { corsOrigin: anyOrigin, externalOrigin: null, webConfig: file, clock: { elapsed: () => now } },
    });
    return { disk, server, advance: (ms: number) => (now += ms) };
  };

  test.each([
    { given: 'the right password', headers: basic('ana', 'secret'), status: 200 },
    {
      given: 'the scheme in small letters',
      headers: { authorization: basic('ana', 'secret')['authorization']?.replace('Basic', 'basic') ?? '' },
      status: 200,
    },
    { given: 'a wrong password', headers: basic('ana', 'wrong'), status: 401 },
    { given: 'an unknown user', headers: basic('ben', 'secret'), status: 401 },
    { given: 'nothing', headers: {}, status: 401 },
    { given: 'no password', headers: { authorization: `Basic ${Buffer.from('ana').toString('base64')}` }, status: 401 },
    { given: 'a token', headers: { authorization: 'Bearer secret' }, status: 401 },
    { given: 'nonsense', headers: { authorization: 'Basic !!!' }, status: 401 },
  ])('with $given every path answers $status', async ({ headers, status }) => {
    const { server } = serverOf(`basic_auth_users: {ana: '${HASH}'}\n`);
    for (const path of ['/', '/api/v1/query?query=1', '/api/v2/alerts', '/metrics', '/-/healthy']) {
      const response = await server.get(path, headers);
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([status, status === 401 ? 'Basic' : null]);
    }
  });

  test('a right one is remembered, until the hash changes', async () => {
    const { disk, server } = serverOf(`basic_auth_users: {ana: '${HASH}'}\n`);
    for (let i = 0; i < 3; i++) expect((await server.get('/', basic('ana', 'secret'))).status).toBe(200);
    disk.write('/etc/tocsin/web.yml', `basic_auth_users: {ana: '${hashSync('other', 4)}'}\n`);
    expect((await server.get('/', basic('ana', 'secret'))).status).toBe(401);
    expect((await server.get('/', basic('ana', 'other'))).status).toBe(200);
  });

  test('a crowd of wrong ones waits in a short queue, and does not hold up who is known', async () => {
    const { server } = serverOf(`basic_auth_users: {ana: '${HASH}'}\n`);
    await server.get('/', basic('ana', 'secret'));
    const crowd = Array.from({ length: 40 }, async (_, i) => (await server.get('/', basic('ana', `guess ${i}`))).status);
    expect((await server.get('/', basic('ana', 'secret'))).status).toBe(200);
    const statuses = await Promise.all(crowd);
    expect([statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 503).length]).toEqual([16, 24]);
  });

  test('whoever ends a silence is recorded by name', async () => {
    const { server } = serverOf(`basic_auth_users: {ana: '${HASH}'}\n`);
    await server.request('/api/v2/silence/7a3c1b9e-0000-4000-8000-000000000000', { method: 'DELETE', headers: basic('ana', 'secret') });
    expect(server.alertmanager.expiredBy).toEqual(['ana']);
  });

  test('headers are set on every answer, refusals too, over our own', async () => {
    const { server } = serverOf(
      `http_server_config: {headers: {X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=9, X-XSS-Protection: ''}}\nbasic_auth_users: {ana: '${HASH}'}\n`,
    );
    const { headers } = await server.get('/');
    expect([headers.get('x-frame-options'), headers.get('strict-transport-security'), headers.get('x-xss-protection')]).toEqual([
      'sameorigin',
      'max-age=9',
      null,
    ]);
  });

  test('the rate limit lets a burst through, then one per interval', async () => {
    const { server, advance } = serverOf('rate_limit: {interval: 1s, burst: 2}\n');
    const status = async (): Promise<number> => (await server.get('/-/healthy')).status;
    expect([await status(), await status(), await status()]).toEqual([200, 200, 429]);
    advance(1000);
    expect([await status(), await status()]).toEqual([200, 429]);
    advance(3_600_000);
    expect([await status(), await status(), await status()]).toEqual([200, 200, 429]);
  });
});
