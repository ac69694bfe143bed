/**
 * `tocsin test rules`: runs files of rule unit tests (the format of `promtool test rules`), each test over a database and
 * an engine of its own in simulated time. Nothing is started, nothing is left behind. Exit codes and words follow
 * prometheus/cmd/promtool/unittest.go; a mistake in a file is shown with its line.
 */
import { type Diagnostic, isError, renderAll } from '../config/diagnostic.ts';
import { type SourceFile, sourceFile } from '../config/source.ts';
import { directoryOf, joinPath } from '../lib/file-path.ts';
import { finish } from '../lib/finish.ts';
import { noCrashPoints } from '../model/crash-point.ts';
import { type Disk, DiskError } from '../model/disk.ts';
import { silentLog } from '../model/log.ts';
import { compileRegex, regexError } from '../model/regex.ts';
import { durationMs } from '../model/time.ts';
import { nodeDisk } from '../platform/real/node-disk.ts';
import { print, printError } from '../platform/real/own-process.ts';
import { SimClock } from '../platform/sim/sim-clock.ts';
import { SimDisk } from '../platform/sim/sim-disk.ts';
import { readRuleFile } from '../rules/rule-file.ts';
import type { RuleGroup } from '../rules/rule-group.ts';
import { runTest, type TestBench, type TestFailure } from '../rules/unit-test/run-test.ts';
import { type RuleTestFile, readTestFile, type TestGroup } from '../rules/unit-test/test-file.ts';
import { openTsdb } from '../tsdb/tsdb.ts';
import { parserOptions } from './config/engine-config.ts';
import { matchingFiles } from './config/glob.ts';
import { QueryService } from './engine/query-service.ts';
import { ruleEnvironment } from './engine/rule-environment.ts';

export type TestRulesOptions = {
  /** Of a test's name one of these must match a part; none given: all tests run. */
  readonly run: readonly string[];
  readonly showsDiff: boolean;
  readonly ignoresUnknownFields: boolean;
  /** --enable-feature */
  readonly features: readonly string[];
};

/** Runs files and prints what comes out; the exit code is 1 where anything failed. */
export async function testRules(paths: readonly string[], options: TestRulesOptions): Promise<number> {
  const badRun = options.run.find((pattern) => regexError(pattern) !== null);
  if (badRun !== undefined) {
    printError(`error: --run: ${regexError(badRun)}`);
    return 1;
  }
  let hasFailed = false;
  for (const path of paths) {
    print(`Unit Testing:  ${path}`);
    const { warnings, failures } = await runTestFile(nodeDisk, path, options);
    for (const warning of warnings) printError(`  WARNING: ${warning}`);
    if (failures.length === 0) print('  SUCCESS\n');
    else {
      hasFailed = true;
      printError('  FAILED:');
      for (const failure of failures) printError(`${failure}\n`);
    }
  }
  return hasFailed ? 1 : 0;
}

export type TestFileOutcome = { readonly warnings: readonly string[]; readonly failures: readonly string[] };

export async function runTestFile(disk: Disk, path: string, options: TestRulesOptions): Promise<TestFileOutcome> {
  const parser = parserOptions(options.features);
  const warnings: string[] = [];
  const sources = new Map<string, SourceFile>();
  const refuse = (diagnostics: readonly Diagnostic[]): TestFileOutcome => ({
    warnings,
    failures: [renderAll(diagnostics, sources).trimEnd()],
  });

  const source = readSource(disk, path);
  if (typeof source === 'string') return { warnings, failures: [source] };
  sources.set(path, source);
  const { file, diagnostics } = readTestFile(source, parser);
  if (diagnostics.some(isError)) return refuse(diagnostics.filter(isError));
  const selected = file.tests.filter(({ name }) => isSelected(name, options.run));

  const rulePaths = file.ruleFiles.flatMap((pattern) => {
    const found = matchingFiles(disk, joinPath(directoryOf(path), pattern));
    if (found.length === 0) warnings.push(`no file match pattern ${joinPath(directoryOf(path), pattern)}`);
    return found;
  });
  const failures: string[] = [];
  let groups: readonly RuleGroup[] | null = null;
  for (const test of selected) {
    if (groups === null) {
      const read = readGroups(disk, rulePaths, options, file, sources);
      if ('failure' in read) return { warnings, failures: [read.failure] };
      if (read.errors.length > 0) return refuse(read.errors);
      groups = inOrder(read.groups, file.groupOrder);
    }
    const found = await runTest(test, groups, openBench(test, file, options), { ...file, showsDiff: options.showsDiff });
    failures.push(...found.map((failure) => describe(path, failure)));
  }
  return { warnings, failures };
}

