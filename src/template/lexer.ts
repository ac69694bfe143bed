/** Tokens of a Go template (text/template/parse/lex.go): text and actions, trim markers, comments. Delimiters are fixed. */
import { goQuote } from '../lib/go-quote.ts';
import { firstRunes } from '../lib/runes.ts';
import { utf8Length } from '../lib/utf8-bytes.ts';

type Keyword = 'block' | 'break' | 'continue' | 'define' | 'else' | 'end' | 'if' | 'nil' | 'range' | 'template' | 'with';

export type TokenKind =
  | 'error'
  | 'eof'
  | 'text'
  | 'leftDelim'
  | 'rightDelim'
  | 'space'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'complex'
  | 'number'
  | 'assign'
  | 'declare'
  | 'dot'
  | 'field'
  | 'identifier'
  | 'variable'
  | 'leftParen'
  | 'rightParen'
  | 'pipe'
  | 'string'
  | 'rawString'
  | Keyword;

/** `text` of an error token is its message. `line` is counted from 1 at the token's start. */
export type Token = { readonly kind: TokenKind; readonly at: number; readonly text: string; readonly line: number };

const KEYWORDS: ReadonlySet<string> = new Set<Keyword>([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
]);
const LEFT = '{{';
const RIGHT = '}}';
const isSpace = (char: string): boolean => char === ' ' || char === '\t' || char === '\r' || char === '\n';
const isAlphanumeric = (char: string): boolean => char === '_' || /^[\p{L}\p{Nd}]/u.test(char);

/** The token as Go's parser prints it. */
export function describeToken(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'error') return token.text;
  if (KEYWORDS.has(token.kind) || token.kind === 'dot') return `<${token.text}>`;
  if (utf8Length(token.text) > 10) return `${goQuote(firstRunes(token.text, 10))}...`;
  return goQuote(token.text);
}

export class Lexer {
  readonly #input: string;
  #at = 0;
  #start = 0;
  #startLine = 1;
  /** Up to where newlines have been counted into #startLine. */
  #counted = 0;
  #insideAction = false;
  #parens = 0;
  #ended: Token | null = null;

  constructor(input: string) {
    this.#input = input;
  }

  /** After an error or the end, the end for ever. */
  next(): Token {
    if (this.#ended !== null) return this.#ended;
    const token = this.#insideAction ? this.#lexAction() : this.#lexText();
    if (token.kind === 'error' || token.kind === 'eof') this.#ended = { kind: 'eof', at: token.at, text: 'EOF', line: token.line };
    return token;
  }

  #token(kind: TokenKind): Token {
    const token: Token = { kind, at: this.#start, text: this.#input.slice(this.#start, this.#at), line: this.#startLine };
    this.#ignore();
    return token;
  }

  #ignore(): void {
    for (let i = this.#counted; i < this.#at; i++) if (this.#input.charCodeAt(i) === 10) this.#startLine++;
    this.#counted = this.#at;
    this.#start = this.#at;
  }

  #error(message: string): Token {
    return { kind: 'error', at: this.#start, text: message, line: this.#startLine };
  }

  /** The rune at the current place, '' at the end. */
  #peek(): string {
    const code = this.#input.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #take(): string {
    const rune = this.#peek();
    this.#at += rune.length;
    return rune;
  }

