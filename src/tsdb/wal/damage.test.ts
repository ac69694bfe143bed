/** Whatever happens to the files of the log: it opens, loses only what was hit, is whole afterwards, and takes new samples. */
import { beforeAll, expect, test } from 'vitest';
import { type Contents, contents, openTestTsdb } from '../../../test/support/tsdb.ts';
import { Labels } from '../../model/labels.ts';
import { SimDisk } from '../../platform/sim/sim-disk.ts';
import type { Tsdb } from '../tsdb.ts';

type Files = ReadonlyMap<string, Uint8Array>;
/** Ends of the commits in a segment, and what the database held after each. */
type Commit = { readonly segment: string; readonly end: number; readonly contents: Contents };
type Written = { readonly files: Files; readonly commits: readonly Commit[]; readonly last: Contents };

function filesOf(disk: SimDisk): Files {
  const names = disk.list('data/wal').filter(({ kind }) => kind === 'file');
  return new Map(names.map(({ name }) => [name, disk.read(`data/wal/${name}`)]));
}

function diskWith(files: Files): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('data/wal');
  for (const [name, bytes] of files) disk.open(`data/wal/${name}`, 'write').write(bytes, 0);
  return disk;
}

function write(commits: number, series: number, samples: number, segmentBytes: number): Written {
  const disk = new SimDisk();
  const { tsdb } = openTestTsdb(disk, { walSegmentBytes: segmentBytes });
  const done: Commit[] = [];
  for (let i = 0; i < commits; i++) {
    commitOne(tsdb, i, series, samples);
    const segment = String(tsdb.stats.walSegment).padStart(8, '0');
    done.push({ segment, end: disk.stat(`data/wal/${segment}`)?.bytes ?? 0, contents: contents(tsdb) });
  }
  return { files: filesOf(disk), commits: done, last: contents(tsdb) };
}

function commitOne(tsdb: Tsdb, i: number, series: number, samples: number): void {
  const appender = tsdb.appender();
  for (let k = 0; k < series; k++) {
    // Each commit brings a series of its own, so that series records are everywhere.
    const name = k === 0 ? `own_${i}` : `series_${k}`;
    const ref = appender.series(Labels.of({ __name__: name, k: String(k) }));
    for (let j = 0; j < samples; j++) appender.append(ref, 1000 * (i + 1) + j, Math.sin(i * 131 + k * 17 + j * 0.37));
  }
  appender.commit();
}

/** Opens what is left, checks the promises, and returns the first report. */
function check(files: Files, { last }: Written, atLeast: Contents): ReturnType<typeof openTestTsdb>['report'] {
  const disk = diskWith(files);
  const { tsdb, report } = openTestTsdb(disk);
  const found = contents(tsdb);
  for (const [labels, samples] of Object.entries(found)) {
    const written = new Map(last[labels]);
    for (const [timestamp, value] of samples)
      if (written.get(timestamp) !== value) throw new Error(`${labels} has ${timestamp} ${value}, which nobody wrote`);
  }
  for (const [labels, samples] of Object.entries(atLeast)) {
    const kept = new Set(found[labels]?.map(([timestamp]) => timestamp));
    for (const [timestamp] of samples) if (!kept.has(timestamp)) throw new Error(`${labels} lost ${timestamp}`);
  }
  commitOne(tsdb, 1000, 2, 1);
  const { tsdb: again, report: second } = openTestTsdb(disk);
  expect(second).toMatchObject({ damages: [], gaps: [] });
  const expected = contents(tsdb);
  expect(contents(again)).toEqual(expected);
  return report;
}

/** What was committed before this place of a segment. */
function before({ commits }: Written, segment: string, offset: number): Contents {
  return commits.findLast((commit) => commit.segment < segment || (commit.segment === segment && commit.end <= offset))?.contents ?? {};
}

const withBytes = (files: Files, name: string, bytes: Uint8Array): Files => new Map([...files, [name, bytes]]);
/** A generator of test cases; not a source of chance. */
function* sequence(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state >>> 8;
  }
}

let small: Written;
let large: Written;
beforeAll(() => {
  small = write(28, 3, 1, 128 * 1024 * 1024);
  large = write(8, 40, 90, 80 * 1024);
});

test('cut at any byte, it keeps all commits that were whole', () => {
  const bytes = small.files.get('00000000')!;
  expect(bytes.length).toBeGreaterThan(1500);
  for (let length = 0; length < bytes.length; length++) {
    const report = check(withBytes(small.files, '00000000', bytes.slice(0, length)), small, before(small, '00000000', length));
    expect(report.damages.every(({ outcome }) => outcome.kind === 'torn')).toBe(true);
  }
});

test('cut around the borders of pages and within records of several pages, too', () => {
  const name = [...large.files.keys()].at(-1)!;
  const bytes = large.files.get(name)!;
  expect(bytes.length).toBeGreaterThan(33_000);
  const places = new Set<number>();
  for (let page = 0; page <= bytes.length; page += 32_768) for (let off = -9; off <= 9; off += 3) places.add(page + off);
  for (let place = 0; place < bytes.length; place += 9001) places.add(place);
  for (const length of places) {
    if (length < 0 || length >= bytes.length) continue;
    const report = check(withBytes(large.files, name, bytes.slice(0, length)), large, before(large, name, length));
    expect(report.damages.every(({ outcome }) => outcome.kind === 'torn')).toBe(true);
  }
});

