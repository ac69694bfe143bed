/**
 * The router's state as rows: what must be on disk, and how it comes back. The router hands over RouterChanges after each
 * step; the runner commits them in one transaction and only then performs effects. After a start, RouterSnapshot is read
 * from the same rows. Nothing else is state: whatever is not in a row is an index that the router rebuilds.
 */
import type { Alert } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Labels } from '../model/labels.ts';
import type { MatchOp } from '../model/matcher.ts';
import type { UnixMs } from '../model/time.ts';
import type { CancelReason, EventRecord, GroupKey, NotificationReason, SkipReason } from './event.ts';
import type { Failure } from './fallback.ts';

/** Identity of a group: route id, group labels and receiver. Unlike the group key it is unique; opaque to all but the router. */
export type GroupId = string & { readonly __unit: 'GroupId' };
export type SilenceId = string & { readonly __unit: 'SilenceId' };
export type OutboxId = string & { readonly __unit: 'OutboxId' };

/** One configured integration of a receiver: `index` counts among those of the same name within the receiver, from 0. */
export type IntegrationRef = { readonly receiver: string; readonly name: string; readonly index: number };

export type GroupRow = {
  readonly id: GroupId;
  readonly groupKey: GroupKey;
  readonly routeId: string;
  readonly receiver: string;
  readonly labels: Labels;
  readonly createdAt: UnixMs;
  readonly nextFlushAt: UnixMs;
  /** Flushes so far; 0 while it waits for the first. */
  readonly flushCount: number;
  /** Names of the time intervals that muted it at its last flush. */
  readonly mutedBy: readonly string[];
  readonly integrations: readonly GroupIntegrationRow[];
  readonly ack: Acknowledgement | null;
  /** Integrations of other receivers that are told in the place of its own, or were and are still owed an end. */
  readonly standIns: readonly StandInRow[];
  /** Receivers that somebody has asked for, as long as anything fires. */
  readonly escalations: readonly Escalation[];
};

export type StandInRow = GroupIntegrationRow & { readonly receiver: string; readonly standsInFor: OutboxId };

/** Somebody wanted another receiver to be told. `outboxId`: of the notification that was answered. */
export type Escalation = { readonly receiver: string; readonly by: string; readonly at: UnixMs; readonly outboxId: OutboxId };

/** Somebody looks after a group: nobody is told again while nothing but these alerts fires in it. One that resolves leaves the list. */
export type Acknowledgement = { readonly by: string; readonly at: UnixMs; readonly firing: readonly Fingerprint[] };

/** What a group knows of one integration of its receiver. */
export type GroupIntegrationRow = {
  readonly name: string;
  readonly index: number;
  /** The last flush all of which reached the integration, or that had nothing to send to it. */
  readonly settledFlush: number;
  /** Why the last flush sent it nothing; null when it sent. */
  readonly lastSkip: SkipReason | 'send_resolved_off' | 'delivery_in_flight' | null;
  /** Told as firing and not yet told as resolved. Kept only under the resolve contract. */
  readonly owed: readonly Fingerprint[];
  /** It does not take its notifications; null: it does, as far as is known. */
  readonly failure: Failure | null;
  /** `at` of the acknowledgement that was passed on to its provider; left out: none was. */
  readonly ackPassedOn?: UnixMs;
};

/** An alert in a group. */
export type MemberRow = {
  readonly groupId: GroupId;
  readonly fingerprint: Fingerprint;
  readonly joinedAt: UnixMs;
  readonly suppression: Suppression | null;
  /** The first flush that saw it resolved as it is now; null while it fires. It leaves once every integration settled that flush. */
  readonly resolvedFlush: number | null;
};

/** What held an alert back at its group's last flush: fingerprints of inhibitors and the rule's name, or ids of silences. */
export type Suppression =
  | { readonly kind: 'inhibit'; readonly by: readonly string[]; readonly rule: string }
  | { readonly kind: 'silence'; readonly by: readonly string[] };

export type MemberKey = { readonly groupId: GroupId; readonly fingerprint: Fingerprint };

/** What an integration was last told about a group. Written when a provider accepted, never at enqueue. */
export type LogEntryRow = {
  readonly key: LogKey;
  readonly groupKey: GroupKey;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly at: UnixMs;
  readonly firing: readonly Fingerprint[];
  readonly resolved: readonly Fingerprint[];
  readonly expiresAt: UnixMs;
  /** The notification that told it; null: there was nothing to send. */
  readonly outboxId: OutboxId | null;
  /** What the integration keeps from one notification to the next, such as the message to edit. */
  readonly data: IntegrationData;
};

