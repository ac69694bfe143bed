import { expect, test } from 'vitest';
import { inKnownResolution } from './bucket-layout.ts';
import type { FloatHistogram } from './histogram.ts';

const FINE: FloatHistogram = {
  counterResetHint: 'unknown',
  schema: 9,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 15,
  sum: 20,
  positiveSpans: [{ offset: -1, length: 3 }],
  negativeSpans: [{ offset: 2, length: 1 }],
  positiveBuckets: [1, 2, 4],
  negativeBuckets: [8],
  customValues: [],
};

test('buckets of a finer resolution are added up', () => {
  expect(inKnownResolution(FINE)).toEqual({
    ...FINE,
    schema: 8,
    positiveSpans: [{ offset: 0, length: 2 }],
    negativeSpans: [{ offset: 1, length: 1 }],
    positiveBuckets: [3, 4],
    negativeBuckets: [8],
  });
});
