/** What a scrape and a relabelling are told to do: the decoded, defaulted form of scrape_configs (reader: scrape/config.ts). */
import type { HttpClientConfig } from '../model/http.ts';
import type { EscapingScheme } from '../model/name-escaping.ts';
import type { DurationMs } from '../model/time.ts';
import type { DiscoveryConfig } from './discovery-config.ts';

export type RelabelAction =
  | 'replace'
  | 'keep'
  | 'drop'
  | 'keepequal'
  | 'dropequal'
  | 'hashmod'
  | 'labelmap'
  | 'labeldrop'
  | 'labelkeep'
  | 'lowercase'
  | 'uppercase';

export type RelabelConfig = {
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** As written; relabel.ts compiles and caches it. */
  readonly regex: string;
  readonly modulus: bigint;
  readonly targetLabel: string;
  readonly replacement: string;
  readonly action: RelabelAction;
};

export type NameScheme = 'utf8' | 'legacy';
export type ScrapeProtocol =
  | 'PrometheusProto'
  | 'OpenMetricsText1.0.0'
  | 'OpenMetricsText0.0.1'
  | 'PrometheusText1.0.0'
  | 'PrometheusText0.0.4';

/** Targets that share labels, as static_configs and every discovery give them. */
export type TargetGroup = {
  /** Names the group within its discovery; a later group of the same source replaces the earlier. */
  readonly source: string;
  readonly targets: readonly Readonly<Record<string, string>>[];
  readonly labels: Readonly<Record<string, string>>;
};

export type ScrapeConfig = {
  readonly jobName: string;
  readonly scrapeIntervalMs: DurationMs;
  readonly scrapeTimeoutMs: DurationMs;
  readonly scrapeProtocols: readonly ScrapeProtocol[];
  readonly fallbackScrapeProtocol: ScrapeProtocol | null;
  readonly scrapeNativeHistograms: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  readonly convertClassicHistogramsToNhcb: boolean;
  readonly metricsPath: string;
  readonly scheme: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly enableCompression: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly http: HttpClientConfig;
  /** 0 = no limit, for all limits. */
  readonly bodySizeLimitBytes: number;
  readonly sampleLimit: number;
  readonly targetLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly nativeHistogramBucketLimit: number;
  readonly nativeHistogramMinBucketFactor: number;
  readonly keepDroppedTargets: number;
  readonly metricNameValidationScheme: NameScheme;
  readonly metricNameEscapingScheme: EscapingScheme;
  readonly relabelConfigs: readonly RelabelConfig[];
  readonly metricRelabelConfigs: readonly RelabelConfig[];
  readonly staticConfigs: readonly TargetGroup[];
  readonly discoveries: readonly DiscoveryConfig[];
};
