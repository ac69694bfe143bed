/**
 * Reads the router's sections of alertmanager.yml: route, inhibit_rules, time_intervals and mute_time_intervals, with the
 * checks and messages of Alertmanager's config/config.go. Receivers are read by their integrations; whether a route names
 * one that exists is asked of the caller.
 */
import { type Decoder, type Fields, list, object, record, refine } from '../config/decode.ts';
import type { Problem } from '../config/diagnostic.ts';
import { bool, duration, labelName, regex, string } from '../config/scalars.ts';
import { nearestWord } from '../lib/edit-distance.ts';
import { goQuote } from '../lib/go-quote.ts';
import { isLegacyLabelName, isUtf8LabelName } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { DurationMs } from '../model/time.ts';
import type { InhibitRule } from './inhibit.ts';
import { alertMatcher, type MatcherMode, parseMatchers } from './matcher-text.ts';
import type { RouteConfig } from './route.ts';
import { parseTimeInterval, type TimeInterval } from './time-interval.ts';

export type RoutingContext = {
  readonly matchers: MatcherMode;
  /** Zone of the machine, for `location: Local`. */
  readonly localZone: string;
};

/** A name that a route uses, to be checked once all names are known. */
type NameUse = { readonly name: string; readonly fields: Fields; readonly field: string };

export type RoutingSections = {
  readonly route: RouteConfig | null;
  readonly inhibitRules: readonly InhibitRule[];
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
};

/** Reads the sections from among the fields of the whole file. `receivers`: the names that are defined. */
export function routingSections(fields: Fields, receivers: readonly string[], context: RoutingContext): RoutingSections {
  const receiverUses: NameUse[] = [];
  const intervalUses: NameUse[] = [];
  const route = fields.optional('route', routeReader(context, receiverUses, intervalUses));
  if (route === null && fields.isSound('route'))
    fields.problem('route', {
      code: 'missing_field',
      message: 'no route provided in config',
      hint: 'add route: {receiver: NAME}',
      upstream: 'no route provided in config (no routes provided)',
    });
  if (route !== null && fields.isSound('route')) checkRoot(fields, route);
  const inhibitRules = fields.get('inhibit_rules', list(inhibitRule(context)));
  const timeIntervals = new Map<string, readonly TimeInterval[]>();
  for (const [field, label] of [
    ['mute_time_intervals', 'mute time interval'],
    ['time_intervals', 'time interval'],
  ] as const)
    fields.get(field, list(namedIntervals(context, label, timeIntervals)));
  for (const { name, fields: at, field } of receiverUses)
    if (!receivers.includes(name)) at.problem(field, undefinedName('receiver', name, receivers));
  for (const { name, fields: at, field } of intervalUses)
    if (!timeIntervals.has(name)) at.problem(field, undefinedName('time interval', name, [...timeIntervals.keys()]));
  return { route, inhibitRules, timeIntervals };
}

function undefinedName(what: string, name: string, known: readonly string[]): Problem {
  const near = nearestWord(name, known);
  return {
    code: 'unknown_name',
    message: `undefined ${what} "${name}" used in route`,
    hint: near === null ? (known.length === 0 ? `define it` : `defined are ${known.slice(0, 12).join(', ')}`) : `did you mean "${near}"?`,
  };
}

function checkRoot(fields: Fields, route: RouteConfig): void {
  const say = (message: string, hint: string): void => fields.problem('route', { code: 'bad_value', message, hint });
  if (route.receiver === null) say('root route must specify a default receiver', 'add receiver: NAME to the route');
  else if (route.matchers.length > 0) say('root route must not have any matchers', 'put them on a route below routes:');
  else if (route.muteTimeIntervals.length > 0) say('root route must not have any mute time intervals', 'put them on a route below routes:');
  else if (route.activeTimeIntervals.length > 0)
    say('root route must not have any active time intervals', 'put them on a route below routes:');
  else if (route.continue) say('cannot have continue in root route', 'take continue away');
}

