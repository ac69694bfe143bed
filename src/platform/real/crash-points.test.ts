import { expect, test, vi } from 'vitest';
import { noCrashPoints } from '../../model/crash-point.ts';
import { crashPointsFrom } from './crash-points.ts';

test.each([
  { plan: 'wal.append:2', killedAfter: 2 },
  { plan: 'wal.append', killedAfter: 1 },
  { plan: 'wal.checkpoint:1', killedAfter: null },
])('$plan kills after $killedAfter passes of wal.append', ({ plan, killedAfter }) => {
  const kill = vi.fn();
  const crash = crashPointsFrom(() => plan, kill);
  let passes = 0;
  while (kill.mock.calls.length === 0 && passes < 5) {
    crash.hit('wal.append');
    crash.hit('wal.before-sync');
    passes++;
  }
  expect(kill.mock.calls.length === 0 ? null : passes).toBe(killedAfter);
});

test('without a plan nothing happens', () => {
  expect(crashPointsFrom(() => undefined)).toBe(noCrashPoints);
});
