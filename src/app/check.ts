/** `tocsin check`: reads files as `serve` would, rule files included, says what is wrong, starts nothing. */
import { isError, renderAll } from '../config/diagnostic.ts';
import { sourceFile } from '../config/source.ts';
import { nodeDisk } from '../platform/real/node-disk.ts';
import { print } from '../platform/real/own-process.ts';
import { readRuleFile } from '../rules/rule-file.ts';
import { parserOptions } from './config/engine-config.ts';
import { loadConfig } from './config/load.ts';

/** Prints to standard output; returns the exit code: 1 where a file is wrong. */
export function checkConfig(paths: readonly string[], features: readonly string[] = []): number {
  const loaded = loadConfig(paths, {
    disk: nodeDisk,
    environment: (name) => process.env[name],
    localZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    features,
  });
  const sources = new Map(loaded.sources);
  const diagnostics = [...loaded.diagnostics];
  const { config } = loaded;
  let rules = 0;
  for (const { path, text } of config?.ruleFiles ?? []) {
    const source = sourceFile(path, text);
    sources.set(path, source);
    const global = config?.prometheus.global;
    if (global === undefined) continue;
    const file = readRuleFile(source, {
      nameScheme: global.metricNameValidationScheme,
      parser: parserOptions(features),
      intervalMs: global.evaluationIntervalMs,
      queryOffsetMs: global.ruleQueryOffsetMs,
    });
    diagnostics.push(...file.diagnostics);
    rules += file.groups.reduce((sum, group) => sum + group.rules.length, 0);
  }
  if (diagnostics.length > 0) print(renderAll(diagnostics, sources));
  const errors = diagnostics.filter(isError).length;
  if (errors > 0) {
    print(`${errors} ${errors === 1 ? 'error' : 'errors'}`);
    return 1;
  }
  const { prometheus, alertmanager, ruleFiles } = config as NonNullable<typeof config>;
  print(
    `ok: ${prometheus.scrapeConfigs.length} scrape jobs, ${rules} rules in ${ruleFiles.length} files, ${alertmanager.receivers.length} receivers`,
  );
  return 0;
}
