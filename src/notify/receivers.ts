/**
 * The integrations there are: for each its key in a receiver, how its configuration is read, and how it is built. Adding
 * one is a folder beside these and a row here. What Alertmanager has and we do not yet is named, so that a configuration
 * which uses it is read, and told.
 */
import { type Decoder, type Fields, list, object, rawNode, record } from '../config/decode.ts';
import { string } from '../config/scalars.ts';
import { goQuote } from '../lib/go-quote.ts';
import type { HttpClientConfig, HttpClients } from '../model/http.ts';
import type { MailTransport } from '../model/mail.ts';
import type { Secret, SecretSource } from '../model/secret.ts';
import type { NotificationTemplates } from '../template/notification-templates.ts';
import { type EmailConfig, emailConfig, type SmtpGlobals } from './email/config.ts';
import { emailIntegration } from './email/integration.ts';
import { type InboxConfig, inboxConfig } from './inbox/config.ts';
import { type InboxStore, inboxIntegration } from './inbox/integration.ts';
import type { Integration } from './integration.ts';
import { type WebhookConfig, webhookConfig } from './webhook/config.ts';
import { webhookIntegration } from './webhook/integration.ts';

export type IntegrationConfig = EmailConfig | WebhookConfig | InboxConfig;

/** One configured integration; `index` counts those of its kind in the receiver. */
export type ReceiverIntegration = { readonly name: IntegrationConfig['kind']; readonly index: number; readonly config: IntegrationConfig };

export type Receiver = {
  readonly name: string;
  /** Without `name`, which every receiver has. */
  readonly labels: Readonly<Record<string, string>>;
  readonly integrations: readonly ReceiverIntegration[];
};

export type ReceiverGlobals = { readonly http: HttpClientConfig; readonly smtp: SmtpGlobals };

/** Alertmanager's, in its order; a configuration that uses one is told that nothing goes there. */
const UNBUILT = [
  'discord_configs',
  'pagerduty_configs',
  'slack_configs',
  'opsgenie_configs',
  'wechat_configs',
  'pushover_configs',
  'victorops_configs',
  'sns_configs',
  'telegram_configs',
  'webex_configs',
  'msteams_configs',
  'msteamsv2_configs',
  'jira_configs',
  'incidentio_configs',
  'rocketchat_configs',
  'mattermost_configs',
] as const;

export function receiverReader(globals: ReceiverGlobals, templates: Pick<NotificationTemplates, 'check'>): Decoder<Receiver> {
  return object('config.Receiver', (fields): Receiver => {
    const name = fields.get('name', string);
    if (name === '') fields.problem('name', { code: 'missing_field', message: 'missing name in receiver', hint: 'add name: NAME' });
    const labels = receiverLabels(fields, name);
    const integrations = [
      ...readAll(fields, 'email', emailConfig(globals.smtp)),
      ...readAll(fields, 'webhook', webhookConfig(globals.http, templates)),
      ...readAll(fields, 'inbox', inboxConfig),
    ];
    for (const field of UNBUILT) fields.unsupported(field, list(rawNode), 'this integration is not built yet, and nothing is sent there');
    return { name, labels, integrations };
  });
}

function readAll<C extends IntegrationConfig>(fields: Fields, name: C['kind'], decoder: Decoder<C>): readonly ReceiverIntegration[] {
  const configs = fields.get(`${name}_configs`, list(decoder, `missing ${name} config`));
  return configs.map((config, index) => ({ name, index, config }));
}

function receiverLabels(fields: Fields, name: string): Readonly<Record<string, string>> {
  const { name: own, ...labels } = fields.get('labels', record(string));
  if (own !== undefined && own !== name)
    fields.problem('labels', {
      code: 'conflict',
      message: `receiver label "name" must match receiver name ${goQuote(name)}, got ${goQuote(own)}`,
    });
  return labels;
}

export type ReceiverPorts = {
  readonly http: HttpClients;
  readonly mail: MailTransport;
  readonly inbox: InboxStore;
  readonly readSecret: (source: SecretSource) => Secret | { readonly error: string };
};

export function buildIntegration(
  receiver: string,
  config: IntegrationConfig,
  { http, mail, inbox, readSecret }: ReceiverPorts,
): Integration {
  switch (config.kind) {
    case 'email':
      return emailIntegration(config, { mail, readSecret });
    case 'webhook':
      return webhookIntegration(config, { client: http.open(config.http), readSecret });
    case 'inbox':
      return inboxIntegration(config, receiver, inbox);
  }
}
