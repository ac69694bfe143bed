import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { eventRepository } from './event-repository.ts';
import { stateRepository } from './state-repository.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'tocsin-db-'));

test('a database opens again with what it holds', () => {
  const path = join(folder(), 'state.db');
  const first = openDatabase(path, 'migrations/sqlite');
  first.connection.exec("INSERT INTO silence VALUES ('1', '[]', 0, 0, 0, 'a', 'b', '{}')");
  first.close();
  const again = openDatabase(path, 'migrations/sqlite');
  expect(again.connection.prepare('SELECT id FROM silence').all()).toEqual([{ id: '1' }]);
  again.close();
});

test('groups keep their members, and events are found, over the step that numbers rows', async () => {
  const path = join(folder(), 'state.db');
  const before = openDatabase(path, migrationsUpTo(6));
  before.connection.exec(`
    INSERT INTO alert_group (id, group_key, route_id, receiver, labels, created_at_ms, next_flush_at_ms, flush_count, muted_by, integrations)
      VALUES ('a', '{}:{a}', '', 'team', '[]', 0, 0, 0, '[]', '[]'), ('b', '{}:{b}', '', 'team', '[]', 0, 0, 0, '[]', '[]');
    INSERT INTO group_member (group_id, fingerprint, joined_at_ms) VALUES ('b', '1', 5), ('a', '1', 6), ('b', '2', 7), ('gone', '3', 8);
    INSERT INTO event (at_ms, fingerprint, stage, verdict, reason, config_hash) VALUES (5, '1', 'ingest', 'stored', 'new', ''), (6, '2', '', '', '', '');
  `);
  before.close();
  const database = openDatabase(path, 'migrations/sqlite');
  const { snapshot } = await stateRepository(database).load();
  expect(snapshot.groups.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(snapshot.members.map(({ groupId, fingerprint, joinedAt }) => [groupId, fingerprint, joinedAt])).toEqual([
    ['b', '1', 5],
    ['a', '1', 6],
    ['b', '2', 7],
  ]);
  expect(await eventRepository(database).find({ fingerprint: '1', limit: 10 })).toMatchObject([{ at: 5, reason: 'new' }]);
  database.close();
});

/** The first steps of the schema only. */
function migrationsUpTo(steps: number): string {
  const dir = folder();
  cpSync('migrations/sqlite', dir, { recursive: true });
  const journal = JSON.parse(readFileSync(join(dir, 'meta/_journal.json'), 'utf8')) as { entries: unknown[] };
  journal.entries.length = steps;
  writeFileSync(join(dir, 'meta/_journal.json'), JSON.stringify(journal));
  return dir;
}

test('a database of a newer version is refused, and left as it is', () => {
  const path = join(folder(), 'state.db');
  const database = openDatabase(path, 'migrations/sqlite');
  database.connection.exec("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('of the future', 9999999999999)");
  database.close();
  expect(() => openDatabase(path, 'migrations/sqlite')).toThrow(/written by a newer version.*start that version/);
});

test('what is not a database is named, with what to do', () => {
  const path = join(folder(), 'state.db');
  writeFileSync(path, 'this is no database, but long enough to be taken for one'.repeat(100));
  expect(() => openDatabase(path, 'migrations/sqlite')).toThrow(/cannot open the state database .*state\.db: file is not a database/);
  expect(() => openDatabase(join(folder(), 'missing', 'state.db'), 'migrations/sqlite')).toThrow(/check that the data directory exists/);
});
