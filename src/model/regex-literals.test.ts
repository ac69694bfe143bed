import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { foldCase, regexLiterals } from './regex-literals.ts';

const NUMBERED = Array.from('0123456789', (digit) => `db${digit}`);

const ATOMS = [
  'a b 🙂 . - { a* b? b?? a+ 🙂{2} a{0} b{0,1} [ab] [^a] [a-c-] [🙂b] [[:alpha:]] | ( (?: (?i: (?P<n> ) )? )* )+',
  '(?s) (?i) (?-i) (?-i: K s é .{2,} {3} \\w \\pL \\. \\n \\b ^ $ \\x61',
].flatMap((atoms) => atoms.split(' '));

test.each([
  { pattern: 'web|api', values: ['web', 'api'] },
  { pattern: '^(?:web|api)$', values: ['web', 'api'], isExact: false },
  { pattern: '(web|api)-(1|2)?', values: ['web-1', 'web-2', 'web-', 'api-1', 'api-2', 'api-'] },
  { pattern: '(?P<host>db[1-3])\\.example', values: ['db1.example', 'db2.example', 'db3.example'] },
  { pattern: '|web', values: ['', 'web'] },
  { pattern: '', values: [''] },
  { pattern: '[]a-]{x', values: [']{x', 'a{x', '-{x'] },
  { pattern: '\\bweb', values: ['web'], isExact: false },
])('$pattern matches one of $values', ({ pattern, values, isExact = true }) => {
  expect(regexLiterals(pattern)).toMatchObject({ values, isExact });
});

test.each([
  { pattern: '.*-foo-(1|2).*', needs: ['-foo-1', '-foo-2'] },
  { pattern: '(a|b).*c', starts: ['a', 'b'], needs: ['c'], ends: ['c'] },
  { pattern: '^(?:host-.*)$', starts: ['host-'], needs: ['host-'] },
  { pattern: 'foo(bar.*baz)+qux', starts: ['foobar'], needs: ['foobar'], ends: ['bazqux'] },
  // A hundred together are too many; ten are not.
  { pattern: 'db[0-9][0-9]', starts: NUMBERED, needs: NUMBERED, ends: Array.from('0123456789') },
  { pattern: 'abc*', starts: ['ab'], needs: ['ab'] },
  { pattern: 'ab{2}', starts: ['ab'], needs: ['ab'], ends: ['b'] },
  { pattern: '🙂*x', needs: ['x'], ends: ['x'] },
  { pattern: '.*web.*|.*api', needs: ['web', 'api'] },
  { pattern: 'web.*|.*' },
  { pattern: '(?s).*\\.+\\d[^b-d]a?', needs: ['.'] },
  { pattern: '\\d+' },
  { pattern: '\\Qa.b\\E.' },
])('whoever matches $pattern contains one of $needs', ({ pattern, starts = null, needs = null, ends = null }) => {
  expect(regexLiterals(pattern)).toMatchObject({ values: null, starts, needs, ends });
});

test.each([
  { pattern: '(?i)FOO.*', starts: ['foo'], needs: ['foo'] },
  { pattern: '.*(?i:Web|[D-E]b).*', needs: ['web', 'db', 'eb'] },
  { pattern: '((?i)a|B)C.*', starts: ['ac', 'bc'], needs: ['ac', 'bc'] },
  // Of other alphabets only the place is known.
  { pattern: '(?i)webé+.*', starts: ['web'], needs: ['web'] },
  { pattern: '(?i)\\d-.*', needs: ['-'], foldsCase: false },
  { pattern: '(?i)(?-i)abc.*', starts: ['abc'], needs: ['abc'], foldsCase: false },
])('folded, whoever matches $pattern contains one of $needs', ({ pattern, starts = null, needs, foldsCase = true }) => {
  expect(regexLiterals(pattern)).toMatchObject({ values: null, starts, needs, foldsCase });
});

test.each([
  { pattern: '(?i)web|api', values: ['web', 'api'], foldsCase: true, lengthMin: 3 },
  { pattern: '.{3,}x?', values: null, foldsCase: false, lengthMin: 3 },
  { pattern: '(a{2}|[a-z]+\\d{3})+é', values: null, foldsCase: false, lengthMin: 3 },
  { pattern: '([a-z]+.{0,9}){4}🙂', values: null, foldsCase: false, lengthMin: 6 },
  { pattern: 'ab(?s)*', values: null, foldsCase: false, lengthMin: 0 },
  { pattern: 'a(?i){0}', values: null, foldsCase: false, lengthMin: 0 },
  { pattern: '[a-z]*|web', values: null, foldsCase: false, lengthMin: 0 },
])('whoever matches $pattern has at least $lengthMin units', ({ pattern, values, foldsCase, lengthMin }) => {
  expect(regexLiterals(pattern)).toMatchObject({ values, foldsCase, lengthMin });
});

test('folded texts are equal just where the engine folds ASCII letters', () => {
  for (let letter = 0x41; letter <= 0x5a; letter++) {
    const engine = RE2JS.compile(`(?i)${String.fromCharCode(letter)}`);
    const lower = String.fromCharCode(letter + 32);
    const differing = Array.from({ length: 0x3_0000 }, (_, rune) => String.fromCodePoint(rune)).filter(
      (character) => engine.testExact(character) !== (foldCase(character) === lower),
    );
    expect({ lower, differing }).toEqual({ lower, differing: [] });
  }
});

test('what is told of a pattern is true', () => {
  const atom = fc.constantFrom(...ATOMS);
  const text = fc
    .array(fc.constantFrom(...'a b 🙂 - . A { c K k s ſ \u212a é É 3'.split(' '), '\n'), { maxLength: 5 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(atom, { maxLength: 8 }), fc.array(text, { minLength: 1, maxLength: 10 }), (atoms, texts) => {
      const pattern = atoms.join('');
      const { values, isExact, needs, starts, ends, foldsCase, lengthMin } = regexLiterals(pattern);
      const engine = compiled(pattern);
      if (engine === null) return;
      for (const text of [...texts, ...(values ?? [])]) {
        const candidate = foldsCase ? foldCase(text) : text;
        if (!engine.testExact(text)) expect(isExact && values?.includes(text)).toBe(false);
        else {
          expect(text.length).toBeGreaterThanOrEqual(lengthMin);
          if (values !== null) expect(values).toContain(candidate);
          expect(needs?.some((needed) => candidate.includes(needed))).not.toBe(false);
          expect(starts?.some((start) => candidate.startsWith(start))).not.toBe(false);
          expect(ends?.some((end) => candidate.endsWith(end))).not.toBe(false);
        }
      }
    }),
    { numRuns: 5000 },
  );
});

test('a long pattern is read once, and combines no more than is of use', () => {
  const names = Array.from({ length: 5000 }, (_, i) => `host-${i}`);
  expect(regexLiterals(names.join('|')).values).toHaveLength(5000);
  expect(regexLiterals(`(${names.join('|')})-x.*`).needs).toEqual(['-x']);
  expect(regexLiterals('[ab]'.repeat(5000)).needs?.length).toBe(64);
});

function compiled(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return null;
  }
}
