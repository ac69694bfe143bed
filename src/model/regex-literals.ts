/**
 * What can be read off a regular expression without running it: the only texts that can match, or texts one of which is
 * part of every match. Most values are told apart by that, and an index can look it up. The idea is RE2's prefilter
 * (re2/prefilter.cc). Of what people seldom write (case folding, \Q…\E, characters by number) nothing is told, which is
 * always true. Read for patterns that are matched as a whole; that they are patterns at all is the engine's to say.
 */

export type RegexLiterals = {
  /** Whoever matches is one of these; null: there are too many, or it is not known. */
  readonly values: readonly string[] | null;
  /** Whether each of `values` does match: no assertion has a say. */
  readonly isExact: boolean;
  /** Whoever matches contains one of these; as the next two, of texts that are not empty; null: nothing is known. */
  readonly needs: readonly string[] | null;
  /** Whoever matches begins with one of these. */
  readonly starts: readonly string[] | null;
  /** Whoever matches ends with one of these. */
  readonly ends: readonly string[] | null;
};

export function regexLiterals(source: string): RegexLiterals {
  if (LONE_SURROGATE.test(source)) return NOTHING_KNOWN;
  try {
    return new Reader(source).read();
  } catch (error) {
    if (error instanceof Unreadable) return NOTHING_KNOWN;
    throw error;
  }
}

/** Texts that putting sets one behind another may make. */
const COMBINED_MAX = 64;
/** Texts that are worth looking for one by one. */
const NEEDS_MAX = 64;
const CLASS_CHARACTERS_MAX = 10;

const LONE_SURROGATE = /\p{Cs}/u;
const NOTHING_KNOWN: RegexLiterals = { values: null, isExact: false, needs: null, starts: null, ends: null };

/** A part of the expression: the texts that it can be, or what they have in common. */
type Part = { readonly kind: 'values'; readonly values: readonly string[] } | ({ readonly kind: 'common' } & Common);
type Common = Pick<RegexLiterals, 'needs' | 'starts' | 'ends'>;
const ANYTHING: Part = { kind: 'common', needs: null, starts: null, ends: null };
const EMPTY: Part = { kind: 'values', values: [''] };

/** Ends the reading; never leaves this file. */
class Unreadable extends Error {}

class Reader {
  readonly #source: string;
  #at = 0;
  #hasAssertion = false;

  constructor(source: string) {
    this.#source = source;
  }

  read(): RegexLiterals {
    const part = this.#alternatives();
    if (this.#at < this.#source.length) throw new Unreadable();
    const values = part.kind === 'values' ? part.values : null;
    return { values, isExact: values !== null && !this.#hasAssertion, ...commonOf(part) };
  }

  #alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    const values = unionOf(parts.map((part) => (part.kind === 'values' ? part.values : null)));
    if (values !== null) return { kind: 'values', values };
    const common = parts.map(commonOf);
    return {
      kind: 'common',
      needs: useful(unionOf(common.map(({ needs }) => needs))),
      starts: useful(unionOf(common.map(({ starts }) => starts))),
      ends: useful(unionOf(common.map(({ ends }) => ends))),
    };
  }

  #sequence(): Part {
    // What the text can be that was last read without a gap; from the beginning while `starts` is undefined.
    let run: readonly string[] = [''];
    let starts: readonly string[] | null | undefined;
    let needs: readonly string[] | null = null;
    while (this.#at < this.#source.length && !/[|)]/.test(this.#peek())) {
      const part = this.#repeated(this.#atom());
      const heads = part.kind === 'values' ? part.values : part.starts;
      const longer = heads === null ? run : combined(run, heads);
      if (part.kind === 'values' && longer !== null) {
        run = longer;
        continue;
      }
      const known = useful(longer ?? run);
      if (starts === undefined) starts = known;
      needs = better(better(needs, known), commonOf(part).needs);
      run = (part.kind === 'values' ? part.values : part.ends) ?? [''];
    }
    if (starts === undefined) return { kind: 'values', values: run };
    return { kind: 'common', needs: better(needs, useful(run)), starts, ends: useful(run) };
  }

  #repeated(part: Part): Part {
    let repeated = part;
    for (let count = this.#match(QUANTIFIER); count !== null; count = this.#match(QUANTIFIER)) {
      if (count[0].startsWith('?') && repeated.kind === 'values') {
        repeated = { kind: 'values', values: [...new Set([...repeated.values, ''])] };
      } else if (/^(?:\+|\{0*[1-9])/.test(count[0])) repeated = { kind: 'common', ...commonOf(repeated) };
      else repeated = ANYTHING;
    }
    return repeated;
  }

