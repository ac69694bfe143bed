import { describe, expect, test } from 'vitest';
import { at, matcher, quick, Rig, START } from '../../test/support/router-rig.ts';
import { childRoute, rootRoute } from '../../test/support/test-router.ts';
import { Labels } from '../model/labels.ts';
import { durationMs } from '../model/time.ts';
import type { FallbackConfig } from './fallback.ts';
import type { DeliveryOutcome, ReceiverConfig, RouterConfig } from './router.ts';
import type { OutboxRow } from './router-state.ts';

const stage = (receiver: string, afterSeconds: number, on: FallbackConfig['on'] = ['error', 'unknown']): FallbackConfig => ({
  receiver,
  afterMs: durationMs(afterSeconds * 1000),
  on,
});
const receiver = (name: string, ...fallback: readonly FallbackConfig[]): ReceiverConfig => ({
  name,
  labels: Labels.empty,
  integrations: [{ name: 'webhook', index: 0, sendResolved: true, resolveContract: false }],
  fallback,
});
/** A notification that is not taken within two minutes is replaced by a new one. */
const config = (receivers: readonly ReceiverConfig[], lastResort: string | null = null): Partial<RouterConfig> => ({
  route: rootRoute({ ...quick, groupIntervalMs: durationMs(120_000) }),
  receivers,
  lastResort,
});
const CHAIN = config([receiver('team', stage('second', 60)), receiver('second')]);

type Result = Exclude<DeliveryOutcome['kind'], 'accepted'>;

/** A rig whose receivers fail as told: each attempt is made at once, and once a second while it may be tried again. */
class Failing extends Rig {
  readonly results = new Map<string, Result>();
  readonly open = new Map<string, OutboxRow>();
  readonly late: string[] = [];

  constructor(settings: Partial<RouterConfig>, results: Readonly<Record<string, Result>>) {
    super(settings);
    this.isDown = true;
    for (const [name, result] of Object.entries(results)) this.results.set(name, result);
  }

  /** Lets seconds pass, with attempts at everything that is open. */
  pass(t: number): this {
    for (let now = Math.floor(this.t); now <= t; now++) {
      this.until(Math.max(now, this.t));
      for (const row of this.pending.splice(0)) this.open.set(row.id, row);
      const tried = new Set<string>();
      for (;;) {
        const next = [...this.open.values()].find(({ id }) => !tried.has(id));
        if (next === undefined) break;
        tried.add(next.id);
        this.#attempt(next);
      }
    }
    return this;
  }

  #attempt(row: OutboxRow): void {
    const verdict = this.router.claim(row.id, at(this.t));
    if (verdict.kind === 'send') {
      if (verdict.late !== null) this.late.push(`${this.t} ${row.receiver}: ${verdict.late.replaceAll(/2026-\S+?Z/g, seconds)}`);
      const kind = this.results.get(row.receiver);
      this.router.settle(kind === undefined ? { kind: 'accepted', outboxId: row.id } : { kind, outboxId: row.id, error: kind }, at(this.t));
      if (kind === undefined) this.sent.push({ t: this.t, row });
      if (kind === undefined || kind === 'failed') {
        this.rows.close(row.id);
        this.open.delete(row.id);
      }
    } else this.open.delete(row.id);
    this.commit();
    for (const inserted of this.pending.splice(0)) this.open.set(inserted.id, inserted);
  }
}
const seconds = (text: string): string => String((Date.parse(text) - START) / 1000);
const failing = (settings: Partial<RouterConfig>, results: Readonly<Record<string, Result>>): Failing => {
  const rig = new Failing(settings, results);
  rig.rule('firing', { alertname: 'A' });
  return rig;
};
const fallbacks = (rig: Rig): readonly string[] => rig.events(({ stage: name }) => name === 'fallback');

