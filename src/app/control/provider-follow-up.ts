/**
 * What goes on with a provider after it has taken a notification: an acknowledgement made here is passed on to those who
 * know such a thing, one made there counts here, and where a provider decides only later what becomes of a notification it
 * is asked. None of it is owed: what fails is logged, and asked again at the next turn. After a restart it goes on, for
 * whom to ask is read from the router.
 */
import type { NotificationActions } from '../../alerts/notification-action.ts';
import type { ToldGroup } from '../../alerts/router.ts';
import type { GroupId, IntegrationRef, OutboxId, OutboxRow } from '../../alerts/router-state.ts';
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
const PASS_ON_ATTEMPTS = 4;

export type ProviderFollowUpPorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outbox: Pick<OutboxRepository, 'find'>;
  readonly actions: NotificationActions;
  /** Groups that fire, with the notification that each integration knows them by. */
  readonly told: () => Iterable<ToldGroup>;
  /** Null: configured no more. */
  readonly integration: (place: Pick<OutboxRow, 'receiver' | 'integration' | 'index'>) => Integration | null;
  readonly input: (row: OutboxRow, kept: IntegrationData) => SendInput;
};

type Told = ToldGroup['told'][number];

export class ProviderFollowUp {
  readonly #ports: ProviderFollowUpPorts;
  readonly #askedAt = new Map<string, UnixMs>();
  /** By group and integration: the notification since which nobody had acknowledged at the provider when it was asked. */
  readonly #openSince = new Map<string, OutboxId>();
  readonly #timers = new Set<() => void>();
  #isStopped = false;

  constructor(ports: ProviderFollowUpPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#after(ROUND_MS, () => this.#askForAcknowledgements().finally(() => this.start()));
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** A provider has taken a notification; `kept` is what it gave back. */
  accepted(row: OutboxRow, kept: IntegrationData): void {
    if (this.#ports.integration(row)?.confirm === undefined) return;
    this.#confirm(row, kept, 0);
  }

  /** Somebody here looks after a group: providers that could wake somebody else hear of it. */
  acknowledged(groupId: GroupId, by: string): void {
    this.#run(async () => {
      for (const group of this.#ports.told()) if (group.id === groupId) for (const told of group.told) await this.#passOn(told, by, 1);
    });
  }

  async #passOn(told: Told, by: string, attempt: number): Promise<void> {
    const asked = await this.#able(told, 'acknowledge');
    if (asked === null) return;
    const outcome = await asked.able(asked.input, by);
    if (outcome.kind === 'accepted') return;
    const mayHelp = outcome.kind === 'unknown' || outcome.retry;
    if (mayHelp && attempt < PASS_ON_ATTEMPTS)
      this.#after(retryDelayMs(attempt, this.#ports.random), () => this.#passOn(told, by, attempt + 1));
    else this.#ports.log.warn('an acknowledgement could not be passed on', { ...place(told.ref), by, error: outcome.message });
  }

  async #askForAcknowledgements(): Promise<void> {
    const { clock, log, actions } = this.#ports;
    const able: { readonly key: string; readonly told: Told }[] = [];
    const known = new Set<string>();
    for (const { id, ack, told } of this.#ports.told()) {
      for (const one of told) {
        const key = `${id}/${one.ref.name}/${one.ref.index}`;
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

  #isAble({ receiver, name, index }: IntegrationRef, ability: 'acknowledge' | 'acknowledgement'): boolean {
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

const place = ({ receiver, name, index }: IntegrationRef): { readonly receiver: string; readonly integration: string } => ({
  receiver,
  integration: `${name}[${index}]`,
});
