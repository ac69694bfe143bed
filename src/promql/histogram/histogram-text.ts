/** Text of a native histogram as Prometheus prints it: the value that count_values writes into a label. */
import { goFormatG } from '../../lib/go-float.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import { HistogramBuckets } from './histogram-buckets.ts';

const buckets = new HistogramBuckets();

/** `{count:3, sum:4, [-1,-0.5):1, (0.5,1]:2}` */
export function printHistogram(h: FloatHistogram): string {
  const parts = [`count:${goFormatG(h.count)}, sum:${goFormatG(h.sum)}`];
  buckets.fill(h, true);
  for (let i = 0; i < buckets.length; i++) {
    if (buckets.count(i) === 0) continue;
    const open = buckets.isLowerInclusive(i) ? '[' : '(';
    const close = buckets.isUpperInclusive(i) ? ']' : ')';
    parts.push(`${open}${goFormatG(buckets.lower(i))},${goFormatG(buckets.upper(i))}${close}:${goFormatG(buckets.count(i))}`);
  }
  return `{${parts.join(', ')}}`;
}
