/** The snapshot of a group that an outbox row carries, as JSON. */
import type { Notification } from '../alerts/router-state.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { Labels } from '../model/labels.ts';
import type { UnixMs } from '../model/time.ts';

type Stored = {
  readonly groupLabels: string[];
  readonly routeLabels: [string, string][];
  readonly alerts: {
    readonly fingerprint: string;
    readonly labels: string[];
    readonly annotations: string[];
    readonly startsAt: number;
    readonly endsAt: number | null;
    readonly generatorUrl: string;
  }[];
};

export function notificationOut(notification: Notification): string {
  return JSON.stringify({
    groupLabels: notification.groupLabels.flat,
    routeLabels: notification.routeLabels,
    alerts: notification.alerts.map((alert) => ({ ...alert, labels: alert.labels.flat, annotations: alert.annotations.flat })),
  });
}

export function notificationIn(text: string): Notification {
  const stored = JSON.parse(text) as Stored;
  return {
    groupLabels: Labels.fromSorted(stored.groupLabels),
    routeLabels: stored.routeLabels,
    alerts: stored.alerts.map((alert) => ({
      fingerprint: alert.fingerprint as Fingerprint,
      labels: Labels.fromSorted(alert.labels),
      annotations: Labels.fromSorted(alert.annotations),
      startsAt: alert.startsAt as UnixMs,
      endsAt: alert.endsAt as UnixMs | null,
      generatorUrl: alert.generatorUrl,
    })),
  };
}
