/**
 * Reads a rule file: `groups` of Prometheus, or a PrometheusRule object of the Prometheus Operator, whose `spec` holds
 * them. Strict as prometheus/model/rulefmt/rulefmt.go: unknown fields, expressions, templates and names are checked here,
 * all at once, each with its place. `upstream` of a diagnostic is the reference's line for it.
 */
import { type Decoder, decode, type Fields, list, object, rawNode, record } from '../config/decode.ts';
import type { Diagnostic, Problem } from '../config/diagnostic.ts';
import { DiagnosticSink } from '../config/diagnostic-sink.ts';
import { duration, int, string } from '../config/scalars.ts';
import type { SourceFile } from '../config/source.ts';
import { diagnosticAt, parseYaml, positionInScalar, type YamlNode } from '../config/yaml-document.ts';
import { isLegacyLabelName, isLegacyMetricName, isUtf8LabelName, METRIC_NAME } from '../model/labels.ts';
import type { DurationMs } from '../model/time.ts';
import { durationMs } from '../model/time.ts';
import type { Expr } from '../promql/ast.ts';
import { formatParseError } from '../promql/parse-error.ts';
import { type ParserOptions, parseExpr } from '../promql/parser.ts';
import { checkAlertTemplate } from '../template/alert-template.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup } from './rule-group.ts';

export type RuleFileContext = {
  readonly nameScheme: 'utf8' | 'legacy';
  readonly parser: ParserOptions;
  /** global.evaluation_interval and global.rule_query_offset. */
  readonly intervalMs: DurationMs;
  readonly queryOffsetMs: DurationMs;
};

export type RuleFile = { readonly groups: readonly RuleGroup[]; readonly diagnostics: readonly Diagnostic[] };

export function readRuleFile(source: SourceFile, context: RuleFileContext): RuleFile {
  const document = parseYaml(source);
  const sink = new DiagnosticSink();
  for (const diagnostic of document.diagnostics) sink.add(diagnostic);
  if (document.root === null) return { groups: [], diagnostics: sink.diagnostics() };
  const groups = decode(
    document.root,
    isOperatorObject(document.root) ? operatorObject(source.path, context) : ruleGroups(source.path, context),
    sink,
  );
  return { groups, diagnostics: sink.diagnostics() };
}

/** How the reference prints an error of a rule: `line:col: altline:altcol: group "g", rule N, "name": message`. */
export function ruleErrorText(error: {
  readonly group: string;
  /** Counted from 1. */
  readonly rule: number;
  readonly ruleName: string;
  readonly message: string;
  /** Line and column of the node at fault, and of a second one. */
  readonly places: readonly { readonly line: number; readonly col: number }[];
}): string {
  const places = error.places.map(({ line, col }) => `${line}:${col}: `).join('');
  return `${places}group "${error.group}", rule ${error.rule}, "${error.ruleName}": ${error.message}`;
}

const isOperatorObject = (root: YamlNode): boolean =>
  root.kind === 'map' &&
  root.entries.some(({ key, value }) => key.text === 'kind' && value.kind === 'scalar' && value.text === 'PrometheusRule');

const operatorObject = (file: string, context: RuleFileContext): Decoder<readonly RuleGroup[]> =>
  object('PrometheusRule', (fields) => {
    for (const name of ['apiVersion', 'kind', 'metadata', 'status']) fields.get(name, rawNode);
    return fields.get('spec', ruleGroups(file, context));
  });

const ruleGroups = (file: string, context: RuleFileContext): Decoder<readonly RuleGroup[]> =>
  object('rulefmt.RuleGroups', (fields) => {
    const groups = fields.get('groups', list(ruleGroup(file, context)));
    const firstByName = new Map<string, RuleGroup>();
    for (const [i, group] of groups.entries()) {
      if (firstByName.has(group.name)) {
        const node = fields.node('groups');
        const at = node?.kind === 'list' ? (node.items[i] ?? node) : fields.map;
        fields.sink.at(at, {
          code: 'duplicate',
          message: `the group "${group.name}" is already defined in this file`,
          hint: 'give it another name',
          upstream: `groupname: "${group.name}" is repeated in the same file`,
        });
      } else firstByName.set(group.name, group);
    }
    return groups;
  });

const ruleGroup = (file: string, context: RuleFileContext): Decoder<RuleGroup> =>
  object('rulefmt.RuleGroup', (fields) => {
    const name = fields.required('name', string, 'Groupname must not be empty');
    const intervalMs = fields.get('interval', duration, durationMs(0));
    const queryOffsetMs = fields.optional('query_offset', duration) ?? context.queryOffsetMs;
    const limit = fields.get('limit', int);
    const labels = fields.get('labels', record(string));
    checkNames(fields, 'labels', labels, context, (label) => `invalid label name: ${label}`);
    // Operator objects carry it for Thanos; Prometheus does not know it.
    const node = fields.node('rules');
    const rules: Rule[] = [];
    fields.get('rules', list(rawNode));
    if (node?.kind === 'list') {
      for (const [i, item] of node.items.entries()) {
        const rule = decode(item, ruleReader({ group: name, number: i + 1, labels, context }), fields.sink);
        if (rule !== null) rules.push(rule);
      }
    }
    return { file, name, intervalMs: intervalMs === 0 ? context.intervalMs : intervalMs, queryOffsetMs, limit, rules };
  });

