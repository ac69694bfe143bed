/**
 * Typed reading of YAML nodes with the semantics of Go's yaml.v2, which every file we must accept was written against.
 *
 * A reader of a section is a function over `Fields` that reads like a table: field, type, default.
 *
 *     export const tlsConfig = object('config.TLSConfig', (fields): TlsConfig => {
 *       const config = {
 *         serverName: fields.get('server_name', string),                    // absent: the type's zero value
 *         timeoutMs: fields.get('timeout', duration, durationMs(10_000)),   // absent: the default
 *         minVersion: fields.optional('min_version', tlsVersion),           // absent or null: null
 *         caFile: fields.get('ca_file', path),                              // seen from the file's directory
 *       };
 *       fields.unsupported('ca_ref', string, 'there is no secret manager here');
 *       fields.atMostOne(['ca', 'ca_file'], 'at most one of ca & ca_file must be configured');
 *       return config;
 *     });
 *
 * Rules:
 * - The fields asked for are the fields that exist: after `read` returns, every other key is an unknown field. Ask for
 *   all of them on every way through. A reader shared by several structs takes the `Fields` itself (Go's inline).
 * - Nothing throws and nothing stops: what is wrong goes to the sink with its place, the default (or zero value) stands
 *   in, reading goes on. Values are only to be used when the sink has no error at the end.
 * - A field that already has an error gets no second one: `problem` and the cross-checks keep silent about it.
 * - null as in yaml.v2: `field:` gives the zero value, not the default; `optional` (a Go pointer) gives null.
 * - A message is ours; where the reference's own differs it goes along as `upstream` (see Diagnostic). Where the
 *   reference's wording is good it is simply the message.
 *
 * Types of fields: scalars.ts (string, int, duration, …), secret-fields.ts, http-config.ts; `list`, `record` and
 * `object` here build larger ones; `refine` adds a check or a conversion.
 */
import { nearestWord } from '../lib/edit-distance.ts';
import type { Problem } from './diagnostic.ts';
import { DiagnosticSink } from './diagnostic-sink.ts';
import { sourceFile } from './source.ts';
import { describePlace, emptyMap, isNull, lineOf, placeOf, type YamlEntry, type YamlMap, type YamlNode } from './yaml-document.ts';
import { YAML_BOOLS, yamlNumber } from './yaml-number.ts';

/** The value could not be read; the sink knows why. */
export const FAILED = Symbol('failed');
export type Failed = typeof FAILED;

export type Decoder<T> = {
  /** What Go calls the type, for its "cannot unmarshal … into T" and "field … not found in type T". */
  readonly goType: string;
  /** What the type's own reading asks Go's YAML for, where that is another type: the message then names that one. */
  readonly readsAs?: string;
  /** For our message: 'a duration', 'a list'. */
  readonly expects: string;
  /** The value of an explicit null, and what stands in where there is no default; built anew each time. */
  readonly zero: () => T;
  /** True where Go's zero value is outside the type (an enumeration): null and '' then count as absent. */
  readonly emptyIsAbsent?: boolean;
  /** `node` is not null. */
  readonly read: (node: YamlNode, sink: DiagnosticSink) => T | Failed;
};

export type DecodedBy<D> = D extends Decoder<infer T> ? T : never;

/** The whole of a node: null gives zero, and so does a failure. */
export function decode<T>(node: YamlNode, decoder: Decoder<T>, sink: DiagnosticSink): T {
  if (isNull(node)) return decoder.zero();
  const value = decoder.read(node, sink);
  return value === FAILED ? decoder.zero() : value;
}

export type ObjectDecoder<T> = Decoder<T> & {
  /** The names that `read` asks for. */
  readonly fieldNames: () => readonly string[];
};

/** A struct; `read` asks for each field once. */
export function object<T>(goType: string, read: (fields: Fields) => T): ObjectDecoder<T> {
  const noFields = (): Fields => new Fields(emptyMap(NO_FILE), goType, new DiagnosticSink());
  return {
    goType,
    expects: 'a map of fields',
    zero: () => read(noFields()),
    fieldNames: () => {
      const fields = noFields();
      read(fields);
      return fields.askedNames();
    },
    read: (node, sink) => {
      if (node.kind !== 'map') return wrongType(node, { goType, expects: 'a map of fields' }, sink);
      const fields = new Fields(node, goType, sink);
      const value = read(fields);
      fields.finish();
      return value;
    },
  };
}

