/** Wall-clock instant: whole milliseconds since the Unix epoch. */
export type UnixMs = number & { readonly __unit: 'UnixMs' };
/** Length of time in milliseconds; never negative. */
export type DurationMs = number & { readonly __unit: 'DurationMs' };

export const addMs = (at: UnixMs, by: DurationMs): UnixMs => (at + by) as UnixMs;
export const unixMs = (value: number): UnixMs => value as UnixMs;
export const durationMs = (value: number): DurationMs => value as DurationMs;
/** The later minus the earlier, at least 0. */
export const sinceMs = (from: UnixMs, to: UnixMs): DurationMs => Math.max(0, to - from) as DurationMs;
