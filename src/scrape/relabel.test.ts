import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { relabel, relabelSteps, validateRelabelConfig } from './relabel.ts';
import type { RelabelConfig } from './scrape-config.ts';

const rule = (fields: Partial<RelabelConfig>): RelabelConfig => ({
  sourceLabels: [],
  separator: ';',
  regex: '(.*)',
  modulus: 0n,
  targetLabel: '',
  replacement: '$1',
  action: 'replace',
  ...fields,
});

function check(labels: Readonly<Record<string, string>>, ...rules: readonly Partial<RelabelConfig>[]): string | null {
  return relabel(Labels.of(labels), rules.map(rule))?.toString() ?? null;
}

test.each<{ claim: string; rules: readonly Partial<RelabelConfig>[]; gives: string | null }>([
  {
    claim: 'joins source labels with the separator',
    rules: [{ sourceLabels: ['a', 'b'], targetLabel: 'c' }],
    gives: '{a="x", b="y", c="x;y"}',
  },
  { claim: 'an empty result removes the target label', rules: [{ targetLabel: 'a', replacement: '' }], gives: '{b="y"}' },
  { claim: 'no match changes nothing', rules: [{ sourceLabels: ['a'], regex: 'z', targetLabel: 'b' }], gives: '{a="x", b="y"}' },
  { claim: 'keep without a match drops the set', rules: [{ sourceLabels: ['a'], regex: 'z', action: 'keep' }], gives: null },
  { claim: 'hashmod', rules: [{ sourceLabels: ['a'], action: 'hashmod', modulus: 10n, targetLabel: 'm' }], gives: '{a="x", b="y", m="6"}' },
  { claim: 'uppercase', rules: [{ sourceLabels: ['a'], action: 'uppercase', targetLabel: 'a' }], gives: '{a="X", b="y"}' },
  {
    claim: 'of two labels mapped to one name the later in order wins',
    rules: [{ action: 'labelmap', regex: '[ab]', replacement: 'c' }],
    gives: '{a="x", b="y", c="y"}',
  },
  {
    claim: 'a label set before labelmap comes after those of the base',
    rules: [
      { targetLabel: 'a', replacement: 'new' },
      { action: 'labelmap', regex: '[ab]', replacement: 'c' },
    ],
    gives: '{a="new", b="y", c="new"}',
  },
  { claim: 'labelkeep may leave nothing', rules: [{ action: 'labelkeep', regex: 'z' }], gives: '{}' },
])('$claim', ({ rules, gives }) => {
  expect(check({ a: 'x', b: 'y' }, ...rules)).toBe(gives);
});

test('steps show every rule, also those after a drop', () => {
  const steps = relabelSteps(
    Labels.of({ a: 'x' }),
    [rule({ targetLabel: 'b', replacement: '1' }), rule({ action: 'drop' }), rule({})],
    'utf8',
  );
  expect(steps.map(({ keep, output }) => [keep, output.toString()])).toEqual([
    [true, '{a="x", b="1"}'],
    [false, '{}'],
    [false, '{}'],
  ]);
});

test('a long wrong template is refused in no time', () => {
  expect(validateRelabelConfig(rule({ action: 'labelmap', replacement: `${'$aa'.repeat(5000)}-` }), 'legacy')).toMatch(
    /is invalid 'replacement'/,
  );
});
