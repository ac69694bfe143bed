import { describe, expect, test } from 'vitest';
import { renderAll, upstreamText } from '../config/diagnostic.ts';
import { sourceFile } from '../config/source.ts';
import { durationMs } from '../model/time.ts';
import { printExpr } from '../promql/printer.ts';
import { type RuleFile, type RuleFileContext, readRuleFile } from './rule-file.ts';

const CONTEXT: RuleFileContext = {
  nameScheme: 'utf8',
  parser: { experimentalFunctions: false, durationExpressions: true, extendedRangeSelectors: false, binopFillModifiers: false },
  intervalMs: durationMs(60_000),
  queryOffsetMs: durationMs(5000),
};

const read = (text: string, context: Partial<RuleFileContext> = {}): RuleFile =>
  readRuleFile(sourceFile('rules.yml', text), { ...CONTEXT, ...context });

/** One rule's YAML, within a group. */
const inGroup = (rule: string): string => `groups:\n- name: g\n  rules:\n${rule}`;
const placed = ({ diagnostics }: RuleFile): readonly string[] => diagnostics.map(({ line, col, message }) => `${line}:${col} ${message}`);

describe('a rule file', () => {
  test('gives groups with the defaults of the configuration filled in', () => {
    const { groups, diagnostics } = read(`
groups:
  - name: a
    interval: 30s
    query_offset: 1m
    limit: 5
    labels: {team: web, tier: '1'}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {tier: '2'}
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 10m
        annotations: {summary: '{{ $labels.job }}'}
  - name: b
    rules: []
`);
    expect(diagnostics).toEqual([]);
    expect(groups.map((group) => ({ ...group, rules: group.rules.length }))).toEqual([
      { file: 'rules.yml', name: 'a', intervalMs: 30_000, queryOffsetMs: 60_000, limit: 5, rules: 2 },
      { file: 'rules.yml', name: 'b', intervalMs: 60_000, queryOffsetMs: 5000, limit: 0, rules: 0 },
    ]);
    expect(groups[0]?.rules.map((rule) => ({ ...rule, expr: printExpr(rule.expr) }))).toEqual([
      { kind: 'recording', name: 'job:up:sum', expr: 'sum by (job) (up)', labels: { team: 'web', tier: '2' } },
      {
        kind: 'alerting',
        name: 'Down',
        expr: 'up == 0',
        forMs: 300_000,
        keepFiringForMs: 600_000,
        labels: { team: 'web', tier: '1' },
        annotations: { summary: '{{ $labels.job }}' },
      },
    ]);
  });

  test('may be an object of the Prometheus Operator, whose fields for Thanos have no effect', () => {
    const { groups, diagnostics } = read(`
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: x, labels: {role: alert-rules}}
spec:
  groups:
    - name: a
      partial_response_strategy: abort
      rules: [{alert: Down, expr: up == 0}]
`);
    expect(groups.map(({ name, rules }) => [name, rules.length])).toEqual([['a', 1]]);
    expect(diagnostics.map(({ severity, message }) => [severity, message])).toEqual([
      ['warning', '"partial_response_strategy" is not supported and has no effect: it is for Thanos'],
    ]);
  });

  test('has no groups when it is empty', () => {
    expect(read('')).toEqual({ groups: [], diagnostics: [] });
  });

  test.each([
    { name: 'an expression', rule: '  - alert: A\n    expr: up === 1', says: ['5:16 in the expression: unexpected "="'] },
    {
      name: 'an expression in a block',
      rule: '  - alert: A\n    expr: |\n      up ==\n        foo bar',
      says: ['7:13 in the expression: unexpected identifier "bar"'],
    },
    { name: 'no name', rule: '  - expr: up', says: ["4:5 one of 'record' or 'alert' must be set"] },
    {
      name: 'two names and no expression',
      rule: '  - alert: A\n    record: b',
      says: ["4:5 field 'expr' must be set in rule", "4:12 only one of 'record' and 'alert' must be set"],
    },
    {
      name: 'every label and annotation',
      rule: '  - alert: A\n    expr: up\n    labels: {__name__: x, "": y}\n    annotations:\n      a: "{{ .Value }}"\n      b: "{{ end }}"',
      says: [
        '6:14 invalid label name: __name__',
        '6:27 invalid label name: ',
        '9:7 annotation "b": template: __alert_A:1: unexpected {{end}}',
      ],
    },
    {
      name: 'what a recording rule cannot have',
      rule: '  - record: "a{}"\n    expr: up\n    for: 1m\n    keep_firing_for: 1m\n    annotations: {a: b}',
      says: [
        '4:13 braces present in the recording rule name; should it be in expr?: a{}',
        "6:10 invalid field 'for' in recording rule",
        "7:22 invalid field 'keep_firing_for' in recording rule",
        "8:18 invalid field 'annotations' in recording rule",
      ],
    },
    {
      name: 'a field that cannot be read, once',
      rule: '  - record: [a]\n    expr: up',
      says: ['4:13 expected a text, got a list'],
    },
    {
      name: 'half of a character',
      rule: '  - alert: A\n    expr: up\n    labels: {a: "\\ud800"}',
      says: ['6:14 invalid label value: \ud800'],
    },
  ])('tells where its mistake is: $name', ({ rule, says }) => {
    expect(placed(read(inGroup(rule)))).toEqual(says);
  });

  test('tells of a group that comes twice, and of one without a name', () => {
    expect(placed(read('groups:\n- name: g\n- name: g\n- interval: 1m\n'))).toEqual([
      '3:3 the group "g" is already defined in this file',
      '4:3 Groupname must not be empty',
    ]);
  });

  test('has the words of the reference for those who look for them', () => {
    const file = read(inGroup('  - alert: A\n    expr: up === 1\n  - alert: B\n    record: b\n    expr: up'));
    expect(file.diagnostics.map(upstreamText)).toEqual([
      '5:11: group "g", rule 1, "A": could not parse expression: 1:6: parse error: unexpected "="',
      '7:13: 6:12: group "g", rule 2, "B": only one of \'record\' and \'alert\' must be set',
    ]);
  });

  test('shows the line of an expression that does not parse', () => {
    const text = inGroup('  - alert: A\n    expr: rate(up) > 1');
    const { diagnostics } = read(text);
    expect(renderAll(diagnostics, new Map([['rules.yml', sourceFile('rules.yml', text)]]))).toBe(
      `rules.yml:5:16: error: in the expression: expected type range vector in call to function "rate", got instant vector
5 |     expr: rate(up) > 1
                   ^
`,
    );
  });

  test('takes unknown fields only when told to', () => {
    const text = inGroup('  - alert: A\n    expr: up\n    owner: me');
    expect(placed(read(text))).toEqual(['6:5 unknown field "owner"']);
    expect(read(text, { ignoresUnknownFields: true }).diagnostics).toEqual([]);
  });

  test('names that came with UTF-8 are refused where the configuration asks for the old ones', () => {
    const text = inGroup('  - record: a-b\n    expr: up\n    labels: {c-d: x}');
    expect(read(text).diagnostics).toEqual([]);
    expect(placed(read(text, { nameScheme: 'legacy' }))).toEqual(['4:13 invalid recording rule name: a-b', '6:14 invalid label name: c-d']);
  });
});
