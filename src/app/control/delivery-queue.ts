/**
 * Rows of one lane that no attempt holds: those whose time has come in the order in which they go out (what is new before
 * what is repeated before what is over, and of these the oldest first), the others by when they are tried again.
 */
import type { NotificationReason } from '../../alerts/event.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import type { DueRow } from '../../db/outbox-repository.ts';
import { MinHeap } from '../../lib/heap.ts';
import type { UnixMs } from '../../model/time.ts';

const RANK: Readonly<Record<NotificationReason, number>> = {
  'first notification': 0,
  'new alerts added': 1,
  'repeat interval elapsed': 2,
  'some alerts resolved': 3,
  'all alerts resolved': 3,
};

export class DeliveryQueue {
  /** The truth: an entry of a heap that is not here any more does not count. */
  readonly #rows = new Map<OutboxId, DueRow>();
  readonly #due = new MinHeap<DueRow>(goesBefore);
  readonly #later = new MinHeap<DueRow>((a, b) => a.nextAttemptAt < b.nextAttemptAt);

  get size(): number {
    return this.#rows.size;
  }

  rows(): IterableIterator<DueRow> {
    return this.#rows.values();
  }

  add(due: DueRow): void {
    this.#rows.set(due.row.id, due);
    this.#later.push(due);
  }

  /** False: it is not here. */
  remove(id: OutboxId): boolean {
    return this.#rows.delete(id);
  }

  /** The next row to go out; it stays. Null: none is due. */
  peek(now: UnixMs): DueRow | null {
    for (let due = this.#later.peek(); due !== undefined && due.nextAttemptAt <= now; due = this.#later.peek()) {
      this.#later.pop();
      if (this.#rows.get(due.row.id) === due) this.#due.push(due);
    }
    for (let due = this.#due.peek(); due !== undefined; due = this.#due.peek()) {
      if (this.#rows.get(due.row.id) === due) return due;
      this.#due.pop();
    }
    return null;
  }

  /** Takes, in the order of `peek`, at most `max` rows that are wanted; looks past as many that are not. */
  take(now: UnixMs, max: number, isWanted: (due: DueRow) => boolean = () => true): readonly DueRow[] {
    const taken: DueRow[] = [];
    const passed: DueRow[] = [];
    for (let due = this.peek(now); due !== null && taken.length < max && passed.length < max; due = this.peek(now)) {
      this.#due.pop();
      if (isWanted(due)) {
        this.#rows.delete(due.row.id);
        taken.push(due);
      } else passed.push(due);
    }
    for (const due of passed) this.#due.push(due);
    return taken;
  }

  /** When the next row that is not due yet will be; null: there is none. */
  nextAt(): UnixMs | null {
    for (let due = this.#later.peek(); due !== undefined; due = this.#later.peek()) {
      if (this.#rows.get(due.row.id) === due) return due.nextAttemptAt;
      this.#later.pop();
    }
    return null;
  }
}

function goesBefore(a: DueRow, b: DueRow): boolean {
  const rank = RANK[a.row.reason] - RANK[b.row.reason];
  if (rank !== 0) return rank < 0;
  return a.row.createdAt === b.row.createdAt ? a.row.id < b.row.id : a.row.createdAt < b.row.createdAt;
}
