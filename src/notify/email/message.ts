/**
 * From a notification to a mail: headers and bodies rendered, addresses split, the Message-ID made from the notification
 * so that a repeated attempt is the same mail. Header rules: alertmanager notify/email/email.go; Auto-Submitted: RFC 3834,
 * List-Id: RFC 2919. A header that the user sets wins over ours, and an empty one takes ours away.
 * A template that fails costs its field only: the built-in text stands in and names the error.
 */
import type { Labels } from '../../model/labels.ts';
import type { InlineImage, MailMessage } from '../../model/mail.ts';
import { truncatedData } from '../../template/alertmanager-data.ts';
import { truncateBytes, truncateRunes } from '../../template/truncate.ts';
import type { ChartImage } from '../chart/charts.ts';
import { FieldRenderer, UNLIMITED } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { actionLinks } from './action-links.ts';
import { type Additions, additionLines, omittedText, withAdditions, withOmission } from './additions.ts';
import { addressesOf, domainOf } from './addresses.ts';
import { type EmailConfig, hasBuiltInHtml } from './config.ts';
import { threadHeaders } from './thread.ts';

export type EmailMessage = { readonly kind: 'message'; readonly message: MailMessage } | { readonly kind: 'refused'; readonly why: string };

export type EmailScope = {
  readonly chart: ChartImage | null;
  /** Of more alerts than these the others are only counted; null: no limit. */
  readonly alertsMax: number | null;
  /** Nothing but a text, cut to so many bytes; null: the whole mail. */
  readonly textBytesMax: number | null;
};

/** A label may be as long as it likes; what stands in a list of mails, and in a header line, may not. */
const SUBJECT_RUNES_MAX = 500;
const HEADER_RUNES_MAX = 2000;

export function emailMessage(config: EmailConfig, whole: SendInput, { chart, alertsMax, textBytesMax }: EmailScope): EmailMessage {
  const alerts = whole.data.alerts.length;
  const omitted = alertsMax === null ? 0 : Math.max(0, alerts - alertsMax);
  const input = omitted === 0 ? whole : { ...whole, data: truncatedData(whole.data, alerts - omitted) };
  const render = new FieldRenderer(input);
  const own = new Map<string, string>();
  for (const [name, template] of Object.entries(config.headers))
    own.set(name, oneLine(render.text(template, name === 'Subject' ? render.plain.subject : '')));

  const recipients = addressesOf(oneLine(render.text(config.to)));
  if (recipients.length === 0) return { kind: 'refused', why: `"to" gives no address: ${config.to}` };
  const sender = addressesOf(own.get('From') || config.from);
  const [from] = sender;
  if (from === undefined || sender.length > 1)
    return { kind: 'refused', why: `must be exactly one "from" address (got: ${sender.length})` };
  const domain = domainOf(from);
  const messageId = own.get('Message-Id') || `<n.${input.id}@${domain}>`;

  const contentId = `chart.${input.id}@${domain}`;
  const additions: Additions = { chart, contentId, links: config.hasLinks ? actionLinks(input) : [], omitted };
  const rendered = config.html === '' ? '' : (render.html(config.html) ?? '');
  // A user's HTML has the chart where it asks for it.
  const html = hasBuiltInHtml(config)
    ? rendered === ''
      ? ''
      : withAdditions(rendered, additions, input.data)
    : withOmission(rendered.replaceAll('cid:chart"', `cid:${contentId}"`), omitted);
  const isPlain = config.text === '' && (config.html === '' || hasBuiltInHtml(config));
  const text = config.text === '' ? '' : render.text(config.text) + (omitted === 0 ? '' : `\n\n${omittedText(omitted)}`);
  const plain = (): string => render.noted(render.plain.text + additionLines(additions), { max: UNLIMITED });
  const isText = textBytesMax !== null;
  return {
    kind: 'message',
    message: {
      from,
      to: recipients,
      subject: truncateRunes(own.get('Subject') ?? '', SUBJECT_RUNES_MAX).text,
      text: isText ? truncateBytes(plain(), textBytesMax).text : isPlain || render.errors.length > 0 ? plain() : text,
      html: isText ? '' : html,
      images: isText ? [] : imagesOf(chart, contentId, html),
      date: input.createdAt,
      messageId,
      headers: headersOf(own, input, { config, domain, recipients }),
    },
  };
}

function imagesOf(chart: ChartImage | null, contentId: string, html: string): readonly InlineImage[] {
  if (chart === null || chart.png === null || !html.includes(`cid:${contentId}`)) return [];
  return [{ contentId, filename: 'chart.png', bytes: chart.png }];
}

function headersOf(
  own: ReadonlyMap<string, string>,
  input: SendInput,
  { config, domain, recipients }: { readonly config: EmailConfig; readonly domain: string; readonly recipients: readonly string[] },
): MailMessage['headers'] {
  const isThreaded = !own.has('References') && !own.has('In-Reply-To');
  const headers = new Map<string, string>([
    ['Auto-Submitted', 'auto-generated'],
    ['X-Auto-Response-Suppress', 'All'],
    ['List-Id', listId(input.data.receiver, domain)],
    ['Thread-Topic', threadTopic(input.data.groupLabels)],
    ...(isThreaded ? threadHeaders(config, input) : []),
  ]);
  for (const [name, value] of own) {
    if (SET_ELSEWHERE.has(name)) continue;
    if (value === '') headers.delete(name);
    else headers.set(name, truncateRunes(value, HEADER_RUNES_MAX).text);
  }
  const to = own.get('To') ?? '';
  if (to !== '' && addressesOf(to).join() !== recipients.join()) headers.set('To', to);
  return [...headers];
}

/** The date is the notification's, so that a repeated mail is the same one. */
const SET_ELSEWHERE: ReadonlySet<string> = new Set(['Subject', 'To', 'From', 'Message-Id', 'Date']);

/** By which Outlook holds a conversation together whose subject changes: the same for all mails of a group. */
const threadTopic = (groupLabels: Labels): string =>
  truncateRunes(oneLine([...groupLabels].map(([, value]) => value).join(' ')) || 'alerts', HEADER_RUNES_MAX).text;

/** One for each receiver, to sort mails by. */
const listId = (receiver: string, domain: string): string =>
  `<${
    receiver
      .replace(/[^A-Za-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .toLowerCase() || 'alerts'
  }.tocsin.${domain}>`;

/** A line break in a header would begin another header. */
const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ').trim();
