/** What writes samples sees of the time-series database. */
import type { FloatHistogram } from './histogram.ts';
import type { Labels } from './labels.ts';

/** Names a series of this process's head; a positive integer, not kept over restarts. */
export type SeriesRef = number & { readonly __unit: 'SeriesRef' };

export type AppendVerdict =
  | 'ok'
  /** Older than the series' newest sample (and than the out-of-order window). */
  | 'out_of_order'
  /** Same timestamp, other value; the same value again is 'ok' and stores nothing. */
  | 'duplicate'
  /** Before what the head can take. */
  | 'out_of_bounds'
  /** The series was dropped from the head: ask `series` again. */
  | 'unknown_ref';

export type MetricMetadata = { readonly type: string; readonly help: string; readonly unit: string };

/** One batch: a scrape, a rule's result, a remote write. All of it becomes visible at commit, or none. */
export interface Appender {
  /** The ref of a series, created when new; `created` tells which. */
  series(labels: Labels): SeriesRef;
  /**
   * Hot path: no allocation per sample. The verdict is about what has been committed: a batch that is committed meanwhile
   * and has the same series at the same time or later leaves the sample out.
   */
  append(ref: SeriesRef, timestampMs: number, value: number): AppendVerdict;
  appendHistogram(ref: SeriesRef, timestampMs: number, histogram: FloatHistogram): AppendVerdict;
  /** Start timestamp of the sample appended last. */
  startTimestamp(timestampMs: number): void;
  /** Written to the WAL and with the operating system when it returns; visible to queries from then on. */
  commit(): void;
  rollback(): void;
}

export interface AppendStore {
  /** `writer`: who writes one batch after another, to tell whose batches fail; left out: somebody. */
  appender(writer?: object): Appender;
}
