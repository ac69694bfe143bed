import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FloatHistogram } from '../model/histogram.ts';
import { isStale } from '../model/sample.ts';
import { printHistogramNotation } from './histogram-notation.ts';
import { formatParseError } from './parse-error.ts';
import { type SequenceRun, sequenceLength, sequenceValues } from './sequence.ts';
import { parseMetric, parseSeriesDescription } from './series-description.ts';

function runsOf(values: string): readonly SequenceRun[] {
  const result = parseSeriesDescription(`x ${values}`);
  if ('runs' in result) return result.runs;
  throw new Error(result.errors[0]?.message);
}

const errorOf = (text: string): string => {
  const result = parseSeriesDescription(text);
  return 'errors' in result && result.errors[0] !== undefined ? formatParseError(text, result.errors[0]) : 'no error';
};

/** Values as short texts. */
const spelledOut = (values: string): readonly string[] =>
  Array.from(sequenceValues(runsOf(values)), (value) => {
    if (value.kind === 'omitted') return '_';
    if (value.kind === 'histogram') return printHistogramNotation(value.histogram);
    return isStale(value.value) ? 'stale' : String(value.value);
  });

test.each([
  ['', []],
  ['1 -2 +3 Inf -Inf NaN', ['1', '-2', '3', 'Infinity', '-Infinity', 'NaN']],
  ['1 _ 2', ['1', '_', '2']],
  ['_x3 5', ['_', '_', '_', '5']],
  ['5x2', ['5', '5', '5']],
  ['1+2x3', ['1', '3', '5', '7']],
  ['-3-10x2 7', ['-3', '-13', '-23', '7']],
  ['1-1x0', ['1']],
  ['stale', ['stale']],
  ['{{}}x1', ['{{}}', '{{}}']],
  ['{{sum:1}}+{{sum:2}}x2', ['{{sum:1}}', '{{sum:3}}', '{{sum:5}}']],
  ['{{ }} {{sum:4}}-{{sum:1}}x1', ['{{}}', '{{sum:4}}', '{{sum:3}}']],
  // What is no number is passed over behind the first of a list.
  ['{{buckets:[1 2x3 4]}}', ['{{buckets:[1 2 4]}}']],
  ['{{buckets:[1x-1 2 ]}}', ['{{buckets:[1 2]}}']],
  [
    '{{schema:-53 custom_values:[1 2.5] buckets:[0 3] counter_reset_hint:gauge}}',
    ['{{schema:-53 custom_values:[1 2.5] counter_reset_hint:gauge offset:1 buckets:[3]}}'],
  ],
])('%s stands for %j', (values, spelled) => {
  expect(spelledOut(values)).toEqual(spelled);
  expect(sequenceLength(runsOf(values))).toBe(spelled.length);
});

test('floats add up step by step', () => {
  const values = spelledOut('0+0.1x3');
  expect(values).toEqual(['0', '0.1', '0.2', String(0.1 + 0.1 + 0.1)]);
});

test('a run longer than memory costs nothing until it is spelled out', () => {
  expect(sequenceLength(runsOf('1+1x9999999999999 _x5'))).toBe(10_000_000_000_005);
});

test('a hint that was given is told from the default', () => {
  expect(runsOf('{{counter_reset_hint:unknown}} {{}}')).toMatchObject([
    { isHintGiven: true, histogram: { counterResetHint: 'unknown' } },
    { isHintGiven: false, histogram: { counterResetHint: 'unknown' } },
  ]);
});

describe('labels', () => {
  test.each([
    ['foo', { __name__: 'foo' }],
    ['foo{b="2", a="1",}', { __name__: 'foo', a: '1', b: '2' }],
    ['{"foo.bar", "a.b"="c"}', { __name__: 'foo.bar', 'a.b': 'c' }],
    ['{}', {}],
    ['', {}],
  ])('%s is %j', (text, labels) => {
    const metric = parseMetric(text);
    const series = parseSeriesDescription(text === '' ? '' : `${text} 1`);
    expect('labels' in metric && { ...metric.labels.toRecord() }).toEqual(labels);
    expect('labels' in series && { ...series.labels.toRecord() }).toEqual(labels);
  });

  test.each([
    ['foo{a}', '1:6: parse error: unexpected "}" in label set, expected "="'],
    ['foo{a="1" b="2"}', '1:11: parse error: unexpected identifier "b" in label set, expected "," or "}"'],
    ['foo{a=~"1"}', '1:6: parse error: unexpected <op:=~> in label set, expected "="'],
    ['foo 5', '1:5: parse error: unexpected number "5"'],
  ])('%s is no metric: %s', (text, message) => {
    const result = parseMetric(text);
    expect('errors' in result && result.errors[0] && formatParseError(text, result.errors[0])).toBe(message);
  });
});

