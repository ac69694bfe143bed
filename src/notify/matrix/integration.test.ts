import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

const LEAST = 'homeserver: https://matrix.example.org/\nroom: "!abc:example.org"\naccess_token: syt_x';
const BY_ALIAS = 'homeserver: https://matrix.example.org\nroom: "#alerts:example.org"\naccess_token: syt_x';
const taken = (id: string) => response(`{"event_id":"${id}"}`);

test.each([
  ['room: "!a:b"\naccess_token: t', 'missing homeserver in Matrix config'],
  ['homeserver: https://m/\naccess_token: t', 'missing room in Matrix config'],
  ['homeserver: https://m/\nroom: "!a:b"', 'missing access_token in Matrix config'],
  ['homeserver: https://m/\nroom: alerts\naccess_token: t', '"alerts" is no room of Matrix'],
  [`${LEAST}\nmessage_type: m.emote`, '"m.emote"'],
  [`${LEAST}\nhttp_config: {basic_auth: {username: u, password: p}}`, 'access_token excludes other credentials'],
])('%j is refused', (yaml, error) => {
  expect(configError('matrix', yaml)).toContain(error);
});

test('a message, whose transaction is the notification', async () => {
  const bench = new ReceiverBench('matrix', `${LEAST}\ntext: '{{ .Status }}'\nhtml: '<b>{{ .CommonLabels.alertname }}</b>'`, {
    answer: () => taken('$1'),
  });
  expect(await bench.sent()).toEqual({
    msgtype: 'm.text',
    body: 'firing',
    format: 'org.matrix.custom.html',
    formatted_body: '<b>Down</b>',
    'm.mentions': {},
  });
  const url = 'https://matrix.example.org/_matrix/client/v3/rooms/!abc%3Aexample.org/send/m.room.message/0b5c';
  expect(bench.requests).toMatchObject([{ method: 'PUT', url }]);
  await bench.send();
  expect(bench.requests[1]?.url).toBe(url);
  expect(bench.configured.config).toMatchObject({ http: { auth: { kind: 'authorization', type: 'Bearer' } } });
});

test('what labels and annotations say is text, in the default HTML as well', async () => {
  const bench = new ReceiverBench('matrix', LEAST, { answer: () => taken('$1') });
  const labels = { alertname: '<img src=x onerror=alert(1)>', summary: 'x' };
  const sent = (await bench.sent(notificationInput({ labels }))) as { readonly formatted_body: string; readonly body: string };
  expect(sent.formatted_body).toContain('&lt;img src=x onerror=alert(1)&gt;');
  expect(sent.formatted_body).not.toContain('<img');
  expect(sent.formatted_body).toContain('<a href="http://tocsin.example/graph">source</a>');
  expect(sent.body).toContain('<img src=x onerror=alert(1)>');
});

test('later notifications of the group reply to its first message', async () => {
  const bench = new ReceiverBench('matrix', LEAST, { answer: () => taken('$first') });
  expect(await bench.send()).toEqual({ kind: 'accepted', answer: 'HTTP 200', data: { firstEventId: '$first' } });
  const kept = { firstEventId: '$older' };
  expect(await bench.send(notificationInput({ kept, firing: 0, resolved: 1 }))).toMatchObject({ data: kept });
  expect(bench.body(0)).not.toHaveProperty(['m.relates_to']);
  expect(bench.body(1)).toMatchObject({ 'm.relates_to': { 'm.in_reply_to': { event_id: '$older' } } });
});

test('an alias is resolved once, and again when its room refuses', async () => {
  const answers = [
    response('{"room_id":"!one:example.org"}'),
    taken('$1'),
    response('{"errcode":"M_FORBIDDEN","error":"not in room"}', { status: 403 }),
    response('{"room_id":"!two:example.org"}'),
    taken('$2'),
  ];
  const bench = new ReceiverBench('matrix', BY_ALIAS, { answer: () => answers.shift() ?? response('', { status: 500 }) });
  const outcomes = [];
  for (let i = 0; i < 3; i++) outcomes.push((await bench.send()).kind);
  expect(outcomes).toEqual(['accepted', 'rejected', 'accepted']);
  expect(bench.requests.map(({ method, url }) => `${method} ${new URL(url).pathname.replace('/_matrix/client/v3', '')}`)).toEqual([
    'GET /directory/room/%23alerts%3Aexample.org',
    'PUT /rooms/!one%3Aexample.org/send/m.room.message/0b5c',
    'PUT /rooms/!one%3Aexample.org/send/m.room.message/0b5c',
    'GET /directory/room/%23alerts%3Aexample.org',
    'PUT /rooms/!two%3Aexample.org/send/m.room.message/0b5c',
  ]);
});

test.each([
  ['{"errcode":"M_NOT_FOUND","error":"Room alias not found"}', 404, { retry: false, message: /404.*: M_NOT_FOUND: Room alias not found$/ }],
  ['{}', 200, { retry: false, message: /gave no room for #alerts:example.org/ }],
])('an alias answered with %s cannot be sent to', async (body, status, { retry, message }) => {
  const bench = new ReceiverBench('matrix', BY_ALIAS, { answer: () => response(body, { status }) });
  expect(await bench.send()).toMatchObject({ kind: 'rejected', retry, message: expect.stringMatching(message) });
});

test('a limit of the rate says when to come again', async () => {
  const answer = () => response('{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":2500}', { status: 429 });
  expect(await new ReceiverBench('matrix', LEAST, { answer }).send()).toMatchObject({
    kind: 'rejected',
    retry: true,
    reason: 'rateLimited',
    retryAfterMs: 2500,
  });
});

test('HTML whose template fails is left out, and the text names the error', async () => {
  const bench = new ReceiverBench('matrix', `${LEAST}\nhtml: '{{ .Nothing }}'`, { answer: () => taken('$1') });
  const sent = (await bench.sent()) as { readonly body: string };
  expect(sent).not.toHaveProperty('formatted_body');
  expect(sent.body).toMatch(/a template failed: .*Nothing/);
});
