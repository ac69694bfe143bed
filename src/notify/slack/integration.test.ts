import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench, readIntegration } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

const POST = 'https://slack.com/api/chat.postMessage';
const json = (text: string) => response(text, { contentType: 'application/json; charset=utf-8' });

test.each([
  ['channel: c', '', 'no Slack API URL nor App token set either inline or in a file'],
  ['api_url: http://x/\napi_url_file: /f', '', 'at most one of api_url & api_url_file must be configured'],
  ['app_token: t\napi_url: http://x/', '', 'at most one of api_url/api_url_file & app_token/app_token_file must be configured'],
  ['app_token: t\nhttp_config: {authorization: {credentials: c}}', '', "http authorization can't be set when using Slack App tokens"],
  ['api_url: http://x/\nupdate_message: true', '', 'update_message can only be used with bot tokens'],
  ['api_url: http://x/\nactions: [{text: t, url: u}]', '', 'missing type in Slack action configuration'],
  ['api_url: http://x/\nactions: [{type: button, text: t}]', '', 'missing name or url in Slack action configuration'],
  ['api_url: http://x/\nfields: [{title: t}]', '', 'missing value in Slack field configuration'],
  [
    'channel: c',
    'slack_app_token: t\nslack_api_url: http://x/',
    'at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured',
  ],
])('%j is refused', (yaml, global, error) => {
  expect(configError('slack', yaml, global)).toContain(error);
});

test('an own webhook keeps the global token away from it', () => {
  const { configured } = readIntegration('slack', 'api_url: http://hook/', 'slack_app_token: t');
  expect(configured?.config).toMatchObject({ http: { auth: { kind: 'none' } } });
});

test('a message', async () => {
  const bench = new ReceiverBench(
    'slack',
    `
api_url: http://hook/
channel: '#{{ .CommonLabels.job }}'
text: '{{ .Status }}'
message_text: top
short_fields: true
link_names: true
fields: [{title: job, value: '{{ .CommonLabels.job }}'}, {title: a, value: b, short: false}]
actions: [{type: button, text: go, url: 'http://go/', name: dropped}, {type: button, text: ack, name: n, confirm: {text: sure}}]
`,
  );
  expect(await bench.sent()).toEqual({
    channel: '#api',
    username: 'Alertmanager',
    link_names: true,
    text: 'top',
    attachments: [
      {
        title: '[FIRING:1] Down (web-1 api)',
        title_link: 'http://tocsin.example/#/alerts?receiver=team',
        text: 'firing',
        fallback: '[FIRING:1] Down (web-1 api) | http://tocsin.example/#/alerts?receiver=team',
        callback_id: '',
        fields: [
          { title: 'job', value: 'api', short: true },
          { title: 'a', value: 'b', short: false },
        ],
        actions: [
          { type: 'button', text: 'go', url: 'http://go/' },
          { type: 'button', text: 'ack', name: 'n', confirm: { text: 'sure' } },
        ],
        footer: '',
        color: 'danger',
        mrkdwn_in: ['fallback', 'pretext', 'text'],
      },
    ],
  });
});

describe('answers', () => {
  const yaml = 'api_url: http://hook/';
  test.each([
    [response('ok'), { kind: 'accepted' }],
    [response('no_channel'), { kind: 'rejected', retry: false, message: 'received an error response from Slack: no_channel' }],
    [json('{'), { kind: 'rejected', retry: true }],
    [json('{"ok":false,"error":"not_in_channel"}'), { kind: 'rejected', retry: false, reason: 'clientError' }],
    [json('{"ok":true,"ts":"1","channel":"C"}'), { kind: 'accepted' }],
  ])('%#', async (answer, outcome) => {
    expect(await new ReceiverBench('slack', yaml, { answer: () => answer }).send()).toMatchObject(outcome);
  });
});

describe('update_message', () => {
  const yaml = 'app_token: xoxb\nchannel: c\nupdate_message: true';
  const kept = { threadTs: '1.2', channelId: 'C1' };

  test('keeps which message was posted', async () => {
    const bench = new ReceiverBench('slack', yaml, { answer: () => json('{"ok":true,"ts":"1.2","channel":"C1"}') });
    expect(await bench.send()).toEqual({ kind: 'accepted', answer: 'HTTP 200', data: kept });
    expect(bench.requests[0]?.url).toBe(POST);
    expect(bench.configured.config).toMatchObject({ http: { auth: { kind: 'authorization', type: 'Bearer' } } });
  });

  test('edits that message afterwards', async () => {
    const bench = new ReceiverBench('slack', yaml, { answer: () => json('{"ok":true,"ts":"1.2","channel":"C1"}') });
    expect(await bench.sent(notificationInput({ kept }))).toMatchObject({ ts: '1.2', channel: 'C1' });
    expect(bench.requests[0]?.url).toBe('https://slack.com/api/chat.update');
  });

  test('posts anew where the message is gone', async () => {
    const answers = [json('{"ok":false,"error":"message_not_found"}'), json('{"ok":true,"ts":"9","channel":"C1"}')];
    const bench = new ReceiverBench('slack', yaml, { answer: () => answers.shift() ?? json('') });
    expect(await bench.send(notificationInput({ kept }))).toMatchObject({ kind: 'accepted', data: { threadTs: '9', channelId: 'C1' } });
    expect(bench.requests.map(({ url }) => url)).toEqual(['https://slack.com/api/chat.update', POST]);
    expect(bench.body(1)).not.toHaveProperty('ts');
  });
});

test('a template that fails costs its field, and is named', async () => {
  const bench = new ReceiverBench('slack', "api_url: http://hook/\ntitle: '{{ .Nothing }}'\ntext: '{{ .Nothing }}'");
  expect(await bench.sent()).toMatchObject({
    attachments: [{ title: '[FIRING:1] Down', text: expect.stringMatching(/Firing: Down[^]*a template failed: .*Nothing/) }],
  });
});
