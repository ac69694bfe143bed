/**
 * Reads a rule file: `groups` of Prometheus, or a PrometheusRule object of the Prometheus Operator, whose `spec` holds
 * them. Strict as prometheus/model/rulefmt/rulefmt.go: unknown fields, expressions, templates and names are checked here,
 * all at once, each with its place. `upstream` of a diagnostic is the reference's line for it.
 */
import { type Decoder, decode, type Fields, list, object, rawNode, record } from '../config/decode.ts';
import type { Diagnostic, Problem } from '../config/diagnostic.ts';
import { DiagnosticSink } from '../config/diagnostic-sink.ts';
import { duration, int, string } from '../config/scalars.ts';
import type { Position, SourceFile } from '../config/source.ts';
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
  /** promtool's --ignore-unknown-fields: fields that nobody knows are passed over. */
  readonly ignoresUnknownFields?: boolean;
};

export type RuleFile = { readonly groups: readonly RuleGroup[]; readonly diagnostics: readonly Diagnostic[] };

export function readRuleFile(source: SourceFile, context: RuleFileContext): RuleFile {
  const document = parseYaml(source);
  const sink = new DiagnosticSink();
  for (const diagnostic of document.diagnostics) sink.add(inRuleFile(diagnostic));
  if (document.root === null) return { groups: [], diagnostics: sink.diagnostics() };
  const groups = decode(
    document.root,
    isOperatorObject(document.root) ? operatorObject(source.path, context) : ruleGroups({ file: source.path, isOperators: false, context }),
    sink,
  );
  const diagnostics = sink.diagnostics();
  return {
    groups,
    diagnostics: context.ignoresUnknownFields === true ? diagnostics.filter(({ code }) => code !== 'unknown_field') : diagnostics,
  };
}

/** Whether a file is meant as one, right or wrong: no configuration file has these keys. */
export function isRuleFile(source: SourceFile): boolean {
  const { root } = parseYaml(source);
  return root?.kind === 'map' && (isOperatorObject(root) || root.entries.some(({ key }) => key.text === 'groups'));
}

/** Of what YAML itself warns of, a second document is the one thing that the reference has words for. */
const inRuleFile = (diagnostic: Diagnostic): Diagnostic =>
  diagnostic.severity === 'warning'
    ? { ...diagnostic, upstream: 'Multiple document yaml rules files are not supported, only the first document is parsed' }
    : diagnostic;

/** How the reference prints an error of a rule: `line:col: altline:altcol: group "g", rule N, "name": message`. */
export function ruleErrorText(error: {
  readonly group: string;
  /** Counted from 1. */
  readonly rule: number;
  readonly ruleName: string;
  readonly message: string;
  /** Line and column of the node at fault, and of a second one; none where the reference names none. */
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
    return fields.get('spec', ruleGroups({ file, isOperators: true, context }));
  });

type FileScope = { readonly file: string; readonly isOperators: boolean; readonly context: RuleFileContext };

