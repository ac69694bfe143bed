/** How the program starts, stops, starts again and takes a new configuration, by signals and by HTTP. */
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import type { Tocsin } from '../support/e2e/tocsin.ts';
import { until } from '../support/e2e/until.ts';
import type { FakeTarget } from '../support/fake-target.ts';
import type { WebhookCollector } from '../support/webhook-collector.ts';

const RULES = `
groups:
  - name: api
    rules:
      - alert: ApiDown
        expr: up{job="api"} == 0
`;

const config = (self: number, api: string, hook: string): string => `
global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - job_name: api
    static_configs: [{targets: ['${api}']}]
  - job_name: tocsin
    static_configs: [{targets: ['127.0.0.1:${self}']}]
rule_files: [rules/*.yml]
route: {receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers:
  - name: hook
    webhook_configs: [{url: '${hook}'}]
`;

/** A Tocsin whose target does not answer, started, with the first notification delivered. */
async function paging(
  stage: Stage,
): Promise<{ readonly tocsin: Tocsin; readonly target: FakeTarget; readonly collector: WebhookCollector; readonly yaml: string }> {
  const tocsin = await stage.tocsin();
  const { target, address } = await stage.target();
  target.behaviour = 'error';
  const { collector, url } = await stage.webhook();
  const yaml = config(tocsin.port, address, url);
  stage.write({ 'tocsin.yml': yaml, 'rules/api.yml': RULES });
  await tocsin.start();
  await untilNotified(collector, 1);
  return { tocsin, target, collector, yaml };
}

/** What came about the target, in order. */
function notified(collector: WebhookCollector): readonly string[] {
  const messages = collector.received.map(
    ({ body }) => JSON.parse(body) as { readonly status: string; readonly groupLabels: Readonly<Record<string, string>> },
  );
  return messages.filter(({ groupLabels }) => groupLabels['alertname'] === 'ApiDown').map(({ status }) => status);
}

const untilNotified = (collector: WebhookCollector, times: number): Promise<unknown> =>
  until(`notification ${times}`, () => notified(collector).length >= times);

const reloadSucceeded = async (tocsin: Tocsin): Promise<string> =>
  /^prometheus_config_last_reload_successful (\d)$/m.exec(await (await tocsin.get('/metrics')).text())?.[1] ?? '';

describe.concurrent('the program', () => {
  test.for(['SIGINT', 'SIGTERM'] as const)(
    'ends within two seconds of %s with code 0, and goes on where it was',
    async (signal, { stage }) => {
      const { tocsin, target, collector } = await paging(stage);
      const ending = await tocsin.stop(signal);
      expect(ending).toMatchObject({ code: 0, signal: null });
      expect(ending.tookMs).toBeLessThan(2000);
      expect(tocsin.log).not.toMatch(/level=(WARN|ERROR)/);

      await tocsin.start();
      await tocsin.evaluatesTwice();
      expect(notified(collector)).toEqual(['firing']);
      target.behaviour = 'ok';
      await untilNotified(collector, 2);
      expect(notified(collector)).toEqual(['firing', 'resolved']);
    },
  );

  test('owes nothing and loses nothing when it is stopped while it starts', async ({ stage }) => {
    const { tocsin, target, collector } = await paging(stage);
    await tocsin.stop();
    for (let i = 0; i < 2; i++) {
      await tocsin.launch();
      await tocsin.untilLogged(new RegExp(`(msg=listening[^]*){${i + 2}}`));
      expect(await tocsin.stop('SIGINT')).toMatchObject({ code: 0 });
    }
    await tocsin.start();
    target.behaviour = 'ok';
    await untilNotified(collector, 2);
    expect(notified(collector)).toEqual(['firing', 'resolved']);
  });

  test('takes a new configuration by SIGHUP and by /-/reload, and says nothing twice because of it', async ({ stage }) => {
    const { tocsin, collector, yaml } = await paging(stage);
    const isLive = (text: string) => async (): Promise<boolean> =>
      (await tocsin.data<{ readonly yaml: string }>('/api/v1/status/config')).yaml.includes(text);
    stage.write({ 'tocsin.yml': `${yaml}\n# one\n`.replace('job_name: api', 'job_name: api\n    params: {by: [signal]}') });
    tocsin.program.signal('SIGHUP');
    await until('the configuration to be live', isLive('signal'));
    stage.write({ 'tocsin.yml': yaml.replace('job_name: api', 'job_name: api\n    params: {by: [http]}') });
    const answer = await tocsin.post('/-/reload');
    expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 200, body: '' });
    expect(await isLive('http')()).toBe(true);
    await tocsin.evaluatesTwice();
    expect(notified(collector)).toEqual(['firing']);
  });

  test('keeps the old configuration when the new one has an error, says where it is, and alerts', async ({ stage, expect }) => {
    const { tocsin, target, collector, yaml } = await paging(stage);
    stage.write({ 'rules/tocsin.yml': readFileSync('rules/tocsin.yml', 'utf8') });
    expect((await tocsin.post('/-/reload')).status).toBe(200);
    stage.write({ 'tocsin.yml': yaml.replace('group_wait: 0s', 'group_wait: 0 seconds') });
    const answer = await tocsin.post('/-/reload');
    expect({ status: answer.status, body: await answer.text() }).toMatchInlineSnapshot(`
      {
        "body": "failed to reload config: tocsin.yml:9:60: error: "0 seconds" is not a duration
      9 | route: {receiver: hook, group_by: [alertname], group_wait: 0 seconds, group_interval: 1s}
                                                                     ^
      help: write a number and a unit of ms, s, m, h, d, w or y: 0s
      ",
        "status": 500,
      }
    `);
    expect(await reloadSucceeded(tocsin)).toBe('0');
    stage.write({ 'tocsin.yml': yaml, 'rules/api.yml': RULES.replace('== 0', '=== 0') });
    tocsin.program.signal('SIGHUP');
    await tocsin.untilLogged(/rules\/api\.yml:6:/);

    await until('the alert of the refused reload', async () => {
      const { alerts } = await tocsin.data<{ readonly alerts: readonly { readonly labels: { readonly alertname: string } }[] }>(
        '/api/v1/alerts',
      );
      return alerts.some(({ labels }) => labels.alertname === 'ConfigReloadFailed');
    });
    target.behaviour = 'ok';
    await untilNotified(collector, 2);
    expect(notified(collector)).toEqual(['firing', 'resolved']);

    stage.write({ 'rules/api.yml': RULES });
    expect((await tocsin.post('/-/reload')).status).toBe(200);
    expect(await reloadSucceeded(tocsin)).toBe('1');
  });

  test('is ended by /-/quit where that is allowed', async ({ stage }) => {
    const tocsin = await stage.tocsin(['-c', 'tocsin.yml', '--web.enable-lifecycle']);
    stage.write({ 'tocsin.yml': 'scrape_configs: []\n' });
    await tocsin.start();
    expect((await tocsin.post('/-/quit')).status).toBe(200);
    expect(await tocsin.program.ended).toEqual({ code: 0, signal: null });
  });
});
