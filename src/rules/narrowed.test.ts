import { expect, test } from 'vitest';
import { MemoryQueryable } from '../../test/support/memory-queryable.ts';
import { SCRIPT_PARSER_OPTIONS } from '../../test/support/promqltest/run-script.ts';
import { finish } from '../lib/finish.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import { equalMatcher } from '../model/matcher.ts';
import type { Expr } from '../promql/ast.ts';
import { DEFAULT_ENGINE_OPTIONS, evaluate } from '../promql/engine.ts';
import { parseExpr } from '../promql/parser.ts';
import { printExpr } from '../promql/printer.ts';
import { narrowed } from './narrowed.ts';

function parse(text: string): Expr {
  const parsed = parseExpr(text, SCRIPT_PARSER_OPTIONS);
  if ('expr' in parsed) return parsed.expr;
  throw new Error(`does not parse: ${text}`);
}

const matchers = [equalMatcher('job', 'api'), equalMatcher('i', '1')];
test.each([
  ['up', 'up{i="1",job="api"}'],
  ['{a="b"}', '{a="b",i="1",job="api"}'],
  ['rate(x[5m] offset 1h) / 2', 'rate(x{i="1",job="api"}[5m] offset 1h) / 2'],
  ['x - y', 'x{i="1",job="api"} - y{i="1",job="api"}'],
  ['x / on (job) y', 'x / on (job) y'],
  ['x / ignoring (i) y', 'x / ignoring (i) y'],
  ['x > scalar(y)', 'x{i="1",job="api"} > scalar(y)'],
  ['sum by (job) (x)', 'sum by (job) (x{job="api"})'],
  ['sum without (job) (x)', 'sum without (job) (x{i="1"})'],
  ['sum(x)', 'sum(x)'],
  ['topk by (job) (2, x)', 'topk by (job) (2, x{job="api"})'],
  ['count_values by (job) ("v", x)', 'count_values by (job) ("v", x)'],
  ['histogram_quantile(0.9, sum by (le, job) (rate(b[5m])))', 'histogram_quantile(0.9, sum by (le, job) (rate(b{job="api"}[5m])))'],
  ['max_over_time(sum by (i) (x)[1h:1m])', 'max_over_time(sum by (i) (x{i="1"})[1h:1m])'],
  ['label_replace(x, "job", "$1", "y", "(.*)")', 'label_replace(x, "job", "$1", "y", "(.*)")'],
  ['absent(x)', 'absent(x)'],
])('%s for one job and i is %s', (text, printed) => {
  expect(printExpr(narrowed(parse(text), matchers))).toBe(printed);
});

const store = new MemoryQueryable();
const JOBS = ['api', 'web'];
for (const name of ['x', 'y'])
  for (const job of JOBS)
    for (const i of ['0', '1', '2'])
      for (let at = 0; at <= 600_000; at += 15_000)
        store.append(Labels.of({ [METRIC_NAME]: name, job, i }), at, (at / 1000) * (Number(i) + 1) + job.length + name.charCodeAt(0));
for (const job of JOBS)
  for (const [le, factor] of Object.entries({ '0.1': 1, '1': 2, '+Inf': 3 }))
    for (let at = 0; at <= 600_000; at += 15_000) store.append(Labels.of({ [METRIC_NAME]: 'b', job, le }), at, (at / 1000) * factor);

const elements = (expr: Expr): ReadonlyMap<string, number> => {
  const { value } = finish(
    evaluate({ expr, text: printExpr(expr), startMs: 600_000, endMs: 600_000, stepMs: 0 }, store, DEFAULT_ENGINE_OPTIONS),
  );
  if (value.kind !== 'vector') throw new Error(`a ${value.kind} is no vector`);
  return new Map(value.labels.map((labels, i) => [labels.toString(), value.values[i] ?? 0]));
};

test.each([
  'x',
  'rate(x[5m]) * 2 > 1',
  'x - y',
  'x / ignoring (i) group_left () sum without (i) (y)',
  'sum by (job) (rate(x[5m])) / count by (job) (y)',
  'sum(x) by (i) > bool 3',
  'avg without (job) (x) or y',
  'x and on (job) y{i="2"}',
  'x unless y{i="2"}',
  'topk by (job) (1, x)',
  'topk(2, x)',
  'quantile by (i) (0.5, x + y)',
  'histogram_quantile(0.9, rate(b[5m]))',
  'histogram_quantile(0.9, sum by (le) (rate(b[5m])))',
  'label_replace(x, "i", "n$1", "i", "(.*)")',
  'label_join(x, "i", "-", "i", "job")',
  'count_values by (job) ("i", x)',
  'max_over_time((x - y)[5m:1m])',
  '-x + scalar(y{job="api",i="0"})',
  'absent(none{job="api"})',
  'x{job="api"} * on (i) y{job="web"}',
])('an element of %s has its value also where it is asked for alone', (text) => {
  const expr = parse(text);
  const whole = elements(expr);
  expect(whole.size).toBeGreaterThan(0);
  for (const [key, value] of whole) {
    const labels = Object.entries(labelsIn(key)).filter(([name]) => name !== METRIC_NAME);
    const alone = elements(
      narrowed(
        expr,
        labels.map(([name, of]) => equalMatcher(name, of)),
      ),
    );
    expect({ key, value: alone.get(key) }).toEqual({ key, value });
  }
});

/** Of labels as they are printed. */
const labelsIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
