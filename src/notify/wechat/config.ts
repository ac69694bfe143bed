/** Reads `wechat_configs` (WeCom) and what of `global` they fall back to (alertmanager config/notifiers.go WechatConfig). */
import type { Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { enumeration, string } from '../../config/scalars.ts';
import { goQuote } from '../../lib/go-quote.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { apiUrl, asFolder } from '../url-field.ts';

export type WechatConfig = {
  readonly kind: 'wechat';
  readonly http: HttpClientConfig;
  /** Templates, as all texts below. */
  readonly apiSecret: SecretSource;
  readonly corpId: string;
  /** Ends with a slash. */
  readonly apiUrl: string;
  readonly message: string;
  readonly toUser: string;
  readonly toParty: string;
  readonly toTag: string;
  readonly agentId: string;
  readonly messageType: 'text' | 'markdown';
};

export type WechatGlobals = { readonly apiUrl: string; readonly apiSecret: SecretSource | null; readonly corpId: string };

const API_URL = 'https://qyapi.weixin.qq.com/cgi-bin/';

export const wechatGlobals = (fields: Fields): WechatGlobals => ({
  apiUrl: fields.get('wechat_api_url', apiUrl, API_URL) || API_URL,
  apiSecret: secretField(fields, 'wechat_api_secret'),
  corpId: fields.get('wechat_api_corp_id', string),
});

export function readWechat(fields: Fields, globalHttp: HttpClientConfig, globals: WechatGlobals): WechatConfig {
  const apiSecret = secretField(fields, 'api_secret') ?? globals.apiSecret;
  const corpId = fields.get('corp_id', string) || globals.corpId;
  if (corpId === '')
    fields.problem('corp_id', {
      code: 'missing_field',
      message: 'no global Wechat CorpID set',
      hint: 'set corp_id here or wechat_api_corp_id below global',
    });
  return {
    kind: 'wechat',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    apiSecret: requiredSecret(fields, 'api_secret', 'no global Wechat Api Secret set either inline or in a file', apiSecret),
    corpId,
    apiUrl: asFolder(fields.get('api_url', apiUrl) || globals.apiUrl),
    message: fields.get('message', string, '{{ template "wechat.default.message" . }}'),
    toUser: fields.get('to_user', string, '{{ template "wechat.default.to_user" . }}'),
    toParty: fields.get('to_party', string, '{{ template "wechat.default.to_party" . }}'),
    toTag: fields.get('to_tag', string, '{{ template "wechat.default.to_tag" . }}'),
    agentId: fields.get('agent_id', string, '{{ template "wechat.default.agent_id" . }}'),
    messageType: fields.get('message_type', messageType, 'text' as const),
  };
}

const messageType = enumeration(['text', 'markdown'], {
  upstream: (text) => `weChat message type ${goQuote(text)} does not match valid options ^(text|markdown)$`,
});
