import { expect, test } from 'vitest';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';

const TOKEN = 'http_config: {authorization: {credentials: t}}';

test.each([
  [TOKEN, 'missing room_id on webex_config'],
  ['room_id: r', 'missing webex_configs.http_config.authorization'],
])('%j is refused', (yaml, error) => {
  expect(configError('webex', yaml)).toContain(error);
});

test('a message in a room', async () => {
  const bench = new ReceiverBench('webex', `${TOKEN}\nroom_id: '{{ .CommonLabels.job }}'\nmessage: '{{ .Status }}'`);
  expect(await bench.sent()).toEqual({ markdown: 'firing', roomId: 'api' });
  expect(bench.requests[0]?.url).toBe('https://webexapis.com/v1/messages');
});

test('is cut by its bytes, between runes', async () => {
  const bench = new ReceiverBench('webex', `${TOKEN}\nroom_id: r\nmessage: ${'é'.repeat(4000)}`);
  const { markdown } = (await bench.sent()) as { readonly markdown: string };
  expect(markdown).toBe(`${'é'.repeat(3718)}…`); // 2 × 3718 + 3 = 7439
});