const ruleGroups = (scope: FileScope): Decoder<readonly RuleGroup[]> =>
  object('rulefmt.RuleGroups', (fields) => {
    const groups = fields.get('groups', list(ruleGroup(scope)));
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

const ruleGroup = ({ file, isOperators, context }: FileScope): Decoder<RuleGroup> =>
  object('rulefmt.RuleGroup', (fields) => {
    const name = fields.required('name', string, 'Groupname must not be empty');
    const intervalMs = fields.get('interval', duration, durationMs(0));
    const queryOffsetMs = fields.optional('query_offset', duration) ?? context.queryOffsetMs;
    const limit = fields.get('limit', int);
    const labels = fields.get('labels', record(string));
    checkLabels(fields, labels, context, (problem, node) => fields.sink.at(node, problem));
    // Operator objects carry it for Thanos; Prometheus' own files do not know it.
    if (isOperators) fields.unsupported('partial_response_strategy', string, 'it is for Thanos');
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

/** Where a problem of a rule is, when that is not the field's value, and where the reference says that it is. */
type Where = {
  readonly node?: YamlNode;
  readonly position?: Position;
  /** Default: the field. The reference has no place for some. */
  readonly upstreamFields?: readonly string[];
};
type Say = (field: string, problem: Problem, where?: Where) => void;

function ruleReader(place: RulePlace): Decoder<Rule | null> {
  return object('rulefmt.Rule', (fields): Rule | null => {
    const record_ = fields.get('record', string);
    const alert = fields.get('alert', string);
    const exprText = fields.get('expr', string);
    const forMs = fields.get('for', duration);
    const keepFiringForMs = fields.get('keep_firing_for', duration);
    const labels = fields.get('labels', record(string));
    const annotations = fields.get('annotations', record(string));
    const isRecording = record_ !== '';
    const name = alert !== '' ? alert : record_;
    const say: Say = (field, problem, { node = fields.place(field), position, upstreamFields = [field] } = {}) => {
      if (!fields.isSound(field)) return; // it could not even be read, and that is said
      const upstream = ruleErrorText({
        group: place.group,
        rule: place.number,
        ruleName: name,
        message: problem.upstream ?? problem.message,
        places: upstreamFields.map((at) => diagnosticAt(fields.place(at), problem)),
      });
      fields.sink.add({ ...diagnosticAt(node, problem), upstream, ...position });
    };

    if (isRecording && alert !== '') {
      const problem: Problem = { code: 'conflict', message: "only one of 'record' and 'alert' must be set", hint: 'make two rules of it' };
      say('alert', problem, { upstreamFields: ['record', 'alert'] });
    }
    if (!isRecording && alert === '') {
      const problem: Problem = { code: 'missing_field', message: "one of 'record' or 'alert' must be set", hint: 'add alert: NAME' };
      say('record', problem, { upstreamFields: ['record', 'alert'] });
    }
    if (exprText === '') say('expr', { code: 'missing_field', message: "field 'expr' must be set in rule" });
    const expr = exprText === '' ? null : readExpr(fields.node('expr'), exprText, place.context, say);
    checkLabels(fields, labels, place.context, (problem, node) => say('labels', problem, { node, upstreamFields: [] }));
    for (const label of Object.keys(annotations)) {
      if (isLabelName(label, place.context)) continue;
      const problem: Problem = { code: 'bad_label_name', message: `invalid annotation name: ${label}` };
      say('annotations', problem, { node: keyNode(fields, 'annotations', label), upstreamFields: [] });
    }

    const merged = { ...place.labels, ...labels };
    if (isRecording) {
      const misplaced: Readonly<Record<string, boolean>> = {
        annotations: Object.keys(annotations).length > 0,
        for: forMs !== 0,
        keep_firing_for: keepFiringForMs !== 0,
      };
      for (const [field, isSet] of Object.entries(misplaced))
        if (isSet) say(field, { code: 'conflict', message: `invalid field '${field}' in recording rule` }, { upstreamFields: ['record'] });
      if (/[{}]/.test(record_))
        say('record', { code: 'bad_value', message: `braces present in the recording rule name; should it be in expr?: ${record_}` });
      else if (place.context.nameScheme === 'utf8' ? !isUtf8LabelName(record_) : !isLegacyMetricName(record_))
        say('record', { code: 'bad_value', message: `invalid recording rule name: ${record_}` });
      return expr === null ? null : ({ kind: 'recording', name: record_, expr, labels: merged } satisfies RecordingRule);
    }
    if (alert !== '') {
      for (const [field, what, texts] of [
        ['labels', 'label', labels],
        ['annotations', 'annotation', annotations],
      ] as const) {
        for (const [key, text] of Object.entries(texts)) {
          const error = checkAlertTemplate(alert, text);
          if (error === null) continue;
          const problem: Problem = { code: 'bad_template', message: `${what} "${key}": ${error}` };
          say(field, problem, { node: keyNode(fields, field, key), upstreamFields: [] });
        }
      }
    }
    return expr === null
      ? null
      : ({ kind: 'alerting', name: alert, expr, forMs, keepFiringForMs, labels: merged, annotations } satisfies AlertingRule);
  }) as Decoder<Rule | null>;
}

function readExpr(node: YamlNode | null, text: string, context: RuleFileContext, say: Say): Expr | null {
  const parsed = parseExpr(text, context.parser);
  if ('expr' in parsed) return parsed.expr;
  const first = parsed.errors[0];
  if (first === undefined) throw new Error('BUG: a parse that failed without an error');
  const upstream = `could not parse expression: ${formatParseError(text, first)}`;
  const problem: Problem = { code: 'bad_expression', message: `in the expression: ${first.message}`, upstream };
  // We point into the expression, the reference at its beginning.
  say('expr', problem, node?.kind === 'scalar' ? { position: positionInScalar(node, utf16Index(text, first.span.start)) } : {});
  return null;
}

/** Index in UTF-16 units of a byte offset in UTF-8. */
const utf16Index = (text: string, byteOffset: number): number =>
  new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, byteOffset)).length;

const isLabelName = (name: string, { nameScheme }: RuleFileContext): boolean =>
  nameScheme === 'utf8' ? isUtf8LabelName(name) : isLegacyLabelName(name);

/** The key of one entry of a field that is a map. */
function keyNode(fields: Fields, field: string, key: string): YamlNode {
  const map = fields.node(field);
  const entry = map?.kind === 'map' ? map.entries.find((one) => one.key.text === key) : undefined;
  return entry?.key ?? fields.place(field);
}

function checkLabels(
  fields: Fields,
  labels: Readonly<Record<string, string>>,
  context: RuleFileContext,
  say: (problem: Problem, node: YamlNode) => void,
): void {
  for (const [name, value] of Object.entries(labels)) {
    const at = (): YamlNode => keyNode(fields, 'labels', name);
    if (!isLabelName(name, context) || name === METRIC_NAME) say({ code: 'bad_label_name', message: `invalid label name: ${name}` }, at());
    // What is well-formed as a name is well-formed as a value.
    if (value !== '' && !isUtf8LabelName(value)) say({ code: 'bad_value', message: `invalid label value: ${value}` }, at());
  }
}
