import { describe, expect, test } from 'vitest';
import { NOON } from '../../../test/support/test-alertmanager.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import type { StoredEvent } from '../../db/event-repository.ts';
import type { NotificationRecord } from '../../db/outbox-repository.ts';
import { fingerprintOf } from '../../model/fingerprint.ts';
import { Labels } from '../../model/labels.ts';

const labels = Labels.of({ alertname: 'Down' });
const record = (id: string): NotificationRecord => ({
  id,
  createdAt: NOON,
  settledAt: null,
  groupKey: '{}:{}',
  receiver: 'team',
  integration: 'inbox',
  integrationIndex: 0,
  reason: 'first notification',
  state: 'pending',
  attempts: 1,
  answer: '',
  notification: {
    groupLabels: labels,
    routeLabels: [],
    alerts: [{ fingerprint: fingerprintOf(labels), labels, annotations: Labels.empty, startsAt: NOON, endsAt: null, generatorUrl: '' }],
  },
  inbox: { subject: 's', text: 't', html: '<p>t</p>' },
});
const event = (id: number): StoredEvent => ({
  id,
  at: NOON,
  fingerprint: fingerprintOf(labels),
  groupKey: null,
  stage: 'ingest',
  verdict: 'stored',
  reason: 'new',
  detail: null,
  configHash: 'abc',
});
const NOON_TEXT = '2023-11-14T22:13:20.000Z';

function setUp() {
  const server = new TestServer();
  server.history.records = ['3', '2', '1'].map(record);
  server.history.stored = [1, 2, 3].map(event);
  return { server, get: async (path: string) => (await server.get(`/api/tocsin/v1${path}`)).json() as Promise<unknown> };
}

describe('notifications', () => {
  test('are shown whole: state, answer, alerts and the message', async () => {
    const { get } = setUp();
    expect(await get('/notifications?limit=1')).toEqual({
      notifications: [
        {
          id: '3',
          createdAt: NOON_TEXT,
          settledAt: null,
          groupKey: '{}:{}',
          receiver: 'team',
          integration: 'inbox',
          integrationIndex: 0,
          reason: 'first notification',
          state: 'pending',
          attempts: 1,
          answer: '',
          groupLabels: { alertname: 'Down' },
          alerts: [
            {
              fingerprint: fingerprintOf(labels),
              status: 'firing',
              labels: { alertname: 'Down' },
              annotations: {},
              startsAt: NOON_TEXT,
              endsAt: null,
              generatorUrl: '',
            },
          ],
          inbox: { subject: 's', text: 't', html: '<p>t</p>' },
        },
      ],
      next: `${NOON_TEXT}_3`,
    });
  });

  test('the last page has no next one', async () => expect(await setUp().get('/notifications?limit=3')).toMatchObject({ next: null }));

  test.each([
    ['', { receiver: null, before: null, limit: 51 }],
    ['receiver=team&limit=10', { receiver: 'team', before: null, limit: 11 }],
    [`before=${NOON_TEXT}_3`, { receiver: null, before: { at: NOON, id: '3' }, limit: 51 }],
    [`before=${NOON_TEXT}_a_b`, { receiver: null, before: { at: NOON, id: 'a_b' }, limit: 51 }],
    [`before=${NOON_TEXT}`, { receiver: null, before: { at: NOON, id: null }, limit: 51 }],
    ['before=1700000000', { receiver: null, before: { at: NOON, id: null }, limit: 51 }],
    ['receiver=&before=&limit=', { receiver: null, before: null, limit: 51 }],
  ])('?%s asks for the right ones', async (query, asked) => {
    const { server, get } = setUp();
    await get(`/notifications?${query}`);
    expect(server.history.asked).toEqual(asked);
  });
});

