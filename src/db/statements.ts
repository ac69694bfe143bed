/** Prepared statements that bind by position. */
import { getTableColumns, getTableName } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { EventRecord } from '../alerts/event.ts';
import type { Database } from './database.ts';
import { jsonOut } from './json.ts';

/** One prepared INSERT for so many events, run with those from an index on; returns the id of the last. */
export function eventInserter(
  connection: Database['connection'],
  rows: number,
): (events: readonly EventRecord[], from: number, configHash: string) => number {
  const row = '(?, ?, ?, ?, ?, ?, ?, ?)';
  const statement = connection.prepare(
    `INSERT INTO event (at_ms, fingerprint, group_key, stage, verdict, reason, detail, config_hash)
     VALUES ${new Array(rows).fill(row).join(', ')}`,
  );
  const values: unknown[] = new Array(rows * 8);
  return (events, from, configHash) => {
    for (let i = 0; i < rows; i++) {
      const { at, fingerprint, groupKey, stage, verdict, reason, detail } = events[from + i] as EventRecord;
      const first = i * 8;
      values[first] = at;
      values[first + 1] = fingerprint;
      values[first + 2] = groupKey;
      values[first + 3] = stage;
      values[first + 4] = verdict;
      values[first + 5] = reason;
      values[first + 6] = detail === null ? null : jsonOut(detail);
      values[first + 7] = configHash;
    }
    return Number(statement.run(values).lastInsertRowid);
  };
}

/** One prepared INSERT … ON CONFLICT DO UPDATE for a table, run with a row. */
export function upserter<T extends SQLiteTable>(
  connection: Database['connection'],
  table: T,
  key: keyof T['$inferSelect'] & string,
): (row: T['$inferSelect']) => void {
  const columns = Object.entries(getTableColumns(table));
  const quoted = (name: string): string => `"${name}"`;
  const statement = connection.prepare(
    `INSERT INTO ${quoted(getTableName(table))} (${columns.map(([, { name }]) => quoted(name)).join(', ')})
     VALUES (${columns.map(() => '?').join(', ')})
     ON CONFLICT (${quoted(getTableColumns(table)[key]?.name ?? key)}) DO UPDATE SET ${columns
       .filter(([property]) => property !== key)
       .map(([, { name }]) => `${quoted(name)} = excluded.${quoted(name)}`)
       .join(', ')}`,
  );
  const properties = columns.map(([property]) => property);
  const values: unknown[] = new Array(properties.length);
  return (row) => {
    for (let i = 0; i < properties.length; i++) values[i] = (row as Readonly<Record<string, unknown>>)[properties[i] as string];
    statement.run(values);
  };
}
