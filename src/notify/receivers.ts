/**
 * The integrations there are: for each its key in a receiver, how its configuration is read, and how it is built. Adding
 * one is a folder beside these and a row here.
 */
import { type Decoder, type Fields, list, object, record } from '../config/decode.ts';
import { bool, string } from '../config/scalars.ts';
import { emptyMap } from '../config/yaml-document.ts';
import { goQuote } from '../lib/go-quote.ts';
import type { Clock } from '../model/clock.ts';
import type { HttpClients } from '../model/http.ts';
import type { MailTransport } from '../model/mail.ts';
import type { Secret, SecretSource } from '../model/secret.ts';
import type { Telephony } from '../model/telephony.ts';
import type { NotificationTemplates } from '../template/notification-templates.ts';
import type { Charts } from './chart/charts.ts';
import { type DiscordConfig, readDiscord } from './discord/config.ts';
import { discordIntegration } from './discord/integration.ts';
import { type EmailConfig, readEmail, readOwnEmail } from './email/config.ts';
import { emailIntegration } from './email/integration.ts';
import { type InboxConfig, readInbox } from './inbox/config.ts';
import { type InboxStore, inboxIntegration } from './inbox/integration.ts';
import { type IncidentioConfig, readIncidentio } from './incidentio/config.ts';
import { incidentioIntegration } from './incidentio/integration.ts';
import type { Integration } from './integration.ts';
import { type JiraConfig, readJira } from './jira/config.ts';
import { jiraIntegration } from './jira/integration.ts';
import { type MatrixConfig, readMatrix } from './matrix/config.ts';
import { matrixIntegration } from './matrix/integration.ts';
import { type MattermostConfig, readMattermost } from './mattermost/config.ts';
import { mattermostIntegration } from './mattermost/integration.ts';
import { type MsteamsConfig, readMsteams } from './msteams/config.ts';
import { msteamsIntegration } from './msteams/integration.ts';
import { type Msteamsv2Config, readMsteamsv2 } from './msteamsv2/config.ts';
import { msteamsv2Integration } from './msteamsv2/integration.ts';
import { type NtfyConfig, readNtfy } from './ntfy/config.ts';
import { ntfyIntegration } from './ntfy/integration.ts';
import { type OpsgenieConfig, readOpsgenie } from './opsgenie/config.ts';
import { opsgenieIntegration } from './opsgenie/integration.ts';
import { type PagerdutyConfig, readPagerduty } from './pagerduty/config.ts';
import { pagerdutyIntegration } from './pagerduty/integration.ts';
import { type PhoneConfig, readPhone } from './phone/config.ts';
import { phoneIntegration } from './phone/integration.ts';
import { type PushoverConfig, readPushover } from './pushover/config.ts';
import { pushoverIntegration } from './pushover/integration.ts';
import { DEFAULT_RATE_LIMITS, type RateLimit, rateLimit } from './rate-limit.ts';
import { type FallbackUse, type ReceiverFallback, receiverFallback } from './receiver-fallback.ts';
import type { ReceiverGlobals } from './receiver-globals.ts';
import { type RocketchatConfig, readRocketchat } from './rocketchat/config.ts';
import { rocketchatIntegration } from './rocketchat/integration.ts';
import { readSlack, type SlackConfig } from './slack/config.ts';
import { slackIntegration } from './slack/integration.ts';
import { readSms, type SmsConfig } from './sms/config.ts';
import { smsIntegration } from './sms/integration.ts';
import { readSns, type SnsConfig } from './sns/config.ts';
import { snsIntegration } from './sns/integration.ts';
import { readTelegram, type TelegramConfig } from './telegram/config.ts';
import { telegramIntegration } from './telegram/integration.ts';
import type { TelephoneBook } from './twilio/book.ts';
import { readVictorops, type VictoropsConfig } from './victorops/config.ts';
import { victoropsIntegration } from './victorops/integration.ts';
import { readWebex, type WebexConfig } from './webex/config.ts';
import { webexIntegration } from './webex/integration.ts';
import { readWebhook, type WebhookConfig } from './webhook/config.ts';
import { webhookIntegration } from './webhook/integration.ts';
import { readWechat, type WechatConfig } from './wechat/config.ts';
import { wechatIntegration } from './wechat/integration.ts';

export type IntegrationConfig =
  | DiscordConfig
  | EmailConfig
  | InboxConfig
  | IncidentioConfig
  | JiraConfig
  | MatrixConfig
  | MattermostConfig
  | MsteamsConfig
  | Msteamsv2Config
  | NtfyConfig
  | OpsgenieConfig
  | PagerdutyConfig
  | PhoneConfig
  | PushoverConfig
  | RocketchatConfig
  | SlackConfig
  | SmsConfig
  | SnsConfig
  | TelegramConfig
  | VictoropsConfig
  | WebexConfig
  | WebhookConfig
  | WechatConfig;

export type IntegrationName = IntegrationConfig['kind'];

