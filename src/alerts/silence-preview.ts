/**
 * What a silence would do if it were in force now: which alerts it holds back, which groups fall quiet by it, and which
 * notifications that wait for their attempt would be given up. Computed from the same views that the API lists and by the
 * same rule that a claim follows (Router.claim); changes nothing.
 */
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Matcher } from '../model/matcher.ts';
import type { OutboxRow } from './router-state.ts';
import type { AlertView, GroupView } from './router-view.ts';
import { matchesSets } from './silence.ts';

export type SilencePreview = {
  /** Alerts that it matches; those that other silences or inhibitions hold back already, too. */
  readonly alerts: readonly AlertView[];
  /** Of all alerts that there are now. */
  readonly alertsInAll: number;
  /** Groups that would notify of something and then of nothing any more. */
  readonly quietGroups: readonly GroupView[];
  readonly cancelled: readonly OutboxRow[];
};

type Sources = {
  readonly alerts: readonly AlertView[];
  readonly groups: readonly GroupView[];
  /** Rows that no attempt holds. */
  readonly waiting: Iterable<OutboxRow>;
};

export function previewSilence(sets: readonly (readonly Matcher[])[], { alerts, groups, waiting }: Sources): SilencePreview {
  const matched = alerts.filter(({ alert }) => matchesSets(sets, alert.labels));
  const isMatched = new Set(matched.map(({ alert }) => alert.fingerprint));
  const isSilenced = new Set(alerts.filter(({ silencedBy }) => silencedBy.length > 0).map(({ alert }) => alert.fingerprint));
  return {
    alerts: matched,
    alertsInAll: alerts.length,
    quietGroups: groups.filter((group) => fallsQuiet(group, isMatched)),
    cancelled: [...waiting].filter((row) => isCancelled(row, isMatched, isSilenced)),
  };
}

function fallsQuiet({ mutedBy, alerts }: GroupView, isMatched: ReadonlySet<Fingerprint>): boolean {
  const heard = mutedBy.length > 0 ? [] : alerts.filter(({ state }) => state === 'active');
  return heard.length > 0 && heard.every(({ alert }) => isMatched.has(alert.fingerprint));
}

/** One that tells of a resolve goes out whatever is silenced. */
function isCancelled({ firing, resolved }: OutboxRow, isMatched: ReadonlySet<Fingerprint>, isSilenced: ReadonlySet<Fingerprint>): boolean {
  if (resolved.length > 0 || !firing.some((fingerprint) => isMatched.has(fingerprint))) return false;
  return firing.every((fingerprint) => isMatched.has(fingerprint) || isSilenced.has(fingerprint));
}
