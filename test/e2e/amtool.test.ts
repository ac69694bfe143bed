/**
 * The real amtool and ours, each with a server of its own and the same arguments in the same order: what they print and
 * how they exit must be equal, but for ids, ports and times of today. The servers are real Alertmanagers, then Tocsins.
 */
import { userInfo } from 'node:os';
import { describe, expect } from 'vitest';
import type { AmtoolPorts } from '../../src/app/amtool/context.ts';
import { nodeDisk } from '../../src/platform/real/node-disk.ts';
import { runAmtool } from '../support/amtool-run.ts';
import { freePort } from '../support/e2e/ports.ts';
import { run } from '../support/e2e/program.ts';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import { tocsinCommand } from '../support/e2e/tocsin.ts';
import { absent, findPeer, findPeers, peer } from '../support/peers.ts';

const CONFIG = `
route:
  receiver: default
  group_by: [alertname]
  routes:
  - matchers: [severity="critical", team=~"db|web"]
    receiver: pager
    continue: true
    routes:
    - matchers: ['service=~"a.*"']
      receiver: svc-a
  - match: {severity: critical}
    receiver: crit
  - match_re: {foo: 'a|b'}
    receiver: regex
  - matchers: ['"foo bar"="x\\"y"']
    receiver: utf8
receivers:
- name: default
- name: pager
  webhook_configs: [{url: 'http://user:secret@localhost:1/x'}]
- name: svc-a
- name: crit
- name: regex
- name: utf8
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [node]
`;

const FILES = {
  'alertmanager.yml': CONFIG,
  'older.yml':
    'route: {receiver: default, routes: [{matchers: [severity="critical"], receiver: crit}]}\nreceivers: [{name: default}, {name: crit}]\n',
  'no-route.yml': 'receivers: [{name: default}]\n',
  'unknown-receiver.yml': 'route: {receiver: nobody}\nreceivers: [{name: default}]\n',
  'misspelt.yml':
    'route: {receiver: default, gruop_by: [a]}\nreceivers: [{name: default, webhook_configs: [{url: "http://x", max_alrts: 1}]}]\nrouts: []\n',
  'templates.yml': "route: {receiver: default}\nreceivers: [{name: default}]\ntemplates: ['good*.tmpl', 'none/*.tmpl']\n",
  'bad-templates.yml': "route: {receiver: default}\nreceivers: [{name: default}]\ntemplates: ['bad.tmpl']\n",
  'good.tmpl':
    '{{ define "t" }}{{ .Status }} {{ .Receiver }} {{ range .Alerts }}{{ .Status }} {{ .Labels.SortedPairs.Names }} {{ .Fingerprint }};{{ end }}{{ .GroupLabels.grouplabelkey1 }} {{ .ExternalURL }}{{ end }}',
  'bad.tmpl': '{{ define "u" }}\n',
  'data.json':
    '{"receiver":"r","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"X"},"startsAt":"2026-01-01T00:00:00Z"}],"groupLabels":{"grouplabelkey1":"b"},"externalURL":"http://x"}',
  'arguments.txt': '# of an alert\nDiskFull\n\nnode=db1\n',
  'silences.json': JSON.stringify([
    {
      matchers: [{ name: 'a', value: 'b', isRegex: false }],
      startsAt: '2039-01-01T00:00:00Z',
      endsAt: '2040-01-01T00:00:00Z',
      createdBy: 'x',
      comment: 'y',
    },
    {
      id: '00000000-0000-0000-0000-000000000000',
      matchers: [{ name: 'c', value: 'd.*', isRegex: true, isEqual: false }],
      startsAt: '2039-01-01T00:00:00Z',
      endsAt: '2041-01-01T00:00:00Z',
      createdBy: 'x',
      comment: 'y',
    },
  ]),
  'broken.json': '[{"broken": "json"',
  'http.yml': 'basic_auth: {username: ana, password: secret}\n',
};

type Invocation = {
  readonly argv: readonly string[];
  /** What differs on purpose, and so is not compared; the exit code always is. */
  readonly own?: 'error' | 'everything';
};
const same = (...argv: readonly string[]): Invocation => ({ argv });
const ownError = (...argv: readonly string[]): Invocation => ({ argv, own: 'error' });
const ownOutput = (...argv: readonly string[]): Invocation => ({ argv, own: 'everything' });

const FAR = '2040-01-01T00:00:00+02:00';
const FARTHER = '2041-01-01T00:00:00Z';