describe('a fallback', () => {
  test.each([
    { given: 'attempts that fail', result: 'rejected', from: 70, reason: 'not_accepted' },
    { given: 'attempts without an answer', result: 'unknown', from: 70, reason: 'not_accepted' },
    { given: 'an attempt that fails for good', result: 'failed', from: 10, reason: 'hopeless' },
  ] as const)('after $given is told at $from s, and of the end', ({ result, from, reason }) => {
    const rig = failing(CHAIN, { team: result }).pass(125);
    rig.rule('resolved', { alertname: 'A' });
    rig.pass(400);
    expect(rig.told).toEqual([`${from} second first notification: A`, '130 second all alerts resolved: A*']);
    expect(fallbacks(rig)).toEqual([`${from} fallback begun ${reason}`, '130 fallback over not_needed']);
    expect(rig.rows.snapshot().groups).toEqual([]);
  });

  test('stands for the row that failed, which goes on being tried', () => {
    const rig = failing(CHAIN, { team: 'rejected' }).pass(75);
    const first = rig.rows.snapshot().outbox[0];
    expect(rig.sent[0]?.row.standsInFor).toBe(first?.id);
    rig.results.clear();
    rig.pass(90);
    expect(rig.told).toEqual(['70 second first notification: A', '75 team first notification: A']);
    expect(rig.late.slice(-1)).toEqual(['75 team: first tried at 10; second was told in between']);
  });

  test('is not begun when the first is accepted in time, and what waits for it is cancelled', () => {
    const rig = failing(CHAIN, { team: 'rejected' }).pass(50);
    rig.results.clear();
    expect(rig.pass(300).told).toEqual(['50 team first notification: A']);
    expect(fallbacks(rig)).toEqual([]);
  });

  test('that waits itself is cancelled when the first is accepted', () => {
    const rig = failing(CHAIN, { team: 'rejected', second: 'rejected' }).pass(75);
    rig.results.delete('team');
    rig.pass(80);
    expect(rig.told).toEqual(['75 team first notification: A']);
    expect(rig.events(({ verdict }) => verdict === 'cancelled')).toEqual(['75 deliver cancelled not_needed']);
    expect(rig.rows.snapshot().groups[0]?.standIns).toEqual([]);
  });

  test('hears what the first should hear for as long as that fails', () => {
    const rig = failing(CHAIN, { team: 'rejected' }).pass(100);
    rig.rule('firing', { alertname: 'B' });
    rig.pass(200);
    rig.results.clear();
    rig.pass(201);
    rig.rule('firing', { alertname: 'C' });
    rig.pass(300);
    rig.rule('resolved', { alertname: 'A' });
    rig.pass(400);
    expect(rig.told).toEqual([
      '70 second first notification: A',
      '130 second new alerts added: A B',
      '200 team first notification: A B',
      '250 team new alerts added: A B C',
      '370 team some alerts resolved: A* B C',
      '370 second some alerts resolved: A* B',
    ]);
  });

  test('for another kind of result is not begun', () => {
    const settings = config([receiver('team', stage('second', 60, ['unknown'])), receiver('second')]);
    expect(failing(settings, { team: 'rejected' }).pass(100).told).toEqual([]);
    expect(failing(settings, { team: 'unknown' }).pass(100).told).toEqual(['70 second first notification: A']);
  });

  test('survives restarts and reloads at every moment', () => {
    const rig = failing(CHAIN, { team: 'rejected' });
    for (let t = 5; t <= 125; t += 5) {
      rig.pass(t);
      if (t % 10 === 0) rig.restart();
      else if (t % 25 === 0 && t > 75) rig.reload(CHAIN);
    }
    rig.rule('resolved', { alertname: 'A' });
    rig.pass(400);
    expect(rig.told).toEqual(['70 second first notification: A', expect.stringContaining('second all alerts resolved: A*')]);
  });

  test('goes on to the next when it fails too, and no further once somebody took it', () => {
    const settings = config(
      [receiver('team', stage('second', 30), stage('third', 60)), receiver('second'), receiver('third'), receiver('boss')],
      'boss',
    );
    const rig = failing(settings, { team: 'rejected', second: 'rejected' }).pass(1000);
    expect(rig.told).toEqual(['70 third first notification: A']);
    expect(fallbacks(rig)).toEqual(['40 fallback begun not_accepted', '70 fallback begun not_accepted']);
  });

  test('is not told of an end that it never heard the beginning of', () => {
    const rig = failing(CHAIN, {}).pass(20);
    rig.results.set('team', 'failed');
    rig.rule('resolved', { alertname: 'A' });
    rig.pass(600);
    expect(rig.told).toEqual(['10 team first notification: A']);
    expect(fallbacks(rig)[0]).toBe('130 fallback undelivered exhausted');
  });

  test('begins at once when a provider reports a loss, and the next flush tells the first again', () => {
    const rig = failing(CHAIN, {}).pass(20);
    rig.router.report(rig.sent[0]!.row, true, { kind: 'failed', message: 'no such number' }, at(20));
    rig.commit();
    expect(rig.pass(200).told.slice(1)).toEqual(['20 second first notification: A', '130 team first notification: A']);
  });

  test('begins at once when the provider of the first is down', () => {
    const rig = failing(CHAIN, {}).until(10);
    rig.router.troubled([rig.pending[0]!.id], 'down', at(10));
    rig.commit();
    expect(rig.pending.map((row) => row.receiver)).toEqual(['team', 'second']);
  });
});

