/** Mails with charts, from the exporter to the mailbox, in a simulated world whose pictures are the drawings themselves. */
import { expect, test } from 'vitest';
import type { Incoming } from '../../src/alerts/ingest.ts';
import type { MailMessage } from '../../src/model/mail.ts';
import type { Rasterizer } from '../../src/model/rasterizer.ts';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { bootApp, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_261_600_000); // 2026-01-01T10:00:00Z
const MINUTE = 60_000;

const config = (own = ''): string => `
global:
  scrape_interval: 10s
  evaluation_interval: 10s
  external_labels: {site: ams}
  smtp_smarthost: mail:25
  smtp_from: tocsin@example.org
  smtp_require_tls: false
scrape_configs:
  - job_name: api
    static_configs: [{targets: ['api:80']}]
rule_files: [/etc/rules/*.yml]
route:
  receiver: team
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
receivers:
  - name: team
    email_configs: [{to: team@example.org, send_resolved: true${own}}]
`;
const RULES = `
groups:
  - name: api
    rules:
      - alert: QueueLong
        expr: 5 < queue_length and on () vector(1)
        for: 30s
        labels: {severity: page}
      - alert: QueueGone
        expr: absent(queue_other)
        for: 1h
`;
const exposition = (lengths: Readonly<Record<string, number>>): string =>
  Object.entries(lengths)
    .map(([queue, length]) => `queue_length{queue="${queue}"} ${length}\nqueue_limit{queue="${queue}",team="post"} 5\n`)
    .join('');

type Given = { readonly own?: string; readonly more?: string; readonly rules?: string; readonly rasterizer?: Rasterizer };

async function world({ own = '', more = '', rules = RULES, rasterizer }: Given = {}) {
  const sim = new SimWorld({ seed: 1, start: START });
  const target = new FakeTarget(sim.clock);
  target.exposition = exposition({ mail: 1, sms: 2, quiet: 0 });
  sim.network.serve('api:80', target.handler);
  writeFiles(sim, { '/etc/tocsin.yml': config(own) + more, '/etc/rules/api.yml': rules });
  const booted = await bootApp(sim, { prepare: (_process, ports) => (rasterizer === undefined ? ports : { ...ports, rasterizer }) });
  const mails = (): readonly MailMessage[] => sim.mail.mailbox('team@example.org').map(({ message }) => message);
  /** Ten quiet minutes, then two queues that are too long, and three minutes of that. */
  const untilMailed = async (): Promise<void> => {
    await sim.advance(10 * MINUTE);
    target.exposition = exposition({ mail: 9, sms: 7, quiet: 0 });
    await sim.advance(3 * MINUTE);
  };
  return { sim, target, mails, untilMailed, ...booted };
}

const drawing = (mail: MailMessage | undefined): string => new TextDecoder().decode(mail?.images[0]?.bytes);

test('a mail shows what the rule sees of its alerts, the threshold, and since when it fires', async () => {
  const { mails, untilMailed } = await world();
  await untilMailed();
  const [mail] = mails();
  const svg = drawing(mail);
  expect(svg).toContain('>queue_length</text>');
  expect(svg).toContain('&gt; 5</text>');
  expect(svg).toMatch(/firing from 10:10|firing from 10:11/);
  // The series of the alerts, by what tells them apart, with their newest values; not the queue that is well.
  expect([...svg.matchAll(/>(mail|sms|quiet|9|7)<\/text>/g)].map(([, text]) => text)).toEqual(['mail', '9', 'sms', '7']);
  expect(mail?.text).toMatch(/queue_length: now 7 to 9, threshold 5, firing since 10:1\d UTC/);
  expect(mail?.html).toContain(`cid:${mail?.images[0]?.contentId}`);
});

test('the mail that it is over shows that it is over, and belongs to the first', async () => {
  const { sim, target, mails, untilMailed } = await world();
  await untilMailed();
  target.exposition = exposition({ mail: 1, sms: 1, quiet: 0 });
  await sim.advance(3 * MINUTE);
  const [first, last] = mails();
  expect(mails()).toHaveLength(2);
  expect(last?.subject).toMatch(/^\[RESOLVED\]/);
  expect(last?.text).toMatch(/queue_length: now 1, threshold 5, fired from 10:1\d UTC to 10:1\d UTC/);
  expect(Object.fromEntries(last?.headers ?? [])).toMatchObject({ References: first?.messageId, 'In-Reply-To': first?.messageId });
});

