import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench, readIntegration } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

test.each([
  ['api_key: x\napi_key_file: /f', 'at most one of api_key & api_key_file must be configured'],
  ['api_key: x\nresponders: [{type: team}]', 'has to have at least one of id, username or name specified'],
  ['api_key: x\nresponders: [{id: a, type: wrong}]', 'type does not match valid options'],
  ["api_key: x\nresponders: [{id: a, type: '{{ .Bad'}]", 'type contains invalid template syntax'],
  ['api_key: x\nteams: a', 'field teams not found in type'],
])('%j is refused', (yaml, error) => {
  expect(configError('opsgenie', yaml)).toContain(error);
});

test('the day on which Opsgenie ends is told when the configuration is read', () => {
  expect(readIntegration('opsgenie', 'api_key: k').diagnostics).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('5 April 2027') },
  ]);
});

const RICH = `
api_key: '{{ .CommonLabels.job }}-key'
api_url: https://api.eu.opsgenie.com
details: {job: '{{ .CommonLabels.job }}!', extra: e}
responders:
- {name: 'a,,b', type: teams}
- {id: '{{ .CommonLabels.nothing }}', type: '{{ .CommonLabels.nothing }}'}
- {username: u@example.org, type: User}
tags: ' x, y ,,z'
actions: a,b
priority: P1
update_alerts: true
`;

test('a firing group opens an alert, and updates it where that is wished', async () => {
  const bench = new ReceiverBench('opsgenie', RICH);
  expect(await bench.send()).toMatchObject({ kind: 'accepted' });
  const alias = (bench.body() as { alias: string }).alias;
  expect(bench.body()).toEqual({
    alias: expect.stringMatching(/^[0-9a-f]{64}$/),
    message: '[FIRING:1] Down (web-1 api)',
    description: expect.stringContaining('Alerts Firing:'),
    details: { alertname: 'Down', instance: 'web-1', job: 'api!', extra: 'e' },
    source: expect.stringContaining('http://tocsin.example'),
    responders: [
      { name: 'a', type: 'team' },
      { name: 'b', type: 'team' },
      { username: 'u@example.org', type: 'user' },
    ],
    tags: ['x', ' y ', 'z'],
    actions: ['a', 'b'],
    priority: 'P1',
  });
  expect(bench.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST https://api.eu.opsgenie.com/v2/alerts',
    `PUT https://api.eu.opsgenie.com/v2/alerts/${alias}/message?identifierType=alias`,
    `PUT https://api.eu.opsgenie.com/v2/alerts/${alias}/description?identifierType=alias`,
  ]);
  expect(bench.requests[2]?.headers).toEqual({ 'Content-Type': 'application/json', Authorization: 'GenieKey api-key' });
});

test('a resolved group closes its alert', async () => {
  const bench = new ReceiverBench('opsgenie', 'api_key: k\nsource: me');
  expect(await bench.sent(notificationInput({ firing: 0, resolved: 1 }))).toEqual({ source: 'me' });
  expect(bench.requests[0]?.url).toMatch(/^https:\/\/api\.opsgenie\.com\/v2\/alerts\/[0-9a-f]{64}\/close\?identifierType=alias$/);
});

test('the first request that is refused ends the attempt', async () => {
  const statuses = [202, 429, 202];
  const bench = new ReceiverBench('opsgenie', RICH, { answer: () => response('', { status: statuses.shift() ?? 500 }) });
  expect(await bench.send()).toMatchObject({ kind: 'rejected', retry: true, reason: 'rateLimited' });
  expect(bench.requests).toHaveLength(2);
});

test('what would be refused for its length is cut or left out', async () => {
  const bench = new ReceiverBench(
    'opsgenie',
    `
api_key: k
message: ''
tags: ${Array.from({ length: 25 }, (_, i) => `t${i}`.padEnd(60, 'x')).join(',')}
actions: ${Array.from({ length: 12 }, (_, i) => `a${i}`).join(',')}
entity: ${'e'.repeat(600)}
source: ${'s'.repeat(101)}
note: ${'n'.repeat(25_001)}
details: {short: kept, long: ${'l'.repeat(5000)}, longest: ${'m'.repeat(6000)}}
`,
  );
  const sent = (await bench.sent()) as Readonly<Record<'tags' | 'actions' | 'entity' | 'source' | 'note' | 'message', string>> & {
    readonly details: object;
  };
  expect(sent.message).toBe('[FIRING:1] Down');
  expect([sent.tags.length, sent.tags[0]?.length, sent.actions.length]).toEqual([20, 50, 10]);
  expect([sent.entity.length, sent.source.length, sent.note.length]).toEqual([512, 100, 25_000]);
  expect(Object.keys(sent.details)).toEqual(['alertname', 'instance', 'job', 'short', 'long']);
});

