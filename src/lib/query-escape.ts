/** Go's url.QueryEscape and QueryUnescape: form encoding of one value. */
import { decodeUtf8, encodeUtf8 } from './utf8-bytes.ts';

export function queryEscape(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text;
  let out = '';
  for (const byte of encodeUtf8(text)) {
    const char = String.fromCharCode(byte);
    if (byte === 0x20) out += '+';
    else if (/[\w.~-]/.test(char)) out += char;
    else out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** The text, or Go's error for a broken escape. */
export function queryUnescape(text: string): { readonly text: string } | { readonly error: string } {
  const bytes: number[] = [];
  const source = encodeUtf8(text);
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0;
    if (byte === 0x2b) bytes.push(0x20);
    else if (byte !== 0x25) bytes.push(byte);
    else {
      const escape = String.fromCharCode(...source.subarray(i, i + 3));
      if (!/^%[0-9a-fA-F]{2}$/.test(escape)) return { error: `invalid URL escape "${decodeUtf8(source.subarray(i, i + 3))}"` };
      bytes.push(Number.parseInt(escape.slice(1), 16));
      i += 2;
    }
  }
  return { text: decodeUtf8(new Uint8Array(bytes)) };
}
