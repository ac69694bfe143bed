/**
 * Which series belong together: keys and labels of aggregation groups and of join signatures. Keys are equal for equal
 * label values; ÿ separates, as it cannot occur in a label's UTF-8 text before encoding without being a value itself.
 * Hot path: once per series.
 */
import { Labels, METRIC_NAME } from '../model/labels.ts';

const SEPARATOR = '\xff';

/** The values of `names`, in their order. */
export function keyOf(labels: Labels, names: readonly string[]): string {
  if (names.length === 1) return labels.get(names[0] ?? '');
  let key = '';
  for (const name of names) key += labels.get(name) + SEPARATOR;
  return key;
}

/** All labels but `names` and the metric name. */
export function keyWithout(labels: Labels, names: readonly string[]): string {
  const { flat } = labels;
  let key = '';
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] ?? '';
    if (name !== METRIC_NAME && !names.includes(name)) key += name + SEPARATOR + (flat[i + 1] ?? '') + SEPARATOR;
  }
  return key;
}

export type Grouping = { readonly names: readonly string[]; readonly isWithout: boolean };

export function groupKey(labels: Labels, { names, isWithout }: Grouping): string {
  if (isWithout) return keyWithout(labels, names);
  return names.length === 0 ? '' : keyOf(labels, names);
}

export function groupLabels(labels: Labels, { names, isWithout }: Grouping): Labels {
  if (isWithout) return labels.filter((name) => name !== METRIC_NAME && !names.includes(name));
  return names.length === 0 ? Labels.empty : labels.only(names);
}
