/** From a notification to incident.io's alert event, which is a webhook's body (alertmanager notify/incidentio/incidentio.go). */
import { truncatedData } from '../../template/alertmanager-data.ts';
import { alertsBody } from '../alerts-body.ts';
import type { SendInput } from '../integration.ts';
import type { Made } from '../outgoing.ts';
import type { IncidentioConfig } from './config.ts';

/** More is refused with status 429: then only the first alert goes out, which opens the incident as well. */
const BODY_BYTES_MAX = 512 * 1024;

export function incidentioRequest({ maxAlerts }: IncidentioConfig, { data, groupKey }: SendInput, url: string): Made {
  const total = data.alerts.length;
  const sent = maxAlerts === 0 || total <= maxAlerts ? data : truncatedData(data, maxAlerts);
  const head = { version: '1', groupKey };
  const whole = alertsBody(sent, { ...head, truncatedAlerts: total - sent.alerts.length });
  const body =
    whole.length <= BODY_BYTES_MAX
      ? whole
      : alertsBody({ ...sent, alerts: sent.alerts.slice(0, 1) }, { ...head, truncatedAlerts: Math.max(0, total - 1) });
  return { kind: 'made', request: { method: 'POST', url, headers: { 'Content-Type': 'application/json' }, body }, templateErrors: [] };
}
