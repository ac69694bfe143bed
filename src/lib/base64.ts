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
