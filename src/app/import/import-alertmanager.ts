/**
 * Takes over what an Alertmanager has kept for people: its silences, from the file that it writes. Its notification log
 * (nflog) stays behind: it knows the alerts that it told of by hashes that are not our fingerprints.
 *
 * All in one transaction, while no Tocsin runs on the data directory. Nothing is changed, nor made, before the file is read
 * whole.
 */
import type { EventRecord } from '../../alerts/event.ts';
import { EMPTY_CHANGES, type SilenceRow } from '../../alerts/router-state.ts';
import { type ArrivedSilence, type MergeTerms, mergeSilences, type SilenceMerge } from '../../alerts/silence-merge.ts';
import { readSilenceSnapshot, type SilenceSnapshot } from '../../alerts/silence-snapshot.ts';
import { type Database, DatabaseError } from '../../db/database.ts';
import { type StateRepository, stateRepository } from '../../db/state-repository.ts';
import type { Clock } from '../../model/clock.ts';
import { type Disk, DiskError, makeDurableDirectory } from '../../model/disk.ts';
import type { UnixMs } from '../../model/time.ts';
import { LockError, type ProcessLock } from '../../platform/real/process-lock.ts';
import { labelNameMode } from '../control/router-config.ts';
import type { AppOptions } from '../options.ts';

/** Hundreds of thousands of silences; more is no file of silences. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

export type ImportPorts = {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly lock: (dataDir: string) => Promise<ProcessLock>;
  readonly openDatabase: (path: string) => Database;
};

/** What is to be printed, and the exit code: 1 where a silence, or all of them, could not be taken. */
export type ImportOutcome = { readonly code: 0 | 1; readonly out: string; readonly errors: string };

type Options = Pick<AppOptions, 'dataDir' | 'features' | 'alerts'>;

export async function importAlertmanager(storagePath: string, options: Options, ports: ImportPorts): Promise<ImportOutcome> {
  const path = `${storagePath.replace(/(.)\/+$/, '$1')}/silences`;
  try {
    const snapshot = readSilenceSnapshot(readFile(path, ports.disk));
    if (snapshot.kind === 'broken') return failed(brokenText(path, snapshot));
    const merge = await mergeInto(options, snapshot.silences, ports);
    const errors = merge.refused.map(({ id, reason }) => `error: silence ${JSON.stringify(id)} was not imported: ${reason}\n`);
    return { code: errors.length > 0 ? 1 : 0, out: summary(path, merge), errors: errors.join('') };
  } catch (error) {
    if (error instanceof ImportError || error instanceof LockError || error instanceof DatabaseError) return failed(error.message);
    throw error;
  }
}

/** The message is for the terminal. */
class ImportError extends Error {}

function readFile(path: string, disk: Disk): Uint8Array {
  return worldly("cannot read Alertmanager's silences", DIRECTORY_HINT, () => {
    const bytes = disk.stat(path)?.bytes ?? 0;
    if (bytes > FILE_BYTES_MAX)
      throw new ImportError(`"${path}" has ${bytes} bytes, more than a file of silences can have (${FILE_BYTES_MAX}); ${DIRECTORY_HINT}`);
    return disk.read(path);
  });
}

const DIRECTORY_HINT = 'give the directory of its --storage.path (by default data/), in which it has written a file "silences"';

async function mergeInto(options: Options, arrived: readonly ArrivedSilence[], ports: ImportPorts): Promise<SilenceMerge> {
  const { dataDir, features, alerts } = options;
  const terms: MergeTerms = { mode: labelNameMode(features), limits: alerts };
  worldly(`the data directory ${dataDir} cannot be used`, 'give another with --data, or make it writable', () =>
    makeDurableDirectory(ports.disk, dataDir),
  );
  const lock = await ports.lock(dataDir);
  try {
    const database = ports.openDatabase(`${dataDir}/state.db`);
    try {
      const state = stateRepository(database);
      const { snapshot } = await state.load();
      const now = ports.clock.now();
      const merge = mergeSilences(snapshot.silences, arrived, terms, now);
      if (merge.added.length + merge.replaced.length > 0) await store(state, merge, now);
      return merge;
    } finally {
      database.close();
    }
  } finally {
    lock.release();
  }
}

async function store(state: StateRepository, { added, replaced }: SilenceMerge, now: UnixMs): Promise<void> {
  const event = (verdict: 'created' | 'updated', { id, createdBy }: SilenceRow): EventRecord => ({
    stage: 'silenced',
    verdict,
    reason: 'import',
    at: now,
    fingerprint: null,
    groupKey: null,
    detail: { silenceId: id, by: createdBy },
  });
  const events = [...added.map((row) => event('created', row)), ...replaced.map((row) => event('updated', row))];
  const router = { ...EMPTY_CHANGES, silencesUpserted: [...added, ...replaced], events };
  try {
    // No configuration is read here.
    await state.commit({ at: now, configHash: '', router, ruleAlerts: null, settlements: [], reports: [], claims: [] });
  } catch (error) {
    throw new ImportError(`the silences could not be stored: ${messageOf(error)}; nothing has changed, try again`);
  }
}

function summary(path: string, { added, replaced, same, older, expired, refused }: SilenceMerge): string {
  const parts: readonly (readonly [count: number, what: string])[] = [
    [added.length, 'added'],
    [replaced.length, 'newer than here, replaced'],
    [same, 'here already'],
    [older, 'older than here, left out'],
    [expired, 'past their retention, left out'],
    [refused.length, 'refused'],
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `  ${count} ${what}\n`);
  return `silences of "${path}":\n${said.length === 0 ? '  none\n' : said.join('')}`;
}

const brokenText = (path: string, { offset, whole, error }: Extract<SilenceSnapshot, { readonly kind: 'broken' }>): string =>
  `"${path}" is no file of Alertmanager's silences from byte ${offset} on: ${error}; nothing was imported. ` +
  `Take the file again from an Alertmanager that has been stopped${whole === 0 ? '' : `, or cut it there (head -c ${offset}) to import the ${whole} before`}`;

const failed = (message: string): ImportOutcome => ({ code: 1, out: '', errors: `error: ${message}\n` });

/** What the disk refuses, with what was wanted and what to do. */
function worldly<T>(wanted: string, hint: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DiskError) throw new ImportError(`${wanted}: ${error.message}; ${hint}`);
    throw error;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
