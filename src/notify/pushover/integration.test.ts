import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';

test.each([
  ['token: t', 'one of user_key or user_key_file must be configured'],
  ['user_key: u', 'one of token or token_file must be configured'],
  ['user_key: u\nuser_key_file: /f\ntoken: t', 'at most one of user_key & user_key_file must be configured'],
  ['user_key: u\ntoken: t\nhtml: true\nmonospace: true', 'at most one of monospace & html must be configured'],
  ['user_key: u\ntoken: t\nretry: soon', 'time: invalid duration "soon"'],
])('%j is refused', (yaml, error) => {
  expect(configError('pushover', yaml)).toContain(error);
});

const sent = async (yaml: string, input = notificationInput()): Promise<Readonly<Record<string, string>>> => {
  const bench = new ReceiverBench('pushover', `user_key: '{{ .CommonLabels.job }}'\ntoken: t\n${yaml}`);
  await bench.send(input);
  const url = new URL(bench.requests[0]?.url ?? '');
  expect(`${url.origin}${url.pathname}`).toBe('https://api.pushover.net/1/messages.json');
  expect(bench.requests[0]).toMatchObject({ method: 'POST', headers: { 'Content-Type': 'text/plain' } });
  expect(bench.requests[0]).not.toHaveProperty('body');
  return Object.fromEntries(url.searchParams);
};

test('a message is all in the query', async () => {
  expect(await sent("message: '{{ .Status }} & more'\nurl_title: u\ndevice: d\nsound: s\nttl: 90s")).toEqual({
    token: 't',
    user: 'api',
    title: '[FIRING:1] Down (web-1 api)',
    message: 'firing & more',
    url: 'http://tocsin.example/#/alerts?receiver=team',
    url_title: 'u',
    priority: '2',
    retry: '60',
    expire: '3600',
    device: 'd',
    sound: 's',
    ttl: '90',
  });
});

test.each([
  ['', { priority: '0' }],
  ["message: ' '", { message: '(no details)' }],
  ['monospace: true', { monospace: '1' }],
  ["html: true\nmessage: '<b>{{ .GroupLabels.alertname }}</b>'", { html: '1', message: '<b>Down</b>' }],
  [`title: ${'x'.repeat(300)}`, { title: `${'x'.repeat(249)}…` }],
])('%#', async (yaml, parameters) => {
  expect(await sent(yaml, notificationInput({ firing: 0, resolved: 1 }))).toMatchObject(parameters);
});

test('where a template of HTML fails, the built-in text goes out as text', async () => {
  const parameters = await sent("html: true\nmessage: '{{ .Nothing }}'");
  expect(parameters['message']).toMatch(/Firing: Down[^]*a template failed: .*Nothing/);
  expect(parameters).not.toHaveProperty('html');
});

test('a priority that fails is that of an emergency', async () => {
  expect(await sent("priority: '{{ .Nothing }}'")).toMatchObject({ priority: '2' });
});
