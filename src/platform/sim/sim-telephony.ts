/**
 * The telephones of a simulated world and the provider between them and the application. `rings` and `texts` are the
 * ground truth: what rang, what was heard and pressed, what could be read. The provider places calls, plays what the
 * application answers (Pause, Say, Gather, Hangup), and calls back, signed, as often and as late as the script says.
 */
import { createHmac } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { CallOrder, Medium, Placed, Refusal, Telephony, TelephonyAccount, TelephonyRecord, TextOrder } from '../../model/telephony.ts';
import { durationMs, type UnixMs } from '../../model/time.ts';
import type { ProcessLife } from './sim-crash.ts';

/** What happens at the telephone. */
export type CallBehaviour = {
  readonly picksUp: 'human' | 'machine' | 'nobody' | 'busy' | 'unreachable';
  /** One for each time that keys are asked for; '' and beyond: none is pressed. */
  readonly keys?: readonly string[];
};

export type TextBehaviour = { readonly status: 'delivered' | 'sent' | 'undelivered' | 'failed'; readonly errorCode?: number };

/** What the provider does with a request. */
export type ProviderBehaviour =
  | { readonly kind: 'accept' }
  | Refusal
  /** No answer comes, until the caller's time is over. */
  | { readonly kind: 'hang'; readonly taken: boolean }
  /** The connection breaks before the answer. */
  | { readonly kind: 'break'; readonly taken: boolean };

export type Ring = {
  readonly at: UnixMs;
  readonly sid: string;
  readonly to: string;
  readonly from: string;
  status: string;
  readonly heard: string[];
  readonly pressed: string[];
};

export type SentText = {
  readonly at: UnixMs;
  readonly sid: string;
  readonly to: string;
  readonly from: string;
  readonly body: string;
  status: string;
  errorCode: number | null;
};

export type Callback = { readonly kind: 'call' | 'text'; readonly status: string; readonly sid: string };

/** To the application; rejects when it cannot be reached. */
type Post = (url: string, init: { readonly body: string; readonly headers: Readonly<Record<string, string>> }) => Promise<Response>;

const SPEECH_MS = 3000;
const ANSWER_AFTER_MS = 4000;

export class SimTelephony {
  readonly accountSid = `AC${'1'.repeat(32)}`;
  /** Logs in and signs. */
  authToken = 'the-token';
  readonly rings: Ring[] = [];
  readonly texts: SentText[] = [];
  /** What the application said to texts that people sent; null: nothing. */
  readonly answers: (string | null)[] = [];
  /** Requests of the application, whatever became of them. */
  requests = 0;
  behaviour: (order: CallOrder | TextOrder) => ProviderBehaviour = () => ({ kind: 'accept' });
  telephone: (ring: Ring) => CallBehaviour = () => ({ picksUp: 'human' });
  network: (text: SentText) => TextBehaviour = () => ({ status: 'delivered' });
  /** After how long each delivery of a callback arrives: [] never, [0, 0] twice. */
  callbacks: (callback: Callback) => readonly number[] = () => [0];
  readonly #clock: Clock;
  readonly #post: Post;
  #sids = 0;

  constructor(clock: Clock, post: Post) {
    this.#clock = clock;
    this.#post = post;
  }

