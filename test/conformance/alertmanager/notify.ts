/**
 * notify/: the fields of every integration with their types and defaults, the lengths that are cut, what every status
 * means, and how answers are read. What the tables tell in prose (`request`, `retry`) is held by the tests beside each
 * integration.
 */
import { lineText } from '../../../src/config/source.ts';
import { runeCount } from '../../../src/lib/runes.ts';
import type { SecretSource } from '../../../src/model/secret.ts';
import type { IntegrationName } from '../../../src/notify/receivers.ts';
import { notificationInput } from '../../support/notification-input.ts';
import { ReceiverBench, readIntegration } from '../../support/receiver-bench.ts';
import { response } from '../../support/scripted-http.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';
import { readTable } from './table.ts';

type Json = Readonly<Record<string, unknown>>;

type IntegrationTable = {
  readonly integration: IntegrationName;
  readonly fields: readonly { readonly name: string; readonly type: string }[];
  readonly defaults: Json;
  readonly limits: string;
};

type RetryCase = {
  readonly integration: IntegrationName;
  readonly variant?: 'v1' | 'v2';
  readonly status: number;
  readonly ok: boolean;
  readonly retry: boolean;
  readonly reason: string | null;
};

type KeyCase = { readonly id: string; readonly group_key: string; readonly sha256: string };

type AnswerCase = {
  readonly id: string;
  readonly integration: IntegrationName;
  readonly response: { readonly status: number; readonly content_type?: string; readonly body: string };
  readonly ok: boolean;
  readonly retry?: boolean;
  readonly error_contains?: string;
  readonly stores?: Json;
};

/** What is configured and told, and what is sent for it: see sentResult. */
type SentCase = Json & { readonly id: string; readonly integration: IntegrationName };

type BehaviourCase = KeyCase | AnswerCase | SentCase;

/** The least that each takes. */
const LEAST: Readonly<Record<IntegrationName, string>> = {
  discord: 'webhook_url: http://hook/',
  email: 'to: a@example.org\nsmarthost: mail:25\nfrom: b@example.org',
  inbox: 'text: t',
  incidentio: 'url: http://hook/\nalert_source_token: t',
  jira: 'api_url: https://jira/rest/api/2\nproject: OPS\nissue_type: Bug',
  matrix: 'homeserver: https://matrix\nroom: "!r:s"\naccess_token: t',
  mattermost: 'webhook_url: http://hook/',
  msteams: 'webhook_url: http://hook/',
  msteamsv2: 'webhook_url: http://hook/',
  ntfy: 'topic: t',
  opsgenie: 'api_key: k',
  pagerduty: 'routing_key: k',
  phone: 'account_sid: AC00000000000000000000000000000000\nauth_token: t\nfrom: "+15005550006"\nto: "+4915112345678"',
  pushover: 'user_key: u\ntoken: t',
  rocketchat: 'token: t\ntoken_id: i',
  slack: 'app_token: t',
  sms: 'account_sid: AC00000000000000000000000000000000\nauth_token: t\nfrom: "+15005550006"\nto: "+4915112345678"',
  sns: 'topic_arn: arn\nsigv4: {region: us-east-1, access_key: a, secret_key: s}',
  telegram: 'bot_token: t\nchat_id: 1',
  victorops: 'api_key: k\nrouting_key: r',
  webex: 'room_id: r\nhttp_config: {authorization: {credentials: t}}',
  webhook: 'url: http://hook/',
  wechat: 'api_secret: s\ncorp_id: c',
};

/** Bodies that mean success. */
const ANSWERS: Partial<Readonly<Record<IntegrationName, string>>> = {
  rocketchat: '{"success":true}',
  jira: '{"issues":[]}',
  wechat: '{"errcode":0,"access_token":"t"}',
};

export const run: KindRunner = async (dir) => {
  const { integrations } = readTable<never, { readonly integrations: readonly IntegrationTable[] }>(dir, 'integrations.json');
  const results: CaseResult[] = [];
  for (const table of integrations) {
    for (const field of table.fields) results.push(await fieldResult(table.integration, field));
    for (const [name, value] of Object.entries(table.defaults)) results.push(await defaultResult(table.integration, name, value));
    for (const limit of limitsOf(table.limits)) results.push(await limitResult(table.integration, limit));
  }
  for (const { id, ...wanted } of readTable<RetryCase>(dir, 'retry.json').cases) results.push(await retryResult(id, wanted));
  for (const wanted of readTable<BehaviourCase>(dir, 'behaviour.json').cases as readonly BehaviourCase[])
    results.push(await behaviourResult(wanted));
  return results;
};