/** In order: later ones see what earlier ones did. `{id}` is the last silence that was added. */
const ALERTS = [
  same('alert'),
  same(
    'alert',
    'add',
    'DiskFull',
    'severity=critical',
    'node=db1',
    `--start=2026-01-01T00:00:00Z`,
    `--end=${FAR}`,
    '--annotation=summary=almost full',
  ),
  same(
    'alert',
    'add',
    'alertname="Über <b>"',
    'node=db1',
    'severity=warning',
    `--start=2026-02-01T00:00:00.5Z`,
    `--end=${FARTHER}`,
    '--generator-url=http://x/y?a=1&b=2',
    '--annotation',
    'd="tab\there"',
  ),
  same('alert', 'add', 'two words', `--start=2026-01-15T00:00:00Z`, `--end=${FARTHER}`),
  same('alert'),
  same('-o', 'extended', 'alert', 'query', '-ia'),
  same('alert', '-o', 'json'),
  same('alert', 'query', 'DiskFull', '-o=simple'), // a value of =simple
  same('alert', 'query', 'DiskFull'),
  same('alert', 'DiskFull', 'node=~db.*'),
  same('alert', 'query', 'alertname=~"D.*|two.*"', 'node!=db2', '--output', 'extended'),
  same('alert', 'query', 'node=db1', '--inhibited'),
  same('alert', 'query', '--silenced'),
  same('alert', 'query', '--receiver', 'default|crit'),
  same('alert', 'query', 'a b=c'),
  same('alert', '@arguments.txt'),
  same('alert', 'query', '--', '-x'),
  same('--date.format=Mon Jan _2 15:04:05.000 2006', 'alert'),
  same('--timeout=1d', 'alert'),
  same('--http.config.file=http.yml', 'alert'),
  same('--enable-feature=event-recorder', 'alert', '--no-version-check'),
  same('alert', 'query', 'foo', 'bar'),
  same('alert', 'query', 'foo', 'x="'),
  same('alert', 'query', '-r', '('),
  same('alert', 'add', 'a', 'b'),
  same('alert', 'add'),
  same('alert', 'add', 'a', 'b!=c'),
  same('alert', 'add', 'a', '--annotation=b!=c'),
  same('alert', 'add', 'a', '--start=yesterday'),
  ownError('alert', 'add', 'a', '--generator-url=foo'),
  ownError('alert', '--timeout=0s'),
  ownError('alert', '--timeout=soon'),
  ownError('--http.config.file=http.yml', '--alertmanager.url=http://a:b@127.0.0.1:1', 'alert'),
];

const SILENCES = [
  same('silence'),
  same('silence', 'add'),
  same('silence', 'add', 'DiskFull'),
  same('silence', 'add', 'DiskFull', 'node=~db.*', '-c', 'he said "x" & <b>', '-d', '2h30m', '-aana', '--annotation=ticket=1'),
  same('silence', 'query'),
  same('silence', 'add', 'two words', '-c', 'tab\there\nand a line', `--start=${FAR}`, `--end=${FARTHER}`),
  same('silence', 'update', '{id}', '-c', 'new', '-d', '3d', '-o', 'extended'),
  same('silence', 'update', '{id}', `--start=2039-06-01T00:00:00+02:00`, `--end=${FARTHER}`, '-o', 'json'),
  same('silence', 'add', 'name!~"a.*"', '-c', 'x', '-d', '1d'),
  same('silence'),
  same('silence', '-o', 'extended'),
  same('silence', '-o', 'json', '--created-by', 'ana'),
  same('silence', 'query', 'DiskFull', '-q'),
  same('silence', 'query', '--id', '{id}'),
  same('silence', 'query', '--within', '4h'),
  same('silence', 'query', '--within=2d'),
  same('alert', 'query', '--silenced', '-o', 'json'),
  same('silence', 'expire', '{id}'),
  same('silence', 'expire', '{id}'),
  same('silence', 'query', '--expired'),
  same('silence', '--expired', '--within', '1h', '-q'),
  same('silence', 'import', 'silences.json', '-w', '1'),
  same('silence', 'query', 'c!~"d.*"', '-o', 'extended'),
  ownError('silence', 'import', 'broken.json'),
  ownError('silence', 'import', 'no-route.yml'),
  same('silence', 'import', 'nothing.json'),
  same('silence', 'import', 'a', 'b'),
  same('silence', 'add', 'x', '-c', 'c', '-d', '0'),
  same('silence', 'add', 'x', '-c', 'c', '-d', '1x'),
  same('silence', 'add', 'x', '-c', 'c', '-d', ''),
  same('silence', 'add', 'x', '-c', 'c', `--start=${FARTHER}`, `--end=${FAR}`),
  same('silence', 'add', 'a', '{b=c}', '-c', 'c'),
  same('silence', 'add', 'b', 'a=~(', '-c', 'c'),
  same('silence', 'update'),
  ownError('silence', 'update', 'foo'),
  same('silence', 'update', '00000000-0000-0000-0000-000000000000'),
  same('silence', 'expire'),
  ownError('silence', 'expire', 'foo'),
  same('silence', 'expire', '00000000-0000-0000-0000-000000000000'),
];

