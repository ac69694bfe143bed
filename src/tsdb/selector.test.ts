import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish } from '../lib/finish.ts';
import { Labels } from '../model/labels.ts';
import { type Matcher, type MatchOp, makeMatcher, matchesLabels } from '../model/matcher.ts';
import { Head } from './head.ts';
import { Selector } from './selector.ts';
import { sortByLabels } from './series-order.ts';

const NAMES = ['a', 'b', 'c', '__name__'];
const VALUES = ['', 'x', 'y', 'xy', 'z\u{1f600}', 'z\uffee', 'longer value'];
const labels = fc
  .tuple(...NAMES.map((name) => fc.constantFrom(...VALUES).map((value) => [name, value] as const)))
  .map((pairs) => Labels.fromPairs(pairs));
const matcher = fc
  .record({
    name: fc.constantFrom(...NAMES, 'absent'),
    op: fc.constantFrom('=' as const, '!=' as const, '=~' as const, '!~' as const),
    value: fc.constantFrom(...VALUES, 'x|y', 'x.*', '.*', '.+', 'nothing', '(x|)'),
  })
  .map(({ name, op, value }) => matcherOf(name, op, value));

function matcherOf(name: string, op: MatchOp, value: string): Matcher {
  const made = makeMatcher(name, op, value);
  if ('error' in made) throw new Error(made.error);
  return made;
}

type Step =
  | { readonly kind: 'add'; readonly labels: Labels }
  | { readonly kind: 'drop'; readonly matcher: Matcher }
  | { readonly kind: 'select' };
const matchers = fc.array(matcher, { maxLength: 3 });

test('selecting finds what matches, in the order of the labels, while series come and go', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: labels.map((one): Step => ({ kind: 'add', labels: one })) },
    { weight: 1, arbitrary: matcher.map((one): Step => ({ kind: 'drop', matcher: one })) },
    { weight: 4, arbitrary: fc.constant<Step>({ kind: 'select' }) },
  );
  fc.assert(
    fc.property(fc.array(matchers, { minLength: 4, maxLength: 4 }), fc.array(step, { minLength: 20, maxLength: 120 }), (queries, steps) => {
      const head = new Head(7_200_000);
      const selector = new Selector(head);
      const present = new Map<string, Labels>();
      for (const [i, one] of steps.entries()) {
        if (one.kind === 'add') {
          head.appendFloat(head.seriesOf(one.labels), i, 0, 0);
          present.set(one.labels.key(), one.labels);
        } else if (one.kind === 'drop') {
          const isPinned = (slot: number): boolean => !matchesLabels([one.matcher], head.series.labels(slot));
          for (const dropped of head.drop(Number.POSITIVE_INFINITY, isPinned)) if (dropped.length > 0) selector.symbolsReleased();
          for (const [key, value] of present) if (matchesLabels([one.matcher], value)) present.delete(key);
        } else {
          // A few queries again and again: their answers are kept and extended.
          const query = queries[i % queries.length]!;
          const expected = [...present.values()].filter((value) => matchesLabels(query, value)).sort((a, b) => a.compare(b));
          const got = Array.from(finish(selector.select(query)), (slot) => head.series.labels(slot).toString());
          expect(got).toEqual(expected.map(String));
        }
      }
    }),
    { numRuns: 200 },
  );
});

test.each([
  { selector: '{__name__=~".+"}', query: [matcherOf('__name__', '=~', '.+')] },
  { selector: '{__name__=~"m.*"}', query: [matcherOf('__name__', '=~', 'm.*')] },
  { selector: '{__name__=~"m.*", new!="x"}', query: [matcherOf('__name__', '=~', 'm.*'), matcherOf('new', '!=', 'x')] },
  { selector: '{i=~".+", new=""}', query: [matcherOf('i', '=~', '.+'), matcherOf('new', '=', '')] },
])('$selector finds each series once, and those that came meanwhile the next time', ({ query }) => {
  const head = new Head(7_200_000);
  const selector = new Selector(head);
  for (let i = 0; i < 10_000; i++) head.seriesOf(Labels.of({ __name__: `${i % 20 === 0 ? 'n' : 'm'}${i % 500}`, i: String(i) }));
  const matches = (): string[] => {
    const found: Labels[] = [];
    for (let slot = 1; slot < head.series.slotsEnd; slot++) {
      const one = head.series.labels(slot);
      if (matchesLabels(query, one)) found.push(one);
    }
    return found.sort((a, b) => a.compare(b)).map(String);
  };
  for (let asked = 0; asked < 3; asked++) {
    const before = matches();
    const selecting = selector.select(query);
    let step = selecting.next();
    for (let pause = 0; step.done !== true; pause++) {
      for (const name of ['m1', 'n499', `m${asked}-${pause}`])
        for (const value of ['x', 'y']) head.seriesOf(Labels.of({ __name__: name, i: `${asked}-${pause}`, new: value }));
      step = selecting.next();
    }
    expect(Array.from(step.value, (slot) => head.series.labels(slot).toString())).toEqual(before);
  }
  expect(Array.from(finish(selector.select(query)), (slot) => head.series.labels(slot).toString())).toEqual(matches());
});

test('series sort as their labels compare, with prefixes and in great numbers', () => {
  fc.assert(
    fc.property(fc.array(labels, { maxLength: 200 }), (sets) => {
      const head = new Head(7_200_000);
      const slots = Uint32Array.from(new Set(sets.map((one) => head.seriesOf(one))));
      finish(sortByLabels(slots, 0, slots.length, head.series, head.symbols));
      const sorted = Array.from(slots, (slot) => head.series.labels(slot));
      expect(sorted.map(String)).toEqual([...sorted].sort((a, b) => a.compare(b)).map(String));
    }),
    { numRuns: 100 },
  );
});
