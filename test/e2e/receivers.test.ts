/**
 * The built program sends to every provider that can be one of this machine, over real sockets: the request that arrives is
 * what the provider's documentation says, which is what Alertmanager sends. Pushover is missing: it has one address.
 */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { test } from '../support/e2e/staged-test.ts';
import { tocsinCommand } from '../support/e2e/tocsin.ts';
import { HTTP_RECEIVERS, type HttpReceiver, leastReceivers } from '../support/least-receivers.ts';
import type { Received } from '../support/webhook-collector.ts';

const KEY = createHash('sha256').update('{}/{test="all"}:{}').digest('hex');
const SUBJECT = '[FIRING:1] ReceiverTest (info)';
const SUMMARY = 'A test of receiver all: there is nothing to do';
const HERE = 'http://127.0.0.1:9099';
const ALERTS = `${HERE}/#/alerts?receiver=all`;
/** Alertmanager's list of alerts, as it is without markup and with Markdown. */
const LIST = `Labels:\n - alertname = ReceiverTest\n - severity = info\nAnnotations:\n - summary = ${SUMMARY}\nSource: ${HERE}/graph\n`;
const LOOSE = `\n\nAlerts Firing:\n${LIST}\n\n\n`;
const MARKDOWN_LIST = `\nLabels:\n  - alertname = ReceiverTest\n  - severity = info\n\nAnnotations:\n  - summary = ${SUMMARY}\n\nSource: ${HERE}/graph\n\n`;
const MARKDOWN = `\n\n# Alerts Firing:\n${MARKDOWN_LIST}\n\n\n`;
const ALERT = {
  status: 'firing',
  labels: { alertname: 'ReceiverTest', severity: 'info' },
  annotations: { summary: SUMMARY },
  startsAt: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: `${HERE}/graph`,
  fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
};
const DATA = {
  receiver: 'all',
  status: 'firing',
  alerts: [ALERT],
  notification_reason: 'first notification',
  groupLabels: { alertname: 'ReceiverTest' },
  commonLabels: ALERT.labels,
  commonAnnotations: ALERT.annotations,
  routeLabels: {},
  externalURL: HERE,
  groupKey: '{}/{test="all"}:{}',
  truncatedAlerts: 0,
};

type Expected = { readonly line: string | RegExp; readonly headers?: Readonly<Record<string, unknown>>; readonly body?: unknown };

