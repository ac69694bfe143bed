/**
 * Kahan summation with Neumaier's improvement (prometheus/util/kahansum), in the one form that needs no second return
 * value. Hot path: no allocation.
 *
 *     compensation = kahanAdd(value, sum, compensation);
 *     sum += value;
 */

/** The compensation after `value` is added to `sum`: what rounding of the sum has lost so far. */
export function kahanAdd(value: number, sum: number, compensation: number): number {
  const total = sum + value;
  if (total === Infinity || total === -Infinity) return 0;
  return Math.abs(sum) >= Math.abs(value) ? compensation + (sum - total + value) : compensation + (value - total + sum);
}
