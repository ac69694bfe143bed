/** Numbers for people (prometheus/common helpers/templates, prometheus/template): four significant digits and a prefix. */
import { formatFloat, parseFloat64 } from '../lib/go-strconv.ts';
import { type GoTime, timeFromUnixMs, timeString } from '../lib/go-time.ts';
import { ANY, GoCallError, type GoFunction, type GoValue, goFunction, goString } from '../lib/go-value.ts';
import { truncatedToInt64 } from './time-values.ts';

/** The Go types that may stand for a number; others, even of the same kind, may not. */
const INTEGERS: ReadonlySet<string> = new Set(['int', 'int64', 'uint', 'uint64']);

export function toFloat(value: GoValue | null): number {
  if (value?.kind === 'float' && value.type.name === 'float64') return value.float;
  if (value?.kind === 'string' && value.type.name === 'string') {
    const parsed = parseFloat64(value.text);
    if (typeof parsed !== 'number') throw new GoCallError(parsed.error);
    return parsed;
  }
  if (value?.kind === 'int' || value?.kind === 'uint') {
    if (INTEGERS.has(value.type.name)) return Number(value.int);
    if (value.type.name === 'time.Duration') return Number(value.int / 1_000_000_000n) + Number(value.int % 1_000_000_000n) / 1e9;
  }
  throw new GoCallError(`can't convert ${value?.type.name ?? '<nil>'} to float`);
}

const four = (value: number): string => formatFloat(value, 'g', 4);
const isSpecial = (value: number): boolean => !Number.isFinite(value);
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];

/** The value scaled up by thousands until it is at least 1, and the prefix that says so. */
function scaledUp(value: number): string {
  let scaled = value;
  let prefix = '';
  for (const next of SMALL) {
    if (Math.abs(scaled) >= 1) break;
    prefix = next;
    scaled *= 1000;
  }
  return four(scaled) + prefix;
}

function scaledDown(value: number, base: number, prefixes: readonly string[]): string {
  let scaled = value;
  let prefix = '';
  for (const next of prefixes) {
    if (Math.abs(scaled) < base) break;
    prefix = next;
    scaled /= base;
  }
  return four(scaled) + prefix;
}

function humanize(value: number): string {
  if (value === 0 || isSpecial(value)) return four(value);
  return Math.abs(value) >= 1 ? scaledDown(value, 1000, ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']) : scaledUp(value);
}

function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || isSpecial(value)) return four(value);
  return scaledDown(value, 1024, ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']);
}

function duration(value: number): string {
  if (isSpecial(value)) return four(value);
  if (value === 0) return `${four(value)}s`;
  if (Math.abs(value) < 1) return `${scaledUp(value)}s`;
  const sign = value < 0 ? '-' : '';
  const magnitude = Math.abs(value);
  const total = truncatedToInt64(magnitude);
  const [days, hours, minutes, seconds] = [total / 86_400n, (total / 3600n) % 24n, (total / 60n) % 60n, total % 60n];
  if (days !== 0n) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours !== 0n) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  if (minutes !== 0n) return `${sign}${minutes}m ${seconds}s`;
  return `${sign}${four(magnitude)}s`;
}

/** Seconds since the epoch as a time of whole milliseconds; null where they are not finite. */
export function timeOfSeconds(seconds: number): GoTime | null {
  if (isSpecial(seconds)) return null;
  const nanos = seconds * 1e9;
  if (nanos > 2 ** 63 || nanos < -(2 ** 63)) {
    throw new GoCallError(`${formatFloat(seconds, 'g', -1)} cannot be represented as a nanoseconds timestamp since it overflows int64`);
  }
  return timeFromUnixMs(Number(truncatedToInt64(nanos) / 1_000_000n));
}

function timestamp(value: number): string {
  const time = timeOfSeconds(value);
  return time === null ? four(value) : timeString(time);
}

const number = (make: (value: number) => string): GoFunction => goFunction([ANY], ([value]) => goString(make(toFloat(value ?? null))));

export const HUMANIZE = number(humanize);
export const HUMANIZE_1024 = number(humanize1024);
export const HUMANIZE_DURATION = number(duration);
export const HUMANIZE_PERCENTAGE = number((value) => `${four(value * 100)}%`);
export const HUMANIZE_TIMESTAMP = number(timestamp);
