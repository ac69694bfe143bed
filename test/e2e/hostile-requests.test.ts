/**
 * Requests that no well-behaved client sends, to us and to the real Alertmanager and Prometheus: both must answer alike.
 * Where we differ on purpose, the row says how and why. Words that come from Go's decoders, times and ids are not compared.
 */
import { describe, expect } from 'vitest';
import { freePort } from '../support/e2e/ports.ts';
import { type RawAnswer, type RawRequest, rawRequest } from '../support/e2e/raw-request.ts';
import { test } from '../support/e2e/staged-test.ts';
import { absent, peer } from '../support/peers.ts';

/** `ours`: our status, where it is not theirs. */
type Row = RawRequest & { readonly ours?: { readonly status: number; readonly why: string } };

const JSON_BODY = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const get = (path: string, headers: Readonly<Record<string, string>> = {}): Row => ({ method: 'GET', path, headers });
const send = (method: string, path: string): Row => ({ method, path });
const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = JSON_BODY): Row => ({
  method: 'POST',
  path,
  headers,
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
});
const butOurs = (status: number, why: string, ...rows: readonly Row[]): readonly Row[] =>
  rows.map((row) => ({ ...row, ours: { status, why } }));
const query = (path: string, name: string, values: readonly string[]): readonly Row[] =>
  values.map((value) => get(`${path}${path.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`));

const silence = (changes: object = {}): object => ({
  matchers: [{ name: 'a', value: 'b', isRegex: false }],
  startsAt: '2040-01-01T00:00:00Z',
  endsAt: '2040-01-02T00:00:00Z',
  createdBy: 'me',
  comment: 'c',
  ...changes,
});
const matching = (changes: object): object => silence({ matchers: [{ name: 'a', value: 'b', isRegex: false, ...changes }] });
const alert = (labels: unknown, changes: object = {}): readonly object[] => [{ labels, ...changes }];

const V2 = '/api/v2';
const ID = '7a3c1b9e-0000-4000-8000-000000000000';
const HEAD = 'HEAD is GET without a body, wherever there is a GET';
const OPTIONS = 'what a browser asks before it asks is answered everywhere, for --web.cors.origin';
const CLEANED = 'clients put these together before they send them; whoever did not is shown the way or given the answer';
const STRICT = 'a filter that is not what was meant would show everything';
const TOLERANT = 'nobody is helped by a refusal';

