/**
 * Runs test scripts against the engine, each eval as strictly as promqltest runs it: an instant query also with `@` on
 * every selector at other times, and as a step of a range query.
 */
import { finish } from '../../../src/lib/finish.ts';
import type { Labels } from '../../../src/model/labels.ts';
import type { Expr } from '../../../src/promql/ast.ts';
import { walkExpr } from '../../../src/promql/ast-walk.ts';
import { DEFAULT_ENGINE_OPTIONS, type EngineOptions, evaluate, type QueryResult } from '../../../src/promql/engine.ts';
import { type ParserOptions, parseExpr } from '../../../src/promql/parser.ts';
import { printExpr } from '../../../src/promql/printer.ts';
import { QueryError } from '../../../src/promql/query-error.ts';
import type { Queryable } from '../../../src/promql/queryable.ts';
import type { SequenceValue } from '../../../src/promql/sequence.ts';
import { MemoryQueryable } from '../memory-queryable.ts';
import { almostEqual, almostEqualHistograms } from './compare.ts';
import { nhcbSeries } from './nhcb.ts';
import { type Eval, type Expectation, type Load, parseScript } from './script.ts';

export const SCRIPT_PARSER_OPTIONS: ParserOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  binopFillModifiers: true,
};
export const SCRIPT_ENGINE_OPTIONS: EngineOptions = {
  ...DEFAULT_ENGINE_OPTIONS,
  samplesMax: 10_000,
  delayedNameRemoval: true,
  useStartTimestamps: true,
  counting: 'per_step',
};

export type EvalOutcome = { readonly line: number; readonly expr: string /** Null: as expected. */; readonly problem: string | null };

