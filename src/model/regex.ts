/**
 * User regular expressions: RE2 syntax and linear time (re2js), always anchored at both ends, dot matches newline,
 * as in Prometheus' matchers and relabelling. What the literals in a pattern tell (regex-literals.ts) never reaches the engine.
 */
import { RE2JS, RE2JSException } from 're2js';
import { type RegexLiterals, regexLiterals } from './regex-literals.ts';

export interface Regex {
  readonly source: string;
  /** True when the whole text matches. */
  matches(text: string): boolean;
  /** Whoever matches is one of these; null: there are too many, or it is not known. */
  readonly literals: readonly string[] | null;
  /** Whoever matches contains one of these, none of which is empty; null: nothing is known. */
  readonly needs: readonly string[] | null;
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
  return regexOf(source, () => (compiled ??= RE2JS.compile(source)));
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
    if (error instanceof RE2JSException) return { error: error.message };
    throw error;
  }
}

function regexOf(source: string, engine: () => RE2JS): Regex {
  const literals = regexLiterals(source);
  return { source, literals: literals.values, needs: literals.needs, matches: testOf(literals, engine) };
}

/** Asks the engine only about what the literals leave open. */
function testOf({ values, isExact, needs, starts, ends }: RegexLiterals, engine: () => RE2JS): (text: string) => boolean {
  if (values !== null) {
    const set = new Set(values);
    return isExact ? (text) => set.has(text) : (text) => set.has(text) && engine().testExact(text);
  }
  return (text) =>
    (starts?.some((start) => text.startsWith(start)) ?? true) &&
    (ends?.some((end) => text.endsWith(end)) ?? true) &&
    (needs?.some((needed) => text.includes(needed)) ?? true) &&
    engine().testExact(text);
}
