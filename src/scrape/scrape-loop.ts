/**
 * The life of one target: scrapes it when it is due, one scrape at a time, stores what it exposes together with the
 * report of the scrape in one batch, and ends its series with stale markers when they, it, or the scrape are gone
 * (prometheus/scrape scrapeLoop). Whatever a target sends, the worst outcome is `up` 0 and a last error that says why.
 * Leaves out exemplars (read, not stored).
 */
import { goQuote } from '../lib/go-quote.ts';
import type { Clock } from '../model/clock.ts';
import type { HttpClient } from '../model/http.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import { STALE_NAN } from '../model/sample.ts';
import type { Appender, AppendStore, SeriesRef } from '../model/storage.ts';
import { type DurationMs, durationMs, type UnixMs } from '../model/time.ts';
import { chooseFormat } from './exposition/content-type.ts';
import { openParser } from './exposition/open-parser.ts';
import { type IngestResult, ingest } from './ingest.ts';
import { ScrapeCache } from './scrape-cache.ts';
import type { ScrapeConfig } from './scrape-config.ts';
import { readAnswer, scrapeRequest } from './scrape-request.ts';
import { ScrapeSchedule } from './scrape-schedule.ts';
import type { ScrapeStats } from './scrape-stats.ts';
import type { Target } from './target.ts';
import { type MetadataLine, TargetMetadata } from './target-metadata.ts';

export type ScrapePorts = {
  readonly clock: Clock;
  readonly store: AppendStore;
  readonly log: Log;
  readonly stats: ScrapeStats;
  /** Lets other work of the thread run. */
  readonly yieldNow: () => Promise<void>;
  /** Sent as User-Agent Tocsin/<version>. */
  readonly version: string;
  /** Where in its interval a target is scraped. */
  readonly offsetMs: (target: Target) => DurationMs;
  /** Store start timestamps; OpenMetrics' _created lines are no series then. */
  readonly startTimestamps: boolean;
  /** Adds __type__ and __unit__ to each series. */
  readonly typeAndUnitLabels: boolean;
};

/** How a job scrapes; the same for all its targets. */
export type ScrapePlan = {
  readonly config: ScrapeConfig;
  readonly client: HttpClient;
  /** The job must not be scraped (target_limit): each scrape fails so. */
  readonly refusal: string | null;
};

export type TargetHealth = 'unknown' | 'up' | 'down';

export type ScrapeStatus = {
  readonly health: TargetHealth;
  /** '' after a good scrape. */
  readonly lastError: string;
  readonly lastScrapeAt: UnixMs | null;
  readonly lastDurationMs: number;
};

const NOTHING: IngestResult = { scraped: 0, added: 0, seriesAdded: 0, outOfOrder: 0, duplicates: 0, outOfBounds: 0, error: null };
/** Complaints about one target's samples are logged this often; the counters have all. */
const COMPLAINT_INTERVAL_MS = 60_000;

export class ScrapeLoop {
  readonly target: Target;
  readonly metadata = new TargetMetadata();
  status: ScrapeStatus = { health: 'unknown', lastError: '', lastScrapeAt: null, lastDurationMs: 0 };

