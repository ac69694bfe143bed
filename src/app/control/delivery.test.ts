import { describe, expect, test } from 'vitest';
import type { GroupKey } from '../../alerts/event.ts';
import type { GroupId, OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { Labels } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import type { SendInput, SendOutcome } from '../../notify/integration.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { SimRandom } from '../../platform/sim/sim-random.ts';
import { Delivery, type DeliveryOutcome } from './delivery.ts';

const row = (id: string, receiver = 'team', deadlineMs = 300_000): OutboxRow => ({
  id: id as OutboxId,
  groupId: 'g' as GroupId,
  groupKey: '{}:{}' as GroupKey,
  receiver,
  integration: 'webhook',
  index: 0,
  reason: 'first notification',
  flush: 1,
  createdAt: unixMs(0),
  deadline: unixMs(deadlineMs),
  firing: [],
  resolved: [],
  repeatIntervalMs: 0,
  data: {},
  notification: { groupLabels: Labels.empty, routeLabels: [], alerts: [] },
});

type Send = (row: OutboxRow, attempt: number) => SendOutcome | Promise<SendOutcome>;

function setUp(send: Send) {
  const clock = new SimClock({ start: unixMs(0) });
  const sends: { readonly id: string; readonly at: number }[] = [];
  const claimed: string[] = [];
  const settled: { readonly id: string; readonly kind: DeliveryOutcome['kind'] }[] = [];
  const unwanted = new Set<string>();
  const delivery = new Delivery({
    clock,
    random: new SimRandom(1, 'delivery'),
    log: silentLog,
    crash: noCrashPoints,
    integration: (due) => ({
      send: async () => {
        expect(claimed).toContain(due.id); // before the first byte
        sends.push({ id: due.id, at: clock.elapsed() });
        return send(due, sends.filter(({ id }) => id === due.id).length);
      },
      close: () => {},
    }),
    input: () => ({}) as SendInput,
    claim: async (rows) => {
      const wanted = rows.filter(({ id }) => !unwanted.has(id));
      claimed.push(...wanted.map(({ id }) => id));
      return wanted;
    },
    settle: async (outcome) => {
      settled.push({ id: outcome.row.id, kind: outcome.kind });
    },
  });
  const owe = (...rows: readonly OutboxRow[]): void =>
    delivery.enqueue(rows.map((due) => ({ row: due, attempts: 0, nextAttemptAt: unixMs(0), state: 'pending' })));
  return { clock, delivery, owe, sends, settled, unwanted };
}
const ACCEPTED: SendOutcome = { kind: 'accepted', answer: 'ok' };
const BUSY: SendOutcome = { kind: 'rejected', retry: true, reason: 'serverError', message: '503' };

describe('delivery', () => {
  test('what is owed is claimed, sent and settled once', async () => {
    const { clock, owe, sends, settled } = setUp(() => ACCEPTED);
    owe(row('1'), row('2'));
    await clock.advance(0);
    expect(sends.map(({ id }) => id)).toEqual(['1', '2']);
    expect(settled).toEqual([
      { id: '1', kind: 'accepted' },
      { id: '2', kind: 'accepted' },
    ]);
  });

  test('a refusal for now is tried again, each time later, until the deadline', async () => {
    const { clock, owe, sends } = setUp(() => BUSY);
    owe(row('1', 'team', 30_000));
    await clock.advance(120_000);
    const gaps = sends.slice(1).map(({ at }, i) => at - (sends[i]?.at ?? 0));
    expect(sends.length).toBeGreaterThan(4);
    expect(sends.every(({ at }) => at < 30_000)).toBe(true);
    expect(gaps[0]).toBeGreaterThanOrEqual(250);
    expect(gaps[0]).toBeLessThanOrEqual(750);
    expect(Math.max(...gaps)).toBeGreaterThan(gaps[0] ?? 0);
  });

  test('a provider that asks for time gets it', async () => {
    const { clock, owe, sends } = setUp((_row, attempt) =>
      attempt === 1 ? { ...BUSY, reason: 'rateLimited', retryAfterMs: durationMs(20_000) } : ACCEPTED,
    );
    owe(row('1'));
    await clock.advance(19_999);
    expect(sends).toHaveLength(1);
    await clock.advance(1);
    expect(sends).toHaveLength(2);
  });

  test('a refusal for good is not tried again', async () => {
    const { clock, owe, sends, settled } = setUp(() => ({ kind: 'rejected', retry: false, reason: 'clientError', message: '404' }));
    owe(row('1'));
    await clock.advance(60_000);
    expect(sends).toHaveLength(1);
    expect(settled).toEqual([{ id: '1', kind: 'failed' }]);
  });

  test('a receiver that hangs holds up nobody else', async () => {
    const { clock, owe, settled } = setUp(({ receiver }) => (receiver === 'hangs' ? new Promise(() => {}) : ACCEPTED));
    owe(...Array.from({ length: 40 }, (_, i) => row(`h${i}`, 'hangs')), row('1'));
    await clock.advance(0);
    expect(settled).toEqual([{ id: '1', kind: 'accepted' }]);
  });

  test('what is not wanted any more, or was dropped, is not sent', async () => {
    const { clock, delivery, owe, sends, unwanted } = setUp(() => ACCEPTED);
    unwanted.add('1');
    delivery.enqueue([{ row: row('2'), attempts: 0, nextAttemptAt: unixMs(1000), state: 'pending' }]);
    delivery.drop([row('2').id]);
    owe(row('1'));
    await clock.advance(5000);
    expect(sends).toEqual([]);
    expect(delivery.waiting).toBe(0);
  });

  test('a sender that throws is an unknown result, tried again', async () => {
    const { clock, owe, settled } = setUp((_row, attempt) => {
      if (attempt === 1) throw new Error('broken');
      return ACCEPTED;
    });
    owe(row('1'));
    await clock.advance(5000);
    expect(settled.map(({ kind }) => kind)).toEqual(['unknown', 'accepted']);
  });

  test('more than a lane is wide is worked off', async () => {
    const { clock, owe, settled } = setUp(() => ACCEPTED);
    owe(...Array.from({ length: 500 }, (_, i) => row(`n${i}`)));
    await clock.advance(0);
    expect(new Set(settled.map(({ id }) => id)).size).toBe(500);
  });
});
