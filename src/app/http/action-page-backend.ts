/** What stands behind the page of a notification: its alerts as they are now, and what was done about them. */
import type { ActionPageAlert, ActionPageBackend } from '../../api/actions/backend.ts';
import { isResolvedAt } from '../../model/alert.ts';
import type { App } from '../app.ts';

const ALERTS_SHOWN_MAX = 50;

export function actionPageBackend(app: App): ActionPageBackend {
  const { telephones, keeper, actions } = app;
  return {
    page: async (token) => {
      const row = await telephones.notificationOf(token, 'page');
      if (row === null) return null;
      const now = app.ports.clock.now();
      const { router } = keeper;
      const fires = (fingerprint: Parameters<typeof router.alert>[0]): boolean => {
        const alert = router.alert(fingerprint);
        return alert !== null && !isResolvedAt(alert, now);
      };
      const { alerts } = row.notification;
      const shown = alerts.slice(0, ALERTS_SHOWN_MAX).map(
        ({ fingerprint, labels, annotations, startsAt, endsAt }): ActionPageAlert => ({
          isFiring: endsAt === null && fires(fingerprint),
          name: labels.get('alertname') || 'alert',
          severity: labels.get('severity'),
          summary: annotations.get('summary') || annotations.get('description'),
          labels: [...labels].filter(([name]) => name !== 'alertname'),
          startsAt,
        }),
      );
      const [first] = alerts;
      const trace = first === undefined ? null : router.trace(first.labels, now);
      const ack = router.acknowledgementOf(row);
      return {
        title: app.options.web.pageTitle,
        receiver: row.receiver,
        sentAt: row.createdAt,
        now,
        alerts: shown,
        moreAlerts: alerts.length - shown.length,
        isFiring: alerts.some(({ fingerprint, endsAt }) => endsAt === null && fires(fingerprint)),
        acknowledged: ack === null ? null : { by: ack.by, at: ack.at },
        isSilenced: (trace?.silencedBy.length ?? 0) > 0,
      };
    },
    act: async (token, action, by) => {
      const row = await telephones.notificationOf(token, 'page');
      if (row === null) return { kind: 'unknown' };
      const result = await actions.act(row.id, action, by);
      if (result.kind !== 'nobody' && result.kind !== 'unknown') await telephones.desk.dealtWith([row.id]);
      return result;
    },
  };
}
