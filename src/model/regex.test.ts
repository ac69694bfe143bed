import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileAlertmanagerRegex, compileRegex, literalPrefix, type Regex } from './regex.ts';

function compiled(source: string): Regex {
  const regex = compileRegex(source);
  if ('error' in regex) throw new Error(regex.error);
  return regex;
}

test.each([
  ['host-1[0-9]:9100', 'host-1'],
  ['abc*', 'ab'],
  ['ab{2}', 'a'],
  ['🙂*x', ''],
  ['^(?:db-.*)$', 'db-'],
  ['a.b|c.d', ''],
  ['(?i)abc.', ''],
  ['\\d+', ''],
])('every match of %s starts with %j', (source, prefix) => {
  expect(literalPrefix(source)).toBe(prefix);
});

test.each([
  ['web|api', ['web', 'api']],
  ['^(?:web|api)$', ['web', 'api']],
  ['(web|api)', ['web', 'api']],
  ['web.|api', null],
])('%s is an alternation of %j', (source, literals) => {
  expect(compiled(source).literals).toEqual(literals);
});

test('the shortcuts change no answer', () => {
  const atom = fc.constantFrom('a', 'b', '.', 'a*', 'b?', '[ab]', '(a|b)', 'ab+', '🙂', '🙂?', '|', '\\w');
  const text = fc.array(fc.constantFrom('a', 'b', '🙂', '\n'), { maxLength: 5 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(atom, { maxLength: 5 }), text, (atoms, input) => {
      const source = atoms.join('');
      // An empty group in front defeats every shortcut.
      return compiled(source).matches(input) === compiled(`(?:)${source}`).matches(input);
    }),
  );
});

test("only Alertmanager's dot stops at a newline", () => {
  const regex = compileAlertmanagerRegex('a.b');
  expect([compiled('a.b').matches('a\nb'), !('error' in regex) && regex.matches('a\nb')]).toEqual([true, false]);
});
