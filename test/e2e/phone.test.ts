/** A telephone that rings until somebody presses a key: our program, Twilio's interface, a kill while it rings. */
import { expect } from 'vitest';
import { SystemClock } from '../../src/platform/real/system-clock.ts';
import type { Ring } from '../../src/platform/sim/sim-telephony.ts';
import { test } from '../support/e2e/staged-test.ts';
import { until } from '../support/e2e/until.ts';
import { FakeTwilio } from '../support/fake-twilio.ts';

const config = (api: number, own: number, { accountSid }: { readonly accountSid: string }): string => `
global:
  twilio_account_sid: ${accountSid}
  twilio_auth_token_file: token
  twilio_from: "+15005550006"
  twilio_api_url: http://127.0.0.1:${api}
  twilio_callback_url: http://127.0.0.1:${own}
route: {receiver: ana, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 2s}
receivers:
  - name: ana
    phone_configs: [{to: "+4915112345678", tocsin: {rate_limit: {per_minute: 600, burst: 10}}}]
`;

test('a kill while it rings loses nothing, and key 1 ends the repeats of what it answers', async ({ stage }) => {
  const twilio = new FakeTwilio(new SystemClock(), 50);
  const { provider } = twilio;
  const api = await stage.serve(twilio.handler);
  const tocsin = await stage.tocsin();
  stage.write({ 'tocsin.yml': config(api.port, tocsin.port, provider), token: `${provider.authToken}\n` });
  const ringsOf = (name: string): readonly Ring[] =>
    provider.rings.filter(({ heard }) => heard.some((text) => text.includes(`alert: ${name}.`)));
  const raise = (alertname: string): Promise<unknown> =>
    tocsin.post('/api/v2/alerts', [{ labels: { alertname, severity: 'critical' }, annotations: { summary: 'web-1 is away' } }]);
  await tocsin.start();
  await raise('First');
  await until('the telephone to ring', () => provider.rings.length > 0);
  await tocsin.kill();
  // Nobody could be asked what to say: this call ended without a key.
  await until('the call to end', () => provider.rings[0]?.status === 'completed');
  provider.telephone = () => ({ picksUp: 'human', keys: ['', '1'] });
  await tocsin.start();
  const [acknowledged] = await until('key 1', () => {
    const rings = ringsOf('First').filter(({ status }) => status === 'completed');
    return rings.length > 0 && rings;
  });
  const keys = 'Press 1 to acknowledge, 2 to escalate, 3 to silence for one hour, 9 to hear it again.';
  const text = expect.stringMatching(/^Critical alert: First\. web-1 is away\. Firing for /) as string;
  expect(acknowledged).toMatchObject({
    to: '+4915112345678',
    pressed: ['1'],
    heard: [text, keys, text, keys, 'Acknowledged.', 'Goodbye.'],
  });
  // Another one, whose keys nobody presses, is repeated meanwhile.
  provider.telephone = () => ({ picksUp: 'human' });
  await raise('Second');
  await until('a repeat of the other', () => ringsOf('Second').length >= 2);
  expect(ringsOf('First')).toHaveLength(1);
});
