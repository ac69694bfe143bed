/** Silences as amtool prints them. Tables are sorted by end; JSON keeps the order given. */
import { type ApiMatcher, opOfApiMatcher, printAlertMatcher } from '../../alerts/matcher-text.ts';
import { compareTimes, formatTime } from '../../lib/go-time.ts';
import { unreachable } from '../../lib/never.ts';
import { alignColumns } from '../../lib/tab-writer.ts';
import { jsonString } from '../../template/go-json.ts';
import type { Context } from './context.ts';
import { jsonArray, jsonLine, jsonObject, jsonPairs, jsonTime } from './go-json.ts';
import type { SilencePayload } from './payload.ts';

export function printSilences(silences: readonly SilencePayload[], { output, dateFormat }: Pick<Context, 'output' | 'dateFormat'>): string {
  const sorted = silences.toSorted((a, b) => compareTimes(a.endsAt, b.endsAt));
  switch (output) {
    case 'simple':
      return alignColumns(
        `ID\tMatchers\tEnds At\tCreated By\tComment\t\n${sorted
          .map(
            ({ id, matchers, endsAt, createdBy, comment }) =>
              `${id}\t${matchers.map(matcherText).join(' ')}\t${formatTime(endsAt, dateFormat)}\t${createdBy}\t${comment}\t\n`,
          )
          .join('')}`,
      );
    case 'extended':
      return alignColumns(
        `ID\tMatchers\tStarts At\tEnds At\tUpdated At\tCreated By\tComment\t\n${sorted
          .map(({ id, matchers, startsAt, endsAt, updatedAt, createdBy, comment }) => {
            const times = [startsAt, endsAt, updatedAt].map((time) => formatTime(time, dateFormat)).join('\t');
            return `${id}\t{${matchers.map(matcherText).join(',')}}\t${times}\t${createdBy}\t${comment}\t\n`;
          })
          .join('')}`,
      );
    case 'json':
      return jsonLine(jsonArray(silences.map(silenceJson)));
    default:
      return unreachable(output);
  }
}

const matcherText = (matcher: ApiMatcher): string =>
  printAlertMatcher({ name: matcher.name, op: opOfApiMatcher(matcher), value: matcher.value, regex: null });

const silenceJson = (silence: SilencePayload): string =>
  jsonObject([
    ['id', jsonString(silence.id)],
    ['status', jsonObject([['state', jsonString(silence.state)]])],
    ['updatedAt', jsonTime(silence.updatedAt)],
    ['annotations', silence.annotations.size === 0 ? null : jsonPairs(silence.annotations)],
    ['comment', jsonString(silence.comment)],
    ['createdBy', jsonString(silence.createdBy)],
    ['endsAt', jsonTime(silence.endsAt)],
    [
      'matchers',
      jsonArray(
        silence.matchers.map(({ name, value, isRegex, isEqual }) =>
          jsonObject([
            ['isEqual', String(isEqual)],
            ['isRegex', String(isRegex)],
            ['name', jsonString(name)],
            ['value', jsonString(value)],
          ]),
        ),
      ),
    ],
    ['startsAt', jsonTime(silence.startsAt)],
  ]);
