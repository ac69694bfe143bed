/** Rows of state.db, and what they say in the router's and the rules' words. */
import type { GroupKey, NotificationReason } from '../alerts/event.ts';
import type {
  Acknowledgement,
  GroupId,
  GroupRow,
  IntegrationData,
  LogEntryRow,
  LogKey,
  MatcherRow,
  MemberRow,
  OutboxId,
  OutboxRow,
  SilenceId,
  SilenceRow,
  Suppression,
} from '../alerts/router-state.ts';
import type { Alert, ResolveReason } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { UnixMs } from '../model/time.ts';
import type { RuleAlertRow } from '../rules/alert-state.ts';
import { jsonIn, jsonOut, labelsIn, labelsOut } from './json.ts';
import { notificationIn, notificationOut } from './notification-json.ts';
import type { alert, alertGroup, groupMember, notificationLog, outbox, ruleAlert, silence } from './schema.ts';

/** Rows of rule alerts with the labels under which the router was told of them. */
export type StoredRuleAlert = { readonly row: RuleAlertRow; readonly announced: readonly string[] | null };

export function alertOut(row: Alert, number: number): typeof alert.$inferSelect {
  return {
    number,
    fingerprint: row.fingerprint,
    labels: labelsOut(row.labels),
    annotations: labelsOut(row.annotations),
    startsAtMs: row.startsAt,
    endsAtMs: row.endsAt,
    updatedAtMs: row.updatedAt,
    generatorUrl: row.generatorUrl,
    isTimeout: row.isTimeout ? 1 : 0,
    origin: row.origin,
    resolveReason: row.resolveReason,
  };
}

export function alertIn(row: typeof alert.$inferSelect): Alert {
  return {
    fingerprint: row.fingerprint as Fingerprint,
    labels: labelsIn(row.labels),
    annotations: labelsIn(row.annotations),
    startsAt: row.startsAtMs as UnixMs,
    endsAt: row.endsAtMs as UnixMs | null,
    updatedAt: row.updatedAtMs as UnixMs,
    generatorUrl: row.generatorUrl,
    isTimeout: row.isTimeout === 1,
    origin: row.origin as Alert['origin'],
    resolveReason: row.resolveReason as ResolveReason | null,
  };
}

export function groupOut(row: GroupRow, number: number): typeof alertGroup.$inferSelect {
  return {
    number,
    id: row.id,
    groupKey: row.groupKey,
    routeId: row.routeId,
    receiver: row.receiver,
    labels: labelsOut(row.labels),
    createdAtMs: row.createdAt,
    nextFlushAtMs: row.nextFlushAt,
    flushCount: row.flushCount,
    mutedBy: jsonOut(row.mutedBy),
    integrations: jsonOut(row.integrations),
    ack: row.ack === null ? null : jsonOut(row.ack),
    standIns: jsonOut(row.standIns),
    escalations: jsonOut(row.escalations),
  };
}

export function groupIn(row: typeof alertGroup.$inferSelect): GroupRow {
  return {
    id: row.id as GroupId,
    groupKey: row.groupKey as GroupKey,
    routeId: row.routeId,
    receiver: row.receiver,
    labels: labelsIn(row.labels),
    createdAt: row.createdAtMs as UnixMs,
    nextFlushAt: row.nextFlushAtMs as UnixMs,
    flushCount: row.flushCount,
    mutedBy: jsonIn(row.mutedBy),
    integrations: jsonIn(row.integrations),
    ack: row.ack === null ? null : jsonIn<Acknowledgement>(row.ack),
    standIns: jsonIn(row.standIns),
    escalations: jsonIn(row.escalations),
  };
}

export function memberOut(row: MemberRow, number: number, groupNumber: number): typeof groupMember.$inferSelect {
  return {
    number,
    groupNumber,
    fingerprint: row.fingerprint,
    joinedAtMs: row.joinedAt,
    suppression: row.suppression === null ? null : jsonOut(row.suppression),
    resolvedFlush: row.resolvedFlush,
  };
}

export function memberIn(row: typeof groupMember.$inferSelect & { readonly groupId: string }): MemberRow {
  return {
    groupId: row.groupId as GroupId,
    fingerprint: row.fingerprint as Fingerprint,
    joinedAt: row.joinedAtMs as UnixMs,
    suppression: row.suppression === null ? null : jsonIn<Suppression>(row.suppression),
    resolvedFlush: row.resolvedFlush,
  };
}

export function logEntryOut(row: LogEntryRow, number: number): typeof notificationLog.$inferSelect {
  return {
    number,
    key: row.key,
    groupKey: row.groupKey,
    receiver: row.receiver,
    integration: row.integration,
    integrationIndex: row.index,
    atMs: row.at,
    firing: jsonOut(row.firing),
    resolved: jsonOut(row.resolved),
    expiresAtMs: row.expiresAt,
    outboxId: row.outboxId,
    data: jsonOut(row.data),
  };
}

