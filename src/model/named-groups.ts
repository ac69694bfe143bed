/**
 * Names of the groups of a regular expression. Go lets several groups have the same name, RE2/J does not: it compiles
 * the pattern without them, and a name stands for the first of its groups that took part in the match.
 */
import { RE2JS, RE2JSException } from 're2js';
import { REGEX_TOKEN } from './regex-size.ts';

/** Part of what the library says of such a pattern. */
const DUPLICATE_NAME = 'duplicate capture group name';

/** The library's expression, whose own names are not to be used. Throws RE2JSException. */
export function compileRe2(source: string, flags = 0): RE2JS {
  try {
    return RE2JS.compile(source, flags);
  } catch (error) {
    if (!(error instanceof RE2JSException) || !error.message.includes(DUPLICATE_NAME)) throw error;
    return RE2JS.compile(withoutNames(source), flags);
  }
}

const NAMED = /^\(\?P?<(\w+)>$/;

/** The same groups in the same order, none with a name. */
const withoutNames = (source: string): string => source.replace(REGEX_TOKEN, (token) => (NAMED.test(token) ? '(' : token));

/** Of each name its groups, counted from 1. */
export function namedGroups(source: string): ReadonlyMap<string, readonly number[]> {
  const names = new Map<string, number[]>();
  let count = 0;
  for (const [token] of source.matchAll(REGEX_TOKEN)) {
    const name = NAMED.exec(token)?.[1];
    if (token === '(' || name !== undefined) count++;
    if (name === undefined) continue;
    const groups = names.get(name);
    if (groups === undefined) names.set(name, [count]);
    else groups.push(count);
  }
  return names;
}
