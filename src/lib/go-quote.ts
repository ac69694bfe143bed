/**
 * Go's strconv.Quote and its rune forms %q and %#U: how Prometheus and Alertmanager print label values and name
 * characters. Non-printable runes are escaped, and so are the lone bytes that utf8-bytes.ts carries.
 */
export function goQuote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  let out = '"';
  for (const rune of text) out += escapeRune(rune);
  return `${out}"`;
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
/** unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const SHORT: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function escapeRune(rune: string): string {
  const short = SHORT[rune];
  if (short !== undefined) return short;
  if (PRINTABLE.test(rune)) return rune;
  const code = rune.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'; // a lone surrogate has no UTF-8 form
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** %q of a rune: 'x'. */
export function goQuoteRune(code: number): string {
  const rune = String.fromCodePoint(code);
  if (rune === "'") return "'\\''";
  return `'${rune === '"' ? rune : escapeRune(rune)}'`;
}

/** %#U of a rune: U+0063 'c'. */
export function goUnicodeRune(code: number): string {
  const rune = String.fromCodePoint(code);
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return PRINTABLE.test(rune) ? `${name} '${rune}'` : name;
}
