/** Reads `inbox_configs`: the built-in inbox, which shows on the web page what would have been sent. */
import type { Fields } from '../../config/decode.ts';
import { string } from '../../config/scalars.ts';

export type InboxConfig = {
  readonly kind: 'inbox';
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

const SUBJECT = '{{ template "email.default.subject" . }}';
const HTML = '{{ template "email.default.html" . }}';

export const readInbox = (fields: Fields): InboxConfig => ({
  kind: 'inbox',
  subject: fields.get('subject', string, SUBJECT),
  text: fields.get('text', string),
  html: fields.get('html', string, HTML),
});
