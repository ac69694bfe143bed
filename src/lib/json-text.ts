/**
 * JSON as Go's encoders write it where a text is not well-formed: U+FFFD for each byte that belongs to no rune. Such a
 * byte is a lone surrogate here (utf8-bytes.ts), for which JSON.stringify has an escape that readers refuse.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes('\\ud') ? text.replace(ESCAPE, (escape, surrogate) => (surrogate === undefined ? escape : '\ufffd')) : text;
}

/** Any escape, so that the backslash of one is not taken for the beginning of another. */
const ESCAPE = /\\(?:(ud[89a-f][0-9a-f]{2})|.)/g;
