import { describe, expect, test } from 'vitest';
import { at, base, matcher, quick, Rig, receiver, START } from '../../test/support/router-rig.ts';
import { childRoute, rootRoute } from '../../test/support/test-router.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { Labels } from '../model/labels.ts';
import { durationMs } from '../model/time.ts';
import type { OutboxId, OutboxRow } from './router-state.ts';
import type { AlertQuery } from './router-view.ts';
import { parseTimeInterval, type TimeInterval } from './time-interval.ts';

const ALL: AlertQuery = { filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true };
const contract = { ...base, receivers: [receiver('team', true)] };

describe('timers', () => {
  test('a group waits group_wait, then goes by its interval, and repeats on a tick after the repeat interval', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(5).rule('firing', { alertname: 'B' });
    rig.until(30).rule('firing', { alertname: 'C' }).until(3750);
    expect(rig.told).toEqual([
      '10 team first notification: A B',
      '70 team new alerts added: A B C',
      '3730 team repeat interval elapsed: A B C',
    ]);
  });

  test('a group made by an alert that is older than group_wait flushes at once', () => {
    expect(new Rig(base).until(100).post({ alertname: 'A' }, { start: 50 }).until(101).told).toEqual(['100 team first notification: A']);
  });

  test('no group flushes before the start delay is over', () => {
    const rig = new Rig({ ...base, startDelayMs: durationMs(50_000) }).post({ alertname: 'A' }, { start: -100 }).until(200);
    expect(rig.told).toEqual(['50 team first notification: A']);
  });

  test('an emptied group is gone, and the next alert waits group_wait again', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(20).rule('resolved', { alertname: 'A' }).until(75);
    expect(rig.rows.snapshot().groups).toEqual([]);
    expect(rig.rule('firing', { alertname: 'A' }).until(100).told).toEqual([
      '10 team first notification: A',
      '70 team all alerts resolved: A*',
      '85 team first notification: A',
    ]);
  });
});

describe('alerts', () => {
  test('an alert from outside that is sent no more resolves by the clock, and the event names the silent sender', () => {
    const rig = new Rig(base).post({ alertname: 'A' }).until(400);
    expect(rig.told).toEqual(['10 team first notification: A', '310 team all alerts resolved: A*']);
    expect(rig.events(({ stage }) => stage === 'resolve')).toEqual(['300 resolve resolved sender_silent']);
  });

  test('the alert of a rule resolves by its transition only, with its reason', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(86_400);
    expect(rig.events(({ stage }) => stage === 'resolve')).toEqual([]);
    rig.rule('resolved', { alertname: 'A' }, 'data_missing');
    expect(rig.events(({ stage }) => stage === 'resolve')).toEqual(['86400 resolve resolved data_missing']);
  });

  test('while a rule says that it fires, a post cannot resolve it', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(20).post({ alertname: 'A' }, { start: 0, end: 15 }).until(200);
    expect(rig.told).toEqual(['10 team first notification: A']);
    expect(rig.router.alerts(ALL, at(200)).map(({ alert }) => alert.origin)).toEqual(['rule']);
  });

  test('of one alertname no more than the limit fire; an ended one makes room; a drop is told once', () => {
    const rig = new Rig({ ...base, limits: { alertsPerNameMax: 2, silencesMax: 0, silenceBytesMax: 0 } });
    for (const pod of ['1', '2', '3', '3']) rig.post({ alertname: 'A', pod });
    rig.post({ alertname: 'B', pod: '1' });
    const pods = () =>
      rig.router
        .alerts({ ...ALL, filter: [matcher('alertname', '=', 'A')] }, at(rig.t))
        .map(({ alert }) => alert.labels.get('pod'))
        .sort();
    expect(pods()).toEqual(['1', '2']);
    expect(rig.events(({ verdict }) => verdict === 'dropped')).toEqual(['0 ingest dropped alertname_limit']);
    rig.post({ alertname: 'A', pod: '1' }, { start: 0, end: 0 }).post({ alertname: 'A', pod: '3' });
    rig.until(1);
    expect(pods()).toEqual(['2', '3']);
  });

  test('a refused alert does not keep the others out', () => {
    const { router } = new Rig(base);
    const post = (labels: Readonly<Record<string, string>>) => ({
      labels,
      annotations: {},
      startsAt: null,
      endsAt: null,
      generatorUrl: '',
    });
    expect(router.receive([post({}), post({ alertname: 'A' }), post({ a: '' })], at(0)).errors).toEqual([
      { index: 0, error: 'at least one label pair required' },
      { index: 2, error: 'at least one label pair required' },
    ]);
    expect(router.alerts(ALL, at(0))).toHaveLength(1);
  });

  test('a resolved alert is forgotten after a while, not before', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(20).rule('resolved', { alertname: 'A' }).until(1819);
    expect(rig.rows.snapshot().alerts).toHaveLength(1);
    expect(rig.until(1821).rows.snapshot().alerts).toHaveLength(0);
  });
});

