/**
 * Finds the silences that match an alert among many. Each set of matchers is filed under one label that it needs, by the
 * values that the label must have or by a pattern; an alert meets only what is filed under its own labels. Where many are
 * filed in one place, they are filed again there by another of their matchers, and so on: ten thousand silences of one job
 * or with one pattern are told apart by what else they ask for. So 10 000 silences cost an alert a few lookups.
 */
import type { Labels } from '../model/labels.ts';
import { type Matcher, matchesLabels } from '../model/matcher.ts';
import type { Regex } from '../model/regex.ts';
import { valuesOf } from './matcher-index.ts';
import { PatternIndex, SharedByPatterns } from './pattern-index.ts';

/** One object for as long as it is in the index. */
export type IndexedSilence = {
  readonly sets: readonly (readonly Matcher[])[];
  /** Of their coming. */
  readonly order: number;
};

/** A set in its place. */
type Filed<T> = {
  readonly silence: T;
  /** The matchers that an alert found there must be asked about. */
  readonly rest: readonly Matcher[];
  /** Those of `rest` that no place above was chosen by. */
  readonly open: readonly Matcher[];
};

type PatternPlace = Extract<Place, { readonly regex: Regex }>;

type Place =
  | { readonly kind: 'values'; readonly matcher: Matcher; readonly values: readonly string[] }
  /** Where the pattern matches, or where it does not (!~). */
  | { readonly kind: 'pattern' | 'unless'; readonly matcher: Matcher; readonly regex: Regex }
  /** A candidate for every alert. */
  | { readonly kind: 'anywhere' };

export class SilenceIndex<T extends IndexedSilence> {
  readonly #shared = new SharedByPatterns();
  readonly #root = new Level<T>(this.#shared);
  readonly #filed = new Map<T, readonly Filed<T>[]>();

  add(silence: T): void {
    const filed = silence.sets.map((matchers): Filed<T> => ({ silence, rest: matchers, open: matchers }));
    for (const set of filed) this.#root.add(set);
    this.#filed.set(silence, filed);
  }

  remove(silence: T): void {
    for (const set of this.#filed.get(silence) ?? []) this.#root.remove(set);
    this.#filed.delete(silence);
  }

  /** Does what the next `matching` would have to do for all labels alike; stops every few milliseconds of it. */
  prepare(): Generator<void, void> {
    return this.#shared.bringTogether();
  }

  /** Silences that match, oldest first. */
  matching(labels: Labels): readonly T[] {
    const found: T[] = [];
    /** Those that another of their sets may find again. */
    let foundBySets: Set<T> | null = null;
    this.#root.visit(labels, ({ silence, rest }) => {
      if (!matchesLabels(rest, labels)) return;
      if (silence.sets.length > 1) {
        if (foundBySets?.has(silence) === true) return;
        foundBySets = (foundBySets ?? new Set()).add(silence);
      }
      found.push(silence);
    });
    return found.length > 1 ? found.sort((a, b) => a.order - b.order) : found;
  }
}

/** Sets filed under one pattern: those that want it to match, and those that want it not to. */
type OfPattern<T> = { readonly matched: Crowd<T>; readonly unmatched: Crowd<T> };

/** Sets filed under one label name. */
type NameIndex<T> = {
  readonly byValue: Map<string, Crowd<T>>;
  readonly byPattern: Map<string, OfPattern<T>>;
  readonly patterns: PatternIndex<OfPattern<T>>;
  /** Those that somebody wants not to match. */
  readonly unless: Set<OfPattern<T>>;
  /** Sets here that an alert without the label may satisfy. */
  withoutLabel: number;
};

/** Sets, each in the place that fits it best. */
class Level<T> {
  readonly #shared: SharedByPatterns;
  readonly #byName = new Map<string, NameIndex<T>>();
  /** Of `#byName`, those that an alert without the label must ask, too. */
  readonly #withoutLabel = new Map<string, NameIndex<T>>();
  readonly #anywhere = new Set<Filed<T>>();
  readonly #places = new Map<Filed<T>, { readonly place: Place; readonly inPlace: Filed<T> }>();

