/**
 * The templates that Alertmanager has built in: the same names, the same output (conformance: template/defaults.json).
 * Most of them say the same for another provider, so they are put together here from a few parts.
 */
import { EMAIL_TEMPLATE } from './email-template.ts';
import type { TemplateFile } from './template-set.ts';

const define = (name: string, body: string): string => `{{ define "${name}" }}${body}{{ end }}`;
const call = (name: string, argument = '.'): string => `{{ template "${name}" ${argument} }}`;

const STATUS = '{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}';
const GROUP = '{{ join " " .GroupLabels.Values }}';
/** What the alerts have in common beside the group's own labels. */
const REST = '{{ if lt (len .GroupLabels) (len .CommonLabels) }}({{ join " " (.CommonLabels.Remove .GroupLabels.Names).Values }}){{ end }}';
const COMMON_ANNOTATIONS = '{{ join " " .CommonAnnotations.Values }}';
const COLOR = '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}';

/** A label set, one line a pair. */
const lines = (field: 'Labels' | 'Annotations', indent: string): string =>
  `${field}:\n{{ range .${field}.SortedPairs }}${indent}- {{ .Name }} = {{ .Value }}\n{{ end }}`;

const PARTS = [
  define('__alertmanager', 'Alertmanager'),
  define('__alertmanagerURL', '{{ .ExternalURL }}/#/alerts?receiver={{ urlquery .Receiver }}'),
  define('__subject', `[${STATUS}] ${GROUP} ${REST}`),
  define('__description', ''),
  define('__text_alert_list', `{{ range . }}${lines('Labels', ' ')}${lines('Annotations', ' ')}Source: {{ .GeneratorURL }}\n{{ end }}`),
  define(
    '__text_alert_list_markdown',
    `{{ range . }}\n${lines('Labels', '  ')}\n${lines('Annotations', '  ')}\nSource: {{ .GeneratorURL }}\n{{ end }}\n`,
  ),
];

/** One section a state, each left out where there are no such alerts. */
const sections = (section: (state: 'Firing' | 'Resolved') => string): readonly [firing: string, resolved: string] => [
  `{{ if .Alerts.Firing }}${section('Firing')}{{ end }}`,
  `{{ if .Alerts.Resolved }}${section('Resolved')}{{ end }}`,
];

const TIGHT = sections((state) => `Alerts ${state}:\n${call('__text_alert_list', `.Alerts.${state}`)}`).join('\n');
const LOOSE = sections((state) => `\nAlerts ${state}:\n${call('__text_alert_list', `.Alerts.${state}`)}\n`)
  .map((section) => `\n${section}`)
  .join('')
  .concat('\n');
const MARKDOWN = sections((state) => `\n# Alerts ${state}:\n${call('__text_alert_list_markdown', `.Alerts.${state}`)}\n`)
  .map((section) => `\n${section}`)
  .join('')
  .concat('\n');

/** The first of the severities that an alert has is the priority; alerts that are over count where none fires. */
const PRIORITIES = [
  ['critical', 'High'],
  ['warning', 'Medium'],
  ['info', 'Low'],
] as const;
const priorityOf = (alerts: string): string => {
  const ranks = PRIORITIES.map(
    ([severity, priority]) =>
      `{{ if not $priority }}{{ range ${alerts} }}{{ if eq .Labels.severity "${severity}" }}{{ $priority = "${priority}" }}{{ end }}{{ end }}{{ end }}`,
  );
  return ranks.join('');
};
const PRIORITY = `{{ $priority := "" }}${priorityOf('.Alerts.Firing')}${priorityOf('.Alerts.Resolved')}{{ $priority }}`;

