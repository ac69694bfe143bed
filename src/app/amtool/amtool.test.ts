/** amtool against our own API v2, in one process. Beside the real amtool it stands in test/e2e/amtool.test.ts. */
import { beforeEach, describe, expect, test } from 'vitest';
import { type AmtoolRun, runAmtool } from '../../../test/support/amtool-run.ts';
import { response, ScriptedHttp } from '../../../test/support/scripted-http.ts';
import { CALLER, NOON, TestAlertmanager } from '../../../test/support/test-alertmanager.ts';
import { alertmanagerRoutes } from '../../api/alertmanager-v2/routes.ts';
import { encodeUtf8 } from '../../lib/utf8-bytes.ts';
import type { HttpRequest, HttpResult } from '../../model/http.ts';
import type { AmtoolPorts } from './context.ts';

const NOON_TEXT = new Date(NOON).toISOString();
let http: ScriptedHttp;
let files: Record<string, string>;
let server: TestAlertmanager;

beforeEach(() => {
  server = new TestAlertmanager();
  const api = alertmanagerRoutes(server, { getConcurrencyMax: 8 });
  http = new ScriptedHttp(async ({ method, url, headers, body }): Promise<HttpResult> => {
    const path = new URL(url).pathname.replace('/api/v2', '') + new URL(url).search;
    const answer = await api.request(
      path,
      { method, headers: { ...headers }, ...(body === undefined ? {} : { body: Buffer.from(body) }) },
      CALLER,
    );
    return response(new Uint8Array(await answer.arrayBuffer()), { status: answer.status });
  });
  files = {};
});

/** With the router's clock. */
function run(argv: readonly string[], input = ''): Promise<AmtoolRun> {
  const ports: Partial<AmtoolPorts> = {
    http,
    clock: { now: () => server.at, elapsed: () => 0, after: () => () => {} },
    disk: {
      read: (path) => encodeUtf8(files[path] ?? ''),
      list: () => [],
      stat: (path) => (path in files ? { kind: 'file', bytes: 1, modifiedAt: NOON } : null),
    },
  };
  return runAmtool(argv, { home: '/home/ana', input, ports });
}

