/**
 * `amtool check-config`: the summary on standard output is amtool's; on standard error stands every mistake with its place
 * and how to put it right, warnings included.
 */
import { renderAll } from '../../../config/diagnostic.ts';
import { sourceFromBytes } from '../../../config/source.ts';
import { readAlertmanagerFile, upstreamErrors } from '../alertmanager-file.ts';
import type { Command } from '../command.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { readBytes } from '../settings-file.ts';
import { readTemplateFiles } from '../template-files.ts';

const STANDARD_INPUT = '/dev/stdin';

export const checkConfig: Command = {
  name: 'check-config',
  help: `Checks Alertmanager configurations and the templates that they name.
A pattern that matches no template is no mistake. Without a file standard input
is read.`,
  argument: { name: 'check-files', kind: 'existing_files', help: 'Files to check' },
  run: async (values, context) => {
    const paths = values.positionals;
    if (paths.length === 0 && context.ports.input.isTerminal)
      throw new Failure('nothing to check: name a file, or pipe one to standard input');
    let failed = 0;
    for (const path of paths.length === 0 ? [STANDARD_INPUT] : paths) {
      const bytes = path === STANDARD_INPUT ? await context.ports.input.read() : readBytes(path, context.ports.disk);
      failed += check(path, bytes, context);
    }
    if (failed > 0) throw new Failure(`failed to validate ${failed} file(s)`);
    return 0;
  },
};

/** How much of the file is wrong: the configuration, or its templates. */
function check(path: string, bytes: Uint8Array, { ports, matchers }: Context): number {
  const { config, templatePatterns, diagnostics, sources } = readAlertmanagerFile(sourceFromBytes(path, bytes), {
    matchers,
    localZone: ports.localZone,
  });
  ports.print(`Checking '${path}'`);
  ports.print(config === null ? `  FAILED: ${upstreamErrors(diagnostics)}\n` : '  SUCCESS\n');
  if (diagnostics.length > 0) ports.printError(renderAll(diagnostics, sources));
  let failed = config === null ? 1 : 0;
  if (config !== null) {
    const counts = `${config.inhibitRules.length} inhibit rules\n - ${config.receivers.length} receivers\n - ${templatePatterns.length} templates`;
    ports.print(`Found:\n - global config\n - route\n - ${counts}\n`);
    if (templatePatterns.length > 0) {
      const mistake = templateMistake(templatePatterns, ports);
      ports.print(mistake === null ? '  SUCCESS\n' : `  FAILED: ${mistake}\n`);
      if (mistake !== null) failed++;
    }
  }
  ports.print('\n');
  return failed;
}

function templateMistake(patterns: readonly string[], ports: Context['ports']): string | null {
  try {
    readTemplateFiles(patterns, ports.disk);
    return null;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}
