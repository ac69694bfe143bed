/**
 * Runs one group of rule unit tests: input series are written as virtual time goes on, all rule groups are evaluated at
 * each evaluation interval whatever their own is, and what is expected at a time is compared with what the last evaluation
 * before it gave. Follows prometheus/cmd/promtool/unittest.go, its texts included.
 */

import type { Position } from '../../config/source.ts';
import { goFormatE } from '../../lib/go-float.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { lineDiff } from '../../lib/line-diff.ts';
import { formatDuration } from '../../model/duration.ts';
import { Labels } from '../../model/labels.ts';
import type { AppendStore } from '../../model/storage.ts';
import { addMs, type DurationMs, durationMs, type UnixMs, unixMs } from '../../model/time.ts';
import { printHistogramNotation } from '../../promql/histogram-notation.ts';
import { type SequenceValue, sequenceValues } from '../../promql/sequence.ts';
import type { RecordedExprs } from '../lookback.ts';
import type { RuleGroup } from '../rule-group.ts';
import type { Element, RuleEnvironment } from '../rule-ports.ts';
import { type RuleRunner, runnersOf } from '../rule-runner.ts';
import type { AlertTest, ExpectedAlert, ExpressionTest, InputSeries, TestGroup } from './test-file.ts';

/** An empty database, and an engine over it. */
export type TestBench = { readonly store: AppendStore; readonly environment: RuleEnvironment };

export type TestOptions = {
  readonly evaluationIntervalMs: DurationMs;
  readonly isFuzzy: boolean;
  /** Shows what differs line by line. */
  readonly showsDiff: boolean;
};

/** `at`: the expectation in the test file; null: no single one is at fault. */
export type TestFailure = { readonly at: Position | null; readonly text: string };

export async function runTest(
  test: TestGroup,
  groups: readonly RuleGroup[],
  bench: TestBench,
  options: TestOptions,
): Promise<readonly TestFailure[]> {
  const failures: TestFailure[] = [];
  const loader = new Loader(test, bench.store);
  const runners = groups.map((group) => ({ group, runners: runnersOf(group, { ...bench, recorded: () => NOTHING_RECORDED }) }));
  const { evaluationIntervalMs } = options;
  const lastMs = Math.max(0, ...[...test.alertTests, ...test.expressionTests].map(({ evalTimeMs }) => evalTimeMs));
  const waiting = test.alertTests.toSorted((a, b) => a.evalTimeMs - b.evalTimeMs);
  for (let elapsedMs = 0; elapsedMs <= lastMs; elapsedMs += evaluationIntervalMs) {
    const at = addMs(test.start, durationMs(elapsedMs));
    loader.loadUntil(at);
    const errors = await evaluateAll(runners, at);
    // Whatever fails in a rule ends the test: what comes after would mean little.
    if (errors.length > 0) return [...failures, ...errors.map((text) => ({ at: null, text }))];
    for (let next = waiting[0]; next !== undefined && next.evalTimeMs < elapsedMs + evaluationIntervalMs; next = waiting[0]) {
      waiting.shift();
      const got = runners.flatMap((one) =>
        one.runners.flatMap((runner) => (runner.rule.name === next.alertname ? firingAlerts(runner) : [])),
      );
      const text = alertFailure(test, next, got, options);
      if (text !== null) failures.push({ at: next.at, text });
    }
  }
  for (const expectation of test.expressionTests) {
    const text = await expressionFailure(test, expectation, bench.environment, options);
    if (text !== null) failures.push({ at: expectation.at, text });
  }
  return failures;
}

/** Nothing is missing here that could come back. */
const NOTHING_RECORDED: RecordedExprs = new Map();

/** Samples of input series at the times that they stand for, as far as time has come. */
class Loader {
  readonly #store: AppendStore;
  readonly #intervalMs: DurationMs;
  readonly #series: { readonly labels: Labels; readonly values: Iterator<SequenceValue>; next: SequenceValue | null; at: UnixMs }[];

  constructor({ input, start, intervalMs }: TestGroup, store: AppendStore) {
    this.#store = store;
    this.#intervalMs = intervalMs;
    // Of two lines for one series the later counts.
    const byKey = new Map(input.map((series): readonly [string, InputSeries] => [series.labels.key(), series]));
    this.#series = Array.from(byKey.values(), ({ labels, runs }) => {
      const values = sequenceValues(runs);
      return { labels, values, next: valueOf(values), at: start };
    });
  }

  loadUntil(at: UnixMs): void {
    const appender = this.#store.appender();
    for (const series of this.#series) {
      for (; series.next !== null && series.at <= at; series.at = addMs(series.at, this.#intervalMs)) {
        const { next } = series;
        if (next.kind === 'float') appender.append(appender.series(series.labels), series.at, next.value);
        else if (next.kind === 'histogram') appender.appendHistogram(appender.series(series.labels), series.at, next.histogram);
        series.next = valueOf(series.values);
      }
    }
    appender.commit();
  }
}

function valueOf(values: Iterator<SequenceValue>): SequenceValue | null {
  const next = values.next();
  return next.done === true ? null : next.value;
}

