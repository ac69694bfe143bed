/** What both disks must do alike; what only the simulated one can be made to do is in sim/sim-disk.test.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { type Disk, DiskError } from '../model/disk.ts';
import { nodeDisk } from './real/node-disk.ts';
import { SimDisk } from './sim/sim-disk.ts';

const realRoot = mkdtempSync(`${tmpdir()}/tocsin-disk-`);
afterAll(() => rmSync(realRoot, { recursive: true }));

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof DiskError ? error.code : String(error);
  }
  return 'no error';
};

describe.each([
  { name: 'real', make: () => ({ disk: nodeDisk as Disk, root: mkdtempSync(`${realRoot}/t-`) }) },
  {
    name: 'simulated',
    make: () => {
      const disk = new SimDisk();
      disk.makeDirectory('/data');
      return { disk: disk as Disk, root: '/data' };
    },
  },
])('$name disk', ({ make }) => {
  test('bytes are read back from where they were written; a hole reads as zeros', () => {
    const { disk, root } = make();
    const file = disk.open(`${root}/a`, 'write');
    file.write(text('hello'), 0);
    file.write(text('world'), 8);
    file.write(text('J'), 0);
    expect(file.bytes()).toBe(13);
    const into = new Uint8Array(20);
    expect(file.read(into, 0)).toBe(13);
    expect(new TextDecoder().decode(into.subarray(0, 13))).toBe('Jello\0\0\0world');
    expect(file.read(into, 10)).toBe(3);
    expect(file.read(into, 13)).toBe(0);
    expect(file.read(into, 99)).toBe(0);
    file.truncate(5);
    file.truncate(7);
    file.close();
    expect(disk.read(`${root}/a`)).toEqual(text('Jello\0\0'));
  });

  test('opening to write keeps what is there, to read needs it to be there', async () => {
    const { disk, root } = make();
    disk.replace(`${root}/a`, text('kept'));
    const file = disk.open(`${root}/a`, 'write');
    expect(file.bytes()).toBe(4);
    file.sync();
    await file.flush();
    file.close();
    expect(code(() => disk.open(`${root}/b`, 'read'))).toBe('ENOENT');
    expect(code(() => disk.open(`${root}/none/b`, 'write'))).toBe('ENOENT');
    expect(code(() => disk.open(root, 'read'))).toBe('EISDIR');
    expect(code(() => disk.open(root, 'write'))).toBe('EISDIR');
    expect(code(() => disk.read(`${root}/b`))).toBe('ENOENT');
  });

  test('a file closed while it is being flushed is flushed all the same', async () => {
    const { disk, root } = make();
    const file = disk.open(`${root}/a`, 'write');
    file.write(text('x'), 0);
    const flushed = file.flush();
    file.close();
    await flushed;
    expect(disk.read(`${root}/a`)).toEqual(text('x'));
  });

  test('replace leaves the new content and nothing beside it', () => {
    const { disk, root } = make();
    disk.replace(`${root}/a`, text('a longer old text'));
    disk.replace(`${root}/a`, text('new'));
    expect(disk.read(`${root}/a`)).toEqual(text('new'));
    expect(disk.list(root)).toEqual([{ name: 'a', kind: 'file' }]);
  });

  test('directories are made with their parents, listed by name, and removed with all in them', () => {
    const { disk, root } = make();
    disk.makeDirectory(`${root}/b/c`);
    disk.makeDirectory(`${root}/b/c`);
    disk.replace(`${root}/a`, text('12345'));
    expect(disk.list(root)).toEqual([
      { name: 'a', kind: 'file' },
      { name: 'b', kind: 'directory' },
    ]);
    expect(disk.stat(`${root}/a`)).toMatchObject({ kind: 'file', bytes: 5 });
    expect(disk.stat(`${root}/b`)).toMatchObject({ kind: 'directory' });
    disk.remove(`${root}/b`);
    disk.remove(`${root}/b`);
    disk.remove(`${root}/none/at/all`);
    disk.syncDirectory(root);
    expect(disk.stat(`${root}/b`)).toBeNull();
    expect(disk.stat(`${root}/b/c`)).toBeNull();
    expect(disk.stat(`${root}/a/c`)).toBeNull();
    expect(code(() => disk.list(`${root}/b`))).toBe('ENOENT');
    expect(code(() => disk.list(`${root}/a`))).toBe('ENOTDIR');
    expect(disk.freeBytes(root)).toBeGreaterThan(0);
  });

  test('rename moves files over files and directories over empty ones', () => {
    const { disk, root } = make();
    disk.replace(`${root}/a`, text('a'));
    disk.replace(`${root}/b`, text('b'));
    disk.rename(`${root}/a`, `${root}/b`);
    expect(disk.read(`${root}/b`)).toEqual(text('a'));
    disk.makeDirectory(`${root}/full`);
    disk.rename(`${root}/b`, `${root}/full/b`);
    disk.makeDirectory(`${root}/empty`);
    disk.rename(`${root}/full`, `${root}/empty`);
    expect(disk.read(`${root}/empty/b`)).toEqual(text('a'));
    disk.makeDirectory(`${root}/other`);
    expect(code(() => disk.rename(`${root}/other`, `${root}/empty`))).toBe('EEXIST');
    expect(code(() => disk.rename(`${root}/none`, `${root}/x`))).toBe('ENOENT');
    disk.rename(`${root}/empty/b`, `${root}/empty/b`);
    expect(disk.read(`${root}/empty/b`)).toEqual(text('a'));
  });

  test('an open file outlives its name', () => {
    const { disk, root } = make();
    const file = disk.open(`${root}/a`, 'write');
    disk.remove(`${root}/a`);
    file.write(text('still here'), 0);
    expect(file.bytes()).toBe(10);
    file.close();
    expect(disk.stat(`${root}/a`)).toBeNull();
  });
});

test('an error of the real disk says what, where and what to do', () => {
  expect(() => nodeDisk.read('/nowhere/at/all')).toThrow('read "/nowhere/at/all": no such file or directory');
});
