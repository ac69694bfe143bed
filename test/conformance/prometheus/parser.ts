/** prometheus/parser: the nine tables of promql's parser, printers and series notation. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeUtf8, encodeUtf8 } from '../../../src/lib/utf8-bytes.ts';
import type { Span } from '../../../src/model/histogram.ts';
import type { Matcher } from '../../../src/model/matcher.ts';
import { equalMatcher, printMatcher } from '../../../src/model/matcher.ts';
import type { DurationExpr, Expr, NumberLiteral, VectorMatching } from '../../../src/promql/ast.ts';
import { selectorsOf } from '../../../src/promql/ast-walk.ts';
import { FUNCTIONS } from '../../../src/promql/functions.ts';
import { printHistogramNotation } from '../../../src/promql/histogram-notation.ts';
import { formatParseError, type ParseError } from '../../../src/promql/parse-error.ts';
import { type ParserOptions, parseExpr } from '../../../src/promql/parser.ts';
import { prettyExpr } from '../../../src/promql/prettier.ts';
import { printExpr } from '../../../src/promql/printer.ts';
import { type SequenceRun, type SequenceValue, sequenceLength, sequenceValues } from '../../../src/promql/sequence.ts';
import { parseSeriesDescription } from '../../../src/promql/series-description.ts';
import { EMPTY_HISTOGRAM } from '../../support/histograms.ts';
import { type CaseResult, checkCase } from '../kind.ts';

const NO_OPTIONS: ParserOptions = {
  experimentalFunctions: false,
  durationExpressions: false,
  extendedRangeSelectors: false,
  binopFillModifiers: false,
};

export async function run(dir: string): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const [file, check] of Object.entries(FILES)) {
    const table = JSON.parse(readFileSync(join(dir, file), 'utf8'));
    const options = { ...NO_OPTIONS, ...table.parserOptions };
    for (const row of table.cases ?? table.functions) {
      const id = `${file} ${row.id ?? row.name ?? JSON.stringify(row.input)}`;
      const { expected, got } = check(row, options);
      results.push(await checkCase(id, expected, got));
    }
  }
  return results;
}

/** A row of a table, as the data has it. */
type Row = any;
type Check = (row: Row, options: ParserOptions) => { readonly expected: unknown; readonly got: () => unknown };

const FILES: Readonly<Record<string, Check>> = {
  'parse.json': (row, options) => ({
    expected: row.ok ? { ast: normal(row.ast) } : { error: row.errorString, first: row.errors[0] },
    got: () => {
      const text = textOf(row);
      const result = parseExpr(text, options);
      if ('expr' in result) return { ast: normal(astOf(result.expr)) };
      const [first] = result.errors;
      if (first === undefined) return 'errors without an error';
      return { error: formatParseError(text, first), first: { message: first.message, ...first.span } };
    },
  }),
  'printer.json': (row, options) => ({ expected: row.output, got: () => printExpr(parsed(row.input, options)) }),
  'prettier.json': (row, options) => ({
    expected: row.output,
    got: () => prettyExpr(parsed(row.input, options), row.maxCharactersPerLine),
  }),
  'extract_selectors.json': (row, options) => ({
    expected: row.expected,
    got: () => selectorsOf(parsed(row.input, options)).map((matchers) => `{${matchers.map(printMatcher).join(', ')}}`),
  }),
  'vector_selector_string.json': (row) => ({
    expected: row.expected,
    got: () =>
      printExpr({
        kind: 'selector',
        name: row.vs.Name ?? '',
        matchers: (row.vs.LabelMatchers ?? []).map((matcher: Matcher) => ({
          ...equalMatcher(matcher.name, matcher.value),
          op: matcher.op,
        })),
        offsetMs: 0,
        offsetExpr: null,
        at: null,
        isAnchored: false,
        isSmoothed: false,
        span: { start: 0, end: 0 },
      }),
  }),
  'series_desc.json': (row) => ({
    expected: row.ok ? { ok: true, labels: row.labels, values: row.values } : { ok: false, mentions: true },
    got: () => {
      const result = parseSeriesDescription(row.input);
      if ('errors' in result) return failure(row, result.errors);
      const values = valuesOf(result.runs).map((value) => (value.kind === 'float' ? value.value : { [value.kind]: true }));
      return { ok: true, labels: result.labels.toRecord(), values };
    },
  }),
  'histogram_series.json': (row) => ({
    expected: row.ok ? { ok: true, histograms: row.histograms.map(normal) } : { ok: false, mentions: true },
    got: () => {
      const result = parseSeriesDescription(row.input);
      if ('errors' in result) return failure(row, result.errors);
      const histograms = valuesOf(result.runs).map((value) => (value.kind === 'histogram' ? histogramOf(value) : value.kind));
      return { ok: true, histograms };
    },
  }),
  'histogram_test_expression.json': (row) => ({
    expected: row.output,
    got: () => {
      const { positiveSpans = [], negativeSpans = [], ...rest } = row.histogram;
      return printHistogramNotation({
        ...EMPTY_HISTOGRAM,
        ...rest,
        positiveSpans: spansOf(positiveSpans),
        negativeSpans: spansOf(negativeSpans),
      });
    },
  }),
  'functions.json': (row) => ({
    expected: row,
    got: () => {
      const func = FUNCTIONS.get(row.name);
      if (func === undefined) return null;
      return { name: func.name, args: func.args, variadic: func.variadic, returns: func.returns, experimental: func.isExperimental };
    },
  }),
};

