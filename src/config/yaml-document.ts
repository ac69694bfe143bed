/**
 * YAML text to nodes that know their place. Every scalar keeps its source text: what a text means is decided by the
 * field that reads it (decode.ts), as Go's YAML packages decide by the Go type, and not by how the text looks.
 *
 * Merge keys (`<<`) and aliases are resolved here; repeated keys are kept for the reader to report. Only the first
 * document of a file counts, as in Prometheus. No text makes this throw: size, depth and alias expansion are bounded.
 * The `yaml` package is used here and nowhere else, so that it can be replaced.
 */
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  type Range,
  Scalar,
  type YAMLError,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { decodeBase64 } from '../lib/base64.ts';
import type { Diagnostic, OtherPlace, Problem } from './diagnostic.ts';
import { lineText, type Position, positionAt, type SourceFile } from './source.ts';

type Place = { readonly source: SourceFile; readonly offset: number; readonly end: number };

export type YamlScalar = Place & {
  readonly kind: 'scalar';
  /** After unescaping and folding; base64 is decoded where the tag says !!binary. */
  readonly text: string;
  readonly style: 'plain' | 'quoted' | 'block';
  /** Short form of an explicit tag: '!!str', '!!int'; null without one. */
  readonly tag: string | null;
};
type YamlList = Place & { readonly kind: 'list'; readonly items: readonly YamlNode[] };
export type YamlEntry = { readonly key: YamlScalar; readonly value: YamlNode };
export type YamlMap = Place & {
  readonly kind: 'map';
  /** In order, repeated keys included; then what merge keys add. */
  readonly entries: readonly YamlEntry[];
};
export type YamlNode = YamlScalar | YamlList | YamlMap;

export type YamlDocument = {
  readonly source: SourceFile;
  /** Null when the text is not YAML; an empty text is an empty scalar, which reads as null. */
  readonly root: YamlNode | null;
  readonly diagnostics: readonly Diagnostic[];
};

const TEXT_CHARS_MAX = 32 * 1024 * 1024;
const DEPTH_MAX = 200;
/** Nodes after alias expansion; beyond it a document is refused when aliases make it more than ALIAS_FACTOR_MAX times what is written. */
const EXPANDED_NODES_FREE = 1_000_000;
const ALIAS_FACTOR_MAX = 10;
/** The parser's later errors mostly follow from its first. */
const SYNTAX_ERRORS_SHOWN_MAX = 3;

export function parseYaml(source: SourceFile): YamlDocument {
  const whole = { source, offset: 0, end: source.text.length };
  if (source.text.length > TEXT_CHARS_MAX) {
    const problem = badYaml(`the file has ${source.text.length} characters; at most ${TEXT_CHARS_MAX} are read`);
    return { source, root: null, diagnostics: [diagnosticAt(whole, problem)] };
  }
  if (source.brokenAt !== null) {
    const problem = badYaml('the file is not UTF-8 text here', 'save it as UTF-8', 'yaml: invalid leading UTF-8 octet');
    return { source, root: null, diagnostics: [diagnosticAt({ source, offset: source.brokenAt }, problem)] };
  }
  const strict = readDocuments(new Parser().parse(source.text));
  const lenient = strict.errors.length > 0 ? readDocuments(lenientTokens(source.text)) : strict;
  const { first, second, errors } = lenient.errors.length > 0 ? strict : lenient;
  if (first === undefined) return { source, root: { ...whole, kind: 'scalar', text: '', style: 'plain', tag: null }, diagnostics: [] };
  if (errors.length > 0) {
    return { source, root: null, diagnostics: errors.slice(0, SYNTAX_ERRORS_SHOWN_MAX).map((error) => syntaxError(source, error)) };
  }
  const builder = new NodeBuilder(source);
  const root = builder.build(first.contents);
  const diagnostics = [...builder.diagnostics];
  if (second !== undefined) {
    const message = 'the file has several YAML documents; only the first is read';
    diagnostics.push(diagnosticAt({ source, offset: second.range[0] }, { code: 'unsupported', severity: 'warning', message }));
  }
  return { source, root: diagnostics.some(({ severity }) => severity === 'error') ? null : root, diagnostics };
}

type Documents = {
  readonly first: Document.Parsed | undefined;
  readonly second: Document.Parsed | undefined;
  readonly errors: readonly YAMLError[];
};

/** The first two documents and the errors of the first. */
function readDocuments(tokens: Iterable<CST.Token>): Documents {
  const composer = new Composer({ schema: 'failsafe', resolveKnownTags: false, uniqueKeys: false, logLevel: 'silent' });
  const documents = composer.compose(tokens);
  const first = documents.next().value ?? undefined;
  const second = first === undefined || first.errors.length > 0 ? undefined : (documents.next().value ?? undefined);
  return { first, second, errors: first?.errors ?? [] };
}

