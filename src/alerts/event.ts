/**
 * The router's event log: one record whenever something about an alert or a group changes on its way to a receiver, with
 * the reason. Events are written on change only: a tick that decides as the last one did writes nothing. Closed unions: a
 * stage has its own verdicts and reasons, and explain, history and the API know them all.
 */
import type { ResolveReason } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { UnixMs } from '../model/time.ts';

/** Why a notification goes out, in the words Alertmanager gives templates and webhooks as `notification_reason`. */
export type NotificationReason =
  | 'first notification'
  | 'new alerts added'
  | 'all alerts resolved'
  | 'some alerts resolved'
  | 'repeat interval elapsed';

/** Why a flush sent an integration nothing. */
export type SkipReason =
  /** Nothing fires, and the integration was never told that anything does. */
  | 'nothing_firing'
  /** It knows all of this already, and the repeat interval is not over. */
  | 'unchanged'
  /** It would only be told again, and somebody looks after the group. */
  | 'acknowledged';

/** Why an outbox row was given up before a provider took it. */
export type CancelReason =
  | 'superseded'
  | 'silenced'
  | 'acknowledged'
  /** It stood in for another, which has been accepted, or has nothing to tell any more. */
  | 'not_needed'
  | 'route_removed'
  | 'receiver_removed';

/** Why somebody else is told: attempts failed for a while, none can succeed, the provider is down, or a person asked for it. */
export type FallbackReason = 'not_accepted' | 'hopeless' | 'request';

/** Everything it was given for has resolved, something else fires, or a new configuration leads the alerts elsewhere. */
export type AcknowledgementEnd = 'resolved' | 'new_alert' | 'route_changed';

export type EventCode =
  /** The store took an alert, or refused it. */
  | { readonly stage: 'ingest'; readonly verdict: 'stored'; readonly reason: 'new' | 'fired_again' }
  | { readonly stage: 'ingest'; readonly verdict: 'dropped'; readonly reason: 'alertname_limit' }
  /** An alert ended. */
  | { readonly stage: 'resolve'; readonly verdict: 'resolved'; readonly reason: ResolveReason }
  /** An alert entered or left a group. */
  | { readonly stage: 'group'; readonly verdict: 'joined'; readonly reason: 'route_matched' }
  | {
      readonly stage: 'group';
      readonly verdict: 'left';
      /** `resolved_unheard`: it resolved while suppressed, or before anybody was told; nobody hears of the resolve. */
      readonly reason: 'resolved' | 'resolved_unheard' | 'route_changed';
    }
  /** A flush held an alert back, or no longer does. Detail of `suppressed`: by (fingerprints and rule, or silence ids). */
  | { readonly stage: 'inhibit'; readonly verdict: 'suppressed'; readonly reason: 'source_firing' }
  | { readonly stage: 'inhibit'; readonly verdict: 'released'; readonly reason: 'source_gone' }
  | { readonly stage: 'silence'; readonly verdict: 'suppressed'; readonly reason: 'silence_active' }
  | { readonly stage: 'silence'; readonly verdict: 'released'; readonly reason: 'silence_over' }
  /** A flush held a whole group back. Detail of `suppressed`: by (interval names). */
  | { readonly stage: 'mute'; readonly verdict: 'suppressed'; readonly reason: 'mute_time_interval' | 'outside_active_time_interval' }
  | { readonly stage: 'mute'; readonly verdict: 'released'; readonly reason: 'interval_over' }
  /** What a flush decided for one integration. Detail: receiver, integration, index and, of `notify`, outboxId. */
  | { readonly stage: 'dedup'; readonly verdict: 'notify'; readonly reason: NotificationReason }
  | { readonly stage: 'dedup'; readonly verdict: 'skip'; readonly reason: SkipReason | 'send_resolved_off' | 'delivery_in_flight' }
  /** What became of an outbox row. Detail: receiver, integration, index, outboxId, error. */
  | { readonly stage: 'deliver'; readonly verdict: 'accepted'; readonly reason: NotificationReason }
  | { readonly stage: 'deliver'; readonly verdict: 'rejected' | 'unknown'; readonly reason: 'provider' }
  | { readonly stage: 'deliver'; readonly verdict: 'failed'; readonly reason: 'provider' | 'deadline' }
  | { readonly stage: 'deliver'; readonly verdict: 'cancelled'; readonly reason: CancelReason }
  /** What a provider said later of a notification that it had taken: it arrived, or it did not and will not. */
  | { readonly stage: 'deliver'; readonly verdict: 'confirmed' | 'lost'; readonly reason: 'report' }
  /** Another receiver is told in the place of an integration. Detail: the integration, fallback (its name), outboxId (of what it stands in for). */
  | { readonly stage: 'fallback'; readonly verdict: 'begun'; readonly reason: FallbackReason }
  /** That receiver hears no more of the group but the end of what it was told. Detail: fallback. */
  | { readonly stage: 'fallback'; readonly verdict: 'over'; readonly reason: 'not_needed' }
  /** Nobody took it. Detail: the integration, outboxId. */
  | { readonly stage: 'fallback'; readonly verdict: 'undelivered'; readonly reason: 'exhausted' }
  /** What somebody who was notified did about the group. Detail: by, outboxId; of `silenced` also silenceIds. */
  | { readonly stage: 'action'; readonly verdict: 'acknowledged' | 'escalated' | 'silenced'; readonly reason: 'request' }
  /** An acknowledgement no longer holds. Detail: by (whose it was). */
  | { readonly stage: 'action'; readonly verdict: 'acknowledgement_over'; readonly reason: AcknowledgementEnd }
  /** A silence was made, changed or ended by somebody, or came from an Alertmanager's files. Detail: silenceId, by. */
  | { readonly stage: 'silenced'; readonly verdict: 'created' | 'updated' | 'expired'; readonly reason: 'request' }
  | { readonly stage: 'silenced'; readonly verdict: 'created' | 'updated'; readonly reason: 'import' };

export type EventDetail = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export type EventRecord = EventCode & {
  readonly at: UnixMs;
  /** The alert it is about; null when about a whole group. */
  readonly fingerprint: Fingerprint | null;
  readonly groupKey: GroupKey | null;
  readonly detail: EventDetail | null;
};

/** `routeKey:{label="v", …}`, as notifications show it; two sibling routes with the same matchers share theirs. */
export type GroupKey = string & { readonly __unit: 'GroupKey' };
