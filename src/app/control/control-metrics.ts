/** Control's own metrics, under Alertmanager's and Prometheus' names where they have one for the thing. */

import type { CallbackRefusal } from '../../api/actions/backend.ts';
import type { OutboxState } from '../../db/state-repository.ts';
import { isResolvedAt } from '../../model/alert.ts';
import type { FailureReason } from '../../notify/integration.ts';
import type { App } from '../app.ts';
import { type Metrics, samplesOf } from '../metrics.ts';

export function registerControlMetrics(metrics: Metrics, app: App): void {
  const counter = (name: string, help: string, read: () => number): void => metrics.counter({ name, help }, read);
  const gauge = (name: string, help: string, read: () => number): void => metrics.gauge({ name, help }, read);

  /** Kinds of the live configuration, and those that were used before. */
  const integrations = (): readonly string[] => [
    ...new Set([
      ...app.config.alertmanager.receivers.flatMap((receiver) => receiver.integrations.map(({ name }) => name)),
      ...app.stats.deliveries.keys(),
    ]),
  ];

  for (const who of ['prometheus', 'alertmanager']) {
    gauge(`${who}_config_last_reload_successful`, 'Whether the last configuration reload attempt was successful.', () =>
      app.lastReload.isSuccess ? 1 : 0,
    );
    gauge(
      `${who}_config_last_reload_success_timestamp_seconds`,
      'Timestamp of the last successful configuration reload.',
      () => app.lastReload.at / 1000,
    );
  }
  metrics.gauge(
    {
      name: 'prometheus_build_info',
      help: 'The level of the Prometheus API that is kept, and the own version.',
      labelNames: ['version', 'tocsin'],
    },
    () => [{ labels: { version: '3.5.0', tocsin: app.options.version }, value: 1 }],
  );
  metrics.gauge({ name: 'tocsin_build_info', help: 'Version of the program.', labelNames: ['version'] }, () => [
    { labels: { version: app.options.version }, value: 1 },
  ]);

  metrics.gauge({ name: 'alertmanager_alerts', help: 'How many alerts by state.', labelNames: ['state'] }, () => {
    const counts = new Map([
      ['active', 0],
      ['suppressed', 0],
    ]);
    const now = app.ports.clock.now();
    for (const { alert, state } of app.keeper.router.alerts(
      { filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true },
      now,
    ))
      if (!isResolvedAt(alert, now)) counts.set(state, (counts.get(state) ?? 0) + 1);
    return samplesOf(counts, 'state', (count) => count);
  });
  metrics.gauge({ name: 'alertmanager_silences', help: 'How many silences by state.', labelNames: ['state'] }, () => {
    const now = app.ports.clock.now();
    const counts = (['active', 'pending', 'expired'] as const).map(
      (state) => [state, app.keeper.router.silences({ filter: [], states: [state] }, now).length] as const,
    );
    return samplesOf(counts, 'state', (count) => count);
  });
  metrics.counter(
    { name: 'alertmanager_notifications_total', help: 'The total number of attempted notifications.', labelNames: ['integration'] },
    () =>
      samplesOf(
        integrations().map((name) => [name, app.stats.deliveries.get(name) ?? 0] as const),
        'integration',
        (count) => count,
      ),
  );
  metrics.counter(
    {
      name: 'alertmanager_notifications_failed_total',
      help: 'The total number of failed notifications.',
      labelNames: ['integration', 'reason'],
    },
    () =>
      // From 0 on: a series that begins with its first failure shows no increase.
      integrations().flatMap((integration) =>
        FAILURE_REASONS.map((reason) => ({
          labels: { integration, reason },
          value: app.stats.failures.get(`${integration} ${reason}`) ?? 0,
        })),
      ),
  );
  metrics.counter(
    {
      name: 'alertmanager_notification_requests_total',
      help: 'The total number of attempted notification requests.',
      labelNames: ['integration'],
    },
    () => samplesOf(app.delivery.stats, 'integration', ({ requests }) => requests),
  );
  metrics.counter(
    {
      name: 'alertmanager_notification_requests_failed_total',
      help: 'The total number of failed notification requests.',
      labelNames: ['integration'],
    },
    () => samplesOf(app.delivery.stats, 'integration', ({ requestsFailed }) => requestsFailed),
  );
  metrics.counter(
    { name: 'tocsin_notification_seconds_total', help: 'Seconds that attempts to notify took.', labelNames: ['integration'] },
    () => samplesOf(app.delivery.stats, 'integration', ({ secondsSum }) => secondsSum),
  );

  metrics.counter(
    {
      name: 'tocsin_callbacks_refused_total',
      help: 'Requests in the name of the telephone provider that were refused.',
      labelNames: ['reason'],
    },
    () =>
      samplesOf(
        CALLBACK_REFUSALS.map((reason) => [reason, app.stats.callbacksRefused.get(reason) ?? 0] as const),
        'reason',
        (count) => count,
      ),
  );
  metrics.gauge(
    { name: 'tocsin_outbox_rows', help: 'Notifications by state; closed ones for as long as they are kept.', labelNames: ['state'] },
    () =>
      samplesOf(
        OUTBOX_STATES.map((state) => [state, app.outboxRows.get(state) ?? 0] as const),
        'state',
        (rows) => rows,
      ),
  );
  gauge('tocsin_outbox_waiting', 'Notifications that no attempt holds.', () => app.delivery.waiting);
  metrics.gauge(
    {
      name: 'tocsin_receiver_waiting',
      help: 'Notifications that no attempt holds, by where they go.',
      labelNames: ['receiver', 'integration', 'index'],
    },
    () =>
      app.delivery.waitingByPlace.map(({ receiver, integration, index, rows }) => ({
        labels: { receiver, integration, index: String(index) },
        value: rows,
      })),
  );
  metrics.counter(
    {
      name: 'tocsin_notification_attempts_total',
      help: 'Attempts to notify, by what became of them; the reason is as in alertmanager_notifications_failed_total.',
      labelNames: ['receiver', 'integration', 'outcome', 'reason'],
    },
    () => [...app.delivery.attempts.values()].map(({ count, ...labels }) => ({ labels, value: count })),
  );
  metrics.gauge(
    {
      name: 'tocsin_outbox_undelivered',
      help: 'Notifications that nobody took, nor anything in their place, and that nothing newer has replaced.',
      labelNames: ['receiver'],
    },
    // From 0 on, for every receiver: an alert on it must be able to end.
    () => app.config.alertmanager.receivers.map(({ name }) => ({ labels: { receiver: name }, value: app.undelivered.get(name) ?? 0 })),
  );
  metrics.counter(
    {
      name: 'tocsin_fallback_notifications_total',
      help: 'Notifications to a receiver in the place of another that did not take them.',
      labelNames: ['receiver'],
    },
    () => samplesOf(app.stats.standIns, 'receiver', (rows) => rows),
  );
  metrics.gauge(
    {
      name: 'tocsin_provider_up',
      help: 'Whether a provider of notifications is tried: 0 while its circuit is open.',
      labelNames: ['provider'],
    },
    () => samplesOf(app.delivery.breakers, 'provider', ({ isOpen }) => (isOpen ? 0 : 1)),
  );
  metrics.counter(
    { name: 'tocsin_provider_down_total', help: 'Times that the circuit of a provider of notifications opened.', labelNames: ['provider'] },
    () => samplesOf(app.delivery.breakers, 'provider', ({ opened }) => opened),
  );
  gauge('tocsin_state_writable', 'Whether the state database took the last change.', () => (app.keeper.refusal === null ? 1 : 0));
  gauge(
    'tocsin_outbox_oldest_pending_seconds',
    'Age of the oldest notification that was not accepted yet.',
    () => app.delivery.oldestWaitingSeconds,
  );
  gauge('tocsin_router_steps_waiting', 'Changes of alert state that wait for their turn.', () => app.keeper.waiting);
  counter('tocsin_router_steps_total', 'Changes of alert state.', () => app.keeper.stats.steps);
  counter('tocsin_state_commits_failed_total', 'Times that the state database refused a change.', () => app.keeper.stats.commitsFailed);
  gauge('tocsin_engine_calls_waiting', 'Calls that the engine has not answered yet.', () => app.engine.pending);
  gauge('tocsin_engine_up', 'Whether the engine thread answers.', () => (app.engine.isReady ? 1 : 0));
  counter('tocsin_engine_restarts_total', 'Times that the engine thread was started again.', () => app.engine.restarts);
  counter('tocsin_clock_steps_total', 'Jumps of the wall clock of more than two seconds.', () => app.stats.clockSteps);
}

const FAILURE_REASONS: readonly FailureReason[] = [
  'clientError',
  'authError',
  'rateLimited',
  'serverError',
  'contextCanceled',
  'contextDeadlineExceeded',
  'other',
];
const CALLBACK_REFUSALS: readonly CallbackRefusal[] = ['bad_signature', 'unknown_token', 'bad_request'];
const OUTBOX_STATES: readonly OutboxState[] = [
  'pending',
  'claimed',
  'rejected',
  'unknown',
  'accepted',
  'confirmed',
  'failed',
  'cancelled',
  'expired',
];