const CONFIGS = [
  same('check-config', 'alertmanager.yml', 'templates.yml'),
  ownError('check-config', 'alertmanager.yml', 'http.yml'),
  ownError('check-config', 'misspelt.yml'),
  ownOutput('check-config', 'no-route.yml'), // later releases word it as we do
  ownError('check-config', 'unknown-receiver.yml'),
  same('check-config', 'nothing.yml'),
  same('config'),
  ownOutput('config', 'show', '-o', 'extended'), // amtool prints addresses
  same('config', '-o', 'json'),
  same('cluster'),
  same('cluster', 'show', '-o', 'extended'),
  same('cluster', '-o', 'json'),
  same('config', 'routes'),
  same('config', 'routes', '--config.file', 'alertmanager.yml', 'show'),
  same('config', 'routes', 'test', 'severity=critical', 'team=db', 'service=abc'),
  same('config', 'routes', 'test', '--config.file=alertmanager.yml', '--tree', 'severity=critical', 'team=db', 'service=abc'),
  same('config', 'routes', 'test', '--tree'),
  same('config', 'routes', 'test', 'foo=b', '--verify.receivers=regex'),
  same('config', 'routes', 'test', 'foo=c', '--verify.receivers=regex'),
  same('config', 'routes', 'test', 'a'),
  same('config', 'routes', 'test', 'a!=b'),
  same('config', 'routes', 'test', '{foo=bar}'),
  ownError('config', 'routes', '--config.file=no-route.yml'),
  same('config', 'routes', 'test', '--config.file=nothing.yml'),
];

const TEMPLATES = [
  same('template', 'render', '--template.glob=good.tmpl', '--template.text={{ template "t" . }}'),
  same('template', 'render', '--template.glob=good.tmpl', '--template.text={{ template "t" . }}', '--template.data=data.json'),
  same('template', 'render', '--template.glob=none', '--template.text=<b>{{ "<i>" }}', '--template.type=html'),
  same(
    'template',
    'render',
    '--template.glob=none',
    '--template.text={{ (index .Alerts 0).StartsAt }} {{ (index .Alerts 0).EndsAt }}',
    '--template.data=data.json',
  ),
  same('template', 'render', '--template.glob=*.tmpl', '--template.text=x'),
  ownError('template', 'render', '--template.glob=none', '--template.text={{ .Foo }}'), // the dot of notifications is a pointer
  same('template', 'render', '--template.glob=none'),
  same('template', 'render', '--template.glob=a', '--template.text=b', '--template.type=c'),
  ownError('template', 'render', '--template.glob=a', '--template.text=b', '--template.data=nothing'),
  ownError('template', 'render', '--template.glob=a', '--template.text=b', '--template.data=silences.json'),
];

const USAGE = [
  same('nonsense'),
  same('--nonsense'),
  same('alert', '-z'),
  same('alert', 'query', '-o'),
  same('alert', '-o', 'xml'),
  same('alert', '-o', 'json', '-o', 'simple'),
  same('cluster', 'nonsense'),
  same('template'),
  same('help', 'nonsense'),
  same('--version', 'nonsense'),
  same('alert', '--enable-feature=nonsense'),
  ownOutput('--version'),
  ownOutput(),
  ownOutput('alert', 'nonsense', '--help'),
];

