/** A label matcher. An absent label has the value ''. Printed as Prometheus and Alertmanager print it. */
import { goQuote } from '../lib/go-quote.ts';
import { isLegacyLabelName, type Labels } from './labels.ts';
import { compileMatcherRegex, type Regex } from './regex.ts';

export type MatchOp = '=' | '!=' | '=~' | '!~';

export type Matcher = {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
  /** Compiled `value` of =~ and !~. */
  readonly regex: Regex | null;
};

export function equalMatcher(name: string, value: string): Matcher {
  return { name, op: '=', value, regex: null };
}

/** A matcher, or Go's error text for a bad pattern. */
export function makeMatcher(name: string, op: MatchOp, value: string): Matcher | { readonly error: string } {
  if (op === '=' || op === '!=') return { name, op, value, regex: null };
  const regex = compileMatcherRegex(value);
  return 'error' in regex ? regex : { name, op, value, regex };
}

export function matchesValue(matcher: Matcher, value: string): boolean {
  switch (matcher.op) {
    case '=':
      return value === matcher.value;
    case '!=':
      return value !== matcher.value;
    case '=~':
      return matcher.regex?.matches(value) ?? false;
    case '!~':
      return !(matcher.regex?.matches(value) ?? false);
  }
}

export const matchesLabels = (matchers: readonly Matcher[], labels: Labels): boolean =>
  matchers.every((matcher) => matchesValue(matcher, labels.get(matcher.name)));

export const printMatcher = ({ name, op, value }: Matcher): string =>
  `${isLegacyLabelName(name) ? name : goQuote(name)}${op}${goQuote(value)}`;