/** `emptyItem`: what to say to an item that is null, or what to make of it; else it reads as zero. */
export function list<T>(
  item: Decoder<T>,
  emptyItem?: string | ((node: YamlNode, sink: DiagnosticSink) => T | Failed),
): Decoder<readonly T[]> {
  const goType = `[]${item.goType}`;
  return {
    goType,
    expects: 'a list',
    zero: () => [],
    read: (node, sink) => {
      if (node.kind !== 'list')
        return wrongType(node, { goType, expects: 'a list' }, sink, 'write each item on a line of its own, after "- "');
      const values: T[] = [];
      for (const element of node.items) {
        let value: T | Failed;
        if (!isNull(element)) value = item.read(element, sink);
        else if (emptyItem === undefined) value = item.zero();
        else if (typeof emptyItem === 'function') value = emptyItem(element, sink);
        else value = failAt(element, sink)({ code: 'missing_field', message: emptyItem });
        if (value !== FAILED) values.push(value);
      }
      return values;
    },
  };
}

/** A map whose keys are the user's; `key` checks them. The record has no prototype. */
export function record<T>(value: Decoder<T>, key?: Decoder<string>): Decoder<Readonly<Record<string, T>>> {
  const goType = `map[string]${value.goType}`;
  return {
    goType,
    expects: 'a map',
    zero: () => Object.create(null) as Record<string, T>,
    read: (node, sink) => {
      if (node.kind !== 'map') return wrongType(node, { goType, expects: 'a map' }, sink);
      const entries: Record<string, T> = Object.create(null);
      const first = new Map<string, YamlEntry>();
      for (const entry of node.entries) {
        const name = isNull(entry.key) ? '' : key === undefined ? entry.key.text : key.read(entry.key, sink);
        const earlier = first.get(entry.key.text);
        if (earlier !== undefined) {
          reportTwice(entry, earlier, (line) => `line ${line}: key "${entry.key.text}" already set in map`, sink);
          continue;
        }
        first.set(entry.key.text, entry);
        const decoded = isNull(entry.value) ? value.zero() : value.read(entry.value, sink);
        if (name !== FAILED && decoded !== FAILED) entries[name] = decoded;
      }
      return entries;
    },
  };
}

/** Reports at the node being read, or at another one, and stands for the value. */
export type Fail = (problem: Problem, at?: YamlNode) => Failed;

/** `decoder` with a further check or conversion. Not run for a null, which is `zero`. */
export function refine<A, B>(
  decoder: Decoder<A>,
  zero: () => B,
  convert: (value: A, fail: Fail, node: YamlNode) => B | Failed,
): Decoder<B> {
  return {
    ...decoder,
    zero,
    read: (node, sink) => {
      const value = decoder.read(node, sink);
      return value === FAILED ? FAILED : convert(value, failAt(node, sink), node);
    },
  };
}

/** The node as it is, for what a later stage reads. */
export const rawNode: Decoder<YamlNode> = {
  goType: 'interface {}',
  expects: 'a value',
  zero: () => emptyMap(NO_FILE),
  read: (node) => node,
};

export function failAt(node: YamlNode, sink: DiagnosticSink): Fail {
  return (problem, at = node) => {
    sink.at(at, problem);
    return FAILED;
  };
}

/** The keys of one map while a reader asks for them. */
export class Fields {
  /** For readers that go beyond fields (references to other sections, positions inside expressions). */
  readonly map: YamlMap;
  readonly sink: DiagnosticSink;
  readonly #goType: string;
  readonly #byName = new Map<string, YamlEntry>();
  readonly #asked = new Set<string>();
  readonly #unsound = new Set<string>();

  constructor(map: YamlMap, goType: string, sink: DiagnosticSink) {
    this.map = map;
    this.#goType = goType;
    this.sink = sink;
    for (const entry of map.entries) {
      const earlier = this.#byName.get(entry.key.text);
      if (earlier === undefined) this.#byName.set(entry.key.text, entry);
      else reportTwice(entry, earlier, (line) => `line ${line}: field ${entry.key.text} already set in type ${goType}`, sink);
    }
  }

