import { describe, expect, test } from 'vitest';
import { at, base, quick, Rig, receiver, START } from '../../test/support/router-rig.ts';
import { rootRoute } from '../../test/support/test-router.ts';
import { durationMs } from '../model/time.ts';
import type { NotificationAction } from './notification-action.ts';
import type { RouterConfig } from './router.ts';
import type { OutboxRow } from './router-state.ts';

const ACK: NotificationAction = { kind: 'acknowledge' };
const SILENCE: NotificationAction = { kind: 'silence', durationMs: durationMs(7_200_000) };
const HOUR = 3600;

/** One group that repeats hourly, told of A at 10 s. */
const told = (): Rig => new Rig(base).rule('firing', { alertname: 'A' }).until(20);
const last = (rig: Rig): OutboxRow => rig.sent.at(-1)!.row;
const act = (rig: Rig, action: NotificationAction, by = 'ana', row = last(rig)): unknown => {
  const result = rig.router.act(row, action, by, at(rig.t));
  rig.commit();
  return result;
};
const ackOf = (rig: Rig): unknown => rig.rows.snapshot().groups[0]?.ack;
const actions = (rig: Rig): readonly string[] => rig.events(({ stage }) => stage === 'action');

describe('an acknowledgement', () => {
  test('stops repeats, and a second one names the first', () => {
    const rig = told();
    expect([act(rig, ACK), act(rig, ACK, 'bob')]).toEqual([{ kind: 'done' }, { kind: 'already', by: 'ana', at: at(20) }]);
    expect(rig.until(30 * HOUR).told).toEqual(['10 team first notification: A']);
    expect(actions(rig)).toEqual(['20 action acknowledged request']);
    expect(rig.events(({ reason }) => reason === 'acknowledged')).toEqual(['3670 dedup skip acknowledged']);
  });

  test('does not keep the end from being told, and is over with it', () => {
    const rig = told();
    act(rig, ACK);
    rig
      .until(100)
      .rule('resolved', { alertname: 'A' })
      .until(200)
      .rule('firing', { alertname: 'A' })
      .until(2 * HOUR);
    expect(rig.told).toEqual([
      '10 team first notification: A',
      '130 team all alerts resolved: A*',
      '210 team first notification: A',
      '3870 team repeat interval elapsed: A',
    ]);
    expect(actions(rig)).toEqual(['20 action acknowledged request', '100 action acknowledgement_over resolved']);
  });

  test('is over when something else fires, which is told, and then repeats go on', () => {
    const rig = told();
    act(rig, ACK);
    rig.until(100).rule('firing', { alertname: 'B' }).until(3900);
    expect(rig.told.slice(1)).toEqual(['130 team new alerts added: A B', '3790 team repeat interval elapsed: A B']);
    expect(actions(rig).at(-1)).toBe('130 action acknowledgement_over new_alert');
  });

  test('is over when one of several fires again', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).rule('firing', { alertname: 'B' }).until(20);
    act(rig, ACK);
    rig.until(30).rule('resolved', { alertname: 'B' }).until(200);
    expect(actions(rig)).toEqual(['20 action acknowledged request']);
    rig.rule('firing', { alertname: 'B' }).until(300);
    expect(rig.told.slice(1)).toEqual(['70 team some alerts resolved: A B*', '250 team new alerts added: A B']);
    expect(actions(rig).at(-1)).toBe('250 action acknowledgement_over new_alert');
  });

  test('is not ended by an alert that nobody is told of', () => {
    const rig = told();
    act(rig, ACK);
    rig.silence('alertname', 'B', 500);
    rig.rule('firing', { alertname: 'B' }).until(490);
    expect(ackOf(rig)).toMatchObject({ by: 'ana' });
    expect(rig.until(600).told.at(-1)).toBe('550 team new alerts added: A B');
    expect(ackOf(rig)).toBeNull();
  });

  test('does not cover what was not told yet', () => {
    const rig = told().rule('firing', { alertname: 'B' });
    act(rig, ACK);
    expect(ackOf(rig)).toMatchObject({ firing: last(rig).firing });
    expect(rig.until(2 * HOUR).told.slice(1)).toEqual(['70 team new alerts added: A B', '3730 team repeat interval elapsed: A B']);
  });

  test('outlives the log entry, a restart and a reload', () => {
    const rig = told();
    act(rig, ACK);
    rig.until(50).restart().until(100).reload(base);
    rig.t = 10 * HOUR; // down for longer than the log remembers
    rig.restart().until(30 * HOUR);
    expect(rig.told).toEqual(['10 team first notification: A']);
    expect(ackOf(rig)).toMatchObject({ by: 'ana' });
  });

  test('cancels a repeat that waits for its next attempt, and one that is about to be claimed', () => {
    for (const isClaimed of [false, true]) {
      const rig = told();
      rig.isDown = true;
      const first = last(rig);
      rig.until(3700);
      const [repeat] = rig.pending.splice(0);
      if (isClaimed) {
        rig.router.claim(repeat!.id, at(3700));
        rig.router.settle({ kind: 'unknown', outboxId: repeat!.id, error: 'timeout' }, at(3700));
      }
      expect(act(rig, ACK, 'ana', first)).toEqual({ kind: 'done' });
      expect(rig.router.claim(repeat!.id, at(3701)).kind).toBe(isClaimed ? 'cancelled' : 'gone');
      rig.commit();
      expect(rig.events(({ verdict }) => verdict === 'cancelled')).toEqual([`${isClaimed ? 3701 : 3700} deliver cancelled acknowledged`]);
    }
  });

  test('relieves who stands in for another, but not whom the person has asked for since', () => {
    const stages = ['second', 'third'].map((name, i) => ({ receiver: name, afterMs: durationMs(1000 + i), on: ['error' as const] }));
    const rig = new Rig({ ...base, receivers: [{ ...receiver('team'), fallback: stages }, receiver('second'), receiver('third')] });
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(12);
    const [own] = rig.pending.splice(0);
    rig.router.claim(own!.id, at(12));
    rig.router.settle({ kind: 'failed', outboxId: own!.id, error: 'no' }, at(12));
    rig.isDown = false;
    rig.commit();
    rig.until(20);
    const second = last(rig);
    const states = (row = second) => [rig.router.acknowledgementOf(row)?.by, rig.router.isRelieved(row)];
    expect([second.receiver, ...states()]).toEqual(['second', undefined, false]);
    act(rig, ACK, 'ana', second);
    expect(states()).toEqual(['ana', true]);
    rig.until(30);
    act(rig, { kind: 'escalate' }, 'ana', own);
    const third = last(rig);
    expect([third.receiver, ...states(), ...states(third)]).toEqual(['third', 'ana', true, 'ana', false]);
  });

  test('leaves a first notification alone', () => {
    const rig = new Rig({ ...base, receivers: [{ ...base.receivers[0]!, integrations: two }] });
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(12);
    const [phone, mail] = rig.pending.splice(0);
    expect(act(rig, ACK, 'ana', phone)).toEqual({ kind: 'done' });
    expect(rig.router.claim(mail!.id, at(13)).kind).toBe('send');
  });
});

