import { expect, test } from 'vitest';
import type { Explanation } from '../../api/tocsin-v1/explanation.ts';
import type { HttpClientConfig, HttpClients, HttpResult } from '../../model/http.ts';
import { unixMs } from '../../model/time.ts';
import { explainClient } from './explain-client.ts';

const EXPLANATION: Explanation = {
  subject: { alertname: 'HighLatency', svc: 'x' },
  subjectKind: 'alert',
  at: '2026-01-01T00:05:00.000Z',
  cause: 'silenced',
  verdict: 'not sent: silenced by 1 (ana, "disks")',
  notes: ['the configuration was another then'],
  stages: [
    { stage: 'sample', verdict: 'passed', reason: 'firing', at: null, details: ['rule HighLatency: up\u001b[31m == 0'], stages: [] },
    {
      stage: 'group',
      verdict: 'passed',
      reason: '{}:{} to team',
      at: '2026-01-01T00:01:00.000Z',
      details: ['group_wait 30s'],
      stages: [{ stage: 'mute', verdict: 'passed', reason: 'no time interval mutes it', at: null, details: [], stages: [] }],
    },
  ],
  others: [{ alertname: 'HighLatency' }],
};

async function run(
  result: HttpResult | { readonly status: number; readonly json: unknown },
  url = 'http://tocsin:9099',
  at: string | null = null,
) {
  const seen = { out: '', err: '', url: '', config: null as HttpClientConfig | null };
  const answer: HttpResult =
    'json' in result
      ? { kind: 'response', status: result.status, headers: new Map(), body: new TextEncoder().encode(JSON.stringify(result.json)) }
      : result;
  const http: HttpClients = {
    open: (config) => {
      seen.config = config;
      return {
        request: (request) => {
          seen.url = request.url;
          return Promise.resolve(answer);
        },
        close: () => {},
      };
    },
  };
  const code = await explainClient(
    { query: 'HighLatency{svc="x"}', at, url },
    {
      http,
      now: unixMs(Date.parse('2026-01-02T12:00:00Z')),
      print: (text) => {
        seen.out += text;
      },
      printError: (text) => {
        seen.err += text;
      },
    },
  );
  return { code, ...seen };
}

test('one tree is printed, its cause first', async () => {
  const { code, out, url } = await run({ status: 200, json: EXPLANATION });
  expect([code, url]).toEqual([0, 'http://tocsin:9099/api/tocsin/v1/explain?query=HighLatency%7Bsvc%3D%22x%22%7D']);
  expect(out).toBe(`not sent: silenced by 1 (ana, "disks")

HighLatency{svc="x"} at 2026-01-01T00:05:00.000Z
├─ + sample: firing
│       rule HighLatency: up [31m == 0
└─ + group: {}:{} to team [2026-01-01T00:01:00.000Z]
   │    group_wait 30s
   └─ + mute: no time interval mutes it
note: the configuration was another then
also matches:
  HighLatency
`);
});

test('a time of day is the last one there was, in the zone of the machine', async () => {
  const { url } = await run({ status: 200, json: EXPLANATION }, 'http://tocsin:9099/prefix/', '03:10');
  const at = new Date(new URL(url).searchParams.get('at') ?? '');
  expect([new URL(url).pathname, at.getHours(), at.getMinutes()]).toEqual(['/prefix/api/tocsin/v1/explain', 3, 10]);
  expect(Date.parse('2026-01-02T12:00:00Z') - at.getTime()).toBeLessThan(25 * 3_600_000);
});

test('an hour that no day has goes as it was typed, for the server to refuse', async () => {
  const { url } = await run({ status: 200, json: EXPLANATION }, 'http://tocsin:9099', '25:99');
  expect(new URL(url).searchParams.get('at')).toBe('25:99');
});

test('other times go as they were typed, and a user in the address signs in', async () => {
  const { url, config } = await run({ status: 200, json: EXPLANATION }, 'https://ana:p%40ss@tocsin', '2026-01-01T03:10:00Z');
  expect(url).toMatch(/^https:\/\/tocsin\/api.*&at=2026-01-01T03%3A10%3A00Z$/);
  expect(config?.auth).toMatchObject({ kind: 'basic', username: 'ana' });
});

test.each([
  [{ status: 400, json: { detail: 'query cannot be read' } }, 'http://tocsin', /\(status 400\): query cannot be read\n$/],
  [{ status: 200, json: { hello: 1 } }, 'http://tocsin', /gave no explanation/],
  [
    { kind: 'failed', reason: 'refused', message: 'connection refused', maybeSent: false } as const,
    'http://tocsin',
    /connection refused; give the address/,
  ],
  [{ status: 200, json: EXPLANATION }, 'tocsin:9099', /--url "tocsin:9099" is no address/],
])('what the server says instead of an explanation goes to standard error', async (result, url, expected) => {
  const { code, out, err } = await run(result, url);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(expected);
});
