/**
 * Silences that another keeper of silences has written are taken in beside our own. The rule is Alertmanager's for what
 * the members of its cluster tell each other (silence/silence.go, `merge`): of two versions of one id the one with the
 * newer `updatedAt` stays, and what its retention is over for is not taken in again. Unlike Alertmanager, which trusts its
 * members, we take in only what we would have taken from the API.
 */
import { isUuid } from '../model/random.ts';
import type { UnixMs } from '../model/time.ts';
import type { SilenceId, SilenceRow } from './router-state.ts';
import { compileSets, countError, type LabelNameMode, type SilenceLimits, sizeError, timesError } from './silence.ts';

export type ArrivedSilence = {
  readonly row: SilenceRow;
  /** When its retention ends. */
  readonly expiresAt: UnixMs;
  /** What `row` cannot say of it; null: it is all there. */
  readonly defect: string | null;
};

export type SilenceMerge = {
  /** As they are now; no id is in both. */
  readonly added: readonly SilenceRow[];
  readonly replaced: readonly SilenceRow[];
  /** How many we have in the same version, in a newer one, and how many had their retention behind them. */
  readonly same: number;
  readonly older: number;
  readonly expired: number;
  readonly refused: readonly { readonly id: SilenceId; readonly reason: string }[];
};

export type MergeTerms = { readonly mode: LabelNameMode; readonly limits: SilenceLimits };

export function mergeSilences(
  local: readonly SilenceRow[],
  arrived: readonly ArrivedSilence[],
  { mode, limits }: MergeTerms,
  now: UnixMs,
): SilenceMerge {
  const known = new Map(local.map((row): [SilenceId, SilenceRow] => [row.id, row]));
  const added = new Map<SilenceId, SilenceRow>();
  const replaced = new Map<SilenceId, SilenceRow>();
  const refused: SilenceMerge['refused'][number][] = [];
  const left = { same: 0, older: 0, expired: 0 };
  for (const silence of arrived) {
    const { row } = silence;
    const old = known.get(row.id);
    const verdict = versionVerdict(silence, old, now);
    if (verdict !== 'added' && verdict !== 'newer') {
      left[verdict]++;
      continue;
    }
    const isTooMany = old === undefined ? countError(known.size, limits) : null;
    const reason = refusalOf(silence, mode) ?? isTooMany ?? sizeError(row, silence.expiresAt, limits);
    if (reason !== null) {
      refused.push({ id: row.id, reason });
      continue;
    }
    known.set(row.id, row);
    // What came twice is still new to us.
    (old === undefined || added.has(row.id) ? added : replaced).set(row.id, row);
  }
  return { added: [...added.values()], replaced: [...replaced.values()], ...left, refused };
}

function versionVerdict(
  { row, expiresAt }: ArrivedSilence,
  old: SilenceRow | undefined,
  now: UnixMs,
): 'added' | 'newer' | 'same' | 'older' | 'expired' {
  if (expiresAt < now) return 'expired';
  if (old === undefined) return 'added';
  if (row.updatedAt === old.updatedAt) return 'same';
  return row.updatedAt > old.updatedAt ? 'newer' : 'older';
}

/** Why it cannot be a silence of ours; null when it can. */
function refusalOf({ row, defect }: ArrivedSilence, mode: LabelNameMode): string | null {
  if (!isUuid(row.id)) return 'its id is no UUID, so that the API could neither show nor end it';
  if (defect !== null) return defect;
  const sets = compileSets(row.matcherSets, mode);
  return 'error' in sets ? sets.error : timesError(row.startsAt, row.endsAt);
}