test('an attempt that gets no answer counts as a failure, though it goes on', () => {
  const rig = failing(CHAIN, {}).until(10);
  const [row] = rig.pending;
  rig.router.claim(row!.id, at(10));
  rig.router.troubled([row!.id], 'stalled', at(40));
  rig.commit();
  expect(rig.until(100).pending.map((one) => [one.receiver, (one.createdAt - START) / 1000])).toEqual([
    ['team', 10],
    ['second', 100],
  ]);
});

describe('the last resort', () => {
  const settings = config([receiver('team', stage('second', 60)), receiver('second'), receiver('boss')], 'boss');
  const undelivered = (rig: Failing): readonly string[] => rig.events(({ verdict }) => verdict === 'undelivered');

  test('is told when everybody failed for good, at once', () => {
    const rig = failing(settings, { team: 'failed', second: 'failed' }).pass(60);
    expect(rig.told).toEqual(['10 boss first notification: A']);
    expect(undelivered(rig).length).toBeGreaterThan(0);
  });

  test('is told when everybody was tried for as long as a notification lives', () => {
    const rig = failing(settings, { team: 'rejected', second: 'rejected' }).pass(300);
    expect(rig.told.slice(0, 1)).toEqual(['130 boss first notification: A']);
  });

  test('is told of the end, and not at all when somebody took it', () => {
    const rig = failing(settings, { team: 'failed', second: 'failed' }).pass(60);
    rig.rule('resolved', { alertname: 'A' });
    rig.pass(400);
    expect(rig.told.at(-1)).toBe('130 boss all alerts resolved: A*');
    expect(failing(settings, { team: 'failed' }).pass(900).told).toEqual(['10 second first notification: A']);
  });

  test('without one, what nobody took is undelivered', () => {
    expect(undelivered(failing(config([receiver('team')]), { team: 'failed' }).pass(20))).toHaveLength(1);
    expect(undelivered(failing(config([receiver('team')]), { team: 'rejected' }).pass(125))).toEqual([]);
    expect(undelivered(failing(config([receiver('team')]), { team: 'rejected' }).pass(135))).not.toEqual([]);
  });
});

