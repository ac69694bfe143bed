/** Reads `slack_configs` and what of `global` they fall back to (alertmanager config/notifiers.go SlackConfig, config.go). */
import { type Fields, list, object } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, goDuration, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import { Secret, type SecretSource } from '../../model/secret.ts';
import type { DurationMs } from '../../model/time.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { apiUrl, secretApiUrl } from '../url-field.ts';

export type SlackConfig = {
  readonly kind: 'slack';
  /** With the app's token, where one is used. */
  readonly http: HttpClientConfig;
  /** A webhook, or the API method that posts. */
  readonly apiUrl: SecretSource;
  /** Templates, as all texts below. */
  readonly channel: string;
  readonly username: string;
  readonly color: string;
  readonly title: string;
  readonly titleLink: string;
  readonly pretext: string;
  readonly text: string;
  readonly messageText: string;
  readonly fields: readonly SlackField[];
  readonly shortFields: boolean;
  readonly footer: string;
  readonly fallback: string;
  readonly callbackId: string;
  readonly iconEmoji: string;
  readonly iconUrl: string;
  readonly imageUrl: string;
  readonly thumbUrl: string;
  readonly linkNames: boolean;
  readonly mrkdwnIn: readonly string[];
  readonly actions: readonly SlackAction[];
  /** The message of the group's first notification is edited by the later ones. */
  readonly updateMessage: boolean;
  /** 0: the flush's own limit. */
  readonly timeoutMs: DurationMs;
};

export type SlackField = { readonly title: string; readonly value: string; readonly short: boolean | null };

export type SlackAction = {
  readonly type: string;
  readonly text: string;
  readonly url: string;
  readonly style: string;
  readonly name: string;
  readonly value: string;
  readonly confirm: SlackConfirmation | null;
};

export type SlackConfirmation = { readonly text: string; readonly title: string; readonly okText: string; readonly dismissText: string };

export type SlackGlobals = {
  readonly apiUrl: SecretSource | null;
  readonly appToken: SecretSource | null;
  readonly appUrl: string;
};

/** What stands for a secret where a configuration was printed. */
const MASKED = '<secret>';
const APP_URL = 'https://slack.com/api/chat.postMessage';

export function slackGlobals(fields: Fields): SlackGlobals {
  const api = secretField(fields, 'slack_api_url', secretApiUrl);
  const appToken = secretField(fields, 'slack_app_token');
  const appUrl = fields.get('slack_app_url', apiUrl, APP_URL) || APP_URL;
  // The same address in both is how bot tokens were used before there was slack_app_token.
  if (api !== null && appToken !== null && !isInline(api, appUrl) && !isInline(api, MASKED))
    fields.exclude(
      [written(fields, 'slack_app_token'), written(fields, 'slack_api_url')],
      'at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured',
    );
  return { apiUrl: api, appToken, appUrl };
}

