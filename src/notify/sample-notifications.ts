/**
 * Notifications that nobody has to wait for: what templates are tried with before the first alert fires, and what a person
 * sends to see whether a receiver works. Between them they have what breaks templates: labels and annotations that are
 * missing, nothing in common, nothing that fires, nothing that has resolved, many alerts, long and odd values.
 */
import { fingerprintOf } from '../model/fingerprint.ts';
import { Labels } from '../model/labels.ts';
import { type UnixMs, unixMs } from '../model/time.ts';
import { type NotificationData, notificationData } from '../template/alertmanager-data.ts';

type Texts = Readonly<Record<string, string>>;
export type SampleAlert = { readonly labels: Texts; readonly annotations: Texts; readonly isResolved: boolean };

type SampleNotification = {
  /** As in "fails for …". */
  readonly name: string;
  readonly alerts: readonly SampleAlert[];
  /** Labels that the group is made by; the first alert has them. */
  readonly groupBy: readonly string[];
};

const USUAL: SampleAlert = {
  labels: { alertname: 'HighLatency', cluster: 'eu-1', instance: 'web-1:9100', job: 'api', service: 'shop', severity: 'critical' },
  annotations: {
    summary: 'latency of shop is high',
    description: 'the 99th percentile is 2.1s, above 1s for 10m',
    runbook_url: 'https://runbooks.example.org/HighLatency',
  },
  isResolved: false,
};
const resolved = (alert: SampleAlert): SampleAlert => ({ ...alert, isResolved: true });
const bare = (labels: Texts): SampleAlert => ({ labels, annotations: {}, isResolved: false });
const ODD = '<b>"ü…漢字🔥</b>\n\t{{ .Status }}\u202e\\ %s & \u0000';

/** The cheap ones first. */
export const SAMPLE_NOTIFICATIONS: readonly SampleNotification[] = [
  { name: 'a firing alert with the usual labels and annotations', alerts: [USUAL], groupBy: ['alertname'] },
  { name: 'a resolved alert', alerts: [resolved(USUAL)], groupBy: ['alertname'] },
  { name: 'a firing alert that has a name and nothing else', alerts: [bare({ alertname: 'Down' })], groupBy: ['alertname'] },
  { name: 'a resolved alert that has a name and nothing else', alerts: [resolved(bare({ alertname: 'Down' }))], groupBy: [] },
  {
    name: 'a firing and a resolved alert that have nothing in common, in a group of everything',
    alerts: [bare({ alertname: 'Down', severity: 'info' }), { ...resolved(USUAL), annotations: {} }],
    groupBy: [],
  },
  {
    name: 'a firing alert whose values are odd characters',
    alerts: [
      { labels: { ...USUAL.labels, service: ODD, severity: ODD }, annotations: { summary: ODD, description: ODD }, isResolved: false },
    ],
    groupBy: ['alertname', 'service'],
  },
  {
    name: 'a firing alert with values of 50 000 characters',
    alerts: [{ ...USUAL, annotations: { ...USUAL.annotations, description: 'long '.repeat(10_000), summary: 'x'.repeat(50_000) } }],
    groupBy: ['alertname'],
  },
  {
    name: '500 firing alerts',
    alerts: Array.from({ length: 500 }, (_, i) => ({ ...USUAL, labels: { ...USUAL.labels, instance: `web-${i}:9100` } })),
    groupBy: ['alertname'],
  },
];

const FIRED_BEFORE_MS = 600_000;
const ENDED_BEFORE_MS = 1000;

export function sampleData(
  alerts: readonly SampleAlert[],
  {
    receiver,
    groupBy,
    externalUrl,
    now,
  }: { readonly receiver: string; readonly groupBy: readonly string[]; readonly externalUrl: string; readonly now: UnixMs },
): NotificationData {
  const made = alerts.map(({ labels, annotations, isResolved }) => {
    const own = Labels.of(labels);
    return {
      fingerprint: fingerprintOf(own),
      labels: own,
      annotations: Labels.of(annotations),
      startsAt: unixMs(now - FIRED_BEFORE_MS),
      endsAt: isResolved ? unixMs(now - ENDED_BEFORE_MS) : null,
      generatorUrl: `${externalUrl}/graph`,
    };
  });
  return notificationData({
    receiver,
    alerts: made,
    groupLabels: (made[0]?.labels ?? Labels.empty).filter((name) => groupBy.includes(name)),
    routeLabels: Labels.empty,
    routeLabelsAreRendered: true,
    notificationReason: 'first notification',
    externalUrl,
    now,
  });
}
