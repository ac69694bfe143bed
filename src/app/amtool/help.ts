/** Help as kingpin's compact usage lays it out: usage, description, flags, argument, commands. 80 columns wide. */
import type { Command, Flag } from './command.ts';

const WIDTH = 80;
const INDENT = 2;
/** A longer left column gets a line of its own. */
const LEFT_MAX = 29;

/** `program`: as the user calls it. `path`: from the root to the command that help is asked for. */
export function helpText(program: string, path: readonly [Command, ...Command[]]): string {
  const command = path.at(-1) ?? path[0];
  const names = `${program} ${commandNames(path)}`.trimEnd();
  const flags = path.flatMap(({ flags = [] }) => flags).filter(({ isHidden }) => isHidden !== true);
  const usage = `${synopsis(command)}${command.commands === undefined ? '' : ' <command> [<args> ...]'}`;
  const sections = [`usage: ${names}${usage}\n`, `${command.help}\n`];
  sections.push(`Flags:\n${twoColumns(flags.map((flag) => [flagColumn(flag, flags), flag.help]))}`);
  if (command.argument !== undefined) sections.push(`Args:\n${twoColumns([[`[<${command.argument.name}>]`, command.argument.help]])}`);
  if (command.commands !== undefined) {
    const isRoot = path.length === 1;
    const above = isRoot ? '' : `${' '.repeat(INDENT)}${commandNames(path)}\n`;
    sections.push(`Commands:\n${above}${commandList(command.commands, isRoot ? 1 : path.length)}`);
  }
  return sections.join('\n');
}

/** Every command with its flags: what --help-long shows. */
export function longHelpText(program: string, root: Command): string {
  const leaves = (path: readonly [Command, ...Command[]]): readonly (readonly [Command, ...Command[]])[] => {
    const { commands } = path.at(-1) ?? path[0];
    return commands === undefined ? [path] : commands.flatMap((command) => leaves([...path, command]));
  };
  const described = leaves([root]).map((path) => {
    const own = path.slice(1).flatMap(({ flags = [] }) => flags.filter(({ isHidden }) => isHidden !== true));
    const command = path.at(-1) ?? root;
    const flags = own.length === 0 ? '' : `\n${twoColumns(own.map((flag) => [flagColumn(flag, own), flag.help]))}`;
    return `${commandNames(path)}${synopsis(command)}\n\n${command.help}\n${flags}`;
  });
  return `${helpText(program, [{ ...root, commands: [] }])}\n${described.join('\n\n')}`;
}

/** Without the root's. */
const commandNames = (path: readonly Command[]): string =>
  path
    .slice(1)
    .map(({ name }) => name)
    .join(' ');

function synopsis({ flags = [], argument }: Command): string {
  const shown = flags.filter(({ isHidden }) => isHidden !== true);
  const required = shown.filter(({ isRequired }) => isRequired === true).map((flag) => ` --${flag.name}=${placeholderOf(flag)}`);
  const optional = shown.length > required.length ? ' [<flags>]' : '';
  const positional = argument === undefined ? '' : ` [<${argument.name}>${argument.kind === 'existing_file' ? '' : '...'}]`;
  return `${required.join('')}${optional}${positional}`;
}

function commandList(commands: readonly Command[], depth: number): string {
  return commands
    .map((command) => {
      const { name, isDefault, commands: below } = command;
      const line = `${' '.repeat(depth * INDENT)}${name}${isDefault === true ? '*' : ''}${synopsis(command)}\n`;
      return below === undefined ? line : line + commandList(below, depth + 1);
    })
    .join('');
}

function flagColumn(flag: Flag, all: readonly Flag[]): string {
  const { name, short, kind } = flag;
  const letter = short === undefined ? (all.some((one) => one.short !== undefined) ? '    ' : '') : `-${short}, `;
  if (kind === 'switch') return `${letter}--[no-]${name}`;
  return `${letter}--${name}=${placeholderOf(flag)}${kind === 'texts' ? ' ...' : ''}`;
}

function placeholderOf({ name, kind, fallback, placeholder }: Flag): string {
  if (placeholder !== undefined) return placeholder;
  if (fallback === undefined) return name.toUpperCase();
  return kind === 'text' ? JSON.stringify(fallback) : fallback;
}

function twoColumns(rows: readonly (readonly [left: string, right: string])[]): string {
  const left = Math.max(...rows.map(([text]) => (text.length <= LEFT_MAX ? text.length : 0)));
  const margin = INDENT + left + INDENT;
  return rows
    .map(([text, help]) => {
      const [first = '', ...more] = wrapped(help, WIDTH - margin);
      const below = more.map((line) => `${' '.repeat(margin)}${line}\n`).join('');
      const head =
        text.length > LEFT_MAX
          ? `${' '.repeat(INDENT)}${text}\n${' '.repeat(margin)}${first}`
          : `${' '.repeat(INDENT)}${text.padEnd(left + INDENT)}${first}`;
      return `${head}\n${below}`;
    })
    .join('');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
