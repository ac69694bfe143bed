/**
 * Go's time package as far as templates reach it: instants with nanoseconds in a zone, layouts (`2006-01-02 15:04 MST`)
 * both ways, durations as text. Zones are the platform's (Temporal). "Local" is UTC: what the machine's zone is, pure
 * code cannot know.
 */
import { Temporal } from 'temporal-polyfill';
import { goQuote } from './go-quote.ts';
import { zoneAbbreviation } from './zone-abbreviations.ts';

export type Zone = {
  readonly name: string;
  readonly at: (unixSeconds: number) => { readonly offsetSeconds: number; readonly abbreviation: string };
};

/** `seconds` since the Unix epoch, whole; `nanos` 0 to 999 999 999. */
export type GoTime = { readonly seconds: number; readonly nanos: number; readonly zone: Zone };

export const UTC: Zone = { name: 'UTC', at: () => ({ offsetSeconds: 0, abbreviation: 'UTC' }) };

export const fixedZone = (name: string, offsetSeconds: number): Zone => ({ name, at: () => ({ offsetSeconds, abbreviation: name }) });

/** Whether Go would look for a zone of that name: not for one that leaves the folder of zones. */
export const isLocationName = (name: string): boolean => !/^[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name);

/** The zone of an IANA name, or null where there is none. */
export function loadZone(name: string): Zone | null {
  if (name === '' || name === 'UTC') return UTC;
  if (name === 'Local') return { ...UTC, name: 'Local' };
  // Temporal also takes offsets, which are no names.
  if (!/^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/.test(name)) return null;
  try {
    // Names in any case are Temporal's, not Go's.
    if (Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId !== name) return null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return { name, at: (seconds) => zoneAt(name, seconds) };
}

function zoneAt(name: string, seconds: number): { offsetSeconds: number; abbreviation: string } {
  const bounded = Math.max(-8e12, Math.min(8e12, seconds));
  const offsetSeconds = Temporal.Instant.fromEpochMilliseconds(bounded * 1000).toZonedDateTimeISO(name).offsetNanoseconds / 1e9;
  return { offsetSeconds, abbreviation: zoneAbbreviation(name, offsetSeconds) ?? numericAbbreviation(offsetSeconds) };
}

/** +03, -0330 */
function numericAbbreviation(offsetSeconds: number): string {
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const sign = offsetSeconds < 0 ? '-' : '+';
  return sign + two(Math.trunc(minutes / 60)) + (minutes % 60 === 0 ? '' : two(minutes % 60));
}

/** January 1 of the year 1, 00:00 UTC: Go's zero time. */
export const ZERO_TIME: GoTime = { seconds: -62_135_596_800, nanos: 0, zone: UTC };

export const isZeroTime = (time: GoTime): boolean => time.seconds === ZERO_TIME.seconds && time.nanos === 0;
export const compareTimes = (a: GoTime, b: GoTime): number => a.seconds - b.seconds || a.nanos - b.nanos;

export function timeFromUnixMs(ms: number, zone: Zone = UTC): GoTime {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6), zone };
}

const NANOS = 1_000_000_000n;

export const unixNanos = (time: GoTime): bigint => BigInt(time.seconds) * NANOS + BigInt(time.nanos);

export function timeFromUnixNanos(total: bigint, zone: Zone): GoTime {
  const rest = ((total % NANOS) + NANOS) % NANOS;
  return { seconds: Number((total - rest) / NANOS), nanos: Number(rest), zone };
}

export type CivilTime = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** From 1. */
  readonly yearDay: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly offsetSeconds: number;
  readonly abbreviation: string;
};

const DAY_SECONDS = 86_400;

export function civilTime(time: GoTime): CivilTime {
  const { offsetSeconds, abbreviation } = time.zone.at(time.seconds);
  const local = time.seconds + offsetSeconds;
  const days = Math.floor(local / DAY_SECONDS);
  const rest = local - days * DAY_SECONDS;
  const { year, month, day } = dateOfDays(days);
  return {
    year,
    month,
    day,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - daysOfDate(year, 1, 1) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    offsetSeconds,
    abbreviation,
  };
}

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar; the month may lie outside 1 to 12. */
function daysOfDate(year: number, month: number, day: number): number {
  const shifted = year * 12 + month - 3; // months since March of year 0
  const y = Math.floor(shifted / 12);
  const m = shifted - y * 12;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * m + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

function dateOfDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * m + 2) / 5) + 1 };
}

