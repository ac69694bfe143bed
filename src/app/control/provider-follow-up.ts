/**
 * What goes on with a provider after it has taken a notification: an acknowledgement made here is passed on to those who
 * know such a thing, one made there counts here, and where a provider decides only later what becomes of a notification it
 * is asked. What is passed on is noted with the group, and tried until it is, or the acknowledgement is over: a restart goes
 * on where it was. The rest is not owed: what fails is logged, and asked again at the next turn, or after a restart.
 */
import type { NotificationActions } from '../../alerts/notification-action.ts';
import type { ToldGroup } from '../../alerts/router.ts';
import type { Acknowledgement, GroupId, IntegrationRef, OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import type { OutboxRepository } from '../../db/outbox-repository.ts';
import type { Clock } from '../../model/clock.ts';
import type { Log } from '../../model/log.ts';
import type { Random } from '../../model/random.ts';
import { durationMs, type UnixMs } from '../../model/time.ts';
import type { Integration, IntegrationData, SendInput } from '../../notify/integration.ts';
import { retryDelayMs } from '../../notify/retry.ts';

/** Between two rounds of asking for acknowledgements. */
const ROUND_MS = 30_000;
/** Groups asked for in a round: who was asked longest ago comes first, so that thousands of groups cost no more. */
const ASKED_MAX = 20;
/** When it is asked what became of a notification, after it was taken. */
const CONFIRM_AFTER_MS = [2000, 10_000, 30_000];
/** Acknowledgements on their way to one integration at once. */
const PASS_ON_WIDTH = 5;
/** Attempts that fail before it is logged that they do. */
const PASS_ON_QUIETLY = 4;

export type ProviderFollowUpPorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outbox: Pick<OutboxRepository, 'find'>;
  readonly actions: NotificationActions;
  /** Groups that fire, with the notification that each integration knows them by. */
  readonly told: () => Iterable<ToldGroup>;
  /** Notes that the provider knows of the acknowledgement made at `ackAt`, or never will; rejects when that is not stored. */
  readonly passedOn: (groupId: GroupId, ref: IntegrationRef, ackAt: UnixMs) => Promise<void>;
  /** Null: configured no more. */
  readonly integration: (place: Pick<OutboxRow, 'receiver' | 'integration' | 'index'>) => Integration | null;
  readonly input: (row: OutboxRow, kept: IntegrationData) => SendInput;
};

type Told = ToldGroup['told'][number];

/** An acknowledgement that a provider is to hear of. */
type Awaiting = { readonly groupId: GroupId; readonly ack: Acknowledgement; readonly told: Told };
/** `nextAt`: monotonic. */
type PassingOn = { attempts: number; nextAt: number; isUnderWay: boolean };

export class ProviderFollowUp {
  readonly #ports: ProviderFollowUpPorts;
  readonly #askedAt = new Map<string, UnixMs>();
  /** By group and integration: the notification since which nobody had acknowledged at the provider when it was asked. */
  readonly #openSince = new Map<string, OutboxId>();
  /** By acknowledgement and integration: attempts to pass it on. */
  readonly #passing = new Map<string, PassingOn>();
  #cancelPassOn: () => void = () => {};
  readonly #timers = new Set<() => void>();
  #isStopped = false;

  constructor(ports: ProviderFollowUpPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#run(() => this.#confirmAgain());
    this.#round();
  }

