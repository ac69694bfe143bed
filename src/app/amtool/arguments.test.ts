import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCommandLine } from './arguments.ts';
import type { Command } from './command.ts';
import { Failure } from './failure.ts';

const ROOT: Command = {
  name: 'root',
  help: '',
  flags: [
    { name: 'help', short: 'h', kind: 'switch', help: '' },
    { name: 'output', short: 'o', kind: 'text', help: '' },
    { name: 'verbose', short: 'v', kind: 'switch', help: '' },
  ],
  commands: [
    {
      name: 'alert',
      help: '',
      commands: [
        {
          name: 'query',
          help: '',
          isDefault: true,
          flags: [
            { name: 'active', short: 'a', kind: 'switch', help: '' },
            { name: 'inhibited', short: 'i', kind: 'switch', help: '' },
            { name: 'receiver', short: 'r', kind: 'text', help: '' },
          ],
          argument: { name: 'matchers', kind: 'texts', help: '' },
        },
        {
          name: 'add',
          help: '',
          flags: [{ name: 'annotation', kind: 'texts', help: '' }],
          argument: { name: 'labels', kind: 'texts', help: '' },
        },
      ],
    },
    { name: 'import', help: '', argument: { name: 'file', kind: 'existing_file', help: '' } },
    {
      name: 'routes',
      help: '',
      flags: [{ name: 'config.file', kind: 'text', help: '' }],
      commands: [
        { name: 'show', help: '', isDefault: true },
        { name: 'test', help: '', argument: { name: 'labels', kind: 'texts', help: '' } },
      ],
    },
  ],
};

const FILES: Readonly<Record<string, readonly string[]>> = { words: ['x=1', '-i'] };

/** The command with its arguments and flags on one line. */
function read(...argv: readonly string[]): string {
  const { path, given, positionals } = parseCommandLine(argv, ROOT, (file) => FILES[file] ?? []);
  const flags = [...given].map(([name, values]) => `${name}=${values.join('+')}`);
  return [
    path
      .slice(1)
      .map(({ name }) => name)
      .join(' '),
    `[${positionals.join('|')}]`,
    ...flags,
  ].join(' ');
}

describe('what a command line means', () => {
  test.each<[argv: readonly string[], meaning: string]>([
    [['alert', 'query', 'a', 'b'], 'alert query [a|b]'],
    [['alert'], 'alert query []'],
    [['alert', 'a=b'], 'alert query [a=b]'],
    [['alert', '-i'], 'alert query [] inhibited=true'],
    [['alert', '--receiver=x', 'y'], 'alert query [y] receiver=x'],
    [['alert', 'add', 'alert'], 'alert add [alert]'],
    [['-o', 'json', 'alert'], 'alert query [] output=json'],
    [['alert', 'query', 'a', '--output', 'json', 'b'], 'alert query [a|b] output=json'],
    [['alert', '-ojson'], 'alert query [] output=json'],
    [['alert', '-o=json'], 'alert query [] output==json'],
    [['alert', '-iar', 'x'], 'alert query [] inhibited=true active=true receiver=x'],
    [['alert', '-vi'], 'alert query [] verbose=true inhibited=true'],
    [['alert', '--no-active'], 'alert query [] active=false'],
    [['alert', '--active=false'], 'alert query [] active=false'],
    [['alert', '--', '-x', '--receiver'], 'alert query [-x|--receiver]'],
    [['alert', '-r', '--', '-x'], 'alert query [] receiver=-x'],
    [['alert', '-'], 'alert query [-]'],
    [['alert', '--receiver='], 'alert query [] receiver='],
    [['alert', 'add', '--annotation', 'a=b', '--annotation=c=d'], 'alert add [] annotation=a=b+c=d'],
    [['alert', '@words', 'y'], 'alert query [x=1|y] inhibited=true'],
    [['alert', 'a@b'], 'alert query [a@b]'],
    [['routes', '--config.file=x', 'test', 'a=b'], 'routes test [a=b] config.file=x'],
    [['routes', 'test', '--config.file=x'], 'routes test [] config.file=x'],
    [['routes', '--config.file=x'], 'routes show [] config.file=x'],
    [['import', 'x'], 'import [x]'],
    [[], ' []'],
    [['alert', '--help'], 'alert [] help=true'],
    [['alert', 'add', '-h'], 'alert add [] help=true'],
  ])('%j is %s', (argv, meaning) => {
    expect(read(...argv)).toBe(meaning);
  });

  test('help is about the commands that were named', () => {
    const { named } = parseCommandLine(['alert', 'x', '--help'], ROOT, () => []);
    expect(named.map(({ name }) => name)).toEqual(['root', 'alert']);
  });
});

test.each<[argv: readonly string[], message: string]>([
  [['nonsense'], 'expected command but got "nonsense"'],
  [['--nonsense'], "unknown long flag '--nonsense'"],
  [['alert', '--nonsense=1'], "unknown long flag '--nonsense'"],
  [['alert', '--no-receiver'], "unknown long flag '--no-receiver'"],
  [['alert', '-z'], "unknown short flag '-z'"],
  [['alert', '-iz'], "unknown short flag '-z'"],
  [['alert', '-o'], "expected argument for flag '-o'"],
  [['alert', '--output', '-i'], "expected argument for flag '--output'"],
  [['import', 'a', 'b'], 'unexpected b'],
  [['routes', 'nonsense'], 'unexpected nonsense'],
  [['--help', 'alert', 'a=b'], 'expected command but got "a=b"'],
])('%j is refused: %s', (argv, message) => {
  expect(() => read(...argv)).toThrow(new Failure(message));
});

test('whatever words come, they mean something or are refused', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('alert', 'query', 'add', 'routes', 'test', '-i', '-o', '--', '-', '--help', '--output', '@words'),
  );
  fc.assert(
    fc.property(fc.array(word), (argv) => {
      try {
        expect(typeof read(...argv)).toBe('string');
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }),
  );
});
