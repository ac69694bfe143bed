/**
 * Finds the silences that match an alert among many. Each set of matchers is filed under one label that it needs, by the
 * values that the label must have or by a pattern; an alert meets only what is filed under its own labels. So 10 000
 * silences cost an alert a few lookups.
 */
import type { Labels } from '../model/labels.ts';
import { type Matcher, matchesLabels } from '../model/matcher.ts';
import type { Regex } from '../model/regex.ts';
import { valuesOf } from './matcher-index.ts';
import { PatternIndex } from './pattern-index.ts';

/** One object for as long as it is in the index. */
export type IndexedSilence = {
  readonly sets: readonly (readonly Matcher[])[];
  /** Of their coming. */
  readonly order: number;
};

/** A set in its place. `rest`: the matchers that an alert found there must be asked about. */
type Filed<T> = { readonly silence: T; readonly rest: readonly Matcher[] };

type Place =
  | { readonly kind: 'values'; readonly matcher: Matcher; readonly values: readonly string[] }
  | { readonly kind: 'pattern'; readonly matcher: Matcher; readonly regex: Regex }
  /** No matcher wants a label to be there: a candidate for every alert. */
  | { readonly kind: 'anywhere' };

/** Sets filed under one label name. */
type NameIndex<T> = { readonly byValue: Map<string, Set<Filed<T>>>; readonly patterns: PatternIndex<Filed<T>> };

export class SilenceIndex<T extends IndexedSilence> {
  readonly #byName = new Map<string, NameIndex<T>>();
  readonly #anywhere = new Set<Filed<T>>();
  readonly #places = new Map<T, readonly (readonly [Filed<T>, Place])[]>();

  add(silence: T): void {
    const places = silence.sets.map((matchers): readonly [Filed<T>, Place] => {
      const place = this.#placeOf(matchers);
      const filed = { silence, rest: matchers.filter((matcher) => !isTold(matcher, place)) };
      this.#file(filed, place);
      return [filed, place];
    });
    this.#places.set(silence, places);
  }

  remove(silence: T): void {
    for (const [filed, place] of this.#places.get(silence) ?? []) this.#unfile(filed, place);
    this.#places.delete(silence);
  }

  /** Silences that match, oldest first. */
  matching(labels: Labels): readonly T[] {
    const found: T[] = [];
    const check = ({ silence, rest }: Filed<T>): void => {
      if (matchesLabels(rest, labels) && (silence.sets.length === 1 || !found.includes(silence))) found.push(silence);
    };
    this.#anywhere.forEach(check);
    const { flat } = labels;
    for (let i = 0; i < flat.length; i += 2) {
      const index = this.#byName.get(flat[i] as string);
      if (index === undefined) continue;
      const value = flat[i + 1] as string;
      index.byValue.get(value)?.forEach(check);
      index.patterns.matching(value).forEach(check);
    }
    return found.length > 1 ? found.sort((a, b) => a.order - b.order) : found;
  }

  /** Where the fewest others are, by value rather than by pattern; else under a pattern that wants the label at all. */
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
        const crowd = regex.needs === null ? Number.POSITIVE_INFINITY : (index?.patterns.crowd(regex.needs) ?? 0);
        if (regex.needs === null ? best.kind !== 'anywhere' || regex.matches('') : crowd >= leastCrowd) continue;
        best = { kind: 'pattern', matcher, regex };
        leastCrowd = crowd;
      }
    }
    return best;
  }

  #file(filed: Filed<T>, place: Place): void {
    if (place.kind === 'anywhere') {
      this.#anywhere.add(filed);
      return;
    }
    const { name } = place.matcher;
    let index = this.#byName.get(name);
    if (index === undefined) this.#byName.set(name, (index = { byValue: new Map(), patterns: new PatternIndex() }));
    if (place.kind === 'pattern') {
      index.patterns.add(filed, place.regex);
      return;
    }
    for (const value of place.values) {
      const set = index.byValue.get(value);
      if (set === undefined) index.byValue.set(value, new Set([filed]));
      else set.add(filed);
    }
  }

  #unfile(filed: Filed<T>, place: Place): void {
    if (place.kind === 'anywhere') {
      this.#anywhere.delete(filed);
      return;
    }
    const index = this.#byName.get(place.matcher.name);
    if (place.kind === 'pattern') {
      index?.patterns.remove(filed);
      return;
    }
    for (const value of place.values) {
      const set = index?.byValue.get(value);
      if (set?.delete(filed) === true && set.size === 0) index?.byValue.delete(value);
    }
  }
}

/** Whether each alert found in the place satisfies the matcher. The values of a pattern may be more than match it. */
const isTold = (matcher: Matcher, place: Place): boolean =>
  place.kind !== 'anywhere' && matcher === place.matcher && (place.kind === 'pattern' || matcher.op === '=');
