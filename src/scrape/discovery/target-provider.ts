/** What discovers targets: runs from start to stop, and tells what it found whenever that changed. */

import type { DiscoveryConfig } from '../discovery-config.ts';
import { sameValue } from '../same-value.ts';
import type { TargetGroup } from '../scrape-config.ts';

export interface TargetProvider {
  start(): void;
  stop(): void;
}

/** Takes groups as ScrapeManager.applyTargets does. */
export type TargetSink = (groups: readonly TargetGroup[]) => void;

/** Makes a provider that is not started yet; null when there is none for this kind of discovery. */
export type OpenProvider = (config: DiscoveryConfig, sink: TargetSink) => TargetProvider | null;

type Running = { readonly name: string; readonly config: DiscoveryConfig; readonly provider: TargetProvider };

/** The discoveries of one job. Over reloads those whose config stays the same run on. */
export class JobDiscoveries {
  readonly #open: OpenProvider;
  #running: readonly Running[] = [];
  #lastNumber = 0;

  constructor(open: OpenProvider) {
    this.#open = open;
  }

  /** Returns the names of providers that are gone; `unknown` hears of configs that nothing can run. */
  apply(
    configs: readonly DiscoveryConfig[],
    sink: (provider: string, groups: readonly TargetGroup[]) => void,
    unknown: (config: DiscoveryConfig) => void,
  ): readonly string[] {
    const left = [...this.#running];
    const next: Running[] = [];
    const fresh: Running[] = [];
    for (const config of configs) {
      const at = left.findIndex((one) => sameValue(one.config, config));
      if (at >= 0) {
        next.push(...left.splice(at, 1));
        continue;
      }
      const name = `${config.kind}/${++this.#lastNumber}`;
      const provider = this.#open(config, (groups) => sink(name, groups));
      if (provider === null) unknown(config);
      else fresh.push({ name, config, provider });
    }
    this.#running = [...next, ...fresh];
    // New ones first: what they find at once keeps its loops when the old ones go.
    for (const { provider } of fresh) provider.start();
    for (const { provider } of left) provider.stop();
    return left.map(({ name }) => name);
  }

  stop(): void {
    for (const { provider } of this.#running) provider.stop();
    this.#running = [];
  }
}
