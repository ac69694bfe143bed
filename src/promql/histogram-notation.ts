/**
 * A native histogram in the notation of series descriptions: `{{schema:1 count:3 sum:4 offset:-1 buckets:[1 0 2]}}`.
 * Prometheus' FloatHistogram.TestExpression. The notation knows one span of buckets, so gaps show as zeros.
 */
import { goFormatG } from '../lib/go-float.ts';
import { type BucketCounts, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../model/histogram.ts';

export function printHistogramNotation(h: FloatHistogram): string {
  const parts = [
    h.schema === 0 ? '' : `schema:${h.schema}`,
    printNumber('count', h.count),
    printNumber('sum', h.sum),
    printNumber('z_bucket', h.zeroCount),
    printNumber('z_bucket_w', h.zeroThreshold),
    h.schema === CUSTOM_BUCKETS_SCHEMA ? `custom_values:${printList(h.customValues)}` : '',
    h.counterResetHint === 'unknown' ? '' : `counter_reset_hint:${h.counterResetHint}`,
    ...printBuckets({ offset: 'offset', buckets: 'buckets' }, h.positiveSpans, h.positiveBuckets),
    ...printBuckets({ offset: 'n_offset', buckets: 'n_buckets' }, h.negativeSpans, h.negativeBuckets),
  ];
  return `{{${parts.filter((part) => part !== '').join(' ')}}}`;
}

const printNumber = (key: string, value: number): string => (value === 0 ? '' : `${key}:${goFormatG(value)}`);
const printList = (values: readonly number[]): string => `[${values.map(goFormatG).join(' ')}]`;

/** A wider histogram could be written down only as far as this. */
const BUCKETS_SHOWN_MAX = 10_000;

function printBuckets(
  keys: { readonly offset: string; readonly buckets: string },
  spans: readonly Span[],
  buckets: BucketCounts,
): string[] {
  const dense: number[] = [];
  let first: number | null = null;
  let index = 0;
  let next = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      const count = buckets[next++] ?? 0;
      if (count === 0) continue;
      first ??= index;
      while (dense.length < index - first && dense.length < BUCKETS_SHOWN_MAX) dense.push(0);
      if (dense.length < BUCKETS_SHOWN_MAX) dense.push(count);
    }
  }
  if (first === null) return [];
  return [first === 0 ? '' : `${keys.offset}:${first}`, `${keys.buckets}:${printList(dense)}`];
}
