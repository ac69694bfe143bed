/** `tocsin receivers test` and `tocsin receivers list`: from the configuration files, without a running server. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ReceiverTestAsked } from '../../api/tocsin-v1/receiver-test.ts';
import { isError, renderAll } from '../../config/diagnostic.ts';
import { isUtf8LabelName } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { smtpTransport } from '../../notify/email/sender.ts';
import { twilioTelephony } from '../../notify/twilio/sender.ts';
import { write, writeError } from '../../platform/real/own-process.ts';
import { type RealPorts, realPorts } from '../../platform/real/ports.ts';
import { type AppConfig, loadConfig } from '../config/load.ts';
import { receiverListText } from './receiver-list.ts';
import { hasFailed, receiverTestText } from './receiver-test-text.ts';
import { testReceiver } from './test-receiver.ts';

const DEFAULT_FILES: readonly string[] = ['tocsin.yml'];

const EXAMPLES = `
Examples:
  tocsin receivers test team                            show what each integration of "team" would send; nothing leaves
  tocsin receivers test team --alert severity=critical --alert service=shop
  tocsin receivers test team --send                     send it, and show what the providers answer
  tocsin receivers test team --send --resolved          close again what a test has opened
  tocsin receivers test team -c prometheus.yml -c alertmanager.yml`;

type Pairs = Readonly<Record<string, string>>;
type ConfigFlags = { readonly 'config.file': readonly string[] };
type TestFlags = ConfigFlags & {
  readonly send?: boolean;
  readonly resolved?: boolean;
  readonly alert?: Pairs;
  readonly annotation?: Pairs;
  readonly externalUrl: string;
};

/** Adds both; `done` gets the exit code. */
export function addReceiverCommands(program: Command, version: string, done: (exitCode: number) => void): void {
  const receivers = program
    .command('receivers')
    .description('show receivers and try them out')
    .exitOverride()
    .addCommand(
      withFiles(new Command('test'), 'show what a receiver sends for an alert, or send it')
        .argument('<receiver>', 'its name')
        .option('--send', 'send it for real and print what the providers answer; exit 1 if one does not take it')
        .option('--resolved', 'an alert that is over')
        .option('--alert <label=value>', 'a label of the alert; may be repeated', pair)
        .option('--annotation <name=value>', 'an annotation of the alert; may be repeated', pair)
        .option('--external-url <url>', 'what links begin with', 'http://127.0.0.1:9099')
        .addHelpText('after', EXAMPLES)
        .action(async (name: string, flags: TestFlags) => {
          const asked = {
            send: flags.send === true,
            isResolved: flags.resolved === true,
            labels: flags.alert ?? {},
            annotations: flags.annotation ?? {},
          };
          done(await runTest(name, asked, flags, version));
        }),
    )
    .addCommand(
      withFiles(new Command('list'), 'list the receivers and what each is made of').action(async (flags: ConfigFlags) => {
        done(await runList(flags, version));
      }),
    );
  receivers.action((_: unknown, { args: [word] }: Command) => {
    const words = receivers.commands.map((command) => command.name()).join(', ');
    throw new InvalidArgumentError(word === undefined ? `receivers needs one of: ${words}` : `"${word}" is none of: ${words}`);
  });
  receivers.allowExcessArguments(true);
}

const withFiles = (command: Command, description: string): Command =>
  command
    .description(description)
    .addOption(
      new Option('-c, --config.file <file>', 'configuration file; may be repeated')
        .argParser((value, before: readonly string[]) => (before === DEFAULT_FILES ? [value] : [...before, value]))
        .default(DEFAULT_FILES, DEFAULT_FILES[0]),
    )
    .exitOverride();

function pair(text: string, before: Pairs = {}): Pairs {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at));
  if (!isUtf8LabelName(name)) throw new InvalidArgumentError(`"${text}" is not name=value`);
  return { ...before, [name]: text.slice(at + 1) };
}

async function runTest(name: string, asked: ReceiverTestAsked, flags: TestFlags, version: string): Promise<number> {
  const ports = portsOf(version);
  const config = await readFiles(flags, ports);
  if (config === null) return 1;
  const { alertmanager, templates } = config;
  const externalUrl = flags.externalUrl.replace(/\/+$/, '');
  const test = await testReceiver(name, asked, { receivers: alertmanager.receivers, templates, externalUrl }, ports);
  ports.clock.letProcessEnd();
  if ('error' in test) {
    writeError(`error: ${test.error}\n`);
    return 1;
  }
  write(receiverTestText(test));
  if (!asked.send) writeError('nothing was sent; --send sends it\n');
  return hasFailed(test) ? 1 : 0;
}

async function runList(flags: ConfigFlags, version: string): Promise<number> {
  const config = await readFiles(flags, portsOf(version));
  if (config === null) return 1;
  write(receiverListText(config.alertmanager));
  return 0;
}

const portsOf = (version: string): RealPorts =>
  realPorts({ log: silentLog, mail: smtpTransport, telephony: twilioTelephony, userAgent: `Tocsin/${version}` });

/** Null after having said what is wrong. */
async function readFiles({ 'config.file': paths }: ConfigFlags, { clock, disk, environment }: RealPorts): Promise<AppConfig | null> {
  const { config, diagnostics, sources } = await loadConfig(paths, {
    clock,
    disk,
    environment,
    localZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    features: [],
  });
  if (config === null) writeError(renderAll(diagnostics.filter(isError), sources));
  return config;
}
