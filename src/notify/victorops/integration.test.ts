import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';

test.each([
  ['api_key: k', 'missing Routing key in VictorOps config'],
  ['routing_key: r', 'no global VictorOps API Key set'],
  ['routing_key: r\napi_key: k\napi_key_file: /f', 'at most one of api_key & api_key_file must be configured'],
  ['routing_key: r\napi_key: k\ncustom_fields: {entity_state: x}', 'contains custom field entity_state which cannot be used'],
])('%j is refused', (yaml, error) => {
  expect(configError('victorops', yaml)).toContain(error);
});

test('an event', async () => {
  const bench = new ReceiverBench(
    'victorops',
    "api_key: k\napi_url: http://vo/x\nrouting_key: 'team {{ .CommonLabels.job }}'\nstate_message: '{{ .Status }}'\ncustom_fields: {job: '{{ .CommonLabels.job }}'}",
  );
  expect(await bench.sent()).toEqual({
    message_type: 'CRITICAL',
    entity_id: expect.stringMatching(/^[0-9a-f]{64}$/),
    entity_display_name: '[FIRING:1] Down (web-1 api)',
    state_message: 'firing',
    monitoring_tool: 'Alertmanager',
    job: 'api',
  });
  expect(bench.requests[0]?.url).toBe('http://vo/x/k/team%20api');
});

test.each([
  ['WARNING', 1, 'WARNING'],
  ['{{ .CommonLabels.nothing }}', 1, 'CRITICAL'],
  ['INFO', 0, 'RECOVERY'],
])('a message type %j with %i firing goes as %s', async (type, firing, sent) => {
  const bench = new ReceiverBench('victorops', `api_key: k\nrouting_key: r\nmessage_type: '${type}'`);
  expect(await bench.sent(notificationInput({ firing, resolved: 1 }))).toMatchObject({ message_type: sent });
});
