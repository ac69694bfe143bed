/** The functions of Alertmanager's templates (alertmanager/template DefaultFuncs). */
import { decodeBase64Url, encodeBase64Url } from '../lib/base64.ts';
import type { BoundedText } from '../lib/bounded-text.ts';
import { goToLower, goToUpper } from '../lib/go-case.ts';
import { titleCase, trimSpace } from '../lib/go-strings.ts';
import { formatTime, isLocationName, loadZone, parseTime, timeFromUnixMs, unixNanos, ZERO_TIME } from '../lib/go-time.ts';
import {
  ANY,
  ANY_MAP,
  ANYS,
  GoCallError,
  type GoFunction,
  type GoType,
  type GoValue,
  goFunction,
  goMap,
  goSlice,
  goString,
  goVariadic,
  STRING,
  STRINGS,
} from '../lib/go-value.ts';
import { queryUnescape } from '../lib/query-escape.ts';
import { decodeUtf8, encodeUtf8 } from '../lib/utf8-bytes.ts';
import type { UnixMs } from '../model/time.ts';
import { itemsArgument, textArgument } from './arguments.ts';
import { bounded } from './builtins.ts';
import { HTML_CONTENT, URL_CONTENT } from './content.ts';
import { marshalJson } from './go-json.ts';
import { HUMANIZE_DURATION } from './humanize.ts';
import { REGEX_FUNCTIONS } from './regex-functions.ts';
import { goDuration, goTime, TIME, timeArgument } from './time-values.ts';

const text = (make: (text: string) => string, type: GoType = STRING): GoFunction =>
  goFunction([STRING], (args) => goString(make(textArgument(args, 0)), type));

/** The text of a result, or its error thrown. */
function orThrow(result: { readonly text: string } | { readonly error: string }): string {
  if ('error' in result) throw new GoCallError(result.error);
  return result.text;
}

function joinOnto(out: BoundedText, separator: string, items: readonly (GoValue | null)[]): void {
  items.forEach((item, i) => {
    if (i > 0) out.append(separator);
    if (item?.kind === 'string') out.append(item.text);
  });
}

function decoded(encoded: string): string {
  const bytes = decodeBase64Url(encoded);
  if ('badAt' in bytes) throw new GoCallError(`illegal base64 data at input byte ${bytes.badAt}`);
  return decodeUtf8(bytes);
}

function dictionary(args: readonly (GoValue | null)[]): GoValue {
  if (args.length % 2 !== 0) throw new GoCallError('dict requires an even number of arguments');
  const entries = new Map<string, GoValue | null>();
  for (let i = 0; i < args.length; i += 2) {
    const key = args[i];
    if (key?.kind !== 'string' || key.type !== STRING) throw new GoCallError('dict keys must be strings');
    entries.set(key.text, args[i + 1] ?? null);
  }
  return goMap(ANY_MAP, entries);
}

function parsed(args: readonly (GoValue | null)[]): ReturnType<typeof parseTime> {
  return parseTime(textArgument(args, 0), textArgument(args, 1));
}

function unbound(): never {
  throw new Error('BUG: the function is not bound to a notification');
}

/** All names; what depends on the notification is to be replaced by `clockFunctions` and the renderer's routeLabels and pageURL. */
export const ALERTMANAGER_FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ['toUpper', text(goToUpper)],
  ['toLower', text(goToLower)],
  ['title', text((value) => titleCase(value, { keepsRest: false }))],
  ['trimSpace', text(trimSpace)],
  [
    'join',
    goFunction([STRING, STRINGS], (args) => goString(bounded((out) => joinOnto(out, textArgument(args, 0), itemsArgument(args, 1))))),
  ],
  ...REGEX_FUNCTIONS,
  ['safeHtml', text((value) => value, HTML_CONTENT)],
  ['safeUrl', text((value) => value, URL_CONTENT)],
  ['urlUnescape', text((value) => orThrow(queryUnescape(value)))],
  ['stringSlice', goVariadic([STRING], (args) => goSlice(STRINGS, args))],
  ['date', goFunction([STRING, TIME], (args) => goString(formatTime(timeArgument(args, 1), textArgument(args, 0))))],
  [
    'tz',
    goFunction([STRING, TIME], (args) => {
      const name = textArgument(args, 0);
      if (!isLocationName(name)) throw new GoCallError('time: invalid location name');
      const zone = loadZone(name);
      if (zone === null) throw new GoCallError(`unknown time zone ${name}`);
      return goTime({ ...timeArgument(args, 1), zone });
    }),
  ],
  ['now', goFunction([], unbound)],
  ['since', goFunction([TIME], unbound)],
  ['humanizeDuration', HUMANIZE_DURATION],
  [
    'toDate',
    goFunction([STRING, STRING], (args) => {
      const time = parsed(args);
      return goTime('error' in time ? ZERO_TIME : time);
    }),
  ],
  [
    'mustToDate',
    goFunction([STRING, STRING], (args) => {
      const time = parsed(args);
      if ('error' in time) throw new GoCallError(time.error);
      return goTime(time);
    }),
  ],
  ['toJson', goFunction([ANY], ([value]) => goString(bounded((out) => marshalJson(out, value ?? null))))],
  ['base64encode', text((value) => encodeBase64Url(encodeUtf8(value)))],
  ['base64decode', text(decoded)],
  ['list', goVariadic([ANY], (args) => goSlice(ANYS, args))],
  ['append', goVariadic([ANYS, ANY], (args) => goSlice(ANYS, [...itemsArgument(args, 0), ...args.slice(1)]))],
  ['dict', goVariadic([ANY], dictionary)],
  ['routeLabels', goFunction([STRING], unbound)],
  // Ours.
  ['pageURL', goFunction([], unbound)],
]);

export function clockFunctions(now: UnixMs): ReadonlyMap<string, GoFunction> {
  const time = timeFromUnixMs(now);
  return new Map([
    ['now', goFunction([], () => goTime(time))],
    ['since', goFunction([TIME], (args) => goDuration(unixNanos(time) - unixNanos(timeArgument(args, 0))))],
  ]);
}
