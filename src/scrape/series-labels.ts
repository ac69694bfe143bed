/** The labels that an exposed series is stored under: its own, those of its target, metric_relabel_configs, and the limits. */
import { goQuote } from '../lib/go-quote.ts';
import { utf8Length } from '../lib/utf8-bytes.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { isLegacyLabelName, isLegacyMetricName, isUtf8LabelName, Labels, METRIC_NAME } from '../model/labels.ts';
import { LabelsBuilder } from './labels-builder.ts';
import { relabelBuilder } from './relabel.ts';
import type { ScrapeConfig } from './scrape-config.ts';

export type SeriesLabels =
  | { readonly kind: 'labels'; readonly labels: Labels }
  /** metric_relabel_configs dropped it. */
  | { readonly kind: 'dropped' }
  /** The scrape fails. */
  | { readonly kind: 'invalid'; readonly error: string }
  | { readonly kind: 'over_limit'; readonly error: string };

type Settings = Pick<
  ScrapeConfig,
  'honorLabels' | 'metricRelabelConfigs' | 'metricNameValidationScheme' | 'labelLimit' | 'labelNameLengthLimit' | 'labelValueLengthLimit'
>;

/** `exposed`: name, value, name, value … as a parser gives them. `target`: the labels of the target that are not internal. */
export function seriesLabels(exposed: readonly string[], target: Labels, config: Settings): SeriesLabels {
  const own = sortedLabels(exposed);
  if ('error' in own) return { kind: 'invalid', error: own.error };
  const labels = config.metricRelabelConfigs.length === 0 ? withTarget(own, target, config) : relabelled(own, target, config);
  if (labels === null || labels.size === 0) return { kind: 'dropped' };
  if (!labels.has(METRIC_NAME)) return { kind: 'invalid', error: 'missing metric name (__name__ label)' };
  if (!isValid(labels, config)) return { kind: 'invalid', error: `invalid metric name or label names: ${labels.toString()}` };
  const overLimit = labelLimitExceeded(labels, config);
  return overLimit === null ? { kind: 'labels', labels } : { kind: 'over_limit', error: overLimit };
}

type Exposed = { readonly labels: Labels /** Sorted, with those whose value is empty. */; readonly names: readonly string[] };

/** Without rules and without a clash, both sets need only be merged. */
function withTarget(own: Exposed, target: Labels, config: Settings): Labels {
  const a = own.labels.flat;
  const b = target.flat;
  const flat: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const order = compareUtf8(a[i] ?? '', b[j] ?? '');
    if (order === 0) return merged(own, target, config).labels();
    if (order < 0) flat.push(a[i++] ?? '', a[i++] ?? '');
    else flat.push(b[j++] ?? '', b[j++] ?? '');
  }
  while (i < a.length) flat.push(a[i++] ?? '');
  while (j < b.length) flat.push(b[j++] ?? '');
  const hasEmpty = own.names.length * 2 > a.length;
  return hasEmpty ? merged(own, target, config).labels() : Labels.fromSorted(flat);
}

function relabelled(own: Exposed, target: Labels, config: Settings): Labels | null {
  const builder = merged(own, target, config);
  return relabelBuilder(builder, config.metricRelabelConfigs, config.metricNameValidationScheme) ? builder.labels() : null;
}

function merged(own: Exposed, target: Labels, { honorLabels }: Settings): LabelsBuilder {
  const builder = new LabelsBuilder(own.labels);
  if (honorLabels) {
    // An empty exposed label keeps the target's label away, too.
    for (const [name, value] of target) if (!own.names.includes(name)) builder.set(name, value);
    return builder;
  }
  const taken: (readonly [name: string, value: string])[] = [];
  for (const [name, value] of target) {
    const exposedValue = own.labels.get(name);
    if (exposedValue !== '') taken.push([name, exposedValue]);
    builder.set(name, value);
  }
  taken.sort(([a], [b]) => utf8Length(a) - utf8Length(b));
  for (const [name, value] of taken) builder.set(freeName(builder, name), value);
  return builder;
}

/** exported_ before the name, as often as it takes. */
function freeName(builder: LabelsBuilder, name: string): string {
  let free = `exported_${name}`;
  while (builder.get(free) !== '') free = `exported_${free}`;
  return free;
}

function sortedLabels(exposed: readonly string[]): Exposed | { readonly error: string } {
  const pairs: (readonly [name: string, value: string])[] = [];
  let isSorted = true;
  for (let i = 0; i < exposed.length; i += 2) {
    const name = exposed[i] ?? '';
    isSorted &&= i === 0 || compareUtf8(exposed[i - 2] ?? '', name) < 0;
    pairs.push([name, exposed[i + 1] ?? '']);
  }
  if (!isSorted) pairs.sort(([a], [b]) => compareUtf8(a, b));
  const names: string[] = [];
  const flat: string[] = [];
  for (const [name, value] of pairs) {
    if (names.at(-1) === name) return { error: `label name ${goQuote(name)} is not unique: invalid sample` };
    names.push(name);
    if (value !== '') flat.push(name, value);
  }
  return { labels: Labels.fromSorted(flat), names };
}

function isValid(labels: Labels, { metricNameValidationScheme: scheme }: Settings): boolean {
  if (scheme === 'utf8') return labels.names().every(isUtf8LabelName);
  return isLegacyMetricName(labels.get(METRIC_NAME)) && labels.names().every(isLegacyLabelName);
}

const clipped = (text: string): string => [...text].slice(0, 50).join('');

function labelLimitExceeded(labels: Labels, config: Settings): string | null {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = config;
  const metric = (): string => `metric: ${clipped(labels.get(METRIC_NAME))}`;
  if (labelLimit > 0 && labels.size > labelLimit) {
    return `label_limit exceeded (${metric()}, number of labels: ${labels.size}, limit: ${labelLimit})`;
  }
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return null;
  for (const [name, value] of labels) {
    const nameLength = utf8Length(name);
    if (labelNameLengthLimit > 0 && nameLength > labelNameLengthLimit) {
      return `label_name_length_limit exceeded (${metric()}, label name: ${clipped(name)}, length: ${nameLength}, limit: ${labelNameLengthLimit})`;
    }
    const valueLength = utf8Length(value);
    if (labelValueLengthLimit > 0 && valueLength > labelValueLengthLimit) {
      return `label_value_length_limit exceeded (${metric()}, label name: ${clipped(name)}, value: ${goQuote(clipped(value))}, length: ${valueLength}, limit: ${labelValueLengthLimit})`;
    }
  }
  return null;
}
