/** alertmanager/matchers: matcher text, evaluation, printing, label names, API filters. */
import {
  type ApiMatcher,
  alertMatcher,
  type MatcherMode,
  opOfApiMatcher,
  parseMatcher,
  parseMatchers,
  printAlertMatcher,
  toApiMatcher,
} from '../../../src/alerts/matcher-text.ts';
import { isLegacyLabelName, isUtf8LabelName, Labels } from '../../../src/model/labels.ts';
import { type Matcher, type MatchOp, matchesLabels, matchesValue } from '../../../src/model/matcher.ts';
import type { KindRunner } from '../kind.ts';
import { checkTable, errorAsWanted, type WantedError, wantedError } from './table.ts';

type Plain = { readonly name: string; readonly op: MatchOp; readonly value: string };
type ParseCase = WantedError & {
  readonly parser: MatcherMode;
  readonly form: 'list' | 'single';
  readonly input: string;
  readonly matchers?: readonly Plain[];
};
type EvalCase = { readonly op: MatchOp; readonly pattern: string; readonly value: string; readonly match: boolean };
type FormatCase = Plain & { readonly string?: string; readonly json?: unknown; readonly json_in?: ApiMatcher };
type NameCase = { readonly mode: 'classic' | 'utf8'; readonly name: string; readonly valid: boolean };
type FilterCase = Plain & { readonly labels: Readonly<Record<string, string>>; readonly match: boolean };

const plain = ({ name, op, value }: Matcher): Plain => ({ name, op, value });

function made(name: string, op: MatchOp, value: string): Matcher {
  const matcher = alertMatcher(name, op, value);
  if ('error' in matcher) throw new Error(matcher.error);
  return matcher;
}

export const run: KindRunner = async (dir) => [
  ...(await checkTable<ParseCase>(dir, 'parse.json', (item) => ({
    expected: { matchers: item.matchers ?? null, error: wantedError(item) },
    run: () => {
      const got = item.form === 'list' ? parseMatchers(item.input, item.parser) : parseMatcher(item.input, item.parser);
      if ('error' in got) return { matchers: null, error: errorAsWanted(item, got.error) };
      return { matchers: ('length' in got ? got : [got]).map(plain), error: null };
    },
  }))),
  ...(await checkTable<EvalCase>(dir, 'eval.json', (item) => ({
    expected: item.match,
    run: () => matchesValue(made('x', item.op, item.pattern), item.value),
  }))),
  ...(await checkTable<FormatCase>(dir, 'format.json', (item) => ({
    expected: item.string ?? item.json ?? plain(made(item.name, item.op, item.value)),
    run: () => {
      const matcher = made(item.name, item.op, item.value);
      if (item.string !== undefined) return printAlertMatcher(matcher);
      if (item.json_in === undefined) return toApiMatcher(matcher);
      return plain(made(item.json_in.name, opOfApiMatcher(item.json_in), item.json_in.value));
    },
  }))),
  ...(await checkTable<NameCase>(dir, 'labelnames.json', (item) => ({
    expected: item.valid,
    run: () => (item.mode === 'classic' ? isLegacyLabelName(item.name) : isUtf8LabelName(item.name)),
  }))),
  ...(await checkTable<FilterCase>(dir, 'api_filter.json', (item) => ({
    expected: item.match,
    run: () => matchesLabels([made(item.name, item.op, item.value)], Labels.of(item.labels)),
  }))),
];
