/** Forgetting, checkpoints, and what a crash, a failing disk or a power loss in the middle of it leaves. */

import { expect, test } from 'vitest';
import { ALL_TIME, contents, maintain, openTestTsdb as open } from '../../test/support/tsdb.ts';
import { finish } from '../lib/finish.ts';
import type { CrashLabel } from '../model/crash-point.ts';
import { Labels } from '../model/labels.ts';
import { equalMatcher } from '../model/matcher.ts';
import { ProcessLife, SimCrashPoints, SimulatedCrash } from '../platform/sim/sim-crash.ts';
import { SimDisk } from '../platform/sim/sim-disk.ts';
import { SimRandom } from '../platform/sim/sim-random.ts';
import type { Tsdb, TsdbOptions } from './tsdb.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_700_000_000_000;
const OPTIONS: Partial<TsdbOptions> = { headRetentionMs: HOUR, chunkRangeMs: HOUR / 2, walSegmentBytes: 32 * 1024 };

/** One scrape a minute: series that stay, and one that lives for ten minutes. */
function scrape(tsdb: Tsdb, minute: number): void {
  const appender = tsdb.appender();
  const put = (labels: Record<string, string>): void => {
    appender.append(appender.series(Labels.of(labels)), START + minute * MINUTE, Math.sin(minute));
  };
  for (let i = 0; i < 10; i++) put({ __name__: 'stays', i: String(i) });
  put({ __name__: 'churns', pod: `pod-${Math.floor(minute / 10)}` });
  appender.commit();
}

const since = (tsdb: Tsdb, minute: number) => contents(tsdb, [], { fromMs: START + minute * MINUTE, toMs: Infinity });

test('for days, memory and disk stay as they are, and a restart finds the last hour', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk, OPTIONS);
  let usedBytes = 0;
  let symbols = 0;
  const minutes = 60 * 36;
  for (let minute = 0; minute < minutes; minute++) {
    scrape(tsdb, minute);
    maintain(tsdb, START + minute * MINUTE);
    if (minute === 60 * 12) ({ usedBytes } = disk);
    if (minute === 60 * 12) ({ symbols } = tsdb.stats);
  }
  expect(disk.usedBytes).toBeLessThan(usedBytes * 1.2 + 10_000);
  expect(tsdb.stats.symbols).toBeLessThan(symbols + 10);
  expect(tsdb.stats.series).toBeLessThan(50);
  expect(tsdb.stats.chunkBytes.reserved).toBeLessThan(3_000_000);
  expect(tsdb.stats.maintenance.checkpoints).toBeGreaterThan(8);
  expect(disk.list('data/wal').filter(({ kind }) => kind === 'directory')).toHaveLength(1);

  const { tsdb: again, report } = open(disk, OPTIONS);
  expect(report).toMatchObject({ damages: [], gaps: [], unknownRefs: 0 });
  expect(since(again, minutes - 60)).toEqual(since(tsdb, minutes - 60));
  expect(Object.keys(since(tsdb, minutes - 60)['{__name__="stays", i="4"}'] ?? {})).toHaveLength(60);
});

test('samples from the future keep no segment alive', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk, OPTIONS);
  scrape(tsdb, 0);
  const appender = tsdb.appender();
  appender.append(appender.series(Labels.of({ from: 'the future' })), START + 25 * MINUTE, 1);
  appender.commit();
  for (let minute = 1; minute < 400; minute++) {
    scrape(tsdb, minute);
    maintain(tsdb, START + minute * MINUTE);
  }
  expect(disk.stat('data/wal/00000000')).toBe(null);
});

test('a selection made before its series is dropped reads nothing else in its place', () => {
  const { tsdb } = open(new SimDisk(), OPTIONS);
  for (let minute = 0; minute < 10; minute++) scrape(tsdb, minute);
  const old = finish(tsdb.select([equalMatcher('__name__', 'churns')], ALL_TIME));
  expect(old.labels(0).get('pod')).toBe('pod-0');
  for (let minute = 10; minute < 400; minute++) {
    scrape(tsdb, minute);
    maintain(tsdb, START + minute * MINUTE);
  }
  expect(finish(tsdb.series([[equalMatcher('pod', 'pod-0')]], ALL_TIME, 0))).toEqual([]);
  expect(old.labels(0)).toBe(Labels.empty);
});

