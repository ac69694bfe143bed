import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { delimited, meshSilence, type SilenceSpec } from '../../../test/support/silence-snapshot-bytes.ts';
import type { SilenceRow } from '../../alerts/router-state.ts';
import { eventRepository } from '../../db/event-repository.ts';
import { stateRepository } from '../../db/state-repository.ts';
import { unixMs } from '../../model/time.ts';
import { nodeDisk } from '../../platform/real/node-disk.ts';
import { acquireProcessLock } from '../../platform/real/process-lock.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { openStateDatabase } from '../machine-ports.ts';
import { serveOptions } from '../serve-options.ts';
import { type ImportOutcome, importAlertmanager } from './import-alertmanager.ts';

const A = '5d0f3f2a-8a51-4c8a-9f0e-0d4c6c2b7e11';
const B = 'a2b7e11a-8a51-4c8a-9f0e-0d4c6c2b7e22';
const NOW = 1_800_000_000;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(`${tmpdir()}/tocsin-import-`);
  mkdirSync(`${dir}/am`);
});
afterEach(() => rmSync(dir, { recursive: true }));

const wrote = (...silences: readonly (readonly [id: string, spec?: SilenceSpec])[]): Uint8Array =>
  delimited(silences.map(([id, spec]) => meshSilence(id, spec)));

/** Paths are shown without the folder. */
async function importOf(file: Uint8Array | null, flags: Readonly<Record<string, string>> = {}, path = 'am/'): Promise<ImportOutcome> {
  if (file !== null) writeFileSync(`${dir}/am/silences`, file);
  const clock = new SimClock({ start: unixMs(NOW * 1000) });
  const options = serveOptions({ 'storage.path': `${dir}/data`, ...flags }, 'test');
  const outcome = importAlertmanager(`${dir}/${path}`, options, {
    clock,
    disk: nodeDisk,
    lock: (dataDir) => acquireProcessLock(`${dataDir}/tocsin.lock`, { clock }),
    openDatabase: openStateDatabase,
  });
  // Somebody else's lock is looked at for a while.
  await clock.advance(10_000);
  const { code, out, errors } = await outcome;
  return { code, out: out.replaceAll(`${dir}/`, ''), errors: errors.replaceAll(`${dir}/`, '') };
}

async function stored(): Promise<readonly SilenceRow[]> {
  const database = openStateDatabase(`${dir}/data/state.db`);
  const { snapshot } = await stateRepository(database).load();
  database.close();
  return snapshot.silences;
}

async function told(): Promise<readonly string[]> {
  const database = openStateDatabase(`${dir}/data/state.db`);
  const events = await eventRepository(database).find({ stage: 'silenced', limit: 10 });
  database.close();
  return events.map(({ verdict, reason, detail }) => `${detail?.['silenceId']} ${verdict} ${reason} ${detail?.['by']}`);
}

const done = (...lines: readonly string[]): ImportOutcome => ({
  code: 0,
  out: ['silences of "am/silences":', ...lines.map((line) => `  ${line}`), ''].join('\n'),
  errors: '',
});

test('silences come into a data directory that is new; once more changes nothing', async () => {
  const file = wrote([A], [B]);
  expect(await importOf(file)).toEqual(done('2 added'));
  const first = await stored();
  expect(first.map(({ id }) => id)).toEqual([A, B]);
  const events = [`${A} created import ana`, `${B} created import ana`];
  expect(await told()).toEqual(events);
  expect(await importOf(file)).toEqual(done('2 here already'));
  expect(await stored()).toEqual(first);
  expect(await told()).toEqual(events);
  expect(existsSync(`${dir}/data/tocsin.lock`)).toBe(false);
});

