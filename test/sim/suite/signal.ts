/** What a simulated target's metric is at every instant: the ground truth that rules and the oracle are held against. */
import type { Random } from '../../../src/model/random.ts';
import { between } from '../../../src/platform/sim/sim-random.ts';

const MINUTE_MS = 60_000;

/** Values are LOW or HIGH; null: the series is not exposed. Times are elapsed milliseconds. */
export type Signal =
  | { readonly kind: 'constant'; readonly isHigh: boolean }
  | { readonly kind: 'step'; readonly atMs: number; readonly toHigh: boolean }
  | { readonly kind: 'square'; readonly highMs: number; readonly lowMs: number; readonly offsetMs: number }
  | { readonly kind: 'vanish'; readonly fromMs: number; readonly untilMs: number; readonly isHigh: boolean }
  | { readonly kind: 'nan'; readonly fromMs: number; readonly untilMs: number; readonly isHigh: boolean };

export const LOW = 1;
export const HIGH = 9;

export function valueAt(signal: Signal, atMs: number): number | null {
  switch (signal.kind) {
    case 'constant':
      return signal.isHigh ? HIGH : LOW;
    case 'step':
      return atMs >= signal.atMs === signal.toHigh ? HIGH : LOW;
    case 'square':
      return (atMs + signal.offsetMs) % (signal.highMs + signal.lowMs) < signal.highMs ? HIGH : LOW;
    case 'vanish':
      if (atMs >= signal.fromMs && atMs < signal.untilMs) return null;
      return signal.isHigh ? HIGH : LOW;
    case 'nan':
      if (atMs >= signal.fromMs && atMs < signal.untilMs) return Number.NaN;
      return signal.isHigh ? HIGH : LOW;
  }
}

/** A counter whose rate per second is what the signal says, in closed form. */
export function counterAt(signal: Signal, atMs: number): number {
  const rates = (fromMs: number, toMs: number, isHigh: boolean): number => (Math.max(0, toMs - fromMs) / 1000) * (isHigh ? HIGH : LOW);
  switch (signal.kind) {
    case 'step': {
      const turn = Math.min(atMs, signal.atMs);
      return rates(0, turn, !signal.toHigh) + rates(turn, atMs, signal.toHigh);
    }
    case 'square': {
      const { highMs, lowMs, offsetMs } = signal;
      const since = (ms: number): number => {
        const rest = ms % (highMs + lowMs);
        return (
          Math.floor(ms / (highMs + lowMs)) * (rates(0, highMs, true) + rates(0, lowMs, false)) +
          rates(0, Math.min(rest, highMs), true) +
          rates(highMs, rest, false)
        );
      };
      return since(atMs + offsetMs) - since(offsetMs);
    }
    default:
      return rates(0, atMs, signal.isHigh);
  }
}

/** The rate of that counter, which is always exposed. */
export function rateAt(signal: Signal, atMs: number): number {
  return signal.kind === 'vanish' || signal.kind === 'nan' ? (signal.isHigh ? HIGH : LOW) : (valueAt(signal, atMs) ?? LOW);
}

/** The shapes that targets have; long steps so that every receiver hears, and flapping so that some do not. */
export function drawSignal(random: Random, untilMs: number): Signal {
  const minutes = (low: number, high: number): number => between(random, low, high) * MINUTE_MS;
  const all = Math.floor(untilMs / MINUTE_MS);
  switch (between(random, 0, 7)) {
    case 0:
      return { kind: 'constant', isHigh: random.next() < 0.3 };
    case 1:
    case 2:
      return { kind: 'step', atMs: minutes(2, Math.max(3, all - 10)), toHigh: random.next() < 0.7 };
    case 3:
    case 4:
      return { kind: 'square', highMs: minutes(10, 40), lowMs: minutes(8, 40), offsetMs: minutes(0, 40) };
    case 5:
      return { kind: 'square', highMs: minutes(1, 5), lowMs: minutes(1, 5), offsetMs: minutes(0, 5) };
    case 6: {
      const fromMs = minutes(5, Math.max(6, all - 20));
      return { kind: 'vanish', fromMs, untilMs: fromMs + minutes(1, 30), isHigh: random.next() < 0.7 };
    }
    default: {
      const fromMs = minutes(5, Math.max(6, all - 20));
      return { kind: 'nan', fromMs, untilMs: fromMs + minutes(1, 30), isHigh: random.next() < 0.7 };
    }
  }
}
