import { expect, test } from 'vitest';
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
