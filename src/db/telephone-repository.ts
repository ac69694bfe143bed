/**
 * What is known of telephones: whether they take texts, which notifications each was texted, and the calls and texts that
 * the provider has taken. The only file that knows these tables.
 */
import { and, desc, eq, getTableColumns, gte, inArray, isNotNull, lt } from 'drizzle-orm';
import type { OutboxId } from '../alerts/router-state.ts';
import type { Medium } from '../model/telephony.ts';
import type { UnixMs } from '../model/time.ts';
import type { Database } from './database.ts';
import { telephone, telephoneOrder, telephoneOrderOutbox, telephoneText } from './schema.ts';

/** A call or a text at the provider. */
export type TelephoneOrder = {
  readonly sid: string;
  readonly medium: Medium;
  readonly number: string;
  readonly outboxIds: readonly OutboxId[];
  /** The provider's word. */
  readonly status: string;
  readonly errorCode: number | null;
  readonly attempt: number;
  readonly polls: number;
  /** 'look': ask the provider, or act on what is known. 'again': reach out once more. */
  readonly next: { readonly kind: 'look' | 'again'; readonly at: UnixMs } | null;
  readonly at: UnixMs;
};

export type TelephoneState = { readonly optedOutAt: UnixMs | null; readonly misunderstood: number };

export interface TelephoneRepository {
  /** Null: it was never texted, and has told us nothing. */
  telephone(number: string): Promise<TelephoneState | null>;
  saveTelephone(number: string, state: TelephoneState): Promise<void>;
  texted(number: string, notifications: readonly { readonly id: string; readonly code: number | null }[], at: UnixMs): Promise<void>;
  /** By code the latest; without one all of the last text. Only those texted since `since`. */
  answerable(
    number: string,
    code: number | null,
    since: UnixMs,
  ): Promise<readonly { readonly id: OutboxId; readonly code: number | null }[]>;
  order(sid: string): Promise<TelephoneOrder | null>;
  saveOrder(order: TelephoneOrder): Promise<void>;
  /** All calls and texts that told of a notification. */
  ordersOf(id: OutboxId): Promise<readonly TelephoneOrder[]>;
  /** Those with something left to do. */
  waiting(): Promise<readonly TelephoneOrder[]>;
  forget(before: UnixMs): Promise<void>;
}

export function telephoneRepository({ orm, connection }: Database): TelephoneRepository {
  const orderIn = (row: typeof telephoneOrder.$inferSelect): TelephoneOrder => ({
    sid: row.sid,
    medium: row.medium as Medium,
    number: row.number,
    outboxIds: orm
      .select({ id: telephoneOrderOutbox.outboxId })
      .from(telephoneOrderOutbox)
      .where(eq(telephoneOrderOutbox.sid, row.sid))
      .all()
      .map(({ id }) => id as OutboxId),
    status: row.status,
    errorCode: row.errorCode,
    attempt: row.attempt,
    polls: row.polls,
    next: row.next === null || row.nextAtMs === null ? null : { kind: row.next as 'look' | 'again', at: row.nextAtMs as UnixMs },
    at: row.atMs as UnixMs,
  });
  const saveOrder = connection.transaction(({ outboxIds, next, at, ...order }: TelephoneOrder): void => {
    const row = { ...order, next: next?.kind ?? null, nextAtMs: next?.at ?? null, atMs: at };
    orm.insert(telephoneOrder).values(row).onConflictDoUpdate({ target: telephoneOrder.sid, set: row }).run();
    for (const outboxId of outboxIds) orm.insert(telephoneOrderOutbox).values({ sid: order.sid, outboxId }).onConflictDoNothing().run();
  });
  const forget = connection.transaction((before: UnixMs): void => {
    const old = orm.select({ sid: telephoneOrder.sid }).from(telephoneOrder).where(lt(telephoneOrder.atMs, before));
    orm.delete(telephoneOrderOutbox).where(inArray(telephoneOrderOutbox.sid, old)).run();
    orm.delete(telephoneOrder).where(lt(telephoneOrder.atMs, before)).run();
    orm.delete(telephoneText).where(lt(telephoneText.atMs, before)).run();
  });
  const saveTexts = connection.transaction(
    (number: string, notifications: readonly { readonly id: string; readonly code: number | null }[], at: UnixMs): void => {
      orm.insert(telephone).values({ number, optedOutAtMs: null, misunderstood: 0 }).onConflictDoNothing().run();
      for (const { id, code } of notifications) {
        const row = { number, outboxId: id, code, atMs: at };
        orm
          .insert(telephoneText)
          .values(row)
          .onConflictDoUpdate({ target: [telephoneText.number, telephoneText.outboxId], set: row })
          .run();
      }
    },
  );
  return {
    telephone: async (number) => {
      const row = orm.select().from(telephone).where(eq(telephone.number, number)).get();
      return row === undefined ? null : { optedOutAt: row.optedOutAtMs as UnixMs | null, misunderstood: row.misunderstood };
    },
    saveTelephone: async (number, { optedOutAt, misunderstood }) => {
      const row = { number, optedOutAtMs: optedOutAt, misunderstood };
      orm.insert(telephone).values(row).onConflictDoUpdate({ target: telephone.number, set: row }).run();
    },
    texted: async (number, notifications, at) => saveTexts.immediate(number, notifications, at),
    answerable: async (number, code, since) => {
      const rows = orm
        .select()
        .from(telephoneText)
        .where(
          and(
            eq(telephoneText.number, number),
            gte(telephoneText.atMs, since),
            code === null ? isNotNull(telephoneText.outboxId) : eq(telephoneText.code, code),
          ),
        )
        .orderBy(desc(telephoneText.atMs))
        .limit(ANSWERED_MAX)
        .all();
      const wanted = code === null ? rows.filter(({ atMs }) => atMs === rows[0]?.atMs) : rows.slice(0, 1);
      return wanted.map((row) => ({ id: row.outboxId as OutboxId, code: row.code }));
    },
    order: async (sid) => {
      const row = orm.select().from(telephoneOrder).where(eq(telephoneOrder.sid, sid)).get();
      return row === undefined ? null : orderIn(row);
    },
    saveOrder: async (order) => saveOrder.immediate(order),
    ordersOf: async (id) =>
      orm
        .select(getTableColumns(telephoneOrder))
        .from(telephoneOrder)
        .innerJoin(telephoneOrderOutbox, eq(telephoneOrderOutbox.sid, telephoneOrder.sid))
        .where(eq(telephoneOrderOutbox.outboxId, id))
        .all()
        .map(orderIn),
    waiting: async () => orm.select().from(telephoneOrder).where(isNotNull(telephoneOrder.nextAtMs)).all().map(orderIn),
    forget: async (before) => forget.immediate(before),
  };
}

const ANSWERED_MAX = 50;