  #round(): void {
    this.#passOnDue();
    this.#after(ROUND_MS, () => this.#askForAcknowledgements().finally(() => this.#round()));
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelPassOn();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** A provider has taken a notification; `kept` is what it gave back. */
  accepted(row: OutboxRow, kept: IntegrationData): void {
    if (this.#ports.integration(row)?.confirm === undefined) return;
    this.#confirm(row, kept, 0);
  }

  /** Somebody here looks after a group: providers that could wake somebody else hear of it. */
  acknowledged(): void {
    this.#passOnDue();
  }

  /** Passes on what awaits it and has its time, as many to one integration as go at once. */
  #passOnDue(): void {
    this.#cancelPassOn();
    if (this.#isStopped) return;
    const { clock } = this.#ports;
    const elapsed = clock.elapsed();
    const awaiting = this.#awaiting();
    const underWay = new Map<string, number>();
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const [key, { isUnderWay }] of this.#passing) if (!isUnderWay && !awaiting.has(key)) this.#passing.delete(key);
    for (const [key, one] of awaiting) {
      const passing = this.#passing.get(key) ?? { attempts: 0, nextAt: elapsed, isUnderWay: false };
      this.#passing.set(key, passing);
      const to = integrationKey(one.told.ref);
      const busy = underWay.get(to) ?? 0;
      if (!passing.isUnderWay && passing.nextAt > elapsed) wakeAt = Math.min(wakeAt, passing.nextAt);
      else if (passing.isUnderWay || busy < PASS_ON_WIDTH) {
        underWay.set(to, busy + 1);
        if (!passing.isUnderWay) this.#run(() => this.#passOn(one, passing));
      }
    }
    if (wakeAt < Number.POSITIVE_INFINITY)
      this.#cancelPassOn = clock.after(durationMs(Math.max(1, Math.ceil(wakeAt - elapsed))), () => this.#passOnDue());
  }

  #awaiting(): ReadonlyMap<string, Awaiting> {
    const awaiting = new Map<string, Awaiting>();
    for (const { id: groupId, ack, told } of this.#ports.told())
      for (const one of told)
        if (ack !== null && one.awaitsAck && this.#isAble(one.ref, 'acknowledge'))
          awaiting.set(`${ack.at} ${toldKey(groupId, one.ref)}`, { groupId, ack, told: one });
    return awaiting;
  }

  async #passOn({ groupId, ack, told }: Awaiting, passing: PassingOn): Promise<void> {
    const { clock, random, log, passedOn } = this.#ports;
    passing.isUnderWay = true;
    passing.attempts++;
    const fields = { ...place(told.ref), by: ack.by };
    try {
      const asked = await this.#able(told, 'acknowledge');
      const outcome = await asked?.able(asked.input, ack.by);
      if (outcome?.kind === 'unknown' || (outcome?.kind === 'rejected' && outcome.retry)) {
        if (passing.attempts === PASS_ON_QUIETLY)
          log.warn('an acknowledgement could not be passed on yet; trying again', { ...fields, error: outcome.message });
        return;
      }
      if (outcome?.kind === 'rejected') log.warn('an acknowledgement could not be passed on', { ...fields, error: outcome.message });
      await passedOn(groupId, told.ref, ack.at);
    } finally {
      passing.isUnderWay = false;
      passing.nextAt = clock.elapsed() + retryDelayMs(passing.attempts, random);
      this.#passOnDue();
    }
  }

  async #askForAcknowledgements(): Promise<void> {
    const { clock, log, actions } = this.#ports;
    const able: { readonly key: string; readonly told: Told }[] = [];
    const known = new Set<string>();
    for (const { id, ack, told } of this.#ports.told()) {
      for (const one of told) {
        const key = toldKey(id, one.ref);
        // What is acknowledged there now will still be when something new fires, and says nothing of that.
        if (ack !== null) {
          this.#openSince.delete(key);
          continue;
        }
        known.add(key);
        if (this.#isAble(one.ref, 'acknowledgement')) able.push({ key, told: one });
      }
    }
    for (const key of this.#askedAt.keys()) if (!known.has(key)) this.#askedAt.delete(key);
    for (const key of this.#openSince.keys()) if (!known.has(key)) this.#openSince.delete(key);
    able.sort((a, b) => (this.#askedAt.get(a.key) ?? 0) - (this.#askedAt.get(b.key) ?? 0));
    await Promise.all(
      able.slice(0, ASKED_MAX).map(async ({ key, told }) => {
        this.#askedAt.set(key, clock.now());
        const asked = await this.#able(told, 'acknowledgement');
        const answer = await asked?.able(asked.input);
        if (asked === null || answer === undefined) return;
        const isOpen = this.#wasOpen(key, asked.row);
        if (isOpen || answer.kind === 'open') this.#openSince.set(key, told.outboxId);
        if (answer.kind === 'acknowledged' && isOpen) await actions.act(told.outboxId, { kind: 'acknowledge' }, answer.by);
        else if (answer.kind === 'unknown')
          log.debug('a provider does not say who looks after an alert', { ...place(told.ref), error: answer.message });
      }),
    );
  }

  /** Whether an acknowledgement found now is of what was told last, and not an older one that the provider still has. */
  #wasOpen(key: string, { id, reason }: OutboxRow): boolean {
    if (reason === 'first notification') return true;
    const since = this.#openSince.get(key);
    return since === id || (since !== undefined && reason !== 'new alerts added');
  }

  /** What was taken shortly before a kill is asked about as if it had been taken now. */
  async #confirmAgain(): Promise<void> {
    const { clock, outbox, told } = this.#ports;
    const since = clock.now() - (CONFIRM_AFTER_MS.at(-1) ?? 0);
    const recent = [...told()].flatMap((group) => group.told.filter(({ at, ref }) => at >= since && this.#isAble(ref, 'confirm')));
    for (const { outboxId, kept } of recent) {
      const found = await outbox.find(outboxId);
      if (found?.state === 'accepted') this.#confirm(found.row, kept, 0);
    }
  }

  #confirm(row: OutboxRow, kept: IntegrationData, asked: number): void {
    const waitMs = CONFIRM_AFTER_MS[asked];
    if (waitMs === undefined) return; // as good as accepted
    this.#after(waitMs - (CONFIRM_AFTER_MS[asked - 1] ?? 0), async () => {
      const answer = await this.#ports.integration(row)?.confirm?.(this.#ports.input(row, kept));
      if (answer === undefined) return;
      if (answer.kind === 'pending') this.#confirm(row, kept, asked + 1);
      else await this.#ports.actions.report(row.id, answer);
    });
  }

  #isAble({ receiver, name, index }: IntegrationRef, ability: 'acknowledge' | 'acknowledgement' | 'confirm'): boolean {
    return this.#ports.integration({ receiver, integration: name, index })?.[ability] !== undefined;
  }

  async #able<A extends 'acknowledge' | 'acknowledgement'>(
    told: Told,
    ability: A,
  ): Promise<{ readonly able: NonNullable<Integration[A]>; readonly input: SendInput; readonly row: OutboxRow } | null> {
    if (!this.#isAble(told.ref, ability)) return null;
    const found = await this.#ports.outbox.find(told.outboxId);
    const integration = found === null ? null : this.#ports.integration(found.row);
    const able = integration?.[ability];
    if (found === null || able === undefined) return null;
    return { able: able.bind(integration) as NonNullable<Integration[A]>, input: this.#ports.input(found.row, told.kept), row: found.row };
  }

  #after(ms: number, work: () => Promise<void>): void {
    if (this.#isStopped) return;
    const cancel = this.#ports.clock.after(durationMs(ms), () => {
      this.#timers.delete(cancel);
      this.#run(work);
    });
    this.#timers.add(cancel);
  }

  #run(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#ports.log.warn('a provider could not be followed up', { error: error instanceof Error ? error.message : String(error) });
    });
  }
}

const integrationKey = ({ receiver, name, index }: IntegrationRef): string => `${receiver}/${name}/${index}`;
const toldKey = (groupId: GroupId, ref: IntegrationRef): string => `${groupId}/${integrationKey(ref)}`;

const place = ({ receiver, name, index }: IntegrationRef): { readonly receiver: string; readonly integration: string } => ({
  receiver,
  integration: `${name}[${index}]`,
});
