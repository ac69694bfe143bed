/**
 * All scraping: one pool per job. Static targets are one provider of target groups among others; whoever discovers
 * targets hands them to applyTargets (prometheus/scrape Manager).
 */
import type { HttpClients } from '../model/http.ts';
import type { Labels } from '../model/labels.ts';
import type { DurationMs } from '../model/time.ts';
import { type RelabelStep, relabelSteps } from './relabel.ts';
import type { ScrapeConfig, TargetGroup } from './scrape-config.ts';
import type { ScrapePorts, ScrapeStatus } from './scrape-loop.ts';
import { ScrapePool } from './scrape-pool.ts';
import { ScrapeStats } from './scrape-stats.ts';
import type { DroppedTarget, Target } from './target.ts';
import type { TargetMetadata } from './target-metadata.ts';

export type ScrapeManagerPorts = Omit<ScrapePorts, 'stats'> & { readonly http: HttpClients };

export type ActiveTarget = ScrapeStatus & {
  readonly scrapePool: string;
  readonly discoveredLabels: Labels;
  /** Those that its series carry. */
  readonly labels: Labels;
  readonly scrapeUrl: string;
  readonly scrapeIntervalMs: DurationMs;
  readonly scrapeTimeoutMs: DurationMs;
  readonly metadata: TargetMetadata;
};

/** The provider of static_configs. */
const STATIC = 'static';

export class ScrapeManager {
  readonly stats = new ScrapeStats();
  readonly #http: HttpClients;
  readonly #ports: ScrapePorts;
  readonly #pools = new Map<string, ScrapePool>();
  /** Removed pools whose series are yet to be ended. */
  readonly #leaving = new Set<ScrapePool>();

  constructor({ http, ...ports }: ScrapeManagerPorts) {
    this.#http = http;
    this.#ports = { ...ports, stats: this.stats };
  }

  /** The jobs from now on. Loops of targets that stay the same are not touched. */
  apply(configs: readonly ScrapeConfig[]): void {
    const wanted = new Set(configs.map(({ jobName }) => jobName));
    for (const [job, pool] of this.#pools) {
      if (wanted.has(job)) continue;
      this.#pools.delete(job);
      this.#leaving.add(pool);
      void pool.remove().then(() => this.#leaving.delete(pool));
      this.stats.forgetPool(job);
    }
    for (const config of configs) {
      let pool = this.#pools.get(config.jobName);
      if (pool === undefined) {
        pool = new ScrapePool(config, this.#http, this.#ports);
        this.#pools.set(config.jobName, pool);
        this.stats.pools++;
      } else pool.reload(config);
      pool.replaceGroups(STATIC, config.staticConfigs);
    }
  }

  /**
   * What a discovery of a job found: each group replaces the one that this provider gave before under the same source;
   * a group without targets removes it. Unknown jobs are ignored: a reload may have taken the job away meanwhile.
   */
  applyTargets(job: string, provider: string, groups: readonly TargetGroup[]): void {
    this.#pools.get(job)?.applyGroups(provider, groups);
  }

  /** The discovery is no longer configured. */
  removeProvider(job: string, provider: string): void {
    this.#pools.get(job)?.replaceGroups(provider, []);
  }

  /** Ends all scraping without stale markers, as for a restart. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values(), ...this.#leaving].map((pool) => pool.stop()));
  }

  scrapePools(): readonly string[] {
    return [...this.#pools.keys()];
  }

  /** null: no such job. */
  scrapeConfig(job: string): ScrapeConfig | null {
    return this.#pools.get(job)?.config ?? null;
  }

  activeTargets(): readonly ActiveTarget[] {
    return [...this.#pools].flatMap(([scrapePool, pool]) =>
      [...pool.loops].map(({ target, status, metadata }) => ({ ...status, ...described(target), scrapePool, metadata })),
    );
  }

  /** By job, no more than keep_dropped_targets of each; `count` is of all. */
  droppedTargets(): ReadonlyMap<string, { readonly targets: readonly DroppedTarget[]; readonly count: number }> {
    return new Map(
      [...this.#pools].map(([job, pool]) => {
        const all = [...pool.dropped()];
        const { keepDroppedTargets } = pool.config;
        return [job, { targets: keepDroppedTargets > 0 ? all.slice(0, keepDroppedTargets) : all, count: all.length }];
      }),
    );
  }

  /** What each relabel rule of the job makes of these labels; null: no such job. */
  relabelSteps(job: string, labels: Labels): readonly RelabelStep[] | null {
    const config = this.scrapeConfig(job);
    return config === null ? null : relabelSteps(labels, config.relabelConfigs, config.metricNameValidationScheme);
  }
}

const described = (
  target: Target,
): Pick<ActiveTarget, 'discoveredLabels' | 'labels' | 'scrapeUrl' | 'scrapeIntervalMs' | 'scrapeTimeoutMs'> => ({
  discoveredLabels: target.discoveredLabels,
  labels: target.publicLabels,
  scrapeUrl: target.url,
  scrapeIntervalMs: target.intervalMs,
  scrapeTimeoutMs: target.timeoutMs,
});
