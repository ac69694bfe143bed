/** Go's strings.TrimSpace, and the title casing of golang.org/x/text/cases. */
import { goToLower } from './go-case.ts';

const SPACE = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING_SPACE = new RegExp(`^${SPACE}+`);
const ONE_SPACE = new RegExp(SPACE);

export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && ONE_SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end).replace(LEADING_SPACE, '');
}

/** Inside a word one of these does not end it: can't, e.g. */
const MID_WORD = /^[.:'\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a]$/u;
const WORD = /^[\p{Alphabetic}\p{Nd}\p{M}\p{Pc}\p{Cf}]$/u;
const NO_WORD = /^[\p{Ideographic}\p{Script=Hiragana}\p{Script=Katakana}]$/u;
const CASED = /^\p{Cased}$/u;
const TITLE_DIGRAPHS: Readonly<Record<string, string>> = { Ǆ: 'ǅ', ǆ: 'ǅ', Ǉ: 'ǈ', ǉ: 'ǈ', Ǌ: 'ǋ', ǌ: 'ǋ', Ǳ: 'ǲ', ǳ: 'ǲ' };

/** The first cased letter of each word in title case; the others in lower case, unless `keepsRest`. */
export function titleCase(text: string, options: { readonly keepsRest: boolean }): string {
  let out = '';
  let inWord = false;
  let previousIsMid = false;
  for (const rune of text) {
    const isMid = MID_WORD.test(rune);
    if (previousIsMid && isMid) inWord = false;
    if (CASED.test(rune)) {
      out += inWord ? (options.keepsRest ? rune : goToLower(rune)) : titleRune(rune);
      inWord = true;
    } else {
      out += rune;
      if (!isMid && (!WORD.test(rune) || NO_WORD.test(rune))) inWord = false;
    }
    previousIsMid = isMid;
  }
  return out;
}

function titleRune(rune: string): string {
  const digraph = Object.hasOwn(TITLE_DIGRAPHS, rune) ? TITLE_DIGRAPHS[rune] : undefined;
  if (digraph !== undefined) return digraph;
  const [first = rune, ...rest] = rune.toUpperCase();
  return first + rest.join('').toLowerCase();
}
