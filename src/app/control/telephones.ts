/**
 * Telephones as the application has them: the desk with its ports to outbox, router and receivers, and what the routes
 * need to know of a notification that somebody answers.
 */
import { ANSWERABLE_MS, type NotificationActions } from '../../alerts/notification-action.ts';
import type { OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import type { OutboxRepository } from '../../db/outbox-repository.ts';
import type { TelephoneRepository } from '../../db/telephone-repository.ts';
import { isResolvedAt } from '../../model/alert.ts';
import { type UnixMs, unixMs } from '../../model/time.ts';
import type { SendInput } from '../../notify/integration.ts';
import type { CallScript } from '../../notify/phone/message.ts';
import { callScript } from '../../notify/phone/message.ts';
import type { IntegrationConfig, Receiver } from '../../notify/receivers.ts';
import { accountOf, signingTokens } from '../../notify/twilio/account.ts';
import type { TwilioConfig } from '../../notify/twilio/config.ts';
import type { AppPorts } from '../app-ports.ts';
import type { ReaderWays, TokenPurpose } from './reader-ways.ts';
import type { Receivers } from './receivers.ts';
import type { RouterKeeper } from './router-keeper.ts';
import { TelephoneDesk } from './telephone-desk.ts';

export type TelephonesPorts = {
  readonly ports: AppPorts;
  readonly outbox: OutboxRepository;
  readonly telephones: TelephoneRepository;
  readonly receivers: Receivers;
  readonly ways: ReaderWays;
  readonly keeper: RouterKeeper;
  readonly actions: () => NotificationActions;
  /** Of the live configuration. */
  readonly configured: () => readonly Receiver[];
  readonly externalUrl: () => string;
};

/** Of a large group only some are looked at; one that still fires is enough. */
const ALERTS_LOOKED_AT_MAX = 100;
/** What a call says whose receiver is configured no more. */
const BUILT_IN = { message: '{{ template "phone.default.message" . }}', language: 'en-US', voice: '' };

export class Telephones {
  readonly desk: TelephoneDesk;
  readonly repository: TelephoneRepository;
  readonly #from: TelephonesPorts;

  constructor(from: TelephonesPorts) {
    this.#from = from;
    this.repository = from.telephones;
    const { clock, log, telephony } = from.ports;
    this.desk = new TelephoneDesk({
      clock,
      log,
      telephony,
      telephones: from.telephones,
      actions: from.actions,
      account: async (id) => {
        const row = await this.#row(id);
        const config = row === null ? null : this.#configOf(row);
        const account = config === null || !('twilio' in config) ? null : accountOf(config.twilio, this.#secrets);
        return account === null || 'error' in account ? null : account;
      },
      isWanted: async (id) => {
        const row = await this.#row(id);
        return row !== null && this.#isWanted(row, clock.now());
      },
      again: async (id) => {
        const row = await this.#row(id);
        const integration = row === null ? null : from.receivers.integrationOf(row);
        return row === null || integration === null ? null : integration.send(this.#input(row));
      },
    });
  }

  /** The notification that an address was made for, while it can be answered. */
  async notificationOf(token: string, purpose: TokenPurpose): Promise<OutboxRow | null> {
    const id = this.#from.ways.idOf(token, purpose);
    const row = id === null ? null : await this.#row(id);
    return row === null || row.createdAt + ANSWERABLE_MS <= this.#from.ports.clock.now() ? null : row;
  }

  /** All that a call tells of, and what it says. */
  async call(id: OutboxId, callSid: string): Promise<{ readonly ids: readonly OutboxId[]; readonly script: CallScript } | null> {
    const order = await this.#from.telephones.order(callSid);
    const ids = order?.outboxIds.includes(id) === true ? order.outboxIds : [id];
    const rows = (await Promise.all(ids.map((one) => this.#row(one)))).filter((row) => row !== null);
    const [first] = rows;
    if (first === undefined) return null;
    const config = this.#configOf(first);
    const script = callScript(
      config?.kind === 'phone' ? config : BUILT_IN,
      rows.map((row) => this.#input(row)),
    );
    return { ids: rows.map((row) => row.id), script };
  }

  /** What may have signed in the name of an account. */
  signingTokens(accountSid: string): readonly string[] {
    const configs = this.#from
      .configured()
      .flatMap(({ integrations }) => integrations.flatMap(({ config }): TwilioConfig[] => ('twilio' in config ? [config.twilio] : [])));
    const tokens = configs.filter((config) => config.accountSid === accountSid).flatMap((config) => signingTokens(config, this.#secrets));
    return [...new Set(tokens)];
  }

  /** Whether an alert of it still fires, and nobody has silenced or acknowledged it; of an end, whether it is still one. */
  #isWanted(row: OutboxRow, now: UnixMs): boolean {
    const { router } = this.#from.keeper;
    if (row.firing.length === 0)
      return row.resolved.slice(0, ALERTS_LOOKED_AT_MAX).every((fingerprint) => {
        const alert = router.alert(fingerprint);
        return alert === null || isResolvedAt(alert, now);
      });
    if (router.isRelieved(row)) return false;
    return row.notification.alerts.slice(0, ALERTS_LOOKED_AT_MAX).some(({ fingerprint, labels, endsAt }) => {
      const alert = endsAt === null ? router.alert(fingerprint) : null;
      if (alert === null || isResolvedAt(alert, now)) return false;
      return router.trace(labels, now).silencedBy.length === 0;
    });
  }

  #configOf({ receiver, integration, index }: OutboxRow): IntegrationConfig | null {
    const found = this.#from.configured().find(({ name }) => name === receiver);
    return found?.integrations.find((one) => one.name === integration && one.index === index)?.config ?? null;
  }

  async #row(id: OutboxId): Promise<OutboxRow | null> {
    return (await this.#from.outbox.find(id))?.row ?? null;
  }

  #input(row: OutboxRow): SendInput {
    const now = this.#from.ports.clock.now();
    const deadline = unixMs(Math.max(row.deadline, now + AGAIN_MS));
    const due = { row: { ...row, deadline }, attempts: 1, mayRepeat: false };
    return this.#from.receivers.inputOf(due, null, { now, externalUrl: this.#from.externalUrl() });
  }

  get #secrets() {
    return { readSecret: this.#from.receivers.readSecret.bind(this.#from.receivers) };
  }
}

/** For one more attempt after the notification's own time. */
const AGAIN_MS = 30_000;
