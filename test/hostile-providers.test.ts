/**
 * What providers answer when they do not answer well, for every receiver over HTTP through the production client: each
 * answer has its own named outcome, and only what may help is tried again. Alertmanager's statuses are in its tables; here
 * are the answers that no status tells.
 */
import { describe, expect, test } from 'vitest';
import { durationMs, unixMs } from '../src/model/time.ts';
import type { SendOutcome } from '../src/notify/integration.ts';
import { httpClients } from '../src/platform/http-exchange.ts';
import type { WireListener, WireRequest } from '../src/platform/http-wire.ts';
import { SecretReader } from '../src/platform/secret-reader.ts';
import { SimClock } from '../src/platform/sim/sim-clock.ts';
import { HTTP_RECEIVERS, type HttpReceiver, leastReceivers } from './support/least-receivers.ts';
import { notificationInput } from './support/notification-input.ts';
import { ReceiverBench } from './support/receiver-bench.ts';
import { ScriptedWire, type WireScript, wireAnswer } from './support/scripted-wire.ts';

/** In words, so that a table can hold them: `accepted`, `unknown`, `again` (rejected, tried again), `final` (rejected for good). */
type Verdict = 'accepted' | 'unknown' | 'again' | 'final';
const verdictOf = (outcome: SendOutcome): Verdict => (outcome.kind === 'rejected' ? (outcome.retry ? 'again' : 'final') : outcome.kind);
const wordsOf = (outcome: SendOutcome): string => (outcome.kind === 'accepted' ? outcome.answer : outcome.message);

/** Begin with a question that changes nothing: until it is answered nothing can have arrived. */
const ASKS_FIRST: readonly HttpReceiver[] = ['jira', 'wechat'];
/** Read the body of a success, for it may say no: without it nothing is known. */
const READS_SUCCESS: readonly HttpReceiver[] = ['msteams', 'pagerduty', 'rocketchat', 'slack', 'telegram', 'victorops'];
/** Statuses besides 5xx that are tried again. */
const TRIES_AGAIN: Partial<Readonly<Record<HttpReceiver, readonly number[]>>> = {
  incidentio: [429],
  jira: [429],
  matrix: [408, 429],
  ntfy: [408, 429],
  opsgenie: [429],
  pagerduty: [408, 429],
};
/** Every error, as Alertmanager does. */
const TRIES_ALL: readonly HttpReceiver[] = ['telegram'];

type Row = {
  readonly given: string;
  readonly script: (success: string) => WireScript;
  readonly verdict: (receiver: HttpReceiver) => Verdict;
  readonly says: RegExp;
  /** By what the answer asks for. */
  readonly retryAfterMs?: number;
};

const refusedWith =
  (status: number) =>
  (receiver: HttpReceiver): Verdict =>
    status >= 500 || TRIES_ALL.includes(receiver) || TRIES_AGAIN[receiver]?.includes(status) === true ? 'again' : 'final';
const status = (code: number, says: RegExp, headers: Readonly<Record<string, string>> = {}): Row => ({
  given: `${code} ${JSON.stringify(headers)}`,
  script: () => (_, listener) => wireAnswer(listener, code, 'because', headers),
  verdict: refusedWith(code),
  says,
  ...('retry-after' in headers ? { retryAfterMs: 7000 } : {}),
});
const unlessAsked =
  (verdict: Verdict) =>
  (receiver: HttpReceiver): Verdict =>
    ASKS_FIRST.includes(receiver) ? 'again' : verdict;
const brokenSuccess = (receiver: HttpReceiver): Verdict =>
  ASKS_FIRST.includes(receiver) ? 'again' : READS_SUCCESS.includes(receiver) ? 'unknown' : 'accepted';

/** Begins a success and never gets to its end. */
const flood = (listener: WireListener, code: number): void => {
  listener.sent();
  listener.head(code, new Map([['content-length', '1000000000']]));
  const chunk = new Uint8Array(64 * 1024);
  // Far beyond the limit; the client lets go long before.
  for (let i = 0; i < 64; i++) listener.data(chunk);
};

