/**
 * The series that selectors of one query read. Selectors with the same matchers and range share one selection, and where
 * several operations walk through it, what the first one read is kept for the others.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { type Matcher, printMatcher } from '../model/matcher.ts';
import { SampleColumns } from '../model/sample.ts';
import type { Queryable, SelectedSeries, SelectRange } from './queryable.ts';

type KeptColumns = {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly histograms: (FloatHistogram | null)[] | null;
  readonly startTimestamps: Float64Array | null;
};

/** Samples that are kept for a second reader, at most; what is beyond is read again. */
const KEPT_SAMPLES_MAX = 2_000_000;

export class Selection {
  readonly #series: SelectedSeries;
  readonly #columns: SampleColumns;
  readonly #kept: (KeptColumns | undefined)[] | null;
  #keptSamples = 0;

  constructor(series: SelectedSeries, columns: SampleColumns, keeps: boolean) {
    this.#series = series;
    this.#columns = columns;
    this.#kept = keeps ? [] : null;
  }

  get count(): number {
    return this.#series.count;
  }

  labels(index: number): Labels {
    return this.#series.labels(index);
  }

  /** Samples of a series; valid until the next call on any selection of the query. Times and floats may be overwritten. */
  read(index: number): SampleColumns {
    const columns = this.#columns;
    const kept = this.#kept?.[index];
    if (kept !== undefined) {
      columns.length = kept.timestamps.length;
      columns.reserve(columns.length);
      columns.timestamps.set(kept.timestamps);
      columns.values.set(kept.values);
      columns.histograms = kept.histograms;
      columns.startTimestamps = kept.startTimestamps?.slice() ?? null;
      return columns;
    }
    this.#series.read(index, columns);
    const { length } = columns;
    if (this.#kept !== null && this.#keptSamples + length <= KEPT_SAMPLES_MAX) {
      this.#keptSamples += length;
      this.#kept[index] = {
        timestamps: columns.timestamps.slice(0, length),
        values: columns.values.slice(0, length),
        histograms: columns.histograms?.slice(0, length) ?? null,
        startTimestamps: columns.startTimestamps?.slice(0, length) ?? null,
      };
    }
    return columns;
  }

  close(): void {
    this.#series.close();
  }
}

const keyOf = (matchers: readonly Matcher[], { fromMs, toMs }: SelectRange): string =>
  `${fromMs} ${toMs} ${matchers.map(printMatcher).join()}`;

/** Columns that no query reads into now; most queries are small and many. */
const spareColumns: SampleColumns[] = [];
const SPARE_MAX = 8;
const SPARE_SAMPLES_MAX = 65_536;

export class SelectionCache {
  readonly #queryable: Queryable;
  readonly #columns: SampleColumns;
  readonly #byKey = new Map<string, Selection>();
  readonly #alone: Selection[] = [];
  readonly #uses: ReadonlyMap<string, number> | null;

  /** `uses` counts selectors by the text of their matchers: those that are alone need not be kept. Null: there is but one. */
  constructor(queryable: Queryable, uses: ReadonlyMap<string, number> | null) {
    this.#queryable = queryable;
    this.#uses = uses;
    this.#columns = spareColumns.pop() ?? new SampleColumns();
  }

  select(matchers: readonly Matcher[], range: SelectRange): Selection {
    if (this.#uses === null) {
      const selection = new Selection(this.#queryable.select(matchers, range), this.#columns, false);
      this.#alone.push(selection);
      return selection;
    }
    const key = keyOf(matchers, range);
    let selection = this.#byKey.get(key);
    if (selection === undefined) {
      const isShared = (this.#uses.get(matchersKey(matchers)) ?? 0) > 1;
      selection = new Selection(this.#queryable.select(matchers, range), this.#columns, isShared);
      this.#byKey.set(key, selection);
    }
    return selection;
  }

  close(): void {
    for (const selection of this.#byKey.values()) selection.close();
    for (const selection of this.#alone) selection.close();
    this.#byKey.clear();
    const columns = this.#columns;
    if (spareColumns.length === SPARE_MAX || columns.timestamps.length > SPARE_SAMPLES_MAX) return;
    columns.clear(); // and with it the histograms
    spareColumns.push(columns);
  }
}

export const matchersKey = (matchers: readonly Matcher[]): string => matchers.map(printMatcher).join();
