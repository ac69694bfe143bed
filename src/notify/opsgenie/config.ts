/** Reads `opsgenie_configs` and what of `global` they fall back to (alertmanager notify/opsgenie/config.go). */
import { type Fields, list, object, record } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import type { NotificationTemplates } from '../../template/notification-templates.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { apiUrl, asFolder } from '../url-field.ts';

export type OpsgenieConfig = {
  readonly kind: 'opsgenie';
  readonly http: HttpClientConfig;
  /** A template, as all below. */
  readonly apiKey: SecretSource;
  /** Ends with a slash. */
  readonly apiUrl: string;
  readonly message: string;
  readonly description: string;
  readonly source: string;
  readonly details: Readonly<Record<string, string>>;
  readonly entity: string;
  readonly responders: readonly OpsgenieResponder[];
  /** With commas between. */
  readonly actions: string;
  readonly tags: string;
  readonly note: string;
  readonly priority: string;
  readonly updateAlerts: boolean;
};

export type OpsgenieResponder = { readonly id: string; readonly name: string; readonly username: string; readonly type: string };

export type OpsgenieGlobals = { readonly apiUrl: string; readonly apiKey: SecretSource | null };

const API_URL = 'https://api.opsgenie.com/';

export const opsgenieGlobals = (fields: Fields): OpsgenieGlobals => ({
  apiUrl: fields.get('opsgenie_api_url', apiUrl, API_URL) || API_URL,
  apiKey: secretField(fields, 'opsgenie_api_key'),
});

export function readOpsgenie(
  fields: Fields,
  globalHttp: HttpClientConfig,
  globals: OpsgenieGlobals,
  templates: Pick<NotificationTemplates, 'check'>,
): OpsgenieConfig {
  fields.sink.at(fields.map, {
    code: 'deprecated',
    severity: 'warning',
    message: 'Opsgenie is switched off on 5 April 2027; what is sent there after that day reaches nobody',
  });
  return {
    kind: 'opsgenie',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    apiKey: requiredSecret(
      fields,
      'api_key',
      'no global OpsGenie API Key set either inline or in a file',
      secretField(fields, 'api_key') ?? globals.apiKey,
    ),
    apiUrl: asFolder(fields.get('api_url', apiUrl) || globals.apiUrl),
    message: fields.get('message', string, '{{ template "opsgenie.default.message" . }}'),
    description: fields.get('description', string, '{{ template "opsgenie.default.description" . }}'),
    source: fields.get('source', string, '{{ template "opsgenie.default.source" . }}'),
    details: fields.get('details', record(string)),
    entity: fields.get('entity', string),
    responders: fields.get('responders', list(responder(templates), NAMELESS)),
    actions: fields.get('actions', string),
    tags: fields.get('tags', string),
    note: fields.get('note', string),
    priority: fields.get('priority', string),
    updateAlerts: fields.get('update_alerts', bool),
  };
}

/** What Alertmanager says of an empty item. */
const NAMELESS = 'opsGenieConfig responder {   } has to have at least one of id, username or name specified';

const TYPES = '^(team|teams|user|escalation|schedule)$';

const responder = (templates: Pick<NotificationTemplates, 'check'>) =>
  object('opsgenie.OpsGenieConfigResponder', (fields): OpsgenieResponder => {
    const id = fields.get('id', string);
    const name = fields.get('name', string);
    const username = fields.get('username', string);
    const type = fields.get('type', string);
    const shown = `{${id} ${name} ${username} ${type}}`;
    if (id === '' && name === '' && username === '')
      fields.problem('id', {
        code: 'missing_field',
        message: `opsGenieConfig responder ${shown} has to have at least one of id, username or name specified`,
      });
    const isTemplate = type.includes('{{');
    const error = isTemplate ? templates.check(type) : null;
    if (error !== null)
      fields.problem('type', {
        code: 'bad_template',
        message: `opsGenieConfig responder ${shown} type contains invalid template syntax: ${error}`,
      });
    else if (!isTemplate && !new RegExp(TYPES).test(type.toLowerCase()))
      fields.problem('type', {
        code: 'bad_value',
        message: `opsGenieConfig responder ${shown} type does not match valid options ${TYPES}`,
        hint: 'write team, teams, user, escalation or schedule',
      });
    return { id, name, username, type: isTemplate ? type : type.toLowerCase() };
  });
