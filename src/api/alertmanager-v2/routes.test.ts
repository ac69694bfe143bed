import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answer, apiV2, NOON, TestAlertmanager } from '../../../test/support/test-alertmanager.ts';
import { childRoute, rootRoute } from '../../../test/support/test-router.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import { parseMatchers } from '../../alerts/matcher-text.ts';
import type { RouterConfig } from '../../alerts/router.ts';
import { parseTimeInterval } from '../../alerts/time-interval.ts';
import { Labels } from '../../model/labels.ts';
import { unixMs } from '../../model/time.ts';
import { readAlerts, readSilence } from './request-body.ts';

const time = (seconds: number): string => new Date(NOON + seconds * 1000).toISOString();
const silence = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  matchers: [{ name: 'alertname', value: 'Down', isRegex: false }],
  startsAt: time(0),
  endsAt: time(3600),
  createdBy: 'ana',
  comment: 'planned',
  ...changes,
});

function setUp(changes: Partial<RouterConfig> = {}) {
  const backend = new TestAlertmanager(changes);
  return { backend, send: apiV2(backend) };
}

const names = ({ json }: Answer): readonly string[] =>
  (json as readonly { readonly labels: Readonly<Record<string, string>> }[]).map(({ labels }) => labels['alertname'] ?? '').sort();

describe('POST /alerts', () => {
  test('an alert comes back as it was sent, with what the router knows of it', async () => {
    const { send } = setUp();
    const labels = { alertname: 'Down', 'a b': 'x"\\\n', __proto__x: 'p' };
    const posted = await send('POST', '/alerts', [
      {
        labels,
        annotations: { summary: 'ä\u2028' },
        startsAt: time(-60),
        endsAt: time(60),
        generatorURL: 'http://p:9090/graph?g0.expr=up',
      },
    ]);
    expect([posted.status, posted.text, posted.headers.get('content-type')]).toEqual([200, '', null]);
    const listed = await send('GET', '/alerts');
    expect(listed.json).toEqual([
      {
        annotations: { summary: 'ä\u2028' },
        endsAt: time(60),
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        receivers: [{ name: 'team' }],
        startsAt: time(-60),
        status: { inhibitedBy: [], mutedBy: [], silencedBy: [], state: 'active' },
        updatedAt: time(0),
        generatorURL: 'http://p:9090/graph?g0.expr=up',
        labels,
      },
    ]);
    expect([listed.headers.get('content-type'), listed.headers.get('cache-control')]).toEqual(['application/json', 'private, no-cache']);
  });

  test('of a request with a bad alert the good ones are stored, and every bad one is told', async () => {
    const { send } = setUp();
    const bad = [{ labels: {} }, { labels: { a: 'b' }, startsAt: time(10), endsAt: time(5) }];
    const answer = await send('POST', '/alerts', [{ labels: { alertname: 'A' } }, ...bad, { labels: { alertname: 'B', gone: '' } }]);
    expect([answer.status, answer.json]).toEqual([400, 'at least one label pair required\nstart time must be before end time']);
    const listed = await send('GET', '/alerts');
    expect(names(listed)).toEqual(['A', 'B']);
    expect(listed.text).not.toContain('gone');
  });

  test.each([
    { given: 'a newer version', post: { annotations: { v: '2' } }, listed: '"v":"2"' },
    { given: 'a later end', post: { endsAt: time(600) }, listed: `"endsAt":"${time(600)}"` },
  ])('what is listed follows $given', async ({ post, listed }) => {
    const { backend, send } = setUp();
    await send('POST', '/alerts', [{ labels: { alertname: 'A' }, annotations: { v: '1' }, endsAt: time(60) }]);
    await send('GET', '/alerts');
    backend.at = unixMs(NOON + 1000);
    await send('POST', '/alerts', [{ labels: { alertname: 'A' }, endsAt: time(60), ...post }]);
    expect((await send('GET', '/alerts')).text).toContain(listed);
  });

  test.each([
    { given: 'no body', body: '', status: 422, code: 602, message: 'alerts in body is required' },
    { given: 'only space', body: ' \n', status: 422, code: 602, message: 'alerts in body is required' },
    {
      given: 'an alert without labels',
      body: [{ labels: { a: 'b' } }, {}],
      status: 422,
      code: 602,
      message: '1.labels in body is required',
    },
    { given: 'labels that are null', body: [{ labels: null }], status: 422, code: 602, message: '0.labels in body is required' },
    { given: 'no alert at all', body: [null], status: 422, code: 602, message: '0 in body is required' },
    {
      given: 'a URL that is none',
      body: [{ labels: { a: 'b' }, generatorURL: 'graph' }],
      status: 422,
      code: 601,
      message: '0.generatorURL in body must be of type uri: "graph"',
    },
    {
      given: 'an object',
      body: '{}',
      status: 400,
      code: 400,
      message: 'parsing alerts body from "" failed, because the body is an object',
    },
    { given: 'broken JSON', body: '[', status: 400, code: 400, message: 'parsing alerts body from "" failed, because ' },
    {
      given: 'a number as a label',
      body: [{}, { labels: { a: 1 } }],
      status: 400,
      code: 400,
      message: '1.labels.a is a number, not a string',
    },
    {
      given: 'a time that is none',
      body: [{ labels: { a: 'b' }, startsAt: 'noon' }],
      status: 400,
      code: 400,
      message: '0.startsAt: parsing time "noon"',
    },
  ])('refuses $given', async ({ body, status, code, message }) => {
    const answer = await setUp().send('POST', '/alerts', body);
    expect(answer).toMatchObject({ status, json: { code, message: expect.stringContaining(message) } });
  });

  test.each([
    { given: 'null', body: 'null' },
    { given: 'no alerts', body: [] },
    {
      given: 'null where a field may be absent',
      body: [{ labels: { a: 'b', c: null }, annotations: null, startsAt: null, generatorURL: null }],
    },
    { given: 'fields that nobody knows', body: [{ labels: { a: 'b' }, silenceURL: 'x', values: { A: 1 } }] },
    { given: "Go's zero times", body: [{ labels: { a: 'b' }, startsAt: '0001-01-01T00:00:00Z', endsAt: '0001-01-01T00:00:00.000Z' }] },
  ])('takes $given', async ({ body }) => {
    expect((await setUp().send('POST', '/alerts', body)).status).toBe(200);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])('refuses the content type %s', (type) => {
    expect(readAlerts('[]', type)).toEqual({
      kind: 'refused',
      error: { code: 415, message: `unsupported media type "${type}", only [application/json] are allowed` },
    });
  });

  test('a charset does not matter', () => expect(readAlerts('[]', 'Application/JSON; charset=utf-8').kind).toBe('read'));
});

