/**
 * What becomes of calls and texts after the provider has taken them. Callbacks arrive in any order, twice, late or never:
 * a state only moves forward, and what says nothing for a minute is asked about. A telephone that is busy, or that nobody
 * answers, is called once more after a minute, unless the notification is dealt with by then; what can no longer arrive is
 * reported, so that somebody else is told. All of it is rows: a restart goes on where it was.
 */
import type { DeliveryReport, NotificationActions } from '../../alerts/notification-action.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import type { TelephoneOrder, TelephoneRepository } from '../../db/telephone-repository.ts';
import type { Clock } from '../../model/clock.ts';
import type { Log } from '../../model/log.ts';
import type { Medium, Telephony, TelephonyAccount } from '../../model/telephony.ts';
import { addMs, durationMs, type UnixMs } from '../../model/time.ts';
import type { SendOutcome } from '../../notify/integration.ts';
import type { TelephoneBook } from '../../notify/twilio/book.ts';
import { finalState, isOptOut, isUnreachableNow, progressOf } from '../../notify/twilio/outcome.ts';

/** How long after the placing, and after each look, the provider is asked. */
const LOOK_FIRST_MS = 60_000;
const LOOK_AFTER_MS: readonly number[] = [60_000, 240_000];
const AGAIN_AFTER_MS = 60_000;
const ATTEMPTS_MAX = 2;
const AFTER_ERROR_MS = 10_000;
const NEVER = Number.POSITIVE_INFINITY as UnixMs;

export type DeskPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly telephony: Telephony;
  readonly telephones: TelephoneRepository;
  readonly actions: () => NotificationActions;
  /** The account that placed it; null: its receiver is configured no more. */
  readonly account: (id: OutboxId) => Promise<TelephonyAccount | null>;
  /** Whether somebody must still hear of it: it fires, nobody silenced it, nobody acknowledged it; or it is over, as it says. */
  readonly isWanted: (id: OutboxId) => Promise<boolean>;
  /** One more attempt, as the first one was made; null: its receiver is configured no more. */
  readonly again: (id: OutboxId) => Promise<SendOutcome | null>;
};

export type StatusNews = {
  readonly medium: Medium;
  readonly sid: string;
  readonly number: string;
  readonly status: string;
  readonly errorCode: number | null;
  readonly sipCode: string;
};

export class TelephoneDesk implements TelephoneBook {
  readonly #ports: DeskPorts;
  /** Those with something left to do, as on disk. */
  readonly #waiting = new Map<string, TelephoneOrder>();
  #turn: Promise<unknown> = Promise.resolve();
  #cancelTimer: () => void = () => {};
  /** When the timer goes off. */
  #wakeAt: UnixMs = NEVER;
  #isStopped = false;

  constructor(ports: DeskPorts) {
    this.#ports = ports;
  }

