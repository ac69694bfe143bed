import { expect, test } from 'vitest';
import { goQuote, goQuoteRune, goUnicodeRune } from './go-quote.ts';

test.each([
  ['plain', '"plain"'],
  ['a"b\\c\n\t\x07', '"a\\"b\\\\c\\n\\t\\a"'],
  ["'", `"'"`],
  ['\x00\x7f\u00a0', '"\\x00\\x7f\\u00a0"'],
  ['é☺🙂', '"é☺🙂"'],
  ['\u{10ffff}', '"\\U0010ffff"'],
  ['\udcff', '"\\xff"'],
])('%j is quoted %s', (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});

test.each([
  ['c', `'c'`, `U+0063 'c'`],
  ["'", `'\\''`, `U+0027 '''`],
  ['"', `'"'`, `U+0022 '"'`],
  ['\n', `'\\n'`, 'U+000A'],
  ['\ufffd', `'\ufffd'`, `U+FFFD '\ufffd'`],
  ['🙂', `'🙂'`, `U+1F642 '🙂'`],
])('the rune %j is %s or %s', (rune, quoted, named) => {
  const code = rune.codePointAt(0) ?? 0;
  expect([goQuoteRune(code), goUnicodeRune(code)]).toEqual([quoted, named]);
});
