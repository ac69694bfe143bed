/**
 * User regular expressions: RE2 syntax and linear time (re2js), always anchored at both ends, dot matches newline,
 * as in Prometheus' matchers and relabelling. What the literals in a pattern tell (regex-literals.ts) never reaches the engine.
 */
import { RE2JS, RE2JSException } from 're2js';
import { quoteMeta } from '../lib/quote-meta.ts';
import { foldCase, type RegexLiterals, regexLiterals } from './regex-literals.ts';
import type { RegexProgram } from './regex-set.ts';

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
  /** For a RegexSet; compiled for it where it has not been needed yet. */
  program(): RegexProgram;
}

/** Text of Go's regexp error for the pattern, or the compiled expression. */
export const compileRegex = (source: string): Regex | { readonly error: string } =>
  compileAnchored(source, `^(?s:${source})$`, RE2JS.DOTALL);

/** As Alertmanager compiles its matchers: the dot stops at a newline unless the pattern says (?s). */
export const compileAlertmanagerRegex = (source: string): Regex | { readonly error: string } =>
  compileAnchored(source, `^(?:${source})$`, 0);

/**
 * As Alertmanager compiles the pattern of a silence, which must be one before it is anchored: `a)|(b` is not, although
 * ^(?:a)|(b)$ is.
 */
export function compileSilenceRegex(source: string): Regex | { readonly error: string } {
  const compiled = compile(source, 0);
  return 'error' in compiled ? compiled : regexOf(source, () => compiled);
}

/** The same for a pattern that has been one before: compiled when it is first needed. */
export function storedSilenceRegex(source: string): Regex {
  let compiled: RE2JS | null = null;
  return regexOf(
    source,
    () => (compiled ??= RE2JS.compile(source)),
    () => compiled ?? RE2JS.compile(source),
  );
}

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
  const plain = compile(source, flags);
  const compiled = 'error' in plain ? compile(anchored, 0) : plain;
  return 'error' in compiled ? compiled : regexOf(source, () => compiled);
}

function compile(pattern: string, flags: number): RE2JS | { readonly error: string } {
  try {
    return RE2JS.compile(pattern, flags);
  } catch (error) {
    // Go names what is wrong with the pattern, here nothing; RE2/J leaves that out.
    if (error instanceof RE2JSException) return { error: error.message.replace(/(trailing backslash at end of expression)$/, '$1: ``') };
    throw error;
  }
}

/** `compiled`: like `engine`, for one use: it need not be kept. */
function regexOf(source: string, engine: () => RE2JS, compiled = engine): Regex {
  const literals = regexLiterals(source);
  const { values, needs, foldsCase, lengthMin } = literals;
  return {
    source,
    literals: foldsCase ? null : values,
    needs,
    foldsCase,
    lengthMin,
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
