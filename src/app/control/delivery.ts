/**
 * Carries out what the outbox owes. Each integration of each receiver is a lane of its own with a few attempts under way
 * at once, so that one that hangs holds up nobody else. A claim is on disk before the first byte leaves; what became of
 * the attempt goes to `settle`, which commits it together with the notification log. Timers are hints: the truth is rows.
 */
import type { OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import type { DueRow } from '../../db/outbox-repository.ts';
import type { Clock } from '../../model/clock.ts';
import type { CrashPoints } from '../../model/crash-point.ts';
import type { Log } from '../../model/log.ts';
import type { Random } from '../../model/random.ts';
import { durationMs, type UnixMs, unixMs } from '../../model/time.ts';
import type { FailureReason, Integration, SendInput, SendOutcome } from '../../notify/integration.ts';
import { retryDelayMs } from '../../notify/retry.ts';

/** Attempts under way at once per integration. */
const LANE_WIDTH = 16;
const CLAIM_RETRY_MS = 1000;
const SETTLE_RETRY_MS = 1000;
/** How long a provider is asked what became of an attempt, before it is made again. */
const RECONCILE_MS = 5000;

/** What became of one attempt. */
export type DeliveryOutcome = { readonly row: OutboxRow; readonly at: UnixMs } & (
  | { readonly kind: 'accepted'; readonly answer: string; readonly data: Readonly<Record<string, string | number>> | null }
  /** Comes again at `nextAttemptAt`, unless that is past the deadline: then the group's next flush takes over. */
  | { readonly kind: 'rejected' | 'unknown'; readonly nextAttemptAt: UnixMs; readonly message: string; readonly reason: FailureReason }
  /** No attempt can succeed. */
  | { readonly kind: 'failed'; readonly message: string; readonly reason: FailureReason }
);

export type DeliveryPorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly crash: CrashPoints;
  /** Null: the receiver or integration is configured no more. */
  integration(row: OutboxRow): Integration | null;
  input(due: DueRow): SendInput;
  /** Claims rows for an attempt, on disk when done. Of these rows those that are still to be sent: the others were cancelled meanwhile, or all they tell is silenced by now. */
  claim(rows: readonly OutboxRow[]): Promise<readonly OutboxRow[]>;
  settle(outcome: DeliveryOutcome): Promise<void>;
};

type Lane = { readonly key: string; readonly waiting: Map<OutboxId, DueRow>; active: number; cancelTimer: (() => void) | null };