/** What releases back to 0.25 have. They warn of our version, and word refusals otherwise. */
const OLDER = [
  ownError('alert', 'add', 'DiskFull', 'severity=critical', 'node=db1', '--start=2026-01-01T00:00:00Z', `--end=${FARTHER}`),
  ownError('alert', 'add', 'node=db2', 'alertname=Slow', '--start=2026-02-01T00:00:00Z', `--end=${FARTHER}`, '--annotation=summary=very'),
  ownError('alert'),
  ownError('alert', 'query', 'DiskFull', '-o', 'extended'),
  ownError('alert', 'query', 'node=~"db.*"', 'severity!=warning'),
  ownError('alert', 'query', '--receiver', 'default', '--inhibited', '--active', '--silenced'),
  ownError('silence', 'add', 'DiskFull', 'node=~db.*', '-c', 'x', `--start=${FAR}`, `--end=${FARTHER}`, '-aana'),
  ownError('silence', 'update', '{id}', '-c', 'new', '-d', '3d', '-o', 'extended'),
  ownError('silence', 'query', '-o', 'json'),
  ownError('silence', 'import', 'silences.json', '-w', '1'),
  ownError('silence', 'query', '-q', 'a=b'),
  ownError('silence', 'expire', '{id}'),
  ownError('silence', 'query', '--expired', '--within', '1h', '-o', 'extended'),
  ownError('check-config', 'older.yml', 'templates.yml'),
  ownError('cluster', 'show', '-o', 'extended'),
  ownError('config', 'show'),
  ownError('config', 'routes', 'show'),
  ownError('config', 'routes', 'test', '--tree', 'severity=critical', '--verify.receivers=crit'),
  ownError('template', 'render', '--template.glob=good.tmpl', '--template.text={{ template "t" . }}', '--template.data=data.json'),
];

const COMMANDS = [
  '',
  'alert',
  'alert query',
  'alert add',
  'silence',
  'silence add',
  'silence expire',
  'silence import',
  'silence query',
  'silence update',
  'check-config',
  'cluster show',
  'config show',
  'config routes',
  'config routes test',
  'template render',
];

const REAL = findPeer('amtool');

/** A server and an amtool for it. */
type Side = {
  readonly url: string;
  readonly run: (argv: readonly string[]) => ReturnType<typeof run> | ReturnType<typeof runAmtool>;
  lastId: string;
};

/** Starts a server with a data directory of its own; gives its address. */
const SERVERS = {
  Alertmanager: async (stage: Stage, data: string): Promise<string> => {
    const port = await freePort();
    const flags = [`--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address=', `--storage.path=${stage.dir}/${data}`];
    await stage.server(peer('alertmanager'), ['--config.file=alertmanager.yml', ...flags], { port, ready: '/-/ready' });
    return `http://127.0.0.1:${port}`;
  },
  Tocsin: async (stage: Stage, data: string, config = 'alertmanager.yml'): Promise<string> => {
    const tocsin = await stage.tocsin(['-c', config], data);
    await tocsin.start();
    return tocsin.url;
  },
} as const;

/** Without what differs from run to run (ids, ports, the times of these days), and what the real one logs among its output. */
function masked(text: string): string {
  const days = [-1, 0, 1, 2, 3].map((day) => new Date(Date.now() + day * 86_400_000).toISOString().slice(0, 10));
  const times = new RegExp(`(?:${days.join('|')})[T ][0-9:]{8}`, 'g');
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => (id.startsWith('00000000') ? id : 'ID'.padEnd(36)))
    .replaceAll(times, (time) => 'now'.padEnd(time.length))
    .replaceAll(/now {16}\.\d{3}Z/g, 'now')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/^time=\S+ level=.*\n/gm, '')
    .trimEnd();
}

async function outcome(side: Side, { argv, own }: Invocation) {
  const hasUrl = argv.some((word) => word.startsWith('--alertmanager.url'));
  const words = argv.map((word) => word.replace('{id}', side.lastId));
  const { code, stdout, stderr } = await side.run(hasUrl ? words : [`--alertmanager.url=${side.url}`, ...words]);
  if (argv[0] === 'silence' && argv[1] === 'add' && code === 0) side.lastId = stdout.trim();
  return {
    argv: argv.join(' '),
    code,
    stdout: own === 'everything' ? '' : masked(stdout),
    stderr: own === undefined ? masked(stderr) : '',
  };
}

async function expectSame(theirs: Side, ours: Side, invocations: readonly Invocation[]): Promise<void> {
  const expected = [];
  const got = [];
  for (const invocation of invocations) {
    expected.push(await outcome(theirs, invocation));
    got.push(await outcome(ours, invocation));
  }
  expect(got).toEqual(expected);
}