  async start(): Promise<void> {
    for (const order of await this.#ports.telephones.waiting()) {
      this.#waiting.set(order.sid, order);
      this.#arm(order.next?.at ?? null);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  async texting(number: string, notifications: Parameters<TelephoneBook['texting']>[1], at: UnixMs): Promise<void> {
    const texted = notifications.map(({ id, replyCode }) => ({ id, code: replyCode }));
    await this.#harmless('a text cannot be answered', () => this.#ports.telephones.texted(number, texted, at));
  }

  async optedOut(number: string, at: UnixMs): Promise<void> {
    await this.#harmless('an opt-out is not noted', async () => {
      const known = await this.#ports.telephones.telephone(number);
      await this.#ports.telephones.saveTelephone(number, { misunderstood: 0, ...known, optedOutAt: known?.optedOutAt ?? at });
    });
  }

  async placed({ medium, sid, status, number, ids, at }: Parameters<TelephoneBook['placed']>[0]): Promise<void> {
    const outboxIds = ids as readonly OutboxId[];
    await this.#harmless('what becomes of a call or a text will not be known', () =>
      this.#inTurn(async () => {
        const early = await this.#ports.telephones.order(sid);
        const attempt = early?.attempt ?? (await this.#nextAttempt(outboxIds, medium));
        // A callback may have been faster than the answer.
        const known = early ?? { sid, medium, number, status, errorCode: null, polls: 0, at, next: lookAfter(at, LOOK_FIRST_MS) };
        await this.#save({ ...known, outboxIds, attempt });
      }),
    );
  }

  async isAnothers(sid: string, ids: readonly string[]): Promise<boolean> {
    const order = await this.#ports.telephones.order(sid);
    return order !== null && !order.outboxIds.some((id) => ids.includes(id));
  }

  /** What a callback says, which was made for `id`. Rejects when it cannot be kept: the provider may send it again. */
  status(id: OutboxId, news: StatusNews): Promise<void> {
    return this.#inTurn(async () => {
      const { medium, sid, number } = news;
      const now = this.#ports.clock.now();
      const known = await this.#ports.telephones.order(sid);
      if (known !== null) return this.#moveOn(known, news, now);
      const { status, errorCode } = news;
      const attempt = await this.#nextAttempt([id], medium);
      const next = lookAfter(now, finalState(status, errorCode) === null ? LOOK_FIRST_MS : 0);
      await this.#save({ sid, medium, number, outboxIds: [id], status, errorCode, attempt, polls: 0, next, at: now });
    });
  }

  /** Somebody is there: a key, a reply. */
  async heard(ids: readonly OutboxId[], message: string): Promise<void> {
    await this.#harmless('an answer is not noted', () => this.#report(ids, { kind: 'confirmed', message }));
  }

  /** Somebody has done something about it: nobody is called again. */
  async dealtWith(ids: readonly OutboxId[]): Promise<void> {
    await this.#harmless('somebody may be called again', () =>
      this.#inTurn(async () => {
        for (const id of ids)
          for (const order of await this.#ports.telephones.ordersOf(id))
            if (order.next?.kind === 'again') await this.#save({ ...order, next: null });
      }),
    );
  }

  async #nextAttempt([first]: readonly OutboxId[], medium: Medium): Promise<number> {
    const before = first === undefined ? [] : await this.#ports.telephones.ordersOf(first);
    return before.filter((order) => order.medium === medium).length + 1;
  }

  async #moveOn(known: TelephoneOrder, news: StatusNews, now: UnixMs): Promise<void> {
    const isOver = finalState(known.status, known.errorCode) !== null;
    if (isOver || progressOf(news.status) <= progressOf(known.status)) return;
    const status = isUnreachableNow(news.status, news.sipCode) ? 'no-answer' : news.status;
    const order = { ...known, status, errorCode: news.errorCode };
    await this.#save(finalState(status, news.errorCode) === null ? order : { ...order, next: lookAfter(now, 0) });
  }

  async #look(order: TelephoneOrder): Promise<void> {
    const [id] = order.outboxIds;
    const isOver = finalState(order.status, order.errorCode) !== null;
    const account = isOver || id === undefined ? null : await this.#ports.account(id);
    const found = account === null ? null : await this.#ports.telephony.status(account, order.medium, order.sid);
    const looked = await this.#inTurn(async () => {
      // A callback may have come meanwhile.
      const known = (await this.#ports.telephones.order(order.sid)) ?? order;
      if (finalState(known.status, known.errorCode) !== null) return known;
      const polls = known.polls + 1;
      const afterMs = LOOK_AFTER_MS[polls - 1];
      const next = account === null || afterMs === undefined ? null : lookAfter(this.#ports.clock.now(), afterMs);
      const isNews = found?.kind === 'found' && progressOf(found.record.status) > progressOf(known.status);
      const told = isNews ? { status: found.record.status, errorCode: found.record.errorCode } : {};
      const looked = { ...known, ...told, polls, next };
      await this.#save(looked);
      return looked;
    });
    await this.#judge(looked);
  }

  /** Acts on a last state. Not in turn: a report waits for the attempt, and the attempt for `placed`. A crash here does it again. */
  async #judge(order: TelephoneOrder): Promise<void> {
    const state = finalState(order.status, order.errorCode);
    if (state === null) return;
    const { status, number, outboxIds, attempt } = order;
    if (isOptOut(order.errorCode)) await this.optedOut(number, this.#ports.clock.now());
    const isAgain = state.kind === 'failed' && state.again && attempt < ATTEMPTS_MAX;
    if (state.kind === 'arrived') await this.#report(outboxIds, { kind: 'confirmed', message: `${status} to ${number}` });
    if (state.kind === 'failed' && !isAgain) await this.#report(outboxIds, { kind: 'failed', message: `${state.message}; ${number}` });
    const at = addMs(this.#ports.clock.now(), durationMs(AGAIN_AFTER_MS));
    await this.#inTurn(() => this.#save({ ...order, next: isAgain ? { kind: 'again', at } : null }));
  }

  async #again(order: TelephoneOrder): Promise<void> {
    const wanted: OutboxId[] = [];
    for (const id of order.outboxIds) if (await this.#ports.isWanted(id)) wanted.push(id);
    const [id] = wanted;
    // Not in turn: the attempt notes that it was placed, in a turn of its own. After a crash here it rings twice, not never.
    const outcome = id === undefined ? null : await this.#ports.again(id);
    if (outcome !== null && outcome.kind !== 'accepted')
      await this.#report(wanted, { kind: 'failed', message: `${finalMessage(order)}; then ${outcome.message}` });
    await this.#inTurn(async () => this.#save({ ...((await this.#ports.telephones.order(order.sid)) ?? order), next: null }));
  }

  async #report(ids: readonly OutboxId[], report: DeliveryReport): Promise<void> {
    for (const id of ids) await this.#ports.actions().report(id, report);
  }

  async #save(order: TelephoneOrder): Promise<void> {
    await this.#ports.telephones.saveOrder(order);
    if (order.next === null) this.#waiting.delete(order.sid);
    else this.#waiting.set(order.sid, order);
    this.#arm(order.next?.at ?? null);
  }

  /** Null: nothing is left to do. */
  #arm(at: UnixMs | null): void {
    if (this.#isStopped || at === null || at >= this.#wakeAt) return;
    const { clock } = this.#ports;
    this.#cancelTimer();
    this.#wakeAt = at;
    this.#cancelTimer = clock.after(durationMs(Math.max(1, at - clock.now())), () => void this.#work());
  }

  async #work(): Promise<void> {
    const { clock, log } = this.#ports;
    this.#wakeAt = NEVER;
    const due = [...this.#waiting.values()].filter(({ next }) => next !== null && next.at <= clock.now());
    // Not taken up by the next timer while this one is at them.
    for (const { sid } of due) this.#waiting.delete(sid);
    for (const { next } of this.#waiting.values()) this.#arm(next?.at ?? null);
    await Promise.all(
      due.map(async (order) => {
        try {
          await (order.next?.kind === 'again' ? this.#again(order) : this.#look(order));
        } catch (error) {
          log.error('a call or a text is looked at again later', { error: error instanceof Error ? error.message : String(error) });
          const next = { kind: order.next?.kind ?? 'look', at: addMs(clock.now(), durationMs(AFTER_ERROR_MS)) } as const;
          this.#waiting.set(order.sid, { ...order, next });
          this.#arm(next.at);
        }
      }),
    );
  }

  /** One after another: two callbacks of one call must not overtake each other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #harmless(consequence: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#ports.log.error(consequence, { error: error instanceof Error ? error.message : String(error) });
    }
  }
}

function finalMessage({ status, errorCode }: TelephoneOrder): string {
  const state = finalState(status, errorCode);
  return state?.kind === 'failed' ? state.message : status;
}

const lookAfter = (at: UnixMs, ms: number): TelephoneOrder['next'] => ({ kind: 'look', at: addMs(at, durationMs(ms)) });
