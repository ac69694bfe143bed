/** Reads `inbox_configs`: the built-in inbox, which shows on the web page what would have been sent. */
import { type Decoder, object } from '../../config/decode.ts';
import { bool, string } from '../../config/scalars.ts';

export type InboxConfig = {
  readonly kind: 'inbox';
  readonly sendResolved: boolean;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

const SUBJECT = '{{ template "email.default.subject" . }}';
const HTML = '{{ template "email.default.html" . }}';

export const inboxConfig: Decoder<InboxConfig> = object('config.InboxConfig', (fields) => ({
  kind: 'inbox' as const,
  sendResolved: fields.get('send_resolved', bool, true),
  subject: fields.get('subject', string, SUBJECT),
  text: fields.get('text', string),
  html: fields.get('html', string, HTML),
}));