const two = [0, 1].map((index) => ({ name: 'webhook', index, sendResolved: true, resolveContract: false }));

describe('an action on', () => {
  test.each([
    {
      what: 'what has resolved',
      given: (rig: Rig) => rig.rule('resolved', { alertname: 'A' }).until(80),
    },
    {
      what: 'an alert that came back after it',
      given: (rig: Rig) => rig.rule('resolved', { alertname: 'A' }).until(80).rule('firing', { alertname: 'A' }).until(200),
    },
  ])('$what is over', ({ given }) => {
    const rig = told();
    const row = last(rig);
    given(rig);
    for (const action of [ACK, SILENCE, { kind: 'escalate' } as const]) expect(act(rig, action, 'ana', row)).toEqual({ kind: 'over' });
  });

  test('an alert that a reload has led into another group reaches that', () => {
    const rig = told();
    const row = last(rig);
    rig.reload({ ...base, route: rootRoute({ ...quick, groupBy: ['alertname'] }) }).until(100);
    expect(act(rig, ACK, 'ana', row)).toEqual({ kind: 'done' });
    expect(rig.rows.snapshot().groups.map(({ groupKey, ack }) => [groupKey, ack?.by])).toEqual([['{}:{alertname="A"}', 'ana']]);
  });
});

describe('a silence by answer', () => {
  test('holds back exactly the alerts that were told, says who made it, and is made once', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A', pod: '1' }).rule('firing', { alertname: 'A', pod: '2' }).until(20);
    expect(act(rig, SILENCE, '+49 30 1')).toEqual({ kind: 'done' });
    const silences = rig.rows.snapshot().silences;
    expect(silences.map(({ matcherSets }) => matcherSets)).toEqual(
      ['1', '2'].map((pod) => [
        [
          { name: 'alertname', op: '=', value: 'A' },
          { name: 'pod', op: '=', value: pod },
        ],
      ]),
    );
    expect(silences[0]).toMatchObject({
      createdBy: '+49 30 1',
      endsAt: at(7220),
      comment: 'silenced by +49 30 1 in answer to a notification to team by webhook',
    });
    rig.until(30);
    expect(act(rig, SILENCE, 'bob')).toEqual({ kind: 'already', by: '+49 30 1', at: at(20) });
    expect(rig.rows.snapshot().silences).toHaveLength(2);
    rig.rule('firing', { alertname: 'A', pod: '3' }).until(100);
    expect(rig.sent.at(-1)?.row.notification.alerts.map(({ labels }) => labels.get('pod'))).toEqual(['3']);
    expect(actions(rig)).toEqual(['20 action silenced request']);
  });

  test('that the limits do not allow is refused', () => {
    const rig = new Rig({ ...base, limits: { alertsPerNameMax: 0, silencesMax: 0, silenceBytesMax: 10 } });
    rig.rule('firing', { alertname: 'A' }).until(20);
    expect(act(rig, SILENCE)).toMatchObject({ kind: 'refused', message: expect.stringContaining('silence exceeded maximum size') });
  });
});

