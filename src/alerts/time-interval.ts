/**
 * Time intervals: when a route is muted or active. Within one element every field must match, of several elements one is
 * enough; UTC unless a location is given. Times of day are half-open and cannot wrap midnight; the other ranges are
 * inclusive and cannot wrap either; days of the month may count from its end. Follows Alertmanager's
 * timeinterval/timeinterval.go, its messages included. Reading YAML is the config's work.
 */
import { Temporal } from 'temporal-polyfill';
import { isLocationName } from '../lib/go-time.ts';
import type { UnixMs } from '../model/time.ts';

/** One element as written. A field left out puts no constraint; an empty list never matches. */
export type TimeIntervalFields = {
  readonly times?: readonly { readonly startTime: string; readonly endTime: string }[];
  readonly weekdays?: readonly string[];
  readonly daysOfMonth?: readonly string[];
  readonly months?: readonly string[];
  readonly years?: readonly string[];
  readonly location?: string;
};

/** Both ends included, but for times of day, in minutes, whose end is not. */
type Range = { readonly begin: number; readonly end: number };

export type TimeInterval = {
  readonly times: readonly Range[] | null;
  readonly weekdays: readonly Range[] | null;
  readonly daysOfMonth: readonly Range[] | null;
  readonly months: readonly Range[] | null;
  readonly years: readonly Range[] | null;
  /** IANA name. */
  readonly zone: string;
};

export type TimeIntervalError = { readonly error: string };

/** `localZone` is what `location: Local` means: the zone of the machine. */
export function parseTimeInterval(fields: TimeIntervalFields, localZone: string): TimeInterval | TimeIntervalError {
  try {
    return {
      times: fields.times?.map(timeRange) ?? null,
      weekdays: fields.weekdays?.map(weekdayRange) ?? null,
      daysOfMonth: fields.daysOfMonth?.map(dayRange) ?? null,
      months: fields.months?.map(monthRange) ?? null,
      years: fields.years?.map(yearRange) ?? null,
      zone: zoneOf(fields.location ?? '', localZone),
    };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.message };
    throw error;
  }
}

/** Named lists of intervals, asked by name. Wall-clock fields are computed once per zone and minute. */
export class TimeIntervals {
  readonly #byName: ReadonlyMap<string, readonly TimeInterval[]>;
  readonly #wall = new Map<string, WallClock>();
  #minute = Number.NaN;

  constructor(byName: ReadonlyMap<string, readonly TimeInterval[]>) {
    this.#byName = byName;
  }

  contains(interval: TimeInterval, at: UnixMs): boolean {
    const minute = Math.floor(at / 60_000);
    if (minute !== this.#minute) {
      this.#wall.clear();
      this.#minute = minute;
    }
    let wall = this.#wall.get(interval.zone);
    if (wall === undefined) this.#wall.set(interval.zone, (wall = wallClock(at, interval.zone)));
    return matchesWall(interval, wall);
  }