/** Every eval of the script; one that is not as expected does not end the run. */
export function runScript(text: string, options: EngineOptions = SCRIPT_ENGINE_OPTIONS): readonly EvalOutcome[] {
  const store = new MemoryQueryable();
  const outcomes: EvalOutcome[] = [];
  for (const command of parseScript(text)) {
    if (command.kind === 'clear') store.clear();
    else if (command.kind === 'load') load(store, command);
    else {
      let problem: string | null = null;
      try {
        checkEval(command, store, options);
      } catch (error) {
        problem = error instanceof Mismatch ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
      outcomes.push({ line: command.line, expr: command.expr, problem });
    }
  }
  return outcomes;
}

function load(store: MemoryQueryable, { series, stepMs, withNhcb }: Load): void {
  // A later line of the same series replaces an earlier one.
  const byLabels = new Map(series.map((one) => [one.labels.key(), one]));
  for (const { labels, items, starts } of byLabels.values()) {
    for (const [i, item] of items.entries()) {
      if (item.kind === 'omitted') continue;
      const start = starts?.[i] ?? null;
      store.append(labels, i * stepMs, item.kind === 'float' ? item.value : item.histogram, start === null ? 0 : i * stepMs + start);
    }
  }
  if (!withNhcb) return;
  for (const { labels, samples } of nhcbSeries([...byLabels.values()], stepMs)) {
    for (const { timestampMs, histogram } of samples) store.append(labels, timestampMs, histogram);
  }
}

/** What an eval line expects was not what came. */
class Mismatch extends Error {}

function checkEval(command: Eval, store: Queryable, options: EngineOptions): void {
  const { startMs, endMs, stepMs } = command;
  if (command.isRange) {
    const result = run(command, command.expr, store, options, { startMs, endMs, stepMs });
    if (result === null) return;
    checkNotes(command, result);
    compareMatrix(command, result, { fromMs: startMs, toMs: endMs, stepMs });
    return;
  }
  // With `expect range vector`, the query runs at the end of the range.
  const atMs = command.rangeVector?.toMs ?? startMs;
  for (const variant of [{ expr: command.expr, atMs }, ...atVariants(command.expr, atMs)]) {
    try {
      checkInstant(command, variant.expr, variant.atMs, store, options);
    } catch (error) {
      if (error instanceof Error && variant.expr !== command.expr) error.message += `\n  as ${variant.expr} at ${variant.atMs} ms`;
      throw error;
    }
  }
}

function checkInstant(command: Eval, expr: string, atMs: number, store: Queryable, options: EngineOptions): void {
  const result = run(command, expr, store, options, { startMs: atMs, endMs: atMs, stepMs: 0 });
  if (result === null) return;
  checkNotes(command, result);
  compareInstant(command, result);
  if (command.rangeVector !== null || command.expected.kind === 'string') return;
  if (/(?:start|end|range|step)\(\)/.test(expr)) return;
  const range = run(command, expr, store, options, { startMs: atMs - 60_000, endMs: atMs + 60_000, stepMs: 60_000 });
  if (range === null || command.isOrdered) return;
  if (range.value.kind !== 'matrix') throw new Mismatch(`a range query gave a ${range.value.kind}`);
  const samples: Sample[] = [];
  for (const series of range.value.series) {
    const i = series.timestamps.indexOf(atMs);
    if (i !== -1) samples.push({ labels: series.labels, value: series.values[i] ?? 0, histogram: series.histograms?.[i] ?? null });
  }
  try {
    assertSorted(range.value.series.map(({ labels }) => labels));
    if (command.expected.kind === 'scalar') expectScalar(command.expected.value, samples[0]?.value ?? Number.NaN);
    else compareVector(command, samples);
  } catch (error) {
    if (error instanceof Error) error.message += '\n  in range mode';
    throw error;
  }
}

type Sample = { readonly labels: Labels; readonly value: number; readonly histogram: Parameters<typeof almostEqualHistograms>[0] | null };

/** The result; null when the query failed as it should. */
function run(
  command: Eval,
  text: string,
  store: Queryable,
  options: EngineOptions,
  range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
): QueryResult | null {
  const parsed = parseExpr(text, SCRIPT_PARSER_OPTIONS);
  if ('errors' in parsed) throw new Error(`${text} does not parse: ${parsed.errors[0]?.message ?? ''}`);
  let result: QueryResult;
  try {
    result = finish(evaluate({ expr: parsed.expr, text, ...range }, store, options));
  } catch (error) {
    if (!(error instanceof QueryError) || command.fails === null) throw error;
    for (const expectation of command.fails) {
      if (!satisfies(expectation, error.message)) throw new Mismatch(`expected another error than: ${error.message}`);
    }
    return null;
  }
  if (command.fails !== null) throw new Mismatch('expected an error, got none');
  checkStats(result);
  return result;
}

/** Samples are counted twice, at once and step by step, on ways of their own. */
function checkStats({ stats: { samplesTotal, perStep } }: QueryResult): void {
  const sum = perStep?.total.reduce((samples, step) => samples + step, 0);
  if (sum !== undefined && sum !== samplesTotal) throw new Mismatch(`looked at ${samplesTotal} samples, by steps at ${sum}`);
}

function checkNotes(command: Eval, { warnings, infos }: QueryResult): void {
  checkAnnotations('warning', command.warnings, command.noWarnings, warnings);
  checkAnnotations('info', command.infos, command.noInfos, infos);
}

function satisfies(expectation: Expectation, text: string): boolean {
  if (expectation === null) return true;
  return 'text' in expectation ? expectation.text === text : expectation.pattern.test(text);
}

function checkAnnotations(kind: string, expected: readonly Expectation[], none: boolean, actual: readonly string[]): void {
  if (none && actual.length > 0) throw new Mismatch(`unexpected ${kind}: ${actual.join('; ')}`);
  if (expected.length === 0) return;
  if (actual.length === 0) throw new Mismatch(`expected a ${kind}, got none`);
  for (const expectation of expected) {
    if (!actual.some((text) => satisfies(expectation, text))) {
      throw new Mismatch(`expected ${kind} ${JSON.stringify(expectation)}, got ${actual.join('; ')}`);
    }
  }
  for (const text of actual) {
    if (!expected.some((expectation) => satisfies(expectation, text))) throw new Mismatch(`unexpected ${kind}: ${text}`);
  }
}

function expectScalar(expected: number, actual: number): void {
  if (!almostEqual(expected, actual)) throw new Mismatch(`expected ${expected}, got ${actual}`);
}

function compareInstant(command: Eval, { value }: QueryResult): void {
  const { expected } = command;
  switch (value.kind) {
    case 'string':
      if (expected.kind !== 'string' || expected.value !== value.value) throw new Mismatch(`got the string ${JSON.stringify(value.value)}`);
      return;
    case 'scalar':
      if (expected.kind !== 'scalar') throw new Mismatch(`got the scalar ${value.value}`);
      expectScalar(expected.value, value.value);
      return;
    case 'vector':
      compareVector(
        command,
        value.labels.map((labels, i) => ({ labels, value: value.values[i] ?? 0, histogram: value.histograms?.[i] ?? null })),
      );
      return;
    default:
      compareMatrix(
        command,
        { value } as QueryResult,
        command.rangeVector ?? { fromMs: command.startMs, toMs: command.startMs, stepMs: 1 },
      );
  }
}

function expectedSeries(
  command: Eval,
): Map<string, { readonly labels: Labels; readonly items: readonly SequenceValue[]; readonly position: number }> {
  const { expected } = command;
  if (expected.kind !== 'series') throw new Mismatch(`expected a ${expected.kind}`);
  return new Map(expected.series.map(({ labels, items }, position) => [labels.key(), { labels, items, position }]));
}

function compareVector(command: Eval, actual: readonly Sample[]): void {
  const expected = expectedSeries(command);
  for (const [position, sample] of actual.entries()) {
    const want = expected.get(sample.labels.key());
    if (want === undefined) throw new Mismatch(`unexpected series ${sample.labels.toString()} with ${print(sample)}`);
    if (command.isOrdered && want.position !== position) {
      throw new Mismatch(`expected ${sample.labels.toString()} at ${want.position}, is at ${position}`);
    }
    compareItem(want.items[0], sample);
    expected.delete(sample.labels.key());
  }
  for (const { labels } of expected.values()) throw new Mismatch(`expected series ${labels.toString()} is missing`);
}

function compareItem(want: SequenceValue | undefined, sample: Sample): void {
  const isEqual =
    want?.kind === 'float'
      ? sample.histogram === null && almostEqual(want.value, sample.value)
      : want?.kind === 'histogram' &&
        sample.histogram !== null &&
        almostEqualHistograms(want.histogram, sample.histogram, want.isHintGiven);
  if (!isEqual) throw new Mismatch(`${sample.labels.toString()}: expected ${JSON.stringify(want)}, got ${print(sample)}`);
}

const print = ({ value, histogram }: Sample): string => (histogram === null ? String(value) : JSON.stringify(histogram));

function compareMatrix(command: Eval, { value }: QueryResult, range: { fromMs: number; toMs: number; stepMs: number }): void {
  if (value.kind !== 'matrix') throw new Mismatch(`got a ${value.kind}`);
  assertSorted(value.series.map(({ labels }) => labels));
  const expected = expectedSeries(command);
  for (const series of value.series) {
    const { labels } = series;
    const want = expected.get(labels.key());
    if (want === undefined) throw new Mismatch(`unexpected series ${labels.toString()} with ${[...series.values].join(' ')}`);
    const items = want.items.flatMap((item, i) => (item.kind === 'omitted' ? [] : [{ item, atMs: range.fromMs + i * range.stepMs }]));
    const times = items.map(({ atMs }) => atMs).join();
    if (times !== series.timestamps.join()) {
      throw new Mismatch(
        `${labels.toString()}: expected points at ${times}, got ${[...series.timestamps].map((ms, i) => `${ms}:${series.values[i]}`).join()}`,
      );
    }
    for (const [i, { item }] of items.entries()) {
      compareItem(item, { labels, value: series.values[i] ?? 0, histogram: series.histograms?.[i] ?? null });
    }
    expected.delete(labels.key());
  }
  for (const { labels } of expected.values()) throw new Mismatch(`expected series ${labels.toString()} is missing`);
}

function assertSorted(labels: readonly Labels[]): void {
  for (let i = 1; i < labels.length; i++) {
    const [a, b] = [labels[i - 1], labels[i]];
    if (a !== undefined && b !== undefined && a.compare(b) > 0) throw new Mismatch(`not sorted: ${a.toString()} before ${b.toString()}`);
  }
}

/** Functions whose value depends on the evaluation time even when their arguments do not. */
const TIME_DEPENDENT = new Set(
  'days_in_month day_of_month day_of_week day_of_year end hour minute month predict_linear range start step time timestamp year'.split(' '),
);

/** The expression pinned to `atMs`, to be evaluated at other times; none where it depends on the time all the same. */
function atVariants(text: string, atMs: number): readonly { readonly expr: string; readonly atMs: number }[] {
  const parsed = parseExpr(text, SCRIPT_PARSER_OPTIONS);
  if ('errors' in parsed) throw new Error(`${text} does not parse: ${parsed.errors[0]?.message ?? ''}`);
  let dependsOnTime = false;
  walkExpr(parsed.expr, (node) => {
    if (node.kind === 'call' && TIME_DEPENDENT.has(node.func.name)) dependsOnTime = true;
  });
  if (dependsOnTime) return [];
  const expr = printExpr(pin(parsed.expr, atMs));
  const times = atMs === 0 ? [-1000, 0, 1000] : [-10 * atMs, 0, Math.trunc(atMs / 5), atMs, 10 * atMs];
  return times.map((time) => ({ expr, atMs: time }));
}

function pin<T extends Expr>(expr: T, ms: number): T;
function pin(expr: Expr, ms: number): Expr {
  const at = { kind: 'time', ms } as const;
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr;
    case 'paren':
    case 'unary':
      return { ...expr, expr: pin(expr.expr, ms) };
    case 'binary':
      return { ...expr, lhs: pin(expr.lhs, ms), rhs: pin(expr.rhs, ms) };
    case 'aggregate':
      return { ...expr, expr: pin(expr.expr, ms), param: expr.param === null ? null : pin(expr.param, ms) };
    case 'call':
      return { ...expr, args: expr.args.map((arg) => pin(arg, ms)) };
    case 'selector':
      return expr.at?.kind === 'time' ? expr : { ...expr, at };
    case 'matrix':
      return { ...expr, selector: pin(expr.selector, ms) };
    case 'subquery':
      // A subquery that is pinned pins what is in it.
      return expr.at?.kind === 'time' ? expr : { ...expr, at };
    default:
      throw new Error('BUG: unknown node');
  }
}