  #atom(): Part {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '\\':
        return this.#escape();
      case '.':
        this.#at++;
        return ANYTHING;
      case '^':
      case '$':
        this.#at++;
        return this.#assertion();
      case '*':
      case '+':
      case '?':
        throw new Unreadable();
      default:
        this.#at += character.length;
        return { kind: 'values', values: [character] };
    }
  }

  #group(): Part {
    if (this.#match(FLAGS) !== null) return EMPTY;
    if (this.#match(GROUP) === null) throw new Unreadable();
    const inner = this.#alternatives();
    if (!this.#take(')')) throw new Unreadable();
    return inner;
  }

  #class(): Part {
    const inner = this.#match(CLASS)?.[1];
    if (inner === undefined) throw new Unreadable();
    if (/^\^|\[|\\[a-zA-Z0-9]/.test(inner)) return ANYTHING;
    const characters: string[] = [];
    for (const [, low = '', high = low] of inner.matchAll(CLASS_RANGE)) {
      const from = lastCodePoint(low);
      const to = lastCodePoint(high);
      if (characters.length + to - from >= CLASS_CHARACTERS_MAX) return ANYTHING;
      for (let code = from; code <= to; code++) characters.push(String.fromCodePoint(code));
    }
    return { kind: 'values', values: [...new Set(characters)] };
  }

  #escape(): Part {
    if (this.#match(CLASS_ESCAPE) !== null) return ANYTHING;
    if (this.#match(ASSERTION_ESCAPE) !== null) return this.#assertion();
    const escaped = this.#match(LITERAL_ESCAPE)?.[1];
    if (escaped === undefined) throw new Unreadable();
    return { kind: 'values', values: [CONTROLS[escaped] ?? escaped] };
  }

  /** Matches no character, and perhaps not even that. */
  #assertion(): Part {
    this.#hasAssertion = true;
    return EMPTY;
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#source);
    if (found !== null) this.#at = sticky.lastIndex;
    return found;
  }
}

/** With the mark of the lazy ones; a brace that is no count is a character. */
const QUANTIFIER = /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y;
/** Flags but for the one that folds case. */
const FLAGS = /\(\?[smU-]+\)/y;
const GROUP = /\((?:\?(?:P?<\w+>|[smU-]*:)|(?!\?))/y;
const CLASS = /\[(\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*)\]/suy;
const CLASS_RANGE = /(\\?.)(?:-(\\?.))?/gsu;
const CLASS_ESCAPE = /\\(?:[dDsSwW]|[pP](?:\{[^}]*\}|[a-zA-Z]))/y;
const ASSERTION_ESCAPE = /\\[Abz]|\\B/y;
const LITERAL_ESCAPE = /\\([!-/:-@[-`{-~afnrtv])/y;
const CONTROLS: Readonly<Record<string, string>> = { a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Of a character that may have a backslash before it. */
const lastCodePoint = (text: string): number => text.codePointAt(text.startsWith('\\') ? text.length - 1 : 0) ?? 0;

function commonOf(part: Part): Common {
  if (part.kind === 'common') return part;
  const texts = useful(part.values);
  return { needs: texts, starts: texts, ends: texts };
}

/** Null for those that tell nothing, or too little. */
const useful = (texts: readonly string[] | null): readonly string[] | null =>
  texts === null || texts.length > NEEDS_MAX || texts.includes('') ? null : texts;

/** Each of the first followed by each of the second; null: too many. */
function combined(first: readonly string[], second: readonly string[]): readonly string[] | null {
  if (second.length === 1 && second[0] === '') return first;
  if (first.length === 1 && first[0] === '') return second;
  if (first.length * second.length > COMBINED_MAX) return null;
  return [...new Set(first.flatMap((head) => second.map((tail) => head + tail)))];
}

/** Null where one of them is. */
function unionOf(sets: readonly (readonly string[] | null)[]): readonly string[] | null {
  const union = new Set<string>();
  for (const set of sets) {
    if (set === null) return null;
    for (const text of set) union.add(text);
  }
  return [...union];
}

/** The one that fewer texts contain, as it seems: the longer ones, and of those the fewer. */
function better(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null || b === null) return a ?? b;
  return (shortest(b) - shortest(a) || a.length - b.length) > 0 ? b : a;
}

const shortest = (texts: readonly string[]): number => Math.min(...texts.map((text) => text.length));
