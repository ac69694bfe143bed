import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';

test.each([
  ['title: t', 'one of webhook_url or webhook_url_file must be configured'],
  ['webhook_url: http://x/\nwebhook_url_file: /f', 'at most one of webhook_url & webhook_url_file must be configured'],
])('%j is refused', (yaml, error) => {
  expect(configError('msteams', yaml)).toContain(error);
});

test('a card, red while something fires and green after', async () => {
  const bench = new ReceiverBench('msteams', "webhook_url: http://hook/\nsummary: s\ntext: '{{ .Status }}'");
  expect(await bench.sent()).toEqual({
    '@context': 'http://schema.org/extensions',
    type: 'MessageCard',
    title: '[FIRING:1] Down (web-1 api)',
    summary: 's',
    text: 'firing',
    themeColor: '8C1A1A',
  });
  await bench.send(notificationInput({ firing: 0, resolved: 1 }));
  expect(bench.body(1)).toMatchObject({ text: 'resolved', themeColor: '2DC72D' });
});

test('a template that fails costs its field, and is named', async () => {
  const bench = new ReceiverBench('msteams', "webhook_url: http://hook/\nsummary: '{{ .Nothing }}'\ntext: t");
  expect(await bench.sent()).toMatchObject({
    summary: '[FIRING:1] Down',
    text: expect.stringMatching(/^t\n\n.*a template failed: .*Nothing/),
  });
});
