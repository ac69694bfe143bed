/**
 * The alerts there are, each with its latest version, its places in groups and when the clock next matters to it: at its
 * end, and when it may be forgotten. What arrives is turned into alerts by ingest.ts; groups and events are the router's.
 */
import { MinHeap } from '../lib/heap.ts';
import { type Alert, isResolvedAt } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { DurationMs, UnixMs } from '../model/time.ts';
import { addMs } from '../model/time.ts';
import type { Member } from './group.ts';
import { valuesOf } from './matcher-index.ts';
import type { Route } from './route.ts';
import { newSilenceCache, type SilenceCache } from './silences.ts';

/** One alert in memory, the same object for as long as its fingerprint is known. Written by the store and the router only. */
export type StoredAlert = {
  readonly fingerprint: Fingerprint;
  readonly labels: Labels;
  /** The latest version. */
  alert: Alert;
  /** Whether its last version fired when last looked at; the end of one that did is still to be noticed. */
  isFiring: boolean;
  /** The routes that take it; null until asked, and after a reload. */
  routes: readonly Route[] | null;
  /** Its places in groups, in the order of routes. */
  members: Member[];
  /** How many integrations were told that it fires and not yet that it resolved (resolve contract). */
  owed: number;
  readonly silences: SilenceCache;
  /** The one entry of the store's heap that counts. */
  wakeAt: number;
};

export class AlertStore {
  readonly #byFingerprint = new Map<Fingerprint, StoredAlert>();
  readonly #wakes = new MinHeap<Wake>((a, b) => a.at < b.at);
  /** Firing external alerts by alertname. */
  readonly #live = new Map<string, number>();
  readonly #byName = new Map<string, Set<StoredAlert>>();

  get size(): number {
    return this.#byFingerprint.size;
  }

  get(fingerprint: Fingerprint): StoredAlert | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  all(): IterableIterator<StoredAlert> {
    return this.#byFingerprint.values();
  }

  /** Those that a filter may match: nearly every one names an alert, and then the others need not be looked at. */
  *candidates(filter: readonly Matcher[]): IterableIterator<StoredAlert> {
    const named = filter.find((matcher) => matcher.name === 'alertname' && valuesOf(matcher) !== null);
    if (named === undefined) yield* this.all();
    else for (const name of new Set(valuesOf(named))) yield* this.#byName.get(name) ?? [];
  }

  /** Firing external alerts of that name. */
  liveCount(alertname: string): number {
    return this.#live.get(alertname) ?? 0;
  }

  add(alert: Alert): StoredAlert {
    const stored: StoredAlert = {
      fingerprint: alert.fingerprint,
      labels: alert.labels,
      alert,
      isFiring: false,
      routes: null,
      members: [],
      owed: 0,
      silences: newSilenceCache(),
      wakeAt: Number.POSITIVE_INFINITY,
    };
    this.#byFingerprint.set(alert.fingerprint, stored);
    const name = alert.labels.get('alertname');
    const namesakes = this.#byName.get(name);
    if (namesakes === undefined) this.#byName.set(name, new Set([stored]));
    else namesakes.add(stored);
    return stored;
  }

  /** Puts a new version in place and notes whether it fires. */
  set(stored: StoredAlert, alert: Alert, now: UnixMs): void {
    this.#count(stored, -1);
    stored.alert = alert;
    stored.isFiring = !isResolvedAt(alert, now);
    this.#count(stored, 1);
    if (alert.endsAt !== null && stored.isFiring) this.wakeAt(stored, alert.endsAt);
  }

  /** Has `due` return it then, unless it is due earlier already. */
  wakeAt(stored: StoredAlert, at: UnixMs): void {
    if (stored.wakeAt <= at) return;
    stored.wakeAt = at;
    this.#wakes.push({ at, stored });
  }

  delete(stored: StoredAlert): void {
    this.#count(stored, -1);
    this.#byFingerprint.delete(stored.fingerprint);
    const name = stored.labels.get('alertname');
    const namesakes = this.#byName.get(name);
    if (namesakes?.delete(stored) === true && namesakes.size === 0) this.#byName.delete(name);
    stored.wakeAt = Number.NaN; // its heap entries no longer count
  }

  nextWakeAt(): UnixMs | null {
    return this.#wakes.peek()?.at ?? null;
  }

  /** The next alert whose time has come; null when there is none. The caller puts it to bed again where needed. */
  due(now: UnixMs): StoredAlert | null {
    for (let wake = this.#wakes.peek(); wake !== undefined && wake.at <= now; wake = this.#wakes.peek()) {
      this.#wakes.pop();
      if (wake.stored.wakeAt !== wake.at) continue;
      wake.stored.wakeAt = Number.POSITIVE_INFINITY;
      return wake.stored;
    }
    return null;
  }

  #count(stored: StoredAlert, by: number): void {
    if (!stored.isFiring || stored.alert.origin !== 'external') return;
    const name = stored.labels.get('alertname');
    const count = (this.#live.get(name) ?? 0) + by;
    if (count === 0) this.#live.delete(name);
    else this.#live.set(name, count);
  }
}

type Wake = { readonly at: UnixMs; readonly stored: StoredAlert };

/** When a resolved alert may be forgotten: resends of its end are told from a new alert until then. */
export const forgetAt = (alert: Alert, gcMs: DurationMs): UnixMs => addMs(alert.endsAt ?? alert.updatedAt, gcMs);
