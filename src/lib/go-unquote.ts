/**
 * Go's strconv.Unquote as Prometheus widens it (util/strutil/quote.go): "…", '…' and `…` are all strings. Escapes name
 * bytes (\xff, \377) or runes (\u263a); bytes that form no rune come out as utf8-bytes.ts carries them.
 */
import { decodeUtf8, encodeUtf8 } from './utf8-bytes.ts';

/** The text, or null where the literal is not well-formed. Surrogates as runes: Prometheus replaces, strconv refuses. */
export function goUnquote(literal: string, surrogates: 'replace' | 'refuse' = 'replace'): string | null {
  if (surrogates === 'refuse' && /\\(?:u|U0000)[dD][89a-fA-F]/.test(literal.replaceAll('\\\\', ''))) return null;
  const quote = literal.charAt(0);
  if (literal.length < 2 || literal.at(-1) !== quote) return null;
  const inner = literal.slice(1, -1);
  if (quote === '`') return inner.includes('`') ? null : inner;
  if ((quote !== '"' && quote !== "'") || inner.includes('\n')) return null;
  if (!inner.includes('\\')) return inner.includes(quote) ? null : inner;
  return unescape(inner, quote);
}

const SINGLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' };
const DIGITS: Readonly<Record<string, readonly [length: number, base: number]>> = { x: [2, 16], u: [4, 16], U: [8, 16] };
/** Runs without escapes and quotes, or one escape with all its digits. */
const PIECE = /[^\\"']+|["']|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|[abfnrtv\\"'])/y;

function unescape(inner: string, quote: string): string | null {
  let text = '';
  let hasBytes = false;
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < inner.length) {
    const piece = PIECE.exec(inner)?.[0];
    if (piece === undefined) {
      PIECE.lastIndex = 0;
      return null;
    }
    const next = piece.startsWith('\\') ? escaped(piece.slice(1), quote) : piece === quote ? null : piece;
    if (next === null) return null;
    hasBytes ||= BYTE.test(next);
    text += next;
  }
  // Bytes named one by one may together be a rune: "\xc3\xa9" is é.
  return hasBytes ? decodeUtf8(encodeUtf8(text)) : text;
}

const BYTE = /^[\udc80-\udcff]$/;

function escaped(escape: string, quote: string): string | null {
  const letter = escape.charAt(0);
  if (letter === '"' || letter === "'") return letter === quote ? letter : null;
  const single = SINGLE[letter];
  if (single !== undefined) return single;
  const [length, base] = DIGITS[letter] ?? [3, 8];
  const code = Number.parseInt(escape.slice(-length), base);
  if (length <= 3) return code > 0xff ? null : code < 0x80 ? String.fromCharCode(code) : String.fromCharCode(0xdc00 + code);
  if (code > 0x10ffff) return null;
  return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
}
