import { expect, test } from 'vitest';
import { durationMs, unixMs } from '../model/time.ts';
import { SimClock } from '../platform/sim/sim-clock.ts';
import { givingWay } from './rehearsal.ts';

/** An engine that is busy, and whether the rehearsal was given its turn. */
function world() {
  const clock = new SimClock({ start: unixMs(0) });
  const engine: { freeSince: number | null } = { freeSince: null };
  const giveWay = givingWay(engine, clock);
  const turn = { isGiven: false };
  void giveWay()?.then(() => {
    turn.isGiven = true;
  });
  return { clock, engine, giveWay, turn };
}

test('a busy engine is waited for, and who asks again at once is so too', async () => {
  const { clock, engine, giveWay, turn } = world();
  await clock.advance(durationMs(5000));
  expect(turn.isGiven).toBe(false);
  engine.freeSince = clock.elapsed();
  await clock.advance(durationMs(90));
  expect(turn.isGiven).toBe(false);
  await clock.advance(durationMs(110));
  expect(turn.isGiven).toBe(true);
  expect(giveWay()).toBeNull();
  engine.freeSince = clock.elapsed();
  expect(giveWay()).not.toBeNull();
});

test('an engine that is always busy is not waited for without end', async () => {
  const { clock, giveWay, turn } = world();
  await clock.advance(durationMs(29_900));
  expect(turn.isGiven).toBe(false);
  await clock.advance(durationMs(100));
  expect(turn.isGiven).toBe(true);
  expect(giveWay()).toBeNull();
});
