/** `tocsin check rules` and `tocsin test rules`: the flags of promtool's commands of these names. */
import { Command, InvalidArgumentError } from 'commander';
import { checkRules } from './check-rules.ts';
import { testRules } from './test-rules.ts';

const LINTS = ['all', 'duplicate-rules', 'none'];
const repeated = (value: string, before: readonly string[]): readonly string[] => [...before, value];
const repeatedList = (value: string, before: readonly string[]): readonly string[] => [...before, ...value.split(',')];

/** Adds both; `done` gets the exit code. */
export function addRuleCommands(program: Command, done: (exitCode: number) => void): void {
  const check = program.commands.find((command) => command.name() === 'check');
  check?.addCommand(
    common(new Command('rules'), 'check rule files; exit 1 if there is a mistake, 3 if a fatal lint finds something')
      .option('--lint <checks>', `comma-separated: ${LINTS.join(', ')}`, 'duplicate-rules')
      .option('--lint-fatal', 'what a lint finds makes the exit code 3')
      .action((files: readonly string[], flags: CommonFlags & { readonly lint: string; readonly lintFatal?: boolean }) => {
        const lints = flags.lint.split(',');
        const unknown = lints.find((lint) => !LINTS.includes(lint));
        if (unknown !== undefined) throw new InvalidArgumentError(`--lint: "${unknown}" is none of ${LINTS.join(', ')}`);
        done(
          checkRules(files, {
            ...commonOptions(flags),
            lintsDuplicates: lints.includes('all') || lints.includes('duplicate-rules'),
            isLintFatal: flags.lintFatal === true,
          }),
        );
      }),
  );
  program
    .command('test')
    .description('run tests')
    .exitOverride()
    .addCommand(
      common(new Command('rules'), 'run files of rule unit tests; exit 1 if one fails')
        .option('--run <regex>', 'only tests whose name it matches somewhere; may be repeated', repeated, [])
        .option('--diff', 'show line by line what differs')
        .action(async (files: readonly string[], flags: CommonFlags & { readonly run: readonly string[]; readonly diff?: boolean }) => {
          done(await testRules(files, { ...commonOptions(flags), run: flags.run, showsDiff: flags.diff === true }));
        }),
    );
}

type CommonFlags = { readonly ignoreUnknownFields?: boolean; readonly enableFeature: readonly string[] };

const common = (command: Command, description: string): Command =>
  command
    .description(description)
    .argument('<files...>')
    .option('--ignore-unknown-fields', 'rule files may have fields that nobody knows')
    .option('--enable-feature <names>', 'comma-separated features of PromQL, as for serve', repeatedList, [])
    .exitOverride();

const commonOptions = (flags: CommonFlags): { readonly ignoresUnknownFields: boolean; readonly features: readonly string[] } => ({
  ignoresUnknownFields: flags.ignoreUnknownFields === true,
  features: flags.enableFeature,
});