test('series that go while others are looked for are not found, and nothing is missed', () => {
  const { tsdb } = open(new SimDisk(), OPTIONS);
  const appender = tsdb.appender();
  for (let i = 0; i < 20_000; i++)
    appender.append(appender.series(Labels.of({ __name__: i % 2 === 0 ? 'stays' : 'goes', i: String(i) })), START, i);
  appender.commit();
  const selecting = tsdb.select([equalMatcher('job', '')], ALL_TIME);
  expect(selecting.next().done).toBe(false);
  for (let minute = 1; minute < 400; minute += 20) {
    const later = tsdb.appender();
    for (let i = 0; i < 20_000; i += 2)
      later.append(later.series(Labels.of({ __name__: 'stays', i: String(i) })), START + minute * MINUTE, i);
    later.commit();
    maintain(tsdb, START + minute * MINUTE);
  }
  const selected = finish(selecting);
  expect(selected.count).toBe(10_000);
  for (let i = 0; i < selected.count; i++) expect(selected.labels(i).get('__name__')).toBe('stays');
});

test('new series of a batch that is still open stay, whoever else wrote to them', () => {
  const { tsdb } = open(new SimDisk(), OPTIONS);
  scrape(tsdb, 0);
  const labels = Labels.of({ __name__: 'new' });
  const slow = tsdb.appender();
  expect(slow.append(slow.series(labels), START + 399 * MINUTE, 1)).toBe('ok');
  const quick = tsdb.appender();
  quick.append(quick.series(Labels.of({ __name__: 'before' })), START + 399 * MINUTE, 1);
  expect(quick.append(quick.series(labels), START + 399 * MINUTE, 2)).toBe('ok');
  quick.rollback();
  scrape(tsdb, 399);
  maintain(tsdb, START + 399 * MINUTE);
  slow.commit();
  expect(contents(tsdb)[labels.toString()]).toEqual([[START + 399 * MINUTE, 1]]);
});

test('a kill at any labelled place loses nothing that was committed', () => {
  for (const label of ['wal.append', 'wal.before-sync', 'wal.checkpoint'] satisfies CrashLabel[]) {
    for (const nth of [1, 2, 3, 5, 9, 30]) {
      const disk = new SimDisk();
      const life = new ProcessLife('engine');
      const crashPoints = new SimCrashPoints(life, new Map());
      const { tsdb } = open(disk.forProcess(life) as SimDisk, { ...OPTIONS, crashPoints });
      crashPoints.crashAt(label, nth);
      // The last scrape whose commit returned.
      let last = -1;
      try {
        for (let minute = 0; minute < 500; minute++) {
          scrape(tsdb, minute);
          last = minute;
          void tsdb.flush().catch(() => {});
          maintain(tsdb, START + minute * MINUTE);
        }
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw error;
      }
      disk.crash();
      const { tsdb: again, report } = open(disk, OPTIONS);
      expect(report).toMatchObject({ damages: [], gaps: [], unknownRefs: 0 });
      const found = since(again, Math.max(0, last - 59));
      expect(found['{__name__="stays", i="7"}'] ?? []).toHaveLength(Math.min(60, last + 1));
      expect(disk.list('data/wal').some(({ name }) => name.endsWith('.tmp'))).toBe(false);
      for (let next = last + 1; next < last + 200; next++) {
        scrape(again, next);
        maintain(again, START + next * MINUTE);
      }
      expect(since(open(disk, OPTIONS).tsdb, last + 140)).toEqual(since(again, last + 140));
    }
  }
});

test('a disk that refuses the checkpoint keeps the segments, and gets it later', () => {
  for (const operation of ['write', 'sync', 'rename', 'makeDirectory', 'open'] as const) {
    const disk = new SimDisk();
    const { tsdb } = open(disk, OPTIONS);
    const undo = disk.inject({ operation, code: 'ENOSPC', path: /checkpoint/ });
    for (let minute = 0; minute < 300; minute++) {
      scrape(tsdb, minute);
      maintain(tsdb, START + minute * MINUTE);
    }
    expect(tsdb.stats.maintenance).toMatchObject({ checkpoints: 0 });
    expect(tsdb.stats.maintenance.checkpointsFailed).toBeGreaterThan(0);
    expect(since(open(disk, OPTIONS).tsdb, 241)).toEqual(since(tsdb, 241));
    undo();
    for (let minute = 300; minute < 320; minute++) {
      scrape(tsdb, minute);
      maintain(tsdb, START + minute * MINUTE);
    }
    expect(tsdb.stats.maintenance.checkpoints).toBeGreaterThan(0);
    expect(since(open(disk, OPTIONS).tsdb, 261)).toEqual(since(tsdb, 261));
  }
});

