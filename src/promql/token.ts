/**
 * What the lexer yields. A symbol's or keyword's kind is its own (lower-case) text. Kinds, and how errors name a token,
 * are those of prometheus/promql/parser/lex.go.
 */
import { goQuote } from '../lib/go-quote.ts';

export type TokenKind =
  | 'eof'
  | 'error'
  | 'identifier'
  | 'metric identifier'
  | 'string'
  | 'number'
  | 'duration'
  | Symbol
  | Operator
  | Aggregator
  | Modifier
  | Preprocessor
  | SeriesToken;

type Symbol = '(' | ')' | '{' | '}' | '[' | ']' | ',' | '=' | ':';
type Operator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '</'
  | '>/'
  | '=~'
  | '!~'
  | '@'
  | 'and'
  | 'or'
  | 'unless'
  | 'atan2';
type Aggregator =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio';
type Modifier =
  | 'offset'
  | 'smoothed'
  | 'anchored'
  | 'by'
  | 'without'
  | 'on'
  | 'ignoring'
  | 'group_left'
  | 'group_right'
  | 'fill'
  | 'fill_left'
  | 'fill_right'
  | 'bool';
type Preprocessor = 'start' | 'end' | 'step' | 'range' | 'max_of' | 'min_of';
/** Only in series descriptions: `{{`, `}}`, `_`, the `x` of repetition, blanks, and the words of a histogram. */
type SeriesToken = '{{' | '}}' | 'blank' | 'times' | 'space' | 'histogram key' | 'reset hint';

export type Token = {
  readonly kind: TokenKind;
  /** As written; the message of an error. */
  readonly text: string;
  /** Byte offsets; those of an error run to the end of the input. */
  readonly start: number;
  readonly end: number;
};

const OPERATOR_WORDS = ['and', 'or', 'unless', 'atan2'] as const;
const AGGREGATORS = [
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
] as const;
const MODIFIERS = [
  'offset',
  'smoothed',
  'anchored',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'fill',
  'fill_left',
  'fill_right',
  'bool',
] as const;
const PREPROCESSORS = ['start', 'end', 'step', 'range', 'max_of', 'min_of'] as const;

/** Words that are no plain identifiers, in lower case; they are recognised in any case. */
export const KEYWORDS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...[...OPERATOR_WORDS, ...AGGREGATORS, ...MODIFIERS, ...PREPROCESSORS].map((word) => [word, word] as const),
  ['inf', 'number'],
  ['nan', 'number'],
]);

const OPERATORS: ReadonlySet<TokenKind> = new Set([
  ...OPERATOR_WORDS,
  ...(['+', '-', '*', '/', '%', '^', '==', '!=', '<', '<=', '>', '>=', '</', '>/', '=~', '!~', '@'] as const),
]);
const AGGREGATOR_KINDS: ReadonlySet<TokenKind> = new Set(AGGREGATORS);
const MODIFIER_KINDS: ReadonlySet<TokenKind> = new Set(MODIFIERS);

/** Kinds that stand for a metric name where an expression is wanted. */
export const METRIC_NAMES: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'identifier',
  'metric identifier',
  'and',
  'or',
  'unless',
  ...AGGREGATORS,
  ...MODIFIERS.filter((word) => !['on', 'ignoring', 'group_left', 'group_right', 'bool'].includes(word)),
  ...PREPROCESSORS,
]);
/** Kinds that stand for a label name in `by (…)` and its like; `without` must be quoted there. */
export const LABEL_NAMES: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'identifier',
  'metric identifier',
  ...OPERATOR_WORDS,
  ...AGGREGATORS,
  ...MODIFIERS.filter((word) => word !== 'without'),
  ...PREPROCESSORS,
]);

/** The token as an error names it: `identifier "foo"`, `<by>`, `<op:+>`, `<aggr:sum>`, `")"`. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case 'eof':
      return 'end of input';
    case 'identifier':
    case 'metric identifier':
      return `${token.kind} ${goQuote(token.text)}`;
    case 'string':
    case 'number':
    case 'duration':
      return `${token.kind} ${shortened(token)}`;
    case 'histogram key':
    case 'reset hint':
      return `"<Item ${HISTOGRAM_WORDS.get(token.text.toLowerCase())?.number}>" ${shortened(token)}`;
    default:
      if (MODIFIER_KINDS.has(token.kind)) return `<${token.text}>`;
      if (OPERATORS.has(token.kind)) return `<op:${token.text}>`;
      if (AGGREGATOR_KINDS.has(token.kind)) return `<aggr:${token.text}>`;
      return shortened(token);
  }
}

/**
 * Keys and hints of histograms have no name in Prometheus' errors but the number that its parser generator gave them:
 * `unexpected "<Item 57372>" "schema" in series values`. They are numbered in this order.
 */
const HISTOGRAM_KEYS = [
  'sum',
  'count',
  'schema',
  'offset',
  'n_offset',
  'buckets',
  'n_buckets',
  'z_bucket',
  'z_bucket_w',
  'custom_values',
  'counter_reset_hint',
];
const RESET_HINTS = ['unknown', 'reset', 'not_reset', 'gauge'];
const HISTOGRAM_KEY_NUMBER_MIN = 57370;
const RESET_HINT_NUMBER_MIN = 57445;

type HistogramWord = { readonly kind: 'histogram key' | 'reset hint'; readonly number: number };

/** Words with a meaning inside a histogram, in lower case. */
export const HISTOGRAM_WORDS: ReadonlyMap<string, HistogramWord> = new Map<string, HistogramWord>([
  ...HISTOGRAM_KEYS.map((key, i) => [key, { kind: 'histogram key', number: HISTOGRAM_KEY_NUMBER_MIN + i }] as const),
  ...RESET_HINTS.map((hint, i) => [hint, { kind: 'reset hint', number: RESET_HINT_NUMBER_MIN + i }] as const),
]);

const SHOWN_MAX = 10;

function shortened({ text, start, end }: Token): string {
  if (end - start <= SHOWN_MAX) return goQuote(text);
  return `${goQuote(
    Array.from(text.slice(0, 2 * SHOWN_MAX))
      .slice(0, SHOWN_MAX)
      .join(''),
  )}...`;
}
