/**
 * Alertmanager's YAML as plain router configuration, for tables and scenarios that carry YAML. Reads only what is well
 * formed: finding faults in a file is src/config's work and is tested there.
 */
import { parse } from 'yaml';
import type { InhibitRule } from '../../src/alerts/inhibit.ts';
import { alertMatcher, parseMatchers } from '../../src/alerts/matcher-text.ts';
import type { RouteConfig } from '../../src/alerts/route.ts';
import { parseTimeInterval, type TimeInterval, type TimeIntervalError, type TimeIntervalFields } from '../../src/alerts/time-interval.ts';
import { parseDuration } from '../../src/model/duration.ts';
import type { Matcher, MatchOp } from '../../src/model/matcher.ts';
import type { DurationMs } from '../../src/model/time.ts';

type Strings = Readonly<Record<string, string | number>>;
export type RouteYaml = {
  readonly receiver?: string;
  readonly group_by?: readonly string[];
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
  readonly match?: Strings;
  readonly match_re?: Strings;
  readonly matchers?: readonly string[];
  readonly continue?: boolean;
  readonly mute_time_intervals?: readonly string[];
  readonly active_time_intervals?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly routes?: readonly RouteYaml[];
};
export type InhibitYaml = {
  readonly name?: string;
  readonly source_match?: Strings;
  readonly source_match_re?: Strings;
  readonly source_matchers?: readonly string[];
  readonly target_match?: Strings;
  readonly target_match_re?: Strings;
  readonly target_matchers?: readonly string[];
  readonly equal?: readonly string[];
};
type IntervalYaml = {
  readonly times?: readonly { readonly start_time?: string; readonly end_time?: string }[];
  readonly weekdays?: readonly string[];
  readonly days_of_month?: readonly (string | number)[];
  readonly months?: readonly (string | number)[];
  readonly years?: readonly (string | number)[];
  readonly location?: string;
};
export type NamedIntervalYaml = { readonly name: string; readonly time_intervals: readonly IntervalYaml[] };

export function routeConfig(yaml: RouteYaml): RouteConfig {
  const groupBy = yaml.group_by;
  return {
    receiver: yaml.receiver ?? null,
    groupBy: groupBy === undefined ? null : groupBy.includes('...') ? 'all' : groupBy,
    matchers: matchersOf(yaml.match, yaml.match_re, yaml.matchers),
    continue: yaml.continue ?? false,
    groupWaitMs: duration(yaml.group_wait),
    groupIntervalMs: duration(yaml.group_interval),
    repeatIntervalMs: duration(yaml.repeat_interval),
    muteTimeIntervals: yaml.mute_time_intervals ?? [],
    activeTimeIntervals: yaml.active_time_intervals ?? [],
    labels: Object.entries(yaml.labels ?? {}),
    children: (yaml.routes ?? []).map(routeConfig),
  };
}

export const inhibitRule = (yaml: InhibitYaml): InhibitRule => ({
  name: yaml.name ?? '',
  sourceMatchers: matchersOf(yaml.source_match, yaml.source_match_re, yaml.source_matchers),
  targetMatchers: matchersOf(yaml.target_match, yaml.target_match_re, yaml.target_matchers),
  equal: yaml.equal ?? [],
});

/** The elements of a time_intervals list. */
export function intervals(yaml: readonly IntervalYaml[] | string): readonly (TimeInterval | TimeIntervalError)[] {
  const list = typeof yaml === 'string' ? (parse(yaml) as readonly IntervalYaml[]) : yaml;
  return list.map((item) => parseTimeInterval(intervalFields(item), 'UTC'));
}

export function namedIntervals(yaml: readonly NamedIntervalYaml[]): ReadonlyMap<string, readonly TimeInterval[]> {
  return new Map(
    yaml.map(({ name, time_intervals }) => [
      name,
      intervals(time_intervals).map((interval) => {
        if ('error' in interval) throw new Error(interval.error);
        return interval;
      }),
    ]),
  );
}

function intervalFields(yaml: IntervalYaml): TimeIntervalFields {
  return {
    ...(yaml.times && { times: yaml.times.map(({ start_time = '', end_time = '' }) => ({ startTime: start_time, endTime: end_time })) }),
    ...(yaml.weekdays && { weekdays: yaml.weekdays }),
    ...(yaml.days_of_month && { daysOfMonth: yaml.days_of_month.map(String) }),
    ...(yaml.months && { months: yaml.months.map(String) }),
    ...(yaml.years && { years: yaml.years.map(String) }),
    ...(yaml.location !== undefined && { location: yaml.location }),
  };
}

function duration(text: string | undefined): DurationMs | null {
  if (text === undefined) return null;
  const parsed = parseDuration(text);
  if (typeof parsed !== 'number') throw new Error(parsed.error);
  return parsed;
}

function matchersOf(equal: Strings = {}, regex: Strings = {}, texts: readonly string[] = []): readonly Matcher[] {
  const made: (Matcher | readonly Matcher[] | { readonly error: string })[] = [
    ...Object.entries(equal).map(([name, value]) => one(name, '=', String(value))),
    ...Object.entries(regex).map(([name, value]) => one(name, '=~', `^(?:${value})$`)),
    ...texts.map((text) => parseMatchers(text)),
  ];
  return made.flatMap((item) => {
    if ('error' in item) throw new Error(item.error);
    return item;
  });
}

const one = (name: string, op: MatchOp, value: string): Matcher | { readonly error: string } => alertMatcher(name, op, value);
