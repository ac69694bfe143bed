/** Reads `webex_configs` and what of `global` they fall back to (alertmanager config/notifiers.go WebexConfig). */
import type { Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import { apiUrl } from '../url-field.ts';

export type WebexConfig = {
  readonly kind: 'webex';
  /** With the bot's token as its authorization. */
  readonly http: HttpClientConfig;
  readonly apiUrl: string;
  /** Templates. */
  readonly message: string;
  readonly roomId: string;
};

export type WebexGlobals = { readonly apiUrl: string };

const API_URL = 'https://webexapis.com/v1/messages';

export const webexGlobals = (fields: Fields): WebexGlobals => ({ apiUrl: fields.get('webex_api_url', apiUrl, API_URL) || API_URL });

export function readWebex(fields: Fields, globalHttp: HttpClientConfig, globals: WebexGlobals): WebexConfig {
  const roomId = fields.required('room_id', string, 'missing room_id on webex_config');
  const http = fields.optional('http_config', httpConfig);
  if (http?.auth.kind !== 'authorization')
    fields.problem('http_config', {
      code: 'missing_field',
      message: 'missing webex_configs.http_config.authorization',
      hint: "put the bot's token below http_config: authorization: credentials:",
    });
  return {
    kind: 'webex',
    http: http ?? globalHttp,
    apiUrl: fields.get('api_url', apiUrl) || globals.apiUrl,
    message: fields.get('message', string, '{{ template "webex.default.message" . }}'),
    roomId,
  };
}