export type LogKey = string & { readonly __unit: 'LogKey' };
export type IntegrationData = Readonly<Record<string, string | number>>;

export type MatcherRow = { readonly name: string; readonly op: MatchOp; readonly value: string };

export type SilenceRow = {
  readonly id: SilenceId;
  /** All of a set must match; one set is enough. The API writes exactly one. */
  readonly matcherSets: readonly (readonly MatcherRow[])[];
  readonly startsAt: UnixMs;
  readonly endsAt: UnixMs;
  readonly updatedAt: UnixMs;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
};

/** One notification to one integration, whole: nothing is looked up again when it is sent or sent again. */
export type OutboxRow = {
  readonly id: OutboxId;
  readonly groupId: GroupId;
  readonly groupKey: GroupKey;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly reason: NotificationReason;
  /** The group's flush that made it. */
  readonly flush: number;
  readonly createdAt: UnixMs;
  /** When attempts end; the group's next flush takes over. */
  readonly deadline: UnixMs;
  /** The notification-log entry that its acceptance writes. */
  readonly firing: readonly Fingerprint[];
  readonly resolved: readonly Fingerprint[];
  /** The repeat interval, or the group interval where that is longer: that entry lives twice as long. */
  readonly repeatIntervalMs: number;
  readonly data: IntegrationData;
  /** The row of another integration in whose place it is told; null: it is told for itself. */
  readonly standsInFor: OutboxId | null;
  /** Shared by the rows of one flush that send the same. */
  readonly notification: Notification;
};

export type Notification = {
  readonly groupLabels: Labels;
  /** As configured: templates, rendered by whoever sends. */
  readonly routeLabels: readonly (readonly [name: string, template: string])[];
  /** In sending order, firing and resolved mixed. */
  readonly alerts: readonly NotifiedAlert[];
};

type NotifiedAlert = {
  readonly fingerprint: Fingerprint;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: UnixMs;
  /** Null: firing at the flush. */
  readonly endsAt: UnixMs | null;
  readonly generatorUrl: string;
};

/** Outbox states that the router must know again after a start; `claimed`: an attempt is under way or its result unknown. */
export type OpenOutboxRow = OutboxRow & { readonly claimed: boolean };

export type RouterSnapshot = {
  readonly alerts: readonly Alert[];
  readonly groups: readonly GroupRow[];
  readonly members: readonly MemberRow[];
  readonly log: readonly LogEntryRow[];
  readonly silences: readonly SilenceRow[];
  /** Rows not yet accepted, failed, cancelled or expired. */
  readonly outbox: readonly OpenOutboxRow[];
};

export const EMPTY_SNAPSHOT: RouterSnapshot = { alerts: [], groups: [], members: [], log: [], silences: [], outbox: [] };

/**
 * Everything to persist since the last call. Within a list each key occurs once, and no key is both upserted and deleted.
 * Outbox rows are inserted before others are cancelled.
 */
export type RouterChanges = {
  readonly alertsUpserted: readonly Alert[];
  readonly alertsDeleted: readonly Fingerprint[];
  readonly groupsUpserted: readonly GroupRow[];
  /** Their member rows go with them. */
  readonly groupsDeleted: readonly GroupId[];
  readonly membersUpserted: readonly MemberRow[];
  readonly membersDeleted: readonly MemberKey[];
  readonly logUpserted: readonly LogEntryRow[];
  readonly logDeleted: readonly LogKey[];
  readonly silencesUpserted: readonly SilenceRow[];
  readonly silencesDeleted: readonly SilenceId[];
  readonly outboxInserted: readonly OutboxRow[];
  readonly outboxCancelled: readonly { readonly id: OutboxId; readonly reason: CancelReason }[];
  /** Nobody took them, nor anything in their place. */
  readonly outboxUndelivered: readonly OutboxId[];
  readonly events: readonly EventRecord[];
};

export const EMPTY_CHANGES: RouterChanges = {
  alertsUpserted: [],
  alertsDeleted: [],
  groupsUpserted: [],
  groupsDeleted: [],
  membersUpserted: [],
  membersDeleted: [],
  logUpserted: [],
  logDeleted: [],
  silencesUpserted: [],
  silencesDeleted: [],
  outboxInserted: [],
  outboxCancelled: [],
  outboxUndelivered: [],
  events: [],
};
