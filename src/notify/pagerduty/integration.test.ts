import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

test.each([
  ['client: x', 'missing service or routing key in PagerDuty config'],
  ['routing_key: a\nrouting_key_file: /f', 'at most one of routing_key & routing_key_file must be configured'],
  ['service_key: a\nservice_key_file: /f', 'at most one of service_key & service_key_file must be configured'],
  ['routing_key: a\nurl: ftp://x', 'unsupported scheme "ftp" for URL'],
  ['routing_key: a\ndetails: [x]', 'cannot unmarshal !!seq into map[string]interface {}'],
])('%j is refused', (yaml, error) => {
  expect(configError('pagerduty', yaml)).toContain(error);
});

test('an event of version 2', async () => {
  const bench = new ReceiverBench(
    'pagerduty',
    `
routing_key: '{{ .CommonLabels.job }}-key'
severity: critical
class: disk
images: [{src: 'https://img/1', alt: a}, {src: '', alt: dropped}]
links: [{href: 'https://run/{{ .CommonLabels.job }}', text: runbook}, {text: dropped}]
details: {firing: 'yes', resolved: no one, nested: {list: [1, '{{ .Status }}']}}
`,
  );
  expect(await bench.sent(notificationInput({ firing: 2 }))).toEqual({
    routing_key: 'api-key',
    dedup_key: expect.stringMatching(/^[0-9a-f]{64}$/),
    event_action: 'trigger',
    client: 'Alertmanager',
    client_url: 'http://tocsin.example/#/alerts?receiver=team',
    images: [{ src: 'https://img/1', alt: 'a', href: '' }],
    links: [{ href: 'https://run/api', text: 'runbook' }],
    payload: {
      summary: '[FIRING:2] Down (api)',
      source: 'Alertmanager',
      severity: 'critical',
      class: 'disk',
      custom_details: { firing: true, resolved: 'no one', num_firing: 2, num_resolved: 0, nested: { list: [1, 'firing'] } },
    },
  });
  expect(bench.requests[0]).toMatchObject({
    method: 'POST',
    url: 'https://events.pagerduty.com/v2/enqueue',
    headers: { 'Content-Type': 'application/json' },
  });
});

test('an event of version 1', async () => {
  const bench = new ReceiverBench('pagerduty', 'service_key: k\ndetails: {firing: a, resolved: b}');
  expect(await bench.sent(notificationInput({ firing: 0, resolved: 1 }))).toMatchObject({
    service_key: 'k',
    event_type: 'resolve',
    description: '[RESOLVED] Down (web-1 api)',
    event_action: '',
    payload: null,
    details: { num_firing: 0, num_resolved: 1 },
  });
  expect(bench.body()).not.toHaveProperty('client');
  expect(bench.requests[0]?.url).toBe('https://events.pagerduty.com/generic/2010-04-15/create_event.json');
});

