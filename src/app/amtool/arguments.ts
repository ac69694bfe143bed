/**
 * Reads amtool's command line by the rules of its parser, kingpin: flags may stand anywhere after the command that has
 * them, `--x=1` and `--x 1`, `-x1` and `-x 1`, switches bundled (`-ia`) and turned off (`--no-x`), `--` before arguments
 * that begin with a dash, `@file` for arguments one a line, and default commands, so that `alert -i` means `alert query -i`.
 * Beyond kingpin, a switch may be given its value (`--tree=false`). Leaves out shell completion and manual pages.
 */
import type { Command, Flag } from './command.ts';
import { Failure } from './failure.ts';

export type CommandLine = {
  /** From the root to the command; default commands that were not named included. */
  readonly path: readonly [Command, ...Command[]];
  /** From the root to the last command that was named: what help is about. */
  readonly named: readonly [Command, ...Command[]];
  /** Of the commands of the path, by name. */
  readonly flags: ReadonlyMap<string, Flag>;
  /** Values by flag, in the order given; a switch has the text true or false. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
};

/** The lines of a file, for `@file`; throws a Failure. */
export type ReadLines = (path: string) => readonly string[];

/** Throws a Failure. */
export function parseCommandLine(argv: readonly string[], root: Command, readLines: ReadLines): CommandLine {
  return new Reader(argv, root, readLines).read();
}

class Reader {
  /** What is still to be read, the next one last. */
  readonly #rest: string[];
  readonly #readLines: ReadLines;
  readonly #path: [Command, ...Command[]];
  readonly #named: [Command, ...Command[]];
  readonly #flags = new Map<string, Flag>();
  readonly #given = new Map<string, string[]>();
  readonly #positionals: string[] = [];
  #onlyArguments = false;
  /** After --help nothing is added that was not named. */
  #wantsHelp = false;

  constructor(argv: readonly string[], root: Command, readLines: ReadLines) {
    this.#rest = argv.toReversed();
    this.#readLines = readLines;
    this.#path = [root];
    this.#named = [root];
    this.#addFlags(root);
  }

  read(): CommandLine {
    for (let word = this.#rest.pop(); word !== undefined; word = this.#rest.pop()) {
      if (this.#onlyArguments) this.#argument(word);
      else if (word === '--') this.#onlyArguments = true;
      else if (word.startsWith('--')) this.#long(word);
      else if (word.startsWith('-') && word !== '-') this.#short(word);
      else if (word.startsWith('@') && word.length > 1) this.#rest.push(...this.#readLines(word.slice(1)).toReversed());
      else this.#argument(word);
    }
    while (!this.#wantsHelp && this.#enterDefault());
    return { path: this.#path, named: this.#named, flags: this.#flags, given: this.#given, positionals: this.#positionals };
  }

  get #command(): Command {
    return this.#path.at(-1) ?? this.#path[0];
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const value = equals < 0 ? null : word.slice(equals + 1);
    const flag = this.#flags.get(name);
    if (flag !== undefined) {
      this.#take(flag, `--${name}`, flag.kind === 'switch' ? (value ?? 'true') : value);
      return;
    }
    const negated = name.startsWith('no-') ? this.#flags.get(name.slice('no-'.length)) : undefined;
    if (negated?.kind === 'switch' && value === null) this.#set(negated, 'false');
    else if (this.#canEnterDefault()) this.#retryBelow(word);
    else throw new Failure(`unknown long flag '--${name}'`);
  }

  #short(word: string): void {
    const [letter = ''] = word.slice(1);
    const after = word.slice(1 + letter.length);
    const flag = [...this.#flags.values()].find(({ short }) => short === letter);
    if (flag === undefined) {
      if (!this.#canEnterDefault()) throw new Failure(`unknown short flag '-${letter}'`);
      this.#retryBelow(word);
    } else if (flag.kind === 'switch') {
      this.#set(flag, 'true');
      if (after !== '') this.#rest.push(`-${after}`);
    } else this.#take(flag, `-${letter}`, after === '' ? null : after);
  }

  /** `value` null: the next word is the value. */
  #take(flag: Flag, spelled: string, value: string | null): void {
    if (value !== null) {
      this.#set(flag, value);
      return;
    }
    let next = this.#rest.pop();
    if (next === '--') {
      this.#onlyArguments = true;
      next = this.#rest.pop();
    }
    const isFlag = !this.#onlyArguments && next !== undefined && next.startsWith('-') && next !== '-';
    if (next === undefined || isFlag) throw new Failure(`expected argument for flag '${spelled}'`);
    this.#set(flag, next);
  }

  #set(flag: Flag, value: string): void {
    if (flag.name === 'help') this.#wantsHelp = true;
    const values = this.#given.get(flag.name);
    if (values === undefined) this.#given.set(flag.name, [value]);
    else values.push(value);
  }

  #argument(word: string): void {
    const { commands, argument } = this.#command;
    if (commands !== undefined) {
      const named = commands.find(({ name }) => name === word);
      if (named !== undefined) this.#enter(named, true);
      else if (this.#canEnterDefault()) this.#retryBelow(word);
      else throw new Failure(`expected command but got ${JSON.stringify(word)}`);
    } else if (argument === undefined || (argument.kind === 'existing_file' && this.#positionals.length > 0)) {
      throw new Failure(`unexpected ${word}`);
    } else this.#positionals.push(word);
  }

  #canEnterDefault(): boolean {
    return !this.#wantsHelp && (this.#command.commands?.some(({ isDefault }) => isDefault === true) ?? false);
  }

  #enterDefault(): boolean {
    const command = this.#command.commands?.find(({ isDefault }) => isDefault === true);
    if (command !== undefined) this.#enter(command, false);
    return command !== undefined;
  }

  /** Reads the word again, now as one of the default command's. */
  #retryBelow(word: string): void {
    this.#enterDefault();
    this.#rest.push(word);
  }

  #enter(command: Command, isNamed: boolean): void {
    this.#path.push(command);
    if (isNamed) this.#named.push(command);
    this.#addFlags(command);
  }

  #addFlags({ flags = [] }: Command): void {
    for (const flag of flags) this.#flags.set(flag.name, flag);
  }
}
