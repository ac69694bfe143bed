/** What stands behind the routes by which people and providers come back to a notification. */
import type { ActionResult } from '../../alerts/notification-action.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import type { Medium } from '../../model/telephony.ts';
import type { UnixMs } from '../../model/time.ts';
import type { CallScript } from '../../notify/phone/message.ts';
import type { ReaderAction } from '../../notify/reader-action.ts';

/** Why a provider's request was refused, as it is counted. */
export type CallbackRefusal = 'bad_signature' | 'unknown_token' | 'bad_request';

/** A call that is going on: of which notifications, and what it says. */
export type OngoingCall = { readonly ids: readonly OutboxId[]; readonly script: CallScript };

export type ProviderStatus = {
  readonly medium: Medium;
  readonly sid: string;
  readonly number: string;
  readonly status: string;
  readonly errorCode: number | null;
  /** Of a call that failed; ''. */
  readonly sipCode: string;
};

export interface TelephoneBackend {
  /** As the provider was given it, without a slash at the end: the addresses that it signs. Null: it was given none. */
  callbackBase(): string | null;
  /** What a provider may have signed with in the name of an account; none: nothing of it can be trusted. */
  signingTokens(accountSid: string): readonly string[];
  /** The notification whose callback this is; null: it was not made here, or is too old. */
  notificationOf(token: string): Promise<OutboxId | null>;
  /** Null: there is no such notification any more. */
  call(id: OutboxId, callSid: string): Promise<OngoingCall | null>;
  act(ids: readonly OutboxId[], action: ReaderAction, by: string): Promise<ActionResult>;
  /** Somebody pressed a key, whatever it means. */
  heard(ids: readonly OutboxId[], by: string): Promise<void>;
  status(id: OutboxId, status: ProviderStatus): Promise<void>;
  /** What to answer to a text; null: nothing. */
  receiveText(from: string, body: string): Promise<string | null>;
  /** Counts what was refused. */
  refused(reason: CallbackRefusal): void;
  now(): UnixMs;
}

export type ActionPageAlert = {
  readonly isFiring: boolean;
  readonly name: string;
  readonly severity: string;
  readonly summary: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly startsAt: UnixMs;
};

export type ActionPage = {
  readonly title: string;
  readonly receiver: string;
  readonly sentAt: UnixMs;
  readonly now: UnixMs;
  readonly alerts: readonly ActionPageAlert[];
  /** More than are listed. */
  readonly moreAlerts: number;
  /** Whether anything can still be done. */
  readonly isFiring: boolean;
  readonly acknowledged: { readonly by: string; readonly at: UnixMs } | null;
  readonly isSilenced: boolean;
  /** What has become of a form that was sent; null: none was. */
  readonly notice: string | null;
};

export interface ActionPageBackend {
  /** Null: the link was not made here, or is too old. */
  page(token: string): Promise<Omit<ActionPage, 'notice'> | null>;
  act(token: string, action: ReaderAction, by: string): Promise<ActionResult>;
}
