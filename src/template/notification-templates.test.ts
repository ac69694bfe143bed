import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { unixMs } from '../model/time.ts';
import { type NotificationAlert, type NotificationData, notificationData } from './alertmanager-data.ts';
import { NotificationTemplates, parseNotificationTemplates } from './notification-templates.ts';
import type { TemplateFile } from './template-set.ts';

const NOW = unixMs(Date.UTC(2024, 0, 2, 5, 0, 0));
const STARTED = unixMs(Date.UTC(2024, 0, 2, 3, 4, 5));

function data(changes: { readonly routeLabels?: Labels; readonly receiver?: string; readonly resolved?: boolean } = {}): NotificationData {
  const labels = Labels.of({ alertname: 'HighLatency', job: 'api', severity: 'critical' });
  return notificationData({
    receiver: changes.receiver ?? 'team',
    groupLabels: Labels.of({ alertname: 'HighLatency' }),
    routeLabels: changes.routeLabels ?? Labels.empty,
    routeLabelsAreRendered: false,
    notificationReason: 'first notification',
    externalUrl: 'http://am.example',
    now: NOW,
    alerts: ['a:80', '<b>:80'].map((instance, i) => ({
      fingerprint: `f${i}` as never,
      labels: labels.with([['instance', instance]]),
      annotations: Labels.of({ summary: 'Latency is high' }),
      startsAt: STARTED,
      endsAt: changes.resolved === true || i === 1 ? unixMs(NOW - 60_000) : unixMs(NOW + 60_000),
      generatorUrl: i === 0 ? 'http://prom/graph?a=1&b=2' : 'javascript:alert(1)',
    })),
  });
}

function templates(...files: readonly TemplateFile[]): NotificationTemplates {
  const parsed = parseNotificationTemplates(files);
  if ('diagnostics' in parsed) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed;
}

function render(text: string, set = templates(), of = data(), mode: 'text' | 'html' = 'text'): string {
  const rendered = set.renderer(of, NOW)[mode](text);
  return 'error' in rendered ? rendered.error : rendered.text;
}

test.each([
  { text: '', becomes: '' },
  {
    text: '{{ .Status }} {{ .Receiver }} {{ .NotificationReason }} {{ len .Alerts }}/{{ len .Alerts.Firing }}',
    becomes: 'firing team first notification 2/1',
  },
  { text: '{{ template "__subject" . }}', becomes: '[FIRING:1] HighLatency (api critical)' },
  { text: '{{ (index .Alerts 0).StartsAt | tz "Europe/Berlin" | date "15:04 MST" }}', becomes: '04:04 CET' },
  { text: '{{ (index .Alerts 0).StartsAt.Format "2006-01-02" }} {{ (index .Alerts 0).EndsAt.IsZero }}', becomes: '2024-01-02 true' },
  { text: '{{ since (index .Alerts 0).StartsAt | humanizeDuration }}', becomes: '1h 55m 55s' },
  { text: '{{ now.Year }} {{ (now.Sub (index .Alerts 0).StartsAt).Minutes }}', becomes: '2024 115.91666666666667' },
  {
    text: '{{ .CommonLabels.SortedPairs }} {{ .CommonLabels.String }}',
    becomes: '[{alertname HighLatency} {job api} {severity critical}] alertname=HighLatency, job=api, severity=critical',
  },
  { text: '{{ (.CommonLabels.Remove (stringSlice "job")).Names.Join "+" }}', becomes: 'alertname+severity' },
  { text: '{{ toJson (dict "a" 1 "b" (list "<" nil true)) }}', becomes: '{"a":1,"b":["\\u003c",null,true]}' },
  {
    text: '{{ toJson (index .Alerts.Resolved 0) }}',
    becomes:
      '{"status":"resolved","labels":{"alertname":"HighLatency","instance":"\\u003cb\\u003e:80","job":"api","severity":"critical"},"annotations":{"summary":"Latency is high"},"startsAt":"2024-01-02T03:04:05Z","endsAt":"2024-01-02T04:59:00Z","generatorURL":"javascript:alert(1)","fingerprint":"f1"}',
  },
  {
    text: '{{ base64encode "a?>" }} {{ base64decode "YT8-" }} {{ "a%20b+c" | urlUnescape }} [{{ trimSpace " x " }}]',
    becomes: 'YT8- a?> a b c [x]',
  },
  {
    text: '{{ base64decode "YT8*" }}',
    becomes: 'template: :1:3: executing "" at <base64decode "YT8*">: error calling base64decode: illegal base64 data at input byte 3',
  },
  {
    text: '{{ mustToDate "2006" "x" }}',
    becomes:
      'template: :1:3: executing "" at <mustToDate "2006" "x">: error calling mustToDate: parsing time "x" as "2006": cannot parse "x" as "2006"',
  },
  {
    text: '{{ dict "a" }}',
    becomes: 'template: :1:3: executing "" at <dict "a">: error calling dict: dict requires an even number of arguments',
  },
  {
    text: '{{ .Alerts.Firing.Nope }}',
    becomes: 'template: :1:10: executing "" at <.Alerts.Firing.Nope>: can\'t evaluate field Nope in type []template.Alert',
  },
  { text: '{{ .Nope }}', becomes: 'template: :1:3: executing "" at <.Nope>: can\'t evaluate field Nope in type *template.Data' },
  {
    text: '{{ tz "../x" now }}',
    becomes: 'template: :1:3: executing "" at <tz "../x" now>: error calling tz: time: invalid location name',
  },
  { text: '{{ tz "Mars" now }}', becomes: 'template: :1:3: executing "" at <tz "Mars" now>: error calling tz: unknown time zone Mars' },
])('$text becomes $becomes', ({ text, becomes }) => {
  expect(render(text)).toBe(becomes);
});