test('of two versions the newer stays, and all that was left out is counted', async () => {
  await importOf(wrote([A, { updated: 1_700_000_010 }], [B, { updated: 1_700_000_010 }]));
  const C = A.replace('5', '6');
  const again = wrote([A, { updated: 1_700_000_020 }], [B, { updated: 1_700_000_000 }], [C, { expires: NOW - 1 }]);
  expect(await importOf(again)).toEqual(
    done('1 newer than here, replaced', '1 older than here, left out', '1 past their retention, left out'),
  );
  expect((await stored()).map(({ id, updatedAt }) => [id, updatedAt])).toEqual([
    [A, 1_700_000_020_000],
    [B, 1_700_000_010_000],
  ]);
});

test('a file without silences is imported too', async () => {
  expect(await importOf(new Uint8Array())).toEqual(done('none'));
});

test('what we could not keep is named, and the others are imported', async () => {
  const bad = wrote(['none'], [A], [B, { fields: [[12, []]] }]);
  expect(await importOf(bad)).toEqual({
    code: 1,
    out: 'silences of "am/silences":\n  1 added\n  2 refused\n',
    errors:
      'error: silence "none" was not imported: its id is no UUID, so that the API could neither show nor end it\n' +
      `error: silence "${B}" was not imported: it holds for some receivers only (receiver_matcher_sets), which silences here cannot\n`,
  });
  expect((await stored()).map(({ id }) => id)).toEqual([A]);
});

test('the limits of serve hold', async () => {
  expect(await importOf(wrote([A], [B]), { 'silences.maxSilences': '1' })).toMatchObject({
    code: 1,
    errors: `error: silence "${B}" was not imported: exceeded maximum number of silences: 1 (limit: 1)\n`,
  });
});

describe('an import that cannot be leaves no trace', () => {
  const cut = wrote([A], [B]).subarray(0, 200);
  const one = wrote([A]).length;
  test.each<{ given: string; file: Uint8Array | null; path?: string; says: string }>([
    {
      given: 'nothing there',
      file: null,
      says: `cannot read Alertmanager's silences: read "am/silences": no such file or directory; give the directory of its --storage.path (by default data/), in which it has written a file "silences"`,
    },
    {
      given: 'the file in the place of its directory',
      file: wrote([A]),
      path: 'am/silences',
      says: `cannot read Alertmanager's silences: read "am/silences/silences": a part of the path is not a directory; give the directory of its --storage.path (by default data/), in which it has written a file "silences"`,
    },
    {
      given: 'another file',
      file: new TextEncoder().encode('[{"id": "x"}]'),
      says: `"am/silences" is no file of Alertmanager's silences from byte 0 on: a message runs past the end; nothing was imported. Take the file again from an Alertmanager that has been stopped`,
    },
    {
      given: 'a torn file',
      file: cut,
      says: `"am/silences" is no file of Alertmanager's silences from byte ${one} on: a message runs past the end; nothing was imported. Take the file again from an Alertmanager that has been stopped, or cut it there (head -c ${one}) to import the 1 before`,
    },
  ])('$given', async ({ file, path, says }) => {
    expect(await importOf(file, {}, path)).toEqual({ code: 1, out: '', errors: `error: ${says}\n` });
    expect(existsSync(`${dir}/data`)).toBe(false);
  });

  test('a torn file, beside silences', async () => {
    await importOf(wrote([A]));
    const before = await stored();
    expect(await importOf(cut)).toMatchObject({ code: 1 });
    expect(await stored()).toEqual(before);
  });

  test('a Tocsin that runs', async () => {
    mkdirSync(`${dir}/data`);
    const clock = new SimClock({ start: unixMs(0) });
    const lock = await acquireProcessLock(`${dir}/data/tocsin.lock`, { clock });
    const running = readFileSync(`${dir}/data/tocsin.lock`, 'utf8');
    expect(await importOf(wrote([A]))).toMatchObject({
      code: 1,
      out: '',
      errors: expect.stringMatching(/^error: the data directory is in use by process \d+ .*; stop it, or/),
    });
    expect(existsSync(`${dir}/data/state.db`)).toBe(false);
    expect(readFileSync(`${dir}/data/tocsin.lock`, 'utf8')).toBe(running);
    lock.release();
  });
});
