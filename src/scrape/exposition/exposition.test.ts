import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../lib/bytes.ts';
import { chooseFormat } from './content-type.ts';
import { type ExpositionOptions, openParser } from './open-parser.ts';
import type { ExpositionParser } from './parser.ts';
import { openMetricsFloat } from './series-spans.ts';

const PLAIN: ExpositionOptions = {
  typeAndUnitLabels: false,
  startTimestamps: false,
  convertClassicHistogramsToNhcb: false,
  keepClassicHistograms: false,
};
type Format = 'text' | 'openmetrics';
const open = (format: Format, body: string | Uint8Array, options: Partial<ExpositionOptions> = {}): ExpositionParser =>
  openParser(format, typeof body === 'string' ? Buffer.from(body) : body, { ...PLAIN, ...options });

const rawOf = (parser: ExpositionParser): Uint8Array => parser.raw.slice(parser.rawFrom, parser.rawTo);
const sampleOf = (parser: ExpositionParser): unknown => ({
  raw: Buffer.from(rawOf(parser)).toString(),
  value: parser.value,
  at: parser.hasTimestamp ? parser.timestampMs : null,
  pairs: parser.pairs(),
  exemplar: parser.exemplar(),
});

/** Every sample, or the error as the last one. */
function samples(parser: ExpositionParser): unknown[] {
  const all: unknown[] = [];
  for (;;) {
    const entry = parser.next();
    if (entry === 'series') all.push(sampleOf(parser));
    if (entry === 'histogram') all.push({ ...(sampleOf(parser) as object), histogram: parser.histogram() });
    if (entry === 'end') return all;
    if (entry === 'error') return [...all, parser.error];
  }
}

const TEXT = `# HELP a Some \\\\ help\\nin two lines
# TYPE a histogram
a_bucket{le="1"} 1
a_bucket { le = "+Inf" , x="\\"q\\\\\\n" } 2 1700000000000
a_sum 0.30000000000000004
a_count 2
{"utf.8 name", "l.1"="ü"} NaN
no_labels	-Inf
last 17`;
const OPENMETRICS = `# HELP a Some
# TYPE a counter
# UNIT a_seconds seconds
a_total{x="1"} 1 1700000000.123 # {trace="abc"} 0.5 1700000000
a_total{x="2"} 1 # {} 0.5
a_total{x="3"} 1e3
{"utf.8 name","l.1"="ü"} NaN
# EOF
`;

describe('a known series', () => {
  test.each([
    ['text', TEXT],
    ['openmetrics', OPENMETRICS],
  ] as const)('in %s gives what reading it gives', (format, body) => {
    const reading = open(format, body);
    const knowing = open(format, body);
    for (let entry = reading.next(); entry !== 'end'; entry = reading.next()) {
      if (entry === 'series') {
        const key = rawOf(reading);
        expect(knowing.nextKnown(viewOf(key), 0, key.length)).toBe('series');
        expect(sampleOf(knowing)).toEqual(sampleOf(reading));
      } else expect(knowing.next()).toBe(entry);
    }
    expect(knowing.next()).toBe('end');
  });

  test.each([
    ['text', 'up_total 1\n', 'up'],
    ['text', 'up{a="1"} 1\n', 'up'],
    ['text', 'up {a="1"} 1\n', 'up'],
    ['text', 'up', 'up'],
    ['text', 'up{a="1"} 1\n', 'up{a="2"}'],
    ['openmetrics', 'up{a="1"} 1\n', 'up'],
    ['openmetrics', 'up{a="1"}1\n', 'up{a="1"}'],
  ] as const)('in %s, %j does not begin with the series %s, and nothing moves', (format, body, key) => {
    const parser = open(format, body);
    expect(parser.nextKnown(viewOf(Buffer.from(key)), 0, key.length)).toBe(null);
    expect(samples(parser)).toEqual(samples(open(format, body)));
  });

  test.each([
    ['text', 'up{a="1"} x\n'],
    ['text', 'up{a="1"}\n'],
    ['text', 'up{a="1"} 1 -5\n'],
    ['openmetrics', 'up{a="1"} x\n'],
    ['openmetrics', 'up{a="1"} 1 NaN\n'],
  ] as const)('in %s, what follows it in %j is the same error', (format, body) => {
    const parser = open(format, body);
    expect(parser.nextKnown(viewOf(Buffer.from('up{a="1"}')), 0, 9)).toBe('error');
    expect([parser.error]).toEqual(samples(open(format, body)));
  });
});

