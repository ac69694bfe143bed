/**
 * Which of many sets of matchers may match a label set: of each set one matcher that takes known values only
 * (`team="db"`, `team=~"web|api"`) is looked up. For sets that stay, as routes and inhibition rules do.
 */
import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';

export class MatcherIndex {
  readonly #byName = new Map<string, Map<string, number[]>>();
  /** Sets without such a matcher: candidates for every label set. */
  readonly #rest: number[] = [];

  constructor(sets: readonly (readonly Matcher[])[]) {
    sets.forEach((matchers, at) => {
      const matcher = matchers.find((candidate) => valuesOf(candidate) !== null);
      if (matcher === undefined) this.#rest.push(at);
      else {
        let byValue = this.#byName.get(matcher.name);
        if (byValue === undefined) this.#byName.set(matcher.name, (byValue = new Map()));
        for (const value of new Set(valuesOf(matcher))) {
          const list = byValue.get(value);
          if (list === undefined) byValue.set(value, [at]);
          else list.push(at);
        }
      }
    });
  }

  /** Positions of the sets that may match, ascending. */
  candidates(labels: Labels): readonly number[] {
    let found: readonly number[] = this.#rest;
    for (const [name, byValue] of this.#byName) {
      const list = byValue.get(labels.get(name));
      if (list !== undefined) found = found.length === 0 ? list : [...found, ...list].sort((a, b) => a - b);
    }
    return found;
  }
}

/** The only values that a matcher takes, where they are known and the empty one is not among them. */
export function valuesOf(matcher: Matcher): readonly string[] | null {
  const values = matcher.op === '=' ? [matcher.value] : matcher.op === '=~' ? (matcher.regex?.literals ?? null) : null;
  return values === null || values.includes('') ? null : values;
}
