import { expect, test } from 'vitest';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from './sim-clock.ts';
import { ProcessLife, SimulatedCrash } from './sim-crash.ts';
import { SimRandom } from './sim-random.ts';

const START = unixMs(1_700_000_000_000);
const HOUR = 3_600_000;

function logged(clock = new SimClock({ start: START })) {
  const log: string[] = [];
  const note = (text: string) => () => void log.push(`${clock.elapsed()} ${text}`);
  return { clock, log, note };
}
/** Work that promise chains alone would not wait for. */
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};
const sleep = (clock: Pick<SimClock, 'after'>, ms: number): Promise<void> => new Promise((resolve) => clock.after(durationMs(ms), resolve));

test('timers run in order of time, then in the order set, and see their own time', async () => {
  const { clock, log, note } = logged();
  clock.after(durationMs(20), note('c'));
  clock.after(durationMs(10), note('a'));
  clock.after(durationMs(10), note('b'));
  clock.after(durationMs(31), note('late'));
  await clock.advance(30);
  expect(log).toEqual(['10 a', '10 b', '20 c']);
  expect(clock.now()).toBe(START + 30);
});

test('a timer set by a timer, and one set deep in a promise chain, run in the same advance', async () => {
  const { clock, log, note } = logged();
  clock.after(durationMs(10), async () => {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    note('chain')();
    await sleep(clock, 5);
    note('woken')();
  });
  clock.after(durationMs(10), note('next'));
  await clock.advance(100);
  expect(log).toEqual(['10 chain', '10 next', '15 woken']);
});

test('a canceled timer does not run, also when canceled by one due at the same instant', async () => {
  const { clock, log, note } = logged();
  const cancels: (() => void)[] = [];
  clock.after(durationMs(5), () => cancels.forEach((cancel) => cancel()));
  cancels.push(clock.after(durationMs(5), note('no')), clock.after(durationMs(9), note('no')));
  await clock.advance(10);
  expect(log).toEqual([]);
});

test('the wall steps, and neither monotonic time nor timers notice', async () => {
  const { clock, log, note } = logged();
  clock.after(durationMs(1000), note('due'));
  clock.stepWall(-HOUR);
  await clock.advance(1000);
  expect(log).toEqual(['1000 due']);
  expect(clock.now()).toBe(START - HOUR + 1000);
});

test('the timers of a dead process never run', async () => {
  const { clock, log, note } = logged();
  const life = new ProcessLife('app');
  const own = clock.forProcess(life);
  own.after(durationMs(10), note('dead'));
  clock.after(durationMs(10), note('world'));
  life.end();
  own.after(durationMs(10), note('from the grave'));
  await clock.advance(100);
  expect(log).toEqual(['10 world']);
  expect(clock.nextTimerAt()).toBeNull();
});

test('a crash in a timer ends there; any other error reaches the test', async () => {
  const { clock } = logged();
  clock.after(durationMs(1), () => {
    throw new SimulatedCrash('planned');
  });
  await clock.advance(1);
  clock.after(durationMs(1), () => {
    throw new Error('a bug');
  });
  await expect(clock.advance(1)).rejects.toThrow('a bug');
});

test('a frozen process runs its overdue timers when it thaws; the world goes on', async () => {
  const { clock, log, note } = logged();
  const life = new ProcessLife('app');
  const own = clock.forProcess(life);
  own.after(durationMs(10), note('app 10'));
  own.after(durationMs(20), note('app 20'));
  clock.after(durationMs(15), note('world'));
  clock.freeze(life, 60);
  await clock.advance(100);
  expect(log).toEqual(['15 world', '60 app 10', '60 app 20']);
});

test('time waits for announced work outside the thread', async () => {
  const { clock, log, note } = logged();
  clock.after(durationMs(10), () => {
    void clock.hold(turns(20)).then(note('held work'));
  });
  clock.after(durationMs(11), note('later'));
  await clock.advance(20);
  expect(log).toEqual(['10 held work', '11 later']);
});

test('with a seed, timers due together run in another order, the same each time', async () => {
  const orders: string[] = [];
  for (const seed of [1, 1, 2, 3]) {
    const clock = new SimClock({ start: START, random: new SimRandom(seed) });
    let order = '';
    for (const name of 'abcdefgh') clock.after(durationMs(10), () => void (order += name));
    await clock.advance(10);
    orders.push(order);
  }
  expect(orders[0]).toBe(orders[1]);
  expect(new Set(orders).size).toBe(3);
});

test('a day of waiting costs as many steps as there are timers', async () => {
  const { clock } = logged();
  let ticks = 0;
  const tick = (): void => {
    ticks++;
    clock.after(durationMs(60_000), tick);
  };
  tick();
  await clock.advance(24 * HOUR);
  expect(ticks).toBe(1441);
});

test('a timer without end is never due', async () => {
  const { clock, log, note } = logged();
  clock.after(durationMs(Number.POSITIVE_INFINITY), note('never'));
  await clock.advance(1000 * HOUR);
  expect(log).toEqual([]);
});