  #lexText(): Token {
    for (;;) {
      const open = this.#input.indexOf(LEFT, this.#at);
      if (open < 0) {
        this.#at = this.#input.length;
        return this.#at > this.#start ? this.#token('text') : this.#token('eof');
      }
      const trims = this.#hasLeftTrim(open + LEFT.length);
      if (open > this.#start) {
        const text = this.#input.slice(this.#start, open);
        this.#at = this.#start + (trims ? trimEnd(text).length : text.length);
        const token = this.#token('text');
        this.#at = open;
        this.#ignore();
        if (token.text !== '') return token;
      }
      this.#at = open + LEFT.length;
      const afterMarker = trims ? 2 : 0;
      if (!this.#input.startsWith('/*', this.#at + afterMarker)) {
        const token = this.#token('leftDelim');
        this.#insideAction = true;
        this.#at += afterMarker;
        this.#ignore();
        this.#parens = 0;
        return token;
      }
      this.#at += afterMarker;
      this.#ignore();
      const failure = this.#skipComment();
      if (failure !== null) return failure;
    }
  }

  #skipComment(): Token | null {
    const close = this.#input.indexOf('*/', this.#at + 2);
    if (close < 0) return this.#error('unclosed comment');
    this.#at = close + 2;
    const delimiter = this.#rightDelimiter();
    if (delimiter === null) return this.#error('comment ends before closing delimiter');
    this.#passRight(delimiter);
    this.#ignore();
    return null;
  }

  #hasLeftTrim(at: number): boolean {
    return this.#input.charAt(at) === '-' && isSpace(this.#input.charAt(at + 1));
  }

  #rightDelimiter(): 'plain' | 'trimming' | null {
    if (isSpace(this.#input.charAt(this.#at)) && this.#input.startsWith(`-${RIGHT}`, this.#at + 1)) return 'trimming';
    return this.#input.startsWith(RIGHT, this.#at) ? 'plain' : null;
  }

  #passRight(delimiter: 'plain' | 'trimming'): void {
    this.#at += delimiter === 'plain' ? RIGHT.length : RIGHT.length + 2;
    if (delimiter === 'trimming') while (isSpace(this.#input.charAt(this.#at))) this.#at++;
  }

  #lexAction(): Token {
    const delimiter = this.#rightDelimiter();
    if (delimiter !== null) {
      if (this.#parens > 0) return this.#error('unclosed left paren');
      return this.#lexRightDelimiter(delimiter);
    }
    const rune = this.#take();
    if (rune === '') return this.#error('unclosed action');
    if (isSpace(rune)) return this.#lexSpace();
    switch (rune) {
      case '=':
        return this.#token('assign');
      case ':':
        return this.#take() === '=' ? this.#token('declare') : this.#error('expected :=');
      case '|':
        return this.#token('pipe');
      case '"':
        return this.#lexQuoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#lexQuoted("'", 'charConstant', 'unterminated character constant');
      case '`': {
        const close = this.#input.indexOf('`', this.#at);
        if (close < 0) return this.#error('unterminated raw quoted string');
        this.#at = close + 1;
        return this.#token('rawString');
      }
      case '$':
        return this.#lexName('variable', 'variable');
      case '(':
        this.#parens++;
        return this.#token('leftParen');
      case ')':
        if (this.#parens === 0) return this.#error('unexpected right paren');
        this.#parens--;
        return this.#token('rightParen');
      default:
        break;
    }
    if (rune === '.' && !/^[0-9]$/.test(this.#input.charAt(this.#at)) && this.#at < this.#input.length)
      return this.#lexName('field', 'dot');
    if (/^[.+\-0-9]$/.test(rune)) {
      this.#at--;
      return this.#lexNumber();
    }
    if (isAlphanumeric(rune)) return this.#lexWord();
    if (/^[\x20-\x7e]$/.test(rune)) return this.#token('char');
    return this.#error(`unrecognized character in action: ${unicodeName(rune)}`);
  }

  #lexRightDelimiter(delimiter: 'plain' | 'trimming'): Token {
    if (delimiter === 'trimming') {
      this.#at += 2;
      this.#ignore();
    }
    this.#at += RIGHT.length;
    const token = this.#token('rightDelim');
    if (delimiter === 'trimming') {
      while (isSpace(this.#input.charAt(this.#at))) this.#at++;
      this.#ignore();
    }
    this.#insideAction = false;
    return token;
  }

  /** One space is taken already. The last space may belong to a trimming delimiter. */
  #lexSpace(): Token {
    while (isSpace(this.#input.charAt(this.#at))) this.#at++;
    if (this.#input.startsWith(`-${RIGHT}`, this.#at)) {
      this.#at--;
      if (this.#at === this.#start) return this.#lexRightDelimiter('trimming');
    }
    return this.#token('space');
  }

  #lexQuoted(quote: string, kind: 'string' | 'charConstant', unterminated: string): Token {
    for (;;) {
      let rune = this.#take();
      if (rune === quote) return this.#token(kind);
      if (rune === '\\') rune = this.#take();
      if (rune === '' || rune === '\n') return this.#error(unterminated);
    }
  }

  /** `.name` or `$name`; alone, a dot or `$`. */
  #lexName(kind: 'field' | 'variable', alone: 'dot' | 'variable'): Token {
    if (this.#atTerminator()) return this.#token(alone);
    while (isAlphanumeric(this.#peek())) this.#take();
    if (!this.#atTerminator()) return this.#error(`bad character ${unicodeName(this.#peek())}`);
    return this.#token(kind);
  }

  #lexWord(): Token {
    while (isAlphanumeric(this.#peek())) this.#take();
    if (!this.#atTerminator()) return this.#error(`bad character ${unicodeName(this.#peek())}`);
    const word = this.#input.slice(this.#start, this.#at);
    if (KEYWORDS.has(word)) return this.#token(word as Keyword);
    return this.#token(word === 'true' || word === 'false' ? 'bool' : 'identifier');
  }

  #atTerminator(): boolean {
    const rune = this.#peek();
    return rune === '' || isSpace(rune) || '.,|:)('.includes(rune) || this.#input.startsWith(RIGHT, this.#at);
  }

  #lexNumber(): Token {
    if (!this.#scanNumber()) return this.#badNumber();
    if (!/^[+-]$/.test(this.#peek())) return this.#token('number');
    if (!this.#scanNumber() || this.#input.charAt(this.#at - 1) !== 'i') return this.#badNumber();
    return this.#token('complex');
  }

  #badNumber(): Token {
    return this.#error(`bad number syntax: ${goQuote(this.#input.slice(this.#start, this.#at))}`);
  }

  /** Not a perfect scanner: what it lets through wrongly, the parser rejects. */
  #scanNumber(): boolean {
    const number =
      /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;
    number.lastIndex = this.#at;
    this.#at += number.exec(this.#input)?.[0].length ?? 0;
    if (!isAlphanumeric(this.#peek())) return true;
    this.#take();
    return false;
  }
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** %#U */
function unicodeName(rune: string): string {
  const name = `U+${(rune.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return goQuote(rune) === `"${rune}"` || rune === '"' || rune === '\\' ? `${name} '${rune}'` : name;
}
