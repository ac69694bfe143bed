/** prometheus/rules: rule unit tests and checks of rule files; what is about other commands of promtool is skipped by name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CheckRulesOptions, checkRuleFile, checkRulesExitCode } from '../../../src/app/check-rules.ts';
import { parserOptions } from '../../../src/app/config/engine-config.ts';
import { runTestFile, type TestRulesOptions } from '../../../src/app/test-rules.ts';
import { sourceFile } from '../../../src/config/source.ts';
import { durationMs } from '../../../src/model/time.ts';
import { nodeDisk } from '../../../src/platform/real/node-disk.ts';
import type { Expr } from '../../../src/promql/ast.ts';
import { walkExpr } from '../../../src/promql/ast-walk.ts';
import { duplicateRules } from '../../../src/rules/duplicate-rules.ts';
import { readRuleFile } from '../../../src/rules/rule-file.ts';
import type { RuleGroup } from '../../../src/rules/rule-group.ts';
import { readTestFile } from '../../../src/rules/unit-test/test-file.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';

type Engine = { readonly atModifier: boolean; readonly negativeOffset: boolean };
type Manifest = {
  readonly unitTests: readonly {
    readonly name: string;
    readonly files: readonly string[];
    readonly run: readonly string[] | null;
    readonly ignoreUnknownFields: boolean;
    readonly engine: Engine;
    readonly exitCode: number;
  }[];
  readonly checkRules: readonly {
    readonly file: string;
    readonly lint?: string;
    readonly lintFatal?: boolean;
    readonly enableFeatures?: readonly string[];
    readonly exitCode: number;
  }[];
  readonly duplicates: readonly {
    readonly file: string;
    readonly duplicates: readonly { readonly metric: string; readonly labels: Readonly<Record<string, string>> }[];
  }[];
} & Readonly<Record<string, unknown>>;

/** Tables that are about other commands. */
const OTHERS: Readonly<Record<string, string>> = {
  checkConfig: 'promtool check config',
  exitCodes: 'promtool check config',
  tooLongScrapeInterval: 'promtool check config',
  checkSD: 'promtool check service-discovery',
  checkMetrics: 'promtool check metrics',
  tsdbDump: 'promtool tsdb dump',
};

export const run: KindRunner = async (dir) => {
  const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest;
  const results: CaseResult[] = [];
  for (const { name, files, run, ignoreUnknownFields, engine, exitCode } of manifest.unitTests) {
    const id = `unitTests ${name}`;
    if (files.some((file) => needsMissing(dir, file, engine))) {
      results.push({ id, outcome: 'skipped', reason: 'switches off what the language always has: @ and negative offsets' });
      continue;
    }
    const options: TestRulesOptions = { run: run ?? [], showsDiff: false, ignoresUnknownFields: ignoreUnknownFields, features: [] };
    results.push(
      await checkCase(id, exitCode, async () => {
        const outcomes = [];
        for (const file of files) outcomes.push(await runTestFile(nodeDisk, join(dir, file), options));
        const failures = outcomes.flatMap((outcome) => outcome.failures);
        return failures.length === 0 || exitCode === 1 ? Math.min(failures.length, 1) : failures;
      }),
    );
  }
  for (const { file, lint = 'duplicate-rules', lintFatal = false, enableFeatures = [], exitCode } of manifest.checkRules) {
    const options: CheckRulesOptions = {
      lintsDuplicates: lint === 'duplicate-rules' || lint === 'all',
      isLintFatal: lintFatal,
      ignoresUnknownFields: false,
      features: enableFeatures,
    };
    results.push(
      await checkCase(`checkRules ${file}${lintFatal ? ' lint-fatal' : ''}`, exitCode, () =>
        checkRulesExitCode([checkRuleFile(nodeDisk, join(dir, file), options)], options),
      ),
    );
  }
  for (const { file, duplicates } of manifest.duplicates) {
    results.push(
      await checkCase(`duplicates ${file}`, duplicates, () =>
        duplicateRules(groupsOf(dir, file)).map(({ name, labels }) => ({ metric: name, labels: labels.toRecord() })),
      ),
    );
  }
  for (const [table, command] of Object.entries(OTHERS))
    if (table in manifest) results.push({ id: table, outcome: 'skipped', reason: `${command} is another command` });
  return results;
};

const groupsOf = (dir: string, file: string): readonly RuleGroup[] =>
  readRuleFile(sourceFile(file, readFileSync(join(dir, file), 'utf8')), {
    nameScheme: 'utf8',
    parser: parserOptions([]),
    intervalMs: durationMs(60_000),
    queryOffsetMs: durationMs(0),
  }).groups;

/** Uses what the case's engine was told not to know. */
function needsMissing(dir: string, path: string, engine: Engine): boolean {
  const { file } = readTestFile(sourceFile(path, readFileSync(join(dir, path), 'utf8')), parserOptions([]));
  const exprs: Expr[] = file.tests.flatMap(({ expressionTests }) => expressionTests.map(({ expr }) => expr));
  for (const rules of file.ruleFiles)
    exprs.push(...groupsOf(dir, join('testdata', rules)).flatMap((group) => group.rules.map(({ expr }) => expr)));
  let isNeeded = false;
  for (const expr of exprs) {
    walkExpr(expr, (node) => {
      if (node.kind !== 'selector' && node.kind !== 'subquery') return;
      if ((node.at !== null && !engine.atModifier) || (node.offsetMs < 0 && !engine.negativeOffset)) isNeeded = true;
    });
  }
  return isNeeded;
}