describe('acknowledgements', () => {
  const alert = (fields: object) => response(JSON.stringify({ data: fields }));

  test('one made here is passed on, with who made it', async () => {
    const bench = new ReceiverBench('opsgenie', 'api_key: k\nsource: me', { answer: () => response('{}', { status: 202 }) });
    expect(await bench.integration.acknowledge?.(notificationInput(), 'ana')).toMatchObject({ kind: 'accepted' });
    expect(bench.requests[0]).toMatchObject({ method: 'POST', headers: { Authorization: 'GenieKey k' } });
    expect(bench.requests[0]?.url).toMatch(/\/v2\/alerts\/[0-9a-f]{64}\/acknowledge\?identifierType=alias$/);
    expect(bench.body()).toEqual({ user: 'ana', source: 'me' });
  });

  test.each([
    [alert({ status: 'open', acknowledged: false, owner: '' }), { kind: 'open' }],
    [
      alert({ status: 'open', acknowledged: true, report: { acknowledgedBy: 'ana@example.org' } }),
      { kind: 'acknowledged', by: 'ana@example.org' },
    ],
    [alert({ status: 'open', acknowledged: true, owner: 'bo@example.org' }), { kind: 'acknowledged', by: 'bo@example.org' }],
    [alert({ status: 'open', acknowledged: true }), { kind: 'acknowledged', by: 'somebody at Opsgenie' }],
    [alert({ status: 'closed', acknowledged: true, owner: 'ana' }), { kind: 'open' }],
    [response('{"message":"Alert with alias not found"}', { status: 404 }), { kind: 'open' }],
    [response('{"message":"busy"}', { status: 503 }), { kind: 'unknown', message: expect.stringContaining('503') }],
    [response('not JSON'), { kind: 'unknown', message: 'the answer has no alert in it' }],
  ])('one made there is read: %#', async (answer, acknowledgement) => {
    const bench = new ReceiverBench('opsgenie', 'api_key: k', { answer: () => answer });
    expect(await bench.integration.acknowledgement?.(notificationInput())).toEqual(acknowledgement);
    expect(bench.requests).toMatchObject([{ method: 'GET', timeoutMs: 10_000 }]);
    expect(bench.requests[0]?.url).toMatch(/\/v2\/alerts\/[0-9a-f]{64}\?identifierType=alias$/);
  });
});

describe('what became of an alert that was taken for later', () => {
  const kept = { requestId: 'r/1' };

  test('is asked by the id of its creation', async () => {
    const ids = ['r/1', 'other', 'other'];
    const bench = new ReceiverBench('opsgenie', RICH, { answer: () => response(`{"requestId":"${ids.shift()}"}`, { status: 202 }) });
    expect(await bench.send()).toEqual({ kind: 'accepted', answer: 'HTTP 202', data: kept });
    expect(await bench.send(notificationInput({ firing: 0, resolved: 1 }))).not.toHaveProperty('data');
  });

  test.each([
    [response('{"data":{"isSuccess":true,"status":"Created alert"}}'), { kind: 'confirmed', message: 'Opsgenie: Created alert' }],
    [response('{"data":{"isSuccess":false,"status":"No responders"}}'), { kind: 'failed', message: 'Opsgenie: No responders' }],
    [response('{"message":"not processed"}', { status: 404 }), { kind: 'pending' }],
    [response('{}', { status: 500 }), { kind: 'pending' }],
  ])('%#', async (answer, confirmation) => {
    const bench = new ReceiverBench('opsgenie', 'api_key: k', { answer: () => answer });
    expect(await bench.integration.confirm?.(notificationInput({ kept }))).toEqual(confirmation);
    expect(bench.requests[0]?.url).toBe('https://api.opsgenie.com/v2/alerts/requests/r%2F1');
  });

  test('nothing is asked where there is no id', async () => {
    const bench = new ReceiverBench('opsgenie', 'api_key: k');
    expect(await bench.integration.confirm?.(notificationInput())).toEqual({ kind: 'pending' });
    expect(bench.requests).toEqual([]);
  });
});

test('a refused key names the host, for a key is of one region', async () => {
  const answer = () => response('{"message":"Could not authenticate","took":0}', { status: 403 });
  expect(await new ReceiverBench('opsgenie', 'api_key: k\napi_url: https://api.eu.opsgenie.com', { answer }).send()).toMatchObject({
    reason: 'authError',
    message:
      'unexpected status code 403 (api.eu.opsgenie.com refused the key: wrong, revoked, or of another region): Could not authenticate',
  });
});
