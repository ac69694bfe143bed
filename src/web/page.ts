/**
 * The plain page at /: what fires, what was sent, what is silenced, what is scraped, what is wrong. Server-rendered,
 * without script; every value is escaped by hono's html tag. Colour is never the only sign.
 */
import { html, raw } from 'hono/html';
import type { Overview, OverviewAlert, OverviewNotification, OverviewSilence, OverviewTarget } from '../api/tocsin-v1/overview.ts';

export type Html = ReturnType<typeof html>;

export function renderPage(overview: Overview): Html {
  const { title, alerts, alertCount, now, prefix } = overview;
  return shell(
    `${alertCount > 0 ? `(${alertCount}) ` : ''}${title}`,
    html`<meta http-equiv="refresh" content="15">`,
    html`<header><h1>${title}</h1><p>${headline(overview)}</p></header>
<main>
${overview.notice === null ? '' : html`<p class="notice" role="status">${overview.notice}</p>`}
${overview.problems.length === 0 ? '' : html`<section aria-labelledby="problems"><h2 id="problems">Look at this</h2><ul>${overview.problems.map((problem) => html`<li>${problem}</li>`)}</ul></section>`}
<section aria-labelledby="alerts"><h2 id="alerts">Firing alerts <span class="count">${alertCount}</span></h2>
${alerts.length === 0 ? html`<p>No alert fires. ${overview.rules.rules} rules are evaluated.</p>` : alerts.map((alert) => alertCard(alert, now, prefix))}
${alertCount > alerts.length ? html`<p>${alertCount - alerts.length} more: <a href="${prefix}/api/v2/alerts">all as JSON</a></p>` : ''}
</section>
<section aria-labelledby="sent"><h2 id="sent">Sent</h2>
${overview.notifications.length === 0 ? html`<p>Nothing yet.</p>` : overview.notifications.map((notification) => sentCard(notification, now, prefix))}
</section>
<section aria-labelledby="silences"><h2 id="silences">Silences <span class="count">${overview.silences.length}</span></h2>
${silenceTable(overview.silences, now, prefix)}
<p><a href="${prefix}/silences/new">New silence</a></p>
</section>
<section aria-labelledby="targets"><h2 id="targets">Targets <span class="count">${overview.targets.length}</span></h2>
${targetTable(overview.targets, now)}
</section>
${overview.rules.failing.length === 0 ? '' : html`<section aria-labelledby="rules"><h2 id="rules">Failing rules</h2><ul>${overview.rules.failing.map(({ rule, error }) => html`<li><b>${rule}</b>: ${error}</li>`)}</ul></section>`}
</main>
<footer><p>Tocsin ${overview.version} · <a href="${prefix}/metrics">own metrics</a> · <a href="${prefix}/api/v1/rules">rules</a> · <a href="${prefix}/api/tocsin/v1/notifications">notifications</a> · times are UTC</p></footer>`,
  );
}

/** The form for a new silence: a page of its own, which does not reload under the fingers. `error`: why the last try failed; `values`: what was typed. */
export function renderSilenceForm(options: {
  readonly title: string;
  readonly prefix: string;
  readonly error: string | null;
  readonly values: Readonly<Record<string, string>>;
}): Html {
  const { title, prefix, error, values } = options;
  return shell(
    `New silence · ${title}`,
    html``,
    html`<header><h1><a href="${prefix}/">${title}</a></h1></header>
<main><h2>New silence</h2>
${error === null ? '' : html`<p class="notice" role="alert">${error}</p>`}
<form method="post" action="${prefix}/silences" class="silence">
<p><label>Matchers, all of which must match<br><input name="matchers" required size="60" value="${values['matchers'] ?? ''}" placeholder='alertname="HostDiskWillFill", instance=~"db.*"'></label></p>
<p><label>For how long<br><input name="duration" required size="8" value="${values['duration'] ?? '2h'}"></label></p>
<p><label>Your name<br><input name="createdBy" required autocomplete="name" value="${values['createdBy'] ?? ''}"></label></p>
<p><label>Why<br><input name="comment" required size="60" value="${values['comment'] ?? ''}"></label></p>
<p><button>Silence</button> <a href="${prefix}/">Back</a></p>
</form></main>`,
  );
}

