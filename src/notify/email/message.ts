/**
 * From a notification to a mail: headers and bodies rendered, addresses split, the Message-ID made from the notification
 * so that a repeated attempt is the same mail. Header rules: alertmanager notify/email/email.go; Auto-Submitted: RFC 3834.
 * A template that fails costs its field only: the built-in text stands in and names the error.
 */
import type { MailMessage } from '../../model/mail.ts';
import { FieldRenderer, UNLIMITED } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import type { EmailConfig } from './config.ts';

export type EmailMessage = { readonly kind: 'message'; readonly message: MailMessage } | { readonly kind: 'refused'; readonly why: string };

export function emailMessage(config: EmailConfig, input: SendInput): EmailMessage {
  const render = new FieldRenderer(input);
  const headers: [string, string][] = [];
  let subject = '';
  let to = '';
  let from = '';
  for (const [name, template] of Object.entries(config.headers)) {
    const value = oneLine(render.text(template, name === 'Subject' ? render.plain.subject : ''));
    if (name === 'Subject') subject = value;
    else if (name === 'To') to = value;
    else if (name === 'From') from = value;
    else if (name !== 'Message-Id' && name !== 'Date') headers.push([name, value]);
  }
  const recipients = addressesOf(oneLine(render.text(config.to)));
  if (recipients.length === 0) return { kind: 'refused', why: `"to" gives no address: ${config.to}` };
  const sender = addressesOf(from === '' ? config.from : from);
  if (sender.length !== 1) return { kind: 'refused', why: `must be exactly one "from" address (got: ${sender.length})` };
  if (to !== '' && addressesOf(to).join() !== recipients.join()) headers.push(['To', to]);

  const html = config.html === '' ? '' : (render.html(config.html) ?? '');
  const text = config.text === '' ? '' : render.text(config.text);
  const isWhole = render.errors.length === 0;
  const domain = domainOf(sender[0] ?? '');
  if (config.threading !== null) {
    const thread = `<${threadOf(input, config.threading.byDate)}@${domain}>`;
    headers.push(['References', thread], ['In-Reply-To', thread]);
  }
  return {
    kind: 'message',
    message: {
      from: sender[0] ?? '',
      to: recipients,
      subject,
      text: isWhole ? text : render.noted(render.plain.text, { max: UNLIMITED }),
      html,
      date: input.createdAt,
      messageId: `<n.${input.id}@${domain}>`,
      headers: [['Auto-Submitted', 'auto-generated'], ['X-Auto-Response-Suppress', 'All'], ...headers],
    },
  };
}

/** Mail addresses with commas between, in quotes or not; empty ones are passed over. */
export function addressesOf(text: string): readonly string[] {
  return (text.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []).map((address) => address.trim()).filter((address) => address !== '');
}

/** A line break in a header would begin another header. */
const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ').trim();

function domainOf(address: string): string {
  const bare = /<([^>]*)>\s*$/.exec(address)?.[1] ?? address;
  const domain = bare.slice(bare.lastIndexOf('@') + 1).replace(/[^A-Za-z0-9.-]/g, '');
  return domain === '' ? 'localhost' : domain;
}

function threadOf({ threadId, createdAt }: Pick<SendInput, 'threadId' | 'createdAt'>, byDate: 'daily' | 'none'): string {
  const day = byDate === 'daily' ? dayOf(createdAt) : '';
  return `alert-${threadId}-${day}`;
}

/** YYYY-MM-DD in UTC (days to civil date: http://howardhinnant.github.io/date_algorithms.html). */
function dayOf(ms: number): string {
  const days = Math.floor(ms / 86_400_000) + 719_468;
  const era = Math.floor(days / 146_097);
  const ofEra = days - era * 146_097;
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const dayOfYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
