import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

const FINE = () => response('{"ok":true}');

test.each([
  ['bot_token: t', 'missing chat_id or chat_id_file on telegram_config'],
  ['chat_id: 1', 'missing bot_token or bot_token_file on telegram_config'],
  ['bot_token: t\nchat_id: 1\nchat_id_file: /f', 'at most one of chat_id & chat_id_file must be configured'],
  ['bot_token: t\nbot_token_file: /f\nchat_id: 1', 'at most one of bot_token & bot_token_file must be configured'],
  [
    'bot_token: t\nchat_id: 1\nparse_mode: html',
    'unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string',
  ],
])('%j is refused', (yaml, error) => {
  expect(configError('telegram', yaml)).toContain(error);
});

test('a message, whose values are texts', async () => {
  const bench = new ReceiverBench(
    'telegram',
    "bot_token: 12:ab\nchat_id: -100123\nmessage_thread_id: 7\ndisable_notifications: true\nmessage: '<b>{{ .Status }}</b> {{ .GroupLabels.alertname }}'",
    { answer: FINE },
  );
  expect(await bench.sent()).toEqual({
    chat_id: '-100123',
    text: '<b>firing</b> Down',
    parse_mode: 'HTML',
    disable_notification: 'true',
    disable_web_page_preview: 'true',
    message_thread_id: '7',
  });
  expect(bench.requests[0]?.url).toBe('https://api.telegram.org/bot12:ab/sendMessage');
});

test('the chat may be named by a file, which must hold a number', async () => {
  const send = (text: string) =>
    new ReceiverBench('telegram', 'bot_token: t\nchat_id_file: /chat', { answer: FINE, secrets: { '/chat': text } }).send();
  expect(await send('-5\n')).toMatchObject({ kind: 'accepted' });
  expect(await send('nobody')).toMatchObject({ kind: 'rejected', retry: false, message: 'chat_id is not a number: "nobody"' });
});

describe('a message too long', () => {
  const textOf = async (mode: string) =>
    (await new ReceiverBench('telegram', `bot_token: t\nchat_id: 1\nparse_mode: '${mode}'\nmessage: ${'x'.repeat(5000)}`, {
      answer: FINE,
    }).sent()) as {
      readonly text: string;
      readonly parse_mode?: string;
    };

  test('is cut where it is no HTML', async () => {
    expect(await textOf('Markdown')).toMatchObject({ text: `${'x'.repeat(4095)}…`, parse_mode: 'Markdown' });
  });

  test('gives way to the built-in text where it is HTML', async () => {
    const sent = await textOf('HTML');
    expect(sent.text).toMatch(/message length exceeds Telegram limits[^]*Firing: Down/);
    expect(sent).not.toHaveProperty('parse_mode');
  });
});

test('what Telegram cannot parse goes out as plain text', async () => {
  const answers = [
    response('{"ok":false,"description":"Bad Request: can\'t parse entities: Unsupported start tag"}', { status: 400 }),
    FINE(),
  ];
  const bench = new ReceiverBench('telegram', "bot_token: t\nchat_id: 1\nmessage: '<bad>'", { answer: () => answers.shift() ?? FINE() });
  expect(await bench.send()).toMatchObject({ kind: 'accepted', answer: expect.stringContaining("can't parse entities") });
  expect(bench.body(1)).toMatchObject({ text: expect.stringContaining('Firing: Down') });
  expect(bench.body(1)).not.toHaveProperty('parse_mode');
});

test('a template that fails gives way to the built-in text', async () => {
  const bench = new ReceiverBench('telegram', "bot_token: t\nchat_id: 1\nmessage: '{{ .Nothing }}'", { answer: FINE });
  expect(await bench.sent(notificationInput())).toMatchObject({
    text: expect.stringMatching(/Firing: Down[^]*a template failed: .*Nothing/),
  });
});

test('flood control says when to come again', async () => {
  const answer = () =>
    response('{"ok":false,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}', { status: 429 });
  expect(await new ReceiverBench('telegram', 'bot_token: t\nchat_id: 1', { answer }).send()).toEqual({
    kind: 'rejected',
    retry: true,
    reason: 'rateLimited',
    message: 'unexpected status code 429 (too many requests): Too Many Requests: retry after 35',
    retryAfterMs: 35_000,
  });
});
