/**
 * `tocsin check`: reads files as `serve` would, with the rule files that they name or that are given, says what is wrong,
 * starts nothing.
 */
import { isError, renderAll } from '../config/diagnostic.ts';
import { type SourceFile, sourceFile, sourceFromBytes } from '../config/source.ts';
import { DiskError } from '../model/disk.ts';
import { durationMs } from '../model/time.ts';
import { nodeDisk } from '../platform/real/node-disk.ts';
import { print } from '../platform/real/own-process.ts';
import { SystemClock } from '../platform/real/system-clock.ts';
import { isRuleFile, type RuleFileContext, readRuleFile } from '../rules/rule-file.ts';
import { parserOptions } from './config/engine-config.ts';
import { type AppConfig, type LoadPorts, loadConfig } from './config/load.ts';

/** Prints to standard output; returns the exit code. */
export async function runCheck(paths: readonly string[]): Promise<number> {
  const { code, text } = await checkConfig(paths);
  print(text);
  return code;
}

/** `code` is 1 where a file is wrong; `text` is for standard output. */
export async function checkConfig(
  paths: readonly string[],
  features: readonly string[] = [],
): Promise<{ readonly code: 0 | 1; readonly text: string }> {
  const given = new Map(paths.map((path) => [path, ruleFileAt(path)]));
  const configPaths = paths.filter((path) => given.get(path) === null);
  const loaded = configPaths.length === 0 ? null : await loadConfig(configPaths, loadPorts(features));
  const sources = new Map(loaded?.sources);
  const diagnostics = [...(loaded?.diagnostics ?? [])];
  const config = loaded?.config ?? null;
  const context = contextOf(config, features);
  const ruleFiles = [...given.values()].filter((source) => source !== null);
  for (const { path, text } of config?.ruleFiles ?? []) if (!given.has(path)) ruleFiles.push(sourceFile(path, text));
  let rules = 0;
  for (const source of ruleFiles) {
    sources.set(source.path, source);
    const file = readRuleFile(source, context);
    diagnostics.push(...file.diagnostics);
    rules += file.groups.reduce((sum, group) => sum + group.rules.length, 0);
  }
  const found = diagnostics.length === 0 ? '' : `${renderAll(diagnostics, sources)}\n`;
  const errors = diagnostics.filter(isError).length;
  if (errors > 0) return { code: 1, text: `${found}${errors} ${errors === 1 ? 'error' : 'errors'}` };
  const inRules = `${rules} rules in ${ruleFiles.length} ${ruleFiles.length === 1 ? 'file' : 'files'}`;
  if (config === null) return { code: 0, text: `${found}ok: ${inRules}` };
  const { prometheus, alertmanager } = config;
  return {
    code: 0,
    text: `${found}ok: ${prometheus.scrapeConfigs.length} scrape jobs, ${inRules}, ${alertmanager.receivers.length} receivers`,
  };
}

/** Null: it is no rule file, or cannot be read, which the loader says. */
function ruleFileAt(path: string): SourceFile | null {
  try {
    const source = sourceFromBytes(path, nodeDisk.read(path));
    return isRuleFile(source) ? source : null;
  } catch (error) {
    if (error instanceof DiskError) return null;
    throw error;
  }
}

/** What rules go by where no configuration says otherwise: Prometheus' defaults. */
const contextOf = (config: AppConfig | null, features: readonly string[]): RuleFileContext => ({
  nameScheme: config?.prometheus.global.metricNameValidationScheme ?? 'utf8',
  parser: parserOptions(features),
  intervalMs: config?.prometheus.global.evaluationIntervalMs ?? durationMs(60_000),
  queryOffsetMs: config?.prometheus.global.ruleQueryOffsetMs ?? durationMs(0),
});

const loadPorts = (features: readonly string[]): LoadPorts => ({
  clock: new SystemClock(),
  disk: nodeDisk,
  environment: (name) => process.env[name],
  localZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  features,
});
