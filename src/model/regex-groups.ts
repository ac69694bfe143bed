/**
 * Captures of a user's regular expression and Go's replacement templates ($1, ${name}), as relabelling and
 * label_replace use them: the pattern is anchored at both ends as in regex.ts, so a match is always the whole text.
 */
import { compileRe2, namedGroups } from './named-groups.ts';
import { compileRegex } from './regex.ts';

export type RegexMatch = {
  /** [0] is the whole text; null where a group took no part. */
  readonly groups: readonly (string | null)[];
  /** Of each name its groups. */
  readonly names: ReadonlyMap<string, readonly number[]>;
};

export interface GroupRegex {
  readonly source: string;
  matches(text: string): boolean;
  match(text: string): RegexMatch | null;
}

/** Text of Go's regexp error for the pattern, or the compiled expression. */
export function compileGroupRegex(source: string): GroupRegex | { readonly error: string } {
  // The default of relabelling: matches all, and its one group is all of it.
  if (source === '(.*)') return { source, matches: () => true, match: (text) => ({ groups: [text, text], names: NO_NAMES }) };
  const regex = compileRegex(source);
  if ('error' in regex) return regex;
  const { matches } = regex;
  if (!source.includes('(')) return { source, matches, match: (text) => (matches(text) ? { groups: [text], names: NO_NAMES } : null) };
  const compiled = compileRe2(`^(?s:${source})$`);
  const names = namedGroups(source);
  const count = compiled.groupCount();
  return {
    source,
    matches,
    match: (text) => {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return null;
      const groups: (string | null)[] = [];
      for (let i = 0; i <= count; i++) groups.push(matcher.group(i));
      return { groups, names };
    },
  };
}

const NO_NAMES: RegexMatch['names'] = new Map();

/** Literal text, or the name or number of a group. */
type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'group'; readonly name: string };
export type RegexTemplate = readonly Piece[];

/** $name takes the longest run of letters, digits and _; $$ is a dollar; a $ that starts no name stays as it is. */
export function parseTemplate(text: string): RegexTemplate {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(REFERENCE)) {
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) });
    const name = match[1] ?? match[2];
    pieces.push(name === undefined ? { kind: 'text', text: '$' } : { kind: 'group', name });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;
/** A number with a leading zero, or too large, is a name. */
const NUMBER = /^(?:0|[1-9][0-9]{0,8})$/;

/** An unknown group and one that took no part are empty. */
export function expandTemplate(template: RegexTemplate, match: RegexMatch): string {
  let out = '';
  for (const piece of template) out += piece.kind === 'text' ? piece.text : groupText(piece.name, match);
  return out;
}

/** How long that will be: a short template can make much of a long group. */
export function expandedLength(template: RegexTemplate, match: RegexMatch): number {
  let length = 0;
  for (const piece of template) length += (piece.kind === 'text' ? piece.text : groupText(piece.name, match)).length;
  return length;
}

function groupText(name: string, { names, groups }: RegexMatch): string {
  const candidates = NUMBER.test(name) ? [Number(name)] : (names.get(name) ?? []);
  for (const index of candidates) {
    const text = groups[index];
    if (text !== null && text !== undefined) return text;
  }
  return '';
}
