import { expect, test } from 'vitest';
import { EXPONENTIAL_HISTOGRAM } from '../../test/support/histograms.ts';
import type { FloatHistogram } from './histogram.ts';
import { histogramFault } from './histogram-validation.ts';

const custom: FloatHistogram = {
  ...EXPONENTIAL_HISTOGRAM,
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 7,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [],
  positiveBuckets: [1, 2, 4],
  negativeBuckets: [],
  customValues: [-1, 0.5],
};
const empty: FloatHistogram = {
  ...EXPONENTIAL_HISTOGRAM,
  count: 0,
  zeroCount: 0,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: [],
  negativeBuckets: [],
};

type Case = { readonly given: string; readonly histogram: FloatHistogram; readonly isInteger?: boolean };

test.each<Case>([
  { given: 'exponential buckets', histogram: EXPONENTIAL_HISTOGRAM },
  { given: 'custom buckets', histogram: custom },
  { given: 'custom buckets from -Inf on', histogram: { ...custom, customValues: [Number.NEGATIVE_INFINITY, 0.5] } },
  { given: 'custom buckets with more bounds than are in use', histogram: { ...custom, customValues: [1, 2, 3, 4] } },
  { given: 'no buckets', histogram: empty },
  { given: 'spans without length', histogram: { ...empty, positiveSpans: [{ offset: 0, length: 0 }] } },
  { given: 'the coarsest schema', histogram: { ...EXPONENTIAL_HISTOGRAM, schema: -4 } },
  { given: 'the finest schema, which is read coarser', histogram: { ...EXPONENTIAL_HISTOGRAM, schema: 52 } },
  { given: 'an observed NaN', histogram: { ...EXPONENTIAL_HISTOGRAM, sum: Number.NaN, count: 20 } },
  { given: 'a count that numbers cannot add up to exactly', histogram: { ...EXPONENTIAL_HISTOGRAM, count: 2 ** 53 + 2 } },
  { given: 'floats that do not add up', histogram: { ...EXPONENTIAL_HISTOGRAM, count: 19.5 }, isInteger: false },
  {
    given: 'floats that are not numbers',
    histogram: { ...EXPONENTIAL_HISTOGRAM, count: Number.NaN, positiveBuckets: [Number.NaN, 2, 0, 4] },
    isInteger: false,
  },
])('stored: $given', ({ histogram, isInteger = true }) => {
  expect(histogramFault(histogram, isInteger)).toBe(null);
});