const ROWS: readonly Row[] = [
  {
    given: '202 and what it says to success',
    script: (body) => (_, listener) => wireAnswer(listener, 202, body),
    verdict: () => 'accepted',
    says: /HTTP 202|in plain|no open issue/,
  },
  status(301, /unexpected status code 301 \(redirected, and not followed\)/),
  status(400, /unexpected status code 400.*because/),
  status(401, /401 \((credentials refused: wrong, expired or revoked|provider refused the key.*)\): because/),
  status(403, /403 \((not allowed: credentials revoked, or without this right|provider refused the key.*)\): because/),
  status(404, /404 \(nothing at this address: wrong, or deleted\): because/),
  status(409, /409 \(conflicts with what is there\): because/),
  status(410, /410 \(the address was deleted for good\): because/),
  status(413, /413 \(too large\): because/),
  status(429, /429 \(too many requests\): because/),
  status(429, /429 \(too many requests\): because/, { 'retry-after': '7' }),
  status(500, /500 \(failed at the provider\): because/),
  status(503, /503 \(the provider is not available\): because/, { 'retry-after': '7' }),
  {
    given: 'a page for browsers',
    script: () => (_, listener) => wireAnswer(listener, 502, '<!DOCTYPE html><html><style>a{}</style><h1>502 Bad\nGateway</h1></html>'),
    verdict: () => 'again',
    says: /unexpected status code 502 \(the provider is not available\): 502 Bad Gateway$/,
  },
  {
    given: 'no answer until the deadline',
    script: () => (_, listener) => listener.sent(),
    verdict: unlessAsked('unknown'),
    // Matrix, which knows a repeated attempt by itself, is not waited for so long.
    says: /no complete answer within (5m|30s)/,
  },
  {
    given: 'a reset before any answer',
    script: () => (_, listener) => {
      listener.sent();
      listener.fail('reset', 'closed the connection before the answer was complete');
    },
    verdict: unlessAsked('unknown'),
    says: /closed the connection before the answer was complete/,
  },
  {
    given: 'a reset after the head of a success',
    script: () => (_, listener) => {
      listener.sent();
      listener.head(200, new Map());
      listener.fail('reset', 'closed the connection before the answer was complete');
    },
    verdict: brokenSuccess,
    says: /closed the connection before the answer was complete/,
  },
  {
    given: 'a reset after the head of a refusal',
    script: () => (_, listener) => {
      listener.sent();
      listener.head(503, new Map());
      listener.fail('reset', 'closed the connection before the answer was complete');
    },
    verdict: () => 'again',
    says: /unexpected status code 503/,
  },
  {
    given: 'a gigabyte of success',
    script: () => (_, listener) => flood(listener, 200),
    verdict: brokenSuccess,
    says: /larger than 1048576 bytes/,
  },
  {
    given: 'a gigabyte of refusal',
    script: () => (_, listener) => flood(listener, 400),
    verdict: refusedWith(400),
    says: /unexpected status code 400/,
  },
  {
    given: 'a certificate that does not match',
    script: () => (_, listener) => listener.fail('tls', 'no TLS connection to provider: its certificate does not match: altnames'),
    verdict: () => 'again',
    says: /its certificate does not match/,
  },
  {
    given: 'nobody who listens',
    script: () => (_, listener) => listener.fail('refused', 'connection to provider refused'),
    verdict: () => 'again',
    says: /connection to provider refused/,
  },
  {
    given: 'a redirect that never ends',
    script: () => (request, listener) => wireAnswer(listener, 307, '', { location: request.url.href }),
    verdict: unlessAsked('unknown'),
    says: /stopped after 10 redirects/,
  },
];

async function sent(
  receiver: HttpReceiver,
  script: (success: string) => WireScript,
): Promise<{ outcome: SendOutcome; wire: ScriptedWire }> {
  const { yaml, success } = leastReceivers()[receiver];
  const wire = new ScriptedWire(script(success));
  const clock = new SimClock({ start: unixMs(0) });
  const secrets = new SecretReader({ read: () => new Uint8Array() }, () => undefined);
  const http = httpClients({ clock, secrets, userAgent: 'Tocsin', openWire: wire.open, inPlaceBytesMax: Number.POSITIVE_INFINITY });
  const sending = new ReceiverBench(receiver, yaml, { world: { http, clock } }).send(notificationInput());
  await clock.advance(durationMs(400_000));
  return { outcome: await sending, wire };
}

describe.each(HTTP_RECEIVERS)('%s', (receiver) => {
  test.each(ROWS)('knows $given', async ({ script, verdict, says, retryAfterMs }) => {
    const { outcome } = await sent(receiver, script);
    // WeCom's token takes any status for what it is; its messages are tried again after each.
    expect([verdictOf(outcome), wordsOf(outcome)]).toEqual([verdict(receiver), expect.stringMatching(says)]);
    if (retryAfterMs !== undefined) expect(outcome).toMatchObject({ retryAfterMs });
  });

  test('takes no credentials along to another host', async () => {
    const elsewhere = (request: WireRequest): boolean => request.url.hostname === 'elsewhere';
    const { wire } = await sent(
      receiver,
      (success) => (request, listener) =>
        elsewhere(request)
          ? wireAnswer(listener, 200, success)
          : wireAnswer(listener, 308, '', { location: `http://elsewhere${request.url.pathname}` }),
    );
    const there = wire.requests.filter(elsewhere);
    expect(there.length).toBeGreaterThan(0);
    const names = there.flatMap(({ headers }) => headers.map(([name]) => name.toLowerCase()));
    expect(names.filter((name) => name === 'authorization' || name === 'x-auth-token')).toEqual([]);
  });
});

/** Where a success may say no. */
test.each<readonly [HttpReceiver, string, Verdict, RegExp]>([
  [
    'msteams',
    'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x',
    'again',
    /HTTP error 429/,
  ],
  [
    'msteams',
    'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with ContextId x',
    'final',
    /HTTP error 413/,
  ],
  ['pagerduty', '{"status":"invalid event","message":"bad"}', 'final', /PagerDuty says invalid event: bad/],
  ['rocketchat', '{"success":false,"error":"The required \\"channel\\" is missing"}', 'final', /channel/],
  ['rocketchat', 'busy', 'again', /could not unmarshal JSON response: busy/],
  ['slack', 'no_team', 'final', /error response from Slack: no_team/],
  ['telegram', '{"ok":false,"description":"chat not found"}', 'again', /chat not found/],
  ['victorops', '{"result":"failure","message":"bad routing key"}', 'final', /VictorOps says failure: bad routing key/],
  ['wechat', '{"errcode":40014,"errmsg":"invalid access_token","access_token":"t"}', 'final', /invalid access_token/],
])('%s is not fooled by a success that says %s', async (receiver, body, verdict, says) => {
  const { outcome } = await sent(receiver, () => (_, listener) => wireAnswer(listener, 200, body));
  expect([verdictOf(outcome), wordsOf(outcome)]).toEqual([verdict, expect.stringMatching(says)]);
});

test('an address that came out of a file and is none gets into no message', async () => {
  const bench = new ReceiverBench('slack', 'api_url_file: /hook', { secrets: { '/hook': 'hooks.slack.com/services/T0/SECRET' } });
  const outcome = await bench.send();
  expect(outcome).toMatchObject({
    kind: 'rejected',
    retry: true,
    message: 'what is configured as the address is not a URL of http or https',
  });
  expect(bench.requests).toEqual([]);
});
