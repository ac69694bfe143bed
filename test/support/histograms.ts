/** Native histograms that tests of several rooms begin with. */
import type { FloatHistogram } from '../../src/model/histogram.ts';

export const EMPTY_HISTOGRAM: FloatHistogram = {
  counterResetHint: 'unknown',
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: [],
  negativeBuckets: [],
  customValues: [],
};

/** Both sides, an empty bucket among the others, and counts that add up. */
export const EXPONENTIAL_HISTOGRAM: FloatHistogram = {
  ...EMPTY_HISTOGRAM,
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 19,
  sum: 18.4,
  positiveSpans: [
    { offset: -3, length: 2 },
    { offset: 1, length: 2 },
  ],
  negativeSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: [1, 2, 0, 4],
  negativeBuckets: [4, 6],
};
