/**
 * The files given with -c as one configuration: Prometheus' sections, Alertmanager's and ours side by side. Files are
 * merged by top-level key; `global` field by field, since the two projects' fields there are disjoint; `tracing`, which
 * both have, may be given twice if it is equal. Any other key or field given twice is an error that names both places.
 */
import { reportTwice, unknownField, wrongType } from '../../config/decode.ts';
import type { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import {
  describePlace,
  emptyMap,
  isNull,
  lineOf,
  placeOf,
  type YamlDocument,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
} from '../../config/yaml-document.ts';

/** What belongs to one of the two projects. */
export type Ownership = {
  /** Top-level keys; `global` and `tracing` are both projects'. */
  readonly keys: readonly string[];
  /** Fields of `global`. */
  readonly globalFields: readonly string[];
};

export type Owners = { readonly prometheus: Ownership; readonly alertmanager: Ownership };

/** Each a map as its project's own file would be. Nodes keep the file that they stand in. */
export type MergedConfig = {
  readonly prometheus: YamlMap;
  /** Null: no file has anything of Alertmanager's. */
  readonly alertmanager: YamlMap | null;
  /** Our own keys. */
  readonly tocsin: YamlMap;
};

const TOCSIN_KEYS: readonly string[] = ['oncall', 'tocsin'];

/** `documents` in the order of the command line, at least one. */
export function mergeDocuments(documents: readonly [YamlDocument, ...YamlDocument[]], owners: Owners, sink: DiagnosticSink): MergedConfig {
  const known = [...new Set(['global', 'tracing', ...owners.prometheus.keys, ...owners.alertmanager.keys, ...TOCSIN_KEYS])];
  const sections = new Map<string, YamlEntry>();
  const globals: YamlEntry[] = [];
  for (const document of documents) {
    sink.addDocument(document);
    for (const entry of entriesOf(document, sink)) {
      const name = entry.key.text;
      const earlier = name === 'global' ? globals.find(({ key }) => key.source === entry.key.source) : sections.get(name);
      const twice = (line: number): string => `line ${line}: field ${name} already set in type config.plain`;
      if (!known.includes(name))
        sink.at(entry.key, unknownField(name, known, `line ${lineOf(entry.key)}: field ${name} not found in type config.plain`));
      else if (earlier !== undefined && name === 'tracing' && earlier.key.source !== entry.key.source) compareTracing(earlier, entry, sink);
      else if (earlier !== undefined) reportTwice(entry, earlier, twice, sink);
      else if (name === 'global') globals.push(entry);
      else sections.set(name, entry);
    }
  }
  const global = splitGlobal(globals, owners, sink);
  const assemble = (keys: readonly string[], globalEntry: YamlEntry | null): YamlMap => ({
    ...emptyMap(documents[0].source),
    entries: [...(globalEntry === null ? [] : [globalEntry]), ...[...sections.values()].filter(({ key }) => keys.includes(key.text))],
  });
  const alertmanager = assemble(owners.alertmanager.keys, global.alertmanager);
  return {
    prometheus: assemble([...owners.prometheus.keys, 'tracing'], global.prometheus),
    alertmanager: alertmanager.entries.length === 0 ? null : alertmanager,
    tocsin: assemble(TOCSIN_KEYS, null),
  };
}

function entriesOf({ root }: YamlDocument, sink: DiagnosticSink): readonly YamlEntry[] {
  if (root === null || isNull(root)) return [];
  if (root.kind === 'map') return root.entries;
  wrongType(root, { goType: 'config.plain', expects: 'a map of sections' }, sink);
  return [];
}

function compareTracing(first: YamlEntry, second: YamlEntry, sink: DiagnosticSink): void {
  if (isSame(first.value, second.value)) return;
  sink.at(second.key, {
    code: 'conflict',
    message: `"tracing" differs from the one at ${describePlace(first.key)}`,
    hint: 'there is one process to trace: make them equal, or keep one',
    also: placeOf(first.key, 'the first one'),
  });
}

/** Equal values, however they are written; the order of keys does not count. */
function isSame(a: YamlNode | undefined, b: YamlNode | undefined): boolean {
  if (a?.kind === 'scalar' && b?.kind === 'scalar') return a.text === b.text && isNull(a) === isNull(b);
  if (a?.kind === 'list' && b?.kind === 'list')
    return a.items.length === b.items.length && a.items.every((item, i) => isSame(item, b.items[i]));
  if (a?.kind !== 'map' || b?.kind !== 'map' || a.entries.length !== b.entries.length) return false;
  const others = new Map(b.entries.map(({ key, value }) => [key.text, value]));
  return a.entries.every(({ key, value }) => isSame(value, others.get(key.text)));
}

/** The fields of all `global` sections, by project. */
function splitGlobal(
  globals: readonly YamlEntry[],
  { prometheus, alertmanager }: Owners,
  sink: DiagnosticSink,
): { readonly prometheus: YamlEntry | null; readonly alertmanager: YamlEntry | null } {
  const [first] = globals;
  if (first === undefined) return { prometheus: null, alertmanager: null };
  const known = [...prometheus.globalFields, ...alertmanager.globalFields];
  const fields = new Map<string, YamlEntry>();
  for (const { value } of globals) {
    if (isNull(value)) continue;
    if (value.kind !== 'map') {
      wrongType(value, { goType: 'config.plain', expects: 'a map of fields' }, sink);
      continue;
    }
    for (const entry of value.entries) {
      const name = entry.key.text;
      const earlier = fields.get(name);
      if (!known.includes(name))
        sink.at(entry.key, unknownField(name, known, `line ${lineOf(entry.key)}: field ${name} not found in type config.plain`));
      else if (earlier !== undefined)
        reportTwice(entry, earlier, (line) => `line ${line}: field ${name} already set in type config.plain`, sink);
      else fields.set(name, entry);
    }
  }
  const part = ({ globalFields }: Ownership): YamlEntry | null => {
    const entries = [...fields.values()].filter(({ key }) => globalFields.includes(key.text));
    return entries.length === 0 ? null : { key: first.key, value: { ...emptyMap(first.key.source), offset: first.value.offset, entries } };
  };
  return { prometheus: part(prometheus), alertmanager: part(alertmanager) };
}
