/**
 * What Twilio's refusals and the last states of calls and texts mean for a notification. The HTTP status decides; the
 * codes, which Twilio may split and change, only say it better. Each has a name of its own, with which the notification's
 * answer begins, and tells what to do about it.
 */
import type { Failure, Placed, Refusal } from '../../model/telephony.ts';
import type { FailureReason, SendOutcome } from '../integration.ts';

type Meaning = {
  readonly name: string;
  /** The same may work in a moment. */
  readonly retry: boolean;
  readonly reason: FailureReason;
  readonly advice: string;
};

const refusal = (name: string, advice: string, reason: FailureReason = 'clientError'): Meaning => ({ name, retry: false, reason, advice });

/** The name of the refusal to text who has sent STOP. */
export const OPTED_OUT = 'opted_out';
const OPTED_OUT_CODE = 21610;
const STOPPED = 'whoever has this number has sent STOP: texts reach it again once START was sent from it';
const BAD_CREDENTIALS = refusal(
  'bad_credentials',
  'Twilio does not know the account with this token or key: check account_sid and auth_token, and whether the token was revoked',
  'authError',
);
const TOO_MANY: Meaning = { name: 'too_many_requests', retry: true, reason: 'rateLimited', advice: 'Twilio asks for a pause' };
const TROUBLE: Meaning = { name: 'provider_trouble', retry: true, reason: 'serverError', advice: 'Twilio has trouble of its own' };
const NO_RESOURCE = refusal('no_such_resource', 'Twilio knows no such account or resource: check account_sid, region and edge');
const INVALID_NUMBER = refusal('invalid_number', 'no telephone has this number');
const GEO_PERMISSION = refusal(
  'geo_permission',
  "the account may not reach this country: allow it under the account's geographic permissions",
);
const UNVERIFIED = refusal(
  'unverified_number',
  'a trial account reaches verified numbers only, from its own number: verify the number, or upgrade the account',
);
const BAD_SENDER = refusal('bad_sender', 'the number that this comes from is not one that the account may use: check from');

export const CALLBACK_URL_REFUSED = 'callback_url_refused';

/** By Twilio's code, where the HTTP status is 4xx. */
const BY_CODE: Readonly<Record<number, Meaning>> = {
  13227: GEO_PERMISSION,
  20003: BAD_CREDENTIALS,
  20404: NO_RESOURCE,
  20429: TOO_MANY,
  21205: refusal(CALLBACK_URL_REFUSED, 'Twilio cannot call the address of this server back: give a public one as twilio_callback_url'),
  21211: INVALID_NUMBER,
  21212: BAD_SENDER,
  21214: INVALID_NUMBER,
  21215: GEO_PERMISSION,
  21217: INVALID_NUMBER,
  21219: UNVERIFIED,
  21266: refusal('bad_sender', 'from and to are the same number'),
  21408: GEO_PERMISSION,
  21606: BAD_SENDER,
  21608: UNVERIFIED,
  21609: refusal(CALLBACK_URL_REFUSED, 'Twilio cannot call the address of this server back: give a public one as twilio_callback_url'),
  [OPTED_OUT_CODE]: refusal(OPTED_OUT, STOPPED),
  21612: refusal('unreachable_from_sender', 'this number cannot be reached from that one: use another sender, or a call'),
  21614: refusal('not_a_mobile', 'no texts can be sent to this number: call it'),
  21617: refusal('text_too_long', 'the text is longer than Twilio takes'),
  30001: { name: 'queue_overflow', retry: true, reason: 'rateLimited', advice: "Twilio's queue for this sender is full" },
  573002: UNVERIFIED,
  573005: UNVERIFIED,
};

function meaningOf({ httpStatus, code }: Refusal): Meaning {
  if (httpStatus === 429) return TOO_MANY;
  if (httpStatus >= 500 && httpStatus < 600) return TROUBLE;
  const refined = code === null ? undefined : BY_CODE[code];
  if (refined !== undefined) return refined;
  if (httpStatus === 401 || httpStatus === 403) return BAD_CREDENTIALS;
  if (httpStatus === 404) return NO_RESOURCE;
  return refusal('refused', 'Twilio refuses this');
}

/** The name of a refusal, such as opted_out. */
export const refusalName = (refused: Refusal): string => meaningOf(refused).name;

/** Whether a text did not arrive because its reader has sent STOP: a messaging service takes it first. */
export const isOptOut = (errorCode: number | null): boolean => errorCode === OPTED_OUT_CODE;

const SAID_CHARS_MAX = 200;

