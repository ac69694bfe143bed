/**
 * User regular expressions: RE2 syntax and linear time (re2js), always anchored at both ends, dot matches newline,
 * as in Prometheus' matchers and relabelling. What the literals in a pattern tell (regex-literals.ts) never reaches the engine.
 */
import { RE2JS, RE2JSException } from 're2js';
import { quoteMeta } from '../lib/quote-meta.ts';
import { compileRe2 } from './named-groups.ts';
import { foldCase, type RegexLiterals, regexLiterals } from './regex-literals.ts';
import type { RegexProgram } from './regex-set.ts';
import { regexSize } from './regex-size.ts';

export interface Regex {
  readonly source: string;
  /** True when the whole text matches. */
  matches(text: string): boolean;
  /** Whoever matches is one of these; null: there are too many, or it is not known. */
  readonly literals: readonly string[] | null;
  /** Whoever matches contains one of these, none of which is empty; null: nothing is known. */
  readonly needs: readonly string[] | null;
  /** Some of it folds case: `foldCase` of whoever matches contains one of `needs`. */
  readonly foldsCase: boolean;
  /** UTF-16 units that whoever matches has at least; 0 also where it is not known. */
  readonly lengthMin: number;
  /** About how many instructions it is compiled to, where the literals leave anything open; otherwise 0. */
  readonly size: number;
  /** For a RegexSet; compiled for it where it has not been needed yet. */
  program(): RegexProgram;
}

/** Text of Go's regexp error for the pattern, or the compiled expression. */
export const compileRegex = (source: string): Regex | { readonly error: string } =>
  compileAnchored(source, `^(?s:${source})$`, RE2JS.DOTALL);

/** As Prometheus compiles its matchers: the text must be a pattern before it is anchored, as `a)|(b` is not. */
export function compileMatcherRegex(source: string): Regex | { readonly error: string } {
  const regex = compileAlone(source, RE2JS.DOTALL);
  // With the flag the library shows the pattern as `(?s)…`.
  return 'error' in regex ? { error: regexError(source) ?? regex.error } : regex;
}

/** As Alertmanager compiles its matchers: the dot stops at a newline unless the pattern says (?s). */
export const compileAlertmanagerRegex = (source: string): Regex | { readonly error: string } =>
  compileAnchored(source, `^(?:${source})$`, 0);

/** As Alertmanager compiles the pattern of a silence: alone as well. */
export const compileSilenceRegex = (source: string): Regex | { readonly error: string } => compileAlone(source, 0);

/** The same for a pattern that has been one before. */
export const storedSilenceRegex = (source: string): Regex => whenNeeded(source, 0);

/** One that matches these texts and no others. */
export function regexOfTexts(texts: readonly string[]): Regex {
  const set = new Set(texts);
  const source = [...set].map(quoteMeta).join('|');
  return {
    source,
    literals: [...set],
    needs: null,
    foldsCase: false,
    lengthMin: 0,
    size: 0,
    matches: (text) => set.has(text),
    program: () => RE2JS.compile(source).re2().prog,
  };
}

/** Text of Go's regexp error for the pattern as it stands, unanchored; null when it is one. */
export function regexError(source: string): string | null {
  const compiled = compile(source, 0);
  return 'error' in compiled ? compiled.error : null;
}

/** Anchoring is left to the engine where it can be: what is written around a pattern costs as much as the pattern. */
function compileAnchored(source: string, anchored: string, flags: number): Regex | { readonly error: string } {
  const alone = compileAlone(source, flags);
  if (!('error' in alone)) return alone;
  const compiled = compile(anchored, 0);
  return 'error' in compiled ? compiled : regexOf(source, () => compiled);
}

function compileAlone(source: string, flags: number): Regex | { readonly error: string } {
  if (isSurelyPattern(source)) {
    const regex = whenNeeded(source, flags);
    if (regex.size <= REGEX_SIZE_MAX) return regex;
  }
  const compiled = compile(source, flags);
  return 'error' in compiled ? compiled : regexOf(source, () => compiled);
}

/** Dashboards ask for one of a thousand hosts; those are told apart by the literals, and need no engine to check them. */
function isSurelyPattern(source: string): boolean {
  if (!PLAIN.test(source)) return false;
  let depth = 0;
  for (let i = 0; i < source.length; i++) {
    const character = source[i];
    if (character === '\\') i++;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    if (depth < 0 || depth > PLAIN_DEPTH_MAX) return false;
  }
  return depth === 0;
}

/** Characters, perhaps escaped, alternatives, groups and the usual repeats of a dot. */
const PLAIN = /^(?:[^\\^$*+?[\]{}\ud800-\udfff]|\.[*+]|\\[!-/:-@[-`{-~])*$/;
const PLAIN_DEPTH_MAX = 20;

/** Compiled when the literals do not decide for the first time. */
function whenNeeded(source: string, flags: number): Regex {
  let compiled: RE2JS | null = null;
  return regexOf(
    source,
    () => (compiled ??= compileRe2(source, flags)),
    () => compiled ?? compileRe2(source, flags),
  );
}

/** Some tenths of a second of compiling, and tens of megabytes; far more than anybody writes. */
export const REGEX_SIZE_MAX = 100_000;
/** What Go says to patterns beyond its own limit, which is three million. */
export const REGEX_TOO_LARGE = 'error parsing regexp: expression too large';

function compile(pattern: string, flags: number): RE2JS | { readonly error: string } {
  if (regexSize(pattern) > REGEX_SIZE_MAX) return { error: REGEX_TOO_LARGE };
  try {
    return compileRe2(pattern, flags);
  } catch (error) {
    // Go names what is wrong with the pattern, here nothing; RE2/J leaves that out.
    if (error instanceof RE2JSException) return { error: error.message.replace(/(trailing backslash at end of expression)$/, '$1: ``') };
    throw error;
  }
}

/** `compiled`: like `engine`, for one use: it need not be kept. */
function regexOf(source: string, engine: () => RE2JS, compiled = engine): Regex {
  const literals = regexLiterals(source);
  const { values, isExact, needs, foldsCase, lengthMin } = literals;
  return {
    source,
    literals: foldsCase ? null : values,
    needs,
    foldsCase,
    lengthMin,
    size: isExact ? 0 : regexSize(source),
    matches: testOf(literals, engine),
    program: () => compiled().re2().prog,
  };
}

/** Asks the engine only about what the literals leave open. */
function testOf(literals: RegexLiterals, engine: () => RE2JS): (text: string) => boolean {
  const { values, isExact, needs, starts, ends, foldsCase, lengthMin } = literals;
  if (values !== null) {
    const set = new Set(values);
    if (isExact) return (text) => set.has(text);
    return (text) => set.has(foldsCase ? foldCase(text) : text) && engine().testExact(text);
  }
  return (text) => {
    if (text.length < lengthMin) return false;
    const folded = foldsCase ? foldCase(text) : text;
    return (
      (starts?.some((start) => folded.startsWith(start)) ?? true) &&
      (ends?.some((end) => folded.endsWith(end)) ?? true) &&
      (needs?.some((needed) => folded.includes(needed)) ?? true) &&
      engine().testExact(text)
    );
  };
}
