/**
 * A native histogram with absolute float buckets, the one form that queries see (prometheus/model/histogram
 * FloatHistogram). Integer histograms exist only inside chunks and wire formats. Immutable once handed out.
 */
export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

export type Span = { readonly offset: number; readonly length: number };

/** Counts by bucket. Many of them are a typed array, whose memory is not in V8's heap: that has a limit of its own. */
export type BucketCounts = readonly number[] | Float64Array;

export type FloatHistogram = {
  readonly counterResetHint: CounterResetHint;
  /** -4..8 exponential, -53 custom buckets. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  /** The stale marker here makes the whole histogram one. */
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  /** Absolute counts. */
  readonly positiveBuckets: BucketCounts;
  readonly negativeBuckets: BucketCounts;
  /** Upper bounds without +Inf; schema -53 only. */
  readonly customValues: readonly number[];
};

export const CUSTOM_BUCKETS_SCHEMA = -53;
