/**
 * Which series of the head match a set of matchers, sorted by labels. The shortest list of a label value is filtered by
 * the series' own labels; the answer is kept, and since lists only grow at their end, asking again costs only the
 * series that came since. A pattern is tried once per label value, not per series.
 *
 * Hot path: every selector of every rule, every interval.
 */
import { type Matcher, matchesValue } from '../model/matcher.ts';
import type { Head } from './head.ts';
import { type Posting, PostingList, postingLength } from './postings.ts';
import { compareSeries, sortByLabels } from './series-order.ts';
import type { SeriesTable } from './series-table.ts';
import type { SymbolTable } from './symbol-table.ts';

/** Answers shorter than this are cheaper to find again than to keep. */
const KEPT_LENGTH_MIN = 16;
const KEPT_ANSWERS_MAX = 10_000;
/** Slots kept in all answers together. */
const KEPT_SLOTS_MAX = 4_000_000;
const KEPT_VERDICTS_MAX = 1_000_000;

/** Comparisons that are made in one go. */
const PIECE = 4096;
/** Values that a pattern is tried on in one go, and what one costs in comparisons. */
const VERDICTS_AT_ONCE = 128;
const VERDICT_WORK = 20;

type Answer = {
  readonly list: PostingList;
  readonly epoch: number;
  /** How much of the list has been looked at. */
  readonly seen: number;
  readonly slots: Uint32Array;
};

const NONE = new Uint32Array(0);

export class Selector {
  readonly #head: Head;
  /** Least recently used first. */
  readonly #answers = new Map<string, Answer>();
  #answerSlots = 0;
  /** Pattern → value symbol → whether it matches. */
  readonly #verdicts = new Map<string, Map<number, boolean>>();
  #verdictCount = 0;

  constructor(head: Head) {
    this.#head = head;
  }

  /**
   * The matching slots in the order of their labels, of the series that were there when it began. The array is the
   * selector's own: valid until the next call, not to be written. Says in between how many comparisons it has made; what it
   * has found by then is worth nothing once series were removed.
   */
  *select(matchers: readonly Matcher[]): Generator<number, Uint32Array> {
    const base = this.#base(matchers);
    if (base === null) return NONE;
    const filter = this.#filter(matchers);
    if (typeof base === 'number') return filter(base) ? Uint32Array.of(base) : NONE;

    const key = keyOf(matchers);
    const kept = this.#answers.get(key);
    if (kept !== undefined && kept.list === base && kept.epoch === base.epoch) {
      const extended = kept.seen < base.length ? yield* this.#extended(kept, matchers.length, filter) : kept;
      this.#keep(key, extended);
      return extended.slots;
    }
    const seen = base.length;
    const slots = cameBefore(seen, base, yield* this.#scan(base, matchers, filter));
    yield* sortByLabels(slots, 0, slots.length, this.#head.series, this.#head.symbols);
    if (base.length >= KEPT_LENGTH_MIN) this.#keep(key, { list: base, epoch: base.epoch, seen, slots });
    return slots;
  }

  /** Symbol numbers are about to be given to other strings. */
  symbolsReleased(): void {
    this.#verdicts.clear();
    this.#verdictCount = 0;
  }

  /** The shortest list that every match is in; null when there can be no match. */
  #base(matchers: readonly Matcher[]): Posting | null {
    const { symbols, postings } = this.#head;
    let shortest: Posting = postings.all;
    for (const matcher of matchers) {
      if (matcher.op !== '=' || matcher.value === '') continue;
      const values = postings.values(symbols.find(matcher.name));
      const posting = values?.get(symbols.find(matcher.value));
      if (posting === undefined) return null;
      if (postingLength(posting) < postingLength(shortest)) shortest = posting;
    }
    return postingLength(shortest) === 0 ? null : shortest;
  }

  #filter(matchers: readonly Matcher[]): (slot: number) => boolean {
    const { series, symbols } = this.#head;
    const tests = matchers.map((matcher) => {
      const nameSymbol = symbols.find(matcher.name);
      const matchesAbsent = matchesValue(matcher, '');
      if (nameSymbol < 0) return () => matchesAbsent;
      const verdict = this.#verdict(matcher);
      return (slot: number) => {
        const valueSymbol = series.valueOf(slot, nameSymbol);
        return valueSymbol < 0 ? matchesAbsent : verdict(valueSymbol);
      };
    });
    return (slot) => {
      for (const test of tests) if (!test(slot)) return false;
      return true;
    };
  }

  #verdict(matcher: Matcher): (valueSymbol: number) => boolean {
    const { symbols } = this.#head;
    if (matcher.op === '=' || matcher.op === '!=') {
      const wanted = symbols.find(matcher.value);
      const isEqual = matcher.op === '=';
      return (valueSymbol) => (valueSymbol === wanted) === isEqual;
    }
    const key = `${matcher.op}${matcher.value}`;
    let verdicts = this.#verdicts.get(key);
    if (verdicts === undefined) {
      if (this.#verdictCount > KEPT_VERDICTS_MAX) this.symbolsReleased();
      verdicts = new Map();
      this.#verdicts.set(key, verdicts);
    }
    const known = verdicts;
    return (valueSymbol) => {
      let verdict = known.get(valueSymbol);
      if (verdict === undefined) {
        verdict = matchesValue(matcher, symbols.text(valueSymbol));
        known.set(valueSymbol, verdict);
        this.#verdictCount++;
      }
      return verdict;
    };
  }

