/**
 * The router's and the rules' state: read whole at the start, written change by change. `commit` is the one atomic unit of
 * the control side: what a step changed, the events that tell of it and the outbox rows that it owes, all or nothing.
 *
 * Hot path: `commit`, for every alert and notification. Its statements bind by position: drizzle's placeholders cost more
 * than SQLite itself.
 */
import { getTableColumns, getTableName, inArray, lt, notInArray, sql } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { GroupKey, NotificationReason } from '../alerts/event.ts';
import type {
  Acknowledgement,
  GroupId,
  IntegrationData,
  LogKey,
  MatcherRow,
  OpenOutboxRow,
  OutboxId,
  OutboxRow,
  RouterChanges,
  RouterSnapshot,
  SilenceId,
  Suppression,
} from '../alerts/router-state.ts';
import type { Alert, ResolveReason } from '../model/alert.ts';
import { type CrashPoints, noCrashPoints } from '../model/crash-point.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { UnixMs } from '../model/time.ts';
import type { RuleAlertRow } from '../rules/alert-state.ts';
import type { Database } from './database.ts';
import { jsonIn, jsonOut, labelsIn, labelsOut } from './json.ts';
import { notificationIn, notificationOut } from './notification-json.ts';
import { alert, alertGroup, event, groupMember, heartbeat, notificationLog, outbox, ruleAlert, silence } from './schema.ts';

/** Rows of rule alerts with the labels under which the router was told of them. */
export type StoredRuleAlert = { readonly row: RuleAlertRow; readonly announced: readonly string[] | null };

/** Final states of an outbox row; all others are open. */
export const CLOSED = ['accepted', 'confirmed', 'failed', 'cancelled', 'expired'] as const;

export type OutboxState = 'pending' | 'claimed' | 'accepted' | 'rejected' | 'unknown' | (typeof CLOSED)[number];

/** What became of a claimed row. */
export type Settlement = {
  readonly id: OutboxId;
  readonly state: Exclude<OutboxState, 'pending' | 'claimed' | 'cancelled'>;
  /** When a rejected or unknown row is tried again. */
  readonly nextAttemptAt: UnixMs;
  readonly answer: string;
};

/** Rows that an attempt takes: on disk before its first byte leaves. */
export type Claims = { readonly ids: readonly OutboxId[]; readonly attemptId: string; readonly bootId: string };

/** What a provider said of a row after it had taken it; changes nothing that is final. */
export type Report = { readonly id: OutboxId; readonly state: 'confirmed' | 'failed'; readonly answer: string };

export type Transition = {
  readonly at: UnixMs;
  readonly configHash: string;
  readonly router: RouterChanges | null;
  readonly ruleAlerts: { readonly stored: readonly StoredRuleAlert[]; readonly removed: readonly string[] } | null;
  readonly settlements: readonly Settlement[];
  /** Written after the settlements. */
  readonly reports: readonly Report[];
  readonly claims: readonly Claims[];
};

export interface StateRepository {
  load(): Promise<{ readonly snapshot: RouterSnapshot; readonly ruleAlerts: readonly StoredRuleAlert[] }>;
  commit(transition: Transition): Promise<void>;
  /** Commits something that means nothing: rejects when the disk takes no commit. */
  probe(at: UnixMs): Promise<void>;
  /** Drops events older than `before`; at most `limit` at once. Returns how many. */
  forgetEvents(before: UnixMs, limit: number): Promise<number>;
  /** Drops closed outbox rows and inbox messages older than `before`. */
  forgetNotifications(before: UnixMs): Promise<void>;
}

