/** Gathers what the page at / shows. */
import { printAlertMatcher } from '../../alerts/matcher-text.ts';
import type { RouteTrace } from '../../alerts/route.ts';
import type { Overview, OverviewAlert, OverviewNotification } from '../../api/tocsin-v1/overview.ts';
import type { StoredEvent } from '../../db/event-repository.ts';
import type { NotificationRecord } from '../../db/outbox-repository.ts';
import type { MatchOp } from '../../model/matcher.ts';
import type { App } from '../app.ts';

const ALERTS_SHOWN_MAX = 200;
const NOTIFICATIONS_SHOWN_MAX = 20;
const STORY_MAX = 30;

export async function overviewOf(app: App, notice: string | null): Promise<Overview> {
  const { clock } = app.ports;
  await app.keeper.prepareSilences();
  const now = clock.now();
  const { router } = app.keeper;
  const views = router.alerts({ filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true }, now);
  const shown = [...views].sort((a, b) => b.alert.startsAt - a.alert.startsAt).slice(0, ALERTS_SHOWN_MAX);
  const alerts = await Promise.all(
    shown.map(async ({ alert, state, silencedBy, inhibitedBy }): Promise<OverviewAlert> => {
      const trace = router.trace(alert.labels, now);
      const taken = new Map(takenRoutes(trace.route).map((route) => [route.id, route.key]));
      const events = await app.events.find({ fingerprint: alert.fingerprint, limit: STORY_MAX });
      const groupEvents = await Promise.all(
        trace.groups.map(({ groupKey }) => app.events.find({ groupKey, from: alert.startsAt, limit: STORY_MAX })),
      );
      const story = [...new Map([...events, ...groupEvents.flat()].map((event) => [event.id, event])).values()].sort((a, b) => a.id - b.id);
      return {
        fingerprint: alert.fingerprint,
        labels: [...alert.labels],
        annotations: [...alert.annotations],
        startsAt: alert.startsAt,
        generatorUrl: alert.generatorUrl,
        state,
        silencedBy,
        inhibitedBy,
        mutedBy: trace.groups.flatMap(({ muting }) => muting?.by ?? []),
        routes: trace.groups.map(({ receiver, routeId, groupKey, nextFlushAt, ack }) => ({
          receiver,
          routeKey: taken.get(routeId) ?? routeId,
          groupKey,
          nextFlushAt,
          acknowledged: ack === null ? null : { by: ack.by, at: ack.at },
        })),
        story: story.map(storyLine),
      };
    }),
  );
  const [targets, groups, notifications] = await Promise.all([
    app.engine.call('targets', null),
    app.engine.call('ruleGroups', null),
    app.outbox.history({ limit: NOTIFICATIONS_SHOWN_MAX }),
  ]);
  const rules = groups.kind === 'gave' ? groups.gives.flatMap((group) => group.rules) : [];
  const activeTargets = targets.kind === 'gave' ? targets.gives.active : [];
  return {
    title: app.options.web.pageTitle,
    version: app.options.version,
    now,
    startedAt: app.startedAt,
    prefix: app.linkPrefix,
    alerts,
    alertCount: views.length,
    pendingCount: rules.reduce((sum, rule) => sum + rule.alerts.filter(({ state }) => state === 'pending').length, 0),
    silences: router
      .silences({ filter: [], states: ['active', 'pending'] }, now)
      .map(({ id, matcherSets, startsAt, endsAt, createdBy, comment }) => ({
        id,
        state: startsAt > now ? ('pending' as const) : ('active' as const),
        matchers: matcherSets
          .map((set) =>
            set.map(({ name, op, value }) => printAlertMatcher({ name, op: op satisfies MatchOp, value, regex: null })).join(', '),
          )
          .join(' or '),
        startsAt,
        endsAt,
        createdBy,
        comment,
      })),
    notifications: notifications.map(notificationLine),
    targets: activeTargets.map(({ scrapePool, scrapeUrl, health, lastError, lastScrapeAt, lastDurationMs }) => ({
      job: scrapePool,
      url: scrapeUrl,
      health,
      lastError,
      lastScrapeAt,
      lastScrapeMs: lastDurationMs,
    })),
    rules: {
      groups: groups.kind === 'gave' ? groups.gives.length : 0,
      rules: rules.length,
      failing: rules.filter(({ health }) => health === 'err').map(({ name, lastError }) => ({ rule: name, error: lastError })),
      evaluatedAt: Math.max(0, ...rules.map(({ evaluatedAt }) => evaluatedAt ?? 0)) || null,
    },
    problems: problemsOf(app, activeTargets, notifications),
    notice,
  };
}

const takenRoutes = (trace: RouteTrace): readonly { readonly id: string; readonly key: string }[] => [
  trace.route,
  ...trace.children.flatMap(takenRoutes),
];

function storyLine({ at, stage, verdict, reason, detail }: StoredEvent): OverviewAlert['story'][number] {
  const shown = Object.entries(detail ?? {}).filter(([name]) => name !== 'outboxId');
  return {
    at,
    stage,
    verdict,
    reason,
    detail: shown.map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`).join(' '),
  };
}

const notificationLine = ({
  id,
  createdAt,
  receiver,
  integration,
  reason,
  state,
  answer,
  groupKey,
  notification,
  inbox,
}: NotificationRecord): OverviewNotification => ({
  id,
  createdAt,
  receiver,
  integration,
  reason,
  state,
  answer,
  groupKey,
  alerts: notification.alerts.length,
  subject: inbox?.subject ?? null,
  text: inbox?.text ?? null,
});

function problemsOf(
  app: App,
  targets: readonly { readonly health: string; readonly scrapeUrl: string; readonly lastError: string }[],
  notifications: readonly NotificationRecord[],
): readonly string[] {
  const problems: string[] = [];
  const { refusal } = app.keeper;
  if (refusal !== null) problems.push(`the state database cannot be written, so no notification goes out: ${refusal}`);
  if (!app.engine.isReady)
    problems.push('the engine is not running: nothing is scraped or evaluated until it is back; alerts that fire go on being delivered');
  if (!app.lastReload.isSuccess) problems.push(`the last reload was refused, and the old configuration stays: ${app.lastReload.error}`);
  for (const { receiver, integration, state, answer } of notifications)
    if (state === 'failed' || state === 'rejected' || state === 'unknown')
      problems.push(`a notification to ${receiver} by ${integration} is ${state}: ${answer}`);
  for (const { scrapeUrl, lastError } of targets.filter(({ health }) => health === 'down'))
    problems.push(`${scrapeUrl} cannot be scraped: ${lastError}`);
  return problems.slice(0, 10);
}