const spansOf = (pairs: readonly (readonly [offset: number, length: number])[]): readonly Span[] =>
  pairs.map(([offset, length]) => ({ offset, length }));

/** Whether the first error holds the text that the row asks for. */
function failure(row: Row, errors: readonly ParseError[]): object {
  const text = errors[0] === undefined ? '' : formatParseError(row.input, errors[0]);
  const mentions = text !== '' && text.includes(row.errorContains ?? '');
  return mentions ? { ok: false, mentions } : { ok: false, text };
}

const VALUES_MAX = 1000;

function valuesOf(runs: readonly SequenceRun[]): readonly SequenceValue[] {
  if (sequenceLength(runs) > VALUES_MAX) throw new Error(`more than ${VALUES_MAX} values`);
  return [...sequenceValues(runs)];
}

/** As the table has it: a hint that was given is kept even if it is the default. */
function histogramOf({ histogram, isHintGiven }: Extract<SequenceValue, { readonly kind: 'histogram' }>): unknown {
  const { counterResetHint, positiveSpans, negativeSpans, ...rest } = histogram;
  return normal({
    ...rest,
    positiveSpans: positiveSpans.map(({ offset, length }) => [offset, length]),
    negativeSpans: negativeSpans.map(({ offset, length }) => [offset, length]),
    counterResetHint: isHintGiven ? counterResetHint : null,
  });
}

function parsed(text: string, options: ParserOptions): Expr {
  const result = parseExpr(text, options);
  if ('expr' in result) return result.expr;
  throw new Error(result.errors[0] === undefined ? 'no error' : formatParseError(text, result.errors[0]));
}

/** A huge input is given as parts to repeat, bytes that are no text as hexadecimal digits. */
function textOf(row: Row): string {
  if (row.inputParts !== undefined) {
    return row.inputParts.map((part: { readonly text: string; readonly repeat?: number }) => part.text.repeat(part.repeat ?? 1)).join('');
  }
  return typeof row.input === 'string' ? row.input : decodeUtf8(Uint8Array.from(Buffer.from(row.input.$hex, 'hex')));
}

/** Zero values count as absent, as the table's README says. */
function normal(value: any): any {
  if (Array.isArray(value)) return value.map(normal);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => !isZero(field))
      .map(([name, field]) => [name, normal(field)]),
  );
}

const isZero = (field: unknown): boolean =>
  field === null || field === false || field === 0 || field === '' || (Array.isArray(field) && field.length === 0);

