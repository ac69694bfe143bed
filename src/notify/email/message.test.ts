import { describe, expect, test } from 'vitest';
import { builtInTemplates, notificationInput } from '../../../test/support/notification-input.ts';
import { PLAIN_TLS } from '../../model/http.ts';
import type { MailMessage } from '../../model/mail.ts';
import type { ChartImage } from '../chart/charts.ts';
import type { SendInput } from '../integration.ts';
import { addressesOf, domainOf } from './addresses.ts';
import type { EmailConfig } from './config.ts';
import { type EmailScope, emailMessage } from './message.ts';

const input = notificationInput();
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
  hasChart: true,
  hasLinks: true,
};
/** What is sent where nothing is configured but an address. */
const builtIn: Partial<EmailConfig> = {
  headers: { Subject: '{{ template "email.default.subject" . }}', To: 'a@example.org', From: 'tocsin@example.org' },
  html: '{{ template "email.default.html" . }}',
  text: '',
  to: 'a@example.org',
};
const chart: ChartImage = {
  caption: 'rate(x[5m]): now 0.9, threshold 0.5, firing since 10:02 UTC',
  png: new Uint8Array([1, 2, 3]),
  widthPx: 480,
  heightPx: 240,
  link: 'http://tocsin.example/graph?g0.expr=x&g0.tab=1',
};
const WHOLE: EmailScope = { chart: null, alertsMax: null, textBytesMax: null };

type Given = { readonly config?: Partial<EmailConfig>; readonly input?: Partial<SendInput>; readonly scope?: Partial<EmailScope> };
function made(given: Given = {}): MailMessage {
  const result = emailMessage({ ...config, ...given.config }, { ...input, ...given.input }, { ...WHOLE, ...given.scope });
  if (result.kind === 'refused') throw new Error(result.why);
  return result.message;
}
const headersOf = (message: MailMessage): Readonly<Record<string, string>> => Object.fromEntries(message.headers);

describe('a mail', () => {
  test('has its fields rendered, and an identity that a second attempt keeps', () => {
    expect(made()).toMatchObject({
      subject: 'Down',
      text: 'firing',
      html: '<b>it is down</b>',
      to: ['a@example.org', '"B, C" <b@example.org>'],
      messageId: '<n.0b5c@example.org>',
      date: input.createdAt,
      images: [],
    });
    expect(made({ input: { attempt: 2, mayRepeat: true } }).messageId).toBe(made().messageId);
  });

  test('says what it is to programs, unless the user says it otherwise or not at all', () => {
    expect(headersOf(made())).toEqual({
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'List-Id': '<team.tocsin.example.org>',
      'Thread-Topic': 'Down',
    });
    const headers = { ...config.headers, 'Auto-Submitted': 'no', 'List-Id': '', 'X-Team': '{{ .Receiver }}', 'Message-Id': '<mine@x>' };
    const message = made({ config: { headers } });
    expect(headersOf(message)).toEqual({
      'Auto-Submitted': 'no',
      'X-Auto-Response-Suppress': 'All',
      'Thread-Topic': 'Down',
      'X-Team': 'team',
    });
    expect(message.messageId).toBe('<mine@x>');
  });

  test('whose template fails goes out plain, with everything that matters and the error named', () => {
    const message = made({ config: { html: '{{ .NoSuchField }}', headers: { ...config.headers, Subject: '{{ template "missing" . }}' } } });
    expect(message.subject).toBe('[FIRING:1] Down');
    expect(message.html).toBe('');
    expect(message.text).toContain('Firing: Down');
    expect(message.text).toContain('it is down');
    expect(message.text).toMatch(/a template failed: .*missing/);
  });

  test('takes no header from a label: line breaks become spaces', () => {
    expect(made({ config: { headers: { ...config.headers, Subject: 'a\r\nBcc: x@example.org' } } }).subject).toBe('a Bcc: x@example.org');
  });

  test('with labels of 300 kB has them in its body, and a subject of a length for subjects', () => {
    const long = 'x'.repeat(300_000);
    const message = made({ config: builtIn, input: notificationInput({ labels: { long } }) });
    expect(message.html.length).toBeGreaterThan(300_000);
    expect(message.subject.length).toBe(500);
    expect(message.text).toContain(long);
    expect(message.html.match(/href="[^"]{2000,}/)).toBeNull();
  });

  test.each([
    [{ to: '{{ .CommonLabels.nobody }}' }, /gives no address/],
    [{ headers: { ...config.headers, From: 'a@x, b@x' } }, /exactly one "from" address/],
  ])('without somebody to go to or come from is refused: %j', (changes, why) => {
    const result = emailMessage({ ...config, ...changes }, input, WHOLE);
    expect(result.kind === 'refused' ? result.why : 'made').toMatch(why);
  });
});

