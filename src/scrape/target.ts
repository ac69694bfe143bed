/**
 * One endpoint to scrape: its labels (discovery, group, job defaults, relabelling), its URL, and when in the interval it
 * is scraped (prometheus/scrape/target.go). Immutable; a change of any label makes another target.
 */
import { Fnv1a64 } from '../lib/fnv1a.ts';
import { goQuote } from '../lib/go-quote.ts';
import { escapePath, escapeQuery } from '../lib/go-url-escape.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { formatDuration, parseDuration } from '../model/duration.ts';
import { isUtf8LabelName, Labels } from '../model/labels.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import { LabelsBuilder } from './labels-builder.ts';
import { relabelBuilder } from './relabel.ts';
import type { ScrapeConfig, TargetGroup } from './scrape-config.ts';

export type Target = {
  /** Equal for equal labels and URL: such targets are one. */
  readonly key: string;
  /** Before relabelling, for the API. */
  readonly discoveredLabels: Labels;
  /** After it, with the internal ones (__address__, …). */
  readonly labels: Labels;
  /** Those without leading __: what goes onto every series. */
  readonly publicLabels: Labels;
  readonly url: string;
  readonly intervalMs: DurationMs;
  readonly timeoutMs: DurationMs;
  readonly convertClassicHistogramsToNhcb: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
};

export type DroppedTarget = {
  readonly discoveredLabels: Labels;
  /** null: a relabel rule dropped it. Else why no target could be made. */
  readonly problem: string | null;
};

const ADDRESS = '__address__';
const SCHEME = '__scheme__';
const METRICS_PATH = '__metrics_path__';
const INTERVAL = '__scrape_interval__';
const TIMEOUT = '__scrape_timeout__';
const PARAM = '__param_';
const CONVERT_TO_NHCB = '__convert_classic_histograms_to_nhcb__';
const ALWAYS_CLASSIC = '__always_scrape_classic_histograms__';
const NATIVE = '__scrape_native_histograms__';

/** Each element of the group becomes a target or is dropped. */
export function targetsOfGroup(
  group: TargetGroup,
  config: ScrapeConfig,
): { readonly targets: readonly Target[]; readonly dropped: readonly DroppedTarget[] } {
  const targets: Target[] = [];
  const dropped: DroppedTarget[] = [];
  for (const element of group.targets) {
    const discoveredLabels = discovered(element, group.labels, config);
    const made = relabelled(discoveredLabels, config);
    if (made === null) dropped.push({ discoveredLabels, problem: null });
    else if ('error' in made) dropped.push({ discoveredLabels, problem: made.error });
    else targets.push(targetOf(discoveredLabels, made, config));
  }
  return { targets, dropped };
}

/** The element's labels win over the group's, both over the job's. */
function discovered(element: Readonly<Record<string, string>>, group: Readonly<Record<string, string>>, config: ScrapeConfig): Labels {
  const labels = new Map<string, string>([...Object.entries(group), ...Object.entries(element)]);
  const defaults: (readonly [name: string, value: string])[] = [
    ['job', config.jobName],
    [INTERVAL, formatDuration(config.scrapeIntervalMs)],
    [TIMEOUT, formatDuration(config.scrapeTimeoutMs)],
    [METRICS_PATH, config.metricsPath],
    [SCHEME, config.scheme],
    [CONVERT_TO_NHCB, String(config.convertClassicHistogramsToNhcb)],
    [ALWAYS_CLASSIC, String(config.alwaysScrapeClassicHistograms)],
    [NATIVE, String(config.scrapeNativeHistograms)],
  ];
  for (const [name, values] of Object.entries(config.params)) if (values[0] !== undefined) defaults.push([`${PARAM}${name}`, values[0]]);
  for (const [name, value] of defaults) if ((labels.get(name) ?? '') === '') labels.set(name, value);
  return Labels.fromPairs(labels);
}

function relabelled(labels: Labels, config: ScrapeConfig): Labels | { readonly error: string } | null {
  const builder = new LabelsBuilder(labels);
  if (!relabelBuilder(builder, config.relabelConfigs, config.metricNameValidationScheme)) return null;
  const error = badTarget(builder);
  if (error !== null) return { error };
  for (const [name] of builder.pairs()) if (name.startsWith('__meta_')) builder.delete(name);
  if (builder.get('instance') === '') builder.set('instance', builder.get(ADDRESS));
  const complete = builder.labels();
  for (const [name, value] of complete) {
    if (value !== '' && !isUtf8LabelName(value)) return { error: `invalid label value for ${goQuote(name)}: ${goQuote(value)}` };
  }
  return complete;
}