test('names of receivers have their regular expression characters quoted', () => {
  expect(render('{{ .Receiver }}', templates(), data({ receiver: 'a.b (c)' }))).toBe('a\\.b \\(c\\)');
});

test('a group without a firing alert is resolved', () => {
  expect(render('{{ .Status }} {{ template "slack.default.color" . }}', templates(), data({ resolved: true }))).toBe('resolved good');
});

test('a file replaces built-in templates, an empty definition does not, and later files win', () => {
  const set = templates(
    {
      name: '/etc/t/one.tmpl',
      text: '{{ define "__subject" }}one{{ end }}{{ define "__alertmanager" }} {{ end }}{{ define "own" }}1{{ end }}',
    },
    { name: '/etc/t/two.tmpl', text: '{{ define "__subject" }}two {{ template "own" }}{{ end }}' },
  );
  expect(render('{{ template "slack.default.title" . }}/{{ template "__alertmanager" . }}', set)).toBe('two 1/Alertmanager');
});

test('every file with a mistake is named with its place', () => {
  expect(
    parseNotificationTemplates([
      { name: 'etc/a.tmpl', text: 'x\n  {{ nofunc }}' },
      { name: 'etc/b.tmpl', text: '{{ if }}' },
      { name: 'etc/c.tmpl', text: 'fine' },
    ]),
  ).toEqual({
    diagnostics: [
      {
        code: 'bad_template',
        severity: 'error',
        file: 'etc/a.tmpl',
        line: 2,
        col: 6,
        message: 'function "nofunc" not defined',
        upstream: 'template: a.tmpl:2: function "nofunc" not defined',
      },
      {
        code: 'bad_template',
        severity: 'error',
        file: 'etc/b.tmpl',
        line: 1,
        col: 7,
        message: 'missing value for if',
        upstream: 'template: b.tmpl:1: missing value for if',
      },
    ],
  });
});

test('route labels are rendered once each and may refer to each other, but not in a circle', () => {
  const routeLabels = Labels.of({
    team: 'core',
    page: '{{ routeLabels "team" }}-{{ .GroupLabels.alertname }}',
    a: '{{ routeLabels "b" }}',
    b: '{{ routeLabels "a" }}',
  });
  expect(render('{{ routeLabels "page" }}|{{ routeLabels "none" }}', templates(), data({ routeLabels }))).toBe('core-HighLatency|');
  expect(render('{{ routeLabels "a" }}', templates(), data({ routeLabels }))).toContain('route label cycle detected: a -> b -> a');
  expect(templates().routeLabels(data({ routeLabels: routeLabels.without(['a', 'b']) }), NOW)).toEqual(
    Labels.of({ team: 'core', page: 'core-HighLatency' }),
  );
  expect(templates().routeLabels(data({ routeLabels }), NOW)).toHaveProperty('error');
});

test('route labels that were rendered are taken as they are', () => {
  const rendered = { ...data({ routeLabels: Labels.of({ a: '{{ x' }) }), routeLabelsAreRendered: true };
  expect(render('{{ routeLabels "a" }}', templates(), rendered)).toBe('{{ x');
});

const visible = (html: string): string =>
  html
    .replace(/<head>[^]*<\/head>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

test.each([
  { given: 'no alert', alerts: [], text: ' 0 alert for alertname=HighLatency View in Alertmanager Sent by Alertmanager ' },
  {
    given: 'an alert that says nothing of its origin',
    alerts: [{ ...data().alerts[0], annotations: Labels.empty, generatorUrl: '' } as NotificationAlert],
    text: ' 1 alert for alertname=HighLatency View in Alertmanager [1] Firing Labels alertname = HighLatency instance = a:80 job = api severity = critical Source Sent by Alertmanager ',
  },
])('the e-mail of $given reads as that of Alertmanager', ({ alerts, text }) => {
  expect(visible(render('{{ template "email.default.html" . }}', templates(), { ...data(), alerts }, 'html'))).toBe(text);
});

test('the e-mail shows every alert, escaped, and no unsafe link', () => {
  const html = render('{{ template "email.default.html" . }}', templates(), data(), 'html');
  expect(visible(html)).toBe(
    ' 2 alerts for alertname=HighLatency View in Alertmanager [1] Firing Labels alertname = HighLatency instance = a:80 job = api severity = critical Annotations summary = Latency is high Source [1] Resolved Labels alertname = HighLatency instance = &lt;b&gt;:80 job = api severity = critical Annotations summary = Latency is high Source Sent by Alertmanager ',
  );
  expect([...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1])).toEqual([
    'http://am.example/#/alerts?receiver=team',
    'http://prom/graph?a=1&amp;b=2',
    '#ZgotmplZ',
    'http://am.example',
  ]);
  expect(html).toContain('<title>[FIRING:1] HighLatency (api critical)</title>');
});