// Fields: a value of the type is taken, one of another type is refused.

const LIST_OR_MAP = /^(\[\]|map|HTTPClientConfig|TLSConfig|ThreadingConfig|sigv4|Mattermost|JiraFieldConfig)/;

function sampleOf(type: string): { readonly right: string; readonly wrong: string | null } {
  const known: Readonly<Record<string, readonly [right: string, wrong: string | null]>> = {
    bool: ['true', 'maybe'],
    int: ['1', 'one'],
    duration: ['1m', '1 parsec'],
    'go duration': ['1s', '1 parsec'],
    URL: ['http://x/', 'ftp://x/'],
    SecretURL: ['http://x/', 'ftp://x/'],
    SecretTemplateURL: ['http://x/', 'ftp://x/'],
    HostPort: ['mail:25', 'mail'],
    any: ['{a: [1]}', null],
    '[]string': ['[a]', 'a'],
    'map[string]string': ['{a: b}', 'a'],
    map: ['{a: {b: 1}}', 'a'],
    JiraFieldConfig: ['{template: x, enable_update: false}', '[x]'],
  };
  const [right, wrong] = known[type] ?? (LIST_OR_MAP.test(type) ? [type.startsWith('[]') ? '[]' : '{}', 'a'] : ['text', '[text]']);
  return { right, wrong };
}

function fieldResult(integration: IntegrationName, { name, type }: { readonly name: string; readonly type: string }): Promise<CaseResult> {
  const { right, wrong } = sampleOf(type);
  return checkCase(`${integration}.${name}`, { right: [], wrongIsRefused: true }, () => ({
    // Some values of the type are not enough for a field (parse_mode, webex' http_config): config/ looks after that.
    right: fieldErrors(integration, name, right).filter((error) => !/^(bad_value|missing_field)/.test(error)),
    wrongIsRefused: wrong === null || fieldErrors(integration, name, wrong).length > 0,
  }));
}

/** The errors at the field's own line. */
function fieldErrors(integration: IntegrationName, name: string, value: string): readonly string[] {
  const { diagnostics, source } = readIntegration(integration, `tocsin: {}\n${name}: ${value}`);
  return diagnostics
    .filter(({ severity, line }) => severity === 'error' && lineText(source, line).trim().startsWith(`${name}:`))
    .map(({ code, message }) => `${code}: ${message}`);
}

// Defaults

const camelCase = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const isSource = (value: unknown): value is SecretSource => typeof value === 'object' && value !== null && 'kind' in value;

const DURATIONS: Readonly<Record<string, number>> = { '0': 0, '0 (none)': 0, '1m': 60_000, '1h': 3_600_000 };

function defaultResult(integration: IntegrationName, name: string, wanted: unknown): Promise<CaseResult> {
  const read = (): Json => {
    const { configured } = readIntegration(integration, LEAST[integration]);
    return { ...configured?.config, sendResolved: configured?.sendResolved };
  };
  const id = `${integration} default of ${name}`;
  if (wanted === 'value of client') return checkCase(id, read()['client'], () => read()['source']);
  // An app's address is what its token makes of the webhook's.
  const path = camelCase(integration === 'slack' && name === 'app_url' ? 'api_url' : name).split('.');
  return checkCase(id, typeof wanted === 'string' ? wanted.replace(/ \(.*\)$/, '') : wanted, () => {
    const config = read();
    const got = path.reduce<unknown>((value, step) => (value as Json | undefined)?.[step], config);
    if (name === 'threading') return { enabled: got !== null };
    if (integration === 'jira' && typeof got === 'object') return (got as Json | null)?.['template'];
    if (isSource(got)) return got.kind === 'inline' ? got.secret.reveal() : got;
    const inMs = config[`${name}Ms`];
    if (got === undefined && typeof inMs === 'number' && typeof wanted === 'string')
      return DURATIONS[wanted] === inMs ? wanted.replace(/ \(.*\)$/, '') : inMs;
    return got;
  });
}