const describe = (path: string, { at, text }: TestFailure): string => (at === null ? text : `  ${path}:${at.line}:${at.col}:\n${text}`);

const isSelected = (name: string, run: readonly string[]): boolean => {
  if (run.length === 0) return true;
  const pattern = compileRegex(`.*(?:${run.join('|')}).*`);
  return !('error' in pattern) && pattern.matches(name);
};

/** The source, or why it cannot be read. */
function readSource(disk: Disk, path: string): SourceFile | string {
  try {
    return sourceFile(path, new TextDecoder().decode(disk.read(path)));
  } catch (error) {
    if (error instanceof DiskError) return `open ${path}: ${error.message}`;
    throw error;
  }
}

type ReadGroups = { readonly groups: readonly RuleGroup[]; readonly errors: readonly Diagnostic[] } | { readonly failure: string };

function readGroups(
  disk: Disk,
  paths: readonly string[],
  { ignoresUnknownFields, features }: TestRulesOptions,
  { evaluationIntervalMs }: RuleTestFile,
  sources: Map<string, SourceFile>,
): ReadGroups {
  const groups: RuleGroup[] = [];
  const errors: Diagnostic[] = [];
  for (const path of paths) {
    const source = readSource(disk, path);
    if (typeof source === 'string') return { failure: source };
    sources.set(path, source);
    const read = readRuleFile(source, {
      nameScheme: 'utf8',
      parser: parserOptions(features),
      intervalMs: evaluationIntervalMs,
      queryOffsetMs: durationMs(0),
      ignoresUnknownFields,
    });
    groups.push(...read.groups);
    errors.push(...read.diagnostics.filter(isError));
  }
  return { groups, errors };
}

/** Groups that are not named come with the first one that is, as in promtool. */
function inOrder(groups: readonly RuleGroup[], order: readonly string[]): readonly RuleGroup[] {
  const rank = ({ name }: RuleGroup): number => Math.max(0, order.indexOf(name));
  return groups.toSorted((a, b) => rank(a) - rank(b));
}

/** In memory; time is what the test says, so nothing waits for it. */
function openBench(test: TestGroup, { evaluationIntervalMs }: RuleTestFile, { features }: TestRulesOptions): TestBench {
  const clock = new SimClock({ start: test.start });
  const { tsdb } = finish(openTsdb({ disk: new SimDisk(), dir: 'tsdb', crashPoints: noCrashPoints, log: silentLog }));
  const queries = new QueryService({
    clock,
    queryable: tsdb,
    limits: { lookbackDeltaMs: 300_000, timeoutMs: Number.POSITIVE_INFINITY, concurrencyMax: 1, samplesMax: 50_000_000 },
    features,
    parser: parserOptions(features),
    subqueryStepMs: evaluationIntervalMs,
  });
  const environment = ruleEnvironment({
    queries,
    config: () => ({ externalLabels: test.externalLabels, externalUrl: test.externalUrl, alertRelabelConfigs: [] }),
    resendDelayMs: durationMs(60_000),
    report: async () => {},
  });
  return { store: tsdb, environment };
}
