import { expect, test } from 'vitest';
import { ALL_TIME, contents, maintain, openTestTsdb as open } from '../../test/support/tsdb.ts';
import { finish } from '../lib/finish.ts';
import type { FloatHistogram } from '../model/histogram.ts';
import { Labels } from '../model/labels.ts';
import { equalMatcher, type Matcher, makeMatcher } from '../model/matcher.ts';
import { isStale, SampleColumns, STALE_NAN } from '../model/sample.ts';
import type { Appender, AppendVerdict, SeriesRef } from '../model/storage.ts';
import { SimDisk } from '../platform/sim/sim-disk.ts';
import { SimRandom } from '../platform/sim/sim-random.ts';
import type { Tsdb } from './tsdb.ts';

const HOUR = 3_600_000;
const UP = Labels.of({ __name__: 'up', job: 'node' });

const matcher = (name: string, op: '=' | '!=' | '=~' | '!~', value: string): Matcher => {
  const made = makeMatcher(name, op, value);
  if ('error' in made) throw new Error(made.error);
  return made;
};

function commit(tsdb: Tsdb, fill: (appender: Appender) => void): void {
  const appender = tsdb.appender();
  fill(appender);
  appender.commit();
}

function put(tsdb: Tsdb, labels: Labels, ...samples: readonly (readonly [number, number])[]): void {
  commit(tsdb, (appender) => {
    const ref = appender.series(labels);
    for (const [timestamp, value] of samples) expect(appender.append(ref, timestamp, value)).toBe('ok');
  });
}

const histogram = (count: number, more: Partial<FloatHistogram> = {}): FloatHistogram => ({
  counterResetHint: 'unknown',
  schema: 0,
  zeroThreshold: 0.001,
  zeroCount: 0,
  count,
  sum: count * 2,
  positiveSpans: [{ offset: 0, length: 1 }],
  negativeSpans: [],
  positiveBuckets: [count],
  negativeBuckets: [],
  customValues: [],
  ...more,
});

test('what was committed is there after a kill, without a flush', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk);
  for (let scrape = 0; scrape < 300; scrape++) {
    commit(tsdb, (appender) => {
      for (let i = 0; i < 20; i++) {
        const ref = appender.series(Labels.of({ __name__: 'up', instance: `i${i}` }));
        expect(appender.append(ref, 1000 + scrape * 15_000, scrape * i)).toBe('ok');
      }
    });
  }
  const before = contents(tsdb);
  expect(Object.keys(before)).toHaveLength(20);
  expect(before['{__name__="up", instance="i3"}']).toHaveLength(300);
  disk.crash();
  const { tsdb: again, report } = open(disk);
  expect(report.damages).toEqual([]);
  expect(contents(again)).toEqual(before);
  expect(contents(again, [equalMatcher('instance', 'i7')], { fromMs: 16_000, toMs: 31_000 })).toEqual({
    '{__name__="up", instance="i7"}': [
      [16_000, 7],
      [31_000, 14],
    ],
  });
  expect(Object.keys(contents(again, [matcher('__name__', '=', 'up'), matcher('instance', '=~', 'i1.*')]))).toHaveLength(11);
});

test('what a killed process had not synced is there after a later loss of power', () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new SimDisk();
    put(open(disk).tsdb, UP, [1, 1]);
    disk.crash();
    open(disk);
    disk.powerLoss(new SimRandom(seed));
    expect(contents(open(disk).tsdb)).toEqual({ '{__name__="up", job="node"}': [[1, 1]] });
  }
});

test('where even that fails it is tried again, each time later, and does not count on the kernel', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new SimDisk();
    put(open(disk).tsdb, UP, [1, 1]);
    disk.crash();
    const heal = disk.inject({ operation: 'sync', path: /wal\/0/, code: 'EIO' });
    const { tsdb } = open(disk);
    for (let flush = 0; flush < 4; flush++) await tsdb.flush();
    heal();
    for (let flush = 0; flush < 4; flush++) await tsdb.flush();
    disk.powerLoss(new SimRandom(seed));
    expect(contents(open(disk).tsdb)).toEqual({ '{__name__="up", job="node"}': [[1, 1]] });
  }
});

