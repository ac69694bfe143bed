/** alertmanager/silence: validity, states, matching, updates, whole lives, and what the API answers. */
import { parseMatcher } from '../../../src/alerts/matcher-text.ts';
import type { MatcherRow, SilenceId, SilenceRow } from '../../../src/alerts/router-state.ts';
import {
  compareSilences,
  compileSets,
  hasMatchers,
  isUpdateInPlace,
  type LabelNameMode,
  matchesSets,
  type SilenceState,
  silenceState,
  timesError,
} from '../../../src/alerts/silence.ts';
import { type ArrivedSilence, mergeSilences } from '../../../src/alerts/silence-merge.ts';
import { newSilenceCache, type PostedSilence, Silences } from '../../../src/alerts/silences.ts';
import { Labels } from '../../../src/model/labels.ts';
import type { MatchOp } from '../../../src/model/matcher.ts';
import { type Random, uuid } from '../../../src/model/random.ts';
import { durationMs, type UnixMs, unixMs } from '../../../src/model/time.ts';
import { apiV2, TestAlertmanager } from '../../support/test-alertmanager.ts';
import type { CaseResult, KindRunner } from '../kind.ts';
import { checkTable, errorAsWanted, type WantedError, wantedError } from './table.ts';

type TypedMatcher = { readonly name: string; readonly value: string; readonly type: MatchOp };
type Span = { readonly start: number; readonly end: number };
type ValidateCase = WantedError & {
  readonly mode: LabelNameMode;
  readonly matchers: readonly TypedMatcher[];
  readonly starts_at: number | null;
  readonly ends_at: number | null;
};
type MatchCase = {
  readonly labels: Readonly<Record<string, string>>;
  readonly matcher_sets: readonly (readonly TypedMatcher[])[];
  readonly matches: boolean;
};
type FilterCase = { readonly silence: readonly MatcherRow[]; readonly filter: readonly string[]; readonly listed: boolean };
type UpdateCase = { readonly old: Span; readonly new: Span; readonly same_matchers: boolean; readonly in_place: boolean };
type StateCase = {
  readonly now?: number;
  readonly start?: number;
  readonly end?: number;
  readonly state?: SilenceState;
  readonly sort_in?: readonly (Span & { readonly id: string })[];
  readonly sort_out?: readonly string[];
  readonly query?: Partial<Record<SilenceState, boolean>>;
  readonly states_returned?: readonly SilenceState[];
  readonly local?: Versions;
  readonly incoming?: Versions;
  readonly result_updated?: Readonly<Record<string, number>>;
};
/** By id: when it was last changed, and when its retention ends. */
type Versions = Readonly<Record<string, { readonly updated: number; readonly expires: number }>>;
type ApiCase = {
  readonly req?: Readonly<Record<string, unknown>> & { readonly id?: string; readonly drop?: string };
  readonly start?: number;
  readonly end?: number;
  readonly get?: string;
  readonly delete?: string;
  readonly http: number;
  readonly body_substring?: string;
};
type Wanted = WantedError & {
  readonly new_id?: boolean;
  readonly start?: number;
  readonly end?: number;
  readonly state?: SilenceState;
  readonly ok?: boolean;
  readonly removed?: number;
  readonly muted?: boolean;
  readonly by?: readonly string[];
  readonly http?: number;
};
type Step = {
  readonly t: number;
  readonly set?: {
    readonly ref?: string;
    readonly update?: string;
    readonly update_id?: string;
    readonly matchers: readonly TypedMatcher[];
    readonly start: number | null;
    readonly end: number | null;
    readonly comment?: string;
  };
  readonly expire?: string;
  readonly expire_id?: string;
  readonly gc?: boolean;
  readonly mutes?: Readonly<Record<string, string>>;
  readonly expect?: Wanted;
  readonly also?: Readonly<Record<string, Wanted>>;
};
type LifeCase = {
  readonly retention: number;
  readonly limits?: { readonly max_silences?: number; readonly max_silence_size_bytes?: number };
  readonly steps: readonly Step[];
};

