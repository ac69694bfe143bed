/** The delivery side of the outbox: claims before the first byte leaves, what is due, and the history that people read. */
import { and, asc, count, desc, eq, gte, inArray, isNotNull, lt, lte, ne, notInArray, or, type SQL, sql } from 'drizzle-orm';
import type { Notification, OutboxId, OutboxRow } from '../alerts/router-state.ts';
import type { UnixMs } from '../model/time.ts';
import type { Database } from './database.ts';
import { ofSubject } from './event-repository.ts';
import { notificationIn } from './notification-json.ts';
import { event, inboxMessage, outbox } from './schema.ts';
import type { OutboxState } from './state-repository.ts';
import { outboxRowIn } from './state-rows.ts';

/** For another attempt and its answer. */
const ORPHAN_RETRY_MS = 30_000;

export type DueRow = {
  readonly row: OutboxRow;
  readonly attempts: number;
  readonly nextAttemptAt: UnixMs;
  readonly state: 'pending' | 'rejected' | 'unknown';
  /** The result of an earlier attempt is not known. */
  readonly mayRepeat: boolean;
};

/** A notification as the history shows it. */
export type NotificationRecord = {
  readonly id: string;
  readonly createdAt: UnixMs;
  readonly settledAt: UnixMs | null;
  readonly groupKey: string;
  readonly receiver: string;
  readonly integration: string;
  readonly integrationIndex: number;
  readonly reason: string;
  readonly state: OutboxState;
  readonly attempts: number;
  readonly answer: string;
  /** The notification of another integration in whose place it was told. */
  readonly standsInFor: string | null;
  /** Since when nobody was left who could be told in its place. */
  readonly undeliveredAt: UnixMs | null;
  readonly notification: Notification;
  /** What the inbox holds of it; null for other integrations. */
  readonly inbox: InboxMessage | null;
};

/** A message of the built-in inbox, rendered as sent. */
export type InboxMessage = { readonly subject: string; readonly text: string; readonly html: string };

/** A place in the history as it is ordered. */
export type HistoryPlace = { readonly at: UnixMs; readonly id: string };

/** Which notifications; all that is given must be so. */
export type NotificationFilter = {
  readonly receiver?: string;
  readonly integration?: string;
  /** Any of these. */
  readonly states?: readonly OutboxState[];
  /** Nobody took it, nor anything in its place, and nothing newer has replaced it. */
  readonly isUndelivered?: true;
  readonly groupKey?: string;
  /** Of an alert that it speaks of. */
  readonly fingerprint?: string;
  /** When they were made; both ends belong to it. */
  readonly from?: UnixMs;
  readonly to?: UnixMs;
  /** Only older ones than this, for the next page. */
  readonly before?: HistoryPlace;
  readonly limit: number;
};

export interface OutboxRepository {
  /** How many rows there are in each state; states without rows are absent. */
  countByState(): Promise<ReadonlyMap<string, number>>;
  /** Rows that an attempt may take, now or later: all but claimed and closed ones. */
  open(): Promise<readonly DueRow[]>;
  /**
   * Claims of earlier boots become 'unknown': nobody knows whether they were sent. However long ago that was, they get time
   * to be sent again as what they were, before a flush replaces them: whoever has one already knows it by its id. Returns how many.
   */
  orphan(bootId: string, at: UnixMs): Promise<number>;
  /** Newest first. */
  history(filter: NotificationFilter): Promise<readonly NotificationRecord[]>;
  notification(id: string): Promise<NotificationRecord | null>;
  /** A row whatever became of it; null: there is none, or it is forgotten. */
  find(id: OutboxId): Promise<{ readonly row: OutboxRow; readonly state: OutboxState } | null>;
  /** How many are undelivered, by receiver. */
  countUndelivered(): Promise<ReadonlyMap<string, number>>;
  inboxMessage(outboxId: string): Promise<InboxMessage | null>;
  storeInbox(message: {
    readonly outboxId: OutboxId;
    readonly at: UnixMs;
    readonly receiver: string;
    readonly subject: string;
    readonly text: string;
    readonly html: string;
  }): Promise<void>;
}

const UNDELIVERED = and(isNotNull(outbox.undeliveredAtMs), notInArray(outbox.state, ['accepted', 'confirmed', 'cancelled'])) ?? sql`true`;

