/**
 * The bundled rules are whole: each alert says what a person needs, has its section in a runbook, and is tested by the
 * file beside its own, in promtool's format. promtool itself runs them too, where it is found.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runTestFile } from '../src/app/test-rules.ts';
import { renderAll } from '../src/config/diagnostic.ts';
import { sourceFile } from '../src/config/source.ts';
import { durationMs } from '../src/model/time.ts';
import { nodeDisk } from '../src/platform/real/node-disk.ts';
import { readRuleFile } from '../src/rules/rule-file.ts';
import { absent, peer } from './support/peers.ts';

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};
type RuleFile = { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
type TestFile = {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
};

const FIELDS = ['alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];
const SEVERITIES = ['critical', 'warning', 'info', 'none'];
/** Fires whatever the world is like. */
const ALWAYS_FIRING = 'Watchdog';

const names = readdirSync('rules')
  .filter((file) => file.endsWith('.yml'))
  .map((file) => file.slice(0, -'.yml'.length));
const rulesOf = (name: string): readonly Rule[] =>
  (parse(readFileSync(`rules/${name}.yml`, 'utf8')) as RuleFile).groups.flatMap(({ rules }) => rules);
const alerts = names.flatMap((name) => {
  const cases = testFile(name).tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  return rulesOf(name).map((rule) => ({ name, alert: rule.alert, rule, cases: cases.filter(({ alertname }) => alertname === rule.alert) }));
});

test('every alert of the library has a name of its own', () => {
  const all = alerts.map(({ alert }) => alert);
  expect(all.filter((alert, i) => all.indexOf(alert) !== i)).toEqual([]);
});

test.each(names)('rules/%s.yml is read without a word', (name) => {
  const source = sourceFile(`rules/${name}.yml`, readFileSync(`rules/${name}.yml`, 'utf8'));
  const { diagnostics } = readRuleFile(source, {
    nameScheme: 'utf8',
    parser: { experimentalFunctions: false, durationExpressions: false, extendedRangeSelectors: false, binopFillModifiers: false },
    intervalMs: durationMs(60_000),
    queryOffsetMs: durationMs(0),
  });
  expect(renderAll(diagnostics, new Map([[source.path, source]]))).toBe('');
});

describe.each(alerts)('$alert', ({ name, alert, rule, cases }) => {
  test('has only fields that Prometheus knows', () => {
    expect(Object.keys(rule).filter((field) => !FIELDS.includes(field))).toEqual([]);
  });

  test('says what is wrong, how bad it is, and where to read on', () => {
    expect(SEVERITIES).toContain(rule.labels['severity']);
    expect(rule.annotations['summary']).toBeTruthy();
    expect(rule.annotations['description']).toBeTruthy();
    expect(rule.annotations['runbook']).toBe(`docs/runbooks/${name}.md#${alert.toLowerCase()}`);
  });

  test('is tested firing and not firing', () => {
    expect(cases.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(alert === ALWAYS_FIRING || cases.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });
});

test.each(names)('docs/runbooks/%s.md has a section per alert, in the order of the rules', (name) => {
  expect(sections(`docs/runbooks/${name}.md`)).toEqual(rulesOf(name).map(({ alert }) => alert));
});

test.each(names)('test/rules/%s.test.yml tests the file of its name', (name) => {
  expect(testFile(name).rule_files).toEqual([`../../rules/${name}.yml`]);
});

test.each(names)('test/rules/%s.test.yml passes', { timeout: 60_000 }, async (name) => {
  const options = { run: [], showsDiff: true, ignoresUnknownFields: false, features: [] };
  expect(await runTestFile(nodeDisk, `test/rules/${name}.test.yml`, options)).toEqual({ warnings: [], failures: [] });
});

const missing = absent('promtool');
describe.skipIf(missing !== '')(`promtool${missing}`, { timeout: 120_000 }, () => {
  test.each(names)('accepts rules/%s.yml', (name) => {
    execFileSync(peer('promtool'), ['check', 'rules', '--lint-fatal', `rules/${name}.yml`], { stdio: 'pipe' });
  });
  test.each(names)('takes test/rules/%s.test.yml, which passes', (name) => {
    execFileSync(peer('promtool'), ['test', 'rules', `test/rules/${name}.test.yml`], { stdio: 'pipe' });
  });
});

/** The headings of the second level; GitHub makes an anchor of each by writing it in small letters. */
function sections(path: string): readonly string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading ?? '');
}

function testFile(name: string): TestFile {
  return parse(readFileSync(`test/rules/${name}.test.yml`, 'utf8')) as TestFile;
}