/** One configured integration. */
export type ReceiverIntegration = {
  readonly name: IntegrationName;
  /** Counts those of its kind in the receiver. */
  readonly index: number;
  readonly sendResolved: boolean;
  /** Whether it is told of the end when it stands in for another: unless send_resolved says no. */
  readonly sendResolvedAsFallback: boolean;
  /** Whoever was told that an alert fires is told that it ended, though the receiver has been left meanwhile. */
  readonly resolveContract: boolean;
  /** How often it may be called upon; null: as often as there is something to tell. */
  readonly rateLimit: RateLimit | null;
  readonly config: IntegrationConfig;
};

export type Receiver = {
  readonly name: string;
  /** Without `name`, which every receiver has. */
  readonly labels: Readonly<Record<string, string>>;
  readonly integrations: readonly ReceiverIntegration[];
  /** Who is told when one of the integrations does not take a notification, in this order. */
  readonly fallback: readonly ReceiverFallback[];
};

export type ReceiverPorts = {
  readonly http: HttpClients;
  readonly mail: MailTransport;
  readonly charts: Charts;
  readonly telephony: Telephony;
  readonly book: TelephoneBook;
  readonly inbox: InboxStore;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly readSecret: (source: SecretSource) => Secret | { readonly error: string };
};

type ReaderContext = { readonly globals: ReceiverGlobals; readonly templates: Pick<NotificationTemplates, 'check'> };

type Row<C extends IntegrationConfig> = {
  /** The default of send_resolved. */
  readonly sendResolved: boolean;
  /** The default of the resolve contract: on where somebody is woken, and stays woken until told otherwise. */
  readonly resolveContract: boolean;
  /** What Alertmanager makes of an empty item of the list. */
  readonly emptyItem: 'refused' | 'defaults';
  read(fields: Fields, context: ReaderContext): C;
  /** Fields of `tocsin:` beside those that all have. */
  readOwn?(fields: Fields): Partial<C>;
  build(config: C, ports: ReceiverPorts, receiver: string): Integration;
};

/** In the order of Alertmanager's receiver, then ours. */
const ROWS: { readonly [K in IntegrationName]: Row<Extract<IntegrationConfig, { readonly kind: K }>> } = {
  discord: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readDiscord(fields, globals.http),
    build: discordIntegration,
  },
  email: {
    sendResolved: false,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readEmail(fields, globals.smtp),
    readOwn: readOwnEmail,
    build: emailIntegration,
  },
  incidentio: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readIncidentio(fields, globals.http),
    build: incidentioIntegration,
  },
  pagerduty: {
    sendResolved: true,
    resolveContract: true,
    emptyItem: 'refused',
    read: (fields, { globals }) => readPagerduty(fields, globals.http, globals.pagerduty),
    build: pagerdutyIntegration,
  },
  slack: {
    sendResolved: false,
    resolveContract: false,
    emptyItem: 'defaults',
    read: (fields, { globals }) => readSlack(fields, globals.http, globals.slack),
    build: slackIntegration,
  },
  webhook: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals, templates }) => readWebhook(fields, globals.http, templates),
    build: webhookIntegration,
  },
  opsgenie: {
    sendResolved: true,
    resolveContract: true,
    emptyItem: 'defaults',
    read: (fields, { globals, templates }) => readOpsgenie(fields, globals.http, globals.opsgenie, templates),
    build: opsgenieIntegration,
  },
  wechat: {
    sendResolved: false,
    resolveContract: false,
    emptyItem: 'defaults',
    read: (fields, { globals }) => readWechat(fields, globals.http, globals.wechat),
    build: wechatIntegration,
  },
  pushover: {
    sendResolved: true,
    resolveContract: true,
    emptyItem: 'refused',
    read: (fields, { globals }) => readPushover(fields, globals.http),
    build: pushoverIntegration,
  },
  victorops: {
    sendResolved: true,
    resolveContract: true,
    emptyItem: 'refused',
    read: (fields, { globals }) => readVictorops(fields, globals.http, globals.victorops),
    build: victoropsIntegration,
  },
  sns: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readSns(fields, globals.http),
    build: snsIntegration,
  },
  telegram: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readTelegram(fields, globals.http, globals.telegram),
    build: telegramIntegration,
  },
  webex: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readWebex(fields, globals.http, globals.webex),
    build: webexIntegration,
  },
  msteams: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readMsteams(fields, globals.http),
    build: msteamsIntegration,
  },
  msteamsv2: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readMsteamsv2(fields, globals.http),
    build: msteamsv2Integration,
  },
  jira: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readJira(fields, globals.http, globals.jira),
    build: jiraIntegration,
  },
  rocketchat: {
    sendResolved: false,
    resolveContract: false,
    emptyItem: 'defaults',
    read: (fields, { globals }) => readRocketchat(fields, globals.http, globals.rocketchat),
    build: rocketchatIntegration,
  },
  mattermost: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readMattermost(fields, globals.http, globals.mattermost),
    build: mattermostIntegration,
  },
  matrix: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: (fields, { globals }) => readMatrix(fields, globals.http),
    build: matrixIntegration,
  },
  ntfy: {
    sendResolved: true,
    resolveContract: true,
    emptyItem: 'refused',
    read: (fields, { globals }) => readNtfy(fields, globals.http),
    build: ntfyIntegration,
  },
  phone: {
    // A telephone that rings for good news is soon off.
    sendResolved: false,
    resolveContract: true,
    emptyItem: 'refused',
    read: (fields, { globals }) => readPhone(fields, globals.twilio),
    build: phoneIntegration,
  },
  sms: {
    sendResolved: true,
    resolveContract: true,
    emptyItem: 'refused',
    read: (fields, { globals }) => readSms(fields, globals.twilio),
    build: smsIntegration,
  },
  inbox: {
    sendResolved: true,
    resolveContract: false,
    emptyItem: 'refused',
    read: readInbox,
    build: (config, { inbox }, receiver) => inboxIntegration(config, receiver, inbox),
  },
};