async function output(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(argv);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('what is done on the server', () => {
  test('an alert that was added is found by its name', async () => {
    expect(await output('alert', 'add', 'DiskFull', 'node=db1', '--annotation=summary=full')).toBe('');
    expect(await output('alert', 'add', 'Other')).toBe('');
    expect(await output('alert', 'DiskFull')).toMatch(/^Alertname .*\nDiskFull {3}\d{4}.* full .*\n$/);
  });

  test('a silence is added, changed, ended', async () => {
    const id = (await output('silence', 'add', 'DiskFull', '-c', 'swap', '-d', '2h')).trim();
    expect(JSON.parse(await output('silence', '-o', 'json'))).toMatchObject([
      { id, createdBy: 'ana', comment: 'swap', startsAt: NOON_TEXT, endsAt: new Date(NOON + 7_200_000).toISOString() },
    ]);
    expect(await output('silence', 'update', id, '-c', 'longer', '-d', '1d', '-q')).toBe(`${id}\n`);
    expect(await output('silence', 'query', '--within', '3h', '-q')).toBe('');
    expect(await output('silence', 'query', '--within', '2d', '-q')).toBe(`${id}\n`);
    expect(await output('silence', 'expire', id)).toBe('');
    server.at = (NOON + 1) as typeof NOON;
    expect(await output('silence', '-q')).toBe('');
    expect(await output('silence', '--expired', '-q')).toBe(`${id}\n`);
  });

  test('what was exported is imported; ids that the server does not know are given up', async () => {
    const id = (await output('silence', 'add', 'DiskFull', '-c', 'swap')).trim();
    const unknown = (await output('silence', '-o', 'json')).replace(id, '00000000-0000-0000-0000-000000000000');
    const { code, stdout } = await run(['silence', 'import'], unknown);
    expect(code).toBe(0);
    expect(stdout.trim()).not.toContain('00000000');
    expect((await output('silence', '-q')).split('\n')).toHaveLength(3);
  });

  test('a silence that the server refuses does not keep the others from being imported', async () => {
    const good = {
      matchers: [{ name: 'a', value: 'b', isRegex: false }],
      startsAt: NOON_TEXT,
      endsAt: '2040-01-01T00:00:00Z',
      createdBy: 'x',
      comment: 'y',
    };
    const { code, stdout, stderr } = await run(['silence', 'import'], JSON.stringify([good, { ...good, matchers: [] }, good]));
    expect({ code, ids: stdout.trim().split('\n').length }).toEqual({ code: 1, ids: 2 });
    expect(stderr).toContain('matchers in body should have at least 1 items');
    expect(stderr).toContain("amtool: error: couldn't import 1 out of 3 silences\n");
  });

  test.each([
    ['not JSON', 'x'],
    ['cut off', '[{"matchers": []}, {'],
    ['no list', '{}'],
    ['a list of texts', '["x"]'],
  ])('of input that is %s nothing is imported', async (_, input) => {
    const { code, stderr } = await run(['silence', 'import'], input);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^amtool: error: couldn't unmarshal input data, is it JSON\?: /);
    expect(http.requests).toHaveLength(0);
  });

  test('the routing of the running server is read although its secrets are masked', async () => {
    server.configYaml = () =>
      'route: {receiver: team, later: 1}\nreceivers: [{name: team, webhook_configs: [{url: <secret>}]}]\nnewer: 1\n';
    const { code } = await run(['config', 'routes']);
    expect(code).toBe(1); // `later` stands in the route itself
    server.configYaml = () => 'route: {receiver: team}\nreceivers: [{name: team, webhook_configs: [{url: <secret>}]}]\nnewer: 1\n';
    expect(await output('config', 'routes')).toBe('Routing tree:\n.\n└── default-route  receiver: team\n\n');
  });
});

describe('which server is asked, and how', () => {
  const urls = (): readonly string[] => http.requests.map(({ url }) => url.replace(/\?.*/, ''));

  test.each([
    { argv: [], base: 'http://127.0.0.1:9099/api/v2' },
    { argv: ['--alertmanager.url=http://am:9093'], base: 'http://am:9093/api/v2' },
    { argv: ['--alertmanager.url=https://am/prefix/'], base: 'https://am/prefix/api/v2' },
    { argv: ['--alertmanager.url='], base: 'http://127.0.0.1:9099/api/v2' },
  ])('$argv asks $base', async ({ argv, base }) => {
    await run([...argv, 'alert']);
    expect(urls()).toEqual([`${base}/status`, `${base}/alerts`]);
  });

  test('the settings file says which, unless the command line does', async () => {
    files['/home/ana/.config/amtool/config.yml'] = 'alertmanager.url: http://set:1\nversion-check: false\nauthor: bob\n';
    await run(['alert']);
    await run(['alert', '--alertmanager.url=http://given:1']);
    expect(urls()).toEqual(['http://set:1/api/v2/alerts', 'http://given:1/api/v2/alerts']);
    await run(['silence', 'add', 'x', '-c', 'y']);
    expect(await output('silence', '--created-by=bob')).toContain('alertname="x"');
  });

  test('user and password of the URL, or those of a file', async () => {
    await run(['alert', '--alertmanager.url=http://ana:p%40ss@am']);
    expect(http.configs[0]?.auth).toMatchObject({ kind: 'basic', username: 'ana' });
    expect(http.configs[0]?.auth).toHaveProperty('password.secret');
    files['http.yml'] = 'authorization: {credentials: x}\n';
    await run(['alert', '--http.config.file=http.yml']);
    expect(http.configs[1]?.auth).toMatchObject({ kind: 'authorization', type: 'Bearer' });
    expect(urls()[0]).toBe('http://am/api/v2/status');
  });

  test.each([
    {
      argv: ['--alertmanager.url=localhost:9093'],
      why: 'unsupported protocol scheme "localhost" in --alertmanager.url "localhost:9093": write it as http://127.0.0.1:9099',
    },
    {
      argv: ['--alertmanager.url=http://a:b@am', '--http.config.file=http.yml'],
      why: 'basic authentication and http.config.file are mutually exclusive',
    },
    { argv: ['--http.config.file=bad.yml'], why: 'failed to load HTTP config file: bad.yml:1: ' },
  ])('$argv is refused', async ({ argv, why }) => {
    files['http.yml'] = '{}';
    files['bad.yml'] = 'basic: 1';
    const { code, stderr } = await run([...argv, 'alert']);
    expect(code).toBe(1);
    expect(stderr).toContain(`amtool: error: ${why}`);
  });

  test('a server of another release is pointed out, unless told not to', async () => {
    http.answer = statusOf('0.25.0');
    expect((await run(['config'])).stderr).toBe('Warning: this is amtool 0.33.1, the server is Alertmanager 0.25.0.\n');
    expect((await run(['config', '--no-version-check'])).stderr).toBe('');
    http.answer = statusOf('0.33.9');
    expect((await run(['config'])).stderr).toBe('');
  });
});

const statusOf = (version: string) => (): HttpResult =>
  response(JSON.stringify({ config: { original: 'x' }, versionInfo: { version }, uptime: NOON_TEXT, cluster: { status: 'ready' } }));

describe('what is said when it does not work', () => {
  const failing =
    (answer: HttpResult) =>
    ({ url }: HttpRequest) =>
      url.endsWith('/status') ? statusOf('0.33.1')() : answer;

  test.each<[why: string, answer: HttpResult]>([
    ['[GET /alerts][400] getAlertsBadRequest "bad matcher"', response('"bad matcher"', { status: 400 })],
    ['[GET /alerts][404] getAlertsNotFound', response('', { status: 404 })],
    ['[GET /alerts] getAlerts (status 422): labels are missing', response('{"code":602,"message":"labels are missing"}', { status: 422 })],
    ['[GET /alerts] getAlerts (status 401): Unauthorized', response('Unauthorized', { status: 401 })],
    ['[GET /alerts] getAlerts (status 502): no answer', response('', { status: 502 })],
    ['[GET /alerts] the server at http://127.0.0.1:9099/api/v2 does not answer as API v2 does: ', response('<html>')],
    ['/api/v2 does not answer as API v2 does: the answer is not a list', response('{"alerts":[]}')],
    ['": connection to am refused', { kind: 'failed', reason: 'refused', message: 'connection to am refused', maybeSent: false }],
    ['": no complete answer within the time that --timeout gives', { kind: 'failed', reason: 'timeout', message: 'x', maybeSent: true }],
  ])('%s', async (why, answer) => {
    http.answer = failing(answer);
    const { code, stdout, stderr } = await run(['alert']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(why);
    expect(http.closed).toBe(1);
  });
});

describe('help and version', () => {
  test.each([
    [['--help'], 'usage: tocsin amtool [<flags>] <command> [<args> ...]\n'],
    [[], 'usage: tocsin amtool [<flags>] <command> [<args> ...]\n'],
    [['alert', 'x', '--help'], 'usage: tocsin amtool alert <command> [<args> ...]\n'],
    [['help', 'silence', 'import'], 'usage: tocsin amtool silence import [<flags>] [<input-file>]\n'],
    [['--help-long'], 'usage: tocsin amtool [<flags>] <command> [<args> ...]\n'],
    [['--version'], 'amtool, version 0.33.1 (tocsin 1.2.3)\n'],
  ])('%j', async (argv, beginning) => {
    expect((await output(...argv)).startsWith(beginning)).toBe(true);
  });

  test('every line fits a terminal, every command and flag is explained', async () => {
    const text = await output('--help-long');
    expect(text.split('\n').filter((line) => line.length > 80 && !line.startsWith('template render '))).toEqual([]);
    for (const word of ['silence update', '--annotation', '--verify.receivers', '--template.data', 'check-config', 'http://127.0.0.1:9099'])
      expect(text).toContain(word);
    expect(text).not.toContain('require-comment=');
  });
});