type GroupRunners = { readonly group: RuleGroup; readonly runners: readonly RuleRunner[] };

/** All groups once; returns what failed. */
async function evaluateAll(groups: readonly GroupRunners[], at: UnixMs): Promise<readonly string[]> {
  const errors: string[] = [];
  for (const { group, runners } of groups) {
    const slot = { at, queryAt: unixMs(at - group.queryOffsetMs), gaps: [] };
    for (const runner of runners) {
      await runner.evaluate(slot);
      const { health, rule } = runner;
      if (health.kind === 'err') errors.push(`    rule: ${rule.name}, time: ${goDuration(at)}, err: ${health.error}`);
    }
  }
  return errors;
}

/** As Go prints a duration, to the second: 1h0m0s. */
function goDuration(ms: number): string {
  const seconds = ms / 1000;
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  return `${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${seconds % 60}s`;
}

const firingAlerts = ({ active }: RuleRunner): ExpectedAlert[] =>
  [...active.values()].filter(({ state }) => state === 'firing').map(({ labels, annotations }) => ({ labels, annotations }));

function alertFailure(
  test: TestGroup,
  { alertname, evalTimeMs, alerts }: AlertTest,
  all: ExpectedAlert[],
  { showsDiff }: TestOptions,
): string | null {
  const expected = printAlerts(alerts);
  const got = printAlerts(all);
  if (expected === got) return null;
  const where = `${test.name === '' ? '' : `    name: ${test.name},\n`}    alertname: ${alertname}, time: ${formatDuration(evalTimeMs)},`;
  if (showsDiff) return `${where}\n${diffOf(expected, got)}`;
  return `${where}\n        exp:${indented(expected, '            ')},\n        got:${indented(got, '            ')}`;
}

const diffOf = (expected: string, got: string): string =>
  `        diff (- expected, + got):\n            ${indented(lineDiff(expected, got), '            ')}`;

/** All lines but the first. */
const indented = (text: string, by: string): string => text.replaceAll('\n', `\n${by}`);

function printAlerts(alerts: readonly ExpectedAlert[]): string {
  if (alerts.length === 0) return '[]';
  const sorted = alerts.toSorted((a, b) => a.labels.compare(b.labels) || a.annotations.compare(b.annotations));
  const printed = sorted.map(
    ({ labels, annotations }, i) => `${i}:\n  Labels:${labels.toString()}\n  Annotations:${annotations.toString()}`,
  );
  return `[\n    ${indented(printed.join(',\n'), '    ')}\n]`;
}

type Sample = Pick<Element, 'labels' | 'value' | 'histogram'>;

async function expressionFailure(
  test: TestGroup,
  { text, expr, evalTimeMs, samples }: ExpressionTest,
  environment: RuleEnvironment,
  { isFuzzy, showsDiff }: TestOptions,
): Promise<string | null> {
  const time = formatDuration(evalTimeMs);
  const outcome = await environment.query(expr, addMs(test.start, evalTimeMs));
  if (outcome.kind === 'failed') return `    expr: ${goQuote(text)}, time: ${time}, err: ${outcome.error}`;
  const expected = sortedSamples(samples);
  const got = sortedSamples(outcome.elements);
  if (expected.length === got.length && expected.every((sample, i) => isSame(sample, got[i], isFuzzy))) return null;
  const where = `    expr: ${goQuote(text)}, time: ${time},\n`;
  if (showsDiff) return where + diffOf(printSamples(expected, '\n'), printSamples(got, '\n'));
  return `${where}        exp: ${printSamples(expected, ', ')}\n        got: ${printSamples(got, ', ')}`;
}

const sortedSamples = (samples: readonly Sample[]): readonly Sample[] => samples.toSorted((a, b) => a.labels.compare(b.labels));

function isSame(expected: Sample, got: Sample | undefined, isFuzzy: boolean): boolean {
  if (got === undefined || !expected.labels.equals(got.labels)) return false;
  if (expected.histogram !== null || got.histogram !== null) return histogramText(expected) === histogramText(got);
  const { value } = expected;
  return value === got.value || Object.is(value, got.value) || (isFuzzy && areNeighbours(value, got.value));
}

const histogramText = ({ histogram }: Sample): string => (histogram === null ? '' : printHistogramNotation(histogram));

const bits = new DataView(new ArrayBuffer(8));
/** Place of a float among all floats, in their order. */
function rankOf(value: number): bigint {
  bits.setFloat64(0, value);
  const rank = bits.getBigInt64(0);
  return rank < 0n ? -(rank & 0x7fffffffffffffffn) : rank;
}

/** No other float lies between them. */
function areNeighbours(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return false;
  const distance = rankOf(a) - rankOf(b);
  return distance >= -1n && distance <= 1n;
}

const printFloat = (value: number): string => (Number.isFinite(value) ? goFormatE(value).toUpperCase() : goFormatE(value));

const printSamples = (samples: readonly Sample[], separator: string): string =>
  samples.length === 0
    ? 'nil'
    : samples.map((sample) => `${sample.labels.toString()} ${histogramText(sample) || printFloat(sample.value)}`).join(separator);
