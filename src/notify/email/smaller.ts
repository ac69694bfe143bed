/**
 * A mail that a server finds too large, made once more to fit: first without the chart, then with fewer alerts, and where
 * one alert alone is too much, as a text that is cut.
 */
import { utf8Length } from '../../lib/utf8-bytes.ts';
import type { MailMessage } from '../../model/mail.ts';
import type { SendInput } from '../integration.ts';
import type { EmailConfig } from './config.ts';
import { type EmailMessage, type EmailScope, emailMessage } from './message.ts';

/** For a server that does not say what it takes. */
const SURE_BYTES = 100_000;
/** Headers, and the borders between the parts. */
const FRAME_BYTES = 6000;
/** Of base64, the longest that a text becomes. */
const ENCODING_FACTOR = 1.4;

export function smallerMessage(config: EmailConfig, input: SendInput, whole: MailMessage, bytesMax: number | null): EmailMessage {
  const limit = bytesMax ?? Math.min(SURE_BYTES, bytesOf(whole) / 4);
  const make = (scope: Partial<EmailScope>): EmailMessage =>
    emailMessage(config, input, { chart: null, alertsMax: null, textBytesMax: null, ...scope });
  const fits = (made: EmailMessage): boolean => made.kind === 'refused' || bytesOf(made.message) <= limit;
  let best = make({});
  if (fits(best)) return best;
  let [fit, tooMany] = [0, input.data.alerts.length];
  while (tooMany - fit > 1) {
    const middle = Math.floor((fit + tooMany) / 2);
    const made = make({ alertsMax: middle });
    if (fits(made)) [fit, best] = [middle, made];
    else tooMany = middle;
  }
  return fit > 0 ? best : make({ textBytesMax: Math.max(0, Math.floor((limit - FRAME_BYTES) / ENCODING_FACTOR)) });
}

/** At most: what the mail has once it is encoded. */
function bytesOf({ text, html, images, headers, to }: MailMessage): number {
  const bodies = utf8Length(text) + utf8Length(html) + images.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const lines = headers.reduce((sum, [name, value]) => sum + name.length + utf8Length(value), to.join().length);
  return Math.ceil((bodies + lines) * ENCODING_FACTOR) + FRAME_BYTES;
}