describe('suppression', () => {
  const inhibiting = {
    ...base,
    route: rootRoute({ ...quick, groupBy: ['alertname'] }),
    inhibitRules: [
      {
        name: 'down',
        sourceMatchers: [matcher('alertname', '=', 'Down')],
        targetMatchers: [matcher('alertname', '=', 'Slow')],
        equal: ['zone'],
      },
    ],
  };

  test('what holds an alert back is told when it begins and when it ends, not at every flush', () => {
    const rig = new Rig(inhibiting)
      .rule('firing', { alertname: 'Down', zone: 'a' })
      .rule('firing', { alertname: 'Slow', zone: 'a' })
      .until(200);
    rig.rule('resolved', { alertname: 'Down', zone: 'a' }).until(300);
    expect(rig.events(({ stage }) => stage === 'inhibit')).toEqual([
      '10 inhibit suppressed source_firing',
      '250 inhibit released source_gone',
    ]);
    expect(rig.rows.events.find(({ stage }) => stage === 'inhibit')?.detail).toMatchObject({ rule: 'down' });
    expect(rig.told.filter((line) => line.includes('Slow'))).toEqual(['250 team first notification: Slow']);
  });

  test('a muted group sends nothing, says by which interval, and goes on afterwards', () => {
    const noon = parseTimeInterval({ times: [{ startTime: '12:00', endTime: '12:05' }] }, 'UTC') as TimeInterval;
    const rig = new Rig({
      ...base,
      route: rootRoute({ receiver: 'team', children: [childRoute({ ...quick, muteTimeIntervals: ['noon'] })] }),
      timeIntervals: new Map([['noon', [noon]]]),
    });
    rig.rule('firing', { alertname: 'A' }).until(400);
    expect(rig.told).toEqual(['310 team first notification: A']);
    expect(rig.rows.events.filter(({ stage }) => stage === 'mute').map(({ verdict, reason, detail }) => [verdict, reason, detail])).toEqual(
      [
        ['suppressed', 'mute_time_interval', { by: ['noon'] }],
        ['released', 'interval_over', null],
      ],
    );
  });

  test('a resolve while silenced is not told, and the event says so', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(20);
    rig.silence('alertname', 'A', 3000);
    rig.rule('resolved', { alertname: 'A' }).until(4000);
    expect(rig.told).toEqual(['10 team first notification: A']);
    expect(rig.events(({ verdict }) => verdict === 'left')).toEqual(['70 group left resolved_unheard']);
  });
});

