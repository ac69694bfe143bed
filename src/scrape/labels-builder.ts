/**
 * A label set under change. Order matters for labelmap, whose later writes win: labels of the base come first, sorted,
 * then changed and new ones in the order in which they were first set (prometheus/model/labels Builder.Range).
 */
import { Labels } from '../model/labels.ts';

export class LabelsBuilder {
  readonly #base: Labels;
  /** Of the base, what is neither changed nor removed; null while that is all of it. */
  #kept: Map<string, string> | null = null;
  readonly #set = new Map<string, string>();

  constructor(base: Labels) {
    this.#base = base;
  }

  /** '' when absent. */
  get(name: string): string {
    return this.#set.get(name) ?? (this.#kept === null ? this.#base.get(name) : (this.#kept.get(name) ?? ''));
  }

  /** An empty value removes the label. */
  set(name: string, value: string): void {
    this.#detach().delete(name);
    if (value === '') this.#set.delete(name);
    else this.#set.set(name, value);
  }

  delete(name: string): void {
    this.set(name, '');
  }

  /** A copy: changes made while going through it do not show. */
  pairs(): (readonly [name: string, value: string])[] {
    return [...(this.#kept ?? this.#base), ...this.#set];
  }

  labels(): Labels {
    return this.#kept === null ? this.#base : Labels.fromPairs(this.pairs());
  }

  #detach(): Map<string, string> {
    this.#kept ??= new Map(this.#base);
    return this.#kept;
  }
}
