import { describe, expect, test } from 'vitest';
import { unixMs } from '../model/time.ts';
import { SimClock } from '../platform/sim/sim-clock.ts';
import type { Expr } from '../promql/ast.ts';
import { parseExpr } from '../promql/parser.ts';
import { type Gap, GapWatch } from './gap-watch.ts';
import { isDisturbed, lookbackOf } from './lookback.ts';

const MINUTE = 60_000;
const parse = (text: string): Expr => {
  const parsed = parseExpr(text, {
    experimentalFunctions: false,
    durationExpressions: true,
    extendedRangeSelectors: false,
    binopFillModifiers: false,
  });
  if ('expr' in parsed) return parsed.expr;
  throw new Error(`${text}: ${parsed.errors[0]?.message}`);
};
const RECORDED = new Map([
  ['job:errors:rate10m', [parse('sum by (job) (rate(errors[10m]))')]],
  ['job:errors:smooth', [parse('avg_over_time(job:errors:rate10m[30m])')]],
  ['loop', [parse('loop offset 1m')]],
]);

describe('an expression looks back', () => {
  test.each([
    { expr: 'up == 0', windows: ['5m-0m'], elementwise: true },
    { expr: 'up offset 10m == 0', windows: ['15m-10m'], elementwise: true },
    { expr: 'rate(x[2m]) > 3 and on (job) up', windows: ['2m-0m', '5m-0m'], elementwise: false },
    { expr: 'rate(x[1m * 2] offset 1m) > 3', windows: ['3m-1m'], elementwise: false },
    { expr: 'sum(x) > 1', windows: ['5m-0m'], elementwise: false },
    { expr: 'abs(x - y) > 1', windows: ['5m-0m', '5m-0m'], elementwise: true },
    { expr: 'max_over_time(rate(x[5m])[1h:1m] offset 1h)', windows: ['125m-60m'], elementwise: false },
    { expr: 'x @ 0 > 1', windows: [], elementwise: true },
    { expr: 'job:errors:rate10m > 1', windows: ['5m-0m', '10m-0m'], elementwise: false },
    { expr: 'job:errors:smooth > 1', windows: ['5m-0m', '30m-0m', '10m-0m'], elementwise: false },
    { expr: 'loop > 1', windows: ['5m-0m', '6m-1m'], elementwise: true },
  ])('$expr: over $windows', ({ expr, windows, elementwise }) => {
    const lookback = lookbackOf(parse(expr), 5 * MINUTE, RECORDED);
    expect(lookback.windows.map(({ fromMs, toMs }) => `${fromMs / MINUTE}m-${toMs / MINUTE}m`)).toEqual(windows);
    expect(lookback.isElementwise).toBe(elementwise);
  });
});

describe('a gap disturbs', () => {
  const fiveMinutes = lookbackOf(parse('rate(x[5m])'), 5 * MINUTE, RECORDED);
  const gap = (from: number, to: number) => ({ fromMs: from * MINUTE, toMs: to * MINUTE });

  test.each([
    { gaps: [gap(0, 10)], at: 10, is: true },
    { gaps: [gap(0, 10)], at: 13.9, is: true },
    { gaps: [gap(0, 10)], at: 14.1, is: false },
    { gaps: [gap(9.5, 10)], at: 10, is: false },
    { gaps: [gap(8, 8.5), gap(9, 9.6)], at: 10, is: true },
    { gaps: [gap(9, 9.9), gap(9, 9.8), gap(9.1, 9.9)], at: 10, is: false }, // counted once
    { gaps: [gap(9, 9.6), gap(8, 8.5)], at: 10, is: true },
    { gaps: [gap(Number.NEGATIVE_INFINITY, 10)], at: 11, is: true },
  ])('the last five minutes at $at: $is', ({ gaps, at, is }) => {
    expect(isDisturbed(fiveMinutes, gaps, at * MINUTE)).toBe(is);
  });
});

describe('the watch for gaps', () => {
  const START = unixMs(1_000_000_000);
  const gapOf = (from: number, to: number): Gap => ({ fromMs: START - from * 1000, toMs: START - to * 1000 });
  const lengths = (watch: GapWatch): readonly number[] => watch.gaps.map(({ fromMs, toMs }) => (toMs - fromMs) / 1000);

  test('begins with the time since the newest sample, or with all of it', () => {
    const clock = new SimClock({ start: START });
    expect(lengths(new GapWatch(clock, unixMs(START - 90_000)))).toEqual([90]);
    expect(lengths(new GapWatch(clock, null))).toEqual([Number.POSITIVE_INFINITY]);
    const earlier = [gapOf(400, 160), gapOf(150, 145)];
    expect(lengths(new GapWatch(clock, unixMs(START - 90_000), earlier))).toEqual([240, 90]);
  });

  test('sees a jump of the wall clock, and how far it went', async () => {
    const clock = new SimClock({ start: START });
    const watch = new GapWatch(clock, START);
    watch.start();
    await clock.advance(60_000);
    expect(lengths(watch)).toEqual([0]);
    clock.stepWall(3_600_000);
    await clock.advance(10_000);
    expect(lengths(watch)).toEqual([0, 3605]);
    expect(watch.jumpedMs).toBe(3_600_000);
    watch.stop();
  });

  test('a clock that is set back is no gap', async () => {
    const clock = new SimClock({ start: START });
    const watch = new GapWatch(clock, START);
    watch.start();
    await clock.advance(60_000);
    clock.stepWall(-3_600_000);
    await clock.advance(60_000);
    expect(lengths(watch)).toEqual([0]);
    expect(watch.jumpedMs).toBe(0);
    watch.stop();
  });

  test('sees a process that did not run', async () => {
    const clock = new SimClock({ start: START });
    const watch = new GapWatch(clock, START);
    await clock.advance(600_000); // no timer of it ran
    watch.beat();
    expect(lengths(watch)).toEqual([0, 600]);
    expect(watch.jumpedMs).toBe(0);
  });
});
