import { describe, expect, test } from 'vitest';
import type { GroupKey } from '../../alerts/event.ts';
import type { GroupId, OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { Labels } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import type { Integration, SendInput, SendOutcome } from '../../notify/integration.ts';
import type { RateLimit } from '../../notify/rate-limit.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { SimRandom } from '../../platform/sim/sim-random.ts';
import { Delivery, type DeliveryOutcome, type Destination } from './delivery.ts';

const row = (
  id: string,
  receiver = 'team',
  deadlineMs = 300_000,
  reason: OutboxRow['reason'] = 'first notification',
  createdAt = 0,
): OutboxRow => ({
  id: id as OutboxId,
  groupId: id as GroupId,
  groupKey: '{}:{}' as GroupKey,
  receiver,
  integration: 'webhook',
  index: 0,
  reason,
  flush: 1,
  createdAt: unixMs(createdAt),
  deadline: unixMs(deadlineMs),
  firing: [],
  resolved: [],
  repeatIntervalMs: 0,
  data: {},
  standsInFor: null,
  notification: { groupLabels: Labels.empty, routeLabels: [], alerts: [] },
});

type Send = (row: OutboxRow, attempt: number) => SendOutcome | Promise<SendOutcome>;

type Extras = {
  readonly reconcile?: Integration['reconcile'] | undefined;
  readonly bundle?: (count: number) => SendOutcome;
  readonly rateLimit?: RateLimit;
  readonly provider?: (row: OutboxRow) => string | null;
  readonly shared?: (row: OutboxRow) => Destination['shared'];
};

function setUp(send: Send, { reconcile, bundle, rateLimit, provider, shared }: Extras = {}) {
  const clock = new SimClock({ start: unixMs(0) });
  const sends: { readonly id: string; readonly at: number }[] = [];
  const claimed: string[] = [];
  const settled: { readonly id: string; readonly kind: DeliveryOutcome['kind'] }[] = [];
  const unwanted = new Set<string>();
  const repeats: boolean[] = [];
  const troubled: string[] = [];
  const bundles: { readonly ids: readonly string[]; readonly at: number }[] = [];
  const delivery = new Delivery({
    clock,
    random: new SimRandom(1, 'delivery'),
    log: silentLog,
    crash: noCrashPoints,
    destination: (due) => ({
      provider: provider?.(due) ?? null,
      rateLimit: rateLimit === undefined ? null : { ...rateLimit },
      shared: shared?.(due) ?? null,
      integration: {
        send: async ({ mayRepeat }) => {
          expect(claimed).toContain(due.id); // before the first byte
          sends.push({ id: due.id, at: clock.elapsed() });
          repeats.push(mayRepeat);
          return send(due, sends.filter(({ id }) => id === due.id).length);
        },
        ...(reconcile === undefined ? {} : { reconcile }),
        ...(bundle === undefined
          ? {}
          : {
              bundle: async (inputs) => {
                bundles.push({ ids: inputs.map(({ id }) => id), at: clock.elapsed() });
                return bundle(inputs.length);
              },
            }),
        close: () => {},
      },
    }),
    input: ({ row: { id }, mayRepeat }) => ({ id: id as string, mayRepeat }) as Partial<SendInput> as SendInput,
    claim: async (rows) => {
      const wanted = rows.filter(({ id }) => !unwanted.has(id));
      claimed.push(...wanted.map(({ id }) => id));
      return wanted.map((due) => ({ row: due, late: null }));
    },
    troubled: async (rows, how) => {
      troubled.push(...rows.map(({ id }) => `${clock.elapsed()} ${id} ${how}`));
    },
    settle: async (outcome) => {
      settled.push({ id: outcome.row.id, kind: outcome.kind });
    },
  });
  const owe = (...rows: readonly OutboxRow[]): void =>
    delivery.enqueue(rows.map((due) => ({ row: due, attempts: 0, nextAttemptAt: unixMs(0), state: 'pending', mayRepeat: false })));
  return { clock, delivery, owe, sends, settled, unwanted, repeats, troubled, bundles };
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

  test('of many due at once a hundred begin, and those that hang make way for the others', async () => {
    const { clock, owe, sends, settled } = setUp(({ receiver }) => (receiver.startsWith('hangs') ? new Promise(() => {}) : ACCEPTED));
    const hanging = Array.from({ length: 400 }, (_, i) => row(`h${i}`, `hangs ${i % 50}`));
    owe(...hanging, ...Array.from({ length: 300 }, (_, i) => row(`${i}`, `team ${i % 30}`)));
    await clock.advance(49);
    expect(sends).toHaveLength(128);
    await clock.advance(1000);
    expect(sends).toHaveLength(700);
    expect(settled).toHaveLength(300);
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
      const { clock, owe, sends, settled, repeats } = setUp((_row, attempt) => (attempt === 1 ? UNKNOWN : ACCEPTED), { reconcile: answer });
      owe(row('1'));
      await clock.advance(7000);
      expect([sends.length, settled.map(({ kind }) => kind)]).toEqual([count, ['unknown', last]]);
      expect(repeats).toEqual([false, true].slice(0, count));
    });

    test('asking does not outlive the deadline, and nothing is sent after it', async () => {
      const { clock, owe, sends, settled } = setUp(() => UNKNOWN, { reconcile: () => new Promise<never>(() => {}) });
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
      const { clock, delivery, sends, settled } = setUp(() => ACCEPTED, { reconcile: async () => ACCEPTED });
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

  test('what is new goes before what is repeated, that before what is over, and of these the oldest first', async () => {
    const { clock, owe, sends } = setUp(() => ACCEPTED, { rateLimit: { perMinute: 60_000, burst: 1, spacingMs: durationMs(1) } });
    owe(
      row('over', 'team', 300_000, 'all alerts resolved'),
      row('again', 'team', 300_000, 'repeat interval elapsed', 1),
      row('younger', 'team', 300_000, 'first notification', 3),
      row('more', 'team', 300_000, 'new alerts added', 1),
      row('older', 'team', 300_000, 'first notification', 2),
    );
    await clock.advance(1000);
    // The first to come was not held back by others that did not exist yet.
    expect(sends.map(({ id }) => id)).toEqual(['older', 'younger', 'more', 'again', 'over']);
  });

  describe('a rate limit', () => {
    const limit = { perMinute: 2, burst: 2, spacingMs: durationMs(0) };
    const repeat = (id: string): OutboxRow => row(id, 'team', 300_000, 'repeat interval elapsed');

    test('lets a burst through, then one after another as the bucket fills; nothing is dropped', async () => {
      const { clock, owe, sends } = setUp(() => ACCEPTED, { rateLimit: limit });
      owe(...['1', '2', '3', '4'].map(repeat));
      await clock.advance(120_000);
      expect(sends).toEqual([
        { id: '1', at: 0 },
        { id: '2', at: 0 },
        { id: '3', at: 30_000 },
        { id: '4', at: 60_000 },
      ]);
    });

    test('does not hold back the first that is heard of a group', async () => {
      const { clock, owe, sends } = setUp(() => ACCEPTED, { rateLimit: limit });
      owe(...['1', '2', '3'].map(repeat));
      await clock.advance(1000);
      owe(row('new'));
      await clock.advance(0);
      expect(sends.map(({ id }) => id)).toEqual(['1', '2', 'new']);
    });

    test('keeps its distance even from that', async () => {
      const { clock, owe, sends } = setUp(() => ACCEPTED, { rateLimit: { perMinute: 60, burst: 9, spacingMs: durationMs(60_000) } });
      owe(row('1'), row('2'));
      await clock.advance(200_000);
      expect(sends.map(({ at }) => at)).toEqual([0, 60_000]);
    });

    test('is not used up by what is not sent', async () => {
      const { clock, owe, sends, unwanted } = setUp(() => ACCEPTED, { rateLimit: { ...limit, burst: 1 } });
      unwanted.add('1');
      owe(repeat('1'), repeat('2'));
      await clock.advance(0);
      expect(sends.map(({ id }) => id)).toEqual(['2']);
    });
  });

  describe('bundling', () => {
    const LIMIT = { perMinute: 1, burst: 1, spacingMs: durationMs(60_000) };

    test('what waits for the same telephone is one message, whose acceptance settles all of it', async () => {
      const { clock, owe, sends, bundles, settled } = setUp(() => ACCEPTED, { bundle: () => ACCEPTED, rateLimit: LIMIT });
      owe(row('1'));
      await clock.advance(1000);
      owe(row('2'), row('4', 'team', 300_000, 'all alerts resolved'), row('3'));
      await clock.advance(120_000);
      expect([sends, bundles]).toEqual([[{ id: '1', at: 0 }], [{ ids: ['2', '3', '4'], at: 60_000 }]]);
      expect(settled.map(({ id, kind }) => `${id} ${kind}`)).toEqual(['1 accepted', '2 accepted', '3 accepted', '4 accepted']);
    });

    test('one telephone in several receivers is disturbed once at a time; what is configured alike is one message', async () => {
      const { clock, delivery, owe, sends, bundles } = setUp(() => ACCEPTED, {
        bundle: () => ACCEPTED,
        rateLimit: { ...LIMIT, burst: 9 },
        shared: ({ receiver }) => ({ lane: 'ana', likeness: receiver === 'third' ? 'b' : 'a' }),
      });
      owe(row('1'), row('2', 'second'), row('3', 'third'), row('4', 'second'));
      expect(delivery.waitingByPlace.map(({ receiver, rows }) => `${receiver} ${rows}`)).toEqual(['team 0', 'second 0', 'third 1']);
      await clock.advance(200_000);
      expect(bundles).toEqual([{ ids: ['1', '2', '4'], at: 0 }]);
      expect(sends).toEqual([{ id: '3', at: 60_000 }]);
    });

    test('a bundle that fails is tried again as one', async () => {
      let tries = 0;
      const { clock, owe, bundles } = setUp(() => ACCEPTED, { bundle: () => (++tries === 1 ? BUSY : ACCEPTED) });
      owe(row('1'), row('2'));
      await clock.advance(10_000);
      expect(bundles.map(({ ids }) => ids)).toEqual([
        ['1', '2'],
        ['1', '2'],
      ]);
    });

    test('one attempt is under way at a time', async () => {
      const { clock, owe, sends, bundles } = setUp(() => new Promise(() => {}), { bundle: () => ACCEPTED });
      owe(row('1'));
      await clock.advance(0);
      owe(row('2'), row('3'));
      await clock.advance(1000);
      expect([sends.length, bundles.length]).toEqual([1, 0]);
    });

    test('what may have arrived is asked about by itself', async () => {
      const { clock, delivery, sends, bundles, settled } = setUp(() => ACCEPTED, {
        bundle: () => ACCEPTED,
        reconcile: async () => ACCEPTED,
      });
      const unknown = { row: row('1'), attempts: 1, nextAttemptAt: unixMs(0), state: 'unknown', mayRepeat: true } as const;
      const fresh = (id: string) => ({ row: row(id), attempts: 0, nextAttemptAt: unixMs(0), state: 'pending', mayRepeat: false }) as const;
      delivery.enqueue([unknown, fresh('2'), fresh('3')]);
      await clock.advance(0);
      expect([sends, bundles.map(({ ids }) => ids)]).toEqual([[], [['2', '3']]]);
      expect(settled.map(({ id }) => id).sort()).toEqual(['1', '2', '3']);
    });
  });

  describe('the circuit of a provider', () => {
    /** Two receivers at one provider, which is down until `until`. */
    const down = (until: number) =>
      setUp((due) => (due.receiver === 'other' || isUp(until) ? ACCEPTED : BUSY), {
        provider: ({ receiver }) => (receiver === 'other' ? 'there' : 'here'),
      });
    let elapsed = (): number => 0;
    const isUp = (until: number): boolean => elapsed() >= until;

    test('opens after five failures within a minute; then one attempt probes it, and all goes on when it answers', async () => {
      const rig = down(40_000);
      elapsed = () => rig.clock.elapsed();
      rig.owe(row('a', 'x'), row('b', 'y'));
      await rig.clock.advance(20_000);
      const opened = rig.sends.length;
      expect(opened).toBe(5);
      expect(rig.delivery.breakers.get('here')).toMatchObject({ isOpen: true, opened: 1 });
      expect(new Set(rig.troubled.map((line) => line.split(' ').slice(1).join(' ')))).toEqual(new Set(['a down', 'b down']));
      rig.owe(row('c', 'other'));
      await rig.clock.advance(0);
      expect(rig.settled.at(-1)).toEqual({ id: 'c', kind: 'accepted' });
      await rig.clock.advance(14_000); // the probe fails
      expect(rig.sends.filter(({ id }) => id !== 'c')).toHaveLength(6);
      await rig.clock.advance(60_000);
      expect(rig.settled.slice(-2).map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
      expect(rig.delivery.breakers.get('here')).toMatchObject({ isOpen: false });
    });

    test('is open for one receiver alone where the others are taken, and for all as soon as another fails', async () => {
      let isFineDown = false;
      const rig = setUp(({ receiver }) => (receiver === 'bad' || (receiver === 'fine' && isFineDown) ? BUSY : ACCEPTED), {
        provider: () => 'here',
      });
      rig.owe(row('a', 'bad'), row('b', 'bad'));
      await rig.clock.advance(20_000);
      expect(rig.delivery.breakers.get('here')).toMatchObject({ isOpen: true });
      rig.owe(row('c', 'fine'), row('d', 'bad'));
      await rig.clock.advance(0);
      expect(rig.settled.at(-1)).toEqual({ id: 'c', kind: 'accepted' });
      expect(new Set(rig.troubled.map((line) => line.split(' ')[1]))).toEqual(new Set(['a', 'b', 'd']));
      isFineDown = true;
      rig.owe(row('e', 'fine'));
      await rig.clock.advance(2000);
      rig.owe(row('f', 'third'));
      await rig.clock.advance(2000);
      expect(rig.sends.filter(({ id }) => id === 'e' || id === 'f').map(({ id }) => id)).toEqual(['e']);
      await rig.clock.advance(120_000);
      expect(rig.settled.filter(({ kind }) => kind === 'accepted').map(({ id }) => id)).toEqual(['c', 'f']);
    });

    test('stays closed for the retries of one notification, for refusals for good and for requests to slow down', async () => {
      for (const outcome of [BUSY, { ...BUSY, retry: false }, { ...BUSY, reason: 'rateLimited' }] as const) {
        const { clock, delivery, owe } = setUp(() => outcome, { provider: () => 'here' });
        owe(...(outcome === BUSY ? [row('1')] : Array.from({ length: 9 }, (_, i) => row(`${i}`))));
        await clock.advance(60_000);
        expect(delivery.breakers.get('here')).toMatchObject({ isOpen: false, opened: 0 });
      }
    });
  });

  test('an attempt without an answer is named after half a minute, and goes on', async () => {
    const { clock, owe, troubled } = setUp(() => new Promise(() => {}));
    owe(row('1'));
    await clock.advance(29_999);
    expect(troubled).toEqual([]);
    await clock.advance(1);
    expect(troubled).toEqual(['30000 1 stalled']);
  });

  test('attempts are counted by receiver and what became of them', async () => {
    const { clock, delivery, owe } = setUp((_row, attempt) => (attempt === 1 ? BUSY : ACCEPTED));
    owe(row('1'));
    await clock.advance(5000);
    expect([...delivery.attempts.values()]).toEqual([
      { receiver: 'team', integration: 'webhook', outcome: 'rejected', reason: 'serverError', count: 1 },
      { receiver: 'team', integration: 'webhook', outcome: 'accepted', reason: '', count: 1 },
    ]);
  });

  test('more than a lane is wide is worked off', async () => {
    const { clock, owe, settled } = setUp(() => ACCEPTED);
    owe(...Array.from({ length: 500 }, (_, i) => row(`n${i}`)));
    await clock.advance(0);
    expect(new Set(settled.map(({ id }) => id)).size).toBe(500);
  });
});
