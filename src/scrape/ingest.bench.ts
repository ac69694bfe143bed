/** One scrape from body to batch. The store does nothing: what is measured is reading, recognising and naming. */
import { bench, describe } from 'vitest';
import { idleAppender } from '../../test/support/idle-appender.ts';
import { relabelRule, scrapeConfig } from '../../test/support/scrape-config.ts';
import { Labels } from '../model/labels.ts';
import { openParser } from './exposition/open-parser.ts';
import { ingest } from './ingest.ts';
import { ScrapeCache } from './scrape-cache.ts';
import type { ScrapeConfig } from './scrape-config.ts';
import { ScrapeStats } from './scrape-stats.ts';
import { type MetadataLine, TargetMetadata } from './target-metadata.ts';

const SERIES = 10_000;
const PER_FAMILY = 20;

function exposition(order: (lines: string[]) => string[] = (lines) => lines): string {
  let body = '';
  for (let family = 0; family < SERIES / PER_FAMILY; family++) {
    body += `# HELP service_requests_${family}_total Requests handled, by route and status.\n# TYPE service_requests_${family}_total counter\n`;
    const lines = Array.from({ length: PER_FAMILY }, (_, i) => {
      const value = i % 5 === 0 ? 0.1 * (family * 31 + i) : family * 1013 + i;
      return `service_requests_${family}_total{route="/api/v1/things/${i}",status="200",method="GET"} ${value}\n`;
    });
    body += order(lines).join('');
  }
  return body;
}

const appender = idleAppender();
const stats = new ScrapeStats();
const targetLabels = Labels.of({ instance: 'host-1:9100', job: 'node' });

function scraper(format: 'text' | 'openmetrics', config: ScrapeConfig) {
  const cache = new ScrapeCache<MetadataLine>();
  const metadata = new TargetMetadata();
  let timestampMs = 0;
  return async (body: Uint8Array): Promise<void> => {
    timestampMs += 15_000;
    cache.begin();
    const parser = openParser(format, body, {
      typeAndUnitLabels: false,
      startTimestamps: false,
      convertClassicHistogramsToNhcb: false,
      keepClassicHistograms: false,
    });
    const nowMs = timestampMs;
    const result = await ingest(
      { parser, cache, metadata, appender, config, targetLabels, timestampMs, nowMs, startTimestamps: false, stats },
      async () => {},
    );
    if (result.error !== null || result.scraped !== SERIES) throw new Error(`BUG: ${result.error ?? result.scraped}`);
    cache.succeed();
    metadata.endScrape();
  };
}

const PLAIN = scrapeConfig();
const RELABELLED = scrapeConfig({
  metricRelabelConfigs: [relabelRule({ sourceLabels: ['__name__', 'status'], regex: 'go_(.*);(.+)', action: 'drop' })],
});
const text = Buffer.from(exposition());
const turned = Buffer.from(exposition((lines) => lines.toReversed()));
const openmetrics = Buffer.from(`${exposition()}# EOF\n`);

describe(`${SERIES} series, ${text.length} bytes`, () => {
  const known = scraper('text', PLAIN);
  bench('text, all known', () => known(text));

  const shuffled = scraper('text', PLAIN);
  let turn = false;
  bench('text, all known, in another order each time', () => {
    turn = !turn;
    return shuffled(turn ? text : turned);
  });

  const knownOpenMetrics = scraper('openmetrics', PLAIN);
  bench('OpenMetrics, all known', () => knownOpenMetrics(openmetrics));

  bench('text, all new', () => scraper('text', PLAIN)(text));
  bench('text, all new, one relabel rule', () => scraper('text', RELABELLED)(text));

  bench('text, lexed only', () => {
    const parser = openParser('text', text, {
      typeAndUnitLabels: false,
      startTimestamps: false,
      convertClassicHistogramsToNhcb: false,
      keepClassicHistograms: false,
    });
    while (parser.next() !== 'end');
  });
});
