/** The page behind the link in a notification, made for a thumb at night: what fires, and three buttons. */
import { html } from 'hono/html';
import type { ActionPage, ActionPageAlert } from '../api/actions/backend.ts';
import { type Html, instant, length, severityClass, shapeOf, shell } from './page.ts';

export function renderActionPage(page: ActionPage): Html {
  const { title, alerts, moreAlerts, isFiring, acknowledged, isSilenced, notice, receiver, sentAt, now } = page;
  const firing = alerts.filter((alert) => alert.isFiring).length;
  const [first] = alerts;
  return shell(
    `${first?.name ?? 'Alerts'} · ${title}`,
    html`<meta name="robots" content="noindex">`,
    html`<header><h1>${title}</h1><p>sent to <b>${receiver}</b> at ${instant(sentAt)} UTC, ${length(now - sentAt)} ago</p></header>
<main>
${notice === null ? '' : html`<p class="notice" role="status">${notice}</p>`}
${acknowledged === null ? '' : html`<p class="notice">Acknowledged by <b>${acknowledged.by}</b> at ${instant(acknowledged.at)} UTC, ${length(now - acknowledged.at)} ago</p>`}
${isSilenced ? html`<p class="notice">Silenced</p>` : ''}
${isFiring ? actions() : html`<p>Nothing of this fires any more.</p>`}
<section aria-labelledby="alerts"><h2 id="alerts">Alerts <span class="count">${alerts.length + moreAlerts}, ${firing === alerts.length && moreAlerts === 0 ? 'all firing' : `${firing} of those shown firing`}</span></h2>
${alerts.map((alert) => alertCard(alert, now))}
${moreAlerts === 0 ? '' : html`<p>and ${moreAlerts} more</p>`}
</section>
</main>`,
  );
}

/** Says no more than that: whoever guesses learns nothing. */
export const renderGoneActionPage = (): Html =>
  shell(
    'This link leads nowhere',
    html`<meta name="robots" content="noindex">`,
    html`<main><h1>This link leads nowhere</h1><p>It was not made here, or it is older than seven days.</p></main>`,
  );

/** Sent to the address that the page has, whatever a proxy has put in front of it. */
const actions = (): Html => html`<form method="post" class="actions">
<p><label>Your name, for the record<br><input name="name" autocomplete="name" maxlength="80"></label></p>
<p><button name="action" value="acknowledge">Acknowledge</button>
<button name="action" value="escalate">Escalate</button>
<button name="action" value="silence">Silence for 1 h</button></p>
</form>`;

const alertCard = (
  { isFiring, name, severity, summary, labels, startsAt }: ActionPageAlert,
  now: number,
): Html => html`<article class="alert ${severityClass(severity)}">
<h3>${shapeOf(severity)} ${name} <small>${isFiring ? `firing for ${length(now - startsAt)}` : 'resolved'}</small></h3>
<p>${summary}</p>
<p class="labels">${labels.map(([label, value]) => html`<span class="label">${label}=${value}</span> `)}</p>
</article>`;
