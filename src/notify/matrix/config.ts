/** Reads `matrix_configs`, which are ours: messages into a room of Matrix. */
import type { Fields } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { enumeration, scalar, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import { requiredSecret, secretField } from '../secret-field.ts';
import { apiUrl } from '../url-field.ts';

export type MatrixConfig = {
  readonly kind: 'matrix';
  /** With the access token. */
  readonly http: HttpClientConfig;
  readonly homeserver: string;
  /** An id (!…) or an alias (#…:server). */
  readonly room: string;
  /** m.text is what people are told of; m.notice shows without a sound. */
  readonly messageType: 'm.text' | 'm.notice';
  /** Templates. */
  readonly text: string;
  /** '': the text alone. */
  readonly html: string;
};

const TEXT = '{{ template "__subject" . }}\n{{ template "__text_alert_list" .Alerts }}';
/** Only elements that every client shows (Client-Server API, "m.room.message msgtypes"). */
const HTML = `<strong>{{ template "__subject" . }}</strong>
<ul>{{ range .Alerts }}<li>{{ .Status }}: {{ with .Annotations.summary }}{{ . }}{{ else }}{{ .Labels.alertname }}{{ end }}<br>
<code>{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}</code>{{ with .Annotations.description }}<br>{{ . }}{{ end }}{{ with .Annotations.runbook_url }}<br><a href="{{ . }}">runbook</a>{{ end }}{{ with .GeneratorURL }}<br><a href="{{ . }}">source</a>{{ end }}</li>
{{ end }}</ul><a href="{{ template "__alertmanagerURL" . }}">all alerts of {{ .Receiver }}</a>`;

const messageType = enumeration(['m.text', 'm.notice']);

const room = scalar({
  goType: 'string',
  expects: 'a room',
  zero: '',
  parse: (text, fail) =>
    text === '' || /^!\S+$|^#[^\s:]+:\S+$/.test(text)
      ? text
      : fail({
          code: 'bad_value',
          message: `"${text}" is no room of Matrix`,
          hint: 'write its id, such as "!abc:example.org", or an alias, such as "#alerts:example.org", in quotes',
        }),
});

export function readMatrix(fields: Fields, globalHttp: HttpClientConfig): MatrixConfig {
  const http = fields.optional('http_config', httpConfig) ?? globalHttp;
  if (fields.has('http_config') && http.auth.kind !== 'none')
    fields.problem('http_config', {
      code: 'conflict',
      message: 'access_token excludes other credentials',
      hint: 'take basic_auth, authorization or oauth2 out of http_config',
    });
  const token = requiredSecret(fields, 'access_token', 'missing access_token in Matrix config', secretField(fields, 'access_token'));
  return {
    kind: 'matrix',
    http: { ...http, auth: { kind: 'authorization', type: 'Bearer', credentials: token } },
    homeserver: fields.required('homeserver', apiUrl, 'missing homeserver in Matrix config'),
    room: fields.required('room', room, 'missing room in Matrix config'),
    messageType: fields.get('message_type', messageType, 'm.text' as const),
    text: fields.get('text', string, TEXT),
    html: fields.get('html', string, HTML),
  };
}
