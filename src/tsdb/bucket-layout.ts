/**
 * Which buckets a native histogram has: spans as wire formats write them, and the bucket indexes they stand for.
 * Widening a layout is needed where samples of one chunk have different buckets (prometheus/tsdb/chunkenc, "recode").
 */
import type { Span } from '../model/histogram.ts';

export function bucketCount(spans: readonly Span[]): number {
  let count = 0;
  for (const span of spans) count += span.length;
  return count;
}

/** The index of each bucket, ascending: a span's offset counts from the end of the span before. */
export function bucketIndexes(spans: readonly Span[]): number[] {
  const indexes: number[] = [];
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let i = 0; i < length; i++) indexes.push(next++);
  }
  return indexes;
}

export function spansOf(indexes: readonly number[]): Span[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

export function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((span, i) => span.offset === b[i]!.offset && span.length === b[i]!.length);
}

/** Ascending union of two ascending lists. */
export function mergeIndexes(a: readonly number[], b: readonly number[]): number[] {
  const merged: number[] = [];
  let j = 0;
  for (const index of a) {
    while (j < b.length && b[j]! < index) merged.push(b[j++]!);
    if (b[j] === index) j++;
    merged.push(index);
  }
  while (j < b.length) merged.push(b[j++]!);
  return merged;
}

/** The values of buckets `from` laid out over the buckets `to`, which hold all of `from`; 0 where `from` has none. */
export function spreadBuckets(values: readonly number[], from: readonly number[], to: readonly number[]): number[] {
  let i = 0;
  return to.map((index) => (from[i] === index ? (values[i++] ?? 0) : 0));
}
