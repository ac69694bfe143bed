/**
 * Which of many regular expressions match a value, without running them all: a pattern is looked up by a text that its
 * matches must contain (regex-literals.ts), folded where the pattern folds case. Patterns without such a text, or with one
 * that many have, run together as automata (regex-set.ts). What a value was found to match is remembered, so that a pattern
 * meets each value of a label once and not once for each alert.
 *
 * Hot path: `eachMatching`, for every alert of every flush and read that has a new silence to look for.
 */
import type { Regex } from '../model/regex.ts';
import { foldCase } from '../model/regex-literals.ts';
import { type RegexProgram, RegexSet } from '../model/regex-set.ts';

type Entry<T> = {
  readonly item: T;
  readonly regex: Regex;
  /** By which it is found; null: by none. */
  readonly keys: readonly string[] | null;
  isGone: boolean;
};

/** What a value matches among as many of the history as it was asked about. */
type Seen<T> = { readonly found: Entry<T>[]; asked: number };

/** Patterns that run together, and those that left since. */
type Together<T> = { readonly entries: readonly Entry<T>[]; readonly set: RegexSet; left: number };

/** Lengths of the keys: a needed text is filed under a piece of the largest of these that it has. */
const KEY_LENGTHS = [8, 4, 2, 1];
/** Patterns that are found by one key and asked one by one. */
const KEY_CROWD_MAX = 16;
/** Patterns without a key that are asked one by one, until they run together. */
const LOOSE_MAX = 16;
/** Patterns, and instructions of their programs, that run together. */
const TOGETHER_MAX = 32;
const TOGETHER_INSTRUCTIONS_MAX = 4096;
/** Parts that a set which gives up is taken apart into. */
const PARTS = 4;
/** A value that is that far behind the history meets all patterns again rather than the newest one by one. */
const BEHIND_MAX = 32;

export class PatternIndex<T> {
  readonly #shared: SharedByPatterns;
  readonly #entries = new Map<T, Entry<T>>();
  /** Under a folded piece of a text with its case folded, those that fold case. */
  readonly #plain = new KeyIndex<Entry<T>>();
  readonly #folded = new KeyIndex<Entry<T>>();
  readonly #loose = new Set<Entry<T>>();
  #together: Together<T>[] = [];
  readonly #togetherOf = new Map<Entry<T>, Together<T>>();
  /** Entries in the order they came; those that left stay until they are many. */
  #history: Entry<T>[] = [];
  readonly #seen = new Map<string, Seen<T>>();

  constructor(shared: SharedByPatterns) {
    this.#shared = shared;
  }

  /** How many patterns meet the values that this one would meet; infinite for one that meets all of them. */
  crowd({ needs, foldsCase }: Regex): number {
    const keys = needs && this.#keyIndex(foldsCase).keysOf(needs);
    return keys === null ? Number.POSITIVE_INFINITY : keys.reduce((crowd, key) => crowd + this.#keyIndex(foldsCase).crowd(key), 0);
  }

  /** An item that is not in yet. */
  add(item: T, regex: Regex): void {
    const index = this.#keyIndex(regex.foldsCase);
    const keys = regex.needs && index.keysOf(regex.needs);
    const entry: Entry<T> = { item, regex, keys, isGone: false };
    this.#entries.set(item, entry);
    this.#history.push(entry);
    if (keys === null) this.#loosen(entry);
    else for (const key of keys) index.add(key, entry);
  }

  remove(item: T): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    this.#entries.delete(item);
    entry.isGone = true;
    this.#loose.delete(entry);
    for (const key of entry.keys ?? []) this.#keyIndex(entry.regex.foldsCase).remove(key, entry);
    this.#leave(entry);
    if (this.#history.length > 2 * this.#entries.size) {
      this.#history = this.#history.filter(({ isGone }) => !isGone);
      this.#seen.clear();
    }
  }

