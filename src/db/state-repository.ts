/**
 * The router's and the rules' state: read whole at the start, written change by change. `commit` is the one atomic unit of
 * the control side: what a step changed, the events that tell of it and the outbox rows that it owes, all or nothing.
 */
import { and, eq, getTableColumns, inArray, lt, notInArray, sql } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { GroupKey, NotificationReason } from '../alerts/event.ts';
import type {
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
import type { Fingerprint } from '../model/fingerprint.ts';
import type { UnixMs } from '../model/time.ts';
import type { RuleAlertRow } from '../rules/alert-state.ts';
import type { Database } from './database.ts';
import { jsonIn, jsonOut, labelsIn, labelsOut } from './json.ts';
import { notificationIn, notificationOut } from './notification-json.ts';
import { alert, alertGroup, event, groupMember, notificationLog, outbox, ruleAlert, silence } from './schema.ts';

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

export type Transition = {
  readonly at: UnixMs;
  readonly configHash: string;
  readonly router: RouterChanges | null;
  readonly ruleAlerts: { readonly stored: readonly StoredRuleAlert[]; readonly removed: readonly string[] } | null;
  readonly settlements: readonly Settlement[];
  readonly claims: readonly Claims[];
};

export interface StateRepository {
  load(): Promise<{ readonly snapshot: RouterSnapshot; readonly ruleAlerts: readonly StoredRuleAlert[] }>;
  commit(transition: Transition): Promise<void>;
  /** Drops events older than `before`; at most `limit` at once. Returns how many. */
  forgetEvents(before: UnixMs, limit: number): Promise<number>;
  /** Drops closed outbox rows and inbox messages older than `before`. */
  forgetNotifications(before: UnixMs): Promise<void>;
}

export function stateRepository({ orm, connection }: Database): StateRepository {
  const upsert = {
    alert: upserter(alert, ['fingerprint']),
    group: upserter(alertGroup, ['id']),
    member: upserter(groupMember, ['groupId', 'fingerprint']),
    log: upserter(notificationLog, ['key']),
    silence: upserter(silence, ['id']),
    rule: upserter(ruleAlert, ['id']),
    outbox: upserter(outbox, ['id']),
  };

  /** One prepared INSERT … ON CONFLICT DO UPDATE for a table, run with a row. */
  function upserter<T extends SQLiteTable>(table: T, key: readonly (keyof T & string)[]): (row: T['$inferInsert']) => void {
    const columns = getTableColumns(table);
    const names = Object.keys(columns);
    const values = Object.fromEntries(names.map((name) => [name, sql.placeholder(name)]));
    const set = Object.fromEntries(
      names.filter((name) => !key.includes(name as keyof T & string)).map((name) => [name, sql.raw(`excluded."${columns[name]?.name}"`)]),
    );
    const statement = orm
      .insert(table)
      .values(values as T['$inferInsert'])
      .onConflictDoUpdate({ target: key.map((name) => columns[name] as never), set: set as never })
      .prepare();
    return (row) => {
      statement.run(row as Record<string, unknown>);
    };
  }

  const insertEvent = orm
    .insert(event)
    .values({
      atMs: sql.placeholder('atMs'),
      fingerprint: sql.placeholder('fingerprint'),
      groupKey: sql.placeholder('groupKey'),
      incident: null,
      stage: sql.placeholder('stage'),
      verdict: sql.placeholder('verdict'),
      reason: sql.placeholder('reason'),
      detail: sql.placeholder('detail'),
      configHash: sql.placeholder('configHash'),
    })
    .prepare();
  const deleteAlert = orm
    .delete(alert)
    .where(eq(alert.fingerprint, sql.placeholder('key')))
    .prepare();
  const deleteGroup = orm
    .delete(alertGroup)
    .where(eq(alertGroup.id, sql.placeholder('key')))
    .prepare();
  const deleteMembers = orm
    .delete(groupMember)
    .where(eq(groupMember.groupId, sql.placeholder('key')))
    .prepare();
  const deleteMember = orm
    .delete(groupMember)
    .where(sql`${groupMember.groupId} = ${sql.placeholder('groupId')} and ${groupMember.fingerprint} = ${sql.placeholder('fingerprint')}`)
    .prepare();
  const deleteLog = orm
    .delete(notificationLog)
    .where(eq(notificationLog.key, sql.placeholder('key')))
    .prepare();
  const deleteSilence = orm
    .delete(silence)
    .where(eq(silence.id, sql.placeholder('key')))
    .prepare();
  const deleteRule = orm
    .delete(ruleAlert)
    .where(eq(ruleAlert.id, sql.placeholder('key')))
    .prepare();
  const cancel = orm
    .update(outbox)
    .set({
      state: 'cancelled',
      answer: sql`${sql.placeholder('answer')}`,
      settledAtMs: sql`${sql.placeholder('at')}`,
      attemptId: null,
      bootId: null,
    })
    .where(sql`${outbox.id} = ${sql.placeholder('id')} and ${notInArray(outbox.state, [...CLOSED])}`)
    .prepare();
  const settle = orm
    .update(outbox)
    .set({
      state: sql`${sql.placeholder('state')}`,
      answer: sql`${sql.placeholder('answer')}`,
      nextAttemptAtMs: sql`${sql.placeholder('nextAttemptAtMs')}`,
      settledAtMs: sql`${sql.placeholder('settledAtMs')}`,
      attemptId: null,
      bootId: null,
    })
    .where(eq(outbox.id, sql.placeholder('id')))
    .prepare();

  const claim = orm
    .update(outbox)
    .set({
      state: 'claimed',
      attemptId: sql`${sql.placeholder('attemptId')}`,
      bootId: sql`${sql.placeholder('bootId')}`,
      attempts: sql`${outbox.attempts} + 1`,
    })
    .where(and(eq(outbox.id, sql.placeholder('id')), inArray(outbox.state, ['pending', 'rejected', 'unknown'])))
    .prepare();

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
    for (const key of changes.alertsDeleted) deleteAlert.run({ key });
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
      });
    for (const row of changes.membersUpserted)
      upsert.member({
        groupId: row.groupId,
        fingerprint: row.fingerprint,
        joinedAtMs: row.joinedAt,
        suppression: row.suppression === null ? null : jsonOut(row.suppression),
        resolvedFlush: row.resolvedFlush,
      });
    for (const { groupId, fingerprint } of changes.membersDeleted) deleteMember.run({ groupId, fingerprint });
    for (const key of changes.groupsDeleted) {
      deleteGroup.run({ key });
      deleteMembers.run({ key });
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
        data: jsonOut(row.data),
      });
    for (const key of changes.logDeleted) deleteLog.run({ key });
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
    for (const key of changes.silencesDeleted) deleteSilence.run({ key });
    for (const row of changes.outboxInserted) upsert.outbox(outboxRowOut(row));
    for (const { id, reason } of changes.outboxCancelled) cancel.run({ id, answer: reason, at });
    for (const record of changes.events)
      insertEvent.run({
        atMs: record.at,
        fingerprint: record.fingerprint,
        groupKey: record.groupKey,
        stage: record.stage,
        verdict: record.verdict,
        reason: record.reason,
        detail: record.detail === null ? null : jsonOut(record.detail),
        configHash,
      });
  }

  const commit = connection.transaction((transition: Transition): void => {
    if (transition.ruleAlerts !== null) {
      for (const { row, announced } of transition.ruleAlerts.stored) upsert.rule(ruleAlertOut(row, announced));
      for (const key of transition.ruleAlerts.removed) deleteRule.run({ key });
    }
    for (const { id, state, nextAttemptAt, answer } of transition.settlements) {
      const isClosed = (CLOSED as readonly string[]).includes(state);
      settle.run({ id, state, nextAttemptAtMs: nextAttemptAt, answer, settledAtMs: isClosed ? transition.at : null });
    }
    if (transition.router !== null) writeRouter(transition.router, transition.at, transition.configHash);
    for (const { ids, attemptId, bootId } of transition.claims) for (const id of ids) claim.run({ id, attemptId, bootId });
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

function ruleAlertOut(row: RuleAlertRow, announced: readonly string[] | null): typeof ruleAlert.$inferInsert {
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

function outboxRowOut(row: OutboxRow): typeof outbox.$inferInsert {
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
    notification: notificationOut(row.notification),
    state: 'pending',
    attempts: 0,
    attemptId: null,
    bootId: null,
    nextAttemptAtMs: row.createdAt,
    settledAtMs: null,
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
    notification: notificationIn(row.notification),
  };
}
