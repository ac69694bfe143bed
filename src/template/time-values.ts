/** time.Time, time.Duration, time.Month, time.Weekday and *time.Location as templates see them, with Go's methods. */
import {
  civilTime,
  compareTimes,
  durationString,
  formatTime,
  type GoTime,
  isZeroTime,
  loadZone,
  MONTHS,
  timeFromUnixNanos,
  timeOfCivil,
  timeString,
  UTC,
  unixNanos,
  WEEKDAYS,
  ZERO_TIME,
  type Zone,
} from '../lib/go-time.ts';
import {
  GoCallError,
  type GoMethod,
  type GoType,
  type GoValue,
  goBool,
  goFloat,
  goInt,
  goMethod,
  goString,
  INT,
  INT64,
  pointerTo,
  STRING,
} from '../lib/go-value.ts';
import { intArgument, textArgument } from './arguments.ts';

type Args = readonly (GoValue | null)[];

const DURATION_METHODS = new Map<string, GoMethod>();
const DURATION: GoType = { name: 'time.Duration', kind: 'int', methods: DURATION_METHODS };
const TIME_METHODS = new Map<string, GoMethod>();
export const TIME: GoType = { name: 'time.Time', kind: 'struct', fields: [], methods: TIME_METHODS };
const MONTH: GoType = numberedNames('time.Month', MONTHS, 1);
const WEEKDAY: GoType = numberedNames('time.Weekday', WEEKDAYS, 0);
const LOCATION: GoType = {
  name: 'time.Location',
  kind: 'struct',
  fields: [],
  methods: new Map([['String', goMethod([], (receiver) => goString(zoneOf(receiver).name))]]),
};
const LOCATION_POINTER = pointerTo(LOCATION);

/** Wraps to 64 bits, as Go's does. */
export const goDuration = (nanos: bigint): GoValue => goInt(BigInt.asIntN(64, nanos), DURATION);
export const goTime = (time: GoTime): GoValue => ({ kind: 'struct', type: TIME, fields: [], native: time });

export function timeArgument(args: Args, index: number): GoTime {
  const value = args[index];
  if (value?.kind !== 'struct' || value.type !== TIME) throw new Error('BUG: argument is not a time');
  return timeOf(value);
}

/** A zero value of the type has no native time. */
function timeOf(value: GoValue): GoTime {
  return value.kind === 'struct' && value.native !== undefined ? (value.native as GoTime) : ZERO_TIME;
}

function zoneOf(value: GoValue): Zone {
  return value.kind === 'struct' && value.native !== undefined ? (value.native as Zone) : UTC;
}

function numberedNames(name: string, names: readonly string[], first: number): GoType {
  const print = (receiver: GoValue): GoValue => {
    const number = receiver.kind === 'int' ? Number(receiver.int) : 0;
    return goString(names[number - first] ?? `%!${name.slice('time.'.length)}(${number})`);
  };
  return { name, kind: 'int', methods: new Map([['String', goMethod([], print)]]) };
}

function method(
  into: Map<string, GoMethod>,
  name: string,
  parameters: readonly GoType[],
  call: (self: GoValue, args: Args) => GoValue,
): void {
  into.set(name, goMethod(parameters, call));
}

const SECOND = 1_000_000_000n;

// Durations

const nanosOf = (value: GoValue): bigint => (value.kind === 'int' ? value.int : 0n);
/** The sum of whole and fraction, as Go computes it, so that the last digit agrees. */
const inUnits = (nanos: bigint, unit: bigint): number => Number(nanos / unit) + Number(nanos % unit) / Number(unit);

method(DURATION_METHODS, 'String', [], (self) => goString(durationString(nanosOf(self))));
method(DURATION_METHODS, 'Nanoseconds', [], (self) => goInt(nanosOf(self), INT64));
method(DURATION_METHODS, 'Microseconds', [], (self) => goInt(nanosOf(self) / 1000n, INT64));
method(DURATION_METHODS, 'Milliseconds', [], (self) => goInt(nanosOf(self) / 1_000_000n, INT64));
method(DURATION_METHODS, 'Seconds', [], (self) => goFloat(inUnits(nanosOf(self), SECOND)));
method(DURATION_METHODS, 'Minutes', [], (self) => goFloat(inUnits(nanosOf(self), 60n * SECOND)));
method(DURATION_METHODS, 'Hours', [], (self) => goFloat(inUnits(nanosOf(self), 3600n * SECOND)));
method(DURATION_METHODS, 'Abs', [], (self) => goDuration(nanosOf(self) < 0n ? -nanosOf(self) : nanosOf(self)));
method(DURATION_METHODS, 'Truncate', [DURATION], (self, args) => goDuration(truncated(nanosOf(self), intArgument(args, 0))));
method(DURATION_METHODS, 'Round', [DURATION], (self, args) => {
  const [nanos, unit] = [nanosOf(self), intArgument(args, 0)];
  if (unit <= 0n) return goDuration(nanos);
  const rest = nanos % unit;
  const magnitude = rest < 0n ? -rest : rest;
  const toward = truncated(nanos, unit);
  return goDuration(magnitude * 2n < unit ? toward : toward + (nanos < 0n ? -unit : unit));
});

const truncated = (nanos: bigint, unit: bigint): bigint => (unit <= 0n ? nanos : nanos - (nanos % unit));

// Times

const civilNumber = (name: string, pick: (civil: ReturnType<typeof civilTime>) => number, type: GoType = INT): void =>
  method(TIME_METHODS, name, [], (self) => goInt(pick(civilTime(timeOf(self))), type));

