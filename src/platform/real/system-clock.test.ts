import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SystemClock, type WallStep, watchWallSteps } from './system-clock.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date', 'performance'] }));
afterEach(() => vi.useRealTimers());

test('a delay longer than Node can arm at once ends when it should', () => {
  const clock = new SystemClock();
  const run = vi.fn();
  const days = 60 * 86_400_000;
  clock.after(durationMs(days), run);
  vi.advanceTimersByTime(days - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test('a canceled timer does not run, also after it was armed again', () => {
  const clock = new SystemClock();
  const run = vi.fn();
  const cancelLong = clock.after(durationMs(40 * 86_400_000), run);
  const cancelNow = clock.after(durationMs(0), run);
  cancelNow();
  vi.advanceTimersByTime(30 * 86_400_000);
  cancelLong();
  vi.advanceTimersByTime(30 * 86_400_000);
  expect(run).not.toHaveBeenCalled();
});

test('the clocks are the machine’s', () => {
  const clock = new SystemClock();
  const wall = clock.now();
  const elapsed = clock.elapsed();
  vi.advanceTimersByTime(1500);
  expect(clock.now() - wall).toBe(1500);
  expect(clock.elapsed() - elapsed).toBe(1500);
});

test('at shutdown, timers old and new no longer hold the process', () => {
  vi.useRealTimers();
  const clock = new SystemClock();
  const cancels = [clock.after(durationMs(60_000), () => {})];
  clock.letProcessEnd();
  cancels.push(clock.after(durationMs(60_000), () => {}));
  const holding = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  for (const cancel of cancels) cancel();
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBe(holding);
});

test.each([
  { given: 'a step forward', stepMs: 3_600_000, reported: [3_600_000] },
  { given: 'a step back', stepMs: -3_600_000, reported: [-3_600_000] },
  { given: 'a step within the tolerance', stepMs: 1999, reported: [] },
])('$given of the wall clock is reported once, with its size', async ({ stepMs, reported }) => {
  vi.useRealTimers();
  const clock = new SimClock({ start: unixMs(1_700_000_000_000) });
  const steps: WallStep[] = [];
  const stop = watchWallSteps(clock, (step) => steps.push(step));
  await clock.advance(5000);
  clock.stepWall(stepMs);
  await clock.advance(5000);
  expect(steps.map(({ byMs }) => byMs)).toEqual(reported);
  stop();
  clock.stepWall(1e9);
  await clock.advance(5000);
  expect(steps.length).toBe(reported.length);
});
