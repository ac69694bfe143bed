/** The integrations of the live configuration, and what each is given to send. */
import type { OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import type { OutboxRepository } from '../../db/outbox-repository.ts';
import { Fnv1a64 } from '../../lib/fnv1a.ts';
import { Labels } from '../../model/labels.ts';
import { Secret, type SecretSource } from '../../model/secret.ts';
import type { UnixMs } from '../../model/time.ts';
import type { Integration, SendInput } from '../../notify/integration.ts';
import { buildIntegration, type Receiver } from '../../notify/receivers.ts';
import { SecretReader } from '../../platform/secret-reader.ts';
import { type NotificationData, notificationData } from '../../template/alertmanager-data.ts';
import type { NotificationTemplates } from '../../template/notification-templates.ts';
import type { AppPorts } from '../app-ports.ts';

export class Receivers {
  readonly #ports: AppPorts;
  readonly #outbox: OutboxRepository;
  readonly #secrets: SecretReader;
  #integrations = new Map<string, Integration>();
  #templates: NotificationTemplates | null = null;

  constructor(ports: AppPorts, outbox: OutboxRepository) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#secrets = new SecretReader(ports.disk, ports.environment);
  }

  /** From now on; attempts under way end with the integrations that they began with. */
  configure(receivers: readonly Receiver[], templates: NotificationTemplates): void {
    const before = this.#integrations;
    this.#templates = templates;
    this.#integrations = new Map();
    const { http, mail, clock } = this.#ports;
    for (const { name, integrations } of receivers) {
      for (const { name: kind, index, config } of integrations) {
        const integration = buildIntegration(name, config, {
          http,
          mail,
          clock,
          readSecret: (source) => this.#readSecret(source),
          inbox: {
            store: ({ notificationId, ...message }) => this.#outbox.storeInbox({ outboxId: notificationId as OutboxId, ...message }),
          },
        });
        this.#integrations.set(`${name}/${kind}/${index}`, integration);
      }
    }
    for (const integration of before.values()) integration.close();
  }

  /** Null: configured no more. */
  integrationOf({ receiver, integration, index }: OutboxRow): Integration | null {
    return this.#integrations.get(`${receiver}/${integration}/${index}`) ?? null;
  }

  inputOf(row: OutboxRow, now: UnixMs, externalUrl: string): SendInput {
    if (this.#templates === null) throw new Error('BUG: receivers are not configured');
    const { notification } = row;
    const data = notificationData({
      receiver: row.receiver,
      alerts: notification.alerts,
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
      now,
      templates: this.#templates,
      kept: row.data,
      data: withRouteLabels(data, this.#templates, now),
    };
  }

  close(): void {
    for (const integration of this.#integrations.values()) integration.close();
  }

  #readSecret(source: SecretSource): Secret | { readonly error: string } {
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
