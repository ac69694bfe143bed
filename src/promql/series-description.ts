/**
 * The notation of series in tests: `metric{a="b"} 1 _x3 5+10x4 stale {{schema:1 sum:3 buckets:[1 2]}}x2`, used by
 * promqltest's `load` lines and by rule unit tests. Runs stay runs here (`sequence.ts` spells them out): a line may ask
 * for more values than memory holds. Follows the rules metric and series_description of
 * prometheus/promql/parser/generated_parser.y.
 */
import { goQuote } from '../lib/go-quote.ts';
import { type CounterResetHint, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../model/histogram.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import { STALE_NAN } from '../model/sample.ts';
import { negated, parseLiteral } from './literal.ts';
import type { ParseError } from './parse-error.ts';
import type { SequenceRun } from './sequence.ts';
import { METRIC_NAMES, type TokenKind } from './token.ts';
import { type Context, NO_CONTEXT, parseWith, TokenReader } from './token-reader.ts';

export type SeriesDescription = { readonly labels: Labels; readonly runs: readonly SequenceRun[] };

export function parseSeriesDescription(text: string): SeriesDescription | { readonly errors: readonly ParseError[] } {
  const result = parseWith(new TokenReader(text, 'series'), (reader) => {
    const parser = new SeriesParser(reader);
    return { labels: parser.metric(), runs: parser.runs() };
  });
  return 'errors' in result ? result : result.value;
}

/** The labels of a series alone: `metric{a="b"}`. */
export function parseMetric(text: string): { readonly labels: Labels } | { readonly errors: readonly ParseError[] } {
  const result = parseWith(new TokenReader(text, 'query'), (reader) => {
    const labels = new SeriesParser(reader).metric();
    reader.expect('eof');
    return labels;
  });
  return 'errors' in result ? result : { labels: result.value };
}

const LABEL: Context = { where: 'label set', expected: 'identifier or "}"' };
const LABEL_OP: Context = { where: 'label set', expected: '"="' };
const LABEL_VALUE: Context = { where: 'label set', expected: 'string' };
const AFTER_LABEL: Context = { where: 'label set', expected: '"," or "}"' };
const VALUES: Context = { where: 'series values', expected: '' };
const STALE: Context = { where: 'series values', expected: 'number or "stale"' };
const HISTOGRAM: Context = { where: 'histogram description', expected: 'histogram description key, e.g. buckets:[5 10 7]' };

/** The values of one histogram's keys, as far as they were given. */
type Keys = {
  readonly numbers: Map<string, number>;
  readonly lists: Map<string, readonly number[]>;
  hint: CounterResetHint | null;
};

class SeriesParser {
  readonly #reader: TokenReader;

  constructor(reader: TokenReader) {
    this.#reader = reader;
  }

  metric(): Labels {
    const reader = this.#reader;
    const name = METRIC_NAMES.has(reader.peek().kind) ? reader.advance() : null;
    const pairs: (readonly [string, string])[] = [];
    if (reader.accept('{')) {
      while (!reader.accept('}')) {
        pairs.push(this.#label());
        if (!reader.accept(',') && reader.peek().kind !== '}') reader.unexpected(AFTER_LABEL);
      }
    }
    if (name !== null) pairs.push([METRIC_NAME, name.text]);
    return Labels.fromPairs(pairs);
  }

  #label(): readonly [name: string, value: string] {
    const reader = this.#reader;
    const token = reader.peek();
    if (token.kind !== 'identifier' && token.kind !== 'string') return reader.unexpected(LABEL);
    reader.advance();
    const name = token.kind === 'string' ? reader.unquote(token) : token.text;
    if (reader.accept('=')) return [name, reader.unquote(reader.expect('string', LABEL_VALUE))];
    return token.kind === 'string' ? [METRIC_NAME, name] : reader.unexpected(LABEL_OP);
  }

  runs(): readonly SequenceRun[] {
    const reader = this.#reader;
    const first = reader.peek().kind;
    if (first !== 'space' && first !== 'eof') reader.unexpected(VALUES);
    reader.context = VALUES;
    const runs: SequenceRun[] = [];
    while (reader.accept('space')) {
      const run = this.#run();
      if (run !== null) runs.push(run);
    }
    if (reader.peek().kind !== 'eof') reader.unexpected(NO_CONTEXT);
    return runs;
  }

  /** Null where a blank is followed by no value. */
  #run(): SequenceRun | null {
    const reader = this.#reader;
    switch (reader.peek().kind) {
      case 'blank':
        reader.advance();
        return { kind: 'omitted', count: reader.accept('times') ? this.#count() : 1 };
      case 'identifier': {
        if (reader.peek().text !== 'stale') reader.unexpected(STALE);
        reader.advance();
        return this.#floats(STALE_NAN);
      }
      case 'number':
      case '+':
      case '-':
        return this.#floats(this.#signedNumber());
      case '{{':
        return this.#histograms();
      default:
        return null;
    }
  }

  /** What follows the first value: nothing, `xN`, or a step and `xN`. The first value comes on top of the N. */
  #floats(value: number): SequenceRun {
    const reader = this.#reader;
    if (reader.accept('times')) return { kind: 'float', value, step: 0, count: this.#count() + 1 };
    const next = reader.peek().kind;
    if (next !== '+' && next !== '-') return { kind: 'float', value, step: 0, count: 1 };
    const step = this.#signedNumber();
    reader.expect('times');
    return { kind: 'float', value, step, count: this.#count() + 1 };
  }

  #signedNumber(): number {
    const sign = this.#reader.accept('-') ?? this.#reader.accept('+');
    const literal = parseLiteral(this.#reader);
    return sign?.kind === '-' ? negated(literal).value : literal.value;
  }

  #count(): number {
    const reader = this.#reader;
    const token = reader.expect('number');
    const problem = !/^[0-9]+$/.test(token.text) ? 'invalid syntax' : Number(token.text) >= 2 ** 64 ? 'value out of range' : null;
    if (problem === null) return Number(token.text);
    reader.report(token, `invalid repetition in series values: strconv.ParseUint: parsing ${goQuote(token.text)}: ${problem}`);
    return 0;
  }

  #histograms(): SequenceRun {
    const reader = this.#reader;
    const { histogram, isHintGiven } = this.#histogram();
    if (reader.accept('times')) return { kind: 'histogram', histogram, step: null, isHintGiven, count: this.#count() + 1 };
    const op = reader.accept('+') ?? reader.accept('-');
    if (op === null) return { kind: 'histogram', histogram, step: null, isHintGiven, count: 1 };
    if (reader.peek().kind !== '{{') reader.unexpected();
    const other = this.#histogram();
    reader.expect('times');
    const count = this.#count() + 1;
    const problem = combinationProblem(histogram, other.histogram);
    if (problem !== null && count > 1) reader.report(reader.last, problem);
    const step = { op: op.kind === '+' ? ('+' as const) : ('-' as const), histogram: other.histogram };
    return { kind: 'histogram', histogram, step, isHintGiven: other.isHintGiven, count };
  }

  #histogram(): { readonly histogram: FloatHistogram; readonly isHintGiven: boolean } {
    const reader = this.#reader;
    const outer = reader.context;
    reader.expect('{{');
    const keys: Keys = { numbers: new Map(), lists: new Map(), hint: null };
    if (reader.accept('space') === null && reader.peek().kind === 'histogram key') {
      do {
        this.#key(keys);
        // From the second key on errors speak of the keys.
        reader.context = HISTOGRAM;
      } while (reader.accept('space') && reader.peek().kind !== '}}');
    }
    reader.expect('}}');
    reader.context = outer;
    return { histogram: histogramOf(keys), isHintGiven: keys.hint !== null };
  }

  #key(keys: Keys): void {
    const reader = this.#reader;
    const token = reader.expect('histogram key');
    const key = token.text.toLowerCase();
    reader.expect(':');
    const isKnown = keys.numbers.has(key) || keys.lists.has(key) || (key === HINT && keys.hint !== null);
    switch (key) {
      case 'schema':
      case 'offset':
      case 'n_offset':
        keys.numbers.set(key, this.#integer());
        break;
      case 'buckets':
      case 'n_buckets':
      case 'custom_values':
        keys.lists.set(key, this.#list());
        break;
      case HINT:
        keys.hint = reader.expect('reset hint').text.toLowerCase() as CounterResetHint;
        break;
      case 'z_bucket_w':
        keys.numbers.set(key, parseLiteral(reader).value);
        break;
      default:
        keys.numbers.set(key, this.#signedNumber());
    }
    if (isKnown) reader.report({ start: 0, end: 0 }, `duplicate key "${key}" in histogram`);
  }

  #integer(): number {
    const sign = this.#reader.accept('-');
    const count = this.#count();
    return sign === null ? count | 0 : -count | 0; // an int32 in Go as well
  }

  /** [1 2 3]. What else stands behind the first number is passed over, as Prometheus' grammar recovers there in silence. */
  #list(): readonly number[] {
    const reader = this.#reader;
    reader.expect('[');
    const numbers = [this.#signedNumber()];
    while (reader.accept(']') === null) {
      if (reader.accept('space') === null) reader.advance();
      else if (NUMBER_STARTS.has(reader.peek().kind)) numbers.push(this.#signedNumber());
    }
    return numbers;
  }
}

const HINT = 'counter_reset_hint';
const NUMBER_STARTS: ReadonlySet<TokenKind> = new Set<TokenKind>(['number', 'duration', '-']);

function histogramOf({ numbers, lists, hint }: Keys): FloatHistogram {
  const positiveBuckets = lists.get('buckets') ?? [];
  const negativeBuckets = lists.get('n_buckets') ?? [];
  return {
    counterResetHint: hint ?? 'unknown',
    schema: numbers.get('schema') ?? 0,
    zeroThreshold: numbers.get('z_bucket_w') ?? 0,
    zeroCount: numbers.get('z_bucket') ?? 0,
    count: numbers.get('count') ?? 0,
    sum: numbers.get('sum') ?? 0,
    positiveSpans: spansOf(positiveBuckets, numbers.get('offset') ?? 0),
    negativeSpans: spansOf(negativeBuckets, numbers.get('n_offset') ?? 0),
    positiveBuckets,
    negativeBuckets,
    customValues: lists.get('custom_values') ?? [],
  };
}

const spansOf = (buckets: readonly number[], offset: number): readonly Span[] =>
  buckets.length === 0 ? [] : [{ offset, length: buckets.length }];

function combinationProblem(first: FloatHistogram, step: FloatHistogram): string | null {
  if (first.schema > step.schema) return `error combining histograms: cannot merge from schema ${step.schema} to ${first.schema}`;
  if ((first.schema === CUSTOM_BUCKETS_SCHEMA) === (step.schema === CUSTOM_BUCKETS_SCHEMA)) return null;
  return 'cannot apply this operation on histograms with a mix of exponential and custom bucket schemas';
}
