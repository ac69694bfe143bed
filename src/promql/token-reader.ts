/**
 * Tokens with one token of lookahead, and the mistakes found so far; what the parsers of this folder stand on. A token
 * is read only when it is asked for: of two mistakes, the one that Prometheus reports first depends on it.
 */
import { goQuote } from '../lib/go-quote.ts';
import { goUnquote } from '../lib/go-unquote.ts';
import type { Span } from './ast.ts';
import { Lexer } from './lexer.ts';
import type { ParseError } from './parse-error.ts';
import { describeToken, type Token, type TokenKind } from './token.ts';

/** Thrown by a reader to `parseWith` when nothing more can be made of the text; the reason is among the errors. */
class Stop extends Error {}

/** What the text at hand belongs to, for the error on a token that does not fit: "unexpected … in offset, expected …". */
export type Context = { readonly where: string; readonly expected: string };
export const NO_CONTEXT: Context = { where: '', expected: '' };

/**
 * How deep an expression may be, counted in nodes from the root to the deepest leaf. Whoever walks the tree may
 * therefore recurse. Prometheus has no such bound; its own stack grows.
 */
export const DEPTH_MAX = 500;
export const TOO_DEEP = `expression is more than ${DEPTH_MAX} levels deep; each operator of a chain counts, so set parts of a long chain in parentheses`;

/** So many are read in a few hundred milliseconds; who writes queries, or has them written, needs some thousand. */
const TOKENS_MAX = 1_000_000;

const CLOSING: ReadonlySet<TokenKind> = new Set<TokenKind>([')', ']', '}', 'number', 'duration']);

export class TokenReader {
  readonly bytes: Uint8Array;
  readonly errors: ParseError[] = [];
  /** End of the last bracket or number that was read, looked at or consumed: where many expressions end. */
  lastClosing = 0;
  /** The innermost construct that explains errors in its own words. Whoever sets it puts it back. */
  context = NO_CONTEXT;
  readonly #lexer: Lexer;
  #lookahead: Token | null = null;
  #depth = 0;
  #tokens = 0;
  #last: Token = { kind: 'eof', text: '', start: 0, end: 0 };

  constructor(text: string, kind: 'query' | 'series') {
    this.#lexer = new Lexer(text, kind);
    this.bytes = this.#lexer.bytes;
  }

  /** The next token, left where it is. */
  peek(): Token {
    this.#lookahead ??= this.#read();
    return this.#lookahead;
  }

  advance(): Token {
    const token = this.peek();
    this.#lookahead = null;
    return token;
  }

  /** Consumes the next token if it is of this kind. */
  accept(kind: TokenKind): Token | null {
    return this.peek().kind === kind ? this.advance() : null;
  }

  /** The token last read, looked at or consumed. */
  get last(): Token {
    return this.#last;
  }

  report(span: Span, message: string): void {
    this.errors.push({ message, span: { start: span.start, end: span.end } });
  }

  /** Reports that the next token fits nowhere, and gives up. */
  unexpected({ where, expected }: Context = this.context): never {
    const token = this.peek();
    const inside = where === '' ? '' : ` in ${where}`;
    return this.stop(token, `unexpected ${describeToken(token)}${inside}${expected === '' ? '' : `, expected ${expected}`}`);
  }

  /** Consumes a token of this kind, or gives up. */
  expect(kind: TokenKind, context: Context = this.context): Token {
    return this.accept(kind) ?? this.unexpected(context);
  }

  /** Called where a parser calls itself; `leave` must follow. */
  enter(): void {
    if (++this.#depth > DEPTH_MAX) this.stop(this.peek(), TOO_DEEP);
  }

  leave(): void {
    this.#depth--;
  }

  /** Gives up, with the reason reported. */
  stop(span: Span, message: string): never {
    this.report(span, message);
    throw new Stop();
  }

  unquote(token: Token): string {
    const text = goUnquote(token.text);
    if (text === null) this.report(this.#last, `error unquoting string ${goQuote(token.text)}: invalid syntax`);
    return text ?? '';
  }

  #read(): Token {
    const token = this.#lexer.next();
    this.#last = token;
    if (++this.#tokens > TOKENS_MAX) this.stop(token, `expression is too long: more than ${TOKENS_MAX} words and signs`);
    if (token.kind === 'error') this.stop(token, token.text);
    if (CLOSING.has(token.kind)) this.lastClosing = token.end;
    return token;
  }
}

/** What `parse` makes of the reader, or the errors; null from `parse` only together with errors. */
export function parseWith<T>(
  reader: TokenReader,
  parse: (reader: TokenReader) => T,
): { readonly value: T } | { readonly errors: readonly ParseError[] } {
  try {
    const value = parse(reader);
    return reader.errors.length === 0 ? { value } : { errors: reader.errors };
  } catch (error) {
    if (error instanceof Stop) return { errors: reader.errors };
    throw error;
  }
}
