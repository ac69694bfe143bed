import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketIndexes, spansOf } from '../../model/bucket-layout.ts';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, type Span } from '../../model/histogram.ts';
import { exponentialBound } from './bucket-bounds.ts';
import { isReset } from './counter-reset.ts';
import { HistogramBuckets } from './histogram-buckets.ts';
import { add, compact, draftOf, equalHistograms, HistogramSum, subtract } from './histogram-draft.ts';
import { nativeFraction, nativeQuantile } from './histogram-quantile.ts';
import { printHistogram } from './histogram-text.ts';
import { trimHistogram } from './histogram-trim.ts';

/** Whole counts, so that sums are exact. */
const counts = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 100 })), { maxLength: 8 });

function side(pairs: readonly (readonly [index: number, count: number])[]) {
  const sorted = [...new Map(pairs)].sort(([a], [b]) => a - b);
  return { spans: spansOf(sorted.map(([index]) => index)), buckets: sorted.map(([, count]) => count) };
}

const exponential: fc.Arbitrary<FloatHistogram> = fc
  .record({
    schema: fc.integer({ min: -2, max: 3 }),
    positive: counts,
    negative: counts,
    zero: fc.integer({ min: 0, max: 9 }),
    threshold: fc.constantFrom(0, 2 ** -100),
  })
  .map(({ schema, positive, negative, zero, threshold }) => {
    const p = side(positive);
    const n = side(negative);
    const zeroCount = threshold === 0 ? 0 : zero; // a bucket of no width has no quantiles
    return {
      counterResetHint: 'unknown',
      schema,
      zeroThreshold: threshold,
      zeroCount,
      count: zeroCount + [...p.buckets, ...n.buckets].reduce((a, b) => a + b, 0),
      sum: 1,
      positiveSpans: p.spans,
      negativeSpans: n.spans,
      positiveBuckets: p.buckets,
      negativeBuckets: n.buckets,
      customValues: [],
    };
  });

const custom = (bounds: readonly number[], buckets: readonly number[]): FloatHistogram => ({
  counterResetHint: 'unknown',
  schema: CUSTOM_BUCKETS_SCHEMA,
  zeroThreshold: 0,
  zeroCount: 0,
  count: buckets.reduce((a, b) => a + b, 0),
  sum: 1,
  positiveSpans: [{ offset: 0, length: buckets.length }],
  negativeSpans: [],
  positiveBuckets: buckets,
  negativeBuckets: [],
  customValues: bounds,
});

const total = (h: FloatHistogram): number => {
  const buckets = new HistogramBuckets().fill(h);
  let sum = 0;
  for (let i = 0; i < buckets.length; i++) sum += buckets.count(i);
  return sum;
};

