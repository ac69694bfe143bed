/**
 * Which of many regular expressions match a value, without running them all: a pattern is looked up by a text that its
 * matches must contain (regex-literals.ts), and what a value was found to match is remembered, so that a pattern meets each
 * value of a label once and not once for each alert. Patterns without such a text meet every value.
 *
 * Hot path: `matching`, for every alert of every flush and read that has a new silence to look for.
 */
import type { Regex } from '../model/regex.ts';

type Entry<T> = {
  readonly item: T;
  readonly regex: Regex;
  /** By which it is found; null: by none. */
  readonly keys: readonly string[] | null;
};

/** What a value matches among as many of the history as it was asked about. */
type Seen<T> = { readonly found: T[]; asked: number };

/** Values that are remembered, at most. */
const SEEN_VALUES_MAX = 20_000;
/** Lengths of the keys: a needed text is filed under a piece of the largest of these that it has. */
const KEY_LENGTHS = [8, 4, 2, 1];

export class PatternIndex<T> {
  readonly #entries = new Map<T, Entry<T>>();
  readonly #byKey = new Map<string, Set<Entry<T>>>();
  /** How many different keys of each length there are. */
  readonly #keysOfLength = new Map(KEY_LENGTHS.map((length) => [length, 0]));
  readonly #keyless = new Set<Entry<T>>();
  /** Entries in the order they came; those that left stay until they are many. */
  #history: Entry<T>[] = [];
  readonly #seen = new Map<string, Seen<T>>();

  /** How many patterns meet the values that one with these needed texts would meet. */
  crowd(needs: readonly string[]): number {
    return needs.reduce((crowd, needed) => crowd + this.#crowdOf(this.#keyOf(needed)), 0);
  }

  /** An item that is not in yet. */
  add(item: T, regex: Regex): void {
    const keys = regex.needs === null ? null : [...new Set(regex.needs.map((needed) => this.#keyOf(needed)))];
    const entry: Entry<T> = { item, regex, keys };
    this.#entries.set(item, entry);
    this.#history.push(entry);
    if (keys === null) this.#keyless.add(entry);
    for (const key of keys ?? []) {
      const entries = this.#byKey.get(key);
      if (entries !== undefined) entries.add(entry);
      else {
        this.#byKey.set(key, new Set([entry]));
        this.#countKey(key, 1);
      }
    }
  }

  remove(item: T): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    this.#entries.delete(item);
    this.#keyless.delete(entry);
    for (const key of entry.keys ?? []) {
      const entries = this.#byKey.get(key);
      entries?.delete(entry);
      if (entries?.size === 0) {
        this.#byKey.delete(key);
        this.#countKey(key, -1);
      }
    }
    if (this.#history.length > 2 * this.#entries.size) {
      this.#history = this.#history.filter((known) => this.#entries.has(known.item));
      this.#seen.clear();
    }
  }

  matching(value: string): readonly T[] {
    if (this.#entries.size === 0) return [];
    const known = this.#seen.get(value) ?? this.#meet(value);
    for (; known.asked < this.#history.length; known.asked++) {
      const entry = this.#history[known.asked];
      if (entry !== undefined && this.#entries.has(entry.item) && entry.regex.matches(value)) known.found.push(entry.item);
    }
    return known.found.filter((item) => this.#entries.has(item));
  }

  #meet(value: string): Seen<T> {
    if (this.#seen.size >= SEEN_VALUES_MAX) this.#seen.clear();
    const found = new Set<T>();
    const check = ({ item, regex }: Entry<T>): void => {
      if (!found.has(item) && regex.matches(value)) found.add(item);
    };
    this.#keyless.forEach(check);
    for (const length of KEY_LENGTHS) {
      if (this.#keysOfLength.get(length) === 0) continue;
      for (let at = 0; at + length <= value.length; at++) this.#byKey.get(value.slice(at, at + length))?.forEach(check);
    }
    const seen = { found: [...found], asked: this.#history.length };
    this.#seen.set(value, seen);
    return seen;
  }

  /** The piece of a needed text that the fewest are filed under. */
  #keyOf(needed: string): string {
    const length = KEY_LENGTHS.find((candidate) => candidate <= needed.length) ?? 1;
    let best = needed.slice(0, length);
    for (let at = 1; at + length <= needed.length && this.#crowdOf(best) > 0; at++) {
      const key = needed.slice(at, at + length);
      if (this.#crowdOf(key) < this.#crowdOf(best)) best = key;
    }
    return best;
  }

  #crowdOf(key: string): number {
    return this.#byKey.get(key)?.size ?? 0;
  }

  #countKey({ length }: string, change: number): void {
    this.#keysOfLength.set(length, (this.#keysOfLength.get(length) ?? 0) + change);
  }
}
