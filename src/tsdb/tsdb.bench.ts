/** Appending as scrapes do, reading as rules do, and replaying what was appended. Figures are for 1 M samples. */

import { bench, describe } from 'vitest';
import { finish } from '../lib/finish.ts';
import { noCrashPoints } from '../model/crash-point.ts';
import { Labels } from '../model/labels.ts';
import { silentLog } from '../model/log.ts';
import { equalMatcher } from '../model/matcher.ts';
import { SampleColumns } from '../model/sample.ts';
import type { SeriesRef } from '../model/storage.ts';
import { SimDisk } from '../platform/sim/sim-disk.ts';
import { openTsdb, type Tsdb } from './tsdb.ts';

const TARGETS = 25;
const SERIES = 400;
const SCRAPES = 100;
const INTERVAL_MS = 15_000;

function open(disk: SimDisk): Tsdb {
  const opening = openTsdb({ disk, dir: 'data', crashPoints: noCrashPoints, log: silentLog });
  for (;;) {
    const step = opening.next();
    if (step.done) return step.value.tsdb;
  }
}

const labelSets: readonly Labels[] = Array.from({ length: TARGETS * SERIES }, (_, i) =>
  Labels.of({
    __name__: `metric_${i % 40}`,
    instance: `host-${Math.floor(i / SERIES)}:9100`,
    job: 'node',
    device: `eth${Math.floor((i % SERIES) / 40)}`,
    cluster: 'production-europe-west',
    namespace: 'monitoring',
    pod: `node-exporter-${Math.floor(i / SERIES)}`,
  }),
);

/** Half of the values change, as in real scrapes. */
const valueAt = (series: number, scrape: number): number => (series % 2 === 0 ? series : Math.floor(series * 1.7 * scrape) + (series % 3));

function fill(tsdb: Tsdb, scrapes: number, from = 0): void {
  const refs: SeriesRef[] = [];
  for (let scrape = from; scrape < from + scrapes; scrape++) {
    for (let target = 0; target < TARGETS; target++) {
      const appender = tsdb.appender();
      for (let i = target * SERIES; i < (target + 1) * SERIES; i++) {
        refs[i] ??= appender.series(labelSets[i]!);
        appender.append(refs[i]!, 1_700_000_000_000 + scrape * INTERVAL_MS, valueAt(i, scrape));
      }
      appender.commit();
    }
  }
}

describe('1 M samples', () => {
  bench('append in scrapes of 400, new series included', () => fill(open(new SimDisk()), SCRAPES), { iterations: 5, warmupIterations: 2 });

  const disk = new SimDisk();
  fill(open(disk), SCRAPES);
  bench('replay', () => void open(disk), { iterations: 5, warmupIterations: 2 });
});

describe('10 000 series of 120 samples', () => {
  const tsdb = open(new SimDisk());
  fill(tsdb, 120);
  const columns = new SampleColumns();
  const end = 1_700_000_000_000 + 120 * INTERVAL_MS;
  const read = (fromMs: number): number => {
    const selected = finish(tsdb.select([equalMatcher('job', 'node')], { fromMs, toMs: end }));
    let samples = 0;
    for (let i = 0; i < selected.count; i++) {
      selected.read(i, columns);
      samples += columns.length;
    }
    selected.close();
    return samples;
  };
  if (read(0) !== TARGETS * SERIES * 120) throw new Error('samples are missing');
  bench('select and read all', () => void read(0));
  bench('select and read the last five minutes', () => void read(end - 300_000));
  bench('select again', () => finish(tsdb.select([equalMatcher('job', 'node')], { fromMs: 0, toMs: end })).close());
});
