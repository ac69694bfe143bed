import { describe, expect, test } from 'vitest';
import { NOON } from '../../../test/support/test-alertmanager.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import type { StoredEvent } from '../../db/event-repository.ts';
import type { NotificationRecord } from '../../db/outbox-repository.ts';
import { fingerprintOf } from '../../model/fingerprint.ts';
import { Labels } from '../../model/labels.ts';
import { cursorOf } from './cursor.ts';

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
  standsInFor: null,
  undeliveredAt: null,
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
          standsInFor: null,
          undeliveredAt: null,
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
      next: expect.any(String),
    });
  });

  test('the next page begins where the last one ended', async () => {
    const { server, get } = setUp();
    const { next } = (await get('/notifications?limit=1')) as { readonly next: string };
    await get(`/notifications?limit=1&cursor=${next}`);
    expect(server.history.asked).toEqual({ before: { at: NOON, id: '3' }, limit: 2 });
  });

  test('one has what became of it beside it', async () => {
    const { server, get } = setUp();
    const decided = { stage: 'dedup', verdict: 'notify', reason: 'first notification', groupKey: '{}:{}', fingerprint: null };
    const integration = { receiver: 'team', name: 'inbox', index: 0 };
    server.history.stored = [
      { ...event(1), ...decided, detail: { ...integration, outboxId: '2' } },
      { ...event(2), ...decided, detail: { ...integration, outboxId: '3' } },
      { ...event(3), ...decided, stage: 'deliver', verdict: 'rejected', detail: { ...integration, outboxId: '2', error: '500' } },
    ];
    expect(await get('/notifications/2')).toMatchObject({
      id: '2',
      events: [
        { id: 1, text: 'inbox 0 of receiver team is notified: first notification' },
        { id: 3, text: 'inbox 0 of receiver team did not take the notification, and is asked again: 500' },
      ],
    });
    expect(server.history.asked).toEqual({ groupKey: '{}:{}', from: NOON, limit: 500 });
    expect(await get('/notifications/4')).toMatchObject({ status: 404, detail: 'there is no notification 4; it may have been forgotten' });
  });

  test('the last page has no next one', async () => expect(await setUp().get('/notifications?limit=3')).toMatchObject({ next: null }));

  test.each([
    ['', { limit: 51 }],
    ['receiver=team&integration=email&limit=10', { receiver: 'team', integration: 'email', limit: 11 }],
    ['state=accepted', { states: ['accepted'], limit: 51 }],
    ['state=undelivered', { isUndelivered: true, limit: 51 }],
    ['state=open', { states: ['pending', 'claimed', 'rejected', 'unknown'], limit: 51 }],
    ['group=%7B%7D:%7B%7D&fingerprint=abc', { groupKey: '{}:{}', fingerprint: 'abc', limit: 51 }],
    [`from=${NOON_TEXT}&to=1700000001.5`, { from: NOON, to: NOON + 1500, limit: 51 }],
    ['receiver=&cursor=&limit=&state=', { limit: 51 }],
  ])('?%s asks for the right ones', async (query, asked) => {
    const { server, get } = setUp();
    await get(`/notifications?${query}`);
    expect(server.history.asked).toEqual(asked);
  });
});

describe('events', () => {
  test('are shown in order, with a sentence, and say where there are more', async () => {
    const { get } = setUp();
    const page = await get('/events?limit=2');
    expect(page).toMatchObject({
      events: [{ id: 1, at: NOON_TEXT, stage: 'ingest', text: 'the alert fires' }, { id: 2 }],
      next: expect.any(String),
    });
    expect(await get('/events')).toMatchObject({ next: null });
  });

  test.each([
    { order: 'oldest', shown: [1, 2], asked: { after: { at: NOON, id: 2 } } },
    { order: 'newest', shown: [3, 2], asked: { before: { at: NOON, id: 2 }, keep: 'last' } },
  ])('by page, the $order first', async ({ order, shown, asked }) => {
    const { server, get } = setUp();
    const { events, next } = (await get(`/events?limit=2&order=${order}`)) as {
      readonly events: readonly { readonly id: number }[];
      readonly next: string;
    };
    expect(events.map(({ id }) => id)).toEqual(shown);
    await get(`/events?limit=2&order=${order}&cursor=${next}`);
    expect(server.history.asked).toEqual({ ...asked, limit: 3 });
  });

  test.each([
    ['', { limit: 101 }],
    ['fingerprint=abc&limit=5', { fingerprint: 'abc', limit: 6 }],
    [
      `labels=${encodeURIComponent('{"alertname":"Down"}')}&stage=dedup`,
      { fingerprint: fingerprintOf(labels), stage: 'dedup', limit: 101 },
    ],
    ['group=%7B%7D:%7Ba="b"%7D', { groupKey: '{}:{a="b"}', limit: 101 }],
    [`from=${NOON_TEXT}&to=1700000001.5`, { from: NOON, to: NOON + 1500, limit: 101 }],
  ])('?%s asks for the right ones', async (query, asked) => {
    const { server, get } = setUp();
    await get(`/events?${query}`);
    expect(server.history.asked).toEqual(asked);
  });
});

test.each([
  [
    '/notifications?recevier=team',
    'unknown parameter "recevier": there are receiver, integration, state, group, fingerprint, from, to, limit, cursor',
  ],
  ['/receivers?x=1', 'unknown parameter "x": there is none here'],
  ['/notifications?limit=1&limit=2', 'limit is given more than once'],
  ['/notifications?limit=0', 'limit must be a number from 1 to 500, not "0"'],
  ['/events?limit=1e9', 'limit must be a number from 1 to 1000, not "1e9"'],
  ['/notifications?from=yesterday', 'from must be a time such as 2026-11-21T10:00:00Z, or seconds since 1970, not "yesterday"'],
  ['/events?from=99999999999999', 'from must be a time such as 2026-11-21T10:00:00Z, or seconds since 1970, not "99999999999999"'],
  ['/events?labels=%7B%22a%22:1%7D', 'labels must be a JSON object of texts such as {"alertname": "HighLatency"}, not "{\\"a\\":1}"'],
  ['/events?labels=%7B%22a%22:%22b%22%7D&fingerprint=x', 'give either labels or fingerprint, not both'],
  ['/events?cursor=x', 'cursor is no cursor of this list: give "next" of the page before, as it is, not "x"'],
  // A place in another list.
  [`/events?cursor=${cursorOf('n', { at: NOON, id: '3' })}`, /^cursor is no cursor of this list/],
  ['/events?stage=x', /^stage must be one of ingest, .*, not "x"$/],
  ['/events?limit=0&order=x', 'order must be one of oldest, newest, not "x"; limit must be a number from 1 to 1000, not "0"'],
])('%s is refused', async (path, detail) => {
  const response = await new TestServer().get(`/api/tocsin/v1${path}`);
  expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
    400,
    'application/problem+json',
    expect.objectContaining({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: typeof detail === 'string' ? detail : expect.stringMatching(detail),
    }),
  ]);
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
    ['query=Down&labels={"a":"b"}', /^give either labels/],
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
