/**
 * prometheus/promql-compliance: the query templates of the compliance tester, expanded and run as range queries over
 * generated metrics of its demo service. There is no reference server here: a query must run and give a sorted matrix
 * without repeated label sets, or fail where it should. Two of them expect "~invalid" to be refused as a label name;
 * Prometheus 3 takes any UTF-8 name, and so do we.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Labels } from '../../../src/model/labels.ts';
import { DEFAULT_ENGINE_OPTIONS, evaluate } from '../../../src/promql/engine.ts';
import { parseExpr } from '../../../src/promql/parser.ts';
import { MemoryQueryable } from '../../support/memory-queryable.ts';
import { drive } from '../../support/promqltest/run-script.ts';
import { checkCase, type KindRunner } from '../kind.ts';

type Template = { readonly query: string; readonly variant_args?: readonly string[]; readonly should_fail?: boolean };

const END_MS = 1_700_000_000_000;
const SCRAPE_MS = 5000;
const STORED_MS = 5_400_000;
const INSTANCES = ['demo.promlabs.com:10000', 'demo.promlabs.com:10001', 'demo.promlabs.com:10002'];

export const run: KindRunner = async (dir) => {
  const { test_cases: templates } = parse(readFileSync(join(dir, 'promql-test-queries.yml'), 'utf8')) as {
    test_cases: readonly Template[];
  };
  const { variants } = JSON.parse(readFileSync(join(dir, 'variants.json'), 'utf8')) as { variants: Record<string, readonly string[]> };
  const store = demoStore();
  const queries = templates.flatMap((template) =>
    expand(template.query, template.variant_args ?? [], variants).map((query) => ({ query, fails: template.should_fail === true })),
  );
  return Promise.all(queries.map(({ query, fails }) => checkCase(query, fails ? 'fails' : 'runs', () => outcome(query, store))));
};

/** Every combination of the arguments' values, the first varying slowest. */
function expand(
  query: string,
  [arg, ...rest]: readonly string[],
  variants: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  if (arg === undefined) return [query];
  return (variants[arg] ?? []).flatMap((value) => expand(query.replaceAll(`{{.${arg}}}`, value), rest, variants));
}

function outcome(text: string, store: MemoryQueryable): string {
  const parsed = parseExpr(text, {
    experimentalFunctions: true,
    durationExpressions: true,
    extendedRangeSelectors: false,
    binopFillModifiers: false,
  });
  if ('errors' in parsed) return 'fails';
  const query = { expr: parsed.expr, text, startMs: END_MS - 600_000, endMs: END_MS, stepMs: 10_000 };
  try {
    const { value } = drive(evaluate(query, store, DEFAULT_ENGINE_OPTIONS));
    if (value.kind !== 'matrix') return `gives a ${value.kind}`;
    const isSorted = value.series.every(({ labels }, i) => i === 0 || (value.series[i - 1]?.labels ?? Labels.empty).compare(labels) < 0);
    return isSorted ? 'runs' : 'is not sorted';
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('BUG')) throw error;
    return 'fails';
  }
}

/** The metrics that the queries ask for, their values made of a few waves. */
function demoStore(): MemoryQueryable {
  const store = new MemoryQueryable();
  const series: { readonly labels: Labels; readonly at: (seconds: number) => number | null }[] = [];
  for (const [i, instance] of INSTANCES.entries()) {
    const add = (name: string, labels: Readonly<Record<string, string>>, at: (seconds: number) => number | null): void => {
      series.push({ labels: Labels.of({ ...labels, __name__: name, instance, job: 'demo' }), at });
    };
    for (const type of ['free', 'buffers', 'cached', 'used'])
      add('demo_memory_usage_bytes', { type }, (s) => 1e9 + Math.sin(s / 600 + i) * 1e8);
    for (const mode of ['user', 'system', 'idle']) add('demo_cpu_usage_seconds_total', { mode }, (s) => (s % 4000) * (i + 1));
    add('demo_num_cpus', {}, () => 4);
    add('demo_disk_usage_bytes', {}, (s) => s * 1000);
    add('demo_batch_last_success_timestamp_seconds', {}, (s) => END_MS / 1000 - (s % 300));
    add('demo_intermittent_metric', {}, (s) => (Math.floor(s / 60) % 3 === 0 ? null : 1));
    for (const path of ['/api/foo', '/api/bar']) {
      const request = { method: 'GET', path, status: '200' };
      for (const [b, le] of ['0.1', '0.5', '1', '+Inf'].entries())
        add('demo_api_request_duration_seconds_bucket', { ...request, le }, (s) => s * (b + 1));
      add('demo_api_request_duration_seconds_count', request, (s) => s * 4);
      add('demo_api_request_duration_seconds_sum', request, (s) => s * 1.5);
    }
  }
  for (const { labels, at } of series) {
    for (let ms = 0; ms <= STORED_MS; ms += SCRAPE_MS) {
      const value = at(ms / 1000);
      if (value !== null) store.append(labels, END_MS - STORED_MS + ms, value);
    }
  }
  return store;
}
