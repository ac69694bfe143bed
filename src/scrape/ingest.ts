/**
 * From the body of one scrape to samples in an open batch. Stops at the first thing that fails the scrape; the caller
 * commits or rolls back. A large body is worked through in slices, between which the thread is given away.
 * Hot path: #known runs once per sample of a series seen before and allocates nothing.
 */
import type { Labels } from '../model/labels.ts';
import type { Appender, AppendVerdict, SeriesRef } from '../model/storage.ts';
import type { Entry, ExpositionParser } from './exposition/parser.ts';
import { DROPPED, type ScrapeCache } from './scrape-cache.ts';
import type { ScrapeConfig } from './scrape-config.ts';
import type { ScrapeStats } from './scrape-stats.ts';
import { seriesLabels } from './series-labels.ts';
import type { MetadataLine, TargetMetadata } from './target-metadata.ts';

/** Exposed timestamps further ahead than this are refused. */
const AHEAD_MS_MAX = 10 * 60_000;
/** One slice, in known samples; a new series costs as much as NEW_SERIES_COST of them. About 5 ms. */
const SLICE_COST = 10_000;
const NEW_SERIES_COST = 20;

export type IngestResult = {
  /** Samples in the body. */
  scraped: number;
  /** Of them, what metric relabelling left. */
  added: number;
  seriesAdded: number;
  outOfOrder: number;
  duplicates: number;
  outOfBounds: number;
  /** Why the scrape fails; null when it does not. */
  error: string | null;
};

export type IngestInput = {
  readonly parser: ExpositionParser;
  readonly cache: ScrapeCache<MetadataLine>;
  readonly metadata: TargetMetadata;
  readonly appender: Appender;
  readonly config: ScrapeConfig;
  readonly targetLabels: Labels;
  /** Of samples that bring none. */
  readonly timestampMs: number;
  readonly nowMs: number;
  readonly startTimestamps: boolean;
  readonly stats: ScrapeStats;
};

export async function ingest(input: IngestInput, yieldNow: () => Promise<void>): Promise<IngestResult> {
  const work = new Ingest(input);
  while (!work.slice()) await yieldNow();
  return work.finish();
}

class Ingest {
  readonly #input: IngestInput;
  readonly #parser: ExpositionParser;
  readonly #cache: ScrapeCache<MetadataLine>;
  readonly #appender: Appender;
  readonly #result: IngestResult = { scraped: 0, added: 0, seriesAdded: 0, outOfOrder: 0, duplicates: 0, outOfBounds: 0, error: null };
  readonly #sampleLimit: number;
  readonly #timestampMaxMs: number;
  #appended = 0;
  #isOverSampleLimit = false;
  #isOverBucketLimit = false;

  constructor(input: IngestInput) {
    this.#input = input;
    this.#parser = input.parser;
    this.#cache = input.cache;
    this.#appender = input.appender;
    this.#sampleLimit = input.config.sampleLimit > 0 ? input.config.sampleLimit : Number.POSITIVE_INFINITY;
    this.#timestampMaxMs = input.nowMs + AHEAD_MS_MAX;
  }

