/** The command line: which words there are, what they print, how they exit (0 done, 1 failed, 2 wrong usage). */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { runAmtool } from '../app/amtool/run-amtool.ts';
import { runCheck } from '../app/check.ts';
import { runExplain } from '../app/explain/run-explain.ts';
import { addImportCommand } from '../app/import/import-command.ts';
import { addReceiverCommands } from '../app/receivers/receiver-commands.ts';
import { addRuleCommands } from '../app/rule-commands.ts';
import { serve } from '../app/serve.ts';
import { addServeFlags, canonicalArgs, serveOptions } from '../app/serve-options.ts';

declare const TOCSIN_VERSION: string | undefined;
const VERSION = typeof TOCSIN_VERSION === 'string' ? TOCSIN_VERSION : '0.0.0-dev';

const EXAMPLES = `
Examples:
  tocsin                                             serve tocsin.yml of this folder on 127.0.0.1:9099
  tocsin serve -c prometheus.yml -c alertmanager.yml --data /var/lib/tocsin
  tocsin --config.file=prometheus.yml --web.listen-address=127.0.0.1:9090
  tocsin check prometheus.yml alertmanager.yml       read files as serve would, say what is wrong, start nothing
  tocsin test rules tests/*.yml                      run rule unit tests, as promtool does
  tocsin receivers test team --send                  does my pager work?
  tocsin explain 'HighLatency{svc="x"}' --at 03:10    why was I paged, why was I not
  tocsin amtool silence add HighLoad -c "disk swap"  ask or change a running server
  tocsin import-alertmanager /var/lib/alertmanager   keep the silences of the Alertmanager that ran before`;

/** Runs one command; the promise ends when the command does. */
export async function main(argv: readonly string[]): Promise<number> {
  // Its command line has rules of its own.
  const [first, second] = argv;
  if (first === 'amtool') return runAmtool(argv.slice(1), VERSION);
  if (first === 'help' && second === 'amtool') return runAmtool(['help', ...argv.slice(2)], VERSION);
  let exitCode = 0;
  const program = new Command('tocsin')
    .description('Alerting in one process: scrapes metrics, evaluates Prometheus rules, routes the alerts and gets a person out of bed.')
    .version(`tocsin, version ${VERSION}`, '--version', 'print the version')
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  addServeFlags(program.command('serve', { isDefault: true }).description('scrape, evaluate, route and deliver until stopped'))
    .allowExcessArguments(true) // said below in other words: this is also where a mistyped command comes out
    .exitOverride()
    .action(async (values, { args: [extra] }: Command) => {
      const commands = program.commands.map((command) => command.name()).join(', ');
      if (extra !== undefined)
        throw new InvalidArgumentError(`"${extra}" is no command (${commands}). Configuration files are given to serve with -c`);
      await serve(serveOptions(values, VERSION));
    });
  program
    .command('check')
    .description('read configuration and rule files as serve would; print every mistake; exit 1 if there is one')
    .argument('[files...]', 'default: tocsin.yml')
    .exitOverride()
    .action(async (files: readonly string[]) => {
      exitCode = await runCheck(files.length === 0 ? ['tocsin.yml'] : files);
    });
  addRuleCommands(program, (code) => {
    exitCode = code;
  });
  addReceiverCommands(program, VERSION, (code) => {
    exitCode = code;
  });
  program
    .command('explain')
    .description('say why an alert was or was not sent, now or at an instant that has passed')
    .argument('<alert>', `its name, with matchers where there are several: 'HighLatency{svc="x"}'`)
    .option('--at <time>', 'RFC 3339, seconds since 1970, or the last 03:10 of this machine; default: now')
    .option('--url <url>', 'of the running server, with its route prefix', 'http://127.0.0.1:9099')
    .exitOverride()
    .action(async (query: string, { at, url }: { readonly at?: string; readonly url: string }) => {
      exitCode = await runExplain({ query, at: at ?? null, url }, VERSION);
    });
  addImportCommand(program, VERSION, (code) => {
    exitCode = code;
  });
  // Above, before commander reads anything; here for the list of commands.
  program.command('amtool').description("query and change alerts and silences, as Alertmanager's amtool does").helpOption(false);
  try {
    await program.parseAsync(canonicalArgs(argv), { from: 'user' });
  } catch (error) {
    if (error instanceof InvalidArgumentError) {
      process.stderr.write(`error: ${error.message}\n`);
      return 2;
    }
    // Commander has printed what was wrong, or the help or version that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return exitCode;
}
