/**
 * The application's own metrics: a registry per thread (prom-client), plain data between threads, one exposition text.
 *
 * Hot counters are plain numbers of those who count; they are registered with a function that reads them when somebody
 * asks. Each thread gives its event loop's and heap's metrics a `thread` label; those of the process come from the
 * control thread alone. Series that both threads have are added up.
 */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry, Summary } from 'prom-client';
import type { Clock } from '../../model/clock.ts';
import type { DurationMs } from '../../model/time.ts';

export type ThreadName = 'control' | 'engine';
export type MetricLabels = Readonly<Record<string, string>>;
export type MetricSample = { readonly labels: MetricLabels; readonly value: number };

/** What one thread has counted; plain data that can be posted to another. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly labels: Readonly<Record<string, string | number>>;
    readonly value: number;
    readonly metricName?: string;
  }[];
};

type Spec = { readonly name: string; readonly help: string; readonly labelNames?: readonly string[] };
/** One value, or one per label set. */
type Read = () => number | Iterable<MetricSample>;

const STALL_PROBE_MS = 100;
/**
 * Node's own probe of the event loop wakes its thread for each reading, a hundred times a second unless it is told
 * otherwise, which at rest was half of all processor time; and what it calls lag is the time between two readings. It
 * cannot be left out: it is as good as stopped, and its families do not come out. The stalls say the same.
 */
const LAG_PROBE_MS = 3_600_000;
const LAG_FAMILIES = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((what) => `nodejs_eventloop_lag_${what}_seconds`);
const STALL_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Of the process, not of a thread: prom-client's names, which are those of Prometheus' client libraries. */
const PROCESS_FAMILY = /^process_|^nodejs_version_info$/;

export class OwnMetrics {
  readonly #registry = new Registry();
  readonly #thread: ThreadName;
  readonly #clock: Clock;
  #stopProbe: () => void;

  constructor(thread: ThreadName, clock: Clock) {
    this.#thread = thread;
    this.#clock = clock;
    collectDefaultMetrics({ register: this.#registry, labels: { thread }, eventLoopMonitoringPrecision: LAG_PROBE_MS });
    for (const name of LAG_FAMILIES) this.#registry.removeSingleMetric(name);
    this.#stopProbe = this.#probeStalls();
  }

  /** The event loop's stalls, as a timer that should fire every 100 ms sees them. */
  #probeStalls(): () => void {
    const observe = this.histogram({
      name: 'tocsin_event_loop_stall_seconds',
      help: 'How late a timer fired that was due every 100 ms.',
      labelNames: ['thread'],
      buckets: STALL_SECONDS,
    });
    const labels = { thread: this.#thread };
    const probe = (): void => {
      const dueAt = this.#clock.elapsed() + STALL_PROBE_MS;
      this.#stopProbe = this.#clock.after(STALL_PROBE_MS as DurationMs, () => {
        observe(Math.max(0, this.#clock.elapsed() - dueAt) / 1000, labels);
        probe();
      });
    };
    probe();
    return this.#stopProbe;
  }

  /** A counter that is counted elsewhere. */
  counter(spec: Spec, read: Read): void {
    const counter = new Counter({
      ...mutable(spec),
      registers: [],
      collect() {
        this.reset();
        forEachSample(read(), (labels, value) => this.inc(labels, value));
      },
    });
    this.#registry.registerMetric(counter);
  }

  /** A gauge that is known elsewhere. */
  gauge(spec: Spec, read: Read): void {
    const gauge = new Gauge({
      ...mutable(spec),
      registers: [],
      collect() {
        this.reset();
        forEachSample(read(), (labels, value) => this.set(labels, value));
      },
    });
    this.#registry.registerMetric(gauge);
  }

  /** The returned function observes a value. */
  histogram(spec: Spec & { readonly buckets: readonly number[] }): (value: number, labels?: MetricLabels) => void {
    const histogram = new Histogram({ ...mutable(spec), buckets: [...spec.buckets], registers: [this.#registry] });
    return (value, labels = {}) => histogram.observe(labels, value);
  }

  /** As Prometheus' own summaries: quantiles over the last ten minutes. The returned function observes a value. */
  summary(spec: Spec & { readonly quantiles: readonly number[] }): (value: number, labels?: MetricLabels) => void {
    const summary = new Summary({
      ...mutable(spec),
      percentiles: [...spec.quantiles],
      maxAgeSeconds: 600,
      ageBuckets: 5,
      registers: [this.#registry],
    });
    return (value, labels = {}) => summary.observe(labels, value);
  }

  /** All families with their values as of now. */
  async families(): Promise<readonly MetricFamily[]> {
    const families: MetricFamily[] = [];
    for (const { name, help, type, values } of await this.#registry.getMetricsAsJSON()) {
      const isOfProcess = PROCESS_FAMILY.test(name);
      if (isOfProcess && this.#thread !== 'control') continue;
      families.push({
        name,
        help,
        type: String(type),
        values: values.map((sample) => {
          const { metricName } = sample as { readonly metricName?: string };
          const { thread, ...rest } = sample.labels as Record<string, string | number>;
          const labels = thread === undefined || isOfProcess ? rest : { ...rest, thread };
          return { labels, value: sample.value, ...(metricName === undefined ? {} : { metricName }) };
        }),
      });
    }
    return families;
  }

  close(): void {
    this.#stopProbe();
    this.#registry.clear();
  }
}

/** The text format (version 0.0.4) of what several threads counted; families by name. */
export async function exposition(threads: readonly (readonly MetricFamily[])[]): Promise<string> {
  const added = threads.map((families) =>
    families.filter(({ values }) => values.length > 0).map((family) => ({ ...family, aggregator: 'sum' })),
  );
  const merged = AggregatorRegistry.aggregate(added as unknown as object[]);
  const names = merged
    .getMetricsAsArray()
    .map(({ name }) => name)
    .sort();
  const texts = await Promise.all(names.map((name) => merged.getSingleMetricAsString(name)));
  return texts.map((text) => `${text}\n`).join('');
}

const mutable = ({ name, help, labelNames = [] }: Spec): { name: string; help: string; labelNames: string[] } => ({
  name,
  help,
  labelNames: [...labelNames],
});

function forEachSample(read: ReturnType<Read>, use: (labels: MetricLabels, value: number) => void): void {
  if (typeof read === 'number') use({}, read);
  else for (const { labels, value } of read) use(labels, value);
}