/** What `lenientTokens` needs of the lexer; private there, pinned by the version and by a test. */
type LexerParts = { indentNext: number } & Record<'parseFlowCollection' | 'parseQuotedScalar', () => Generator<string, unknown>>;

/**
 * As libyaml reads, which Go's packages follow: the lines of a quoted text and of [] and {} may start anywhere, where
 * YAML wants them indented deeper than their key. Tried only on texts that have errors otherwise, whose places are better.
 */
function* lenientTokens(text: string): Generator<CST.Token> {
  const lexer = new Lexer();
  const parts = lexer as unknown as LexerParts;
  for (const name of ['parseFlowCollection', 'parseQuotedScalar'] as const) {
    const strict = parts[name].bind(lexer);
    parts[name] = function* () {
      const { indentNext } = parts;
      parts.indentNext = 0;
      const next = yield* strict();
      parts.indentNext = indentNext;
      return next;
    };
  }
  const parser = new Parser();
  for (const lexeme of lexer.lex(text)) yield* parser.next(lexeme);
  yield* parser.end();
}

/** `~`, `null` or nothing, not quoted: Go leaves the zero value for it. */
export function isNull(node: YamlNode): boolean {
  return (
    node.kind === 'scalar' &&
    (node.tag === null || node.tag === '!!null') &&
    node.style === 'plain' &&
    /^(?:|~|null|Null|NULL)$/.test(node.text)
  );
}

/** An empty map for readers that must give a value where the file has none. */
export const emptyMap = (source: SourceFile): YamlMap => ({ source, offset: 0, end: 0, kind: 'map', entries: [] });

export function diagnosticAt(place: Pick<Place, 'source' | 'offset'>, problem: Problem): Diagnostic {
  return { severity: 'error', ...problem, file: place.source.path, ...positionAt(place.source, place.offset) };
}

/** The second place of a diagnostic. */
export function placeOf(place: Pick<Place, 'source' | 'offset'>, what: string): OtherPlace {
  return { file: place.source.path, ...positionAt(place.source, place.offset), what };
}

/** file:line:col, for messages that name a second place. */
export function describePlace(place: Pick<Place, 'source' | 'offset'>): string {
  const { line, col } = positionAt(place.source, place.offset);
  return `${place.source.path}:${line}:${col}`;
}

export const lineOf = ({ source, offset }: Pick<Place, 'source' | 'offset'>): number => positionAt(source, offset).line;

/**
 * Where a character of a scalar's text stands in the file, for errors inside PromQL and templates. Exact for plain,
 * quoted and literal (`|`) text; where folding or escapes moved characters, the start of the scalar.
 */
export function positionInScalar(node: YamlScalar, index: number): Position {
  const { source, offset, end, text, style } = node;
  const start = positionAt(source, offset);
  if (style === 'block') {
    const before = text.slice(0, index).split('\n');
    const content = literalStart(node, start.line);
    if (content === null) return start;
    return { line: content.line + before.length - 1, col: content.col + (before.at(-1)?.length ?? 0) };
  }
  const skip = style === 'quoted' ? 1 : 0;
  const isVerbatim = source.text.slice(offset + skip, end - skip) === text;
  return isVerbatim && !text.includes('\n') ? positionAt(source, offset + skip + index) : start;
}

/** First character of a literal block's text; null for a folded block (`>`). */
function literalStart(node: YamlScalar, headerLine: number): Position | null {
  const header = node.source.text[node.offset];
  if (header !== '|') return null;
  const first = node.text.split('\n').findIndex((line) => line !== '');
  if (first < 0) return null;
  const raw = lineText(node.source, headerLine + 1 + first);
  const col = raw.length - (node.text.split('\n')[first]?.length ?? 0) + 1;
  return { line: headerLine + 1, col };
}

const badYaml = (message: string, hint?: string, upstream?: string): Problem => ({
  code: 'bad_yaml',
  message,
  ...(hint === undefined ? {} : { hint }),
  ...(upstream === undefined ? {} : { upstream }),
});

/** What an anchor names, and how large it is once its own aliases are written out. */
type Anchored = { readonly node: YamlNode; readonly size: number; readonly levels: number };

/**
 * Copies the library's tree into ours. Aliased nodes are shared, so memory stays with what is written; what readers
 * will walk is counted: `#written` plus, for each alias, the size of what it names.
 */
