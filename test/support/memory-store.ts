/** An AppendStore in plain maps: what was committed, by series, in the order of commits. Knows no blocks and no WAL. */
import type { FloatHistogram } from '../../src/model/histogram.ts';
import type { Labels } from '../../src/model/labels.ts';
import { isStale } from '../../src/model/sample.ts';
import type { Appender, AppendStore, AppendVerdict, SeriesRef } from '../../src/model/storage.ts';

export type StoredSample = {
  readonly at: number;
  readonly value: number | 'stale' | FloatHistogram;
  readonly startMs?: number;
};
type Series = { readonly labels: Labels; readonly ref: SeriesRef; readonly samples: StoredSample[] };

export class MemoryStore implements AppendStore {
  readonly #byLabels = new Map<string, Series>();
  readonly #byRef = new Map<SeriesRef, Series>();
  #lastRef = 0;
  commits = 0;
  rollbacks = 0;
  /** Thrown by the next commits while it is set. */
  commitError: Error | null = null;

  appender(): Appender {
    let isDone = false;
    const finish = (): void => {
      if (isDone) throw new Error('BUG: the batch was committed or rolled back before');
      isDone = true;
    };
    const batch: { readonly series: Series; sample: StoredSample }[] = [];
    const add = (ref: SeriesRef, at: number, value: number | FloatHistogram): AppendVerdict => {
      const series = this.#byRef.get(ref);
      if (series === undefined) return 'unknown_ref';
      const pending = batch.findLast((one) => one.series === series)?.sample;
      const last = pending ?? series.samples.at(-1);
      const stored = typeof value === 'number' && isStale(value) ? 'stale' : value;
      if (last !== undefined && at < last.at) return 'out_of_order';
      if (last !== undefined && at === last.at) return Object.is(last.value, stored) ? 'ok' : 'duplicate';
      batch.push({ series, sample: { at, value: stored } });
      return 'ok';
    };
    return {
      series: (labels) => this.#series(labels).ref,
      append: add,
      appendHistogram: add,
      startTimestamp: (startMs) => {
        const last = batch.at(-1);
        if (last !== undefined) last.sample = { ...last.sample, startMs };
      },
      commit: () => {
        finish();
        if (this.commitError !== null) throw this.commitError;
        for (const { series, sample } of batch) series.samples.push(sample);
        this.commits++;
      },
      rollback: () => {
        finish();
        this.rollbacks++;
        batch.length = 0;
      },
    };
  }

  /** As a head that drops idle series: refs handed out before mean nothing any more; the samples stay readable. */
  dropRefs(): void {
    this.#byRef.clear();
    for (const [key, series] of this.#byLabels) {
      const ref = ++this.#lastRef as SeriesRef;
      const moved = { ...series, ref };
      this.#byLabels.set(key, moved);
      this.#byRef.set(ref, moved);
    }
  }

  /** Samples by the printed labels of their series. */
  samples(): Readonly<Record<string, readonly StoredSample[]>> {
    const all = [...this.#byLabels.values()].filter(({ samples }) => samples.length > 0);
    return Object.fromEntries(all.map(({ labels, samples }) => [labels.toString(), samples]));
  }

  #series(labels: Labels): Series {
    const key = labels.key();
    const known = this.#byLabels.get(key);
    if (known !== undefined) return known;
    const series = { labels, ref: ++this.#lastRef as SeriesRef, samples: [] };
    this.#byLabels.set(key, series);
    this.#byRef.set(series.ref, series);
    return series;
  }
}