/** Tables count seconds from some now; this one lies far from the zero time, which means "unset". */
const NOW = 1_700_000_000;
const at = (seconds: number): UnixMs => unixMs(Math.floor((NOW + seconds) * 1000));
const secondsOf = (instant: UnixMs): number => instant / 1000 - NOW;
const row = ({ name, value, type }: TypedMatcher): MatcherRow => ({ name, value, op: type });

/** Late in a second, so that part of a second more leads into the next one. */
const late = ({ start, end }: Span): Span => ({ start: start + 0.999, end: end + 0.999 });

function silenceRow(id: string, span: Span, matchers: readonly MatcherRow[] = [{ name: 'a', op: '=', value: 'b' }]): SilenceRow {
  return {
    id: id as SilenceId,
    matcherSets: [matchers],
    startsAt: at(span.start),
    endsAt: at(span.end),
    updatedAt: at(-1_000_000),
    createdBy: '',
    comment: '',
    annotations: {},
  };
}

export const run: KindRunner = async (dir) => [
  ...(await checkTable<ValidateCase>(dir, 'validate.json', (item) => ({
    expected: wantedError(item),
    run: () => {
      const sets = compileSets([item.matchers.map(row)], item.mode);
      const times = [item.starts_at, item.ends_at].map((seconds) => (seconds === null ? null : at(seconds)));
      return errorAsWanted(item, 'error' in sets ? sets.error : timesError(times[0] ?? null, times[1] ?? null));
    },
  }))),
  ...(await checkTable<MatchCase>(dir, 'match.json', (item) => ({
    expected: item.matches,
    run: () => matchesSets(compiled(item.matcher_sets.map((set) => set.map(row))), Labels.of(item.labels)),
  }))),
  ...(await checkTable<FilterCase>(dir, 'filter.json', (item) => ({
    expected: item.listed,
    run: () => hasMatchers({ matcherSets: [item.silence] }, item.filter.map(filterMatcher)),
  }))),
  ...(await checkTable<UpdateCase>(dir, 'update.json', (item) => ({
    expected: item.in_place,
    run: () => {
      const next = silenceRow('x', late(item.new), item.same_matchers ? undefined : [{ name: 'other', op: '=', value: 'b' }]);
      return isUpdateInPlace(silenceRow('x', late(item.old)), next, at(0.999));
    },
  }))),
  ...(await stateResults(dir)),
  ...(await checkTable<LifeCase>(dir, 'lifecycle.json', (item) => ({
    expected: item.steps.map((step) => ({ t: step.t, ...wantedStep(step) })),
    run: () => live(item),
  }))),
  ...(await checkTable<ApiCase>(dir, 'api.json', (item) => ({
    expected: { status: item.http, body: item.body_substring ?? null },
    run: () => requested(item),
  }))),
];

/** Sends what a case asks for to API v2, which knows one active and one expired silence. */
async function requested(item: ApiCase): Promise<{ readonly status: number; readonly body: string | null }> {
  const backend = new TestAlertmanager();
  const send = apiV2(backend);
  const ids = new Map([['<unknown uuid>', '7a3c1b9e-0000-4000-8000-000000000000']]);
  const time = (seconds: number): string => new Date(backend.at + seconds * 1000).toISOString();
  const silence = (start: number, end: number): Record<string, unknown> => ({
    matchers: [{ name: 'a', value: 'b', isRegex: false }],
    startsAt: time(start),
    endsAt: time(end),
    createdBy: 'ana',
    comment: 'planned',
  });
  const idOf = async (body: unknown): Promise<string> =>
    ((await send('POST', '/silences', body)).json as { readonly silenceID: string }).silenceID;
  ids.set('<active>', await idOf(silence(0, 3600)));
  ids.set('<expired>', await idOf(silence(0, 3600)));
  await send('DELETE', `/silence/${ids.get('<expired>')}`);
  // Later than those, as the requests of a client are.
  backend.at = unixMs(backend.at + 1);

  const { drop, id, ...changes } = item.req ?? {};
  const body: Record<string, unknown> = { ...silence(item.start ?? 0, item.end ?? 60), ...changes };
  if (drop !== undefined) delete body[drop];
  if (id !== undefined) body['id'] = ids.get(id) ?? id;
  const path = item.get ?? item.delete;
  const method = item.get !== undefined ? 'GET' : item.delete !== undefined ? 'DELETE' : 'POST';
  const answer = path === undefined ? await send('POST', '/silences', body) : await send(method, `/silence/${ids.get(path) ?? path}`);
  const part = item.body_substring;
  return { status: answer.status, body: part === undefined ? null : answer.text.includes(part) ? part : answer.text };
}

