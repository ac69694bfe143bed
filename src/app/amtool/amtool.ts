/**
 * `tocsin amtool …`: Alertmanager's command-line client, with its commands, flags, output and exit codes (0 done, 1
 * anything else), against Tocsin or any Alertmanager. Follows prometheus/alertmanager cli/ of the release below. Differs
 * where amtool prints addresses of memory, warns among its output about a change of grammars, or hides why a server
 * refused; has a default server; leaves out shell completion and manual pages.
 */
import { ALERTMANAGER_LEVEL } from '../../api/alertmanager-v2/status-json.ts';
import { decodeUtf8 } from '../../lib/utf8-bytes.ts';
import { parseCommandLine } from './arguments.ts';
import type { AlertmanagerClient } from './client.ts';
import type { Command } from './command.ts';
import { alert } from './commands/alert.ts';
import { checkConfig } from './commands/check-config.ts';
import { cluster } from './commands/cluster.ts';
import { config } from './commands/config.ts';
import { silence } from './commands/silence.ts';
import { template } from './commands/template.ts';
import { connect, DEFAULT_URL } from './connection.ts';
import type { AmtoolPorts, OutputFormat } from './context.ts';
import { Failure } from './failure.ts';
import { FEATURES, matcherMode } from './features.ts';
import { helpText, longHelpText } from './help.ts';
import { readBytes, readSettings, SYSTEM_SETTINGS, settingsPaths } from './settings-file.ts';
import { Values } from './values.ts';

/** As the user calls it. */
const PROGRAM = 'tocsin amtool';

const OUTPUTS: readonly OutputFormat[] = ['simple', 'extended', 'json'];

const ROOT: Command = {
  name: 'amtool',
  help: `Shows and changes the state of a running Tocsin or Alertmanager.

Settings are read from $HOME/.config/amtool/config.yml, then from
${SYSTEM_SETTINGS}. They are YAML, flag: value; any flag may stand there.
Mostly these do:

  alertmanager.url   the server to talk to
  author             who makes silences; your user name, if left out
  require-comment    whether silences need a comment; true, if left out
  output             simple, extended or json
  date.format        how times are printed, in Go's layout
  http.config.file   how to reach the server: http_config of Alertmanager`,
  flags: [
    { name: 'help', short: 'h', kind: 'switch', help: 'Show help for the command (--help-long: for all commands)' },
    { name: 'help-long', kind: 'switch', isHidden: true, help: 'Show help for all commands' },
    { name: 'date.format', kind: 'text', fallback: '2006-01-02 15:04:05 MST', help: 'How times are printed' },
    { name: 'verbose', short: 'v', kind: 'switch', help: 'Taken for compatibility, without effect' },
    { name: 'alertmanager.url', kind: 'url', fallback: DEFAULT_URL, help: 'The server to talk to; user and password may stand in it' },
    { name: 'output', short: 'o', kind: 'choice', choices: OUTPUTS, fallback: 'simple', help: 'How to print: simple, extended, json' },
    { name: 'timeout', kind: 'duration', fallback: '30s', help: 'How long the command may take' },
    {
      name: 'http.config.file',
      kind: 'existing_file',
      placeholder: '<filename>',
      help: 'File that says how to reach the server: TLS, authentication, proxy',
    },
    {
      name: 'version-check',
      kind: 'switch',
      fallback: 'true',
      help: 'Warn where the server is of another release; turn off with --no-version-check',
    },
    { name: 'enable-feature', kind: 'text', fallback: '', help: `Features, separated by commas: ${FEATURES.join(', ')}` },
    { name: 'version', kind: 'switch', help: 'Print the version' },
  ],
  commands: [
    { name: 'help', help: 'Show help.', argument: { name: 'command', kind: 'texts', help: 'The command to explain' } },
    alert,
    silence,
    checkConfig,
    cluster,
    config,
    template,
  ],
};

/** Runs one command; gives the exit code. */
export async function amtool(argv: readonly string[], ports: AmtoolPorts, tocsinVersion: string): Promise<number> {
  const open: AlertmanagerClient[] = [];
  try {
    return await run(argv, ports, tocsinVersion, open);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    ports.printError(`amtool: error: ${error.message}\n`);
    return 1;
  } finally {
    for (const client of open) client.close();
  }
}

async function run(argv: readonly string[], ports: AmtoolPorts, tocsinVersion: string, open: AlertmanagerClient[]): Promise<number> {
  const settings = readSettings(settingsPaths(ports.environment('HOME') ?? ''), ports.disk);
  const line = parseCommandLine(argv, ROOT, (path) => argumentLines(path, ports));
  const command = line.path.at(-1) ?? ROOT;
  const show = (text: string): number => {
    ports.print(text);
    return 0;
  };
  if (line.given.has('version')) return show(`amtool, version ${ALERTMANAGER_LEVEL} (tocsin ${tocsinVersion})\n`);
  if (line.given.has('help-long')) return show(longHelpText(PROGRAM, ROOT));
  if (line.given.has('help') || command === ROOT) return show(helpText(PROGRAM, line.named));
  if (command.name === 'help') return show(helpText(PROGRAM, pathTo(line.positionals)));

  const settable = new Set([...(ROOT.flags ?? []), ...(command.flags ?? [])].map(({ name }) => name));
  const values = new Values(
    { ...line, command, settings: new Map([...settings].filter(([name]) => settable.has(name))) },
    (path) => ports.disk.stat(path)?.kind ?? null,
  );
  if (command.run === undefined)
    throw new Failure(
      `must select a subcommand of '${line.path
        .slice(1)
        .map(({ name }) => name)
        .join(' ')}'`,
    );
  const matchers = matcherMode(values.text('enable-feature'));
  const endsAt = ports.clock.elapsed() + values.durationMs('timeout');
  const client = async (): Promise<AlertmanagerClient> => {
    const connected = await connect(values, ports, () => endsAt - ports.clock.elapsed(), ALERTMANAGER_LEVEL);
    open.push(connected);
    return connected;
  };
  const output = OUTPUTS.find((name) => name === values.text('output')) ?? 'simple';
  return command.run(values, {
    ports,
    client,
    hasUrl: values.isGiven('alertmanager.url'),
    matchers,
    output,
    dateFormat: values.text('date.format'),
  });
}

/** Of the words after `help`. */
function pathTo(words: readonly string[]): readonly [Command, ...Command[]] {
  const path: [Command, ...Command[]] = [ROOT];
  for (const word of words) {
    const next = path.at(-1)?.commands?.find(({ name }) => name === word);
    if (next === undefined) throw new Failure(`expected command but got ${JSON.stringify(word)}`);
    path.push(next);
  }
  return path;
}

/** Without empty lines and those that begin with #. */
const argumentLines = (path: string, { disk }: AmtoolPorts): readonly string[] =>
  decodeUtf8(readBytes(path, disk))
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#') && line.trim() !== '');