describe('events', () => {
  test('are shown in order, and say whether there are more', async () => {
    const { get } = setUp();
    expect(await get('/events?limit=2')).toMatchObject({ events: [{ id: 1, at: NOON_TEXT, stage: 'ingest' }, { id: 2 }], isCut: true });
    expect(await get('/events')).toMatchObject({ isCut: false });
  });

  test.each([
    ['', { limit: 101 }],
    ['fingerprint=abc&limit=5', { fingerprint: 'abc', limit: 6 }],
    ['group=%7B%7D:%7Ba="b"%7D', { groupKey: '{}:{a="b"}', limit: 101 }],
    [`from=${NOON_TEXT}&to=1700000001.5`, { from: NOON, to: NOON + 1500, limit: 101 }],
  ])('?%s asks for the right ones', async (query, asked) => {
    const { server, get } = setUp();
    await get(`/events?${query}`);
    expect(server.history.asked).toEqual(asked);
  });
});

test.each([
  ['/notifications?recevier=team', 'unknown parameter "recevier": there are receiver, before, limit'],
  ['/notifications?limit=1&limit=2', 'limit is given more than once'],
  ['/notifications?limit=0', 'limit must be a number from 1 to 500, not "0"'],
  ['/events?limit=1e9', 'limit must be a number from 1 to 1000, not "1e9"'],
  ['/notifications?before=yesterday', 'before must be a time such as 2026-11-21T10:00:00Z, or seconds since 1970, not "yesterday"'],
  ['/events?from=99999999999999', 'from must be a time such as 2026-11-21T10:00:00Z, or seconds since 1970, not "99999999999999"'],
])('%s is refused', async (path, detail) => {
  const response = await new TestServer().get(`/api/tocsin/v1${path}`);
  expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
    400,
    'application/problem+json',
    { type: 'about:blank', title: 'Bad Request', status: 400, detail },
  ]);
});

test.each([
  ['POST', '/events', 405],
  ['GET', '/none', 404],
])('%s %s is a problem with status %i', async (method, path, status) => {
  const response = await new TestServer().request(`/api/tocsin/v1${path}`, { method });
  expect(await response.json()).toMatchObject({ type: 'about:blank', status });
});

describe('explain', () => {
  test.each([
    ['query=Down', [['alertname', '=', 'Down']], null],
    [
      `query=Down%7Bsvc%3D~%22x%7Cy%22%7D&at=${NOON_TEXT}`,
      [
        ['alertname', '=', 'Down'],
        ['svc', '=~', 'x|y'],
      ],
      NOON,
    ],
    ['query=%7Bsvc!%3D%22x%22%7D', [['svc', '!=', 'x']], null],
    ['query=svc%3Dx', [['svc', '=', 'x']], null],
  ])('?%s asks for what matches', async (query, matchers, at) => {
    const { server, get } = setUp();
    expect(await get(`/explain?${query}`)).toMatchObject({ cause: 'unknown_alert', verdict: 'no alert: nothing is known' });
    const { asked } = server.explainer;
    const subject = asked?.subject.kind === 'matchers' ? asked.subject.matchers.map(({ name, op, value }) => [name, op, value]) : null;
    expect({ matchers: subject, at: asked?.at }).toEqual({ matchers, at });
  });

  test('takes a whole label set', async () => {
    const { server, get } = setUp();
    await get(`/explain?labels=${encodeURIComponent('{"svc":"x","alertname":"Down"}')}`);
    expect(server.explainer.asked).toEqual({ subject: { kind: 'labels', labels: Labels.of({ alertname: 'Down', svc: 'x' }) }, at: null });
  });

  test.each([
    ['', /^give either labels, .* or query/],
    ['query=Down&labels={}', /^give either labels/],
    ['query=%7B%7D', /^query "\{\}" cannot be read: it names no alert/],
    ['query=Down%7Ba=~%22(%22%7D', /^query .* cannot be read: /],
    ['labels=%5B%5D', /^labels must be a JSON object of texts/],
    ['labels=%7B%22a%22:1%7D', /^labels must be a JSON object of texts/],
    ['labels=x', /^labels must be a JSON object of texts/],
    ['query=Down&at=03:10', /^at must be a time such as/],
  ])('?%s is refused', async (query, detail) => {
    expect(await setUp().get(`/explain?${query}`)).toMatchObject({ status: 400, detail: expect.stringMatching(detail) });
  });
});