export class Delivery {
  readonly #ports: DeliveryPorts;
  readonly #lanes = new Map<string, Lane>();
  readonly #underWay = new Set<Promise<void>>();
  /** Attempts that are not settled yet. */
  readonly #attempts = new Map<OutboxId, Promise<void>>();
  #isStopped = false;
  /** alertmanager_notification_requests_total and its like, by integration name. */
  readonly stats = new Map<string, { requests: number; requestsFailed: number; secondsSum: number }>();

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
  }

  /** Rows without an attempt under way. */
  get waiting(): number {
    return [...this.#lanes.values()].reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  get oldestWaitingSeconds(): number {
    let oldest = this.#ports.clock.now();
    for (const { waiting } of this.#lanes.values())
      for (const { row } of waiting.values()) if (row.createdAt < oldest) oldest = row.createdAt;
    return (this.#ports.clock.now() - oldest) / 1000;
  }

  /** Takes rows that are on disk. */
  enqueue(rows: readonly DueRow[]): void {
    const touched = new Set<Lane>();
    for (const due of rows) {
      const lane = this.#laneOf(due.row);
      lane.waiting.set(due.row.id, due);
      touched.add(lane);
    }
    for (const lane of touched) this.#work(lane);
  }

  /** Rows that were cancelled. An attempt under way goes on; its outcome is still settled. */
  drop(ids: readonly OutboxId[]): void {
    for (const lane of this.#lanes.values()) for (const id of ids) lane.waiting.delete(id);
  }

  /** Done when no attempt at the row is under way, and the last one's outcome is on disk. */
  async attemptOver(id: OutboxId): Promise<void> {
    await this.#attempts.get(id);
  }

  /** Starts no further attempt; done when those under way have been settled, or after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    for (const lane of this.#lanes.values()) lane.cancelTimer?.();
    const grace = new Promise<void>((resolve) => this.#ports.clock.after(durationMs(graceMs), resolve));
    await Promise.race([Promise.all(this.#underWay), grace]);
  }

  #laneOf(row: OutboxRow): Lane {
    const key = `${row.receiver}/${row.integration}/${row.index}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, waiting: new Map(), active: 0, cancelTimer: null };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #work(lane: Lane): void {
    if (this.#isStopped) return;
    lane.cancelTimer?.();
    lane.cancelTimer = null;
    const now = this.#ports.clock.now();
    const batch: DueRow[] = [];
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const due of lane.waiting.values()) {
      if (lane.active + batch.length >= LANE_WIDTH) break;
      if (due.nextAttemptAt <= now) batch.push(due);
      else wakeAt = Math.min(wakeAt, due.nextAttemptAt);
    }
    for (const { row } of batch) lane.waiting.delete(row.id);
    if (batch.length > 0) {
      lane.active += batch.length;
      this.#track(this.#attempt(lane, batch));
    } else if (wakeAt < Number.POSITIVE_INFINITY) {
      lane.cancelTimer = this.#ports.clock.after(durationMs(Math.max(1, wakeAt - now)), () => this.#work(lane));
    }
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #attempt(lane: Lane, batch: readonly DueRow[]): Promise<void> {
    const { clock, log, crash } = this.#ports;
    let claimed: ReadonlySet<OutboxRow>;
    try {
      crash.hit('outbox.before-claim');
      claimed = new Set(await this.#ports.claim(batch.map(({ row }) => row)));
      crash.hit('outbox.after-claim');
    } catch (error) {
      log.error('cannot claim notifications; trying again', {
        receiver: lane.key,
        error: error instanceof Error ? error.message : String(error),
      });
      lane.active -= batch.length;
      for (const due of batch) lane.waiting.set(due.row.id, { ...due, nextAttemptAt: unixMs(clock.now() + CLAIM_RETRY_MS) });
      this.#work(lane);
      return;
    }
    for (const due of batch) {
      if (claimed.has(due.row)) {
        const attempt = this.#send(lane, due).finally(() => this.#attempts.delete(due.row.id));
        this.#attempts.set(due.row.id, attempt);
        this.#track(attempt);
      } else lane.active--;
    }
    if (lane.active < LANE_WIDTH && lane.waiting.size > 0) this.#work(lane);
  }

  async #send(lane: Lane, due: DueRow): Promise<void> {
    const { clock, crash, log } = this.#ports;
    const { row } = due;
    const integration = this.#ports.integration(row);
    const began = clock.elapsed();
    let outcome: SendOutcome;
    if (integration === null) outcome = { kind: 'rejected', retry: false, reason: 'other', message: 'the receiver is configured no more' };
    else {
      try {
        outcome = await this.#made(integration, due);
      } catch (error) {
        outcome = { kind: 'unknown', message: `BUG: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
      }
    }
    crash.hit('send.after-response');
    const stats = this.stats.get(row.integration) ?? { requests: 0, requestsFailed: 0, secondsSum: 0 };
    this.stats.set(row.integration, stats);
    stats.requests++;
    stats.secondsSum += (clock.elapsed() - began) / 1000;
    if (outcome.kind !== 'accepted') {
      stats.requestsFailed++;
      log.warn('notification not accepted', {
        receiver: row.receiver,
        integration: `${row.integration}[${row.index}]`,
        outcome: outcome.kind,
        error: outcome.message,
        attempt: due.attempts + 1,
        groupKey: row.groupKey,
      });
    }
    const settled = this.#judge(due, outcome);
    await this.#settle(settled);
    crash.hit('send.after-commit');
    lane.active--;
    if ((settled.kind === 'rejected' || settled.kind === 'unknown') && settled.nextAttemptAt < row.deadline)
      lane.waiting.set(row.id, {
        row,
        attempts: due.attempts + 1,
        nextAttemptAt: settled.nextAttemptAt,
        state: settled.kind,
        mayRepeat: due.mayRepeat || settled.kind === 'unknown',
      });
    this.#work(lane);
  }

  /** Where the last result is unknown the provider is asked for it first, if it can be; what it does not know is sent. */
  async #made(integration: Integration, due: DueRow): Promise<SendOutcome> {
    if (due.state === 'unknown' && integration.reconcile !== undefined) {
      const found = await this.#reconciled(integration.reconcile(this.#ports.input(due)), due.row);
      if (found !== null) return found;
      if (this.#ports.clock.now() >= due.row.deadline)
        return { kind: 'unknown', message: 'its time was over before it could be sent again' };
    }
    return integration.send(this.#ports.input(due));
  }

  /** Null: it is not there, or there was no answer in time. */
  async #reconciled(asked: Promise<SendOutcome | { readonly kind: 'absent' }>, { deadline }: OutboxRow): Promise<SendOutcome | null> {
    const { clock } = this.#ports;
    const budgetMs = Math.max(0, Math.min(RECONCILE_MS, deadline - clock.now()));
    let cancel = (): void => {};
    const over = new Promise<null>((resolve) => {
      cancel = clock.after(durationMs(budgetMs), () => resolve(null));
    });
    try {
      const found = await Promise.race([asked.catch(() => null), over]);
      return found === null || found.kind === 'absent' || found.kind === 'unknown' ? null : found;
    } finally {
      cancel();
    }
  }

  /** The provider has answered: that must get to disk, however long the disk refuses. */
  async #settle(settled: DeliveryOutcome): Promise<void> {
    for (;;) {
      try {
        return await this.#ports.settle(settled);
      } catch {
        if (this.#isStopped) return; // the row stays claimed; the next boot finds it
        await new Promise<void>((resolve) => this.#ports.clock.after(durationMs(SETTLE_RETRY_MS), resolve));
      }
    }
  }

  #judge(due: DueRow, outcome: SendOutcome): DeliveryOutcome {
    const at = this.#ports.clock.now();
    const { row } = due;
    if (outcome.kind === 'accepted') return { kind: 'accepted', row, at, answer: outcome.answer, data: outcome.data ?? null };
    if (outcome.kind === 'rejected' && !outcome.retry) return { kind: 'failed', row, at, message: outcome.message, reason: outcome.reason };
    const own = retryDelayMs(due.attempts + 1, this.#ports.random);
    const asked = outcome.kind === 'rejected' ? (outcome.retryAfterMs ?? 0) : 0;
    return {
      kind: outcome.kind,
      row,
      at,
      nextAttemptAt: unixMs(at + Math.max(own, asked)),
      message: outcome.message,
      reason: outcome.kind === 'rejected' ? outcome.reason : 'other',
    };
  }
}
