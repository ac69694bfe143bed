/**
 * All that PromQL knows of storage: series selected by matchers, their samples read one series at a time into columns
 * that the reader owns. The engine never holds a sample object. tsdb's querier has this shape without knowing of it.
 */
import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { SampleColumns } from '../model/sample.ts';

export type SelectRange = {
  /** First and last timestamp wanted, both inclusive, in ms. */
  readonly fromMs: number;
  readonly toMs: number;
};

/** The series that matched, sorted by labels. Valid until `close`; sees only what was committed when it was selected. */
export interface SelectedSeries {
  readonly count: number;
  labels(index: number): Labels;
  /**
   * Clears `into` and fills it with the samples of the range. False: with the first of them only, some of which are large
   * histograms; `readOn` then adds the next, until it says true. Hot path: once per series and selector.
   */
  read(index: number, into: SampleColumns): boolean;
  readOn(index: number, into: SampleColumns): boolean;
  close(): void;
}

export interface Queryable {
  /** Says in between how much it has done, in what takes as long as a sample. */
  select(matchers: readonly Matcher[], range: SelectRange): Generator<number, SelectedSeries>;
}
