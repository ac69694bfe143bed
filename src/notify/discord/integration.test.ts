import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';

test.each([
  ['title: t', 'one of webhook_url or webhook_url_file must be configured'],
  ['webhook_url: http://x/\nwebhook_url_file: /f', 'at most one of webhook_url & webhook_url_file must be configured'],
  ['webhook_url: x', 'unsupported scheme "" for URL'],
])('%j is refused', (yaml, error) => {
  expect(configError('discord', yaml)).toContain(error);
});

test('a message with one embed', async () => {
  const bench = new ReceiverBench(
    'discord',
    "webhook_url: http://hook/\ncontent: '<@{{ .CommonLabels.job }}>'\nmessage: '{{ .Status }}'\nusername: '{{ bot }}'\navatar_url: http://a/b.png",
  );
  expect(await bench.sent()).toEqual({
    content: '<@api>',
    embeds: [{ title: '[FIRING:1] Down (web-1 api)', description: 'firing', color: 0x992d22 }],
    username: '{{ bot }}',
    avatar_url: 'http://a/b.png',
  });
  expect(bench.requests[0]).toMatchObject({ method: 'POST', url: 'http://hook/', headers: { 'Content-Type': 'application/json' } });
});

test('resolved is green, and an avatar that is no URL is left out', async () => {
  const bench = new ReceiverBench('discord', "webhook_url: http://hook/\navatar_url: 'http://[bad'");
  const sent = await bench.sent(notificationInput({ firing: 0, resolved: 1 }));
  expect(sent).toMatchObject({ embeds: [{ color: 0x2ecc71 }] });
  expect(sent).not.toHaveProperty('avatar_url');
});

test('texts are cut at what Discord takes, and the error of a template stays in sight', async () => {
  const long = 'é'.repeat(5000);
  const bench = new ReceiverBench('discord', `webhook_url: http://hook/\ntitle: ${long}\nmessage: ${long}\ncontent: '{{ .Nothing }}'`);
  const { embeds } = (await bench.sent()) as { readonly embeds: readonly { readonly title: string; readonly description: string }[] };
  expect(embeds[0]?.title).toBe(`${'é'.repeat(255)}…`);
  expect([...(embeds[0]?.description ?? '')].length).toBeLessThanOrEqual(4096);
  expect(embeds[0]?.description).toMatch(/é…\n\nBuilt-in text stands in here, because a template failed: .*Nothing/);
});
