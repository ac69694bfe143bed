/** Counters of all scraping, as plain numbers; the shell exposes them under the names that Prometheus gives them. */
export class ScrapeStats {
  /** prometheus_target_scrape_pools_total */
  pools = 0;
  /** prometheus_target_scrape_pool_reloads_total */
  poolReloads = 0;
  /** prometheus_target_scrape_pool_exceeded_target_limit_total */
  exceededTargetLimit = 0;
  /** prometheus_target_scrape_pool_exceeded_label_limits_total */
  exceededLabelLimits = 0;
  /** prometheus_target_scrapes_exceeded_body_size_limit_total */
  exceededBodySizeLimit = 0;
  /** prometheus_target_scrapes_exceeded_sample_limit_total */
  exceededSampleLimit = 0;
  /** prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total */
  exceededBucketLimit = 0;
  /** prometheus_target_scrapes_cache_flush_forced_total */
  cacheFlushForced = 0;
  /** prometheus_target_scrapes_sample_duplicate_timestamp_total */
  sampleDuplicate = 0;
  /** prometheus_target_scrapes_sample_out_of_order_total */
  sampleOutOfOrder = 0;
  /** prometheus_target_scrapes_sample_out_of_bounds_total */
  sampleOutOfBounds = 0;
  /** prometheus_target_sync_failed_total, by scrape pool */
  readonly syncFailed = new Map<string, number>();
  /** prometheus_target_scrape_pool_sync_total, by scrape pool */
  readonly syncs = new Map<string, number>();
  /** prometheus_target_interval_length_seconds: count and sum of real intervals in ms, by the interval in ms that was meant. */
  readonly intervals = new Map<number, { count: number; sumMs: number }>();

  /** A job is gone; so are its counters. */
  forgetPool(pool: string): void {
    this.syncFailed.delete(pool);
    this.syncs.delete(pool);
  }

  countSync(pool: string, failed: number): void {
    this.syncs.set(pool, (this.syncs.get(pool) ?? 0) + 1);
    this.syncFailed.set(pool, (this.syncFailed.get(pool) ?? 0) + failed);
  }

  countInterval(meantMs: number, realMs: number): void {
    const known = this.intervals.get(meantMs);
    if (known === undefined) this.intervals.set(meantMs, { count: 1, sumMs: realMs });
    else {
      known.count++;
      known.sumMs += realMs;
    }
  }
}