describe('GET /alerts', () => {
  const route = rootRoute({
    children: [childRoute({ receiver: 'ops', matchers: matchers('team="ops"'), continue: true }), childRoute({ receiver: 'team' })],
  });
  const receiver = (name: string, labels: Labels) => ({ name, labels, integrations: [] });
  const receivers = [receiver('team', Labels.empty), receiver('ops', Labels.of({ owner: 'o' }))];
  const inhibitRules = [
    { name: '', sourceMatchers: matchers('alertname="Source"'), targetMatchers: matchers('alertname="Target"'), equal: [] },
  ];

  async function filled() {
    const { backend, send } = setUp({ route, receivers, inhibitRules });
    await send('POST', '/alerts', [
      { labels: { alertname: 'Source' } },
      { labels: { alertname: 'Target' } },
      { labels: { alertname: 'Quiet', 'my label': 'x' } },
      { labels: { alertname: 'Ops', team: 'ops' } },
      { labels: { alertname: 'Over' }, endsAt: time(-10) },
    ]);
    await send('POST', '/silences', silence({ matchers: [{ name: 'alertname', value: 'Quiet|Target', isRegex: true }] }));
    backend.at = unixMs(NOON + 1);
    return send;
  }

  test.each([
    { query: '', found: ['Ops', 'Quiet', 'Source', 'Target'] },
    { query: 'active=false', found: ['Quiet', 'Target'] },
    { query: 'silenced=false', found: ['Ops', 'Source'] },
    { query: 'inhibited=false', found: ['Ops', 'Quiet', 'Source'] },
    { query: 'unprocessed=false', found: ['Ops', 'Quiet', 'Source', 'Target'] },
    { query: 'active=', found: ['Ops', 'Quiet', 'Source', 'Target'] },
    { query: 'active=false&active=1', found: ['Ops', 'Quiet', 'Source', 'Target'] },
    { query: 'active=maybe', found: ['Quiet', 'Target'] },
    { query: 'filter=alertname="Ops"', found: ['Ops'] },
    { query: 'filter=alertname=Ops', found: ['Ops'] },
    { query: 'filter=alertname=~".*s"&filter=team!="ops"', found: [] },
    { query: 'filter="my label"="x"', found: ['Quiet'] },
    { query: 'filter=team=""', found: ['Quiet', 'Source', 'Target'] },
    { query: 'receiver=ops', found: ['Ops'] },
    { query: 'receiver=op', found: [] },
    { query: 'receiver=op.|nobody', found: ['Ops'] },
    { query: 'receiver=', found: ['Ops', 'Quiet', 'Source', 'Target'] },
    { query: 'receiver_matchers=owner="o"', found: ['Ops'] },
    { query: 'receiver_matchers=name="team"', found: ['Ops', 'Quiet', 'Source', 'Target'] },
    { query: 'ruleMetadata=true&accesscontrol=1', found: ['Ops', 'Quiet', 'Source', 'Target'] },
  ])('?$query lists $found', async ({ query, found }) => {
    const send = await filled();
    expect(names(await send('GET', `/alerts?${encodeURI(query)}`))).toEqual(found);
  });

  test('the status names silences and inhibiting alerts', async () => {
    const send = await filled();
    const [target] = (await send('GET', '/alerts?filter=alertname=Target')).json as [{ readonly status: unknown }];
    const [source] = (await send('GET', '/alerts?filter=alertname=Source')).json as [{ readonly fingerprint: string }];
    const [{ id }] = (await send('GET', '/silences')).json as [{ readonly id: string }];
    expect(target.status).toEqual({ inhibitedBy: [source.fingerprint], mutedBy: [], silencedBy: [id], state: 'suppressed' });
  });

  test.each([
    ['filter=alertname', 'bad matcher format: alertname'],
    ['filter={a="b"}', 'unexpected open or close brace: {a="b"}'],
    ['receiver=(', 'failed to parse receiver param: error parsing regexp: missing closing ): `^(?:()$`'],
    ['receiver_matchers=x', 'failed to parse receiver_matchers param: bad matcher format: x'],
  ])('?%s is refused', async (query, error) => {
    for (const path of ['/alerts', '/alerts/groups']) {
      const answer = await setUp().send('GET', `${path}?${encodeURI(query)}`);
      expect([answer.status, answer.json]).toEqual([400, error]);
    }
  });

  test('?filter= of silences and receivers is refused in the same way', async () => {
    const { send } = setUp();
    expect(await send('GET', '/silences?filter=a')).toMatchObject({ status: 400, json: 'bad matcher format: a' });
    expect(await send('GET', '/receivers?receiver_matchers=a')).toMatchObject({ status: 400 });
  });
});