test('with a bit turned, it keeps what was before, and records of later pages', () => {
  const bytes = small.files.get('00000000')!;
  const next = sequence(1);
  let damages = 0;
  for (let i = 0; i < 1000; i++) {
    const at = next.next().value % bytes.length;
    const turned = bytes.slice();
    turned[at]! ^= 1 << (i % 8);
    const report = check(withBytes(small.files, '00000000', turned), small, before(small, '00000000', at));
    expect(report.damages.length).toBeLessThanOrEqual(1);
    damages += report.damages.length;
  }
  // Of a fragment's type byte three bits mean nothing.
  expect(damages).toBeGreaterThan(980);
});

test('with a bit turned in a log of many pages and segments, it keeps the other segments', () => {
  const names = [...large.files.keys()];
  expect(names.length).toBeGreaterThan(3);
  const next = sequence(2);
  for (let i = 0; i < 12; i++) {
    const name = names[i % names.length]!;
    const bytes = large.files.get(name)!.slice();
    const at = next.next().value % bytes.length;
    bytes[at]! ^= 0x10;
    const report = check(withBytes(large.files, name, bytes), large, before(large, name, at));
    expect(report.damages.length).toBeLessThanOrEqual(1);
    // Later segments bring samples of series that are known; they are not thrown away for the damage.
    expect(report.records).toBeGreaterThan(large.commits.length);
  }
});

test('with a tail of zeros, as a power loss leaves it', () => {
  const bytes = small.files.get('00000000')!;
  for (let from = 0; from < bytes.length; from += 7) {
    const zeroed = bytes.slice();
    zeroed.fill(0, from);
    check(withBytes(small.files, '00000000', zeroed), small, before(small, '00000000', from));
  }
  const longer = new Uint8Array(100_000);
  longer.set(bytes);
  expect(check(withBytes(small.files, '00000000', longer), small, small.last).damages).toEqual([]);
});

test('with garbage for a tail', () => {
  const bytes = small.files.get('00000000')!;
  const next = sequence(3);
  for (let i = 0; i < 200; i++) {
    const from = next.next().value % bytes.length;
    const garbage = bytes.slice();
    for (let at = from; at < garbage.length; at++) garbage[at] = next.next().value;
    check(withBytes(small.files, '00000000', garbage), small, before(small, '00000000', from));
  }
});

test('with a segment missing, the rest is renumbered and used', () => {
  const names = [...large.files.keys()];
  for (const missing of names.slice(1, -1)) {
    const files = new Map(large.files);
    files.delete(missing);
    const report = check(files, large, before(large, missing, 0));
    expect(report.gaps).toEqual([{ missing: Number(missing), found: Number(missing) + 1 }]);
    expect(report.segments).toBe(names.length - 1);
  }
});

test('with segments swapped, empty, or of zero length in the middle', () => {
  const names = [...large.files.keys()];
  const [first, second] = names as [string, string];
  check(new Map([...large.files, [first, large.files.get(second)!], [second, large.files.get(first)!]]), large, {});
  for (const name of names) {
    check(withBytes(large.files, name, new Uint8Array(0)), large, before(large, name, 0));
    check(withBytes(large.files, name, new Uint8Array(40_000)), large, before(large, name, 0));
  }
});

test('with any length declared by a fragment or a compressed record', () => {
  const bytes = small.files.get('00000000')!;
  for (const length of [0, 1, 7, 0x7fff, 0x8000, 0xffff]) {
    for (const { end } of small.commits.slice(0, -1)) {
      const changed = bytes.slice();
      changed[end + 1] = length >>> 8;
      changed[end + 2] = length;
      check(withBytes(small.files, '00000000', changed), small, before(small, '00000000', end));
    }
  }
});

test('what is no segment is left alone', () => {
  const disk = diskWith(small.files);
  disk.makeDirectory('data/wal/lost+found');
  disk.open('data/wal/notes.txt', 'write').write(Uint8Array.of(1), 0);
  const { report } = openTestTsdb(disk);
  expect(report).toMatchObject({ damages: [], gaps: [] });
  expect(disk.list('data/wal').map(({ name }) => name)).toEqual(['00000000', 'lost+found', 'notes.txt']);
});

test('the damaged part is kept aside, and says where it was', () => {
  const bytes = small.files.get('00000000')!.slice();
  const { end } = small.commits[20]!;
  bytes[end + 20]! ^= 1;
  const disk = diskWith(withBytes(small.files, '00000000', bytes));
  const { report } = openTestTsdb(disk);
  expect(report.damages).toEqual([
    {
      file: 'data/wal/00000000',
      offset: end,
      reason: 'a checksum does not fit its fragment',
      outcome: { kind: 'aside', quarantine: `data/quarantine/wal-00000000-from-${end}`, hasKeptRest: false },
    },
  ]);
  expect(disk.read(`data/quarantine/wal-00000000-from-${end}`)).toEqual(bytes.slice(end));
});

test('a disk that cannot be repaired is still read', () => {
  const bytes = small.files.get('00000000')!.slice();
  const { end } = small.commits[20]!;
  bytes[end + 20]! ^= 1;
  const disk = diskWith(withBytes(small.files, '00000000', bytes));
  disk.inject({ operation: 'write', path: /quarantine/, code: 'ENOSPC' });
  const { tsdb, report } = openTestTsdb(disk);
  expect(report.damages).toMatchObject([{ outcome: { kind: 'left' } }]);
  expect(contents(tsdb)).toEqual(small.commits[20]!.contents);
});
