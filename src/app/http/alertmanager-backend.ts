/** What stands behind Alertmanager's API: the router to read, the keeper's steps to write. */
import type { AlertmanagerBackend } from '../../api/alertmanager-v2/backend.ts';
import type { Alert } from '../../model/alert.ts';
import { Labels } from '../../model/labels.ts';
import { durationMs, type UnixMs, unixMs } from '../../model/time.ts';
import { notificationData } from '../../template/alertmanager-data.ts';
import type { App } from '../app.ts';

export function alertmanagerBackend(app: App): AlertmanagerBackend {
  const { keeper, options, ports } = app;
  const now = (): UnixMs => ports.clock.now();
  return {
    router: () => keeper.router,
    prepare: () => keeper.prepareSilences(),
    viewTag: (list) => {
      const view = `${app.startedAt.toString(36)}-${app.config.hash.slice(0, 8)}-${keeper.generation}-${keeper.router.viewVersion(now())}`;
      if (list === 'silences') return view;
      // Time intervals begin and end with a minute.
      const minute = list === 'groups' && app.config.alertmanager.timeIntervals.size > 0 ? `-${Math.floor(now() / 60_000)}` : '';
      return `${view}-${app.shownEnds}${minute}`;
    },
    receive: async (alerts) => {
      const received = await keeper.step((router, at) => ({ result: router.receive(alerts, at) }));
      ports.crash.hit('alerts.after-commit');
      return received;
    },
    putSilence: async (silence) => {
      ports.crash.hit('silence.before-commit');
      const result = await keeper.step((router, at) => ({ result: router.putSilence(silence, at) }));
      ports.crash.hit('silence.after-commit');
      return result;
    },
    expireSilence: async (id, by) => {
      const isKnown = await keeper.step((router, at) => ({ result: router.expireSilence(id, by, at) }));
      ports.crash.hit('silence.expired');
      return isKnown;
    },
    receivers: () => app.config.alertmanager.receivers.map(({ name, labels }) => ({ name, labels: Labels.of(labels) })),
    endsAtOf: (alert) => alert.endsAt ?? shownEnd(app, alert),
    routeLabels: (group) => {
      const data = notificationData({
        receiver: group.receiver,
        alerts: group.alerts.map(({ alert }) => alert),
        groupLabels: group.labels,
        routeLabels: Labels.fromPairs(group.routeLabels),
        routeLabelsAreRendered: false,
        notificationReason: '',
        externalUrl: app.externalUrl,
        now: now(),
      });
      const rendered = app.config.templates.routeLabels(data, now());
      return rendered instanceof Labels ? rendered : Labels.fromPairs(group.routeLabels);
    },
    matcherMode: options.features.includes('classic-mode')
      ? 'classic'
      : options.features.includes('utf8-strict-mode')
        ? 'utf8'
        : 'fallback',
    configYaml: () => app.config.alertmanagerYaml,
    version: options.version,
    startedAt: app.startedAt,
    now,
  };
}

/** What Prometheus would send with a firing alert: its last evaluation plus four times the larger of interval and resend delay. */
function shownEnd(app: App, alert: Alert): UnixMs {
  const groupKey = app.groupOfAlert(alert.fingerprint);
  const evaluated = groupKey === null ? undefined : app.evaluated.get(groupKey);
  const resendMs: number = app.options.rules.resendDelayMs;
  return unixMs((evaluated?.at ?? alert.updatedAt) + 4 * durationMs(Math.max(evaluated?.intervalMs ?? 0, resendMs)));
}
