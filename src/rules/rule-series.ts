/**
 * The series that one rule writes. It remembers what it wrote last, so that a series which the next evaluation does not
 * give ends with a stale marker; an evaluation that fails writes nothing and ends nothing. prometheus/rules/group.go Eval.
 * Hot path: one append per series and evaluation, by a ref that is asked for once.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import { STALE_NAN } from '../model/sample.ts';
import type { Appender, AppendStore, AppendVerdict, SeriesRef } from '../model/storage.ts';
import type { UnixMs } from '../model/time.ts';

/** One series; its writer keeps it as long as it writes it. */
export type RuleSeries = { readonly labels: Labels; ref: SeriesRef | null; writtenIn: number };
export const ruleSeries = (labels: Labels): RuleSeries => ({ labels, ref: null, writtenIn: 0 });

export type RuleSample = { readonly series: RuleSeries; readonly value: number; readonly histogram: FloatHistogram | null };

const VERDICTS: Readonly<Record<Exclude<AppendVerdict, 'ok'>, string>> = {
  out_of_order: 'out of order sample',
  duplicate: 'duplicate sample for timestamp',
  out_of_bounds: 'out of bounds',
  unknown_ref: 'unknown series',
};

export class SeriesWriter {
  readonly #store: AppendStore;
  #last: readonly RuleSeries[] = [];
  #round = 0;

  constructor(store: AppendStore) {
    this.#store = store;
  }

  /** Nothing was written that could end. */
  get isIdle(): boolean {
    return this.#last.length === 0;
  }

  /** Takes over what another one wrote: it ends unless this one writes it. */
  inherit(from: SeriesWriter): void {
    this.#last = [...this.#last, ...from.#last];
    from.#last = [];
  }

  /** Writes one evaluation's result; null, or why a sample was not stored. Throws when the store cannot write. */
  write(samples: readonly RuleSample[], at: UnixMs): string | null {
    if (samples.length === 0 && this.#last.length === 0) return null;
    const appender = this.#store.appender(this);
    const round = ++this.#round;
    const written: RuleSeries[] = [];
    let refused: string | null = null;
    try {
      for (const { series, value, histogram } of samples) {
        const verdict = append(appender, series, at, value, histogram);
        // Also where the store refused it: another rule writes it, or wrote it for a later time.
        series.writtenIn = round;
        if (verdict === 'ok') written.push(series);
        else refused ??= `${VERDICTS[verdict]}: ${series.labels.toString()}`;
      }
      const keys = this.#last.some((series) => series.writtenIn !== round) ? new Set(written.map(({ labels }) => labels.key())) : null;
      // Two of them may have the same labels: what a reload brought, and what this rule made anew.
      for (const series of this.#last)
        if (series.writtenIn !== round && keys?.has(series.labels.key()) === false) append(appender, series, at, STALE_NAN, null);
    } catch (error) {
      appender.rollback();
      throw error;
    }
    appender.commit();
    this.#last = written;
    return refused;
  }

  /** Ends all that was written. What others have written since, at `at` or later, goes on. */
  end(at: UnixMs): void {
    this.write([], at);
  }
}

function append(appender: Appender, series: RuleSeries, at: UnixMs, value: number, histogram: FloatHistogram | null): AppendVerdict {
  series.ref ??= appender.series(series.labels);
  const verdict = appendTo(appender, series.ref, at, value, histogram);
  if (verdict !== 'unknown_ref') return verdict;
  series.ref = appender.series(series.labels); // the head dropped it meanwhile
  return appendTo(appender, series.ref, at, value, histogram);
}

const appendTo = (appender: Appender, ref: SeriesRef, at: UnixMs, value: number, histogram: FloatHistogram | null): AppendVerdict =>
  histogram === null ? appender.append(ref, at, value) : appender.appendHistogram(ref, at, histogram);
