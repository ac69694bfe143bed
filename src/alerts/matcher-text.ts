/**
 * Matchers as text: Alertmanager's two grammars, the rule that picks between them, and its printing. The classic grammar
 * (pkg/labels/parse.go) takes almost any value and only old label names; the UTF-8 one (matcher/parse) takes any label name
 * and wants quotes around what is special. `fallback`, Alertmanager's default, reads with both and lets classic decide
 * where they differ. Two forms: a list, braces optional, and a single matcher, as in API filters.
 */
import { goQuote } from '../lib/go-quote.ts';
import { goUnquote } from '../lib/go-unquote.ts';
import { unreachable } from '../lib/never.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { equalMatcher, type Matcher, type MatchOp } from '../model/matcher.ts';
import { compileAlertmanagerRegex } from '../model/regex.ts';

/** --enable-feature: none, utf8-strict-mode, classic-mode. */
export type MatcherMode = 'fallback' | 'utf8' | 'classic';
export type MatcherError = { readonly error: string };

/** A matcher as Alertmanager compiles it, or Go's error text for a bad pattern. */
export function alertMatcher(name: string, op: MatchOp, value: string): Matcher | MatcherError {
  if (op === '=' || op === '!=') return { name, op, value, regex: null };
  const regex = compileAlertmanagerRegex(value);
  return 'error' in regex ? regex : { name, op, value, regex };
}

/** The list form: `{a="b", c=~"d|e"}`, the braces optional. */
export function parseMatchers(text: string, mode: MatcherMode = 'fallback'): readonly Matcher[] | MatcherError {
  switch (mode) {
    case 'classic':
      return classicMatchers(text);
    case 'utf8':
      return utf8Matchers(text);
    case 'fallback':
      return reconcile(utf8Matchers(text), classicMatchers(text));
    default:
      return unreachable(mode);
  }
}

