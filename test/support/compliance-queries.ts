/**
 * The queries of the PromQL compliance tester (conformance data prometheus/promql-compliance), expanded, and metrics as
 * its demo service has them, their values made of a few waves.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

type Template = { readonly query: string; readonly variant_args?: readonly string[]; readonly should_fail?: boolean };

export type ComplianceQuery = { readonly query: string; readonly fails: boolean };

export function complianceQueries(dir: string): readonly ComplianceQuery[] {
  const { test_cases: templates } = parse(readFileSync(join(dir, 'promql-test-queries.yml'), 'utf8')) as {
    test_cases: readonly Template[];
  };
  const { variants } = JSON.parse(readFileSync(join(dir, 'variants.json'), 'utf8')) as { variants: Record<string, readonly string[]> };
  return templates.flatMap((template) =>
    expand(template.query, template.variant_args ?? [], variants).map((query) => ({ query, fails: template.should_fail === true })),
  );
}

/** Every combination of the arguments' values, the first varying slowest. */
function expand(
  query: string,
  [arg, ...rest]: readonly string[],
  variants: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  if (arg === undefined) return [query];
  return (variants[arg] ?? []).flatMap((value) => expand(query.replaceAll(`{{.${arg}}}`, value), rest, variants));
}

export type DemoSeries = {
  readonly labels: Readonly<Record<string, string>>;
  /** Of the sample that many seconds after the first; null: there is none. */
  readonly at: (seconds: number) => number | null;
};

const INSTANCES = ['demo.promlabs.com:10000', 'demo.promlabs.com:10001', 'demo.promlabs.com:10002'];
const BUCKETS = ['0.0001', '0.005', '0.05', '0.1', '0.5', '1', '+Inf'];

/** `startSeconds`: when the first sample is. */
export function demoSeries(startSeconds: number): readonly DemoSeries[] {
  const series: DemoSeries[] = [];
  for (const [i, instance] of INSTANCES.entries()) {
    const add = (name: string, labels: Readonly<Record<string, string>>, at: DemoSeries['at']): void => {
      series.push({ labels: { ...labels, __name__: name, instance, job: 'demo' }, at });
    };
    for (const [k, type] of ['free', 'buffers', 'cached', 'used'].entries())
      add('demo_memory_usage_bytes', { type }, (s) => 1e9 + Math.sin(s / 600 + i + k) * 1e8);
    for (const [k, mode] of ['user', 'system', 'idle'].entries())
      add('demo_cpu_usage_seconds_total', { mode }, (s) => (s % 4000) * (i + 1) + Math.sin(s / 30 + k) * 0.3);
    add('demo_num_cpus', {}, () => 4 + i);
    add('demo_disk_usage_bytes', {}, (s) => s * 1000 + i);
    add('demo_disk_total_bytes', {}, () => 2e8);
    add('demo_batch_last_success_timestamp_seconds', {}, (s) => startSeconds + s - (s % 300));
    add('demo_intermittent_metric', {}, (s) => (Math.floor(s / 60 + i) % 3 === 0 ? null : 1));
    for (const [p, path] of ['/api/foo', '/api/bar'].entries()) {
      for (const method of ['GET', 'POST']) {
        for (const status of ['200', '500']) {
          const request = { method, path, status };
          const rate = (status === '200' ? 7 : 0.5) * (method === 'GET' ? 2 : 1) + p;
          for (const [b, le] of BUCKETS.entries())
            add('demo_api_request_duration_seconds_bucket', { ...request, le }, (s) => Math.floor((s * rate * (b + i)) / 8));
          add('demo_api_request_duration_seconds_count', request, (s) => Math.floor((s * rate * (BUCKETS.length - 1 + i)) / 8));
          add('demo_api_request_duration_seconds_sum', request, (s) => s * rate * 0.07);
        }
      }
    }
  }
  return series;
}