test('all attempts and the resolve have the key of the group', async () => {
  const bench = new ReceiverBench('pagerduty', 'routing_key: k');
  await bench.send(notificationInput());
  await bench.send(notificationInput({ firing: 0, resolved: 1 }));
  const keys = [0, 1].map((index) => bench.body(index) as { dedup_key: string; event_action: string });
  expect(keys.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
  expect(new Set(keys.map(({ dedup_key }) => dedup_key)).size).toBe(1);
});

describe('what PagerDuty would refuse for good', () => {
  test.each([
    ['page', 'error'],
    ['{{ .CommonLabels.nothing }}', 'error'],
    ['Warning', 'warning'],
  ])('a severity %j goes as %s', async (severity, sent) => {
    const bench = new ReceiverBench('pagerduty', `routing_key: k\nseverity: '${severity}'`);
    expect(await bench.sent()).toMatchObject({ payload: { severity: sent } });
  });

  test('an empty summary and an empty source are filled', async () => {
    const bench = new ReceiverBench('pagerduty', "routing_key: k\ndescription: ''\nclient: ''");
    expect(await bench.sent()).toMatchObject({ payload: { summary: '[FIRING:1] Down', source: 'http://tocsin.example' } });
  });

  test('an event too large goes without its details', async () => {
    const bench = new ReceiverBench('pagerduty', 'routing_key: k');
    const sent = await bench.sent(notificationInput({ firing: 200, labels: { long: 'x'.repeat(3000) } }));
    expect(sent).toMatchObject({ payload: { custom_details: { error: expect.stringContaining('exceeds the maximum size of 512KB') } } });
  });

  test('an empty key is told, and nothing is sent', async () => {
    const bench = new ReceiverBench('pagerduty', "routing_key: '{{ .CommonLabels.nothing }}'");
    expect(await bench.send()).toMatchObject({ kind: 'rejected', retry: false, message: 'routing_key is empty' });
    expect(bench.requests).toEqual([]);
  });
});

test('a template that fails costs its field, and is named', async () => {
  const bench = new ReceiverBench(
    'pagerduty',
    "routing_key: k\ndescription: '{{ template \"none\" . }}'\ndetails: {bad: '{{ .Nothing }}'}",
  );
  expect(await bench.send()).toMatchObject({ kind: 'accepted', answer: expect.stringContaining('template "none" not defined') });
  expect(bench.body()).toMatchObject({
    payload: {
      summary: '[FIRING:1] Down',
      custom_details: {
        bad: null,
        num_firing: 1,
        template_error: expect.stringContaining('Nothing'),
        alerts: expect.stringContaining('Firing: Down'),
      },
    },
  });
});

test('says which fields PagerDuty found wrong', async () => {
  const answer = () => response('{"status":"invalid event","message":"Event object is invalid","errors":["a","b"]}', { status: 400 });
  expect(await new ReceiverBench('pagerduty', 'routing_key: k', { answer }).send()).toMatchObject({
    retry: false,
    reason: 'clientError',
    message: 'unexpected status code 400: Event object is invalid: a,b',
  });
});

test('of version 1, 403 is a limit of the rate', async () => {
  const send = (status: number) => new ReceiverBench('pagerduty', 'service_key: k', { answer: () => response('', { status }) }).send();
  expect(await send(403)).toMatchObject({ retry: true, reason: 'other' });
  expect(await send(429)).toMatchObject({ retry: false, reason: 'other' });
});

test.each([
  ['routing_key: k', { routing_key: 'k', event_action: 'acknowledge' }, 'dedup_key'],
  ['service_key: k', { service_key: 'k', event_type: 'acknowledge', description: 'acknowledged by ana' }, 'incident_key'],
])('with %s an acknowledgement is passed on, for the incident that was opened', async (yaml, event, key) => {
  const bench = new ReceiverBench('pagerduty', yaml, { answer: () => response('{"status":"success"}', { status: 202 }) });
  await bench.send();
  expect(await bench.integration.acknowledge?.(notificationInput(), 'ana')).toMatchObject({ kind: 'accepted' });
  const opened = bench.body(0) as Readonly<Record<string, unknown>>;
  expect(bench.body(1)).toEqual({ ...event, [key]: opened[key] });
  expect(bench.requests[1]?.url).toBe(bench.requests[0]?.url);
});

test('an image that PagerDuty would refuse is left out', async () => {
  const bench = new ReceiverBench('pagerduty', 'routing_key: k\nimages: [{src: http://img/1}, {src: https://img/2}]');
  expect(await bench.sent()).toMatchObject({ images: [{ src: 'https://img/2' }] });
});

test('a summary too long is cut by characters, and marked', async () => {
  const bench = new ReceiverBench('pagerduty', `routing_key: k\ndescription: ${'é'.repeat(1025)}`);
  expect(await bench.sent()).toMatchObject({ payload: { summary: `${'é'.repeat(1023)}…` } });
});
