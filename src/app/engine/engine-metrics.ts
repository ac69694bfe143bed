/** The engine's own metrics, under Prometheus' names where it has one for the thing. Counters are read when asked for. */
import type { Metrics } from '../metrics.ts';
import { samplesOf } from '../metrics.ts';
import type { OpenEngine } from './engine.ts';

export function registerEngineMetrics(metrics: Metrics, open: () => OpenEngine | null): void {
  type Pick = (engine: OpenEngine) => number;
  const counter = (name: string, help: string, pick: Pick): void => metrics.counter({ name, help }, () => valueOf(pick));
  const gauge = (name: string, help: string, pick: Pick): void => metrics.gauge({ name, help }, () => valueOf(pick));
  const valueOf = (pick: Pick): number => {
    const engine = open();
    return engine === null ? 0 : pick(engine);
  };

  gauge('prometheus_tsdb_head_series', 'Total number of series in the head block.', ({ tsdb }) => tsdb.stats.series);
  gauge('prometheus_tsdb_head_chunks', 'Total number of chunks in the head block.', ({ tsdb }) => tsdb.stats.chunks);
  gauge('prometheus_tsdb_head_min_time', 'Minimum time bound of the head block, in milliseconds.', ({ tsdb }) => tsdb.stats.minTime ?? 0);
  gauge('prometheus_tsdb_head_max_time', 'Maximum timestamp of the head block, in milliseconds.', ({ tsdb }) => tsdb.stats.maxTime ?? 0);
  gauge('tocsin_tsdb_head_chunk_bytes', 'Bytes of compressed samples in memory.', ({ tsdb }) => tsdb.stats.chunkBytes.used);
  counter(
    'prometheus_tsdb_head_series_created_total',
    'Total number of series created in the head.',
    ({ tsdb }) => tsdb.stats.head.seriesCreated,
  );
  counter(
    'prometheus_tsdb_head_series_removed_total',
    'Total number of series removed in the head.',
    ({ tsdb }) => tsdb.stats.head.seriesRemoved,
  );
  metrics.counter(
    { name: 'prometheus_tsdb_head_samples_appended_total', help: 'Total number of appended samples.', labelNames: ['type'] },
    () => [
      { labels: { type: 'float' }, value: valueOf(({ tsdb }) => tsdb.stats.head.floatsAppended) },
      { labels: { type: 'histogram' }, value: valueOf(({ tsdb }) => tsdb.stats.head.histogramsAppended) },
    ],
  );
  counter(
    'prometheus_tsdb_out_of_order_samples_total',
    'Samples refused because they were out of order.',
    ({ tsdb }) => tsdb.stats.append.outOfOrder,
  );
  counter(
    'prometheus_tsdb_out_of_bound_samples_total',
    'Samples refused because they were out of bounds.',
    ({ tsdb }) => tsdb.stats.append.outOfBounds,
  );
  counter(
    'tocsin_tsdb_samples_overtaken_total',
    'Samples left out at commit because another batch had brought one of their series that is as new or newer.',
    ({ tsdb }) => tsdb.stats.append.overtaken,
  );
  gauge(
    'prometheus_tsdb_wal_segment_current',
    'Write log segment index that TSDB is currently writing to.',
    ({ tsdb }) => tsdb.stats.walSegment,
  );
  counter(
    'prometheus_tsdb_wal_writes_failed_total',
    'Total number of write log writes that failed.',
    ({ tsdb }) => tsdb.stats.wal.writesFailed,
  );
  counter('tocsin_wal_bytes_written_total', 'Bytes written to the write log.', ({ tsdb }) => tsdb.stats.wal.bytesWritten);
  counter(
    'tocsin_wal_syncs_failed_total',
    'Times that the disk refused to make the write log durable.',
    ({ tsdb }) => tsdb.stats.wal.syncsFailed,
  );
  counter(
    'prometheus_tsdb_checkpoint_creations_total',
    'Total number of checkpoint creations attempted.',
    ({ tsdb }) => tsdb.stats.maintenance.checkpoints + tsdb.stats.maintenance.checkpointsFailed,
  );
  counter(
    'prometheus_tsdb_checkpoint_creations_failed_total',
    'Total number of checkpoint creations that failed.',
    ({ tsdb }) => tsdb.stats.maintenance.checkpointsFailed,
  );

  gauge(
    'prometheus_engine_queries',
    'The current number of queries being executed or waiting.',
    ({ queries }) => queries.underWay + queries.waiting,
  );
  counter(
    'prometheus_engine_query_samples_total',
    'The total number of samples loaded by all queries.',
    ({ queries }) => queries.stats.samplesLoaded,
  );
  counter('tocsin_engine_queries_total', 'Queries run for the API.', ({ queries }) => queries.stats.queries);
  counter('tocsin_engine_queries_failed_total', 'Queries of the API that failed.', ({ queries }) => queries.stats.failed);
  counter(
    'tocsin_engine_query_seconds_total',
    'Seconds that queries of the API took, waiting between slices included.',
    ({ queries }) => queries.stats.secondsSum,
  );

  counter('prometheus_target_scrape_pools_total', 'Total number of scrape pool creation attempts.', ({ scrapes }) => scrapes.stats.pools);
  counter(
    'prometheus_target_scrape_pool_reloads_total',
    'Total number of scrape pool reloads.',
    ({ scrapes }) => scrapes.stats.poolReloads,
  );
  counter(
    'prometheus_target_scrapes_exceeded_sample_limit_total',
    'Total number of scrapes that hit the sample limit and were rejected.',
    ({ scrapes }) => scrapes.stats.exceededSampleLimit,
  );
  counter(
    'prometheus_target_scrapes_exceeded_body_size_limit_total',
    'Total number of scrapes that hit the body size limit.',
    ({ scrapes }) => scrapes.stats.exceededBodySizeLimit,
  );
  counter(
    'prometheus_target_scrapes_sample_duplicate_timestamp_total',
    'Total number of samples rejected due to duplicate timestamps but different values.',
    ({ scrapes }) => scrapes.stats.sampleDuplicate,
  );
  counter(
    'prometheus_target_scrapes_sample_out_of_order_total',
    'Total number of samples rejected due to not being out of the expected order.',
    ({ scrapes }) => scrapes.stats.sampleOutOfOrder,
  );
  counter(
    'prometheus_target_scrapes_sample_out_of_bounds_total',
    'Total number of samples rejected due to timestamp falling outside of the time bounds.',
    ({ scrapes }) => scrapes.stats.sampleOutOfBounds,
  );
  metrics.gauge(
    { name: 'prometheus_target_scrape_pool_targets', help: 'Current number of targets in this scrape pool.', labelNames: ['scrape_job'] },
    () => {
      const counts = new Map<string, number>();
      for (const { scrapePool } of open()?.scrapes.activeTargets() ?? []) counts.set(scrapePool, (counts.get(scrapePool) ?? 0) + 1);
      return samplesOf(counts, 'scrape_job', (count) => count);
    },
  );

  const perGroup = (
    name: string,
    help: string,
    pick: (group: OpenEngine['rules']['groups'][number]) => number,
    kind: 'counter' | 'gauge' = 'counter',
  ): void =>
    metrics[kind]({ name, help, labelNames: ['rule_group'] }, () =>
      samplesOf(
        (open()?.rules.groups ?? []).map((group) => [group.key, group] as const),
        'rule_group',
        pick,
      ),
    );
  perGroup(
    'prometheus_rule_group_iterations_total',
    'The total number of scheduled rule group evaluations, whether executed or missed.',
    ({ stats }) => stats.iterations,
  );
  perGroup(
    'prometheus_rule_group_iterations_missed_total',
    'The total number of rule group evaluations missed due to slow rule group evaluation.',
    ({ stats }) => stats.iterationsMissed,
  );
  perGroup('prometheus_rule_evaluations_total', 'The total number of rule evaluations.', ({ stats }) => stats.evaluations);
  perGroup(
    'prometheus_rule_evaluation_failures_total',
    'The total number of rule evaluation failures.',
    ({ stats }) => stats.evaluationFailures,
  );
  perGroup('prometheus_rule_group_rules', 'The number of rules.', ({ runners }) => runners.length, 'gauge');
  perGroup('prometheus_rule_group_interval_seconds', 'The interval of a rule group.', ({ group }) => group.intervalMs / 1000, 'gauge');
  perGroup(
    'prometheus_rule_group_last_duration_seconds',
    'The duration of the last rule group evaluation.',
    ({ evaluationMs }) => evaluationMs / 1000,
    'gauge',
  );
  perGroup(
    'prometheus_rule_group_last_evaluation_timestamp_seconds',
    'The timestamp of the last rule group evaluation in seconds.',
    ({ evaluatedAt }) => (evaluatedAt ?? 0) / 1000,
    'gauge',
  );
}
