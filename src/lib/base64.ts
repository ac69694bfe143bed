/** Standard base64 (RFC 4648 §4, padded), line breaks ignored, as Go's encoding/base64 StdEncoding reads it. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The bytes, or null when the text is not base64. */
export function decodeBase64(text: string): Uint8Array | null {
  const digits = text.replaceAll(/[\r\n]/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return null;
  const padding = digits.endsWith('==') ? 2 : digits.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((digits.length / 4) * 3 - padding);
  let at = 0;
  for (let i = 0; i < digits.length; i += 4) {
    let bits = 0;
    for (let j = i; j < i + 4; j++) bits = (bits << 6) | Math.max(0, ALPHABET.indexOf(digits[j] ?? ''));
    for (let shift = 16; shift >= 0 && at < bytes.length; shift -= 8) bytes[at++] = (bits >> shift) & 0xff;
  }
  return bytes;
}

/** Base64 with - and _ (RFC 4648 §5), padded: safe in URLs. */
export function encodeBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const count = Math.min(bytes.length - i, 3) + 1;
    for (let k = 0; k < 4; k++) text += k < count ? ALPHABET.charAt((bits >> (18 - 6 * k)) & 63) : '=';
  }
  return text.replaceAll('+', '-').replaceAll('/', '_');
}

/** The bytes, or where the text stops being base64 with - and _ (as Go counts, line breaks included). */
export function decodeBase64Url(text: string): Uint8Array | { readonly badAt: number } {
  const wrong = /^(?:[\w-]|[\r\n])*(?:=[\r\n]*){0,2}/.exec(text)?.[0].length ?? 0;
  const bytes = wrong < text.length ? null : decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
  return bytes ?? { badAt: wrong };
}