describe.skipIf(REAL === null || findPeer('alertmanager') === null)(`beside the real amtool${absent('amtool', 'alertmanager')}`, () => {
  test.for([
    { about: 'alerts', server: 'Alertmanager', invocations: ALERTS },
    { about: 'silences', server: 'Alertmanager', invocations: SILENCES },
    { about: 'configurations', server: 'Alertmanager', invocations: CONFIGS },
    { about: 'templates', server: 'Alertmanager', invocations: TEMPLATES },
    { about: 'wrong usage', server: 'Alertmanager', invocations: USAGE },
    { about: 'alerts', server: 'Tocsin', invocations: ALERTS },
    { about: 'silences', server: 'Tocsin', invocations: SILENCES },
    { about: 'configurations', server: 'Tocsin', invocations: CONFIGS },
  ] as const)('prints and exits the same before $server: $about', async ({ server, invocations }, { stage }) => {
    stage.write(FILES);
    const environment = { HOME: stage.dir, USER: userInfo().username };
    const theirs: Side = {
      url: await SERVERS[server](stage, 'theirs'),
      run: (argv) => run(peer('amtool'), argv, { cwd: stage.dir, environment }),
      lastId: '',
    };
    const ours: Side = { url: await SERVERS[server](stage, 'ours'), run: (argv) => runHere(stage, argv), lastId: '' };
    await expectSame(theirs, ours, invocations);
  });

  const [, ...others] = findPeers('amtool');
  test.skipIf(others.length === 0)(`of another release too, before Tocsin: ${others.join(', ') || 'none was found'}`, async ({ stage }) => {
    stage.write(FILES);
    const environment = { HOME: stage.dir };
    for (const [i, binary] of others.entries()) {
      const [theirUrl, ourUrl] = await Promise.all([`theirs${i}`, `ours${i}`].map((data) => SERVERS.Tocsin(stage, data, 'older.yml')));
      const theirs: Side = { url: theirUrl ?? '', run: (argv) => run(binary, argv, { cwd: stage.dir, environment }), lastId: '' };
      await expectSame(theirs, { url: ourUrl ?? '', run: (argv) => runHere(stage, argv), lastId: '' }, OLDER);
    }
  });

  test.for(COMMANDS)('has the flags and arguments of the real one: %s', async (command, { stage }) => {
    const argv = ['help', ...command.split(' ').filter((word) => word !== '')];
    const theirs = await run(peer('amtool'), argv, { environment: { HOME: stage.dir } });
    expect(shapeOf((await runHere(stage, argv)).stdout)).toEqual(shapeOf(theirs.stdout));
  });
});

/** Of help: the line of usage without the program, and the flags. */
function shapeOf(help: string) {
  const usage = /^usage: (?:tocsin )?amtool(.*)/.exec(help)?.[1];
  return {
    usage,
    flags: [...help.slice(help.indexOf('\nFlags:')).matchAll(/^ {2,6}(-\w, )?(--[\w.[\]-]+)/gm)].map(
      ([, short = '', name]) => short + name,
    ),
  };
}

/** In this process, as if it stood in the stage's folder: a process for each would take a minute. */
function runHere({ dir }: Stage, argv: readonly string[]): ReturnType<typeof runAmtool> {
  const inFolder = (path: string): string => (path.startsWith('/') ? path : `${dir}/${path}`);
  const disk: AmtoolPorts['disk'] = {
    read: (path) => nodeDisk.read(inFolder(path)),
    list: (path) => nodeDisk.list(inFolder(path)),
    stat: (path) => nodeDisk.stat(inFolder(path)),
  };
  return runAmtool(argv, { home: dir, ports: { disk, username: () => userInfo().username } });
}

test('the program gives amtool its arguments as they are, and takes its exit code', async () => {
  const argv = ['amtool', 'config', 'routes', 'test', '--config.file', '/nonexistent.yml', '-x'];
  expect(await tocsinCommand(argv)).toMatchObject({ code: 1, stdout: '', stderr: "amtool: error: unknown short flag '-x'\n" });
  expect(await tocsinCommand(['amtool', 'help', 'alert'])).toMatchObject({ code: 0, stderr: '' });
});

test('output that nobody reads ends the program quietly', async () => {
  const { stderr } = await run('sh', ['-c', `"${process.execPath}" dist/main.js amtool --help-long | true`]);
  expect(stderr).toBe('');
});