export function logEntryIn(row: typeof notificationLog.$inferSelect): LogEntryRow {
  return {
    key: row.key as LogKey,
    groupKey: row.groupKey as GroupKey,
    receiver: row.receiver,
    integration: row.integration,
    index: row.integrationIndex,
    at: row.atMs as UnixMs,
    firing: jsonIn(row.firing),
    resolved: jsonIn(row.resolved),
    expiresAt: row.expiresAtMs as UnixMs,
    outboxId: row.outboxId as OutboxId | null,
    data: jsonIn<IntegrationData>(row.data),
  };
}

export function silenceOut(row: SilenceRow): typeof silence.$inferSelect {
  return {
    id: row.id,
    matcherSets: jsonOut(row.matcherSets),
    startsAtMs: row.startsAt,
    endsAtMs: row.endsAt,
    updatedAtMs: row.updatedAt,
    createdBy: row.createdBy,
    comment: row.comment,
    annotations: jsonOut(row.annotations),
  };
}

export function silenceIn(row: typeof silence.$inferSelect): SilenceRow {
  return {
    id: row.id as SilenceId,
    matcherSets: jsonIn<readonly (readonly MatcherRow[])[]>(row.matcherSets),
    startsAt: row.startsAtMs as UnixMs,
    endsAt: row.endsAtMs as UnixMs,
    updatedAt: row.updatedAtMs as UnixMs,
    createdBy: row.createdBy,
    comment: row.comment,
    annotations: jsonIn(row.annotations),
  };
}

export function ruleAlertOut(row: RuleAlertRow, announced: readonly string[] | null): typeof ruleAlert.$inferSelect {
  return {
    id: row.id,
    groupKey: row.groupKey,
    ruleName: row.ruleName,
    ruleOrdinal: row.ruleOrdinal,
    labels: jsonOut(row.labels),
    annotations: jsonOut(row.annotations),
    state: row.state,
    activeAtMs: row.activeAt,
    firedAtMs: row.firedAt,
    keepFiringSinceMs: row.keepFiringSince,
    value: String(row.value),
    announced: announced === null ? null : jsonOut(announced),
  };
}

export function ruleAlertIn(row: typeof ruleAlert.$inferSelect): StoredRuleAlert {
  return {
    row: {
      id: row.id,
      groupKey: row.groupKey,
      ruleName: row.ruleName,
      ruleOrdinal: row.ruleOrdinal,
      labels: jsonIn(row.labels),
      annotations: jsonIn(row.annotations),
      state: row.state as RuleAlertRow['state'],
      activeAt: row.activeAtMs,
      firedAt: row.firedAtMs,
      keepFiringSince: row.keepFiringSinceMs,
      value: Number(row.value),
    },
    announced: row.announced === null ? null : jsonIn(row.announced),
  };
}

export function outboxRowOut(row: OutboxRow): typeof outbox.$inferSelect {
  return {
    id: row.id,
    groupId: row.groupId,
    groupKey: row.groupKey,
    receiver: row.receiver,
    integration: row.integration,
    integrationIndex: row.index,
    reason: row.reason,
    flush: row.flush,
    createdAtMs: row.createdAt,
    deadlineMs: row.deadline,
    firing: jsonOut(row.firing),
    resolved: jsonOut(row.resolved),
    repeatIntervalMs: row.repeatIntervalMs,
    data: jsonOut(row.data),
    standsInFor: row.standsInFor,
    notification: notificationOut(row.notification),
    state: 'pending',
    attempts: 0,
    attemptId: null,
    bootId: null,
    nextAttemptAtMs: row.createdAt,
    settledAtMs: null,
    mayRepeat: 0,
    undeliveredAtMs: null,
    answer: '',
  };
}

export function outboxRowIn(row: typeof outbox.$inferSelect): OutboxRow {
  return {
    id: row.id as OutboxId,
    groupId: row.groupId as GroupId,
    groupKey: row.groupKey as GroupKey,
    receiver: row.receiver,
    integration: row.integration,
    index: row.integrationIndex,
    reason: row.reason as NotificationReason,
    flush: row.flush,
    createdAt: row.createdAtMs as UnixMs,
    deadline: row.deadlineMs as UnixMs,
    firing: jsonIn(row.firing),
    resolved: jsonIn(row.resolved),
    repeatIntervalMs: row.repeatIntervalMs,
    data: jsonIn(row.data),
    standsInFor: row.standsInFor as OutboxId | null,
    notification: notificationIn(row.notification),
  };
}
