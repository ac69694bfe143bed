/**
 * Where the parts of one series lie in the body, and the labels made of them. Values of le (histograms) and quantile
 * (summaries) are written as OpenMetrics writes floats, so that "1" and "1.0" are one series.
 */
import { parseGoFloat } from '../../lib/parse-float.ts';
import { isUtf8 } from '../../lib/utf8.ts';
import { METRIC_NAME } from '../../model/labels.ts';
import { decodeUtf8, unescapeLabel } from './lexemes.ts';
import type { MetricType } from './parser.ts';

/** bytes[from, to) is the series as written. */
export type SeriesText = { readonly bytes: Uint8Array; readonly from: number; readonly to: number };

const UNSET = -1;

export class SeriesSpans {
  nameFrom = UNSET;
  nameTo = UNSET;
  /** Name from, name to, value from, value to, for each label. */
  readonly labels: number[] = [];

  clear(): void {
    this.nameFrom = UNSET;
    this.nameTo = UNSET;
    this.labels.length = 0;
  }

  get hasName(): boolean {
    return this.nameFrom !== UNSET;
  }

  setName(from: number, to: number): void {
    this.nameFrom = from;
    this.nameTo = to;
  }

  /** Name, value, name, value …; `metadata` adds __type__ and __unit__ and drops what the exposition says of them. */
  pairs(
    { bytes, from, to }: SeriesText,
    type: MetricType | null,
    metadata: { readonly unit: string } | null,
  ): string[] | { readonly error: string } {
    const bad = this.#invalidName(bytes);
    if (bad !== null) return { error: `invalid metric name or label names: ${bad}` };
    const text = slicer(bytes, from, to);
    const pairs = [METRIC_NAME, unescapeLabel(text(this.nameFrom, this.nameTo))];
    const hasType = metadata !== null && type !== null && type !== 'unknown';
    const hasUnit = metadata !== null && metadata.unit !== '';
    if (hasType) pairs.push('__type__', type);
    if (hasUnit) pairs.push('__unit__', metadata.unit);
    const { labels } = this;
    for (let i = 0; i < labels.length; i += 4) {
      const name = unescapeLabel(text(labels[i] ?? 0, labels[i + 1] ?? 0));
      const isGiven = metadata !== null && (name === METRIC_NAME || (name === '__type__' && hasType) || (name === '__unit__' && hasUnit));
      if (isGiven) continue;
      const value = unescapeLabel(text(labels[i + 2] ?? 0, labels[i + 3] ?? 0));
      pairs.push(name, normalized(type, name, value));
    }
    return pairs;
  }

  /** Quoted names may hold any bytes; label values were checked while they were read. */
  #invalidName(bytes: Uint8Array): string | null {
    const { labels } = this;
    if (!isUtf8(bytes, this.nameFrom, this.nameTo)) return decodeUtf8(bytes, this.nameFrom, this.nameTo);
    for (let i = 0; i < labels.length; i += 4) {
      if (!isUtf8(bytes, labels[i] ?? 0, labels[i + 1] ?? 0)) return decodeUtf8(bytes, labels[i] ?? 0, labels[i + 1] ?? 0);
    }
    return null;
  }
}

function normalized(type: MetricType | null, name: string, value: string): string {
  const isFloat = (type === 'summary' && name === 'quantile') || (type === 'histogram' && name === 'le');
  if (!isFloat) return value;
  const float = parseGoFloat(value);
  return typeof float === 'number' ? openMetricsFloat(float) : value;
}

/** Go's shortest %g, with .0 added to what would look like an integer (labels.FormatOpenMetricsFloat). */
export function openMetricsFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return '0.0';
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 6) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** Strings of parts of bytes[from, to): decoded once where each byte is a character. */
function slicer(bytes: Uint8Array, from: number, to: number): (from: number, to: number) => string {
  for (let i = from; i < to; i++) if ((bytes[i] as number) >= 0x80) return (partFrom, partTo) => decodeUtf8(bytes, partFrom, partTo);
  const text = decodeUtf8(bytes, from, to);
  return (partFrom, partTo) => text.slice(partFrom - from, partTo - from);
}
