/**
 * What is remembered of calls and texts beyond one attempt: whom a reply may come from and what it means, and which call
 * or text belongs to which notification, so that its last state finds it. Nothing here fails: a page leaves all the same.
 */
import type { Medium, Telephony } from '../../model/telephony.ts';
import type { UnixMs } from '../../model/time.ts';
import type { SecretPort } from './account.ts';

export type TextedNotification = {
  readonly id: string;
  /** By which a reply names it; null: no reply can. */
  readonly replyCode: number | null;
};

export type TelephoneBook = {
  /** Before a text leaves, since the reply may be faster than the provider's answer. */
  texting(number: string, notifications: readonly TextedNotification[], at: UnixMs): Promise<void>;
  /** The provider says that whoever has the number has sent STOP. */
  optedOut(number: string, at: UnixMs): Promise<void>;
  /** The provider has it. */
  placed(order: {
    readonly medium: Medium;
    readonly sid: string;
    readonly status: string;
    readonly number: string;
    readonly ids: readonly string[];
    readonly at: UnixMs;
  }): Promise<void>;
  /** Whether a call or a text is known to belong to other notifications than these. */
  isAnothers(sid: string, ids: readonly string[]): Promise<boolean>;
};

/** What calls and texts are made with. */
export type TelephonePorts = SecretPort & { readonly telephony: Telephony; readonly book: TelephoneBook };
