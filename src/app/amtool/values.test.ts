import { describe, expect, test } from 'vitest';
import type { Command, Flag } from './command.ts';
import { Failure } from './failure.ts';
import { Values } from './values.ts';

const FLAGS: readonly Flag[] = [
  { name: 'text', kind: 'text', fallback: 'from the flag', help: '' },
  { name: 'bare', kind: 'text', help: '' },
  { name: 'many', kind: 'texts', help: '' },
  { name: 'on', kind: 'switch', help: '' },
  { name: 'within', kind: 'duration', help: '' },
  { name: 'count', kind: 'int', fallback: '8', help: '' },
  { name: 'url', kind: 'url', help: '' },
  { name: 'output', kind: 'choice', choices: ['a', 'b'], help: '' },
  { name: 'file', kind: 'existing_file', help: '' },
];

function values(
  given: Readonly<Record<string, readonly string[]>>,
  more: {
    settings?: Readonly<Record<string, string>>;
    flags?: readonly Flag[];
    positionals?: readonly string[];
    argument?: Command['argument'];
  } = {},
) {
  const { settings = {}, flags = FLAGS, positionals = [], argument } = more;
  const command: Command = { name: 'x', help: '', ...(argument === undefined ? {} : { argument }) };
  return new Values(
    {
      flags: new Map(flags.map((flag) => [flag.name, flag])),
      given: new Map(Object.entries(given)),
      settings: new Map(Object.entries(settings)),
      positionals,
      command,
    },
    (path) => (path === 'there' ? 'file' : path === 'folder' ? 'directory' : null),
  );
}

describe('the value of a flag', () => {
  test('is the one given, else that of the settings file, else its fallback', () => {
    expect(values({ text: ['given'] }, { settings: { text: 'set' } }).text('text')).toBe('given');
    expect(values({}, { settings: { text: 'set' } }).text('text')).toBe('set');
    expect(values({}).text('text')).toBe('from the flag');
    expect(values({}).text('bare')).toBe('');
  });

  test('tells whether anybody gave it', () => {
    expect([values({ text: ['x'] }), values({}, { settings: { text: 'x' } }), values({})].map((one) => one.isGiven('text'))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('of a repeated flag is all of them', () => {
    expect(values({ many: ['a', 'b'] }).texts('many')).toEqual(['a', 'b']);
  });

  test.each([
    ['90s', 90_000],
    ['2h30m', 9_000_000],
    ['1.5h', 5_400_000],
    ['1d', 86_400_000],
    ['1w2d', 777_600_000],
    ['0', 0],
  ])('%s is a duration of %i ms', (text, ms) => {
    expect(values({ within: [text] }).durationMs('within')).toBe(ms);
  });

  test('is a number, a switch', () => {
    expect(values({}).int('count')).toBe(8);
    expect(['true', '1', 'false', 'F'].map((word) => values({ on: [word] }).isOn('on'))).toEqual([true, true, false, false]);
    expect(values({}).isOn('on')).toBe(false);
  });
});

test.each<[what: string, given: Readonly<Record<string, readonly string[]>>, message: string]>([
  ['a choice that there is not', { output: ['c'] }, "enum value must be one of a,b, got 'c'"],
  ['a flag given twice', { text: ['a', 'b'] }, "flag 'text' cannot be repeated"],
  ['a duration', { within: ['soon'] }, 'time: invalid duration "soon"'],
  ['a unit', { within: ['5x'] }, 'time: unknown unit "x" in duration "5x"'],
  ['a number', { count: ['many'] }, '--count: "many" is not a whole number'],
  ['a switch', { on: ['maybe'] }, '--on: "maybe" is neither true nor false'],
  ['a URL', { url: ['http://[::1'] }, `invalid URL: parse "http://[::1": missing ']' in host`],
  ['a file that is not there', { file: ['nowhere'] }, "path 'nowhere' does not exist"],
  ['a file that is a directory', { file: ['folder'] }, "'folder' is a directory"],
])('%s is refused', (_, given, message) => {
  expect(() => values(given)).toThrow(new Failure(message));
});

test('a wrong setting is refused as a wrong flag is', () => {
  expect(() => values({}, { settings: { output: 'xml' } })).toThrow(new Failure("enum value must be one of a,b, got 'xml'"));
});

test('required flags are named together', () => {
  const flags: readonly Flag[] = ['one', 'two'].map((name) => ({ name, kind: 'text', isRequired: true, help: '' }));
  expect(() => values({}, { flags })).toThrow(new Failure("required flag(s) '--one', '--two' not provided"));
});

test('files named as arguments must be there', () => {
  const argument = { name: 'files', kind: 'existing_files', help: '' } as const;
  expect(() => values({}, { argument, positionals: ['there', 'nowhere'] })).toThrow(new Failure("path 'nowhere' does not exist"));
});