  /** A value field: absent gives `fallback` (the type's zero value where none is named), so does one that cannot be read. */
  get<T>(name: string, decoder: Decoder<T>): T;
  get<T, F>(name: string, decoder: Decoder<T>, fallback: F): T | F;
  get<T>(name: string, decoder: Decoder<T>, ...fallback: readonly T[]): T {
    this.#asked.add(name);
    const instead = (): T => (fallback.length > 0 ? (fallback[0] as T) : decoder.zero());
    const entry = this.#byName.get(name);
    if (entry === undefined) return instead();
    if (decoder.emptyIsAbsent === true && !this.isSet(name)) return instead();
    if (isNull(entry.value)) return decoder.zero();
    const errorsBefore = this.sink.errorCount;
    const value = decoder.read(entry.value, this.sink);
    if (this.sink.errorCount > errorsBefore) this.#unsound.add(name);
    return value === FAILED ? instead() : value;
  }

  /** A pointer field: null when it is absent or null. */
  optional<T>(name: string, decoder: Decoder<T>): T | null {
    this.#asked.add(name);
    return this.has(name) ? this.get<T, null>(name, decoder, null) : null;
  }

  /** Absent, null and the empty text are errors (Go cannot tell them apart). `message` is the reference's, if it has one. */
  required<T>(name: string, decoder: Decoder<T>, message?: string): T {
    const value = this.get(name, decoder);
    if (!this.isSet(name)) this.problem(name, { code: 'missing_field', message: message ?? `"${name}" is missing` });
    return value;
  }

  /** Valid for the reference and checked as there, but without effect here: a warning says so. */
  unsupported<T>(name: string, decoder: Decoder<T>, why?: string): T | null {
    const value = this.optional(name, decoder);
    this.warnNoEffect(name, why);
    return value;
  }

  /** The warning of `unsupported`, for a field that is read as usual. */
  warnNoEffect(name: string, why?: string): void {
    const message = `"${name}" is not supported and has no effect${why === undefined ? '' : `: ${why}`}`;
    if (this.has(name)) this.sink.at(this.keyPlace(name), { code: 'unsupported', severity: 'warning', message });
  }

  /** Written, and not null. */
  has(name: string): boolean {
    const entry = this.#byName.get(name);
    return entry !== undefined && !isNull(entry.value);
  }

  /** Written with something in it: neither null nor '' nor [] nor {}. */
  isSet(name: string): boolean {
    const value = this.#byName.get(name)?.value;
    if (value === undefined || isNull(value)) return false;
    switch (value.kind) {
      case 'scalar':
        return value.text !== '';
      case 'list':
        return value.items.length > 0;
      case 'map':
        return value.entries.length > 0;
    }
  }