test('each new series can be appended to at once, however many there are', () => {
  const { tsdb } = open(new SimDisk());
  commit(tsdb, (appender) => {
    for (let i = 0; i < 5000; i++) expect(appender.append(appender.series(Labels.of({ i: String(i) })), 1000, i)).toBe('ok');
  });
  expect(tsdb.stats.head.floatsAppended).toBe(5000);
});

test.each<{ given: string; timestamp: number; value: number; verdict: AppendVerdict }>([
  { given: 'a later time', timestamp: 1001, value: 9, verdict: 'ok' },
  { given: 'the same time and value', timestamp: 1000, value: 7, verdict: 'ok' },
  { given: 'the same time, another value', timestamp: 1000, value: 8, verdict: 'duplicate' },
  { given: 'an earlier time', timestamp: 999, value: 7, verdict: 'out_of_order' },
  { given: 'an hour before the newest sample of all', timestamp: 1000 - HOUR - 1, value: 7, verdict: 'out_of_bounds' },
  { given: 'a time that no chunk can hold', timestamp: 2 ** 53, value: 7, verdict: 'out_of_bounds' },
  { given: 'no time at all', timestamp: Number.NaN, value: 7, verdict: 'out_of_bounds' },
])('after [1000, 7], $given is $verdict, within a batch and after it', ({ timestamp, value, verdict }) => {
  for (const isCommitted of [true, false]) {
    const { tsdb } = open(new SimDisk());
    put(tsdb, Labels.of({ other: 'series' }), [1000, 1]);
    let appender = tsdb.appender();
    const ref = appender.series(UP);
    expect(appender.append(ref, 1000, 7)).toBe('ok');
    if (isCommitted) {
      appender.commit();
      appender = tsdb.appender();
    }
    expect(appender.append(ref, timestamp, value)).toBe(verdict);
    appender.commit();
    const kept = verdict === 'ok' && timestamp !== 1000 ? [[timestamp, value]] : [];
    expect(contents(tsdb, [equalMatcher('__name__', 'up')])).toEqual({ [UP.toString()]: [[1000, 7], ...kept] });
  }
});

test('two NaN are the same only when their bits are', () => {
  const { tsdb } = open(new SimDisk());
  put(tsdb, UP, [1000, Number.NaN]);
  commit(tsdb, (appender) => {
    const ref = appender.series(UP);
    expect(appender.append(ref, 1000, Number.NaN)).toBe('ok');
    expect(appender.append(ref, 1000, STALE_NAN)).toBe('duplicate');
  });
});

test('a histogram at the same time is the same when all of it is', () => {
  const { tsdb } = open(new SimDisk());
  commit(tsdb, (appender) => {
    const ref = appender.series(UP);
    expect(appender.appendHistogram(ref, 1000, histogram(5))).toBe('ok');
    expect(appender.appendHistogram(ref, 1000, histogram(5))).toBe('ok');
    expect(appender.appendHistogram(ref, 1000, histogram(6))).toBe('duplicate');
    expect(appender.append(ref, 1000, 0)).toBe('duplicate');
  });
  commit(tsdb, (appender) => {
    const ref = appender.series(UP);
    expect(appender.appendHistogram(ref, 1000, histogram(5))).toBe('ok');
    expect(appender.appendHistogram(ref, 1000, histogram(6))).toBe('duplicate');
    expect(appender.appendHistogram(ref, 999, histogram(5))).toBe('out_of_order');
    expect(appender.append(ref, 1000, 0)).toBe('duplicate');
  });
  expect(contents(tsdb)).toEqual({ [UP.toString()]: [[1000, 5]] });
});

