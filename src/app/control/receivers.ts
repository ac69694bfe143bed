/** The integrations of the live configuration, and what each is given to send. */
import type { OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import type { DueRow, OutboxRepository } from '../../db/outbox-repository.ts';
import { Fnv1a64 } from '../../lib/fnv1a.ts';
import { Labels } from '../../model/labels.ts';
import { Secret, type SecretSource } from '../../model/secret.ts';
import type { UnixMs } from '../../model/time.ts';
import type { Charts } from '../../notify/chart/charts.ts';
import type { Integration, SendInput, SendOutcome } from '../../notify/integration.ts';
import { buildIntegration, type IntegrationConfig, type Receiver } from '../../notify/receivers.ts';
import type { TelephoneBook } from '../../notify/twilio/book.ts';
import { isTemplate } from '../../notify/twilio/target.ts';
import { SecretReader } from '../../platform/secret-reader.ts';
import { type NotificationData, notificationData } from '../../template/alertmanager-data.ts';
import type { NotificationTemplates } from '../../template/notification-templates.ts';
import type { AppPorts } from '../app-ports.ts';
import { toWire } from '../config/engine-config.ts';
import type { Destination } from './delivery.ts';
import { ProviderSeen } from './provider-seen.ts';
import type { ReaderWays } from './reader-ways.ts';

export class Receivers {
  readonly #ports: AppPorts;
  readonly #outbox: OutboxRepository;
  readonly #charts: Charts;
  readonly #ways: ReaderWays;
  readonly #book: TelephoneBook;
  readonly #secrets: SecretReader;
  #integrations = new Map<string, Held>();
  #templates: NotificationTemplates | null = null;

  constructor(ports: AppPorts, outbox: OutboxRepository, charts: Charts, ways: ReaderWays, book: TelephoneBook) {
    this.#ports = ports;
    this.#charts = charts;
    this.#outbox = outbox;
    this.#ways = ways;
    this.#book = book;
    this.#secrets = new SecretReader(ports.disk, ports.environment);
  }

  /** From now on. An integration that stays the same stays; one that is gone is closed when its last attempt has ended. */
  configure(receivers: readonly Receiver[], templates: NotificationTemplates): void {
    const before = this.#integrations;
    this.#templates = templates;
    this.#integrations = new Map();
    for (const { name, integrations } of receivers) {
      for (const { name: kind, index, config, rateLimit } of integrations) {
        const key = `${name}/${kind}/${index}`;
        const fingerprint = configText(config) + JSON.stringify(rateLimit);
        const old = before.get(key);
        if (old?.fingerprint === fingerprint) {
          before.delete(key);
          this.#integrations.set(key, old);
        } else this.#integrations.set(key, this.#build(name, config, { fingerprint, rateLimit }));
      }
    }
    for (const held of before.values()) held.retire();
  }

  #build(receiver: string, config: IntegrationConfig, rest: Pick<Held, 'fingerprint'> & Pick<Destination, 'rateLimit'>): Held {
    const { clock, http, mail, telephony, crash } = this.#ports;
    const provider = new ProviderSeen();
    const integration = buildIntegration(receiver, config, {
      clock,
      http: provider.watchingHttp(http),
      mail: provider.watchingMail(mail),
      charts: this.#charts,
      telephony: provider.watchingTelephony(telephony),
      book: this.#book,
      readSecret: (source) => this.readSecret(source),
      inbox: {
        store: async ({ notificationId, ...message }) => {
          await this.#outbox.storeInbox({ outboxId: notificationId as OutboxId, ...message });
          crash.hit('inbox.stored');
        },
      },
    });
    return new Held(integration, provider, { ...rest, shared: sharedLane(config, rest) });
  }

  /** Null: configured no more. */
  integrationOf({ receiver, integration, index }: Pick<OutboxRow, 'receiver' | 'integration' | 'index'>): Integration | null {
    return this.#integrations.get(`${receiver}/${integration}/${index}`) ?? null;
  }

  /** Likewise, with what delivery goes by. */
  destinationOf({ receiver, integration, index }: OutboxRow): Destination | null {
    return this.#integrations.get(`${receiver}/${integration}/${index}`)?.destination ?? null;
  }

  /** `late`: what makes it late, told as an annotation of each alert. */
  inputOf(
    { row, attempts, mayRepeat }: Pick<DueRow, 'row' | 'attempts' | 'mayRepeat'>,
    late: string | null,
    { now, externalUrl }: { readonly now: UnixMs; readonly externalUrl: string },
  ): SendInput {
    if (this.#templates === null) throw new Error('BUG: receivers are not configured');
    const { notification } = row;
    const data = notificationData({
      receiver: row.receiver,
      alerts: late === null ? notification.alerts : notification.alerts.map((alert) => withLate(alert, late)),
      groupLabels: notification.groupLabels,
      routeLabels: Labels.fromPairs(notification.routeLabels),
      routeLabelsAreRendered: false,
      notificationReason: row.reason,
      externalUrl,
      // The flush decided what is resolved; later it would only be more.
      now: row.createdAt,
    });
    return {
      id: row.id,
      groupKey: row.groupKey,
      threadId: new Fnv1a64().text(row.groupKey).hex(),
      createdAt: row.createdAt,
      deadline: row.deadline,
      attempt: attempts + 1,
      mayRepeat,
      links: this.#ways.links(row.id),
      replyCode: this.#ways.replyCode(row, now),
      now,
      templates: this.#templates,
      kept: row.data,
      data: withRouteLabels(data, this.#templates, now),
    };
  }

  close(): void {
    for (const held of this.#integrations.values()) held.close();
  }

  readSecret(source: SecretSource): Secret | { readonly error: string } {
    try {
      return new Secret(this.#secrets.secret(source));
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** Route labels rendered once, for bodies that carry them; where a template fails they stay as written, and their error is the template's that uses them. */
function withRouteLabels(data: NotificationData, templates: NotificationTemplates, now: UnixMs): NotificationData {
  const rendered = data.routeLabels.size === 0 ? data.routeLabels : templates.routeLabels(data, now);
  return rendered instanceof Labels ? { ...data, routeLabels: rendered, routeLabelsAreRendered: true } : data;
}

const withLate = (alert: OutboxRow['notification']['alerts'][number], late: string): typeof alert => ({
  ...alert,
  annotations: alert.annotations.with([['late', late]]),
});

/** An integration, and how many attempts it has under way: a reload must not cut them off. */
class Held implements Integration {
  /** Of its configuration, secrets included; never shown. */
  readonly fingerprint: string;
  readonly #integration: Integration;
  readonly destination: Destination;
  readonly reconcile?: NonNullable<Integration['reconcile']>;
  readonly acknowledge?: NonNullable<Integration['acknowledge']>;
  readonly acknowledgement?: NonNullable<Integration['acknowledgement']>;
  readonly confirm?: NonNullable<Integration['confirm']>;
  readonly bundle?: NonNullable<Integration['bundle']>;
  #underWay = 0;
  #isRetired = false;

  constructor(
    integration: Integration,
    provider: ProviderSeen,
    { fingerprint, rateLimit, shared }: { readonly fingerprint: string } & Pick<Destination, 'rateLimit' | 'shared'>,
  ) {
    this.#integration = integration;
    this.fingerprint = fingerprint;
    this.destination = {
      integration: this,
      rateLimit,
      shared,
      get provider() {
        return provider.name;
      },
    };
    // Missing where the integration has none: whoever asks goes by that.
    const { reconcile, bundle, acknowledge, acknowledgement, confirm } = integration;
    if (reconcile !== undefined) this.reconcile = (input) => this.#counted(reconcile.call(integration, input));
    if (bundle !== undefined) this.bundle = (inputs) => this.#counted(bundle.call(integration, inputs));
    if (acknowledge !== undefined) this.acknowledge = (input, by) => this.#counted(acknowledge.call(integration, input, by));
    if (acknowledgement !== undefined) this.acknowledgement = (input) => this.#counted(acknowledgement.call(integration, input));
    if (confirm !== undefined) this.confirm = (input) => this.#counted(confirm.call(integration, input));
  }

  send(input: SendInput): Promise<SendOutcome> {
    return this.#counted(this.#integration.send(input));
  }

  async #counted<T>(work: Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await work;
    } finally {
      this.#underWay--;
      if (this.#isRetired && this.#underWay === 0) this.close();
    }
  }

  retire(): void {
    this.#isRetired = true;
    if (this.#underWay === 0) this.close();
  }

  close(): void {
    this.#integration.close();
  }
}

/** One telephone rings once at a time, whichever receiver it is in: those with the same limits take turns. */
function sharedLane(
  config: IntegrationConfig,
  { fingerprint, rateLimit }: Pick<Held, 'fingerprint'> & Pick<Destination, 'rateLimit'>,
): Destination['shared'] {
  if ((config.kind !== 'phone' && config.kind !== 'sms') || isTemplate(config.to)) return null;
  return { lane: `${config.kind} ${config.to} ${JSON.stringify(rateLimit)}`, likeness: fingerprint };
}

const configText = (config: IntegrationConfig): string =>
  JSON.stringify(toWire(config), (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
