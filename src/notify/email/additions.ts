/**
 * What our mail has beyond Alertmanager's: a chart of what raised the alerts, and links to do something about them. They
 * stand above the built-in HTML, so that a telephone shows them first and Gmail, which cuts long mails, keeps them; the
 * template itself stays as it is. Styles as in the template: in the elements, tables for Outlook, light whatever the theme.
 */
import { escapeMarkup } from '../../lib/escape-markup.ts';
import type { NotificationData } from '../../template/alertmanager-data.ts';
import { truncateRunes } from '../../template/truncate.ts';
import type { ChartImage } from '../chart/charts.ts';
import type { ActionLink } from './action-links.ts';

export type Additions = {
  readonly chart: ChartImage | null;
  /** By which the HTML names the chart's picture. */
  readonly contentId: string;
  readonly links: readonly ActionLink[];
  /** Alerts that the mail leaves out to be small enough. */
  readonly omitted: number;
};

const FONT = 'font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif';
const WIDE = 'role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"';
const LINK = '#0b5cad';
/** As wide as the template's column; the drawing's own margin brings its content in line with the text. */
const CHART_WIDTH_PX = 630;
const PREVIEW_RUNES_MAX = 140;

export function withAdditions(html: string, additions: Additions, data: NotificationData): string {
  const rows = [chartRow(additions), linkRow(additions.links), omittedRow(additions.omitted)].filter((row) => row !== '');
  if (rows.length === 0) return html;
  const block = `${preview(data)}<table ${WIDE} style="background-color:#f3f4f6"><tr><td align="center" style="padding:16px 8px 0 8px">
<table ${WIDE} style="max-width:640px;background-color:#ffffff;text-align:left">
${rows.join('\n')}
</table>
</td></tr></table>
`;
  const body = /<body\b[^>]*>\r?\n?/i.exec(html);
  return body === null ? block + html : insertAt(html, body.index + body[0].length, block);
}

/** The lines below the text. */
export function additionLines({ chart, links, omitted }: Additions): string {
  const paragraphs = [
    omitted === 0 ? [] : [omittedText(omitted)],
    chart === null ? [] : [chart.caption, chart.link],
    links.map(({ label, url }) => `${label}: ${url}`),
  ];
  return paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => `\n\n${lines.join('\n')}`)
    .join('');
}

/** For the HTML of a user, who is not to think that these are all. */
export function withOmission(html: string, omitted: number): string {
  if (omitted === 0) return html;
  const end = html.search(/<\/body\s*>/i);
  return insertAt(html, end < 0 ? html.length : end, `<p>${escapeMarkup(omittedText(omitted))}</p>\n`);
}

export const omittedText = (omitted: number): string =>
  `and ${omitted} more ${omitted === 1 ? 'alert' : 'alerts'}, left out because the mail server takes no larger mail`;

/** What a list of mails shows beside the subject; nobody sees it in the mail itself. */
function preview({ commonAnnotations, alerts }: NotificationData): string {
  const annotations = commonAnnotations.size > 0 ? commonAnnotations : alerts[0]?.annotations;
  const words = annotations?.get('summary') || annotations?.get('description') || '';
  if (words === '') return '';
  return `<div style="display:none;max-height:0;overflow:hidden">${escapeMarkup(truncateRunes(words, PREVIEW_RUNES_MAX).text)}</div>\n`;
}

function chartRow({ chart, contentId }: Additions): string {
  if (chart === null) return '';
  const caption = escapeMarkup(chart.caption);
  const link = escapeMarkup(chart.link);
  const style = `${FONT};font-size:15px;line-height:22px;color:#1f2328;overflow-wrap:anywhere`;
  if (chart.png === null)
    return row(`padding:16px 20px 0 20px;${style}`, `<a href="${link}" style="color:#1f2328;text-decoration:none">${caption}</a>`);
  const height = Math.round((chart.heightPx * CHART_WIDTH_PX) / chart.widthPx);
  const image = `<img src="cid:${contentId}" width="${CHART_WIDTH_PX}" height="${height}" alt="${caption}" style="display:block;width:100%;max-width:${CHART_WIDTH_PX}px;height:auto;border:0;background-color:#ffffff;${style}">`;
  return row('padding:5px 5px 0 5px', `<a href="${link}" style="color:#1f2328;text-decoration:none">${image}</a>`);
}

/** The first is what is wanted most. */
function linkRow(links: readonly ActionLink[]): string {
  if (links.length === 0) return '';
  const buttons = links.map(({ label, url }, i) => {
    const colors = i === 0 ? `background-color:${LINK};color:#ffffff` : `background-color:#ffffff;color:${LINK}`;
    return `<a href="${escapeMarkup(url)}" style="display:inline-block;margin:0 6px 8px 0;padding:10px 14px;border:1px solid ${LINK};border-radius:4px;${colors};${FONT};font-size:15px;line-height:22px;text-decoration:none">${escapeMarkup(label)}</a>`;
  });
  return row('padding:12px 20px 8px 20px', buttons.join('\n'));
}

const omittedRow = (omitted: number): string =>
  omitted === 0
    ? ''
    : row(`padding:0 20px 12px 20px;${FONT};font-size:15px;line-height:22px;color:#1f2328`, escapeMarkup(omittedText(omitted)));

const row = (style: string, content: string): string => `<tr><td style="${style}">${content}</td></tr>`;

const insertAt = (text: string, at: number, more: string): string => text.slice(0, at) + more + text.slice(at);
