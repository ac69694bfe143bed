/** Reads `telegram_configs` and what of `global` they fall back to (alertmanager notify/telegram/config.go). */
import type { Decoder, Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, enumeration, int, path, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { apiUrl } from '../url-field.ts';

export type TelegramConfig = {
  readonly kind: 'telegram';
  readonly http: HttpClientConfig;
  readonly apiUrl: string;
  readonly botToken: SecretSource;
  /** 0: in the file. */
  readonly chatId: number;
  readonly chatIdFile: string;
  /** 0: the chat itself. */
  readonly messageThreadId: number;
  /** A template. */
  readonly message: string;
  readonly disableNotifications: boolean;
  readonly parseMode: ParseMode;
};

/** '': plain text. */
export type ParseMode = 'HTML' | 'Markdown' | 'MarkdownV2' | '';

export type TelegramGlobals = { readonly apiUrl: string; readonly botToken: SecretSource | null };

const API_URL = 'https://api.telegram.org';

export const telegramGlobals = (fields: Fields): TelegramGlobals => ({
  apiUrl: fields.get('telegram_api_url', apiUrl, API_URL) || API_URL,
  botToken: secretField(fields, 'telegram_bot_token'),
});

export function readTelegram(fields: Fields, globalHttp: HttpClientConfig, globals: TelegramGlobals): TelegramConfig {
  const botToken = secretField(fields, 'bot_token') ?? globals.botToken;
  const chatId = fields.get('chat_id', int);
  const chatIdFile = fields.get('chat_id_file', path);
  if (chatId === 0 && chatIdFile === '')
    fields.problem('chat_id', {
      code: 'missing_field',
      message: 'missing chat_id or chat_id_file on telegram_config',
      hint: 'set chat_id or chat_id_file',
    });
  fields.atMostOne(['chat_id', 'chat_id_file'], 'at most one of chat_id & chat_id_file must be configured');
  return {
    kind: 'telegram',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    apiUrl: fields.get('api_url', apiUrl) || globals.apiUrl,
    botToken: requiredSecret(fields, 'bot_token', 'missing bot_token or bot_token_file on telegram_config', botToken),
    chatId,
    chatIdFile,
    messageThreadId: fields.get('message_thread_id', int),
    message: fields.get('message', string, '{{ template "telegram.default.message" . }}'),
    disableNotifications: fields.get('disable_notifications', bool),
    parseMode: fields.get('parse_mode', parseMode, 'HTML' as const),
  };
}

/** The empty text is a mode of its own. */
const parseMode: Decoder<ParseMode> = {
  ...enumeration(['HTML', 'Markdown', 'MarkdownV2', ''], {
    upstream: () => 'unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string',
  }),
  emptyIsAbsent: false,
  zero: () => '',
};
