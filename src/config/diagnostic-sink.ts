/** Collects what readers find wrong, and which nodes are secrets; one sink for all files of a load. */
import type { Diagnostic, Problem } from './diagnostic.ts';
import type { SourceFile } from './source.ts';
import { diagnosticAt, type YamlDocument, type YamlNode, type YamlScalar } from './yaml-document.ts';

const KEPT_MAX = 1000;

export class DiagnosticSink {
  /** By place and message: an aliased node is read at each use, its faults are told once. */
  readonly #byKey = new Map<string, Diagnostic>();
  readonly #secrets = new Set<YamlScalar>();
  readonly #sources = new Map<string, SourceFile>();
  #errorCount = 0;

  at(node: Pick<YamlNode, 'source' | 'offset'>, problem: Problem): void {
    this.#sources.set(node.source.path, node.source);
    this.add(diagnosticAt(node, problem));
  }

  /** A file that diagnostics given to `add` point into. */
  addSource(source: SourceFile): void {
    this.#sources.set(source.path, source);
  }

  /** What parsing found. */
  addDocument({ source, diagnostics }: YamlDocument): void {
    this.addSource(source);
    for (const diagnostic of diagnostics) this.add(diagnostic);
  }

  add(diagnostic: Diagnostic): void {
    if (diagnostic.severity === 'error') this.#errorCount++;
    const key = `${diagnostic.file}:${diagnostic.line}:${diagnostic.col}:${diagnostic.message}`;
    if (this.#byKey.size < KEPT_MAX && !this.#byKey.has(key)) this.#byKey.set(key, diagnostic);
  }

  /** Grows with every error, also those not kept: equal before and after means that nothing went wrong between. */
  get errorCount(): number {
    return this.#errorCount;
  }

  addSecret(node: YamlScalar): void {
    this.#secrets.add(node);
  }

  /** The scalars that were read as secrets: what a printed configuration must mask. */
  secrets(): ReadonlySet<YamlScalar> {
    return this.#secrets;
  }

  /** By path: the files that diagnostics point into, for printing them. */
  sources(): ReadonlyMap<string, SourceFile> {
    return this.#sources;
  }

  /** By file in order of first mention, then by place. */
  diagnostics(): readonly Diagnostic[] {
    const all = [...this.#byKey.values()];
    const files = [...new Set(all.map(({ file }) => file))];
    return all.sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.col - b.col);
  }
}
