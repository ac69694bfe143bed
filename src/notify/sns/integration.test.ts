import { describe, expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { configError, ReceiverBench } from '../../../test/support/receiver-bench.ts';
import { response } from '../../../test/support/scripted-http.ts';
import type { HttpRequest } from '../../model/http.ts';

const KEYS = 'sigv4: {region: eu-west-1, access_key: AKID, secret_key: secret}';

test.each([
  [KEYS, 'must provide either a Target ARN, Topic ARN, or Phone Number for SNS config'],
  [`topic_arn: a\ntarget_arn: b\n${KEYS}`, 'must provide either a Target ARN, Topic ARN, or Phone Number for SNS config'],
  ['topic_arn: a\nsigv4: {access_key: a}', 'must provide a AWS SigV4 Access key and Secret Key'],
])('%j is refused', (yaml, error) => {
  expect(configError('sns', yaml)).toContain(error);
});

const formOf = (request: HttpRequest | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(new TextDecoder().decode(request?.body)));

const sent = async (yaml: string, input = notificationInput()): Promise<Readonly<Record<string, string>>> => {
  const bench = new ReceiverBench('sns', `${KEYS}\n${yaml}`);
  expect(await bench.send(input)).toMatchObject({ kind: 'accepted' });
  return formOf(bench.requests[0]);
};

test('a call of the query API, signed', async () => {
  const bench = new ReceiverBench(
    'sns',
    `${KEYS}\ntopic_arn: 'arn:{{ .CommonLabels.job }}'\nmessage: '{{ .Status }}'\nattributes: {job: '{{ .CommonLabels.job }}', none: ''}`,
  );
  await bench.send();
  expect(formOf(bench.requests[0])).toEqual({
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: 'arn:api',
    Subject: '[FIRING:1] Down (web-1 api)',
    Message: 'firing',
    'MessageAttributes.entry.1.Name': 'job',
    'MessageAttributes.entry.1.Value.DataType': 'String',
    'MessageAttributes.entry.1.Value.StringValue': 'api',
  });
  expect(bench.requests[0]).toMatchObject({
    method: 'POST',
    url: 'https://sns.eu-west-1.amazonaws.com/',
    headers: {
      'X-Amz-Date': '20260101T000000Z',
      Authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKID\/20260101\/eu-west-1\/sns\/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}$/,
      ),
    },
  });
});

test('a topic in order of arrival is told the group', async () => {
  const form = await sent('topic_arn: t.fifo');
  expect(form['MessageGroupId']).toMatch(/^[0-9a-f]{64}$/);
  expect(form['MessageDeduplicationId']).toBe(form['MessageGroupId']);
});

test('a text message is cut, and says so', async () => {
  expect(await sent(`phone_number: '+1'\nmessage: ${'é'.repeat(1000)}`)).toMatchObject({
    PhoneNumber: '+1',
    Message: 'é'.repeat(800),
    'MessageAttributes.entry.1.Name': 'truncated',
    'MessageAttributes.entry.1.Value.StringValue': 'true',
  });
});

test('a subject is one that Amazon takes', async () => {
  expect(await sent(`topic_arn: t\nsubject: "two\\nlines ${'x'.repeat(200)}"`)).toMatchObject({ Subject: `two lines ${'x'.repeat(90)}` });
});

test('says what Amazon says', async () => {
  const answer = () =>
    response('<ErrorResponse><Error><Code>NotFound</Code><Message>no &quot;t&quot;</Message></Error></ErrorResponse>', { status: 404 });
  expect(await new ReceiverBench('sns', `${KEYS}\ntopic_arn: t`, { answer }).send()).toMatchObject({
    retry: false,
    message: 'unexpected status code 404 (nothing at this address: wrong, or deleted): no "t"',
  });
});

describe('credentials', () => {
  const STS =
    '<R><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></R>';
  const JSON_KEYS = '{"AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"tok","Expiration":"2026-01-01T01:00:00Z"}';
  const answer = ({ url, method }: HttpRequest) => {
    if (url.includes('sts')) return response(STS);
    if (url.endsWith('/latest/api/token')) return response(method === 'PUT' ? 'imds' : '');
    if (url.endsWith('/security-credentials/')) return response('my-role');
    return response(url.includes('169.254') ? JSON_KEYS : '<ok/>');
  };
  const signedBy = (request: HttpRequest | undefined): string | undefined =>
    /Credential=(\w+)/.exec(request?.headers['Authorization'] ?? '')?.[1];

  test.each([
    ['from the environment', {}, { AWS_ACCESS_KEY_ID: 'ENV', AWS_SECRET_ACCESS_KEY: 's' }, 'ENV', []],
    [
      'from the shared file',
      {},
      { HOME: '/h', '/h/.aws/credentials': '[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n' },
      'FILE',
      [],
    ],
    [
      'of a profile',
      { profile: 'ops' },
      { AWS_SHARED_CREDENTIALS_FILE: '/c', '/c': '[default]\naws_access_key_id=D\n[ops]\naws_access_key_id=OPS\naws_secret_access_key=s' },
      'OPS',
      [],
    ],
    [
      'of a pod',
      {},
      { AWS_WEB_IDENTITY_TOKEN_FILE: '/t', '/t': 'jwt', AWS_ROLE_ARN: 'arn:role' },
      'ASIA',
      ['https://sts.eu-west-1.amazonaws.com/'],
    ],
    ['of a container', {}, { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/x' }, 'ASIA', ['http://169.254.170.2/v2/x']],
    [
      'of the machine',
      {},
      {},
      'ASIA',
      [
        'http://169.254.169.254/latest/api/token',
        'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
        'http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role',
      ],
    ],
    [
      'of a role that is assumed',
      { access_key: 'AKID', secret_key: 's', role_arn: 'arn:role', external_id: 'e', use_fips_sts_endpoint: true },
      {},
      'ASIA',
      ['https://sts-fips.eu-west-1.amazonaws.com/'],
    ],
  ] as const)('%s', async (_, sigv4, secrets, key, asked) => {
    const yaml = `topic_arn: t\nsigv4: ${JSON.stringify({ region: 'eu-west-1', ...sigv4 })}`;
    const bench = new ReceiverBench('sns', yaml, { answer, secrets });
    expect(await bench.send()).toMatchObject({ kind: 'accepted' });
    expect(signedBy(bench.requests.at(-1))).toBe(key);
    expect(bench.requests.slice(0, -1).map(({ url }) => url)).toEqual(asked);
    // What is for a while is kept for that while.
    const before = bench.requests.length;
    await bench.send();
    expect(bench.requests.length).toBe(before + 1);
  });

  test('that there are none is told', async () => {
    const bench = new ReceiverBench('sns', 'topic_arn: t\nsigv4: {region: eu-west-1}', {
      answer: () => ({ kind: 'failed', reason: 'timeout', message: 'no answer', maybeSent: false }),
    });
    expect(await bench.send()).toMatchObject({
      kind: 'rejected',
      retry: true,
      message: expect.stringContaining('there are no AWS credentials'),
    });
  });

  test('a region is needed, from the configuration or the environment', async () => {
    const yaml = 'topic_arn: t\nsigv4: {access_key: a, secret_key: s}';
    expect(await new ReceiverBench('sns', yaml).send()).toMatchObject({
      kind: 'rejected',
      retry: false,
      message: expect.stringContaining('region'),
    });
    expect(await new ReceiverBench('sns', yaml, { secrets: { AWS_REGION: 'eu-west-1' } }).send()).toMatchObject({ kind: 'accepted' });
  });
});