describe('what a provider reports', () => {
  const report = (rig: Rig, kind: 'confirmed' | 'failed', row = last(rig), wasAccepted = true): unknown => {
    const result = rig.router.report(row, wasAccepted, { kind, message: 'no such number' }, at(rig.t));
    rig.commit();
    return result;
  };

  test('as lost is told again by the next flush', () => {
    const rig = told();
    expect(report(rig, 'failed')).toBe('noted');
    expect(rig.until(100).told).toEqual(['10 team first notification: A', '70 team first notification: A']);
    expect(rig.events(({ verdict }) => verdict === 'lost')).toEqual(['20 deliver lost report']);
  });

  test('as lost changes nothing where the integration was told something since', () => {
    const rig = told();
    const old = last(rig);
    rig.rule('firing', { alertname: 'B' }).until(80);
    report(rig, 'failed', old);
    expect(rig.until(200).told).toHaveLength(2);
  });

  describe('as lost, and it told an end', () => {
    const contract = { route: rootRoute(quick), receivers: [receiver('team', true)] };
    const ended = (config: Partial<RouterConfig> = contract): Rig =>
      new Rig(config).rule('firing', { alertname: 'A' }).until(20).rule('resolved', { alertname: 'A' }).until(80);

    test.each([
      ['as before', (rig: Rig) => rig],
      ['over a restart', (rig: Rig) => rig.restart()],
      ['over a reload', (rig: Rig) => rig.reload(contract)],
    ])('is told again under the resolve contract, once it was heard no more, %s', (_, then) => {
      const rig = ended();
      expect(report(rig, 'failed')).toBe('noted');
      then(rig).until(8000);
      expect(rig.told).toEqual(['10 team first notification: A', '70 team all alerts resolved: A*', '140 team all alerts resolved: A*']);
      expect(rig.rows.snapshot()).toMatchObject({ groups: [], alerts: [] });
    });

    test('is told again for as long as the alert is remembered', () => {
      const rig = ended();
      for (let told = 0; told !== rig.sent.length && told < 100; ) {
        told = rig.sent.length;
        report(rig, 'failed');
        rig.until(rig.t + 600);
      }
      expect(rig.told.slice(1).map((line) => line.replace(/^\d+ /, ''))).toEqual(Array(4).fill('team all alerts resolved: A*'));
      expect(rig.until(20_000).rows.snapshot()).toMatchObject({ groups: [], alerts: [] });
    });

    test('is told with what else fires in its group', () => {
      const rig = new Rig(contract).rule('firing', { alertname: 'A' }).rule('firing', { alertname: 'B' }).until(20);
      rig.rule('resolved', { alertname: 'A' }).until(80);
      report(rig, 'failed');
      expect(rig.until(140).told.slice(1)).toEqual(['70 team some alerts resolved: A* B', '130 team first notification: A* B']);
    });

    test('is not told again to who does not want ends told by contract, nor where the alert fires again', () => {
      const plain = ended(base);
      report(plain, 'failed');
      expect(plain.until(1000).told).toHaveLength(2);
      const again = ended();
      const row = last(again);
      again.rule('firing', { alertname: 'A' });
      report(again, 'failed', row);
      expect(again.until(1000).told.slice(2)).toEqual(['90 team first notification: A']);
    });

    test('is told again to who stood in', () => {
      const stands = { ...receiver('team', true), fallback: [{ receiver: 'second', afterMs: durationMs(1000), on: ['error' as const] }] };
      const rig = new Rig({ route: rootRoute(quick), receivers: [stands, receiver('second')] });
      rig.isDown = true;
      rig.rule('firing', { alertname: 'A' }).until(12);
      const [own] = rig.pending.splice(0);
      rig.router.claim(own!.id, at(12));
      rig.router.settle({ kind: 'failed', outboxId: own!.id, error: 'no' }, at(12));
      rig.isDown = false;
      rig.commit();
      rig.until(20).rule('resolved', { alertname: 'A' }).until(80);
      const row = rig.sent.filter(({ row: { receiver: to } }) => to === 'second').at(-1)!.row;
      expect(row.resolved).toHaveLength(1);
      report(rig, 'failed', row);
      rig.until(4000);
      expect(rig.told.filter((line) => line.includes(' second ')).map((line) => line.replace(/^\d+ /, ''))).toEqual([
        'second first notification: A',
        'second all alerts resolved: A*',
        'second all alerts resolved: A*',
      ]);
      expect(rig.rows.snapshot()).toMatchObject({ groups: [], alerts: [] });
    });
  });

  test('as confirmed changes nothing for anybody', () => {
    const rig = told();
    expect(report(rig, 'confirmed')).toBe('noted');
    expect(rig.until(200).told).toHaveLength(1);
  });

  test('as confirmed before any answer is that answer; as failed it speaks of an attempt that is made again', () => {
    const rig = new Rig(base);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(12);
    const [row] = rig.pending.splice(0);
    rig.router.claim(row!.id, at(12));
    rig.router.settle({ kind: 'unknown', outboxId: row!.id, error: 'timeout' }, at(12));
    expect(report(rig, 'failed', row, false)).toBe('ignored');
    expect(report(rig, 'confirmed', row, false)).toBe('taken');
    expect(report(rig, 'confirmed', row, false)).toBe('ignored');
    expect(rig.rows.snapshot().log).toMatchObject([{ outboxId: row!.id, at: START + 12_000 }]);
  });
});
