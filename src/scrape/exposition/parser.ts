/**
 * What a scrape sees of an exposition, whatever its format: entries in the order of the body, one at a time. The
 * parser is its own current entry: fields are valid until the next call of next or nextKnown.
 */
import type { FloatHistogram } from '../../model/histogram.ts';

export type Entry =
  /** One float sample. */
  | 'series'
  /** One native histogram. */
  | 'histogram'
  | 'help'
  | 'type'
  | 'unit'
  | 'comment'
  /** The clean end of the body. */
  | 'end'
  /** The body is broken here; `error` says how. Nothing follows. */
  | 'error';

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'gaugehistogram' | 'summary' | 'info' | 'stateset' | 'unknown';

export type Exemplar = {
  /** Name, value, name, value …, as written. */
  readonly pairs: readonly string[];
  readonly value: number;
  readonly timestampMs: number | null;
};

export type ParserOptions = {
  /** Adds __type__ and __unit__ from the metadata to each series. */
  readonly typeAndUnitLabels: boolean;
  /** OpenMetrics: _created lines are no series of their own; they give startTimestamp() of the others. */
  readonly startTimestamps: boolean;
};

export interface ExpositionParser {
  next(): Entry;
  /**
   * When the next entry is the series spelled keys[from, from + length), moves to it as next would, without looking at
   * its labels, and returns 'series' (or 'error', for what follows the labels). Else null, and nothing has moved.
   */
  nextKnown(keys: DataView, from: number, length: number): Entry | null;

  /** Of an 'error' entry. */
  readonly error: string;
  /** raw[rawFrom, rawTo) is the entry as written: of a sample its name and labels, of metadata its line. rawView shows the same bytes. */
  readonly raw: Uint8Array;
  readonly rawView: DataView;
  readonly rawFrom: number;
  readonly rawTo: number;
  /** Of a 'series' entry. */
  readonly value: number;
  readonly hasTimestamp: boolean;
  readonly timestampMs: number;

  /** Name, value, name, value … of a sample, as exposed: unsorted, perhaps with empty values or names given twice. */
  pairs(): string[] | { readonly error: string };
  /** Of a sample that has exemplars; each call gives the next one. */
  exemplar(): Exemplar | null;
  /** Of a sample, in ms; 0 = none. */
  startTimestamp(): number;
  /** Of a 'histogram' entry. */
  histogram(): FloatHistogram;
  /** Metric family of a metadata entry. */
  family(): string;
  /** Text of a help or unit entry. */
  text(): string;
  /** Of the family that the metadata spoke of last. */
  metricType(): MetricType | null;
}
