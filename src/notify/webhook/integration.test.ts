import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';

test.each([
  ["url: ''", 'one of url or url_file must be configured'],
  ['url: http://x/\nurl_file: /f', 'at most one of url & url_file must be configured'],
  ['url: ftp://x/', 'invalid URL: unsupported scheme "ftp" for URL'],
  ["url: 'http://x/{{ .Bad'", 'invalid template syntax'],
  ['url: http://x/\nmax_alerts: -1', 'cannot unmarshal !!int `-1` into uint'],
])('%j is refused', (yaml, error) => {
  expect(configError('webhook', yaml)).toContain(error);
});

test("Alertmanager's body, for the first alerts only", async () => {
  const bench = new ReceiverBench('webhook', "url: 'http://hook/{{ .CommonLabels.job }}'\nmax_alerts: 1");
  expect(await bench.sent(notificationInput({ firing: 2 }))).toEqual({
    receiver: 'team',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'Down', instance: 'web-1', job: 'api' },
        annotations: { summary: 'it is down' },
        startsAt: '2025-12-31T23:50:00Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'http://tocsin.example/graph',
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      },
    ],
    notification_reason: 'first notification',
    groupLabels: { alertname: 'Down' },
    commonLabels: { alertname: 'Down', instance: 'web-1', job: 'api' },
    commonAnnotations: { summary: 'it is down' },
    routeLabels: {},
    externalURL: 'http://tocsin.example',
    version: '4',
    groupKey: '{}:{alertname="Down"}',
    truncatedAlerts: 1,
  });
  expect(bench.requests[0]).toMatchObject({
    url: 'http://hook/api',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': '0b5c' },
  });
});

test('an own payload, whose texts are templates', async () => {
  const bench = new ReceiverBench(
    'webhook',
    "url: http://hook/\npayload: {state: '{{ .Status }}', count: '{{ len .Alerts }}', list: [1, '{{ .Receiver }}']}",
  );
  expect(await bench.sent()).toEqual({ state: 'firing', count: 1, list: [1, 'team'] });
});

test('where it fails the standard body stands in, and names the error', async () => {
  const bench = new ReceiverBench('webhook', "url: http://hook/\npayload: {state: '{{ .Nothing }}'}");
  expect(await bench.send()).toMatchObject({ kind: 'accepted', answer: expect.stringContaining('Nothing') });
  expect(bench.body()).toMatchObject({ version: '4', templateError: expect.stringContaining('Nothing') });
});

test.each([
  ["url: '{{ .Nothing }}'", 'the template of the URL failed'],
  ["url: '{{ .CommonLabels.nothing }}'", 'the URL is empty after templating'],
])('%j cannot be sent', async (yaml, why) => {
  const bench = new ReceiverBench('webhook', yaml);
  expect(await bench.send()).toMatchObject({ kind: 'rejected', retry: false, message: expect.stringContaining(why) });
  expect(bench.requests).toEqual([]);
});
