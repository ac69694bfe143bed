/**
 * Phone calls and text messages through a provider. Nothing here throws for what the world does. A provider takes no
 * idempotency key: after a result that is not known, `recent` finds what it took all the same.
 */
import type { Secret } from './secret.ts';
import type { DurationMs, UnixMs } from './time.ts';

export type Medium = 'call' | 'text';

export type TelephonyAccount = {
  readonly accountSid: string;
  /** The account itself, or a key that may act for it. */
  readonly username: string;
  readonly password: Secret;
  /** Both '' for the provider's usual place. */
  readonly region: string;
  readonly edge: string;
  /** Instead of the provider's own address; '' for that. */
  readonly apiUrl: string;
  readonly timeoutMs: DurationMs;
};

export type CallOrder = {
  readonly from: string;
  readonly to: string;
  /** What is said and asked: fetched when somebody answers, or spoken as it stands, which takes no keys. */
  readonly script: { readonly kind: 'fetched'; readonly url: string } | { readonly kind: 'inline'; readonly twiml: string };
  /** Told how the call goes on; null: nobody can be told. */
  readonly statusCallback: string | null;
  readonly ringSeconds: number;
  /** Waits at the start to learn whether a machine answered. */
  readonly detectMachine: boolean;
};

export type TextOrder = {
  /** A number, a name, or a messaging service. */
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly statusCallback: string | null;
  /** After that the provider gives up, rather than deliver it late. */
  readonly validitySeconds: number;
};

export type Refusal = {
  readonly kind: 'refused';
  readonly httpStatus: number;
  /** The provider's; null: it gave none. */
  readonly code: number | null;
  readonly message: string;
};

export type Failure = {
  readonly kind: 'failed';
  readonly message: string;
  /** False only when surely nothing reached the provider. */
  readonly maybeSent: boolean;
};

export type Placed = { readonly kind: 'accepted'; readonly sid: string; readonly status: string } | Refusal | Failure;

/** A call or a text as the provider knows it. */
export type TelephonyRecord = {
  readonly sid: string;
  readonly status: string;
  /** Why a text did not arrive; null: nothing is known. */
  readonly errorCode: number | null;
  readonly createdAt: UnixMs;
  /** Of a text. */
  readonly body: string;
};

export interface Telephony {
  placeCall(account: TelephonyAccount, order: CallOrder): Promise<Placed>;
  sendText(account: TelephonyAccount, order: TextOrder): Promise<Placed>;
  /** To one number since an instant, newest first; some that are a little older may be among them. */
  recent(
    account: TelephonyAccount,
    query: { readonly medium: Medium; readonly to: string; readonly since: UnixMs },
  ): Promise<{ readonly kind: 'found'; readonly records: readonly TelephonyRecord[] } | Refusal | Failure>;
  status(
    account: TelephonyAccount,
    medium: Medium,
    sid: string,
  ): Promise<{ readonly kind: 'found'; readonly record: TelephonyRecord } | Refusal | Failure>;
}
