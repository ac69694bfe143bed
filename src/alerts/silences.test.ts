import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import type { MatchOp } from '../model/matcher.ts';
import { durationMs, unixMs } from '../model/time.ts';
import { SimRandom } from '../platform/sim/sim-random.ts';
import type { MatcherRow, SilenceId, SilenceRow } from './router-state.ts';
import { compileSets, matchesSets, type SilenceLimits, silenceBytes, silenceState } from './silence.ts';
import { newSilenceCache, type PostedSilence, Silences } from './silences.ts';

const NO_LIMITS: SilenceLimits = { silencesMax: 0, silenceBytesMax: 0 };
const at = (seconds: number) => unixMs(1_700_000_000_000 + seconds * 1000);
const matcher = (name: string, op: MatchOp, value: string): MatcherRow => ({ name, op, value });

class Rig {
  readonly rows = new Map<SilenceId, SilenceRow>();
  readonly silences: Silences;

  constructor(limits = NO_LIMITS, retention = 3600) {
    this.silences = new Silences(limits, durationMs(retention * 1000), new SimRandom(1), {
      upsertSilence: (row) => this.rows.set(row.id, row),
      deleteSilence: (id) => this.rows.delete(id),
    });
  }

  put(set: readonly MatcherRow[], start: number | null, end: number, now: number, id: SilenceId | null = null) {
    const posted: PostedSilence = {
      id,
      matcherSets: [set],
      startsAt: start === null ? null : at(start),
      endsAt: at(end),
      createdBy: 'ana',
      comment: '',
      annotations: {},
    };
    return this.silences.put(posted, 'utf8', at(now));
  }
}

const anyValue = fc.constantFrom('x', 'y', 'xy', 'z');
const anyMatcherRow = fc.oneof(
  fc.record({ name: fc.constantFrom('a', 'b', 'c'), op: fc.constantFrom<MatchOp>('=', '!='), value: fc.oneof(anyValue, fc.constant('')) }),
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    op: fc.constantFrom<MatchOp>('=~', '!~'),
    value: fc.constantFrom('x|y', 'x.*', '.*y', 'x|', '.+', 'x[xy]?', '(x|y)z?', 'z.', '^x$', '\\Bx'),
  }),
);
const anyLabels = fc
  .record({ a: fc.oneof(anyValue, fc.constant('')), b: fc.oneof(anyValue, fc.constant('')), c: fc.oneof(anyValue, fc.constant('')) })
  .map(Labels.of);
type Step =
  | { readonly kind: 'put'; readonly set: readonly MatcherRow[]; readonly start: number; readonly length: number }
  | { readonly kind: 'expire' | 'ask'; readonly which: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    set: fc.array(anyMatcherRow, { minLength: 1, maxLength: 3 }),
    start: fc.nat(20),
    length: fc.nat(40),
  }),
  fc.record({ kind: fc.constantFrom('expire' as const, 'ask' as const), which: fc.nat(10) }),
);

test('whatever is added, ended and forgotten, the index finds what matches', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), fc.array(anyLabels, { minLength: 1, maxLength: 4 }), (steps, asked) => {
      const rig = new Rig(NO_LIMITS, 15);
      const caches = asked.map(newSilenceCache);
      steps.forEach((step, t) => {
        if (step.kind === 'put') rig.put(step.set, t + step.start, t + step.start + step.length, t);
        const id = step.kind === 'expire' ? [...rig.rows.keys()][step.which] : undefined;
        if (id !== undefined) rig.silences.expire(id, at(t));
        rig.silences.gc(at(t));
        asked.forEach((labels, i) => {
          if (i % 2 === 1 && t % 15 !== 0) return; // one that many silences are new to
          const wanted = [...rig.rows.values()].filter((row) => {
            const sets = compileSets(row.matcherSets, 'utf8');
            return !('error' in sets) && matchesSets(sets, labels) && silenceState(row, at(t)) === 'active';
          });
          const found = rig.silences.silencing(labels, caches[i] ?? newSilenceCache(), at(t)).map((silence) => silence.id);
          expect(found.toSorted()).toEqual(wanted.map((row) => row.id).sort());
        });
      });
    }),
  );
});

