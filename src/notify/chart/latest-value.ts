/** The newest value of a series that has one near its end: what it is now. */
export function latestValue(values: Float64Array): number | null {
  for (let i = values.length - 1; i >= Math.max(0, values.length - STEPS_MAX); i--) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isNaN(value)) return value;
  }
  return null;
}

/** A value that is older than this many steps is not what is now. */
const STEPS_MAX = 5;
