/** What changed since the last look: keys of rows to write again, and rows and events that are only ever added. */
import type { Fingerprint } from '../model/fingerprint.ts';
import type { UnixMs } from '../model/time.ts';
import type { CancelReason, EventCode, EventDetail, EventRecord, GroupKey } from './event.ts';
import type { GroupId, LogKey, OutboxId, OutboxRow, SilenceId } from './router-state.ts';

export class ChangeLog {
  readonly alerts = new Set<Fingerprint>();
  readonly groups = new Set<GroupId>();
  readonly members = new Map<GroupId, Set<Fingerprint>>();
  readonly log = new Set<LogKey>();
  readonly silences = new Set<SilenceId>();
  readonly outboxInserted = new Map<OutboxId, OutboxRow>();
  readonly outboxCancelled = new Map<OutboxId, CancelReason>();
  readonly outboxUndelivered = new Set<OutboxId>();
  readonly events: EventRecord[] = [];

  member(group: GroupId, fingerprint: Fingerprint): void {
    const known = this.members.get(group);
    if (known === undefined) this.members.set(group, new Set([fingerprint]));
    else known.add(fingerprint);
  }

  insertOutbox(row: OutboxRow): void {
    this.outboxInserted.set(row.id, row);
  }

  /** A row that nobody has seen yet is simply not inserted. */
  cancelOutbox(id: OutboxId, reason: CancelReason): void {
    if (!this.outboxInserted.delete(id)) this.outboxCancelled.set(id, reason);
  }

  event(at: UnixMs, code: EventCode, fingerprint: Fingerprint | null, groupKey: GroupKey | null, detail: EventDetail | null = null): void {
    // Field by field: a spread costs ten times as much, and ten thousand alerts can arrive at once.
    const { stage, verdict, reason } = code;
    this.events.push({ stage, verdict, reason, at, fingerprint, groupKey, detail } as EventRecord);
  }
}
