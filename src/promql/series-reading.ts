/**
 * Reads what a selection gave in parts, as the histograms of a series are large: they are counted as they come, and others
 * get their turn in between.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import { isStale, type SampleColumns } from '../model/sample.ts';
import type { Evaluation } from './evaluation.ts';
import { histogramsWeight } from './histogram/histogram-draft.ts';
import { statsOf } from './range-window.ts';
import type { Selection } from './selection.ts';

/** A bucket takes longer to decode than to compute with. */
const READ_WORK = 2;

/**
 * After `selection.read(index)` gave histograms: the rest of the series. `found`: samples of results that are not held yet.
 * `statsOnly`: buckets are not needed.
 */
export function* readOn(
  evaluation: Evaluation,
  selection: Selection,
  index: number,
  columns: SampleColumns,
  found: number,
  statsOnly: boolean,
): Generator<void, void> {
  let weight = 0;
  let previous: FloatHistogram | null = null;
  for (let from = 0; ; ) {
    const { histograms, length } = columns;
    if (histograms !== null) {
      const read = histogramsWeight(histograms, from, length);
      evaluation.readHistograms(found + weight + read);
      if (statsOnly && (selection.isPartial || from > 0)) {
        for (let i = from; i < length; i++) {
          const histogram = histograms[i] ?? null;
          if (histogram === null || isStale(histogram.sum)) continue;
          histograms[i] = statsOf(histogram, previous);
          previous = histogram;
        }
        weight += histogramsWeight(histograms, from, length);
      } else weight += read;
      if (evaluation.isSliceOver(read * READ_WORK)) yield;
    }
    if (!selection.isPartial) return;
    from = length;
    selection.readOn(index);
  }
}