  /** True when the body is done, or has failed. */
  slice(): boolean {
    const parser = this.#parser;
    const cache = this.#cache;
    let cost = 0;
    while (cost < SLICE_COST) {
      const expected = cache.expected();
      const known =
        expected < 0 ? null : parser.nextKnown(cache.keys, cache.keyFrom[expected] as number, cache.keyLength[expected] as number);
      const entry = known ?? parser.next();
      switch (entry) {
        case 'series':
        case 'histogram': {
          this.#result.scraped++;
          const found = known === null ? cache.find(parser.rawView, parser.rawFrom, parser.rawTo) : expected;
          if (found >= 0) {
            if (!this.#known(found, entry)) return true;
            cost++;
          } else {
            if (!this.#new(entry)) return true;
            cost += NEW_SERIES_COST;
          }
          break;
        }
        case 'help':
        case 'type':
        case 'unit':
          this.#metadata(entry);
          cost++;
          break;
        case 'comment':
          cost++;
          break;
        case 'end':
          return true;
        case 'error':
          this.#result.error = parser.error;
          return true;
      }
    }
    return false;
  }

  finish(): IngestResult {
    const result = this.#result;
    const { stats } = this.#input;
    stats.sampleDuplicate += result.duplicates;
    stats.sampleOutOfOrder += result.outOfOrder;
    stats.sampleOutOfBounds += result.outOfBounds;
    if (this.#isOverSampleLimit) {
      stats.exceededSampleLimit++;
      result.error ??= 'sample limit exceeded';
    }
    if (this.#isOverBucketLimit) {
      stats.exceededBucketLimit++;
      result.error ??= 'histogram bucket limit exceeded';
    }
    return result;
  }

  /** A sample of a series in the cache; false when it fails the scrape. */
  #known(entry: number, kind: 'series' | 'histogram'): boolean {
    const cache = this.#cache;
    const isFirst = cache.visit(entry);
    let ref = cache.ref(entry);
    if (ref === DROPPED) return true;
    this.#result.added++;
    const hasOwnTimestamp = this.#hasOwnTimestamp();
    if (!isFirst && !hasOwnTimestamp) {
      this.#result.duplicates++;
      return true;
    }
    if (!this.#isWithinLimits(kind)) return true;
    let verdict = this.#append(ref, kind);
    if (verdict === 'unknown_ref') {
      const labels = this.#labels();
      if (labels === null || labels === 'dropped') return labels !== null;
      ref = this.#appender.series(labels);
      cache.setRef(entry, ref);
      verdict = this.#append(ref, kind);
    }
    this.#count(verdict);
    if (verdict === 'ok' && this.#endsStale(hasOwnTimestamp)) cache.track(entry);
    return true;
  }

  /** A sample of a series not in the cache; false when it fails the scrape. */
  #new(kind: 'series' | 'histogram'): boolean {
    const parser = this.#parser;
    const labels = this.#labels();
    if (labels === null) return false;
    if (labels === 'dropped') {
      this.#cache.add(parser.rawView, parser.rawFrom, parser.rawTo, DROPPED);
      return true;
    }
    this.#result.added++;
    if (!this.#isWithinLimits(kind)) return true;
    const ref = this.#appender.series(labels);
    const verdict = this.#append(ref, kind);
    this.#count(verdict);
    // What was not stored needs no marker when it goes; it is looked at again next time.
    if (verdict !== 'ok') return true;
    const entry = this.#cache.add(parser.rawView, parser.rawFrom, parser.rawTo, ref);
    if (this.#endsStale(this.#hasOwnTimestamp())) this.#cache.track(entry);
    if (!this.#isOverSampleLimit && !this.#isOverBucketLimit) this.#result.seriesAdded++;
    return true;
  }

  /** Labels to store the current sample under; null when they fail the scrape. */
  #labels(): Labels | 'dropped' | null {
    const { config, targetLabels, stats } = this.#input;
    const pairs = this.#parser.pairs();
    if ('error' in pairs) {
      this.#result.error = pairs.error;
      return null;
    }
    const made = seriesLabels(pairs, targetLabels, config);
    switch (made.kind) {
      case 'labels':
        return made.labels;
      case 'dropped':
        return 'dropped';
      case 'over_limit':
        stats.exceededLabelLimits++;
        this.#result.error = made.error;
        return null;
      case 'invalid':
        this.#result.error = made.error;
        return null;
    }
  }

  /** Past a limit nothing is stored any more, but the rest is counted. */
  #isWithinLimits(kind: 'series' | 'histogram'): boolean {
    const { nativeHistogramBucketLimit: bucketLimit } = this.#input.config;
    if (bucketLimit > 0 && kind === 'histogram') {
      const { positiveBuckets, negativeBuckets } = this.#parser.histogram();
      if (positiveBuckets.length + negativeBuckets.length > bucketLimit) this.#isOverBucketLimit = true;
    }
    if (++this.#appended > this.#sampleLimit) this.#isOverSampleLimit = true;
    return !this.#isOverSampleLimit && !this.#isOverBucketLimit;
  }

  #append(ref: SeriesRef, kind: 'series' | 'histogram'): AppendVerdict {
    const parser = this.#parser;
    const timestampMs = this.#hasOwnTimestamp() ? parser.timestampMs : this.#input.timestampMs;
    if (timestampMs > this.#timestampMaxMs) return 'out_of_bounds';
    const verdict =
      kind === 'series'
        ? this.#appender.append(ref, timestampMs, parser.value)
        : this.#appender.appendHistogram(ref, timestampMs, parser.histogram());
    if (verdict === 'ok' && this.#input.startTimestamps) {
      const startMs = parser.startTimestamp();
      if (startMs > 0) this.#appender.startTimestamp(startMs);
    }
    return verdict;
  }

  #hasOwnTimestamp(): boolean {
    return this.#parser.hasTimestamp && this.#input.config.honorTimestamps;
  }

  #endsStale(hasOwnTimestamp: boolean): boolean {
    return !hasOwnTimestamp || this.#input.config.trackTimestampsStaleness;
  }

  #count(verdict: AppendVerdict): void {
    if (verdict === 'ok') return;
    if (verdict === 'out_of_order') this.#result.outOfOrder++;
    else if (verdict === 'duplicate') this.#result.duplicates++;
    else if (verdict === 'out_of_bounds') this.#result.outOfBounds++;
    else throw new Error('BUG: the store does not know a series that it just made');
  }

  /** The same line as last time is recognised by its bytes. */
  #metadata(kind: Extract<Entry, 'help' | 'type' | 'unit'>): void {
    const parser = this.#parser;
    const cache = this.#cache;
    const entry = cache.find(parser.rawView, parser.rawFrom, parser.rawTo);
    const known = entry < 0 ? undefined : cache.line(entry);
    if (known !== undefined) {
      cache.visit(entry);
      this.#input.metadata.apply(known);
      return;
    }
    const value = kind === 'type' ? (parser.metricType() ?? 'unknown') : parser.text();
    const line = { family: parser.family(), field: kind, value };
    this.#input.metadata.apply(line);
    cache.addLine(parser.rawView, parser.rawFrom, parser.rawTo, line);
  }
}