  readonly #ports: ScrapePorts;
  readonly #log: Log;
  #plan: ScrapePlan;
  readonly #schedule: ScrapeSchedule;
  readonly #cache = new ScrapeCache<MetadataLine>();
  readonly #reportRefs = new Map<string, SeriesRef>();
  /** Of the scrape before; spellings of one format mean nothing in the other. */
  #format: string | null = null;
  /** The job's rules changed: known spellings lead to other series now. */
  #mustForget = false;
  #cancelTimer: () => void = () => {};
  #running: Promise<void> | null = null;
  #isStopped = false;
  #lastStart: number | null = null;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(target: Target, plan: ScrapePlan, ports: ScrapePorts) {
    this.target = target;
    this.#plan = plan;
    this.#ports = ports;
    this.#log = ports.log.with({ target: target.url });
    this.#schedule = new ScrapeSchedule({
      intervalMs: target.intervalMs,
      offsetMs: ports.offsetMs(target),
      now: ports.clock.now(),
    });
  }

  start(): void {
    this.#arm();
  }

  /** From the next scrape on. `forget`: series are named by other rules than before. */
  reconfigure(plan: ScrapePlan, { forget }: { readonly forget: boolean }): void {
    this.#plan = plan;
    this.#mustForget ||= forget;
  }

  /** Goes on at the place in the interval that is the right one now. */
  replace(): void {
    const { clock, offsetMs } = this.#ports;
    if (!this.#schedule.moveTo(offsetMs(this.target), clock.now()) || this.#running !== null) return;
    this.#cancelTimer();
    this.#arm();
  }

  /** No scrape starts any more. Resolves when the one under way is stored. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.idle();
  }

  /** Resolves when no scrape is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /**
   * After stop, for a target that is gone: ends its series at the time of what would have been the next scrape. Waits
   * two intervals and a bit, so that a target that comes back has new samples by then and is left alone. The function
   * returned calls it off.
   */
  endSeries(whenDone: () => void): () => void {
    const { clock } = this.#ports;
    const { intervalMs } = this.target;
    const staleAt = this.#schedule.nextAt;
    const waitMs = durationMs(Math.min(intervalMs, this.#schedule.waitMs(clock.now())) + intervalMs + Math.ceil(intervalMs / 10));
    return clock.after(waitMs, () => {
      if (this.#lastStart !== null) this.#writeLastMarkers(staleAt);
      whenDone();
    });
  }

  #writeLastMarkers(staleAt: UnixMs): void {
    try {
      const appender = this.#ports.store.appender(this);
      this.#cache.begin();
      this.#markStale(appender, this.#cache.allBefore(), staleAt);
      for (const name of this.#reportRefs.keys()) this.#report(appender, name, staleAt, STALE_NAN);
      appender.commit();
    } catch (error) {
      this.#log.error('ending the series of a target that is gone failed', {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  #arm(): void {
    const { clock } = this.#ports;
    this.#cancelTimer = clock.after(this.#schedule.waitMs(clock.now()), () => this.#wake());
  }

  #wake(): void {
    const timestamp = this.#isStopped ? null : this.#schedule.due(this.#ports.clock.now());
    if (timestamp === null) {
      if (!this.#isStopped) this.#arm();
      return;
    }
    this.#running = this.#scrape(timestamp).then(() => {
      this.#running = null;
      if (!this.#isStopped) this.#arm();
    });
  }

  async #scrape(at: UnixMs): Promise<void> {
    const { clock, stats } = this.#ports;
    const plan = this.#plan;
    const start = clock.elapsed();
    if (this.#lastStart !== null) stats.countInterval(this.target.intervalMs, start - this.#lastStart);
    this.#lastStart = start;
    try {
      const outcome = await this.#fetch(plan);
      await this.#store(outcome, plan, at, start);
    } catch (error) {
      // Neither a full disk nor a mistake of ours in reading hostile bytes may end the loop.
      const text = error instanceof Error ? error.message : String(error);
      this.#log.error('storing a scrape failed', { error: text });
      this.#setStatus(`storing the scrape failed: ${text}`, at, clock.elapsed() - start);
    }
  }

  async #fetch(plan: ScrapePlan): Promise<FetchOutcome> {
    if (plan.refusal !== null) return failed(plan.refusal);
    const request = scrapeRequest(this.target, plan.config, this.#ports.version);
    const answer = readAnswer(await plan.client.request(request), request);
    if (answer.kind === 'failed') {
      if (answer.isBodyTooLarge) this.#ports.stats.exceededBodySizeLimit++;
      return failed(answer.error, answer.isBodyTooLarge ? -1 : 0);
    }
    const { body, contentType } = answer;
    // An empty body is a good scrape without samples, whatever it calls itself.
    if (body.length === 0) return { kind: 'body', body, format: 'text' };
    const { format, problem } = chooseFormat(contentType, plan.config.fallbackScrapeProtocol);
    if (format === null) return failed(problem ?? 'no format', body.length);
    if (format === 'protobuf') {
      return failed(
        `the target answers in the protobuf format (Content-Type ${goQuote(contentType)}), which is not supported: let it offer a text format`,
        body.length,
      );
    }
    if (problem !== null) this.#log.debug('the Content-Type of a scrape is not usable, the fallback is', { problem });
    return { kind: 'body', body, format };
  }

  /** The samples and the report in one batch; when the samples fail, a fresh batch with stale markers and the report. */
  async #store(outcome: FetchOutcome, plan: ScrapePlan, at: UnixMs, start: number): Promise<void> {
    const { clock, stats, store } = this.#ports;
    const cache = this.#cache;
    if (this.#mustForget || (outcome.kind === 'body' && this.#format !== outcome.format)) cache.forget();
    this.#mustForget = false;
    cache.begin();
    let appender = store.appender(this);
    let isOpen = true;
    let result = NOTHING;
    let error = outcome.kind === 'failed' ? outcome.error : null;
    try {
      if (outcome.kind === 'body') {
        this.#format = outcome.format;
        result = await this.#ingest(outcome, plan, appender, at);
        error = result.error;
      }
      if (error !== null) {
        appender.rollback();
        appender = store.appender(this);
      }
      this.#markStale(appender, error === null ? cache.gone() : cache.allBefore(), at);
      const durationMs = clock.elapsed() - start;
      const bodyBytes = outcome.kind === 'body' ? outcome.body.length : outcome.bodyBytes;
      this.#reportScrape(appender, plan, at, { result, durationMs, isUp: error === null, bodyBytes });
      isOpen = false;
      appender.commit();
      this.#setStatus(error ?? '', at, durationMs);
    } catch (thrown) {
      cache.abandon();
      if (isOpen) appender.rollback();
      throw thrown;
    }
    if (error === null) {
      cache.succeed();
      this.metadata.endScrape();
    } else if (cache.fail()) stats.cacheFlushForced++;
    this.#complain(result);
  }

  #ingest(outcome: Extract<FetchOutcome, { kind: 'body' }>, { config }: ScrapePlan, appender: Appender, at: UnixMs): Promise<IngestResult> {
    const { clock, stats, startTimestamps, typeAndUnitLabels, yieldNow } = this.#ports;
    const { target } = this;
    const parser = openParser(outcome.format, outcome.body, {
      typeAndUnitLabels,
      startTimestamps,
      convertClassicHistogramsToNhcb: target.convertClassicHistogramsToNhcb,
      keepClassicHistograms: target.alwaysScrapeClassicHistograms,
    });
    const { publicLabels: targetLabels } = target;
    const input = {
      parser,
      cache: this.#cache,
      metadata: this.metadata,
      appender,
      config,
      targetLabels,
      timestampMs: at,
      nowMs: clock.now(),
      startTimestamps,
      stats,
    };
    return ingest(input, yieldNow);
  }

  /** What the store refuses here has newer samples or is gone: both need no marker. */
  #markStale(appender: Appender, refs: readonly SeriesRef[], at: UnixMs): void {
    for (const ref of refs) appender.append(ref, at, STALE_NAN);
  }

  #reportScrape(
    appender: Appender,
    plan: ScrapePlan,
    at: UnixMs,
    scrape: { readonly result: IngestResult; readonly durationMs: number; readonly isUp: boolean; readonly bodyBytes: number },
  ): void {
    const { result, durationMs, isUp, bodyBytes } = scrape;
    this.#report(appender, 'up', at, isUp ? 1 : 0);
    this.#report(appender, 'scrape_duration_seconds', at, durationMs / 1000);
    this.#report(appender, 'scrape_samples_scraped', at, result.scraped);
    this.#report(appender, 'scrape_samples_post_metric_relabeling', at, result.added);
    this.#report(appender, 'scrape_series_added', at, result.seriesAdded);
    if (!plan.config.extraScrapeMetrics) return;
    this.#report(appender, 'scrape_timeout_seconds', at, this.target.timeoutMs / 1000);
    this.#report(appender, 'scrape_sample_limit', at, plan.config.sampleLimit);
    this.#report(appender, 'scrape_body_size_bytes', at, bodyBytes);
  }

  /** A report that is out of order comes from a target that went and came back; the newer one stands. */
  #report(appender: Appender, name: string, at: UnixMs, value: number): void {
    const known = this.#reportRefs.get(name);
    if (known !== undefined && appender.append(known, at, value) !== 'unknown_ref') return;
    const ref = appender.series(Labels.fromPairs([...this.target.publicLabels, [METRIC_NAME, name]]));
    this.#reportRefs.set(name, ref);
    appender.append(ref, at, value);
  }

  #setStatus(lastError: string, at: UnixMs, lastDurationMs: number): void {
    this.status = { health: lastError === '' ? 'up' : 'down', lastError, lastScrapeAt: at, lastDurationMs };
  }

  #complain({ outOfOrder, duplicates, outOfBounds }: IngestResult): void {
    const now = this.#ports.clock.elapsed();
    if (outOfOrder + duplicates + outOfBounds === 0 || now - this.#complainedAt < COMPLAINT_INTERVAL_MS) return;
    this.#complainedAt = now;
    this.#log.warn('samples of a scrape were not stored', { outOfOrder, sameTimestamp: duplicates, outOfBounds });
  }
}

type FetchOutcome =
  | { readonly kind: 'body'; readonly body: Uint8Array; readonly format: 'text' | 'openmetrics' }
  /** -1 bytes: more than allowed. */
  | { readonly kind: 'failed'; readonly error: string; readonly bodyBytes: number };

const failed = (error: string, bodyBytes = 0): FetchOutcome => ({ kind: 'failed', error, bodyBytes });