describe('delivery', () => {
  test('the log knows of a notification only once it is accepted', () => {
    const rig = new Rig(base);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(10);
    expect([rig.rows.snapshot().outbox.length, rig.rows.snapshot().log.length]).toEqual([1, 0]);
    rig.deliver();
    expect([rig.rows.snapshot().outbox.length, rig.rows.snapshot().log.length]).toEqual([0, 1]);
  });

  test('a row that nobody took by the next flush gives way to the fresh group', () => {
    const rig = new Rig(base);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(20).rule('firing', { alertname: 'B' }).until(75);
    expect(rig.events(({ stage }) => stage === 'deliver')).toEqual(['70 deliver cancelled superseded']);
    rig.deliver();
    expect(rig.told).toEqual(['75 team first notification: A B']);
  });

  test('a pending first notification is cancelled when there is nothing left to tell', () => {
    const rig = new Rig(base);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(20).rule('resolved', { alertname: 'A' }).until(75);
    expect([rig.pending, rig.rows.snapshot().groups]).toEqual([[], []]);
  });

  test('a resolved member stays until the failed resolve was accepted', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(20).rule('resolved', { alertname: 'A' });
    rig.isDown = true;
    rig.until(70);
    const [row] = rig.pending.splice(0);
    rig.router.claim(row!.id, at(70));
    rig.router.settle({ kind: 'failed', outboxId: row!.id, error: 'status 400' }, at(71));
    rig.isDown = false;
    rig.until(200);
    expect(rig.told).toEqual(['10 team first notification: A', '130 team all alerts resolved: A*']);
    expect(rig.rows.snapshot().groups).toEqual([]);
  });

  test('an integration in flight is waited for until its deadline and holds up no other', () => {
    const rig = new Rig({
      ...base,
      route: rootRoute({ ...quick, groupIntervalMs: durationMs(2000) }),
      receivers: [receiver('team', false, 2)],
    });
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(10);
    const [slow, fast] = rig.pending.splice(0);
    for (const row of [slow!, fast!]) rig.router.claim(row.id, at(10));
    rig.router.settle({ kind: 'accepted', outboxId: fast!.id }, at(10));
    rig.rule('firing', { alertname: 'B' }).until(13);
    expect(rig.pending.map(({ index, reason }) => [index, reason])).toEqual([[1, 'new alerts added']]);
    rig.until(21); // the slow one's deadline: ten seconds after its flush
    expect(rig.pending.map(({ index, createdAt }) => [index, (createdAt - START) / 1000])).toContainEqual([0, 20]);
    expect(rig.events(({ verdict }) => verdict === 'cancelled')).toContain('20 deliver cancelled superseded');
  });

  test('what waited for a delivery is decided as soon as that ends', () => {
    const rig = new Rig({ ...base, route: rootRoute({ ...quick, groupIntervalMs: durationMs(2000) }) });
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(10);
    const [row] = rig.pending.splice(0);
    rig.router.claim(row!.id, at(10));
    rig.rule('firing', { alertname: 'B' }).until(13);
    rig.router.settle({ kind: 'accepted', outboxId: row!.id }, at(13));
    rig.commit();
    expect(rig.pending.map(({ reason, createdAt }) => [reason, (createdAt - START) / 1000])).toEqual([['new alerts added', 13]]);
  });

  test('an acceptance that comes after the row was given up still counts', () => {
    const rig = new Rig({ ...base, route: rootRoute({ ...quick, groupIntervalMs: durationMs(2000) }) });
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(10);
    const [row] = rig.pending.splice(0);
    rig.router.claim(row!.id, at(10));
    rig.until(21);
    rig.router.settle({ kind: 'accepted', outboxId: row!.id }, at(21));
    rig.commit();
    rig.until(23);
    expect(rig.pending).toEqual([]);
    expect(rig.rows.snapshot().log.map(({ firing }) => firing.length)).toEqual([1]);
  });

  test('what was silenced since the flush is not sent', () => {
    const rig = new Rig(base);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(12);
    rig.silence('alertname', 'A', 1000);
    expect(rig.router.claim(rig.pending[0]!.id, at(12))).toEqual({ kind: 'cancelled', reason: 'silenced' });
    rig.commit();
    rig.isDown = false;
    expect(rig.until(1100).told).toEqual(['1030 team first notification: A']);
  });

  test('the same rejection is one event, however often it is tried', () => {
    const rig = new Rig(base);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(10);
    const id = rig.pending[0]!.id;
    for (const error of ['status 503', 'status 503', 'timeout']) {
      rig.router.claim(id, at(11));
      rig.router.settle({ kind: 'rejected', outboxId: id, error }, at(11));
    }
    rig.commit();
    expect(rig.events(({ verdict }) => verdict === 'rejected')).toHaveLength(2);
  });

  test('a receiver that wants no resolves hears only of what fires, and its log forgets the rest', () => {
    const silent = { ...receiver('team'), integrations: [{ name: 'webhook', index: 0, sendResolved: false, resolveContract: false }] };
    const rig = new Rig({ ...base, receivers: [silent] }).rule('firing', { alertname: 'A' }).rule('firing', { alertname: 'B' }).until(20);
    rig.rule('resolved', { alertname: 'A' }).rule('firing', { alertname: 'C' }).until(80);
    rig.rule('resolved', { alertname: 'B' }).rule('resolved', { alertname: 'C' }).until(200);
    expect(rig.told).toEqual(['10 team first notification: A B', '70 team new alerts added: B C']);
    expect(rig.rows.snapshot().log.map(({ firing }) => firing)).toEqual([[]]);
    expect(rig.events(({ reason }) => reason === 'send_resolved_off')).toEqual(['130 dedup skip send_resolved_off']);
  });
});

