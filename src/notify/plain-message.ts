/** What goes out when a template fails: everything that matters, by no template at all. A template bug never eats a page. */
import { type Labels, METRIC_NAME } from '../model/labels.ts';
import type { NotificationData } from '../template/alertmanager-data.ts';

/** Alerts listed before the rest is counted. */
const LISTED_MAX = 50;

export type PlainMessage = { readonly subject: string; readonly text: string };

export function plainMessage(data: NotificationData): PlainMessage {
  const firing = data.alerts.filter(({ status }) => status === 'firing').length;
  const names = [...new Set(data.alerts.map(({ labels }) => labels.get('alertname')))].filter((name) => name !== '');
  const subject = `[${data.status === 'firing' ? `FIRING:${firing}` : 'RESOLVED'}] ${names.join(', ') || data.groupLabels.toString()}`;
  const listed = data.alerts.slice(0, LISTED_MAX).map(({ status, labels, annotations }) => {
    const lines = [
      `${status === 'firing' ? 'Firing' : 'Resolved'}: ${labels.get('alertname')}`,
      `  ${pairs(labels.without(['alertname', METRIC_NAME]))}`,
    ];
    for (const [name, value] of annotations) lines.push(`  ${name}: ${value}`);
    return lines.join('\n');
  });
  const more = data.alerts.length - LISTED_MAX;
  if (more > 0) listed.push(`and ${more} more`);
  return { subject, text: `${listed.join('\n\n')}\n\n${data.externalUrl}` };
}

const pairs = (labels: Labels): string => [...labels].map(([name, value]) => `${name}=${value}`).join(' ');
