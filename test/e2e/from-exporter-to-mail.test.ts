/**
 * The main way with real processes: an exporter, our program, a mail server. What is owed arrives once, whatever is
 * silenced, stopped or killed in between.
 */
import { describe, expect } from 'vitest';
import type { CrashLabel } from '../../src/model/crash-point.ts';
import { freePort } from '../support/e2e/ports.ts';
import type { Program } from '../support/e2e/program.ts';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import { until } from '../support/e2e/until.ts';
import type { FakeSmtpServer } from '../support/fake-smtp-server.ts';
import { findPeer } from '../support/peers.ts';

const config = (smtp: FakeSmtpServer, targets: Readonly<Record<string, string>>): string => `
global:
  scrape_interval: 1s
  evaluation_interval: 1s
  smtp_smarthost: 127.0.0.1:${smtp.port}
  smtp_from: tocsin@example.org
  smtp_require_tls: false
scrape_configs:
${Object.entries(targets)
  .map(([job, address]) => `  - {job_name: ${job}, static_configs: [{targets: ['${address}'], labels: {host: ${job}}}]}`)
  .join('\n')}
rule_files: [rules.yml]
route: {receiver: team, group_by: [alertname, host], group_wait: 0s, group_interval: 1s}
receivers:
  - name: team
    email_configs:
      - to: team@example.org
        send_resolved: true
        headers: {Subject: '{{ .Status }} {{ .GroupLabels.host }}'}
`;

const RULES = `
groups:
  - name: targets
    rules:
      - alert: TargetDown
        expr: up == 0
        for: 1s
        labels: {severity: critical}
        annotations: {summary: '{{ $labels.instance }} does not answer'}
`;

const subjects = (smtp: FakeSmtpServer): readonly string[] => smtp.received.map(({ headers }) => headers.get('subject') ?? '');

const untilMailed = (smtp: FakeSmtpServer, subject: string): Promise<unknown> =>
  until(`the mail "${subject}"`, () => subjects(smtp).includes(subject));

/** The subjects of all mails, each Message-ID once: what a mail program shows that drops repeats. */
function mails(smtp: FakeSmtpServer): readonly string[] {
  const byId = new Map(smtp.received.map(({ headers }) => [headers.get('message-id'), headers.get('subject') ?? '']));
  return [...byId.values()];
}

/** A target that can be stopped and started: a real node_exporter where there is one. */
async function exporter(stage: Stage): Promise<{ readonly address: string; start(): Promise<void>; stop(): Promise<void> }> {
  const binary = findPeer('node_exporter');
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  let running: Program | { stop(): Promise<unknown> } | null = null;
  return {
    address,
    start: async () => {
      const args = [`--web.listen-address=${address}`, '--collector.disable-defaults', '--collector.uname', '--collector.loadavg'];
      if (binary !== null) running = await stage.server(binary, args, { port, ready: '/metrics' });
      else {
        const { close } = await stage.serve(() => new Response('node_load1 0.5\n', { headers: { 'content-type': 'text/plain' } }), port);
        running = { stop: close };
      }
    },
    stop: async () => {
      await running?.stop();
    },
  };
}

const exporterName = findPeer('node_exporter') === null ? 'a served text (no node_exporter found)' : 'node_exporter';

