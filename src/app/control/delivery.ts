/**
 * Carries out what the outbox owes. Each integration of each receiver is a lane of its own with a few attempts under way
 * at once, so that one that hangs holds up nobody else; those that ring the same telephone share one. A claim is on disk
 * before the first byte leaves; what became of the attempt goes to `settle`, which commits it together with the
 * notification log. Timers are hints: the truth is rows.
 *
 * A lane with a rate limit makes one attempt after another, each in its time; one whose integration can bundle tells all
 * that is due in one message. While the circuit of a provider is open, for all or for one lane, its rows wait, and those
 * that have a fallback are named to `troubled`, as are attempts that get no answer for long. A row is rendered when it is
 * sent, not while it waits.
 */
import type { OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import type { DueRow } from '../../db/outbox-repository.ts';
import type { Clock } from '../../model/clock.ts';
import type { CrashPoints } from '../../model/crash-point.ts';
import type { Log } from '../../model/log.ts';
import type { Random } from '../../model/random.ts';
import { durationMs, type UnixMs, unixMs } from '../../model/time.ts';
import type { FailureReason, Integration, SendInput, SendOutcome } from '../../notify/integration.ts';
import type { RateLimit } from '../../notify/rate-limit.ts';
import { retryDelayMs } from '../../notify/retry.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { TokenBucket } from './token-bucket.ts';

/** Attempts under way at once per integration. */
const LANE_WIDTH = 16;
/** Notifications told in one message. */
const BUNDLE_MAX = 100;
/**
 * Attempts that may begin at the same time, over all lanes: with thousands due at once each would open a connection of its
 * own, where a hundred that come one after another share a few. One that lasts longer than FRESH_MS stands in nobody's way.
 */
const FRESH_MAX = 128;
const FRESH_MS = 50;
const CLAIM_RETRY_MS = 1000;
const SETTLE_RETRY_MS = 1000;
/** How long a provider is asked what became of an attempt, before it is made again. */
const RECONCILE_MS = 5000;
/** An attempt without an answer for so long does not keep a fallback waiting. */
const STALLED_MS = 30_000;

/** What became of one attempt. */
export type DeliveryOutcome = { readonly row: OutboxRow; readonly at: UnixMs } & (
  | { readonly kind: 'accepted'; readonly answer: string; readonly data: Readonly<Record<string, string | number>> | null }
  /** Comes again at `nextAttemptAt`, unless that is past the deadline: then the group's next flush takes over. */
  | { readonly kind: 'rejected' | 'unknown'; readonly nextAttemptAt: UnixMs; readonly message: string; readonly reason: FailureReason }
  /** No attempt can succeed. */
  | { readonly kind: 'failed'; readonly message: string; readonly reason: FailureReason }
);

/** Where a row goes. */
export type Destination = {
  readonly integration: Integration;
  /** Null: none, or not known before the first attempt. */
  readonly provider: string | null;
  readonly rateLimit: RateLimit | null;
  /** Whom it disturbs where others may disturb them too, and what it is configured as: those alike are told in one message. Null: nobody in particular. */
  readonly shared: { readonly lane: string; readonly likeness: string } | null;
};

/** A row that an attempt may take. `late`: what makes it late, in words. */
export type Claimed = { readonly row: OutboxRow; readonly late: string | null };

export type DeliveryPorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly crash: CrashPoints;
  /** Null: the receiver or integration is configured no more. */
  destination(row: OutboxRow): Destination | null;
  input(due: DueRow, late: string | null): SendInput;
  /** Claims rows for an attempt, on disk when done. Of these rows those that are still to be sent: the others were cancelled meanwhile, or all they tell is silenced by now. */
  claim(rows: readonly OutboxRow[]): Promise<readonly Claimed[]>;
  settle(outcome: DeliveryOutcome): Promise<void>;
  /** Nothing gets through to the provider of these rows (`down`), or an attempt at them has no answer yet (`stalled`). */
  troubled(rows: readonly OutboxRow[], how: 'down' | 'stalled'): Promise<void>;
};

type Place = Pick<OutboxRow, 'receiver' | 'integration' | 'index'>;

