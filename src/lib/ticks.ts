/** Where the lines of an axis are: at round numbers, about as many as asked for. */

/** Multiples of 1, 2, 2.5 or 5 times a power of ten that lie within [min, max]; min < max. */
export function valueTicks(min: number, max: number, about: number): readonly number[] {
  const rough = (max - min) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (ROUND.find((round) => round * power >= rough) ?? 10);
  return multiples(min, max, step);
}

/** Whole minutes, hours or days of UTC within [fromMs, toMs], `most` at most. */
export function timeTicks(fromMs: number, toMs: number, most: number): readonly number[] {
  const step = STEPS_MS.find((stepMs) => (toMs - fromMs) / stepMs < most) ?? DAY_MS * Math.ceil((toMs - fromMs) / DAY_MS / most);
  return multiples(fromMs, toMs, step);
}

const ROUND = [1, 2, 2.5, 5];
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  DAY_MS,
];

function multiples(min: number, max: number, step: number): readonly number[] {
  const ticks: number[] = [];
  // Counted, not added up: sums of tenths drift.
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}
