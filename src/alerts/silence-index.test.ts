import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { type Matcher, type MatchOp, matchesLabels } from '../model/matcher.ts';
import { alertMatcher } from './matcher-text.ts';
import { type IndexedSilence, SilenceIndex } from './silence-index.ts';

const anyName = fc.constantFrom('alertname', 'instance');
const anyValue = fc.constantFrom('', 'web-1', 'web-12', 'eu-web-production-1', 'eu-web-production-12', 'db-production', 'x');
const anyPattern = fc.constantFrom(
  ...'.*-production-(1|2).* eu-.*-1 (eu-)?web-.* web-1[0-9]? ^web-1$ \\Bweb-1 (?i)WEB-1 .*duct.*|x .*-1.* e.*2'.split(' '),
  ...'.+ .* web-1| [a-z]+ .*-.* (w|d)b?.*'.split(' '),
);
const anyMatcher = fc
  .oneof(
    fc.record({ name: anyName, op: fc.constantFrom<MatchOp>('=', '!='), value: anyValue }),
    fc.record({ name: anyName, op: fc.constantFrom<MatchOp>('=~', '=~', '!~'), value: anyPattern }),
  )
  .map(({ name, op, value }) => alertMatcher(name, op, value) as Matcher);
const anySets = fc.array(fc.array(anyMatcher, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 });
const anyLabels = fc.record({ alertname: anyValue, instance: anyValue }).map(Labels.of);
const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), sets: anySets }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask' as const), labels: anyLabels }) },
);

test('the index finds what a plain scan finds, in its order, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), fc.array(anyLabels, { maxLength: 5 }), (steps, asked) => {
      const index = new SilenceIndex();
      const all: IndexedSilence[] = [];
      const ask = (labels: Labels): void => {
        const wanted = all.filter(({ sets }) => sets.some((matchers) => matchesLabels(matchers, labels)));
        expect(index.matching(labels).map(({ order }) => order)).toEqual(wanted.map(({ order }) => order));
      };
      steps.forEach((step, order) => {
        if (step.kind === 'ask') ask(step.labels);
        else if (step.kind === 'add') {
          const silence = { sets: step.sets, order };
          all.push(silence);
          index.add(silence);
        } else for (const gone of all.splice(step.which, 1)) index.remove(gone);
      });
      asked.forEach(ask);
    }),
    { numRuns: 1000 },
  );
});
