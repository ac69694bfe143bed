/** `stats` of the query API: what Grafana's query inspector and scripts read. */
import { expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { bootApp, writeFiles } from '../support/sim-app.ts';

const CONFIG = `
scrape_configs: [{job_name: gone, static_configs: [{targets: ['gone:80']}], scrape_interval: 10s}]
route: {receiver: nobody}
receivers: [{name: nobody}]
`;

test.each([
  ['query=up&stats=all', { totalQueryableSamples: 1, peakSamples: 1 }],
  ['query=up&stats=true', { totalQueryableSamples: 1, peakSamples: 1 }],
  ['query=count_over_time(up[1m])&stats=all', { totalQueryableSamples: 6, peakSamples: 7 }],
  ['query=up', undefined],
])('%s', async (parameters, samples) => {
  const sim = new SimWorld({ seed: 1, start: unixMs(1_767_225_600_000) });
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG });
  await bootApp(sim, { serves: true });
  await sim.advance(120_000);
  const { data } = (await (await sim.request(`http://tocsin:9099/api/v1/query?${parameters}`)).json()) as { readonly data: object };
  if (samples === undefined) expect(data).not.toHaveProperty('stats');
  else {
    const timings = ['evalTotalTime', 'resultSortTime', 'queryPreparationTime', 'innerEvalTime', 'execQueueTime', 'execTotalTime'];
    expect(data).toMatchObject({ stats: { timings: Object.fromEntries(timings.map((name) => [name, expect.any(Number)])), samples } });
  }
});
