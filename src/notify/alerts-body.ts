/** The data of templates as JSON, with what says where it belongs: what webhooks and incident.io take. */
import { type NotificationData, notificationJson } from '../template/alertmanager-data.ts';
import { jsonString } from '../template/go-json.ts';

export type AlertsBodyHead = { readonly version: string; readonly groupKey: string; readonly truncatedAlerts: number };

export function alertsBody(
  data: NotificationData,
  { version, groupKey, truncatedAlerts }: AlertsBodyHead,
  templateError: string | null = null,
): Uint8Array {
  const error = templateError === null ? '' : `,"templateError":${jsonString(templateError)}`;
  const tail = `,"version":"${version}","groupKey":${jsonString(groupKey)},"truncatedAlerts":${truncatedAlerts}${error}}`;
  return new TextEncoder().encode(notificationJson(data).slice(0, -1) + tail);
}
