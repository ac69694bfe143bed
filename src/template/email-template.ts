/**
 * The HTML of a notification by e-mail: one column that fits a telephone, styles in the elements because mail programs
 * drop style sheets, tables only to hold the width in Outlook. The status stands in words, not in the colour alone.
 * An alert costs little beside its text, since Gmail cuts a message off at 102 kB.
 */
const FONT = 'font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif';
/** Set where text stands and inherited from there. */
const TEXT = `${FONT};font-size:15px;line-height:22px;color:#1f2328;overflow-wrap:anywhere`;
const FIRING = '#b3261e';
const RESOLVED = '#1a6b34';
const LINK = '#0b5cad';

const row = (style: string, content: string): string => `<tr><td style="${style}">${content}</td></tr>`;

const pairs = (field: 'Labels' | 'Annotations'): string => `{{ with .${field}.SortedPairs }}<b>${field}</b><br>
{{ range . }}{{ .Name }} = {{ .Value }}<br>
{{ end }}{{ end }}`;

const alert = (color: string): string => `<div style="margin:0 0 20px 0;padding-left:14px;border-left:4px solid ${color}">
${pairs('Labels')}${pairs('Annotations')}<a href="{{ .GeneratorURL }}" style="color:${LINK}">Source</a></div>
`;

const section = (state: 'Firing' | 'Resolved', color: string): string => {
  const title = `<h2 style="margin:0 0 12px 0;font-size:17px;line-height:24px;color:${color}">[{{ len . }}] ${state}</h2>`;
  return `{{ with .Alerts.${state} }}${row(`padding:20px 20px 0 20px;${TEXT}`, `${title}\n{{ range . }}${alert(color)}{{ end }}`)}
{{ end }}`;
};

const header = (color: string): string =>
  row(
    `padding:16px 20px;background-color:${color};${FONT};font-size:17px;line-height:24px;font-weight:600;color:#ffffff;overflow-wrap:anywhere`,
    '{{ len .Alerts }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for {{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}',
  );

const BUTTON = row(
  'padding:20px 20px 0 20px',
  `<a href="{{ template "__alertmanagerURL" . }}" style="display:inline-block;padding:11px 16px;border-radius:4px;background-color:${LINK};${FONT};font-size:15px;line-height:22px;color:#ffffff;text-decoration:none">View in {{ template "__alertmanager" . }}</a>`,
);

const FOOTER = row(
  `padding:0 20px 20px 20px;${FONT};font-size:13px;line-height:18px;color:#59636e`,
  '<a href="{{ .ExternalURL }}" style="color:#59636e">Sent by {{ template "__alertmanager" . }}</a>',
);

const WIDE = 'role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"';

export const EMAIL_TEMPLATE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ template "__subject" . }}</title>
</head>
<body style="margin:0;padding:0;background-color:#f3f4f6">
<table ${WIDE} style="background-color:#f3f4f6"><tr><td align="center" style="padding:16px 8px">
<table ${WIDE} style="max-width:640px;background-color:#ffffff;text-align:left">
{{ if .Alerts.Firing }}${header(FIRING)}{{ else }}${header(RESOLVED)}{{ end }}
${BUTTON}
${section('Firing', FIRING)}${section('Resolved', RESOLVED)}${FOOTER}
</table>
</td></tr></table>
</body>
</html>
`;
