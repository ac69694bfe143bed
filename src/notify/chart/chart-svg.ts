/**
 * Draws a chart as SVG, small enough for a telephone and made to be scaled: 480 wide, large letters. Series have
 * colours that the colour-blind tell apart (Okabe and Ito, 2008), those of a second round dashes. The threshold is a red
 * dashed line with its value, the time of firing a shade that begins at a line with its instant. On white whatever the
 * mail program's theme is.
 */
import { escapeMarkup } from '../../lib/escape-markup.ts';
import { formatTime, timeFromUnixMs } from '../../lib/go-time.ts';
import { firstRunes, runeCount } from '../../lib/runes.ts';
import { siNumber } from '../../lib/si-number.ts';
import { timeTicks, valueTicks } from '../../lib/ticks.ts';
import type { AlertChart, ChartSeries } from '../../model/alert-chart.ts';
import { truncateRunes } from '../../template/truncate.ts';
import { latestValue } from './latest-value.ts';

export type ChartDrawing = { readonly svg: string; readonly widthPx: number; readonly heightPx: number };

const WIDTH = 480;
const MARGIN = 12;
const FONT_PX = 14;
/** Of DejaVu Sans, on the average of what stands in labels and queries. */
const LETTER_PX = FONT_PX * 0.62;
const LINE_PX = 20;
const TITLE_LINES_MAX = 2;
const PLOT_HEIGHT = 180;

const INK = '#1f2328';
const FAINT = '#59636e';
const GRID = '#e3e6ea';
const ALARM = '#b3261e';
const COLORS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9'] as const;

export function chartSvg(chart: AlertChart): ChartDrawing {
  const title = wrapped(chart.query);
  const legend = legendOf(chart);
  const range = valueRange(chart);
  const ticks = valueTicks(range.min, range.max, 4);
  const tickWidth = Math.max(...ticks.map((tick) => siNumber(tick).length)) * LETTER_PX;
  const left = MARGIN + Math.ceil(tickWidth) + 6;
  const plot: Plot = {
    left,
    right: WIDTH - MARGIN,
    top: MARGIN + title.length * LINE_PX + LINE_PX + 4,
    bottom: MARGIN + title.length * LINE_PX + LINE_PX + 4 + PLOT_HEIGHT,
    ...range,
    fromMs: chart.fromMs,
    toMs: chart.fromMs + chart.stepMs * (stepsOf(chart) - 1),
  };
  const legendTop = plot.bottom + 2 * LINE_PX + 8;
  const heightPx = legend.length === 0 ? plot.bottom + LINE_PX + 14 : legendTop + legend.length * LINE_PX - 6;
  const { shade, begin } = firing(chart, plot);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${heightPx}" viewBox="0 0 ${WIDTH} ${heightPx}" font-family="DejaVu Sans, sans-serif" font-size="${FONT_PX}">`,
    `<rect width="${WIDTH}" height="${heightPx}" fill="#ffffff"/>`,
    ...title.map((line, i) => text(line, { x: MARGIN, y: MARGIN + 14 + i * LINE_PX, fill: INK })),
    ...shade,
    ...valueAxis(ticks, plot),
    ...timeAxis(plot),
    ...begin,
    ...chart.series.map((series, i) => line(series.values, strokeOf(i), chart, plot)).toReversed(),
    ...threshold(chart, plot),
    ...legend.map((row, i) => legendRow(row, i, legendTop + i * LINE_PX)),
    '</svg>',
  ];
  return { svg: parts.join('\n'), widthPx: WIDTH, heightPx };
}

type Plot = {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly min: number;
  readonly max: number;
  readonly fromMs: number;
  readonly toMs: number;
};

const stepsOf = ({ series, threshold }: AlertChart): number =>
  Math.max(2, ...series.map(({ values }) => values.length), threshold?.values.length ?? 0);

const xOf = (ms: number, { left, right, fromMs, toMs }: Plot): number =>
  round(left + ((right - left) * (Math.min(Math.max(ms, fromMs), toMs) - fromMs)) / (toMs - fromMs));
const yOf = (value: number, { top, bottom, min, max }: Plot): number => round(bottom - ((bottom - top) * (value - min)) / (max - min));
const round = (px: number): number => Math.round(px * 10) / 10;

