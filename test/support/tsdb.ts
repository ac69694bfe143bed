/** Opening a database in a test, and looking at all that is in it. */
import { finish } from '../../src/lib/finish.ts';
import { noCrashPoints } from '../../src/model/crash-point.ts';
import type { Disk } from '../../src/model/disk.ts';
import { silentLog } from '../../src/model/log.ts';
import type { Matcher } from '../../src/model/matcher.ts';
import { SampleColumns } from '../../src/model/sample.ts';
import type { TimeRange } from '../../src/model/time.ts';
import { openTsdb, type Tsdb, type TsdbOptions } from '../../src/tsdb/tsdb.ts';
import type { ReplayReport } from '../../src/tsdb/wal/replay.ts';

export const ALL_TIME: TimeRange = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

export function openTestTsdb(disk: Disk, options: Partial<TsdbOptions> = {}): { readonly tsdb: Tsdb; readonly report: ReplayReport } {
  const opening = openTsdb({ disk, dir: 'data', crashPoints: noCrashPoints, log: silentLog, ...options });
  for (;;) {
    const step = opening.next();
    if (step.done) return step.value;
  }
}

/** Runs maintenance to its end. */
export function maintain(tsdb: Tsdb, nowMs: number): void {
  const slices = tsdb.maintain(nowMs);
  while (!slices.next().done);
}

/** Labels → its samples as [timestamp, value], a histogram as its count. */
export type Contents = Record<string, readonly (readonly [number, number])[]>;

export function contents(tsdb: Tsdb, matchers: readonly Matcher[] = [], range: TimeRange = ALL_TIME): Contents {
  const selected = finish(tsdb.select(matchers, range));
  const columns = new SampleColumns();
  const all: Contents = {};
  for (let i = 0; i < selected.count; i++) {
    selected.read(i, columns);
    all[selected.labels(i).toString()] = Array.from({ length: columns.length }, (_, k) => [
      columns.timestamps[k] ?? 0,
      columns.histograms?.[k]?.count ?? columns.values[k] ?? 0,
    ]);
  }
  selected.close();
  return all;
}
