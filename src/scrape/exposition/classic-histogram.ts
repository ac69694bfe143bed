/** Collects the cumulative buckets, count and sum of a classic histogram and makes a native one with custom buckets of them. */
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../../model/histogram.ts';

type Bucket = { readonly le: number; readonly count: number };

/** Runs of empty buckets up to this length stay inside a span where all counts are whole numbers. */
const EMPTY_BUCKETS_MAX = 2;
/** More are not collected: buckets out of order cost as many moves as there are buckets. */
const BUCKETS_MAX = 10_000;

export class ClassicHistogram {
  /** By le, rising; counts never fall. */
  readonly #buckets: Bucket[] = [];
  #count: number | null = null;
  #sum = 0;
  /** Something given cannot be part of a histogram. */
  #isBroken = false;

  setBucket(le: number, count: number): void {
    const buckets = this.#buckets;
    let at = buckets.length;
    while (at > 0 && (buckets[at - 1]?.le ?? 0) >= le) at--;
    if (buckets[at]?.le === le) return; // the first of two wins
    const below = buckets[at - 1]?.count ?? 0;
    const above = buckets[at]?.count ?? Number.POSITIVE_INFINITY;
    if (!(count >= below && count <= above) || buckets.length === BUCKETS_MAX) this.#isBroken = true;
    else buckets.splice(at, 0, { le, count });
  }

  setCount(count: number): void {
    if (count < 0) this.#isBroken = true;
    else this.#count = count;
  }

  setSum(sum: number): void {
    this.#sum = sum;
  }

  /** Null when the parts contradict each other. */
  convert(): FloatHistogram | null {
    if (this.#isBroken) return null;
    const buckets = [...this.#buckets];
    const count = this.#count ?? buckets.at(-1)?.count ?? 0;
    if (buckets.at(-1)?.le !== Number.POSITIVE_INFINITY) buckets.push({ le: Number.POSITIVE_INFINITY, count });
    if (buckets.at(-1)?.count !== count || buckets[0]?.le === Number.NEGATIVE_INFINITY) return null;
    const counts = buckets.map((bucket, i) => bucket.count - (buckets[i - 1]?.count ?? 0));
    if (counts.some((own) => !(own >= 0))) return null;
    const isWhole = buckets.every((bucket) => Number.isInteger(bucket.count));
    return {
      counterResetHint: 'unknown',
      schema: CUSTOM_BUCKETS_SCHEMA,
      zeroThreshold: 0,
      zeroCount: 0,
      count,
      sum: this.#sum,
      ...compacted(counts, isWhole ? EMPTY_BUCKETS_MAX : 0),
      negativeSpans: [],
      negativeBuckets: [],
      customValues: buckets.slice(0, -1).map(({ le }) => le),
    };
  }
}

/** Leaves out leading and trailing empty buckets, and runs of more than `emptyMax` between. */
function compacted(counts: readonly number[], emptyMax: number): Pick<FloatHistogram, 'positiveSpans' | 'positiveBuckets'> {
  const spans: Span[] = [];
  const kept: number[] = [];
  let end = 0; // of the last span
  counts.forEach((count, i) => {
    if (count === 0) return;
    const last = spans.at(-1);
    if (last === undefined || i - end > emptyMax) {
      spans.push({ offset: i - end, length: 1 });
      kept.push(count);
    } else {
      spans[spans.length - 1] = { offset: last.offset, length: last.length + i - end + 1 };
      kept.push(...counts.slice(end, i + 1));
    }
    end = i + 1;
  });
  return { positiveSpans: spans, positiveBuckets: kept };
}
