import { describe, expect, test } from 'vitest';
import { configError, ReceiverBench, readIntegration } from '../../../test/support/receiver-bench.ts';

test.each([
  ['channel: c', 'missing webhook_url or webhook_url_file on mattermost_config'],
  ['webhook_url: http://x/\nwebhook_url_file: /f', 'at most one of webhook_url & webhook_url_file must be configured'],
  ['webhook_url: http://x/\nfields: [{title: t}]', 'missing value in Mattermost field configuration'],
  ['webhook_url: http://x/\nattachments: [{fields: [{value: v}]}]', 'missing title in Mattermost field configuration'],
])('%j is refused', (yaml, error) => {
  expect(configError('mattermost', yaml)).toContain(error);
});

test('the global webhook stands in', () => {
  const { configured } = readIntegration('mattermost', 'channel: c', 'mattermost_webhook_url_file: /hook');
  expect(configured?.config).toMatchObject({ webhookUrl: { kind: 'file', path: '/hook' } });
});

test('without attachments the fields make one, with the text in it', async () => {
  const bench = new ReceiverBench(
    'mattermost',
    "webhook_url: http://hook/\nchannel: '{{ .CommonLabels.job }}'\ntext: '{{ .Status }}'\nfields: [{title: a, value: b, short: true}]\nprops: {card: c}\nicon_emoji: fire",
  );
  expect(await bench.sent()).toEqual({
    channel: 'api',
    username: 'Alertmanager',
    icon_emoji: 'fire',
    props: { card: 'c' },
    attachments: [
      {
        text: 'firing',
        fallback: '[FIRING:1] Down (web-1 api) | http://tocsin.example/#/alerts?receiver=team',
        color: 'danger',
        title: '[FIRING:1] Down (web-1 api)',
        title_link: 'http://tocsin.example/#/alerts?receiver=team',
        fields: [{ title: 'a', value: 'b', short: true }],
      },
    ],
  });
});

test('with attachments the text stays above them', async () => {
  const bench = new ReceiverBench(
    'mattermost',
    "webhook_url: http://hook/\ntext: top\nattachments: [{text: '{{ .Status }}', author_name: me}]",
  );
  expect(await bench.sent()).toEqual({ text: 'top', username: 'Alertmanager', attachments: [{ text: 'firing', author_name: 'me' }] });
});

describe('priority', () => {
  test.each([
    [
      '{priority: URGENT, requested_ack: true, persistent_notifications: true}',
      { priority: 'urgent', requested_ack: true, persistent_notifications: true },
    ],
    ['{priority: important, requested_ack: true, persistent_notifications: true}', { priority: 'important', requested_ack: true }],
    ['{priority: high, requested_ack: true, persistent_notifications: true}', { priority: 'standard' }],
    ['{requested_ack: true}', undefined],
  ])('%s', async (priority, sent) => {
    const bench = new ReceiverBench('mattermost', `webhook_url: http://hook/\npriority: ${priority}`);
    expect(((await bench.sent()) as { readonly priority?: unknown }).priority).toEqual(sent);
  });
});
