import { bench, describe } from 'vitest';
import { apiV2, CALLER, NOON, TestAlertmanager } from '../../../test/support/test-alertmanager.ts';
import { rootRoute } from '../../../test/support/test-router.ts';
import type { AlertQuery } from '../../alerts/router-view.ts';
import { writeAlerts, writeGroups } from './alert-json.ts';
import { AnswerWriter } from './answer-writer.ts';
import { readAlerts } from './request-body.ts';
import { alertmanagerRoutes } from './routes.ts';

const ALERTS = 10_000;
const backend = new TestAlertmanager({ route: rootRoute({ groupBy: ['alertname'] }) });
const posted = JSON.stringify(
  Array.from({ length: ALERTS }, (_, i) => ({
    labels: { alertname: `Alert${i % 100}`, instance: `host-${i}:9100`, job: 'node', severity: 'critical', team: `team-${i % 7}` },
    annotations: {
      summary: `host-${i} is not well`,
      description: 'A description as long as people write them, with a link to what to do next.',
    },
    startsAt: new Date(NOON - i).toISOString(),
    endsAt: new Date(NOON + 3_600_000).toISOString(),
    generatorURL: `http://prometheus.example.org:9090/graph?g0.expr=up%7Binstance%3D%22host-${i}%22%7D+%3D%3D+0&g0.tab=1`,
  })),
);
const send = apiV2(backend);
await send('POST', '/alerts', posted);
const query: AlertQuery = { filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true };
const views = backend.router().alerts(query, NOON);
const endsAtOf: Parameters<typeof writeAlerts>[2] = (alert) => backend.endsAtOf(alert);
const routeLabelsOf: Parameters<typeof writeGroups>[3] = (group) => backend.routeLabels(group);
const groups = backend.router().groups({ ...query, muted: true }, NOON);

const app = alertmanagerRoutes(backend, { getConcurrencyMax: 8 });
const get = async (path: string): Promise<number> => (await (await app.request(path, {}, CALLER)).arrayBuffer()).byteLength;

describe(`${ALERTS} alerts`, () => {
  bench('read a post', () => void readAlerts(posted, 'application/json'));
  bench('take a post again', async () => void (await send('POST', '/alerts', posted)));
  bench('write the list', () => writeAlerts(new AnswerWriter(), views, endsAtOf));
  bench('write the groups', () => writeGroups(new AnswerWriter(), groups, endsAtOf, routeLabelsOf));
  bench('answer GET /alerts', async () => void (await get('/alerts')));
  bench('answer GET /alerts/groups', async () => void (await get('/alerts/groups')));
  bench('answer GET /alerts with a filter', async () => void (await get('/alerts?filter=team=team-3')));
});
