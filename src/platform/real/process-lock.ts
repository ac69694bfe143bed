/**
 * One process per data directory. Node has no flock, so the lock is a file that names its holder: process, boot and pid
 * namespace decide whether the holder lives, when they are ours. A holder elsewhere (another container or machine on the
 * same volume) is watched instead: the living touch their lock every two seconds. A lock whose holder is dead is taken
 * over. Prometheus on the same TSDB directory is seen by the flock that it holds there.
 */
import { readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Clock } from '../../model/clock.ts';
import type { DurationMs } from '../../model/time.ts';

const TOUCH_MS = 2000;
const WATCH_MS = 5000;
const ATTEMPTS_MAX = 10;
const DYING_MS = 2000;
const DYING_STEP_MS = 50;

/** The message says who holds the directory and what to do. */
export class LockError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LockError';
  }
}

export type ProcessLock = { release(): void };

export type Holder = {
  readonly pid: number;
  /** When the kernel started the process, in its own unit; tells a process from a later one with its number. */
  readonly startedAt: string;
  readonly boot: string;
  readonly pidNamespace: string;
  readonly host: string;
};

export type LockOptions = {
  readonly clock: Clock;
  /** Lock files of others that hold them by flock: Prometheus' <data>/lock. */
  readonly flocks?: readonly string[];
  /** Who we are; for tests. */
  readonly self?: Holder;
};

/** Rejects with LockError when another live process holds the directory of `path`. */
export async function acquireProcessLock(path: string, { clock, flocks = [], self = ourselves() }: LockOptions): Promise<ProcessLock> {
  for (const flock of flocks) {
    const pid = flockHolder(readText('/proc/locks') ?? '', inodeOf(flock));
    if (pid !== null) {
      throw new LockError(
        `"${flock}" is locked by process ${pid}; if that is Prometheus, stop it before this takes over its data directory`,
      );
    }
  }
  const content = `${JSON.stringify(self)}\n`;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (createExclusively(path, content)) return held(path, content, clock);
    const found = readText(path);
    if (found === null) continue; // released just now
    const holder = parseHolder(found);
    const isAlive = (holder === null ? null : await outlives(holder, self, clock)) ?? (await isTouched(path, clock));
    if (isAlive) throw new LockError(inUse(path, holder));
    setAside(path, found, self);
  }
  throw new LockError(`"${path}" is taken by one process after another; is something restarting them?`);
}

function held(path: string, content: string, clock: Clock): ProcessLock {
  let cancel: (() => void) | null = null;
  const touch = (): void => {
    cancel = clock.after(TOUCH_MS as DurationMs, touch);
    const now = clock.now() / 1000;
    try {
      utimesSync(path, now, now);
    } catch {
      // A full or vanished disk: the holder is still found by its number, and the next touch may succeed.
    }
  };
  touch();
  return {
    release: () => {
      cancel?.();
      if (readText(path) === content) rmSync(path, { force: true });
    },
  };
}

function createExclusively(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new LockError(`cannot make the lock file "${path}": ${(error as Error).message}`);
  }
}

/** Moves a dead lock away; when it turns out to be one that somebody took meanwhile, puts it back. */
function setAside(path: string, found: string, self: Holder): void {
  const aside = `${path}.${self.pid}.dead`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new LockError(`cannot remove the lock file "${path}" of a dead process: ${(error as Error).message}`);
  }
  if (readText(aside) === found) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

const inUse = (path: string, holder: Holder | null): string =>
  `the data directory is in use by ${holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`} (lock file "${path}"); stop it, or choose another directory`;

/** Whether the holder runs; null when we cannot see its processes. */
/** As livesHere, but a holder that was killed just now gets a moment to be gone: whoever restarts us need not wait. */
async function outlives(holder: Holder, self: Holder, clock: Clock): Promise<boolean | null> {
  for (let waitedMs = 0; ; waitedMs += DYING_STEP_MS) {
    const lives = livesHere(holder, self);
    if (lives !== true || waitedMs >= DYING_MS) return lives;
    await new Promise<void>((resolve) => clock.after(DYING_STEP_MS as DurationMs, resolve));
  }
}

function livesHere(holder: Holder, self: Holder): boolean | null {
  if (holder.boot !== self.boot || holder.pidNamespace !== self.pidNamespace || holder.host !== self.host) return null;
  if (self.boot !== '') return startOf(holder.pid) === holder.startedAt;
  if (holder.pid === self.pid) return false;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether somebody touches the lock while we watch. */
async function isTouched(path: string, clock: Clock): Promise<boolean> {
  const before = modifiedAt(path);
  await new Promise<void>((resolve) => clock.after(WATCH_MS as DurationMs, resolve));
  const after = modifiedAt(path);
  return after !== null && after !== before;
}

function parseHolder(text: string): Holder | null {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    const { pid, startedAt, boot, pidNamespace, host } = value ?? {};
    if (typeof pid !== 'number' || typeof startedAt !== 'string' || typeof boot !== 'string') return null;
    return typeof pidNamespace === 'string' && typeof host === 'string' ? { pid, startedAt, boot, pidNamespace, host } : null;
  } catch {
    return null; // half written, or not ours: watched like a holder elsewhere
  }
}

/** Empty texts where the system does not tell. */
export const ourselves = (): Holder => ({
  pid: process.pid,
  startedAt: startOf(process.pid) ?? '',
  boot: readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '',
  pidNamespace: readLink('/proc/self/ns/pid'),
  host: hostname(),
});

/** Field 22 of /proc/<pid>/stat (proc(5)); the command in field 2 may hold spaces and brackets. */
function startOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  const [state = '', ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  // A zombie has ended: only its parent has not looked yet.
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
}

/** The process that holds a flock on an inode, from /proc/locks (`1: FLOCK ADVISORY WRITE 123 fd:01:4711 0 EOF`). */
export function flockHolder(locks: string, inode: number | null): number | null {
  if (inode === null) return null;
  for (const line of locks.split('\n')) {
    const [, kind, , , pid, file] = line.trim().split(/\s+/);
    if (kind === 'FLOCK' && file?.split(':')[2] === String(inode)) return Number(pid);
  }
  return null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // missing, or not told to us
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

const modifiedAt = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
const inodeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.ino ?? null;