  /** Those of the names whose interval contains the instant; a name without intervals contains none. */
  containing(names: readonly string[], at: UnixMs): readonly string[] {
    return names.filter((name) => this.#byName.get(name)?.some((interval) => this.contains(interval, at)) ?? false);
  }

  /** Why a route with these intervals is muted at the instant; null when it is not. Active intervals are asked first. */
  muting(
    route: { readonly muteTimeIntervals: readonly string[]; readonly activeTimeIntervals: readonly string[] },
    at: UnixMs,
  ): { readonly reason: 'mute_time_interval' | 'outside_active_time_interval'; readonly by: readonly string[] } | null {
    const { activeTimeIntervals: active, muteTimeIntervals: mute } = route;
    if (active.length > 0 && this.containing(active, at).length === 0) return { reason: 'outside_active_time_interval', by: active };
    const by = mute.length > 0 ? this.containing(mute, at) : [];
    return by.length > 0 ? { reason: 'mute_time_interval', by } : null;
  }
}

type WallClock = {
  readonly minuteOfDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly day: number;
  readonly daysInMonth: number;
  readonly month: number;
  readonly year: number;
};

function wallClock(at: UnixMs, zone: string): WallClock {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  return {
    minuteOfDay: local.hour * 60 + local.minute,
    weekday: local.dayOfWeek % 7,
    day: local.day,
    daysInMonth: local.daysInMonth,
    month: local.month,
    year: local.year,
  };
}

function matchesWall(interval: TimeInterval, wall: WallClock): boolean {
  const { times, daysOfMonth, months, weekdays, years } = interval;
  return (
    (times === null || times.some(({ begin, end }) => begin <= wall.minuteOfDay && wall.minuteOfDay < end)) &&
    (daysOfMonth === null || daysOfMonth.some((range) => containsDay(range, wall))) &&
    (months === null || months.some((range) => contains(range, wall.month))) &&
    (weekdays === null || weekdays.some((range) => contains(range, wall.weekday))) &&
    (years === null || years.some((range) => contains(range, wall.year)))
  );
}

const contains = ({ begin, end }: Range, value: number): boolean => begin <= value && value <= end;

/** A begin after the month's end never matches; an end after it is the month's last day. */
function containsDay(range: Range, { day, daysInMonth }: WallClock): boolean {
  const begin = range.begin < 0 ? daysInMonth + range.begin + 1 : range.begin;
  const end = range.end < 0 ? daysInMonth + range.end + 1 : range.end;
  return begin <= daysInMonth && contains({ begin, end }, day);
}

/** A refusal on its way out of the parser; never leaves this file. */
class Refusal extends Error {}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
/** From 1. */
const MONTHS = [
  '',
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
/** A month shorter than all; ranges that are backwards in it are refused. */
const SHORTEST_MONTH_DAYS = 28;

function timeRange({ startTime, endTime }: { readonly startTime: string; readonly endTime: string }): Range {
  if (startTime === '' || endTime === '') throw new Refusal('both start and end times must be provided');
  const begin = minuteOfDay(startTime);
  const end = minuteOfDay(endTime);
  if (begin >= end) throw new Refusal('start time cannot be equal or greater than end time');
  return { begin, end };
}

function minuteOfDay(text: string): number {
  if (!/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/.test(text)) throw new Refusal(`couldn't parse timestamp ${text}, invalid format`);
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

function weekdayRange(text: string): Range {
  const range = parseRange(text, (member) => {
    const day = WEEKDAYS.indexOf(member);
    if (day < 0) throw new Refusal(`${member} is not a valid weekday`);
    return day;
  });
  if (range.begin > range.end) throw new Refusal('start day cannot be before end day');
  return range;
}

function dayRange(text: string): Range {
  const range = parseRange(text, goInteger);
  const { begin, end } = range;
  for (const day of [begin, end]) {
    if (day === 0 || day < -31 || day > 31) throw new Refusal(`${day} is not a valid day of the month: out of range`);
  }
  if (begin < 0 && end > 0) throw new Refusal('end day must be negative if start day is negative');
  if (inShortest(begin) > inShortest(end)) throw new Refusal(`end day ${end} is always before start day ${begin}`);
  return range;
}

const inShortest = (day: number): number => (day < 0 ? SHORTEST_MONTH_DAYS + day : day);

function monthRange(text: string): Range {
  const range = parseRange(text, (member) => {
    const month = member === '' ? -1 : MONTHS.indexOf(member);
    if (month > 0) return month;
    if (!/^[+-]?\d+$/.test(member)) throw new Refusal(`${member} is not a valid month`);
    return Number(member);
  });
  if (range.begin > range.end) {
    throw new Refusal(`end month ${MONTHS[range.end] ?? ''} is before start month ${MONTHS[range.begin] ?? ''}`);
  }
  return range;
}

function yearRange(text: string): Range {
  const range = parseRange(text, goInteger);
  if (range.begin > range.end) throw new Refusal(`end year ${range.end} is before start year ${range.begin}`);
  return range;
}

/** `member` or `member:member`, in any case. */
function parseRange(text: string, member: (text: string) => number): Range {
  const lower = text.toLowerCase();
  const [first = '', second, ...more] = lower.split(':');
  if (more.length > 0) throw new Refusal(`couldn't parse range ${lower}, invalid format`);
  const begin = member(first);
  return { begin, end: second === undefined ? begin : member(second) };
}

/** strconv.Atoi. */
function goInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Refusal(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Go's time.LoadLocation: IANA names in their own spelling, `Local`, and UTC for nothing. */
function zoneOf(location: string, localZone: string): string {
  if (location === '' || location === 'UTC') return 'UTC';
  if (location === 'Local') return localZone;
  if (!isLocationName(location)) throw new Refusal('time: invalid location name');
  // Temporal also takes offsets such as +01:00, and names in any case.
  if (!/^[A-Za-z]/.test(location) || knownZone(location) !== location) throw new Refusal(`unknown time zone ${location}`);
  return location;
}

/** The zone's name in its own spelling; null where there is none. */
function knownZone(name: string): string | null {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
