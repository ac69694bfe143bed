/** Reads `discord_configs` (alertmanager notify/discord/config.go). */
import type { Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { secretApiUrl } from '../url-field.ts';

export type DiscordConfig = {
  readonly kind: 'discord';
  readonly http: HttpClientConfig;
  readonly webhookUrl: SecretSource;
  /** Templates. */
  readonly content: string;
  readonly title: string;
  readonly message: string;
  /** As they are; '' leaves them to the webhook. */
  readonly username: string;
  readonly avatarUrl: string;
};

export const readDiscord = (fields: Fields, globalHttp: HttpClientConfig): DiscordConfig => ({
  kind: 'discord',
  http: fields.optional('http_config', httpConfig) ?? globalHttp,
  webhookUrl: requiredSecret(
    fields,
    'webhook_url',
    'one of webhook_url or webhook_url_file must be configured',
    secretField(fields, 'webhook_url', secretApiUrl),
  ),
  content: fields.get('content', string),
  title: fields.get('title', string, '{{ template "discord.default.title" . }}'),
  message: fields.get('message', string, '{{ template "discord.default.message" . }}'),
  username: fields.get('username', string),
  avatarUrl: fields.get('avatar_url', string),
});
