/** Reading Alertmanager's tables: `{description, …, cases: [{id, …}]}`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CaseResult, checkCase } from '../kind.ts';

export type Table<Case, Head = unknown> = Head & { readonly cases: readonly (Case & { readonly id: string })[] };

export const readTable = <Case, Head = unknown>(dir: string, file: string): Table<Case, Head> =>
  JSON.parse(readFileSync(join(dir, file), 'utf8')) as Table<Case, Head>;

/** Checks every case of a table; ids of several tables of one kind stay apart by the file's name. */
export async function checkTable<Case>(
  dir: string,
  file: string,
  check: (item: Case & { readonly id: string }) => { readonly expected: unknown; readonly run: () => unknown },
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const item of readTable<Case>(dir, file).cases) {
    const { expected, run } = check(item);
    results.push(await checkCase(`${file.replace('.json', '')}/${item.id}`, expected, run));
  }
  return results;
}

/** An error as the tables give it: whole (`error`) or in part (`error_substring`), or null for success. */
export type WantedError = { readonly error?: string; readonly error_substring?: string };

/** The wanted text where `got` is or holds it, so that equal means right; else what was got. */
export function errorAsWanted(wanted: WantedError, got: string | null): string | null {
  const part = wanted.error_substring;
  return part !== undefined && got?.includes(part) === true ? part : got;
}

export const wantedError = (wanted: WantedError): string | null => wanted.error ?? wanted.error_substring ?? null;