describe('any input', () => {
  const pieces = fc.constantFrom(
    'a',
    '_total',
    '{',
    '}',
    '"',
    'le="1"',
    '=',
    ',',
    ' ',
    '\n',
    '\t',
    '#',
    '# TYPE a histogram\n',
    '# HELP a b\n',
    '# EOF',
    ' # {a="b"} 1',
    '1',
    '1e9',
    'NaN',
    '\\',
    '\0',
    'ü',
    '\r',
    '_created 5\n',
    'a_count 1\n',
    'a_bucket{le="+Inf"} 1\n',
  );
  const body = fc.oneof(
    fc.array(pieces, { maxLength: 30 }).map((list) => Buffer.from(list.join(''))),
    fc.uint8Array({ maxLength: 40 }),
  );
  test.each(['text', 'openmetrics'] as const)('in %s comes to an end or an error', (format) => {
    fc.assert(
      fc.property(body, fc.boolean(), fc.boolean(), (bytes, startTimestamps, convertClassicHistogramsToNhcb) => {
        const parser = open(format, bytes, { startTimestamps, convertClassicHistogramsToNhcb });
        for (let count = 0; ; count++) {
          expect(count).toBeLessThanOrEqual(3 * bytes.length + 3);
          const entry = parser.next();
          if (entry === 'end' || entry === 'error') break;
          if (entry === 'series' || entry === 'histogram') {
            parser.pairs();
            parser.startTimestamp();
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('an error shows no more than a piece of what it met', () => {
  const parser = open('text', `a{b="${'x'.repeat(1_000_000)}\xff"} y\n`);
  expect(parser.next()).toBe('error');
  expect(parser.error.length).toBeLessThan(2000);
});

test('start timestamps come from the next _created line of the same metric', () => {
  const parser = open(
    'openmetrics',
    '# TYPE a counter\na_total{x="1"} 1\na_created{x="1"} 10.5\na_total{x="2"} 1\na_total{x="3"} 1\na_created{x="3"} 30\n# TYPE b gauge\nb_created 1\n# EOF\n',
    { startTimestamps: true },
  );
  const got: unknown[] = [];
  for (let entry = parser.next(); entry !== 'end'; entry = parser.next()) {
    if (entry === 'series') got.push([Buffer.from(rawOf(parser)).toString(), parser.startTimestamp()]);
  }
  expect(got).toEqual([
    ['a_total{x="1"}', 10_500],
    ['a_total{x="2"}', 0],
    ['a_total{x="3"}', 30_000],
    ['b_created', 0],
  ]);
});

describe('classic histograms as native ones', () => {
  const CLASSIC = `# TYPE h histogram
h_bucket{a="b",le="1"} 1
h_bucket{a="b",le="2"} 1
h_bucket{a="b",le="+Inf"} 3
h_sum{a="b"} 4.5
h_count{a="b"} 3
# TYPE g gauge
g 1
`;
  const histogram = { count: 3, sum: 4.5, customValues: [1, 2], positiveSpans: [{ offset: 0, length: 3 }], positiveBuckets: [1, 0, 2] };

  test('one histogram stands for its series', () => {
    const [first, ...rest] = samples(open('text', CLASSIC, { convertClassicHistogramsToNhcb: true }));
    expect(first).toMatchObject({ raw: 'h{a="b"}', pairs: ['__name__', 'h', 'a', 'b'], histogram });
    expect(rest).toMatchObject([{ raw: 'g' }]);
  });
  test('it comes after them where they are kept', () => {
    const all = samples(open('text', CLASSIC, { convertClassicHistogramsToNhcb: true, keepClassicHistograms: true }));
    expect(all).toMatchObject([{}, {}, {}, {}, { raw: 'h_count{a="b"}' }, { raw: 'h{a="b"}', histogram }, { raw: 'g' }]);
  });
  test.each([
    ['falling counts', 'h_bucket{le="1"} 5\nh_bucket{le="+Inf"} 3\n'],
    ['a count that is not that of +Inf', 'h_bucket{le="+Inf"} 3\nh_count 4\n'],
    ['a negative count', 'h_bucket{le="+Inf"} -3\n'],
  ])('%s make none', (_, series) => {
    expect(samples(open('text', `# TYPE h histogram\n${series}`, { convertClassicHistogramsToNhcb: true }))).toEqual([]);
  });
  test('runs of more than two empty buckets are left out', () => {
    const buckets = [0, 0, 1, 1, 1, 1, 2, 2].map((count, i) => `h_bucket{le="${i}"} ${count}\n`).join('');
    const [got] = samples(open('text', `# TYPE h histogram\n${buckets}h_bucket{le="+Inf"} 2\n`, { convertClassicHistogramsToNhcb: true }));
    expect(got).toMatchObject({
      histogram: {
        positiveSpans: [
          { offset: 2, length: 1 },
          { offset: 3, length: 1 },
        ],
        positiveBuckets: [1, 1],
      },
    });
  });
});

test.each([
  [1, '1.0'],
  [0.5, '0.5'],
  [100_000, '100000.0'],
  [1_000_000, '1e+06'],
  [1.5e-7, '1.5e-07'],
  [0.0001, '0.0001'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [-0, '0.0'],
])('%d as a label value is %s', (value, text) => {
  expect(openMetricsFloat(value)).toBe(text);
});

test.each([
  ['text/plain; version=0.0.4; charset="utf-8";', null, 'text'],
  ['Application/OpenMetrics-Text; version=1.0.0', null, 'openmetrics'],
  ['', 'PrometheusText0.0.4', 'text'],
  ['text/html', null, null],
  ['text/plain; version', null, null],
] as const)('%j with fallback %s is read as %s', (contentType, fallback, format) => {
  expect(chooseFormat(contentType, fallback).format).toBe(format);
});
