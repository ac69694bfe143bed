/**
 * What the text formats share: their tokens, the bytes that make names and quoted strings, and how an error shows what
 * it met (prometheus/model/textparse, promlex.l and openmetricslex.l).
 */
import { goQuote } from '../../lib/go-quote.ts';
import { parseGoFloat } from '../../lib/parse-float.ts';
import { isUtf8 } from '../../lib/utf8.ts';
import type { MetricType } from './parser.ts';

/** Names as Prometheus prints them in its errors. */
export type Token =
  | 'INVALID'
  | 'EOF'
  | 'LINEBREAK'
  | 'HELP'
  | 'TYPE'
  | 'UNIT'
  | 'EOFWORD'
  | 'TEXT'
  | 'COMMENT'
  | 'MNAME'
  | 'QSTRING'
  | 'BOPEN'
  | 'BCLOSE'
  | 'LNAME'
  | 'LVALUE'
  | 'COMMA'
  | 'EQUAL'
  | 'TIMESTAMP'
  | 'VALUE';

export const NUL = 0x00;
export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const COMMA = 0x2c;
export const EQUAL = 0x3d;
const BACKSLASH = 0x5c;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;

const LETTER = 1;
const DIGIT = 2;
const COLON = 4;
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return /[a-zA-Z_]/.test(char) ? LETTER : /[0-9]/.test(char) ? DIGIT : char === ':' ? COLON : 0;
});

export const isDigit = (byte: number | undefined): boolean => byte !== undefined && CLASSES[byte] === DIGIT;

/** Where the metric name that starts at `from` ends; `from` when there is none. */
export function metricNameEnd(bytes: Uint8Array, from: number): number {
  return nameEnd(bytes, from, LETTER | COLON);
}

export function labelNameEnd(bytes: Uint8Array, from: number): number {
  return nameEnd(bytes, from, LETTER);
}

function nameEnd(bytes: Uint8Array, from: number, first: number): number {
  if (from >= bytes.length || ((CLASSES[bytes[from] as number] as number) & first) === 0) return from;
  const rest = first | DIGIT;
  let i = from + 1;
  while (i < bytes.length && ((CLASSES[bytes[i] as number] as number) & rest) !== 0) i++;
  return i;
}

/** True when bytes[from, …) begins with `word`. */
export function startsWith(bytes: Uint8Array, from: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word.charCodeAt(i)) return false;
  return true;
}

export type QuoteRules = {
  readonly newlines: boolean;
  /** NUL bytes are part of the string; else they end the scan. */
  readonly nuls: boolean;
};

/**
 * Where the quoted string that starts at `from` ends, after its closing quote. When it does not end well: the one's
 * complement of where the scan stopped.
 */
export function quotedEnd(bytes: Uint8Array, from: number, rules: QuoteRules): number {
  let escaped = false;
  let i = from + 1;
  for (; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === NUL) {
      if (!rules.nuls) return ~i;
      continue;
    }
    if (byte === NEWLINE && (escaped || !rules.newlines)) return ~i;
    if (escaped) escaped = false;
    else if (byte === BACKSLASH) escaped = true;
    else if (byte === QUOTE) return i + 1;
  }
  return ~i;
}

/**
 * Reads labels from `from` on, where a name may start, while they are written plainly: name="value", in ASCII without
 * blanks or escapes. Pushes name from, name to, value from, value to of each; returns where the next label may start, or
 * the end of the closing brace (then that is the byte before). Both text formats read such labels alike.
 */
export function plainLabelsEnd(bytes: Uint8Array, from: number, spans: number[]): number {
  let at = from;
  for (;;) {
    const nameEnd = labelNameEnd(bytes, at);
    if (nameEnd === at || bytes[nameEnd] !== EQUAL || bytes[nameEnd + 1] !== QUOTE) return at;
    const valueFrom = nameEnd + 2;
    let end = valueFrom;
    while ((PLAIN[bytes[end] ?? 0] as number) === 1) end++;
    if (bytes[end] !== QUOTE) return at;
    const after = bytes[end + 1];
    if (after !== COMMA && after !== BRACE_CLOSE) return at;
    spans.push(at, nameEnd, valueFrom, end);
    at = end + 2;
    if (after === BRACE_CLOSE) return at;
  }
}

/** Printable ASCII but quote and backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= SPACE && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0));

const TYPES: readonly MetricType[] = ['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown'];

/** The type that bytes[from, to) names, as OpenMetrics spells it. */
export function metricTypeAt(bytes: Uint8Array, from: number, to: number): MetricType | null {
  for (const type of TYPES) if (type.length === to - from && startsWith(bytes, from, type)) return type;
  return null;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
export const decodeUtf8 = (bytes: Uint8Array, from: number, to: number): string => decoder.decode(bytes.subarray(from, to));

const SHOWN_BYTES_MAX = 512;

/** Go's %q of bytes; of long ones, the beginning. */
export function quoteBytes(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > SHOWN_BYTES_MAX) return `${quoteBytes(bytes, from, from + SHOWN_BYTES_MAX)}...`;
  if (isUtf8(bytes, from, to)) return goQuote(decodeUtf8(bytes, from, to));
  let out = '';
  let i = from;
  while (i < to) {
    let end = i + 1;
    while (end < i + 4 && end < to && !isUtf8(bytes, i, end)) end++;
    if (isUtf8(bytes, i, end)) out += goQuote(decodeUtf8(bytes, i, end)).slice(1, -1);
    else {
      out += `\\x${(bytes[i] ?? 0).toString(16).padStart(2, '0')}`;
      end = i + 1;
    }
    i = end;
  }
  return `"${out}"`;
}

const LABEL_ESCAPE = /\\(["\\n])/g;
const HELP_ESCAPE = /\\([\\n])/g;
const unescape = (_match: string, char: string): string => (char === 'n' ? '\n' : char);

/** \" \\ and \n; other escapes stay as written. */
export const unescapeLabel = (text: string): string => (text.includes('\\') ? text.replace(LABEL_ESCAPE, unescape) : text);
export const unescapeHelp = (text: string): string => (text.includes('\\') ? text.replace(HELP_ESCAPE, unescape) : text);

/** Go's floats without the later additions: hexadecimal ones and underscores. */
export function parseExposedFloat(text: string): number | { readonly error: string } {
  return /[pP_]/.test(text) ? { error: 'unsupported character in float' } : parseGoFloat(text);
}
