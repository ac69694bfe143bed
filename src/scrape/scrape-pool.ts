/**
 * The targets of one job and their loops. Discovery hands in groups, a reload hands in another config; loops of targets
 * that stay the same go on as if nothing had happened (prometheus/scrape scrapePool).
 */
import type { HttpClient, HttpClients } from '../model/http.ts';
import { sameValue } from './same-value.ts';
import type { ScrapeConfig, TargetGroup } from './scrape-config.ts';
import { ScrapeLoop, type ScrapePlan, type ScrapePorts } from './scrape-loop.ts';
import { type DroppedTarget, type Target, targetsOfGroup } from './target.ts';

type KnownGroup = { readonly group: TargetGroup; readonly targets: readonly Target[]; readonly dropped: readonly DroppedTarget[] };

/** Fields whose change makes known series another's; a change of others leaves the cache right. */
const NAMING = [
  'honorLabels',
  'metricRelabelConfigs',
  'metricNameValidationScheme',
  'labelLimit',
  'labelNameLengthLimit',
  'labelValueLengthLimit',
] as const;

export class ScrapePool {
  readonly #http: HttpClients;
  readonly #ports: ScrapePorts;
  #config: ScrapeConfig;
  #client: HttpClient;
  /** By provider, then by source. */
  readonly #groups = new Map<string, Map<string, KnownGroup>>();
  readonly #loops = new Map<string, ScrapeLoop>();
  /** Call off what is left to do for targets that are gone: ending their series. */
  readonly #endings = new Set<() => void>();
  #size = 0;
  #isStopped = false;

  constructor(config: ScrapeConfig, http: HttpClients, ports: ScrapePorts) {
    this.#config = config;
    this.#http = http;
    this.#client = http.open(config.http);
    this.#ports = { ...ports, log: ports.log.with({ scrape_pool: config.jobName }) };
  }

  get config(): ScrapeConfig {
    return this.#config;
  }

  get loops(): Iterable<ScrapeLoop> {
    return this.#loops.values();
  }

  /** How many targets it has, those that are being started included. */
  get size(): number {
    return this.#size;
  }

  *dropped(): IterableIterator<DroppedTarget> {
    for (const bySource of this.#groups.values()) for (const known of bySource.values()) yield* known.dropped;
  }

  /** Each group replaces the one of the same source; one without targets removes it. */
  applyGroups(provider: string, groups: readonly TargetGroup[]): void {
    const bySource = this.#groups.get(provider) ?? new Map<string, KnownGroup>();
    this.#groups.set(provider, bySource);
    let failed = 0;
    for (const group of groups) {
      if (group.targets.length === 0) bySource.delete(group.source);
      else if (!sameValue(bySource.get(group.source)?.group, group)) failed += this.#learn(bySource, group);
    }
    this.#sync(failed);
  }

  /** These are all groups of the provider. */
  replaceGroups(provider: string, groups: readonly TargetGroup[]): void {
    const sources = new Set(groups.map(({ source }) => source));
    const bySource = this.#groups.get(provider);
    for (const source of bySource?.keys() ?? []) if (!sources.has(source)) bySource?.delete(source);
    this.applyGroups(provider, groups);
  }

  reload(config: ScrapeConfig): void {
    const old = this.#config;
    this.#config = config;
    if (sameValue(withoutTargets(old), withoutTargets(config))) return;
    this.#ports.stats.poolReloads++;
    if (!sameValue(old.http, config.http)) this.#replaceClient(config);
    const forget = NAMING.some((field) => !sameValue(old[field], config[field]));
    const plan = this.#plan();
    for (const loop of this.#loops.values()) loop.reconfigure(plan, { forget });
    let failed = 0;
    for (const bySource of this.#groups.values()) for (const { group } of bySource.values()) failed += this.#learn(bySource, group);
    this.#sync(failed);
  }

  /** The job is gone: its series end as those of a target that is gone. Resolves when that is done. */
  async remove(): Promise<void> {
    const loops = [...this.#loops.values()];
    this.#loops.clear();
    this.#groups.clear();
    await Promise.all(loops.map((loop) => loop.stop()));
    this.#client.close();
    await Promise.all(loops.map((loop) => this.#end(loop)));
  }

  /** The process ends: scrapes under way are canceled, nothing is ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#endings) cancel();
    const stopped = [...this.#loops.values()].map((loop) => loop.stop());
    this.#client.close();
    await Promise.all(stopped);
  }

  /** Makes the targets of a group; returns how many could not be made. */
  #learn(bySource: Map<string, KnownGroup>, group: TargetGroup): number {
    const known = { group, ...targetsOfGroup(group, this.#config) };
    bySource.set(group.source, known);
    const broken = known.dropped.filter(({ problem }) => problem !== null);
    for (const { problem } of broken) this.#ports.log.error('creating target failed', { group: group.source, problem });
    return broken.length;
  }

  /** Starts loops for new targets, stops those of targets that are gone. Targets with the same labels are one. */
  #sync(failed: number): void {
    const wanted = new Map<string, Target>();
    for (const bySource of this.#groups.values()) {
      for (const { targets } of bySource.values())
        for (const target of targets) if (!wanted.has(target.key)) wanted.set(target.key, target);
    }
    this.#size = wanted.size;
    for (const [key, loop] of this.#loops) {
      if (wanted.has(key)) continue;
      this.#loops.delete(key);
      void this.#retire(loop);
    }
    for (const [key, target] of wanted) {
      if (this.#loops.has(key)) continue;
      const loop = new ScrapeLoop(target, this.#plan(wanted.size), this.#ports);
      this.#loops.set(key, loop);
      loop.start();
    }
    if (this.#config.targetLimit > 0) {
      const plan = this.#plan();
      if (plan.refusal !== null) this.#ports.stats.exceededTargetLimit++;
      for (const loop of this.#loops.values()) loop.reconfigure(plan, { forget: false });
    }
    this.#ports.stats.countSync(this.#config.jobName, failed);
  }

  #plan(targets = this.#loops.size): ScrapePlan {
    const { targetLimit } = this.#config;
    const isOver = targetLimit > 0 && targets > targetLimit;
    const refusal = isOver ? `target_limit exceeded (number of targets: ${targets}, limit: ${targetLimit})` : null;
    return { config: this.#config, client: this.#client, refusal };
  }

  async #retire(loop: ScrapeLoop): Promise<void> {
    await loop.stop();
    await this.#end(loop);
  }

  async #end(loop: ScrapeLoop): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#endings.delete(cancel);
        resolve();
      };
      const callOff = loop.endSeries(done);
      const cancel = (): void => {
        callOff();
        done();
      };
      this.#endings.add(cancel);
    });
  }

  /** Scrapes under way finish with the old client. */
  #replaceClient(config: ScrapeConfig): void {
    const old = this.#client;
    this.#client = this.#http.open(config.http);
    void Promise.all([...this.#loops.values()].map((loop) => loop.idle())).then(() => old.close());
  }
}

/** What a loop does does not depend on where its target came from. */
const withoutTargets = (config: ScrapeConfig): ScrapeConfig => ({ ...config, staticConfigs: [], discoveries: [] });