type Lane = {
  readonly key: string;
  /** Rows of different integrations may be in it. */
  readonly isShared: boolean;
  readonly queue: DeliveryQueue;
  active: number;
  /** In a lane with a rate limit: what is being claimed will use it up. */
  isClaiming: boolean;
  bucket: { readonly limit: RateLimit; readonly tokens: TokenBucket } | null;
  /** Named to `troubled` since the circuit opened. */
  readonly troubled: Set<OutboxId>;
  provider: string | null;
  cancelTimer: (() => void) | null;
};

/** Attempts by what became of them: `reason` is Alertmanager's, empty for those accepted. */
export type AttemptCount = {
  readonly receiver: string;
  readonly integration: string;
  readonly outcome: string;
  readonly reason: string;
  count: number;
};

export class Delivery {
  readonly #ports: DeliveryPorts;
  readonly #lanes = new Map<string, Lane>();
  readonly #places = new Map<string, Place>();
  readonly #laneOfRow = new Map<OutboxId, Lane>();
  readonly #underWay = new Set<Promise<void>>();
  /** Attempts that are not settled yet. */
  readonly #attempts = new Map<OutboxId, Promise<void>>();
  readonly #breakers = new Map<string, CircuitBreaker>();
  /** Attempts that have just begun. */
  #fresh = 0;
  /** Lanes that may go on when there are fewer of them, in the order in which they asked. */
  readonly #held = new Set<Lane>();
  #isStopped = false;
  /** alertmanager_notification_requests_total and its like, by integration name. */
  readonly stats = new Map<string, { requests: number; requestsFailed: number; secondsSum: number }>();
  readonly attempts = new Map<string, AttemptCount>();

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
  }

  /** Rows without an attempt under way. */
  get waiting(): number {
    return [...this.#lanes.values()].reduce((sum, { queue }) => sum + queue.size, 0);
  }

  /** Of every place that something was owed to. */
  get waitingByPlace(): readonly (Place & { readonly rows: number })[] {
    const waiting = new Map([...this.#places].map(([key, place]) => [key, { ...place, rows: 0 }]));
    for (const { queue } of this.#lanes.values())
      for (const { row } of queue.rows()) {
        const place = waiting.get(placeKey(row));
        if (place !== undefined) place.rows++;
      }
    return [...waiting.values()];
  }

  get oldestWaitingSeconds(): number {
    let oldest = this.#ports.clock.now();
    for (const { queue } of this.#lanes.values()) for (const { row } of queue.rows()) if (row.createdAt < oldest) oldest = row.createdAt;
    return (this.#ports.clock.now() - oldest) / 1000;
  }

  /** Circuits, by provider. */
  get breakers(): ReadonlyMap<string, Pick<CircuitBreaker, 'isOpen' | 'opened'>> {
    return this.#breakers;
  }

  /** Takes rows that are on disk. */
  enqueue(rows: readonly DueRow[]): void {
    const touched = new Set<Lane>();
    for (const due of rows) {
      const lane = this.#laneOf(due.row);
      this.#wait(lane, due);
      touched.add(lane);
    }
    for (const lane of touched) this.#work(lane);
  }

  /** Rows that were cancelled. An attempt under way goes on; its outcome is still settled. */
  drop(ids: readonly OutboxId[]): void {
    for (const id of ids) {
      this.#laneOfRow.get(id)?.queue.remove(id);
      this.#laneOfRow.delete(id);
    }
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
    const place = placeKey(row);
    const { receiver, integration, index } = row;
    if (!this.#places.has(place)) this.#places.set(place, { receiver, integration, index });
    const key = this.#ports.destination(row)?.shared?.lane ?? place;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        key,
        isShared: key !== place,
        queue: new DeliveryQueue(),
        active: 0,
        isClaiming: false,
        bucket: null,
        troubled: new Set(),
        provider: null,
        cancelTimer: null,
      };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #wait(lane: Lane, due: DueRow): void {
    lane.queue.add(due);
    this.#laneOfRow.set(due.row.id, lane);
  }

  #work(lane: Lane): void {
    if (this.#isStopped) return;
    lane.cancelTimer?.();
    lane.cancelTimer = null;
    const { clock } = this.#ports;
    const now = clock.now();
    const first = lane.queue.peek(now);
    if (first === null) {
      const nextAt = lane.queue.nextAt();
      if (nextAt !== null) this.#wake(lane, nextAt - now);
      return;
    }
    const destination = this.#ports.destination(first.row);
    const isBundling = destination?.integration.bundle !== undefined;
    const bucket = this.#bucketOf(lane, destination);
    const isSerial = bucket !== null || isBundling;
    if (lane.isClaiming || lane.active >= (isBundling ? 1 : LANE_WIDTH)) return;
    const elapsed = clock.elapsed();
    const breaker = this.#breakerOf(lane, destination);
    const provenAt = breaker?.readyAt(elapsed, lane.key) ?? elapsed;
    if (provenAt > elapsed) {
      this.#trouble(lane, now);
      this.#wake(lane, provenAt - elapsed);
      return;
    }
    const limitedAt = bucket?.readyAt(elapsed, isExempt(first)) ?? elapsed;
    if (limitedAt > elapsed) {
      this.#wake(lane, limitedAt - elapsed);
      return;
    }
    const room = FRESH_MAX - this.#fresh;
    if (room <= 0) {
      this.#held.add(lane);
      return;
    }
    const isProbe = breaker?.begin(elapsed, lane.key) ?? false;
    const max = isProbe || (isSerial && !isBundling) ? 1 : isBundling ? BUNDLE_MAX : Math.min(room, LANE_WIDTH - lane.active);
    // What may have arrived is asked about by itself.
    const isAlone = isBundling && isAsked(first, destination);
    const likeness = destination?.shared?.likeness;
    const goesAlong = (due: DueRow): boolean =>
      !(isBundling && isAsked(due, destination)) && (!lane.isShared || this.#ports.destination(due.row)?.shared?.likeness === likeness);
    const batch = lane.queue.take(now, isAlone ? 1 : max, (due) => due === first || goesAlong(due));
    for (const { row } of batch) this.#laneOfRow.delete(row.id);
    const slots = isBundling ? 1 : batch.length;
    lane.active += slots;
    lane.isClaiming = isSerial;
    this.#fresh += slots;
    this.#track(this.#attempt(lane, batch, { isBundling, isProbe, bucket, fresh: { attempts: slots } }));
  }

  /** These attempts are over, or have lasted for a while. */
  #aged(fresh: Fresh, attempts: number): void {
    const aged = Math.min(attempts, fresh.attempts);
    fresh.attempts -= aged;
    this.#fresh -= aged;
    for (const lane of this.#held) {
      if (this.#fresh >= FRESH_MAX) return;
      this.#held.delete(lane);
      this.#work(lane);
    }
  }

  #wake(lane: Lane, afterMs: number): void {
    lane.cancelTimer = this.#ports.clock.after(durationMs(Math.max(1, Math.ceil(afterMs))), () => this.#work(lane));
  }

  #bucketOf(lane: Lane, destination: Destination | null): TokenBucket | null {
    const limit = destination?.rateLimit ?? null;
    // A reload gives a new limit, with a full bucket.
    if (!isSameLimit(lane.bucket?.limit ?? null, limit))
      lane.bucket = limit === null ? null : { limit, tokens: new TokenBucket(limit, this.#ports.clock.elapsed()) };
    return lane.bucket?.tokens ?? null;
  }

  #breakerOf(lane: Lane, destination: Destination | null): CircuitBreaker | null {
    lane.provider = destination?.provider ?? null;
    if (lane.provider === null) return null;
    let breaker = this.#breakers.get(lane.provider);
    if (breaker === undefined) this.#breakers.set(lane.provider, (breaker = new CircuitBreaker()));
    return breaker;
  }

  /** Rows of a provider that is down, each once: who has a fallback for them does not wait. */
  #trouble(lane: Lane, now: UnixMs): void {
    const rows: OutboxRow[] = [];
    for (const { row, nextAttemptAt } of lane.queue.rows()) {
      if (nextAttemptAt > now || lane.troubled.has(row.id)) continue;
      lane.troubled.add(row.id);
      rows.push(row);
    }
    if (rows.length > 0) this.#track(this.#ports.troubled(rows, 'down').catch(() => rows.forEach(({ id }) => lane.troubled.delete(id))));
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #attempt(lane: Lane, batch: readonly DueRow[], { isBundling, isProbe, bucket, fresh }: AttemptTerms): Promise<void> {
    const { clock, log, crash } = this.#ports;
    const slots = isBundling ? 1 : batch.length;
    let claimed: ReadonlyMap<OutboxRow, Claimed>;
    try {
      crash.hit('outbox.before-claim');
      claimed = new Map((await this.#ports.claim(batch.map(({ row }) => row))).map((one) => [one.row, one]));
      crash.hit('outbox.after-claim');
    } catch (error) {
      log.error('cannot claim notifications; trying again', {
        lane: lane.key,
        error: error instanceof Error ? error.message : String(error),
      });
      lane.isClaiming = false;
      lane.active -= slots;
      if (isProbe) this.#breakers.get(lane.provider ?? '')?.released(clock.elapsed());
      for (const due of batch) this.#wait(lane, { ...due, nextAttemptAt: unixMs(clock.now() + CLAIM_RETRY_MS) });
      this.#aged(fresh, slots);
      this.#work(lane);
      return;
    }
    const wanted = batch.flatMap((due) => {
      const claim = claimed.get(due.row);
      return claim === undefined ? [] : [{ due, late: claim.late }];
    });
    lane.isClaiming = false;
    if (wanted.length > 0) bucket?.take(clock.elapsed());
    else if (isProbe) this.#breakers.get(lane.provider ?? '')?.released(clock.elapsed());
    const messages = isBundling ? (wanted.length > 0 ? [wanted] : []) : wanted.map((one) => [one]);
    lane.active -= slots - messages.length;
    this.#aged(fresh, slots - messages.length);
    const cancelAging = clock.after(durationMs(FRESH_MS), () => this.#aged(fresh, fresh.attempts));
    for (const message of messages) {
      const attempt = this.#send(lane, message, isProbe).finally(() => {
        for (const { due } of message) this.#attempts.delete(due.row.id);
        this.#aged(fresh, 1);
        if (fresh.attempts === 0) cancelAging();
      });
      for (const { due } of message) this.#attempts.set(due.row.id, attempt);
      this.#track(attempt);
    }
    if (lane.queue.size > 0) this.#work(lane);
  }

  /** One message: of one notification, or of several where the integration bundles. */
  async #send(lane: Lane, message: readonly Wanted[], isProbe: boolean): Promise<void> {
    const { clock, crash } = this.#ports;
    const [first] = message as readonly [Wanted];
    const { row } = first.due;
    const destination = this.#ports.destination(row);
    const began = clock.elapsed();
    const cancelStalled = clock.after(durationMs(STALLED_MS), () => {
      const rows = message.map(({ due }) => due.row);
      this.#track(this.#ports.troubled(rows, 'stalled').catch(() => {})); // the keeper has said why; the attempt goes on
    });
    let outcome: SendOutcome;
    if (destination === null) outcome = { kind: 'rejected', retry: false, reason: 'other', message: 'the receiver is configured no more' };
    else {
      crash.hit('send.before-bytes');
      try {
        outcome = await this.#made(destination.integration, message);
      } catch (error) {
        outcome = { kind: 'unknown', message: `BUG: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
      }
    }
    cancelStalled();
    crash.hit('send.after-response');
    const stats = this.stats.get(row.integration) ?? { requests: 0, requestsFailed: 0, secondsSum: 0 };
    this.stats.set(row.integration, stats);
    stats.requests++;
    stats.secondsSum += (clock.elapsed() - began) / 1000;
    if (outcome.kind !== 'accepted') stats.requestsFailed++;
    this.#judgeProvider(lane, row, outcome, isProbe);
    // What went out together comes again together.
    const retryMs = retryDelayMs(Math.max(...message.map(({ due }) => due.attempts)) + 1, this.#ports.random);
    await Promise.all(message.map(({ due }) => this.#settled(lane, due, outcome, retryMs)));
    crash.hit('send.after-commit');
    lane.active--;
    this.#work(lane);
  }

  async #settled(lane: Lane, due: DueRow, outcome: SendOutcome, retryMs: number): Promise<void> {
    const { row } = due;
    if (outcome.kind !== 'accepted')
      this.#ports.log.warn('notification not accepted', {
        receiver: row.receiver,
        integration: `${row.integration}[${row.index}]`,
        outcome: outcome.kind,
        error: outcome.message,
        attempt: due.attempts + 1,
        groupKey: row.groupKey,
      });
    const settled = this.#judge(row, outcome, retryMs);
    this.#count(settled);
    await this.#settle(settled);
    if ((settled.kind === 'rejected' || settled.kind === 'unknown') && settled.nextAttemptAt < row.deadline)
      this.#wait(lane, {
        row,
        attempts: due.attempts + 1,
        nextAttemptAt: settled.nextAttemptAt,
        state: settled.kind,
        mayRepeat: due.mayRepeat || settled.kind === 'unknown',
      });
  }

  #count(outcome: DeliveryOutcome): void {
    const { receiver, integration } = outcome.row;
    const reason = outcome.kind === 'accepted' ? '' : outcome.reason;
    const key = `${receiver}\0${integration}\0${outcome.kind}\0${reason}`;
    const known = this.attempts.get(key);
    if (known === undefined) this.attempts.set(key, { receiver, integration, outcome: outcome.kind, reason, count: 1 });
    else known.count++;
  }

  /** Whoever refuses for good, or asks for less, is there. */
  #judgeProvider(lane: Lane, row: OutboxRow, outcome: SendOutcome, isProbe: boolean): void {
    const { clock, log } = this.#ports;
    // What was not known before the first attempt is now.
    const breaker = this.#breakerOf(lane, this.#ports.destination(row));
    if (breaker === null) return;
    const isTemporary = outcome.kind === 'unknown' || (outcome.kind === 'rejected' && outcome.retry && outcome.reason !== 'rateLimited');
    const { provider } = lane;
    if (isTemporary) {
      if (breaker.failed(clock.elapsed(), { lane: lane.key, notification: `${lane.key} ${row.groupId}` }, isProbe))
        log.error('a provider of notifications is down; its rows wait', { provider, lane: lane.key });
      return;
    }
    if (!breaker.succeeded(lane.key)) return;
    log.info('a provider of notifications answers again', { provider });
    for (const other of this.#lanes.values()) {
      if (other.provider !== provider) continue;
      other.troubled.clear();
      if (other !== lane) this.#work(other);
    }
  }

  async #made(integration: Integration, message: readonly Wanted[]): Promise<SendOutcome> {
    const [{ due, late }] = message as readonly [Wanted];
    if (message.length > 1 && integration.bundle !== undefined)
      return integration.bundle(message.map((one) => this.#ports.input(one.due, one.late)));
    // Where the last result is unknown the provider is asked for it first, if it can be; what it does not know is sent.
    if (due.state === 'unknown' && integration.reconcile !== undefined) {
      const found = await this.#reconciled(integration.reconcile(this.#ports.input(due, late)), due.row);
      if (found !== null) return found;
      if (this.#ports.clock.now() >= due.row.deadline)
        return { kind: 'unknown', message: 'its time was over before it could be sent again' };
    }
    return integration.send(this.#ports.input(due, late));
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

  #judge(row: OutboxRow, outcome: SendOutcome, retryMs: number): DeliveryOutcome {
    const at = this.#ports.clock.now();
    if (outcome.kind === 'accepted') return { kind: 'accepted', row, at, answer: outcome.answer, data: outcome.data ?? null };
    if (outcome.kind === 'rejected' && !outcome.retry) return { kind: 'failed', row, at, message: outcome.message, reason: outcome.reason };
    const asked = outcome.kind === 'rejected' ? (outcome.retryAfterMs ?? 0) : 0;
    return {
      kind: outcome.kind,
      row,
      at,
      nextAttemptAt: unixMs(at + Math.max(retryMs, asked)),
      message: outcome.message,
      reason: outcome.kind === 'rejected' ? outcome.reason : 'other',
    };
  }
}

/** Of a batch: how many of its attempts have just begun. */
type Fresh = { attempts: number };

type AttemptTerms = {
  readonly isBundling: boolean;
  readonly isProbe: boolean;
  readonly bucket: TokenBucket | null;
  readonly fresh: Fresh;
};

const isSameLimit = (a: RateLimit | null, b: RateLimit | null): boolean =>
  a === b || (a !== null && b !== null && a.perMinute === b.perMinute && a.burst === b.burst && a.spacingMs === b.spacingMs);

const placeKey = ({ receiver, integration, index }: Place): string => `${receiver}/${integration}/${index}`;

type Wanted = { readonly due: DueRow; readonly late: string | null };

/** The first that is heard of a group. */
const isExempt = ({ row }: DueRow): boolean => row.reason === 'first notification';

const isAsked = ({ state }: DueRow, destination: Destination | null): boolean =>
  state === 'unknown' && destination?.integration.reconcile !== undefined;