  /** All matches of a list that was not looked at before. */
  *#scan(base: PostingList, matchers: readonly Matcher[], filter: (slot: number) => boolean): Generator<number, number[]> {
    const matches: number[] = [];
    const lists = base === this.#head.postings.all ? yield* this.#patternLists(matchers) : null;
    let alone = 0;
    for (const posting of lists ?? [base]) {
      if (typeof posting !== 'number') {
        yield* matchesIn(posting, 0, posting.length, matchers.length, filter, matches);
        continue;
      }
      if (filter(posting)) matches.push(posting);
      if (++alone % PIECE === 0) yield PIECE * matchers.length;
    }
    return matches;
  }

  /** Without an equality to begin with: the lists of the values that a pattern matches, where these hold every match. */
  *#patternLists(matchers: readonly Matcher[]): Generator<number, Posting[] | null> {
    const { postings, symbols } = this.#head;
    let shortest: Posting[] | null = null;
    let shortestLength = postings.all.length;
    for (const matcher of matchers) {
      if (matchesValue(matcher, '')) continue;
      const lists: Posting[] = [];
      let length = 0;
      const verdict = this.#verdict(matcher);
      let judged = 0;
      for (const [valueSymbol, posting] of postings.values(symbols.find(matcher.name)) ?? []) {
        if (++judged % VERDICTS_AT_ONCE === 0) yield VERDICTS_AT_ONCE * VERDICT_WORK;
        if (!verdict(valueSymbol)) continue;
        lists.push(posting);
        length += postingLength(posting);
      }
      if (length >= shortestLength) continue;
      shortest = lists;
      shortestLength = length;
    }
    return shortest;
  }

  /** With the matches among the series that came since. */
  *#extended({ list, epoch, seen, slots }: Answer, tests: number, filter: (slot: number) => boolean): Generator<number, Answer> {
    const { series, symbols } = this.#head;
    const { length } = list;
    const fresh: number[] = [];
    yield* matchesIn(list, seen, length, tests, filter, fresh);
    if (fresh.length === 0) return { list, epoch, seen: length, slots };
    const added = new Uint32Array(fresh);
    yield* sortByLabels(added, 0, added.length, series, symbols);
    const merged = new Uint32Array(slots.length + added.length);
    let from = 0;
    for (let i = 0; i < added.length; i++) {
      const place = placeOf(added[i]!, slots, from, series, symbols);
      merged.set(slots.subarray(from, place), from + i);
      merged[place + i] = added[i]!;
      from = place;
      if (i % PIECE === PIECE - 1) yield PIECE;
    }
    merged.set(slots.subarray(from), from + added.length);
    return { list, epoch, seen: length, slots: merged };
  }

  #keep(key: string, answer: Answer): void {
    const before = this.#answers.get(key);
    if (before !== undefined) this.#forget(key, before);
    this.#answers.set(key, answer);
    this.#answerSlots += answer.slots.length;
    for (const [oldest, least] of this.#answers) {
      if ((this.#answerSlots <= KEPT_SLOTS_MAX && this.#answers.size <= KEPT_ANSWERS_MAX) || oldest === key) break;
      this.#forget(oldest, least);
    }
  }

  #forget(key: string, answer: Answer): void {
    this.#answers.delete(key);
    this.#answerSlots -= answer.slots.length;
  }
}

/**
 * Without the series that came to the list after it was `seen` long: the lists of values that were looked at later have them,
 * and the filter does not know labels that are new with them. They are looked at when it is asked again.
 */
function cameBefore(seen: number, list: PostingList, matches: readonly number[]): Uint32Array {
  if (list.length === seen) return new Uint32Array(matches);
  const later = new Set(list.slots.subarray(seen, list.length));
  return new Uint32Array(matches.filter((slot) => !later.has(slot)));
}

/** Adds the matches among list[from, to). */
function* matchesIn(
  list: PostingList,
  from: number,
  to: number,
  tests: number,
  filter: (slot: number) => boolean,
  matches: number[],
): Generator<number, void> {
  const piece = Math.max(1, Math.floor(PIECE / Math.max(1, tests)));
  for (let at = from; at < to; at += piece) {
    const end = Math.min(at + piece, to);
    for (let i = at; i < end; i++) if (filter(list.slots[i]!)) matches.push(list.slots[i]!);
    if (end < to) yield (end - at) * tests;
  }
}

/** Where in slots[from, …), which are sorted, a series belongs. */
function placeOf(slot: number, slots: Uint32Array, from: number, series: SeriesTable, symbols: SymbolTable): number {
  let low = from;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareSeries(slots[middle]!, slot, series, symbols) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const keyOf = (matchers: readonly Matcher[]): string =>
  matchers.map(({ name, op, value }) => `${name.length}:${name}${op}${value.length}:${value}`).join();
