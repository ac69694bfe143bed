/** What the Prometheus API needs of the process behind it. The engine writes query answers as bytes; the rest is data. */

import type { EscapingScheme } from '../../model/name-escaping.ts';
import type { MetricMetadata } from '../../model/storage.ts';
import type { TimeRange } from '../../model/time.ts';
import type { RuleGroupStatus } from '../../rules/rule-manager.ts';
import type { CardinalityReport } from '../../tsdb/tsdb.ts';

/** errorType of the API; the HTTP status follows from it. */
export type ApiErrorType = 'bad_data' | 'execution' | 'timeout' | 'canceled' | 'unavailable' | 'internal' | 'not_found' | 'not_acceptable';
export type ApiError = { readonly type: ApiErrorType; readonly message: string };
export type Answer<T> = { readonly kind: 'gave'; readonly gives: T } | { readonly kind: 'refused'; readonly error: ApiError };

/** A whole answer in its wire form. */
export type WireAnswer = { readonly body: Uint8Array };

export type QueryLimits = {
  /** Null: the server's own. */
  readonly timeoutMs: number | null;
  readonly lookbackDeltaMs: number | null;
  /** Series in the answer; 0 = all. */
  readonly limit: number;
  readonly stats: 'none' | 'basic' | 'all';
  /** About the request; the answer says them after its own. */
  readonly warnings: readonly string[];
};
export type InstantQuery = QueryLimits & { readonly query: string; readonly atMs: number };
export type RangeQuery = QueryLimits & TimeRange & { readonly query: string; readonly stepMs: number };
export type SeriesRequest = TimeRange & { readonly selectors: readonly string[]; readonly limit: number };

export type FederateRequest = {
  readonly selectors: readonly string[];
  readonly atMs: number;
  /** How names are told that are not of the old kind. */
  readonly escaping: EscapingScheme;
};

export type LabelRecord = Readonly<Record<string, string>>;

export type ActiveTarget = {
  readonly scrapePool: string;
  readonly discoveredLabels: LabelRecord;
  readonly labels: LabelRecord;
  readonly scrapeUrl: string;
  readonly health: 'unknown' | 'up' | 'down';
  readonly lastError: string;
  readonly lastScrapeAt: number | null;
  readonly lastDurationMs: number;
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
};
export type DroppedTarget = { readonly scrapePool: string; readonly discoveredLabels: LabelRecord };
export type Targets = {
  readonly active: readonly ActiveTarget[];
  readonly dropped: readonly DroppedTarget[];
  /** By scrape pool; `dropped` may be cut. */
  readonly droppedCounts: Readonly<Record<string, number>>;
  readonly pools: readonly string[];
};

/** What one target says of its metrics. */
export type TargetMetadata = { readonly labels: LabelRecord; readonly families: readonly (MetricMetadata & { readonly metric: string })[] };

/** Of the head, for /api/v1/status/tsdb. */
export type HeadStatus = {
  readonly series: number;
  readonly chunks: number;
  readonly minTime: number | null;
  readonly maxTime: number | null;
  readonly cardinality: CardinalityReport;
};

/** Who waits for an answer: the request. Its signal costs something to make, so it is asked for only once it is needed. */
export type Asker = { readonly signal: AbortSignal };

export interface PrometheusBackend {
  instantQuery(request: InstantQuery, asker: Asker): Promise<Answer<WireAnswer>>;
  rangeQuery(request: RangeQuery, asker: Asker): Promise<Answer<WireAnswer>>;
  formatQuery(query: string): Promise<Answer<WireAnswer>>;
  parseQuery(query: string): Promise<Answer<WireAnswer>>;
  series(request: SeriesRequest, asker: Asker): Promise<Answer<WireAnswer>>;
  labelNames(request: SeriesRequest, asker: Asker): Promise<Answer<WireAnswer>>;
  labelValues(request: SeriesRequest & { readonly name: string }, asker: Asker): Promise<Answer<WireAnswer>>;
  federate(request: FederateRequest, asker: Asker): Promise<Answer<WireAnswer>>;
  write(body: Uint8Array): Promise<Answer<null>>;
  targets(): Promise<Answer<Targets>>;
  metadata(): Promise<Answer<readonly TargetMetadata[]>>;
  ruleGroups(): Promise<Answer<readonly RuleGroupStatus[]>>;
  headStatus(limit: number): Promise<Answer<HeadStatus>>;
  /** Progress of the WAL replay. */
  replay(): { readonly min: number; readonly max: number; readonly current: number; readonly isReady: boolean };
  configYaml(): string;
  runtime(): {
    readonly startedAtMs: number;
    readonly reloadSucceeded: boolean;
    readonly lastConfigAtMs: number;
    readonly retention: string;
    readonly workingDirectory: string;
  };
  readonly flags: Readonly<Record<string, string>>;
  readonly version: string;
  readonly remoteWriteEnabled: boolean;
  nowMs(): number;
}