export function outcomeOfTelephony(placed: Placed): SendOutcome {
  switch (placed.kind) {
    case 'accepted':
      return { kind: 'accepted', answer: `Twilio: ${placed.status} as ${placed.sid}` };
    case 'failed':
      return outcomeOfFailure(placed);
    case 'refused': {
      const { name, retry, reason, advice } = meaningOf(placed);
      const numbers = `HTTP ${placed.httpStatus}${placed.code === null ? '' : `, code ${placed.code}`}`;
      return { kind: 'rejected', retry, reason, message: `${name}: ${advice} (${numbers}: ${placed.message.slice(0, SAID_CHARS_MAX)})` };
    }
  }
}

export const outcomeOfFailure = ({ maybeSent, message }: Failure): Exclude<SendOutcome, { readonly kind: 'accepted' }> =>
  maybeSent ? { kind: 'unknown', message } : { kind: 'rejected', retry: true, reason: 'other', message: `unreachable: ${message}` };

/** What a call or a text has come to. */
export type FinalState =
  /** Delivered or read, as the network says. */
  | { readonly kind: 'arrived' }
  /** Something answered the telephone; only a key tells that it was somebody. */
  | { readonly kind: 'answered' }
  /** `again`: one more attempt may reach the person. */
  | { readonly kind: 'failed'; readonly again: boolean; readonly message: string };

/** Null: it may still change. */
export function finalState(status: string, errorCode: number | null): FinalState | null {
  switch (status) {
    case 'delivered':
    case 'read':
      return { kind: 'arrived' };
    case 'completed':
      return { kind: 'answered' };
    case 'busy':
      return { kind: 'failed', again: true, message: 'busy: the telephone was in use' };
    case 'no-answer':
      return { kind: 'failed', again: true, message: 'no_answer: nobody answered the telephone' };
    case 'canceled':
      return { kind: 'failed', again: false, message: 'canceled: it was called off before it arrived' };
    case 'failed':
    case 'undelivered': {
      const { name, again, advice } = (errorCode === null ? undefined : DELIVERY[errorCode]) ?? UNTOLD;
      const code = errorCode === null ? status : `${status}, code ${errorCode}`;
      return { kind: 'failed', again, message: `${name}: ${advice} (${code})` };
    }
    default:
      return null;
  }
}

/** A callee that the network does not find just now (SIP 480), which Twilio tells as a failed call. */
export const isUnreachableNow = (status: string, sipCode: string): boolean => status === 'failed' && sipCode === '480';

/** How far a call or a text has come: callbacks arrive in any order, and it never goes back. */
export const progressOf = (status: string): number => PROGRESS[status] ?? 0;

const PROGRESS: Readonly<Record<string, number>> = {
  accepted: 1,
  scheduled: 1,
  queued: 2,
  initiated: 3,
  sending: 3,
  ringing: 4,
  sent: 4,
  'in-progress': 5,
  completed: 6,
  busy: 6,
  'no-answer': 6,
  failed: 6,
  canceled: 6,
  undelivered: 6,
  delivered: 6,
  read: 7,
};

type DeliveryMeaning = { readonly name: string; readonly again: boolean; readonly advice: string };
const UNTOLD: DeliveryMeaning = { name: 'undelivered', again: false, advice: 'it did not arrive, and the network does not say why' };

/** By the code in a text's last state. */
const DELIVERY: Readonly<Record<number, DeliveryMeaning>> = {
  [OPTED_OUT_CODE]: { name: OPTED_OUT, again: false, advice: STOPPED },
  30001: { name: 'queue_overflow', again: true, advice: "Twilio's queue for this sender was full" },
  30002: { name: 'account_suspended', again: false, advice: 'the account was suspended' },
  30003: { name: 'handset_unreachable', again: true, advice: 'the telephone is off or out of reach' },
  30004: { name: 'blocked', again: false, advice: 'the number takes no texts from this sender' },
  30005: { name: 'unknown_number', again: false, advice: 'no telephone has this number any more' },
  30006: { name: 'not_a_mobile', again: false, advice: 'a landline, or a carrier that cannot be reached: call it' },
  30007: { name: 'filtered', again: false, advice: 'the carrier took the text for spam: register the sender' },
  30008: { name: 'undelivered', again: true, advice: 'it did not arrive, and the network does not say why' },
  30032: { name: 'unregistered_sender', again: false, advice: 'the toll-free number is not verified' },
  30034: { name: 'unregistered_sender', again: false, advice: 'the sender is not registered for texts in the United States (10DLC)' },
  30036: { name: 'expired', again: false, advice: "it waited in Twilio's queue for longer than it was of use" },
};
