/**
 * What a command line says, checked: for every flag its values as given, else as a settings file has them, else its
 * fallback. Commands ask by name, as the flag is spelled.
 */
import { parseGoDuration } from '../../lib/go-duration.ts';
import { parseGoUrl } from '../../lib/go-url.ts';
import { parseDuration } from '../../model/duration.ts';
import type { Command, Flag } from './command.ts';
import { Failure, orFail } from './failure.ts';

/** Tells whether a path names a file; what `existing_file` asks. */
export type FileKind = (path: string) => 'file' | 'directory' | null;

export class Values {
  readonly #flags: ReadonlyMap<string, Flag>;
  readonly #given: ReadonlyMap<string, readonly string[]>;
  readonly #settings: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];

  /** Throws a Failure that names the first thing wrong. */
  constructor(
    input: {
      readonly flags: ReadonlyMap<string, Flag>;
      readonly given: ReadonlyMap<string, readonly string[]>;
      /** Of a settings file, for the flags that a file may set. */
      readonly settings: ReadonlyMap<string, string>;
      readonly positionals: readonly string[];
      readonly command: Command;
    },
    fileKind: FileKind,
  ) {
    this.#flags = input.flags;
    this.#given = input.given;
    this.#settings = input.settings;
    this.positionals = input.positionals;
    const missing: string[] = [];
    for (const flag of this.#flags.values()) {
      const values = this.texts(flag.name);
      if (flag.isRequired === true && values.length === 0) missing.push(`'--${flag.name}'`);
      if (flag.kind !== 'texts' && (this.#given.get(flag.name)?.length ?? 0) > 1)
        throw new Failure(`flag '${flag.name}' cannot be repeated`);
      for (const value of values) check(flag, value, fileKind);
    }
    const { argument } = input.command;
    if (argument !== undefined && argument.kind !== 'texts') for (const path of this.positionals) checkFile(path, fileKind);
    if (missing.length > 0) throw new Failure(`required flag(s) ${missing.join(', ')} not provided`);
  }

  /** On the command line or in a settings file. */
  isGiven(name: string): boolean {
    return this.#given.has(name) || this.#settings.has(name);
  }

  texts(name: string): readonly string[] {
    const flag = this.#flags.get(name);
    if (flag === undefined) throw new Error(`BUG: no flag --${name}`);
    const given = this.#given.get(name);
    if (given !== undefined) return given;
    const value = this.#settings.get(name) ?? flag.fallback;
    return value === undefined ? [] : [value];
  }

  /** '' where it is not given and has no fallback. */
  text(name: string): string {
    return this.texts(name)[0] ?? '';
  }

  isOn(name: string): boolean {
    return SWITCH_WORDS.get(this.text(name)) ?? false;
  }

  int(name: string): number {
    return Number(this.text(name));
  }

  /** 0 where it is not given. */
  durationMs(name: string): number {
    const text = this.text(name);
    return text === '' ? 0 : orFail(durationOf(text));
  }
}

/** What Go's strconv.ParseBool takes. */
const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word): [string, boolean] => [word, true]),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word): [string, boolean] => [word, false]),
]);

function check(flag: Flag, value: string, fileKind: FileKind): void {
  switch (flag.kind) {
    case 'text':
    case 'texts':
      return;
    case 'switch':
      if (!SWITCH_WORDS.has(value)) throw new Failure(`--${flag.name}: "${value}" is neither true nor false`);
      return;
    case 'choice':
      if (flag.choices?.includes(value) !== true) throw new Failure(`enum value must be one of ${flag.choices?.join(',')}, got '${value}'`);
      return;
    case 'duration':
      orFail(durationOf(value));
      return;
    case 'int':
      if (!/^-?\d+$/.test(value)) throw new Failure(`--${flag.name}: "${value}" is not a whole number`);
      return;
    case 'url': {
      const url = parseGoUrl(value);
      if ('error' in url) throw new Failure(`invalid URL: ${url.error}`);
      return;
    }
    case 'existing_file':
      checkFile(value, fileKind);
  }
}

function checkFile(path: string, fileKind: FileKind): void {
  const kind = fileKind(path);
  if (kind === null) throw new Failure(`path '${path}' does not exist`);
  if (kind === 'directory') throw new Failure(`'${path}' is a directory`);
}

/** Go's spelling (2h30m, 1.5h), which is all that amtool takes, or Prometheus' (1d), which people write. */
function durationOf(text: string): number | { readonly error: string } {
  const go = parseGoDuration(text);
  if (typeof go === 'number') return go;
  const prometheus = text === '' ? go : parseDuration(text);
  return typeof prometheus === 'number' ? prometheus : go;
}
