import { describe, expect, test } from 'vitest';
import type { RouterConfig } from '../../alerts/router.ts';
import { openDatabase } from '../../db/database.ts';
import { type StateRepository, stateRepository } from '../../db/state-repository.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { Labels } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { ProcessLife } from '../../platform/sim/sim-crash.ts';
import { SimRandom } from '../../platform/sim/sim-random.ts';
import { RouterKeeper } from './router-keeper.ts';

const CONFIG: RouterConfig = {
  route: {
    receiver: 'team',
    groupBy: null,
    matchers: [],
    continue: false,
    groupWaitMs: durationMs(10_000),
    groupIntervalMs: null,
    repeatIntervalMs: null,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    labels: [],
    children: [],
  },
  receivers: [
    { name: 'team', labels: Labels.empty, integrations: [{ name: 'webhook', index: 0, sendResolved: true, resolveContract: false }] },
  ],
  inhibitRules: [],
  timeIntervals: new Map(),
  resolveTimeoutMs: durationMs(300_000),
  retentionMs: durationMs(432_000_000),
  alertGcMs: durationMs(1_800_000),
  startDelayMs: durationMs(0),
  labelNames: 'utf8',
  limits: { alertsPerNameMax: 0, silencesMax: 0, silenceBytesMax: 0 },
};
const INCOMING = { labels: { alertname: 'Down' }, annotations: {}, startsAt: null, endsAt: null, generatorUrl: '' };

async function setUp() {
  const clock = new SimClock({ start: unixMs(1_000_000) });
  const life = new ProcessLife('app');
  const real = stateRepository(openDatabase(':memory:', 'migrations/sqlite'));
  const disk = { isFull: false };
  const state: StateRepository = {
    ...real,
    commit: async (transition) => {
      if (disk.isFull) throw new Error('disk is full');
      await real.commit(transition);
    },
    probe: async (now) => {
      if (disk.isFull) throw new Error('disk is full');
      await real.probe(now);
    },
  };
  const owed: string[] = [];
  const keeper = await RouterKeeper.open(
    {
      clock: clock.forProcess(life),
      random: new SimRandom(1, 'keeper'),
      log: silentLog,
      crash: noCrashPoints,
      state,
      owe: (rows) => owed.push(...rows.map(({ row }) => row.receiver)),
      cancel: () => {},
      told: () => {},
    },
    CONFIG,
    'hash',
  );
  keeper.start();
  /** A commit waits for the turn of the event loop to be over. */
  const turned = async (work: Promise<unknown>): Promise<void> => {
    const [outcome] = await Promise.allSettled([work, clock.advance(0)]);
    if (outcome.status === 'rejected') throw outcome.reason;
  };
  const receive = (): Promise<void> => turned(keeper.step((router, now) => ({ result: router.receive([INCOMING], now) })));
  return { clock, life, disk, keeper, owed, receive, real, turned };
}

describe('the keeper of the router', () => {
  test('a step is on disk when it is done, and its flush is owed when its time has come', async () => {
    const { clock, owed, receive, real } = await setUp();
    await receive();
    expect((await real.load()).snapshot.alerts).toHaveLength(1);
    expect(owed).toEqual([]);
    await clock.advance(10_000);
    expect(owed).toEqual(['team']);
  });

  test('a step that the disk refuses is refused, and memory goes back to what is on disk', async () => {
    const { clock, disk, keeper, owed, receive } = await setUp();
    disk.isFull = true;
    await expect(receive()).rejects.toThrow('disk is full');
    const query = { filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true };
    expect(keeper.router.alerts(query, clock.now())).toEqual([]);
    disk.isFull = false;
    await receive();
    expect(keeper.router.alerts(query, clock.now())).toHaveLength(1);
    await clock.advance(10_000);
    expect(owed).toEqual(['team']);
  });

  test('a flush that the disk refuses comes again by itself', async () => {
    const { clock, disk, owed, receive } = await setUp();
    await receive();
    disk.isFull = true;
    await clock.advance(15_000);
    expect(owed).toEqual([]);
    disk.isFull = false;
    await clock.advance(2000);
    expect(owed).toEqual(['team']);
  });

  test('while the disk refuses, that is known, and it is over by itself', async () => {
    const { clock, disk, keeper, receive } = await setUp();
    expect(await keeper.checkWritable()).toBeNull();
    await receive();
    disk.isFull = true;
    await expect(receive()).rejects.toThrow();
    expect([keeper.refusal, await keeper.checkWritable()]).toEqual(['disk is full', 'disk is full']);
    disk.isFull = false;
    expect([await keeper.checkWritable(), keeper.refusal]).toEqual([null, null]);
    // With nothing to store the disk is asked, though not at every question.
    disk.isFull = true;
    expect(await keeper.checkWritable()).toBeNull();
    await clock.advance(5000);
    expect(await keeper.checkWritable()).toBe('disk is full');
  });

  test('an alert from outside outlives a stop of the process, and ends when its sender stays silent after it', async () => {
    const { clock, keeper, life, receive } = await setUp();
    const firing = (): number =>
      keeper.router.alerts({ filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true }, clock.now())
        .length;
    await receive();
    clock.freeze(life, 1_200_000);
    await clock.advance(1_200_000);
    await clock.advance(10_000);
    expect(firing()).toBe(1);
    await clock.advance(300_000);
    expect(firing()).toBe(0);
  });

  test('steps run one after another, in the order they were asked for', async () => {
    const { keeper, turned } = await setUp();
    const order: number[] = [];
    await turned(Promise.all([1, 2, 3].map((n) => keeper.step(() => ({ result: order.push(n) })))));
    expect(order).toEqual([1, 2, 3]);
  });

  test('steps that different tasks of one turn ask for share a commit', async () => {
    const { keeper, turned } = await setUp();
    const asked: Promise<unknown>[] = [];
    for (let i = 0; i < 5; i++) {
      asked.push(keeper.step(() => ({ result: i })));
      await Promise.resolve();
    }
    await turned(Promise.all(asked));
    expect(keeper.stats).toMatchObject({ steps: 5, commits: 1 });
  });
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('a step that is asked for %i turns after another was done has its own turn', async (turns) => {
  const { clock, keeper } = await setUp();
  const done: string[] = [];
  const step = (name: string): Promise<void> =>
    keeper
      .step(() => ({ result: undefined }))
      .then(() => {
        done.push(name);
      });
  void step('first').then(async () => {
    for (let i = 0; i < turns; i++) await Promise.resolve();
    await step('second');
  });
  await clock.advance(100);
  expect(done).toEqual(['first', 'second']);
});
