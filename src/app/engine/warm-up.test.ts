import { expect, test } from 'vitest';
import { warmUp } from './warm-up.ts';

test('warming up runs to its end, in many slices', () => {
  let slices = 0;
  for (const steps = warmUp(); steps.next().done !== true; ) slices++;
  expect(slices).toBeGreaterThan(100);
});