describe('GET /alerts/groups', () => {
  const night = parseTimeInterval({ times: [{ startTime: '00:00', endTime: '24:00' }] }, 'UTC');
  if ('error' in night) throw new Error(night.error);
  const route = rootRoute({
    groupBy: ['alertname'],
    labels: [['severity', 'high']],
    children: [childRoute({ receiver: 'team', matchers: matchers('mute="yes"'), muteTimeIntervals: ['night'] })],
  });

  test('groups carry the labels of their route, and whether they are muted', async () => {
    const { send } = setUp({ route, timeIntervals: new Map([['night', [night]]]) });
    expect((await send('GET', '/alerts/groups')).json).toEqual([]);
    await send('POST', '/alerts', [{ labels: { alertname: 'A' } }, { labels: { alertname: 'B', mute: 'yes' } }]);
    expect((await send('GET', '/alerts/groups')).json).toMatchObject([
      {
        labels: { alertname: 'A' },
        routeLabels: { severity: 'high' },
        receiver: { name: 'team' },
        alerts: [{ labels: { alertname: 'A' }, status: { state: 'active', mutedBy: [] } }],
      },
      { labels: { alertname: 'B' }, alerts: [{ status: { state: 'suppressed', mutedBy: ['night'] } }] },
    ]);
    expect(names(await send('GET', '/alerts/groups?muted=false'))).toEqual(['A']);
    expect(names(await send('GET', '/alerts/groups?receiver=other'))).toEqual([]);
  });
});