// Lengths: "title 256, description 4096, content 2000 runes"

type Limit = { readonly field: string; readonly max: number; readonly unit: 'runes' | 'bytes' };

function limitsOf(text: string): readonly Limit[] {
  const [, list = '', unit = ''] = /^(.*?\d) (runes|bytes)/.exec(text) ?? [];
  return [...list.matchAll(/([a-z_/]*) ?(\d+)(?=,|$)/g)].flatMap(([, names = '', max = '']) =>
    names.split('/').map((field) => ({ field: field === '' ? 'message' : field, max: Number(max), unit: unit as Limit['unit'] })),
  );
}

/** Names that the provider has for a field. */
const CUT_FIELDS: Readonly<Record<string, string>> = { 'pagerduty.summary': 'description', 'discord.description': 'message' };

/** What else is configured: a text of its own, no HTML, a phone. */
const CUT_WITH: Partial<Readonly<Record<IntegrationName, string>>> = {
  mattermost: 'attachments: [{title: a}]',
  telegram: 'parse_mode: Markdown',
  sms: 'account_sid: AC00000000000000000000000000000000\nauth_token: t\nfrom: "+15005550006"\nto: "+4915112345678"',
  sns: 'topic_arn: ""\nphone_number: "1"',
};

function limitResult(integration: IntegrationName, { field, max, unit }: Limit): Promise<CaseResult> {
  const name = CUT_FIELDS[`${integration}.${field}`] ?? field;
  const mark = integration === 'sns' ? '' : '…';
  const lengthOf = (text: string): number => (unit === 'runes' ? runeCount(text) : new TextEncoder().encode(text).length);
  return checkCase(`${integration}.${field} at most ${max} ${unit}`, { [max - 1]: 'whole', [max]: 'whole', [max + 1]: 'cut' }, async () => {
    const outcomes: Record<number, string> = {};
    for (const length of [max - 1, max, max + 1]) {
      const text = 'x'.repeat(length);
      const bench = benchOf(integration, `${name}: ${text}\n${CUT_WITH[integration] ?? 'tocsin: {}'}`);
      await bench.send();
      const texts = bench.requests.flatMap((request) => textsOf(request.body === undefined ? queryOf(request.url) : bodyOf(request.body)));
      const cut = texts.find((sent) => sent.startsWith('xxx') && sent === `${sent.replace(/[^x]/g, '')}${mark}`);
      outcomes[length] = texts.includes(text) ? 'whole' : cut !== undefined && lengthOf(cut) === max ? 'cut' : 'neither';
    }
    return outcomes;
  });
}

const queryOf = (url: string): unknown => Object.fromEntries(new URL(url).searchParams);

