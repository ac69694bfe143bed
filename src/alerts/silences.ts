/**
 * The silences there are: made, changed, ended, forgotten after the retention, and asked which of them hold an alert back.
 *
 * Hot path: `silencing`, for every alert of every flush and read. Each set of matchers is filed under one label that it
 * needs: by value or by prefix where it names them, else by pattern, whose verdict on a value is remembered. So 10 000
 * silences cost an alert a few lookups. What an alert found is kept in its SilenceCache until a silence is added.
 */
import { MinHeap } from '../lib/heap.ts';
import { unreachable } from '../lib/never.ts';
import type { Labels } from '../model/labels.ts';
import { type Matcher, matchesLabels } from '../model/matcher.ts';
import { type Random, uuid } from '../model/random.ts';
import { literalPrefix } from '../model/regex.ts';
import type { DurationMs, UnixMs } from '../model/time.ts';
import { addMs, unixMs } from '../model/time.ts';
import { valuesOf } from './route.ts';
import type { MatcherRow, SilenceId, SilenceRow } from './router-state.ts';
import {
  compareSilences,
  compileSets,
  hasMatchers,
  isUpdateInPlace,
  type LabelNameMode,
  type SilenceState,
  silenceBytes,
  silenceState,
  timesError,
} from './silence.ts';

/** A silence in memory: one object for as long as its id lives. */
export type Silence = { readonly id: SilenceId; readonly row: SilenceRow };

/** What an alert last found; starts as `newSilenceCache()`. Written by `silencing` only. */
export type SilenceCache = { version: number; found: readonly Silence[] };

export const newSilenceCache = (): SilenceCache => ({ version: -1, found: [] });

export type PostedSilence = {
  /** Null: a new one. */
  readonly id: SilenceId | null;
  /** The id that a new one gets; by default a random one. There is at most one silence with it: a second one is refused. */
  readonly newId?: SilenceId;
  readonly matcherSets: readonly (readonly MatcherRow[])[];
  /** Null: from now on. */
  readonly startsAt: UnixMs | null;
  readonly endsAt: UnixMs | null;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
};

type RefusalReason = 'not_found' | 'invalid' | 'limit' | 'exists';

export type PutSilence =
  | {
      readonly kind: 'created' | 'updated';
      readonly row: SilenceRow /** The one it takes the place of. */;
      readonly ended: SilenceRow | null;
    }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly message: string };

export type SilenceLimits = { /** 0: none. */ readonly silencesMax: number /** 0: none. */; readonly silenceBytesMax: number };

export type SilenceQuery = {
  /** Each must be one of the silence's matchers, letter by letter. */
  readonly filter: readonly MatcherRow[];
  readonly states: readonly SilenceState[];
};

/** What must be on disk. */
export type SilenceSink = { upsertSilence(row: SilenceRow): void; deleteSilence(id: SilenceId): void };

type Kept = { readonly id: SilenceId; row: SilenceRow; readonly sets: readonly (readonly Matcher[])[]; readonly order: number };

type Wake = { readonly at: UnixMs; readonly kept: Kept };

export class Silences {
  #limits: SilenceLimits;
  #retentionMs: DurationMs;
  readonly #random: Random;
  readonly #sink: SilenceSink;
  readonly #byId = new Map<SilenceId, Kept>();
  readonly #index = new SilenceIndex();
  /** When each is to leave the index (its end), and then the store (its end and the retention). */
  readonly #wakes = new MinHeap<Wake>((a, b) => a.at < b.at);
  #version = 0;

  constructor(limits: SilenceLimits, retentionMs: DurationMs, random: Random, sink: SilenceSink) {
    this.#limits = limits;
    this.#retentionMs = retentionMs;
    this.#random = random;
    this.#sink = sink;
  }

  configure(limits: SilenceLimits, retentionMs: DurationMs): void {
    this.#limits = limits;
    this.#retentionMs = retentionMs;
  }

  /** Takes back what was stored. */
  restore(rows: readonly SilenceRow[]): void {
    for (const row of rows) {
      const sets = compileSets(row.matcherSets, 'utf8');
      if ('error' in sets) throw new Error(`BUG: stored silence ${row.id}: ${sets.error}`);
      this.#keep(row, sets);
    }
  }