class NodeBuilder {
  readonly diagnostics: Diagnostic[] = [];
  readonly #source: SourceFile;
  /** By anchor, the latest definition; null while it is being built, so that an alias to itself is seen. */
  readonly #anchors = new Map<string, Anchored | null>();
  #written = 0;
  #fromAliases = 0;
  /** Of the node being built and all in it. */
  #deepest = 0;
  #isTooLarge = false;

  constructor(source: SourceFile) {
    this.#source = source;
  }

  build(root: unknown): YamlNode {
    return this.#node(root, 0);
  }

  #node(from: unknown, depth: number): YamlNode {
    this.#written++;
    if (depth > this.#deepest) this.#deepest = depth;
    if (isScalar(from)) return this.#scalar(from);
    if (isAlias(from)) return this.#alias(from.source, this.#place(from.range), depth);
    if (isMap(from) || isSeq(from)) {
      const place = this.#place(from.range);
      if (depth > DEPTH_MAX) return this.#refuse(place, badYaml(`nested deeper than ${DEPTH_MAX} levels`));
      return from.anchor === undefined ? this.#collection(from, place, depth) : this.#anchored(from, from.anchor, place, depth);
    }
    return this.#nothing(0);
  }

  #anchored(from: YAMLMap | YAMLSeq, anchor: string, place: Place, depth: number): YamlNode {
    const sizeBefore = this.#written + this.#fromAliases;
    const deepestBefore = this.#deepest;
    this.#anchors.set(anchor, null);
    this.#deepest = depth;
    const node = this.#collection(from, place, depth);
    this.#anchors.set(anchor, { node, size: this.#written + this.#fromAliases - sizeBefore + 1, levels: this.#deepest - depth });
    this.#deepest = Math.max(deepestBefore, this.#deepest);
    return node;
  }

  #collection(from: YAMLMap | YAMLSeq, { source, offset, end }: Place, depth: number): YamlNode {
    if (isMap(from)) return { kind: 'map', source, offset, end, entries: this.#entries(from.items, depth) };
    return { kind: 'list', source, offset, end, items: from.items.map((item) => this.#node(item, depth + 1)) };
  }

  #entries(pairs: readonly unknown[], depth: number): readonly YamlEntry[] {
    const entries: YamlEntry[] = [];
    const merged: { readonly at: YamlScalar; readonly node: YamlNode }[] = [];
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const key = this.#node(pair.key, depth + 1);
      // A key without a value: its place is just behind the key.
      const value = pair.value === null ? this.#nothing(key.end) : this.#node(pair.value, depth + 1);
      if (key.kind !== 'scalar') this.#report(key, badYaml('a key must be a text', 'quote a text that starts with { or [: "{{ $value }}"'));
      else if (key.text === '<<' && key.style === 'plain') merged.push({ at: key, node: value });
      else entries.push({ key, value });
    }
    for (const { at, node } of merged) this.#merge(entries, at, node);
    return entries;
  }

  /** Keys written in the map win over merged ones, an earlier merged map over a later. */
  #merge(into: YamlEntry[], at: YamlScalar, from: YamlNode): void {
    const maps = from.kind === 'list' ? from.items : [from];
    const taken = new Set(into.map(({ key }) => key.text));
    for (const map of maps) {
      if (map.kind !== 'map') {
        const upstream = 'map merge requires map or sequence of maps as the value';
        this.#report(at, badYaml('"<<" merges a map or a list of maps', 'write <<: *anchor', upstream));
        return;
      }
      for (const entry of map.entries) if (!taken.has(entry.key.text)) into.push(entry);
      for (const { key } of map.entries) taken.add(key.text);
    }
  }

  #alias(name: string, place: Place, depth: number): YamlNode {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      return this.#refuse(
        place,
        badYaml(`the anchor &${name} is not defined above`, undefined, `yaml: unknown anchor '${name}' referenced`),
      );
    }
    if (target === null) {
      const upstream = `yaml: anchor '${name}' value contains itself`;
      return this.#refuse(place, badYaml(`*${name} stands inside the value that &${name} names`, undefined, upstream));
    }
    this.#fromAliases += target.size;
    this.#deepest = Math.max(this.#deepest, depth + target.levels);
    if (depth + target.levels > DEPTH_MAX) return this.#refuse(place, badYaml(`nested deeper than ${DEPTH_MAX} levels`));
    if (this.#fromAliases > EXPANDED_NODES_FREE && this.#fromAliases > this.#written * ALIAS_FACTOR_MAX && !this.#isTooLarge) {
      this.#isTooLarge = true;
      this.#report(place, badYaml('aliases make this document too large', undefined, 'yaml: document contains excessive aliasing'));
    }
    return target.node;
  }

  #scalar(from: Scalar): YamlScalar {
    const source = this.#source;
    const offset = from.range?.[0] ?? 0;
    const end = from.range?.[1] ?? offset;
    const text = typeof from.value === 'string' ? from.value : '';
    const style = STYLES.get(from.type) ?? 'quoted';
    const tag = from.tag === undefined ? null : from.tag.replace(/^tag:yaml\.org,2002:/, '!!');
    const node: YamlScalar = { kind: 'scalar', source, offset, end, text, style, tag };
    const built = tag === '!!binary' ? this.#binary(node) : node;
    if (from.anchor !== undefined) this.#anchors.set(from.anchor, { node: built, size: 1, levels: 0 });
    return built;
  }

  #binary(node: YamlScalar): YamlScalar {
    const bytes = decodeBase64(node.text);
    if (bytes !== null) return { ...node, text: utf8Text(bytes), style: 'quoted', tag: '!!str' };
    return this.#refuse(
      node,
      badYaml('the text after !!binary is not base64', undefined, 'yaml: !!binary value contains invalid base64 data'),
    );
  }

  #place(range: Range | null | undefined): Place {
    return { source: this.#source, offset: range?.[0] ?? 0, end: range?.[1] ?? 0 };
  }

  #nothing(offset: number): YamlScalar {
    return { kind: 'scalar', source: this.#source, offset, end: offset, text: '', style: 'plain', tag: null };
  }

  #refuse(place: Place, problem: Problem): YamlScalar {
    this.#report(place, problem);
    return this.#nothing(place.offset);
  }

  #report(place: Place, problem: Problem): void {
    this.diagnostics.push(diagnosticAt(place, problem));
  }
}

