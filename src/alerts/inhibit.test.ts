import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprintOf } from '../model/fingerprint.ts';
import { Labels } from '../model/labels.ts';
import { type Matcher, matchesLabels } from '../model/matcher.ts';
import { unixMs } from '../model/time.ts';
import { Inhibitor, type InhibitRule, type InhibitSource } from './inhibit.ts';
import { alertMatcher } from './matcher-text.ts';

const NOW = unixMs(1000);
const VALUES = ['', 'x', 'y'];
const anyMatcher = fc
  .record({ name: fc.constantFrom('a', 'b'), op: fc.constantFrom('=', '!=', '=~'), value: fc.constantFrom(...VALUES, 'x|y') })
  .map(({ name, op, value }) => alertMatcher(name, op, value) as Matcher);
const anyRule: fc.Arbitrary<InhibitRule> = fc.record({
  name: fc.constant(''),
  sourceMatchers: fc.array(anyMatcher, { maxLength: 2 }),
  targetMatchers: fc.array(anyMatcher, { maxLength: 2 }),
  equal: fc.subarray(['b', 'c']),
});
const anyLabels = fc.record({ a: fc.constantFrom(...VALUES), b: fc.constantFrom(...VALUES), c: fc.constantFrom(...VALUES) }).map(Labels.of);
const anySource = fc
  .record({ labels: anyLabels, endsAt: fc.constantFrom(null, unixMs(1), unixMs(5000)) })
  .map(({ labels, endsAt }): InhibitSource => ({ fingerprint: fingerprintOf(labels), labels, alert: { endsAt } }));

/** The definition: every rule, every source. */
function isInhibited(rules: readonly InhibitRule[], sources: Iterable<InhibitSource>, target: Labels): boolean {
  const all = [...sources];
  return rules.some(
    (rule) =>
      matchesLabels(rule.targetMatchers, target) &&
      all.some(
        ({ labels, alert }) =>
          (alert.endsAt === null || alert.endsAt > NOW) &&
          matchesLabels(rule.sourceMatchers, labels) &&
          rule.equal.every((name) => labels.get(name) === target.get(name)) &&
          !(matchesLabels(rule.sourceMatchers, target) && matchesLabels(rule.targetMatchers, labels)),
      ),
  );
}

test('the index says what the definition says, also after sources have gone', () => {
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 3 }),
      fc.array(anySource, { maxLength: 8 }),
      anyLabels,
      fc.nat(7),
      (rules, list, target, gone) => {
        const sources = new Map(list.map((source) => [source.fingerprint, source]));
        const inhibitor = new Inhibitor(rules);
        for (const source of sources.values()) inhibitor.add(source);
        const leaving = [...sources.values()][gone];
        if (leaving !== undefined) {
          inhibitor.remove(leaving);
          sources.delete(leaving.fingerprint);
        }
        expect(inhibitor.inhibiting(target, NOW) !== null).toBe(isInhibited(rules, sources.values(), target));
      },
    ),
    { numRuns: 500 },
  );
});
