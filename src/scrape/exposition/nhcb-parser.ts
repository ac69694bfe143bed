/**
 * Turns classic histograms into native ones with custom buckets (schema -53), as convert_classic_histograms_to_nhcb
 * asks: wraps another parser, collects the series of one histogram, and gives the histogram out when the next metric
 * begins (prometheus/model/textparse/nhcbparse.go, util/convertnhcb). Only families of TYPE histogram are converted.
 */
import { viewOf } from '../../lib/bytes.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { parseGoFloat } from '../../lib/parse-float.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import { isLegacyLabelName, Labels, METRIC_NAME } from '../../model/labels.ts';
import { ClassicHistogram } from './classic-histogram.ts';
import type { Entry, Exemplar, ExpositionParser, MetricType } from './parser.ts';

/** What is collected of one histogram. */
type Collected = {
  /** Base name and labels without le, equal for all its series. */
  readonly key: string;
  readonly labels: Labels;
  readonly classic: ClassicHistogram;
  readonly exemplars: Exemplar[];
  readonly startMs: number;
  hasTimestamp: boolean;
  timestampMs: number;
};

const encoder = new TextEncoder();

export class NhcbParser implements ExpositionParser {
  readonly #inner: ExpositionParser;
  readonly #keepClassic: boolean;
  readonly #startTimestamps: boolean;
  #family = '';
  #type: MetricType | null = null;
  #collected: Collected | null = null;
  /** The converted histogram that is the current entry. */
  #emitted: { readonly of: Collected; readonly histogram: FloatHistogram; readonly raw: Uint8Array } | null = null;
  /** The inner parser's entry that waits behind it. */
  #waiting: Entry | null = null;

  constructor(inner: ExpositionParser, options: { readonly keepClassic: boolean; readonly startTimestamps: boolean }) {
    this.#inner = inner;
    this.#keepClassic = options.keepClassic;
    this.#startTimestamps = options.startTimestamps;
  }

  get error(): string {
    return this.#inner.error;
  }
  get raw(): Uint8Array {
    return this.#emitted?.raw ?? this.#inner.raw;
  }
  get rawView(): DataView {
    return this.#emitted === null ? this.#inner.rawView : viewOf(this.#emitted.raw);
  }
  get rawFrom(): number {
    return this.#emitted === null ? this.#inner.rawFrom : 0;
  }
  get rawTo(): number {
    return this.#emitted?.raw.length ?? this.#inner.rawTo;
  }
  get value(): number {
    return this.#inner.value;
  }
  get hasTimestamp(): boolean {
    return this.#emitted?.of.hasTimestamp ?? this.#inner.hasTimestamp;
  }
  get timestampMs(): number {
    return this.#emitted?.of.timestampMs ?? this.#inner.timestampMs;
  }

  next(): Entry {
    this.#emitted = null;
    for (;;) {
      const waiting = this.#waiting;
      this.#waiting = null;
      const entry = waiting ?? this.#inner.next();
      if (entry === 'error') return entry;
      const series = entry === 'series' ? this.#classicSeries() : null;
      if (waiting === null && this.#collected !== null && series?.key !== this.#collected.key && this.#emit()) {
        this.#waiting = entry;
        return 'histogram';
      }
      if (entry === 'type') {
        this.#family = this.#inner.family();
        this.#type = this.#inner.metricType();
      }
      if (series === null) return entry;
      this.#collect(series);
      if (this.#keepClassic) return entry;
    }
  }

  nextKnown(keys: DataView, from: number, length: number): Entry | null {
    if (this.#type === 'histogram' || this.#waiting !== null) return null;
    const entry = this.#inner.nextKnown(keys, from, length);
    if (entry !== null) this.#emitted = null;
    return entry;
  }

  pairs(): string[] | { readonly error: string } {
    return this.#emitted === null ? this.#inner.pairs() : [...this.#emitted.of.labels.flat];
  }

  exemplar(): Exemplar | null {
    return this.#emitted === null ? this.#inner.exemplar() : (this.#emitted.of.exemplars.shift() ?? null);
  }

  startTimestamp(): number {
    return this.#emitted === null ? this.#inner.startTimestamp() : this.#emitted.of.startMs;
  }

  histogram(): FloatHistogram {
    return this.#emitted === null ? this.#inner.histogram() : this.#emitted.histogram;
  }

  family(): string {
    return this.#inner.family();
  }
  text(): string {
    return this.#inner.text();
  }
  metricType(): MetricType | null {
    return this.#inner.metricType();
  }

  /** The current series as part of a classic histogram; null when it is none. */
  #classicSeries(): { readonly key: string; readonly labels: Labels; readonly set: (to: ClassicHistogram) => void } | null {
    if (this.#type !== 'histogram') return null;
    const pairs = this.#inner.pairs();
    if ('error' in pairs) return null;
    const exposed = Labels.fromPairs(paired(pairs));
    const name = exposed.get(METRIC_NAME);
    const suffix = ['_bucket', '_sum', '_count'].find((ending) => name === this.#family + ending);
    if (suffix === undefined) return null;
    const { value } = this.#inner;
    const labels = exposed.with([
      [METRIC_NAME, this.#family],
      ['le', ''],
    ]);
    const part = (set: (to: ClassicHistogram) => void) => ({ key: labels.key(), labels, set });
    if (suffix === '_sum') return part((to) => to.setSum(value));
    if (suffix === '_count') return part((to) => to.setCount(value));
    const le = parseGoFloat(exposed.get('le'));
    return typeof le === 'number' && !Number.isNaN(le) ? part((to) => to.setBucket(le, value)) : null;
  }

  #collect(series: { readonly key: string; readonly labels: Labels; readonly set: (to: ClassicHistogram) => void }): void {
    const inner = this.#inner;
    this.#collected ??= {
      key: series.key,
      labels: series.labels,
      classic: new ClassicHistogram(),
      exemplars: [],
      startMs: this.#startTimestamps ? inner.startTimestamp() : 0,
      hasTimestamp: false,
      timestampMs: 0,
    };
    const collected = this.#collected;
    collected.hasTimestamp = inner.hasTimestamp;
    collected.timestampMs = inner.timestampMs;
    for (let exemplar = inner.exemplar(); exemplar !== null; exemplar = inner.exemplar()) collected.exemplars.push(exemplar);
    series.set(collected.classic);
  }

  /** Makes the collected histogram the current entry; false when its series do not make one. */
  #emit(): boolean {
    const of = this.#collected;
    this.#collected = null;
    const histogram = of?.classic.convert() ?? null;
    if (of === null || histogram === null) return false;
    this.#emitted = { of, histogram, raw: encoder.encode(written(of.labels)) };
    return true;
  }
}

function* paired(flat: readonly string[]): IterableIterator<readonly [string, string]> {
  for (let i = 0; i < flat.length; i += 2) yield [flat[i] ?? '', flat[i + 1] ?? ''];
}

/** name{a="b",c="d"}, as an exposition would write it. */
function written(labels: Labels): string {
  const name = labels.get(METRIC_NAME);
  const rest = [...labels.without([METRIC_NAME])].map(
    ([label, value]) => `${isLegacyLabelName(label) ? label : goQuote(label)}=${goQuote(value)}`,
  );
  return rest.length === 0 ? name : `${name}{${rest.join(',')}}`;
}