describe('the conversation of a group', () => {
  const first = '<n.first@example.org>';
  test.each<{ given: string; config?: Partial<EmailConfig>; kept?: SendInput['kept']; references?: string; inReplyTo?: string }>([
    { given: 'the first mail' },
    { given: 'the second', kept: { threadRoot: first, threadLast: first }, references: first, inReplyTo: first },
    {
      given: 'a later one',
      kept: { threadRoot: first, threadLast: '<n.second@example.org>' },
      references: `${first} <n.second@example.org>`,
      inReplyTo: '<n.second@example.org>',
    },
    {
      given: "Alertmanager's, of a day",
      config: { threading: { byDate: 'daily' } },
      kept: { threadRoot: first },
      // The first 16 letters of: printf '{}:{alertname="Down"}' | sha256sum
      references: '<alert-af94c9e8f6a30436-2026-01-01@alertmanager>',
      inReplyTo: '<alert-af94c9e8f6a30436-2026-01-01@alertmanager>',
    },
    {
      given: "Alertmanager's, for ever",
      config: { threading: { byDate: 'none' } },
      references: '<alert-af94c9e8f6a30436-@alertmanager>',
      inReplyTo: '<alert-af94c9e8f6a30436-@alertmanager>',
    },
    {
      given: "the user's",
      config: { headers: { ...config.headers, References: '<mine@x>' } },
      kept: { threadRoot: first },
      references: '<mine@x>',
    },
  ])('$given', ({ config: changes = {}, kept = {}, references, inReplyTo }) => {
    const headers = headersOf(made({ config: changes, input: { kept } }));
    expect({ references: headers['References'], inReplyTo: headers['In-Reply-To'] }).toEqual({ references, inReplyTo });
  });
});

describe('the built-in mail', () => {
  const rendered = (given: SendInput): string => {
    const html = builtInTemplates.renderer(given.data, given.now).html('{{ template "email.default.html" . }}');
    if ('error' in html) throw new Error(html.error);
    return html.text;
  };

  test("is Alertmanager's to the letter where our additions are off", () => {
    const message = made({ config: { ...builtIn, hasLinks: false } });
    expect(message.html).toBe(rendered(input));
  });

  test('has the additions above the template, which stays whole', () => {
    const whole = rendered(input);
    const { html } = made({ config: builtIn, scope: { chart } });
    const body = whole.indexOf('>', whole.indexOf('<body')) + 1;
    expect(html.startsWith(whole.slice(0, body))).toBe(true);
    expect(html.endsWith(whole.slice(body))).toBe(true);
  });

  test('shows the chart as a picture of its own, which says its values where no picture is shown', () => {
    const message = made({ config: builtIn, scope: { chart } });
    expect(message.images).toEqual([{ contentId: 'chart.0b5c@example.org', filename: 'chart.png', bytes: chart.png }]);
    expect(message.html).toContain('src="cid:chart.0b5c@example.org" width="630" height="315"');
    expect(message.html).toContain(`alt="${chart.caption}"`);
    expect(message.text).toContain(chart.caption);
  });

  test('has the values in words where there is no picture', () => {
    const message = made({ config: builtIn, scope: { chart: { ...chart, png: null } } });
    expect(message.images).toEqual([]);
    expect(message.html).toContain(chart.caption);
    expect(message.html).not.toContain('<img');
  });

  const page = 'https://tocsin.example/n/secret';
  test.each<{ given: string; input: Partial<SendInput>; links: Readonly<Record<string, string>> }>([
    {
      given: 'with an address that readers reach',
      input: { links: { page, callback: 'https://tocsin.example/cb' } },
      links: {
        Acknowledge: page,
        'Silence 1 h': `${page}#silence`,
        Open: 'http://tocsin.example/#/alerts?receiver=team&filter=%7Balertname%3D%22Down%22%2C+instance%3D%22web-1%22%2C+job%3D%22api%22%7D',
      },
    },
    {
      given: 'without one',
      input: {},
      links: {
        'Silence 1 h':
          'http://tocsin.example/silences/new?duration=1h&matchers=alertname%3D%22Down%22%2C+instance%3D%22web-1%22%2C+job%3D%22api%22',
        Open: 'http://tocsin.example/#/alerts?receiver=team&filter=%7Balertname%3D%22Down%22%2C+instance%3D%22web-1%22%2C+job%3D%22api%22%7D',
      },
    },
    {
      given: 'of alerts that are over',
      input: { ...notificationInput({ firing: 0, resolved: 1 }), links: { page, callback: '' } },
      links: {
        Open: 'http://tocsin.example/#/alerts?receiver=team&filter=%7Balertname%3D%22Down%22%2C+instance%3D%22web-1%22%2C+job%3D%22api%22%7D',
      },
    },
  ])('leads to what can be done, $given', ({ input: changes, links }) => {
    const { html, text } = made({ config: builtIn, input: changes });
    const [block = ''] = /<table[^]*?<\/table>\n<\/td><\/tr><\/table>/.exec(html) ?? [];
    const found = [...block.matchAll(/<a href="([^"]*)"[^>]*>([^<]*)<\/a>/g)].map(([, url = '', label = '']) => [label, unescaped(url)]);
    expect(Object.fromEntries(found)).toEqual(links);
    for (const [label, url] of Object.entries(links)) expect(text).toContain(`${label}: ${url}`);
  });

  test('shows nothing of an annotation as HTML', () => {
    const bad = '"><script>alert(1)</script>';
    const { data } = notificationInput({ labels: { bad } });
    const alerts = data.alerts.map((alert) => ({ ...alert, annotations: alert.annotations.with([['summary', bad]]) }));
    const message = made({
      config: builtIn,
      input: { data: { ...data, alerts, commonAnnotations: alerts[0]?.annotations ?? data.commonAnnotations } },
      scope: { chart: { ...chart, caption: bad } },
    });
    expect(message.html).not.toContain('<script>');
  });

  test('that is cut says how many alerts are left out', () => {
    const message = made({ config: builtIn, input: notificationInput({ firing: 5 }), scope: { alertsMax: 2 } });
    expect(message.html).toContain('web-2');
    expect(message.html).not.toContain('web-3');
    for (const body of [message.html, message.text]) expect(body).toContain('and 3 more alerts');
  });
});

