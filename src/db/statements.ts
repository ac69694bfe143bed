/** Prepared statements that bind by position, value by value: an array of them would be read through V8's API. */
import { getTableColumns, getTableName } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { EventRecord } from '../alerts/event.ts';
import type { Database } from './database.ts';
import { jsonOut } from './json.ts';

const ROWS_AT_ONCE = 16;

/** Adds events; returns the id of the last. */
export function eventInserter(connection: Database['connection']): (events: readonly EventRecord[], configHash: string) => number {
  const insertOne = insertOf(connection, 1);
  const insertMany = insertOf(connection, ROWS_AT_ONCE);
  return (events, configHash) => {
    let newest = 0;
    let next = 0;
    for (; next + ROWS_AT_ONCE <= events.length; next += ROWS_AT_ONCE) newest = insertMany(events, next, configHash);
    for (; next < events.length; next++) newest = insertOne(events, next, configHash);
    return newest;
  };
}

/** For so many events, run with those from an index on. */
function insertOf(
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
    return Number(statement.run(...values).lastInsertRowid);
  };
}

/**
 * One INSERT … ON CONFLICT DO UPDATE for a table, run with things that are made into rows. Many go in sixteen at a time:
 * a statement of its own costs more than a row.
 */
export function upserter<T extends SQLiteTable>(
  connection: Database['connection'],
  table: T,
  key: keyof T['$inferSelect'] & string,
): <From>(from: readonly From[], rowOf: (from: From) => T['$inferSelect']) => void {
  const columns = Object.entries(getTableColumns(table));
  const properties = columns.map(([property]) => property);
  const quoted = (name: string): string => `"${name}"`;
  const upsertOf = (rows: number): ((values: readonly unknown[]) => void) => {
    const row = `(${columns.map(() => '?').join(', ')})`;
    const statement = connection.prepare(
      `INSERT INTO ${quoted(getTableName(table))} (${columns.map(([, { name }]) => quoted(name)).join(', ')})
       VALUES ${new Array(rows).fill(row).join(', ')}
       ON CONFLICT (${quoted(getTableColumns(table)[key]?.name ?? key)}) DO UPDATE SET ${columns
         .filter(([property]) => property !== key)
         .map(([, { name }]) => `${quoted(name)} = excluded.${quoted(name)}`)
         .join(', ')}`,
    );
    return (values) => statement.run(...values);
  };
  const upsertOne = upsertOf(1);
  const upsertMany = upsertOf(ROWS_AT_ONCE);
  const valuesOfOne: unknown[] = new Array(properties.length);
  const valuesOfMany: unknown[] = new Array(properties.length * ROWS_AT_ONCE);
  const put = (values: unknown[], at: number, row: Readonly<Record<string, unknown>>): void => {
    for (let i = 0; i < properties.length; i++) values[at + i] = row[properties[i] as string];
  };
  return (from, rowOf) => {
    let next = 0;
    for (; next + ROWS_AT_ONCE <= from.length; next += ROWS_AT_ONCE) {
      for (let i = 0; i < ROWS_AT_ONCE; i++) put(valuesOfMany, i * properties.length, rowOf(from[next + i] as (typeof from)[number]));
      upsertMany(valuesOfMany);
    }
    for (; next < from.length; next++) {
      put(valuesOfOne, 0, rowOf(from[next] as (typeof from)[number]));
      upsertOne(valuesOfOne);
    }
  };
}