/** Why the labels make no target; null when they do. */
function badTarget(builder: LabelsBuilder): string | null {
  const address = builder.get(ADDRESS);
  if (address === '') return 'no address';
  if (address.includes('/')) return `${goQuote(address)} is not a valid hostname`;
  const interval = parseDuration(builder.get(INTERVAL));
  if (typeof interval !== 'number') return `error parsing scrape interval: ${interval.error}`;
  if (interval === 0) return 'scrape interval cannot be 0';
  const timeout = parseDuration(builder.get(TIMEOUT));
  if (typeof timeout !== 'number') return `error parsing scrape timeout: ${timeout.error}`;
  if (timeout === 0) return 'scrape timeout cannot be 0';
  if (timeout > interval) {
    return `scrape timeout cannot be greater than scrape interval (${goQuote(builder.get(TIMEOUT))} > ${goQuote(builder.get(INTERVAL))})`;
  }
  for (const [name, what] of [
    [CONVERT_TO_NHCB, 'convert classic histograms to nhcb'],
    [ALWAYS_CLASSIC, 'always scrape classic histograms'],
    [NATIVE, 'scrape native histograms'],
  ] as const) {
    const value = builder.get(name);
    if (value !== '' && parseBool(value) === null) {
      return `error parsing ${what}: strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax`;
    }
  }
  return null;
}

function targetOf(discoveredLabels: Labels, labels: Labels, config: ScrapeConfig): Target {
  const url = urlOf(labels, config);
  return {
    key: `${labels.key()}\xfe${url}`,
    discoveredLabels,
    labels,
    publicLabels: labels.filter((name) => !name.startsWith('__')),
    url,
    intervalMs: parsedDuration(labels.get(INTERVAL)),
    timeoutMs: parsedDuration(labels.get(TIMEOUT)),
    convertClassicHistogramsToNhcb: parseBool(labels.get(CONVERT_TO_NHCB)) ?? config.convertClassicHistogramsToNhcb,
    alwaysScrapeClassicHistograms: parseBool(labels.get(ALWAYS_CLASSIC)) ?? config.alwaysScrapeClassicHistograms,
  };
}

function parsedDuration(text: string): DurationMs {
  const duration = parseDuration(text);
  if (typeof duration !== 'number') throw new Error(`BUG: a target with the bad duration ${text}`);
  return durationMs(duration);
}

/** Go's strconv.ParseBool; null for anything else. */
function parseBool(text: string): boolean | null {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : null;
}

/** A __param_ label stands for the first value of its parameter. */
function urlOf(labels: Labels, config: ScrapeConfig): string {
  const params = new Map<string, readonly string[]>(Object.entries(config.params));
  for (const [name, value] of labels) {
    if (!name.startsWith(PARAM)) continue;
    const param = name.slice(PARAM.length);
    params.set(param, [value, ...(params.get(param) ?? []).slice(1)]);
  }
  const query = [...params]
    .sort(([a], [b]) => compareUtf8(a, b))
    .flatMap(([name, values]) => values.map((value) => `${escapeQuery(name)}=${escapeQuery(value)}`))
    .join('&');
  const path = labels.get(METRICS_PATH);
  const slash = path === '' || path.startsWith('/') ? '' : '/';
  return `${labels.get(SCHEME)}://${labels.get(ADDRESS)}${slash}${escapePath(path)}${query === '' ? '' : `?${query}`}`;
}

/**
 * Decides where in its interval a target is scraped (scrape-phase.ts): always the same, spread over all targets. `seed`
 * moves the whole, so that several servers with the same targets do not scrape them at once.
 */
export function phaseHash(target: Pick<Target, 'labels' | 'url'>, seed: string): bigint {
  const hash = new Fnv1a64();
  for (const part of target.labels.flat) hash.text(part).byte(0xff);
  return hash.text(target.url).byte(0xff).text(seed).value();
}

/** A target URL as others can reach it: a local host is replaced by the name that this server has outside. */
export function globalUrl(url: string, outside: { readonly listenPort: string; readonly scheme: string; readonly host: string }): string {
  const parsed = new URL(url);
  if (!['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname)) return url;
  const rest = url.slice(url.indexOf('/', parsed.protocol.length + 2));
  const isOwn = parsed.port === outside.listenPort;
  const [outsideName = ''] = outside.host.split(':');
  if (isOwn) return `${outside.scheme}://${outside.host}${rest}`;
  return `${parsed.protocol}//${outsideName}${parsed.port === '' ? '' : `:${parsed.port}`}${rest}`;
}