describe('arithmetic', () => {
  test('addition keeps every observation, whatever the layouts, in either order', () => {
    fc.assert(
      fc.property(exponential, exponential, (a, b) => {
        const left = draftOf(a);
        const right = draftOf(b);
        add(left, b);
        add(right, a);
        expect(total(left)).toBe(total(a) + total(b));
        expect(equalHistograms(compact(left), compact(right))).toBe(true);
      }),
    );
  });

  test('what was added can be taken away again', () => {
    fc.assert(
      fc.property(exponential, exponential, (a, b) => {
        const sum = draftOf(a);
        add(sum, b);
        subtract(sum, b);
        expect(total(sum)).toBe(total(a));
        expect(sum.count).toBe(a.count);
      }),
    );
  });

  test('Kahan sums of small whole numbers are plain sums', () => {
    fc.assert(
      fc.property(fc.array(exponential, { minLength: 1, maxLength: 5 }), (all) => {
        const [first, ...rest] = all;
        if (first === undefined) return;
        const plain = draftOf(first);
        const kahan = new HistogramSum(draftOf(first));
        for (const h of rest) {
          add(plain, h);
          kahan.add(h);
        }
        expect(equalHistograms(compact(kahan.total()), compact(plain))).toBe(true);
      }),
    );
  });

  test('a Kahan sum keeps what is lost where buckets of a finer schema fall together', () => {
    const finer = { ...draftOf(custom([], [])), schema: 1, positiveSpans: [{ offset: 1, length: 2 }], positiveBuckets: [1e16, 1] };
    for (const first of [[], [1e17]]) {
      const coarse = { ...finer, schema: 0, positiveSpans: spansOf(first.map(() => 1)), positiveBuckets: first };
      const kahan = new HistogramSum(draftOf(coarse));
      kahan.add(finer);
      expect([...(kahan.compensation?.positiveBuckets ?? [])]).toEqual([1]);
    }
  });

  test('a Kahan sum keeps what is lost where buckets fall into a wider zero bucket', () => {
    const narrow = { ...draftOf(custom([], [])), schema: 0, positiveSpans: [{ offset: 1, length: 2 }], positiveBuckets: [1e16, 1] };
    for (const [first, second] of [
      [{ ...narrow, zeroThreshold: 4, positiveSpans: [], positiveBuckets: [] }, narrow],
      [narrow, { ...narrow, zeroThreshold: 4, positiveSpans: [], positiveBuckets: [] }],
    ] as const) {
      const kahan = new HistogramSum(draftOf(first));
      kahan.add(second);
      expect([kahan.value.zeroCount, kahan.compensation?.zeroCount]).toEqual([1e16, 1]);
    }
  });

  test('exponential and custom buckets do not mix', () => {
    expect(add(draftOf(custom([1], [1])), draftOf({ ...custom([], [1]), schema: 0 }))).toBe(null);
  });

  test('different custom bounds are reconciled to those in common', () => {
    const sum = draftOf(custom([1, 2, 5], [1, 2, 3, 4]));
    expect(add(sum, custom([2, 4], [10, 20, 30]))).toEqual({ hintsCollide: false, boundsReconciled: true });
    expect(sum).toMatchObject({ customValues: [2], positiveBuckets: [13, 57], positiveSpans: [{ offset: 0, length: 2 }] });
  });

  test('hints: a gauge stays one, a reset beside none is a collision', () => {
    const one = custom([1], [1]);
    const sum = draftOf({ ...one, counterResetHint: 'reset' });
    expect(add(sum, { ...one, counterResetHint: 'not_reset' })).toEqual({ hintsCollide: true, boundsReconciled: false });
    expect(sum.counterResetHint).toBe('unknown');
    add(sum, { ...one, counterResetHint: 'gauge' });
    expect(sum.counterResetHint).toBe('gauge');
  });
});

/** Spans as they may come: empty ones and adjacent ones among them; half of the buckets are empty. */
const sparse = fc
  .array(fc.tuple(fc.nat(2), fc.nat(3)), { maxLength: 2000, size: 'max' })
  .chain((spans) =>
    fc.record({
      first: fc.integer({ min: -9, max: 9 }),
      spans: fc.constant(spans.map(([offset, length]): Span => ({ offset, length }))),
      buckets: fc.infiniteStream(fc.constantFrom(0, -0, 0, 1, -1, Number.NaN)).map((counts) => {
        const length = spans.reduce((sum, [, one]) => sum + one, 0);
        return Array.from({ length }, () => counts.next().value ?? 0);
      }),
    }),
  )
  .map(({ first, spans, buckets }) => ({ spans: spans.map((span, i) => (i === 0 ? { ...span, offset: first } : span)), buckets }));