/** A list with an alert's name in front of its braces or instead of them, as people write it: `HighLatency{svc="x"}`. */
export function parseAlertSelector(text: string): readonly Matcher[] | MatcherError {
  const [, name = '', rest = ''] = /^\s*([^\s{}=!~,"'`]*)\s*(\{.*)?$/s.exec(text) ?? [null, '', text];
  const matchers = rest === '' ? [] : parseMatchers(rest);
  if ('error' in matchers) return matchers;
  const all = name === '' ? matchers : [equalMatcher('alertname', name), ...matchers];
  return all.length === 0 ? { error: 'it names no alert: write HighLatency, or HighLatency{svc="x"}' } : all;
}

/** The single form: `a="b"`. Only the grammar of the strict UTF-8 mode takes braces around it. */
export function parseMatcher(text: string, mode: MatcherMode = 'fallback'): Matcher | MatcherError {
  switch (mode) {
    case 'classic':
      return classicMatcher(text);
    case 'utf8':
      return onlyOne(utf8Matchers(text));
    case 'fallback': {
      if (hasBrace(text)) return bracesRefused(text);
      const utf8 = onlyOne(utf8Matchers(text));
      const classic = classicMatcher(text);
      const matchers = reconcile('error' in utf8 ? utf8 : [utf8], 'error' in classic ? classic : [classic]);
      return onlyOne(matchers);
    }
    default:
      return unreachable(mode);
  }
}

/** The single form as the API's filters and amtool's arguments take it (matcher/compat/parse.go): in no UTF-8 mode with braces. */
export function parseFilter(text: string, mode: MatcherMode = 'fallback'): Matcher | MatcherError {
  return mode === 'utf8' && hasBrace(text) ? bracesRefused(text) : parseMatcher(text, mode);
}

const hasBrace = (text: string): boolean => text.startsWith('{') || text.endsWith('}');
const bracesRefused = (text: string): MatcherError => ({ error: `unexpected open or close brace: ${text}` });

/** `a="b"`; a name that the classic grammar cannot read is quoted, and then the value in Go's way. */
export function printAlertMatcher({ name, op, value }: Matcher): string {
  if (RESERVED.test(name)) return `${goQuote(name)}${op}${goQuote(value)}`;
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
  return `${name}${op}"${escaped}"`;
}

/** `{a="b",c="d"}`, in the order given. */
export const printAlertMatchers = (matchers: readonly Matcher[]): string => `{${matchers.map(printAlertMatcher).join(',')}}`;

/** A matcher as API v2 writes it; `isEqual` left out means true. */
export type ApiMatcher = { readonly name: string; readonly value: string; readonly isRegex: boolean; readonly isEqual?: boolean };

export const toApiMatcher = ({ name, op, value }: Pick<Matcher, 'name' | 'op' | 'value'>): Required<ApiMatcher> => ({
  name,
  value,
  isRegex: op === '=~' || op === '!~',
  isEqual: op === '=' || op === '=~',
});

export function opOfApiMatcher({ isRegex, isEqual = true }: ApiMatcher): MatchOp {
  if (isRegex) return isEqual ? '=~' : '!~';
  return isEqual ? '=' : '!=';
}

const OPS: readonly MatchOp[] = ['=', '!=', '=~', '!~'];

/** By name, then value, then operator: the order in which route keys print them. */
export const compareAlertMatchers = (a: Matcher, b: Matcher): number =>
  compareUtf8(a.name, b.name) || compareUtf8(a.value, b.value) || OPS.indexOf(a.op) - OPS.indexOf(b.op);

function reconcile(utf8: readonly Matcher[] | MatcherError, classic: readonly Matcher[] | MatcherError): readonly Matcher[] | MatcherError {
  if ('error' in classic) return 'error' in utf8 ? classic : utf8;
  return 'error' in utf8 || !sameMatchers(utf8, classic) ? classic : utf8;
}

const sameMatchers = (a: readonly Matcher[], b: readonly Matcher[]): boolean =>
  a.length === b.length && a.every((x, i) => x.name === b[i]?.name && x.op === b[i]?.op && x.value === b[i]?.value);

function onlyOne(matchers: readonly Matcher[] | MatcherError): Matcher | MatcherError {
  if ('error' in matchers) return matchers;
  const [first] = matchers;
  if (first === undefined) return { error: 'no matchers' };
  return matchers.length === 1 ? first : { error: `expected 1 matcher, found ${matchers.length}` };
}

// ---- the classic grammar

/** Everything before the value; what \s means to Go. */
const CLASSIC_HEAD = /^[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*/;

function classicMatchers(text: string): readonly Matcher[] | MatcherError {
  let inner = text.startsWith('{') ? text.slice(1) : text;
  if (inner.endsWith('}')) inner = inner.slice(0, -1);
  const matchers: Matcher[] = [];
  for (const part of splitAtCommas(inner)) {
    const matcher = classicMatcher(part);
    if ('error' in matcher) return matcher;
    matchers.push(matcher);
  }
  return matchers;
}

/** Parts between commas outside double quotes. The last one is trimmed, and left out when empty. */
function splitAtCommas(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let escaped = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') {
      escaped = !escaped;
      continue;
    }
    if (char === '"' && !escaped) quoted = !quoted;
    if (char === ',' && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
    if (char !== ',') escaped = false; // Go's loop leaves the flag alone at a comma
  }
  const last = trimSpace(text.slice(start));
  if (last !== '') parts.push(last);
  return parts;
}

function classicMatcher(text: string): Matcher | MatcherError {
  const head = CLASSIC_HEAD.exec(text);
  if (head === null) return { error: `bad matcher format: ${text}` };
  const [whole, name = '', op = '='] = head;
  let end = text.length;
  while (end > whole.length && /[\t\n\f\r ]/.test(text[end - 1] ?? '')) end--;
  const value = unescapeClassic(text.slice(whole.length, end));
  return typeof value === 'string' ? alertMatcher(name, op as MatchOp, value) : value;
}

/** Backslash escapes n, " and \ only; others stay. Quotes may stand at both ends, nowhere else. */
function unescapeClassic(written: string): string | MatcherError {
  const stray = { error: `matcher value contains unescaped double quote: ${written}` };
  const quoted = written.startsWith('"');
  const text = quoted ? written.slice(1) : written;
  let out = '';
  let closed = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    const isLast = i === text.length - 1;
    if (char === '\\' && !isLast) {
      i++;
      const next = text[i] ?? '';
      if (next === 'n') out += '\n';
      else out += next === '"' || next === '\\' ? next : `\\${next}`;
    } else if (char === '"') {
      if (!quoted || !isLast) return stray;
      closed = true;
    } else out += char;
  }
  return quoted && !closed ? stray : out;
}

// ---- the UTF-8 grammar

type TokenKind = '{' | '}' | ',' | MatchOp | 'quoted' | 'unquoted' | 'end';
type Token = { readonly kind: TokenKind; readonly text: string; readonly from: number; readonly to: number };

/** unicode.IsSpace. */
const SPACE = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const RESERVED = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{}!=~,\\"'`]/;
const trimSpace = (text: string): string => text.replace(LEADING_SPACE, '').replace(TRAILING_SPACE, '');
const LEADING_SPACE = new RegExp(`^${SPACE.source}+`);
const TRAILING_SPACE = new RegExp(`(?<!${SPACE.source})${SPACE.source}+$`);

/** A refusal on its way out of the parser; never leaves this file. */
class Refusal extends Error {}

function utf8Matchers(text: string): readonly Matcher[] | MatcherError {
  try {
    return new Utf8Parser(text).parse();
  } catch (error) {
    if (error instanceof Refusal) return { error: error.message };
    throw error;
  }
}

/** Positions in its errors are columns in code points: start:end of the token. */
class Utf8Parser {
  readonly #runes: readonly string[];
  #at = 0;
  #peeked: Token | null = null;
  /** End of the last token taken. */
  #taken = 0;

  constructor(text: string) {
    this.#runes = [...text];
  }

  parse(): readonly Matcher[] {
    const matchers: Matcher[] = [];
    const first = this.#peek();
    if (first.kind === 'end') return matchers;
    const braced = first.kind === '{';
    if (braced) this.#take();
    let next = this.#peek();
    while (next.kind !== '}' && next.kind !== 'end') {
      matchers.push(this.#matcher());
      next = this.#expect(['}', ',', 'end'], 'expected a comma or close brace');
      if (next.kind !== ',') break;
      this.#take();
      next = this.#expect(['}', 'quoted', 'unquoted', 'end'], 'expected a matcher or close brace after comma');
    }
    this.#closeBrace(braced, next);
    const rest = this.#expect(null, 'expected end of input');
    if (rest.kind !== 'end') throw new Refusal(`${rest.from}:${rest.to}: ${rest.text}: expected end of input`);
    return matchers;
  }

  #closeBrace(braced: boolean, next: Token): void {
    if (next.kind === '}') {
      this.#take();
      if (!braced) throw new Refusal(`0:${this.#taken}: }: expected opening brace`);
    } else if (braced) throw new Refusal(`0:${this.#taken}: end of input: expected close brace`);
  }

  #matcher(): Matcher {
    const name = this.#word('expected label name');
    const op = this.#require(OPS, "expected an operator such as '=', '!=', '=~' or '!~'").kind as MatchOp;
    const value = this.#word('expected label value');
    const matcher = alertMatcher(name, op, value);
    if ('error' in matcher) throw new Refusal(`failed to create matcher: ${matcher.error}`);
    return matcher;
  }

  #word(expected: string): string {
    const token = this.#require(['quoted', 'unquoted'], expected);
    if (token.kind === 'unquoted') return token.text;
    const text = goUnquote(token.text, 'refuse');
    if (text === null || /\p{Cs}/u.test(text)) throw new Refusal(`${token.from}:${token.to}: ${token.text}: invalid input`);
    return text;
  }

  /** Takes the next token, which must be of one of the kinds. */
  #require(kinds: readonly TokenKind[], expected: string): Token {
    const token = this.#expect([...kinds, 'end'], expected);
    if (token.kind === 'end') throw new Refusal(`end of input: ${expected}`);
    this.#take();
    return token;
  }

  /** Looks at the next token, which must be of one of the kinds. */
  #expect(kinds: readonly TokenKind[] | null, expected: string): Token {
    let token: Token;
    try {
      token = this.#peek();
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal(`${error.message}: ${expected}`);
      throw error;
    }
    if (kinds !== null && !kinds.includes(token.kind))
      throw new Refusal(`${token.from}:${token.to}: unexpected ${token.text}: ${expected}`);
    return token;
  }

  #peek(): Token {
    this.#peeked ??= this.#scan();
    return this.#peeked;
  }

  #take(): void {
    this.#taken = this.#peek().to;
    this.#peeked = null;
  }

  #scan(): Token {
    const runes = this.#runes;
    while (SPACE.test(runes[this.#at] ?? '')) this.#at++;
    const from = this.#at;
    const rune = runes[from];
    if (rune === undefined) return this.#token('end', from);
    this.#at++;
    if (rune === '{' || rune === '}' || rune === ',') return this.#token(rune, from);
    if (rune === '=') return this.#token(this.#skip('~') ? '=~' : '=', from);
    if (rune === '!') {
      if (this.#skip('=')) return this.#token('!=', from);
      if (this.#skip('~')) return this.#token('!~', from);
      const what = this.#at >= runes.length ? 'unexpected end of input, expected' : '!: expected';
      throw new Refusal(`${from}:${this.#at}: ${what} one of '=~'`);
    }
    if (rune === '"') return this.#quoted(from);
    if (RESERVED.test(rune)) throw new Refusal(`${from}:${this.#at}: ${rune}: invalid input`);
    while (this.#at < runes.length && !RESERVED.test(runes[this.#at] ?? '')) this.#at++;
    return this.#token('unquoted', from);
  }

  #quoted(from: number): Token {
    const runes = this.#runes;
    for (let escaped = false; this.#at < runes.length; this.#at++) {
      const rune = runes[this.#at];
      if (escaped) escaped = false;
      else if (rune === '\\') escaped = true;
      else if (rune === '"') {
        this.#at++;
        return this.#token('quoted', from);
      }
    }
    throw new Refusal(`${from}:${this.#at}: ${runes.slice(from).join('')}: missing end "`);
  }

  #skip(rune: string): boolean {
    if (this.#runes[this.#at] !== rune) return false;
    this.#at++;
    return true;
  }

  #token(kind: TokenKind, from: number): Token {
    return { kind, text: this.#runes.slice(from, this.#at).join(''), from, to: this.#at };
  }
}
