/** Alerts as amtool prints them. Tables are sorted by start; JSON keeps the server's order. */

import { compareTimes, formatTime } from '../../lib/go-time.ts';
import { unreachable } from '../../lib/never.ts';
import { alignColumns } from '../../lib/tab-writer.ts';
import { compareUtf8 } from '../../lib/utf8-order.ts';
import { jsonString } from '../../template/go-json.ts';
import type { Context } from './context.ts';
import { jsonArray, jsonLine, jsonObject, jsonPairs, jsonTexts, jsonTime } from './go-json.ts';
import type { AlertPayload, Pairs } from './payload.ts';

export function printAlerts(alerts: readonly AlertPayload[], { output, dateFormat }: Pick<Context, 'output' | 'dateFormat'>): string {
  const sorted = alerts.toSorted((a, b) => compareTimes(a.startsAt, b.startsAt));
  switch (output) {
    case 'simple':
      return alignColumns(
        `Alertname\tStarts At\tSummary\tState\t\n${sorted
          .map(
            ({ labels, annotations, startsAt, status }) =>
              `${labels.get('alertname') ?? ''}\t${formatTime(startsAt, dateFormat)}\t${annotations.get('summary') ?? ''}\t${status.state}\t\n`,
          )
          .join('')}`,
      );
    case 'extended':
      return alignColumns(
        `Labels\tAnnotations\tStarts At\tEnds At\tGenerator URL\tState\t\n${sorted
          .map(({ labels, annotations, startsAt, endsAt, generatorUrl, status }) => {
            const times = `${formatTime(startsAt, dateFormat)}\t${formatTime(endsAt, dateFormat)}`;
            return `${pairsText(labels)}\t${pairsText(annotations)}\t${times}\t${generatorUrl}\t${status.state}\t\n`;
          })
          .join('')}`,
      );
    case 'json':
      return jsonLine(jsonArray(alerts.map(alertJson)));
    default:
      return unreachable(output);
  }
}

/** `a="1" b="2"`, sorted as whole texts; values as they are. */
const pairsText = (pairs: Pairs): string =>
  [...pairs]
    .map(([name, value]) => `${name}="${value}"`)
    .sort(compareUtf8)
    .join(' ');

const alertJson = (alert: AlertPayload): string =>
  jsonObject([
    ['annotations', jsonPairs(alert.annotations)],
    ['endsAt', jsonTime(alert.endsAt)],
    ['fingerprint', jsonString(alert.fingerprint)],
    ['receivers', jsonArray(alert.receivers.map(({ name }) => jsonObject([['name', jsonString(name)]])))],
    ['startsAt', jsonTime(alert.startsAt)],
    [
      'status',
      jsonObject([
        ['inhibitedBy', jsonTexts(alert.status.inhibitedBy)],
        ['mutedBy', jsonTexts(alert.status.mutedBy)],
        ['silencedBy', jsonTexts(alert.status.silencedBy)],
        ['state', jsonString(alert.status.state)],
      ]),
    ],
    ['updatedAt', jsonTime(alert.updatedAt)],
    ['generatorURL', alert.generatorUrl === '' ? null : jsonString(alert.generatorUrl)],
    ['labels', jsonPairs(alert.labels)],
  ]);
