/** What a command of amtool is: its name, its flags, its argument, and what it does. Plain data that arguments.ts reads and help.ts prints. */
import type { Context } from './context.ts';
import type { Values } from './values.ts';

export type Flag = {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** `texts` may be repeated; a `switch` takes no value; an `existing_file` must be there before anything runs. */
  readonly kind: 'text' | 'texts' | 'switch' | 'duration' | 'int' | 'url' | 'existing_file' | 'choice';
  /** Of a `choice`. */
  readonly choices?: readonly string[];
  readonly fallback?: string;
  readonly isRequired?: boolean;
  readonly isHidden?: boolean;
  /** Stands for the value in help; the fallback or the name in capitals where it is left out. */
  readonly placeholder?: string;
  readonly help: string;
};

/** What stands on the command line beside flags. */
export type Argument = { readonly name: string; readonly kind: 'texts' | 'existing_file' | 'existing_files'; readonly help: string };

export type Command = {
  readonly name: string;
  /** Shown above the flags; its first line alone in lists. */
  readonly help: string;
  readonly flags?: readonly Flag[];
  readonly argument?: Argument;
  readonly commands?: readonly Command[];
  /** Taken when the word on the command line names none of its siblings. */
  readonly isDefault?: boolean;
  /** Gives the exit code; throws Failure. Absent where a subcommand must be named. */
  readonly run?: (values: Values, context: Context) => Promise<number>;
};
