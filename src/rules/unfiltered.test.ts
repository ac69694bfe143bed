import { describe, expect, test } from 'vitest';
import { MemoryQueryable } from '../../test/support/memory-queryable.ts';
import { Labels } from '../model/labels.ts';
import type { Expr } from '../promql/ast.ts';
import { DEFAULT_ENGINE_OPTIONS, evaluate } from '../promql/engine.ts';
import { parseExpr } from '../promql/parser.ts';
import { printExpr } from '../promql/printer.ts';
import { parseMetric } from '../promql/series-description.ts';
import { alertLabels } from './alerting.ts';
import { MissingReasons, unfiltered } from './unfiltered.ts';

const parse = (text: string): Expr => {
  const parsed = parseExpr(text, {
    experimentalFunctions: true,
    durationExpressions: true,
    extendedRangeSelectors: true,
    binopFillModifiers: true,
  });
  if ('expr' in parsed) return parsed.expr;
  throw new Error(`${text}: ${parsed.errors[0]?.message}`);
};

describe('the expression behind a condition', () => {
  test.each([
    ['up == 0', 'up'],
    ['0 == up', 'up'],
    ['(up == 0)', '(up)'],
    ['rate(x[5m]) > 3 < 10', 'rate(x[5m])'],
    ['x > bool 3', 'x > bool 3'],
    ['x', 'x'],
    ['-x > 3', '-x'],
    ['1 - a / b > 0.5', '1 - a / b'],
    ['(a > 1) / b > 0.5', '(a) / b'],
    ['a > b', 'a > bool b'],
    ['a > on (job) b', 'a > bool on (job) b'],
    ['a > on (job) group_left (team) (b > 2)', 'a > bool on (job) group_left (team) (b)'],
    ['a > 1 and b > 2', 'a and b'],
    ['a > 1 and on (job) b > 2 unless c > 3', 'a and on (job) b'],
    ['a > 1 unless on (job) maintenance == 1', 'a'],
    ['a > 1 or b > 2', 'a or b'],
    ['a > scalar(b)', 'a'],
    ['time() - a > 60', 'time() - a'],
    ['sum by (job) (a > 1) > 2', 'sum by (job) (a)'],
    [
      'count without (instance) (up == 0) / count without (instance) (up) > 0.5',
      'count without (instance) (up) / count without (instance) (up)',
    ],
    ['topk(3, a > 1)', 'a'],
    ['quantile(0.9, a > 1) > 2', 'quantile(0.9, a)'],
    ['label_replace(a > 1, "b", "$1", "c", "(.*)")', 'label_replace(a, "b", "$1", "c", "(.*)")'],
    ['max_over_time((a > 1)[5m:1m]) > 2', 'max_over_time((a)[5m:1m])'],
    ['histogram_quantile(0.9, sum by (le) (rate(a[5m]))) > 1', 'histogram_quantile(0.9, sum by (le) (rate(a[5m])))'],
    ['absent(a) and on () b > 1', null],
    ['a == 0 or absent(a)', 'a'],
    ['a > 1 and on () absent(b)', 'a'],
    ['count_values("v", a) > 1', null],
    ['a > 1 or count_values("v", a) > 1', null],
    ['sum(absent(a)) > 0', null],
  ])('of %s is %s', (text, expected) => {
    const { expr } = unfiltered(parse(text));
    expect(expr === null ? null : printExpr(expr)).toBe(expected);
  });
});

/** `name{labels} value`, one a line. */
function evaluateOver(data: string, expr: Expr): readonly Labels[] {
  const store = new MemoryQueryable();
  for (const line of data.split('\n').filter((text) => text.trim() !== '')) {
    const [, series = '', value = ''] = /^\s*(.*) (\S+)$/.exec(line) ?? [];
    const parsed = parseMetric(series);
    if ('errors' in parsed) throw new Error(`not a series: ${line}`);
    store.append(parsed.labels, 0, Number(value));
  }
  const run = evaluate({ expr, text: '', startMs: 0, endMs: 0, stepMs: 0 }, store, DEFAULT_ENGINE_OPTIONS);
  for (;;) {
    const step = run.next();
    if (step.done !== true) continue;
    return step.value.value.kind === 'vector' ? step.value.value.labels : [];
  }
}