/** The instant at which the zone's clock shows that; out-of-range parts carry over, as in Go's time.Date. */
export function timeOfCivil(
  parts: readonly [year: number, month: number, day: number, hour: number, minute: number, second: number],
  nanos: number,
  zone: Zone,
): GoTime {
  const [year, month, day, hour, minute, second] = parts;
  const local = daysOfDate(year, month, 1) * DAY_SECONDS + (day - 1) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
  const guess = local - zone.at(local).offsetSeconds;
  return { seconds: local - zone.at(guess).offsetSeconds, nanos, zone };
}

// Layouts

export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const WEEKDAYS: readonly string[] = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** time.RFC3339Nano, time.Time.String */
export const RFC3339_NANO = '2006-01-02T15:04:05.999999999Z07:00';
const STRING_LAYOUT = '2006-01-02 15:04:05.999999999 -0700 MST';

export const timeString = (time: GoTime): string => formatTime(time, STRING_LAYOUT);

/** Longer spellings first where one begins another. A fraction of a second ends where its digits end. */
const CHUNK =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|2006|__2|_2(?!006)|PM|pm|[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?!\d)|[12345]/g;

type Piece = { readonly kind: 'literal' | 'chunk'; readonly text: string };

/** Those of the last layouts: a notification has a dozen times, all written alike. */
const knownPieces = new Map<string, readonly Piece[]>();
const KNOWN_MAX = 50;

function pieces(layout: string): readonly Piece[] {
  const known = knownPieces.get(layout);
  if (known !== undefined) return known;
  const list = split(layout);
  if (knownPieces.size >= KNOWN_MAX) knownPieces.clear();
  knownPieces.set(layout, list);
  return list;
}

function split(layout: string): readonly Piece[] {
  const list: Piece[] = [];
  let at = 0;
  for (const match of layout.matchAll(CHUNK)) {
    if (match.index > at) list.push({ kind: 'literal', text: layout.slice(at, match.index) });
    list.push({ kind: 'chunk', text: match[0] });
    at = match.index + match[0].length;
  }
  if (at < layout.length) list.push({ kind: 'literal', text: layout.slice(at) });
  return list;
}

const two = (n: number): string => (n >= 0 && n < 10 ? `0${n}` : String(n));

export function formatTime(time: GoTime, layout: string): string {
  const civil = civilTime(time);
  return pieces(layout)
    .map((piece) => (piece.kind === 'literal' ? piece.text : formatChunk(piece.text, civil, time.nanos)))
    .join('');
}

function formatChunk(chunk: string, civil: CivilTime, nanos: number): string {
  const hour12 = civil.hour % 12 === 0 ? 12 : civil.hour % 12;
  switch (chunk) {
    case '2006':
      return (civil.year < 0 ? '-' : '') + String(Math.abs(civil.year)).padStart(4, '0');
    case '06':
      return two(Math.abs(civil.year) % 100);
    case 'January':
      return MONTHS[civil.month - 1] ?? '';
    case 'Jan':
      return (MONTHS[civil.month - 1] ?? '').slice(0, 3);
    case '1':
      return String(civil.month);
    case '01':
      return two(civil.month);
    case 'Monday':
      return WEEKDAYS[civil.weekday] ?? '';
    case 'Mon':
      return (WEEKDAYS[civil.weekday] ?? '').slice(0, 3);
    case '2':
      return String(civil.day);
    case '_2':
      return String(civil.day).padStart(2, ' ');
    case '02':
      return two(civil.day);
    case '__2':
      return String(civil.yearDay).padStart(3, ' ');
    case '002':
      return String(civil.yearDay).padStart(3, '0');
    case '15':
      return two(civil.hour);
    case '3':
      return String(hour12);
    case '03':
      return two(hour12);
    case '4':
      return String(civil.minute);
    case '04':
      return two(civil.minute);
    case '5':
      return String(civil.second);
    case '05':
      return two(civil.second);
    case 'PM':
      return civil.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return civil.hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return civil.abbreviation === '' ? formatOffset('-0700', civil.offsetSeconds) : civil.abbreviation;
    default:
      return chunk.startsWith('.') || chunk.startsWith(',') ? formatFraction(chunk, nanos) : formatOffset(chunk, civil.offsetSeconds);
  }
}

