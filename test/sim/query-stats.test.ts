/** `stats` of the query API: what Grafana's query inspector and scripts read. */
import { expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { bootApp, simOptions, writeFiles } from '../support/sim-app.ts';

const CONFIG = `
scrape_configs: [{job_name: gone, static_configs: [{targets: ['gone:80']}], scrape_interval: 10s}]
route: {receiver: nobody}
receivers: [{name: nobody}]
`;

const NOW = 1_767_225_600_000;

/** Two minutes after the start. */
async function ask(path: string, parameters: string, features: readonly string[] = []) {
  const sim = new SimWorld({ seed: 1, start: unixMs(NOW) });
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG });
  await bootApp(sim, { options: simOptions({ enableFeature: features }), serves: true });
  await sim.advance(120_000);
  const response = await sim.request(`http://tocsin:9099/api/v1/${path}?${parameters}`);
  return (await response.json()) as { readonly data: object; readonly warnings?: readonly string[] };
}

test.each([
  ['query=up&stats=all', { totalQueryableSamples: 1, samplesRead: 1, peakSamples: 1 }],
  ['query=up&stats=true', { totalQueryableSamples: 1, samplesRead: 1, peakSamples: 1 }],
  ['query=count_over_time(up[1m])&stats=all', { totalQueryableSamples: 6, samplesRead: 6, peakSamples: 7 }],
  ['query=up', undefined],
])('%s', async (parameters, samples) => {
  const { data, warnings } = await ask('query', parameters);
  expect(warnings).toBeUndefined();
  if (samples === undefined) expect(data).not.toHaveProperty('stats');
  else {
    const timings = ['evalTotalTime', 'resultSortTime', 'queryPreparationTime', 'innerEvalTime', 'execQueueTime', 'execTotalTime'];
    expect(data).toMatchObject({ stats: { timings: Object.fromEntries(timings.map((name) => [name, expect.any(Number)])), samples } });
  }
});

test('step by step with the feature', async () => {
  const range = `start=${NOW / 1000 + 60}&end=${NOW / 1000 + 80}&step=10`;
  const { data } = await ask('query_range', `query=count_over_time(up[20s])&stats=all&${range}`, ['promql-per-step-stats']);
  const perStep = (counts: readonly number[]): object => counts.map((count, step) => [NOW / 1000 + 60 + step * 10, count]);
  expect(data).toMatchObject({
    stats: {
      samples: {
        totalQueryableSamplesPerStep: perStep([2, 2, 2]),
        totalQueryableSamples: 6,
        samplesReadPerStep: perStep([2, 1, 1]),
        samplesRead: 4,
      },
    },
  });
});

test.each(['query', 'query_range'] as const)('%s takes another value for true, and warns', async (path) => {
  const { data, warnings } = await ask(path, `query=1&stats=%22yes%22&start=${NOW / 1000}&end=${NOW / 1000}&step=1`);
  expect(data).toMatchObject({ stats: { samples: { totalQueryableSamples: 0 } } });
  expect(data).not.toHaveProperty('stats.samples.samplesReadPerStep');
  expect(warnings).toEqual([
    'value "\\"yes\\"" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"',
  ]);
});
