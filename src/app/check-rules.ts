/** `tocsin check rules`: reads rule files, says what is wrong; the words and exit codes are those of `promtool check rules`. */
import { isError, renderAll } from '../config/diagnostic.ts';
import { type SourceFile, sourceFile } from '../config/source.ts';
import { type Disk, DiskError } from '../model/disk.ts';
import { durationMs } from '../model/time.ts';
import { nodeDisk } from '../platform/real/node-disk.ts';
import { print, printError } from '../platform/real/own-process.ts';
import { duplicateRules } from '../rules/duplicate-rules.ts';
import { readRuleFile } from '../rules/rule-file.ts';
import { parserOptions } from './config/engine-config.ts';

export type CheckRulesOptions = {
  readonly lintsDuplicates: boolean;
  /** What a lint finds makes the exit code 3. */
  readonly isLintFatal: boolean;
  readonly ignoresUnknownFields: boolean;
  /** --enable-feature */
  readonly features: readonly string[];
};

/** Prints what is found in each file; 0: all is well, 1: a file is wrong, 3: a lint found something and that is fatal. */
export function checkRules(paths: readonly string[], options: CheckRulesOptions): number {
  const outcomes = paths.map((path) => {
    print(`Checking ${path}`);
    const outcome = checkRuleFile(nodeDisk, path, options);
    if (outcome.kind === 'ok') print(`  SUCCESS: ${outcome.rules} rules found\n`);
    else printError(`  FAILED:\n${outcome.text}\n`);
    return outcome;
  });
  return checkRulesExitCode(outcomes, options);
}

export function checkRulesExitCode(outcomes: readonly RuleFileOutcome[], { isLintFatal }: CheckRulesOptions): number {
  if (outcomes.some(({ kind }) => kind === 'wrong')) return 1;
  return isLintFatal && outcomes.some(({ kind }) => kind === 'lint') ? 3 : 0;
}

type RuleFileOutcome = { readonly kind: 'ok'; readonly rules: number } | { readonly kind: 'wrong' | 'lint'; readonly text: string };

export function checkRuleFile(disk: Disk, path: string, options: CheckRulesOptions): RuleFileOutcome {
  let source: SourceFile;
  try {
    source = sourceFile(path, new TextDecoder().decode(disk.read(path)));
  } catch (error) {
    if (error instanceof DiskError) return { kind: 'wrong', text: `open ${path}: ${error.message}` };
    throw error;
  }
  const { groups, diagnostics } = readRuleFile(source, {
    nameScheme: 'utf8',
    parser: parserOptions(options.features),
    intervalMs: durationMs(60_000),
    queryOffsetMs: durationMs(0),
    ignoresUnknownFields: options.ignoresUnknownFields,
  });
  if (diagnostics.some(isError)) return { kind: 'wrong', text: renderAll(diagnostics, new Map([[path, source]])).trimEnd() };
  const duplicates = options.lintsDuplicates ? duplicateRules(groups) : [];
  if (duplicates.length === 0) return { kind: 'ok', rules: groups.reduce((sum, { rules }) => sum + rules.length, 0) };
  const found = duplicates.map(
    ({ name, labels }) => `Metric: ${name}\nLabel(s):\n${[...labels].map(([label, value]) => `\t${label}: ${value}\n`).join('')}`,
  );
  return {
    kind: 'lint',
    text: `lint error ${duplicates.length} duplicate rule(s) found.\n${found.join('')}Might cause inconsistency while recording expressions`,
  };
}
