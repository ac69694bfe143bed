/** GET /federate: the newest sample of each selected series within the lookback delta, as text (prometheus/web/federate.go). */
import type { FederateRequest, WireAnswer } from '../../api/prometheus-v1/backend.ts';
import { slicedSort } from '../../lib/sliced-sort.ts';
import { TextWriter } from '../../lib/text-writer.ts';
import { METRIC_NAME } from '../../model/labels.ts';
import { isStale, SampleColumns } from '../../model/sample.ts';
import type { Tsdb } from '../../tsdb/tsdb.ts';
import { matchersOf } from './answers.ts';
import { sampleLine, typeLine } from './exposition-text.ts';

export function* federateAnswer(
  tsdb: Tsdb,
  request: FederateRequest,
  externalLabels: Readonly<Record<string, string>>,
  lookbackDeltaMs: number,
): Generator<unknown, WireAnswer> {
  const lines = new Map<string, { readonly name: string; readonly line: string }>();
  const columns = new SampleColumns();
  for (const selector of request.selectors) {
    const series = yield* tsdb.select(matchersOf(selector), { fromMs: request.atMs - lookbackDeltaMs + 1, toMs: request.atMs });
    try {
      for (let i = 0; i < series.count; i++) {
        if (i % SERIES_AT_ONCE === SERIES_AT_ONCE - 1) yield;
        for (let isWhole = series.read(i, columns); !isWhole; ) {
          yield;
          isWhole = series.readOn(i, columns);
        }
        const last = columns.length - 1;
        const value = columns.values[last] ?? Number.NaN;
        if (last < 0 || isStale(value) || (columns.histograms?.[last] ?? null) !== null) continue;
        const own = series.labels(i);
        const labels = own.with(Object.entries(externalLabels).filter(([name]) => !own.has(name)));
        lines.set(own.key(), {
          name: own.get(METRIC_NAME),
          line: sampleLine(labels, { value, atMs: columns.timestamps[last]! }, request.escaping), // in bounds: last >= 0
        });
      }
    } finally {
      series.close();
    }
  }
  const out = new TextWriter();
  let family = '';
  let written = 0;
  for (const { name, line } of yield* slicedSort([...lines.values()], (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))) {
    if (name !== family) out.utf8(typeLine(name, request.escaping));
    family = name;
    out.utf8(line);
    if (++written % SERIES_AT_ONCE === 0) yield;
  }
  return { body: out.finish() };
}

const SERIES_AT_ONCE = 1000;
