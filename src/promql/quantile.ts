/** Quantile of plain numbers, linear between neighbours; NaN counts as the lowest. promql/quantile.go quantile. */

/** Sorts values[0, length) in place. */
export function quantileOf(q: number, values: Float64Array, length: number): number {
  if (length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const used = values.subarray(0, length).sort(); // a typed array sorts numerically, NaN last
  let nans = 0;
  while (nans < length && Number.isNaN(used[length - 1 - nans])) nans++;
  const at = (i: number): number => (i < nans ? Number.NaN : (used[i - nans] ?? Number.NaN));
  const rank = q * (length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return at(lower) * (1 - weight) + at(upper) * weight;
}
