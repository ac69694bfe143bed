import { describe, expect, test } from 'vitest';
import type { GroupKey } from '../../alerts/event.ts';
import type { GroupId, OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { Labels } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import type { Integration, SendInput, SendOutcome } from '../../notify/integration.ts';
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

function setUp(send: Send, reconcile?: Integration['reconcile']) {
  const clock = new SimClock({ start: unixMs(0) });
  const sends: { readonly id: string; readonly at: number }[] = [];
  const claimed: string[] = [];
  const settled: { readonly id: string; readonly kind: DeliveryOutcome['kind'] }[] = [];
  const unwanted = new Set<string>();
  const repeats: boolean[] = [];
  const delivery = new Delivery({
    clock,
    random: new SimRandom(1, 'delivery'),
    log: silentLog,
    crash: noCrashPoints,
    integration: (due) => ({
      send: async ({ mayRepeat }) => {
        expect(claimed).toContain(due.id); // before the first byte
        sends.push({ id: due.id, at: clock.elapsed() });
        repeats.push(mayRepeat);
        return send(due, sends.filter(({ id }) => id === due.id).length);
      },
      ...(reconcile === undefined ? {} : { reconcile }),
      close: () => {},
    }),
    input: ({ mayRepeat }) => ({ mayRepeat }) as SendInput,
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
    delivery.enqueue(rows.map((due) => ({ row: due, attempts: 0, nextAttemptAt: unixMs(0), state: 'pending', mayRepeat: false })));
  return { clock, delivery, owe, sends, settled, unwanted, repeats };
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
    delivery.enqueue([{ row: row('2'), attempts: 0, nextAttemptAt: unixMs(1000), state: 'pending', mayRepeat: false }]);
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

  describe('after an unknown result', () => {
    const UNKNOWN: SendOutcome = { kind: 'unknown', message: 'no answer' };
    test.each([
      { asked: 'the provider has it', answer: async () => ACCEPTED, sends: 1, last: 'accepted' },
      { asked: 'the provider refused it', answer: async () => ({ ...BUSY, retry: false }) as const, sends: 1, last: 'failed' },
      { asked: 'the provider does not have it', answer: async () => ({ kind: 'absent' }) as const, sends: 2, last: 'accepted' },
      { asked: 'the provider does not know', answer: async () => UNKNOWN, sends: 2, last: 'accepted' },
      { asked: 'asking fails', answer: () => Promise.reject(new Error('down')), sends: 2, last: 'accepted' },
      { asked: 'nobody answers for five seconds', answer: () => new Promise<never>(() => {}), sends: 2, last: 'accepted' },
      { asked: 'there is nothing to ask', answer: undefined, sends: 2, last: 'accepted' },
    ])('$asked: sent $sends times, $last', async ({ answer, sends: count, last }) => {
      const { clock, owe, sends, settled, repeats } = setUp((_row, attempt) => (attempt === 1 ? UNKNOWN : ACCEPTED), answer);
      owe(row('1'));
      await clock.advance(7000);
      expect([sends.length, settled.map(({ kind }) => kind)]).toEqual([count, ['unknown', last]]);
      expect(repeats).toEqual([false, true].slice(0, count));
    });

    test('asking does not outlive the deadline, and nothing is sent after it', async () => {
      const { clock, owe, sends, settled } = setUp(
        () => UNKNOWN,
        () => new Promise<never>(() => {}),
      );
      owe(row('1', 'team', 3000));
      await clock.advance(10_000);
      expect([sends.length, settled.map(({ kind }) => kind)]).toEqual([1, ['unknown', 'unknown']]);
    });

    test('later attempts may repeat it too', async () => {
      const { clock, owe, repeats } = setUp((_row, attempt) => [UNKNOWN, BUSY][attempt - 1] ?? ACCEPTED);
      owe(row('1'));
      await clock.advance(10_000);
      expect(repeats).toEqual([false, true, true]);
    });

    test('a row that a crash left so is asked about before it is sent', async () => {
      const { clock, delivery, sends, settled } = setUp(
        () => ACCEPTED,
        async () => ACCEPTED,
      );
      delivery.enqueue([{ row: row('1'), attempts: 1, nextAttemptAt: unixMs(0), state: 'unknown', mayRepeat: true }]);
      await clock.advance(0);
      expect([sends.length, settled.map(({ kind }) => kind)]).toEqual([0, ['accepted']]);
    });
  });

  test('whoever waits for an attempt to be over waits until its outcome is on disk', async () => {
    let answer = (_outcome: SendOutcome): void => {};
    const { clock, delivery, owe, settled } = setUp(() => new Promise<SendOutcome>((resolve) => (answer = resolve)));
    owe(row('1'));
    await clock.advance(0);
    let seen: readonly unknown[] | null = null;
    void delivery.attemptOver(row('1').id).then(() => (seen = [...settled]));
    await clock.advance(1000);
    expect(seen).toBeNull();
    answer(ACCEPTED);
    await clock.advance(0);
    expect(seen).toEqual([{ id: '1', kind: 'accepted' }]);
  });

  test('more than a lane is wide is worked off', async () => {
    const { clock, owe, settled } = setUp(() => ACCEPTED);
    owe(...Array.from({ length: 500 }, (_, i) => row(`n${i}`)));
    await clock.advance(0);
    expect(new Set(settled.map(({ id }) => id)).size).toBe(500);
  });
});