/** `-07:00` and its kin; a Z in front prints Z for UTC. */
function formatOffset(chunk: string, offsetSeconds: number): string {
  if (chunk.startsWith('Z') && offsetSeconds === 0) return 'Z';
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const colon = chunk.includes(':') ? ':' : '';
  const digits = chunk.slice(1).replaceAll(':', '').length;
  const sign = Math.trunc(offsetSeconds / 60) < 0 ? '-' : '+';
  return (
    sign +
    two(Math.trunc(minutes / 60)) +
    (digits >= 4 ? colon + two(minutes % 60) : '') +
    (digits >= 6 ? colon + two(Math.abs(offsetSeconds) % 60) : '')
  );
}

/** Zeros ask for that many places, nines for up to that many without trailing zeros. */
function formatFraction(chunk: string, nanos: number): string {
  const places = chunk.length - 1;
  const digits = String(nanos).padStart(9, '0').slice(0, places).padEnd(Math.min(places, 9), '0');
  if (chunk.charAt(1) === '0') return chunk.charAt(0) + digits;
  const trimmed = digits.replace(/0+$/, '');
  return trimmed === '' ? '' : chunk.charAt(0) + trimmed;
}

// Parsing

/** What the chunks of a layout have found so far. */
type Found = {
  year: number;
  month: number | null;
  day: number | null;
  yearDay: number | null;
  hour: number;
  minute: number;
  second: number;
  nanos: number;
  half: 'am' | 'pm' | null;
  offsetSeconds: number | null;
  zoneName: string;
  isUtc: boolean;
};

/** time.Parse in UTC: the time, or Go's error text. */
export function parseTime(layout: string, value: string): GoTime | { readonly error: string } {
  const found: Found = {
    year: 0,
    month: null,
    day: null,
    yearDay: null,
    hour: 0,
    minute: 0,
    second: 0,
    nanos: 0,
    half: null,
    offsetSeconds: null,
    zoneName: '',
    isUtc: false,
  };
  let rest = value;
  const all = pieces(layout);
  for (const [i, piece] of all.entries()) {
    const before = rest;
    if (piece.kind === 'literal') {
      const after = skipLiteral(rest, piece.text);
      if (after.matched) rest = after.rest;
      else return cannotParse(layout, value, after.rest, piece.text);
      continue;
    }
    const read = parseChunk(piece.text, rest, found, all[i + 1]?.text);
    if (read === null) return cannotParse(layout, value, before, piece.text);
    if (typeof read !== 'string') return { error: `parsing time ${goQuote(value)}: ${read.outOfRange} out of range` };
    rest = read;
  }
  if (rest !== '') return { error: `parsing time ${goQuote(value)}: extra text: ${goQuote(rest)}` };
  return assemble(found, value);
}

const cannotParse = (layout: string, value: string, rest: string, element: string): { error: string } => ({
  error: `parsing time ${goQuote(value)} as ${goQuote(layout)}: cannot parse ${goQuote(rest)} as ${goQuote(element)}`,
});

/** A run of spaces in the layout matches any run of spaces. */
function skipLiteral(text: string, literal: string): { readonly matched: boolean; readonly rest: string } {
  let rest = text;
  let prefix = literal;
  while (prefix !== '') {
    if (prefix.startsWith(' ')) {
      if (rest !== '' && !rest.startsWith(' ')) return { matched: false, rest };
      prefix = prefix.replace(/^ +/, '');
      rest = rest.replace(/^ +/, '');
    } else {
      if (rest === '' || rest.charAt(0) !== prefix.charAt(0)) return { matched: false, rest };
      prefix = prefix.slice(1);
      rest = rest.slice(1);
    }
  }
  return { matched: true, rest };
}

type OutOfRange = { readonly outOfRange: string };

