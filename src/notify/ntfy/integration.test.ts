import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

test.each([
  ['title: t', 'missing topic in ntfy config'],
  ['topic: t\ntopic_file: /f', 'at most one of topic & topic_file must be configured'],
  ['topic: t\nurl: ftp://x/', 'unsupported scheme "ftp" for URL'],
  ['topic: t\ntoken: a\nhttp_config: {basic_auth: {username: u, password: p}}', 'token excludes the credentials of http_config'],
  ['topic: t\nactions: [{label: l}]', '"url" is missing'],
  ['topic: t\nactions: [{label: l, url: u, action: broadcast}]', '"broadcast"'],
  ['topic: t\nactions: [{label: a, url: u}, {label: b, url: u}, {label: c, url: u}, {label: d, url: u}]', 'at most 3 actions, not 4'],
])('%j is refused', (yaml, error) => {
  expect(configError('ntfy', yaml)).toContain(error);
});

test('a message, with all that ntfy can show', async () => {
  const bench = new ReceiverBench(
    'ntfy',
    `
url: https://push.example.org/base
topic: 'alerts-{{ .CommonLabels.job }}'
token: tk_secret
message: '{{ .Status }}'
icon: https://icon/x.png
markdown: true
tags: ['{{ .CommonLabels.job }}', '{{ .CommonLabels.nothing }}']
actions:
- {label: Runbook, url: 'https://run/{{ .CommonLabels.job }}'}
- {action: http, label: Fix, url: https://fix/, method: PUT, headers: {X-Job: '{{ .CommonLabels.job }}'}, body: go, clear: true}
`,
  );
  expect(await bench.sent()).toEqual({
    topic: 'alerts-api',
    sequence_id: expect.stringMatching(/^[0-9a-f]{64}$/),
    title: '[FIRING:1] Down (web-1 api)',
    message: 'firing',
    priority: 4,
    tags: ['api'],
    click: 'http://tocsin.example',
    icon: 'https://icon/x.png',
    markdown: true,
    actions: [
      { action: 'view', label: 'Runbook', url: 'https://run/api' },
      { action: 'http', label: 'Fix', url: 'https://fix/', method: 'PUT', headers: { 'X-Job': 'api' }, body: 'go', clear: true },
    ],
  });
  expect(bench.requests[0]).toMatchObject({ method: 'POST', url: 'https://push.example.org/base' });
  expect(bench.configured.config).toMatchObject({ http: { auth: { kind: 'authorization', type: 'Bearer' } } });
});

describe('how loud', () => {
  test.each([
    ['critical', '', 5],
    ['Warning', '', 3],
    ['info', '', 2],
    ['odd', '', 4],
    ['critical', 'priority: low', 2],
    ['critical', 'priority: \'{{ if eq .CommonLabels.severity "critical" }}1{{ end }}\'', 1],
    ['critical', "priority: '{{ .CommonLabels.nothing }}'", 5],
  ])('severity %s with %j is %i', async (severity, yaml, priority) => {
    const bench = new ReceiverBench('ntfy', `topic: t\n${yaml}`);
    expect(await bench.sent(notificationInput({ labels: { severity } }))).toMatchObject({ priority });
  });

  test('what is over is not urgent', async () => {
    const bench = new ReceiverBench('ntfy', 'topic: t');
    const over = notificationInput({ firing: 0, resolved: 1, labels: { severity: 'critical' } });
    expect(await bench.sent(over)).toMatchObject({ priority: 3, tags: ['white_check_mark'] });
  });
});

test('a tap opens the page of the notification where there is one', async () => {
  const links = { page: 'https://tocsin.example/n/1', callback: 'https://tocsin.example/c/1' };
  expect(await new ReceiverBench('ntfy', 'topic: t').sent(notificationInput({ links }))).toMatchObject({ click: links.page });
});

test('all notifications of a group are one on the phone', async () => {
  const bench = new ReceiverBench('ntfy', 'topic: t');
  for (const input of [notificationInput({ id: 'a' }), notificationInput({ id: 'b', firing: 0, resolved: 1 })]) await bench.send(input);
  await bench.send(notificationInput({ groupKey: '{}:{alertname="Other"}' }));
  const ids = [0, 1, 2].map((index) => (bench.body(index) as { sequence_id: string }).sequence_id);
  expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([true, false]);
});

test('a topic that a template leaves empty is told, and nothing is sent', async () => {
  const bench = new ReceiverBench('ntfy', "topic: '{{ .CommonLabels.nothing }}'");
  expect(await bench.send()).toMatchObject({ kind: 'rejected', retry: false, message: 'topic is empty' });
  expect(bench.requests).toEqual([]);
});

test("says what ntfy found wrong, in ntfy's words", async () => {
  const answer = () => response('{"code":40301,"http":403,"error":"forbidden","link":"https://ntfy.sh/docs"}', { status: 403 });
  expect(await new ReceiverBench('ntfy', 'topic: t', { answer }).send()).toMatchObject({
    retry: false,
    reason: 'authError',
    message: expect.stringMatching(/^unexpected status code 403.*: forbidden$/),
  });
});
