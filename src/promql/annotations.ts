/**
 * Warnings and infos that an evaluation collects, with Prometheus' texts (prometheus/util/annotations). Equal texts are
 * kept once, at the position seen last; two kinds add up what they saw, at the position seen first. The position in the query
 * is appended at the end.
 */
import { goFormatG } from '../lib/go-float.ts';
import { goQuote } from '../lib/go-quote.ts';
import { formatFloat } from '../lib/go-strconv.ts';
import type { Span } from './ast.ts';

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';

type Kind = 'warning' | 'info';
/** Buckets whose counts had to be forced to rise. */
type Forced = { minBucket: number; maxBucket: number; maxDiff: number; samples: number; fromMs: number; toMs: number };
type Entry = { readonly kind: Kind; readonly text: string; span: Span; forced: Forced | null; overlaps: number };

const QUANTILE_DOCS = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';

const forMetric = (name: string): string => (name === '' ? '' : ` for metric name ${goQuote(name)}`);

export class Annotations {
  readonly #entries = new Map<string, Entry>();

  #add(kind: Kind, text: string, span: Span): void {
    this.#entry(kind, text, span).span = span;
  }

  /** The one with this text; a new one stands at `span`. */
  #entry(kind: Kind, text: string, span: Span): Entry {
    let entry = this.#entries.get(text);
    if (entry === undefined) this.#entries.set(text, (entry = { kind, text, span, forced: null, overlaps: 0 }));
    return entry;
  }

  invalidQuantile(q: number, span: Span): void {
    this.#add('warning', `quantile value should be between 0 and 1, got ${goFormatG(q)}`, span);
  }

  invalidRatio(ratio: number, capped: number, span: Span): void {
    this.#add('warning', `ratio value should be between -1 and 1, got ${goFormatG(ratio)}, capping to ${goFormatG(capped)}`, span);
  }

  badBucketLabel(metricName: string, label: string, span: Span): void {
    const text = `bucket label "le" is missing or has a malformed value of ${goQuote(label)}${forMetric(metricName)}`;
    this.#add('warning', text, span);
  }

  mixedFloatsHistograms(metricName: string, span: Span): void {
    this.#add('warning', `encountered a mix of histograms and floats for metric name ${goQuote(metricName)}`, span);
  }

  mixedFloatsHistogramsInAggregation(span: Span): void {
    this.#add('warning', 'encountered a mix of histograms and floats for aggregation', span);
  }

  mixedClassicNativeHistograms(metricName: string, span: Span): void {
    this.#add('warning', `vector contains a mix of classic and native histograms${forMetric(metricName)}`, span);
  }

  notCounter(metricName: string, span: Span): void {
    this.#add('warning', `this native histogram metric is not a counter: ${goQuote(metricName)}`, span);
  }

  notGauge(metricName: string, span: Span): void {
    this.#add('warning', `this native histogram metric is not a gauge: ${goQuote(metricName)}`, span);
  }

  mixedExponentialCustom(metricName: string, span: Span): void {
    const text = 'vector contains a mix of histograms with exponential and custom buckets schemas for metric name';
    this.#add('warning', `${text} ${goQuote(metricName)}`, span);
  }

  incompatibleBucketLayout(op: string, span: Span): void {
    this.#add('warning', `incompatible bucket layout encountered for binary operator ${op}`, span);
  }

  sortInRangeQuery(span: Span): void {
    this.#add('warning', 'sort is ineffective for range queries since results are always ordered by labels', span);
  }

  counterResetCollision(operation: HistogramOperation, span: Span): void {
    this.#add('warning', `conflicting counter resets during histogram ${operation}`, span);
  }

  /** Counted: how many series it concerns is part of the text. */
  startTimeOverlap(metricName: string, span: Span): void {
    const text = `sample has start time that overlaps with previous sample timestamp for metric ${goQuote(metricName)}`;
    this.#entry('warning', text, span).overlaps++;
  }

  possibleNonCounter(metricName: string, span: Span): void {
    const text = 'metric might not be a counter, name does not end in _total/_sum/_count/_bucket:';
    this.#add('info', `${text} ${goQuote(metricName)}`, span);
  }

  possibleNonCounterType(metricName: string, type: string, span: Span): void {
    const text = 'metric might not be a counter, __type__ label is not set to "counter" or "histogram", got';
    this.#add('info', `${text} ${goQuote(type)}: ${goQuote(metricName)}`, span);
  }

  forcedMonotonicity(metricName: string, span: Span, atMs: number, forced: Pick<Forced, 'minBucket' | 'maxBucket' | 'maxDiff'>): void {
    const text = `input to histogram_quantile needed to be fixed for monotonicity (see ${QUANTILE_DOCS})${forMetric(metricName)}`;
    const entry = this.#entry('info', text, span);
    const sum = (entry.forced ??= { minBucket: Infinity, maxBucket: -Infinity, maxDiff: 0, samples: 0, fromMs: atMs, toMs: atMs });
    sum.minBucket = Math.min(sum.minBucket, forced.minBucket);
    sum.maxBucket = Math.max(sum.maxBucket, forced.maxBucket);
    sum.maxDiff = Math.max(sum.maxDiff, forced.maxDiff);
    sum.samples++;
    sum.fromMs = Math.min(sum.fromMs, atMs);
    sum.toMs = Math.max(sum.toMs, atMs);
  }

  incompatibleTypes(lhs: 'float' | 'histogram', op: string, rhs: 'float' | 'histogram', span: Span): void {
    this.#add('info', `incompatible sample types encountered for binary operator ${goQuote(op)}: ${lhs} ${op} ${rhs}`, span);
  }

  histogramIgnoredInAggregation(op: string, span: Span): void {
    this.#add('info', `ignored histogram in ${op} aggregation`, span);
  }

  histogramIgnoredInMixedRange(metricName: string, span: Span): void {
    const text = 'ignored histograms in a range containing both floats and histograms for metric name';
    this.#add('info', `${text} ${goQuote(metricName)}`, span);
  }

  quantileIsNaN(metricName: string, span: Span): void {
    this.#add('info', `input to histogram_quantile has NaN observations, result is NaN${forMetric(metricName)}`, span);
  }

  quantileIsSkewed(metricName: string, span: Span): void {
    this.#add('info', `input to histogram_quantile has NaN observations, result is skewed higher${forMetric(metricName)}`, span);
  }

  fractionExcludesNaN(metricName: string, span: Span): void {
    const text = 'input to histogram_fraction has NaN observations, which are excluded from all fractions';
    this.#add('info', `${text}${forMetric(metricName)}`, span);
  }

  boundsReconciled(operation: HistogramOperation, span: Span): void {
    this.#add('info', `mismatched custom buckets were reconciled during ${operation}`, span);
  }

  /** `PromQL warning: … (line:col)`; positions are looked up in the text of the query. */
  print(kind: Kind, query: string): string[] {
    const texts: string[] = [];
    // There may be one for each metric that a call is about, at one place.
    const places = new Map<number, string>();
    for (const entry of this.#entries.values()) {
      if (entry.kind !== kind) continue;
      const { start } = entry.span;
      let place = places.get(start);
      if (place === undefined) places.set(start, (place = lineAndColumn(query, start)));
      texts.push(`PromQL ${kind}: ${entry.text}${detail(entry)} (${place})`);
    }
    return texts;
  }
}

function detail({ forced, overlaps }: Entry): string {
  if (overlaps > 1) return ` (${overlaps} occurrences)`;
  if (forced === null) return '';
  const { minBucket, maxBucket, maxDiff, samples, fromMs, toMs } = forced;
  const buckets = `from buckets ${goFormatG(minBucket)} to ${goFormatG(maxBucket)}`;
  const diff = formatFloat(maxDiff, 'g', 2);
  return `, ${buckets}, with a max diff of ${diff}, over ${samples} samples from ${rfc3339(fromMs)} to ${rfc3339(toMs)}`;
}

/** Whole seconds, cut towards zero as Go divides. */
const rfc3339 = (ms: number): string => new Date(Math.trunc(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');

const encoder = new TextEncoder();

/** Both 1-based; columns count bytes. */
function lineAndColumn(query: string, offset: number): string {
  if (query === '') return 'unknown position';
  const bytes = encoder.encode(query);
  if (offset < 0 || offset > bytes.length) return 'invalid position';
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < offset; i++) {
    if (bytes[i] === 0x0a) {
      line++;
      lineStart = i + 1;
    }
  }
  return `${line}:${offset - lineStart + 1}`;
}
