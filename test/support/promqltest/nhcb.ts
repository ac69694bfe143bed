/** load_with_nhcb: native histograms with custom buckets made of the classic histograms of the same block. */

import { parseGoFloat } from '../../../src/lib/parse-float.ts';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '../../../src/model/histogram.ts';
import { type Labels, METRIC_NAME } from '../../../src/model/labels.ts';
import { compact, draftOf } from '../../../src/promql/histogram/histogram-draft.ts';
import type { LoadedSeries } from './script.ts';

type Collected = { readonly buckets: Map<number, number>; count: number | null; sum: number };
export type NhcbSeries = {
  readonly labels: Labels;
  readonly samples: readonly { readonly timestampMs: number; readonly histogram: FloatHistogram }[];
};

export function nhcbSeries(series: readonly LoadedSeries[], stepMs: number): readonly NhcbSeries[] {
  const groups = new Map<string, { readonly labels: Labels; readonly byTime: Map<number, Collected> }>();
  for (const { labels, items } of series) {
    const name = labels.get(METRIC_NAME);
    const [, base = '', suffix] = /^(.*)_(bucket|count|sum)$/.exec(name) ?? [];
    if (suffix === undefined) continue;
    const bound = suffix === 'bucket' ? parseGoFloat(labels.get('le')) : 0;
    if (typeof bound !== 'number' || Number.isNaN(bound)) continue;
    const groupLabels = labels.with([
      [METRIC_NAME, base],
      ['le', ''],
    ]);
    const key = groupLabels.key();
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { labels: groupLabels, byTime: new Map() }));
    for (const [i, item] of items.entries()) {
      if (item.kind !== 'float') continue;
      let at = group.byTime.get(i * stepMs);
      if (at === undefined) group.byTime.set(i * stepMs, (at = { buckets: new Map(), count: null, sum: 0 }));
      if (suffix === 'bucket') at.buckets.set(bound, item.value);
      else if (suffix === 'count') at.count = item.value;
      else at.sum = item.value;
    }
  }
  return [...groups.values()].map(({ labels, byTime }) => ({
    labels,
    samples: [...byTime.entries()]
      .sort(([a], [b]) => a - b)
      .map(([timestampMs, collected]) => ({ timestampMs, histogram: convert(collected) })),
  }));
}

function convert({ buckets, count, sum }: Collected): FloatHistogram {
  const sorted = [...buckets.entries()].sort(([a], [b]) => a - b);
  const total = count ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Infinity) sorted.push([Infinity, total]);
  const counts = sorted.map(([, cumulative], i) => cumulative - (sorted[i - 1]?.[1] ?? 0));
  return compact(
    draftOf({
      counterResetHint: 'unknown',
      schema: CUSTOM_BUCKETS_SCHEMA,
      zeroThreshold: 0,
      zeroCount: 0,
      count: total,
      sum,
      positiveSpans: [{ offset: 0, length: counts.length }],
      negativeSpans: [],
      positiveBuckets: counts,
      negativeBuckets: [],
      customValues: sorted.map(([bound]) => bound).filter((bound) => bound !== Infinity),
    }),
  );
}