type RulePlace = {
  readonly group: string;
  readonly number: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly context: RuleFileContext;
};

function ruleReader(place: RulePlace): Decoder<Rule | null> {
  return object('rulefmt.Rule', (fields): Rule | null => {
    const record_ = fields.get('record', string);
    const alert = fields.get('alert', string);
    const exprText = fields.get('expr', string);
    const forMs = fields.get('for', duration);
    const keepFiringForMs = fields.get('keep_firing_for', duration);
    const labels = fields.get('labels', record(string));
    const annotations = fields.get('annotations', record(string));
    const name = record_ !== '' ? record_ : alert;
    const say = (field: string, problem: Problem & { readonly reference?: string }): void => {
      const node = fields.place(field);
      const { line, col } = diagnosticAt(node, problem);
      const { reference, ...rest } = problem;
      const upstream = ruleErrorText({
        group: place.group,
        rule: place.number,
        ruleName: name,
        message: reference ?? problem.message,
        places: [{ line, col }],
      });
      fields.problem(field, { ...rest, upstream });
    };

    if (record_ !== '' && alert !== '')
      say('alert', { code: 'conflict', message: "only one of 'record' and 'alert' must be set", hint: 'make two rules of it' });
    if (record_ === '' && alert === '')
      say('record', { code: 'missing_field', message: "one of 'record' or 'alert' must be set", hint: 'add alert: NAME' });
    const expr = exprText === '' ? null : readExpr(fields, exprText, place.context, say);
    if (exprText === '') say('expr', { code: 'missing_field', message: "field 'expr' must be set in rule" });
    checkNames(fields, 'labels', labels, place.context, (label) => `invalid label name: ${label}`, say);
    checkNames(fields, 'annotations', annotations, place.context, (label) => `invalid annotation name: ${label}`, say);

    const merged = { ...place.labels, ...labels };
    if (record_ !== '') {
      for (const field of ['annotations', 'for', 'keep_firing_for'])
        if (fields.isSet(field) && !(field !== 'annotations' && (field === 'for' ? forMs : keepFiringForMs) === 0))
          say(field, { code: 'conflict', message: `invalid field '${field}' in recording rule` });
      if (/[{}]/.test(record_))
        say('record', { code: 'bad_value', message: `braces present in the recording rule name; should it be in expr?: ${record_}` });
      else if (place.context.nameScheme === 'utf8' ? !isUtf8LabelName(record_) : !isLegacyMetricName(record_))
        say('record', { code: 'bad_value', message: `invalid recording rule name: ${record_}` });
      return expr === null ? null : ({ kind: 'recording', name: record_, expr, labels: merged } satisfies RecordingRule);
    }
    for (const [kind, texts] of [
      ['label', labels],
      ['annotation', annotations],
    ] as const) {
      for (const [key, text] of Object.entries(texts)) {
        const error = checkAlertTemplate(name, text);
        if (error !== null) say(`${kind}s`, { code: 'bad_template', message: `${kind} "${key}": ${error}` });
      }
    }
    return expr === null
      ? null
      : ({ kind: 'alerting', name: alert, expr, forMs, keepFiringForMs, labels: merged, annotations } satisfies AlertingRule);
  }) as Decoder<Rule | null>;
}

function readExpr(
  fields: Fields,
  text: string,
  context: RuleFileContext,
  say: (field: string, problem: Problem & { readonly reference?: string }) => void,
): Expr | null {
  const parsed = parseExpr(text, context.parser);
  if ('expr' in parsed) return parsed.expr;
  const node = fields.node('expr');
  const first = parsed.errors[0];
  if (node?.kind === 'scalar' && first !== undefined) {
    const place = positionInScalar(node, utf16Index(text, first.span.start));
    const problem: Problem = { code: 'bad_expression', message: `in the expression: ${first.message}` };
    fields.sink.add({
      ...diagnosticAt(node, problem),
      ...place,
      upstream: `${place.line}:${place.col}: could not parse expression: ${formatParseError(text, first)}`,
    });
  } else if (first !== undefined)
    say('expr', { code: 'bad_expression', message: `could not parse expression: ${formatParseError(text, first)}` });
  return null;
}

/** Index in UTF-16 units of a byte offset in UTF-8. */
const utf16Index = (text: string, byteOffset: number): number =>
  new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, byteOffset)).length;

function checkNames(
  fields: Fields,
  field: string,
  names: Readonly<Record<string, string>>,
  context: RuleFileContext,
  message: (name: string) => string,
  say: (field: string, problem: Problem) => void = (name, problem) => fields.problem(name, problem),
): void {
  for (const name of Object.keys(names)) {
    const isValid = context.nameScheme === 'utf8' ? isUtf8LabelName(name) : isLegacyLabelName(name);
    if (!isValid || (field === 'labels' && name === METRIC_NAME)) say(field, { code: 'bad_label_name', message: message(name) });
  }
}
