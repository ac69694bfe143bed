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

/** Answers shorter than this are cheaper to find again than to keep. */
const KEPT_LENGTH_MIN = 16;
const KEPT_ANSWERS_MAX = 10_000;
/** Slots kept in all answers together. */
const KEPT_SLOTS_MAX = 4_000_000;
const KEPT_VERDICTS_MAX = 1_000_000;

type Answer = {
  readonly list: PostingList;
  readonly epoch: number;
  /** How much of the list has been looked at. */
  seen: number;
  slots: Uint32Array;
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

  /** The matching slots in the order of their labels. The array is the selector's own: valid until the next call, not to be written. */
  select(matchers: readonly Matcher[]): Uint32Array {
    const base = this.#base(matchers);
    if (base === null) return NONE;
    const filter = this.#filter(matchers);
    if (typeof base === 'number') return filter(base) ? Uint32Array.of(base) : NONE;

    const key = keyOf(matchers);
    const kept = this.#answers.get(key);
    if (kept !== undefined && kept.list === base && kept.epoch === base.epoch) {
      if (kept.seen < base.length) this.#extend(kept, filter);
      this.#answers.delete(key);
      this.#answers.set(key, kept);
      return kept.slots;
    }
    if (kept !== undefined) this.#forget(key, kept);
    const slots = this.#scan(base, matchers, filter);
    sortByLabels(slots, 0, slots.length, this.#head.series, this.#head.symbols);
    if (base.length >= KEPT_LENGTH_MIN) this.#keep(key, { list: base, epoch: base.epoch, seen: base.length, slots });
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
  #scan(base: PostingList, matchers: readonly Matcher[], filter: (slot: number) => boolean): Uint32Array {
    const matches: number[] = [];
    const lists = base === this.#head.postings.all ? this.#patternLists(matchers) : null;
    for (const posting of lists ?? [base]) {
      if (typeof posting === 'number') {
        if (filter(posting)) matches.push(posting);
        continue;
      }
      const { slots, length } = posting;
      for (let i = 0; i < length; i++) {
        const slot = slots[i]!;
        if (filter(slot)) matches.push(slot);
      }
    }
    return Uint32Array.from(matches);
  }

  /** Without an equality to begin with: the lists of the values that a pattern matches, where these hold every match. */
  #patternLists(matchers: readonly Matcher[]): Posting[] | null {
    const { postings, symbols } = this.#head;
    let shortest: Posting[] | null = null;
    let shortestLength = postings.all.length;
    for (const matcher of matchers) {
      if (matchesValue(matcher, '')) continue;
      const lists: Posting[] = [];
      let length = 0;
      const verdict = this.#verdict(matcher);
      for (const [valueSymbol, posting] of postings.values(symbols.find(matcher.name)) ?? []) {
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

  /** Merges the matches among the series that came since. */
  #extend(answer: Answer, filter: (slot: number) => boolean): void {
    const { series, symbols } = this.#head;
    const { list } = answer;
    const fresh: number[] = [];
    for (let i = answer.seen; i < list.length; i++) {
      const slot = list.slots[i]!;
      if (filter(slot)) fresh.push(slot);
    }
    answer.seen = list.length;
    if (fresh.length === 0) return;
    const added = Uint32Array.from(fresh);
    sortByLabels(added, 0, added.length, series, symbols);
    const old = answer.slots;
    const merged = new Uint32Array(old.length + added.length);
    let i = 0;
    let j = 0;
    for (let k = 0; k < merged.length; k++) {
      const takesOld = j === added.length || (i < old.length && compareSeries(old[i]!, added[j]!, series, symbols) < 0);
      merged[k] = takesOld ? old[i++]! : added[j++]!;
    }
    answer.slots = merged;
    this.#answerSlots += added.length;
  }

  #keep(key: string, answer: Answer): void {
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

const keyOf = (matchers: readonly Matcher[]): string =>
  matchers.map(({ name, op, value }) => `${name.length}:${name}${op}${value.length}:${value}`).join();
