/** Label names and values over the API are those of now, however often they were asked for before. */
import { expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { bootApp, writeFiles } from '../support/sim-app.ts';

const START = 1_767_225_600_000; // 2026-01-01T00:00:00Z
const HOUR = 3_600_000;
const CONFIG = `
scrape_configs: [{job_name: api, scrape_interval: 1m, static_configs: [{targets: ['api:80']}]}]
route: {receiver: nobody}
receivers: [{name: nobody}]
`;

test('series that come and go', async () => {
  const sim = new SimWorld({ seed: 1, start: unixMs(START) });
  const target = new FakeTarget(sim.clock);
  target.exposition = 'queue{of="mail"} 1\n';
  sim.network.serve('api:80', target.handler);
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG });
  await bootApp(sim, { serves: true });
  const ask = async (path: string): Promise<readonly string[]> => {
    const now = sim.clock.now() / 1000;
    const response = await sim.request(`http://tocsin:9099/api/v1/${path}?start=${now - 300}&end=${now}`);
    return ((await response.json()) as { readonly data: readonly string[] }).data;
  };
  const both = async () => [await ask('label/of/values'), (await ask('labels')).filter((name) => name.startsWith('o'))];

  await sim.advance(120_000);
  for (let i = 0; i < 3; i++) expect(await both()).toEqual([['mail'], ['of']]);
  target.exposition = 'queue{of="post",on="disk"} 1\n';
  await sim.advance(60_000);
  expect(await both()).toEqual([
    ['mail', 'post'],
    ['of', 'on'],
  ]);
  // The head has forgotten what has no samples any more.
  await sim.advance(8 * HOUR);
  expect(await both()).toEqual([['post'], ['of', 'on']]);
});
