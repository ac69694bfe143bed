/** What was sent, and what happened: notifications and events, from the database. */
import { z } from '@hono/zod-openapi';
import type { EventSubject } from '../../db/event-repository.ts';
import type { NotificationRecord } from '../../db/outbox-repository.ts';
import type { OutboxState } from '../../db/state-repository.ts';
import { fingerprintOf } from '../../model/fingerprint.ts';
import type { Labels } from '../../model/labels.ts';
import type { HistoryBackend } from './backend.ts';
import { cursorOf } from './cursor.ts';
import type { Endpoints } from './endpoints.ts';
import { eventJson, eventSchema, STAGES } from './event-json.ts';
import {
  choiceParameter,
  cursorParameter,
  iso,
  isoOrNull,
  labelRecord,
  labelsParameter,
  limitParameter,
  next,
  textParameter,
  time,
  timeParameter,
} from './parameters.ts';
import { ProblemError } from './problem.ts';

const NOTIFICATIONS = { list: 'n', usual: 50, max: 500 };
const EVENTS = { list: 'e', usual: 100, max: 1000 };
/** Of one notification; more attempts than any deadline leaves room for. */
const STORY_MAX = 500;

/** States as they are stored, and a question that people ask; the other is whether anybody was told at all. */
const STATES = {
  pending: ['pending'],
  claimed: ['claimed'],
  rejected: ['rejected'],
  unknown: ['unknown'],
  accepted: ['accepted'],
  confirmed: ['confirmed'],
  failed: ['failed'],
  cancelled: ['cancelled'],
  expired: ['expired'],
  open: ['pending', 'claimed', 'rejected', 'unknown'],
} as const satisfies { readonly [S in OutboxState]: readonly [S] } & {
  readonly open: readonly OutboxState[];
};
const STATE_CHOICES = [...(Object.keys(STATES) as (keyof typeof STATES)[]), 'undelivered'] as const;

const STATE_WORDS =
  'pending: waits for its attempt; claimed: an attempt is under way; rejected, unknown: tried in vain or with an unknown result, and tried again; accepted: the provider took it; confirmed: it says that it arrived; failed, expired: given up; cancelled: no longer wanted. `open`: the first four; `undelivered`: those that nobody took, nor a fallback in their place, and that nothing newer has replaced.';

const inbox = z
  .object({ subject: z.string(), text: z.string(), html: z.string() })
  .nullable()
  .openapi({ description: 'The message, where the built-in inbox holds it.' });

const notificationSchema = z
  .object({
    id: z.string(),
    createdAt: time,
    settledAt: time.nullable().openapi({ description: 'When it was over; null: it is not.' }),
    groupKey: z.string(),
    receiver: z.string(),
    integration: z.string().openapi({ example: 'email' }),
    integrationIndex: z.number().int().openapi({ description: 'Among the integrations of that name in the receiver, from 0.' }),
    reason: z.string().openapi({ description: 'Why it was made.', example: 'first notification' }),
    state: z.string().openapi({ description: STATE_WORDS, example: 'accepted' }),
    attempts: z.number().int(),
    answer: z.string().openapi({ description: "The provider's last answer, or why it was given up or cancelled." }),
    standsInFor: z.string().nullable().openapi({ description: 'The notification that another did not take, in whose place it was told.' }),
    undeliveredAt: time.nullable().openapi({ description: 'Since when nobody was left who could be told in its place.' }),
    groupLabels: labelRecord,
    alerts: z.array(
      z.object({
        fingerprint: z.string(),
        status: z.enum(['firing', 'resolved']),
        labels: labelRecord,
        annotations: labelRecord,
        startsAt: time,
        endsAt: time.nullable(),
        generatorUrl: z.string(),
      }),
    ),
    inbox,
  })
  .openapi('Notification');

const wholeNotificationSchema = notificationSchema
  .extend({ events: z.array(eventSchema).openapi({ description: 'What became of it, oldest first.' }) })
  .openapi('NotificationWithEvents');

/** What `events` and the stream of events can be narrowed to. */
export const eventSubjectParameters = {
  fingerprint: textParameter('Of this alert.', '6b9f1c3e5d7a8b90'),
  labels: labelsParameter('Of the alert with exactly these labels; instead of `fingerprint`.'),
  group: textParameter('Of the group with this key.', '{}:{alertname="HighLatency"}'),
  stage: choiceParameter(STAGES, 'Of this stage.'),
};

/** Throws where labels and fingerprint are of two alerts. */
export function eventSubjectOf(query: {
  readonly fingerprint: string | undefined;
  readonly labels: Labels | undefined;
  readonly group: string | undefined;
  readonly stage: string | undefined;
}): EventSubject {
  if (query.labels !== undefined && query.fingerprint !== undefined)
    throw new ProblemError(400, 'give either labels or fingerprint, not both');
  const fingerprint = query.labels === undefined ? query.fingerprint : fingerprintOf(query.labels);
  return {
    ...(fingerprint !== undefined && { fingerprint }),
    ...(query.group !== undefined && { groupKey: query.group }),
    ...(query.stage !== undefined && { stage: query.stage }),
  };
}

