import { expect, test } from 'vitest';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

const TOKENS = 'token: t\ntoken_id: i';
const FINE = () => response('{"success":true}');

test.each([
  ['token: t', 'no global Rocketchat TokenID set either inline or in a file'],
  ['token_id: i', 'no global Rocketchat Token set either inline or in a file'],
  [`${TOKENS}\ntoken_file: /f`, 'at most one of token & token_file must be configured'],
  [`${TOKENS}\nfields: [{name: n}]`, 'field name not found in type'],
])('%j is refused', (yaml, error) => {
  expect(configError('rocketchat', yaml)).toContain(error);
});

test('a message', async () => {
  const bench = new ReceiverBench(
    'rocketchat',
    `${TOKENS}\napi_url: http://rc/chat/\nchannel: '#c'\ntext: '{{ .Status }}'\nfields: [{title: a, value: b}]\nshort_fields: true\nactions: [{type: x, text: go, url: 'http://go/'}]`,
    { answer: FINE },
  );
  expect(await bench.sent()).toEqual({
    channel: '#c',
    attachments: [
      {
        title: '[FIRING:1] Down (web-1 api)',
        title_link: 'http://tocsin.example/#/alerts?receiver=team',
        text: 'firing',
        color: 'red',
        fields: [{ title: 'a', value: 'b', short: true }],
        actions: [{ type: 'button', text: 'go', url: 'http://go/', is_webview: false, msg_in_chat_window: false }],
      },
    ],
  });
  expect(bench.requests[0]).toMatchObject({
    url: 'http://rc/chat/api/v1/chat.postMessage',
    headers: { 'X-Auth-Token': 't', 'X-User-Id': 'i' },
  });
});

test.each([
  ['{"success":true}', { kind: 'accepted' }],
  ['{"success":false,"error":"no room"}', { kind: 'rejected', retry: false, message: 'error response from Rocketchat: no room' }],
  ['<html>', { kind: 'rejected', retry: true }],
])('the answer %s', async (body, outcome) => {
  expect(await new ReceiverBench('rocketchat', TOKENS, { answer: () => response(body) }).send()).toMatchObject(outcome);
});
