/** Notifications and events as our own API shows them: names in camel case, times in RFC 3339. */
import type { StoredEvent } from '../../db/event-repository.ts';
import type { HistoryPlace, NotificationRecord } from '../../db/outbox-repository.ts';
import type { UnixMs } from '../../model/time.ts';

const iso = (at: UnixMs): string => new Date(at).toISOString();

/** A place in the history as a parameter. */
export const placeText = ({ at, id }: HistoryPlace): string => (id === null ? iso(at) : `${iso(at)}_${id}`);

export function notificationJson(record: NotificationRecord): unknown {
  const { notification, createdAt, settledAt, ...rest } = record;
  return {
    ...rest,
    createdAt: iso(createdAt),
    settledAt: settledAt === null ? null : iso(settledAt),
    groupLabels: notification.groupLabels.toRecord(),
    alerts: notification.alerts.map(({ labels, annotations, startsAt, endsAt, fingerprint, generatorUrl }) => ({
      fingerprint,
      status: endsAt === null ? 'firing' : 'resolved',
      labels: labels.toRecord(),
      annotations: annotations.toRecord(),
      startsAt: iso(startsAt),
      endsAt: endsAt === null ? null : iso(endsAt),
      generatorUrl,
    })),
  };
}

export const eventJson = ({ at, ...event }: StoredEvent): unknown => ({ at: iso(at), ...event });
