/** Starting and stopping is not an event: with nothing new in the world and no time passing, it changes nothing on disk. */
import { expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { bootApp, sqliteOf, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const MINUTE = 60_000;
const TABLES = ['alert_group', 'group_member', 'notification_log', 'silence', 'rule_alert', 'outbox', 'inbox_message', 'event'];

const CONFIG = `
global: {scrape_interval: 10s, evaluation_interval: 10s}
scrape_configs: [{job_name: api, static_configs: [{targets: ['api:80']}]}]
rule_files: [/etc/rules.yml]
route: {receiver: inbox, group_by: [alertname], group_wait: 10s, group_interval: 1h, repeat_interval: 4h}
receivers: [{name: inbox, inbox_configs: [{}]}]
`;
const RULES = `
groups:
  - name: api
    rules:
      - {alert: Down, expr: up == 0}
      - {alert: Slow, expr: up == 0, for: 1h}
`;

test.each(['stopped', 'killed'] as const)(
  'ten times %s and started, the state is the same to the letter and nothing is sent',
  async (how) => {
    const sim = new SimWorld({ seed: 3, start: START });
    const target = new FakeTarget(sim.clock);
    target.behaviour = 'error';
    sim.network.serve('api:80', target.handler);
    writeFiles(sim, { '/etc/tocsin.yml': CONFIG, '/etc/rules.yml': RULES });
    let booted = await bootApp(sim, { serves: true });
    const post = {
      method: 'POST',
      body: JSON.stringify([{ labels: { alertname: 'Sent' } }]),
      headers: { 'content-type': 'application/json' },
    };
    expect((await sim.request('http://tocsin:9099/api/v2/alerts', post)).status).toBe(200);
    await sim.advance(5 * MINUTE);
    const state = (): unknown => TABLES.map((table) => sqliteOf(booted.process).read(`SELECT * FROM ${table} ORDER BY 1, 2`));
    const before = state();
    for (let i = 0; i < 10; i++) {
      if (how === 'stopped') {
        void booted.app.stop();
        await sim.advance(5); // a sync of the log
      }
      sim.kill(booted.process);
      booted = await bootApp(sim, { serves: true });
      expect(state()).toEqual(before);
    }
  },
);