describe('the resolve contract', () => {
  test('a resolve is told through a silence', () => {
    const rig = new Rig(contract).rule('firing', { alertname: 'A' }).until(20);
    rig.silence('alertname', 'A', 3000);
    rig.rule('resolved', { alertname: 'A' }).until(200);
    expect(rig.told).toEqual(['10 team first notification: A', '70 team all alerts resolved: A*']);
    expect(rig.rows.snapshot().groups).toEqual([]);
  });

  test('what still fires behind a silence is not made to look resolved', () => {
    const rig = new Rig(contract).rule('firing', { alertname: 'A', zone: 'x' }).rule('firing', { alertname: 'B', zone: 'x' }).until(20);
    rig.silence('zone', 'x', 3000);
    rig.rule('resolved', { alertname: 'A', zone: 'x' }).until(100);
    rig.rule('resolved', { alertname: 'B', zone: 'x' }).until(200);
    expect(rig.told).toEqual(['10 team first notification: A B', '70 team some alerts resolved: A* B', '130 team all alerts resolved: B*']);
  });

  test('what was never told as firing is not told as resolved', () => {
    const rig = new Rig(contract);
    rig.silence('alertname', 'A', 3000);
    rig.rule('firing', { alertname: 'A' }).until(100).rule('resolved', { alertname: 'A' }).until(300);
    expect(rig.told).toEqual([]);
  });

  test.each<{ given: string; happens: (rig: Rig, id: OutboxId) => Rig }>([
    {
      given: 'an attempt without a known result',
      happens: (rig, outboxId) => {
        rig.router.settle({ kind: 'unknown', outboxId, error: 'reset' }, at(11));
        return rig;
      },
    },
    {
      given: 'one that is refused when it is made again',
      happens: (rig, outboxId) => {
        rig.router.settle({ kind: 'unknown', outboxId, error: 'reset' }, at(11));
        rig.router.claim(outboxId, at(12));
        rig.router.settle({ kind: 'failed', outboxId, error: 'HTTP 400' }, at(12));
        rig.rows.close(outboxId);
        return rig;
      },
    },
    {
      given: 'a death during the attempt',
      happens: (rig, id) => {
        rig.rows.claim(id);
        return rig.restart();
      },
    },
    {
      given: 'one that has no answer when its time is over',
      happens: (rig) => rig.until(75),
    },
  ])('$given may have told that something fires: its end is told', ({ happens }) => {
    const rig = new Rig(contract);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(10);
    const { id } = rig.pending.splice(0)[0] as OutboxRow;
    rig.router.claim(id, at(10));
    happens(rig, id).commit();
    rig.rule('resolved', { alertname: 'A' });
    rig.isDown = false;
    // When depends on how long the attempt is waited for.
    expect(rig.until(300).told.map((told) => told.replace(/^\d+ /, ''))).toEqual(['team all alerts resolved: A*']);
    expect(rig.rows.snapshot().groups).toEqual([]);
  });

  test('a resolve is told to the old receiver after the route has changed, also over a restart', () => {
    const moved = {
      ...contract,
      receivers: [receiver('team', true), receiver('other', true)],
      route: rootRoute({
        ...quick,
        receiver: 'team',
        children: [childRoute({ receiver: 'other', matchers: [matcher('alertname', '=', 'A')] })],
      }),
    };
    const rig = new Rig(contract).rule('firing', { alertname: 'A' }).until(20).reload(moved).until(100).restart().until(200);
    rig.rule('resolved', { alertname: 'A' }).until(400);
    expect(rig.told.filter((line) => line.includes('other'))).toEqual([
      '20 other first notification: A',
      '260 other all alerts resolved: A*',
    ]);
    expect(rig.told.filter((line) => line.includes('team'))).toEqual(['10 team first notification: A', '250 team all alerts resolved: A*']);
    expect(rig.rows.snapshot().groups).toEqual([]);
  });

  test('a route that has moved among its siblings tells the resolve once, silenced or not', () => {
    const child = (alertname: string) => childRoute({ matchers: [matcher('alertname', '=', alertname)] });
    const at = (children: readonly string[]) => ({ ...contract, route: rootRoute({ ...quick, children: children.map(child) }) });
    for (const isSilenced of [false, true]) {
      const rig = new Rig(at(['X', 'A']))
        .rule('firing', { alertname: 'A' })
        .until(20)
        .reload(at(['A']))
        .until(100)
        .reload(at(['Y', 'A']));
      if (isSilenced) rig.silence('alertname', 'A', 3000);
      rig.until(110).rule('resolved', { alertname: 'A' }).until(400);
      expect(rig.told.map((line) => line.replace(/^\d+ /, ''))).toEqual(['team first notification: A', 'team all alerts resolved: A*']);
      expect(rig.rows.snapshot().groups).toEqual([]);
    }
  });

  test('a route that was away and is back tells a resolve once, though the alert has fired anew meanwhile', () => {
    const at = (children: readonly ReturnType<typeof childRoute>[]) => ({ ...contract, route: rootRoute({ ...quick, children }) });
    const away = at([]);
    const back = at([childRoute({ matchers: [matcher('alertname', '=', 'A')] })]);
    const rig = new Rig(back).rule('firing', { alertname: 'A' }).until(20).reload(away).until(22).rule('resolved', { alertname: 'A' });
    rig.until(23).reload(back).until(25).rule('firing', { alertname: 'A' }).until(200).rule('resolved', { alertname: 'A' }).until(400);
    const ofChild = rig.rows.events.filter(
      ({ stage, verdict, groupKey }) => stage === 'deliver' && verdict === 'accepted' && groupKey?.includes('/'),
    );
    expect(ofChild.map(({ reason }) => reason)).toEqual(['first notification', 'all alerts resolved']);
    expect(rig.rows.snapshot().groups).toEqual([]);
  });

  test('switched on by a reload, it knows from the log who was told', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(20).reload(contract).until(25);
    rig.silence('alertname', 'A', 3000);
    rig.rule('resolved', { alertname: 'A' }).until(200);
    expect(rig.told).toEqual(['10 team first notification: A', '80 team all alerts resolved: A*']);
  });

  test('a receiver that is gone is owed nothing', () => {
    const rig = new Rig(contract).rule('firing', { alertname: 'A' }).until(20);
    rig.reload({ ...base, route: rootRoute({ ...quick, receiver: 'new' }), receivers: [receiver('new', true)] }).until(100);
    expect(rig.rows.snapshot().groups.map((group) => group.receiver)).toEqual(['new']);
  });
});

