/** promtool and a real Prometheus as clients: what they ask is answered in the form they read. */
import { readdirSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { freePort } from '../support/e2e/ports.ts';
import { run } from '../support/e2e/program.ts';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import type { Tocsin } from '../support/e2e/tocsin.ts';
import { until } from '../support/e2e/until.ts';
import { absent, peer } from '../support/peers.ts';

const needs = absent('promtool', 'prometheus');

/** A Tocsin that scrapes itself and the machine, with a few seconds of samples. */
async function scraping(stage: Stage, tocsin: Tocsin): Promise<void> {
  const target = `static_configs: [{targets: ['127.0.0.1:${tocsin.port}']}]`;
  stage.write({
    'tocsin.yml': `global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - {job_name: tocsin, ${target}}
  - {job_name: host, metrics_path: /metrics/host, ${target}}
rule_files: [rules/*.yml]
`,
    'rules/a.yml': 'groups: [{name: a, rules: [{record: "job:up:sum", expr: sum by (job) (up)}, {alert: Up, expr: up == 1}]}]\n',
  });
  await tocsin.start();
  await until('two scrapes of each', async () => (await tocsin.instant('count_over_time(job:up:sum[1m]) >= 2')).size === 2);
}

/** Standard output of `promtool …`, which must not fail. */
async function promtool(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(peer('promtool'), args);
  expect({ args, code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

describe.skipIf(needs !== '')(`promtool${needs}`, { concurrent: true }, () => {
  test('asks for queries, series, labels, health and readiness', async ({ stage }) => {
    const tocsin = await stage.tocsin();
    await scraping(stage, tocsin);
    const { url } = tocsin;
    const instance = `instance="127.0.0.1:${tocsin.port}"`;
    const now = Math.floor(Date.now() / 1000);
    const range = [`--start=${now - 2}`, `--end=${now}`, '--step=1s'];
    const atInstant = await promtool('query', 'instant', `--time=${now}`, url, 'up == 1');
    expect(atInstant).toBe(`up{${instance}, job="host"} => 1 @[${now}]\nup{${instance}, job="tocsin"} => 1 @[${now}]\n`);
    expect(await promtool('query', 'instant', url, '1 + 1')).toMatch(/^scalar: 2 @\[[\d.]+\]\n$/);
    expect(await promtool('query', 'range', ...range, url, 'sum(vector(7))')).toBe(
      `{} =>\n7 @[${now - 2}]\n7 @[${now - 1}]\n7 @[${now}]\n`,
    );
    expect(await promtool('query', 'series', '--match=up', url)).toBe(
      `{__name__="up", ${instance}, job="host"}\n{__name__="up", ${instance}, job="tocsin"}\n`,
    );
    expect(await promtool('query', 'labels', url, 'job')).toBe('host\ntocsin\n');
    const wrong = await run(peer('promtool'), ['query', 'instant', url, 'up ===']);
    expect(wrong).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^query error: bad_data: .*1:6: parse error: /) });
    await promtool('check', 'healthy', `--url=${url}`);
    await promtool('check', 'ready', `--url=${url}`);
  });

  test('finds nothing to say about our metrics but what others named', async ({ stage }) => {
    const tocsin = await stage.tocsin();
    await scraping(stage, tocsin);
    // node_exporter's names for the machine, prom-client's for Node: dashboards expect them as they are.
    const theirs = /^(node_|nodejs_active_(handles|requests|resources)_total )/;
    for (const path of ['/metrics', '/metrics/host']) {
      stage.write({ 'metrics.txt': await (await tocsin.get(path)).text() });
      const { stdout, stderr } = await run('sh', ['-c', `"$0" check metrics < metrics.txt`, peer('promtool')], { cwd: stage.dir });
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !theirs.test(line));
      expect({ path, lines }).toEqual({ path, lines: [] });
    }
  });

  test('takes the rule files that come with the program', async () => {
    const files = readdirSync('rules').filter((file) => file.endsWith('.yml'));
    expect(files).not.toHaveLength(0);
    const said = await promtool('check', 'rules', '--lint=all', '--lint-fatal', ...files.map((file) => `rules/${file}`));
    expect(said.match(/SUCCESS: \d+ rules found/g)).toHaveLength(files.length);
  });
});

describe.skipIf(needs !== '')(`Prometheus${needs}`, { concurrent: true }, () => {
  test('scrapes and federates us without a complaint, and sees what we see', async ({ stage }) => {
    const tocsin = await stage.tocsin();
    const port = await freePort();
    const target = `scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:${tocsin.port}']}]`;
    stage.write({
      'prometheus.yml': `scrape_configs:
  - {job_name: our-metrics, ${target}}
  - {job_name: our-machine, metrics_path: /metrics/host, ${target}}
  - {job_name: federate, metrics_path: /federate, honor_labels: true, params: {'match[]': ['{job=~".+"}', '{__name__="ALERTS"}']}, ${target}}
`,
    });
    // Discovery hands targets over 5 s after the start: meanwhile we start too.
    const starting = stage.server(
      peer('prometheus'),
      ['--config.file=prometheus.yml', '--storage.tsdb.path=prometheus', `--web.listen-address=127.0.0.1:${port}`],
      { port, ready: '/-/ready' },
    );
    await scraping(stage, tocsin);
    const prometheus = await starting;
    const ask = async (
      query: string,
    ): Promise<readonly { readonly metric: Readonly<Record<string, string>>; readonly value: [number, string] }[]> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query })}`);
      const { data } = (await response.json()) as { readonly data: { readonly result: [] } };
      return data.result;
    };
    await until(
      'every job to be up',
      async () => (await ask('up{job=~"our-.*|federate"} == 1')).length === 3 && (await ask('job:up:sum')).length === 2,
    );
    expect((await ask('job:up:sum')).map(({ metric, value }) => [metric['job'], value[1]]).sort()).toEqual([
      ['host', '1'],
      ['tocsin', '1'],
    ]);
    expect(await ask('ALERTS{alertname="Up", alertstate="firing", job="host"}')).toHaveLength(1);
    const [counted] = await ask('count({job="tocsin"})');
    expect(Number(counted?.value[1])).toBeGreaterThan(100);
    expect(prometheus.stderr).not.toMatch(/level=(WARN|ERROR)/);
  });
});