export function stateRepository({ orm, connection }: Database, crash: CrashPoints = noCrashPoints): StateRepository {
  const upsert = {
    alert: upserter(connection, alert, ['fingerprint']),
    group: upserter(connection, alertGroup, ['id']),
    member: upserter(connection, groupMember, ['groupId', 'fingerprint']),
    log: upserter(connection, notificationLog, ['key']),
    silence: upserter(connection, silence, ['id']),
    rule: upserter(connection, ruleAlert, ['id']),
    outbox: upserter(connection, outbox, ['id']),
    heartbeat: upserter(connection, heartbeat, ['id']),
  };
  const insertEvent = connection.prepare(
    'INSERT INTO event (at_ms, fingerprint, group_key, stage, verdict, reason, detail, config_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const deleteAlert = connection.prepare('DELETE FROM alert WHERE fingerprint = ?');
  const deleteGroup = connection.prepare('DELETE FROM alert_group WHERE id = ?');
  const deleteMembers = connection.prepare('DELETE FROM group_member WHERE group_id = ?');
  const deleteMember = connection.prepare('DELETE FROM group_member WHERE group_id = ? AND fingerprint = ?');
  const deleteLog = connection.prepare('DELETE FROM notification_log WHERE key = ?');
  const deleteSilence = connection.prepare('DELETE FROM silence WHERE id = ?');
  const deleteRule = connection.prepare('DELETE FROM rule_alert WHERE id = ?');
  const closed = CLOSED.map((state) => `'${state}'`).join(', ');
  const cancel = connection.prepare(
    `UPDATE outbox SET state = 'cancelled', answer = ?, settled_at_ms = ?, attempt_id = NULL, boot_id = NULL
     WHERE id = ? AND state NOT IN (${closed})`,
  );
  // What was given up while its attempt was under way stays so, unless it was taken after all: it has been replaced.
  const settle = connection.prepare(
    `UPDATE outbox SET state = ?, answer = ?, next_attempt_at_ms = ?, settled_at_ms = ?, attempt_id = NULL, boot_id = NULL,
       may_repeat = max(may_repeat, ?)
     WHERE id = ? AND (state NOT IN (${closed}) OR (? = 'accepted' AND state NOT IN ('confirmed', 'failed')))`,
  );
  const report = connection.prepare("UPDATE outbox SET state = ?, answer = ? WHERE id = ? AND state = 'accepted'");
  const undeliver = connection.prepare('UPDATE outbox SET undelivered_at_ms = coalesce(undelivered_at_ms, ?) WHERE id = ?');
  const claim = connection.prepare(
    `UPDATE outbox SET state = 'claimed', attempt_id = ?, boot_id = ?, attempts = attempts + 1
     WHERE id = ? AND state IN ('pending', 'rejected', 'unknown')`,
  );

  function writeRouter(changes: RouterChanges, at: UnixMs, configHash: string): void {
    for (const row of changes.alertsUpserted)
      upsert.alert({
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
      });
    for (const key of changes.alertsDeleted) deleteAlert.run(key);
    for (const row of changes.groupsUpserted)
      upsert.group({
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
      });
    for (const row of changes.membersUpserted)
      upsert.member({
        groupId: row.groupId,
        fingerprint: row.fingerprint,
        joinedAtMs: row.joinedAt,
        suppression: row.suppression === null ? null : jsonOut(row.suppression),
        resolvedFlush: row.resolvedFlush,
      });
    for (const { groupId, fingerprint } of changes.membersDeleted) deleteMember.run(groupId, fingerprint);
    for (const key of changes.groupsDeleted) {
      deleteGroup.run(key);
      deleteMembers.run(key);
    }
    for (const row of changes.logUpserted)
      upsert.log({
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
      });
    for (const key of changes.logDeleted) deleteLog.run(key);
    for (const row of changes.silencesUpserted)
      upsert.silence({
        id: row.id,
        matcherSets: jsonOut(row.matcherSets),
        startsAtMs: row.startsAt,
        endsAtMs: row.endsAt,
        updatedAtMs: row.updatedAt,
        createdBy: row.createdBy,
        comment: row.comment,
        annotations: jsonOut(row.annotations),
      });
    for (const key of changes.silencesDeleted) deleteSilence.run(key);
    for (const row of changes.outboxInserted) {
      upsert.outbox(outboxRowOut(row));
      crash.hit('commit.outbox');
    }
    for (const { id, reason } of changes.outboxCancelled) cancel.run(reason, at, id);
    for (const id of changes.outboxUndelivered) undeliver.run(at, id);
    for (const record of changes.events)
      insertEvent.run(
        record.at,
        record.fingerprint,
        record.groupKey,
        record.stage,
        record.verdict,
        record.reason,
        record.detail === null ? null : jsonOut(record.detail),
        configHash,
      );
    if (changes.events.length > 0) crash.hit('commit.events');
  }

  const commit = connection.transaction((transition: Transition): void => {
    crash.hit('commit.begun');
    if (transition.ruleAlerts !== null) {
      for (const { row, announced } of transition.ruleAlerts.stored) upsert.rule(ruleAlertOut(row, announced));
      for (const key of transition.ruleAlerts.removed) deleteRule.run(key);
    }
    for (const { id, state, nextAttemptAt, answer } of transition.settlements) {
      const isClosed = (CLOSED as readonly string[]).includes(state);
      settle.run(state, answer, nextAttemptAt, isClosed ? transition.at : null, state === 'unknown' ? 1 : 0, id, state);
      crash.hit('commit.settle');
    }
    for (const { id, state, answer } of transition.reports) report.run(state, answer, id);
    if (transition.router !== null) writeRouter(transition.router, transition.at, transition.configHash);
    for (const { ids, attemptId, bootId } of transition.claims)
      for (const id of ids) {
        claim.run(attemptId, bootId, id);
        crash.hit('commit.claim');
      }
  });

  return {
    load: async () => ({
      snapshot: {
        alerts: orm.select().from(alert).all().map(alertIn),
        groups: orm
          .select()
          .from(alertGroup)
          .all()
          .map((row) => ({
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
          })),
        members: orm
          .select()
          .from(groupMember)
          .all()
          .map((row) => ({
            groupId: row.groupId as GroupId,
            fingerprint: row.fingerprint as Fingerprint,
            joinedAt: row.joinedAtMs as UnixMs,
            suppression: row.suppression === null ? null : jsonIn<Suppression>(row.suppression),
            resolvedFlush: row.resolvedFlush,
          })),
        log: orm
          .select()
          .from(notificationLog)
          .all()
          .map((row) => ({
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
          })),
        silences: orm
          .select()
          .from(silence)
          .all()
          .map((row) => ({
            id: row.id as SilenceId,
            matcherSets: jsonIn<readonly (readonly MatcherRow[])[]>(row.matcherSets),
            startsAt: row.startsAtMs as UnixMs,
            endsAt: row.endsAtMs as UnixMs,
            updatedAt: row.updatedAtMs as UnixMs,
            createdBy: row.createdBy,
            comment: row.comment,
            annotations: jsonIn(row.annotations),
          })),
        outbox: orm
          .select()
          .from(outbox)
          .where(notInArray(outbox.state, [...CLOSED]))
          .all()
          .map((row): OpenOutboxRow => ({ ...outboxRowIn(row), claimed: row.state === 'claimed' || row.state === 'unknown' })),
      },
      ruleAlerts: orm.select().from(ruleAlert).all().map(ruleAlertIn),
    }),
    commit: async (transition) => commit.immediate(transition),
    probe: async (at) => {
      upsert.heartbeat({ id: 1, atMs: at });
    },
    forgetEvents: async (before, limit) => {
      const old = orm.select({ id: event.id }).from(event).where(lt(event.atMs, before)).limit(limit).all();
      if (old.length > 0)
        orm
          .delete(event)
          .where(
            inArray(
              event.id,
              old.map(({ id }) => id),
            ),
          )
          .run();
      return old.length;
    },
    forgetNotifications: async (before) => {
      connection.transaction(() => {
        orm
          .delete(outbox)
          .where(sql`${inArray(outbox.state, [...CLOSED])} and ${lt(outbox.createdAtMs, before)}`)
          .run();
        connection.prepare('DELETE FROM inbox_message WHERE at_ms < ?').run(before);
      })();
    },
  };
}

/** One prepared INSERT … ON CONFLICT DO UPDATE for a table, run with a row. */
function upserter<T extends SQLiteTable>(
  connection: Database['connection'],
  table: T,
  key: readonly (keyof T['$inferSelect'] & string)[],
): (row: T['$inferSelect']) => void {
  const columns = Object.entries(getTableColumns(table));
  const quoted = (name: string): string => `"${name}"`;
  const isKey = (property: string): boolean => (key as readonly string[]).includes(property);
  const statement = connection.prepare(
    `INSERT INTO ${quoted(getTableName(table))} (${columns.map(([, { name }]) => quoted(name)).join(', ')})
     VALUES (${columns.map(() => '?').join(', ')})
     ON CONFLICT (${columns
       .filter(([property]) => isKey(property))
       .map(([, { name }]) => quoted(name))
       .join(', ')}) DO UPDATE SET ${columns
       .filter(([property]) => !isKey(property))
       .map(([, { name }]) => `${quoted(name)} = excluded.${quoted(name)}`)
       .join(', ')}`,
  );
  const properties = columns.map(([property]) => property);
  const values: unknown[] = new Array(properties.length);
  return (row) => {
    for (let i = 0; i < properties.length; i++) values[i] = (row as Readonly<Record<string, unknown>>)[properties[i] as string];
    statement.run(values);
  };
}

function alertIn(row: typeof alert.$inferSelect): Alert {
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

function ruleAlertOut(row: RuleAlertRow, announced: readonly string[] | null): typeof ruleAlert.$inferSelect {
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

function ruleAlertIn(row: typeof ruleAlert.$inferSelect): StoredRuleAlert {
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

function outboxRowOut(row: OutboxRow): typeof outbox.$inferSelect {
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
