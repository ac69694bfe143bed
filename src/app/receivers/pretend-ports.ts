/**
 * Providers that are not there: whatever is sent is kept and answered as if it had been taken, so that an integration runs
 * unchanged and nobody is told anything. One answer serves all, for each integration looks for words of its own in it.
 */
import type { HttpClient, HttpClientConfig, HttpClients, HttpRequest, HttpResult } from '../../model/http.ts';
import type { MailTransport } from '../../model/mail.ts';
import type { Placed, Telephony } from '../../model/telephony.ts';
import type { TelephoneBook } from '../../notify/twilio/book.ts';

/** Success in every provider's words; those that are asked something first are given something to go on with. */
const ANSWER = {
  ok: true, // Slack, Telegram
  success: true, // Rocket.Chat
  errcode: 0, // WeCom
  access_token: 'pretended',
  issues: [], // Jira: none is open
  room_id: '!pretended', // Matrix
};

export const PRETENDED: HttpResult = {
  kind: 'response',
  status: 200,
  headers: new Map([['content-type', 'application/json']]),
  body: new TextEncoder().encode(JSON.stringify(ANSWER)),
};

export type PretendedRequest = { readonly request: HttpRequest; readonly config: HttpClientConfig };

export const pretendHttp = (keep: (sent: PretendedRequest) => void): HttpClients => ({
  open: (config): HttpClient => ({
    request: (request) => {
      keep({ request, config });
      return Promise.resolve(PRETENDED);
    },
    close: () => {},
  }),
});

export const pretendMail: MailTransport = { send: () => Promise.resolve({ kind: 'accepted', response: 'pretended', refused: [] }) };

export const PRETENDED_ORDER: Placed = { kind: 'accepted', sid: 'pretended', status: 'queued' };

export const pretendTelephony: Telephony = {
  placeCall: () => Promise.resolve(PRETENDED_ORDER),
  sendText: () => Promise.resolve(PRETENDED_ORDER),
  recent: () => Promise.resolve({ kind: 'found', records: [] }),
  status: () => Promise.resolve({ kind: 'failed', message: 'pretended', maybeSent: false }),
};

/** A test is not followed up: nobody waits for its outcome, and no reply to it means anything. */
export const NO_BOOK: TelephoneBook = {
  texting: () => Promise.resolve(),
  optedOut: () => Promise.resolve(),
  placed: () => Promise.resolve(),
  isAnothers: () => Promise.resolve(false),
};
