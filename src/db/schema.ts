/**
 * The tables of state.db. Times are integers, milliseconds since the epoch, named _ms. Lists and label sets are JSON:
 * they are read and written whole. Changes go through `npm run db:generate`; a released migration is never edited.
 *
 * Rows that come by the thousand are told apart by a `number`, given in ascending order (RowNumbers), and not by their key:
 * they are added at the end of their table, where an index by key would have each of them write a page of its own.
 */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const alert = sqliteTable('alert', {
  number: integer('number').primaryKey(),
  fingerprint: text('fingerprint').notNull(),
  labels: text('labels').notNull(),
  annotations: text('annotations').notNull(),
  startsAtMs: integer('starts_at_ms').notNull(),
  endsAtMs: integer('ends_at_ms'),
  updatedAtMs: integer('updated_at_ms').notNull(),
  generatorUrl: text('generator_url').notNull(),
  isTimeout: integer('is_timeout').notNull(),
  origin: text('origin').notNull(),
  resolveReason: text('resolve_reason'),
});

export const alertGroup = sqliteTable('alert_group', {
  number: integer('number').primaryKey(),
  id: text('id').notNull(),
  groupKey: text('group_key').notNull(),
  routeId: text('route_id').notNull(),
  receiver: text('receiver').notNull(),
  labels: text('labels').notNull(),
  createdAtMs: integer('created_at_ms').notNull(),
  nextFlushAtMs: integer('next_flush_at_ms').notNull(),
  flushCount: integer('flush_count').notNull(),
  mutedBy: text('muted_by').notNull(),
  integrations: text('integrations').notNull(),
  /** Who looks after it, since when, and which firing alerts that covers; null: nobody. */
  ack: text('ack'),
  standIns: text('stand_ins').notNull().default('[]'),
  escalations: text('escalations').notNull().default('[]'),
});

export const groupMember = sqliteTable('group_member', {
  number: integer('number').primaryKey(),
  groupNumber: integer('group_number').notNull(),
  fingerprint: text('fingerprint').notNull(),
  joinedAtMs: integer('joined_at_ms').notNull(),
  suppression: text('suppression'),
  resolvedFlush: integer('resolved_flush'),
});

/** What each integration was last told about a group; written when a provider accepted. */
export const notificationLog = sqliteTable('notification_log', {
  number: integer('number').primaryKey(),
  key: text('key').notNull(),
  groupKey: text('group_key').notNull(),
  receiver: text('receiver').notNull(),
  integration: text('integration').notNull(),
  integrationIndex: integer('integration_index').notNull(),
  atMs: integer('at_ms').notNull(),
  firing: text('firing').notNull(),
  resolved: text('resolved').notNull(),
  expiresAtMs: integer('expires_at_ms').notNull(),
  /** The notification that told it; null: there was nothing to send. */
  outboxId: text('outbox_id'),
  data: text('data').notNull(),
});

export const silence = sqliteTable('silence', {
  id: text('id').primaryKey(),
  matcherSets: text('matcher_sets').notNull(),
  startsAtMs: integer('starts_at_ms').notNull(),
  endsAtMs: integer('ends_at_ms').notNull(),
  updatedAtMs: integer('updated_at_ms').notNull(),
  createdBy: text('created_by').notNull(),
  comment: text('comment').notNull(),
  annotations: text('annotations').notNull(),
});

/** Alerts of our own rules that are pending or firing. */
export const ruleAlert = sqliteTable(
  'rule_alert',
  {
    id: text('id').primaryKey(),
    groupKey: text('group_key').notNull(),
    ruleName: text('rule_name').notNull(),
    ruleOrdinal: integer('rule_ordinal').notNull(),
    labels: text('labels').notNull(),
    annotations: text('annotations').notNull(),
    state: text('state').notNull(),
    activeAtMs: integer('active_at_ms').notNull(),
    firedAtMs: integer('fired_at_ms'),
    keepFiringSinceMs: integer('keep_firing_since_ms'),
    /** Text: SQLite has no NaN. */
    value: text('value').notNull(),
    /** Labels under which the router knows it: with external labels, relabelled. Null: it was not told, or relabelling drops it. */
    announced: text('announced'),
  },
  (table) => [index('rule_alert_by_group').on(table.groupKey)],
);

/** One notification to one integration, from decision to outcome. */
export const outbox = sqliteTable(
  'outbox',
  {
    id: text('id').primaryKey(),
    groupId: text('group_id').notNull(),
    groupKey: text('group_key').notNull(),
    receiver: text('receiver').notNull(),
    integration: text('integration').notNull(),
    integrationIndex: integer('integration_index').notNull(),
    reason: text('reason').notNull(),
    flush: integer('flush').notNull(),
    createdAtMs: integer('created_at_ms').notNull(),
    deadlineMs: integer('deadline_ms').notNull(),
    firing: text('firing').notNull(),
    resolved: text('resolved').notNull(),
    repeatIntervalMs: integer('repeat_interval_ms').notNull(),
    data: text('data').notNull(),
    /** The row of another integration in whose place it is told; null: it is told for itself. */
    standsInFor: text('stands_in_for'),
    notification: text('notification').notNull(),
    state: text('state').notNull(),
    attempts: integer('attempts').notNull(),
    /** The attempt that holds the row, and the boot that made it; null while nobody does. */
    attemptId: text('attempt_id'),
    bootId: text('boot_id'),
    nextAttemptAtMs: integer('next_attempt_at_ms').notNull(),
    settledAtMs: integer('settled_at_ms'),
    /** When nobody was left who could be told in its place. */
    undeliveredAtMs: integer('undelivered_at_ms'),
    /** An attempt ended without a known result: another may repeat it. */
    mayRepeat: integer('may_repeat').notNull().default(0),
    /** The provider's answer, or why it failed or was cancelled. */
    answer: text('answer').notNull(),
  },
  (table) => [
    index('outbox_by_state').on(table.state, table.createdAtMs),
    index('outbox_by_group').on(table.groupKey, table.createdAtMs),
    index('outbox_by_creation').on(table.createdAtMs),
    index('outbox_undelivered').on(table.undeliveredAtMs).where(sql`${table.undeliveredAtMs} is not null`),
  ],
);

