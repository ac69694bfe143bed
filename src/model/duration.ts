/** Prometheus' duration grammar: 1h30m, 500ms, 0; units y w d h m s ms in that order, each at most once. */
import { goQuote } from '../lib/go-quote.ts';
import type { DurationMs } from './time.ts';

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];
/** Go's time.Duration holds this many ms (2^63 - 1 ns). */
const MAX_MS = 9_223_372_036_854;
const PART = /(\d+)(\D+)/y;

/** Milliseconds, or why the text is not a duration in Prometheus' words (common/model ParseDuration). */
export function parseDuration(text: string): DurationMs | { readonly error: string } {
  if (text === '0') return 0 as DurationMs;
  if (text === '') return { error: 'empty duration string' };
  let total = 0;
  let from = 0;
  for (let at = 0; at < text.length; at = PART.lastIndex) {
    PART.lastIndex = at;
    const [, digits = '', name = ''] = PART.exec(text) ?? [];
    const count = Number(digits);
    if (digits === '' || count >= 2 ** 64) return { error: `not a valid duration string: ${goQuote(text)}` };
    const unit = UNITS.findIndex(([unit]) => unit === name);
    if (unit < 0) return { error: `unknown unit ${goQuote(name)} in duration ${goQuote(text)}` };
    if (unit < from) return { error: `not a valid duration string: ${goQuote(text)}` };
    from = unit + 1;
    total += count * (UNITS[unit]?.[1] ?? 0);
    if (total > MAX_MS) return { error: 'duration out of range' };
  }
  return total as DurationMs;
}

/** Shortest Prometheus spelling: weeks and years only where nothing is left over (common/model Duration.String). */
export function formatDuration(duration: DurationMs): string {
  let rest: number = duration;
  if (rest === 0) return '0s';
  let text = '';
  for (const [unit, ms] of UNITS) {
    const exactOnly = unit === 'y' || unit === 'w';
    if (exactOnly && rest % ms !== 0) continue;
    const count = Math.floor(rest / ms);
    if (count > 0) {
      text += `${count}${unit}`;
      rest -= count * ms;
    }
  }
  return text;
}
