import { expect, test } from 'vitest';
import { childRoute, rootRoute } from '../../../test/support/test-router.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import { Labels } from '../../model/labels.ts';
import { equalMatcher } from '../../model/matcher.ts';

const server = new TestServer(
  {},
  {
    route: rootRoute({
      groupBy: ['alertname'],
      children: [
        childRoute({ receiver: 'db', matchers: [equalMatcher('team', 'db')] }),
        childRoute({ receiver: 'web', matchers: [equalMatcher('team', 'web')], continue: true, muteTimeIntervals: ['always'] }),
        childRoute({ receiver: 'all-web', matchers: [equalMatcher('team', 'web')] }),
        childRoute({ receiver: 'late', matchers: [] }),
      ],
    }),
    receivers: ['team', 'db', 'web', 'all-web', 'late'].map((name) => ({ name, labels: Labels.empty, integrations: [] })),
    timeIntervals: new Map([['always', [{ times: null, weekdays: null, daysOfMonth: null, months: null, years: null, zone: 'UTC' }]]]),
  },
);

const post = async (body: unknown) => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return (await server.request('/api/tocsin/v1/routes/test', init)).json() as Promise<unknown>;
};

test('every node is told with the matcher that failed, and each that takes the alert with its group and timers', async () => {
  expect(await post({ labels: { alertname: 'Slow', team: 'web', __proto__x: 'y' } })).toMatchObject({
    receivers: ['web', 'all-web'],
    route: {
      verdict: 'entered',
      routes: [
        { receiver: 'db', matchers: ['team="db"'], verdict: 'failed', failed: { matcher: 'team="db"', value: 'web' }, continue: false },
        { receiver: 'web', verdict: 'chosen', failed: null, continue: true },
        { receiver: 'all-web', verdict: 'chosen' },
        { receiver: 'late', verdict: 'not_reached' },
      ],
    },
    groups: [
      {
        receiver: 'web',
        groupKey: '{}/{team="web"}:{alertname="Slow"}',
        groupLabels: { alertname: 'Slow' },
        groupWait: '30s',
        groupInterval: '5m',
        repeatInterval: '4h',
        muteTimeIntervals: ['always'],
        muted: { reason: 'mute_time_interval', by: ['always'] },
        nextFlushAt: null,
        memberCount: 0,
        isMember: false,
      },
      { receiver: 'all-web', muted: null },
    ],
    inhibitedBy: null,
    silencedBy: [],
  });
});

test('a label may be called as anything of JavaScript is', async () => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"labels":{"__proto__":"x","constructor":"y"}}' };
  const response = await server.request('/api/tocsin/v1/routes/test', init);
  expect(await response.json()).toMatchObject({ receivers: ['late'] });
});

test.each([
  [{}, '/labels must be an object of texts such as {"alertname": "HighLatency"}, with at least one label'],
  [{ labels: {} }, /^\/labels must be an object of texts/],
  [{ labels: { a: 1 } }, /^\/labels must be an object of texts/],
  [{ labels: { a: 'b' }, label: 1 }, 'unknown field "label"'],
])('%j is refused', async (body, detail) => {
  expect(await post(body)).toMatchObject({ status: 400, detail: typeof detail === 'string' ? detail : expect.stringMatching(detail) });
});

test('receivers are listed', async () => {
  const { receivers } = (await (await new TestServer().get('/api/tocsin/v1/receivers')).json()) as { readonly receivers: unknown };
  expect(receivers).toEqual([{ name: 'team', labels: {}, integrations: [] }]);
});
