import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench, readIntegration } from '../../../test/support/receiver-bench.ts';

test('the address is needed', () => {
  expect(configError('msteamsv2', 'title: t')).toContain('one of webhook_url or webhook_url_file must be configured');
});

test.each([
  ['', 'http://global/'],
  ['http_config: {follow_redirects: false}', 'http://global/'],
  ['http_config: {proxy_url: "http://own/"}', 'http://own/'],
])('with %j its proxy is %s', (http, proxy) => {
  const { configured } = readIntegration('msteamsv2', `webhook_url: http://hook/\n${http}`, 'http_config: {proxy_url: "http://global/"}');
  const config = configured?.config;
  expect(config?.kind === 'msteamsv2' && config.http.proxy.kind === 'url' ? config.http.proxy.url.reveal() : null).toBe(proxy);
});

test('a message with an adaptive card', async () => {
  const bench = new ReceiverBench('msteamsv2', "webhook_url: http://hook/\ntitle: t\ntext: '{{ .Status }}'");
  expect(await bench.sent(notificationInput({ firing: 0, resolved: 1 }))).toEqual({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.2',
          body: [
            { type: 'TextBlock', text: 't', weight: 'Bolder', size: 'Medium', wrap: true, style: 'heading', color: 'Good' },
            { type: 'TextBlock', text: 'resolved', wrap: true },
          ],
          msteams: { width: 'full' },
        },
      },
    ],
  });
});