test.each<Case & { readonly fault: string }>([
  {
    given: 'a schema too coarse',
    histogram: { ...EXPONENTIAL_HISTOGRAM, schema: -5 },
    fault:
      'histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema -5',
  },
  {
    given: 'a schema too fine',
    histogram: { ...EXPONENTIAL_HISTOGRAM, schema: 53 },
    fault:
      'histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema 53',
  },
  {
    given: 'fewer buckets than spans',
    histogram: { ...EXPONENTIAL_HISTOGRAM, positiveBuckets: [1, 2] },
    fault: 'positive side: spans need 4 buckets, have 2 buckets: histogram spans specify different number of buckets than provided',
  },
  {
    given: 'more buckets than spans',
    histogram: { ...EXPONENTIAL_HISTOGRAM, negativeSpans: [] },
    fault: 'negative side: spans need 0 buckets, have 2 buckets: histogram spans specify different number of buckets than provided',
  },
  {
    given: 'a span that needs more buckets than fit into memory',
    histogram: { ...empty, positiveSpans: [{ offset: 0, length: 2 ** 31 - 1 }] },
    fault:
      'positive side: spans need 2147483647 buckets, have 0 buckets: histogram spans specify different number of buckets than provided',
  },
  {
    given: 'a span before the one before',
    histogram: {
      ...EXPONENTIAL_HISTOGRAM,
      positiveSpans: [
        { offset: 5, length: 2 },
        { offset: -2, length: 2 },
      ],
    },
    fault: 'positive side: span number 2 with offset -2: histogram has a span whose offset is negative',
  },
  {
    given: 'indexes beyond what a span can say',
    histogram: {
      ...EXPONENTIAL_HISTOGRAM,
      positiveSpans: [
        { offset: 2 ** 31 - 3, length: 2 },
        { offset: 2 ** 31 - 1, length: 2 },
      ],
    },
    fault: 'positive side: span number 2 with offset 2147483647: bucket indexes take 32 bits',
  },
  {
    given: 'indexes before what a span can say',
    histogram: { ...EXPONENTIAL_HISTOGRAM, positiveSpans: [{ offset: -(2 ** 31) - 1, length: 4 }] },
    fault: 'positive side: span number 1 with offset -2147483649: bucket indexes take 32 bits',
  },
  {
    given: 'a negative bucket',
    histogram: { ...EXPONENTIAL_HISTOGRAM, positiveBuckets: [1, 2, -1, 5] },
    fault: 'positive side: bucket number 3 has observation count of -1: histogram has a bucket whose observation count is negative',
  },
  {
    given: 'a negative bucket on the negative side',
    histogram: { ...EXPONENTIAL_HISTOGRAM, negativeBuckets: [-0.5, 6] },
    isInteger: false,
    fault: 'negative side: bucket number 1 has observation count of -0.5: histogram has a bucket whose observation count is negative',
  },
  {
    given: 'a negative zero bucket',
    histogram: { ...EXPONENTIAL_HISTOGRAM, zeroCount: -2 },
    isInteger: false,
    fault: 'zero bucket has observation count of -2: histogram has a bucket whose observation count is negative',
  },
  {
    given: 'a negative count',
    histogram: { ...EXPONENTIAL_HISTOGRAM, count: -1 },
    isInteger: false,
    fault: "observation count is -1: histogram's observation count is negative",
  },
  {
    given: 'a count above its buckets',
    histogram: { ...EXPONENTIAL_HISTOGRAM, count: 20 },
    fault:
      "19 observations found in buckets, but the Count field is 20: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)",
  },
  {
    given: 'a count below its buckets, with an observed NaN',
    histogram: { ...EXPONENTIAL_HISTOGRAM, sum: Number.NaN, count: 18 },
    fault:
      "19 observations found in buckets, but the Count field is 18: histogram's observation count should be at least the number of observations found in the buckets",
  },
  {
    given: 'custom bounds for exponential buckets',
    histogram: { ...EXPONENTIAL_HISTOGRAM, customValues: [1] },
    fault: 'histogram with exponential schema must not have custom bounds',
  },
  {
    given: 'custom bounds that fall',
    histogram: { ...custom, customValues: [1, 0.5] },
    fault:
      'custom buckets: previous bound is 1.000000 and current is 0.500000: histogram custom bounds must be in strictly increasing order',
  },
  {
    given: 'custom bounds that repeat',
    histogram: { ...custom, customValues: [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY] },
    fault: 'custom buckets: previous bound is -Inf and current is -Inf: histogram custom bounds must be in strictly increasing order',
  },
  {
    given: 'a custom bound of NaN',
    histogram: { ...custom, customValues: [1, Number.NaN] },
    fault: 'custom buckets: histogram custom bounds must not be NaN',
  },
  {
    given: 'a custom bound of +Inf',
    histogram: { ...custom, customValues: [1, Number.POSITIVE_INFINITY] },
    fault: 'custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite',
  },
  {
    given: 'too few custom bounds',
    histogram: { ...custom, customValues: [1] },
    fault:
      'custom buckets: only 1 custom bounds defined which is insufficient to cover total span length of 3: histogram custom bounds are too few',
  },
  {
    given: 'custom buckets before the first',
    histogram: { ...custom, positiveSpans: [{ offset: -1, length: 3 }] },
    fault: 'custom buckets: span number 1 with offset -1: histogram has a span whose offset is negative',
  },
  {
    given: 'fewer custom buckets than spans',
    histogram: { ...custom, positiveBuckets: [7] },
    fault: 'custom buckets: spans need 3 buckets, have 1 buckets: histogram spans specify different number of buckets than provided',
  },
  {
    given: 'a zero bucket among custom ones',
    histogram: { ...custom, zeroCount: 1 },
    fault: 'custom buckets: must have zero count of 0',
  },
  {
    given: 'a zero threshold among custom buckets',
    histogram: { ...custom, zeroThreshold: 0.1 },
    fault: 'custom buckets: must have zero threshold of 0',
  },
  {
    given: 'negative spans of custom buckets',
    histogram: { ...custom, negativeSpans: [{ offset: 0, length: 0 }] },
    fault: 'custom buckets: must not have negative spans',
  },
  {
    given: 'negative custom buckets',
    histogram: { ...custom, negativeBuckets: [1] },
    fault: 'custom buckets: must not have negative buckets',
  },
  {
    given: 'a negative custom bucket',
    histogram: { ...custom, positiveBuckets: [8, -1, 0] },
    fault: 'positive side: bucket number 2 has observation count of -1: histogram has a bucket whose observation count is negative',
  },
])('refused: $given', ({ histogram, isInteger = true, fault }) => {
  expect(histogramFault(histogram, isInteger)).toBe(fault);
});