test.each([
  ['x 1 a', '1:5: parse error: unexpected identifier "a" in series values, expected number or "stale"'],
  ['x 1+1', '1:6: parse error: unexpected end of input in series values'],
  ['x 1-1 2', '1:6: parse error: unexpected " " in series values'],
  ['x 1x1.5', '1:5: parse error: invalid repetition in series values: strconv.ParseUint: parsing "1.5": invalid syntax'],
  ['x 1 ü', "1:5: parse error: unexpected character in series sequence: 'ü'"],
  ['x {{sum:1', "1:10: parse error: histogram description incomplete unexpected: '\ufffd'"],
  ['x {{sum}}', '1:5: parse error: missing `:` for histogram descriptor'],
  ['x {{ sum:1}}', '1:6: parse error: unexpected "<Item 57370>" "sum" in series values'],
  [
    'x {{sum:1 5}}',
    '1:11: parse error: unexpected number "5" in histogram description, expected histogram description key, e.g. buckets:[5 10 7]',
  ],
  ['x {{buckets:[x 1]}}', '1:14: parse error: unexpected "x " in series values'],
  ['x {{buckets:[1x {]}}', "1:17: parse error: invalid character in buckets description: '{'"],
  ['x {{sum:1 sum:2}}', '1:1: parse error: duplicate key "sum" in histogram'],
  ['x {{schema:1}}+{{schema:0}}x2', '1:29: parse error: error combining histograms: cannot merge from schema 0 to 1'],
  [
    'x {{schema:-53}}+{{schema:0}}x2',
    '1:31: parse error: cannot apply this operation on histograms with a mix of exponential and custom bucket schemas',
  ],
])('%s: %s', (text, message) => {
  expect(errorOf(text)).toBe(message);
});

test('nothing throws', () => {
  const words = fc.constantFrom(
    ...'x {} { } {{ }} {{sum:1}} schema:1 buckets:[1 [ ] : - + 1 x3 _ stale " " = Inf a="b" # ü'.split(' '),
    ' ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(words).map((parts) => parts.join('')),
      ),
      (text) => {
        parseSeriesDescription(text);
        parseMetric(text);
      },
    ),
    { numRuns: 1000 },
  );
});

const spanOf = (offset: number, { length }: readonly number[]) => (length === 0 ? [] : [{ offset, length }]);

test('what is printed reads back', () => {
  const count = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat()).map((value) => value + 0);
  const buckets = fc.array(count, { maxLength: 4 }).map((list) => (list[0] === 0 || list.at(-1) === 0 ? [] : list));
  const histogram = fc
    .record({
      counterResetHint: fc.constantFrom<FloatHistogram['counterResetHint']>('unknown', 'reset', 'not_reset', 'gauge'),
      schema: fc.constantFrom(-4, 0, 3, 8),
      zeroThreshold: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      zeroCount: count,
      count,
      sum: count,
      positiveBuckets: buckets,
      negativeBuckets: buckets,
      offsets: fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })),
    })
    .map(({ offsets: [positive, negative], ...rest }): FloatHistogram => {
      return {
        ...rest,
        positiveSpans: spanOf(positive, rest.positiveBuckets),
        negativeSpans: spanOf(negative, rest.negativeBuckets),
        customValues: [],
      };
    });
  fc.assert(
    fc.property(histogram, (histogram) => {
      expect(runsOf(printHistogramNotation(histogram))).toEqual([
        { kind: 'histogram', histogram, step: null, isHintGiven: histogram.counterResetHint !== 'unknown', count: 1 },
      ]);
    }),
  );
});

test('buckets far apart are written down only so far', () => {
  const histogram = runsOf('{{buckets:[1]}}')[0];
  if (histogram?.kind !== 'histogram') throw new Error('no histogram');
  const spans = [
    { offset: 0, length: 1 },
    { offset: 2_000_000_000, length: 1 },
  ];
  expect(printHistogramNotation({ ...histogram.histogram, positiveSpans: spans, positiveBuckets: [1, 1] }).length).toBeLessThan(30_000);
});
