import { expect, test } from 'vitest';
import { xxHash64 } from '../lib/xxhash64.ts';
import { Labels } from '../model/labels.ts';
import { type Matcher, type MatchOp, makeMatcher } from '../model/matcher.ts';
import { durationMs } from '../model/time.ts';
import { type PhaseTarget, type RuleSlots, ScrapePhases } from './scrape-phase.ts';

function matcher(name: string, op: MatchOp, value: string): Matcher {
  const made = makeMatcher(name, op, value);
  if ('error' in made) throw new Error(made.error);
  return made;
}

/** Reads a metric that any target may have, unless `matchers` say more. */
const group = (offsetMs: number, more: Partial<RuleSlots> = {}, ...matchers: readonly Matcher[]): RuleSlots => ({
  intervalMs: 15_000,
  offsetMs,
  alerts: 1,
  selectors: [[matcher('__name__', '=', 'm'), ...matchers]],
  ...more,
});

const target = (i: number, more: Partial<PhaseTarget> = {}): PhaseTarget => ({
  intervalMs: durationMs(15_000),
  publicLabels: Labels.of({ job: 'node', instance: `host-${i}:9100` }),
  hash: xxHash64(new TextEncoder().encode(`host-${i}`)),
  ...more,
});

const offsets = (groups: readonly RuleSlots[], count: number, more: Partial<PhaseTarget> = {}, fleet = count): number[] => {
  const phases = new ScrapePhases(groups);
  return Array.from({ length: count }, (_, i) => phases.offsetMs(target(i, more), fleet));
};

/** How long after a scrape the next slot comes, at most. */
const longestWaitMs = (scrapes: readonly number[], slotMs: number, everyMs = 15_000): number =>
  Math.max(...scrapes.map((offset) => (((slotMs - offset) % everyMs) + everyMs) % everyMs));

/** Of a group whose slots repeat at `everyMs`: a scrape ends in time, and soon is looked at. */
const LEAD_MS = 500;
const NARROW_MS = LEAD_MS + 1000;

test.each<{ given: string; groups: readonly RuleSlots[]; more?: Partial<PhaseTarget>; slotMs: number; everyMs?: number }>([
  { given: 'one group', groups: [group(7000)], slotMs: 7000 },
  { given: 'a slot at the very beginning', groups: [group(0)], slotMs: 0 },
  { given: 'a slot before the beginning (query_offset)', groups: [group(-60_000)], slotMs: 0 },
  { given: 'two groups, of which the second comes soon after the first', groups: [group(7000), group(8000)], slotMs: 7000 },
  {
    given: 'groups of other alerts at other times, of which one names the job',
    groups: [group(0), group(4000, {}, matcher('job', '=', 'node')), group(10_000)],
    slotMs: 4000,
  },
  {
    given: 'a group that names the instance by a pattern',
    groups: [group(0), group(4000, {}, matcher('instance', '=~', 'host-.*'))],
    slotMs: 4000,
  },
  { given: 'a group that names another job', groups: [group(0, { alerts: 100 }, matcher('job', '=', 'db')), group(9000)], slotMs: 9000 },
  { given: 'a group without alerts', groups: [group(0, { alerts: 0 }), group(9000)], slotMs: 9000 },
  { given: 'a group that reads only what rules write', groups: [group(0, { selectors: [] }), group(9000)], slotMs: 9000 },
  { given: 'most alerts in the later of two groups', groups: [group(0), group(6000, { alerts: 20 })], slotMs: 6000 },
  { given: 'rules each minute', groups: [group(40_000, { intervalMs: 60_000 })], slotMs: 10_000 },
  { given: 'rules more often than scrapes', groups: [group(2000, { intervalMs: 5000 })], slotMs: 2000, everyMs: 5000 },
])('given $given, scrapes end shortly before the slot', ({ groups, more, slotMs, everyMs }) => {
  const all = offsets(groups, 64, more);
  expect(longestWaitMs(all, slotMs, everyMs)).toBeLessThanOrEqual(NARROW_MS);
  expect(all.filter((offset) => longestWaitMs([offset], slotMs, everyMs) < LEAD_MS)).toEqual([]);
});

test.each<{ given: string; groups: readonly RuleSlots[]; fleet?: number }>([
  { given: 'no rules', groups: [] },
  { given: 'rules of other jobs only', groups: [group(0, {}, matcher('job', '=', 'db'))] },
  { given: 'groups that look at all times', groups: Array.from({ length: 30 }, (_, i) => group(i * 500)) },
  { given: 'intervals that hardly have a common divisor', groups: [group(0, { intervalMs: 7001 })] },
  { given: 'a fleet that fills the interval', groups: [group(7000)], fleet: 5000 },
])('given $given, scrapes are spread over the whole interval', ({ groups, fleet }) => {
  const perTenth = new Array<number>(10).fill(0);
  for (const offset of offsets(groups, 1000, {}, fleet)) perTenth[Math.floor(offset / 1500)]!++;
  expect(Math.min(...perTenth)).toBeGreaterThan(60);
});

test('a thousand targets of one group are not scraped at once', () => {
  const per10Ms = new Map<number, number>();
  for (const offset of offsets([group(7000)], 1000)) per10Ms.set(Math.floor(offset / 10), (per10Ms.get(Math.floor(offset / 10)) ?? 0) + 1);
  expect(Math.max(...per10Ms.values())).toBeLessThanOrEqual(12);
  expect(longestWaitMs(offsets([group(7000)], 1000), 7000)).toBeLessThan(5000);
});

test('scrapes that are due more rarely than the rules spread over their slots', () => {
  const all = offsets([group(2000, { intervalMs: 5000 })], 300);
  const slots = new Set(all.map((offset) => Math.ceil((offset - 2000) / 5000)));
  expect(slots.size).toBeGreaterThanOrEqual(3);
});

test('a target more, or other rules of other jobs, move no scrape', () => {
  const groups = [group(7000)];
  expect(offsets(groups, 100, {}, 101)).toEqual(offsets(groups, 100, {}, 100));
  expect(offsets([...groups, group(0, {}, matcher('job', '=', 'db'))], 100)).toEqual(offsets(groups, 100));
});

test.each([
  { intervalMs: 1000, leadMs: 100 },
  { intervalMs: 200, leadMs: 40 },
  { intervalMs: 5000, leadMs: 200 },
  { intervalMs: 60_000, leadMs: 500 },
])('an interval of $intervalMs ms leaves $leadMs ms to scrape in', ({ intervalMs, leadMs }) => {
  const all = offsets([group(0, { intervalMs })], 10, { intervalMs: durationMs(intervalMs) });
  expect(longestWaitMs(all, 0, intervalMs)).toBeLessThanOrEqual(leadMs + Math.max(intervalMs / 16, 64) + 1);
  expect(all.filter((offset) => offset >= intervalMs || intervalMs - offset < leadMs)).toEqual([]);
});