/** Of all that is drawn, with some air; down to zero where that is not far. */
function valueRange({ series, threshold: limit }: AlertChart): { readonly min: number; readonly max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const values of [...series.map((one) => one.values), ...(limit === null ? [] : [limit.values])])
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  if (min > max) return { min: 0, max: 1 };
  if (min === max) {
    const air = Math.abs(min) * 0.5 || 1;
    return { min: min > 0 ? Math.max(0, min - air) : min - air, max: max + air };
  }
  const air = (max - min) * 0.08;
  const isNearZero = min >= 0 && min < max / 2;
  return { min: isNearZero ? 0 : min - air, max: max <= 0 && max > min / 2 ? 0 : max + air };
}

function valueAxis(ticks: readonly number[], plot: Plot): readonly string[] {
  return ticks.flatMap((tick) => {
    const y = yOf(tick, plot);
    return [
      `<path d="M${plot.left} ${y}H${plot.right}" stroke="${GRID}"/>`,
      text(siNumber(tick), { x: plot.left - 6, y: y + 5, fill: FAINT, anchor: 'end' }),
    ];
  });
}

function timeAxis(plot: Plot): readonly string[] {
  const ticks = timeTicks(plot.fromMs, plot.toMs, 6).filter((ms) => xOf(ms, plot) > plot.left + 20 && xOf(ms, plot) < plot.right - 60);
  return [
    `<path d="M${plot.left} ${plot.bottom}H${plot.right}" stroke="${FAINT}"/>`,
    ...ticks.flatMap((ms) => {
      const x = xOf(ms, plot);
      return [
        `<path d="M${x} ${plot.bottom}v5" stroke="${FAINT}"/>`,
        text(clockTime(ms), { x, y: plot.bottom + LINE_PX, fill: FAINT, anchor: 'middle' }),
      ];
    }),
    text('UTC', { x: plot.right, y: plot.bottom + LINE_PX, fill: FAINT, anchor: 'end' }),
  ];
}

/** What lies under the axes, and what lies over them. */
function firing({ series }: AlertChart, plot: Plot): { readonly shade: readonly string[]; readonly begin: readonly string[] } {
  const from = Math.min(...series.map(({ firesFromMs }) => firesFromMs));
  const isOver = series.every(({ firesUntilMs }) => firesUntilMs !== null);
  const until = isOver ? Math.max(...series.map(({ firesUntilMs }) => firesUntilMs ?? plot.toMs)) : plot.toMs;
  if (until <= plot.fromMs || from > plot.toMs) return { shade: [], begin: [] };
  const [left, right] = [xOf(from, plot), xOf(until, plot)];
  const shade = `<rect x="${left}" y="${plot.top}" width="${round(right - left)}" height="${plot.bottom - plot.top}" fill="${ALARM}" fill-opacity="0.08"/>`;
  if (from < plot.fromMs) return { shade: [shade], begin: [] };
  const label = isOver ? `fired ${clockTime(from)}–${clockTime(until)}` : `firing from ${clockTime(from)}`;
  const fits = left + label.length * LETTER_PX < plot.right;
  return {
    shade: [shade],
    begin: [
      `<path d="M${left} ${plot.top}V${plot.bottom}" stroke="${ALARM}" stroke-width="1.5"/>`,
      text(label, { x: fits ? left : plot.right, y: plot.top - 6, fill: ALARM, anchor: fits ? 'start' : 'end' }),
    ],
  };
}

function threshold({ threshold: limit, stepMs }: AlertChart, plot: Plot): readonly string[] {
  if (limit === null) return [];
  const latest = latestValue(limit.values);
  const stroke = { color: ALARM, dash: '7 5', width: 2 };
  const path = line(limit.values, stroke, { fromMs: plot.fromMs, stepMs }, plot);
  if (latest === null || !Number.isFinite(latest)) return [path];
  // On the side where the values are well, and within the picture.
  const below = limit.op.startsWith('>') && yOf(latest, plot) + 20 < plot.bottom;
  const y = yOf(latest, plot) + (below || yOf(latest, plot) - plot.top < 16 ? 17 : -7);
  return [path, text(`${limit.op} ${siNumber(latest)}`, { x: plot.left + 6, y, fill: ALARM, isOnLines: true })];
}