export function addHistory(endpoints: Endpoints, backend: HistoryBackend): void {
  endpoints.add(
    {
      method: 'get',
      path: '/notifications',
      tag: 'history',
      summary: 'What was sent, is being sent, or could not be sent',
      description: 'Notifications to single integrations, newest first.',
      query: {
        receiver: textParameter('To this receiver.', 'team'),
        integration: textParameter('By integrations of this name.', 'email'),
        state: choiceParameter(STATE_CHOICES, `In this state. ${STATE_WORDS}`),
        group: textParameter('Of the group with this key.', '{}:{alertname="HighLatency"}'),
        fingerprint: textParameter('That speak of this alert.', '6b9f1c3e5d7a8b90'),
        from: timeParameter('Made then or later.'),
        to: timeParameter('Made then or earlier.'),
        limit: limitParameter(NOTIFICATIONS),
        cursor: cursorParameter(NOTIFICATIONS.list),
      },
      answer: z.object({ notifications: z.array(notificationSchema), next }),
    },
    async ({ query: { receiver, integration, state, group, fingerprint, from, to, limit, cursor } }) => {
      const found = await backend.notifications({
        ...(receiver !== undefined && { receiver }),
        ...(integration !== undefined && { integration }),
        ...(state === 'undelivered' ? { isUndelivered: true } : state !== undefined && { states: STATES[state] }),
        ...(group !== undefined && { groupKey: group }),
        ...(fingerprint !== undefined && { fingerprint }),
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        ...(cursor !== undefined && { before: cursor }),
        limit: limit + 1,
      });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const more = found.length > limit && last !== undefined;
      return {
        notifications: shown.map(notificationJson),
        next: more ? cursorOf(NOTIFICATIONS.list, { at: last.createdAt, id: last.id }) : null,
      };
    },
  );

  endpoints.add(
    {
      method: 'get',
      path: '/notifications/{id}',
      tag: 'history',
      summary: 'One notification, with what became of it',
      description: 'The notification as it was made, and every decision and answer about it.',
      params: { id: z.string().openapi({ description: '`id` of a notification.' }) },
      answer: wholeNotificationSchema,
      problems: { 404: 'There is no such notification, or it was forgotten.' },
    },
    async ({ params: { id } }) => {
      const record = await backend.notification(id);
      if (record === null) throw new ProblemError(404, `there is no notification ${id}; it may have been forgotten`);
      const { groupKey, createdAt } = record;
      const events = await backend.events({ groupKey, from: createdAt, limit: STORY_MAX });
      return { ...notificationJson(record), events: events.filter(({ detail }) => detail?.['outboxId'] === id).map(eventJson) };
    },
  );

  endpoints.add(
    {
      method: 'get',
      path: '/events',
      tag: 'history',
      summary: 'What happened to alerts, groups and notifications, and why',
      description:
        'The event log: one record whenever something changes on the way from an alert to a receiver. With `fingerprint` or `labels` it is the history of one alert, with `group` that of a group.',
      query: {
        ...eventSubjectParameters,
        from: timeParameter('Then or later.'),
        to: timeParameter('Then or earlier.'),
        order: choiceParameter(['oldest', 'newest'], 'Which come first; by default the oldest.'),
        limit: limitParameter(EVENTS),
        cursor: cursorParameter(EVENTS.list),
      },
      answer: z.object({ events: z.array(eventSchema), next }),
    },
    async ({ query: { from, to, order, limit, cursor, ...subject } }) => {
      const isNewestFirst = order === 'newest';
      const place = cursor === undefined ? undefined : { at: cursor.at, id: Number(cursor.id) };
      const found = await backend.events({
        ...eventSubjectOf(subject),
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        ...(place !== undefined && (isNewestFirst ? { before: place } : { after: place })),
        ...(isNewestFirst && { keep: 'last' as const }),
        limit: limit + 1,
      });
      const shown = (isNewestFirst ? found.toReversed() : found).slice(0, limit);
      const last = shown.at(-1);
      const more = found.length > limit && last !== undefined;
      return { events: shown.map(eventJson), next: more ? cursorOf(EVENTS.list, { at: last.at, id: last.id }) : null };
    },
  );
}

function notificationJson({
  notification,
  createdAt,
  settledAt,
  undeliveredAt,
  ...rest
}: NotificationRecord): z.input<typeof notificationSchema> {
  return {
    ...rest,
    createdAt: iso(createdAt),
    settledAt: isoOrNull(settledAt),
    undeliveredAt: isoOrNull(undeliveredAt),
    groupLabels: notification.groupLabels.toRecord(),
    alerts: notification.alerts.map(({ labels, annotations, startsAt, endsAt, fingerprint, generatorUrl }) => ({
      fingerprint,
      status: endsAt === null ? ('firing' as const) : ('resolved' as const),
      labels: labels.toRecord(),
      annotations: annotations.toRecord(),
      startsAt: iso(startsAt),
      endsAt: isoOrNull(endsAt),
      generatorUrl,
    })),
  };
}
