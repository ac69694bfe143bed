import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';

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
