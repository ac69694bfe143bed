import { describe, expect, test } from 'vitest';
import { HTTP_RECEIVERS, leastReceivers } from '../../../test/support/least-receivers.ts';
import { builtInTemplates } from '../../../test/support/notification-input.ts';
import { readIntegration } from '../../../test/support/receiver-bench.ts';
import { response, ScriptedHttp } from '../../../test/support/scripted-http.ts';
import { ScriptedTelephony } from '../../../test/support/scripted-telephony.ts';
import type { ReceiverTest } from '../../api/tocsin-v1/receiver-test.ts';
import type { HttpRequest, HttpResult } from '../../model/http.ts';
import type { MailResult } from '../../model/mail.ts';
import { unixMs } from '../../model/time.ts';
import type { IntegrationName } from '../../notify/receivers.ts';
import { SimRandom } from '../../platform/sim/sim-random.ts';
import { SimWorld } from '../../platform/sim/sim-world.ts';
import { hasFailed, receiverTestText } from './receiver-test-text.ts';
import { testReceiver } from './test-receiver.ts';

type World = {
  readonly answer?: (request: HttpRequest) => HttpResult;
  readonly mail?: MailResult;
  readonly send?: boolean;
  readonly isResolved?: boolean;
  readonly name?: string;
};

async function tested(
  kind: IntegrationName,
  yaml: string,
  { answer = () => response('ok'), mail, send = false, isResolved = false, name = 'team' }: World = {},
) {
  const { configured, diagnostics } = readIntegration(kind, yaml);
  if (configured === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const world = new SimWorld({ seed: 1, start: unixMs(1_767_225_600_000) });
  const { clock, disk } = world.process().ports;
  const http = new ScriptedHttp(answer);
  const telephony = new ScriptedTelephony();
  const result = await testReceiver(
    name,
    { send, isResolved, labels: { service: 'shop' }, annotations: { note: 'n' } },
    {
      receivers: [{ name: 'team', labels: {}, integrations: [configured], fallback: [] }],
      templates: builtInTemplates,
      externalUrl: 'http://tocsin.example',
    },
    {
      clock,
      disk,
      http,
      random: new SimRandom(1),
      mail: { send: () => Promise.resolve(mail ?? { kind: 'accepted', response: '250 queued', refused: [] }) },
      telephony,
      environment: (variable) => (variable === 'CANARY' ? 'canary-secret' : undefined),
    },
  );
  return { result, http, telephony };
}

async function shown(...args: Parameters<typeof tested>): Promise<ReceiverTest> {
  const { result } = await tested(...args);
  if ('error' in result) throw new Error(result.error);
  return result;
}

/** With a secret that is easily found wherever there is one. */
const WITH_CANARY = Object.entries(leastReceivers('http://provider/canary-secret')).map(
  ([name, { yaml }]) =>
    [
      name as IntegrationName,
      yaml
        .replace(
          /\b((?:api_key|routing_key|token|token_id|user_key|bot_token|access_token|alert_source_token|api_secret|topic|secret_key): )\w+/g,
          '$1canary-secret',
        )
        .replace('credentials: t', 'credentials: canary-secret')
        // Addresses that are no secrets have none in them.
        .replace(
          /\b((?:api_url|url|homeserver): http:\/\/provider)\/canary-secret/g,
          name === 'slack' || name === 'webhook' || name === 'incidentio' ? '$1/canary-secret' : '$1',
        ),
    ] as const,
);

test.each([...WITH_CANARY, ['email', 'to: a@b.c\nfrom: d@e.f\nsmarthost: m:25\nauth_username: u\nauth_password: canary-secret'] as const])(
  '%s shows what it would send, and no secret',
  async (kind, yaml) => {
    const { result, http } = await tested(kind, yaml);
    if ('error' in result) throw new Error(result.error);
    expect(result.integrations).toMatchObject([{ integration: `${kind}[0]`, outcome: { kind: 'made', note: '' } }]);
    expect(result.integrations[0]?.messages.length).toBeGreaterThan(0);
    expect(JSON.stringify(result)).toContain('ReceiverTest');
    expect(JSON.stringify(result)).not.toContain('canary-secret');
    expect(receiverTestText(result)).toMatch(/\nnot sent\n$/);
    expect(http.requests).toEqual([]);
  },
);

test('the canaries are in what really leaves', async () => {
  const leaking: IntegrationName[] = [];
  for (const [kind, yaml] of WITH_CANARY) {
    const { success } = leastReceivers()[kind as (typeof HTTP_RECEIVERS)[number]];
    const { http } = await tested(kind, yaml, { send: true, answer: () => response(success) });
    const sent = http.requests
      .map(({ url, headers, body }) => `${url} ${JSON.stringify(headers)} ${new TextDecoder().decode(body)}`)
      .join();
    if (sent.includes('canary-secret')) leaking.push(kind);
  }
  // Those of the others are in the client's configuration (bearer tokens), or only sign.
  expect(HTTP_RECEIVERS.filter((kind) => !leaking.includes(kind)).sort()).toEqual(['jira', 'matrix', 'sns', 'webex']);
});

describe('sending', () => {
  test('shows what the provider answered, without the secret that it repeats', async () => {
    const answer = () => response('no such hook: canary-secret', { status: 404 });
    const result = await shown('slack', 'api_url: http://hook/canary-secret', { send: true, answer });
    expect(result.integrations).toMatchObject([
      {
        messages: [{ url: 'http://hook/<secret>', answer: { status: 404, body: 'no such hook: canary-secret' } }],
        outcome: { kind: 'rejected', message: expect.stringContaining('unexpected status code 404') },
      },
    ]);
    expect(hasFailed(result)).toBe(true);
    expect(receiverTestText(result)).toContain('refused: unexpected status code 404 (nothing at this address: wrong, or deleted)');
  });

  test('says what was accepted', async () => {
    const result = await shown('discord', 'webhook_url: http://hook/', { send: true });
    expect(result.integrations[0]?.outcome).toEqual({ kind: 'accepted', answer: 'HTTP 200' });
    expect([hasFailed(result), receiverTestText(result).trimEnd().split('\n').at(-1)]).toEqual([false, 'accepted: HTTP 200']);
  });

  test('a mail is shown whole, with what the server said', async () => {
    const result = await shown('email', "to: a@b.c\nfrom: d@e.f\nsmarthost: 'm:25'\ntext: '{{ .Status }}'\nhtml: ''", { send: true });
    expect(result.integrations).toMatchObject([
      {
        messages: [
          {
            kind: 'mail',
            server: 'm:25',
            headers: expect.arrayContaining([
              ['To', 'a@b.c'],
              ['Subject', '[FIRING:1] ReceiverTest (shop info)'],
            ]),
            text: 'firing',
          },
        ],
        outcome: { kind: 'accepted', answer: '250 queued' },
      },
    ]);
  });

  test.each([
    { kind: 'sms', message: { kind: 'text', text: expect.stringMatching(/^FIRING ReceiverTest info: A test of receiver team/) } },
    { kind: 'phone', message: { kind: 'call', text: expect.stringContaining('Info alert: Receiver Test. A test of receiver team') } },
  ] as const)('of $kind it is shown what would be said, and only --send says it', async ({ kind, message }) => {
    const yaml = `account_sid: AC${'0'.repeat(32)}\nauth_token_env: CANARY\nfrom: "+15005550006"\nto: "+4915112345678"`;
    for (const send of [false, true]) {
      const { result, telephony } = await tested(kind, yaml, { send });
      expect(result).toMatchObject({ integrations: [{ messages: [{ from: '+15005550006', to: '+4915112345678', ...message }] }] });
      expect(telephony.texts.length + telephony.calls.length).toBe(send ? 1 : 0);
      if (!('error' in result)) expect(receiverTestText(result)).toContain(`${message.kind} from +15005550006 to +4915112345678`);
    }
  });

  test('the inbox is shown, and keeps no test', async () => {
    const result = await shown('inbox', "text: '{{ .CommonAnnotations.note }}'", { send: true });
    expect(result.integrations).toMatchObject([{ messages: [{ kind: 'inbox', text: 'n' }], outcome: { kind: 'made' } }]);
  });
});

test('an alert that is over closes what one that fires has opened', async () => {
  const keyOf = async (isResolved: boolean): Promise<Readonly<Record<string, unknown>>> => {
    const { http } = await tested('pagerduty', 'routing_key: k', { send: true, isResolved });
    return JSON.parse(new TextDecoder().decode(http.requests[0]?.body)) as Readonly<Record<string, unknown>>;
  };
  const [opened, closed] = [await keyOf(false), await keyOf(true)];
  expect([opened['event_action'], closed['event_action']]).toEqual(['trigger', 'resolve']);
  expect(closed['dedup_key']).toBe(opened['dedup_key']);
});

test('what a templated secret becomes is a secret', async () => {
  const result = await shown('pagerduty', "routing_key: '{{ .CommonLabels.service }}-canary'");
  expect(JSON.stringify(result)).not.toContain('shop-canary');
  expect(JSON.stringify(result)).toContain('\\"routing_key\\":\\"<secret>\\"');
});

test('a secret from the environment is used and not shown, one that is missing is told', async () => {
  expect(JSON.stringify(await shown('slack', 'api_url_env: CANARY'))).not.toContain('canary-secret');
  expect((await shown('slack', 'api_url_env: NOTHING')).integrations[0]?.outcome).toEqual({
    kind: 'rejected',
    message: 'cannot read api_url: environment variable "NOTHING" is not set',
  });
});

test('a template that fails is told', async () => {
  const result = await shown('slack', "api_url: http://hook/\ntext: '{{ .Nothing }}'");
  expect(result.integrations[0]?.outcome).toMatchObject({ kind: 'made', note: expect.stringMatching(/with built-in text.*Nothing/) });
  expect(receiverTestText(result)).toMatch(/not sent; it would go out with built-in text, because a template failed: .*Nothing/);
});

test.each([
  ['taem', 'there is no receiver "taem": did you mean "team"?'],
  ['nobody', 'there is no receiver "nobody": there are "team"'],
])('%s is no receiver', async (name, error) => {
  expect((await tested('discord', 'webhook_url: http://hook/', { name })).result).toEqual({ error });
});