export function readSlack(fields: Fields, globalHttp: HttpClientConfig, globals: SlackGlobals): SlackConfig {
  const ownUrl = secretField(fields, 'api_url', secretApiUrl);
  const ownToken = secretField(fields, 'app_token');
  const appUrl = fields.get('app_url', apiUrl) || globals.appUrl;
  const ownHttp = fields.optional('http_config', httpConfig);
  if (ownUrl !== null && ownToken !== null)
    fields.exclude(
      [written(fields, 'api_url'), written(fields, 'app_token')],
      'at most one of api_url/api_url_file & app_token/app_token_file must be configured',
    );
  const hasOwnAuthorization = ownHttp?.auth.kind === 'authorization';
  const token = ownToken ?? (hasOwnAuthorization || ownUrl !== null ? null : globals.appToken);
  const http = ownHttp ?? globalHttp;
  if (token !== null && http.auth.kind === 'authorization')
    fields.problem('http_config', {
      code: 'conflict',
      message: "http authorization can't be set when using Slack App tokens",
      hint: 'take one of them away',
    });
  const url: SecretSource | null = token === null ? (ownUrl ?? globals.apiUrl) : { kind: 'inline', secret: new Secret(appUrl) };
  const updateMessage = fields.get('update_message', bool);
  if (updateMessage && url?.kind === 'inline' && token === null && !isInline(url, APP_URL))
    fields.problem('update_message', {
      code: 'conflict',
      message: `update_message can only be used with bot tokens. api_url must be set to ${APP_URL}`,
      hint: 'a webhook cannot edit messages: use app_token',
    });
  return {
    kind: 'slack',
    http: token === null ? http : { ...http, auth: { kind: 'authorization', type: 'Bearer', credentials: token } },
    apiUrl: requiredSecret(fields, 'api_url', 'no Slack API URL nor App token set either inline or in a file', url),
    channel: fields.get('channel', string),
    username: fields.get('username', string, '{{ template "slack.default.username" . }}'),
    color: fields.get('color', string, '{{ template "slack.default.color" . }}'),
    title: fields.get('title', string, '{{ template "slack.default.title" . }}'),
    titleLink: fields.get('title_link', string, '{{ template "slack.default.titlelink" . }}'),
    pretext: fields.get('pretext', string, '{{ template "slack.default.pretext" . }}'),
    text: fields.get('text', string, '{{ template "slack.default.text" . }}'),
    messageText: fields.get('message_text', string),
    fields: fields.get('fields', list(field)),
    shortFields: fields.get('short_fields', bool),
    footer: fields.get('footer', string, '{{ template "slack.default.footer" . }}'),
    fallback: fields.get('fallback', string, '{{ template "slack.default.fallback" . }}'),
    callbackId: fields.get('callback_id', string, '{{ template "slack.default.callbackid" . }}'),
    iconEmoji: fields.get('icon_emoji', string, '{{ template "slack.default.iconemoji" . }}'),
    iconUrl: fields.get('icon_url', string, '{{ template "slack.default.iconurl" . }}'),
    imageUrl: fields.get('image_url', string),
    thumbUrl: fields.get('thumb_url', string),
    linkNames: fields.get('link_names', bool),
    mrkdwnIn: markdownIn(fields.get('mrkdwn_in', list(string))),
    actions: fields.get('actions', list(action)),
    updateMessage,
    timeoutMs: fields.get('timeout', goDuration),
  };
}

const isInline = (source: SecretSource, text: string): boolean => source.kind === 'inline' && source.secret.reveal() === text;

/** Under which of its names a secret was given. */
const written = (fields: Fields, name: string): string =>
  [name, `${name}_file`, `${name}_env`].find((candidate) => fields.isSet(candidate)) ?? name;

const markdownIn = (names: readonly string[]): readonly string[] => (names.length === 0 ? ['fallback', 'pretext', 'text'] : names);

const field = object(
  'config.plain',
  (fields): SlackField => ({
    title: fields.required('title', string, 'missing title in Slack field configuration'),
    value: fields.required('value', string, 'missing value in Slack field configuration'),
    short: fields.optional('short', bool),
  }),
);

const confirmation = object(
  'config.plain',
  (fields): SlackConfirmation => ({
    text: fields.required('text', string, 'missing text in Slack confirmation configuration'),
    title: fields.get('title', string),
    okText: fields.get('ok_text', string),
    dismissText: fields.get('dismiss_text', string),
  }),
);

/** A link button where there is a URL, else an interactive one, which needs a name. */
const action = object('config.plain', (fields): SlackAction => {
  const type = fields.required('type', string, 'missing type in Slack action configuration');
  const text = fields.required('text', string, 'missing text in Slack action configuration');
  const url = fields.get('url', string);
  const name = fields.get('name', string);
  const value = fields.get('value', string);
  const confirm = fields.optional('confirm', confirmation);
  const style = fields.get('style', string);
  if (url === '' && name === '')
    fields.problem('url', { code: 'missing_field', message: 'missing name or url in Slack action configuration' });
  const isLink = url !== '';
  return { type, text, url, style, name: isLink ? '' : name, value: isLink ? '' : value, confirm: isLink ? null : confirm };
});
