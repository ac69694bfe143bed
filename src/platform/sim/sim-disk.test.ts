import { describe, expect, test } from 'vitest';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from './sim-clock.ts';
import { ProcessLife, SimulatedCrash } from './sim-crash.ts';
import { SimDisk } from './sim-disk.ts';
import { SimRandom } from './sim-random.ts';

const filled = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);
const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

/** A disk with a durable, empty /data. */
function newDisk(options: ConstructorParameters<typeof SimDisk>[0] = {}): SimDisk {
  const disk = new SimDisk(options);
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  return disk;
}

/** The distinct outcomes of a power loss after `prepare`, over many seeds. */
function outcomes(prepare: (disk: SimDisk) => void, look: (disk: SimDisk) => string): readonly string[] {
  const seen = new Set<string>();
  for (const seed of SEEDS) {
    const disk = newDisk();
    prepare(disk);
    disk.powerLoss(new SimRandom(seed));
    seen.add(look(disk));
  }
  return [...seen].sort();
}
const names = (disk: SimDisk): string =>
  disk
    .list('/data')
    .map(({ name }) => name)
    .join(' ');

test('a killed process leaves what it wrote, but its open files are gone', () => {
  const disk = newDisk();
  const file = disk.open('/data/a', 'write');
  file.write(filled(1, 10), 0);
  disk.crash();
  expect(disk.read('/data/a')).toEqual(filled(1, 10));
  expect(() => file.write(filled(2, 1), 0)).toThrow('dead');
  expect(() => file.sync()).toThrow('dead');
});

describe('after a power loss', () => {
  test('what was synced, name and content, is there', () => {
    const looks = outcomes(
      (disk) => {
        disk.replace('/data/a', filled(1, 2000));
        const file = disk.open('/data/b', 'write');
        file.write(filled(2, 700), 0);
        file.sync();
        disk.syncDirectory('/data');
      },
      (disk) => `${names(disk)} ${disk.read('/data/a').join('')} ${disk.read('/data/b').join('')}`,
    );
    expect(looks).toEqual([`a b ${'1'.repeat(2000)} ${'2'.repeat(700)}`]);
  });

  test('a new file whose directory was not synced may be missing, even when its content was synced', () => {
    const looks = outcomes((disk) => {
      const file = disk.open('/data/a', 'write');
      file.write(filled(1, 5), 0);
      file.sync();
    }, names);
    expect(looks).toEqual(['', 'a']);
  });

  test('sectors written since the sync are each old or new, and the length is anything between', () => {
    const looks = outcomes(
      (disk) => {
        disk.replace('/data/a', filled(1, 1024));
        disk.open('/data/a', 'write').write(filled(2, 1536), 0);
      },
      (disk) => {
        const bytes = disk.read('/data/a');
        const sectors = [bytes.subarray(0, 512), bytes.subarray(512, 1024), bytes.subarray(1024)];
        for (const sector of sectors) expect(new Set(sector).size).toBeLessThanOrEqual(1); // no sector is half of each
        expect(bytes.length).toBeGreaterThanOrEqual(1024);
        expect(bytes.length).toBeLessThanOrEqual(1536);
        return sectors.map((sector) => sector[0] ?? '-').join('');
      },
    );
    for (const look of ['11-', '21-', '12-', '222']) expect(looks).toContain(look);
    expect(looks.some((look) => look.endsWith('0'))).toBe(true); // the length grew, the data did not get there
  });

  test('what is written while a sync is under way is durable with the next one', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = new SimDisk();
      const file = disk.open('/a', 'write');
      disk.syncDirectory('/');
      file.write(filled(1, 10), 0);
      const first = file.flush();
      file.write(filled(2, 10), 10);
      await first;
      await file.flush();
      disk.powerLoss(new SimRandom(seed));
      expect([...disk.read('/a')]).toEqual([...filled(1, 10), ...filled(2, 10)]);
    }
  });

  test('replacing by hand, with a sync before the rename, gives the old or the new content, never a mixture', () => {
    const looks = outcomes(
      (disk) => {
        disk.replace('/data/a', filled(1, 1000));
        const file = disk.open('/data/a.tmp', 'write');
        file.write(filled(2, 1000), 0);
        file.sync();
        disk.rename('/data/a.tmp', '/data/a');
      },
      (disk) => `${disk.read('/data/a')[0]}${disk.read('/data/a')[999]}`,
    );
    expect(looks).toEqual(['11', '22']);
  });

  test('renaming an unsynced file over a synced one can lose both contents', () => {
    const looks = outcomes(
      (disk) => {
        disk.replace('/data/a', filled(1, 4));
        disk.open('/data/a.tmp', 'write').write(filled(2, 4), 0);
        disk.rename('/data/a.tmp', '/data/a');
        disk.syncDirectory('/data');
      },
      (disk) => disk.read('/data/a').join(''),
    );
    expect(looks).toContain('');
  });

  test('changes of one directory are undone from the latest back', () => {
    const looks = outcomes((disk) => {
      for (const name of ['1', '2', '3']) disk.open(`/data/${name}`, 'write');
      disk.remove('/data/1');
    }, names);
    expect(looks).toEqual(['', '1', '1 2', '1 2 3', '2 3']);
  });

  test.each([
    { given: 'not synced', synced: [], looks: ['01', '10'] },
    { given: 'synced on one side', synced: ['/data/x'], looks: ['01'] },
  ])('a move between directories, $given, happened in both or in neither', ({ synced, looks }) => {
    const seen = outcomes(
      (disk) => {
        disk.makeDirectory('/data/x');
        disk.makeDirectory('/data/y');
        disk.open('/data/x/a', 'write');
        for (const directory of ['/data', '/data/x', '/data/y']) disk.syncDirectory(directory);
        disk.rename('/data/x/a', '/data/y/a');
        for (const directory of synced) disk.syncDirectory(directory);
      },
      (disk) => `${disk.list('/data/x').length}${disk.list('/data/y').length}`,
    );
    expect(seen).toEqual(looks);
  });

  test('the same seed loses the same', () => {
    const left = [7, 7].map((seed) => {
      const disk = newDisk();
      disk.replace('/data/a', filled(1, 9000));
      disk.open('/data/a', 'write').write(filled(2, 9000), 100);
      disk.powerLoss(new SimRandom(seed));
      return disk.read('/data/a');
    });
    expect(left[0]).toEqual(left[1]);
  });
});