const ALERTMANAGER: readonly Row[] = [
  // Methods and paths.
  ...['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'].flatMap((method) =>
    ['/alerts', '/silences', '/status', `/silence/${ID}`, '/alerts/groups', '/receivers']
      .filter((path) => !(method === 'DELETE' && path.startsWith('/silence/')))
      .map((path) => send(method, `${V2}${path}`)),
  ),
  ...['/alerts/groups', '/receivers', '/status', '/silence/x'].map((path) => post(`${V2}${path}`, '{}')),
  ...butOurs(200, HEAD, ...['/alerts', '/silences', '/status', '/alerts/groups', '/receivers'].map((path) => send('HEAD', `${V2}${path}`))),
  ...butOurs(204, OPTIONS, ...['/alerts', '/silences', '/status'].map((path) => send('OPTIONS', `${V2}${path}`))),
  ...[
    '/',
    '/none',
    '/silence',
    '/silence/',
    '/alerts/x',
    '/ALERTS',
    '/%61lerts',
    '/alerts/',
    '/silences/',
    '/receivers/',
    '/alerts/groups/',
  ].map((path) => get(`${V2}${path}`)),
  ...['//alerts', '/alerts//groups'].map((path) => get(`${V2}${path}`)),
  ...butOurs(200, CLEANED, get(`${V2}/../v2/alerts`), get(`${V2}/./alerts`)),
  ...butOurs(404, 'there is nothing there either way', get(V2)),
  ...['x', ID, ID.toUpperCase(), ID.replaceAll('-', ''), '%00', '%22', 'a%2Fb', `${ID}x`, '-'].flatMap((id) =>
    ['GET', 'DELETE'].map((method) => send(method, `${V2}/silence/${id}`)),
  ),

  // Filters.
  ...query(`${V2}/alerts`, 'filter', [
    ...[
      'a=b',
      '{a="b"}',
      'a="b",',
      "a='b'",
      'a',
      '=b',
      'a=~"("',
      'a=~(',
      'a=~"(a+)+$"',
      'a!~"["',
      '{',
      '}',
      'a="b",c="d"',
      '{a="b",c="d"}',
      'a=',
      '"a b"="c"',
    ],
    ...[
      'a b=c',
      'a="\\xff"',
      'a="\\u00e9"',
      'é=b',
      'a=~"a{1001}"',
      'a=~"(?=x)"',
      'a=~".*"',
      'a==b',
      'a="b" c="d"',
      '__proto__=x',
      'constructor=x',
      'a=b,',
      '',
      ' a = b ',
      'a="b"}',
      '{a="b"},',
    ],
    `a=~"${'(a+)+'.repeat(200)}"`,
  ]),
  ...query(`${V2}/silences`, 'filter', ['{a', 'a=~"("', 'a=b', '']),
  ...query(`${V2}/alerts/groups`, 'filter', ['a=~(', '{}', 'a=b']),
  get(`${V2}/alerts?filter=%ff%3Db`),
  get(`${V2}/alerts?filter=a%3D%22%ff%22`),
  get(`${V2}/silences?filter=a%3Db&filter=c`),
  ...butOurs(400, STRICT, get(`${V2}/alerts?filter=a%zz`)),
  get(`${V2}/alerts?%zz`),
  get(`${V2}/alerts?a;b=c`),
  ...query(`${V2}/alerts`, 'receiver', ['(', 'te.*', 'tea', 'team', '', '(a+)+$', '__proto__']),
  get(`${V2}/alerts?receiver=x&receiver=(`),
  ...query(`${V2}/alerts`, 'receiver_matchers', ['name=~(', '{', 'name=team']),
  ...query(`${V2}/receivers`, 'receiver_matchers', ['{', 'name=team', 'name=~"t.*"', 'x']),
  ...['active', 'silenced', 'inhibited', 'unprocessed'].flatMap((name) =>
    query(`${V2}/alerts`, name, ['', 'x', 'TRUE', '2', '0', 'nil', '-1']),
  ),
  ...query(`${V2}/alerts/groups`, 'muted', ['x', 'false', '1']),
  ...query(`${V2}/silences`, 'active', ['no', 'yes']),
  get(`${V2}/silences?expired=x&pending=x&active=x`),
  get(`${V2}/alerts?active=true&active=maybe`),
  get(`${V2}/alerts?unknown=1&limit=-1`),

  // Bodies of alerts.
  ...[
    '',
    'null',
    '{}',
    '[]',
    '[[]]',
    '[1]',
    '"x"',
    '[',
    'NaN',
    '[{}]',
    '[{"labels":{"a":"b"},}]',
    '// x\n[]',
    "[{'labels':{}}]",
    '['.repeat(20_000),
    '[{"labels":'.repeat(2000),
  ].map((body) => post(`${V2}/alerts`, body)),
  post(`${V2}/alerts`, '', {}),
  ...butOurs(400, 'what follows the first value was meant too', post(`${V2}/alerts`, '[]]'), post(`${V2}/alerts`, '[] []')),
  ...butOurs(200, TOLERANT, post(`${V2}/alerts`, '\ufeff[]')),
  ...[{}, null, [], 'x', { a: 1 }, { a: null }, { a: '' }, { '': 'x' }, { 'a b': 'x' }, { 1: 'x' }, { a: '\ud800' }, { a: '\u0000' }].map(
    (labels) => post(`${V2}/alerts`, alert(labels)),
  ),
  post(`${V2}/alerts`, '[{"labels":{"__proto__":"x","constructor":"y","toString":"z"}}]'),
  get(`${V2}/alerts?filter=__proto__%3Dx`),
  post(`${V2}/alerts`, '[{"labels":{"twice":"1","twice":"2"}}]'),
  get(`${V2}/alerts?filter=twice%3D~".%2B"`),
  post(`${V2}/alerts`, '[{"Labels":{"from":"go"},"ANNOTATIONS":{"x":"y"}}]'),
  get(`${V2}/alerts?filter=from%3Dgo`),
  ...[{ x: 1 }, { '': 'x' }, { é: 'x' }, null, [], 'x'].map((annotations) => post(`${V2}/alerts`, alert({ a: 'b' }, { annotations }))),
  ...[
    'x',
    1,
    '',
    '2023-02-30T00:00:00Z',
    '10000-12-31T23:59:59Z',
    '2030-01-01',
    '2030-01-01T25:00:00Z',
    null,
    [],
    '0001-01-01T00:00:00Z',
  ].map((startsAt) => post(`${V2}/alerts`, alert({ a: 'b' }, { startsAt }))),
  ...['2023-01-01', '9999-12-31T23:59:59Z', 'soon', '-1', ' '].map((endsAt) => post(`${V2}/alerts`, alert({ a: 'c' }, { endsAt }))),
  post(`${V2}/alerts`, alert({ a: 'b' }, { startsAt: '2030-01-02T00:00:00Z', endsAt: '2030-01-01T00:00:00Z' })),
  ...['x', 1, 'http://[::1', 'http://x/%zz', '/a', 'javascript:alert(1)', 'http://a b', ''].map((generatorURL) =>
    post(`${V2}/alerts`, alert({ a: 'b' }, { generatorURL })),
  ),
  post(`${V2}/alerts`, alert({ a: 'b' }, { unknown: { deep: [1] } })),
  // The good ones of a batch stay.
  post(`${V2}/alerts`, [...alert({ keep: 'me' }), ...alert({ '': 'x' }), ...alert({ keep: 'too' })]),
  get(`${V2}/alerts?filter=keep%3D~".%2B"`),
  // But not where the body cannot be read.
  post(`${V2}/alerts`, [...alert({ never: '1' }, { endsAt: 'bad' }), ...alert({ never: '2' })]),
  get(`${V2}/alerts?filter=never%3D~".%2B"`),
  post(`${V2}/alerts`, Buffer.from('[{"labels":{"bytes":"\xff"}}]', 'latin1')),
  get(`${V2}/alerts?filter=bytes%3D~".%2B"`),
  post(`${V2}/alerts`, Buffer.from('[{"labels":{"\xff":"a"}}]', 'latin1')),
  ...[
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'application/vnd.api+json',
    'multipart/form-data; boundary=x',
  ].map((type) => post(`${V2}/alerts`, '[]', { 'content-type': type })),
  ...butOurs(
    415,
    'it is one of the types that are not taken',
    ...['*/*', 'json', ';'].map((type) => post(`${V2}/alerts`, '[]', { 'content-type': type })),
  ),
  ...butOurs(
    200,
    TOLERANT,
    ...['text/html', 'application/xml', 'application/json;q=0'].map((accept) => get(`${V2}/receivers`, { accept })),
  ),
  ...['application/json', '*/*', 'application/*', 'text/plain, */*;q=0.1'].map((accept) => get(`${V2}/receivers`, { accept })),
  get(`${V2}/receivers`, { origin: 'https://x.example' }),

  // Bodies of silences.
  ...['', 'null', '[]', '{}', '"x"', '{', '1'].map((body) => post(`${V2}/silences`, body)),
  post(`${V2}/silences`, '{}', { 'content-type': 'text/plain' }),
  ...[null, [], {}, 'x', [{}], [1]].map((matchers) => post(`${V2}/silences`, silence({ matchers }))),
  ...[
    { name: '' },
    { value: '' },
    { value: '.*', isRegex: true },
    { value: '(', isRegex: true },
    { value: '(a+)+'.repeat(100), isRegex: true },
    { value: 'a{1001}', isRegex: true },
    { isRegex: 'yes' },
    { isEqual: false },
    { name: 'é' },
    { isRegex: null },
    { name: '__proto__' },
  ].map((changes) => post(`${V2}/silences`, matching(changes))),
  ...[{ comment: '' }, { comment: null }, { createdBy: '' }, { createdBy: undefined }, { createdBy: 1 }].map((changes) =>
    post(`${V2}/silences`, silence(changes)),
  ),
  ...[
    { startsAt: '2040-01-03T00:00:00Z' },
    { startsAt: undefined },
    { startsAt: '2040-01-02T00:00:00Z' },
    { startsAt: '2000-01-01T00:00:00Z', endsAt: '2001-01-01T00:00:00Z' },
    { endsAt: 'x' },
    { endsAt: 1 },
    { endsAt: undefined },
  ].map((changes) => post(`${V2}/silences`, silence(changes))),
  ...['x', ID, 1, ''].map((id) => post(`${V2}/silences`, silence({ id }))),
  ...[{ a: 1 }, { a: 'b' }, [], null].map((annotations) => post(`${V2}/silences`, silence({ annotations }))),
  post(`${V2}/silences`, silence({ unknown: 1, status: { state: 'x' } })),
  post(`${V2}/silences/`, silence()),
];

