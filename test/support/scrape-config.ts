/** A scrape config with Prometheus' defaults and one static target, for tests to vary. */
import { PLAIN_HTTP } from '../../src/model/http.ts';
import { durationMs } from '../../src/model/time.ts';
import type { RelabelConfig, ScrapeConfig } from '../../src/scrape/scrape-config.ts';

export const scrapeConfig = (fields: Partial<ScrapeConfig> = {}): ScrapeConfig => ({
  jobName: 'job',
  scrapeIntervalMs: durationMs(10_000),
  scrapeTimeoutMs: durationMs(5000),
  scrapeProtocols: ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1', 'PrometheusText1.0.0', 'PrometheusText0.0.4'],
  fallbackScrapeProtocol: null,
  scrapeNativeHistograms: false,
  alwaysScrapeClassicHistograms: false,
  convertClassicHistogramsToNhcb: false,
  metricsPath: '/metrics',
  scheme: 'http',
  params: {},
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  enableCompression: true,
  extraScrapeMetrics: false,
  http: PLAIN_HTTP,
  bodySizeLimitBytes: 0,
  sampleLimit: 0,
  targetLimit: 0,
  labelLimit: 0,
  labelNameLengthLimit: 0,
  labelValueLengthLimit: 0,
  nativeHistogramBucketLimit: 0,
  nativeHistogramMinBucketFactor: 0,
  keepDroppedTargets: 0,
  metricNameValidationScheme: 'utf8',
  metricNameEscapingScheme: 'allow-utf-8',
  relabelConfigs: [],
  metricRelabelConfigs: [],
  discoveries: [],
  staticConfigs: [{ source: '0', targets: [{ __address__: 'a:80' }], labels: {} }],
  ...fields,
});

export const relabelRule = (fields: Partial<RelabelConfig>): RelabelConfig => ({
  sourceLabels: [],
  separator: ';',
  regex: '(.*)',
  modulus: 0n,
  targetLabel: '',
  replacement: '$1',
  action: 'replace',
  ...fields,
});