  constructor(shared: SharedByPatterns) {
    this.#shared = shared;
  }

  add(filed: Filed<T>): void {
    const place = this.#placeOf(filed.open);
    const inPlace = atPlace(filed, place);
    this.#places.set(filed, { place, inPlace });
    if (place.kind === 'anywhere') {
      this.#anywhere.add(inPlace);
      return;
    }
    const index = this.#nameIndex(place.matcher.name);
    if (place.kind === 'values') {
      for (const value of new Set(place.values)) {
        let crowd = index.byValue.get(value);
        if (crowd === undefined) index.byValue.set(value, (crowd = new Crowd(this.#shared)));
        crowd.add(inPlace);
      }
      return;
    }
    const ofPattern = this.#ofPattern(index, place.regex);
    if (place.kind === 'unless') index.unless.add(ofPattern);
    crowdOf(ofPattern, place).add(inPlace);
    if (takesAbsent(place) && index.withoutLabel++ === 0) this.#withoutLabel.set(place.matcher.name, index);
  }

  remove(filed: Filed<T>): void {
    const known = this.#places.get(filed);
    if (known === undefined) return;
    this.#places.delete(filed);
    const { place, inPlace } = known;
    if (place.kind === 'anywhere') {
      this.#anywhere.delete(inPlace);
      return;
    }
    const index = this.#nameIndex(place.matcher.name);
    if (place.kind === 'values') {
      for (const value of new Set(place.values)) {
        const crowd = index.byValue.get(value);
        crowd?.remove(inPlace);
        if (crowd?.size === 0) index.byValue.delete(value);
      }
      return;
    }
    const ofPattern = this.#ofPattern(index, place.regex);
    crowdOf(ofPattern, place).remove(inPlace);
    if (ofPattern.unmatched.size === 0) index.unless.delete(ofPattern);
    if (ofPattern.matched.size + ofPattern.unmatched.size === 0) {
      index.byPattern.delete(place.regex.source);
      index.patterns.remove(ofPattern);
    }
    if (takesAbsent(place) && --index.withoutLabel === 0) this.#withoutLabel.delete(place.matcher.name);
  }

  /** The sets whose places fit the labels. */
  visit(labels: Labels, check: (filed: Filed<T>) => void): void {
    this.#anywhere.forEach(check);
    if (this.#byName.size === 0) return;
    const { flat } = labels;
    for (let i = 0; i < flat.length; i += 2) {
      const index = this.#byName.get(flat[i] as string);
      if (index === undefined) continue;
      const value = flat[i + 1] as string;
      index.byValue.get(value)?.visit(labels, check);
      visitPatterns(index, value, labels, check);
    }
    for (const [name, index] of this.#withoutLabel) if (!labels.has(name)) visitPatterns(index, '', labels, check);
  }

  /** Where the fewest others are, by value rather than by pattern; else under a pattern, best under one that wants the label at all. */
  #placeOf(matchers: readonly Matcher[]): Place {
    let best: Place = { kind: 'anywhere' };
    let leastCrowd = Number.POSITIVE_INFINITY;
    for (const matcher of matchers) {
      const { name, op, regex } = matcher;
      const index = this.#byName.get(name);
      const values = valuesOf(matcher);
      if (values !== null) {
        let crowd = 0;
        for (const value of values) crowd += index?.byValue.get(value)?.size ?? 0;
        if (crowd > leastCrowd || (crowd === leastCrowd && best.kind === 'values')) continue;
        best = { kind: 'values', matcher, values };
        leastCrowd = crowd;
      } else if (op === '=~' && regex !== null) {
        const crowd = index?.patterns.crowd(regex) ?? (regex.needs === null ? Number.POSITIVE_INFINITY : 0);
        const place: Place = { kind: 'pattern', matcher, regex };
        if (crowd === Number.POSITIVE_INFINITY ? rankOf(place) <= rankOf(best) : crowd >= leastCrowd) continue;
        best = place;
        leastCrowd = crowd;
      } else if (op === '!~' && regex !== null && best.kind === 'anywhere') best = { kind: 'unless', matcher, regex };
    }
    return best;
  }

  #nameIndex(name: string): NameIndex<T> {
    let index = this.#byName.get(name);
    if (index === undefined) {
      const patterns = new PatternIndex<OfPattern<T>>(this.#shared);
      index = { byValue: new Map(), byPattern: new Map(), patterns, unless: new Set(), withoutLabel: 0 };
      this.#byName.set(name, index);
    }
    return index;
  }

  #ofPattern({ byPattern, patterns }: NameIndex<T>, regex: Regex): OfPattern<T> {
    const known = byPattern.get(regex.source);
    if (known !== undefined) return known;
    const ofPattern = { matched: new Crowd<T>(this.#shared), unmatched: new Crowd<T>(this.#shared) };
    byPattern.set(regex.source, ofPattern);
    patterns.add(ofPattern, regex);
    return ofPattern;
  }
}

function visitPatterns<T>({ patterns, unless }: NameIndex<T>, value: string, labels: Labels, check: (filed: Filed<T>) => void): void {
  if (unless.size === 0) {
    patterns.eachMatching(value, ({ matched }) => matched.visit(labels, check));
    return;
  }
  const matching = new Set<OfPattern<T>>();
  patterns.eachMatching(value, (ofPattern) => {
    matching.add(ofPattern);
    ofPattern.matched.visit(labels, check);
  });
  for (const ofPattern of unless) if (!matching.has(ofPattern)) ofPattern.unmatched.visit(labels, check);
}

/** Sets filed in one place: a few as they are, many by their other matchers. */
class Crowd<T> {
  readonly #shared: SharedByPatterns;
  readonly #sets = new Set<Filed<T>>();
  #level: Level<T> | null = null;

  constructor(shared: SharedByPatterns) {
    this.#shared = shared;
  }

  get size(): number {
    return this.#sets.size;
  }

  add(filed: Filed<T>): void {
    this.#sets.add(filed);
    if (this.#level !== null) this.#level.add(filed);
    else if (this.#sets.size > FEW_MAX) {
      this.#level = new Level(this.#shared);
      for (const set of this.#sets) this.#level.add(set);
    }
  }

  remove(filed: Filed<T>): void {
    this.#sets.delete(filed);
    this.#level?.remove(filed);
  }

  visit(labels: Labels, check: (filed: Filed<T>) => void): void {
    if (this.#level === null) this.#sets.forEach(check);
    else this.#level.visit(labels, check);
  }
}

const FEW_MAX = 16;

/** A place by a pattern: of a set that an alert without the label may satisfy as well. */
const takesAbsent = ({ kind, regex }: PatternPlace): boolean => kind === 'unless' || (regex.lengthMin === 0 && regex.matches(''));

const crowdOf = <T>(ofPattern: OfPattern<T>, { kind }: PatternPlace): Crowd<T> =>
  kind === 'pattern' ? ofPattern.matched : ofPattern.unmatched;

/** The higher, the fewer alerts a place without a text to be found by has to ask. */
function rankOf(place: Place): number {
  if (place.kind === 'anywhere') return 0;
  if (place.kind === 'unless') return 1;
  return place.kind === 'pattern' && takesAbsent(place) ? 2 : 3;
}

/** Whoever is found in the place satisfies the matcher it was chosen by; the values of a pattern may be more than match it. */
function atPlace<T>({ silence, rest, open }: Filed<T>, place: Place): Filed<T> {
  if (place.kind === 'anywhere') return { silence, rest, open: [] };
  const others = (matchers: readonly Matcher[]): readonly Matcher[] => matchers.filter((matcher) => matcher !== place.matcher);
  const isTold = place.kind !== 'values' || place.matcher.op === '=';
  return { silence, rest: isTold ? others(rest) : rest, open: others(open) };
}
