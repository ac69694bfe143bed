/**
 * Tokens of PromQL and of the series descriptions that tests use, over the UTF-8 bytes of the text. What a character
 * means depends on where it stands: inside braces, inside brackets, in a series' values, in a histogram. Follows
 * prometheus/promql/parser/lex.go state by state, so that errors have its words and its positions.
 */
import { goQuote, goQuoteRune, goUnicodeRune } from '../lib/go-quote.ts';
import { decodeUtf8, encodeUtf8, runeWidth } from '../lib/utf8-bytes.ts';
import { HISTOGRAM_WORDS, KEYWORDS, type Token, type TokenKind } from './token.ts';

/** Where the next token is read. `values` and what follows exist in series descriptions only. */
type Mode = 'statements' | 'braces' | 'duration' | 'values' | 'histogram' | 'buckets' | 'bucket number';

const EOF = -1;
const RUNE_ERROR = 0xfffd;
const code = (char: string): number => char.charCodeAt(0);
const NEWLINE = code('\n');
const CARRIAGE_RETURN = code('\r');
const HASH = code('#');
const BACKSLASH = code('\\');
const BACKQUOTE = code('`');

const DURATION_WORDS: ReadonlySet<string> = new Set(['step', 'range', 'max_of', 'min_of']);
export class Lexer {
  readonly bytes: Uint8Array;
  /** The text, where one unit of it is one byte; else null. */
  readonly #plain: string | null;
  readonly #isSeries: boolean;
  #mode: Mode = 'statements';
  #pos = 0;
  /** Where the token being read starts. */
  #start = 0;
  #parenDepth = 0;
  #isBraceOpen = false;
  #isBracketOpen = false;
  #gotColon = false;
  /** Stays true from the first duration in brackets on, also into later brackets. */
  #gotDuration = false;
  #isHistogramOpen = false;

  constructor(text: string, kind: 'query' | 'series') {
    this.bytes = encodeUtf8(text);
    this.#plain = this.bytes.length === text.length ? text : null;
    this.#isSeries = kind === 'series';
  }

  /** The next token that is no comment. After an `error` the lexer is spent. */
  next(): Token {
    for (;;) {
      const token = this.#scan();
      if (token !== null) return token;
    }
  }

  /** One step: a token, or null when the step only skipped something or changed the mode. */
  #scan(): Token | null {
    switch (this.#mode) {
      case 'statements':
        // Strings, spaces and numbers fall back to this mode; what is still open takes over again.
        if (this.#isHistogramOpen) return this.#histogram();
        return this.#isBraceOpen ? this.#insideBraces() : this.#statement();
      case 'braces':
        return this.#insideBraces();
      case 'duration':
        return this.#durationExpression();
      case 'values':
        return this.#value();
      case 'histogram':
        return this.#histogram();
      case 'buckets':
        return this.#bucket();
      case 'bucket number':
        this.#mode = 'buckets';
        return this.#number();
    }
  }