civilNumber('Year', (civil) => civil.year);
civilNumber('Month', (civil) => civil.month, MONTH);
civilNumber('Day', (civil) => civil.day);
civilNumber('Weekday', (civil) => civil.weekday, WEEKDAY);
civilNumber('YearDay', (civil) => civil.yearDay);
civilNumber('Hour', (civil) => civil.hour);
civilNumber('Minute', (civil) => civil.minute);
civilNumber('Second', (civil) => civil.second);
method(TIME_METHODS, 'Nanosecond', [], (self) => goInt(timeOf(self).nanos));
method(TIME_METHODS, 'String', [], (self) => goString(timeString(timeOf(self))));
method(TIME_METHODS, 'Format', [STRING], (self, args) => goString(formatTime(timeOf(self), textArgument(args, 0))));
method(TIME_METHODS, 'Unix', [], (self) => goInt(timeOf(self).seconds, INT64));
method(TIME_METHODS, 'UnixMilli', [], (self) => goInt(inUnitsSinceEpoch(timeOf(self), 1_000_000n), INT64));
method(TIME_METHODS, 'UnixMicro', [], (self) => goInt(inUnitsSinceEpoch(timeOf(self), 1000n), INT64));
method(TIME_METHODS, 'UnixNano', [], (self) => goInt(BigInt.asIntN(64, unixNanos(timeOf(self))), INT64));
method(TIME_METHODS, 'IsZero', [], (self) => goBool(isZeroTime(timeOf(self))));
method(TIME_METHODS, 'UTC', [], (self) => goTime({ ...timeOf(self), zone: UTC }));
method(TIME_METHODS, 'Local', [], (self) => goTime({ ...timeOf(self), zone: loadZone('Local') ?? UTC }));
method(TIME_METHODS, 'In', [LOCATION_POINTER], (self, args) => {
  const location = args[0]?.kind === 'pointer' ? args[0].to : null;
  if (location === null) throw new GoCallError('time: missing Location in call to Time.In');
  return goTime({ ...timeOf(self), zone: zoneOf(location) });
});
method(TIME_METHODS, 'Location', [], (self) => ({
  kind: 'pointer',
  type: LOCATION_POINTER,
  to: { kind: 'struct', type: LOCATION, fields: [], native: timeOf(self).zone },
}));
method(TIME_METHODS, 'Add', [DURATION], (self, args) => {
  const time = timeOf(self);
  return goTime(timeFromUnixNanos(unixNanos(time) + intArgument(args, 0), time.zone));
});
method(TIME_METHODS, 'Sub', [TIME], (self, args) => goDuration(saturated(unixNanos(timeOf(self)) - unixNanos(timeArgument(args, 0)))));
method(TIME_METHODS, 'AddDate', [INT, INT, INT], (self, args) => {
  const time = timeOf(self);
  const civil = civilTime(time);
  const [years, months, days] = [0, 1, 2].map((i) => Math.max(-1e6, Math.min(1e6, Number(intArgument(args, i)))));
  const date = [civil.year + (years ?? 0), civil.month + (months ?? 0), civil.day + (days ?? 0)] as const;
  return goTime(timeOfCivil([...date, civil.hour, civil.minute, civil.second], time.nanos, time.zone));
});
method(TIME_METHODS, 'After', [TIME], (self, args) => goBool(compareTimes(timeOf(self), timeArgument(args, 0)) > 0));
method(TIME_METHODS, 'Before', [TIME], (self, args) => goBool(compareTimes(timeOf(self), timeArgument(args, 0)) < 0));
method(TIME_METHODS, 'Equal', [TIME], (self, args) => goBool(compareTimes(timeOf(self), timeArgument(args, 0)) === 0));
method(TIME_METHODS, 'Compare', [TIME], (self, args) => goInt(Math.sign(compareTimes(timeOf(self), timeArgument(args, 0)))));
method(TIME_METHODS, 'Truncate', [DURATION], (self, args) => goTime(onGrid(timeOf(self), intArgument(args, 0), false)));
method(TIME_METHODS, 'Round', [DURATION], (self, args) => goTime(onGrid(timeOf(self), intArgument(args, 0), true)));

function inUnitsSinceEpoch(time: GoTime, unit: bigint): bigint {
  return BigInt(time.seconds) * (SECOND / unit) + BigInt(time.nanos) / unit;
}

/** Multiples of the unit count from the zero time. */
function onGrid(time: GoTime, unit: bigint, rounds: boolean): GoTime {
  if (unit <= 0n) return time;
  const sinceZero = unixNanos(time) - unixNanos(ZERO_TIME);
  const rest = ((sinceZero % unit) + unit) % unit;
  const up = rounds && rest * 2n >= unit ? unit : 0n;
  return timeFromUnixNanos(unixNanos(time) - rest + up, time.zone);
}

const INT64_MAX = (1n << 63n) - 1n;
const saturated = (nanos: bigint): bigint => (nanos > INT64_MAX ? INT64_MAX : nanos < -INT64_MAX - 1n ? -INT64_MAX - 1n : nanos);

/** Seconds as Go's float64-to-int64 conversion of nanoseconds on amd64 gives them: the least integer where they do not fit. */
export const truncatedToInt64 = (value: number): bigint =>
  Number.isNaN(value) || value >= 2 ** 63 || value < -(2 ** 63) ? -(1n << 63n) : BigInt(Math.trunc(value));
