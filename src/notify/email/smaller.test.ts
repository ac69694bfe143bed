import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { readIntegration } from '../../../test/support/receiver-bench.ts';
import type { MailMessage } from '../../model/mail.ts';
import type { SendInput } from '../integration.ts';
import { emailMessage } from './message.ts';
import { smallerMessage } from './smaller.ts';

const config = readIntegration('email', 'to: a@example.org\nfrom: t@example.org\nsmarthost: mail:25').configured?.config;
if (config?.kind !== 'email') throw new Error('the configuration does not read');

const png = new Uint8Array(100_000);
const chart = { caption: 'x', png, widthPx: 480, heightPx: 240, link: 'http://t/graph' };
function smaller(input: SendInput, bytesMax: number | null): MailMessage {
  const whole = emailMessage(config as Extract<typeof config, { kind: 'email' }>, input, { chart, alertsMax: null, textBytesMax: null });
  if (whole.kind === 'refused') throw new Error(whole.why);
  const made = smallerMessage(config as Extract<typeof config, { kind: 'email' }>, input, whole.message, bytesMax);
  if (made.kind === 'refused') throw new Error(made.why);
  return made.message;
}
const bytesOf = ({ text, html }: MailMessage): number => new TextEncoder().encode(text + html).length;
const alertsIn = ({ html }: MailMessage): number => html.match(/instance = web-/g)?.length ?? 0;

const many = notificationInput({ firing: 200 });
const huge = notificationInput({ labels: { long: 'ü'.repeat(150_000) } });

test.each<{ given: string; input: SendInput; bytesMax: number | null; alerts: (count: number) => boolean; says: RegExp }>([
  { given: 'room for all alerts', input: many, bytesMax: 300_000, alerts: (count) => count === 200, says: /and 150 more/ },
  {
    given: 'room for some alerts',
    input: many,
    bytesMax: 60_000,
    alerts: (count) => count > 20 && count < 200,
    says: /and \d+ more alerts, left out/,
  },
  {
    given: 'a server that says no limit',
    input: many,
    bytesMax: null,
    alerts: (count) => count > 10 && count < 200,
    says: /and \d+ more alerts/,
  },
  { given: 'room for no alert as HTML', input: huge, bytesMax: 50_000, alerts: (count) => count === 0, says: /^Firing: Down/ },
  { given: 'next to no room', input: huge, bytesMax: 7000, alerts: (count) => count === 0, says: /^Firing: Down/ },
])('$given', ({ input, bytesMax, alerts, says }) => {
  const message = smaller(input, bytesMax);
  expect(alerts(alertsIn(message))).toBe(true);
  expect(message.text).toMatch(says);
  expect(message.images).toEqual([]);
  // As base64, the longest encoding.
  if (bytesMax !== null) expect((bytesOf(message) * 4) / 3).toBeLessThan(bytesMax);
});

test('no alert more would have fitted', () => {
  const message = smaller(many, 60_000);
  const [, left = '0'] = /and (\d+) more/.exec(message.html) ?? [];
  expect(alertsIn(message) + Number(left)).toBe(200);
});