const INTEGRATION_NAMES = Object.keys(ROWS) as readonly IntegrationName[];

export function buildIntegration(receiver: string, config: IntegrationConfig, ports: ReceiverPorts): Integration {
  const row: Row<IntegrationConfig> = ROWS[config.kind];
  return row.build(config, ports, receiver);
}

/** `fallbacks` takes the receivers that others name, to be checked when all are known. */
export function receiverReader(
  globals: ReceiverGlobals,
  templates: Pick<NotificationTemplates, 'check'>,
  fallbacks: FallbackUse[] = [],
): Decoder<Receiver> {
  return object('config.plain', (fields): Receiver => {
    const name = fields.get('name', string);
    if (name === '') fields.problem('name', { code: 'missing_field', message: 'missing name in receiver', hint: 'add name: NAME' });
    const labels = receiverLabels(fields, name);
    const integrations = INTEGRATION_NAMES.flatMap((kind) => integrationsOf(fields, kind, { globals, templates }));
    const fallback = fields.optional('tocsin', receiverSettings(name, fallbacks))?.fallback ?? [];
    return { name, labels, integrations, fallback };
  });
}

function integrationsOf(fields: Fields, name: IntegrationName, context: ReaderContext): readonly ReceiverIntegration[] {
  const decoder = integrationReader(name, context);
  const emptyItem: Parameters<typeof list<Configured>>[1] =
    ROWS[name].emptyItem === 'refused'
      ? `missing ${name} config`
      : (node, sink) => decoder.read({ ...emptyMap(node.source), offset: node.offset }, sink);
  const field = `${name}_configs`;
  const configs = fields.get(field, list(decoder, emptyItem));
  return configs.map((configured, index) => ({ name, index, ...configured }));
}

type Configured = Omit<ReceiverIntegration, 'name' | 'index'>;

/** Whose fields Alertmanager still keeps in its package config; Go's messages name the package. */
const IN_CONFIG: ReadonlySet<IntegrationName> = new Set(['email', 'slack', 'victorops', 'webex', 'wechat']);

function integrationReader(name: IntegrationName, context: ReaderContext): Decoder<Configured> {
  const row: Row<IntegrationConfig> = ROWS[name];
  return object(`${IN_CONFIG.has(name) ? 'config' : name}.plain`, (fields): Configured => {
    const own = fields.optional('tocsin', ownSettings(row));
    const sendResolved = fields.get('send_resolved', bool, row.sendResolved);
    return {
      sendResolved,
      sendResolvedAsFallback: sendResolved || !fields.has('send_resolved'),
      resolveContract: own?.resolveContract ?? row.resolveContract,
      rateLimit: own?.rateLimit ?? DEFAULT_RATE_LIMITS[name] ?? null,
      config: { ...row.read(fields, context), ...own?.config },
    };
  });
}

/** What Alertmanager does not have, apart, so that its own fields stay its own. */
type OwnSettings = { readonly resolveContract: boolean | null; readonly rateLimit: RateLimit | null; readonly config: object };

const ownSettings = (row: Row<IntegrationConfig>): Decoder<OwnSettings> =>
  object('tocsin', (fields) => ({
    resolveContract: fields.optional('resolve_contract', bool),
    rateLimit: fields.optional('rate_limit', rateLimit),
    config: row.readOwn?.(fields) ?? {},
  }));

const receiverSettings = (name: string, fallbacks: FallbackUse[]): Decoder<Pick<Receiver, 'fallback'>> =>
  object('tocsin', (fields) => ({ fallback: fields.get('fallback', list(receiverFallback(name, fallbacks))) }));

function receiverLabels(fields: Fields, name: string): Readonly<Record<string, string>> {
  const { name: own, ...labels } = fields.get('labels', record(string));
  if (own !== undefined && own !== name)
    fields.problem('labels', {
      code: 'conflict',
      message: `receiver label "name" must match receiver name ${goQuote(name)}, got ${goQuote(own)}`,
    });
  return labels;
}
