/** The scrape manager's view of its targets as plain data, fit to cross threads. */
import type { TargetMetadata, Targets } from '../../api/prometheus-v1/backend.ts';
import type { ScrapeManager } from '../../scrape/target-manager.ts';

export function targetsOf(scrapes: ScrapeManager): Targets {
  const dropped = scrapes.droppedTargets();
  return {
    active: scrapes.activeTargets().map(({ metadata: _metadata, discoveredLabels, labels, ...rest }) => ({
      ...rest,
      discoveredLabels: discoveredLabels.toRecord(),
      labels: labels.toRecord(),
    })),
    dropped: [...dropped].flatMap(([scrapePool, { targets }]) =>
      targets.map(({ discoveredLabels }) => ({ scrapePool, discoveredLabels: discoveredLabels.toRecord() })),
    ),
    droppedCounts: Object.fromEntries([...dropped].map(([pool, { count }]) => [pool, count])),
    pools: scrapes.scrapePools(),
  };
}

export const metadataOf = (scrapes: ScrapeManager): readonly TargetMetadata[] =>
  scrapes.activeTargets().map(({ labels, metadata }) => ({
    labels: labels.toRecord(),
    families: [...metadata].map(([metric, known]) => ({ metric, ...known })),
  }));