test('a group that fires anew begins a conversation of its own', async () => {
  const { sim, target, mails, untilMailed } = await world();
  await untilMailed();
  target.exposition = exposition({ mail: 1, sms: 1, quiet: 0 });
  await sim.advance(10 * MINUTE);
  await untilMailed();
  expect(mails()).toHaveLength(3);
  expect(Object.fromEntries(mails()[2]?.headers ?? [])).not.toHaveProperty('References');
});

const ruleOf = (expr: string): string => `
groups: [{name: api, rules: [{alert: QueueLong, expr: '${expr}', for: 30s, labels: {severity: page}}]}]
`;
test.each<{ given: string; expr: string; more?: string; query: string; legend: readonly string[] }>([
  { given: 'a sum by a label', expr: 'sum by (queue) (queue_length) > 5', query: 'sum by (queue) (queue_length)', legend: ['mail', 'sms'] },
  {
    given: 'a threshold of each series, with a label from there',
    expr: 'queue_length > on (queue) group_left (team) queue_limit',
    query: 'queue_length',
    legend: ['mail', 'sms'],
  },
  {
    given: 'labels that relabelling has changed',
    expr: 'queue_length > 5',
    more: 'alerting: {alert_relabel_configs: [{target_label: job, replacement: other}, {regex: instance, action: labeldrop}]}',
    query: 'queue_length',
    legend: ['mail', 'sms'],
  },
])('of $given the series are found', async ({ expr, more = '', query, legend }) => {
  const { mails, untilMailed } = await world({ rules: ruleOf(expr), more });
  await untilMailed();
  const svg = drawing(mails()[0]);
  expect(svg).toContain(`>${query}</text>`);
  expect([...svg.matchAll(/>(mail|sms|quiet)<\/text>/g)].map(([, text]) => text)).toEqual(legend);
});

test('alerts from outside have no chart, whatever they say they come from', async () => {
  const { sim, app, mails } = await world();
  const alert = (generatorUrl: string, alertname: string): Incoming => ({
    labels: { alertname },
    annotations: {},
    startsAt: null,
    endsAt: null,
    generatorUrl,
  });
  const alerts = [
    alert('http://prometheus:9090/graph?g0.expr=queue_length+%3E+5&g0.tab=1', 'QueueLong'),
    alert('http://tocsin:9099/graph?g0.expr=queue_length&g0.tab=1', 'Forged'),
    alert('javascript:alert(1)', 'Odd'),
  ];
  await sim.advance(MINUTE);
  void app.keeper.step((router, now) => ({ result: router.receive(alerts, now) }));
  await sim.advance(MINUTE);
  expect(mails()).toHaveLength(3);
  expect(mails().map(({ images }) => images)).toEqual([[], [], []]);
  expect(mails().every(({ text }) => !text.includes('threshold'))).toBe(true);
});

test.each<{ given: string; rasterizer: Rasterizer; says: boolean; delayMs: number }>([
  { given: 'a machine that makes no pictures', rasterizer: { png: async () => null }, says: true, delayMs: 0 },
  { given: 'a picture that never comes', rasterizer: { png: () => new Promise(() => {}) }, says: false, delayMs: 2000 },
  { given: 'a picture that fails', rasterizer: { png: () => Promise.reject(new Error('BUG')) }, says: false, delayMs: 0 },
])('$given: the mail goes out', async ({ rasterizer, says, delayMs }) => {
  const { sim, mails, untilMailed } = await world({ rasterizer });
  const prompt = await world();
  await untilMailed();
  await prompt.untilMailed();
  expect(mails()).toHaveLength(1);
  expect(mails()[0]?.images).toEqual([]);
  expect(mails()[0]?.text.includes('threshold 5')).toBe(says);
  const arrival = (of: SimWorld): number => of.mail.mailbox('team@example.org')[0]?.at ?? 0;
  expect(arrival(sim) - arrival(prompt.sim)).toBe(delayMs);
});

test('switched off, there is neither chart nor links', async () => {
  const { mails, untilMailed } = await world({ own: ', tocsin: {chart: false, links: false}' });
  await untilMailed();
  expect(mails()[0]).toMatchObject({ images: [] });
  expect(mails()[0]?.text).not.toMatch(/threshold|Silence/);
  expect(mails()[0]?.html).not.toMatch(/Silence/);
});
