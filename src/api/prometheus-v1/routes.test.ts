/** What the Prometheus API refuses, with which status and in which words; followed: web/api/v1/api.go. */
import { describe, expect, test } from 'vitest';
import { TestServer } from '../../../test/support/test-server.ts';

const answer = async (path: string, init: RequestInit = {}) => {
  const response = await new TestServer().request(path, init);
  const text = await response.text();
  return {
    status: response.status,
    allow: response.headers.get('allow'),
    text,
    json: text.startsWith('{') ? (JSON.parse(text) as unknown) : null,
  };
};

test.each([
  ['query?query=1&time=x', 400, `invalid parameter "time": invalid time value for 'time': cannot parse "x" to a valid timestamp`],
  [
    'query?query=1&time=2023-02-30T00:00:00Z',
    400,
    `invalid parameter "time": invalid time value for 'time': cannot parse "2023-02-30T00:00:00Z" to a valid timestamp`,
  ],
  ['query?query=1&time=1e300', 400, `invalid parameter "time": invalid time value for 'time': cannot parse "1e300" to a valid timestamp`],
  ['query_range?query=1&start=1e18&end=1e18&step=1', 400, 'invalid parameter "start": cannot parse "1e18" to a valid timestamp'],
  [
    'query_range?query=1&start=0&end=1e18&step=1',
    400,
    'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
  ],
  ['query?query=1&time=1%0A', 400, `invalid parameter "time": invalid time value for 'time': cannot parse "1\\n" to a valid timestamp`],
  ['query?query=1&time=x&limit=%09', 400, 'invalid parameter "limit": strconv.Atoi: parsing "\\t": invalid syntax'],
  ['query_range?query=1&start=x&limit=y', 400, 'invalid parameter "limit": strconv.Atoi: parsing "y": invalid syntax'],
  [
    'query?query=1&limit=9223372036854775808',
    400,
    'invalid parameter "limit": strconv.Atoi: parsing "9223372036854775808": value out of range',
  ],
  [
    'query_range?query=1&start=0&end=11001&step=1',
    400,
    'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
  ],
  [
    'query_range?query=1&start=0&end=1&step=NaN',
    400,
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  ],
  ['query?query=1&timeout=%00', 400, 'invalid parameter "timeout": cannot parse "\\x00" to a valid duration'],
  ['query?query=1&timeout=x', 400, 'invalid parameter "timeout": cannot parse "x" to a valid duration'],
  ['query?query=1&timeout=1e99', 400, 'invalid parameter "timeout": cannot parse "1e99" to a valid duration. It overflows int64'],
  ['query?query=1&lookback_delta=x', 400, 'error parsing lookback delta duration: cannot parse "x" to a valid duration'],
  ['query?query=1&limit=-1', 400, 'invalid parameter "limit": limit must be non-negative'],
  [
    'query?query=1&limit=99999999999999999999',
    400,
    'invalid parameter "limit": strconv.Atoi: parsing "99999999999999999999": value out of range',
  ],
  ['query_range?query=1&start=x&end=1&step=1', 400, 'invalid parameter "start": cannot parse "x" to a valid timestamp'],
  ['query_range?query=1&start=1&end=0&step=1', 400, 'invalid parameter "end": end timestamp must not be before start time'],
  [
    'query_range?query=1&start=0&end=1&step=0',
    400,
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  ],
  [
    'query_range?query=1&start=0&end=1&step=1e-9',
    400,
    'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
  ],
  [
    'query_range?query=1&start=0&end=1&step=Inf',
    400,
    'invalid parameter "step": cannot parse "Inf" to a valid duration. It overflows int64',
  ],
  ['series', 400, 'no match[] parameter provided'],
  ['series?match[]={', 400, 'invalid parameter "match[]": 1:2: parse error: unexpected end of input inside braces'],
  ['series?match[]={}', 400, 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'],
  ['labels?match[]={', 400, '1:2: parse error: unexpected end of input inside braces'],
  ['labels?match[]={a=~"(",b=~"("}', 400, '1:2: parse error: error parsing regexp: missing closing ): `(`'],
  ['labels?match[]=up&match[]={a=""}', 400, 'match[] must contain at least one non-empty matcher'],
  ['labels?end=x', 400, `invalid parameter "end": invalid time value for 'end': cannot parse "x" to a valid timestamp`],
  ['label/%ff/values', 400, 'invalid label name: "\\xff"'],
  ['label/%zz/values', 400, 'invalid label name: "%zz"'],
  ['label/U__/values', 400, 'invalid label name: ""'],
  ['rules?type=X%22', 400, 'invalid parameter "type": not supported value "x\\""'],
  ['rules?type=x&match[]={}', 400, 'match[] must contain at least one non-empty matcher'],
  ['rules?match[]={a=~"(",b=~"("}', 400, '1:2: parse error: error parsing regexp: missing closing ): `(`'],
  ['rules?match[]={', 400, '1:2: parse error: unexpected end of input inside braces'],
  [
    'rules?group_limit=x',
    400,
    'invalid parameter "group_limit": group_limit needs to be a valid number: strconv.ParseInt: parsing "x": invalid syntax',
  ],
  [
    'rules?group_limit=2147483648',
    400,
    'invalid parameter "group_limit": group_limit needs to be a valid number: strconv.ParseInt: parsing "2147483648": value out of range',
  ],
  ['rules?group_limit=0', 400, 'invalid parameter "group_limit": group_limit needs to be greater than 0'],
  [
    'rules?group_next_token=x',
    400,
    'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
  ],
  [
    'rules?group_limit=1&group_next_token=x',
    400,
    `invalid parameter "group_next_token": invalid group_next_token 'x'. were rule groups changed?`,
  ],
  [
    'rules?exclude_alerts=x',
    400,
    'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "x": invalid syntax',
  ],
  ['query_exemplars?query=up&start=2&end=1', 400, 'end timestamp must not be before start timestamp'],
  ['metadata?limit=9223372036854775808', 400, 'limit must be a number'],
  ['metadata?limit=1&limit_per_metric=x', 400, 'limit_per_metric must be a number'],
  ['targets/metadata?limit=1.0&match_target={', 400, 'limit must be a number'],
  ['status/tsdb?limit=9223372036854775808', 400, 'limit must be a positive number'],
  ['status/tsdb?limit=0', 400, 'limit must be a positive number'],
  ['status/tsdb?limit=10001', 400, 'limit must not exceed 10000'],
])('GET /api/v1/%s is refused with %i', async (path, status, error) => {
  const errorType = status === 422 ? 'execution' : 'bad_data';
  expect(await answer(`/api/v1/${path}`)).toMatchObject({ status, json: { status: 'error', errorType, error } });
});

test.each([
  'series?match[]=up&start=2&end=1',
  'labels?start=2&end=1',
  'labels?end=-62135596801',
  'labels?limit=9223372036854775807',
  'query_range?query=1&start=0&end=11000.9&step=1',
  'query_range?query=1&start=0x10p2&end=1_000&step=0x1p4',
  'label/a/values?start=2&end=1',
  'series?match[]={__name__!=""}',
  'notifications',
  'metadata?limit=%2B1&limit_per_metric=-1',
  'targets/metadata?limit=01',
  'rules?exclude_alerts=tRUE&group_limit=%2B1',
  'query_exemplars?query=up',
])('GET /api/v1/%s is not refused', async (path) =>
  expect(await answer(`/api/v1/${path}`)).toMatchObject({ status: 200, json: { status: 'success' } }),
);

test('what would need the admin API says that there is none', async () => {
  const refused = await answer('/api/v1/admin/tsdb/snapshot', { method: 'POST' });
  expect(refused).toMatchObject({ status: 500, json: { errorType: 'unavailable', error: 'admin APIs disabled' } });
});

describe('a query in a body', () => {
  const multipart = '--x\r\ncontent-disposition: form-data; name="time"\r\n\r\n4\r\n--x--\r\n';

  test.each([
    ['APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-8', 'time=4', 4],
    ['multipart/form-data; boundary=x', multipart, 4],
    ['application/json', 'time=4', 1_700_000_000],
  ])('as %s', async (type, body, at) => {
    const { json } = await answer('/api/v1/query?query=1', { method: 'POST', headers: { 'content-type': type }, body });
    expect(json).toMatchObject({ data: { result: [at, '1'] } });
  });

  test('that is no form is refused', async () => {
    const refused = await answer('/api/v1/query', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=y' },
      body: multipart,
    });
    expect(refused).toMatchObject({ status: 400, json: { errorType: 'bad_data', error: expect.stringMatching(/^the body is no form/) } });
  });
});

test.each([
  ['PUT', '/api/v1/query', 'GET, POST'],
  ['POST', '/api/v1/rules', 'GET'],
  ['GET', '/api/v1/write', 'POST'],
  ['POST', '/federate', 'GET'],
])('%s %s is not allowed, and says what is', async (method, path, allow) => {
  expect(await answer(path, { method })).toMatchObject({ status: 405, allow });
});

test.each(['', '{', 'up['])('federation refuses match[]=%s in plain text', async (selector) => {
  const { status, text } = await answer(`/federate?match[]=${encodeURIComponent(selector)}`);
  expect([status, text]).toEqual([400, expect.stringMatching(/^(unknown position|1:\d+): parse error: .*\n$/)]);
});

test.each([
  [undefined, 'underscores'],
  ['*/*', 'underscores'],
  ['text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2', 'allow-utf-8'],
  ['text/plain; escaping=values', 'values'],
  ['text/plain;escaping=nope', 'underscores'],
])('federation for who accepts %s escapes names by %s', async (accept, escaping) => {
  const { headers } = await new TestServer().request('/federate', accept === undefined ? {} : { headers: { accept } });
  expect(headers.get('content-type')).toBe(`text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`);
});
