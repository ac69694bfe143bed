/** What stands behind our own API: the database to read, the router to ask, the keeper's steps to write. */
import type { AlertmanagerBackend } from '../../api/alertmanager-v2/backend.ts';
import type { TocsinBackend } from '../../api/tocsin-v1/backend.ts';
import type { App } from '../app.ts';
import { explain } from '../explain/explain.ts';
import { receiversBackend } from './receivers-backend.ts';

/** Silences are written as Alertmanager's API writes them. */
export function tocsinBackend(
  app: App,
  { putSilence, expireSilence }: Pick<AlertmanagerBackend, 'putSilence' | 'expireSilence'>,
): TocsinBackend {
  const { events, keeper, options, outbox, ports } = app;
  const { clock } = ports;
  return {
    history: {
      notifications: (filter) => outbox.history(filter),
      notification: (id) => outbox.notification(id),
      inboxMessage: (outboxId) => outbox.inboxMessage(outboxId),
      events: (filter) => events.find(filter),
    },
    eventStream: {
      bounds: () => events.bounds(),
      writtenAfter: (afterId, subject, limit) => events.writtenAfter(afterId, subject, limit),
      watch: (watcher) => app.eventFeed.watch(watcher),
      clock,
    },
    explainer: { explain: (subject, at) => explain(app, subject, at) },
    silences: {
      list: (query) => keeper.router.silences(query, clock.now()),
      get: (id) => keeper.router.silence(id),
      put: putSilence,
      expire: expireSilence,
      preview: (matcherSets) => keeper.router.previewSilence(matcherSets, clock.now()),
      now: () => clock.now(),
    },
    receivers: receiversBackend(app),
    routing: {
      trace: (labels) => keeper.router.trace(labels, clock.now()),
      receivers: () =>
        app.config.alertmanager.receivers.map(({ name, labels, integrations }) => ({
          name,
          labels,
          integrations: integrations.map(({ name: integration, index, sendResolved }) => ({ name: integration, index, sendResolved })),
        })),
    },
    version: options.version,
  };
}
