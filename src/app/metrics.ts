/** Where counters are announced; OwnMetrics of the platform in production, nothing in a simulation. */
import type { MetricFamily, MetricSample } from '../platform/real/own-metrics.ts';

type Spec = { readonly name: string; readonly help: string; readonly labelNames?: readonly string[] };
type Read = () => number | Iterable<MetricSample>;

export interface Metrics {
  /** `read` is called whenever the metrics are asked for. */
  counter(spec: Spec, read: Read): void;
  gauge(spec: Spec, read: Read): void;
  families(): Promise<readonly MetricFamily[]>;
}

export const noMetrics: Metrics = { counter: () => {}, gauge: () => {}, families: async () => [] };

/** One sample per entry of a map, under one label. */
export function* samplesOf<T>(entries: Iterable<readonly [string, T]>, label: string, value: (entry: T) => number): Iterable<MetricSample> {
  for (const [key, entry] of entries) yield { labels: { [label]: key }, value: value(entry) };
}
