/** Reads `victorops_configs` (Splunk On-Call) and what of `global` they fall back to (alertmanager config/notifiers.go). */
import { type Fields, record } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { apiUrl, asFolder } from '../url-field.ts';

export type VictoropsConfig = {
  readonly kind: 'victorops';
  readonly http: HttpClientConfig;
  readonly apiKey: SecretSource;
  /** Ends with a slash. */
  readonly apiUrl: string;
  /** Templates, as all below. */
  readonly routingKey: string;
  readonly messageType: string;
  readonly stateMessage: string;
  readonly entityDisplayName: string;
  readonly monitoringTool: string;
  readonly customFields: Readonly<Record<string, string>>;
};

export type VictoropsGlobals = { readonly apiUrl: string; readonly apiKey: SecretSource | null };

const API_URL = 'https://alert.victorops.com/integrations/generic/20131114/alert/';
const RESERVED = ['routing_key', 'message_type', 'state_message', 'entity_display_name', 'monitoring_tool', 'entity_id', 'entity_state'];

export const victoropsGlobals = (fields: Fields): VictoropsGlobals => ({
  apiUrl: fields.get('victorops_api_url', apiUrl, API_URL) || API_URL,
  apiKey: secretField(fields, 'victorops_api_key'),
});

export function readVictorops(fields: Fields, globalHttp: HttpClientConfig, globals: VictoropsGlobals): VictoropsConfig {
  const routingKey = fields.required('routing_key', string, 'missing Routing key in VictorOps config');
  const apiKey = secretField(fields, 'api_key') ?? globals.apiKey;
  const customFields = fields.get('custom_fields', record(string));
  const reserved = RESERVED.find((name) => name in customFields);
  if (reserved !== undefined)
    fields.problem('custom_fields', {
      code: 'conflict',
      message: `victorOps config contains custom field ${reserved} which cannot be used as it conflicts with the fixed/static fields`,
    });
  return {
    kind: 'victorops',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    apiKey: requiredSecret(fields, 'api_key', 'no global VictorOps API Key set', apiKey),
    apiUrl: asFolder(fields.get('api_url', apiUrl) || globals.apiUrl),
    routingKey,
    messageType: fields.get('message_type', string, 'CRITICAL'),
    stateMessage: fields.get('state_message', string, '{{ template "victorops.default.state_message" . }}'),
    entityDisplayName: fields.get('entity_display_name', string, '{{ template "victorops.default.entity_display_name" . }}'),
    monitoringTool: fields.get('monitoring_tool', string, '{{ template "victorops.default.monitoring_tool" . }}'),
    customFields,
  };
}
