/**
 * One silence: its state at an instant, what makes it valid, which changes keep its id, how large it is, and in which order
 * silences are listed. Messages and rules are Alertmanager's (silence/silence.go). The store is silences.ts.
 */
import { goQuote } from '../lib/go-quote.ts';
import type { Labels } from '../model/labels.ts';
import { isLegacyLabelName, isUtf8LabelName } from '../model/labels.ts';
import { type Matcher, matchesLabels, matchesValue } from '../model/matcher.ts';
import { compileSilenceRegex, storedSilenceRegex } from '../model/regex.ts';
import type { UnixMs } from '../model/time.ts';
import type { MatcherRow, SilenceRow } from './router-state.ts';

export type SilenceState = 'pending' | 'active' | 'expired';
/** Which label names are valid: any UTF-8 text, or the old ones only (--enable-feature=classic-mode). */
export type LabelNameMode = 'utf8' | 'classic';
/** 0: there is none. */
export type SilenceLimits = { readonly silencesMax: number; readonly silenceBytesMax: number };

/** Both bounds belong to the silence, but for an end set by hand: that one counts at once. */
export function silenceState(
  { startsAt, endsAt, updatedAt }: Pick<SilenceRow, 'startsAt' | 'endsAt' | 'updatedAt'>,
  now: UnixMs,
): SilenceState {
  if (now < startsAt) return 'pending';
  return now > endsAt || (now === endsAt && updatedAt === endsAt) ? 'expired' : 'active';
}

/** True when one of the sets matches. */
export const matchesSets = (sets: readonly (readonly Matcher[])[], labels: Labels): boolean =>
  sets.some((matchers) => matchesLabels(matchers, labels));

/** The sets compiled, or why they cannot be. */
export function compileSets(
  sets: readonly (readonly MatcherRow[])[],
  mode: LabelNameMode,
): readonly (readonly Matcher[])[] | { readonly error: string } {
  if (sets.length === 0) return { error: 'at least one matcher set required' };
  const compiled: Matcher[][] = [];
  for (const [setIndex, set] of sets.entries()) {
    if (set.length === 0) return { error: `matcher set ${setIndex} is empty` };
    const matchers: Matcher[] = [];
    for (const [index, row] of set.entries()) {
      const matcher = compileMatcher(row, mode);
      if ('error' in matcher) return { error: `invalid label matcher ${index} in set ${setIndex}: ${matcher.error}` };
      matchers.push(matcher);
    }
    if (matchers.every(acceptsOnlyEmpty)) {
      return { error: `matcher set ${setIndex}: at least one matcher must not match the empty string` };
    }
    compiled.push(matchers);
  }
  return compiled;
}

/** Sets that `compileSets` has passed before. */
export const storedSets = (sets: readonly (readonly MatcherRow[])[]): readonly (readonly Matcher[])[] =>
  sets.map((set) =>
    set.map(({ name, op, value }) => ({ name, op, value, regex: op === '=' || op === '!=' ? null : storedSilenceRegex(value) })),
  );

/** Why these times cannot be a silence's; null when they can. */
export function timesError(startsAt: UnixMs | null, endsAt: UnixMs | null): string | null {
  if (startsAt === null) return 'invalid zero start timestamp';
  if (endsAt === null) return 'invalid zero end timestamp';
  return endsAt < startsAt ? 'end time must not be before start time' : null;
}

/**
 * Whether a change keeps the id, that is, leaves alone what has been: the matchers are the same in the same order, an
 * active silence keeps its start (to the second) and does not end in the past, a pending one does not start in the past.
 */
export function isUpdateInPlace(old: SilenceRow, next: Pick<SilenceRow, 'matcherSets' | 'startsAt' | 'endsAt'>, now: UnixMs): boolean {
  if (!sameSets(old.matcherSets, next.matcherSets)) return false;
  const state = silenceState(old, now);
  if (state === 'pending') return next.startsAt >= now;
  return state === 'active' && Math.floor(old.startsAt / 1000) === Math.floor(next.startsAt / 1000) && next.endsAt >= now;
}

/** Whether the API's filter lists it: every filter matcher is one of a set's, letter by letter. */
export const hasMatchers = (row: Pick<SilenceRow, 'matcherSets'>, filter: readonly MatcherRow[]): boolean =>
  row.matcherSets.some((set) => filter.every((wanted) => set.some((matcher) => sameMatcher(matcher, wanted))));

