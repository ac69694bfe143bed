/** Every labelled crash point is on the way of a running application: a label that nothing passes kills nobody. */
import { expect, test } from 'vitest';
import type { OutboxId } from '../../src/alerts/router-state.ts';
import { CRASH_LABELS } from '../../src/model/crash-point.ts';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { bootApp, sqliteOf, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const HOUR = 3_600_000;

const CONFIG = `
global: {scrape_interval: 1m, evaluation_interval: 1m}
scrape_configs: [{job_name: api, static_configs: [{targets: ['api:80']}]}]
rule_files: [/etc/rules.yml]
route: {receiver: all, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 4h}
receivers:
  - name: all
    inbox_configs: [{}]
    webhook_configs: [{url: 'http://hook/'}]
`;
const RULES = '{groups: [{name: api, rules: [{alert: Down, expr: up == 0}]}]}';

test('an application that does all that it can do passes every crash point', async () => {
  const sim = new SimWorld({ seed: 5, start: START });
  const target = new FakeTarget(sim.clock);
  sim.network.serve('api:80', target.handler);
  sim.network.serve('hook:80', () => new Response('ok'));
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG, '/etc/rules.yml': RULES });
  const { app, process } = await bootApp(sim, { serves: true });
  const post = async (path: string, body: unknown, method = 'POST'): Promise<Response> =>
    sim.request(`http://tocsin:9099${path}`, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  await post('/api/v2/alerts', [{ labels: { alertname: 'Sent' } }]);
  const endsAt = new Date(START + HOUR).toISOString();
  const silence = {
    matchers: [{ name: 'a', value: 'b', isRegex: false }],
    startsAt: new Date(START).toISOString(),
    endsAt,
    createdBy: 'a',
    comment: 'b',
  };
  const { silenceID } = (await (await post('/api/v2/silences', silence)).json()) as { readonly silenceID: string };
  await sim.request(`http://tocsin:9099/api/v2/silence/${silenceID}`, { method: 'DELETE' });
  void app.reload();
  target.behaviour = 'error';
  await sim.advance(HOUR / 2);
  const id = String(sqliteOf(process).read('SELECT id FROM outbox')[0]?.['id']) as OutboxId;
  void app.actions.act(id, { kind: 'acknowledge' }, 'ana');
  void app.actions.report(id, { kind: 'confirmed', message: 'delivered' });
  target.behaviour = 'ok';
  await sim.advance(9 * HOUR); // until the head forgets, and the log is cut behind it
  void app.stop();
  await sim.advance(5000);
  expect(CRASH_LABELS.filter((label) => (process.crashHits.get(label) ?? 0) === 0)).toEqual([]);
}, 60_000);