describe('people and fallbacks', () => {
  const ack = (rig: Rig): void => {
    const row = rig.pending[0] ?? rig.rows.snapshot().outbox[0];
    expect(rig.router.act(row!, { kind: 'acknowledge' }, 'ana', at(rig.t))).toEqual({ kind: 'done' });
    rig.commit();
  };

  test('an acknowledgement keeps a fallback from beginning, and cancels one that waits', () => {
    const before = failing(CHAIN, { team: 'rejected' }).pass(40);
    ack(before);
    expect(before.pass(600).told).toEqual([]);
    const waiting = failing(CHAIN, { team: 'rejected', second: 'rejected' }).pass(80);
    ack(waiting);
    expect(waiting.events(({ reason }) => reason === 'acknowledged')[0]).toBe('80 deliver cancelled acknowledged');
    waiting.results.delete('second');
    expect(waiting.pass(600).told).toEqual([]);
  });

  test('somebody who asks for it is heard at once; again is the next, up to the last resort, then it is known', () => {
    const settings = config([receiver('team', stage('second', 60)), receiver('second'), receiver('boss')], 'boss');
    const rig = failing(settings, {}).pass(20);
    const escalate = (row: OutboxRow, by: string): unknown => {
      const result = rig.router.act(row, { kind: 'escalate' }, by, at(rig.t));
      rig.commit();
      rig.pass(rig.t + 1);
      return result;
    };
    const first = rig.sent[0]!.row;
    expect([escalate(first, 'ana'), escalate(first, 'ana')]).toEqual([{ kind: 'done' }, { kind: 'already', by: 'ana', at: at(20) }]);
    expect(escalate(rig.sent[1]!.row, 'bob')).toEqual({ kind: 'done' });
    expect(escalate(rig.sent[2]!.row, 'bob')).toMatchObject({ kind: 'nobody' });
    rig.rule('resolved', { alertname: 'A' });
    rig.pass(200);
    expect(rig.told.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'team first notification: A',
      'second first notification: A',
      'boss first notification: A',
      'team all alerts resolved: A*',
      'second all alerts resolved: A*',
      'boss all alerts resolved: A*',
    ]);
  });

  test('a stand-in is told the end once, however often the route was moved meanwhile', () => {
    const route = (...children: readonly string[]) =>
      rootRoute({
        ...quick,
        receiver: 'other',
        children: children.map((value) => childRoute({ ...quick, receiver: 'team', matchers: [matcher('alertname', '=', value)] })),
      });
    const at = (...children: readonly string[]) => ({
      ...CHAIN,
      route: route(...children),
      receivers: [...(CHAIN.receivers ?? []), receiver('other')],
    });
    const rig = failing(at('A'), { team: 'rejected' }).pass(80);
    for (const children of [['B', 'A'], ['A'], ['C', 'A'], ['B', 'C', 'A']]) {
      rig.reload(at(...children));
      rig.pass(rig.t + 100);
    }
    rig.rule('resolved', { alertname: 'A' });
    expect(rig.pass(rig.t + 600).told.filter((line) => line.includes('second'))).toEqual([
      '70 second first notification: A',
      expect.stringContaining('second all alerts resolved: A*'),
    ]);
  });

  test('a stand-in who answers after its group has moved answers for the group that has the alerts now', () => {
    const rig = failing(CHAIN, { team: 'rejected' }).pass(80);
    const told = rig.sent[0]!.row;
    rig.reload({ ...CHAIN, route: rootRoute({ ...quick, groupBy: ['alertname'] }) });
    expect(rig.router.act(told, { kind: 'acknowledge' }, 'ana', at(81))).toEqual({ kind: 'done' });
    expect(rig.pass(600).told).toEqual(['70 second first notification: A']);
  });

  test('what a stand-in was told stays known while it fires, though it is told nothing more', () => {
    const rig = failing(CHAIN, { team: 'rejected' }).pass(80);
    rig.results.delete('team');
    rig.pass(10_000);
    expect(rig.sent.map(({ row: { receiver: to } }) => to).filter((to) => to === 'second')).toHaveLength(1);
    const [known] = [...rig.router.toldGroups()];
    expect(known?.told.map(({ ref }) => ref.receiver)).toEqual(['team', 'second']);
  });

  test('without a fallback there is nobody', () => {
    const rig = failing(config([receiver('team')]), {}).pass(20);
    expect(rig.router.act(rig.sent[0]!.row, { kind: 'escalate' }, 'ana', at(20))).toEqual({ kind: 'nobody' });
  });
});
