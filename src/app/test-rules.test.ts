import { describe, expect, test } from 'vitest';
import { SimDisk } from '../platform/sim/sim-disk.ts';
import { runTestFile, type TestRulesOptions } from './test-rules.ts';

const RULES = `
groups:
  - name: down
    interval: 1h
    rules:
      - alert: Down
        expr: up == 0
        for: 2m
        labels: {severity: page}
        annotations: {summary: '{{ $labels.i }} at {{ $externalURL }} in {{ $externalLabels.dc }}'}
  - name: totals
    rules:
      - record: down:count
        expr: count(ALERTS{alertstate="firing"})
`;

async function run(text: string, options: Partial<TestRulesOptions> = {}, rules = RULES): Promise<readonly string[]> {
  const disk = new SimDisk();
  disk.makeDirectory('/t');
  disk.replace('/t/rules.yml', new TextEncoder().encode(rules));
  disk.replace('/t/a.test.yml', new TextEncoder().encode(text));
  const outcome = await runTestFile(disk, '/t/a.test.yml', {
    run: [],
    showsDiff: false,
    ignoresUnknownFields: false,
    features: [],
    ...options,
  });
  return [...outcome.warnings.map((warning) => `warning: ${warning}`), ...outcome.failures];
}

const INPUT = `
rule_files: [rules.yml]
tests:
  - input_series:
      - {series: 'up{i="a"}', values: '1 0x10'}
    external_labels: {dc: eu}
    external_url: http://here
`;

