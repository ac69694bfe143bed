/** Reads `pagerduty_configs` and what of `global` they fall back to (alertmanager notify/pagerduty/config.go). */
import { type Fields, list, object } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { goDuration, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import type { DurationMs } from '../../model/time.ts';
import { type PlainMap, plainMap } from '../plain-map.ts';
import { secretField } from '../secret-field.ts';
import { apiUrl } from '../url-field.ts';

export type PagerdutyConfig = {
  readonly kind: 'pagerduty';
  readonly http: HttpClientConfig;
  /** A template. Events API v1 where it is set. */
  readonly serviceKey: SecretSource | null;
  /** A template. Events API v2. */
  readonly routingKey: SecretSource | null;
  /** Of version 2; version 1 has one address only. */
  readonly url: string;
  /** Templates, as all below. */
  readonly client: string;
  readonly clientUrl: string;
  readonly description: string;
  readonly details: PlainMap;
  readonly images: readonly PagerdutyImage[];
  readonly links: readonly PagerdutyLink[];
  readonly source: string;
  readonly severity: string;
  readonly class: string;
  readonly component: string;
  readonly group: string;
  /** 0: the flush's own limit. */
  readonly timeoutMs: DurationMs;
};

export type PagerdutyImage = { readonly src: string; readonly alt: string; readonly href: string };
export type PagerdutyLink = { readonly href: string; readonly text: string };

export type PagerdutyGlobals = { readonly url: string };

const API_URL = 'https://events.pagerduty.com/v2/enqueue';
const CLIENT = '{{ template "pagerduty.default.client" . }}';
const DETAILS: PlainMap = {
  firing: '{{ .Alerts.Firing | toJson }}',
  resolved: '{{ .Alerts.Resolved | toJson }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

export const pagerdutyGlobals = (fields: Fields): PagerdutyGlobals => ({ url: fields.get('pagerduty_url', apiUrl, API_URL) || API_URL });

export function readPagerduty(fields: Fields, globalHttp: HttpClientConfig, globals: PagerdutyGlobals): PagerdutyConfig {
  const serviceKey = secretField(fields, 'service_key');
  const routingKey = secretField(fields, 'routing_key');
  if (serviceKey === null && routingKey === null)
    fields.problem('routing_key', {
      code: 'missing_field',
      message: 'missing service or routing key in PagerDuty config',
      hint: 'set routing_key, routing_key_file or routing_key_env',
    });
  const client = fields.get('client', string, CLIENT);
  return {
    kind: 'pagerduty',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    serviceKey,
    routingKey,
    url: fields.get('url', apiUrl) || globals.url,
    client,
    clientUrl: fields.get('client_url', string, '{{ template "pagerduty.default.clientURL" . }}'),
    description: fields.get('description', string, '{{ template "pagerduty.default.description" . }}'),
    details: { ...DETAILS, ...fields.get('details', plainMap) },
    images: fields.get('images', list(image)),
    links: fields.get('links', list(link)),
    source: fields.get('source', string) || client,
    severity: fields.get('severity', string) || 'error',
    class: fields.get('class', string),
    component: fields.get('component', string),
    group: fields.get('group', string),
    timeoutMs: fields.get('timeout', goDuration),
  };
}

const image = object(
  'pagerduty.PagerdutyImage',
  (fields): PagerdutyImage => ({ src: fields.get('src', string), alt: fields.get('alt', string), href: fields.get('href', string) }),
);
const link = object(
  'pagerduty.PagerdutyLink',
  (fields): PagerdutyLink => ({ href: fields.get('href', string), text: fields.get('text', string) }),
);
