import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';

const LEAST = 'url: http://hook/\nalert_source_token: t';

test.each([
  ['alert_source_token: t', 'one of url or url_file must be configured'],
  [`${LEAST}\nalert_source_token_file: /f`, 'at most one of alert_source_token & alert_source_token_file must be configured'],
  [
    `${LEAST}\nhttp_config: {authorization: {credentials: c}}`,
    'cannot specify alert_source_token or alert_source_token_file when using http_config.authorization',
  ],
  [
    'url: http://hook/\nhttp_config: {follow_redirects: true}',
    'at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured',
  ],
])('%j is refused', (yaml, error) => {
  expect(configError('incidentio', yaml)).toContain(error);
});

test('an alert event', async () => {
  const bench = new ReceiverBench('incidentio', `${LEAST}\nmax_alerts: 1`);
  expect(bench.configured.config).toMatchObject({ http: { auth: { kind: 'authorization', type: 'Bearer' } } });
  expect(await bench.sent(notificationInput({ firing: 3 }))).toMatchObject({
    version: '1',
    groupKey: '{}:{alertname="Down"}',
    truncatedAlerts: 2,
    status: 'firing',
    alerts: [{ labels: { instance: 'web-1' } }],
  });
});

test('one too large keeps its first alert', async () => {
  const bench = new ReceiverBench('incidentio', LEAST);
  const sent = await bench.sent(notificationInput({ firing: 300, labels: { long: 'x'.repeat(2000) } }));
  expect(sent).toMatchObject({ truncatedAlerts: 299, alerts: [{ labels: { instance: 'web-1' } }] });
});

test('says what incident.io found wrong', async () => {
  const answer = () => response('{"message":"m","error":"e","errors":["a","b"]}', { status: 422 });
  expect(await new ReceiverBench('incidentio', LEAST, { answer }).send()).toMatchObject({
    message: 'unexpected status code 422: m: e: a, b',
  });
});