test('nothing of a batch is seen before it is committed, nor after it is rolled back', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk);
  put(tsdb, UP, [1000, 1]);
  const selected = finish(tsdb.select([], ALL_TIME));
  const appender = tsdb.appender();
  appender.append(appender.series(UP), 2000, 2);
  appender.append(appender.series(Labels.of({ new: 'series' })), 2000, 2);
  expect(Object.keys(contents(tsdb))).toEqual([UP.toString()]);
  appender.commit();
  // The selection still sees what was there when it was made.
  const columns = new SampleColumns();
  selected.read(0, columns);
  expect([selected.count, columns.length]).toEqual([1, 1]);
  expect(contents(tsdb)).toEqual({
    [UP.toString()]: [
      [1000, 1],
      [2000, 2],
    ],
    '{new="series"}': [[2000, 2]],
  }); // prettier-ignore

  const undone = tsdb.appender();
  expect(undone.append(undone.series(UP), 3000, 3)).toBe('ok');
  undone.rollback();
  put(tsdb, UP, [2500, 2.5]);
  expect(contents(open(disk).tsdb)).toEqual(contents(tsdb));
  expect(() => undone.commit()).toThrow('BUG:');
});

test('of two open batches on one series the second to commit gives way', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk);
  const first = tsdb.appender();
  const second = tsdb.appender();
  expect(first.append(first.series(UP), 1000, 1)).toBe('ok');
  expect(second.append(second.series(UP), 2000, 2)).toBe('ok');
  second.commit();
  first.commit();
  expect(tsdb.stats.append.overtaken).toBe(1);
  expect(contents(tsdb)).toEqual({ [UP.toString()]: [[2000, 2]] });
});

test('series with floats and histograms by turns keep their order over a restart', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk);
  const custom = histogram(3, { schema: -53, zeroThreshold: 0, customValues: [0.5, 10] });
  commit(tsdb, (appender) => {
    const ref = appender.series(UP);
    appender.appendHistogram(ref, 1000, histogram(5));
    appender.append(ref, 2000, 20);
    appender.appendHistogram(ref, 3000, custom);
    appender.appendHistogram(ref, 4000, histogram(7));
    appender.append(ref, 5000, STALE_NAN);
    appender.append(ref, 6000, 1);
  });
  const before = contents(tsdb);
  expect(before[UP.toString()]?.map(([timestamp]) => timestamp)).toEqual([1000, 2000, 3000, 4000, 5000, 6000]);
  expect(contents(open(disk).tsdb)).toEqual(before);
  // The marker after histograms is a histogram, as Prometheus makes it.
  const columns = new SampleColumns();
  finish(tsdb.select([], ALL_TIME)).read(0, columns);
  expect(isStale(columns.histograms?.[4]?.sum ?? 0)).toBe(true);
  expect(isStale(columns.values[4] ?? 0)).toBe(true);
});

test('so they do where another batch has left its marks on them meanwhile', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk);
  const appender = tsdb.appender();
  const ref = appender.series(UP);
  const samples: ((into: typeof appender) => unknown)[] = [
    (into) => into.appendHistogram(ref, 1000, histogram(5)),
    (into) => into.append(ref, 2000, 20),
    (into) => into.appendHistogram(ref, 3000, histogram(3, { schema: -53, zeroThreshold: 0, customValues: [0.5, 10] })),
    (into) => into.appendHistogram(ref, 4000, histogram(7)),
  ];
  for (const append of samples) {
    expect(append(appender)).toBe('ok');
    const other = tsdb.appender();
    for (let i = 0; i < 5; i++) other.append(other.series(Labels.of({ i: String(i) })), 500 + i, 1);
    expect(other.append(ref, 500, 1)).toBe('ok');
    other.rollback();
  }
  appender.commit();
  const before = contents(tsdb);
  expect(before[UP.toString()]?.map(([timestamp]) => timestamp)).toEqual([1000, 2000, 3000, 4000]);
  expect(contents(open(disk).tsdb)).toEqual(before);
});

