import { describe, expect, test } from 'vitest';
import { type HttpReceiver, leastReceivers } from '../../test/support/least-receivers.ts';
import { configError, ReceiverBench, readIntegration } from '../../test/support/receiver-bench.ts';
import { response } from '../../test/support/scripted-http.ts';

type Wanted = { readonly sendResolved: boolean; readonly resolveContract?: true; readonly retries: readonly number[] };

/** What each does by default, and which statuses besides 5xx it tries again. */
const INTEGRATIONS: Readonly<Partial<Record<HttpReceiver, Wanted>>> = {
  discord: { sendResolved: true, retries: [] },
  incidentio: { sendResolved: true, retries: [429] },
  jira: { sendResolved: true, retries: [429] },
  matrix: { sendResolved: true, retries: [429] },
  mattermost: { sendResolved: true, retries: [] },
  msteams: { sendResolved: true, retries: [] },
  msteamsv2: { sendResolved: true, retries: [] },
  ntfy: { sendResolved: true, resolveContract: true, retries: [429] },
  opsgenie: { sendResolved: true, resolveContract: true, retries: [429] },
  pagerduty: { sendResolved: true, resolveContract: true, retries: [429] },
  pushover: { sendResolved: true, resolveContract: true, retries: [] },
  rocketchat: { sendResolved: false, retries: [] },
  slack: { sendResolved: false, retries: [] },
  sns: { sendResolved: true, retries: [] },
  telegram: { sendResolved: true, retries: [301, 400, 401, 403, 404, 429] },
  victorops: { sendResolved: true, resolveContract: true, retries: [] },
  webex: { sendResolved: true, retries: [] },
  webhook: { sendResolved: true, retries: [] },
};
const LEAST = leastReceivers();
const each = Object.entries(INTEGRATIONS) as readonly (readonly [HttpReceiver, Wanted])[];

describe.each(each)('%s', (name, { sendResolved, resolveContract = false, retries }) => {
  const { yaml, success } = LEAST[name];

  test('has its defaults, and takes others', () => {
    expect(readIntegration(name, yaml).configured).toMatchObject({ name, index: 0, sendResolved, resolveContract });
    const turned = `${yaml}\nsend_resolved: ${!sendResolved}\ntocsin: {resolve_contract: ${!resolveContract}}`;
    expect(readIntegration(name, turned).configured).toMatchObject({ sendResolved: !sendResolved, resolveContract: !resolveContract });
  });

  test('names a field that it does not have', () => {
    expect(configError(name, `${yaml}\nbogus: 1`)).toContain('field bogus not found in type');
  });

  test.each([200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 503])('takes status %i for what it is', async (status) => {
    const outcome = await new ReceiverBench(name, yaml, { answer: () => response(success, { status }) }).send();
    const isFine = status < 300;
    const retry = status >= 500 || retries.includes(status);
    expect(outcome).toMatchObject(
      isFine ? { kind: 'accepted' } : { kind: 'rejected', retry, message: expect.stringContaining(`${status}`) },
    );
  });

  test('knows an attempt that may have arrived from one that surely did not', async () => {
    const kindOf = async (maybeSent: boolean): Promise<string> =>
      (await new ReceiverBench(name, yaml, { answer: () => ({ kind: 'failed', reason: 'reset', message: 'reset', maybeSent }) }).send())
        .kind;
    expect(await kindOf(false)).toBe('rejected');
    // Jira begins with a search, which changes nothing.
    expect(await kindOf(true)).toBe(name === 'jira' ? 'rejected' : 'unknown');
  });
});

test('WeCom tries any status again, and fetches its token first', async () => {
  const answers = [response('{"access_token":"t"}'), response('busy', { status: 400 })];
  const bench = new ReceiverBench('wechat', 'api_secret: s\ncorp_id: c', { answer: () => answers.shift() ?? response('ok') });
  expect(await bench.send()).toMatchObject({ kind: 'rejected', retry: true });
});

describe('an empty item', () => {
  test.each(['discord', 'webhook', 'pagerduty', 'jira'] as const)('is refused by %s', (name) => {
    expect(configError(name, '')).toContain(`missing ${name} config`);
  });

  test.each([
    ['slack', 'no Slack API URL nor App token set either inline or in a file'],
    ['opsgenie', 'no global OpsGenie API Key set either inline or in a file'],
    ['rocketchat', 'no global Rocketchat TokenID set either inline or in a file'],
    ['wechat', 'no global Wechat Api Secret set either inline or in a file'],
  ] as const)('is read by %s as what global says', (name, error) => {
    expect(configError(name, '')).toContain(error);
    expect(configError('slack', '', 'slack_api_url: http://hook/')).toBeNull();
  });
});

test.each([
  ['webhook', "url: 'http://x:tok/'", 'invalid URL: parse "<secret>": invalid port ":tok" after host'],
  ['webhook', 'url: http://x/\ntimeout: x', 'cannot unmarshal !!str `x` into time.Duration'],
  ['pushover', 'user_key: u\ntoken: t\nretry: 5', 'time: missing unit in duration "5"'],
  ['jira', "api_url: http://x/\nproject: P\nissue_type: Bug\napi_type: ''", 'unknown api_type on jira_config'],
  ['opsgenie', 'api_key: k\nresponders: [null]', 'opsGenieConfig responder {   } has to have at least one'],
  ['email', 'to: a@b\nbogus: 1', 'field bogus not found in type config.plain'],
  ['pagerduty', 'routing_key: k\nbogus: 1', 'field bogus not found in type pagerduty.plain'],
] as const)('%s refuses %j in the words of Alertmanager', (name, yaml, error) => {
  expect(configError(name, yaml)).toContain(error);
});

test('a secret that cannot be read now is tried again', async () => {
  const bench = new ReceiverBench('discord', 'webhook_url_file: /run/hook');
  expect(await bench.send()).toEqual({ kind: 'rejected', retry: true, reason: 'other', message: 'cannot read webhook_url: there is none' });
  expect(bench.requests).toEqual([]);
});

test('a secret may come from a file or from the environment', async () => {
  const secrets = { '/run/hook': 'http://from-file/\n', HOOK: 'http://from-env/' };
  const urlOf = async (yaml: string): Promise<string | undefined> => {
    const bench = new ReceiverBench('discord', yaml, { secrets });
    await bench.send();
    return bench.requests[0]?.url;
  };
  expect(await urlOf('webhook_url_file: /run/hook')).toBe('http://from-file/');
  expect(await urlOf('webhook_url_env: HOOK')).toBe('http://from-env/');
});

test('a request is given what is left until the deadline, or its own limit', async () => {
  const timeoutOf = async (yaml: string): Promise<number | undefined> => {
    const bench = new ReceiverBench('pagerduty', `routing_key: k\n${yaml}`);
    await bench.send();
    return bench.requests[0]?.timeoutMs;
  };
  expect(await timeoutOf('')).toBe(300_000);
  expect(await timeoutOf('timeout: 5s')).toBe(5000);
  expect(await timeoutOf('timeout: 1h')).toBe(300_000);
  expect(await timeoutOf('timeout: -1')).toBe(300_000);
});