/** Active first, those that end soonest before others; then pending, by start; then expired, the latest end first. */
export function compareSilences(a: SilenceRow, b: SilenceRow, now: UnixMs): number {
  const state = silenceState(a, now);
  const order = STATE_ORDER[state] - STATE_ORDER[silenceState(b, now)];
  if (order !== 0) return order;
  if (state === 'pending') return a.startsAt - b.startsAt;
  return state === 'active' ? a.endsAt - b.endsAt : b.endsAt - a.endsAt;
}

/** Why one more silence would be too many; null when it would not. `silencesMax` 0: there is no limit. */
export const countError = (count: number, { silencesMax }: SilenceLimits): string | null =>
  silencesMax > 0 && count + 1 > silencesMax ? `exceeded maximum number of silences: ${count} (limit: ${silencesMax})` : null;

/** Why it is too large; null when it is not. */
export function sizeError(row: SilenceRow, expiresAt: UnixMs, { silenceBytesMax }: SilenceLimits): string | null {
  if (silenceBytesMax === 0) return null;
  const bytes = silenceBytes(row, expiresAt);
  return bytes > silenceBytesMax ? `silence exceeded maximum size: ${bytes} bytes (limit: ${silenceBytesMax} bytes)` : null;
}

/** Bytes it takes in Alertmanager's storage (MeshSilence in silencepb), which --silences.max-silence-size-bytes counts. */
export function silenceBytes(row: SilenceRow, expiresAt: UnixMs): number {
  let bytes = text(row.id) + stamp(row.startsAt) + stamp(row.endsAt) + stamp(row.updatedAt) + text(row.createdBy) + text(row.comment);
  for (const [name, value] of Object.entries(row.annotations)) bytes += nested(2 + lengthed(utf8Bytes(name)) + lengthed(utf8Bytes(value)));
  for (const set of row.matcherSets) {
    let inner = 0;
    for (const { op, name, value } of set) inner += nested((op === '=' ? 0 : 2) + text(name) + text(value));
    bytes += nested(inner);
  }
  return nested(bytes) + stamp(expiresAt);
}

const STATE_ORDER: Readonly<Record<SilenceState, number>> = { active: 0, pending: 1, expired: 2 };

function compileMatcher({ name, op, value }: MatcherRow, mode: LabelNameMode): Matcher | { readonly error: string } {
  const isName = mode === 'classic' ? isLegacyLabelName(name) : isUtf8LabelName(name);
  if (!isName) return { error: `invalid label name ${goQuote(name)}` };
  if (op === '=' || op === '!=') return { name, op, value, regex: null };
  const regex = compileSilenceRegex(value);
  return 'error' in regex ? { error: `invalid regular expression ${goQuote(value)}: ${regex.error}` } : { name, op, value, regex };
}

/** Alertmanager's notion: a negative matcher never counts as one that the empty value satisfies. */
const acceptsOnlyEmpty = (matcher: Matcher): boolean => (matcher.op === '=' || matcher.op === '=~') && matchesValue(matcher, '');

const sameMatcher = (a: MatcherRow, b: MatcherRow): boolean => a.name === b.name && a.op === b.op && a.value === b.value;

const sameSets = (a: readonly (readonly MatcherRow[])[], b: readonly (readonly MatcherRow[])[]): boolean =>
  a.length === b.length &&
  a.every((set, i) => {
    const other = b[i] ?? [];
    return set.length === other.length && set.every((matcher, j) => sameMatcher(matcher, other[j] as MatcherRow));
  });

// Protobuf sizes: a field takes one byte of tag (all numbers here are below 16), and proto3 leaves out empty values.

const varint = (value: number): number => (value < 0 ? 10 : value < 0x80 ? 1 : 1 + varint(Math.floor(value / 0x80)));
const lengthed = (bytes: number): number => varint(bytes) + bytes;
const nested = (bytes: number): number => 1 + lengthed(bytes);
const text = (value: string): number => (value === '' ? 0 : nested(utf8Bytes(value)));
const utf8Bytes = (value: string): number => new TextEncoder().encode(value).length;

function stamp(at: UnixMs): number {
  const seconds = Math.floor(at / 1000);
  const nanos = (at - seconds * 1000) * 1e6;
  return nested((seconds === 0 ? 0 : 1 + varint(seconds)) + (nanos === 0 ? 0 : 1 + varint(nanos)));
}
