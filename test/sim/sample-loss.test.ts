/** Samples that cannot be stored: what an alert rule then lacks is no reason to end its alerts (promise P6). */
import { expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { bootApp, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const MINUTE = 60_000;

const CONFIG = `
global: {scrape_interval: 15s, evaluation_interval: 15s}
scrape_configs:
  - job_name: api
    static_configs: [{targets: ['api:80']}]
  - job_name: slow
    scrape_interval: 1m
    static_configs: [{targets: ['slow:80']}]
rule_files: [/etc/rules/*.yml]
route: {receiver: none, group_wait: 30s}
receivers: [{name: none}]
`;
const RULES = `
groups:
  - name: api
    rules:
      - {alert: Rate, expr: 'rate(errors_total[5m]) > 0.5'}
      - {alert: Count, expr: 'count_over_time((queue_length > 5)[4m:15s]) > 10'}
      - {alert: Sum, expr: 'sum(increase(errors_total[3m])) > 60', for: 1m}
      - {record: 'job:errors:rate2m', expr: 'sum by (job) (rate(errors_total[2m]))'}
      - {alert: Recorded, expr: 'avg_over_time(job:errors:rate2m[2m]) > 0.5'}
      - {alert: Now, expr: 'queue_length > 5'}
      - {alert: Slow, expr: 'rate(slow_total[10m]) > 0.5'}
`;
const NAMES = ['Count', 'Now', 'Rate', 'Recorded', 'Slow', 'Sum'];

/** Whose exporters count one error each second until `calm`. */
async function failingService() {
  const sim = new SimWorld({ seed: 1, start: START });
  let calmAt = Number.POSITIVE_INFINITY;
  const errors = (): number => Math.floor((Math.min(sim.clock.now(), calmAt) - START) / 1000);
  const isCalm = (): boolean => sim.clock.now() >= calmAt;
  for (const [host, text] of [
    ['api:80', () => `errors_total ${errors()}\nqueue_length ${isCalm() ? 0 : 9}\n`],
    ['slow:80', () => `slow_total ${errors()}\n`],
  ] as const) {
    const target = new FakeTarget(sim.clock);
    sim.network.serve(host, (request, from) => {
      target.exposition = text();
      return target.handler(request, from);
    });
  }
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG, '/etc/rules/api.yml': RULES });
  const booted = await bootApp(sim);
  const fill = () => sim.disk().inject({ operation: 'write', path: /^\/data\/tsdb/, code: 'ENOSPC' });
  const calm = (): void => {
    calmAt = sim.clock.now();
  };
  return { sim, fill, calm, ...booted };
}

type Service = Awaited<ReturnType<typeof failingService>>;

/** Alerts that fire, by name. */
const firing = ({ app }: Pick<Service, 'app'>): readonly string[] =>
  app.keeper.router
    .remembered([])
    .filter(({ resolveReason }) => resolveReason === null)
    .map(({ labels }) => labels.get('alertname'))
    .sort();

test.each([2, 4, 12, 40])('what goes on while the disk is full for %i min does not end, and ends when it is over', async (minutes) => {
  const service = await failingService();
  const { sim, fill, calm } = service;
  await sim.advance(15 * MINUTE);
  expect(firing(service)).toEqual(NAMES);
  const makeRoom = fill();
  for (let minute = 0; minute < minutes + 15; minute++) {
    if (minute === minutes) makeRoom();
    await sim.advance(MINUTE);
    expect([minute, firing(service)]).toEqual([minute, NAMES]);
  }
  calm();
  await sim.advance(15 * MINUTE);
  expect(firing(service)).toEqual([]);
});

test('what had ended when the disk was full ends once the window is filled again', async () => {
  const service = await failingService();
  const { sim, fill, calm } = service;
  await sim.advance(15 * MINUTE);
  const makeRoom = fill();
  await sim.advance(5 * MINUTE);
  calm();
  makeRoom();
  await sim.advance(12 * MINUTE);
  expect(firing(service)).toEqual([]);
});

test('a start soon after remembers what was lost', async () => {
  const service = await failingService();
  const { sim, fill, process } = service;
  await sim.advance(15 * MINUTE);
  const makeRoom = fill();
  await sim.advance(6 * MINUTE);
  makeRoom();
  await sim.advance(20_000);
  sim.kill(process);
  const { app } = await bootApp(sim);
  for (let minute = 0; minute < 12; minute++) {
    await sim.advance(MINUTE);
    expect([minute, firing({ app })]).toEqual([minute, NAMES]);
  }
});