describe('reload', () => {
  test('a group that has flushed flushes at once and finds nothing new; one that waits, waits again', () => {
    const rig = new Rig({ ...base, route: rootRoute({ ...quick, groupBy: ['alertname'] }) }).rule('firing', { alertname: 'A' }).until(30);
    rig
      .rule('firing', { alertname: 'B' })
      .until(35)
      .reload({ ...base, route: rootRoute({ ...quick, groupBy: ['alertname'] }) })
      .until(100);
    expect(rig.told).toEqual(['10 team first notification: A', '45 team first notification: B']);
    const next = rig.router.groups({ ...ALL, muted: true }, at(100)).map(({ nextFlushAt }) => (nextFlushAt - START) / 1000);
    expect(next).toEqual([155, 105]);
  });

  test('an alert whose route is gone leaves its group, and what was to be sent for it is cancelled', () => {
    const routed = (child: string) => ({
      ...base,
      route: rootRoute({ ...quick, children: [childRoute({ matchers: [matcher('alertname', '=', child)], groupBy: ['alertname'] })] }),
    });
    const rig = new Rig(routed('A'));
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(12).reload(routed('B'));
    expect(rig.events(({ stage, verdict }) => stage === 'deliver' || verdict === 'left')).toEqual([
      '12 group left route_changed',
      '12 deliver cancelled route_removed',
    ]);
    rig.isDown = false;
    expect(rig.until(30).told).toEqual(['12 team first notification: A']); // it is older than group_wait
  });

  test('a reload with nothing changed writes no event and sends nothing again', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(75);
    const before = rig.rows.events.length;
    rig.reload(base).until(300);
    expect([rig.rows.events.length - before, rig.told.length]).toEqual([0, 1]);
  });
});

