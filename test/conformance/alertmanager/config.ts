/**
 * config/: whole alertmanager.yml files, single receivers and addresses: what loads, and the words of what does not. Every
 * file that loads is also printed with its secrets masked and read again. The properties that the tables state in
 * English are asserted below, each under its own words; one that is not known here is reported as skipped.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AlertmanagerConfig, readAlertmanagerConfig } from '../../../src/app/config/alertmanager-config.ts';
import { decode } from '../../../src/config/decode.ts';
import { isError, upstreamText } from '../../../src/config/diagnostic.ts';
import { DiagnosticSink } from '../../../src/config/diagnostic-sink.ts';
import { printYaml } from '../../../src/config/print-yaml.ts';
import { sourceFile } from '../../../src/config/source.ts';
import { emptyMap, parseYaml } from '../../../src/config/yaml-document.ts';
import type { HttpClientConfig } from '../../../src/model/http.ts';
import type { SecretSource } from '../../../src/model/secret.ts';
import { hostPort, printHostPort } from '../../../src/notify/host-port.ts';
import type { IntegrationConfig } from '../../../src/notify/receivers.ts';
import { parseNotificationTemplates } from '../../../src/template/notification-templates.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';
import { readTable } from './table.ts';

type Expectation = { readonly ok?: boolean; readonly error?: string; readonly checks?: readonly string[] };
type FileCase = Expectation & { readonly file: string };
type InlineCase = Expectation & { readonly config: string; readonly mode?: 'classic' | 'utf8' };
type ReceiverCase = Expectation & { readonly integration: string; readonly yaml: string };
type HostPortCase = { readonly yaml: string; readonly ok: boolean; readonly string?: string };

export const run: KindRunner = async (dir) => {
  const results: CaseResult[] = [];
  const { files } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { files: readonly FileCase[] };
  for (const { file, ...wanted } of files)
    results.push(...(await loadResults(file, wanted, () => load(file, readFileSync(join(dir, file), 'utf8'), 'fallback'))));
  for (const { id, config, mode, ...wanted } of readTable<InlineCase>(dir, 'inline.json').cases)
    results.push(...(await loadResults(id, wanted, () => load('inline.yml', config, mode ?? 'fallback'))));
  for (const { id, integration, yaml, ...wanted } of readTable<ReceiverCase>(dir, 'receivers.json').cases)
    results.push(...(await loadResults(id, wanted, () => load('receiver.yml', wholeConfig(integration, yaml), 'fallback'))));
  for (const { id, yaml, ok, string } of readTable<HostPortCase>(dir, 'hostport.json').cases)
    results.push(await checkCase(id, ok ? { string } : 'refused', () => hostPortOf(yaml)));
  return results;
};

type Loaded = { readonly config: AlertmanagerConfig; readonly error: string; readonly printed: string };

async function loadResults(id: string, wanted: Expectation, loaded: () => Loaded): Promise<readonly CaseResult[]> {
  const { error } = wanted;
  if (error !== undefined)
    return [
      await checkCase(id, error, () => {
        const got = loaded().error;
        return got.includes(error) ? error : got;
      }),
    ];
  const results = [await checkCase(id, 'loads', () => loaded().error || 'loads')];
  results.push(
    await checkCase(`${id} printed and read again`, 'loads', () => load('printed.yml', loaded().printed, 'fallback').error || 'loads'),
  );
  for (const check of wanted.checks ?? []) {
    const assertion = ASSERTIONS[check];
    const name = `${id}: ${check}`;
    if (assertion === undefined) results.push({ id: name, outcome: 'skipped', reason: 'no assertion is written for these words' });
    else results.push(await checkCase(name, assertion.is, () => assertion.of(loaded())));
  }
  return results;
}

const parsedTemplates = parseNotificationTemplates([]);
if ('diagnostics' in parsedTemplates) throw new Error(parsedTemplates.diagnostics.map(({ message }) => message).join('\n'));
const templates = parsedTemplates;

function load(path: string, text: string, matchers: 'fallback' | 'classic' | 'utf8'): Loaded {
  const document = parseYaml(sourceFile(path, text));
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  const root = document.root ?? emptyMap(document.source);
  const config = readAlertmanagerConfig(root, { matchers, localZone: 'UTC', templates }, sink);
  const error = sink.diagnostics().filter(isError).map(upstreamText).join('\n');
  return { config, error, printed: root.kind === 'map' ? printYaml(root, sink.secrets()) : text };
}

/** With what the entry itself does not speak of. */
function wholeConfig(integration: string, yaml: string): string {
  const entry = yaml
    .trimEnd()
    .split('\n')
    .map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`)
    .join('\n');
  return [
    'global:',
    '  smtp_smarthost: localhost:25',
    '  smtp_from: a@b',
    '  victorops_api_key: k',
    '  slack_api_url: https://slack.com/api/chat.postMessage',
    'route: {receiver: r}',
    'receivers:',
    '- name: r',
    `  ${integration}:`,
    entry,
    '',
  ].join('\n');
}

function hostPortOf(yaml: string): unknown {
  const document = parseYaml(sourceFile('hostport.yml', yaml));
  const sink = new DiagnosticSink();
  const value = decode(document.root ?? emptyMap(document.source), hostPort, sink);
  return sink.errorCount > 0 ? 'refused' : { string: value === null ? '' : printHostPort(value) };
}

// What the tables say in English.

type Assertion = { readonly is: unknown; readonly of: (loaded: Loaded) => unknown };

/** The only integration of the `index`-th receiver, or the `index`-th of the only receiver. */
function configAt<K extends IntegrationConfig['kind']>(
  { config: { receivers } }: Loaded,
  kind: K,
  index: number,
): Extract<IntegrationConfig, { kind: K }> {
  const all = receivers.flatMap(({ integrations }) => integrations.filter(({ name }) => name === kind));
  return all[index]?.config as Extract<IntegrationConfig, { kind: K }>;
}

const shown = (source: SecretSource | null): string => {
  if (source === null) return 'none';
  return source.kind === 'inline' ? source.secret.reveal() : source.kind === 'file' ? `file ${source.path}` : `env ${source.name}`;
};
const proxyOf = ({ proxy }: HttpClientConfig): string => (proxy.kind === 'url' ? proxy.url.reveal() : proxy.kind);
const bearerOf = ({ auth }: HttpClientConfig): string =>
  auth.kind === 'authorization' ? `${auth.type} ${shown(auth.credentials)}` : auth.kind;
const SLACK_APP_URL = 'https://slack.com/api/chat.postMessage';

const slackUrl =
  (index: number) =>
  (loaded: Loaded): string =>
    shown(configAt(loaded, 'slack', index).apiUrl);
const slackApp =
  (index: number) =>
  (loaded: Loaded): unknown => {
    const { apiUrl, http } = configAt(loaded, 'slack', index);
    return [shown(apiUrl), bearerOf(http)];
  };
const email =
  (index: number) =>
  (loaded: Loaded): unknown => {
    const { authPassword, authSecret } = configAt(loaded, 'email', index);
    return [shown(authPassword), shown(authSecret)];
  };
const wechatSecret =
  (index: number) =>
  (loaded: Loaded): string =>
    shown(configAt(loaded, 'wechat', index).apiSecret);

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  'route.group_by_all == true': { is: 'all', of: ({ config }) => config.route.groupBy },
  'group_by_all never appears in marshalled YAML': { is: false, of: ({ printed }) => printed.includes('group_by_all') },
  'child group_by is explicitly empty and overrides the parent': { is: [], of: ({ config }) => config.route.children[0]?.groupBy },
  'receivers[0].labels == {name: team-X, owner: my-team, kind: heartbeat}': {
    is: { name: 'team-X', owner: 'my-team', kind: 'heartbeat' },
    of: ({ config: { receivers } }) => ({ name: receivers[0]?.name, ...receivers[0]?.labels }),
  },
  // The global client is seen in what falls back to it: the file's only receiver has one of its own.
  'global.http_config.follow_redirects == false': {
    is: false,
    of: () =>
      configAt(
        load(
          'global.yml',
          'global: {http_config: {follow_redirects: false}}\nroute: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: "http://x"}]}]\n',
          'fallback',
        ),
        'webhook',
        0,
      ).http.followRedirects,
  },
  'receivers[0].slack_configs[0].http_config.follow_redirects == true': {
    is: true,
    of: (loaded) => configAt(loaded, 'slack', 0).http.followRedirects,
  },
  'receivers[0] inherits global webhook_url_file': {
    is: 'file /global_file',
    of: (loaded) => shown(configAt(loaded, 'mattermost', 0).webhookUrl),
  },
  'receivers[1] webhook_url_file == /override_file': {
    is: 'file /override_file',
    of: (loaded) => shown(configAt(loaded, 'mattermost', 1).webhookUrl),
  },
  'receivers[0] inherits global webhook_url': {
    is: 'https://mattermost.example.com/hooks/xxxxxxxxxxxxxxxxxxxxxxxxxx',
    of: (loaded) => shown(configAt(loaded, 'mattermost', 0).webhookUrl),
  },
  'receivers[0] inherits key file, receivers[1] overrides': {
    is: ['file /global_file', 'file /override_file'],
    of: (loaded) => [0, 1].map((index) => shown(configAt(loaded, 'opsgenie', index).apiKey)),
  },
  'receivers[0] inherits key, receivers[1] api_key == qwe456': {
    is: ['asd132', 'qwe456'],
    of: (loaded) => [0, 1].map((index) => shown(configAt(loaded, 'opsgenie', index).apiKey)),
  },
  'receivers[1] token_file and token_id_file == /override_file': {
    is: ['file /override_file', 'file /override_file'],
    of: (loaded) => [shown(configAt(loaded, 'rocketchat', 1).token), shown(configAt(loaded, 'rocketchat', 1).tokenId)],
  },
  'receivers[1] token == token456, token_id == id456': {
    is: ['token456', 'id456'],
    of: (loaded) => [shown(configAt(loaded, 'rocketchat', 1).token), shown(configAt(loaded, 'rocketchat', 1).tokenId)],
  },
  '[0] api_url_file /global_file': { is: 'file /global_file', of: slackUrl(0) },
  '[1] /override_file': {
    is: 'file /override_file',
    of: (loaded) =>
      (loaded.config.receivers.some(({ integrations }) => integrations[0]?.name === 'slack') ? slackUrl(1) : wechatSecret(1))(loaded),
  },
  '[2] api_url http://mysecret.example.com/ and no file': { is: 'http://mysecret.example.com/', of: slackUrl(2) },
  '[0] app_token inherited, api_url == slack_app_url, http authorization Bearer <token>': {
    is: [SLACK_APP_URL, 'Bearer xoxb-1234-abcdefgh'],
    of: slackApp(0),
  },
  '[1] inline token xoxb-1234-xxxxxx': { is: [SLACK_APP_URL, 'Bearer xoxb-1234-xxxxxx'], of: slackApp(1) },
  '[2] app_url http://api.fakeslack.example/': { is: ['http://api.fakeslack.example/', 'Bearer xoxb-1234-abcdefgh'], of: slackApp(2) },
  '[3] explicit http_config.authorization and api_url: app_token empty': {
    is: [SLACK_APP_URL, 'Bearer xoxb-my-bot-token'],
    of: slackApp(3),
  },
  '[4] inline webhook api_url wins, no file': {
    is: ['https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX', 'none'],
    of: slackApp(4),
  },
  'emails: [0] pw file /tmp/globaluserpassword + secret file /tmp/globalusersecret': {
    is: ['file /tmp/globaluserpassword', 'file /tmp/globalusersecret'],
    of: email(0),
  },
  '[1] pw file /tmp/localuser1password': { is: ['file /tmp/localuser1password', 'file /tmp/globalusersecret'], of: email(1) },
  '[2] password mysecret, no file': { is: ['mysecret', 'file /tmp/globalusersecret'], of: email(2) },
  '[3] secret myprecious, no secret file': { is: ['file /tmp/globaluserpassword', 'myprecious'], of: email(3) },
  '[4] secret file /tmp/localuser4secret': { is: ['file /tmp/globaluserpassword', 'file /tmp/localuser4secret'], of: email(4) },
  '[1] bot_token_file /override_file': { is: 'file /override_file', of: (loaded) => shown(configAt(loaded, 'telegram', 1).botToken) },
  '[0] /global_file': { is: 'file /global_file', of: wechatSecret(0) },
  '[2] api_secret my_inline_secret': { is: 'my_inline_secret', of: wechatSecret(2) },
  'msteamsv2 http_config inherits proxy http://proxy.example.com:3128': {
    is: 'http://proxy.example.com:3128',
    of: (loaded) => proxyOf(configAt(loaded, 'msteamsv2', 0).http),
  },
  'global proxy_url is inherited INTO the partial http_config': {
    is: 'http://proxy.example.com:3128',
    of: (loaded) => proxyOf(configAt(loaded, 'msteamsv2', 0).http),
  },
  'local proxy wins': { is: 'http://local-proxy.example.com:8080', of: (loaded) => proxyOf(configAt(loaded, 'msteamsv2', 0).http) },
};