function routeReader(context: RoutingContext, receiverUses: NameUse[], intervalUses: NameUse[]): Decoder<RouteConfig> {
  const reader: Decoder<RouteConfig> = object('config.plain', (fields) => {
    const receiver = fields.get('receiver', string);
    const hasGroupBy = fields.node('group_by') !== null;
    const groupBy = fields.get('group_by', list(string));
    checkGroupBy(fields, groupBy, context);
    const matchers = [
      ...equalities(fields, 'match', context),
      ...patterns(fields, 'match_re', context),
      ...fields.get('matchers', matcherList(context)),
    ];
    const muteTimeIntervals = fields.get('mute_time_intervals', list(string));
    const activeTimeIntervals = fields.get('active_time_intervals', list(string));
    const groupWaitMs = fields.optional('group_wait', duration);
    const groupIntervalMs = nonZero(fields, 'group_interval');
    const repeatIntervalMs = nonZero(fields, 'repeat_interval');
    if (receiver !== '') receiverUses.push({ name: receiver, fields, field: 'receiver' });
    for (const name of muteTimeIntervals) intervalUses.push({ name, fields, field: 'mute_time_intervals' });
    for (const name of activeTimeIntervals) intervalUses.push({ name, fields, field: 'active_time_intervals' });
    return {
      receiver: receiver === '' ? null : receiver,
      groupBy: !hasGroupBy ? null : groupBy.length === 1 && groupBy[0] === '...' ? 'all' : groupBy,
      matchers,
      continue: fields.get('continue', bool),
      groupWaitMs,
      groupIntervalMs,
      repeatIntervalMs,
      muteTimeIntervals,
      activeTimeIntervals,
      labels: Object.entries(fields.get('labels', record(string, routeLabelName(context)))),
      children: fields.get('routes', list(later)),
    };
  });
  /** The reader of the nodes below, which is this one: a route may be null, which is an empty route. */
  const later: Decoder<RouteConfig> = {
    goType: 'config.plain',
    expects: 'a map of fields',
    zero: () => reader.zero(),
    read: (node, sink) => reader.read(node, sink),
  };
  return reader;
}

const routeLabelName = (context: RoutingContext): Decoder<string> =>
  labelName(context.matchers === 'classic' ? 'legacy' : 'utf8', (name) => `invalid label name ${goQuote(name)} in route labels`);

function nonZero(fields: Fields, field: 'group_interval' | 'repeat_interval'): DurationMs | null {
  const value = fields.optional(field, duration);
  if (value === 0) fields.problem(field, { code: 'bad_duration', message: `${field} cannot be zero` });
  return value;
}

function checkGroupBy(fields: Fields, groupBy: readonly string[], context: RoutingContext): void {
  const seen = new Set<string>();
  for (const name of groupBy) {
    if (name === '...') {
      if (groupBy.length > 1)
        fields.problem('group_by', {
          code: 'conflict',
          message: 'cannot have wildcard group_by (`...`) and other labels at the same time',
          upstream: 'cannot have wildcard group_by (`...`) and other labels at the same time',
        });
    } else if (!isLabelName(name, context))
      fields.problem('group_by', { code: 'bad_label_name', message: `invalid label name ${goQuote(name)} in group_by list` });
    if (seen.has(name)) fields.problem('group_by', { code: 'duplicate', message: `duplicated label ${goQuote(name)} in group_by` });
    seen.add(name);
  }
}

const isLabelName = (name: string, context: RoutingContext): boolean =>
  context.matchers === 'classic' ? isLegacyLabelName(name) : isUtf8LabelName(name);

/** `match: {name: value}`; label names are the old ones there, whatever the mode. */
function equalities(fields: Fields, field: string, context: RoutingContext): readonly Matcher[] {
  const values = fields.get(field, record(string));
  return Object.entries(values).flatMap(([name, value]) => made(fields, field, name, '=', value, context));
}

function patterns(fields: Fields, field: string, context: RoutingContext): readonly Matcher[] {
  const values = fields.get(field, record(regexOrNull));
  return Object.entries(values).flatMap(([name, value]) => {
    if (value !== null) return made(fields, field, name, '=~', `^(?:${value})$`, context);
    fields.problem(field, { code: 'bad_regex', message: `invalid regexp value for ${goQuote(name)}`, hint: 'write a regular expression' });
    return [];
  });
}