  #statement(): Token | null {
    if (this.#peek() === HASH) return this.#comment();
    const rune = this.#next();
    switch (rune) {
      case EOF:
        if (this.#parenDepth !== 0) return this.#error('unclosed left parenthesis');
        if (this.#isBracketOpen) return this.#error('unclosed left bracket');
        return this.#emit('eof');
      case code(' '):
      case code('\t'):
      case NEWLINE:
      case CARRIAGE_RETURN:
        return this.#skipSpaces();
      case code(','):
      case code('*'):
      case code('/'):
      case code('%'):
      case code('+'):
      case code('-'):
      case code('^'):
      case code('@'):
        return this.#emit(String.fromCharCode(rune) as TokenKind);
      case code('='):
        if (this.#accept('=')) return this.#emit('==');
        if (this.#peek() === code('~')) return this.#error(`unexpected character after '=': '~'`);
        return this.#emit('=');
      case code('!'): {
        const after = this.#next();
        return after === code('=') ? this.#emit('!=') : this.#error(`unexpected character after '!': ${quoted(after)}`);
      }
      case code('<'):
        return this.#emit(this.#accept('=') ? '<=' : this.#accept('/') ? '</' : '<');
      case code('>'):
        return this.#emit(this.#accept('=') ? '>=' : this.#accept('/') ? '>/' : '>');
      case code('"'):
      case code("'"):
        return this.#string(rune);
      case BACKQUOTE:
        return this.#rawString();
      case code('('):
        this.#parenDepth++;
        return this.#emit('(');
      case code(')'):
        return this.#rightParen();
      case code('{'):
        this.#isBraceOpen = true;
        this.#mode = 'braces';
        return this.#emit('{');
      case code('['):
        if (this.#isBracketOpen) return this.#error(`unexpected left bracket '['`);
        this.#gotColon = false;
        this.#isBracketOpen = true;
        this.#mode = 'duration';
        return this.#emit('[');
      case code(']'):
        if (!this.#isBracketOpen) return this.#error(`unexpected right bracket ']'`);
        this.#isBracketOpen = false;
        return this.#emit(']');
      default:
        if (isDigit(rune) || (rune === code('.') && isDigit(this.#peek()))) {
          this.#pos--;
          return this.#numberOrDuration();
        }
        if (isAlpha(rune) || rune === code(':')) return this.#isBracketOpen ? this.#wordInBrackets(rune) : this.#word();
        return this.#error(`unexpected character: ${quoted(rune)}`);
    }
  }

  /** The token is read before the complaint, so the complaint starts behind it. */
  #rightParen(): Token {
    const token = this.#emit(')');
    this.#parenDepth--;
    return this.#parenDepth < 0 ? this.#error(`unexpected right parenthesis ')'`) : token;
  }

  #wordInBrackets(rune: number): Token {
    if (rune === code(':')) {
      if (this.#gotColon) return this.#error(`unexpected colon ':'`);
      this.#gotColon = true;
      return this.#emit(':');
    }
    return this.#durationWord(rune) ?? this.#error(`unexpected character: ${quoted(rune)}, expected ':'`);
  }

  /** Inside brackets, up to the first number; what follows it is read as a statement again. */
  #durationExpression(): Token | null {
    const rune = this.#next();
    switch (rune) {
      case EOF:
        return this.#error('unexpected end of input in duration expression');
      case code(']'):
        this.#isBracketOpen = false;
        this.#gotColon = false;
        this.#mode = 'statements';
        return this.#emit(']');
      case code(':'): {
        const token = this.#emit(':');
        if (!this.#gotDuration) return this.#error('unexpected colon before duration in duration expression');
        if (this.#gotColon) return this.#error('unexpected repeated colon in duration expression');
        this.#gotColon = true;
        return token;
      }
      case code('('):
        this.#parenDepth++;
        return this.#emit('(');
      case code(')'):
        return this.#rightParen();
      case code('+'):
      case code('-'):
      case code('*'):
      case code('/'):
      case code('%'):
      case code('^'):
      case code(','):
        return this.#emit(String.fromCharCode(rune) as TokenKind);
      default:
        if (isSpace(rune)) {
          while (isSpace(this.#peek())) this.#pos++;
          this.#start = this.#pos;
          return null;
        }
        if (isDigit(rune) || (rune === code('.') && isDigit(this.#peek()))) {
          this.#pos--;
          this.#gotDuration = true;
          this.#mode = 'statements';
          return this.#numberOrDuration();
        }
        return this.#durationWord(rune) ?? this.#error(`unexpected character in duration expression: ${quoted(rune)}`);
    }
  }

  /** One of the words that make durations, or null; the word's letters are consumed in either case. */
  #durationWord(first: number): Token | null {
    if (!/[srm]/i.test(String.fromCodePoint(Math.max(first, 0)))) return null;
    while (isAlpha(this.#peek())) this.#pos++;
    const word = this.#text().toLowerCase();
    return DURATION_WORDS.has(word) ? this.#emit(word as TokenKind) : null;
  }

  #insideBraces(): Token | null {
    if (this.#peek() === HASH) return this.#comment();
    const rune = this.#next();
    switch (rune) {
      case EOF:
        return this.#error('unexpected end of input inside braces');
      case code(','):
        return this.#emit(',');
      case code('"'):
      case code("'"):
        return this.#string(rune);
      case BACKQUOTE:
        return this.#rawString();
      case code('='):
        return this.#emit(this.#accept('~') ? '=~' : '=');
      case code('!'): {
        const after = this.#next();
        if (after === code('~')) return this.#emit('!~');
        return after === code('=') ? this.#emit('!=') : this.#error(`unexpected character after '!' inside braces: ${quoted(after)}`);
      }
      case code('{'):
        return this.#error(`unexpected left brace '{'`);
      case code('}'):
        this.#isBraceOpen = false;
        this.#mode = this.#isSeries ? 'values' : 'statements';
        return this.#emit('}');
      default:
        if (isSpace(rune)) return this.#skipSpaces();
        if (!isAlpha(rune)) return this.#error(`unexpected character inside braces: ${quoted(rune)}`);
        while (isAlphaNumeric(this.#peek())) this.#pos++;
        this.#mode = 'statements';
        return this.#emit('identifier');
    }
  }

  /** A keyword, identifier or metric identifier whose first character is read. */
  #word(): Token {
    for (let rune = this.#peek(); isAlphaNumeric(rune) || rune === code(':'); rune = this.#peek()) this.#pos++;
    const word = this.#text();
    // In a series description the values follow the name, unless there are labels.
    this.#mode = this.#isSeries && this.#peek() !== code('{') ? 'values' : 'statements';
    const keyword = KEYWORDS.get(word.toLowerCase());
    if (keyword !== undefined) {
      // `fill` may be the name of a metric that existed before the modifier.
      const isName = (keyword === 'fill' || keyword === 'fill_left' || keyword === 'fill_right') && !this.#isParenNext();
      return this.#emit(isName ? 'identifier' : keyword);
    }
    return this.#emit(word.includes(':') ? 'metric identifier' : 'identifier');
  }

  #isParenNext(): boolean {
    let at = this.#pos;
    while (isSpace(this.bytes[at] ?? EOF)) at++;
    return this.bytes[at] === code('(');
  }

  /** The values of a series description. */
  #value(): Token | null {
    if (this.#isHistogramOpen) return this.#histogram();
    const rune = this.#next();
    switch (rune) {
      case EOF:
        this.#mode = 'statements';
        return null;
      case code('{'):
        if (!this.#accept('{')) break;
        this.#isHistogramOpen = true;
        this.#mode = 'histogram';
        return this.#emit('{{');
      case code('+'):
        return this.#emit('+');
      case code('-'):
        return this.#emit('-');
      case code('x'):
        return this.#emit('times');
      case code('_'):
        return this.#emit('blank');
      default:
        if (isSpace(rune)) {
          const token = this.#emit('space');
          while (isSpace(this.#peek())) this.#pos++;
          this.#start = this.#pos;
          return token;
        }
        if (isDigit(rune) || (rune === code('.') && isDigit(this.#peek()))) {
          this.#pos--;
          return this.#number();
        }
        if (isAlpha(rune)) return this.#word();
    }
    return this.#error(`unexpected character in series sequence: ${quoted(rune)}`);
  }

  #histogram(): Token | null {
    if (this.#isBracketOpen) return this.#bucket();
    const rune = this.#next();
    switch (rune) {
      case code(':'):
        return this.#emit(':');
      case code('-'):
        return this.#emit('-');
      case code('['):
        this.#isBracketOpen = true;
        this.#mode = 'buckets';
        return this.#emit('[');
      case code('}'):
        if (!this.#accept('}')) break;
        this.#isHistogramOpen = false;
        this.#mode = 'values';
        return this.#emit('}}');
      default:
        if (isSpace(rune)) {
          const token = this.#emit('space');
          while (isSpace(this.#peek())) this.#pos++;
          this.#start = this.#pos;
          this.#mode = 'statements';
          return token;
        }
        if (isAlpha(rune)) return this.#histogramWord();
        if (isDigit(rune)) {
          this.#pos--;
          this.#mode = 'statements';
          return this.#number();
        }
    }
    return this.#error(`histogram description incomplete unexpected: ${quoted(rune)}`);
  }

  #histogramWord(): Token {
    while (isAlpha(this.#peek())) this.#pos++;
    const word = this.#text();
    const lower = word.toLowerCase();
    this.#mode = 'histogram';
    const kind = HISTOGRAM_WORDS.get(lower)?.kind;
    if (kind === 'histogram key' && this.#peek() !== code(':')) return this.#error('missing `:` for histogram descriptor');
    if (kind !== undefined) return this.#emit(kind);
    if (KEYWORDS.get(lower) === 'number') return this.#emit('number');
    return this.#error(`bad histogram descriptor found: ${goQuote(word)}`);
  }

  #bucket(): Token | null {
    const rune = this.#next();
    switch (rune) {
      case code('-'):
        this.#mode = 'bucket number';
        return this.#emit('-');
      case code(']'):
        this.#isBracketOpen = false;
        this.#mode = 'histogram';
        return this.#emit(']');
      default:
        if (isSpace(rune)) {
          const token = this.#emit('space');
          while (isSpace(this.#peek())) this.#pos++;
          this.#start = this.#pos;
          this.#mode = 'statements';
          return token;
        }
        if (isDigit(rune)) {
          this.#pos--;
          this.#mode = 'statements';
          return this.#number();
        }
        if (!isAlpha(rune)) return this.#error(`invalid character in buckets description: ${quoted(rune)}`);
        this.#mode = 'buckets';
        // Inf or NaN, a letter at a time.
        return KEYWORDS.get(this.#text().toLowerCase()) === 'number' ? this.#emit('number') : null;
    }
  }

  /** A string whose opening quote is read. */
  #string(quote: number): Token {
    for (;;) {
      const rune = this.#next();
      if (rune === quote) break;
      if (rune === EOF || rune === NEWLINE) return this.#error('unterminated quoted string');
      if (rune === RUNE_ERROR) return this.#error('invalid UTF-8 rune');
      if (rune !== BACKSLASH) continue;
      const problem = this.#escape(quote);
      if (problem !== null) return this.#error(problem);
    }
    this.#mode = 'statements';
    return this.#emit('string');
  }

  #rawString(): Token {
    for (;;) {
      const rune = this.#next();
      if (rune === BACKQUOTE) break;
      if (rune === EOF) return this.#error('unterminated raw string');
      if (rune === RUNE_ERROR) return this.#error('invalid UTF-8 rune');
    }
    this.#mode = 'statements';
    return this.#emit('string');
  }

  /** The rest of an escape whose backslash is read; what is wrong with it, or null. */
  #escape(quote: number): string | null {
    const rune = this.#next();
    if (rune === quote) return null;
    const letter = rune === EOF ? '' : String.fromCodePoint(rune);
    switch (letter) {
      case '':
        return 'escape sequence not terminated';
      case 'x':
        return this.#escapedNumber(2, 16, 0xff);
      case 'u':
        return this.#escapedNumber(4, 16, 0x10ffff);
      case 'U':
        return this.#escapedNumber(8, 16, 0x10ffff);
      default:
        if ('abfnrtv\\'.includes(letter)) return null;
        if (letter < '0' || letter > '7') return `unknown escape sequence ${goUnicodeRune(rune)}`;
        this.#pos--;
        return this.#escapedNumber(3, 8, 0xff);
    }
  }

  #escapedNumber(length: number, base: number, max: number): string | null {
    let value = 0;
    for (let i = 0; i < length; i++) {
      const rune = this.#next();
      if (rune === EOF) return 'escape sequence not terminated';
      const digit = digitValue(rune);
      if (digit >= base) return `illegal character ${goUnicodeRune(rune)} in escape sequence`;
      value = value * base + digit;
    }
    return value > max || (value >= 0xd800 && value < 0xe000) ? 'escape sequence is an invalid Unicode code point' : null;
  }

  #comment(): null {
    for (let rune = this.#peek(); rune !== EOF && rune !== NEWLINE && rune !== CARRIAGE_RETURN; rune = this.#peek()) this.#next();
    this.#start = this.#pos;
    this.#mode = 'statements';
    return null;
  }

  #skipSpaces(): null {
    while (isSpace(this.#peek())) this.#pos++;
    this.#start = this.#pos;
    this.#mode = 'statements';
    return null;
  }

  #number(): Token {
    return this.#scanNumber() ? this.#emit('number') : this.#error(`bad number syntax: ${goQuote(this.#text())}`);
  }

  #numberOrDuration(): Token {
    if (this.#scanNumber()) return this.#emit('number');
    if (this.#scanUnits()) return this.#emit('duration');
    return this.#error(`bad number or duration syntax: ${goQuote(this.#text())}`);
  }

  /**
   * [.][d][d._eE]*, or hexadecimal; not all that is taken is a number, which the parser then says. False leaves the
   * position at the offending character, for the error's text or for a duration's unit.
   */
  #scanNumber(): boolean {
    const initial = this.#pos;
    // 0x would be ambiguous with repetition in a series description.
    const isHex = !this.#isSeries && this.#accept('0') && this.#accept('xX');
    const digits = isHex ? '0123456789abcdefABCDEF' : '0123456789';
    if (isHex) this.#accept('_');
    this.#accept('.');
    this.#accept(digits);
    let gotDot = false;
    let gotExponent = false;
    for (;;) {
      if (this.#accept('.')) {
        if (gotDot || this.#accept('_.') || isHex) return false;
        gotDot = true;
      } else if (this.#accept('eE')) {
        if (gotExponent) return false;
        gotExponent = true;
        this.#accept('+-');
        if (this.#accept('._eE') || this.#peek() === EOF) return false;
      } else if (this.#accept('_')) {
        if (this.#accept('._eE') || this.#peek() === EOF) return false;
      } else if (this.#accept(digits)) {
        while (this.#accept(digits));
      } else break;
    }
    if (this.#pos === initial) return false;
    const rune = this.#peek();
    return (this.#isSeries && rune === code('x')) || !isAlphaNumeric(rune);
  }

  /** The units of a duration whose first number is read; bad units such as `hs` are found when it is parsed. */
  #scanUnits(): boolean {
    if (!this.#accept('smhdwy')) return false;
    this.#accept('s');
    while (this.#accept('0123456789')) {
      while (this.#accept('0123456789'));
      // A year comes first or not at all.
      if (!this.#accept('smhdw')) return false;
      this.#accept('s');
    }
    if (!isAlphaNumeric(this.#peek())) return true;
    this.#pos++; // the error shows the character that is wrong
    return false;
  }

  /** Consumes the next rune; EOF at the end, U+FFFD for a byte that starts no rune. */
  #next(): number {
    const byte = this.bytes[this.#pos];
    if (byte === undefined) return EOF;
    if (byte < 0x80) {
      this.#pos++;
      return byte;
    }
    const width = runeWidth(this.bytes, this.#pos);
    const start = this.#pos;
    this.#pos += Math.max(width, 1);
    if (width === 0) return RUNE_ERROR;
    let rune = byte & (0x7f >> width);
    for (let i = start + 1; i < this.#pos; i++) rune = (rune << 6) | ((this.bytes[i] ?? 0) & 0x3f);
    return rune;
  }

  /** The next byte, which is the next rune where that is ASCII. */
  #peek(): number {
    return this.bytes[this.#pos] ?? EOF;
  }

  #accept(valid: string): boolean {
    const byte = this.bytes[this.#pos];
    if (byte === undefined || !valid.includes(String.fromCharCode(byte))) return false;
    this.#pos++;
    return true;
  }

  /** What is read of the current token. */
  #text(): string {
    return this.#plain?.slice(this.#start, this.#pos) ?? decodeUtf8(this.bytes.subarray(this.#start, this.#pos));
  }

  #emit(kind: TokenKind): Token {
    const token = { kind, text: this.#text(), start: this.#start, end: this.#pos };
    this.#start = this.#pos;
    return token;
  }

  #error(message: string): Token {
    return { kind: 'error', text: message, start: this.#start, end: this.bytes.length };
  }
}

/** %q of a rune; Go prints the end of the input as U+FFFD. */
const quoted = (rune: number): string => goQuoteRune(rune === EOF ? RUNE_ERROR : rune);

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === NEWLINE || byte === CARRIAGE_RETURN;
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isAlpha = (byte: number): boolean => (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f;
const isAlphaNumeric = (byte: number): boolean => isAlpha(byte) || isDigit(byte);

/** 16 for what is no digit. */
function digitValue(rune: number): number {
  if (isDigit(rune)) return rune - 0x30;
  const lower = rune | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : 16;
}