/** One row, written to find out whether the disk takes a commit. */
export const heartbeat = sqliteTable('heartbeat', { id: integer('id').primaryKey(), atMs: integer('at_ms').notNull() });

/** Append-only: every decision about an alert, a group or a notification, with its reason, on change only. */
export const event = sqliteTable(
  'event',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    atMs: integer('at_ms').notNull(),
    fingerprint: text('fingerprint'),
    groupKey: text('group_key'),
    incident: text('incident'),
    stage: text('stage').notNull(),
    verdict: text('verdict').notNull(),
    reason: text('reason').notNull(),
    detail: text('detail'),
    /** First digits of the hash of the configuration in force. */
    configHash: text('config_hash').notNull(),
    /** Whether it is in the two indexes by subject, which take events by the thousand (`event_indexed`). */
    isIndexed: integer('is_indexed').notNull().default(0),
  },
  (table) => [
    index('event_by_fingerprint').on(table.fingerprint, table.atMs).where(sql`${table.isIndexed} = 1`),
    index('event_by_group').on(table.groupKey, table.atMs).where(sql`${table.isIndexed} = 1`),
    index('event_by_time').on(table.atMs),
  ],
);

/** One row: up to which event the indexes by subject go. */
export const eventIndexed = sqliteTable('event_indexed', { id: integer('id').primaryKey(), eventId: integer('event_id').notNull() });

/** What the built-in inbox received, rendered as sent. */
export const inboxMessage = sqliteTable(
  'inbox_message',
  {
    /** The notification that it is: a repeated delivery replaces itself. */
    outboxId: text('outbox_id').primaryKey(),
    atMs: integer('at_ms').notNull(),
    receiver: text('receiver').notNull(),
    subject: text('subject').notNull(),
    text: text('text').notNull(),
    html: text('html').notNull(),
  },
  (table) => [index('inbox_by_time').on(table.atMs)],
);

/** Keys of this installation, from which tokens are derived. */
export const installationSecret = sqliteTable('installation_secret', {
  name: text('name').primaryKey(),
  /** Hexadecimal. */
  secret: text('secret').notNull(),
});

/** The number by which a reply in a text names a group; others get it once the group is long over. */
export const replyCode = sqliteTable('reply_code', {
  code: integer('code').primaryKey(),
  groupId: text('group_id').notNull().unique(),
  usedAtMs: integer('used_at_ms').notNull(),
});

/** What a telephone number has told us. */
export const telephone = sqliteTable('telephone', {
  number: text('number').primaryKey(),
  /** Since when it wants no texts; null: it takes them. */
  optedOutAtMs: integer('opted_out_at_ms'),
  /** Replies that meant nothing, since the last one that did. */
  misunderstood: integer('misunderstood').notNull(),
});

/** Which notifications a number was texted: only they can be answered from it. */
export const telephoneText = sqliteTable(
  'telephone_text',
  {
    number: text('number').notNull(),
    outboxId: text('outbox_id').notNull(),
    code: integer('code'),
    atMs: integer('at_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.number, table.outboxId] }), index('telephone_text_by_time').on(table.atMs)],
);

/** A call or a text that the provider has taken, until nothing more is to be learnt of it. */
export const telephoneOrder = sqliteTable(
  'telephone_order',
  {
    sid: text('sid').primaryKey(),
    medium: text('medium').notNull(),
    number: text('number').notNull(),
    status: text('status').notNull(),
    errorCode: integer('error_code'),
    /** Which attempt to reach the number with this it is, from 1. */
    attempt: integer('attempt').notNull(),
    polls: integer('polls').notNull(),
    /** What is to be done next; null: nothing. */
    next: text('next'),
    nextAtMs: integer('next_at_ms'),
    atMs: integer('at_ms').notNull(),
  },
  (table) => [index('telephone_order_by_next').on(table.nextAtMs), index('telephone_order_by_time').on(table.atMs)],
);

/** The notifications that a call or a text tells of: one, or several that were due together. */
export const telephoneOrderOutbox = sqliteTable(
  'telephone_order_outbox',
  { sid: text('sid').notNull(), outboxId: text('outbox_id').notNull() },
  (table) => [primaryKey({ columns: [table.sid, table.outboxId] }), index('telephone_order_by_outbox').on(table.outboxId)],
);