describe('why an alert is missing', () => {
  test.each([
    { expr: 'up == 0', before: 'up{a="1"} 0', after: 'up{a="1"} 1', is: 'condition_false' },
    { expr: 'up == 0', before: 'up{a="1"} 0', after: 'up{a="2"} 0', is: 'data_missing' },
    { expr: 'kube_crashing', before: 'kube_crashing{a="1"} 1', after: '', is: 'data_missing' },
    { expr: 'a > on (x) b', before: 'a{x="1", y="2"} 2\nb{x="1"} 1', after: 'a{x="1", y="2"} 1\nb{x="1"} 1', is: 'condition_false' },
    { expr: 'a > on (x) b', before: 'a{x="1", y="2"} 2\nb{x="1"} 1', after: 'a{x="1", y="2"} 2', is: 'data_missing' },
    {
      expr: 'a > on (x) group_left (team) b',
      before: 'a{x="1", z="2"} 2\na{x="1", z="3"} 0\nb{x="1", team="t"} 1',
      after: 'a{x="1", z="2"} 0\na{x="1", z="3"} 0\nb{x="1", team="t"} 1',
      is: 'condition_false',
    },
    {
      expr: 'a > on (x) group_left (team) b',
      before: 'a{x="1", z="2"} 2\na{x="1", z="3"} 0\nb{x="1", team="t"} 1',
      after: 'a{x="1", z="3"} 0\nb{x="1", team="t"} 1',
      is: 'data_missing',
    },
    { expr: 'a > 1 and on (x) b > 1', before: 'a{x="1"} 2\nb{x="1"} 2', after: 'a{x="1"} 2\nb{x="1"} 0', is: 'condition_false' },
    { expr: 'a > 1 and on (x) b > 1', before: 'a{x="1"} 2\nb{x="1"} 2', after: 'a{x="1"} 2', is: 'data_missing' },
    { expr: 'a > 1 unless on (x) b == 1', before: 'a{x="1"} 2', after: 'a{x="1"} 2\nb{x="1"} 1', is: 'condition_false' },
    { expr: 'a > 1 unless on (x) b == 1', before: 'a{x="1"} 2', after: 'b{x="1"} 1', is: 'data_missing' },
    { expr: 'a > 1 or b > 1', before: 'b{x="1"} 2', after: 'b{x="1"} 1', is: 'condition_false' },
    { expr: 'a > 1 or b > 1', before: 'b{x="1"} 2', after: '', is: 'data_missing' },
    { expr: 'a == bool 1', before: 'a{x="1"} 2', after: '', is: 'data_missing' },
    { expr: 'absent(a{x="1"})', before: '', after: 'a{x="1"} 1', is: 'condition_false' },
    { expr: 'up{j="1"} == 0 or absent(up{j="1"})', before: '', after: 'up{j="1"} 1', is: 'condition_false' },
    { expr: 'up{j="1"} == 0 or absent(up{j="1"})', before: 'up{j="1", i="1"} 0', after: 'up{j="1", i="1"} 1', is: 'condition_false' },
    { expr: 'up{j="1"} == 0 or absent(up{j="1"})', before: 'up{j="1", i="1"} 0', after: '', is: 'data_missing' },
    {
      expr: 'count by (j) (up == 0) > 1',
      before: 'up{j="1", i="1"} 0\nup{j="1", i="2"} 0',
      after: 'up{j="1", i="1"} 1',
      is: 'condition_false',
    },
    { expr: 'count by (j) (up == 0) > 1', before: 'up{j="1", i="1"} 0\nup{j="1", i="2"} 0', after: 'up{j="2"} 1', is: 'data_missing' },
    { expr: 'topk(1, a)', before: 'a{x="1"} 2\na{x="2"} 1', after: 'a{x="1"} 2\na{x="2"} 3', is: 'condition_false' },
    { expr: 'count_values("v", a) > 0', before: 'a 2', after: 'a 3', is: 'condition_false' },
  ])('$expr: $is', ({ expr: text, before, after, is }) => {
    const expr = parse(text);
    const ruleLabels = { severity: 'page', y: 'of the rule' };
    const [element] = evaluateOver(before, expr);
    if (element === undefined) throw new Error('it did not fire');
    const alert = alertLabels(element, Object.entries(ruleLabels), 'A');
    expect(evaluateOver(after, expr).map((labels) => alertLabels(labels, Object.entries(ruleLabels), 'A').key())).not.toContain(
      alert.key(),
    );
    const source = unfiltered(expr);
    const present = source.expr === null ? null : evaluateOver(after, source.expr);
    expect(new MissingReasons(source, present, Object.keys(ruleLabels)).reasonOf(alert)).toBe(is);
  });
});