test('a sync that failed lost its pages, and a later one that succeeds does not bring them back', () => {
  const disk = newDisk();
  disk.replace('/data/a', filled(1, 512));
  const file = disk.open('/data/a', 'write');
  file.write(filled(2, 512), 0);
  disk.inject({ operation: 'sync', path: /a$/, code: 'EIO', times: 1 });
  expect(() => file.sync()).toThrow('input/output error');
  file.sync();
  expect(disk.read('/data/a')).toEqual(filled(2, 512)); // the cache still shows them
  disk.powerLoss(new SimRandom(1));
  expect(disk.read('/data/a')).toEqual(filled(1, 512));
});

test('a full disk takes what fits, then says ENOSPC, and takes more once there is space', () => {
  const disk = newDisk({ capacityBytes: 100 });
  const file = disk.open('/data/a', 'write');
  file.write(filled(1, 60), 0);
  expect(() => file.write(filled(2, 60), 60)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  expect(file.bytes()).toBe(100);
  file.write(filled(3, 100), 0); // overwriting needs no space
  expect(disk.freeBytes('/')).toBe(0);
  file.truncate(50);
  expect(disk.freeBytes('/')).toBe(50);
  disk.remove('/data/a');
  expect(disk.freeBytes('/')).toBe(100);
});

test('planned errors hit the operations they name, after some and for some times', () => {
  const disk = newDisk();
  const heal = disk.inject({ operation: 'write', path: /wal/, code: 'EIO', skip: 1, times: 2 });
  disk.makeDirectory('/data/wal');
  const file = disk.open('/data/wal/0', 'write');
  const attempt = (): string => {
    try {
      file.write(filled(1, 1), 0);
      return 'ok';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect([attempt(), attempt(), attempt(), attempt()]).toEqual(['ok', 'EIO', 'EIO', 'ok']);
  heal();
  const forGood = disk.inject({ operation: 'write', code: 'ENOSPC' });
  expect([attempt(), attempt()]).toEqual(['ENOSPC', 'ENOSPC']);
  forGood();
  expect(attempt()).toBe('ok');
});

test('a flush takes its time, and covers what was written before it', async () => {
  const clock = new SimClock({ start: unixMs(0) });
  const disk = newDisk({ clock, flushMs: 10 });
  const file = disk.open('/data/a', 'write');
  disk.syncDirectory('/data');
  file.write(filled(1, 512), 0);
  let flushed = false;
  void file.flush().then(() => (flushed = true));
  file.write(filled(2, 512), 512);
  await clock.advance(9);
  expect(flushed).toBe(false);
  await clock.advance(1);
  expect(flushed).toBe(true);
  const seen = new Set<number>();
  disk.powerLoss(new SimRandom(3));
  for (const byte of disk.read('/data/a').subarray(0, 512)) seen.add(byte);
  expect(seen).toEqual(new Set([1]));
  expect(disk.stat('/data/a')?.modifiedAt).toBe(0);
});

test('a dead process reaches the disk no more; a flush under way never ends for it', async () => {
  const clock = new SimClock({ start: unixMs(0) });
  const disk = newDisk({ clock, flushMs: 10 });
  const life = new ProcessLife('app');
  const own = disk.forProcess(life);
  const file = own.open('/data/a', 'write');
  file.write(filled(1, 4), 0);
  let settled = false;
  file.flush().then(
    () => (settled = true),
    () => (settled = true),
  );
  life.end();
  disk.crash();
  await clock.advance(durationMs(100));
  expect(settled).toBe(false);
  expect(() => file.write(filled(2, 4), 0)).toThrow(SimulatedCrash);
  expect(() => own.read('/data/a')).toThrow(SimulatedCrash);
  file.close();
  expect(disk.read('/data/a')).toEqual(filled(1, 4));
});