/** One that is left out matches nothing that anybody can have meant. */
const regexOrNull: Decoder<string | null> = { ...regex, zero: () => null };

function made(fields: Fields, field: string, name: string, op: '=' | '=~', value: string, context: RoutingContext): readonly Matcher[] {
  if (!isLegacyLabelName(name) && (context.matchers === 'classic' || !isUtf8LabelName(name) || isLegacyOnly(field))) {
    fields.problem(field, { code: 'bad_label_name', message: `invalid label name ${goQuote(name)}` });
    return [];
  }
  const matcher = alertMatcher(name, op, value);
  if ('error' in matcher) {
    fields.problem(field, { code: 'bad_regex', message: matcher.error });
    return [];
  }
  return [matcher];
}

/** The deprecated maps take old label names only. */
const isLegacyOnly = (field: string): boolean => field.endsWith('match') || field.endsWith('match_re');

function matcherList(context: RoutingContext): Decoder<readonly Matcher[]> {
  const one = refine<string, readonly Matcher[]>(
    string,
    () => [],
    (text, fail) => {
      const parsed = parseMatchers(text, context.matchers);
      return 'error' in parsed
        ? fail({ code: 'bad_matcher', message: parsed.error, hint: 'write name="value", with =, !=, =~ or !~' })
        : parsed;
    },
  );
  return refine(
    list(one),
    () => [],
    (matchers) => matchers.flat(),
  );
}

const inhibitRule = (context: RoutingContext): Decoder<InhibitRule> =>
  object('config.plain', (fields) => {
    const name = fields.get('name', string);
    const side = (prefix: 'source' | 'target'): readonly Matcher[] => [
      ...equalities(fields, `${prefix}_match`, context),
      ...patterns(fields, `${prefix}_match_re`, context),
      ...fields.get(`${prefix}_matchers`, matcherList(context)),
    ];
    const equalName = labelName(
      context.matchers === 'classic' ? 'legacy' : 'utf8',
      (label) => `invalid label name ${goQuote(label)} in equal list`,
    );
    return {
      name,
      sourceMatchers: side('source'),
      targetMatchers: side('target'),
      equal: fields.get('equal', list(equalName, 'invalid label name "" in equal list')),
    };
  });

/** `known` takes what is read: names are shared by the two sections that define intervals. */
function namedIntervals(context: RoutingContext, label: string, known: Map<string, readonly TimeInterval[]>): Decoder<string> {
  return object('config.plain', (fields) => {
    const name = fields.get('name', string);
    const intervals = fields.get('time_intervals', list(interval(context)));
    if (name === '') fields.problem('name', { code: 'missing_field', message: `missing name in ${label}` });
    else if (known.has(name)) fields.problem('name', { code: 'duplicate', message: `${label} ${goQuote(name)} is not unique` });
    else
      known.set(
        name,
        intervals.flatMap((one) => (one === null ? [] : [one])),
      );
    return name;
  });
}

const timeOfDay = object('timeinterval.yamlTimeRange', (fields) => ({
  startTime: fields.get('start_time', string),
  endTime: fields.get('end_time', string),
}));

function interval(context: RoutingContext): Decoder<TimeInterval | null> {
  return object('timeinterval.TimeInterval', (fields): TimeInterval | null => {
    const times = fields.optional('times', list(timeOfDay));
    const weekdays = fields.optional('weekdays', list(string));
    const daysOfMonth = fields.optional('days_of_month', list(string));
    const months = fields.optional('months', list(string));
    const years = fields.optional('years', list(string));
    const location = fields.get('location', string);
    const parsed = parseTimeInterval(
      {
        ...(times === null ? {} : { times }),
        ...(weekdays === null ? {} : { weekdays }),
        ...(daysOfMonth === null ? {} : { daysOfMonth }),
        ...(months === null ? {} : { months }),
        ...(years === null ? {} : { years }),
        location,
      },
      context.localZone,
    );
    if (!('error' in parsed)) return parsed;
    fields.sink.at(fields.map, { code: 'bad_value', message: parsed.error });
    return null;
  }) as Decoder<TimeInterval | null>;
}