test('the times between two runs are known, and those within one are none', () => {
  const disk = new SimDisk();
  for (const [from, to] of [
    [0, 9],
    [20, 25],
    [26, 30],
  ] as const) {
    const { tsdb } = open(disk, OPTIONS);
    for (let minute = from; minute <= to; minute++) scrape(tsdb, minute);
  }
  const between = (from: number, to: number) => ({ fromMs: START + from * MINUTE, toMs: START + to * MINUTE });
  expect(open(disk, OPTIONS).tsdb.gaps).toEqual([between(9, 20), between(25, 26)]);
});

test('a long time in which a run wrote nothing is known after a start', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk, OPTIONS);
  for (const minute of [0, 1, 4, 5, 15, 16]) scrape(tsdb, minute);
  expect(open(disk, OPTIONS).tsdb.gaps).toEqual([{ fromMs: START + 5 * MINUTE, toMs: START + 15 * MINUTE }]);
});

test('the times in which the disk was full are known after a start, and each lost batch is told', () => {
  const disk = new SimDisk();
  const settled: boolean[] = [];
  const { tsdb } = open(disk, { ...OPTIONS, settled: (_writer, isStored) => settled.push(isStored) });
  scrape(tsdb, 0);
  const undo = disk.inject({ operation: 'write', code: 'ENOSPC', path: /wal/ });
  for (let minute = 1; minute < 5; minute++) expect(() => scrape(tsdb, minute)).toThrow('no space left');
  undo();
  for (let minute = 5; minute < 8; minute++) scrape(tsdb, minute);
  expect(settled).toEqual([true, false, false, false, false, true, true, true]);
  const again = open(disk, OPTIONS).tsdb;
  expect(again.gaps).toEqual([{ fromMs: START, toMs: START + 5 * MINUTE }]);
  expect(contents(again)).toEqual(contents(tsdb));
  // No segment for each batch that was lost.
  expect(disk.list('data/wal')).toHaveLength(2);
});

test('a power loss costs what came after the last flush, and no more', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SimRandom(seed);
    const disk = new SimDisk();
    const { tsdb } = open(disk, OPTIONS);
    let flushed = -1;
    const end = 1 + Math.floor(random.next() * 250);
    for (let minute = 0; minute < end; minute++) {
      scrape(tsdb, minute);
      if (random.next() < 0.3) {
        await tsdb.flush();
        flushed = minute;
      }
      if (random.next() < 0.5) maintain(tsdb, START + minute * MINUTE);
    }
    disk.powerLoss(random);
    const { tsdb: again } = open(disk, OPTIONS);
    const found = contents(again, [equalMatcher('i', '3')])['{__name__="stays", i="3"}'] ?? [];
    const times = new Set(found.map(([timestamp]) => (timestamp - START) / MINUTE));
    for (let minute = Math.max(0, flushed - 58); minute <= flushed; minute++) {
      if (!times.has(minute)) throw new Error(`seed ${seed}: minute ${minute} is lost, ${flushed} was flushed`);
    }
    scrape(again, end);
    expect(since(open(disk, OPTIONS).tsdb, end - 59)).toEqual(since(again, end - 59));
  }
});

test('after a failed sync the same is written again elsewhere, and then durable', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new SimDisk();
    const { tsdb } = open(disk, OPTIONS);
    for (let minute = 0; minute < 10; minute++) scrape(tsdb, minute);
    await tsdb.flush();
    for (let minute = 10; minute < 20; minute++) scrape(tsdb, minute);
    // The kernel drops the pages, and a second sync of the file would succeed.
    disk.inject({ operation: 'sync', code: 'EIO', path: /\/0000000\d$/, times: 1 });
    await expect(tsdb.flush()).rejects.toMatchObject({ code: 'EIO' });
    scrape(tsdb, 20);
    await tsdb.flush();
    const before = contents(tsdb);
    disk.powerLoss(new SimRandom(seed));
    expect(contents(open(disk, OPTIONS).tsdb)).toEqual(before);
  }
});

test('closing makes everything durable', async () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk, OPTIONS);
  for (let minute = 0; minute < 300; minute++) scrape(tsdb, minute);
  const before = contents(tsdb);
  await tsdb.close();
  disk.powerLoss(new SimRandom(7));
  const { tsdb: again, report } = open(disk, OPTIONS);
  expect(report.damages).toEqual([]);
  expect(contents(again)).toEqual(before);
});