function astOf(expr: Expr): unknown {
  const posRange = [expr.span.start, expr.span.end];
  switch (expr.kind) {
    case 'number':
      return { type: 'NumberLiteral', value: numberOf(expr.value), duration: expr.isDuration, posRange };
    case 'string':
      return { type: 'StringLiteral', value: stringOf(expr.value), posRange };
    case 'paren':
      return { type: 'ParenExpr', expr: astOf(expr.expr), posRange };
    case 'unary':
      return { type: 'UnaryExpr', op: expr.op, expr: astOf(expr.expr), startPos: expr.span.start };
    case 'binary':
      return {
        type: 'BinaryExpr',
        op: expr.op,
        lhs: astOf(expr.lhs),
        rhs: astOf(expr.rhs),
        returnBool: expr.returnsBool,
        vectorMatching: matchingOf(expr.matching),
      };
    case 'aggregate':
      return {
        type: 'AggregateExpr',
        op: expr.op,
        expr: astOf(expr.expr),
        param: expr.param === null ? null : astOf(expr.param),
        grouping: expr.grouping,
        without: expr.isWithout,
        posRange,
      };
    case 'call': {
      const args = expr.args.map((arg, i) => {
        const isInfoSelector = expr.func.name === 'info' && i === 1;
        return isInfoSelector ? { ...(astOf(arg) as object), bypassEmptyMatcherCheck: true } : astOf(arg);
      });
      return { type: 'Call', func: expr.func.name, args, posRange };
    }
    case 'selector':
      return {
        type: 'VectorSelector',
        name: expr.name,
        labelMatchers: expr.matchers.map(({ name, op, value }) => ({ name, op, value })),
        ...timeOf(expr),
        anchored: expr.isAnchored,
        smoothed: expr.isSmoothed,
        posRange,
      };
    case 'matrix':
      return {
        type: 'MatrixSelector',
        vectorSelector: astOf(expr.selector),
        rangeMs: expr.rangeMs,
        rangeExpr: lengthOf(expr.rangeExpr),
        endPos: expr.span.end,
      };
    case 'subquery':
      return {
        type: 'SubqueryExpr',
        expr: astOf(expr.expr),
        rangeMs: expr.rangeMs,
        rangeExpr: lengthOf(expr.rangeExpr),
        stepMs: expr.stepMs,
        stepExpr: lengthOf(expr.stepExpr),
        ...timeOf(expr),
        endPos: expr.span.end,
      };
  }
}

function timeOf({ offsetMs, offsetExpr, at }: Extract<Expr, { readonly kind: 'selector' | 'subquery' }>): object {
  return {
    originalOffsetMs: offsetMs,
    originalOffsetExpr: lengthOf(offsetExpr),
    timestamp: at?.kind === 'time' ? at.ms : null,
    startOrEnd: at === null || at.kind === 'time' ? null : at.kind,
  };
}

function lengthOf(length: DurationExpr | NumberLiteral | null): unknown {
  if (length === null) return null;
  if (length.kind === 'number') return astOf(length);
  const { op, lhs, rhs, isWrapped, span } = length;
  // Prometheus keeps the ends of functions and of parentheses around a number; others follow from the operands.
  const isUnary = lhs === null && rhs !== null;
  const isCall = rhs === null || op === 'min_of' || op === 'max_of';
  const isSignedExtremum =
    isUnary && rhs.kind === 'duration' && rhs.lhs !== null && rhs.span.end === rhs.rhs?.span.end && /of/.test(rhs.op);
  const hasEnd = isCall || isSignedExtremum || (isUnary && isWrapped && rhs.kind === 'number');
  return {
    type: 'DurationExpr',
    op,
    lhs: lengthOf(lhs),
    rhs: lengthOf(rhs),
    wrapped: isWrapped,
    startPos: isUnary || hasEnd ? span.start : null,
    endPos: hasEnd ? span.end : null,
  };
}

function matchingOf(matching: VectorMatching | null): unknown {
  if (matching === null) return null;
  const { card, labels, isOn, include, fillLeft, fillRight } = matching;
  return { type: 'VectorMatching', card, matchingLabels: labels, on: isOn, include, fillLeft, fillRight };
}

function numberOf(value: number): unknown {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function stringOf(text: string): unknown {
  const bytes = Buffer.from(encodeUtf8(text));
  return bytes.toString('utf8') === text ? text : { $hex: bytes.toString('hex') };
}