const stateResults = (dir: string): Promise<readonly CaseResult[]> =>
  checkTable<StateCase>(dir, 'state.json', (item) => ({
    expected: item.state ?? item.sort_out ?? item.states_returned ?? item.result_updated ?? null,
    run: () => {
      if (item.state !== undefined) {
        return silenceState(silenceRow('x', { start: item.start ?? 0, end: item.end ?? 0 }), at(item.now ?? 0));
      }
      if (item.sort_in !== undefined) {
        const rows = item.sort_in.map((silence) => silenceRow(silence.id, silence));
        return rows.sort((a, b) => compareSilences(a, b, at(0))).map(({ id }) => id);
      }
      if (item.local !== undefined) return merged(item.local, item.incoming ?? {});
      if (item.query === undefined) return null;
      const { query } = item;
      const silences = stored([
        silenceRow('a', { start: -10, end: 10 }),
        silenceRow('p', { start: 5, end: 10 }),
        silenceRow('e', { start: -9, end: -5 }),
      ]);
      const states = (['active', 'pending', 'expired'] as const).filter((state) => query[state] ?? true);
      return silences
        .list({ filter: [], states }, at(0))
        .map((silence) => silenceState(silence, at(0)))
        .sort();
    },
  }));

/** When each silence was updated, after a keeper of the local ones has taken in the others. */
function merged(local: Versions, incoming: Versions): Readonly<Record<string, number>> {
  // Names of the table, and ids that can be.
  const ids = new Map<string, SilenceId>();
  for (const name of [...Object.keys(local), ...Object.keys(incoming)]) if (!ids.has(name)) ids.set(name, uuid(random) as SilenceId);
  const arrivals = (versions: Versions): readonly ArrivedSilence[] =>
    Object.entries(versions).map(([name, { updated, expires }]) => ({
      row: { ...silenceRow(ids.get(name) ?? fail(), { start: 0, end: 0 }), updatedAt: at(updated) },
      expiresAt: at(expires),
      defect: null,
    }));
  const before = arrivals(local).map(({ row: kept }) => kept);
  const terms = { mode: 'utf8', limits: { silencesMax: 0, silenceBytesMax: 0 } } as const;
  const { added, replaced } = mergeSilences(before, arrivals(incoming), terms, at(0));
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  return Object.fromEntries([...before, ...added, ...replaced].map(({ id, updatedAt }) => [names.get(id), secondsOf(updatedAt)]));
}

function compiled(sets: readonly (readonly MatcherRow[])[]): Exclude<ReturnType<typeof compileSets>, { readonly error: string }> {
  const result = compileSets(sets, 'utf8');
  if (!('error' in result)) return result;
  // The table also matches sets that no silence may have, such as a="" alone.
  return sets.map((set) =>
    set.map((matcher) => {
      const made = compileSets([[matcher, { name: 'z', op: '=', value: 'z' }]], 'utf8');
      if ('error' in made) throw new Error(made.error);
      return made[0]?.[0] ?? fail();
    }),
  );
}

function fail(): never {
  throw new Error('no matcher');
}

