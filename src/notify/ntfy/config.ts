/** Reads `ntfy_configs`, which are ours: push notifications through ntfy.sh or a server of one's own. */
import { type Decoder, type Fields, list, object, record } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, enumeration, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { apiUrl } from '../url-field.ts';

export type NtfyConfig = {
  readonly kind: 'ntfy';
  /** With the access token, where one is configured. */
  readonly http: HttpClientConfig;
  /** Of the server. */
  readonly url: string;
  /** A template; a secret, for whoever knows a topic of a public server reads and writes it. */
  readonly topic: SecretSource;
  /** Templates, as all texts below. */
  readonly title: string;
  readonly message: string;
  /** '': by the severity of the worst alert that fires. */
  readonly priority: string;
  readonly tags: readonly string[];
  /** '': the page of this notification where there is one, else the server's. */
  readonly click: string;
  readonly icon: string;
  readonly markdown: boolean;
  readonly actions: readonly NtfyAction[];
};

export type NtfyAction = {
  readonly action: 'view' | 'http';
  readonly label: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The notification goes away when the action has succeeded. */
  readonly clear: boolean;
};

const SERVER = 'https://ntfy.sh';
/** What the apps show. */
const ACTIONS_MAX = 3;
const MESSAGE = '{{ template "__text_alert_list" .Alerts }}';

export function readNtfy(fields: Fields, globalHttp: HttpClientConfig): NtfyConfig {
  const http = fields.optional('http_config', httpConfig) ?? globalHttp;
  const token = secretField(fields, 'token');
  if (token !== null && fields.has('http_config') && http.auth.kind !== 'none')
    fields.problem('token', {
      code: 'conflict',
      message: 'token excludes the credentials of http_config',
      hint: 'keep token, or basic_auth or authorization below http_config',
    });
  const actions = fields.get('actions', list(action));
  if (actions.length > ACTIONS_MAX)
    fields.problem('actions', { code: 'bad_value', message: `ntfy takes at most ${ACTIONS_MAX} actions, not ${actions.length}` });
  return {
    kind: 'ntfy',
    http: token === null ? http : { ...http, auth: { kind: 'authorization', type: 'Bearer', credentials: token } },
    url: fields.get('url', apiUrl, SERVER) || SERVER,
    topic: requiredSecret(fields, 'topic', 'missing topic in ntfy config', secretField(fields, 'topic')),
    title: fields.get('title', string, '{{ template "__subject" . }}'),
    message: fields.get('message', string, MESSAGE),
    priority: fields.get('priority', string),
    tags: fields.get('tags', list(string), [TAG]),
    click: fields.get('click', string),
    icon: fields.get('icon', string),
    markdown: fields.get('markdown', bool),
    actions,
  };
}

/** A picture: a siren, or a check mark. */
const TAG = '{{ if eq .Status "firing" }}rotating_light{{ else }}white_check_mark{{ end }}';

const kind = enumeration(['view', 'http']);

const action: Decoder<NtfyAction> = object(
  'ntfy.Action',
  (fields): NtfyAction => ({
    action: fields.get('action', kind, 'view' as const),
    label: fields.required('label', string),
    url: fields.required('url', string),
    method: fields.get('method', string, 'POST'),
    headers: fields.get('headers', record(string)),
    body: fields.get('body', string),
    clear: fields.get('clear', bool),
  }),
);
