import { expect, test } from 'vitest';
import { contents, maintain, openTestTsdb as open } from '../../../test/support/tsdb.ts';
import { ByteWriter } from '../../lib/byte-writer.ts';
import { crc32c } from '../../lib/crc32c.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { Labels } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { SimDisk } from '../../platform/sim/sim-disk.ts';
import { openTsdb } from '../tsdb.ts';
import { SegmentReader } from './reader.ts';
import { addSample, addSeries, decodeRecord, encodeMetadata, encodeTombstone, startSamples, startSeries } from './records.ts';
import { WalWriter } from './writer.ts';

const HOUR = 3_600_000;
const A = Labels.of({ name: 'a' });
const B = Labels.of({ name: 'b' });

type Entry =
  | readonly ['series', number, Labels]
  | readonly ['sample', number, number]
  | readonly ['tombstone', number, number, number]
  | readonly ['metadata', number, string];

/** A log of these entries, one record each; the value of a sample is the ref it was written under. */
function diskWith(entries: readonly Entry[], disk = new SimDisk()): SimDisk {
  disk.makeDirectory('data/wal');
  const writer = new WalWriter({ disk, dir: 'data/wal', firstSegment: 0, segmentBytes: 1 << 20, crashPoints: noCrashPoints });
  for (const entry of entries) {
    const record = new ByteWriter();
    switch (entry[0]) {
      case 'series':
        startSeries(record);
        addSeries(record, entry[1], entry[2]);
        break;
      case 'sample':
        startSamples(record, entry[1], entry[2]);
        addSample(record, entry[1], entry[2], entry[1], entry[2], 0x40080000, 0);
        break;
      case 'tombstone':
        encodeTombstone(record, entry[1], entry[2], entry[3]);
        break;
      case 'metadata':
        encodeMetadata(record, entry[1], { type: 1, unit: '', help: entry[2] });
    }
    writer.stage(record.view());
    writer.write();
  }
  writer.close();
  return disk;
}

test('a series recorded again under another number is the same series', () => {
  const disk = diskWith([
    ['series', 1, A],
    ['sample', 1, 1000],
    ['series', 9, A],
    ['sample', 9, 2000],
    ['sample', 1, 3000],
    ['series', 10, B],
    ['sample', 10, 3000],
  ]);
  const { tsdb, report } = open(disk);
  expect(report).toMatchObject({ series: 2, samples: 4, unknownRefs: 0 });
  expect(contents(tsdb)).toEqual({
    [A.toString()]: [
      [1000, 3],
      [2000, 3],
      [3000, 3],
    ],
    [B.toString()]: [[3000, 3]],
  }); // prettier-ignore
});

test('samples of unknown series and samples that come twice are counted and left out', () => {
  const { tsdb, report } = open(
    diskWith([
      ['sample', 1, 500],
      ['series', 1, A],
      ['sample', 1, 1000],
      ['sample', 1, 1000],
      ['sample', 1, 900],
      ['sample', 2, 1000],
      ['tombstone', 3, 0, 1],
      ['series', 2 ** 60, B],
    ]),
  );
  expect(report).toMatchObject({ series: 1, samples: 1, samplesSkipped: 2, unknownRefs: 4 });
  expect(contents(tsdb)).toEqual({ [A.toString()]: [[1000, 3]] });
});

test('deleted samples stay deleted, and what comes after a deletion does not', () => {
  const everything = -(2 ** 52);
  const { tsdb } = open(
    diskWith([
      ['series', 1, A],
      ['series', 2, B],
      ...[1000, 2000, 3000, 4000].flatMap((t): Entry[] => [
        ['sample', 1, t],
        ['sample', 2, t],
      ]), // prettier-ignore
      ['tombstone', 1, 2000, 3000],
      ['tombstone', 2, everything, -everything],
      ['sample', 2, 5000],
    ]),
  );
  expect(contents(tsdb)).toEqual({
    [A.toString()]: [
      [1000, 3],
      [4000, 3],
    ],
    [B.toString()]: [[5000, 3]],
  }); // prettier-ignore
});

