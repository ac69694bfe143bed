/** Go's strconv.Unquote for double-quoted literals: the text, or null where Go refuses it or its bytes are not UTF-8. */
export function goUnquote(literal: string): string | null {
  if (literal.length < 2 || !literal.startsWith('"') || !literal.endsWith('"')) return null;
  const inner = literal.slice(1, -1);
  if (!/["\\\n]/.test(inner)) return /\p{Cs}/u.test(inner) ? null : inner; // a lone surrogate has no UTF-8 form
  const bytes: number[] = [];
  for (let i = 0; i < inner.length; ) {
    const char = inner[i] ?? '';
    if (char === '"' || char === '\n') return null;
    if (char === '\\') {
      const escape = readEscape(inner, i);
      if (escape === null) return null;
      bytes.push(...escape.bytes);
      i += escape.length;
    } else {
      const rune = String.fromCodePoint(inner.codePointAt(i) ?? 0);
      bytes.push(...encoder.encode(rune));
      i += rune.length;
    }
  }
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return null; // \x or octal escapes that are no UTF-8
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const SHORT: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, '"': 34 };
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The escape that starts at `at`: its bytes, and how many characters it took. */
function readEscape(text: string, at: number): { readonly bytes: Iterable<number>; readonly length: number } | null {
  const letter = text[at + 1] ?? '';
  const short = SHORT[letter];
  if (short !== undefined) return { bytes: [short], length: 2 };
  const digits = HEX_DIGITS[letter];
  if (digits !== undefined) {
    const hex = text.slice(at + 2, at + 2 + digits);
    if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return null;
    const value = Number.parseInt(hex, 16);
    if (letter === 'x') return { bytes: [value], length: 4 };
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return null;
    return { bytes: encoder.encode(String.fromCodePoint(value)), length: 2 + digits };
  }
  const octal = text.slice(at + 1, at + 4);
  if (!/^[0-7]{3}$/.test(octal)) return null;
  const value = Number.parseInt(octal, 8);
  return value > 255 ? null : { bytes: [value], length: 4 };
}
