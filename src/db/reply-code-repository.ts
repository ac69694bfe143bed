/** Small numbers by which replies name groups. The only file that knows the table. */
import { and, lt, notInArray } from 'drizzle-orm';
import type { GroupId } from '../alerts/router-state.ts';
import type { UnixMs } from '../model/time.ts';
import type { Database } from './database.ts';
import { alertGroup, replyCode } from './schema.ts';

export type ReplyCode = { readonly code: number; readonly groupId: GroupId; readonly usedAt: UnixMs };

export interface ReplyCodeRepository {
  all(): Promise<readonly ReplyCode[]>;
  save(code: ReplyCode): Promise<void>;
  /** Frees the numbers of groups that are over and were last told of before `before`; returns these groups. */
  recycle(before: UnixMs): Promise<readonly GroupId[]>;
}

export function replyCodeRepository({ orm }: Database): ReplyCodeRepository {
  return {
    all: async () =>
      orm
        .select()
        .from(replyCode)
        .all()
        .map((row) => ({ code: row.code, groupId: row.groupId as GroupId, usedAt: row.usedAtMs as UnixMs })),
    save: async ({ code, groupId, usedAt }) => {
      const row = { code, groupId, usedAtMs: usedAt };
      orm.insert(replyCode).values(row).onConflictDoUpdate({ target: replyCode.code, set: row }).run();
    },
    recycle: async (before) =>
      orm
        .delete(replyCode)
        .where(and(lt(replyCode.usedAtMs, before), notInArray(replyCode.groupId, orm.select({ id: alertGroup.id }).from(alertGroup))))
        .returning()
        .all()
        .map(({ groupId }) => groupId as GroupId),
  };
}