describe('silences', () => {
  const idOf = ({ json }: Answer): string => (json as { readonly silenceID: string }).silenceID;

  test('one comes back as it was sent, under its id and in the list', async () => {
    const { send } = setUp();
    const matchers = [
      { name: 'a b', value: '"', isRegex: false },
      { name: 'job', value: 'x|y', isRegex: true, isEqual: false },
    ];
    const id = idOf(await send('POST', '/silences', silence({ matchers, comment: '', createdBy: 'ä', annotations: { ticket: 'T-1' } })));
    const one = await send('GET', `/silence/${id}`);
    expect(one.json).toEqual({
      id,
      status: { state: 'active' },
      updatedAt: time(0),
      startsAt: time(0),
      endsAt: time(3600),
      annotations: { ticket: 'T-1' },
      comment: '',
      createdBy: 'ä',
      matchers: [{ ...matchers[0], isEqual: true }, matchers[1]],
    });
    expect((await send('GET', '/silences')).json).toEqual([one.json]);
  });

  test('one without annotations has no such field, as in Alertmanager', async () => {
    const { send } = setUp();
    const id = idOf(await send('POST', '/silences', silence()));
    expect((await send('GET', `/silence/${id}`)).json).not.toHaveProperty('annotations');
  });

  test.each([
    { query: '', states: ['active', 'pending', 'expired'] },
    { query: 'expired=false', states: ['active', 'pending'] },
    { query: 'active=false&pending=false', states: ['expired'] },
    { query: 'filter=alertname=Down', states: ['active', 'pending', 'expired'] },
    { query: 'filter=alertname=~Down', states: [] },
  ])('?$query lists those that are $states', async ({ query, states }) => {
    const { backend, send } = setUp();
    const expired = idOf(await send('POST', '/silences', silence()));
    await send('DELETE', `/silence/${expired}`);
    await send('POST', '/silences', silence());
    await send('POST', '/silences', silence({ startsAt: time(60) }));
    backend.at = unixMs(NOON + 1);
    const listed = (await send('GET', `/silences?${query}`)).json as readonly { readonly status: { readonly state: string } }[];
    expect(listed.map(({ status }) => status.state)).toEqual(states);
  });

  test.each([
    {
      given: 'an end in the past',
      changes: { startsAt: time(-60), endsAt: time(-1) },
      error: "Failed to create silence: end time can't be in the past",
    },
    { given: 'no end', changes: { endsAt: '0001-01-01T00:00:00Z' }, error: 'Failed to create silence: start time must be before end time' },
  ])('$given is refused', async ({ changes, error }) => {
    expect(await setUp().send('POST', '/silences', silence(changes))).toMatchObject({ status: 400, json: error });
  });

  test.each([
    { field: 'matchers', error: { code: 602, message: 'matchers in body is required' } },
    { field: 'startsAt', error: { code: 602, message: 'startsAt in body is required' } },
    { field: 'endsAt', error: { code: 602, message: 'endsAt in body is required' } },
    { field: 'createdBy', error: { code: 602, message: 'createdBy in body is required' } },
    { field: 'comment', error: { code: 602, message: 'comment in body is required' } },
  ])('$field may not be missing', async ({ field, error }) => {
    expect(await setUp().send('POST', '/silences', silence({ [field]: null }))).toMatchObject({ status: 422, json: error });
  });

  test.each([
    { matchers: [], error: { code: 612, message: 'matchers in body should have at least 1 items' } },
    { matchers: [{ name: 'a', isRegex: false }], error: { code: 602, message: 'matchers.0.value in body is required' } },
    { matchers: [{ name: 'a', value: 'b' }], error: { code: 602, message: 'matchers.0.isRegex in body is required' } },
    { matchers: [null], error: { code: 602, message: 'matchers.0 in body is required' } },
  ])('matchers $matchers are refused', async ({ matchers, error }) => {
    expect(await setUp().send('POST', '/silences', silence({ matchers }))).toMatchObject({ status: 422, json: error });
  });

  test('an unknown id is not found, where it would be changed, read or ended', async () => {
    const { send } = setUp();
    const id = '7a3c1b9e-0000-4000-8000-000000000000';
    expect(await send('POST', '/silences', silence({ id }))).toMatchObject({ status: 404, json: 'silence not found' });
    expect(await send('GET', `/silence/${id}`)).toMatchObject({ status: 404, text: '' });
    expect(await send('DELETE', `/silence/${id}`)).toMatchObject({ status: 404, text: '' });
  });

  test.each(['GET', 'DELETE'])('%s of what is no id says so', async (method) => {
    const error = { code: 601, message: 'silenceID in path must be of type uuid: "x"' };
    expect(await setUp().send(method, '/silence/x')).toMatchObject({ status: 422, json: error });
  });

  test('a changed silence has a new id and the old one has ended', async () => {
    const { backend, send } = setUp();
    const old = idOf(await send('POST', '/silences', silence()));
    backend.at = unixMs(NOON + 1000);
    const id = idOf(await send('POST', '/silences', silence({ id: old, matchers: [{ name: 'other', value: 'x', isRegex: false }] })));
    expect(id).not.toBe(old);
    backend.at = unixMs(NOON + 2000);
    expect((await send('GET', `/silence/${old}`)).json).toMatchObject({ status: { state: 'expired' } });
  });

  test('who ended one is recorded', async () => {
    const { backend, send } = setUp();
    await send('DELETE', `/silence/${idOf(await send('POST', '/silences', silence()))}`);
    expect(backend.expiredBy).toEqual(['192.0.2.7']);
  });
});

