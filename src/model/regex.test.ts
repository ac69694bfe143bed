import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { compileAlertmanagerRegex, compileRegex, compileSilenceRegex, type Regex, storedSilenceRegex } from './regex.ts';

function compiled(source: string): Regex {
  const regex = compileRegex(source);
  if ('error' in regex) throw new Error(regex.error);
  return regex;
}

const atom = fc.constantFrom('a', 'b', '.', 'a*', 'b?', '[ab]', '(a|b)', 'ab+', '🙂', '🙂?', '|', '\\w', '^', '$', '\\b', '(?i)', '()');
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
