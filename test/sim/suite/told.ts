/**
 * The books of what each receiver was told, by the providers' own word: who was told what fires and what is over, in which
 * order, and how often the same.
 */

import type { Taken } from './providers.ts';
import type { IntegrationSpec } from './scenario.ts';

/** What one integration was told about one group. */
type GroupBook = {
  /** By alert that it was told of and not yet that it ended: by which notification. One that was surely taken counts before one in doubt. */
  readonly firing: Map<string, Taken>;
  last: Taken | null;
};

export class Told {
  readonly #groups = new Map<string, Map<string, GroupBook>>();
  readonly #lastFiring = new Map<string, Map<string, number>>();
  readonly #byId = new Map<string, Taken[]>();
  /** Since the last boot or before, in order; for who must know at a death what was not settled yet. */
  readonly recent: Taken[] = [];

  /** Takes note; gives what the integration was told last about the group, and what was told before under the same id. */
  note(taken: Taken): { readonly before: Taken | null; readonly same: readonly Taken[] } {
    const { integration, groupKey, firing, resolved, id, endsGroup, atMs } = taken;
    const groups = entry(this.#groups, integration.id, () => new Map<string, GroupBook>());
    const book = entry(groups, groupKey, (): GroupBook => ({ firing: new Map(), last: null }));
    const before = book.last;
    book.last = taken;
    if (endsGroup) book.firing.clear();
    for (const key of resolved) book.firing.delete(key);
    const lastFiring = entry(this.#lastFiring, integration.id, () => new Map<string, number>());
    for (const key of firing) {
      if (!book.firing.has(key) || !taken.isUnsure) book.firing.set(key, taken);
      lastFiring.set(key, atMs);
    }
    const same = id === null ? [] : entry(this.#byId, `${integration.id} ${id}`, (): Taken[] => []);
    const earlier = [...same];
    same.push(taken);
    this.recent.push(taken);
    return { before, same: earlier };
  }

  /** Whether an integration was given a notification. */
  hasTaken(integration: IntegrationSpec, id: string): boolean {
    return this.#byId.has(`${integration.id} ${id}`);
  }

  /** What an integration was told last about a group; null: nothing. */
  lastOf(integration: IntegrationSpec, groupKey: string): Taken | null {
    return this.#groups.get(integration.id)?.get(groupKey)?.last ?? null;
  }

  /** When an integration was last told that an alert fires; null: never. */
  lastFiring(integration: IntegrationSpec, key: string): number | null {
    return this.#lastFiring.get(integration.id)?.get(key) ?? null;
  }

  /** Alerts that an integration believes to fire, and how it knows. */
  *believed(): Generator<{ readonly key: string; readonly taken: Taken }> {
    for (const groups of this.#groups.values())
      for (const { firing } of groups.values()) for (const [key, taken] of firing) yield { key, taken };
  }
}

function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