test('fields are known in any letters, as Go programs write them', async () => {
  const { backend, send } = setUp();
  const alert = { Labels: { alertname: 'Go' }, Annotations: { a: 'b' }, StartsAt: time(-60), GeneratorURL: 'http://x/' };
  expect((await send('POST', '/alerts', [alert])).status).toBe(200);
  const [shown] = backend.router().remembered([]);
  expect([shown?.annotations.toRecord(), shown?.startsAt, shown?.generatorUrl]).toEqual([{ a: 'b' }, NOON - 60_000, 'http://x/']);
  const posted = {
    Matchers: [{ Name: 'a', Value: 'b', IsRegex: false }],
    StartsAt: time(0),
    EndsAt: time(60),
    CreatedBy: 'me',
    Comment: 'c',
  };
  expect((await send('POST', '/silences', posted)).status).toBe(200);
});

test.each(['/alerts/', '/alerts/groups/', '/silences/', '/receivers/', '/status/'])('%s is answered with its slash', async (path) => {
  expect((await setUp().send('GET', path)).status).toBe(200);
});

describe('a list that the client has already', () => {
  const lists = ['/alerts', '/alerts/groups', '/silences'];

  function fired() {
    const server = new TestServer();
    const router = server.alertmanager.router();
    router.receive([{ labels: { alertname: 'Down' }, annotations: {}, startsAt: NOON, endsAt: null, generatorUrl: '' }], NOON);
    router.takeChanges();
    const get = (path: string, tag?: string): Promise<Response> =>
      server.get(`/api/v2${path}`, tag === undefined ? {} : { 'if-none-match': tag });
    return { server, router, get };
  }

  test.each(lists)('%s is not sent again until something has changed', async (path) => {
    const { server, router, get } = fired();
    const first = await get(path);
    const tag = first.headers.get('etag') ?? '';
    expect([first.status, tag, first.headers.get('cache-control')]).toEqual([
      200,
      expect.stringMatching(/^W\/"[^"]+"$/),
      'private, no-cache',
    ]);
    for (const known of [tag, tag.slice(2), `"x", ${tag}`, '*']) {
      const again = await get(path, known);
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
    }
    expect((await get(path, '"other"')).status).toBe(200);
    await server.alertmanager.putSilence({
      id: null,
      matcherSets: [[{ name: 'alertname', op: '=', value: 'Down' }]],
      startsAt: NOON,
      endsAt: unixMs(NOON + 60_000),
      createdBy: '',
      comment: '',
      annotations: {},
    });
    router.takeChanges();
    const changed = await get(path, tag);
    expect([changed.status, changed.headers.get('etag') === tag]).toEqual([200, false]);
    // By the clock alone: the silence is over.
    const silenced = changed.headers.get('etag') ?? '';
    server.alertmanager.at = unixMs(NOON + 60_000);
    expect((await get(path, silenced)).status).toBe(304);
    server.alertmanager.at = unixMs(NOON + 60_001);
    expect((await get(path, silenced)).status).toBe(200);
  });

  test.each(lists)('%s refuses a filter that is none, whatever the client has', async (path) => {
    const { get } = fired();
    expect((await get(`${path}?filter=%7B`, '*')).status).toBe(400);
  });
});

