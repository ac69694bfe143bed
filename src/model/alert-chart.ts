/**
 * What a rule's expression did around its alerts: numbers to draw, as plain data that crosses threads. A threshold is what
 * the expression is compared with.
 */
export type AlertChart = {
  /** What is plotted, as PromQL: `rate(x[5m])` of `rate(x[5m]) > 3`. */
  readonly query: string;
  readonly fromMs: number;
  readonly stepMs: number;
  /** Those of the asked alerts, in their order. */
  readonly series: readonly ChartSeries[];
  /** Further series of the alerts, which are not drawn. */
  readonly omitted: number;
  readonly threshold: ChartThreshold | null;
};

export type ChartSeries = {
  readonly labels: Readonly<Record<string, string>>;
  /** At `fromMs` and each step after it; NaN where there is none. */
  readonly values: Float64Array;
  /** When the alert of this series began to fire, and when it ended; null while it fires. */
  readonly firesFromMs: number;
  readonly firesUntilMs: number | null;
};

export type ChartThreshold = {
  /** As if the plotted value stood on the left. */
  readonly op: '==' | '!=' | '<' | '<=' | '>' | '>=';
  /** As a series' values. */
  readonly values: Float64Array;
};

/** How many series a chart shows at most: more cannot be told apart. */
export const CHART_SERIES_MAX = 10;
