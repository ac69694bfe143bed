/** Reading the event log: what happened to an alert or a group, in order. */
import { and, asc, desc, eq, gte, lte, type SQL } from 'drizzle-orm';
import type { EventDetail } from '../alerts/event.ts';
import type { UnixMs } from '../model/time.ts';
import type { Database } from './database.ts';
import { jsonIn } from './json.ts';
import { event } from './schema.ts';

export type StoredEvent = {
  readonly id: number;
  readonly at: UnixMs;
  readonly fingerprint: string | null;
  readonly groupKey: string | null;
  readonly stage: string;
  readonly verdict: string;
  readonly reason: string;
  readonly detail: EventDetail | null;
  readonly configHash: string;
};

export type EventFilter = {
  readonly fingerprint?: string;
  readonly groupKey?: string;
  readonly from?: UnixMs;
  readonly to?: UnixMs;
  /** Which ones where there are more than `limit`; by default the first. */
  readonly keep?: 'first' | 'last';
  readonly limit: number;
};

export interface EventRepository {
  /** Oldest first. */
  find(filter: EventFilter): Promise<readonly StoredEvent[]>;
}

export function eventRepository({ orm }: Database): EventRepository {
  return {
    find: async (filter) => {
      const wanted: SQL[] = [];
      if (filter.fingerprint !== undefined) wanted.push(eq(event.fingerprint, filter.fingerprint));
      if (filter.groupKey !== undefined) wanted.push(eq(event.groupKey, filter.groupKey));
      if (filter.from !== undefined) wanted.push(gte(event.atMs, filter.from));
      if (filter.to !== undefined) wanted.push(lte(event.atMs, filter.to));
      const order = filter.keep === 'last' ? desc : asc;
      const rows = orm
        .select()
        .from(event)
        .where(and(...wanted))
        .orderBy(order(event.atMs), order(event.id))
        .limit(filter.limit)
        .all();
      if (filter.keep === 'last') rows.reverse();
      return rows.map(({ atMs, detail, incident: _incident, ...row }) => ({
        ...row,
        at: atMs as UnixMs,
        detail: detail === null ? null : jsonIn<EventDetail>(detail),
      }));
    },
  };
}
