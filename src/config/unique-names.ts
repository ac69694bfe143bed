/** Names that must not be given twice: jobs, groups, receivers, time intervals, users. */
import { goQuote } from '../lib/go-quote.ts';
import type { DiagnosticSink } from './diagnostic-sink.ts';
import { describePlace, placeOf, type YamlNode } from './yaml-document.ts';

export class UniqueNames {
  readonly #first = new Map<string, YamlNode>();
  readonly #what: string;
  readonly #sink: DiagnosticSink;

  /** `what` has a name: 'job', 'receiver'. */
  constructor(what: string, sink: DiagnosticSink) {
    this.#what = what;
    this.#sink = sink;
  }

  /** Reports a name that is already there, with both places; `upstream` is the reference's text for it. */
  add(name: string, at: YamlNode, upstream: string): void {
    const first = this.#first.get(name);
    if (first === undefined) {
      this.#first.set(name, at);
      return;
    }
    const message = `${this.#what} ${goQuote(name)} is already defined at ${describePlace(first)}`;
    this.#sink.at(at, { code: 'duplicate', message, upstream, also: placeOf(first, 'the first one') });
  }

  /** Where the name was given first. */
  placeOf(name: string): YamlNode | undefined {
    return this.#first.get(name);
  }
}

/** The names that the maps of a list give under `field`, with their places; empty ones left out. */
export function namesIn(list: YamlNode | null, field: string): readonly { readonly name: string; readonly at: YamlNode }[] {
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item) => {
    const at = item.kind === 'map' ? item.entries.find(({ key }) => key.text === field)?.value : undefined;
    return at?.kind === 'scalar' && at.text !== '' ? [{ name: at.text, at }] : [];
  });
}
