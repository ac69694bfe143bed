import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { type Matcher, type MatchOp, matchesLabels } from '../model/matcher.ts';
import { alertMatcher } from './matcher-text.ts';
import { type IndexedSilence, SilenceIndex } from './silence-index.ts';

const anyName = fc.constantFrom('alertname', 'instance', 'pod');
const anyValue = fc.constantFrom(
  ...'web-1 web-12 Web-1 eu-web-production-1 EU-Web-Production-12 db-production x Kafka-7 \u212aafka-7 \u017fql-é'.split(' '),
  '',
);
/** With literals and without, folded and not, for any label and for one that is there, of few states and of many. */
const anyPattern = fc.oneof(
  fc.constantFrom(
    ...'.*-production-(1|2).* eu-.*-1 (eu-)?web-.* web-1[0-9]? ^web-1$ \\Bweb-1 (?i)WEB-1 .*duct.*|x .*-1.* e.*2'.split(' '),
    ...'.+ .* web-1| [a-z]+ .*-.* (w|d)b?.* (?i)kafka.* .*(?i:SQL).* (?i)É|.*é [a-z]+-\\d+ .{3,}x? \\w+ [^-]*'.split(' '),
  ),
  fc.tuple(fc.constantFrom('[a-w]', '.*[d-n].', '\\w', '(?i)[k-w]+', '.*-', ''), fc.nat(14)).map(([text, n]) => `${text}.{${n},}`),
);
const anyMatcher = fc
  .oneof(
    fc.record({ name: anyName, op: fc.constantFrom<MatchOp>('=', '!='), value: anyValue }),
    fc.record({ name: anyName, op: fc.constantFrom<MatchOp>('=~', '=~', '!~'), value: anyPattern }),
  )
  .map(({ name, op, value }) => alertMatcher(name, op, value) as Matcher);
const anySets = fc.array(fc.array(anyMatcher, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 });
const anyLabels = fc.record({ alertname: anyValue, instance: anyValue, pod: anyValue }).map(Labels.of);
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), sets: anySets }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask' as const), labels: anyLabels }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prepare' as const), pieces: fc.nat(2) }) },
);

test('the index finds what a plain scan finds, in its order, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 150, size: 'max' }), fc.array(anyLabels, { maxLength: 5 }), (steps, asked) => {
      const index = new SilenceIndex();
      const all: IndexedSilence[] = [];
      const ask = (labels: Labels): void => {
        const wanted = all.filter(({ sets }) => sets.some((matchers) => matchesLabels(matchers, labels)));
        expect(index.matching(labels).map(({ order }) => order)).toEqual(wanted.map(({ order }) => order));
      };
      let preparing = index.prepare();
      steps.forEach((step, order) => {
        if (step.kind === 'ask') ask(step.labels);
        else if (step.kind === 'prepare') {
          for (let piece = 0; piece < step.pieces; piece++) if (preparing.next().done === true) preparing = index.prepare();
        } else if (step.kind === 'add') {
          const silence = { sets: step.sets, order };
          all.push(silence);
          index.add(silence);
        } else for (const gone of all.splice(step.which, 1)) index.remove(gone);
      });
      asked.forEach(ask);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test.each([
  { what: 'by one pattern', sets: (i: number) => [['pod', '=~', '[a-z]+-\\d+'] as const, ['job', '=', `job-${i % 50}`] as const] },
  { what: 'of one job', sets: (i: number) => [['job', '=', 'job-1'] as const, ['pod', '=~', `[a-z]+-\\d{${i % 30}}`] as const] },
  { what: 'of one job, but for pods', sets: (i: number) => [['job', '=', 'job-1'] as const, ['pod', '!~', `.{${i % 30},}`] as const] },
  { what: 'without letters', sets: (i: number) => [['pod', '=~', `[a-z]{1,${i % 7}}.\\d{1,${i}}`] as const] },
  { what: 'with states without end', sets: (i: number) => [['pod', '=~', `.*[a-${'mnopq'[i % 5]}].{${4 + (i % 60)}}`] as const] },
  {
    what: 'for labels that may lack',
    sets: (i: number) => [['pod', '=~', `([a-z]{${i}})?`] as const, ['job', '!~', `job-[0-${i % 9}]`] as const],
  },
])('hundreds of silences $what come, are found, and go', ({ sets }) => {
  const index = new SilenceIndex();
  const all = Array.from({ length: 300 }, (_, order) => ({
    order,
    sets: [sets(order).map(([name, op, value]) => alertMatcher(name, op, value) as Matcher)],
  }));
  const asked = Array.from({ length: 60 }, (_, i) => {
    const pod = i % 9 === 0 ? '' : `${'pqfodkeztu'.repeat(3).slice(0, i)}-${'0123456789'.slice(0, i % 10)}`;
    return Labels.of({ job: i % 7 === 0 ? '' : `job-${i % 3}`, pod });
  });
  const present: IndexedSilence[] = [];
  const check = (): void => {
    for (const labels of asked) {
      const wanted = present.filter((silence) => silence.sets.some((matchers) => matchesLabels(matchers, labels)));
      expect(index.matching(labels).map(({ order }) => order)).toEqual(wanted.map(({ order }) => order));
    }
  };
  for (const silence of all) {
    present.push(silence);
    index.add(silence);
    if (present.length % 120 === 0) check();
  }
  check();
  while (present.length > 0) {
    for (const gone of present.splice((present.length * 2) % 7, 50)) index.remove(gone);
    if (present.length < 20) for (const gone of present.splice(0)) index.remove(gone);
    check();
  }
});
