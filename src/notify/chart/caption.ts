/** A chart in words, for whoever sees no pictures. */
import { formatTime, timeFromUnixMs } from '../../lib/go-time.ts';
import { siNumber } from '../../lib/si-number.ts';
import type { AlertChart } from '../../model/alert-chart.ts';
import { truncateRunes } from '../../template/truncate.ts';
import { latestValue } from './latest-value.ts';

const QUERY_RUNES_MAX = 120;
const DAY_MS = 86_400_000;

/** `atMs`: for when the words are; older than a day, an instant comes with its date. */
export function chartCaption(chart: AlertChart, atMs: number): string {
  const { series, threshold } = chart;
  const latest = series.map(({ values }) => latestValue(values)).filter((value) => value !== null);
  const values =
    latest.length === 0
      ? 'no value now'
      : latest.length === 1 || Math.min(...latest) === Math.max(...latest)
        ? `now ${siNumber(latest[0] ?? 0)}`
        : `now ${siNumber(Math.min(...latest))} to ${siNumber(Math.max(...latest))}`;
  const limit = threshold === null ? null : latestValue(threshold.values);
  const parts = [values, ...(limit === null ? [] : [`threshold ${siNumber(limit)}`]), state(chart, atMs)];
  return `${truncateRunes(chart.query, QUERY_RUNES_MAX).text}: ${parts.join(', ')}`;
}

function state({ series }: AlertChart, atMs: number): string {
  const firing = series.filter(({ firesUntilMs }) => firesUntilMs === null);
  if (firing.length > 0) return `firing since ${instant(Math.min(...firing.map(({ firesFromMs }) => firesFromMs)), atMs)}`;
  const from = Math.min(...series.map(({ firesFromMs }) => firesFromMs));
  return `fired from ${instant(from, atMs)} to ${instant(Math.max(...series.map(({ firesUntilMs }) => firesUntilMs ?? atMs)), atMs)}`;
}

const instant = (ms: number, atMs: number): string =>
  `${formatTime(timeFromUnixMs(ms), atMs - ms < DAY_MS ? '15:04' : '2006-01-02 15:04')} UTC`;