function bodyOf(body: Uint8Array): unknown {
  const text = new TextDecoder().decode(body);
  return text.startsWith('{') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** With the fields that make it work where `yaml` does not have them. */
function benchOf(integration: IntegrationName, yaml: string, answer = () => response(ANSWERS[integration] ?? 'ok')): ReceiverBench {
  const own = new Set(yaml.split('\n').map((line) => line.split(':', 1)[0]));
  const least = LEAST[integration].split('\n').filter((line) => !own.has(line.split(':', 1)[0]));
  return new ReceiverBench(integration, [...least, yaml].join('\n'), { answer });
}

// Statuses and answers

function retryResult(id: string, { integration, variant, status, ok, retry, reason }: Omit<RetryCase, 'id'>): Promise<CaseResult> {
  return checkCase(id, { ok, retry, reason }, async () => {
    const answer = () => response(ANSWERS[integration] ?? 'ok', { status });
    const bench =
      variant === 'v1' ? new ReceiverBench('pagerduty', 'service_key: k', { answer }) : benchOf(integration, 'tocsin: {}', answer);
    const outcome = await bench.send();
    if (outcome.kind === 'accepted') return { ok: true, retry: false, reason: null };
    return outcome.kind === 'rejected' ? { ok: false, retry: outcome.retry, reason: outcome.reason } : outcome;
  });
}

function behaviourResult(wanted: BehaviourCase): Promise<CaseResult> {
  if ('group_key' in wanted) return keyResult(wanted as KeyCase);
  return 'response' in wanted ? answerResult(wanted as AnswerCase) : sentResult(wanted as SentCase);
}

function keyResult({ id, group_key: groupKey, sha256 }: KeyCase): Promise<CaseResult> {
  return checkCase(
    id,
    sha256,
    async () => ((await benchOf('pagerduty', 'client: c').sent(notificationInput({ groupKey }))) as Json)['dedup_key'],
  );
}

function answerResult({ id, integration, response: given, ok, retry, error_contains: part, stores }: AnswerCase): Promise<CaseResult> {
  const expected = {
    ok,
    ...(retry === undefined ? {} : { retry }),
    ...(part === undefined ? {} : { part }),
    ...(stores === undefined ? {} : { stores }),
  };
  return checkCase(id, expected, async () => {
    const isTold = integration !== 'wechat';
    let asked = 0;
    // WeCom is asked for a token first.
    const answer = () =>
      !isTold && asked++ === 0
        ? response('{"access_token":"t"}')
        : response(given.body, { status: given.status, contentType: given.content_type ?? 'application/json' });
    const outcome = await benchOf(integration, stores === undefined ? 'tocsin: {}' : 'update_message: true', answer).send();
    if (outcome.kind === 'accepted') return { ok: true, ...(stores === undefined ? {} : { stores: outcome.data }) };
    if (outcome.kind === 'unknown') return outcome;
    const { message } = outcome;
    return {
      ok: false,
      ...(retry === undefined ? {} : { retry: outcome.retry }),
      ...(part === undefined ? {} : { part: message.includes(part) ? part : message }),
    };
  });
}

/** The keys of a case that say what is configured and what is told, by integration; the others say what is sent. */
function sentResult({
  id,
  integration,
  ...rest
}: Json & { readonly id: string; readonly integration: IntegrationName }): Promise<CaseResult> {
  const { status, firing, note: _note, cfg, common_label_Message: message, ...wanted } = rest;
  const yaml = (value: unknown): string => JSON.stringify(value);
  const input = notificationInput({
    firing: status === 'resolved' ? 0 : typeof firing === 'number' ? firing : 1,
    resolved: status === 'resolved' ? 1 : 0,
    ...(typeof message === 'string' ? { labels: { Message: message } } : {}),
  });
  const configured: [string, unknown][] = ['details', 'tags', 'message_type', 'priority']
    .filter((name) => name in wanted)
    .map((name) => [name, wanted[name]]);
  if (cfg !== undefined) configured.push(...Object.entries(cfg as Json));
  const lines = configured.length === 0 ? 'tocsin: {}' : configured.map(([name, value]) => `${name}: ${yaml(value)}`).join('\n');
  const expected = Object.fromEntries(Object.entries(wanted).filter(([name]) => !configured.some(([own]) => own === name)));
  return checkCase(id, expected, async () => {
    const sent = (await benchOf(integration, lines).sent(input)) as Json;
    return Object.fromEntries(Object.keys(expected).map((name) => [name, like(expected[name], sentValue(integration, name, sent))]));
  });
}

/** Where a table's word is found in the request. */
function sentValue(integration: IntegrationName, name: string, sent: Json): unknown {
  const at = (...path: readonly (string | number)[]): unknown =>
    path.reduce<unknown>((value, step) => (value as Json | undefined)?.[step], sent);
  switch (`${integration}.${name}`) {
    case 'victorops.sent':
      return at('message_type');
    case 'discord.color':
      return at('embeds', 0, 'color');
    case 'msteamsv2.color':
      return at('attachments', 0, 'content', 'body', 0, 'color');
    case 'mattermost.sent':
      return at('priority');
    case 'pagerduty.custom_details':
      return at('payload', 'custom_details');
    case 'opsgenie.sent_tags':
      return at('tags');
    case 'jira.jql':
      return String(at('jql')).replace(/[0-9a-f]{64}/, '<hash>');
    default:
      return at(name);
  }
}

/** Of PagerDuty's details the tables name those that are configured. */
function like(wanted: unknown, got: unknown): unknown {
  const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap(wanted) || !isMap(got) || 'priority' in wanted) return got;
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, got[name]]));
}