const STYLES: ReadonlyMap<unknown, YamlScalar['style']> = new Map([
  [Scalar.PLAIN, 'plain'],
  [Scalar.BLOCK_LITERAL, 'block'],
  [Scalar.BLOCK_FOLDED, 'block'],
] as const);

/** Bytes as text. A byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte, which no check of names lets pass. */
function utf8Text(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(bytes);
  return text.includes('\ufffd') ? Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('') : text;
}

const HINTS: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  TAB_AS_INDENT: 'indent with spaces; YAML allows no tabs there',
  BAD_INDENT: 'lines of one map or list start in the same column',
  MISSING_CHAR: 'a key is followed by a colon and a space; a quote or bracket that was opened is closed',
  BAD_DQ_ESCAPE: 'in double quotes a backslash is written \\\\; single quotes take it as it is',
  BAD_SCALAR_START: "quote a text that starts with @, `, %, |, > or another of YAML's signs",
  MULTILINE_IMPLICIT_KEY: 'is a colon or a closing quote missing on this line?',
  BLOCK_AS_IMPLICIT_KEY: 'quote a text that holds ": "',
  BLOCK_IN_FLOW: 'close the bracket before a new key or list item starts',
};

function syntaxError(source: SourceFile, error: YAMLError): Diagnostic {
  const offset = Math.min(error.pos[0], source.text.length);
  const message = error.message.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase());
  const upstream = `yaml: line ${lineOf({ source, offset })}: ${message}`;
  // Of what is not closed the parser tells where it noticed; what helps is where it began.
  const quote = /^missing closing (["'])quote/.exec(message)?.[1];
  const bracket = /^flow .* must be sufficiently indented and end with a ([\]}])$/.exec(message)?.[1];
  const before = source.text.slice(0, offset);
  const opened = quote !== undefined ? openingQuote(before, quote) : bracket !== undefined ? openingBracket(before, bracket) : null;
  if (opened === null) return diagnosticAt({ source, offset }, badYaml(`not valid YAML: ${message}`, HINTS[error.code], upstream));
  const what = quote !== undefined ? 'quote' : 'bracket';
  return diagnosticAt({ source, offset: opened }, badYaml(`not valid YAML: this ${what} is not closed`, undefined, upstream));
}

/** The last bracket that can begin a list or map and has no counterpart behind it; null when the text shows none. */
function openingBracket(text: string, closing: string): number | null {
  const opening = closing === ']' ? '[' : '{';
  let closed = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    if (text[at] === closing) closed++;
    else if (text[at] === opening && closed > 0) closed--;
    else if (text[at] === opening && (at === 0 || /[\s[{,]/.test(text[at - 1] ?? ''))) return at;
  }
  return null;
}

/** The last quote that can begin a scalar. */
function openingQuote(text: string, quote: string): number {
  for (let at = text.lastIndexOf(quote); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(quote, at - 1)) {
    if (at === 0 || /[\s[{,]/.test(text[at - 1] ?? '')) return at;
  }
  return text.length;
}
