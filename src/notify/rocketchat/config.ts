/** Reads `rocketchat_configs` and what of `global` they fall back to (alertmanager notify/rocketchat/config.go). */
import { type Fields, list, object } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { apiUrl } from '../url-field.ts';

export type RocketchatConfig = {
  readonly kind: 'rocketchat';
  readonly http: HttpClientConfig;
  readonly apiUrl: string;
  readonly tokenId: SecretSource;
  readonly token: SecretSource;
  /** Templates, as all texts below. */
  readonly channel: string;
  readonly color: string;
  readonly title: string;
  readonly titleLink: string;
  readonly text: string;
  readonly fields: readonly RocketchatField[];
  readonly shortFields: boolean;
  readonly emoji: string;
  readonly iconUrl: string;
  readonly imageUrl: string;
  readonly thumbUrl: string;
  readonly actions: readonly RocketchatAction[];
};

export type RocketchatField = { readonly title: string; readonly value: string; readonly short: boolean | null };
export type RocketchatAction = { readonly text: string; readonly url: string; readonly msg: string };

export type RocketchatGlobals = { readonly apiUrl: string; readonly tokenId: SecretSource | null; readonly token: SecretSource | null };

const API_URL = 'https://open.rocket.chat/';

export const rocketchatGlobals = (fields: Fields): RocketchatGlobals => ({
  apiUrl: fields.get('rocketchat_api_url', apiUrl, API_URL) || API_URL,
  tokenId: secretField(fields, 'rocketchat_token_id'),
  token: secretField(fields, 'rocketchat_token'),
});

export function readRocketchat(fields: Fields, globalHttp: HttpClientConfig, globals: RocketchatGlobals): RocketchatConfig {
  fields.get('link_names', bool); // as in Alertmanager: read, and never sent
  const tokenId = secretField(fields, 'token_id') ?? globals.tokenId;
  const token = secretField(fields, 'token') ?? globals.token;
  return {
    kind: 'rocketchat',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    apiUrl: fields.get('api_url', apiUrl) || globals.apiUrl,
    tokenId: requiredSecret(fields, 'token_id', 'no global Rocketchat TokenID set either inline or in a file', tokenId),
    token: requiredSecret(fields, 'token', 'no global Rocketchat Token set either inline or in a file', token),
    channel: fields.get('channel', string),
    color: fields.get('color', string, '{{ if eq .Status "firing" }}red{{ else }}green{{ end }}'),
    title: fields.get('title', string, '{{ template "rocketchat.default.title" . }}'),
    titleLink: fields.get('title_link', string, '{{ template "rocketchat.default.titlelink" . }}'),
    text: fields.get('text', string, '{{ template "rocketchat.default.text" . }}'),
    fields: fields.get('fields', list(field)),
    shortFields: fields.get('short_fields', bool),
    emoji: fields.get('emoji', string, '{{ template "rocketchat.default.emoji" . }}'),
    iconUrl: fields.get('icon_url', string, '{{ template "rocketchat.default.iconurl" . }}'),
    imageUrl: fields.get('image_url', string),
    thumbUrl: fields.get('thumb_url', string),
    actions: fields.get('actions', list(action)),
  };
}

const field = object(
  'rocketchat.RocketchatAttachmentField',
  (fields): RocketchatField => ({
    title: fields.get('title', string),
    value: fields.get('value', string),
    short: fields.optional('short', bool),
  }),
);

/** Alertmanager names these fields by lower case alone, and sends three of them. */
const action = object('rocketchat.RocketchatAttachmentAction', (fields): RocketchatAction => {
  for (const name of ['type', 'imageurl', 'webviewheightratio', 'msgprocessingtype']) fields.get(name, string);
  for (const name of ['iswebview', 'msginchatwindow']) fields.get(name, bool);
  return { text: fields.get('text', string), url: fields.get('url', string), msg: fields.get('msg', string) };
});
