import { expect, test } from 'vitest';
import type { Clock } from '../../model/clock.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { warmUp } from './warm-up.ts';

/** A query that fails would end it early. */
test('runs to its end, and lets others have their turn after each answer', async () => {
  const sim = new SimClock({ start: unixMs(1_700_000_000_000) });
  let turns = 0;
  const clock: Clock = {
    now: () => sim.now(),
    elapsed: () => sim.elapsed(),
    after: (delay, run) => {
      turns++;
      return sim.after(delay, run);
    },
  };
  const done = warmUp(clock);
  await sim.advance(durationMs(1));
  await done;
  expect(turns).toBeGreaterThan(150);
});
