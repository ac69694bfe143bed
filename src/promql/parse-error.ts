/** A mistake in a query: what Prometheus says of it, and where. */
import { encodeUtf8 } from '../lib/utf8-bytes.ts';
import type { Span } from './ast.ts';

export type ParseError = {
  readonly message: string;
  /** Byte offsets into the UTF-8 text. */
  readonly span: Span;
};

/** `line:col: parse error: message`, both counted from 1, columns in bytes. */
export function formatParseError(text: string, error: ParseError): string {
  return `${position(encodeUtf8(text), error.span.start)}: parse error: ${error.message}`;
}

/** The first of them, of which there is one at least: it is all that Prometheus tells, and the others often follow from it. */
export function formatFirstError(text: string, [first]: readonly ParseError[]): string {
  if (first === undefined) throw new Error('BUG: a parse that failed without an error');
  return formatParseError(text, first);
}

const NEWLINE = 0x0a;

function position(bytes: Uint8Array, at: number): string {
  if (bytes.length === 0) return 'unknown position';
  if (at < 0 || at > bytes.length) return 'invalid position';
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < at; i++) {
    if (bytes[i] !== NEWLINE) continue;
    line++;
    lineStart = i + 1;
  }
  return `${line}:${at - lineStart + 1}`;
}
