/**
 * Reads a file of rule unit tests, the format of `promtool test rules` (prometheus/cmd/promtool/unittest.go), with the
 * places of what is in it. Series, expressions and labels are parsed here, so that every mistake is told at once.
 */
import { type Decoder, decode, type Fields, list, object, record, refine } from '../../config/decode.ts';
import type { Diagnostic } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { bool, duration, float, string } from '../../config/scalars.ts';
import { type Position, positionAt, type SourceFile } from '../../config/source.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import { parseInstantMs } from '../../lib/parse-instant.ts';
import { formatDuration } from '../../model/duration.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import { Labels } from '../../model/labels.ts';
import { type DurationMs, durationMs, type UnixMs, unixMs } from '../../model/time.ts';
import type { Expr } from '../../promql/ast.ts';
import { formatFirstError } from '../../promql/parse-error.ts';
import { type ParserOptions, parseExpr } from '../../promql/parser.ts';
import { type SequenceRun, sequenceLength, sequenceValues } from '../../promql/sequence.ts';
import { parseMetric, parseSeriesDescription } from '../../promql/series-description.ts';

export type InputSeries = { readonly labels: Labels; readonly runs: readonly SequenceRun[] };

export type ExpectedAlert = { readonly labels: Labels; readonly annotations: Labels };
export type AlertTest = {
  readonly at: Position;
  readonly alertname: string;
  readonly evalTimeMs: DurationMs;
  readonly alerts: readonly ExpectedAlert[];
};

export type ExpectedSample = { readonly labels: Labels; readonly value: number; readonly histogram: FloatHistogram | null };
export type ExpressionTest = {
  readonly at: Position;
  readonly text: string;
  readonly expr: Expr;
  readonly evalTimeMs: DurationMs;
  readonly samples: readonly ExpectedSample[];
};

export type TestGroup = {
  readonly name: string;
  /** Between two samples of an input series. */
  readonly intervalMs: DurationMs;
  readonly start: UnixMs;
  readonly input: readonly InputSeries[];
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly alertTests: readonly AlertTest[];
  readonly expressionTests: readonly ExpressionTest[];
};

export type RuleTestFile = {
  /** Patterns, relative to the file's directory. */
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: DurationMs;
  /** Names of groups: the first is evaluated first. */
  readonly groupOrder: readonly string[];
  /** Values that differ in the last bit are equal. */
  readonly isFuzzy: boolean;
  readonly tests: readonly TestGroup[];
};

const EVALUATION_INTERVAL = durationMs(60_000);

export function readTestFile(
  source: SourceFile,
  parser: ParserOptions,
): { readonly file: RuleTestFile; readonly diagnostics: readonly Diagnostic[] } {
  const document = parseYaml(source);
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  const reader = testFile(parser);
  const file = document.root === null ? reader.zero() : decode(document.root, reader, sink);
  return { file, diagnostics: sink.diagnostics() };
}

const testFile = (parser: ParserOptions): Decoder<RuleTestFile> =>
  object('main.unitTestFile', (fields): RuleTestFile => {
    const evaluationIntervalMs = orDefault(fields.get('evaluation_interval', duration), EVALUATION_INTERVAL);
    const groupOrder = fields.get('group_eval_order', list(string));
    const repeated = groupOrder.find((name, i) => groupOrder.indexOf(name) < i);
    if (repeated !== undefined) {
      const message = `group name repeated in evaluation order: ${repeated}`;
      fields.problem('group_eval_order', { code: 'duplicate', message, hint: 'name each group once' });
    }
    return {
      ruleFiles: fields.get('rule_files', list(string)),
      evaluationIntervalMs,
      groupOrder,
      isFuzzy: fields.get('fuzzy_compare', bool),
      tests: fields.get('tests', list(testGroup(parser, evaluationIntervalMs))),
    };
  });

/** The reference takes an interval of 0 for none. */
const orDefault = (interval: DurationMs, fallback: DurationMs): DurationMs => (interval === 0 ? fallback : interval);

const testGroup = (parser: ParserOptions, evaluationIntervalMs: DurationMs): Decoder<TestGroup> =>
  object(
    'main.testGroup',
    (fields): TestGroup => ({
      name: fields.get('name', string),
      intervalMs: orDefault(fields.get('interval', duration), evaluationIntervalMs),
      start: fields.get('start_timestamp', instant),
      input: fields.get('input_series', list(inputSeries)),
      externalLabels: fields.get('external_labels', record(string)),
      externalUrl: fields.get('external_url', string),
      alertTests: fields.get('alert_rule_test', list(alertTest)),
      expressionTests: fields.get('promql_expr_test', list(expressionTest(parser))),
    }),
  );

