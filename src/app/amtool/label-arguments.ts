/** Matchers and labels as people write them on the command line. */
import { type MatcherMode, parseFilter } from '../../alerts/matcher-text.ts';
import { goQuote } from '../../lib/go-quote.ts';
import type { Matcher } from '../../model/matcher.ts';
import { Failure, orFail } from './failure.ts';

/** A first word that is no matcher is the alert's name: `HighLoad` means `alertname="HighLoad"`. */
export function withAlertname(words: readonly string[], mode: MatcherMode): readonly string[] {
  const [first, ...others] = words;
  if (first === undefined || !('error' in parseFilter(first, mode))) return words;
  return [`alertname=${goQuote(first)}`, ...others];
}

/** Throws a Failure for the first word that is no matcher. */
export const matchersOf = (words: readonly string[], mode: MatcherMode): readonly Matcher[] =>
  words.map((word) => orFail(parseFilter(word, mode)));

/** `name=value` words; of one name the last value counts. `mistake` is what to say to any other operator. */
export function pairsOf(words: readonly string[], mode: MatcherMode, mistake: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const { name, op, value } of matchersOf(words, mode)) {
    if (op !== '=') throw new Failure(mistake);
    pairs.set(name, value);
  }
  return pairs;
}