describe('restart', () => {
  test('nothing is sent again, nothing is resolved, timers go on', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).post({ alertname: 'X' }, { start: 0, end: 240 }).until(50);
    rig.t = 500; // down for longer than the end of X
    rig.restart().until(560);
    expect(rig.told).toEqual(['10 team first notification: A X']);
    expect(rig.events(({ stage }) => stage === 'resolve')).toEqual([]);
    expect(rig.until(900).told.at(-1)).toBe('800 team some alerts resolved: A X*'); // nobody sent X again in five minutes
  });

  test('what was resolved but not yet told is told', () => {
    const rig = new Rig(base).rule('firing', { alertname: 'A' }).until(20).rule('resolved', { alertname: 'A' }).restart().until(100);
    expect(rig.told).toEqual(['10 team first notification: A', '70 team all alerts resolved: A*']);
  });

  test('a row in flight when the process died is waited for, then replaced', () => {
    const rig = new Rig(base);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(10);
    const id = rig.pending.splice(0)[0]!.id;
    rig.router.claim(id, at(10));
    rig.rows.claim(id);
    rig.restart().until(60);
    expect(rig.pending).toEqual([]);
    rig.isDown = false;
    expect(rig.until(80).told).toEqual(['70 team first notification: A']);
  });

  test('a row whose result is unknown and whose receiver is configured no more is given up, and counts if it was taken after all', () => {
    const rig = new Rig(base);
    rig.isDown = true;
    rig.rule('firing', { alertname: 'A' }).until(10);
    const id = rig.pending.splice(0)[0]!.id;
    rig.router.claim(id, at(10));
    rig.rows.claim(id);
    rig.until(20).restart({ route: rootRoute({ ...quick, receiver: 'other' }), receivers: [receiver('other')] });
    expect(rig.rows.snapshot().outbox).toEqual([]);
    expect(rig.router.claim(id, at(20))).toEqual({ kind: 'gone' });
    rig.router.settle({ kind: 'accepted', outboxId: id }, at(21));
    rig.commit();
    expect(rig.rows.snapshot().log).toMatchObject([{ receiver: 'team', outboxId: id }]);
    expect(rig.events(({ stage }) => stage === 'deliver')).toEqual([
      '20 deliver cancelled route_removed',
      '21 deliver accepted first notification',
    ]);
  });

  test('a row that was given up is waited for until nobody can report of it any more', () => {
    const givenUp = (): { readonly rig: Rig; readonly row: OutboxRow } => {
      const rig = new Rig(base);
      rig.isDown = true;
      rig.rule('firing', { alertname: 'A' }).until(10);
      const row = rig.pending.splice(0)[0] as OutboxRow;
      rig.router.claim(row.id, at(10));
      rig.router.settle({ kind: 'unknown', outboxId: row.id, error: 'reset' }, at(11));
      rig.reload({ ...base, route: rootRoute({ ...quick, receiver: 'other' }), receivers: [receiver('other')] });
      return { rig, row };
    };
    const confirmed = { kind: 'confirmed', message: 'delivered' } as const;
    const day = 86_400;
    for (const [days, reported] of [
      [6.9, 'taken'],
      [7.1, 'ignored'],
    ] as const) {
      const { rig, row } = givenUp();
      rig.until(days * day);
      expect(rig.router.report(row, false, confirmed, at(rig.t))).toBe(reported);
    }
  });

  test('the rows of a restarted router are the rows it was made from', () => {
    const rig = new Rig(contract).rule('firing', { alertname: 'A' }).rule('firing', { alertname: 'B' }).until(20);
    rig.silence('alertname', 'B', 3000);
    rig.rule('resolved', { alertname: 'A' }).until(71);
    const before = rig.rows.snapshot();
    expect(rig.restart().rows.snapshot()).toEqual(before);
  });
});

