/** Reading the event log: what happened to an alert or a group, in order, and what was added since somebody last looked. */
import { and, asc, desc, eq, gt, gte, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import type { EventDetail } from '../alerts/event.ts';
import type { UnixMs } from '../model/time.ts';
import type { Database } from './database.ts';
import { jsonIn } from './json.ts';
import { event, eventIndexed } from './schema.ts';

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

/** What an event is about; all that is given must be so. */
export type EventSubject = {
  readonly fingerprint?: string;
  readonly groupKey?: string;
  readonly stage?: string;
};

/** A place in the log as `find` orders it. */
export type EventPlace = { readonly at: UnixMs; readonly id: number };

export type EventFilter = EventSubject & {
  readonly from?: UnixMs;
  readonly to?: UnixMs;
  /** Only later ones than this. */
  readonly after?: EventPlace;
  /** Only earlier ones than this. */
  readonly before?: EventPlace;
  /** Which ones where there are more than `limit`; by default the first. */
  readonly keep?: 'first' | 'last';
  readonly limit: number;
};

export interface EventRepository {
  /** Oldest first. */
  find(filter: EventFilter): Promise<readonly StoredEvent[]>;
  /** Ids of the oldest and the newest event that are kept; both 0 while there is none. Ids grow and are never given again. */
  bounds(): Promise<EventBounds>;
  /** Events with greater ids than `afterId`, in the order in which they were written. */
  writtenAfter(afterId: number, subject: EventSubject, limit: number): Promise<readonly StoredEvent[]>;
}

export type EventBounds = { readonly oldestId: number; readonly newestId: number };

export function eventRepository({ orm }: Database): EventRepository {
  return {
    find: async (filter) => {
      const wanted = about(filter);
      if (filter.from !== undefined) wanted.push(gte(event.atMs, filter.from));
      if (filter.to !== undefined) wanted.push(lte(event.atMs, filter.to));
      if (filter.after !== undefined) wanted.push(beyond(gt, filter.after));
      if (filter.before !== undefined) wanted.push(beyond(lt, filter.before));
      const order = filter.keep === 'last' ? desc : asc;
      const rows = orm
        .select()
        .from(event)
        .where(and(...wanted))
        .orderBy(order(event.atMs), order(event.id))
        .limit(filter.limit)
        .all();
      if (filter.keep === 'last') rows.reverse();
      return rows.map(eventIn);
    },
    bounds: async () =>
      orm
        .select({ oldestId: sql<number>`coalesce(min(${event.id}), 0)`, newestId: sql<number>`coalesce(max(${event.id}), 0)` })
        .from(event)
        .get() ?? { oldestId: 0, newestId: 0 },
    writtenAfter: async (afterId, subject, limit) =>
      orm
        .select()
        .from(event)
        .where(and(gt(event.id, afterId), ...about(subject)))
        .orderBy(asc(event.id))
        .limit(limit)
        .all()
        .map(eventIn),
  };
}

function about({ fingerprint, groupKey, stage }: EventSubject): SQL[] {
  const wanted: SQL[] = [];
  if (fingerprint !== undefined) wanted.push(ofSubject(eq(event.fingerprint, fingerprint)));
  if (groupKey !== undefined) wanted.push(ofSubject(eq(event.groupKey, groupKey)));
  if (stage !== undefined) wanted.push(eq(event.stage, stage));
  return wanted;
}

/** By the index as far as it goes, and among the newest one by one. */
export const ofSubject = (condition: SQL): SQL =>
  sql`${event.id} in (select ${event.id} from ${event} where ${condition} and ${event.isIndexed} = 1
    union all select ${event.id} from ${event} where ${condition} and ${event.id} > (select ${eventIndexed.eventId} from ${eventIndexed}))`;

const beyond = (compare: typeof gt | typeof lt, { at, id }: EventPlace): SQL =>
  or(compare(event.atMs, at), and(eq(event.atMs, at), compare(event.id, id))) ?? sql`true`;

function eventIn({ atMs, detail, incident: _incident, isIndexed: _isIndexed, ...row }: typeof event.$inferSelect): StoredEvent {
  return { ...row, at: atMs as UnixMs, detail: detail === null ? null : jsonIn<EventDetail>(detail) };
}