export const shell = (title: string, head: Html, body: Html): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${head}
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
${body}
</body>
</html>`;

function headline({ alertCount, pendingCount, rules, now, startedAt, targets }: Overview): string {
  const down = targets.filter(({ health }) => health === 'down').length;
  const evaluated = rules.evaluatedAt === null ? 'not evaluated yet' : `last evaluated ${ago(rules.evaluatedAt, now)}`;
  return `${alertCount} firing, ${pendingCount} pending · ${rules.rules} rules in ${rules.groups} groups, ${evaluated} · ${targets.length} targets, ${down} down · up ${length(now - startedAt)}`;
}

function alertCard(alert: OverviewAlert, now: number, prefix: string): Html {
  const name = alert.labels.find(([label]) => label === 'alertname')?.[1] ?? 'alert';
  const severity = alert.labels.find(([label]) => label === 'severity')?.[1] ?? '';
  const summary = alert.annotations.find(([label]) => label === 'summary')?.[1] ?? '';
  return html`<article class="alert ${severityClass(severity)}">
<h3>${shapeOf(severity)} ${name} <small>${stateText(alert)}</small></h3>
<p>${summary}</p>
<p class="labels">${alert.labels.filter(([label]) => label !== 'alertname').map(([label, value]) => html`<span class="label">${label}=${value}</span> `)}</p>
<p>firing for ${length(now - alert.startsAt)}, since ${instant(alert.startsAt)}${alert.generatorUrl === '' ? '' : html` · <a href="${safeUrl(alert.generatorUrl)}">expression</a>`} · <a href="${prefix}/silences/new?matchers=${encodeURIComponent(matchersOf(alert))}">silence</a></p>
${alert.routes.map(({ receiver, routeKey, groupKey, nextFlushAt, acknowledged }) => html`<p>route <code>${routeKey}</code> → receiver <b>${receiver}</b>, group <code>${groupKey}</code>${nextFlushAt === null ? '' : `, looked at again ${nextFlushAt > now ? `in ${length(nextFlushAt - now)}` : 'now'}`}${acknowledged === null ? '' : html`, <b>acknowledged</b> by ${acknowledged.by} ${length(now - acknowledged.at)} ago`}</p>`)}
<details><summary>annotations and what happened to it</summary>
<dl>${alert.annotations.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>
<ol>${alert.story.map(({ at, stage, verdict, reason, detail }) => html`<li><time>${instant(at)}</time> ${stage}: ${verdict} (${reason})${detail === '' ? '' : html` <code>${detail}</code>`}</li>`)}</ol>
</details>
</article>`;
}

function sentCard(notification: OverviewNotification, now: number, prefix: string): Html {
  const { subject, text, id } = notification;
  return html`<article class="sent">
<h3>${subject ?? `${notification.integration} to ${notification.receiver}`} <small>${notification.state}</small></h3>
<p>${ago(notification.createdAt, now)} (${instant(notification.createdAt)}) · receiver <b>${notification.receiver}</b> by ${notification.integration} · ${notification.reason} · ${notification.alerts} ${notification.alerts === 1 ? 'alert' : 'alerts'} · group <code>${notification.groupKey}</code>${notification.answer === '' ? '' : html` · ${notification.answer}`}</p>
${text === null ? '' : html`<details><summary>as sent</summary><pre>${text}</pre><p><a href="${prefix}/inbox/${encodeURIComponent(id)}">as a web page</a></p></details>`}
</article>`;
}

function silenceTable(silences: readonly OverviewSilence[], now: number, prefix: string): Html {
  if (silences.length === 0) return html`<p>Nothing is silenced.</p>`;
  return html`<table><thead><tr><th>matchers</th><th>state</th><th>ends</th><th>by</th><th>comment</th><th></th></tr></thead><tbody>
${silences.map(
  ({
    id,
    matchers,
    state,
    startsAt,
    endsAt,
    createdBy,
    comment,
  }) => html`<tr><td><code>${matchers}</code></td><td>${state === 'pending' ? `starts ${instant(startsAt)}` : 'active'}</td><td>in ${length(endsAt - now)}</td><td>${createdBy}</td><td>${comment}</td>
<td><form method="post" action="${prefix}/silences/${encodeURIComponent(id)}/expire"><button>Expire</button></form></td></tr>`,
)}
</tbody></table>`;
}

function targetTable(targets: readonly OverviewTarget[], now: number): Html {
  if (targets.length === 0) return html`<p>Nothing is scraped: add a job below <code>scrape_configs</code>.</p>`;
  return html`<table><thead><tr><th>job</th><th>target</th><th>health</th><th>last scrape</th><th>error</th></tr></thead><tbody>
${targets.map(
  ({ job, url, health, lastScrapeAt, lastScrapeMs, lastError }) =>
    html`<tr><td>${job}</td><td><a href="${safeUrl(url)}">${url}</a></td><td>${health === 'up' ? '✓ up' : health === 'down' ? '✗ down' : '? not yet'}</td><td>${lastScrapeAt === null ? '' : `${ago(lastScrapeAt, now)}, ${Math.round(lastScrapeMs)} ms`}</td><td>${lastError}</td></tr>`,
)}
</tbody></table>`;
}

const matchersOf = (alert: OverviewAlert): string =>
  alert.labels.map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(', ');

function stateText({ state, silencedBy, inhibitedBy, mutedBy }: OverviewAlert): string {
  if (silencedBy.length > 0) return `silenced by ${silencedBy.join(', ')}`;
  if (inhibitedBy.length > 0) return `inhibited by ${inhibitedBy.join(', ')}`;
  if (mutedBy.length > 0) return `muted by ${mutedBy.join(', ')}`;
  return state === 'unprocessed' ? 'not looked at yet' : 'firing';
}

/** Only links that a browser may follow: a label can hold any text. */
const safeUrl = (url: string): string => (/^https?:\/\//i.test(url) ? url : '#');
export const severityClass = (severity: string): string =>
  ['critical', 'page', 'error'].includes(severity)
    ? 'critical'
    : severity === 'warning'
      ? 'warning'
      : severity === 'info' || severity === 'none'
        ? 'info'
        : 'other';
export const shapeOf = (severity: string): string =>
  ({ critical: '⬣', warning: '▲', info: '●', other: '□' })[severityClass(severity)] ?? '□';

export const instant = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 19);
const ago = (ms: number, now: number): string => (now - ms < 1000 ? 'just now' : `${length(now - ms)} ago`);

/** 42 s, 5 min, 3 h 12 min, 4 d 2 h. */
export function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const STYLE = `
:root{color-scheme:light dark;--text:#1b1f23;--muted:#57606a;--line:#d0d7de;--page:#fff;--critical:#b3261e;--warning:#7a5200;--info:#1a5fb4}
@media(prefers-color-scheme:dark){:root{--text:#e6e8ea;--muted:#9aa4ae;--line:#3a4047;--page:#14171a;--critical:#ff8a80;--warning:#f0b93a;--info:#7db7ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;font:14px/1.45 system-ui,sans-serif;color:var(--text);background:var(--page)}
h1{font-size:20px;margin:0}h2{font-size:16px;margin:24px 0 8px;border-bottom:1px solid var(--line)}h3{font-size:14px;margin:0}
header p,footer,small,.count{color:var(--muted)}p{margin:4px 0}
article{border-left:4px solid var(--line);padding:4px 12px;margin:8px 0}
.critical{border-color:var(--critical)}.critical h3{color:var(--critical)}.warning{border-color:var(--warning)}.warning h3{color:var(--warning)}.info{border-color:var(--info)}.info h3{color:var(--info)}
code,pre,.label{font:13px ui-monospace,monospace}.label{border:1px solid var(--line);padding:0 4px;overflow-wrap:anywhere}
code{overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);padding:8px}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:4px 8px 4px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
form.silence{margin-top:12px}.actions button{font-size:16px;min-height:44px;margin:4px 8px 4px 0;padding:0 16px}form.silence label{display:inline-block;margin:4px 12px 4px 0}input,button{font:inherit;min-height:28px}
.notice{border:1px solid var(--info);padding:8px}dt{font-weight:600}dd{margin:0 0 4px}
`;
