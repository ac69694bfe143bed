/**
 * amtool's own settings: ~/.config/amtool/config.yml, then /etc/amtool/config.yml for what the first leaves open. A map
 * from flags to values, all texts; it gives flags the value that they have when the command line does not.
 */

import { decode, record } from '../../config/decode.ts';
import { isError, upstreamText } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { string } from '../../config/scalars.ts';
import { sourceFromBytes } from '../../config/source.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import { type Disk, DiskError } from '../../model/disk.ts';
import { Failure } from './failure.ts';

export const SYSTEM_SETTINGS = '/etc/amtool/config.yml';
export const settingsPaths = (home: string): readonly string[] => [`${home}/.config/amtool/config.yml`, SYSTEM_SETTINGS];

/** Older names of flags, still read. */
const RENAMED: ReadonlyMap<string, string> = new Map([['comment_required', 'require-comment']]);

/** Throws a Failure for a file that is there and cannot be used. */
export function readSettings(paths: readonly string[], disk: Pick<Disk, 'read' | 'stat'>): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const path of paths) {
    if (disk.stat(path)?.kind !== 'file') continue;
    const file = readFile(path, disk);
    for (const [key, value] of file) {
      const renamed = RENAMED.get(key);
      if (renamed !== undefined && file.has(renamed)) continue;
      const name = renamed ?? key;
      if (!settings.has(name)) settings.set(name, value);
    }
  }
  return settings;
}

function readFile(path: string, disk: Pick<Disk, 'read'>): ReadonlyMap<string, string> {
  const sink = new DiagnosticSink();
  const document = parseYaml(sourceFromBytes(path, readBytes(path, disk)));
  sink.addDocument(document);
  const values = document.root === null ? {} : decode(document.root, record(string), sink);
  const wrong = sink.diagnostics().find(isError);
  if (wrong !== undefined) throw new Failure(`could not load config file: ${path}:${wrong.line}: ${upstreamText(wrong)}`);
  return new Map(Object.entries(values));
}

/** A file's bytes; throws a Failure. */
export function readBytes(path: string, disk: Pick<Disk, 'read'>): Uint8Array {
  try {
    return disk.read(path);
  } catch (error) {
    if (error instanceof DiskError) throw new Failure(error.message, error);
    throw error;
  }
}
