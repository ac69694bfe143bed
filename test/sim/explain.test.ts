/** Scripted incidents with one known cause each: the cause is the first line of what explain answers. */
import { describe, expect, test } from 'vitest';
import { parseAlertSelector } from '../../src/alerts/matcher-text.ts';
import type { OutboxId } from '../../src/alerts/router-state.ts';
import type { ExplainSubject } from '../../src/api/tocsin-v1/backend.ts';
import type { Explanation } from '../../src/api/tocsin-v1/explanation.ts';
import type { App } from '../../src/app/app.ts';
import { explain } from '../../src/app/explain/explain.ts';
import { type UnixMs, unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../support/fake-target.ts';
import { bootApp, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z, a Thursday
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
    email_configs: [{to: team@example.org, send_resolved: true}]
`;
const RULES = `
groups:
  - name: api
    rules:
      - alert: HighLatency
        expr: latency_seconds > 5
        for: 1m
        labels: {severity: warning}
`;
const calm = 'latency_seconds{svc="x"} 1\n';
const slow = 'latency_seconds{svc="x"} 9\n';

async function incident(config = CONFIG, rules = RULES) {
  const sim = new SimWorld({ seed: 1, start: START });
  const target = new FakeTarget(sim.clock);
  target.exposition = calm;
  sim.network.serve('api:80', target.handler);
  writeFiles(sim, { '/etc/tocsin.yml': config, '/etc/rules/api.yml': rules });
  const { app } = await bootApp(sim);
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    const outcome: { value?: T; error?: unknown; isOver: boolean } = { isOver: false };
    promise.then(
      (value) => Object.assign(outcome, { value, isOver: true }),
      (error: unknown) => Object.assign(outcome, { error, isOver: true }),
    );
    for (let i = 0; i < 500 && !outcome.isOver; i++) await sim.advance(1);
    if (outcome.error !== undefined || !outcome.isOver) throw outcome.error ?? new Error('no answer');
    return outcome.value as T;
  };
  const why = (query = 'HighLatency{svc="x"}', at: UnixMs | null = null): Promise<Explanation> =>
    settled(explain(app, selector(query), at));
  const reload = async (files: Readonly<Record<string, string>>): Promise<void> => {
    writeFiles(sim, files);
    expect(await settled(app.reload())).toEqual({ kind: 'applied' });
  };
  const silence = (minutes = 60) =>
    settled(
      app.keeper.step((router, now) => ({
        result: router.putSilence(
          {
            id: null,
            matcherSets: [[{ name: 'svc', op: '=', value: 'x' }]],
            startsAt: null,
            endsAt: unixMs(now + minutes * MINUTE),
            createdBy: 'ana',
            comment: 'new disks',
            annotations: {},
          },
          now,
        ),
      })),
    );
  const minutes = (count: number): Promise<void> => sim.advance(count * MINUTE);
  return { sim, app, target, why, reload, silence, minutes, settled };
}

function selector(query: string): ExplainSubject {
  const matchers = parseAlertSelector(query);
  if ('error' in matchers) throw new Error(matchers.error);
  return { kind: 'matchers', matchers };
}

const post = (app: App, labels: Readonly<Record<string, string>>) =>
  app.keeper.step((router, now) => ({
    result: router.receive([{ labels, annotations: {}, startsAt: now, endsAt: null, generatorUrl: '' }], now),
  }));

const line = ({ cause, verdict }: Explanation): string => `${cause}: ${verdict}`;

describe('the first line names the cause', () => {
  test('silenced, by whom and why', async () => {
    const { target, why, silence, minutes } = await incident();
    await silence();
    target.exposition = slow;
    await minutes(5);
    expect(line(await why())).toMatch(/^silenced: not sent: silenced by [0-9a-f-]{36} \(ana, "new disks"\) since 2026-01-01T00:00/);
  });

  test('acknowledged, by whom, and what was sent before', async () => {
    const { app, target, why, minutes, settled } = await incident();
    target.exposition = slow;
    await minutes(5);
    const [sent] = await settled(app.outbox.history({ limit: 1 }));
    await settled(app.actions.act(sent?.id as OutboxId, { kind: 'acknowledge' }, 'ana'));
    const beforeThat = app.ports.clock.now() - MINUTE;
    await minutes(300);
    expect(line(await why())).toMatch(
      /^acknowledged: not sent again to team by email: acknowledged by ana at 2026-01-01T00:05.*; sent to team/,
    );
    expect(line(await why(undefined, unixMs(beforeThat)))).toMatch(/^sent: /);
  });

  test('inhibited, by which alert and rule', async () => {
    const { app, target, why, minutes, settled } = await incident(
      `${CONFIG}inhibit_rules: [{name: outage, source_matchers: [alertname="Outage"], target_matchers: [severity="warning"]}]\n`,
    );
    await settled(post(app, { alertname: 'Outage', region: 'eu' }));
    target.exposition = slow;
    await minutes(3);
    expect(line(await why())).toMatch(
      /^inhibited: not sent: inhibited by \{alertname="Outage", region="eu"\} \(rule "outage"\) since 2026/,
    );
  });

  test.each([
    ['mute_time_intervals', 'thursday', /^muted: not sent: muted by time interval "thursday" at 2026/],
    ['active_time_intervals', 'friday', /^outside_active_interval: not sent: outside active time interval "friday" at 2026/],
  ])('%s', async (field, day, expected) => {
    const config = CONFIG.replace('receivers:', `  routes: [{matchers: [severity="warning"], ${field}: [${day}]}]\nreceivers:`);
    const { target, why, minutes } = await incident(`${config}time_intervals: [{name: ${day}, time_intervals: [{weekdays: [${day}]}]}]\n`);
    target.exposition = slow;
    await minutes(4);
    expect(line(await why())).toMatch(expected);
  });

  test('the matcher of the route that did not match', async () => {
    const config = CONFIG.replace(
      'receivers:',
      '  routes: [{matchers: [severity="page"], receiver: team}]\nreceivers:\n  - name: nobody',
    ).replace('receiver: team\n  group_by', 'receiver: nobody\n  group_by');
    const { target, why, minutes } = await incident(config);
    target.exposition = slow;
    await minutes(4);
    expect(line(await why())).toBe(
      'receiver_empty: not sent: receiver "nobody" has no integrations; the root route took it, for no other matches: {severity="page"} to "team" (severity="page" fails: severity is "warning")',
    );
  });

  test('still pending', async () => {
    const { sim, target, why } = await incident();
    target.exposition = slow;
    await sim.advance(40_000);
    expect(line(await why())).toMatch(
      /^pending: not sent yet: pending since 2026-01-01T00:00:\S+; fires at 2026-01-01T00:01:\S+, when "for: 1m" is over/,
    );
  });

  test('waiting for group_wait', async () => {
    const { sim, target, why } = await incident();
    target.exposition = slow;
    await sim.advance(85_000);
    expect(line(await why())).toMatch(
      /^waiting_for_flush: not sent yet to team by email: waiting for group_wait 30s until 2026-01-01T00:01/,
    );
  });

  test('sent, and the repeat interval is not over', async () => {
    const { target, why, minutes } = await incident();
    target.exposition = slow;
    await minutes(30);
    expect(line(await why())).toMatch(
      /^sent: sent to team by email at 2026-01-01T00:01:\S+ because first notification; sent again from 2026-01-01T04:01:\S+ on, as repeat_interval 4h is not over$/,
    );
  });

  test('a receiver that fails, with its answer', async () => {
    const { sim, target, why, minutes } = await incident();
    sim.mail.behaviour = () => ({ kind: 'reject', retry: true, cause: 'connect', message: 'connection refused' });
    target.exposition = slow;
    await minutes(8);
    expect(line(await why())).toMatch(
      /^receiver_failing: not sent: team by email fails since 2026-01-01T00:0[12]:\S+ .*connection refused/,
    );
  });

  test('send_resolved is off', async () => {
    const { target, why, minutes } = await incident(CONFIG.replace('send_resolved: true', 'send_resolved: false'));
    target.exposition = slow;
    await minutes(4);
    target.exposition = calm;
    await minutes(4);
    expect(line(await why())).toMatch(
      /^send_resolved_off: resolve not sent to team by email: send_resolved is off; it ended at .*: its condition is no longer true/,
    );
  });

  test('the resolve was sent', async () => {
    const { target, why, minutes } = await incident();
    target.exposition = slow;
    await minutes(4);
    target.exposition = calm;
    await minutes(4);
    expect(line(await why())).toMatch(/^resolve_sent: resolve sent to team by email at \S+ because all alerts resolved/);
  });

  test('the rule fails', async () => {
    const clash = await incident(CONFIG, RULES.replace('latency_seconds > 5', 'latency_seconds * on (job) clash'));
    clash.target.exposition = `${calm}clash{a="1"} 1\nclash{a="2"} 1\n`;
    await clash.minutes(2);
    expect(line(await clash.why())).toMatch(/^rule_error: no alert: rule HighLatency fails to evaluate: .*duplicate series/);
  });

  test('the target is down, so that there is no data', async () => {
    const { target, why, minutes } = await incident();
    await minutes(2);
    target.behaviour = 'error';
    await minutes(3);
    expect(line(await why())).toMatch(
      /^target_down: no alert: the expression of rule HighLatency gives nothing: target api:80 of job api is down since 2026-01-01T00:02:\S+ \(.*500.*\), so latency_seconds has no data$/,
    );
  });

  test('no series has ever matched', async () => {
    const { why, minutes } = await incident(CONFIG, RULES.replace('latency_seconds', 'latency_second'));
    await minutes(2);
    expect(line(await why())).toBe(
      'no_data: no alert: no data for rule HighLatency: no series matches latency_second in the last six hours',
    );
  });

  test('the rule was removed by a reload', async () => {
    const { target, why, minutes, reload } = await incident();
    target.exposition = slow;
    await minutes(4);
    await reload({ '/etc/rules/api.yml': 'groups: []\n' });
    await minutes(3);
    expect(line(await why())).toMatch(
      /^rule_removed: no alert since 2026-01-01T00:04:\S+: its rule was removed; resolve sent to team by email/,
    );
  });

  test('the threshold is not reached', async () => {
    const { target, why, minutes } = await incident();
    target.exposition = 'latency_seconds{svc="x"} 4.5\nlatency_seconds{svc="y"} 2\n';
    await minutes(4);
    expect(line(await why())).toBe(
      'threshold_not_reached: no alert: the threshold of rule HighLatency is not reached: latency_seconds is 4.5 of latency_seconds{instance="api:80", job="api", svc="x"}, not > 5',
    );
  });

  test('relabelled away', async () => {
    const { target, why, minutes } = await incident(
      `${CONFIG}alerting: {alert_relabel_configs: [{source_labels: [severity], regex: warning, action: drop}]}\n`,
    );
    target.exposition = slow;
    await minutes(4);
    expect(line(await why())).toBe('relabelled_away: not sent: rule HighLatency fires, and alert_relabel_configs drop the alert');
  });

  test('over before the first flush', async () => {
    const { target, why, minutes } = await incident(CONFIG.replace('group_wait: 30s', 'group_wait: 3m'));
    target.exposition = slow;
    await minutes(2);
    target.exposition = calm;
    await minutes(4);
    expect(line(await why())).toMatch(
      /^resolved_unheard: not sent to team by email: it ended at 2026-01-01T00:02:\S+: its condition is no longer true, before the flush/,
    );
  });

  test('nothing of that name is known', async () => {
    const { why } = await incident();
    expect(line(await why('NoSuch{svc="x"}'))).toBe(
      'unknown_alert: no alert: no rule is called "NoSuch", and no alert that matches was received or is remembered; one with these labels would go to "team"',
    );
  });
});

describe('an instant that has passed', () => {
  test('is explained by what was true then, whatever came later', async () => {
    const { sim, target, why, silence, minutes, reload } = await incident();
    await silence(10);
    target.exposition = slow;
    await minutes(20);
    target.exposition = calm;
    await minutes(10);
    const at = (minute: number): UnixMs => unixMs(START + minute * MINUTE);
    expect((await why(undefined, at(1))).cause).toBe('pending');
    expect((await why(undefined, at(5))).cause).toBe('silenced');
    expect((await why(undefined, at(15))).cause).toBe('sent');
    expect((await why()).cause).toBe('resolve_sent');
    await reload({ '/etc/tocsin.yml': `${CONFIG}# changed\n` });
    expect((await why(undefined, at(5))).notes).toEqual([expect.stringMatching(/^the configuration was another then/)]);
    expect((await why(undefined, unixMs(sim.clock.now() + MINUTE))).notes).toEqual([expect.stringMatching(/is yet to come/)]);
  });
});
