/**
 * The silences there are: made, changed, ended, forgotten after the retention, and asked which of them hold an alert back.
 *
 * Hot path: `silencing`, for every alert of every flush and read. What an alert found in the index (silence-index.ts) is
 * kept in its SilenceCache; of silences that came since, only those are asked.
 */
import { MinHeap } from '../lib/heap.ts';
import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { type Random, uuid } from '../model/random.ts';
import type { DurationMs, UnixMs } from '../model/time.ts';
import { addMs, unixMs } from '../model/time.ts';
import type { MatcherRow, SilenceId, SilenceRow } from './router-state.ts';
import {
  compareSilences,
  compileSets,
  countError,
  hasMatchers,
  isUpdateInPlace,
  type LabelNameMode,
  matchesSets,
  type SilenceLimits,
  type SilenceState,
  silenceState,
  sizeError,
  storedSets,
  timesError,
} from './silence.ts';
import { SilenceIndex } from './silence-index.ts';

/** A silence in memory: one object for as long as its id lives. */
export type Silence = { readonly id: SilenceId; readonly row: SilenceRow };

/** What an alert found among the first `asked` silences; starts as `newSilenceCache()`. Written here only. */
export type SilenceCache = { asked: number; found: readonly Silence[] };

export const newSilenceCache = (): SilenceCache => ({ asked: 0, found: [] });

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
  readonly #index = new SilenceIndex<Kept>();
  /** When each is to leave the index (its end), and then the store (its end and the retention). */
  readonly #wakes = new MinHeap<Wake>((a, b) => a.at < b.at);
  /** The newest ones, oldest first. */
  readonly #newest: Kept[] = [];
  /** Silences that there have been. */
  #count = 0;

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
    for (const row of rows) this.#keep(row, storedSets(row.matcherSets));
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
      if (tooLarge !== null) return refused('limit', tooLarge);
      this.#change(old, row);
      return { kind: 'updated', row, ended: null };
    }
    const tooMany = countError(this.#byId.size, this.#limits);
    if (tooMany !== null) return refused('limit', tooMany);
    const row: SilenceRow = { ...next, id: newId ?? (uuid(this.#random) as SilenceId), startsAt: startsAt < now ? now : startsAt };
    const tooLarge = this.#sizeError(row);
    if (tooLarge !== null) return refused('limit', tooLarge);
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
    if (cache.asked < this.#count) this.#look(labels, cache, now);
    if (cache.found.length === 0) return NONE;
    return cache.found.filter((silence) => silenceState(silence.row, now) === 'active');
  }

  /** Does now what the next `silencing` of each of these would have to do; stops after each that had something to be done. */
  *prepare(alerts: Iterable<{ readonly labels: Labels; readonly silences: SilenceCache }>, now: UnixMs): Generator<void, void> {
    yield* this.#index.prepare();
    for (const { labels, silences } of alerts) {
      if (silences.asked >= this.#count) continue;
      this.#look(labels, silences, now);
      yield;
    }
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

  #look(labels: Labels, cache: SilenceCache, now: UnixMs): void {
    const behind = this.#count - cache.asked;
    if (behind > NEWEST_ASKED_MAX) cache.found = this.#index.matching(labels);
    else {
      const found = this.#newest.slice(-behind).filter(({ sets }) => matchesSets(sets, labels));
      if (found.length > 0) cache.found = [...cache.found.filter(({ row }) => silenceState(row, now) !== 'expired'), ...found];
    }
    cache.asked = this.#count;
  }

  #keep(row: SilenceRow, sets: readonly (readonly Matcher[])[]): void {
    const kept: Kept = { id: row.id, row, sets, order: this.#count++ };
    this.#byId.set(row.id, kept);
    this.#newest.push(kept);
    if (this.#newest.length > NEWEST_ASKED_MAX) this.#newest.shift();
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

  #sizeError(row: SilenceRow): string | null {
    return sizeError(row, addMs(row.endsAt, this.#retentionMs), this.#limits);
  }
}

/** So many new silences are asked one by one before an alert goes to the index. */
const NEWEST_ASKED_MAX = 8;

const NONE: readonly Silence[] = [];

const refused = (reason: RefusalReason, message: string): PutSilence => ({ kind: 'refused', reason, message });