describe('reading', () => {
  test('alerts and groups say what holds them back now, whatever the last flush saw', () => {
    const rig = new Rig({ ...base, route: rootRoute({ ...quick, groupBy: ['alertname'] }) })
      .rule('firing', { alertname: 'A' })
      .rule('firing', { alertname: 'B' });
    const id = rig.silence('alertname', 'A', 3000);
    const states = (query: Partial<AlertQuery>) =>
      rig.router
        .alerts({ ...ALL, ...query }, at(1))
        .map(({ alert, state, silencedBy }) => [alert.labels.get('alertname'), state, silencedBy])
        .sort();
    expect(states({})).toEqual([
      ['A', 'suppressed', [id]],
      ['B', 'active', []],
    ]);
    expect(states({ silenced: false })).toEqual([['B', 'active', []]]);
    expect(states({ active: false })).toEqual([['A', 'suppressed', [id]]]);
    expect(rig.router.groups({ ...ALL, muted: true }, at(1)).map(({ labels, alerts }) => [String(labels), alerts.length])).toEqual([
      ['{alertname="A"}', 1],
      ['{alertname="B"}', 1],
    ]);
  });

  test('receivers are found by name and by their labels', () => {
    const rig = new Rig({
      receivers: [receiver('a'), { ...receiver('b'), labels: Labels.of({ tier: '1' }) }],
      route: rootRoute({ receiver: 'a', children: [childRoute({ receiver: 'b', matchers: [matcher('to', '=', 'b')] })] }),
    });
    rig.rule('firing', { alertname: 'A', to: 'a' }).rule('firing', { alertname: 'B', to: 'b' });
    const found = (query: Partial<AlertQuery>) => rig.router.alerts({ ...ALL, ...query }, at(1)).map(({ receivers }) => receivers);
    expect(found({ receiverMatchers: [matcher('tier', '=', '1')] })).toEqual([['b']]);
    expect(found({ receiverMatchers: [matcher('name', '=', 'a')] })).toEqual([['a']]);
    expect(found({ receiver: matcher('x', '=~', 'a|c').regex })).toEqual([['a']]);
  });

  test.each([
    { filter: [matcher('alertname', '=', 'A')], names: ['A'] },
    { filter: [matcher('alertname', '=~', 'A|B')], names: ['A', 'B'] },
    { filter: [matcher('alertname', '=~', 'A|B'), matcher('alertname', '!=', 'A')], names: ['B'] },
    { filter: [matcher('alertname', '=~', '.*')], names: ['', 'A', 'B'] },
    { filter: [matcher('alertname', '=', '')], names: [''] },
    { filter: [matcher('alertname', '=', 'None')], names: [] },
    { filter: [matcher('x', '=', 'y')], names: [''] },
  ])('$filter lists $names, whether the name leads there or all are looked at', ({ filter, names }) => {
    const rig = new Rig(base).post({ alertname: 'A' }).post({ alertname: 'B' }).post({ x: 'y' });
    const listed = rig.router.alerts({ ...ALL, filter }, at(0)).map(({ alert }) => alert.labels.get('alertname'));
    expect([...listed].sort()).toEqual(names);
    const known = rig.router.remembered(filter).map(({ labels }) => labels.get('alertname'));
    expect([...known].sort()).toEqual(names);
  });

  test('a trace names every node, what failed, the group, and what holds the alert back', () => {
    const rig = new Rig({
      ...base,
      route: rootRoute({ ...quick, groupBy: ['alertname'], children: [childRoute({ matchers: [matcher('team', '=', 'db')] })] }),
    });
    rig.rule('firing', { alertname: 'A' }).until(20);
    const id = rig.silence('alertname', 'A', 3000);
    const trace = rig.router.trace(Labels.of({ alertname: 'A' }), at(20));
    expect(trace.route.children[0]).toMatchObject({ verdict: 'failed', failed: { value: '', matcher: { name: 'team' } } });
    expect(trace.silencedBy).toEqual([id]);
    expect(trace.groups[0]).toMatchObject({ groupKey: '{}:{alertname="A"}', receiver: 'team', isMember: true, nextFlushAt: at(70) });
    expect(trace.groups[0]?.integrations[0]?.lastTold?.firing).toEqual([
      rig.router.alerts(ALL, at(20))[0]?.alert.fingerprint as Fingerprint,
    ]);
  });
});

test('after a gap nothing from outside resolves before its sender could speak, and no timer lies too far ahead', () => {
  const rig = new Rig(base).post({ alertname: 'A' }, { start: 0, end: 240 }).until(20);
  rig.router.graceAfterGap(at(-7200)); // the wall clock went back two hours
  rig.commit();
  rig.t = -7200;
  expect(rig.router.nextWakeAt()).toBe(at(-7140));
  rig.t = 0;
  rig.router.graceAfterGap(at(10_000));
  rig.router.tick(at(10_000));
  rig.commit();
  expect(rig.events(({ stage }) => stage === 'resolve')).toEqual([]);
});
