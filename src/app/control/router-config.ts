/** The router's configuration out of the application's. */
import type { RouterConfig } from '../../alerts/router.ts';
import type { LabelNameMode } from '../../alerts/silence.ts';
import { Labels } from '../../model/labels.ts';
import type { AppConfig } from '../config/load.ts';
import type { AppOptions } from '../options.ts';

export function routerConfigOf({ alertmanager }: AppConfig, { alerts, features }: AppOptions): RouterConfig {
  return {
    route: alertmanager.route,
    receivers: alertmanager.receivers.map(({ name, labels, integrations, fallback }) => ({
      name,
      labels: Labels.of(labels),
      integrations: integrations.map(({ name: kind, index, sendResolved, sendResolvedAsFallback, resolveContract }) => ({
        name: kind,
        index,
        sendResolved,
        sendResolvedAsFallback,
        resolveContract,
      })),
      fallback,
    })),
    lastResort: alertmanager.lastResort,
    inhibitRules: alertmanager.inhibitRules,
    timeIntervals: alertmanager.timeIntervals,
    resolveTimeoutMs: alertmanager.resolveTimeoutMs,
    retentionMs: alerts.retentionMs,
    alertGcMs: alerts.gcIntervalMs,
    startDelayMs: alerts.startDelayMs,
    labelNames: labelNameMode(features),
    limits: { alertsPerNameMax: alerts.perAlertnameLimit, silencesMax: alerts.silencesMax, silenceBytesMax: alerts.silenceBytesMax },
  };
}

/** By --enable-feature. */
export const labelNameMode = (features: readonly string[]): LabelNameMode => (features.includes('classic-mode') ? 'classic' : 'utf8');