  /** True when none of these fields had an error: their values are the user's, not a stand-in. */
  isSound(...names: readonly string[]): boolean {
    return names.every((name) => !this.#unsound.has(name));
  }

  /** The value as written; null when it is absent. */
  node(name: string): YamlNode | null {
    return this.#byName.get(name)?.value ?? null;
  }

  /** Where to point for a field: its value, or the map where it is absent or empty. */
  place(name: string): YamlNode {
    const value = this.#byName.get(name)?.value;
    return value === undefined || isNull(value) ? (this.#byName.get(name)?.key ?? this.map) : value;
  }

  keyPlace(name: string): YamlNode {
    return this.#byName.get(name)?.key ?? this.map;
  }

  /** Something wrong with a field; said unless the field already has an error. */
  problem(name: string, problem: Problem): void {
    if (!this.isSound(name)) return;
    if (problem.severity !== 'warning') this.#unsound.add(name);
    this.sink.at(this.place(name), problem);
  }

  /** Of these fields one may be set; `upstream` is the reference's text for it. */
  atMostOne(names: readonly string[], upstream?: string): void {
    this.exclude(
      names.filter((name) => this.isSet(name)),
      upstream,
    );
  }

  /** Says that the first two of `names`, all set, exclude each other; nothing for fewer than two. */
  exclude(names: readonly string[], upstream?: string): void {
    const [first, second] = names.map((name) => this.keyPlace(name)).sort(byPlace);
    if (first === undefined || second === undefined || first.kind !== 'scalar' || second.kind !== 'scalar') return;
    this.sink.at(second, {
      code: 'conflict',
      message: `"${second.text}" excludes "${first.text}" at ${describePlace(first)}`,
      hint: 'keep one of them',
      also: placeOf(first, `"${first.text}" is set here`),
      ...(upstream === undefined ? {} : { upstream }),
    });
  }

  askedNames(): readonly string[] {
    return [...this.#asked];
  }

  /** Called by `object`: what nobody asked for does not exist. */
  finish(): void {
    for (const { key } of this.#byName.values()) {
      if (this.#asked.has(key.text)) continue;
      this.sink.at(
        key,
        unknownField(key.text, [...this.#asked], `line ${lineOf(key)}: field ${key.text} not found in type ${this.#goType}`),
      );
    }
  }
}

/** Merged files have no order among them. */
const byPlace = (a: YamlNode, b: YamlNode): number => (a.source === b.source ? a.offset - b.offset : 0);

const FIELDS_LISTED_MAX = 12;

/** `known` are the fields that exist there. */
export function unknownField(name: string, known: readonly string[], upstream?: string): Problem {
  const near = nearestWord(name, known);
  const listed = known.length <= FIELDS_LISTED_MAX && known.length > 0 ? `the fields here are ${known.join(', ')}` : undefined;
  const hint = near === null ? listed : `did you mean "${near}"?`;
  return {
    code: 'unknown_field',
    message: `unknown field "${name}"`,
    ...(hint === undefined ? {} : { hint }),
    ...(upstream === undefined ? {} : { upstream: `${UNMARSHAL_ERRORS}${upstream}` }),
  };
}

/** Reports a list where a text is wanted and the like. */
export function wrongType(
  node: YamlNode,
  wanted: Pick<Decoder<unknown>, 'goType' | 'readsAs' | 'expects'>,
  sink: DiagnosticSink,
  hint?: string,
): Failed {
  const short = node.kind === 'scalar' && node.text.length > 10 ? `${node.text.slice(0, 7)}...` : node.kind === 'scalar' ? node.text : '';
  const found = node.kind === 'scalar' ? `${goTag(node)} \`${short}\`` : goTag(node);
  const got = node.kind === 'scalar' ? `"${node.text.length > 60 ? `${node.text.slice(0, 57)}…` : node.text}"` : `a ${node.kind}`;
  sink.at(node, {
    code: 'bad_type',
    message: `expected ${wanted.expects}, got ${got}`,
    upstream: `${UNMARSHAL_ERRORS}line ${lineOf(node)}: cannot unmarshal ${found} into ${wanted.readsAs ?? wanted.goType}`,
    ...(hint === undefined ? {} : { hint }),
  });
  return FAILED;
}

/** The tag that yaml.v2 gives a node when nobody asks for a type. */
function goTag(node: YamlNode): string {
  if (node.kind === 'map') return '!!map';
  if (node.kind === 'list') return '!!seq';
  if (node.tag !== null) return node.tag;
  if (node.style !== 'plain') return '!!str';
  if (isNull(node)) return '!!null';
  if (YAML_BOOLS.has(node.text)) return '!!bool';
  const number = yamlNumber(node.text);
  return number === null ? '!!str' : typeof number === 'bigint' ? '!!int' : '!!float';
}

const UNMARSHAL_ERRORS = 'yaml: unmarshal errors:\n  ';
const NO_FILE = sourceFile('', '');

/** A key that is there already; `upstream` is the reference's text for it, given the line. */
export function reportTwice(entry: YamlEntry, earlier: YamlEntry, upstream: (line: number) => string, sink: DiagnosticSink): void {
  sink.at(entry.key, {
    code: 'duplicate',
    message: `"${entry.key.text}" is already set at ${describePlace(earlier.key)}`,
    upstream: `${UNMARSHAL_ERRORS}${upstream(lineOf(entry.key))}`,
    also: placeOf(earlier.key, 'the first one'),
  });
}