  eachMatching(value: string, visit: (item: T) => void): void {
    if (this.#entries.size === 0) return;
    let known = this.#seen.get(value);
    if (known === undefined || this.#history.length - known.asked > BEHIND_MAX) known = this.#meet(value);
    for (; known.asked < this.#history.length; known.asked++) {
      const entry = this.#history[known.asked];
      if (entry === undefined || entry.isGone || !entry.regex.matches(value)) continue;
      this.#shared.hold(this.#seen, 1);
      known.found.push(entry);
    }
    for (const { item, isGone } of known.found) if (!isGone) visit(item);
  }

  #meet(value: string): Seen<T> {
    const found: Entry<T>[] = [];
    const check = (entry: Entry<T>): void => {
      if (entry.regex.matches(value)) found.push(entry);
    };
    /** A key may be in the value more than once. */
    const met = new Set<Entry<T>>();
    const checkOnce = (entry: Entry<T>): void => {
      if (met.size < met.add(entry).size) check(entry);
    };
    this.#plain.visit(value, checkOnce);
    if (!this.#folded.isEmpty()) this.#folded.visit(foldCase(value), checkOnce);
    for (const _ of this.bringTogether());
    this.#loose.forEach(check);
    for (const together of this.#together) this.#ask(together, value, found);
    const seen = { found, asked: this.#history.length };
    this.#shared.hold(this.#seen, SEEN_VALUE_COST + found.length);
    this.#seen.set(value, seen);
    return seen;
  }

  #ask(together: Together<T>, value: string, found: Entry<T>[]): void {
    const matches = together.set.matching(value);
    if (matches !== null) {
      for (const at of matches) {
        const entry = together.entries[at] as Entry<T>;
        if (!entry.isGone) found.push(entry);
      }
      return;
    }
    this.#together = this.#together.filter((other) => other !== together);
    const { entries } = together;
    const size = Math.ceil(entries.length / PARTS);
    for (let from = 0; from < entries.length; from += size) {
      const part = entries.slice(from, from + size).filter(({ isGone }) => !isGone);
      if (part.length > 0)
        this.#ask(
          this.#run(
            part,
            part.map(({ regex }) => regex.program()),
          ),
          value,
          found,
        );
    }
  }

  /** Lets those without a key run together once they are many; stops after each automaton. Those that look alike share states. */
  *bringTogether(): Generator<void, void> {
    if (this.#loose.size <= LOOSE_MAX) return;
    let part: Entry<T>[] = [];
    let programs: RegexProgram[] = [];
    let instructions = 0;
    for (const entry of [...this.#loose].sort((a, b) => (a.regex.source < b.regex.source ? -1 : 1))) {
      // Whoever could not wait has done the rest, or it has left.
      if (!this.#loose.has(entry)) continue;
      const program = entry.regex.program();
      if (part.length === TOGETHER_MAX || (part.length > 0 && instructions + program.inst.length > TOGETHER_INSTRUCTIONS_MAX)) {
        this.#run(part, programs);
        yield;
        part = [];
        programs = [];
        instructions = 0;
        if (!this.#loose.has(entry)) continue;
      }
      part.push(entry);
      programs.push(program);
      instructions += program.inst.length;
    }
    if (part.length > 0) this.#run(part, programs);
  }

  #run(entries: readonly Entry<T>[], programs: readonly RegexProgram[]): Together<T> {
    const together = { entries, set: new RegexSet(programs), left: 0 };
    for (const entry of entries) {
      this.#togetherOf.set(entry, together);
      this.#loose.delete(entry);
    }
    this.#together.push(together);
    return together;
  }

  #loosen(entry: Entry<T>): void {
    this.#loose.add(entry);
    if (this.#loose.size > LOOSE_MAX) this.#shared.apart.add(this);
  }

  /** Of a set that half have left, the others wait for new company. */
  #leave(entry: Entry<T>): void {
    const together = this.#togetherOf.get(entry);
    if (together === undefined) return;
    this.#togetherOf.delete(entry);
    together.left++;
    if (2 * together.left < together.entries.length) return;
    this.#together = this.#together.filter((other) => other !== together);
    for (const other of together.entries) if (this.#togetherOf.delete(other)) this.#loosen(other);
  }

  #keyIndex(foldsCase: boolean): KeyIndex<Entry<T>> {
    return foldsCase ? this.#folded : this.#plain;
  }
}

/** What several indexes have in common: how much they remember of values, and which of them have work that can be done before it is needed. */
export class SharedByPatterns {
  /** With patterns that are to be brought together. */
  readonly apart = new Set<PatternIndex<unknown>>();
  readonly #maps = new Set<Map<string, unknown>>();
  #held = 0;

  /** Brings together what is apart; stops every few milliseconds of it. */
  *bringTogether(): Generator<void, void> {
    for (const index of this.apart) {
      yield* index.bringTogether();
      this.apart.delete(index);
    }
  }

  /** Before `cost` more is put into the map; in machine words, about. */
  hold(map: Map<string, unknown>, cost: number): void {
    if (this.#held + cost > HELD_MAX) {
      for (const held of this.#maps) held.clear();
      this.#maps.clear();
      this.#held = 0;
    }
    this.#maps.add(map);
    this.#held += cost;
  }
}

const HELD_MAX = 2_000_000;
/** Of a value, besides what it matches. */
const SEEN_VALUE_COST = 24;

/** Entries by pieces of texts. */
class KeyIndex<E> {
  readonly #byKey = new Map<string, Set<E>>();
  /** How many different keys of each length there are. */
  readonly #keysOfLength = new Map(KEY_LENGTHS.map((length) => [length, 0]));

  isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  crowd(key: string): number {
    return this.#byKey.get(key)?.size ?? 0;
  }

  /** Under which to file what needs one of the texts; null: one of them would be too crowded. */
  keysOf(needs: readonly string[]): readonly string[] | null {
    const keys = new Set<string>();
    for (const needed of needs) {
      const key = this.#keyOf(needed);
      if (this.crowd(key) >= KEY_CROWD_MAX) return null;
      keys.add(key);
    }
    return [...keys];
  }

  add(key: string, entry: E): void {
    const entries = this.#byKey.get(key);
    if (entries !== undefined) entries.add(entry);
    else {
      this.#byKey.set(key, new Set([entry]));
      this.#countKey(key, 1);
    }
  }

  remove(key: string, entry: E): void {
    const entries = this.#byKey.get(key);
    if (entries?.delete(entry) !== true || entries.size > 0) return;
    this.#byKey.delete(key);
    this.#countKey(key, -1);
  }

  /** All that have a key in the text, for each time that one is there. */
  visit(text: string, check: (entry: E) => void): void {
    for (const length of KEY_LENGTHS) {
      if (this.#keysOfLength.get(length) === 0) continue;
      for (let at = 0; at + length <= text.length; at++) this.#byKey.get(text.slice(at, at + length))?.forEach(check);
    }
  }

  /** The piece of a needed text that the fewest are filed under. */
  #keyOf(needed: string): string {
    const length = KEY_LENGTHS.find((candidate) => candidate <= needed.length) ?? 1;
    let best = needed.slice(0, length);
    for (let at = 1; at + length <= needed.length && this.crowd(best) > 0; at++) {
      const key = needed.slice(at, at + length);
      if (this.crowd(key) < this.crowd(best)) best = key;
    }
    return best;
  }

  #countKey({ length }: string, change: number): void {
    this.#keysOfLength.set(length, (this.#keysOfLength.get(length) ?? 0) + change);
  }
}