describe("a user's own mail", () => {
  const html = '<html><body><p>{{ .CommonLabels.alertname }}</p><img src="cid:chart"></body></html>';
  test('has the chart where it asks for it, and no links', () => {
    const message = made({ config: { html }, scope: { chart } });
    expect(message.html).toBe('<html><body><p>Down</p><img src="cid:chart.0b5c@example.org"></body></html>');
    expect(message.images).toHaveLength(1);
    expect(message.text).toBe('firing');
  });

  test('has the address of the page that acknowledges, where there is one', () => {
    const own = { html: '{{ with pageURL }}<a href="{{ . }}">ack</a>{{ end }}', text: 'ack: {{ pageURL }}' };
    expect(made({ config: own, input: { links: { page: 'https://t/n/1?a=b', callback: '' } } })).toMatchObject({
      html: '<a href="https://t/n/1?a=b">ack</a>',
      text: 'ack: https://t/n/1?a=b',
    });
    expect(made({ config: own })).toMatchObject({ html: '', text: 'ack: ' });
  });

  test('that asks for none has none', () => {
    expect(made({ scope: { chart } })).toMatchObject({ html: '<b>it is down</b>', images: [] });
  });

  test('that is cut says how many alerts are left out', () => {
    const message = made({ config: { html }, input: notificationInput({ firing: 5 }), scope: { alertsMax: 4 } });
    expect(message.html).toContain('and 1 more alert, left out');
    expect(message.html.endsWith('</body></html>')).toBe(true);
    expect(message.text).toContain('and 1 more alert, left out');
  });
});

const unescaped = (html: string): string => html.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');

test.each([
  ['a@x', ['a@x']],
  ['a@x, ,b@x,', ['a@x', 'b@x']],
  ['"A, B" <a@x>, b@x', ['"A, B" <a@x>', 'b@x']],
  ['', []],
])('the addresses of %j are %j', (text, addresses) => {
  expect(addressesOf(text)).toEqual(addresses);
});

test.each([
  ['a@example.org', 'example.org'],
  ['Tocsin <a@example.org>', 'example.org'],
  ['a@exa mple.org>\r\nx', 'example.orgx'],
  ['nobody@', 'localhost'],
])('the domain of %j is %s', (address, domain) => {
  expect(domainOf(address)).toBe(domain);
});