test('large histograms of a series are read in parts, which are together what was written', () => {
  const { tsdb } = open(new SimDisk());
  const buckets = 30_000;
  const written: (readonly [number, number])[] = [];
  for (let i = 0; i < 30; i++) {
    commit(tsdb, (appender) => {
      const ref = appender.series(UP);
      if (i % 10 === 9) expect(appender.append(ref, i * 1000, i)).toBe('ok');
      else {
        const large = { positiveSpans: [{ offset: 0, length: buckets }], positiveBuckets: new Array<number>(buckets).fill(i + 1) };
        expect(appender.appendHistogram(ref, i * 1000, histogram((i + 1) * buckets, large))).toBe('ok');
      }
    });
    written.push([i * 1000, i % 10 === 9 ? i : (i + 1) * buckets]);
  }
  const selected = finish(tsdb.select([], { fromMs: 2000, toMs: 27_000 }));
  const columns = new SampleColumns();
  let parts = 1;
  for (let isWhole = selected.read(0, columns); !isWhole; parts++) {
    expect(columns.histograms).not.toBe(null);
    isWhole = selected.readOn(0, columns);
  }
  expect(parts).toBeGreaterThan(1);
  const read = Array.from({ length: columns.length }, (_, i) => [
    columns.timestamps[i],
    columns.histograms?.[i]?.count ?? columns.values[i],
  ]);
  expect(read).toEqual(written.slice(2, 28));
  // What goes while it is read was never there.
  expect(selected.read(0, columns)).toBe(false);
  commit(tsdb, (appender) => appender.append(appender.series(Labels.of({ much: 'later' })), 100 * HOUR * 24, 1));
  maintain(tsdb, 100 * HOUR * 24);
  expect(selected.readOn(0, columns)).toBe(true);
  expect(columns.length).toBe(0);
});

test('a refused commit leaves nothing behind, and the next one brings its series into the log', () => {
  for (const [operation, code] of [
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['open', 'EMFILE'],
    ['sync', 'EIO'],
  ] as const) {
    const disk = new SimDisk();
    const { tsdb } = open(disk);
    if (operation === 'write') put(tsdb, Labels.of({ some: 'series' }), [500, 1]);
    const before = contents(tsdb);
    const undo = disk.inject({ operation, code, path: /wal/ });
    const appender = tsdb.appender();
    appender.append(appender.series(UP), 1000, 1);
    expect(() => appender.commit()).toThrow(expect.objectContaining({ code }));
    expect(contents(tsdb)).toEqual(before);
    expect(tsdb.stats.append.commitsFailed).toBe(1);
    undo();
    put(tsdb, UP, [1000, 1]);
    expect(contents(tsdb)).toEqual({ ...before, [UP.toString()]: [[1000, 1]] });
    const { tsdb: again, report } = open(disk);
    expect(report).toMatchObject({ damages: [], unknownRefs: 0 });
    expect(contents(again)).toEqual(contents(tsdb));
  }
});

test('a disk that fills up costs the commits that do not fit, and nothing else', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk, { walSegmentBytes: 32 * 1024 });
  disk.capacityBytes = disk.usedBytes + 20_000;
  let failed = 0;
  for (let i = 0; i < 400; i++) {
    const appender = tsdb.appender();
    for (let k = 0; k < 20; k++) appender.append(appender.series(Labels.of({ k: String(k) })), i * 1000, Math.sin(i * k));
    try {
      appender.commit();
    } catch {
      failed++;
    }
    if (i === 300) disk.capacityBytes += 1_000_000;
  }
  expect(failed).toBeGreaterThan(100);
  expect(contents(tsdb)['{k="3"}']).toHaveLength(400 - failed);
  const { tsdb: again, report } = open(disk);
  expect(report.damages).toEqual([]);
  expect(contents(again)).toEqual(contents(tsdb));
});

