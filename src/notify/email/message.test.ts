import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../model/fingerprint.ts';
import { PLAIN_TLS } from '../../model/http.ts';
import { Labels } from '../../model/labels.ts';
import { unixMs } from '../../model/time.ts';
import { notificationData } from '../../template/alertmanager-data.ts';
import { NotificationTemplates, parseNotificationTemplates } from '../../template/notification-templates.ts';
import type { SendInput } from '../integration.ts';
import type { EmailConfig } from './config.ts';
import { addressesOf, emailMessage } from './message.ts';

const NOW = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const templates = parseNotificationTemplates([]);
if (!(templates instanceof NotificationTemplates)) throw new Error('the built-in templates do not parse');

const labels = Labels.of({ alertname: 'Down', job: 'api' });
const input: SendInput = {
  id: '0b5c',
  groupKey: '{}:{alertname="Down"}',
  threadId: 'cafe',
  createdAt: NOW,
  deadline: unixMs(NOW + 300_000),
  attempt: 1,
  mayRepeat: false,
  links: null,
  replyCode: null,
  now: NOW,
  templates,
  kept: {},
  data: notificationData({
    receiver: 'team',
    alerts: [
      {
        fingerprint: fingerprintOf(labels),
        labels,
        annotations: Labels.of({ summary: 'it is down' }),
        startsAt: NOW,
        endsAt: null,
        generatorUrl: '',
      },
    ],
    groupLabels: Labels.of({ alertname: 'Down' }),
    routeLabels: Labels.empty,
    routeLabelsAreRendered: true,
    notificationReason: 'first notification',
    externalUrl: 'http://tocsin',
    now: NOW,
  }),
};
const config: EmailConfig = {
  kind: 'email',
  to: 'a@example.org, "B, C" <b@example.org>',
  from: 'Tocsin <tocsin@example.org>',
  hello: 'localhost',
  smarthost: { host: 'mail', port: '25' },
  authUsername: '',
  authPassword: null,
  authSecret: null,
  authIdentity: '',
  headers: { Subject: '{{ .CommonLabels.alertname }}', To: 'a@example.org, "B, C" <b@example.org>', From: 'Tocsin <tocsin@example.org>' },
  html: '<b>{{ .CommonAnnotations.summary }}</b>',
  text: '{{ .Status }}',
  requireTls: true,
  forceImplicitTls: null,
  tls: PLAIN_TLS,
  threading: null,
};
const made = (changes: Partial<EmailConfig> = {}) => {
  const result = emailMessage({ ...config, ...changes }, input);
  if (result.kind === 'refused') throw new Error(result.why);
  return result.message;
};

describe('a mail', () => {
  test('has its fields rendered, and an identity that a second attempt keeps', () => {
    expect(made()).toMatchObject({
      subject: 'Down',
      text: 'firing',
      html: '<b>it is down</b>',
      to: ['a@example.org', '"B, C" <b@example.org>'],
      messageId: '<n.0b5c@example.org>',
      date: NOW,
    });
    expect(made().messageId).toBe(made().messageId);
    expect(Object.fromEntries(made().headers)).toMatchObject({ 'Auto-Submitted': 'auto-generated' });
  });

  test('of a thread refers to the thread, a new one each day or one for ever', () => {
    expect(Object.fromEntries(made({ threading: { byDate: 'daily' } }).headers)).toMatchObject({
      References: '<alert-cafe-2026-01-01@example.org>',
      'In-Reply-To': '<alert-cafe-2026-01-01@example.org>',
    });
    expect(Object.fromEntries(made({ threading: { byDate: 'none' } }).headers)).toMatchObject({ References: '<alert-cafe-@example.org>' });
  });

  test('whose template fails goes out plain, with everything that matters and the error named', () => {
    const message = made({ html: '{{ .NoSuchField }}', headers: { ...config.headers, Subject: '{{ template "missing" . }}' } });
    expect(message.subject).toBe('[FIRING:1] Down');
    expect(message.html).toBe('');
    expect(message.text).toContain('Firing: Down');
    expect(message.text).toContain('it is down');
    expect(message.text).toMatch(/a template failed: .*missing/);
  });

  test('takes no header from a label: line breaks become spaces', () => {
    expect(made({ headers: { ...config.headers, Subject: 'a\r\nBcc: x@example.org' } }).subject).toBe('a Bcc: x@example.org');
  });

  test.each([
    [{ to: '{{ .CommonLabels.nobody }}' }, /gives no address/],
    [{ headers: { ...config.headers, From: 'a@x, b@x' } }, /exactly one "from" address/],
  ])('without somebody to go to or come from is refused: %j', (changes, why) => {
    const result = emailMessage({ ...config, ...changes }, input);
    expect(result.kind === 'refused' ? result.why : 'made').toMatch(why);
  });
});

test.each([
  ['a@x', ['a@x']],
  ['a@x, ,b@x,', ['a@x', 'b@x']],
  ['"A, B" <a@x>, b@x', ['"A, B" <a@x>', 'b@x']],
  ['', []],
])('the addresses of %j are %j', (text, addresses) => {
  expect(addressesOf(text)).toEqual(addresses);
});
