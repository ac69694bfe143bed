import { expect, test } from 'vitest';
import { timeTicks, valueTicks } from './ticks.ts';

test.each([
  { min: 0, max: 1, about: 4, ticks: [0, 0.25, 0.5, 0.75, 1] },
  { min: 0, max: 0.3, about: 3, ticks: [0, 0.1, 0.2, 0.3] },
  { min: -7, max: 52, about: 4, ticks: [0, 20, 40] },
  { min: 1e9, max: 1.04e9, about: 4, ticks: [1e9, 1.01e9, 1.02e9, 1.03e9, 1.04e9] },
  { min: -0.002, max: 0.002, about: 4, ticks: [-0.002, -0.001, 0, 0.001, 0.002] },
])('from $min to $max the lines are at $ticks', ({ min, max, about, ticks }) => {
  expect(valueTicks(min, max, about)).toEqual(ticks);
});

const at = (text: string): number => Date.parse(`2026-01-01T${text}Z`);
test.each([
  { from: '10:03:20', to: '11:03:20', ticks: ['10:15:00', '10:30:00', '10:45:00', '11:00:00'] },
  { from: '10:00:00', to: '10:04:00', ticks: ['10:00:00', '10:01:00', '10:02:00', '10:03:00', '10:04:00'] },
  { from: '00:10:00', to: '12:10:00', ticks: ['03:00:00', '06:00:00', '09:00:00', '12:00:00'] },
])('from $from to $to the instants are $ticks', ({ from, to, ticks }) => {
  expect(timeTicks(at(from), at(to), 5)).toEqual(ticks.map(at));
});

test('a week has its days', () => {
  const day = 86_400_000;
  expect(timeTicks(at('00:00:00'), at('00:00:00') + 7 * day, 5)).toHaveLength(4);
});