const instant: Decoder<UnixMs> = refine(
  string,
  () => unixMs(0),
  (text, fail) => {
    const ms = parseInstantMs(text);
    const message = `"${text}" is not an instant`;
    return ms === null ? fail({ code: 'bad_value', message, hint: 'write 2026-01-31T12:00:00Z or Unix seconds' }) : unixMs(ms);
  },
);

const inputSeries: Decoder<InputSeries> = object('main.series', (fields): InputSeries => {
  const series = fields.get('series', string);
  const values = fields.get('values', string);
  const metric = parseMetric(series);
  const parsed = parseSeriesDescription(`${series} ${values}`);
  if (!('errors' in parsed)) return parsed;
  const [error] = 'errors' in metric ? metric.errors : parsed.errors;
  fields.problem('errors' in metric ? 'series' : 'values', {
    code: 'bad_value',
    message: `in the series: ${error?.message ?? series}`,
    hint: 'series: metric{label="value"}, values: 1 2 3+1x5 _ stale',
  });
  return { labels: Labels.empty, runs: [] };
});

const positionOf = ({ map }: Fields): Position => positionAt(map.source, map.offset);

const alertTest: Decoder<AlertTest> = object('main.alertTestCase', (fields): AlertTest => {
  const evalTimeMs = fields.get('eval_time', duration);
  const alertname = fields.get('alertname', string);
  if (alertname === '') {
    const message = `an item under alert_rule_test misses required attribute alertname at eval_time ${formatDuration(evalTimeMs)}`;
    fields.problem('alertname', { code: 'missing_field', message });
  }
  return { at: positionOf(fields), evalTimeMs, alertname, alerts: fields.get('exp_alerts', list(expectedAlert(alertname))) };
});

/** The label alertname is not written: the test names it. */
const expectedAlert = (alertname: string): Decoder<ExpectedAlert> =>
  object('main.alert', (fields) => ({
    labels: Labels.of({ ...fields.get('exp_labels', record(string)), alertname }),
    annotations: Labels.of(fields.get('exp_annotations', record(string))),
  }));

const expressionTest = (parser: ParserOptions): Decoder<ExpressionTest> =>
  object('main.promqlTestCase', (fields): ExpressionTest => {
    const text = fields.get('expr', string);
    const parsed = parseExpr(text, parser);
    if ('errors' in parsed) {
      fields.problem('expr', { code: 'bad_expression', message: formatFirstError(text, parsed.errors) });
    }
    return {
      at: positionOf(fields),
      text,
      expr: 'expr' in parsed ? parsed.expr : { kind: 'number', value: 0, isDuration: false, span: { start: 0, end: 0 } },
      evalTimeMs: fields.get('eval_time', duration),
      samples: fields.get('exp_samples', list(expectedSample)),
    };
  });

const expectedSample: Decoder<ExpectedSample> = object('main.sample', (fields): ExpectedSample => {
  const text = fields.get('labels', string);
  const labels = parseMetric(text);
  if ('errors' in labels) {
    fields.problem('labels', { code: 'bad_value', message: `labels "${text}": ${formatFirstError(text, labels.errors)}` });
  }
  return {
    labels: 'errors' in labels ? Labels.empty : labels.labels,
    value: fields.get('value', float),
    histogram: readHistogram(fields),
  };
});

function readHistogram(fields: Fields): FloatHistogram | null {
  const text = fields.get('histogram', string);
  if (text === '') return null;
  const say = (message: string): null => {
    fields.problem('histogram', { code: 'bad_value', message, hint: 'write {{schema:0 count:3 sum:5 buckets:[1 2]}}' });
    return null;
  };
  const parsed = parseSeriesDescription(`{} ${text}`);
  if ('errors' in parsed) return say(parsed.errors[0]?.message ?? text);
  if (sequenceLength(parsed.runs) !== 1) return say(`expected 1 value, got ${sequenceLength(parsed.runs)}`);
  const [value] = sequenceValues(parsed.runs);
  return value?.kind === 'histogram' ? value.histogram : say('expected a histogram');
}
