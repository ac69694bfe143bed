import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import {
  compileAlertmanagerRegex,
  compileMatcherRegex,
  compileRegex,
  compileSilenceRegex,
  type Regex,
  storedSilenceRegex,
} from './regex.ts';

function compiled(source: string): Regex {
  const regex = compileRegex(source);
  if ('error' in regex) throw new Error(regex.error);
  return regex;
}

const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  'a*',
  'b?',
  '[ab]',
  '(a|b)',
  'ab+',
  '🙂',
  '🙂?',
  '|',
  '\\w',
  '^',
  '$',
  '\\b',
  '(?i)',
  '()',
  'a(?i)*',
);
const text = fc.array(fc.constantFrom('a', 'b', '🙂', '\n', 'A'), { maxLength: 5 }).map((parts) => parts.join(''));

test('the shortcuts change no answer', () => {
  fc.assert(
    fc.property(fc.array(atom, { maxLength: 5 }), text, (atoms, input) => {
      const source = atoms.join('');
      expect(compiled(source).matches(input)).toBe(RE2JS.compile(`^(?s:${source})$`).testExact(input));
      const expected = RE2JS.compile(`^(?:${source})$`).testExact(input);
      const regexes = [compileAlertmanagerRegex(source), compileSilenceRegex(source), storedSilenceRegex(source)];
      expect(regexes.map((regex) => !('error' in regex) && regex.matches(input))).toEqual([expected, expected, expected]);
    }),
    { numRuns: 1000 },
  );
});

test("only Alertmanager's dot stops at a newline", () => {
  const regex = compileAlertmanagerRegex('a.b');
  expect([compiled('a.b').matches('a\nb'), !('error' in regex) && regex.matches('a\nb')]).toEqual([true, false]);
});

test('what RE2/J leaves out of an error is put back', () => {
  expect(compileAlertmanagerRegex('\\')).toEqual({ error: 'error parsing regexp: missing closing ): `^(?:\\)$`' });
  expect(compileSilenceRegex('a\\')).toEqual({ error: 'error parsing regexp: trailing backslash at end of expression: ``' });
});

test('a pattern that is one only where it is anchored is none of a silence', () => {
  expect([compileAlertmanagerRegex('a)|(b'), compileSilenceRegex('a)|(b')]).toMatchObject([
    { source: 'a)|(b' },
    { error: 'error parsing regexp: unexpected ): `a)|(b`' },
  ]);
});

test.each([
  ['a{1000}'.repeat(101), 'error parsing regexp: expression too large'],
  ['(a{500}b{500}){2}'.repeat(60), 'error parsing regexp: expression too large'],
  ['((((a{1000}){1000}){1000}){1000}', 'error parsing regexp: expression too large'],
  ['a{1001}', 'error parsing regexp: invalid repeat count: `{1001}`'],
])('what would take long to compile is refused at once: %#', (source, error) => {
  const compilers = [compileRegex, compileMatcherRegex, compileAlertmanagerRegex, compileSilenceRegex];
  expect(compilers.map((compile) => compile(source))).toEqual(compilers.map(() => ({ error })));
});

test.each([
  ['a|b|c.d', 'c-d', 'b', 'e'],
  ['10\\.0\\.0\\.1:9100|x', '10.0.0.1:9100', 'x', '10a0.0.1:9100'],
  ['a.*b.+', 'axb1', 'ab\n', 'ab'],
  ['', '', '', 'a'],
  ['|', '', '', 'a'],
  ['(a|b)|((c.*)|)', 'a', 'cx', 'ax'],
  ['a\\)|\\(b', 'a)', '(b', 'ab'],
  [`(${Array.from({ length: 20_000 }, (_, i) => `host-${i}`).join('|')})`, 'host-0', 'host-19999', 'host-20000'],
])('%.40s, which is compiled only when it is needed, matches %s and %s, but not %s', (source, yes, too, no) => {
  const regex = compiled(source);
  expect([regex.matches(yes), regex.matches(too), regex.matches(no)]).toEqual([true, true, false]);
  expect(regex.program().inst.length).toBeGreaterThan(0);
});

test.each(['*a', 'a**', '.**', 'a)', '(a', '[a', 'a\\', '\\1', '\\c', '{2}*', '+', '.+*', '())', '(?', '(*)', '\\('.repeat(2) + '('])(
  '%s is no pattern',
  (source) => {
    for (const compile of [compileRegex, compileMatcherRegex, compileSilenceRegex]) expect(compile(source)).toHaveProperty('error');
  },
);

test.each([
  ['(?P<n>a)|(?P<n>b)', 'b', true],
  ['(?P<n>a)(?<n>b)', 'a', false],
])('%s, whose groups share a name, matches %s: %s', (source, input, isMatch) => {
  const regexes = [compileRegex, compileMatcherRegex, compileSilenceRegex, storedSilenceRegex].map((compile) => compile(source));
  expect(regexes.map((regex) => !('error' in regex) && regex.matches(input))).toEqual([isMatch, isMatch, isMatch, isMatch]);
});
