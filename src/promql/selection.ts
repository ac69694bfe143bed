/**
 * The series that selectors of one query read. Selectors with the same matchers and range share one selection, and where
 * several operations walk through it, what the first one read is kept for the others.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { type Matcher, printMatcher } from '../model/matcher.ts';
import { SampleColumns } from '../model/sample.ts';
import { histogramsWeight } from './histogram/histogram-draft.ts';
import type { Queryable, SelectedSeries, SelectRange } from './queryable.ts';

/** How many samples are kept for second readers in a query. */
type Kept = { samples: number };

type KeptColumns = {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly histograms: (FloatHistogram | null)[] | null;
  readonly startTimestamps: Float64Array | null;
};

/** Samples that are kept for a second reader, at most, histograms by their size; what is beyond is read again. */
const KEPT_SAMPLES_MAX = 2_000_000;

export class Selection {
  readonly #series: SelectedSeries;
  readonly #columns: SampleColumns;
  readonly #kept: (KeptColumns | undefined)[] | null;
  readonly #keptInAll: Kept;
  #isOpen = true;
  /** `columns` lacks samples of the series that is being read: `readOn` adds the next. */
  isPartial = false;

  constructor(series: SelectedSeries, columns: SampleColumns, isShared: boolean, keptInAll: Kept) {
    this.#series = series;
    this.#columns = columns;
    this.#kept = isShared ? [] : null;
    this.#keptInAll = keptInAll;
  }

  /** Others may read it too. */
  get isShared(): boolean {
    return this.#kept !== null;
  }

  get count(): number {
    return this.#series.count;
  }

  labels(index: number): Labels {
    return this.#series.labels(index);
  }

  /**
   * Samples of a series, or the first of them where its histograms are large (`isPartial`); valid until the next call on any
   * selection of the query. Times and floats may be overwritten.
   */
  read(index: number): SampleColumns {
    const columns = this.#columns;
    const kept = this.#kept?.[index];
    this.isPartial = false;
    if (kept !== undefined) {
      columns.length = kept.timestamps.length;
      columns.reserve(columns.length);
      columns.timestamps.set(kept.timestamps);
      columns.values.set(kept.values);
      columns.histograms = kept.histograms;
      columns.startTimestamps = kept.startTimestamps?.slice() ?? null;
      return columns;
    }
    this.isPartial = !this.#series.read(index, columns);
    if (this.#kept === null || this.isPartial) return columns; // what is read in parts is too large to be kept
    const { length } = columns;
    const samples = columns.histograms === null ? length : length + histogramsWeight(columns.histograms, 0, length);
    if (this.#keptInAll.samples + samples <= KEPT_SAMPLES_MAX) {
      this.#keptInAll.samples += samples;
      this.#kept[index] = {
        timestamps: columns.timestamps.slice(0, length),
        values: columns.values.slice(0, length),
        histograms: columns.histograms?.slice(0, length) ?? null,
        startTimestamps: columns.startTimestamps?.slice(0, length) ?? null,
      };
    }
    return columns;
  }

  /** Adds the next samples of the series that was read last, while `isPartial`. */
  readOn(index: number): void {
    this.isPartial = !this.#series.readOn(index, this.#columns);
  }

  close(): void {
    if (this.#isOpen) this.#series.close();
    this.#isOpen = false;
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
  readonly #shared = new Map<string, Selection>();
  readonly #alone = new Set<Selection>();
  readonly #kept: Kept = { samples: 0 };
  readonly #uses: ReadonlyMap<string, number> | null;

  /** `uses` counts selectors by the text of their matchers: those that are alone need not be kept. Null: there is but one. */
  constructor(queryable: Queryable, uses: ReadonlyMap<string, number> | null) {
    this.#queryable = queryable;
    this.#uses = uses;
    this.#columns = spareColumns.pop() ?? new SampleColumns();
  }

  /** One that others have asked for; null: it has to be made. */
  find(matchers: readonly Matcher[], range: SelectRange): Selection | null {
    return this.#shared.size === 0 ? null : (this.#shared.get(keyOf(matchers, range)) ?? null);
  }

  /** As the store's own. */
  *select(matchers: readonly Matcher[], range: SelectRange): Generator<number, Selection> {
    const isShared = this.#uses !== null && (this.#uses.get(matchersKey(matchers)) ?? 0) > 1;
    const selection = new Selection(yield* this.#queryable.select(matchers, range), this.#columns, isShared, this.#kept);
    if (isShared) this.#shared.set(keyOf(matchers, range), selection);
    else this.#alone.add(selection);
    return selection;
  }

  /** Whoever asked for one that is not shared needs it no more. */
  forget(selection: Selection): void {
    selection.close();
    this.#alone.delete(selection);
  }

  close(): void {
    for (const selection of this.#shared.values()) selection.close();
    for (const selection of this.#alone) selection.close();
    this.#shared.clear();
    this.#alone.clear();
    const columns = this.#columns;
    columns.clear(); // and with it the histograms
    if (spareColumns.length === SPARE_MAX || columns.timestamps.length > SPARE_SAMPLES_MAX) return;
    spareColumns.push(columns);
  }
}

export const matchersKey = (matchers: readonly Matcher[]): string => matchers.map(printMatcher).join();