test('what is looked for in pieces is found, whatever happens in between, and not looked for again', () => {
  const rig = new Rig();
  for (let i = 0; i < 100; i++) rig.put([matcher('a', '=~', `[a-z]\\d-[^b]{${i % 3}}.{0,${i}}`)], null, 100, 0);
  const alerts = Array.from({ length: 40 }, (_, i) => ({ labels: Labels.of({ a: `x${i % 10}-${i}` }), silences: newSilenceCache() }));
  let pieces = 0;
  for (const _ of rig.silences.prepare(alerts, at(1))) {
    pieces++;
    if (pieces === 2) rig.put([matcher('a', '=~', '.+[05]')], null, 100, 1);
    if (pieces === 10) rig.silences.expire([...rig.rows.keys()][50] as SilenceId, at(1));
  }
  // Of three automata, the last is made in one piece with the first alert; what has a key needs none.
  expect(pieces).toBe(2 + 40);
  expect([...rig.silences.prepare(alerts, at(1))]).toEqual([]);
  for (const { labels, silences } of alerts) {
    expect(rig.silences.silencing(labels, silences, at(1))).toEqual(rig.silences.silencing(labels, newSilenceCache(), at(1)));
  }
});

test('a set of several matcher sets holds back what any of them matches', () => {
  const rig = new Rig();
  const posted = { id: null, startsAt: null, endsAt: at(100), createdBy: '', comment: '', annotations: {} };
  rig.silences.put({ ...posted, matcherSets: [[matcher('a', '=', 'x')], [matcher('b', '=~', 'y.*')]] }, 'utf8', at(0));
  const isSilenced = (labels: Readonly<Record<string, string>>) =>
    rig.silences.silencing(Labels.of(labels), newSilenceCache(), at(1)).length;
  expect([isSilenced({ a: 'x' }), isSilenced({ b: 'yes' }), isSilenced({ a: 'x', b: 'y' }), isSilenced({ a: 'y' })]).toEqual([1, 1, 1, 0]);
});

test('a silence is forgotten when its retention is over, and wakes somebody for it', () => {
  const rig = new Rig(NO_LIMITS, 60);
  rig.put([matcher('a', '=', 'x')], null, 10, 0);
  expect(rig.silences.gc(at(11))).toBe(0);
  expect(rig.silences.nextWakeAt()).toBe(at(70));
  expect([rig.silences.gc(at(70)), rig.rows.size]).toEqual([1, 0]);
});

test('limits refuse with the numbers, and a refused replacement leaves the old one alone', () => {
  const rig = new Rig({ silencesMax: 1, silenceBytesMax: 0 });
  const first = rig.put([matcher('a', '=', 'x')], null, 100, 0);
  const id = first.kind === 'refused' ? null : first.row.id;
  expect(rig.put([matcher('a', '=', 'y')], null, 100, 1, id)).toMatchObject({
    message: 'exceeded maximum number of silences: 1 (limit: 1)',
  });
  expect(silenceState(rig.silences.get(id as SilenceId) as SilenceRow, at(1))).toBe('active');
});

test('the size of a silence is that of its protobuf', () => {
  const row: SilenceRow = {
    id: '01234567-89ab-4cde-8f01-23456789abcd' as SilenceId,
    matcherSets: [[matcher('a', '=', 'b'), matcher('é', '=~', 'x'.repeat(200))]],
    startsAt: unixMs(1_700_000_000_000),
    endsAt: unixMs(1_700_000_000_500),
    updatedAt: unixMs(1_700_000_000_000),
    createdBy: 'ana',
    comment: '',
    annotations: { k: 'v' },
  };
  // id 38, matcher set 3+(2+6)+(3+209), times 8, 8+6 for the half second, 8, author 5, annotation 8; in a message, with its end.
  expect(silenceBytes(row, unixMs(1_700_000_001_000))).toBe(3 + (38 + 3 + 8 + 212 + 8 + 14 + 8 + 5 + 8) + 8);
});