test('names, values and series are those of the head, or of what matches', () => {
  const { tsdb } = open(new SimDisk());
  put(tsdb, Labels.of({ __name__: 'up', job: 'a', instance: '1' }), [1000, 1]);
  put(tsdb, Labels.of({ __name__: 'up', job: 'b', zone: 'z' }), [HOUR, 1]);
  put(tsdb, Labels.of({ __name__: 'down', job: 'b' }), [HOUR, 1]);
  const jobB = [equalMatcher('job', 'b')];
  expect(finish(tsdb.labelNames(null, ALL_TIME, 0))).toEqual(['__name__', 'instance', 'job', 'zone']);
  expect(finish(tsdb.labelNames(jobB, ALL_TIME, 0))).toEqual(['__name__', 'job', 'zone']);
  expect(finish(tsdb.labelNames(null, ALL_TIME, 2))).toEqual(['__name__', 'instance']);
  expect(finish(tsdb.labelNames(null, { fromMs: 2 * HOUR, toMs: 3 * HOUR }, 0))).toEqual([]);
  expect(finish(tsdb.labelValues('__name__', null, ALL_TIME, 0))).toEqual(['down', 'up']);
  expect(finish(tsdb.labelValues('zone', jobB, ALL_TIME, 0))).toEqual(['z']);
  expect(finish(tsdb.labelValues('nothing', null, ALL_TIME, 0))).toEqual([]);
  const both = [[equalMatcher('__name__', 'up')], jobB];
  expect(finish(tsdb.series(both, ALL_TIME, 0)).map(String)).toEqual([
    '{__name__="down", job="b"}',
    '{__name__="up", instance="1", job="a"}',
    '{__name__="up", job="b", zone="z"}',
  ]);
  expect(finish(tsdb.series(both, ALL_TIME, 1))).toHaveLength(1);
  expect(finish(tsdb.series([[]], { fromMs: 0, toMs: 2000 }, 0)).map(String)).toEqual(['{__name__="up", instance="1", job="a"}']);
  expect(tsdb.cardinality(2)).toEqual({
    labelPairs: 6,
    seriesByMetricName: [
      { name: 'up', value: 2 },
      { name: 'down', value: 1 },
    ],
    valuesByLabelName: [
      { name: '__name__', value: 2 },
      { name: 'job', value: 2 },
    ],
    bytesByLabelName: [
      { name: '__name__', value: 8 },
      { name: 'job', value: 3 },
    ],
    seriesByLabelPair: [
      { name: '__name__=up', value: 2 },
      { name: 'job=b', value: 2 },
    ],
  });
});

test('a ref is known until its series is dropped, and never names another', () => {
  const { tsdb } = open(new SimDisk(), { headRetentionMs: HOUR });
  const refs: SeriesRef[] = [];
  commit(tsdb, (appender) => {
    refs.push(appender.series(UP));
    appender.append(refs[0]!, 1000, 1);
  });
  put(tsdb, Labels.of({ other: 'series' }), [2000, 1], [4 * HOUR, 1]);
  maintain(tsdb, 4 * HOUR);
  // The log still has its sample: the series stays until that segment goes.
  expect(tsdb.stats.series).toBe(2);
  put(tsdb, Labels.of({ other: 'series' }), [7 * HOUR, 1]);
  maintain(tsdb, 7 * HOUR);
  put(tsdb, Labels.of({ other: 'series' }), [9 * HOUR, 1]);
  maintain(tsdb, 9 * HOUR);
  expect(tsdb.stats.series).toBe(1);
  commit(tsdb, (appender) => {
    const fresh = appender.series(UP);
    expect(fresh).not.toBe(refs[0]);
    expect(appender.append(refs[0]!, 9 * HOUR, 1)).toBe('unknown_ref');
    expect(appender.append(fresh, 9 * HOUR, 1)).toBe('ok');
  });
});