  /** The provider as a process sees it: what is under way when it dies goes on without telling it. */
  transport(clock: Clock, life: ProcessLife): Telephony {
    const answer = <T>(work: () => T | null, timeoutMs: number): Promise<T | { kind: 'failed'; message: string; maybeSent: boolean }> => {
      life.assertAlive();
      return new Promise((resolve) => {
        this.#clock.after(durationMs(1), () => {
          const result = work();
          if (!life.isAlive) return;
          if (result !== null) resolve(result);
          else
            clock.after(durationMs(timeoutMs), () =>
              resolve({ kind: 'failed', message: `timeout of ${timeoutMs}ms exceeded`, maybeSent: true }),
            );
        });
      });
    };
    return {
      placeCall: (account, order) => answer(() => this.placeCall(account, order), account.timeoutMs),
      sendText: (account, order) => answer(() => this.sendText(account, order), account.timeoutMs),
      recent: (account, { medium, to }) =>
        answer(() => this.#unlessUnknown(account) ?? { kind: 'found' as const, records: this.recordsTo(medium, to) }, account.timeoutMs),
      status: (account, medium, sid) =>
        answer(() => {
          const record = this.record(medium, sid);
          return this.#unlessUnknown(account) ?? (record === null ? NO_RESOURCE : { kind: 'found' as const, record });
        }, account.timeoutMs),
    };
  }

  /** null: no answer comes. */
  placeCall(account: TelephonyAccount, order: CallOrder): Placed | null {
    return this.#take(account, order, 'CA', (sid) => {
      const ring: Ring = { at: this.#clock.now(), sid, to: order.to, from: order.from, status: 'queued', heard: [], pressed: [] };
      this.rings.push(ring);
      void this.#ring(ring, order);
    });
  }

  sendText(account: TelephonyAccount, order: TextOrder): Placed | null {
    return this.#take(account, order, 'SM', (sid) => {
      const { to, from, body } = order;
      const text: SentText = { at: this.#clock.now(), sid, to, from, body, status: 'queued', errorCode: null };
      this.texts.push(text);
      void this.#deliver(text, order);
    });
  }

  record(medium: Medium, sid: string): TelephonyRecord | null {
    return this.#records(medium).find((record) => record.sid === sid) ?? null;
  }

  /** Newest first. */
  recordsTo(medium: Medium, to: string): readonly TelephonyRecord[] {
    const sids = new Set((medium === 'call' ? this.rings : this.texts).filter((one) => one.to === to).map(({ sid }) => sid));
    return this.#records(medium)
      .filter(({ sid }) => sids.has(sid))
      .toReversed();
  }

  /** Somebody sends a text to the provider's number, which passes it on to `url`. */
  async reply(
    url: string,
    { from, to, body }: { readonly from: string; readonly to: string; readonly body: string },
  ): Promise<string | null> {
    const response = await this.#signed(url, {
      MessageSid: this.#sid('SM'),
      AccountSid: this.accountSid,
      From: from,
      To: to,
      Body: body,
      NumSegments: '1',
    });
    const answer = unescaped(/<Message>([^]*?)<\/Message>/.exec(response ?? '')?.[1] ?? '') || null;
    this.answers.push(answer);
    return answer;
  }

  #records(medium: Medium): readonly TelephonyRecord[] {
    if (medium === 'text')
      return this.texts.map(({ at, sid, status, errorCode, body }) => ({ sid, status, errorCode, createdAt: at, body }));
    return this.rings.map(({ at, sid, status }) => ({ sid, status, errorCode: null, createdAt: at, body: '' }));
  }

  #take(account: TelephonyAccount, order: CallOrder | TextOrder, prefix: string, act: (sid: string) => void): Placed | null {
    this.requests++;
    const refusal = this.#unlessUnknown(account);
    if (refusal !== null) return refusal;
    const behaviour = this.behaviour(order);
    if (behaviour.kind === 'refused') return behaviour;
    const sid = this.#sid(prefix);
    if (behaviour.kind === 'accept' || behaviour.taken) act(sid);
    if (behaviour.kind === 'accept') return { kind: 'accepted', sid, status: 'queued' };
    return behaviour.kind === 'hang' ? null : { kind: 'failed', message: 'socket hang up', maybeSent: true };
  }

  #unlessUnknown({ accountSid, username, password }: TelephonyAccount): Refusal | null {
    const isKnown = accountSid === this.accountSid && username === this.accountSid && password.reveal() === this.authToken;
    return isKnown ? null : { kind: 'refused', httpStatus: 401, code: 20003, message: 'Authenticate' };
  }

  #sid(prefix: string): string {
    return `${prefix}${String(++this.#sids).padStart(32, '0')}`;
  }

  async #ring(ring: Ring, order: CallOrder): Promise<void> {
    let sequence = 0;
    const tell = (status: string, more: Readonly<Record<string, string>> = {}): void => {
      ring.status = status;
      const { sid, to, from } = ring;
      if (order.statusCallback !== null)
        this.#tell(
          order.statusCallback,
          { kind: 'call', status, sid },
          { CallSid: sid, CallStatus: status, From: from, To: to, Direction: 'outbound-api', SequenceNumber: String(sequence++), ...more },
        );
    };
    await this.#wait(500);
    tell('initiated');
    const { picksUp, keys = [] } = this.telephone(ring);
    if (picksUp === 'unreachable') return tell('failed', { SipResponseCode: '404' });
    tell('ringing');
    if (picksUp === 'busy') return tell('busy');
    if (picksUp === 'nobody') {
      await this.#wait(order.ringSeconds * 1000);
      return tell('no-answer');
    }
    await this.#wait(ANSWER_AFTER_MS);
    tell('in-progress');
    await this.#talk(ring, order, picksUp, [...keys]);
    tell('completed', { CallDuration: '20' });
  }

  async #talk(ring: Ring, order: CallOrder, picksUp: 'human' | 'machine', keys: string[]): Promise<void> {
    const answeredBy = order.detectMachine ? { AnsweredBy: picksUp === 'machine' ? 'machine_start' : 'human' } : {};
    const ask = (url: string, digits: Readonly<Record<string, string>>): Promise<string | null> =>
      this.#signed(url, {
        CallSid: ring.sid,
        AccountSid: this.accountSid,
        From: ring.from,
        To: ring.to,
        CallStatus: 'in-progress',
        Direction: 'outbound-api',
        ...digits,
      });
    let twiml = order.script.kind === 'inline' ? order.script.twiml : await ask(order.script.url, answeredBy);
    while (twiml !== null) {
      const gather = await this.#play(ring, twiml);
      if (gather === null) return;
      const key = picksUp === 'human' ? (keys.shift() ?? '') : '';
      if (key !== '') ring.pressed.push(key);
      await this.#wait(SPEECH_MS);
      twiml = await ask(gather, { Digits: key });
    }
    ring.heard.push('an application error has occurred');
  }

  /** Says what stands before the first Gather or the end; the action of that Gather. */
  async #play(ring: Ring, twiml: string): Promise<string | null> {
    const inner = /<Response>([^]*)<\/Response>/.exec(twiml)?.[1] ?? '';
    for (const [element, tag = '', attributes = '', content = ''] of inner.matchAll(/<(\w+)([^>]*?)(?:\/>|>([^]*?)<\/\1>)/g)) {
      const says = (text: string): void => void ring.heard.push(unescaped(text));
      if (tag === 'Hangup') return null;
      if (tag === 'Say') says(content);
      if (tag === 'Gather') {
        for (const [, text = ''] of element.matchAll(/<Say[^>]*>([^]*?)<\/Say>/g)) says(text);
        return unescaped(/action="([^"]*)"/.exec(attributes)?.[1] ?? '');
      }
      await this.#wait(SPEECH_MS);
    }
    return null;
  }

  async #deliver(text: SentText, order: TextOrder): Promise<void> {
    const tell = (status: string, errorCode: number | null = null): void => {
      text.status = status;
      text.errorCode = errorCode;
      const { sid, to, from } = text;
      const code: Readonly<Record<string, string>> = errorCode === null ? {} : { ErrorCode: String(errorCode) };
      if (order.statusCallback !== null)
        this.#tell(
          order.statusCallback,
          { kind: 'text', status, sid },
          { MessageSid: sid, MessageStatus: status, From: from, To: to, ...code },
        );
    };
    await this.#wait(500);
    tell('sent');
    const { status, errorCode = null } = this.network(text);
    if (status === 'sent') return;
    await this.#wait(1500);
    tell(status, errorCode);
  }

  #tell(url: string, callback: Callback, params: Readonly<Record<string, string>>): void {
    for (const delayMs of this.callbacks(callback))
      void this.#wait(delayMs).then(() => this.#signed(url, { AccountSid: this.accountSid, ...params }));
  }

  /** The body of a good answer. */
  async #signed(url: string, params: Readonly<Record<string, string>>): Promise<string | null> {
    const text = Object.keys(params)
      .sort()
      .reduce((sum, name) => `${sum}${name}${params[name] ?? ''}`, url);
    const signature = createHmac('sha1', this.authToken).update(text).digest('base64');
    try {
      const response = await this.#post(url, {
        body: new URLSearchParams(params).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
      });
      return response.ok ? await response.text() : null;
    } catch {
      return null; // the application is away
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(durationMs(ms), resolve));
  }
}

const NO_RESOURCE: Refusal = { kind: 'refused', httpStatus: 404, code: 20404, message: 'The requested resource was not found' };

const unescaped = (xml: string): string =>
  xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');
