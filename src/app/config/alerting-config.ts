/** Reads Prometheus' `alerting` section: rules for leaving alerts, and Alertmanagers besides our own. */
import { type Decoder, type Fields, list, object } from '../../config/decode.ts';
import { httpClientFields } from '../../config/http-config.ts';
import { duration, enumeration, string } from '../../config/scalars.ts';
import { sigv4Config } from '../../config/sigv4-config.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import { type Discoveries, discoveryFields } from '../../scrape/discovery-reader.ts';
import { relabelConfigs } from '../../scrape/relabel-reader.ts';
import type { NameScheme, RelabelConfig } from '../../scrape/scrape-config.ts';

export type AlertmanagerTarget = Discoveries & {
  readonly scheme: string;
  readonly pathPrefix: string;
  readonly timeoutMs: DurationMs;
  readonly http: HttpClientConfig;
  readonly relabelConfigs: readonly RelabelConfig[];
  readonly alertRelabelConfigs: readonly RelabelConfig[];
};

export type AlertingConfig = {
  readonly alertRelabelConfigs: readonly RelabelConfig[];
  readonly alertmanagers: readonly AlertmanagerTarget[];
};

export function alertingConfig(scheme: NameScheme): Decoder<AlertingConfig> {
  const alertmanager = object('config.AlertmanagerConfig', (fields) => alertmanagerTarget(fields, scheme));
  return object('config.plain', (fields) => ({
    alertRelabelConfigs: fields.get('alert_relabel_configs', relabelConfigs(scheme, 'empty or null alert relabeling rule')),
    alertmanagers: fields.get('alertmanagers', list(alertmanager, 'empty or null alertmanager config section')),
  }));
}

const apiVersion = enumeration(['v2'], { upstream: (text) => `expected Alertmanager api version to be one of [v2] but got ${text}` });

function alertmanagerTarget(fields: Fields, scheme: NameScheme): AlertmanagerTarget {
  fields.get('api_version', apiVersion);
  fields.unsupported('sigv4', sigv4Config);
  const signed = ['basic_auth', 'authorization', 'oauth2'].filter((name) => fields.has(name)).slice(0, 1);
  if (fields.has('sigv4'))
    fields.exclude([...signed, 'sigv4'], 'at most one of basic_auth, authorization, oauth2, & sigv4 must be configured');
  return {
    scheme: fields.get('scheme', string, 'http'),
    pathPrefix: fields.get('path_prefix', string),
    timeoutMs: fields.get('timeout', duration, durationMs(10_000)),
    http: httpClientFields(fields),
    relabelConfigs: fields.get('relabel_configs', relabelConfigs(scheme, 'empty or null Alertmanager target relabeling rule')),
    alertRelabelConfigs: fields.get('alert_relabel_configs', relabelConfigs(scheme, 'empty or null Alertmanager alert relabeling rule')),
    ...discoveryFields(fields, { refusesUrls: !fields.isSet('relabel_configs') }),
  };
}
