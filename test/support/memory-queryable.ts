/**
 * A Queryable over samples in memory, for tests of PromQL. It keeps what a store keeps: one set of columns per label set,
 * in time order, with start timestamps; and of native histograms the hints about counter resets that Prometheus' chunks
 * would give back.
 */
import type { FloatHistogram } from '../../src/model/histogram.ts';
import type { Labels } from '../../src/model/labels.ts';
import { type Matcher, matchesLabels } from '../../src/model/matcher.ts';
import { isStale, SampleColumns } from '../../src/model/sample.ts';
import { isReset } from '../../src/promql/histogram/counter-reset.ts';
import { sameNumbers, withHint } from '../../src/promql/histogram/histogram-draft.ts';
import type { Queryable, SelectedSeries, SelectRange } from '../../src/promql/queryable.ts';

type Series = { readonly labels: Labels; readonly columns: SampleColumns; previous: FloatHistogram | null; isGaugeChunk: boolean };

export class MemoryQueryable implements Queryable {
  readonly #series = new Map<string, Series>();

  /** Samples of a series must come in time order; one that is not later than the last is ignored. */
  append(labels: Labels, timestampMs: number, sample: number | FloatHistogram, startTimestampMs = 0): void {
    const key = labels.key();
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, columns: new SampleColumns(16), previous: null, isGaugeChunk: false };
      this.#series.set(key, series);
    }
    const { columns } = series;
    if (columns.length > 0 && timestampMs <= (columns.timestamps[columns.length - 1] ?? 0)) return;
    if (typeof sample === 'number') {
      columns.pushFloat(timestampMs, sample);
      series.previous = null;
    } else {
      columns.pushHistogram(timestampMs, withChunkHint(series, sample));
      series.previous = sample;
    }
    columns.setStart(startTimestampMs);
  }

  clear(): void {
    this.#series.clear();
  }

  // oxlint-disable-next-line require-yield -- it has nothing to pause for
  *select(matchers: readonly Matcher[], { fromMs, toMs }: SelectRange): Generator<number, SelectedSeries> {
    const selected = [...this.#series.values()].filter(({ labels, columns }) => {
      const first = columns.timestamps[0] ?? Infinity;
      const last = columns.timestamps[columns.length - 1] ?? -Infinity;
      return first <= toMs && last >= fromMs && matchesLabels(matchers, labels);
    });
    selected.sort((a, b) => a.labels.compare(b.labels));
    const at = (index: number): Series => {
      const series = selected[index];
      if (series === undefined) throw new Error(`BUG: no series ${index}`);
      return series;
    };
    return {
      count: selected.length,
      labels: (index) => at(index).labels,
      read: (index, into) => {
        copyRange(at(index).columns, into, fromMs, toMs);
        return true;
      },
      readOn: () => true,
      close: () => {},
    };
  }
}

function copyRange(from: SampleColumns, into: SampleColumns, fromMs: number, toMs: number): void {
  into.clear();
  for (let i = 0; i < from.length; i++) {
    const timestampMs = from.timestamps[i] ?? 0;
    if (timestampMs < fromMs || timestampMs > toMs) continue;
    const histogram = from.histograms?.[i] ?? null;
    if (histogram === null) into.pushFloat(timestampMs, from.values[i] ?? 0);
    else into.pushHistogram(timestampMs, histogram);
    into.setStart(from.startTimestamps?.[i] ?? 0);
  }
}

/**
 * What Prometheus' store tells a query about a counter reset (tsdb/chunkenc float_histogram.go): within a chunk there is
 * none; a chunk starts where one may be, but it is not told that there was (prometheus/prometheus issue 15346).
 */
function withChunkHint(series: Series, h: FloatHistogram): FloatHistogram {
  const { previous } = series;
  const isGauge = h.counterResetHint === 'gauge';
  const continuesChunk = previous !== null && series.isGaugeChunk === isGauge;
  series.isGaugeChunk = isGauge;
  if (isGauge) return h;
  if (!continuesChunk || h.counterResetHint === 'reset') return withHint(h, 'unknown');
  if (isStale(h.sum)) return withHint(h, 'not_reset');
  const isSameLayout =
    h.schema === previous.schema && h.zeroThreshold === previous.zeroThreshold && sameNumbers(h.customValues, previous.customValues);
  const isContinued = !isStale(previous.sum) && isSameLayout && !isReset(withHint(h, 'unknown'), previous);
  return withHint(h, isContinued ? 'not_reset' : 'unknown');
}
