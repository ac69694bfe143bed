/**
 * Text as the UTF-8 bytes that Go programs see, and back without loss: a byte that belongs to no well-formed rune
 * travels as the lone surrogate U+DC00 + byte, as in Python's surrogateescape (PEP 383). Any other lone surrogate
 * becomes U+FFFD.
 */
const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ESCAPED = /[\udc80-\udcff]/;
const HIGH_SURROGATE = 0xd800;
const ESCAPE_BASE = 0xdc00;

export function encodeUtf8(text: string): Uint8Array {
  if (!ESCAPED.test(text)) return encoder.encode(text);
  // A low surrogate after a high one is half of a rune; only the others are escaped bytes.
  const out = new Uint8Array(text.length * 3);
  let length = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < ESCAPE_BASE + 0x80 || unit > ESCAPE_BASE + 0xff || isHighSurrogate(text, i - 1)) continue;
    length += encoder.encodeInto(text.slice(from, i), out.subarray(length)).written;
    out[length++] = unit - ESCAPE_BASE;
    from = i + 1;
  }
  length += encoder.encodeInto(text.slice(from), out.subarray(length)).written;
  return out.slice(0, length);
}

export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeEscaping(bytes); // rare: the bytes are not UTF-8
  }
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = '';
  let from = 0;
  for (let i = 0; i < bytes.length; ) {
    const width = runeWidth(bytes, i);
    if (width > 0) {
      i += width;
      continue;
    }
    text += strict.decode(bytes.subarray(from, i)) + String.fromCharCode(ESCAPE_BASE + (bytes[i] ?? 0));
    from = ++i;
  }
  return text + strict.decode(bytes.subarray(from));
}

const isHighSurrogate = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === HIGH_SURROGATE;

/** How many bytes the well-formed rune at `at` takes; 0 when there is none. */
export function runeWidth(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0xff;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  if ((second & 0xc0) !== 0x80) return 0;
  if (first < 0xe0) return 2;
  if (((bytes[at + 2] ?? 0) & 0xc0) !== 0x80) return 0;
  if (first < 0xf0) return (first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f) ? 0 : 3;
  if (((bytes[at + 3] ?? 0) & 0xc0) !== 0x80) return 0;
  return (first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f) ? 0 : 4;
}

/** Length in UTF-8 bytes, as `encodeUtf8` makes them. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length++;
    else if (isHighSurrogate(text, i) && (text.charCodeAt(i + 1) & 0xfc00) === ESCAPE_BASE) {
      length += 2;
      i++;
    } else if (unit < ESCAPE_BASE + 0x80 || unit > ESCAPE_BASE + 0xff) length += 2;
  }
  return length;
}