  /** Makes a silence or changes one; a change that would rewrite the past ends the old one and makes a new one. */
  put(posted: PostedSilence, mode: LabelNameMode, now: UnixMs): PutSilence {
    const startsAt = posted.startsAt ?? now;
    const sets = compileSets(posted.matcherSets, mode);
    const error = 'error' in sets ? sets.error : timesError(startsAt, posted.endsAt);
    if (error !== null || 'error' in sets || posted.endsAt === null) return refused('invalid', `invalid silence: ${error}`);
    const old = posted.id === null ? undefined : this.#byId.get(posted.id);
    if (posted.id !== null && old === undefined) return refused('not_found', 'silence not found');
    const { id: _id, newId, ...fields } = posted;
    if (newId !== undefined && this.#byId.has(newId)) return refused('exists', `there is a silence ${newId} already`);
    const next = { ...fields, startsAt, endsAt: posted.endsAt, updatedAt: now };
    if (old !== undefined && isUpdateInPlace(old.row, next, now)) {
      const row: SilenceRow = { ...next, id: old.id };
      const tooLarge = this.#sizeError(row);
      if (tooLarge !== null) return tooLarge;
      this.#change(old, row);
      return { kind: 'updated', row, ended: null };
    }
    const { silencesMax } = this.#limits;
    if (silencesMax > 0 && this.#byId.size + 1 > silencesMax) {
      return refused('limit', `exceeded maximum number of silences: ${this.#byId.size} (limit: ${silencesMax})`);
    }
    const row: SilenceRow = { ...next, id: newId ?? (uuid(this.#random) as SilenceId), startsAt: startsAt < now ? now : startsAt };
    const tooLarge = this.#sizeError(row);
    if (tooLarge !== null) return tooLarge;
    const ended = old === undefined ? null : this.#end(old, now);
    this.#keep(row, sets);
    this.#sink.upsertSilence(row);
    return { kind: 'created', row, ended };
  }

  /** Ends it now; one that has ended stays as it is. Null: there is none with this id. */
  expire(id: SilenceId, now: UnixMs): { readonly row: SilenceRow; readonly ended: boolean } | null {
    const kept = this.#byId.get(id);
    if (kept === undefined) return null;
    const ended = this.#end(kept, now) !== null;
    return { row: kept.row, ended };
  }

  get(id: SilenceId): SilenceRow | null {
    return this.#byId.get(id)?.row ?? null;
  }

  /** The active silences that match, oldest first. */
  silencing(labels: Labels, cache: SilenceCache, now: UnixMs): readonly Silence[] {
    if (cache.version !== this.#version) {
      cache.version = this.#version;
      cache.found = this.#index.matching(labels);
    }
    if (cache.found.length === 0) return NONE;
    return cache.found.filter((silence) => silenceState(silence.row, now) === 'active');
  }

  /** In Alertmanager's order: active, pending, expired. */
  list(query: SilenceQuery, now: UnixMs): readonly SilenceRow[] {
    const rows: SilenceRow[] = [];
    for (const { row } of this.#byId.values()) {
      if (query.states.includes(silenceState(row, now)) && hasMatchers(row, query.filter)) rows.push(row);
    }
    return rows.sort((a, b) => compareSilences(a, b, now));
  }

  /** The first instant after `now` at which another silence is in force, or one no longer is; null when only a change can bring that. */
  nextBoundary(now: UnixMs): UnixMs | null {
    let next = Number.POSITIVE_INFINITY;
    for (const { row } of this.#byId.values()) {
      if (row.startsAt > now && row.startsAt < next) next = row.startsAt;
      if (row.endsAt >= now && row.endsAt + 1 < next) next = row.endsAt + 1;
    }
    return next === Number.POSITIVE_INFINITY ? null : unixMs(next);
  }

  /** When `gc` next has something to do. */
  nextWakeAt(): UnixMs | null {
    return this.#wakes.peek()?.at ?? null;
  }

  /** Forgets those whose retention is over; returns how many. */
  gc(now: UnixMs): number {
    let forgotten = 0;
    for (let wake = this.#wakes.peek(); wake !== undefined && wake.at <= now; wake = this.#wakes.peek()) {
      this.#wakes.pop();
      const { kept } = wake;
      if (this.#byId.get(kept.id) !== kept) continue;
      const deadAt = addMs(kept.row.endsAt, this.#retentionMs);
      if (silenceState(kept.row, now) !== 'expired') this.#wakes.push({ at: unixMs(kept.row.endsAt + 1), kept });
      else if (deadAt > now) {
        this.#index.remove(kept);
        this.#wakes.push({ at: deadAt, kept });
      } else {
        this.#index.remove(kept);
        this.#byId.delete(kept.id);
        this.#sink.deleteSilence(kept.id);
        forgotten++;
      }
    }
    return forgotten;
  }

  #keep(row: SilenceRow, sets: readonly (readonly Matcher[])[]): void {
    const kept: Kept = { id: row.id, row, sets, order: this.#version++ };
    this.#byId.set(row.id, kept);
    this.#index.add(kept);
    this.#wakes.push({ at: row.endsAt, kept });
  }

  #change(kept: Kept, row: SilenceRow): void {
    kept.row = row;
    this.#wakes.push({ at: row.endsAt, kept });
    this.#sink.upsertSilence(row);
  }

  /** The row as ended now; null when it had ended before. */
  #end(kept: Kept, now: UnixMs): SilenceRow | null {
    const state = silenceState(kept.row, now);
    if (state === 'expired') return null;
    this.#change(kept, { ...kept.row, endsAt: now, updatedAt: now, startsAt: state === 'pending' ? now : kept.row.startsAt });
    return kept.row;
  }

  #sizeError(row: SilenceRow): PutSilence | null {
    const { silenceBytesMax } = this.#limits;
    if (silenceBytesMax === 0) return null;
    const bytes = silenceBytes(row, addMs(row.endsAt, this.#retentionMs));
    if (bytes <= silenceBytesMax) return null;
    return refused('limit', `silence exceeded maximum size: ${bytes} bytes (limit: ${silenceBytesMax} bytes)`);
  }
}

const NONE: readonly Silence[] = [];

const refused = (reason: RefusalReason, message: string): PutSilence => ({ kind: 'refused', reason, message });

type Filed = { readonly silence: Kept; readonly matchers: readonly Matcher[] };
/** Where a set is filed: under what a label must be, must start with, or must match. */
type Place =
  | { readonly kind: 'values'; readonly name: string; readonly values: readonly string[] }
  | { readonly kind: 'prefix'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'pattern'; readonly name: string; readonly matcher: Matcher }
  /** Negative matchers only: a candidate for every alert. */
  | { readonly kind: 'anywhere' };
/** Sets filed under one label name. */
type NameIndex = {
  readonly byValue: Map<string, Set<Filed>>;
  /** By the prefix's length, then by the prefix. */
  readonly byPrefix: Map<number, Map<string, Set<Filed>>>;
  readonly patterns: Set<Filed>;
  /** The patterns in the order they came; those that left stay until they are many. */
  history: { readonly filed: Filed; readonly matcher: Matcher }[];
  /** Which patterns a value satisfies, of as many of the history as it was asked about: a new silence costs a value one match, not one for each silence. */
  readonly seen: Map<string, { readonly found: Filed[]; asked: number }>;
};

/** Values of a label whose patterns' verdicts are remembered, at most. */
const SEEN_VALUES_MAX = 20_000;

class SilenceIndex {
  readonly #byName = new Map<string, NameIndex>();
  readonly #anywhere = new Set<Filed>();
  readonly #places = new Map<Kept, readonly (readonly [Filed, Place])[]>();

  add(silence: Kept): void {
    const places = silence.sets.map((matchers): readonly [Filed, Place] => [{ silence, matchers }, this.#placeOf(matchers)]);
    this.#places.set(silence, places);
    for (const [filed, place] of places) this.#file(filed, place);
  }

  remove(silence: Kept): void {
    for (const [filed, place] of this.#places.get(silence) ?? []) this.#unfile(filed, place);
    this.#places.delete(silence);
  }

  /** Silences that match, in any state, oldest first. */
  matching(labels: Labels): readonly Silence[] {
    const found: Kept[] = [];
    const check = (filed: Filed): void => {
      if (matchesLabels(filed.matchers, labels) && !found.includes(filed.silence)) found.push(filed.silence);
    };
    this.#anywhere.forEach(check);
    const { flat } = labels;
    for (let i = 0; i < flat.length; i += 2) {
      const index = this.#byName.get(flat[i] as string);
      if (index === undefined) continue;
      const value = flat[i + 1] as string;
      index.byValue.get(value)?.forEach(check);
      for (const [length, byPrefix] of index.byPrefix) byPrefix.get(value.slice(0, length))?.forEach(check);
      if (index.patterns.size > 0) satisfied(index, value).forEach(check);
    }
    return found.length > 1 ? found.sort((a, b) => a.order - b.order) : found;
  }

  /** Where the fewest others are, among what the index can look up; else under a pattern that wants the label at all. */
  #placeOf(matchers: readonly Matcher[]): Place {
    let best: Place | null = null;
    let leastCrowd = Number.POSITIVE_INFINITY;
    for (const matcher of matchers) {
      const { name, op, value } = matcher;
      const prefix = op === '=~' ? literalPrefix(value) : '';
      const index = this.#byName.get(name);
      const values = valuesOf(matcher);
      let place: Place;
      let crowd = 0;
      if (values !== null) {
        place = { kind: 'values', name, values };
        for (const value of values) crowd += index?.byValue.get(value)?.size ?? 0;
      } else if (prefix !== '') {
        place = { kind: 'prefix', name, prefix };
        crowd = index?.byPrefix.get(prefix.length)?.get(prefix)?.size ?? 0;
      } else continue;
      if (crowd < leastCrowd) {
        best = place;
        leastCrowd = crowd;
      }
    }
    if (best !== null) return best;
    const matcher = matchers.find(({ op, regex }) => op === '=~' && regex?.matches('') === false);
    return matcher === undefined ? { kind: 'anywhere' } : { kind: 'pattern', name: matcher.name, matcher };
  }

  #file(filed: Filed, place: Place): void {
    if (place.kind === 'anywhere') {
      this.#anywhere.add(filed);
      return;
    }
    let index = this.#byName.get(place.name);
    if (index === undefined) {
      index = { byValue: new Map(), byPrefix: new Map(), patterns: new Set(), history: [], seen: new Map() };
      this.#byName.set(place.name, index);
    }
    switch (place.kind) {
      case 'values':
        for (const value of place.values) put(index.byValue, value, filed);
        break;
      case 'prefix': {
        const { length } = place.prefix;
        const byPrefix = index.byPrefix.get(length) ?? new Map<string, Set<Filed>>();
        index.byPrefix.set(length, byPrefix);
        put(byPrefix, place.prefix, filed);
        break;
      }
      case 'pattern':
        index.patterns.add(filed);
        index.history.push({ filed, matcher: place.matcher });
        break;
      default:
        unreachable(place);
    }
  }

  #unfile(filed: Filed, place: Place): void {
    if (place.kind === 'anywhere') {
      this.#anywhere.delete(filed);
      return;
    }
    const index = this.#byName.get(place.name);
    if (index === undefined) return;
    switch (place.kind) {
      case 'values':
        for (const value of place.values) take(index.byValue, value, filed);
        break;
      case 'prefix': {
        const byPrefix = index.byPrefix.get(place.prefix.length);
        if (byPrefix === undefined) return;
        take(byPrefix, place.prefix, filed);
        if (byPrefix.size === 0) index.byPrefix.delete(place.prefix.length);
        break;
      }
      case 'pattern':
        index.patterns.delete(filed);
        if (index.history.length > 2 * index.patterns.size) {
          index.history = index.history.filter((entry) => index.patterns.has(entry.filed));
          index.seen.clear();
        }
        break;
      default:
        unreachable(place);
    }
  }
}

function put(index: Map<string, Set<Filed>>, key: string, filed: Filed): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([filed]));
  else set.add(filed);
}

function take(index: Map<string, Set<Filed>>, key: string, filed: Filed): void {
  const set = index.get(key);
  if (set?.delete(filed) === true && set.size === 0) index.delete(key);
}

/** The sets whose pattern the value satisfies. */
function satisfied(index: NameIndex, value: string): readonly Filed[] {
  let known = index.seen.get(value);
  if (known === undefined) {
    if (index.seen.size >= SEEN_VALUES_MAX) index.seen.clear();
    known = { found: [], asked: 0 };
    index.seen.set(value, known);
  }
  for (; known.asked < index.history.length; known.asked++) {
    const entry = index.history[known.asked];
    if (entry !== undefined && index.patterns.has(entry.filed) && entry.matcher.regex?.matches(value) === true)
      known.found.push(entry.filed);
  }
  return known.found.filter((filed) => index.patterns.has(filed));
}