test.concurrent(`${exporterName} stops: a mail; silenced: none; back: resolved`, async ({ stage }) => {
  const [tocsin, node, smtp, { target: api, address }] = await Promise.all([stage.tocsin(), exporter(stage), stage.smtp(), stage.target()]);
  stage.write({ 'tocsin.yml': config(smtp, { node: node.address, api: address }), 'rules.yml': RULES });
  await node.start();
  await tocsin.start();
  await until('both to be up', async () => (await tocsin.instant('up == 1')).size === 2);
  expect((await tocsin.instant('node_load1{job="node"}')).size).toBe(1);

  await node.stop();
  await untilMailed(smtp, 'firing node');
  const [first] = smtp.received;
  expect(first).toMatchObject({ from: 'tocsin@example.org', to: ['team@example.org'] });
  expect(first?.parts.map(({ text }) => text).join('')).toContain(`${node.address} does not answer`);

  const now = Date.now();
  const silence = await tocsin.post('/api/v2/silences', {
    matchers: [{ name: 'host', value: 'api', isRegex: false, isEqual: true }],
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + 3_600_000).toISOString(),
    createdBy: 'ana',
    comment: 'deploying',
  });
  const { silenceID } = (await silence.json()) as { readonly silenceID: string };
  api.behaviour = 'error';
  await until('the silenced alert', async () => {
    type Status = { readonly state: string; readonly silencedBy: readonly string[] };
    const alerts = (await (await tocsin.get('/api/v2/alerts?filter=host="api"')).json()) as readonly { readonly status: Status }[];
    return alerts.some(({ status }) => status.state === 'suppressed' && status.silencedBy.includes(silenceID));
  });
  await tocsin.evaluatesTwice();
  expect(subjects(smtp)).toEqual(['firing node']);

  expect((await tocsin.get(`/api/v2/silence/${silenceID}`, { method: 'DELETE' })).status).toBe(200);
  await untilMailed(smtp, 'firing api');
  await node.start();
  await untilMailed(smtp, 'resolved node');
  api.behaviour = 'ok';
  await untilMailed(smtp, 'resolved api');
  await tocsin.evaluatesTwice();
  expect(subjects(smtp)).toEqual(['firing node', 'firing api', 'resolved node', 'resolved api']);
  expect(new Set(smtp.received.map(({ headers }) => headers.get('message-id'))).size).toBe(4);
});

/** Where the process dies; at which pass of that place since the start of the process. */
const DEATHS: readonly (readonly [CrashLabel, pass: number])[] = [
  ['evaluate.before-commit', 2],
  ['evaluate.after-commit', 2],
  ['flush.after-commit', 2],
  ['outbox.after-claim', 1],
  ['send.after-response', 1],
  ['wal.append', 3],
];

describe.concurrent('killed', () => {
  test.for(DEATHS)('at %s, pass %i, it sends what it owes when it is back, and nothing twice', async ([label, pass], { stage, expect }) => {
    const [tocsin, smtp, { target, address }] = await Promise.all([stage.tocsin(), stage.smtp(), stage.target()]);
    stage.write({ 'tocsin.yml': config(smtp, { api: address }), 'rules.yml': RULES });
    const dies = async (): Promise<void> => {
      await tocsin.launch({ TOCSIN_CRASH_AT: `${label}:${pass}` });
      expect(await tocsin.program.ended).toEqual({ code: null, signal: 'SIGKILL' });
    };
    target.behaviour = 'error';
    await dies();
    await tocsin.start();
    await untilMailed(smtp, 'firing api');
    // Killed before, it could only guess whether the server took the mail, and would send it again.
    await until('it to be stored as delivered', async () => {
      const { notifications } = (await (await tocsin.get('/api/tocsin/v1/notifications')).json()) as {
        readonly notifications: readonly { readonly state: string }[];
      };
      return notifications.every(({ state }) => state === 'accepted');
    });
    await tocsin.kill();
    target.behaviour = 'ok';
    await dies();
    await tocsin.start();
    await untilMailed(smtp, 'resolved api');
    await tocsin.evaluatesTwice();
    expect(mails(smtp)).toEqual(['firing api', 'resolved api']);
    // Where the server had answered and the answer was not stored each mail comes twice, under its one Message-ID. Whichever
    // place it is, a mail may just be on its way elsewhere; but for a claim before the first one.
    expect(smtp.received.length).toBeLessThanOrEqual(label === 'outbox.after-claim' ? 2 : 4);
  });

  test('again and again at any moment, it sends what it owes, and nothing twice', async ({ stage, expect }) => {
    const [tocsin, smtp, { target, address }] = await Promise.all([stage.tocsin(), stage.smtp(), stage.target()]);
    stage.write({ 'tocsin.yml': config(smtp, { api: address }), 'rules.yml': RULES });
    for (const behaviour of ['error', 'ok'] as const) {
      target.behaviour = behaviour;
      for (const lifeMs of [500, 1000, 1500]) {
        await tocsin.launch();
        await new Promise((resolve) => setTimeout(resolve, lifeMs));
        await tocsin.kill();
      }
      await tocsin.start();
      await untilMailed(smtp, behaviour === 'error' ? 'firing api' : 'resolved api');
      await tocsin.evaluatesTwice();
      await tocsin.kill();
    }
    expect(mails(smtp)).toEqual(['firing api', 'resolved api']);
  });
});
