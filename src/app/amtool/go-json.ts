/** JSON as amtool's -o json prints it: Go's escaping of texts, fields in the order of the Go types, names of maps sorted. */
import { formatTime, type GoTime } from '../../lib/go-time.ts';
import { jsonString } from '../../template/go-json.ts';
import type { Pairs } from './payload.ts';

/** One line: what Go's encoder writes. */
export const jsonLine = (json: string): string => `${json}\n`;

export const jsonArray = (items: readonly string[]): string => `[${items.join(',')}]`;
export const jsonTexts = (texts: readonly string[]): string => jsonArray(texts.map(jsonString));
export const jsonPairs = (pairs: Pairs): string =>
  `{${[...pairs].map(([name, value]) => `${jsonString(name)}:${jsonString(value)}`).join(',')}}`;

/** Milliseconds, in the zone that the time is in. */
export const jsonTime = (time: GoTime): string => `"${formatTime(time, '2006-01-02T15:04:05.000Z07:00')}"`;

/** `fields` are name and JSON; null is left out. */
export const jsonObject = (fields: readonly (readonly [name: string, json: string | null])[]): string =>
  `{${fields.flatMap(([name, json]) => (json === null ? [] : [`"${name}":${json}`])).join(',')}}`;