test('the status has all that Grafana decodes', async () => {
  expect((await setUp().send('GET', '/status')).json).toEqual({
    cluster: { status: 'disabled', peers: [] },
    config: { original: expect.stringContaining('receiver: team') },
    uptime: time(0),
    versionInfo: {
      version: expect.stringMatching(/^0\.3\d\.\d+$/),
      revision: expect.any(String),
      branch: expect.any(String),
      buildUser: '',
      buildDate: '',
      goVersion: '',
      tocsinVersion: '1.2.3',
    },
  });
});

test.each([
  {
    query: '',
    listed: [
      { name: 'team', labels: { name: 'team' } },
      { name: 'ops', labels: { name: 'ops', owner: 'o' } },
    ],
  },
  { query: 'owner=o', listed: [{ name: 'ops', labels: { name: 'ops', owner: 'o' } }] },
])('receivers with $query are listed with their labels', async ({ query, listed }) => {
  const receivers = [
    { name: 'team', labels: Labels.empty, integrations: [] },
    { name: 'ops', labels: Labels.of({ owner: 'o' }), integrations: [] },
  ];
  const path = query === '' ? '/receivers' : `/receivers?receiver_matchers=${query}`;
  expect((await setUp({ receivers }).send('GET', path)).json).toEqual(listed);
});

test.each([
  ['PUT', '/alerts', 405, 'GET,POST', 'method PUT is not allowed, but [GET,POST] are'],
  ['POST', '/status', 405, 'GET', 'method POST is not allowed, but [GET] are'],
  ['PATCH', '/silence/x', 405, 'GET,DELETE', 'method PATCH is not allowed, but [GET,DELETE] are'],
  ['GET', '/none', 404, null, 'path /none was not found'],
])('%s %s answers %i', async (method, path, status, allow, message) => {
  const answer = await setUp().send(method, path);
  expect([answer.status, answer.headers.get('allow'), answer.json]).toEqual([status, allow, { code: status, message }]);
});

test('more GETs at a time than allowed are sent away, and none is counted twice', async () => {
  const backend = new TestAlertmanager();
  const none = apiV2(backend, 0);
  expect(await none('GET', '/alerts')).toMatchObject({
    status: 503,
    text: 'Limit of concurrent GET requests reached (0), try again later.\n\n',
  });
  expect((await none('POST', '/alerts', [])).status).toBe(200);
  const one = apiV2(backend, 1);
  expect([(await one('GET', '/alerts')).status, (await one('GET', '/status')).status]).toEqual([200, 200]);
});

test('no JSON makes the readers throw', () => {
  const field = fc.constantFrom(
    'labels',
    'annotations',
    'startsAt',
    'endsAt',
    'generatorURL',
    'matchers',
    'id',
    'comment',
    'createdBy',
    'name',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(field, tie('value'), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(value, (json) => {
      for (const read of [readAlerts, readSilence])
        expect(['read', 'refused']).toContain(read(JSON.stringify(json), 'application/json').kind);
    }),
  );
});

function matchers(text: string) {
  const parsed = parseMatchers(text);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed;
}
