/** Arguments of template functions, whose types the executor has checked against the function's parameters. */
import type { GoMap, GoSlice, GoValue } from '../lib/go-value.ts';

type Args = readonly (GoValue | null)[];

export function textArgument(args: Args, index: number): string {
  const value = args[index];
  if (value?.kind !== 'string') throw new Error('BUG: argument is not a string');
  return value.text;
}

export function intArgument(args: Args, index: number): bigint {
  const value = args[index];
  if (value?.kind !== 'int') throw new Error('BUG: argument is not an integer');
  return value.int;
}

export function itemsArgument(args: Args, index: number): NonNullable<GoSlice['items']> {
  const value = args[index];
  if (value?.kind !== 'slice') throw new Error('BUG: argument is not a slice');
  return value.items ?? [];
}

export function entriesOf(value: GoValue): NonNullable<GoMap['entries']> {
  if (value.kind !== 'map') throw new Error('BUG: receiver is not a map');
  return value.entries ?? new Map();
}
