/**
 * Twilio's REST interface before a simulated provider, as a handler for a real or a simulated server: what a program sees
 * that talks to it through Twilio's own SDK. `provider` is the ground truth, and the script of what happens.
 */
import type { Clock } from '../../src/model/clock.ts';
import { Secret } from '../../src/model/secret.ts';
import type { CallOrder, Placed, TelephonyAccount, TelephonyRecord, TextOrder } from '../../src/model/telephony.ts';
import { durationMs } from '../../src/model/time.ts';
import type { RequestHandler } from '../../src/platform/http-server.ts';
import { SimTelephony } from '../../src/platform/sim/sim-telephony.ts';

type Received = { readonly method: string; readonly path: string; readonly form: URLSearchParams };

export class FakeTwilio {
  readonly provider: SimTelephony;
  readonly received: Received[] = [];

  /** `hurry`: how many times faster than people it answers, speaks and rings. */
  constructor(clock: Clock, hurry = 1) {
    const hurried: Clock = {
      now: () => clock.now(),
      elapsed: () => clock.elapsed(),
      after: (delay, run) => clock.after(durationMs(Math.ceil(delay / hurry)), run),
    };
    this.provider = new SimTelephony(hurried, (url, init) => fetch(url, { method: 'POST', ...init, signal: AbortSignal.timeout(5000) }));
  }

  readonly handler: RequestHandler = async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const form = new URLSearchParams(await request.text());
    this.received.push({ method: request.method, path: pathname, form });
    const match = /^\/2010-04-01\/Accounts\/(\w+)\/(Calls|Messages)(?:\/(\w+))?\.json$/.exec(pathname);
    if (match === null) return problem(404, 20404, `no ${pathname}`);
    const [, accountSid = '', list = '', sid] = match;
    const medium = list === 'Calls' ? 'call' : 'text';
    const account = accountOf(accountSid, request.headers.get('authorization') ?? '');
    if (request.method === 'POST') {
      const placed = medium === 'call' ? this.provider.placeCall(account, callOf(form)) : this.provider.sendText(account, textOf(form));
      return answerTo(placed, form);
    }
    if (sid === undefined) {
      const records = this.provider.recordsTo(medium, searchParams.get('To') ?? '');
      const body = { [list.toLowerCase()]: records.map(resource), page: 0, next_page_uri: null, first_page_uri: pathname };
      return json(200, body);
    }
    const record = this.provider.record(medium, sid);
    return record === null ? problem(404, 20404, `no ${pathname}`) : json(200, resource(record));
  };
}

function accountOf(accountSid: string, authorization: string): TelephonyAccount {
  const [username = '', password = ''] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':');
  return { accountSid, username, password: new Secret(password), region: '', edge: '', apiUrl: '', timeoutMs: durationMs(0) };
}

const callOf = (form: URLSearchParams): CallOrder => ({
  from: form.get('From') ?? '',
  to: form.get('To') ?? '',
  script: form.has('Url') ? { kind: 'fetched', url: form.get('Url') ?? '' } : { kind: 'inline', twiml: form.get('Twiml') ?? '' },
  statusCallback: form.get('StatusCallback'),
  ringSeconds: Number(form.get('Timeout') ?? 60),
  detectMachine: form.has('MachineDetection'),
});

const textOf = (form: URLSearchParams): TextOrder => ({
  from: form.get('From') ?? form.get('MessagingServiceSid') ?? '',
  to: form.get('To') ?? '',
  body: form.get('Body') ?? '',
  statusCallback: form.get('StatusCallback'),
  validitySeconds: Number(form.get('ValidityPeriod') ?? 36_000),
});

function answerTo(placed: Placed | null, form: URLSearchParams): Response | Promise<Response> {
  if (placed === null || placed.kind === 'failed') return new Promise(() => {});
  if (placed.kind === 'refused') return problem(placed.httpStatus, placed.code, placed.message);
  return json(201, {
    sid: placed.sid,
    status: placed.status,
    to: form.get('To'),
    from: form.get('From'),
    date_created: new Date(0).toUTCString(),
  });
}

const resource = ({ sid, status, errorCode, createdAt, body }: TelephonyRecord) => ({
  ...{ sid, status, body, error_code: errorCode },
  date_created: new Date(createdAt).toUTCString().replace('GMT', '+0000'),
});

const json = (status: number, value: unknown): Response => Response.json(value, { status });

const problem = (status: number, code: number | null, message: string): Response => json(status, { code, message, status });