/** What is left after the chunk; null where the text does not have it. */
function parseChunk(chunk: string, text: string, found: Found, nextChunk: string | undefined): string | OutOfRange | null {
  const take = (pattern: RegExp): string | null => pattern.exec(text)?.[0] ?? null;
  const number = (pattern: RegExp, max: number, what: string, min = 0): { value: number; rest: string } | OutOfRange | null => {
    const digits = take(pattern);
    if (digits === null) return null;
    const value = Number(digits);
    if (value < min || value > max) return { outOfRange: what };
    return { value, rest: text.slice(digits.length) };
  };
  const stored = (read: ReturnType<typeof number>, store: (value: number) => void): string | OutOfRange | null => {
    if (read === null || 'outOfRange' in read) return read;
    store(read.value);
    return read.rest;
  };
  switch (chunk) {
    case '06':
      return stored(number(/^\d\d/, 99, 'year'), (year) => {
        found.year = year >= 69 ? year + 1900 : year + 2000;
      });
    case '2006':
      return stored(number(/^\d{4}/, 9999, 'year'), (year) => {
        found.year = year;
      });
    case 'Jan':
    case 'January': {
      const names = chunk === 'Jan' ? MONTHS.map((name) => name.slice(0, 3)) : MONTHS;
      return lookUp(names, text, (i) => {
        found.month = i + 1;
      });
    }
    case '1':
    case '01':
      return stored(number(chunk === '01' ? /^\d\d/ : /^\d{1,2}/, 12, 'month', 1), (month) => {
        found.month = month;
      });
    case 'Mon':
    case 'Monday':
      return lookUp(chunk === 'Mon' ? WEEKDAYS.map((name) => name.slice(0, 3)) : WEEKDAYS, text, () => undefined);
    case '2':
    case '_2':
    case '02': {
      const skipped = chunk === '_2' && text.startsWith(' ') ? text.slice(1) : text;
      const digits = (chunk === '02' ? /^\d\d/ : /^\d{1,2}/).exec(skipped)?.[0];
      if (digits === undefined) return null;
      found.day = Number(digits);
      return skipped.slice(digits.length);
    }
    case '__2':
    case '002': {
      const skipped = chunk === '__2' ? text.replace(/^ {1,2}/, '') : text;
      const digits = (chunk === '002' ? /^\d{3}/ : /^\d{1,3}/).exec(skipped)?.[0];
      if (digits === undefined) return null;
      found.yearDay = Number(digits);
      return skipped.slice(digits.length);
    }
    case '15':
      return stored(number(/^\d{1,2}/, 23, 'hour'), (hour) => {
        found.hour = hour;
      });
    case '3':
    case '03':
      return stored(number(chunk === '03' ? /^\d\d/ : /^\d{1,2}/, 12, 'hour'), (hour) => {
        found.hour = hour;
      });
    case '4':
    case '04':
      return stored(number(chunk === '04' ? /^\d\d/ : /^\d{1,2}/, 59, 'minute'), (minute) => {
        found.minute = minute;
      });
    case '5':
    case '05': {
      const rest = stored(number(chunk === '05' ? /^\d\d/ : /^\d{1,2}/, 59, 'second'), (second) => {
        found.second = second;
      });
      if (typeof rest !== 'string' || (nextChunk !== undefined && /^[.,](?:0+|9+)$/.test(nextChunk))) return rest;
      // A fraction may follow the seconds although the layout does not say so.
      const fraction = /^[.,]\d+/.exec(rest)?.[0] ?? '';
      if (fraction !== '') found.nanos = nanosOf(fraction);
      return rest.slice(fraction.length);
    }
    case 'PM':
    case 'pm': {
      const half = text.slice(0, 2);
      if (half !== chunk && half !== (chunk === 'PM' ? 'AM' : 'am')) return null;
      found.half = half === chunk ? 'pm' : 'am';
      return text.slice(2);
    }
    case 'MST': {
      if (text.startsWith('UTC')) {
        found.isUtc = true;
        return text.slice(3);
      }
      const name = take(
        /^(?:ChST|MeST|GMT(?:[+-](?:2[0-3]|1\d|0?\d)(?!\d))?|[+-](?:2[0-3]|1\d|0?\d)(?!\d)|[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z])/,
      );
      if (name === null) return null;
      found.zoneName = name;
      return text.slice(name.length);
    }
    default:
      break;
  }
  if (/^[.,]/.test(chunk)) {
    if (chunk.charAt(1) === '9') {
      const fraction = take(/^[.,]\d+/);
      if (fraction === null) return text;
      found.nanos = nanosOf(fraction);
      return text.slice(fraction.length);
    }
    const fraction = text.slice(0, chunk.length);
    if (!/^[.,]\d+$/.test(fraction) || fraction.length < chunk.length) return null;
    found.nanos = nanosOf(fraction);
    return text.slice(chunk.length);
  }
  return parseOffset(chunk, text, found);
}

