/** Targets and what they say of their metrics, in the API's JSON (web/api/v1/api.go: targets, metadata, targetMetadata). */

import { formatDuration } from '../../model/duration.ts';
import { Labels } from '../../model/labels.ts';
import { matchesLabels } from '../../model/matcher.ts';
import { durationMs } from '../../model/time.ts';
import { formatFirstError } from '../../promql/parse-error.ts';
import { parseMatchers } from '../../promql/parser.ts';
import type { TargetMetadata, Targets } from './backend.ts';

const NEVER = '0001-01-01T00:00:00Z';

/** `state`: active, dropped, any or '' for any. `pool`: '' for all. */
export function targetsJson(targets: Targets, state: string, pool: string): unknown {
  const wanted = <T extends { readonly scrapePool: string }>(list: readonly T[]): readonly T[] =>
    list.filter(({ scrapePool }) => pool === '' || scrapePool === pool);
  const shows = (kind: 'active' | 'dropped'): boolean => state === '' || state.toLowerCase() === 'any' || state.toLowerCase() === kind;
  return {
    activeTargets: !shows('active')
      ? []
      : wanted(targets.active).map(
          ({
            discoveredLabels,
            labels,
            scrapePool,
            scrapeUrl,
            lastError,
            lastScrapeAt,
            lastDurationMs,
            health,
            scrapeIntervalMs,
            scrapeTimeoutMs,
          }) => ({
            discoveredLabels,
            labels,
            scrapePool,
            scrapeUrl,
            globalUrl: scrapeUrl,
            lastError,
            lastScrape: lastScrapeAt === null ? NEVER : new Date(lastScrapeAt).toISOString(),
            lastScrapeDuration: lastDurationMs / 1000,
            health,
            scrapeInterval: formatDuration(durationMs(scrapeIntervalMs)),
            scrapeTimeout: formatDuration(durationMs(scrapeTimeoutMs)),
          }),
        ),
    droppedTargets: shows('dropped') ? wanted(targets.dropped) : [],
    droppedTargetCounts: shows('dropped') ? targets.droppedCounts : {},
  };
}

type MetadataEntry = { readonly type: string; readonly help: string; readonly unit: string };

/** By metric, each distinct description once. Limits: -1 is none. */
export function metadataJson(
  targets: readonly TargetMetadata[],
  { limit, perMetric, metric: only }: { readonly limit: number; readonly perMetric: number; readonly metric: string },
): unknown {
  const byMetric = new Map<string, Map<string, MetadataEntry>>();
  for (const { families } of targets) {
    for (const { metric, type, help, unit } of families) {
      if (only !== '' && metric !== only) continue;
      let entries = byMetric.get(metric);
      if (entries === undefined) {
        entries = new Map();
        byMetric.set(metric, entries);
      }
      if (perMetric <= 0 || entries.size < perMetric) entries.set(JSON.stringify([type, help, unit]), { type, help, unit });
    }
  }
  const shown = [...byMetric].slice(0, limit < 0 ? undefined : limit);
  return Object.fromEntries(shown.map(([metric, entries]) => [metric, [...entries.values()]]));
}

export function targetsMetadataJson(
  targets: readonly TargetMetadata[],
  wanted: { readonly matchTarget: string; readonly metric: string; readonly limit: number },
): { readonly rows: readonly unknown[] } | { readonly error: string } {
  const parsed = wanted.matchTarget === '' ? { matchers: [] } : parseMatchers(wanted.matchTarget);
  if ('errors' in parsed)
    return {
      error: `invalid parameter "match_target": ${formatFirstError(wanted.matchTarget, parsed.errors)}`,
    };
  const rows = targets
    .filter(({ labels }) => matchesLabels(parsed.matchers, Labels.of(labels)))
    .flatMap(({ labels, families }) =>
      families
        .filter(({ metric }) => wanted.metric === '' || metric === wanted.metric)
        .map(({ metric, type, help, unit }) => ({ target: labels, ...(wanted.metric === '' ? { metric } : {}), type, help, unit })),
    );
  return { rows: wanted.limit < 0 ? rows : rows.slice(0, wanted.limit) };
}
