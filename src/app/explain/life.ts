/** What the event log and the store say of one alert's life up to an instant. */

import type { StoredEvent } from '../../db/event-repository.ts';
import type { Alert } from '../../model/alert.ts';
import { isResolvedAt } from '../../model/alert.ts';
import type { UnixMs } from '../../model/time.ts';

export type Life =
  | { readonly kind: 'firing'; readonly since: UnixMs }
  | { readonly kind: 'resolved'; readonly since: UnixMs; readonly endedAt: UnixMs; readonly reason: string }
  /** The limit per alertname refused it. */
  | { readonly kind: 'dropped'; readonly at: UnixMs; readonly reason: string };

/** Null: nobody knew of it then. `events`: those of the alert up to `at`, oldest first; they are forgotten earlier than long alerts are. */
export function lifeAt(events: readonly StoredEvent[], alert: Alert | null, at: UnixMs): Life | null {
  let life: Life | null = null;
  let since: UnixMs | null = null;
  for (const { stage, verdict, reason, at: when } of events) {
    if (stage === 'ingest' && verdict === 'stored') since = when;
    if (stage === 'ingest') life = verdict === 'stored' ? { kind: 'firing', since: when } : { kind: 'dropped', at: when, reason };
    else if (stage === 'resolve') life = { kind: 'resolved', since: since ?? when, endedAt: when, reason };
  }
  if (life === null && alert !== null && alert.startsAt <= at) life = { kind: 'firing', since: alert.startsAt };
  if (life?.kind === 'firing' && alert !== null && alert.startsAt <= at && alert.endsAt !== null && isResolvedAt(alert, at))
    return { kind: 'resolved', since: life.since, endedAt: alert.endsAt, reason: alert.resolveReason ?? 'sender_silent' };
  return life;
}

/** Reasons of an end, as people read them. */
export function endText(reason: string): string {
  switch (reason) {
    case 'condition_false':
      return 'its condition is no longer true';
    case 'data_missing':
      return 'its data went missing';
    case 'rule_removed':
      return 'its rule was removed';
    case 'sender_resolved':
      return 'its sender resolved it';
    case 'sender_silent':
      return 'its sender did not send it again';
    default:
      return reason;
  }
}
