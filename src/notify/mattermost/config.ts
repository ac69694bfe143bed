/** Reads `mattermost_configs` and what of `global` they fall back to (alertmanager notify/mattermost/config.go). */
import { type Fields, list, object } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { secretApiUrl } from '../url-field.ts';

/** What an attachment shows, all templates. */
export type MattermostAttachment = {
  readonly fallback: string;
  readonly color: string;
  readonly pretext: string;
  readonly text: string;
  readonly authorName: string;
  readonly authorLink: string;
  readonly authorIcon: string;
  readonly title: string;
  readonly titleLink: string;
  readonly fields: readonly MattermostField[];
  readonly thumbUrl: string;
  readonly footer: string;
  readonly footerIcon: string;
  readonly imageUrl: string;
};

export type MattermostField = { readonly title: string; readonly value: string; readonly short: boolean | null };

/** The attachment's own fields make the one attachment there is, unless `attachments` has some. */
export type MattermostConfig = MattermostAttachment & {
  readonly kind: 'mattermost';
  readonly http: HttpClientConfig;
  readonly webhookUrl: SecretSource;
  readonly channel: string;
  readonly username: string;
  readonly iconUrl: string;
  readonly iconEmoji: string;
  readonly attachments: readonly MattermostAttachment[];
  readonly type: string;
  readonly props: { readonly card: string };
  readonly priority: MattermostPriority;
};

/** `priority`: a template; '' for none at all. */
export type MattermostPriority = { readonly priority: string; readonly requestedAck: boolean; readonly persistentNotifications: boolean };

export type MattermostGlobals = { readonly webhookUrl: SecretSource | null };

export const mattermostGlobals = (fields: Fields): MattermostGlobals => ({
  webhookUrl: secretField(fields, 'mattermost_webhook_url', secretApiUrl),
});

export const readMattermost = (fields: Fields, globalHttp: HttpClientConfig, globals: MattermostGlobals): MattermostConfig => ({
  kind: 'mattermost',
  http: fields.optional('http_config', httpConfig) ?? globalHttp,
  webhookUrl: requiredSecret(
    fields,
    'webhook_url',
    'missing webhook_url or webhook_url_file on mattermost_config',
    secretField(fields, 'webhook_url', secretApiUrl) ?? globals.webhookUrl,
  ),
  channel: fields.get('channel', string),
  username: fields.get('username', string, '{{ template "mattermost.default.username" . }}'),
  ...attachmentFields(fields, {
    fallback: '{{ template "mattermost.default.fallback" . }}',
    color: '{{ template "mattermost.default.color" . }}',
    text: '{{ template "mattermost.default.text" . }}',
    title: '{{ template "mattermost.default.title" . }}',
    titleLink: '{{ template "mattermost.default.titlelink" . }}',
  }),
  iconUrl: fields.get('icon_url', string),
  iconEmoji: fields.get('icon_emoji', string),
  attachments: fields.get('attachments', list(attachment)),
  type: fields.get('type', string),
  props: fields.get('props', props),
  priority: fields.get('priority', priority),
});

type AttachmentDefaults = Partial<Pick<MattermostAttachment, 'fallback' | 'color' | 'text' | 'title' | 'titleLink'>>;

function attachmentFields(fields: Fields, defaults: AttachmentDefaults): MattermostAttachment {
  return {
    fallback: fields.get('fallback', string, defaults.fallback ?? ''),
    color: fields.get('color', string, defaults.color ?? ''),
    pretext: fields.get('pretext', string),
    text: fields.get('text', string, defaults.text ?? ''),
    authorName: fields.get('author_name', string),
    authorLink: fields.get('author_link', string),
    authorIcon: fields.get('author_icon', string),
    title: fields.get('title', string, defaults.title ?? ''),
    titleLink: fields.get('title_link', string, defaults.titleLink ?? ''),
    fields: fields.get('fields', list(field)),
    thumbUrl: fields.get('thumb_url', string),
    footer: fields.get('footer', string),
    footerIcon: fields.get('footer_icon', string),
    imageUrl: fields.get('image_url', string),
  };
}

const attachment = object('mattermost.MattermostAttachment', (fields) => attachmentFields(fields, {}));

const field = object(
  'mattermost.plain',
  (fields): MattermostField => ({
    title: fields.required('title', string, 'missing title in Mattermost field configuration'),
    value: fields.required('value', string, 'missing value in Mattermost field configuration'),
    short: fields.optional('short', bool),
  }),
);

const props = object('mattermost.MattermostProps', (fields) => ({ card: fields.get('card', string) }));

const priority = object(
  'mattermost.MattermostPriority',
  (fields): MattermostPriority => ({
    priority: fields.get('priority', string),
    requestedAck: fields.get('requested_ack', bool),
    persistentNotifications: fields.get('persistent_notifications', bool),
  }),
);
