/**
 * User regular expressions: RE2 syntax and linear time (re2js), always anchored at both ends, dot matches newline,
 * as in Prometheus' matchers and relabelling. Literals and alternations of literals never reach the engine.
 */
import { RE2JS, RE2JSException } from 're2js';

export interface Regex {
  readonly source: string;
  /** True when the whole text matches. */
  matches(text: string): boolean;
  /** The literals that alone can match, where the pattern is nothing but an alternation of them; else null. */
  readonly literals: readonly string[] | null;
}

/** Text of Go's regexp error for the pattern, or the compiled expression. */
export const compileRegex = (source: string): Regex | { readonly error: string } => compileAs(source, `^(?s:${source})$`);

/** As Alertmanager compiles its matchers: the dot stops at a newline unless the pattern says (?s). */
export const compileAlertmanagerRegex = (source: string): Regex | { readonly error: string } => compileAs(source, `^(?:${source})$`);

/** Text of Go's regexp error for the pattern as it stands, unanchored; null when it is one. */
export function regexError(source: string): string | null {
  const compiled = compileAs(source, source);
  return 'error' in compiled ? compiled.error : null;
}

function compileAs(source: string, pattern: string): Regex | { readonly error: string } {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) return { error: error.message };
    throw error;
  }
  const literals = literalAlternation(source);
  if (literals !== null) {
    const set = new Set(literals);
    return { source, literals, matches: (text) => set.has(text) };
  }
  const prefix = literalPrefix(source);
  return { source, literals: null, matches: (text) => text.startsWith(prefix) && compiled.testExact(text) };
}

const META = /[\\.+*?()[\]{}^$]/;

function literalAlternation(source: string): readonly string[] | null {
  const inner =
    /^(?:\^\(\?:([^()]*)\)\$|\((?:\?:)?([^()]*)\))$/
      .exec(source)
      ?.slice(1)
      .find((group) => group !== undefined) ?? source;
  return META.test(inner) ? null : inner.split('|');
}

/** What every match starts with, as far as a glance shows: the characters before the first special one; '' where there are alternatives. */
export function literalPrefix(source: string): string {
  const inner = /^\^\(\?:(.*)\)\$$/s.exec(source)?.[1] ?? source;
  if (inner.includes('|')) return '';
  const special = inner.search(META);
  const end = special < 0 ? inner.length : special;
  if (!/[*?{+]/.test(inner[end] ?? '')) return inner.slice(0, end);
  return Array.from(inner.slice(0, end)).slice(0, -1).join(''); // the quantifier may take the last one away
}