function lookUp(names: readonly string[], text: string, store: (index: number) => void): string | null {
  const index = names.findIndex((name) => text.slice(0, name.length).toLowerCase() === name.toLowerCase());
  if (index < 0) return null;
  store(index);
  return text.slice(names[index]?.length ?? 0);
}

const nanosOf = (fraction: string): number => Number(fraction.slice(1, 10).padEnd(9, '0'));

function parseOffset(chunk: string, text: string, found: Found): string | OutOfRange | null {
  if (chunk.startsWith('Z') && text.startsWith('Z')) {
    found.isUtc = true;
    return text.slice(1);
  }
  const shape = chunk.slice(1).replace('07', '(\\d\\d)').replaceAll('00', '(\\d\\d)');
  const match = new RegExp(`^([+-])${shape}`).exec(text);
  if (match === null) return null;
  const [whole, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  if (Number(hours) > 24) return { outOfRange: 'time zone offset hour' };
  if (Number(minutes) > 60) return { outOfRange: 'time zone offset minute' };
  if (Number(seconds) > 60) return { outOfRange: 'time zone offset second' };
  const total = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  found.offsetSeconds = sign === '-' ? -total : total;
  return text.slice(whole.length);
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function assemble(found: Found, value: string): GoTime | { readonly error: string } {
  const bad = (what: string): { error: string } => ({ error: `parsing time ${goQuote(value)}: ${what}` });
  let { hour } = found;
  if (found.half === 'pm' && hour < 12) hour += 12;
  else if (found.half === 'am' && hour === 12) hour = 0;
  let month = found.month ?? 1;
  let day = found.day ?? 1;
  if (found.yearDay !== null) {
    if (found.yearDay < 1 || found.yearDay > (isLeap(found.year) ? 366 : 365)) return bad('day-of-year out of range');
    const date = dateOfDays(daysOfDate(found.year, 1, 1) + found.yearDay - 1);
    if (found.month !== null && found.month !== date.month) return bad('day-of-year does not match month');
    if (found.day !== null && found.day !== date.day) return bad('day-of-year does not match day');
    month = date.month;
    day = date.day;
  }
  const monthDays = month === 2 ? (isLeap(found.year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  if (day < 1 || day > monthDays) return bad('day out of range');
  const time = timeOfCivil([found.year, month, day, hour, found.minute, found.second], found.nanos, UTC);
  if (found.isUtc) return time;
  if (found.offsetSeconds !== null) {
    const shifted = { ...time, seconds: time.seconds - found.offsetSeconds };
    const isUtc = found.offsetSeconds === 0 && (found.zoneName === '' || found.zoneName === 'UTC');
    return isUtc ? shifted : { ...shifted, zone: fixedZone(found.zoneName, found.offsetSeconds) };
  }
  if (found.zoneName !== '') {
    const hours = found.zoneName.startsWith('GMT') ? Number(found.zoneName.slice(3)) : 0;
    return { ...time, zone: fixedZone(found.zoneName, hours * 3600) };
  }
  return time;
}

// Durations, in nanoseconds

/** 1h2m3.5s, as time.Duration.String prints it. */
export function durationString(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const total = nanos < 0n ? -nanos : nanos;
  if (total < 1000n) return `${sign}${total}ns`;
  if (total < 1_000_000n) return `${sign}${scaled(total, 3)}µs`;
  if (total < NANOS) return `${sign}${scaled(total, 6)}ms`;
  const minutes = total / (60n * NANOS);
  const seconds = `${scaled(total % (60n * NANOS), 9)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

/** total / 10^places, without trailing zeros. */
function scaled(total: bigint, places: number): string {
  const digits = total.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return digits.slice(0, -places) + (fraction === '' ? '' : `.${fraction}`);
}
