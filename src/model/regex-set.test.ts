import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { storedSilenceRegex } from './regex.ts';
import { RegexSet } from './regex-set.ts';

const ATOMS = [
  'a b K s 🙂 é . - \\n a* b? a+ 🙂{2} a{0} b{0,2} .{1,3} [ab] [^a] [a-c-] [^\\n] [[:alpha:]] \\d \\w+ \\W \\pL \\PL | ( (?: (?i: (?i) ) )? )* )+',
  '(?s) (?m) (?-i) ^ $ \\b \\B \\A \\z',
].flatMap((atoms) => atoms.split(' '));
const anyPattern = fc
  .array(fc.constantFrom(...ATOMS), { maxLength: 8 })
  .map((atoms) => atoms.join(''))
  .filter(isPattern);
const anyText = fc
  .array(fc.constantFrom(...'a b c A B k K s S ſ \u212a 🙂 é É - 1 _ \n \ud83d'.split(' ')), { maxLength: 8 })
  .map((parts) => parts.join(''));

test('a set finds the patterns that match a text one by one', () => {
  fc.assert(
    fc.property(
      fc.array(anyPattern, { minLength: 1, maxLength: 12 }),
      fc.array(anyText, { minLength: 1, maxLength: 20 }),
      (patterns, texts) => {
        const set = setOf(patterns);
        for (const text of texts) expect({ text, found: set.matching(text) }).toEqual({ text, found: oneByOne(patterns, text) });
      },
    ),
    { numRuns: 1500, seed: 1 },
  );
});

test.each([
  { what: 'a letter that was long ago', patterns: many(16, (i) => `.*[a-${'mnop'[i % 4]}].{${10 + i}}`) },
  { what: 'how often a part came', patterns: many(16, (i) => `([a-g]{1,${i + 1}}|[c-z]{2,${i + 2}}){1,9}`) },
])('patterns that remember $what give up together and go on alone', ({ patterns }) => {
  const texts = many(100, textOf);
  const answers = texts.map((text) => oneByOne(patterns, text));
  const together = setOf(patterns);
  const found = texts.map((text) => together.matching(text));
  expect(found).toContain(null);
  for (const [i, matches] of found.entries()) if (matches !== null) expect(matches).toEqual(answers[i]);
  patterns.forEach((pattern, at) => {
    const alone = setOf([pattern]);
    expect(texts.map((text) => alone.matching(text)?.length)).toEqual(answers.map((matches) => (matches.includes(at) ? 1 : 0)));
  });
});

test('more kinds of characters than are remembered', () => {
  const runes = many(1500, (i) => String.fromCodePoint(0x4e00 + 2 * i));
  const set = setOf([runes.map((rune, i) => `${rune}${i % 10}`).join('|')]);
  for (const [i, rune] of runes.entries()) {
    expect([`${rune}${i % 10}`, `${rune}${(i + 1) % 10}`].map((text) => set.matching(text)?.length)).toEqual([1, 0]);
  }
});

const setOf = (patterns: readonly string[]): RegexSet => new RegexSet(patterns.map((pattern) => storedSilenceRegex(pattern).program()));

const oneByOne = (patterns: readonly string[], text: string): readonly number[] =>
  patterns.flatMap((pattern, i) => (RE2JS.compile(pattern).testExact(text) ? [i] : []));

function isPattern(source: string): boolean {
  try {
    RE2JS.compile(source);
    return true;
  } catch {
    return false;
  }
}

function many<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** Letters without a pattern. */
function textOf(i: number): string {
  let state = i + 1;
  return many(40, () => {
    state = (state * 48_271) % 0x7fff_ffff;
    return String.fromCharCode(97 + (state % 26));
  }).join('');
}
