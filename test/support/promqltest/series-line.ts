/** Series lines of test scripts: `name{label="value"} 1 2+3x4 _ {{sum:1 count:2}}x3`. */
import { parseGoNumber } from '../../../src/lib/go-number.ts';
import { type CounterResetHint, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '../../../src/model/histogram.ts';
import { Labels } from '../../../src/model/labels.ts';
import { STALE_NAN } from '../../../src/model/sample.ts';
import { add, draftOf, subtract } from '../../../src/promql/histogram/histogram-draft.ts';
import { parseMatchers } from '../../../src/promql/parser.ts';

export type Item =
  | { readonly kind: 'gap' }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: FloatHistogram; readonly hintIsGiven: boolean };

export type SeriesLine = { readonly labels: Labels; readonly items: readonly Item[] };

export function parseSeriesLine(line: string): SeriesLine {
  const end = endOfMetric(line);
  const metric = line.slice(0, end);
  return { labels: parseMetric(metric), items: parseItems(line.slice(end)) };
}

/** Behind the closing brace, or the first blank where there are no braces. */
function endOfMetric(line: string): number {
  let quote = '';
  let inBraces = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote !== '`') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '{') inBraces = true;
    else if (char === '}') return i + 1;
    else if (!inBraces && /\s/.test(char) && !/^\s*\{[^{]/.test(line.slice(i))) return i;
  }
  return line.length;
}

export function parseMetric(text: string): Labels {
  if (/^\s*\{\s*\}\s*$/.test(text)) return Labels.empty;
  const parsed = parseMatchers(text);
  if ('errors' in parsed) throw new Error(`${text}: ${parsed.errors[0]?.message ?? ''}`);
  return Labels.fromPairs(parsed.matchers.map(({ name, value }) => [name, value] as const));
}

function parseItems(text: string): Item[] {
  const items: Item[] = [];
  for (const word of text.match(/(?:\{\{.*?\}\}|\S)+/g) ?? []) items.push(...parseItem(word));
  return items;
}

const REPEAT = /^(.*?)x(\d+)$/s;
const STEPPED =
  /^(\{\{.*?\}\}|[+-]?(?:\d[\w.]*(?:(?<=[eE])[+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|nan))([+-])(\{\{.*\}\}|[\w.]+(?:(?<=[eE])[+-]\d+)?)$/is;

function parseItem(word: string): Item[] {
  const repeat = REPEAT.exec(word); // also of 0x10: no hexadecimal numbers here
  const body = repeat?.[1] ?? word;
  const times = repeat === null ? null : Number(repeat[2]);
  if (body === '_') return Array.from({ length: times ?? 1 }, () => ({ kind: 'gap' }));
  const stepped = times === null ? null : STEPPED.exec(body);
  if (stepped === null) return new Array<Item>(times === null ? 1 : times + 1).fill(parseValue(body));
  const [, first = '', sign = '+', step = ''] = stepped;
  const items: Item[] = [parseValue(first)];
  const delta = parseValue(step);
  for (let i = 0; i < (times ?? 0); i++) items.push(next(items.at(-1), delta, sign === '-'));
  return items;
}

function next(from: Item | undefined, delta: Item, isMinus: boolean): Item {
  if (from?.kind === 'float' && delta.kind === 'float') {
    return { kind: 'float', value: isMinus ? from.value - delta.value : from.value + delta.value };
  }
  if (from?.kind === 'histogram' && delta.kind === 'histogram') {
    const draft = draftOf(from.histogram);
    const outcome = isMinus ? subtract(draft, delta.histogram) : add(draft, delta.histogram);
    if (outcome === null) throw new Error('histograms do not go together');
    return { kind: 'histogram', histogram: draft, hintIsGiven: from.hintIsGiven };
  }
  throw new Error('a value and its step must be of one kind');
}

function parseValue(text: string): Item {
  if (text.startsWith('{{')) return parseHistogram(text);
  if (text === 'stale') return { kind: 'float', value: STALE_NAN };
  const value = parseGoNumber(text);
  if (typeof value !== 'number') throw new Error(value.error);
  return { kind: 'float', value };
}

function parseHistogram(text: string): Item {
  const fields = new Map<string, string>();
  for (const match of text.slice(2, -2).matchAll(/([a-z_]+):\s*(\[[^\]]*\]|\S+)/g)) fields.set(match[1] ?? '', match[2] ?? '');
  const number = (name: string): number => {
    const value = fields.get(name);
    if (value === undefined) return 0;
    const parsed = parseGoNumber(value);
    if (typeof parsed !== 'number') throw new Error(parsed.error);
    return parsed;
  };
  const list = (name: string): number[] =>
    (fields.get(name)?.slice(1, -1).match(/\S+/g) ?? []).map((value) => {
      const parsed = parseGoNumber(value);
      if (typeof parsed !== 'number') throw new Error(parsed.error);
      return parsed;
    });
  const positive = list('buckets');
  const negative = list('n_buckets');
  const schema = number('schema');
  return {
    kind: 'histogram',
    hintIsGiven: fields.has('counter_reset_hint'),
    histogram: {
      counterResetHint: (fields.get('counter_reset_hint') ?? 'unknown') as CounterResetHint,
      schema,
      zeroThreshold: number('z_bucket_w'),
      zeroCount: number('z_bucket'),
      count: number('count'),
      sum: fields.get('sum') === 'stale' ? STALE_NAN : number('sum'),
      positiveSpans: spanOf(number('offset'), positive),
      negativeSpans: spanOf(number('n_offset'), negative),
      positiveBuckets: positive,
      negativeBuckets: negative,
      customValues: schema === CUSTOM_BUCKETS_SCHEMA ? list('custom_values') : [],
    },
  };
}

const spanOf = (offset: number, buckets: readonly number[]) => (buckets.length === 0 ? [] : [{ offset, length: buckets.length }]);
