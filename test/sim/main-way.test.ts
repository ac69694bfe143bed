/** The whole way in a simulated world: exporter, scrape, rule, router, mail; silence, kill, power loss, reload. */
import { describe, expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { bootApp, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const MINUTE = 60_000;

const CONFIG = `
global:
  scrape_interval: 10s
  evaluation_interval: 10s
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
  group_wait: 30s
  group_interval: 1m
  repeat_interval: 4h
receivers:
  - name: team
    email_configs: [{to: team@example.org, send_resolved: true, text: '{{ template "__subject" . }}'}]
`;
const RULES = `
groups:
  - name: api
    rules:
      - alert: ApiDown
        expr: up{job="api"} == 0
        for: 30s
        labels: {severity: critical}
        annotations: {summary: '{{ $labels.instance }} is down'}
`;

async function world(config = CONFIG, rules = RULES) {
  const sim = new SimWorld({ seed: 1, start: START });
  const target = new FakeTarget(sim.clock);
  sim.network.serve('api:80', target.handler);
  writeFiles(sim, { '/etc/tocsin.yml': config, '/etc/rules/api.yml': rules });
  const booted = await bootApp(sim);
  const subjects = (): readonly string[] => sim.mail.mailbox('team@example.org').map(({ message }) => message.subject);
  return { sim, target, subjects, ...booted };
}

describe('the main way', () => {
  test('an exporter that stops is mailed once, and its return is mailed too', async () => {
    const { sim, target, subjects } = await world();
    await sim.advance(2 * MINUTE);
    expect(subjects()).toEqual([]);
    target.behaviour = 'error';
    await sim.advance(10 * MINUTE);
    expect(subjects()).toEqual(['[FIRING:1] ApiDown (api:80 api critical)']);
    target.behaviour = 'ok';
    await sim.advance(3 * MINUTE);
    expect(subjects()).toEqual(['[FIRING:1] ApiDown (api:80 api critical)', '[RESOLVED] ApiDown (api:80 api critical)']);
  });

  test('a kill at any moment of an outage neither repeats nor loses a mail', async () => {
    for (const afterSeconds of [5, 35, 50, 65, 75, 100, 200]) {
      const { sim, target, subjects, process } = await world();
      await sim.advance(MINUTE);
      target.behaviour = 'error';
      await sim.advance(afterSeconds * 1000);
      sim.kill(process);
      await sim.advance(20_000);
      await bootApp(sim);
      await sim.advance(5 * MINUTE);
      target.behaviour = 'ok';
      await sim.advance(5 * MINUTE);
      expect({ afterSeconds, subjects: subjects() }).toEqual({
        afterSeconds,
        subjects: ['[FIRING:1] ApiDown (api:80 api critical)', '[RESOLVED] ApiDown (api:80 api critical)'],
      });
    }
  });

  test('a kill with a mail on its way, and a start long after the group was due again, sends it once', async () => {
    for (const label of ['flush.after-commit', 'outbox.before-claim', 'outbox.after-claim', 'send.after-response'] as const) {
      const { sim, target, process } = await world();
      await sim.advance(MINUTE);
      target.behaviour = 'error';
      await sim.advance(MINUTE);
      process.crashAt(label);
      await sim.advance(MINUTE);
      expect({ label, isAlive: process.life.isAlive }).toEqual({ label, isAlive: false });
      await sim.advance(10 * MINUTE);
      await bootApp(sim);
      await sim.advance(2 * MINUTE);
      const ids = sim.mail.mailbox('team@example.org').map(({ message }) => message.messageId);
      expect({ label, mails: ids.length, messages: new Set(ids).size }).toEqual({
        label,
        mails: label === 'send.after-response' ? 2 : 1,
        messages: 1,
      });
    }
  });

  test('a power loss soon after the very first start leaves the samples of before', async () => {
    const { sim, process } = await world();
    await sim.advance(MINUTE);
    sim.powerLoss(process);
    await bootApp(sim, { serves: true });
    const answer = await sim.request('http://tocsin:9099/api/v1/query?query=count_over_time(up[5m])');
    expect(await answer.json()).toMatchObject({ data: { result: [{ value: [expect.any(Number), expect.stringMatching(/^[67]$/)] }] } });
  });

  test('restarts with nothing new send nothing', async () => {
    const { sim, target, subjects, ...first } = await world();
    target.behaviour = 'error';
    await sim.advance(5 * MINUTE);
    let booted: { readonly app: (typeof first)['app']; readonly process: (typeof first)['process'] } = first;
    for (let i = 0; i < 5; i++) {
      void booted.app.stop();
      await sim.advance(5000);
      sim.kill(booted.process);
      booted = await bootApp(sim);
      await sim.advance(MINUTE);
    }
    expect(subjects()).toEqual(['[FIRING:1] ApiDown (api:80 api critical)']);
  });

  test('a reload with the same files says nothing to anybody; one that does not parse changes nothing', async () => {
    const { sim, target, subjects, app } = await world();
    target.behaviour = 'error';
    await sim.advance(5 * MINUTE);
    const reload = async (): Promise<string> => {
      const outcome = app.reload();
      let kind = '';
      void outcome.then((result) => {
        kind = result.kind;
      });
      for (let i = 0; i < 100 && kind === ''; i++) await sim.advance(10);
      return kind;
    };
    for (let i = 0; i < 3; i++) expect(await reload()).toBe('applied');
    await sim.advance(2 * MINUTE);
    expect(subjects()).toHaveLength(1);
    writeFiles(sim, { '/etc/tocsin.yml': CONFIG.replace('receiver: team', 'receiver: nobody') });
    expect(await reload()).toBe('refused');
    target.behaviour = 'ok';
    await sim.advance(3 * MINUTE);
    expect(subjects()).toHaveLength(2);
  });

  test('a reload in the middle of an attempt does not cut it off', async () => {
    const { sim, target, subjects, app } = await world();
    sim.mail.delayMs = 20_000;
    target.behaviour = 'error';
    while (sim.mail.attempts === 0) await sim.advance(1000);
    writeFiles(sim, { '/etc/tocsin.yml': CONFIG.replace('mail:25', 'other:25') });
    void app.reload();
    await sim.advance(5 * MINUTE);
    expect(subjects()).toEqual(['[FIRING:1] ApiDown (api:80 api critical)']);
  });

  test('a mail server that is away for a while gets the mail once it is back', async () => {
    const { sim, target, subjects } = await world();
    sim.mail.behaviour = () => ({ kind: 'reject', retry: true, cause: 'connect', message: 'refused' });
    target.behaviour = 'error';
    await sim.advance(10 * MINUTE);
    expect(subjects()).toEqual([]);
    sim.mail.behaviour = () => ({ kind: 'accept' });
    await sim.advance(3 * MINUTE);
    expect(subjects()).toEqual(['[FIRING:1] ApiDown (api:80 api critical)']);
  });
});
