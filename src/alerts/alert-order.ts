/** The order of alerts in a notification and of groups in a list (Alertmanager's AlertSlice.Less, common's LabelSet.Before). */
import { compareUtf8 } from '../lib/utf8-order.ts';
import type { Labels } from '../model/labels.ts';

/** By job, then instance, an alert that has the label before one that lacks it; then by label set. */
export function compareAlerts(a: Labels, b: Labels): number {
  for (const name of ['job', 'instance']) {
    const x = a.get(name);
    const y = b.get(name);
    if (x === y) continue;
    if (x === '') return 1;
    return y === '' ? -1 : compareUtf8(x, y);
  }
  return compareLabelSets(a, b);
}

/** Fewer labels first; of equally many, the first difference in order of names decides: lacking the name, or the lesser value. */
export function compareLabelSets(a: Labels, b: Labels): number {
  const x = a.flat;
  const y = b.flat;
  if (x.length !== y.length) return x.length - y.length;
  for (let i = 0; i < x.length; i += 2) {
    const names = compareUtf8(x[i] as string, y[i] as string);
    if (names !== 0) return -names;
    const values = compareUtf8(x[i + 1] as string, y[i + 1] as string);
    if (values !== 0) return values;
  }
  return 0;
}