const V1 = '/api/v1';
const AT = `${V1}/query?time=1`;
const NOT_GARBAGE = 'theirs is what is left of an overflow';

const PROMETHEUS: readonly Row[] = [
  // Methods and paths.
  ...['POST', 'PUT', 'DELETE', 'PATCH'].flatMap((method) =>
    ['/rules', '/status/buildinfo', '/label/job/values', '/alerts', '/targets', '/metadata', '/status/tsdb'].map((path) =>
      send(method, `${V1}${path}`),
    ),
  ),
  ...['PUT', 'DELETE', 'PATCH'].flatMap((method) =>
    ['/query?query=1', '/query_range', '/labels', '/query_exemplars'].map((path) => send(method, `${V1}${path}`)),
  ),
  ...['POST', 'PUT', 'DELETE'].map((method) => send(method, '/federate?match[]=up')),
  ...butOurs(405, 'there is nothing to implement', send('DELETE', `${V1}/series?match[]=up`)),
  ...butOurs(200, HEAD, ...[`${AT}&query=1`, `${V1}/rules`, `${V1}/labels`, '/federate?match[]=up'].map((path) => send('HEAD', path))),
  ...['/', '/none', '/status', '/status/none', '/label', '/label/x', '/label/x/values/y'].map((path) => get(`${V1}${path}`)),
  ...['//query?query=1', '/label//values', '//rules'].map((path) => get(`${V1}${path}`)),
  ...['POST', 'PUT'].flatMap((method) =>
    ['delete_series', 'clean_tombstones', 'snapshot'].map((name) => send(method, `${V1}/admin/tsdb/${name}`)),
  ),
  get(`${V1}/admin/tsdb/snapshot`),
  get(`${V1}/write`),
  send('POST', `${V1}/write`),
  get(`${V1}/notifications`),

  // Instants and lengths.
  ...query(`${V1}/query?query=1`, 'time', [
    'x',
    '1e3',
    '-1',
    '0x10',
    '2023-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-02-29T00:00:00Z',
    '2023-01-01',
    '2023-01-01T00:00:00.123456789+01:00',
    '2023-13-01T00:00:00Z',
    '2023-01-01t00:00:00z',
    '1.5.1',
    '++1',
  ]),
  ...butOurs(400, NOT_GARBAGE, ...query(`${V1}/query?query=1`, 'time', ['NaN', 'Inf'])),
  get(`${V1}/query?query=1&time=1&time=x`),
  ...query(`${AT}&query=1`, 'timeout', ['x', '1e99', '5m', '1.5', '1h1h', '-x']),
  ...query(`${AT}&query=1`, 'lookback_delta', ['x', '5m', '1e99']),
  ...query(`${AT}&query=1`, 'limit', ['-1', 'x', '99999999999999999999', '1.5', '+1', '0', '']),
  get(`${AT}&query=1&unknown=x`),

  // Queries.
  ...query(AT, 'query', [
    ...[
      '',
      'up{',
      'sum(',
      '1 +',
      '"a',
      'up[5m]',
      '{}',
      '{a=""}',
      'up{a=~"("}',
      'up{a=~"(a+)+$"}',
      'a b',
      '1/0',
      'foo(1)',
      'rate(up)',
      '-',
      'é',
      '{"é"="x"}',
      'vector(1) + on() vector(2)',
      '1e999',
      'up @ end()',
    ],
    ...[
      'up[5m:]',
      '((((((((((1))))))))))',
      '"x"',
      '`x`',
      'up{__proto__="x"}',
      '# c',
      'up == bool',
      'up{a="b",}',
      'sum by (a,) (up)',
      'up offset -5m',
      'up{a="b"',
      '1 == 1',
      'count_values("", up)',
      '\u0000',
    ],
  ]),
  ...[`${V1}/query`, `${V1}/format_query`, `${V1}/parse_query`, `${V1}/query_exemplars`].map((path) => get(path)),
  get(`${AT}&query=%ff`),
  get(`${AT}&query=up%7Ba%3D%22%ff%22%7D`),
  ...['sum(', '1+1'].flatMap((text) => [...query(`${V1}/format_query`, 'query', [text]), ...query(`${V1}/parse_query`, 'query', [text])]),
  ...[
    ['', '1'],
    ['0', ''],
    ['x', '1'],
    ['1', '0'],
    ['1', '1'],
    ['0', '11001'],
    ['0', '11000'],
    ['-1', '1'],
    ['0', '1e18'],
  ].map(([start = '', end = '']) => get(`${V1}/query_range?query=1&start=${start}&end=${end}&step=1`)),
  ...query(`${V1}/query_range?query=1&start=0&end=1`, 'step', ['', '0', '-1', 'x', '1e-9', '1y', '0.25', '500ms', 'Inf', '1e30', '0s']),
  ...query(`${V1}/query_range?start=0&end=1&step=1`, 'query', ['up[5m]', '"x"', 'up{', '1']),

  // Forms.
  post(`${V1}/query`, 'query=1&time=1', FORM),
  post(`${V1}/query?query=2`, 'query=1&time=1', FORM),
  post(`${V1}/query`, 'query=1&time=1', { 'content-type': 'APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-8' }),
  ...['application/json', 'text/plain', ''].map((type) =>
    post(`${V1}/query`, 'query=1&time=1', type === '' ? {} : { 'content-type': type }),
  ),
  post(`${V1}/query`, '', FORM),
  post(`${V1}/query?time=1`, '--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n1\r\n--x--\r\n', {
    'content-type': 'multipart/form-data; boundary=x',
  }),

  // Series and labels.
  get(`${V1}/series`),
  get(`${V1}/series?match=up`),
  ...[`${V1}/series`, `${V1}/labels`, `${V1}/label/a/values`].flatMap((path) =>
    query(path, 'match[]', ['', 'up{', '{}', '{a=""}', '{a=~".*"}', 'up[5m]', 'sum(up)', 'up', '{__name__!=""}']),
  ),
  ...[`${V1}/series?match[]=up`, `${V1}/labels`, `${V1}/label/a/values`].flatMap((path) => [
    ...query(path, 'start', ['x', '2023-02-30T00:00:00Z']),
    ...query(path, 'end', ['x']),
    ...query(path, 'limit', ['x', '-1', '99999999999999999999']),
    get(`${path}${path.includes('?') ? '&' : '?'}start=2&end=1`),
  ]),
  ...['a%20b', '1a', 'U__a_2e_b', 'U__', 'U___', '__name__', 'é'].map((name) =>
    get(`${V1}/label/${name === 'é' ? '%C3%A9' : name}/values?match[]=up`),
  ),

  // The rest.
  ...query(`${V1}/rules`, 'type', ['x', 'ALERT', '']),
  ...query(`${V1}/rules`, 'match[]', ['{', 'up']),
  ...query(`${V1}/rules`, 'group_limit', ['x', '-1', '0', '1']),
  ...query(`${V1}/rules`, 'exclude_alerts', ['x', 'true', 'T', '0']),
  get(`${V1}/rules?group_next_token=x`),
  get(`${V1}/rules?group_limit=1&group_next_token=x`),
  ...query(`${V1}/targets/metadata`, 'limit', ['x']),
  ...query(`${V1}/targets/metadata`, 'match_target', ['{', 'up']),
  ...query(`${V1}/metadata`, 'limit', ['x', '-1', '0']),
  ...query(`${V1}/metadata`, 'limit_per_metric', ['x']),
  ...query(`${V1}/query_exemplars?query=up`, 'start', ['x']),
  get(`${V1}/query_exemplars?query=up&start=2&end=1`),
  ...query(`${V1}/status/tsdb`, 'limit', ['x', '0', '-1']),
  ...query('/federate', 'match[]', ['', '{', '{}', 'up']),
  get('/federate'),
  ...[
    send('POST', '/-/healthy'),
    send('HEAD', '/-/ready'),
    get('/-/none'),
    send('POST', '/-/quit'),
    send('PUT', '/-/quit'),
    get('/-/quit'),
    send('DELETE', '/-/quit'),
    get('/-/reload'),
    send('POST', '/metrics'),
    send('POST', '/version'),
  ],
];