type Stroke = { readonly color: string; readonly dash: string | null; readonly width: number };

const strokeOf = (index: number): Stroke => ({
  color: COLORS[index % COLORS.length] ?? INK,
  dash: index < COLORS.length ? null : '3 3',
  width: 2.5,
});

/** A line with gaps where there is no value; a value alone is a dot. */
function line(values: Float64Array, stroke: Stroke, { fromMs, stepMs }: Pick<AlertChart, 'fromMs' | 'stepMs'>, plot: Plot): string {
  let path = '';
  let isDown = false;
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      isDown = false;
      return;
    }
    const at = `${xOf(fromMs + i * stepMs, plot)} ${yOf(value, plot)}`;
    path += isDown ? `L${at}` : `M${at}${Number.isFinite(values[i + 1] ?? Number.NaN) ? '' : 'h0'}`;
    isDown = true;
  });
  const dash = stroke.dash === null ? '' : ` stroke-dasharray="${stroke.dash}"`;
  return `<path d="${path}" fill="none" stroke="${stroke.color}" stroke-width="${stroke.width}" stroke-linejoin="round" stroke-linecap="round"${dash}/>`;
}

type LegendRow = { readonly label: string; readonly value: string; readonly isSeries: boolean };

/** One series needs none: the alert below says which it is. */
function legendOf({ series, omitted }: AlertChart): readonly LegendRow[] {
  if (series.length < 2 && omitted === 0) return [];
  const names = distinguishing(series);
  const rows = series.map(({ labels, values }): LegendRow => {
    const latest = latestValue(values);
    return {
      label: names.map((name) => labels[name] ?? '–').join(' · '),
      value: latest === null ? '–' : siNumber(latest),
      isSeries: true,
    };
  });
  return omitted === 0 ? rows : [...rows, { label: `and ${omitted} more`, value: '', isSeries: false }];
}

function legendRow({ label, value, isSeries }: LegendRow, index: number, y: number): string {
  const { color, dash, width } = strokeOf(index);
  const dashes = dash === null ? '' : ` stroke-dasharray="${dash}"`;
  const room = Math.floor((WIDTH - 2 * MARGIN - 40 - value.length * LETTER_PX) / LETTER_PX);
  return [
    isSeries ? `<path d="M${MARGIN} ${y - 5}h22" stroke="${color}" stroke-width="${width + 1}"${dashes}/>` : '',
    text(truncateRunes(label, room).text, { x: MARGIN + 30, y, fill: isSeries ? INK : FAINT }),
    text(value, { x: WIDTH - MARGIN, y, fill: INK, anchor: 'end' }),
  ].join('');
}

/** Labels by which the series differ. */
function distinguishing(series: readonly ChartSeries[]): readonly string[] {
  const names = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
  return [...names].sort().filter((name) => new Set(series.map(({ labels }) => labels[name])).size > 1);
}

const clockTime = (ms: number): string => formatTime(timeFromUnixMs(ms), '15:04');

function wrapped(query: string): readonly string[] {
  const lettersMax = Math.floor((WIDTH - 2 * MARGIN) / LETTER_PX);
  const { text: shown } = truncateRunes(query.replace(/\s+/g, ' '), lettersMax * TITLE_LINES_MAX);
  const lines: string[] = [];
  let rest = shown;
  while (runeCount(rest) > lettersMax) {
    const head = firstRunes(rest, lettersMax);
    lines.push(head);
    rest = rest.slice(head.length);
  }
  return [...lines, rest];
}

type TextStyle = {
  readonly x: number;
  readonly y: number;
  readonly fill: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** A white edge keeps it readable. */
  readonly isOnLines?: boolean;
};

function text(content: string, { x, y, fill, anchor = 'start', isOnLines = false }: TextStyle): string {
  const edge = isOnLines ? ' stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' : '';
  return `<text x="${round(x)}" y="${round(y)}" fill="${fill}" text-anchor="${anchor}"${edge}>${escapeMarkup(content)}</text>`;
}
