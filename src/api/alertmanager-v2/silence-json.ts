/** A silence as API v2 writes it: its first set of matchers, the only one that this API can make. */
import { toApiMatcher } from '../../alerts/matcher-text.ts';
import type { SilenceRow } from '../../alerts/router-state.ts';
import { silenceState } from '../../alerts/silence.ts';
import type { UnixMs } from '../../model/time.ts';
import { timeJson } from './alert-json.ts';

export function silenceJson(silence: SilenceRow, now: UnixMs): string {
  const { id, matcherSets, startsAt, endsAt, updatedAt, createdBy, comment, annotations } = silence;
  const matchers = JSON.stringify((matcherSets[0] ?? []).map(toApiMatcher));
  const times = `"endsAt":${timeJson(endsAt)},"startsAt":${timeJson(startsAt)},"updatedAt":${timeJson(updatedAt)}`;
  const by = `"comment":${JSON.stringify(comment)},"createdBy":${JSON.stringify(createdBy)}`;
  const notes = Object.keys(annotations).length === 0 ? '' : `"annotations":${JSON.stringify(annotations)},`;
  return `{"id":${JSON.stringify(id)},"status":{"state":"${silenceState(silence, now)}"},${times},${notes}${by},"matchers":${matchers}}`;
}
