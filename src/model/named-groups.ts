/**
 * Names of the groups of a regular expression. Go lets several groups have the same name, RE2/J does not: it compiles
 * the pattern without them, and a name stands for the first of its groups that took part in the match.
 */
import { REGEX_TOKEN } from './regex-size.ts';

/** Part of what the library says of such a pattern. */
export const DUPLICATE_NAME = 'duplicate capture group name';

const NAMED = /^\(\?P?<(\w+)>$/;

/** The same groups in the same order, none with a name. */
export const withoutNames = (source: string): string => source.replace(REGEX_TOKEN, (token) => (NAMED.test(token) ? '(' : token));

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