/** Bodies by what they say, and the names that say it. */
const NAMES: readonly (readonly [body: string, names: readonly string[]])[] = [
  [
    call('__subject'),
    [
      'discord.default.title',
      'email.default.subject',
      'jira.default.summary',
      'mattermost.default.title',
      'msteams.default.summary',
      'msteams.default.title',
      'msteamsv2.default.title',
      'opsgenie.default.message',
      'pagerduty.default.description',
      'pushover.default.title',
      'rocketchat.default.title',
      'slack.default.title',
      'sns.default.subject',
      'victorops.default.entity_display_name',
    ],
  ],
  [
    call('__alertmanager'),
    [
      'mattermost.default.username',
      'pagerduty.default.client',
      'rocketchat.default.alias',
      'slack.default.username',
      'victorops.default.monitoring_tool',
    ],
  ],
  [
    call('__alertmanagerURL'),
    [
      'mattermost.default.titlelink',
      'opsgenie.default.source',
      'pagerduty.default.clientURL',
      'pushover.default.url',
      'rocketchat.default.titlelink',
      'slack.default.titlelink',
    ],
  ],
  [
    '',
    [
      'discord.default.content',
      'rocketchat.default.emoji',
      'rocketchat.default.iconurl',
      'rocketchat.default.text',
      'slack.default.callbackid',
      'slack.default.footer',
      'slack.default.iconemoji',
      'slack.default.iconurl',
      'slack.default.pretext',
      'slack.default.text',
      'wechat.default.agent_id',
      'wechat.default.to_party',
      'wechat.default.to_tag',
      'wechat.default.to_user',
    ],
  ],
  [COLOR, ['mattermost.default.color', 'slack.default.color']],
  [`${call('slack.default.title')} | ${call('slack.default.titlelink')}`, ['slack.default.fallback']],
  [`${call('mattermost.default.title')} | ${call('mattermost.default.titlelink')}`, ['mattermost.default.fallback']],
  [call('__text_alert_list'), ['pagerduty.default.instances']],
  [`${COMMON_ANNOTATIONS}\n${TIGHT}`, ['opsgenie.default.description', 'victorops.default.state_message']],
  [`${call('__subject')}\n${COMMON_ANNOTATIONS}\n${TIGHT}\nAlertmanagerUrl:\n${call('__alertmanagerURL')}`, ['wechat.default.message']],
  [`${COMMON_ANNOTATIONS}${LOOSE}`, ['pushover.default.message', 'sns.default.message', 'webex.default.message']],
  [LOOSE, ['discord.default.message', 'telegram.default.message']],
  [MARKDOWN, ['jira.default.description', 'mattermost.default.text', 'msteams.default.text', 'msteamsv2.default.text']],
  [PRIORITY, ['jira.default.priority']],
];

/** Ours: Alertmanager neither calls nor texts. Of the alerts that fire the first stands for the others. */
const NAME =
  '{{ with .GroupLabels.alertname }}{{ . }}{{ else }}{{ with (index .Alerts 0).Labels.alertname }}{{ . }}{{ else }}alerts{{ end }}{{ end }}';
const SEVERITY = '{{ with .CommonLabels.severity }}{{ . }}{{ end }}';
const annotation = (name: string): string =>
  `{{ with .CommonAnnotations.${name} }}{{ . }}{{ else }}{{ with (index .Alerts 0).Annotations.${name} }}{{ . }}{{ end }}{{ end }}`;
const SUMMARY = `{{ if or .CommonAnnotations.summary (index .Alerts 0).Annotations.summary }}${annotation('summary')}{{ else }}${annotation('description')}{{ end }}`;
const SPOKEN =
  `{{ if eq .Status "firing" }}{{ with .CommonLabels.severity }}{{ . | title }} alert{{ else }}Alert{{ end }}: ${NAME}. ${SUMMARY}. ` +
  '{{ $firing := .Alerts.Firing }}{{ if gt (len $firing) 1 }}{{ len $firing }} alerts, firing{{ else }}Firing{{ end }} ' +
  'for {{ humanizeDuration (since (index $firing 0).StartsAt) }}.' +
  `{{ else }}Resolved: ${NAME}. ${SUMMARY}.{{ end }}`;
const TEXTED =
  `{{ if eq .Status "firing" }}FIRING{{ $firing := .Alerts.Firing }}{{ if gt (len $firing) 1 }} {{ len $firing }}{{ end }} ${NAME} ${SEVERITY}: ${SUMMARY} ` +
  '(since {{ (index $firing 0).StartsAt.UTC.Format "15:04" }} UTC)' +
  `{{ else }}RESOLVED ${NAME} ${SEVERITY}: ${SUMMARY}{{ end }}`;

const OURS = [define('phone.default.message', SPOKEN), define('sms.default.message', TEXTED)];

export const DEFAULT_TEMPLATES: readonly TemplateFile[] = [
  { name: 'default.tmpl', text: [...PARTS, ...NAMES.flatMap(([body, names]) => names.map((name) => define(name, body)))].join('\n') },
  { name: 'telephone.tmpl', text: OURS.join('\n') },
  { name: 'email.tmpl', text: define('email.default.html', EMAIL_TEMPLATE) },
];