function filterMatcher(text: string): MatcherRow {
  const matcher = parseMatcher(text);
  if ('error' in matcher) throw new Error(matcher.error);
  return { name: matcher.name, op: matcher.op, value: matcher.value };
}

const random: Random & { count: number } = {
  count: 0,
  next: () => 0,
  bytes(length) {
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(0, ++this.count);
    return bytes;
  },
};

function stored(rows: readonly SilenceRow[]): Silences {
  const silences = new Silences({ silencesMax: 0, silenceBytesMax: 0 }, durationMs(0), random, {
    upsertSilence: () => {},
    deleteSilence: () => {},
  });
  silences.restore(rows);
  return silences;
}

/** What a step's table row wants, reduced to what `live` reports. */
function wantedStep(step: Step): Record<string, unknown> {
  const { http: _, ...expect } = step.expect ?? {};
  const error = wantedError(expect);
  return { expect: { ...expect, ...(error !== null && { error }) }, ...(step.also !== undefined && { also: step.also }) };
}

/** Plays a script; reports in the shape of `wantedStep`, with only the fields asked for. */
function live(item: LifeCase): readonly Record<string, unknown>[] {
  const limits = { silencesMax: item.limits?.max_silences ?? 0, silenceBytesMax: item.limits?.max_silence_size_bytes ?? 0 };
  const silences = new Silences(limits, durationMs(item.retention * 1000), random, { upsertSilence: () => {}, deleteSilence: () => {} });
  const refs = new Map<string, SilenceId>();
  const names = (id: SilenceId): string => [...refs].find(([, known]) => known === id)?.[0] ?? id;
  const idOf = (ref: string): SilenceId => refs.get(ref) ?? (ref as SilenceId);
  const facts = (id: SilenceId, now: UnixMs): Wanted => {
    const found = silences.get(id);
    if (found === null) return {};
    return { start: secondsOf(found.startsAt), end: secondsOf(found.endsAt), state: silenceState(found, now) };
  };
  return item.steps.map((step) => {
    const now = at(step.t);
    let got: Wanted = {};
    if (step.set !== undefined) {
      const { set } = step;
      const known = set.update === undefined ? set.update_id : idOf(set.update);
      const posted: PostedSilence = {
        id: known === undefined ? null : (known as SilenceId),
        matcherSets: [set.matchers.map(row)],
        startsAt: set.start === null ? null : at(set.start),
        endsAt: set.end === null ? null : at(set.end),
        createdBy: '',
        comment: set.comment ?? '',
        annotations: {},
      };
      const result = silences.put(posted, 'utf8', now);
      if (result.kind === 'refused') {
        const wanted = step.expect?.error ?? '';
        got = { error: result.message.includes(wanted) ? wanted : result.message };
      } else {
        if (set.ref !== undefined) refs.set(set.ref, result.row.id);
        got = { new_id: result.row.id !== known, ...facts(result.row.id, now) };
      }
    } else if (step.expire !== undefined || step.expire_id !== undefined) {
      const result = silences.expire(step.expire === undefined ? (step.expire_id as SilenceId) : idOf(step.expire), now);
      got = result === null ? { error: 'silence not found' } : { ok: true };
    } else if (step.gc === true) got = { removed: silences.gc(now) };
    else if (step.mutes !== undefined) {
      const by = silences
        .silencing(Labels.of(step.mutes), newSilenceCache(), now)
        .map(({ id }) => names(id))
        .sort();
      got = { muted: by.length > 0, by };
    }
    return {
      t: step.t,
      expect: pick(got, step.expect ?? {}),
      ...(step.also !== undefined && {
        also: Object.fromEntries(Object.entries(step.also).map(([ref, wanted]) => [ref, pick(facts(idOf(ref), now), wanted)])),
      }),
    };
  });
}

/** Of `got` what the table asks for, and any error it did not ask for. */
const pick = (got: Wanted, wanted: Wanted): Record<string, unknown> =>
  Object.fromEntries(Object.entries(got).filter(([name]) => name in wanted || name === 'error'));
