import { expect, test } from 'vitest';
import type { AlertChart, ChartSeries } from '../../model/alert-chart.ts';
import { chartCaption } from './caption.ts';
import { chartSvg } from './chart-svg.ts';

/** 2026-01-01T10:00:00Z */
const FROM = 1_767_261_600_000;
const MINUTE = 60_000;
/** An hour in steps of a minute. */
const over = (value: (minute: number) => number): Float64Array => Float64Array.from({ length: 61 }, (_, minute) => value(minute));
const series = (changes: Partial<ChartSeries> = {}): ChartSeries => ({
  labels: { instance: 'a' },
  values: over((minute) => minute),
  firesFromMs: FROM + 45 * MINUTE,
  firesUntilMs: null,
  ...changes,
});
const chart = (changes: Partial<AlertChart> = {}): AlertChart => ({
  query: 'rate(x[5m])',
  fromMs: FROM,
  stepMs: MINUTE,
  series: [series()],
  omitted: 0,
  threshold: { op: '>', values: over(() => 40) },
  ...changes,
});
const NOW = FROM + 60 * MINUTE;

const texts = (given: AlertChart): readonly string[] =>
  [...chartSvg(given).svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text = '']) => text);
const lines = (given: AlertChart): readonly string[] =>
  [...chartSvg(given).svg.matchAll(/<path d="([^"]*)" fill="none"/g)].map(([, path = '']) => path);

test('says what is drawn, where the threshold is, since when it fires, and the scales of both axes', () => {
  expect(texts(chart())).toEqual([
    'rate(x[5m])',
    ...['0', '20', '40', '60'],
    ...['10:15', '10:30', '10:45'],
    'UTC',
    'firing from 10:45',
    '&gt; 40',
  ]);
});

test('draws values where they are: time from left to right, more is higher', () => {
  const [path = ''] = lines(chart({ threshold: null }));
  const points = [...path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  expect(points).toHaveLength(61);
  for (let i = 1; i < points.length; i++) {
    expect(points[i]?.[0]).toBeGreaterThan(points[i - 1]?.[0] ?? 0);
    expect(points[i]?.[1]).toBeLessThan(points[i - 1]?.[1] ?? 0);
  }
});

test.each<{ given: string; values: Float64Array; shape: RegExp }>([
  { given: 'a gap', values: over((minute) => (minute === 30 ? Number.NaN : 1)), shape: /^M[^M]*M[^M]*$/ },
  { given: 'a value alone', values: over((minute) => (minute === 30 ? 1 : Number.NaN)), shape: /^M[\d.]+ [\d.]+h0$/ },
  { given: 'no value', values: over(() => Number.NaN), shape: /^$/ },
  { given: 'infinity', values: over((minute) => (minute > 30 ? Number.POSITIVE_INFINITY : 1)), shape: /^M[\d. L]*$/ },
])('$given breaks the line, not the picture', ({ values, shape }) => {
  const [path] = lines(chart({ series: [series({ values })], threshold: null }));
  expect(path).toMatch(shape);
});

test.each<{ given: string; values: (minute: number) => number }>([
  { given: 'zero for ever', values: () => 0 },
  { given: 'one value for ever', values: () => 7 },
  { given: 'below zero', values: (minute) => -5 - minute },
  { given: 'next to nothing', values: (minute) => minute * 1e-300 },
  { given: 'enormous', values: (minute) => (minute + 1) * 1e300 },
  { given: 'a hair on a mountain', values: (minute) => 1e9 + minute * 1e-6 },
])('$given has an axis, and lies within the picture', ({ values }) => {
  const given = chart({ series: [series({ values: over(values) })], threshold: null });
  const { svg, heightPx } = chartSvg(given);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  for (const [, y = ''] of svg.matchAll(/[ML][\d.]+ ([\d.-]+)/g)) {
    expect(Number(y)).toBeGreaterThanOrEqual(0);
    expect(Number(y)).toBeLessThanOrEqual(heightPx);
  }
});

test('several series have a legend of what tells them apart and their newest values, ten colours and dashes, and a count of the rest', () => {
  const many = Array.from({ length: 10 }, (_, i) => series({ labels: { job: 'api', instance: `web-${i}` }, values: over(() => i) }));
  const given = chart({ series: many, omitted: 3, threshold: null });
  const found = texts(given);
  for (let i = 0; i < 10; i++) expect(found[found.indexOf(`web-${i}`) + 1]).toBe(String(i));
  expect(found).toContain('and 3 more');
  expect(found.join()).not.toContain('api');
  const strokes = [...chartSvg(given).svg.matchAll(/fill="none" (stroke=.*)\/>/g)].map(([, stroke]) => stroke);
  expect(new Set(strokes).size).toBe(10);
});

test('nothing in a label or a query is markup, and long ones are cut', () => {
  const evil = '"><script>alert(1)</script>\u0000';
  const long = 'x'.repeat(300_000);
  const { svg } = chartSvg(chart({ query: evil + long, series: [series(), series({ labels: { instance: evil + long } })] }));
  expect(svg).not.toContain('<script');
  expect(svg).not.toContain('\u0000');
  expect(svg.length).toBeLessThan(10_000);
});

const over30 = { firesFromMs: FROM + 30 * MINUTE, firesUntilMs: FROM + 50 * MINUTE };
test.each<{ given: string; chart: Partial<AlertChart>; caption: string }>([
  { given: 'one series', chart: {}, caption: 'rate(x[5m]): now 60, threshold 40, firing since 10:45 UTC' },
  { given: 'no threshold', chart: { threshold: null }, caption: 'rate(x[5m]): now 60, firing since 10:45 UTC' },
  {
    given: 'two series',
    chart: { series: [series({ firesFromMs: FROM + 50 * MINUTE }), series({ values: over(() => 45) })] },
    caption: 'rate(x[5m]): now 45 to 60, threshold 40, firing since 10:45 UTC',
  },
  {
    given: 'one that is over and one that is not',
    chart: { series: [series(over30), series()] },
    caption: 'rate(x[5m]): now 60, threshold 40, firing since 10:45 UTC',
  },
  {
    given: 'all over',
    chart: { series: [series(over30)] },
    caption: 'rate(x[5m]): now 60, threshold 40, fired from 10:30 UTC to 10:50 UTC',
  },
  {
    given: 'values that are gone',
    chart: { series: [series({ values: over((minute) => (minute > 50 ? Number.NaN : 1)) })] },
    caption: 'rate(x[5m]): no value now, threshold 40, firing since 10:45 UTC',
  },
  {
    given: 'one that began the day before yesterday',
    chart: { series: [series({ firesFromMs: FROM - 48 * 60 * MINUTE })] },
    caption: 'rate(x[5m]): now 60, threshold 40, firing since 2025-12-30 10:00 UTC',
  },
])('in words: $given', ({ chart: changes, caption }) => {
  expect(chartCaption(chart(changes), NOW)).toBe(caption);
});

test.each<{ given: string; times: Partial<ChartSeries>; label: string | null }>([
  { given: 'over', times: over30, label: 'fired 10:30–10:50' },
  { given: 'begun before the picture', times: { firesFromMs: FROM - MINUTE }, label: null },
])('an alert that is $given is marked $label', ({ times, label }) => {
  const marks = texts(chart({ series: [series(times)] })).filter((text) => text.startsWith('fir'));
  expect(marks).toEqual(label === null ? [] : [label]);
  expect(chartSvg(chart({ series: [series(times)] })).svg).toContain('fill-opacity="0.08"');
});