type Compared = { readonly status: number; readonly body: unknown };

/** Both answers without what must differ. */
function compared(ours: RawAnswer, theirs: RawAnswer): readonly [Compared, Compared] {
  const [our, their] = [plain(ours), plain(theirs)];
  // Where theirs is for people, ours need only be for the same people; under /api it is JSON, which Grafana reads.
  const isText = typeof their.body === 'string' && theirs.status >= 300;
  return isText
    ? [
        { ...our, body: theirs.headers['location'] === undefined ? '' : ours.headers['location'] },
        { ...their, body: theirs.headers['location'] ?? '' },
      ]
    : [our, their];
}

function plain({ status, type, body }: RawAnswer): Compared {
  const text = body
    .trim()
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/(parsing (?:alerts|silence) body from .*? failed, because ).*(?="\})/g, '$1…')
    .replaceAll(/\[([A-Z,]+)\]/g, (_, methods: string) => methods.split(',').sort().join(','))
    // Of an error only: the way out that we name besides.
    .replaceAll(/expected number, duration, step\(\), or range\(\)/g, 'expected number or duration');
  return { status, body: type.includes('json') && text !== '' ? (JSON.parse(text) as unknown) : text };
}

/** Rows that are not answered alike. */
async function differences(rows: readonly Row[], ourPort: number, theirPort: number): Promise<readonly unknown[]> {
  const different: unknown[] = [];
  for (const row of rows) {
    const [ours, theirs] = await Promise.all([rawRequest(ourPort, row), rawRequest(theirPort, row)]);
    const name = `${row.method} ${row.path.slice(0, 100)} ${String(row.body ?? '').slice(0, 100)}`;
    if (row.ours !== undefined) {
      if (ours.status !== row.ours.status || theirs.status === ours.status)
        different.push({ name, ours: ours.status, theirs: theirs.status, wanted: row.ours });
      continue;
    }
    const [our, their] = compared(ours, theirs);
    if (JSON.stringify(sorted(our)) !== JSON.stringify(sorted(their))) different.push({ name, ours: our, theirs: their });
  }
  return different;
}

/** With the names of all objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}

const CONFIG = {
  'alertmanager.yml': `
route: {receiver: team, group_by: [alertname], group_wait: 1h, routes: [{matchers: ['team="db"'], receiver: db}]}
receivers: [{name: team}, {name: db}]
`,
  'prometheus.yml': 'global: {scrape_interval: 1h, evaluation_interval: 1h}\n',
};

describe('requests that nobody should send', { concurrent: true }, () => {
  const needsAlertmanager = absent('alertmanager');
  test.skipIf(needsAlertmanager !== '')(`are answered as Alertmanager answers them${needsAlertmanager}`, async ({ stage }) => {
    stage.write(CONFIG);
    const tocsin = await stage.tocsin(['-c', 'alertmanager.yml']);
    const port = await freePort();
    const flags = [
      '--config.file=alertmanager.yml',
      '--storage.path=am',
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ];
    await Promise.all([tocsin.start(), stage.server(peer('alertmanager'), flags, { port, ready: '/-/ready' })]);
    expect(await differences(ALERTMANAGER, tocsin.port, port)).toEqual([]);
    expect(ALERTMANAGER.length).toBeGreaterThan(150);
  });

  const needsPrometheus = absent('prometheus');
  test.skipIf(needsPrometheus !== '')(`are answered as Prometheus answers them${needsPrometheus}`, async ({ stage }) => {
    stage.write(CONFIG);
    const tocsin = await stage.tocsin(['-c', 'prometheus.yml']);
    const port = await freePort();
    const flags = ['--config.file=prometheus.yml', '--storage.tsdb.path=prom', `--web.listen-address=127.0.0.1:${port}`];
    await Promise.all([tocsin.start(), stage.server(peer('prometheus'), flags, { port, ready: '/-/ready' })]);
    expect(await differences(PROMETHEUS, tocsin.port, port)).toEqual([]);
    expect(PROMETHEUS.length).toBeGreaterThan(150);
  });
});
