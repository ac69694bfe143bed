import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Matcher } from '../model/matcher.ts';
import {
  alertMatcher,
  type MatcherMode,
  opOfApiMatcher,
  parseFilter,
  parseMatcher,
  parseMatchers,
  printAlertMatchers,
  toApiMatcher,
} from './matcher-text.ts';

const plain = (parsed: readonly Matcher[] | { readonly error: string }): unknown =>
  'error' in parsed ? parsed : parsed.map(({ name, op, value }) => `${name} ${op} ${value}`);

test.each<[text: string, classic: unknown, utf8: unknown, fallback: unknown]>([
  ['a="b",c=~"d|e"', ['a = b', 'c =~ d|e'], ['a = b', 'c =~ d|e'], ['a = b', 'c =~ d|e']],
  // Only one grammar reads it: that one wins.
  ['Σ="c"', { error: 'bad matcher format: Σ="c"' }, ['Σ = c'], ['Σ = c']],
  ['a=b{', ['a = b{'], { error: '3:4: unexpected {: expected a comma or close brace' }, ['a = b{']],
  // Both read it, differently: classic wins.
  ['a="\\t"', ['a = \\t'], ['a = \t'], ['a = \\t']],
  // Neither: the classic error.
  ['=', { error: 'bad matcher format: =' }, { error: '0:1: unexpected =: expected label name' }, { error: 'bad matcher format: =' }],
  [
    'a!',
    { error: 'bad matcher format: a!' },
    { error: "1:2: unexpected end of input, expected one of '=~': expected an operator such as '=', '!=', '=~' or '!~'" },
    { error: 'bad matcher format: a!' },
  ],
])('%s', (text, classic, utf8, fallback) => {
  expect([plain(parseMatchers(text, 'classic')), plain(parseMatchers(text, 'utf8')), plain(parseMatchers(text))]).toEqual([
    classic,
    utf8,
    fallback,
  ]);
});

test.each([
  ['a=b', ['a = b'], ['a = b'], ['a = b']],
  [
    '{a=b}',
    { error: 'bad matcher format: {a=b}' },
    { error: 'unexpected open or close brace: {a=b}' },
    { error: 'unexpected open or close brace: {a=b}' },
  ],
  ['a=b}', ['a = b}'], { error: 'unexpected open or close brace: a=b}' }, { error: 'unexpected open or close brace: a=b}' }],
])('the filter %s', (text, classic, utf8, fallback) => {
  const read = (mode: MatcherMode) => {
    const matcher = parseFilter(text, mode);
    return plain('error' in matcher ? matcher : [matcher]);
  };
  expect([read('classic'), read('utf8'), read('fallback')]).toEqual([classic, utf8, fallback]);
});

const anyMatcher = fc
  .tuple(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('=', '!=', '=~', '!~'), fc.string({ unit: 'grapheme' }))
  .map(([name, op, value]) => alertMatcher(name, op, value))
  .filter((matcher): matcher is Matcher => !('error' in matcher));

test('what is printed reads back the same', () => {
  fc.assert(
    fc.property(fc.array(anyMatcher, { maxLength: 3 }), (matchers) => {
      expect(plain(parseMatchers(printAlertMatchers(matchers), 'utf8'))).toEqual(plain(matchers));
    }),
  );
});

test.each<MatcherMode>(['classic', 'utf8', 'fallback'])('no text breaks the %s parser', (mode) => {
  const piece = fc.constantFrom('a', '{', '}', '=', '!', '~', ',', '"', '\\', "'", '`', ' ', 'Σ', '\n', '0', '\ud800');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      parseMatchers(pieces.join(''), mode);
      parseMatcher(pieces.join(''), mode);
    }),
  );
});

test('a long run of blanks is read in one go', () => {
  const blanks = ' '.repeat(200_000);
  expect(plain(parseMatchers(`a=b${blanks}c${blanks}`, 'classic'))).toEqual([`a = b${blanks}c`]);
});

test('the API shape of a matcher and back', () => {
  for (const op of ['=', '!=', '=~', '!~'] as const) expect(opOfApiMatcher(toApiMatcher({ name: 'a', op, value: 'b' }))).toBe(op);
  expect(opOfApiMatcher({ name: 'a', value: 'b', isRegex: true })).toBe('=~');
});