describe('compaction', () => {
  test('leaves the buckets that count something where they are, in the fewest spans', () => {
    fc.assert(
      fc.property(sparse, sparse, (positive, negative) => {
        const h = compact(
          draftOf({
            ...custom([], []),
            schema: 0,
            positiveSpans: positive.spans,
            positiveBuckets: positive.buckets,
            negativeSpans: negative.spans,
            negativeBuckets: negative.buckets,
          }),
        );
        for (const [given, spans, buckets] of [
          [positive, h.positiveSpans, h.positiveBuckets],
          [negative, h.negativeSpans, h.negativeBuckets],
        ] as const) {
          const used = [...bucketIndexes(given.spans)]
            .map((index, i) => ({ index, count: given.buckets[i] }))
            .filter(({ count }) => count !== 0);
          expect([...bucketIndexes(spans)].map((index, i) => ({ index, count: buckets[i] }))).toEqual(used);
          expect(spans.every(({ offset, length }, i) => length > 0 && (i === 0 || offset > 0))).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  test.each([1024, 1025, 40_000])('a sum of %d spans is equal to the histogram that has no other buckets', (spans) => {
    const of = (buckets: readonly number[]): FloatHistogram => ({ ...custom([], buckets), schema: 0 });
    const sum = draftOf(of(Array.from({ length: 2 * spans }, (_, i) => (i % 2 === 0 ? 5 : 3))));
    subtract(sum, of(Array.from({ length: 2 * spans }, (_, i) => (i % 2 === 0 ? 2 : 3))));
    const expected: FloatHistogram = {
      ...of(new Array<number>(spans).fill(3)),
      sum: 0,
      positiveSpans: Array.from({ length: spans }, (_, i) => ({ offset: i === 0 ? 0 : 1, length: 1 })),
    };
    expect(equalHistograms(compact(sum), expected)).toBe(true);
  });
});

describe('counter resets', () => {
  test('a histogram that has grown was not reset, one that has shrunk was', () => {
    fc.assert(
      fc.property(exponential, exponential, (before, more) => {
        const now = draftOf(before);
        add(now, more);
        expect(isReset(now, before)).toBe(false);
        if (more.count > 0) expect(isReset(before, now)).toBe(true);
      }),
    );
  });

  test('a hint decides', () => {
    const h = custom([1], [5]);
    expect(isReset({ ...h, counterResetHint: 'reset' }, h)).toBe(true);
    expect(isReset({ ...custom([1], [1]), counterResetHint: 'not_reset' }, h)).toBe(false);
  });
});

test('a fraction is the inverse of a quantile', () => {
  fc.assert(
    fc.property(exponential, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (h, q) => {
      if (h.count === 0) return;
      const value = nativeQuantile(q, h);
      // Inside a bucket it is exact; at a bound, empty buckets beside it leave room.
      expect(nativeFraction(-Infinity, value, h)).toBeCloseTo(q, 6);
    }),
  );
});

test('trimming twice at the same value changes nothing more', () => {
  fc.assert(
    fc.property(exponential, fc.double({ min: -8, max: 8, noNaN: true }), fc.constantFrom('below', 'above'), (h, at, keep) => {
      const once = trimHistogram(h, at, keep);
      expect(total(once)).toBeLessThanOrEqual(total(h) + 1e-9);
    }),
  );
});

test.each([
  [0, 0, 1],
  [1, 0, 2],
  [1, 1, Math.SQRT2 - 2.220446049250313e-16],
  [-1, -2, 2 ** -4],
  [1024, 0, Number.MAX_VALUE],
  [1025, 0, Infinity],
  [-1073, 0, 2 ** -1073],
  [64, -4, Number.MAX_VALUE],
])('bucket %d of schema %d ends at %d', (index, schema, bound) => {
  expect(exponentialBound(index, schema)).toBe(bound);
});

test('is printed with its populated buckets', () => {
  const h: FloatHistogram = { ...custom([], [2, 0, 1]), schema: 0, zeroCount: 1, zeroThreshold: 0.5, count: 4, sum: 2.5 };
  expect(printHistogram(h)).toBe('{count:4, sum:2.5, [-0.5,0.5]:1, (0.5,1]:2, (2,4]:1}');
  expect(printHistogram({ ...h, zeroThreshold: 0.75 })).toBe('{count:4, sum:2.5, [-0.75,0.75]:1, (0.5,1]:2, (2,4]:1}');
  expect(printHistogram({ ...h, zeroCount: -1 })).toBe('{count:4, sum:2.5, [-0.5,0.5]:-1, (0.5,1]:2, (2,4]:1}');
});
