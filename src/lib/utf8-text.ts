/** Go strings are UTF-8 bytes, ours are UTF-16 units: what is asked of a string in bytes goes through here. */
const encoder = new TextEncoder();

/** Lone surrogates become U+FFFD. */
export const utf8Bytes = (text: string): Uint8Array => encoder.encode(text);

/** How many bytes the text takes in UTF-8. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (unit >= 0xd800 && unit <= 0xdbff && isLowSurrogate(text.charCodeAt(i + 1))) {
      length += 2;
      i++;
    } else length += 2;
  }
  return length;
}

/** The text's first runes, at most `count`. */
export function firstRunes(text: string, count: number): string {
  let end = 0;
  for (let i = 0; i < count && end < text.length; i++) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** Each byte that is no part of a well-formed rune becomes one U+FFFD, as Go's range over a string gives it. */
export function utf8Text(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const { rune, size } = decodeRune(bytes, i);
    text += String.fromCodePoint(rune);
    i += size;
  }
  return text;
}

function decodeRune(bytes: Uint8Array, at: number): { rune: number; size: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { rune: first, size: 1 };
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  let rune = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) {
    const next = bytes[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return { rune: 0xfffd, size: 1 };
    rune = (rune << 6) | (next & 0x3f);
  }
  const shortest = size === 2 ? 0x80 : size === 3 ? 0x800 : 0x10000;
  const valid = first >= 0xc2 && first <= 0xf4 && rune >= shortest && rune <= 0x10ffff && (rune < 0xd800 || rune > 0xdfff);
  return valid ? { rune, size } : { rune: 0xfffd, size: 1 };
}
