import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { unixMs } from '../../model/time.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { acquireProcessLock, flockHolder, type Holder, LockError, ourselves } from './process-lock.ts';

const root = mkdtempSync(`${tmpdir()}/tocsin-lock-`);
afterAll(() => rmSync(root, { recursive: true }));
const newPath = (): string => `${mkdtempSync(`${root}/t-`)}/lock`;

const self = ourselves();
const isLinux = self.boot !== '';
/** The outcome of trying to take the lock, with simulated time passing as needed. */
async function attempt(path: string, options: { readonly by?: Holder; readonly clock?: SimClock } = {}): Promise<string> {
  const clock = options.clock ?? new SimClock({ start: unixMs(1_700_000_000_000) });
  const result = acquireProcessLock(path, { clock, self: options.by ?? self }).then(
    () => 'taken',
    (error: Error) => (error instanceof LockError ? error.message : `unexpected ${error.message}`),
  );
  await clock.advance(10_000);
  return result;
}

test('a directory without a lock is taken; released, it is free again', async () => {
  const path = newPath();
  const clock = new SimClock({ start: unixMs(0) });
  const lock = await acquireProcessLock(path, { clock });
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(self);
  lock.release();
  expect(existsSync(path)).toBe(false);
  expect(clock.nextTimerAt()).toBeNull();
  expect(await attempt(path)).toBe('taken');
});

test.runIf(isLinux)('a live holder is named, with what to do', async () => {
  const path = newPath();
  expect(await attempt(path)).toBe('taken');
  expect(await attempt(path)).toBe(
    `the data directory is in use by process ${self.pid} on ${self.host} (lock file "${path}"); stop it, or choose another directory`,
  );
});

test.runIf(isLinux).each<{ given: string; holder: string }>([
  { given: 'a process that is gone', holder: JSON.stringify({ ...self, pid: 4_194_305 }) },
  { given: 'an earlier process with our number, as in a restarted container', holder: JSON.stringify({ ...self, startedAt: '1' }) },
  { given: 'a process of another boot that does not touch it', holder: JSON.stringify({ ...self, boot: 'other' }) },
  { given: 'a container that does not touch it', holder: JSON.stringify({ ...self, pidNamespace: 'pid:[1]', host: 'c1' }) },
  { given: 'nobody: it is empty', holder: '' },
  { given: 'nobody: it is half written', holder: '{"pid": 12' },
  { given: 'nobody: it is something else', holder: '[]' },
])('the lock of $given is taken over, and nothing is left beside it', async ({ holder }) => {
  const path = newPath();
  writeFileSync(path, holder);
  expect(await attempt(path)).toBe('taken');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(self);
  expect(readdirSync(path.slice(0, -'/lock'.length))).toEqual(['lock']);
});

test('a holder elsewhere that touches its lock is alive', async () => {
  const path = newPath();
  const clock = new SimClock({ start: unixMs(1_700_000_000_000) });
  await acquireProcessLock(path, { clock, self: { ...self, pidNamespace: 'pid:[1]', host: 'container' } });
  expect(await attempt(path, { clock })).toContain(`in use by process ${self.pid} on container`);
});

test('a clock that is wrong elsewhere does not matter: only change counts', async () => {
  const path = newPath();
  writeFileSync(path, JSON.stringify({ ...self, host: 'future' }));
  utimesSync(path, 4_000_000_000, 4_000_000_000);
  expect(await attempt(path)).toBe('taken');
});

test('a directory that cannot be written is named', async () => {
  expect(await attempt(`${root}/none/lock`)).toMatch(/^cannot make the lock file ".*\/none\/lock": ENOENT/);
});

test.each([
  { inode: 131101, pid: 1234 },
  { inode: 131102, pid: null },
  { inode: null, pid: null },
])('the flock on inode $inode belongs to $pid', ({ inode, pid }) => {
  const locks = [
    '1: POSIX  ADVISORY  WRITE 99 fd:01:131102 0 EOF',
    '2: FLOCK  ADVISORY  WRITE 1234 fd:01:131101 0 EOF',
    '2: -> FLOCK  ADVISORY  WRITE 77 fd:01:131101 0 EOF',
    '',
  ].join('\n');
  expect(flockHolder(locks, inode)).toBe(pid);
});
