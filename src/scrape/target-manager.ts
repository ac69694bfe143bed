/**
 * All scraping: one pool per job. Static targets are one provider of target groups among others; whoever discovers
 * targets hands them to applyTargets (prometheus/scrape Manager).
 */
import type { Disk } from '../model/disk.ts';
import type { HttpClients } from '../model/http.ts';
import type { Labels } from '../model/labels.ts';
import type { DurationMs } from '../model/time.ts';
import { FileDiscoveryStats } from './discovery/file-discovery.ts';
import { providers } from './discovery/open-provider.ts';
import { JobDiscoveries, type OpenProvider } from './discovery/target-provider.ts';
import { type RelabelStep, relabelSteps } from './relabel.ts';
import type { ScrapeConfig, TargetGroup } from './scrape-config.ts';
import type { ScrapePorts, ScrapeStatus } from './scrape-loop.ts';
import { type RuleSlots, ScrapePhases } from './scrape-phase.ts';
import { ScrapePool } from './scrape-pool.ts';
import { ScrapeStats } from './scrape-stats.ts';
import { type DroppedTarget, phaseHash, type Target } from './target.ts';
import type { TargetMetadata } from './target-metadata.ts';

export type ScrapeManagerPorts = Omit<ScrapePorts, 'stats' | 'offsetMs'> & {
  /** Differs between servers that scrape the same targets; moves the scrapes within the interval. */
  readonly offsetSeed: string;
  readonly http: HttpClients;
  readonly disk: Pick<Disk, 'read' | 'list' | 'stat'>;
};

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

type Job = { readonly pool: ScrapePool; readonly discoveries: JobDiscoveries };

export class ScrapeManager {
  readonly stats = new ScrapeStats();
  readonly fileDiscoveryStats = new FileDiscoveryStats();
  readonly #http: HttpClients;
  readonly #ports: ScrapePorts;
  readonly #openProvider: OpenProvider;
  readonly #jobs = new Map<string, Job>();
  /** Removed pools whose series are yet to be ended. */
  readonly #leaving = new Set<ScrapePool>();
  #phases = new ScrapePhases([]);
  /** By job; known before their loops are made. */
  #staticTargets: ReadonlyMap<string, number> = new Map();

  constructor({ http, disk, offsetSeed, ...ports }: ScrapeManagerPorts) {
    this.#http = http;
    const offsetMs = (target: Target): DurationMs =>
      this.#phases.offsetMs({ ...target, hash: phaseHash(target, offsetSeed) }, this.#fleetSize());
    this.#ports = { ...ports, stats: this.stats, offsetMs };
    const { clock, log } = ports;
    this.#openProvider = providers({ clock, log, disk, stats: this.fileDiscoveryStats });
  }

  /**
   * The jobs from now on, and the clocks of the rules that read them. Loops of targets that stay the same are not
   * touched, unless the rules' clocks ask for another place in their interval.
   */
  apply(configs: readonly ScrapeConfig[], rules: readonly RuleSlots[]): void {
    this.#phases = new ScrapePhases(rules);
    this.#staticTargets = new Map(
      configs.map(({ jobName, staticConfigs }) => [jobName, staticConfigs.reduce((sum, { targets }) => sum + targets.length, 0)]),
    );
    const wanted = new Set(configs.map(({ jobName }) => jobName));
    for (const [name, { pool, discoveries }] of this.#jobs) {
      if (wanted.has(name)) continue;
      this.#jobs.delete(name);
      discoveries.stop();
      this.#leaving.add(pool);
      void pool.remove().then(() => this.#leaving.delete(pool));
      this.stats.forgetPool(name);
    }
    for (const config of configs) {
      let job = this.#jobs.get(config.jobName);
      if (job === undefined) {
        job = { pool: new ScrapePool(config, this.#http, this.#ports), discoveries: new JobDiscoveries(this.#openProvider) };
        this.#jobs.set(config.jobName, job);
        this.stats.pools++;
      } else job.pool.reload(config);
      this.#applyDiscoveries(job, config);
    }
    for (const { pool } of this.#jobs.values()) for (const loop of pool.loops) loop.replace();
  }

  /** Targets of all jobs. */
  #fleetSize(): number {
    let size = 0;
    for (const [name, { pool }] of this.#jobs) size += Math.max(pool.size, this.#staticTargets.get(name) ?? 0);
    return size;
  }

  /**
   * What a discovery of a job found: each group replaces the one that this provider gave before under the same source;
   * a group without targets removes it. Unknown jobs are ignored: a reload may have taken the job away meanwhile.
   */
  applyTargets(job: string, provider: string, groups: readonly TargetGroup[]): void {
    this.#jobs.get(job)?.pool.applyGroups(provider, groups);
  }

  #applyDiscoveries({ pool, discoveries }: Job, config: ScrapeConfig): void {
    pool.replaceGroups(STATIC, config.staticConfigs);
    const gone = discoveries.apply(
      config.discoveries,
      (provider, groups) => this.applyTargets(config.jobName, provider, groups),
      ({ kind }) =>
        this.#ports.log.error('no targets are discovered: this discovery is not built', { scrape_pool: config.jobName, discovery: kind }),
    );
    for (const provider of gone) pool.replaceGroups(provider, []);
  }

  /** Ends all scraping without stale markers, as for a restart. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    for (const { discoveries } of this.#jobs.values()) discoveries.stop();
    const pools = [...this.#jobs.values()].map(({ pool }) => pool);
    await Promise.all([...pools, ...this.#leaving].map((pool) => pool.stop()));
  }

  scrapePools(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  /** null: no such job. */
  scrapeConfig(job: string): ScrapeConfig | null {
    return this.#jobs.get(job)?.pool.config ?? null;
  }

  activeTargets(): readonly ActiveTarget[] {
    return [...this.#jobs].flatMap(([scrapePool, { pool }]) =>
      [...pool.loops].map(({ target, status, metadata }) => ({ ...status, ...described(target), scrapePool, metadata })),
    );
  }

  /** By job, no more than keep_dropped_targets of each; `count` is of all. */
  droppedTargets(): ReadonlyMap<string, { readonly targets: readonly DroppedTarget[]; readonly count: number }> {
    return new Map(
      [...this.#jobs].map(([job, { pool }]) => {
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
