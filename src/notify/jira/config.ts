/** Reads `jira_configs` and what of `global` they fall back to (alertmanager notify/jira/config.go). */
import { type Decoder, type Fields, list, object } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, duration, enumeration, string } from '../../config/scalars.ts';
import type { HttpClientConfig } from '../../model/http.ts';
import type { DurationMs } from '../../model/time.ts';
import { type PlainMap, plainMap } from '../plain-map.ts';
import { apiUrl } from '../url-field.ts';

export type JiraConfig = {
  readonly kind: 'jira';
  readonly http: HttpClientConfig;
  readonly apiUrl: string;
  readonly apiType: 'auto' | 'cloud' | 'datacenter';
  readonly project: string;
  readonly summary: JiraField;
  readonly description: JiraField;
  readonly labels: readonly string[];
  readonly priority: string;
  readonly issueType: string;
  /** Names of transitions; '' for none. */
  readonly reopenTransition: string;
  readonly resolveTransition: string;
  readonly wontFixResolution: string;
  /** 0: closed issues are not reopened. */
  readonly reopenDurationMs: DurationMs;
  /** The issue's other fields; texts in them are templates. */
  readonly fields: PlainMap;
};

/** `enableUpdate`: also written to an issue that exists. */
export type JiraField = { readonly template: string; readonly enableUpdate: boolean };

export type JiraGlobals = { readonly apiUrl: string };

export const jiraGlobals = (fields: Fields): JiraGlobals => ({ apiUrl: fields.get('jira_api_url', apiUrl) });

export function readJira(fields: Fields, globalHttp: HttpClientConfig, globals: JiraGlobals): JiraConfig {
  const project = fields.get('project', string);
  const issueType = fields.get('issue_type', string);
  if (project === '')
    fields.problem('project', { code: 'missing_field', message: 'missing project in jira_config', hint: 'add project: KEY' });
  if (issueType === '')
    fields.problem('issue_type', { code: 'missing_field', message: 'missing issue_type in jira_config', hint: 'add issue_type: Bug' });
  const address = fields.get('api_url', apiUrl) || globals.apiUrl;
  if (address === '')
    fields.problem('api_url', {
      code: 'missing_field',
      message: 'no global Jira Cloud URL set',
      hint: 'set api_url here or jira_api_url below global',
    });
  const type = fields.get('api_type', apiType, 'auto' as const);
  if (fields.node('api_type') !== null && !fields.isSet('api_type')) fields.problem('api_type', { code: 'bad_value', message: API_TYPES });
  return {
    kind: 'jira',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    apiUrl: address,
    apiType: type,
    project,
    summary: fields.get('summary', fieldWith(SUMMARY), { template: SUMMARY, enableUpdate: true }),
    description: fields.get('description', fieldWith(DESCRIPTION), { template: DESCRIPTION, enableUpdate: true }),
    labels: fields.get('labels', list(string)),
    priority: fields.get('priority', string, '{{ template "jira.default.priority" . }}'),
    issueType,
    reopenTransition: fields.get('reopen_transition', string),
    resolveTransition: fields.get('resolve_transition', string),
    wontFixResolution: fields.get('wont_fix_resolution', string),
    reopenDurationMs: fields.get('reopen_duration', duration),
    fields: fields.get('fields', plainMap),
  };
}

const SUMMARY = '{{ template "jira.default.summary" . }}';
const DESCRIPTION = '{{ template "jira.default.description" . }}';

const API_TYPES = 'unknown api_type on jira_config, must be auto, cloud or datacenter';
const apiType = enumeration(['auto', 'cloud', 'datacenter'], { upstream: () => API_TYPES });

/** A template, or a map with one. */
function fieldWith(template: string): Decoder<JiraField> {
  const long = object(
    'jira.plain',
    (fields): JiraField => ({
      template: fields.get('template', string, template),
      enableUpdate: fields.get('enable_update', bool, true),
    }),
  );
  return {
    ...long,
    expects: 'a template, or a map with template and enable_update',
    read: (node, sink) => (node.kind === 'scalar' ? { template: node.text, enableUpdate: true } : long.read(node, sink)),
  };
}