describe('a file of rule tests', () => {
  test('passes where alerts and expressions are as expected', async () => {
    const text = `${INPUT}
    alert_rule_test:
      - {eval_time: 2m59s, alertname: Down}
      - eval_time: 3m
        alertname: Down
        exp_alerts:
          - exp_labels: {i: a, severity: page}
            exp_annotations: {summary: a at http://here in eu}
      - {eval_time: 5m, alertname: NoSuchAlert}
    promql_expr_test:
      - {expr: 'down:count', eval_time: 3m30s, exp_samples: [{labels: 'down:count', value: 1}]}
      - {expr: 'up{i="b"}', eval_time: 1m}
      - {expr: 'time()', eval_time: 90s, exp_samples: [{value: 90}]}
`;
    expect(await run(text)).toEqual([]);
  });

  test('tells of each expectation that is not met, and where it stands', async () => {
    const text = `${INPUT}
    name: it
    alert_rule_test:
      - {eval_time: 3m, alertname: Down}
    promql_expr_test:
      - {expr: up, eval_time: 1m, exp_samples: [{labels: 'up{i="a"}', value: 2}]}
      - {expr: up + on () group_left () up, eval_time: 1m}
      - {expr: '"text"', eval_time: 1m}
`;
    expect(await run(text)).toEqual([
      `  /t/a.test.yml:11:9:
    name: it,
    alertname: Down, time: 3m,
        exp:[],
        got:[
                0:
                  Labels:{alertname="Down", i="a", severity="page"}
                  Annotations:{summary="a at http://here in eu"}
            ]`,
      `  /t/a.test.yml:13:9:
    expr: "up", time: 1m,
        exp: {__name__="up", i="a"} 2E+00
        got: {__name__="up", i="a"} 0E+00`,
      `  /t/a.test.yml:14:9:
    expr: "up + on () group_left () up", time: 1m,
        exp: nil
        got: {i="a"} 0E+00`,
      '  /t/a.test.yml:15:9:\n    expr: "\\"text\\"", time: 1m, err: rule result is not a vector or scalar',
    ]);
    const [alert, expression] = await run(text, { showsDiff: true });
    expect(alert).toContain('            - []\n            + [\n            +     0:');
    expect(expression).toContain('            - {__name__="up", i="a"} 2E+00\n            + {__name__="up", i="a"} 0E+00');
  });

  test('ends a test at a rule that fails', async () => {
    const rules = 'groups: [{name: g, rules: [{record: r, expr: up * on () up}]}]';
    const text = `
rule_files: [rules.yml]
evaluation_interval: 5m
tests:
  - input_series: [{series: 'up{i="a"}', values: '_ 1 1'}, {series: 'up{i="b"}', values: '_ 1 1'}]
    promql_expr_test: [{expr: up, eval_time: 1h5m}]
`;
    const [failure, ...others] = await run(text, {}, rules);
    expect(failure).toMatch(/^ {4}rule: r, time: 5m0s, err: found duplicate series for the match group \{\}/);
    expect(others).toEqual([]);
  });

  test('evaluates groups in the order asked for', async () => {
    const rules = `
groups:
  - {name: second, rules: [{record: b, expr: a}]}
  - {name: first, rules: [{record: a, expr: vector(1)}]}
`;
    const text = (order: string): string => `
rule_files: [rules.yml]
group_eval_order: ${order}
tests: [{promql_expr_test: [{expr: b, eval_time: 0s, exp_samples: [{labels: b, value: 1}]}]}]
`;
    expect(await run(text('[first, second]'), {}, rules)).toEqual([]);
    expect(await run(text('[]'), {}, rules)).toHaveLength(1);
    expect((await run(text('[first, first]'), {}, rules))[0]).toContain('group name repeated in evaluation order: first');
  });

  test('begins at its start timestamp, and knows histograms, stale markers and gaps', async () => {
    const text = `
tests:
  - start_timestamp: 2026-01-01T00:00:00Z
    interval: 30s
    input_series:
      - {series: h, values: '{{schema:1 sum:3 count:2 buckets:[2]}}x2'}
      - {series: s, values: '1 stale 2'}
      - {series: s, values: '1 stale 3'}
    promql_expr_test:
      - {expr: time(), eval_time: 0s, exp_samples: [{value: 1767225600}]}
      - {expr: h, eval_time: 30s, exp_samples: [{labels: h, histogram: '{{schema:1 sum:3 count:2 buckets:[2] counter_reset_hint:not_reset}}'}]}
      - {expr: s, eval_time: 0s, exp_samples: [{labels: s, value: 1}]}
      - {expr: s, eval_time: 30s}
      - {expr: s, eval_time: 1m, exp_samples: [{labels: s, value: 3}]}
      - {expr: s * NaN, eval_time: 1m, exp_samples: [{value: .nan}]}
`;
    expect(await run(text)).toEqual([]);
  });

  test('knows only the samples up to the last evaluation', async () => {
    const text = `
tests:
  - interval: 10s
    input_series: [{series: x, values: 0+1x100}]
    promql_expr_test: [{expr: x, eval_time: 1m59s, exp_samples: [{labels: x, value: 6}]}]
`;
    expect(await run(text)).toEqual([]);
  });

  test.each([
    { fuzzy: true, value: '0.30000000000000004', fails: false },
    { fuzzy: false, value: '0.30000000000000004', fails: true },
    { fuzzy: true, value: '0.3000000000000001', fails: true },
    { fuzzy: true, value: '-0.3', fails: true },
  ])('compares 0.3 with $value, fuzzy $fuzzy', async ({ fuzzy, value, fails }) => {
    const text = `
fuzzy_compare: ${fuzzy}
tests: [{input_series: [{series: x, values: '0.3'}], promql_expr_test: [{expr: x, eval_time: 0s, exp_samples: [{labels: x, value: ${value}}]}]}]
`;
    expect((await run(text)).length > 0).toBe(fails);
  });

  test('runs only the tests that are asked for', async () => {
    const text = `
tests:
  - {name: good one, promql_expr_test: [{expr: vector(1), eval_time: 0s, exp_samples: [{value: 1}]}]}
  - {name: bad one, promql_expr_test: [{expr: vector(1), eval_time: 0s, exp_samples: [{value: 2}]}]}
`;
    expect(await run(text)).toHaveLength(1);
    expect(await run(text, { run: ['good'] })).toEqual([]);
    expect(await run(text, { run: ['^go', '^ba'] })).toHaveLength(1);
    expect(await run(text, { run: ['^one'] })).toEqual([]);
  });

  test('with mistakes shows them all, in its own lines and those of its rules', async () => {
    const text = `
tests:
  - interval: 5min
    input_series: [{series: 'x{', values: 1}, {series: x, values: 1 2 y}]
    alert_rule_test: [{eval_time: 5m}]
    promql_expr_test: [{expr: 'x >', exp_samples: [{labels: '{', histogram: '1'}]}]
    start_timestamp: yesterday
    intput: 1
`;
    const [mistakes] = await run(text);
    const heads = mistakes?.split('\n').filter((line) => line.startsWith('/t/'));
    expect(heads?.map((line) => line.replace('/t/a.test.yml:', ''))).toEqual([
      '3:15: error: "5min" is not a duration',
      '4:29: error: in the series: unexpected end of input inside braces',
      '4:67: error: in the series: unexpected identifier "y" in series values, expected number or "stale"',
      '5:23: error: an item under alert_rule_test misses required attribute alertname at eval_time 5m',
      '6:31: error: 1:4: parse error: unexpected end of input',
      '6:61: error: labels "{": 1:2: parse error: unexpected end of input inside braces',
      '6:77: error: expected a histogram',
      '7:22: error: "yesterday" is not an instant',
      '8:5: error: unknown field "intput"',
    ]);
    const rules = 'groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    owner: me\n';
    expect((await run(INPUT, {}, rules))[0]).toContain('/t/rules.yml:6:5: error: unknown field "owner"');
    expect(await run(INPUT, { ignoresUnknownFields: true }, rules)).toEqual([]);
  });

  test('without its files says so', async () => {
    expect(await run('rule_files: [missing.yml, "m*.yml"]\ntests: []')).toEqual([
      'warning: no file match pattern /t/missing.yml',
      'warning: no file match pattern /t/m*.yml',
    ]);
    const none = { run: [], showsDiff: false, ignoresUnknownFields: false, features: [] };
    expect((await runTestFile(new SimDisk(), '/none.yml', none)).failures[0]).toMatch(/^open \/none.yml: /);
  });
});
