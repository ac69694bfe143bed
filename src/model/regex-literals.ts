/**
 * What can be read off a regular expression without running it: the only texts that can match, or texts one of which is
 * part of every match. Most values are told apart by that, and an index can look it up. The idea is RE2's prefilter
 * (re2/prefilter.cc). Of what people seldom write (\Q…\E, characters by number) nothing is told, which is always true.
 * Read for patterns that are matched as a whole; that they are patterns at all is the engine's to say.
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
  /** Some of the pattern folds case, (?i): all of these texts are folded, and are true of `foldCase` of whoever matches. */
  readonly foldsCase: boolean;
  /** UTF-16 units that whoever matches has at least; 0 also where it is not known. */
  readonly lengthMin: number;
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

/**
 * A text in which all that RE2's folding (Unicode's simple one) takes for an ASCII letter is that letter in lower case: the
 * upper-case one and, for s and k, the long s and the kelvin sign. Other letters stay as they are.
 */
export function foldCase(text: string): string {
  if (ASCII_ONLY.test(text)) return text.toLowerCase();
  return text.replace(FOLDED, (letter) => (letter === '\u017f' ? 's' : letter === '\u212a' ? 'k' : letter.toLowerCase()));
}

/** Texts that putting sets one behind another may make. */
const COMBINED_MAX = 64;
/** Texts that are worth looking for one by one. */
const NEEDS_MAX = 64;
const CLASS_CHARACTERS_MAX = 10;

const LONE_SURROGATE = /\p{Cs}/u;
const ASCII_ONLY = /^[\0-\x7f]*$/;
const FOLDED = /[A-Z\u017f\u212a]/g;
const NOTHING_KNOWN: RegexLiterals = {
  values: null,
  isExact: false,
  needs: null,
  starts: null,
  ends: null,
  foldsCase: false,
  lengthMin: 0,
};

/** A part of the expression: the texts that it can be, or what they have in common. */
type Part = { readonly kind: 'values'; readonly values: readonly string[] } | ({ readonly kind: 'common' } & Common);
type Common = Pick<RegexLiterals, 'needs' | 'starts' | 'ends' | 'lengthMin'>;
const ANYTHING: Part = { kind: 'common', needs: null, starts: null, ends: null, lengthMin: 0 };
const ANY_CHARACTER: Part = { ...ANYTHING, lengthMin: 1 };
const EMPTY: Part = { kind: 'values', values: [''] };

/** Ends the reading; never leaves this file. */
class Unreadable extends Error {}

class Reader {
  readonly #source: string;
  #at = 0;
  #hasAssertion = false;
  /** Whether case is folded where the reading is, and whether it was anywhere. */
  #isFolding = false;
  #hasFolded = false;

  constructor(source: string) {
    this.#source = source;
  }

  read(): RegexLiterals {
    const part = this.#alternatives();
    if (this.#at < this.#source.length) throw new Unreadable();
    const values = part.kind === 'values' ? part.values : null;
    const { needs, starts, ends, lengthMin } = commonOf(part);
    const foldsCase = this.#hasFolded;
    const fold = (texts: readonly string[] | null): readonly string[] | null =>
      foldsCase && texts !== null ? [...new Set(texts.map(foldCase))] : texts;
    const isExact = values !== null && !this.#hasAssertion && !foldsCase;
    return { values: fold(values), isExact, needs: fold(needs), starts: fold(starts), ends: fold(ends), foldsCase, lengthMin };
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
      lengthMin: common.reduce((least, { lengthMin }) => Math.min(least, lengthMin), Number.POSITIVE_INFINITY),
    };
  }

  #sequence(): Part {
    // What the text can be that was last read without a gap; from the beginning while `starts` is undefined.
    let run: readonly string[] = [''];
    let starts: readonly string[] | null | undefined;
    let needs: readonly string[] | null = null;
    let lengthMin = 0;
    while (this.#at < this.#source.length && !/[|)]/.test(this.#peek())) {
      const part = this.#repeated(this.#atom());
      lengthMin += part.kind === 'values' ? shortest(part.values) : part.lengthMin;
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
    return { kind: 'common', needs: better(needs, useful(run)), starts, ends: useful(run), lengthMin };
  }

  #repeated(part: Part): Part {
    let repeated = part;
    for (let count = this.#match(QUANTIFIER); count !== null; count = this.#match(QUANTIFIER)) {
      if (count[0].startsWith('?') && repeated.kind === 'values') {
        repeated = { kind: 'values', values: [...new Set([...repeated.values, ''])] };
      } else {
        const times = count[0].startsWith('+') ? 1 : Number(count[1] ?? 0);
        if (times === 0) repeated = ANYTHING;
        else {
          const common = commonOf(repeated);
          repeated = { kind: 'common', ...common, lengthMin: times * common.lengthMin };
        }
      }
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
        return ANY_CHARACTER;
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
        return this.#oneOf([character]);
    }
  }

  #group(): Part {
    const flags = this.#match(FLAGS);
    if (flags !== null) {
      this.#setFlags(flags[1]);
      // A repeat behind them is one of what stands before them.
      if (this.#match(QUANTIFIER) !== null) throw new Unreadable();
      return EMPTY;
    }
    const opening = this.#match(GROUP);
    if (opening === null) throw new Unreadable();
    const wasFolding = this.#isFolding;
    this.#setFlags(opening[1]);
    const inner = this.#alternatives();
    if (!this.#take(')')) throw new Unreadable();
    this.#isFolding = wasFolding;
    return inner;
  }

  /** Those that stand after a minus are switched off. Only the one that folds case changes what is told. */
  #setFlags(flags = ''): void {
    const [on = '', off = ''] = flags.split('-');
    if (on.includes('i')) this.#isFolding = true;
    if (off.includes('i')) this.#isFolding = false;
  }

  #oneOf(characters: readonly string[]): Part {
    if (!this.#isFolding) return { kind: 'values', values: characters };
    if (characters.some((character) => character > '\x7f')) return ANY_CHARACTER;
    this.#hasFolded ||= characters.some((character) => /[a-z]/i.test(character));
    return { kind: 'values', values: [...new Set(characters.map(foldCase))] };
  }

  #class(): Part {
    const inner = this.#match(CLASS)?.[1];
    if (inner === undefined) throw new Unreadable();
    if (/^\^|\[|\\[a-zA-Z0-9]/.test(inner)) return ANY_CHARACTER;
    const characters: string[] = [];
    for (const [, low = '', high = low] of inner.matchAll(CLASS_RANGE)) {
      const from = lastCodePoint(low);
      const to = lastCodePoint(high);
      if (characters.length + to - from >= CLASS_CHARACTERS_MAX) return ANY_CHARACTER;
      for (let code = from; code <= to; code++) characters.push(String.fromCodePoint(code));
    }
    return this.#oneOf([...new Set(characters)]);
  }

  #escape(): Part {
    if (this.#match(CLASS_ESCAPE) !== null) return ANY_CHARACTER;
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
const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/y;
const FLAGS = /\(\?([imsU-]+)\)/y;
const GROUP = /\((?:\?(?:P?<\w+>|([imsU-]*):)|(?!\?))/y;
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
  return { needs: texts, starts: texts, ends: texts, lengthMin: shortest(part.values) };
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

const shortest = (texts: readonly string[]): number =>
  texts.reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY);
