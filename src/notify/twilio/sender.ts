/**
 * Calls and texts over Twilio's SDK, which is large and loaded at the first use. Everything is passed explicitly, so that
 * no environment variable changes what is sent, and nothing is tried again here: the outbox owns that.
 */
import type { Twilio } from 'twilio';
import type { Failure, Placed, Refusal, Telephony, TelephonyAccount, TelephonyRecord } from '../../model/telephony.ts';
import type { UnixMs } from '../../model/time.ts';

const RECENT_MAX = 50;
/** Between Twilio's clock, which tells whole seconds, and ours. */
const CLOCKS_DIFFER_MS = 30_000;
/** What surely never left: no connection came about. */
const NEVER_LEFT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'];

export const twilioTelephony: Telephony = {
  placeCall: (account, order) =>
    placed(account, (client) =>
      client.calls.create({
        from: order.from,
        to: order.to,
        ...(order.script.kind === 'fetched' ? { url: order.script.url, method: 'POST' } : { twiml: order.script.twiml }),
        ...(order.statusCallback === null
          ? {}
          : {
              statusCallback: order.statusCallback,
              statusCallbackMethod: 'POST',
              statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
            }),
        timeout: order.ringSeconds,
        ...(order.detectMachine ? { machineDetection: 'Enable' } : {}),
      }),
    ),
  sendText: (account, order) =>
    placed(account, (client) =>
      client.messages.create({
        ...(order.from.startsWith('MG') ? { messagingServiceSid: order.from } : { from: order.from }),
        to: order.to,
        body: order.body,
        ...(order.statusCallback === null ? {} : { statusCallback: order.statusCallback }),
        validityPeriod: order.validitySeconds,
      }),
    ),
  recent: (account, { medium, to, since }) =>
    asked(account, async (client) => {
      // Not by Twilio's own filters of time: what waits in its queue has no time yet.
      const page = { to, limit: RECENT_MAX, pageSize: RECENT_MAX };
      const found = medium === 'call' ? await client.calls.list(page) : await client.messages.list(page);
      return { kind: 'found', records: found.map(recordOf).filter(({ createdAt }) => createdAt >= since - CLOCKS_DIFFER_MS) };
    }),
  status: (account, medium, sid) =>
    asked(account, async (client) => ({
      kind: 'found',
      record: recordOf(medium === 'call' ? await client.calls(sid).fetch() : await client.messages(sid).fetch()),
    })),
};

const placed = (
  account: TelephonyAccount,
  create: (client: Twilio) => Promise<{ readonly sid: string; readonly status: string }>,
): Promise<Placed> => asked(account, async (client) => ({ kind: 'accepted', ...picked(await create(client)) }));

const picked = ({ sid, status }: { readonly sid: string; readonly status: string }) => ({ sid, status });

async function asked<T>(account: TelephonyAccount, ask: (client: Twilio) => Promise<T>): Promise<T | Refusal | Failure> {
  try {
    return await ask(await clientOf(account));
  } catch (error) {
    return problemOf(error);
  }
}

type Found = {
  readonly sid: string;
  readonly status: string;
  readonly dateCreated: Date | null;
  readonly body?: string;
  readonly errorCode?: number | null;
};

const recordOf = ({ sid, status, dateCreated, body = '', errorCode = null }: Found): TelephonyRecord => ({
  sid,
  status,
  errorCode,
  createdAt: (dateCreated?.getTime() ?? 0) as UnixMs,
  body,
});

function problemOf(error: unknown): Refusal | Failure {
  const { status, code, message } = error as { readonly status?: unknown; readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  if (typeof status === 'number')
    return { kind: 'refused', httpStatus: status, code: typeof code === 'number' ? code : null, message: text };
  const word = typeof code === 'string' ? code : '';
  const neverLeft = NEVER_LEFT.includes(word) || /CERT|^ERR_TLS|^ERR_SSL|EPROTO/.test(word);
  return { kind: 'failed', message: word === '' || text.includes(word) ? text : `${text} (${word})`, maybeSent: !neverLeft };
}

const load = async () => (await import('twilio')).default;
type Sdk = Awaited<ReturnType<typeof load>>;
let sdk: Promise<Sdk> | null = null;
/** Connections are kept by account; a rotated secret makes another client. */
const clients = new Map<string, Twilio>();
const CLIENTS_MAX = 20;

async function clientOf(account: TelephonyAccount): Promise<Twilio> {
  const { accountSid, username, password, region, edge, apiUrl, timeoutMs } = account;
  const key = JSON.stringify([accountSid, username, password.reveal(), region, edge, apiUrl, timeoutMs]);
  const known = clients.get(key);
  if (known !== undefined) return known;
  sdk ??= load();
  const twilio = await sdk;
  const client = twilio(username, password.reveal(), {
    accountSid,
    env: {},
    autoRetry: false,
    timeout: timeoutMs,
    ...(region === '' ? {} : { region }),
    ...(edge === '' ? {} : { edge }),
    httpClient: requestClient(twilio, timeoutMs, apiUrl),
  });
  const [oldest] = clients.keys();
  if (clients.size >= CLIENTS_MAX && oldest !== undefined) clients.delete(oldest);
  clients.set(key, client);
  return client;
}

/** `apiUrl`: where requests go instead of Twilio, under the same paths. */
function requestClient(twilio: Sdk, timeout: number, apiUrl: string): InstanceType<Sdk['RequestClient']> {
  const client = new twilio.RequestClient({ timeout, autoRetry: false });
  if (apiUrl === '') return client;
  const request = client.request.bind(client);
  client.request = (options) => {
    const { pathname, search } = new URL(options.uri);
    return request({ ...options, uri: `${apiUrl}${pathname}${search}` });
  };
  return client;
}