test('a checkpoint keeps further numbers, deletions and metadata of the series that stay', () => {
  const now = 10 * HOUR;
  const disk = diskWith([
    ['series', 1, A],
    ['series', 5, A],
    ['series', 2, B],
    ['metadata', 1, 'help of a'],
    ['metadata', 2, 'help of b'],
    ['sample', 2, HOUR],
    ['sample', 1, now - 2000],
    ['sample', 5, now - 1000],
    ['sample', 5, now],
    ['tombstone', 1, now - 1500, now - 500],
  ]);
  const { tsdb } = open(disk);
  maintain(tsdb, now);
  expect(tsdb.stats.maintenance.checkpoints).toBe(1);
  const kept: unknown[] = [];
  const file = disk.open('data/wal/checkpoint.00000000/00000000', 'read');
  const reader = new SegmentReader(file);
  while (reader.next() === 'record') {
    decodeRecord(reader.record, {
      series: (ref, labels) => kept.push(['series', ref, labels.toString()]),
      sample: (ref, timestamp) => kept.push(['sample', ref, timestamp]),
      histogram: () => {},
      tombstone: (ref, fromMs, toMs) => kept.push(['tombstone', ref, fromMs, toMs]),
      metadata: (ref, { help }) => kept.push(['metadata', ref, help]),
    });
  }
  expect(kept).toEqual([
    ['series', 1, A.toString()],
    ['series', 5, A.toString()],
    ['metadata', 1, 'help of a'],
    ['sample', 1, now - 2000],
    ['sample', 5, now - 1000],
    ['sample', 5, now],
    ['tombstone', 1, now - 1500, now - 500],
  ]);
  expect(disk.stat('data/wal/00000000')).toBe(null);
  expect(contents(open(disk).tsdb)).toEqual({
    [A.toString()]: [
      [now - 2000, 3],
      [now, 3],
    ],
  }); // prettier-ignore
});

test('after a crash between a checkpoint and the removal of what it covers, nothing is read twice', () => {
  const disk = diskWith([
    ['series', 1, A],
    ['sample', 1, 1000],
  ]);
  disk.makeDirectory('data/wal/checkpoint.00000003');
  disk.open('data/wal/checkpoint.00000003/00000000', 'write').write(disk.read('data/wal/00000000'), 0);
  for (const name of ['checkpoint.00000002', 'checkpoint.00000009.tmp']) disk.makeDirectory(`data/wal/${name}`);
  const { report, tsdb } = open(disk);
  expect(report).toMatchObject({ checkpoint: 3, segments: 0, samples: 1, gaps: [] });
  expect(disk.list('data/wal').map(({ name }) => name)).toEqual(['checkpoint.00000003']);
  expect(tsdb.stats.walSegment).toBe(4);
});

test('opening yields while it reads', () => {
  const entries: Entry[] = [['series', 1, A]];
  for (let i = 0; i < 20_000; i++) entries.push(['sample', 1, 1000 + i]);
  const disk = diskWith(entries);
  let yields = 0;
  const opening = openTsdb({ disk, dir: 'data', crashPoints: noCrashPoints, log: silentLog });
  for (let step = opening.next(); !step.done; step = opening.next()) {
    expect(step.value.bytesRead).toBeLessThanOrEqual(step.value.bytesTotal);
    yields++;
  }
  expect(yields).toBeGreaterThan(1);
});

test('a log compressed with zstd is refused, not taken for damage', () => {
  const disk = new SimDisk();
  disk.makeDirectory('data/wal');
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00, 0x01, 0x00, 0x00);
  const fragment = new ByteWriter();
  fragment.u8(1 | 0x10);
  fragment.u8(0);
  fragment.u8(frame.length);
  fragment.u32(crc32c(frame));
  fragment.raw(frame);
  disk.open('data/wal/00000000', 'write').write(fragment.view(), 0);
  expect(() => open(disk)).toThrow('--storage.tsdb.wal-compression-type=snappy');
  expect(disk.read('data/wal/00000000')).toEqual(fragment.view());
});
