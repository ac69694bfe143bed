/** The router's rows in memory, as the database keeps them: what a restart finds. Checks what RouterChanges promises. */

import type { EventRecord } from '../../src/alerts/event.ts';
import type {
  GroupId,
  GroupRow,
  LogEntryRow,
  MemberKey,
  MemberRow,
  OpenOutboxRow,
  OutboxId,
  RouterChanges,
  RouterSnapshot,
  SilenceRow,
} from '../../src/alerts/router-state.ts';
import type { Alert } from '../../src/model/alert.ts';

export class RouterRows {
  readonly events: EventRecord[] = [];
  readonly #alerts = new Map<string, Alert>();
  readonly #groups = new Map<string, GroupRow>();
  readonly #members = new Map<string, MemberRow>();
  readonly #log = new Map<string, LogEntryRow>();
  readonly #silences = new Map<string, SilenceRow>();
  readonly #outbox = new Map<OutboxId, OpenOutboxRow>();

  apply(changes: RouterChanges): void {
    write(this.#alerts, changes.alertsUpserted, ({ fingerprint }) => fingerprint, changes.alertsDeleted);
    write(this.#members, changes.membersUpserted, memberKey, changes.membersDeleted.map(memberKey));
    write(this.#groups, changes.groupsUpserted, ({ id }) => id, changes.groupsDeleted);
    for (const id of changes.groupsDeleted) this.#forgetMembers(id);
    write(this.#log, changes.logUpserted, ({ key }) => key, changes.logDeleted);
    write(this.#silences, changes.silencesUpserted, ({ id }) => id, changes.silencesDeleted);
    for (const row of changes.outboxInserted) this.#outbox.set(row.id, { ...row, claimed: false });
    for (const { id } of changes.outboxCancelled) this.#outbox.delete(id);
    this.events.push(...changes.events);
    for (const { groupId } of this.#members.values()) if (!this.#groups.has(groupId)) throw new Error(`member of no group: ${groupId}`);
  }

  /** `claimed`: an attempt is under way, or its result unknown. */
  claim(id: OutboxId, claimed = true): void {
    const row = this.#outbox.get(id);
    if (row !== undefined) this.#outbox.set(id, { ...row, claimed });
  }

  close(id: OutboxId): void {
    this.#outbox.delete(id);
  }

  snapshot(): RouterSnapshot {
    return {
      alerts: [...this.#alerts.values()],
      groups: [...this.#groups.values()],
      members: [...this.#members.values()],
      log: [...this.#log.values()],
      silences: [...this.#silences.values()],
      outbox: [...this.#outbox.values()],
    };
  }

  #forgetMembers(id: GroupId): void {
    for (const [key, { groupId }] of this.#members) if (groupId === id) this.#members.delete(key);
  }
}

const memberKey = ({ groupId, fingerprint }: MemberKey): string => `${groupId} ${fingerprint}`;

function write<R>(rows: Map<string, R>, upserted: readonly R[], keyOf: (row: R) => string, deleted: readonly string[]): void {
  const keys = upserted.map(keyOf);
  const both = [...keys, ...deleted];
  if (new Set(both).size !== both.length) throw new Error(`a key occurs twice in one change: ${both.join(' | ')}`);
  upserted.forEach((row, i) => rows.set(keys[i] as string, row));
  for (const key of deleted) rows.delete(key);
}