export function outboxRepository({ orm }: Database): OutboxRepository {
  const claimable = ['pending', 'rejected', 'unknown'];
  const records = (where: SQL | undefined, limit: number): readonly NotificationRecord[] =>
    orm
      .select()
      .from(outbox)
      .leftJoin(inboxMessage, eq(inboxMessage.outboxId, outbox.id))
      .where(where)
      .orderBy(desc(outbox.createdAtMs), desc(outbox.id))
      .limit(limit)
      .all()
      .map(({ outbox: row, inbox_message: inbox }) => recordIn(row, inbox));
  return {
    countByState: async () =>
      new Map(
        orm
          .select({ state: outbox.state, rows: count() })
          .from(outbox)
          .groupBy(outbox.state)
          .all()
          .map(({ state, rows }) => [state, rows]),
      ),
    open: async () =>
      orm
        .select()
        .from(outbox)
        .where(inArray(outbox.state, claimable))
        .orderBy(asc(outbox.createdAtMs))
        .all()
        .map((row) => ({
          row: outboxRowIn(row),
          attempts: row.attempts,
          nextAttemptAt: row.nextAttemptAtMs as UnixMs,
          state: row.state as DueRow['state'],
          mayRepeat: row.mayRepeat === 1,
        })),
    orphan: async (bootId, at) =>
      orm
        .update(outbox)
        .set({
          state: 'unknown',
          mayRepeat: 1,
          attemptId: null,
          bootId: null,
          nextAttemptAtMs: at,
          deadlineMs: sql`max(${outbox.deadlineMs}, ${at + ORPHAN_RETRY_MS})`,
          answer: 'the process ended during the attempt',
        })
        .where(and(eq(outbox.state, 'claimed'), or(ne(outbox.bootId, bootId), sql`${outbox.bootId} is null`)))
        .run().changes,
    countUndelivered: async () =>
      new Map(
        orm
          .select({ receiver: outbox.receiver, rows: count() })
          .from(outbox)
          .where(UNDELIVERED)
          .groupBy(outbox.receiver)
          .all()
          .map(({ receiver, rows }) => [receiver, rows]),
      ),
    history: async (filter) => records(and(...conditions(filter)), filter.limit),
    notification: async (id) => records(eq(outbox.id, id), 1)[0] ?? null,
    find: async (id) => {
      const row = orm.select().from(outbox).where(eq(outbox.id, id)).get();
      return row === undefined ? null : { row: outboxRowIn(row), state: row.state as OutboxState };
    },
    inboxMessage: async (outboxId) =>
      orm
        .select({ subject: inboxMessage.subject, text: inboxMessage.text, html: inboxMessage.html })
        .from(inboxMessage)
        .where(eq(inboxMessage.outboxId, outboxId))
        .get() ?? null,
    storeInbox: async ({ at, ...message }) => {
      const row = { ...message, atMs: at };
      orm.insert(inboxMessage).values(row).onConflictDoUpdate({ target: inboxMessage.outboxId, set: row }).run();
    },
  };
}

function conditions({ receiver, integration, states, isUndelivered, groupKey, fingerprint, from, to, before }: NotificationFilter): SQL[] {
  const wanted: SQL[] = [];
  if (receiver !== undefined) wanted.push(eq(outbox.receiver, receiver));
  if (integration !== undefined) wanted.push(eq(outbox.integration, integration));
  if (states !== undefined) wanted.push(inArray(outbox.state, [...states]));
  if (isUndelivered === true) wanted.push(UNDELIVERED);
  if (groupKey !== undefined) wanted.push(eq(outbox.groupKey, groupKey));
  if (fingerprint !== undefined) wanted.push(speaksOf(fingerprint));
  if (from !== undefined) wanted.push(gte(outbox.createdAtMs, from));
  if (to !== undefined) wanted.push(lte(outbox.createdAtMs, to));
  if (before !== undefined) wanted.push(olderThan(before));
  return wanted;
}

/** The event log knows which groups the alert was ever in: only theirs are read through. */
const speaksOf = (fingerprint: string): SQL =>
  sql`${outbox.groupKey} in (select distinct ${event.groupKey} from ${event} where ${ofSubject(eq(event.fingerprint, fingerprint))} and ${event.groupKey} is not null)
    and (instr(${outbox.firing}, ${JSON.stringify(fingerprint)}) > 0 or instr(${outbox.resolved}, ${JSON.stringify(fingerprint)}) > 0)`;

const olderThan = ({ at, id }: HistoryPlace): SQL =>
  or(lt(outbox.createdAtMs, at), and(eq(outbox.createdAtMs, at), lt(outbox.id, id))) ?? sql`true`;

function recordIn(row: typeof outbox.$inferSelect, inbox: typeof inboxMessage.$inferSelect | null): NotificationRecord {
  return {
    id: row.id,
    createdAt: row.createdAtMs as UnixMs,
    settledAt: row.settledAtMs as UnixMs | null,
    groupKey: row.groupKey,
    receiver: row.receiver,
    integration: row.integration,
    integrationIndex: row.integrationIndex,
    reason: row.reason,
    state: row.state as OutboxState,
    attempts: row.attempts,
    answer: row.answer,
    standsInFor: row.standsInFor,
    undeliveredAt: row.undeliveredAtMs as UnixMs | null,
    notification: notificationIn(row.notification),
    inbox: inbox === null ? null : { subject: inbox.subject, text: inbox.text, html: inbox.html },
  };
}
