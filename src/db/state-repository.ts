/**
 * The router's and the rules' state: read whole at the start, written change by change. `commit` is the one atomic unit of
 * the control side: what a step changed, the events that tell of it and the outbox rows that it owes, all or nothing.
 *
 * Hot path: `commit`, for every alert and notification. Its statements bind by position: drizzle's placeholders cost more
 * than SQLite itself.
 */
import { eq, getTableColumns, inArray, lt, notInArray, sql } from 'drizzle-orm';
import type { EventRecord } from '../alerts/event.ts';
import type { GroupId, LogKey, OpenOutboxRow, OutboxId, RouterChanges, RouterSnapshot } from '../alerts/router-state.ts';
import { type CrashPoints, noCrashPoints } from '../model/crash-point.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { UnixMs } from '../model/time.ts';
import type { Database } from './database.ts';
import { RowNumbers } from './row-numbers.ts';
import { alert, alertGroup, event, eventIndexed, groupMember, heartbeat, notificationLog, outbox, ruleAlert, silence } from './schema.ts';
import {
  alertIn,
  alertOut,
  groupIn,
  groupOut,
  logEntryIn,
  logEntryOut,
  memberIn,
  memberOut,
  outboxRowIn,
  outboxRowOut,
  ruleAlertIn,
  ruleAlertOut,
  type StoredRuleAlert,
  silenceIn,
  silenceOut,
} from './state-rows.ts';
import { eventInserter, upserter } from './statements.ts';

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
    alert: upserter(connection, alert, 'number'),
    group: upserter(connection, alertGroup, 'number'),
    member: upserter(connection, groupMember, 'number'),
    log: upserter(connection, notificationLog, 'number'),
    silence: upserter(connection, silence, 'id'),
    rule: upserter(connection, ruleAlert, 'id'),
    outbox: upserter(connection, outbox, 'id'),
    heartbeat: upserter(connection, heartbeat, 'id'),
  };
  const alerts = new RowNumbers<Fingerprint>();
  const groups = new RowNumbers<GroupId>();
  const logs = new RowNumbers<LogKey>();
  const memberCounter = { last: 0 };
  const members = new Map<GroupId, RowNumbers<Fingerprint>>();
  const membersOf = (id: GroupId): RowNumbers<Fingerprint> => {
    let known = members.get(id);
    if (known === undefined) members.set(id, (known = new RowNumbers(memberCounter)));
    return known;
  };
  /** What is to be remembered of the transaction under way when it is committed: that rows are gone, for example. */
  let onCommitted: (() => void)[] = [];
  let indexedTo = orm.select().from(eventIndexed).get()?.eventId ?? 0;
  const insertEvents = eventInserter(connection);
  const indexEvents = connection.prepare('UPDATE event SET is_indexed = 1 WHERE id > ? AND id <= ?');
  const indexedEvents = connection.prepare('UPDATE event_indexed SET event_id = ?');
  const deleteAlert = connection.prepare('DELETE FROM alert WHERE number = ?');
  const deleteGroup = connection.prepare('DELETE FROM alert_group WHERE number = ?');
  const deleteMember = connection.prepare('DELETE FROM group_member WHERE number = ?');
  const deleteLog = connection.prepare('DELETE FROM notification_log WHERE number = ?');
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

  function writeEvents(events: readonly EventRecord[], configHash: string): void {
    if (events.length === 0) return;
    const newest = insertEvents(events, configHash);
    crash.hit('commit.events');
    if (newest - indexedTo < EVENTS_UNINDEXED_MAX) return;
    const to = indexedTo + EVENTS_INDEXED_AT_ONCE;
    indexEvents.run(indexedTo, to);
    indexedEvents.run(to);
    onCommitted.push(() => {
      indexedTo = to;
    });
  }

  function writeRouter(changes: RouterChanges, at: UnixMs, configHash: string): void {
    upsert.alert(changes.alertsUpserted, (row) => alertOut(row, alerts.of(row.fingerprint)));
    for (const key of changes.alertsDeleted) {
      deleteAlert.run(alerts.known(key) ?? null);
      onCommitted.push(() => alerts.forget(key));
    }
    upsert.group(changes.groupsUpserted, (row) => groupOut(row, groups.of(row.id)));
    upsert.member(changes.membersUpserted, (row) => memberOut(row, membersOf(row.groupId).of(row.fingerprint), groups.of(row.groupId)));
    for (const { groupId, fingerprint } of changes.membersDeleted) {
      const numbers = membersOf(groupId);
      deleteMember.run(numbers.known(fingerprint) ?? null);
      onCommitted.push(() => numbers.forget(fingerprint));
    }
    for (const key of changes.groupsDeleted) {
      deleteGroup.run(groups.known(key) ?? null);
      for (const number of membersOf(key).all()) deleteMember.run(number);
      onCommitted.push(() => {
        groups.forget(key);
        members.delete(key);
      });
    }
    upsert.log(changes.logUpserted, (row) => logEntryOut(row, logs.of(row.key)));
    for (const key of changes.logDeleted) {
      deleteLog.run(logs.known(key) ?? null);
      onCommitted.push(() => logs.forget(key));
    }
    upsert.silence(changes.silencesUpserted, silenceOut);
    for (const key of changes.silencesDeleted) deleteSilence.run(key);
    upsert.outbox(changes.outboxInserted, (row) => {
      crash.hit('commit.outbox');
      return outboxRowOut(row);
    });
    for (const { id, reason } of changes.outboxCancelled) cancel.run(reason, at, id);
    for (const id of changes.outboxUndelivered) undeliver.run(at, id);
    writeEvents(changes.events, configHash);
  }

  const commit = connection.transaction((transition: Transition): void => {
    crash.hit('commit.begun');
    if (transition.ruleAlerts !== null) {
      upsert.rule(transition.ruleAlerts.stored, ({ row, announced }) => ruleAlertOut(row, announced));
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
    load: async () => {
      const alertRows = orm.select().from(alert).all();
      const groupRows = orm.select().from(alertGroup).all();
      const memberRows = orm
        .select({ ...getTableColumns(groupMember), groupId: alertGroup.id })
        .from(groupMember)
        .innerJoin(alertGroup, eq(alertGroup.number, groupMember.groupNumber))
        .all();
      const logRows = orm.select().from(notificationLog).all();
      const snapshot: RouterSnapshot = {
        alerts: alertRows.map(alertIn),
        groups: groupRows.map(groupIn),
        members: memberRows.map(memberIn),
        log: logRows.map(logEntryIn),
        silences: orm.select().from(silence).all().map(silenceIn),
        outbox: orm
          .select()
          .from(outbox)
          .where(notInArray(outbox.state, [...CLOSED]))
          .all()
          .map((row): OpenOutboxRow => ({ ...outboxRowIn(row), claimed: row.state === 'claimed' || row.state === 'unknown' })),
      };
      const rules = orm.select().from(ruleAlert).all().map(ruleAlertIn);
      for (const numbers of [alerts, groups, logs]) numbers.clear();
      members.clear();
      memberCounter.last = 0;
      for (const { fingerprint, number } of alertRows) alerts.restore(fingerprint as Fingerprint, number);
      for (const { id, number } of groupRows) groups.restore(id as GroupId, number);
      for (const { groupId, fingerprint, number } of memberRows) membersOf(groupId as GroupId).restore(fingerprint as Fingerprint, number);
      for (const { key, number } of logRows) logs.restore(key as LogKey, number);
      return { snapshot, ruleAlerts: rules };
    },
    commit: async (transition) => {
      onCommitted = [];
      commit.immediate(transition);
      for (const committed of onCommitted) committed();
    },
    probe: async (at) => {
      upsert.heartbeat([at], (atMs) => ({ id: 1, atMs }));
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

/**
 * Events of which the indexes by subject know nothing yet: readers go through these newest ones themselves, in two
 * milliseconds. Each event has its place somewhere else in the indexes, and a storm of alerts has better things to do than
 * to look for it.
 */
const EVENTS_UNINDEXED_MAX = 65_536;

/** By how many the indexes grow at once: with a few at a time each would cost the writing of a page. */
const EVENTS_INDEXED_AT_ONCE = 4096;