/** The requests of each, in order; paths without the first part, which says for whom they are. */
const EXPECTED: Readonly<Record<Exclude<HttpReceiver, 'pushover'>, readonly Expected[]>> = {
  discord: [{ line: 'POST /hook', body: { content: '', embeds: [{ title: SUBJECT, description: LOOSE, color: 10_038_562 }] } }],
  incidentio: [{ line: 'POST /v2/alert_events', headers: { authorization: 'Bearer t' }, body: { ...DATA, version: '1' } }],
  jira: [
    {
      line: 'POST /rest/api/2/search',
      headers: { 'accept-language': 'en' },
      body: {
        jql: `statusCategory != Done and project="P" and labels="ALERT{${KEY}}" order by status ASC,resolutiondate DESC`,
        maxResults: 2,
        fields: ['status'],
      },
    },
    {
      line: 'POST /rest/api/2/issue',
      body: {
        fields: {
          project: { key: 'P' },
          issuetype: { name: 'Bug' },
          labels: [`ALERT{${KEY}}`],
          priority: { name: 'Low' },
          summary: SUBJECT,
          description: MARKDOWN,
        },
      },
    },
  ],
  matrix: [
    {
      line: /^PUT \/_matrix\/client\/v3\/rooms\/!r%3As\/send\/m\.room\.message\/[0-9a-f-]{36}$/,
      headers: { authorization: 'Bearer t' },
      body: {
        msgtype: 'm.text',
        body: `${SUBJECT}\n${LIST}`,
        format: 'org.matrix.custom.html',
        formatted_body: expect.stringContaining(`<strong>${SUBJECT}</strong>`),
        'm.mentions': {},
      },
    },
  ],
  mattermost: [
    {
      line: 'POST /hooks/x',
      body: {
        username: 'Alertmanager',
        attachments: [{ fallback: `${SUBJECT} | ${ALERTS}`, color: 'danger', title: SUBJECT, title_link: ALERTS, text: MARKDOWN }],
      },
    },
  ],
  msteams: [
    {
      line: 'POST /hook',
      body: {
        '@context': 'http://schema.org/extensions',
        type: 'MessageCard',
        title: SUBJECT,
        summary: SUBJECT,
        text: MARKDOWN,
        themeColor: '8C1A1A',
      },
    },
  ],
  msteamsv2: [
    {
      line: 'POST /hook',
      body: {
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            contentUrl: null,
            content: {
              $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
              type: 'AdaptiveCard',
              version: '1.2',
              body: [
                { type: 'TextBlock', text: SUBJECT, weight: 'Bolder', size: 'Medium', wrap: true, style: 'heading', color: 'Attention' },
                { type: 'TextBlock', text: MARKDOWN, wrap: true },
              ],
              msteams: { width: 'full' },
            },
          },
        ],
      },
    },
  ],
  ntfy: [
    {
      line: 'POST ',
      body: { topic: 't', sequence_id: KEY, title: SUBJECT, message: LIST.trim(), priority: 2, tags: ['rotating_light'], click: HERE },
    },
  ],
  opsgenie: [
    {
      line: 'POST /v2/alerts',
      headers: { authorization: 'GenieKey k' },
      body: {
        alias: KEY,
        message: SUBJECT,
        description: `${SUMMARY}\nAlerts Firing:\n${LIST}\n`,
        details: ALERT.labels,
        source: ALERTS,
      },
    },
  ],
  pagerduty: [
    {
      line: 'POST /v2/enqueue',
      body: {
        routing_key: 'k',
        dedup_key: KEY,
        event_action: 'trigger',
        client: 'Alertmanager',
        client_url: ALERTS,
        payload: {
          summary: SUBJECT,
          source: 'Alertmanager',
          severity: 'error',
          custom_details: { firing: [ALERT], resolved: [], num_firing: 1, num_resolved: 0 },
        },
      },
    },
  ],
  rocketchat: [
    {
      line: 'POST /api/v1/chat.postMessage',
      headers: { 'x-auth-token': 't', 'x-user-id': 'i' },
      body: { attachments: [{ title: SUBJECT, title_link: ALERTS, color: 'red' }] },
    },
  ],
  slack: [
    {
      line: 'POST /services/x',
      body: {
        username: 'Alertmanager',
        attachments: [
          {
            title: SUBJECT,
            title_link: ALERTS,
            text: '',
            fallback: `${SUBJECT} | ${ALERTS}`,
            callback_id: '',
            footer: '',
            color: 'danger',
            mrkdwn_in: ['fallback', 'pretext', 'text'],
          },
        ],
      },
    },
  ],
  sns: [
    {
      line: /^POST \/?$/,
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=a\/\d{8}\/eu-west-1\/sns\/aws4_request/),
      },
      body: { Action: 'Publish', Version: '2010-03-31', TopicArn: 'arn', Subject: SUBJECT, Message: `${SUMMARY}${LOOSE}` },
    },
  ],
  telegram: [
    {
      line: 'POST /bott/sendMessage',
      body: { chat_id: '1', text: LOOSE, parse_mode: 'HTML', disable_web_page_preview: 'true' },
    },
  ],
  victorops: [
    {
      line: 'POST /integrations/k/r',
      body: {
        message_type: 'CRITICAL',
        entity_id: KEY,
        entity_display_name: SUBJECT,
        state_message: `${SUMMARY}\nAlerts Firing:\n${LIST}\n`,
        monitoring_tool: 'Alertmanager',
      },
    },
  ],
  webex: [{ line: 'POST /v1/messages', headers: { authorization: 'Bearer t' }, body: { markdown: `${SUMMARY}${LOOSE}`, roomId: 'r' } }],
  webhook: [
    {
      line: 'POST /hook',
      headers: { 'idempotency-key': expect.stringMatching(/^[0-9a-f-]{36}$/) },
      body: { ...DATA, version: '4' },
    },
  ],
  wechat: [
    { line: 'GET /cgi-bin/gettoken?corpid=c&corpsecret=s' },
    {
      line: 'POST /cgi-bin/message/send?access_token=t',
      body: {
        safe: '0',
        msgtype: 'text',
        text: { content: `${SUBJECT}\n${SUMMARY}\nAlerts Firing:\n${LIST}\n\nAlertmanagerUrl:\n${ALERTS}` },
        markdown: { content: '' },
      },
    },
  ],
};

const LOCAL = HTTP_RECEIVERS.filter((name): name is keyof typeof EXPECTED => name in EXPECTED);

const receiverOf = ({ path }: Received): string => path.split(/[/?]/)[1] ?? '';

test('tocsin receivers test --send sends to every provider what it documents', async ({ stage }) => {
  const { collector, url } = await stage.webhook();
  collector.answer = (received) => new Response(leastReceivers()[receiverOf(received) as HttpReceiver].success);
  const integrations = LOCAL.map((name) => {
    const lines = leastReceivers(`${url}${name}`)[name].yaml.split('\n');
    return `  ${name}_configs:\n  - ${lines.join('\n    ')}`;
  });
  stage.write({ 'tocsin.yml': `route: {receiver: all}\nreceivers:\n- name: all\n${integrations.join('\n')}\n` });

  const { code, stderr, stdout } = await tocsinCommand(['receivers', 'test', 'all', '--send'], { cwd: stage.dir });
  expect([code, stderr]).toEqual([0, '']);
  for (const name of LOCAL) {
    const requests = collector.received.filter((request) => receiverOf(request) === name);
    expect({ [name]: requests.map((request) => asExpected(name, request)) }).toEqual({ [name]: EXPECTED[name].map(matching) });
    expect(stdout).toMatch(new RegExp(`== all: ${name}\\[0\\]\\n[^]*?\\n\\naccepted: HTTP 200\\n`));
  }
});

function matching({ line, headers = {}, body = null }: Expected): unknown {
  const json = body === null || 'content-type' in headers ? {} : { 'content-type': 'application/json' };
  return {
    line: typeof line === 'string' ? line : expect.stringMatching(line),
    headers: expect.objectContaining({ ...json, ...headers, 'user-agent': expect.stringMatching(/^Tocsin\//) }),
    body,
  };
}

function asExpected(name: string, { method, path, headers, body }: Received): unknown {
  const isForm = headers.get('content-type')?.includes('form') === true;
  return {
    line: `${method} ${path.replace(`/${name}`, '')}`,
    headers: Object.fromEntries(headers),
    body: body === '' ? null : isForm ? Object.fromEntries(new URLSearchParams(body)) : (JSON.parse(body) as unknown),
  };
}
