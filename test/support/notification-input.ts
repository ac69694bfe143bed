/** A notification as integrations are given it: some firing alerts, some resolved ones, of one group. */
import { fingerprintOf } from '../../src/model/fingerprint.ts';
import { Labels } from '../../src/model/labels.ts';
import { type UnixMs, unixMs } from '../../src/model/time.ts';
import type { SendInput } from '../../src/notify/integration.ts';
import { notificationData } from '../../src/template/alertmanager-data.ts';
import { NotificationTemplates, parseNotificationTemplates } from '../../src/template/notification-templates.ts';

/** 2026-01-01T00:00:00Z, ten minutes after the alerts began. */
const INPUT_NOW: UnixMs = unixMs(1_767_225_600_000);

const parsed = parseNotificationTemplates([]);
if (!(parsed instanceof NotificationTemplates)) throw new Error('the built-in templates do not parse');
export const builtInTemplates: NotificationTemplates = parsed;

type Wanted = Partial<Pick<SendInput, 'id' | 'groupKey' | 'kept' | 'deadline' | 'links'>> & {
  readonly firing?: number;
  readonly resolved?: number;
  readonly labels?: Readonly<Record<string, string>>;
};

export function notificationInput({ firing = 1, resolved = 0, labels = {}, ...rest }: Wanted = {}): SendInput {
  const alerts = Array.from({ length: firing + resolved }, (_, i) => {
    const own = Labels.of({ alertname: 'Down', instance: `web-${i + 1}`, job: 'api', ...labels });
    return {
      fingerprint: fingerprintOf(own),
      labels: own,
      annotations: Labels.of({ summary: 'it is down' }),
      startsAt: unixMs(INPUT_NOW - 600_000),
      endsAt: i < firing ? null : unixMs(INPUT_NOW - 1000),
      generatorUrl: 'http://tocsin.example/graph',
    };
  });
  return {
    id: '0b5c',
    groupKey: '{}:{alertname="Down"}',
    threadId: 'cafe',
    createdAt: INPUT_NOW,
    deadline: unixMs(INPUT_NOW + 300_000),
    attempt: 1,
    mayRepeat: false,
    links: null,
    replyCode: null,
    now: INPUT_NOW,
    templates: builtInTemplates,
    kept: {},
    data: notificationData({
      receiver: 'team',
      alerts,
      groupLabels: Labels.of({ alertname: 'Down' }),
      routeLabels: Labels.empty,
      routeLabelsAreRendered: true,
      notificationReason: 'first notification',
      externalUrl: 'http://tocsin.example',
      now: INPUT_NOW,
    }),
    ...rest,
  };
}
